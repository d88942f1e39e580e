//! The pictures' numbers are those of the obligations, after a story; and who may look.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use chrono::{Datelike, NaiveDate};

use crate::support::browser::{Console, options};
use crate::support::{OFFICE, Story, ZONE, on_both_of};
use duban::domain::light::Light;
use duban::domain::obligation::Obligation;
use duban::domain::phase::Phase;
use duban::web;

/// 应办, 按期, 逾期补办, 逾期, 免除, 未了.
type Counts = [u64; 6];

/// What is counted, anew from the obligations.
async fn recount<K: Ord>(story: &Story, key: impl Fn(&Obligation, NaiveDate) -> Option<K>) -> BTreeMap<K, Counts> {
    let mut counts: BTreeMap<K, Counts> = BTreeMap::new();
    for row in story.engine.store.read().await.unwrap().all_obligations().await.unwrap() {
        let obligation = row.obligation;
        if matches!(obligation.phase, Phase::Scheduled | Phase::Withdrawn) {
            continue;
        }
        let Some(key) = key(&obligation, ZONE.due_day(obligation.first_due_at)) else { continue };
        let ahead = obligation.first_due_at > story.now();
        let place = match Light::of(&obligation) {
            Light::Green if ahead => 5,
            Light::Green => 1,
            Light::Orange => 2,
            Light::Red => 3,
            Light::White => 4,
            Light::Grey | Light::Yellow => 5,
        };
        let counts = counts.entry(key).or_default();
        counts[0] += 1;
        counts[place] += 1;
    }
    counts
}

/// The rows of a page's tables that begin with such a heading: heading, then numbers.
fn rows(page: &str, is: impl Fn(&str) -> bool) -> BTreeMap<String, Counts> {
    let mut found = BTreeMap::new();
    for row in page.split("<tr>").skip(1) {
        let row = row.split("</tr>").next().unwrap();
        let Some((_, rest)) = row.split_once("<th scope=\"row\">") else { continue };
        let (heading, rest) = rest.split_once("</th>").unwrap();
        let numbers: Vec<u64> = rest
            .split("<td")
            .filter_map(|cell| cell.split_once('>')?.1.split('<').next()?.trim().parse().ok())
            .collect();
        if is(heading) {
            found.insert(heading.to_owned(), numbers[..6].try_into().unwrap());
        }
    }
    found
}

fn is_day(heading: &str) -> bool {
    heading.parse::<NaiveDate>().is_ok()
}

fn is_month(heading: &str) -> bool {
    heading.ends_with('月')
}

/// Some file in time, some late, some never; something is waived.
async fn told(story: &mut Story) {
    for week in 41..=43 {
        let friday = if week == 41 {
            "2022-10-14"
        } else if week == 42 {
            "2022-10-21"
        } else {
            "2022-10-28"
        };
        story.run_until(&format!("{friday} 10:00")).await;
        story.file("9.1b", "质安处", &format!("2022-W{week}"), &[]).await.unwrap();
    }
    story.run_until("2022-10-31 10:00").await;
    // Late, and something let go.
    story.file("9.1b", "物业处", "2022-W43", &[]).await.unwrap();
    let waived = story.obligation("9.1c", "质安处", "2022-10").await.id;
    story.act(OFFICE, async |actor| actor.waive(&[waived], "理由", "文号").await).await.unwrap();
    story.run_until("2022-11-08 10:00").await;
    // Ahead of its day: no rate counts it yet.
    story.file("9.1c", "物业处", "2022-11", &[]).await.unwrap();
}

