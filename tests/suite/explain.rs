//! What is said of a deadline never contradicts the deadline: over a year of obligations, through revised notices, moved
//! nodes, returns and extensions.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{OFFICE, Story, ZONE, at, day, on_both_of};
use duban::acts::calendar::Confirmed;
use duban::catalogue::{ListedDays, Seeds};
use duban::domain::calendar::{Calendar, DayKind, DayStatus, ListedDay};
use duban::domain::derive::derive;
use duban::domain::due;
use duban::domain::duty::{DueRule, Duty, Form};
use duban::domain::period::Period;
use duban::domain::plan::{self, Owed};
use duban::domain::world::World;
use duban::read::explain::explain;

/// The dates that a line names.
fn dates(line: &str) -> Vec<NaiveDate> {
    line.char_indices()
        .filter(|(_, c)| *c == '2')
        .filter_map(|(at, _)| line.get(at..at + 10)?.parse::<NaiveDate>().ok())
        .collect()
}

/// `2022年9月30日 18:00`, 24:00 of the day that ends.
fn as_people_say(due: DateTime<Utc>) -> String {
    let local = ZONE.local(due);
    let day = ZONE.due_day(due);
    let time = local.format("%H:%M").to_string();
    let time = if time == "00:00" { "24:00" } else { &time };
    format!("{}年{}月{}日 {time}", day.year(), day.month(), day.day())
}

/// The last day of the node that a line names.
fn node_end(lines: &[String]) -> Option<NaiveDate> {
    lines.iter().find(|line| line.starts_with("期：重要节点")).and_then(|line| dates(line).last().copied())
}

/// What in these lines does not fit the instants of the row they explain.
fn contradictions(
    lines: &[String],
    calendar: &Calendar,
    opens_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> Vec<String> {
    let due_day = ZONE.due_day(due_at);
    let fits = |line: &String| {
        let named = dates(line);
        let last = named.last().copied();
        let work = |day: &NaiveDate| calendar.is_workday(*day);
        match line.as_str() {
            line if line.starts_with("截止：") => line == format!("截止：{}", as_people_say(due_at)),
            line if line.starts_with("最后一个工作日：") || line.starts_with("顺延至：") => {
                last == Some(due_day) && line.contains("工作日（") == work(&due_day)
            }
            line if line.contains("：休息日（") && !line.starts_with("期：") => {
                last.is_some_and(|day| day != due_day && !work(&day))
            }
            line if line.starts_with("期内无工作日") => {
                last.is_some_and(|day| day < due_day) && named.iter().all(|day| !work(day))
            }
            line if line.starts_with("放假通知其后有变动") => {
                let by_rule = named.first().copied();
                let kept = last == Some(due_day) && by_rule != last;
                let later = line.contains("只顺延、不提前") == by_rule.is_some_and(|day| day < due_day);
                kept && later && (!line.contains("仍是工作日") || work(&due_day))
            }
            line if line.starts_with("开放：") => {
                let by_rule = calendar.workdays_before(due_day, plan::ONCE_OPENS_WORKDAYS_BEFORE);
                let claimed = line.contains("（截止日前第");
                named.first() == Some(&ZONE.day_of(opens_at)) && (!claimed || named.first() == Some(&by_rule))
            }
            line if line.starts_with("规则：期内最后一个工作日") => {
                line.contains(&ZONE.local(due_at).format("%H:%M").to_string())
            }
            "节点结束日其后提前；已开放的事项只顺延、不提前" => {
                node_end(lines).is_some_and(|end| end < due_day)
            }
            "节点结束日其后推迟；本事项当时已了结，时限不随之变动" => {
                node_end(lines).is_some_and(|end| end > due_day)
            }
            line if line.starts_with("规则：每个节点一次") => {
                let said = lines.iter().any(|line| line.starts_with("节点结束日其后"));
                said || node_end(lines) == Some(due_day)
            }
            line if line.starts_with("规则：期末当日 24:00") => as_people_say(due_at).ends_with("24:00"),
            _ => true,
        }
    };
    let mut found: Vec<String> = lines.iter().filter(|line| !fits(line)).cloned().collect();
    if lines.iter().filter(|line| line.starts_with("截止：")).count() != 1 {
        found.push("not one deadline".into());
    }
    found
}

/// A year's calendar with some days listed otherwise, as notices do and as they never did.
fn revised(before: &Calendar, year: i32, random: &mut StdRng) -> Calendar {
    let mut after = before.clone();
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    for _ in 0..12 {
        let start = first + Days::new(random.random_range(0..365));
        for day in start.iter_days().take(random.random_range(1..6)) {
            let kind = if random.random_bool(0.75) { DayKind::Holiday } else { DayKind::MakeupWorkday };
            after.listed.insert(day, ListedDay { name: "某节".into(), kind, status: DayStatus::Notice });
        }
    }
    let gone: Vec<NaiveDate> = after.listed.keys().filter(|_| random.random_bool(0.05)).copied().collect();
    after.listed.retain(|day, _| !gone.contains(day));
    after
}

/// What has not opened follows the calendar.
fn planned_anew(
    world: &World<'_>,
    duty: &Duty,
    form: Form,
    period: &Period,
    (opens_at, due_at): (DateTime<Utc>, DateTime<Utc>),
) -> (DateTime<Utc>, DateTime<Utc>) {
    if form == Form::Node {
        return (opens_at, due_at);
    }
    let due_at = due::due_at(world, duty, period);
    let once = matches!(period, Period::Once(_)) && duty.effective_from.is_none();
    let opens_on = world.calendar.workdays_before(ZONE.due_day(due_at), plan::ONCE_OPENS_WORKDAYS_BEFORE);
    (if once { ZONE.start_of(opens_on) } else { opens_at }, due_at)
}

fn world<'a>(seeds: &'a Seeds, calendar: &'a Calendar) -> World<'a> {
    World { catalogue: &seeds.catalogue, roster: &seeds.roster, calendar, zone: ZONE, nodes: &[] }
}

#[test]
fn over_a_year_no_derivation_contradicts_the_deadline_it_derives() {
    let seeds = Seeds::embedded().unwrap();
    let (first, last) = (day("2022-01-01"), day("2022-12-31"));
    let planned = plan::due_between(&world(&seeds, &seeds.calendar), first, last);
    assert!(planned.len() > 5000, "{}", planned.len());
    let mut moved = 0;
    for seed in 0..6 {
        let mut random = StdRng::seed_from_u64(seed);
        let calendar = if seed == 0 { seeds.calendar.clone() } else { revised(&seeds.calendar, 2022, &mut random) };
        let now = ZONE.start_of(first + Days::new(random.random_range(0..365)));
        let new = world(&seeds, &calendar);
        for Owed { duty, form, period, opens_at, due_at, .. } in &planned {
            let duty = seeds.catalogue.duty(duty).unwrap();
            let (mut opens_at, mut due) = (*opens_at, *due_at);
            // What has not opened is planned anew; what is open moves later or not at all; what is over stays.
            if opens_at > now {
                (opens_at, due) = planned_anew(&new, duty, *form, period, (opens_at, due));
            } else if let Period::Node(key) = period {
                let end = new.node(key).map(|node| ZONE.end_of(node.last));
                due = end.filter(|end| due >= now && *end > due).unwrap_or(due);
            } else if due >= now
                && let Some(later) = due::moved(&new, duty, Some(period), due)
            {
                assert!(later > due && calendar.is_workday(ZONE.due_day(later)), "{} {period}", duty.id);
                assert!(matches!(duty.due, DueRule::LastWorkday(_)) && !calendar.is_workday(ZONE.due_day(due)));
                due = later;
                moved += 1;
            }
            let lines = derive(&new, duty, *form, period, opens_at, due);
            let wrong = contradictions(&lines, &calendar, opens_at, due);
            assert!(wrong.is_empty(), "seed {seed} {} {period}: {wrong:#?}\n{lines:#?}", duty.id);
        }
    }
    assert!(moved > 10, "{moved}");
}

#[tokio::test]
async fn what_the_office_moved_is_explained_as_it_stands() {
    on_both_of("2022-09-26 00:00", &["5.3", "9.1b", "9.1c", "47.1", "13.2"], |mut story| async move {
        story.run_until("2022-09-27 10:00").await;
        story
            .act(OFFICE, async |actor| actor.open_node("w1", "专项", day("2022-09-28"), day("2022-09-30")).await)
            .await
            .unwrap();
        story.run_until("2022-09-29 10:00").await;
        // Extended by the office; a node lengthened and then cut; a notice that makes the 30th a day off and the 8th of
        // October too, for what is open and for what has not opened.
        let month = story.obligation("9.1c", "质安处", "2022-09").await;
        let until = at("2022-10-08 18:00");
        story.act("质安处/liaison", async |actor| actor.ask_extension(month.id, until, "理由").await).await.unwrap();
        story.act(OFFICE, async |actor| actor.grant_extension(month.id, Some(until), "同意").await).await.unwrap();
        for last in ["2022-10-03", "2022-10-01"] {
            story.act(OFFICE, async |actor| actor.extend_node("w1", day(last)).await).await.unwrap();
        }
        let days = ["2022-09-30", "2022-10-08"].map(|text| {
            (day(text), ListedDay { name: "国庆节".into(), kind: DayKind::Holiday, status: DayStatus::Notice })
        });
        let notice = ListedDays { years: [2022].into(), days: days.into(), only: Some(vec!["某节".into()]) };
        story.act(OFFICE, async |actor| actor.import_calendar(&notice, Confirmed::Yes).await).await.unwrap();
        story.run_until("2022-10-09 10:00").await;
        let (seen, extended) = all_fit(&story).await;
        assert!(seen > 100 && extended == 1, "{seen} {extended}");
        let moved = story.obligation("9.1c", "质安处", "2022-09").await;
        assert_eq!((moved.round.due_at, moved.round.number), (at("2022-10-09 18:00"), 1));
        story
    })
    .await;
}

/// Holds what is explained of each obligation against its row. Returns how many there are, and how many of them have another
/// deadline than they were made with.
async fn all_fit(story: &Story) -> (usize, usize) {
    let mut tx = story.engine.store.read().await.unwrap();
    let rows = tx.all_obligations().await.unwrap();
    drop(tx);
    let known = story.engine.known().await.unwrap();
    let mut others = 0;
    for row in rows.iter().map(|row| &row.obligation) {
        let sections = explain(&story.engine, row.id).await.unwrap().unwrap();
        let lines = &sections.iter().find(|section| section.heading == "时限如何得出").unwrap().lines;
        let wrong = contradictions(lines, &known.calendar, row.opens_at, row.first_due_at);
        assert!(wrong.is_empty(), "{} {}: {wrong:#?}\n{lines:#?}", row.duty, row.period);
        let now = lines.iter().find(|line| line.starts_with("现行时限："));
        assert_eq!(now.is_some(), row.round.due_at != row.first_due_at, "{} {}: {lines:#?}", row.duty, row.period);
        others += usize::from(now.is_some());
    }
    (rows.len(), others)
}