#[tokio::test]
async fn the_numbers_are_a_recount_after_a_story() {
    on_both_of("2022-10-10 00:00", &["9.1a", "9.1b", "9.1c", "5.3"], |mut story| async move {
        told(&mut story).await;
        let console = Console::of(&story);
        let mut office = console.signed_in(OFFICE).await;
        let twelve = |counted: BTreeMap<u32, Counts>| -> BTreeMap<String, Counts> {
            (1..=12).map(|month| (format!("{month}月"), counted.get(&month).copied().unwrap_or_default())).collect()
        };
        // All: by month.
        let page = office.get("/pictures").await.text();
        let counted = recount(&story, |_, day| (day.year() == 2022).then(|| day.month())).await;
        let all = counted.values().fold([0; 6], |sum: Counts, one| std::array::from_fn(|at| sum[at] + one[at]));
        assert!(all.iter().all(|n| *n > 0), "the story has every ending: {all:?}");
        assert_eq!(all[0], all[1..].iter().sum::<u64>());
        assert_eq!(rows(&page, is_month), twelve(counted));
        assert_eq!(rows(&page, |heading| heading == "全年")["全年"], all);
        // What is filed ahead is no rate: neither a bar nor a line of the table says 100 %.
        let month = |page: &str, month: &str| {
            let row = page.split_once(&format!("<th scope=\"row\">{month}</th>")).unwrap().1;
            let row = row.split_once("</tr>").unwrap().0;
            row.rsplit_once("\">").unwrap().1.split('<').next().unwrap().to_owned()
        };
        assert!(page.contains("只计截至11月8日 10:00时限已到的事项"), "{page}");
        assert_eq!((month(&page, "12月"), month(&page, "1月")), ("未到期".to_owned(), "—".to_owned()));
        let duty = office.get("/pictures/duty/9.1c").await.text();
        assert_eq!(month(&duty, "11月"), "未到期");
        assert!(duty.contains("11月30日：已报未到期1、未了") && !duty.contains(">100%<"), "{duty}");
        // Misses by age: together they are those that are missed and open.
        let missed = story.engine.store.read().await.unwrap().live_obligations(Phase::Missed).await.unwrap().len();
        let ages: u64 = page
            .split("<th scope=\"row\">")
            .filter_map(|row| {
                row.split_once("日以内</th>").or(row.split_once("日</th>")).or(row.split_once("日以上</th>"))
            })
            .filter_map(|(_, rest)| rest.split_once('>')?.1.split('<').next()?.parse::<u64>().ok())
            .sum();
        assert!(missed > 0 && ages == missed as u64, "{ages} {missed}");
        // A unit, and a duty: by day.
        let of_unit =
            |unit: &'static str| move |obligation: &Obligation| obligation.owners.iter().any(|owner| owner.0 == unit);
        for unit in ["质安处", "物业处", "委安委办"] {
            let own = of_unit(unit);
            let page = office.get(&format!("/pictures/unit/{unit}?year=2022")).await;
            assert!(page.bytes.len() < 100_000, "{unit}: {} bytes", page.bytes.len());
            let days =
                recount(&story, |obligation, day| (own(obligation) && day.year() == 2022).then(|| day.to_string()))
                    .await;
            assert_eq!(rows(&page.text(), is_day), days, "{unit}");
            let months =
                recount(&story, |obligation, day| (own(obligation) && day.year() == 2022).then(|| day.month())).await;
            assert_eq!(rows(&page.text(), is_month), twelve(months), "{unit}");
        }
        for duty in ["9.1a", "9.1b", "5.3"] {
            let page = office.get(&format!("/pictures/duty/{duty}")).await;
            assert!(page.bytes.len() < 100_000, "{duty}: {} bytes", page.bytes.len());
            let days = recount(&story, |obligation, day| {
                (obligation.duty.0 == duty && day.year() == 2022).then(|| day.to_string())
            })
            .await;
            assert_eq!(rows(&page.text(), is_day), days, "{duty}");
            // In the picture, each day of many misses says how many.
            for (day, counts) in days.iter().filter(|(_, counts)| counts[3] > 0) {
                let day: NaiveDate = day.parse().unwrap();
                let words = format!("<title>{}月{}日：", day.month(), day.day());
                let square = page.text().split_once(&words).unwrap().1.split("</g>").next().unwrap().to_owned();
                assert!(
                    square.contains("class=\"missed\"") && square.contains(&format!(">{}<", counts[3])),
                    "{square}"
                );
            }
        }
        story
    })
    .await;
}

#[tokio::test]
async fn a_unit_sees_its_own_pictures_and_ranking_is_off_unless_it_is_wanted() {
    on_both_of("2022-10-10 00:00", &["9.1a", "9.1b"], |mut story| async move {
        for day in 11..=28 {
            story.run_until(&format!("2022-10-{day} 10:00")).await;
            let mut tx = story.engine.store.read().await.unwrap();
            let due = tx.obligation_of("9.1a", "质安处", &format!("2022-10-{day}")).await.unwrap();
            drop(tx);
            if due.is_some() {
                story.file("9.1a", "质安处", &format!("2022-10-{day}"), &[]).await.unwrap();
            }
        }
        let console = Console::of(&story);
        let mut liaison = console.signed_in("质安处/liaison").await;
        assert!(liaison.get("/me").await.text().contains("/pictures/unit/"));
        let own = liaison.get("/pictures/unit/质安处").await;
        assert_eq!(own.status, StatusCode::OK);
        let text = own.text();
        assert!(text.contains("<title id=\"heat-title\">") && text.contains("<desc id=\"heat-desc\">"), "{text}");
        assert!(!text.contains("style=") && !text.contains("href=\"/pictures?"), "{text}");
        let (other, nowhere) = (liaison.get("/pictures/unit/办公室").await, liaison.get("/pictures/unit/没有").await);
        assert_eq!((other.status, other.text()), (StatusCode::NOT_FOUND, nowhere.text()));
        for path in ["/pictures", "/pictures/duty/9.1a"] {
            assert_eq!(liaison.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        let mut office = console.signed_in(OFFICE).await;
        assert!(!office.get("/pictures").await.text().contains("位次"));
        let console = Console::with(&story, web::Options { ranking: true, ..options() });
        let mut office = console.signed_in(OFFICE).await;
        let page = office.get("/pictures").await.text();
        // The one that filed stands first, with its denominator; all who filed nothing share a place.
        let ranked = page.split_once("位次").unwrap().1.split_once("</table>").unwrap().0.to_owned();
        let places: Vec<&str> =
            ranked.split("<tr><td class=\"number\">").skip(1).map(|row| row.split('<').next().unwrap()).collect();
        assert!(places.len() > 2, "{ranked}");
        assert_eq!(places[0], "1");
        assert!(places[1..].iter().all(|place| *place == "2"), "{places:?}");
        let first = ranked.split("<tr><td").nth(1).unwrap();
        assert!(first.contains("质安处") && first.contains('/'), "{first}");
        assert!(page.contains("可计事项满10项"));
        story
    })
    .await;
}
