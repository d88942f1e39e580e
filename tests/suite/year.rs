//! Whole years of the document on both databases, beside an oracle that was written without this program: every
//! obligation, every light, and every notice with its slot and its post.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

use crate::support::{self, BOTH, Letter, Story, ZONE};
use duban::domain::light::Light;
use duban::domain::unit::UnitName;
use duban::jobs::simulate::{Behaviour, Does, play};

/// Rows with how often each stands.
type Bag = BTreeMap<Vec<String>, usize>;

fn local(instant: DateTime<Utc>) -> String {
    ZONE.local(instant).to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn bag(rows: impl IntoIterator<Item = Vec<String>>) -> Bag {
    rows.into_iter().fold(Bag::new(), |mut bag, row| {
        *bag.entry(row).or_default() += 1;
        bag
    })
}

/// What the oracle says.
fn oracle(what: &str, from: &str, to: &str, behaviour: &str) -> Bag {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/oracle.py");
    let run = Command::new("python3")
        .arg(script)
        .args([what, "--from", from, "--to", to, "--behaviour", behaviour])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let mut reader = csv::Reader::from_reader(&run.stdout[..]);
    let rows: Vec<Vec<String>> =
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
    assert!(!rows.is_empty(), "the oracle said nothing");
    bag(rows)
}

/// Fails with the first rows of either side that the other has not.
fn assert_same(what: &str, ours: &Bag, theirs: &Bag) {
    let only = |a: &Bag, b: &Bag| -> Vec<(Vec<String>, usize)> {
        let more = |(row, n): (&Vec<String>, &usize)| {
            let extra = n.saturating_sub(b.get(row).copied().unwrap_or(0));
            (extra > 0).then(|| (row.clone(), extra))
        };
        a.iter().filter_map(more).collect()
    };
    let (extra, lost) = (only(ours, theirs), only(theirs, ours));
    assert!(
        extra.is_empty() && lost.is_empty(),
        "{what}: {} only here, first {:#?}; {} only in the oracle, first {:#?}",
        extra.len(),
        extra.iter().take(3).collect::<Vec<_>>(),
        lost.len(),
        lost.iter().take(3).collect::<Vec<_>>()
    );
}

/// Plays a story from 00:00 of `from` to 24:00 of `to`.
async fn played(kind: support::Kind, from: &str, to: &str, does: Does) -> Option<Story> {
    let mut story = Story::begin(kind, &format!("{from} 00:00")).await?;
    let end = ZONE.end_of(to.parse::<NaiveDate>().unwrap());
    let mailbox = story.mailbox.clone();
    let mut letters: Vec<Letter> = Vec::new();
    play(&story.engine, &Behaviour::all(does), end, |now| {
        letters.extend(mailbox.drain().iter().map(|letter| support::read(now, letter)));
    })
    .await
    .unwrap();
    story.letters = letters;
    Some(story)
}

async fn obligations(story: &Story) -> Bag {
    let mut tx = story.engine.store.read().await.unwrap();
    bag(tx.all_obligations().await.unwrap().into_iter().map(|stored| {
        let o = stored.obligation;
        let closed = o.closed_at.map(local).unwrap_or_default();
        let light = Light::of(&o).code().to_owned();
        vec![
            o.duty.0.clone(),
            UnitName::join(&o.owners),
            o.period.clone(),
            local(o.opens_at),
            local(o.round.due_at),
            closed,
            light,
        ]
    }))
}

async fn notices(story: &Story) -> Bag {
    bag(story.told().await.into_iter().map(|told| {
        let post = format!("{}/{}", told.unit, told.role);
        vec![local(told.sent_at.unwrap()), told.kind.to_string(), told.duty, told.owners, told.period, post]
    }))
}

/// At most one letter for each mailbox and slot, and every letter says what it is.
fn assert_letters(story: &Story) {
    let mut slots: HashMap<(&str, DateTime<Utc>), usize> = HashMap::new();
    for letter in &story.letters {
        *slots.entry((&letter.to, letter.at)).or_default() += 1;
        let digest = letter.subject.starts_with("【督办清单】");
        assert_eq!(letter.subject.contains("清单"), digest, "{}", letter.subject);
        let kinds = ["【今日待办】", "【催办】", "【督办】", "【事件】", "【督办清单】"];
        assert!(kinds.iter().any(|kind| letter.subject.starts_with(kind)), "{}", letter.subject);
    }
    let doubled: Vec<_> = slots.iter().filter(|(_, n)| **n > 1).collect();
    assert_eq!(doubled, [], "a mailbox got several letters in one slot");
}

/// The digest went out at 09:00 of each workday, and on no other day.
async fn assert_digests(story: &Story, from: &str, to: &str) {
    let known = story.engine.known().await.unwrap();
    let (first, last): (NaiveDate, NaiveDate) = (from.parse().unwrap(), to.parse().unwrap());
    let workdays: Vec<DateTime<Utc>> = first
        .iter_days()
        .take_while(|day| *day <= last)
        .filter(|day| known.calendar.is_workday(*day))
        .map(|day| known.slots().morning_of(day))
        .collect();
    let digests: Vec<DateTime<Utc>> = story
        .letters
        .iter()
        .filter(|letter| letter.subject.starts_with("【督办清单】"))
        .map(|letter| letter.at)
        .collect();
    assert_eq!(digests, workdays);
}

async fn year_of(from: &str, to: &str, does: Does, word: &str) {
    let (expected_notices, expected_obligations) =
        (oracle("notices", from, to, word), oracle("obligations", from, to, word));
    for kind in BOTH {
        let Some(story) = played(kind, from, to, does).await else { continue };
        assert_same(&format!("{kind:?} {word} notices"), &notices(&story).await, &expected_notices);
        assert_same(&format!("{kind:?} {word} obligations"), &obligations(&story).await, &expected_obligations);
        assert_letters(&story);
        assert_digests(&story, from, to).await;
        assert_eq!(story.engine.store.read().await.unwrap().troubles().await.unwrap(), []);
        assert_eq!(story.engine.store.read().await.unwrap().verify_log().await.unwrap(), Vec::<String>::new());
        story.end().await;
    }
}

#[tokio::test]
async fn a_year_in_which_everybody_files_in_time() {
    let (from, to) = ("2022-01-01", "2022-12-31");
    year_of(from, to, Does::Always, "always").await;
    // Said once more without the oracle: nothing but reminders, no miss.
    let Some(story) = played(support::Kind::Sqlite, "2022-01-01", "2022-03-31", Does::Always).await else { return };
    assert!(story.told().await.iter().all(|told| told.kind.code() == "remind"));
    assert!(obligations(&story).await.keys().all(|row| row[6] != "red" && row[6] != "orange"));
    story.end().await;
}

#[tokio::test]
async fn a_year_in_which_nobody_files() {
    year_of("2022-01-01", "2022-12-31", Does::Never, "never").await;
}

#[tokio::test]
async fn national_day_2022_with_nobody_in() {
    year_of("2022-09-26", "2022-10-31", Does::Never, "never").await;
}

#[tokio::test]
async fn other_years_in_the_long_run() {
    if std::env::var("DUBAN_TEST_LONG").is_err() {
        return;
    }
    for year in ["2023", "2024", "2025", "2026"] {
        year_of(&format!("{year}-01-01"), &format!("{year}-12-31"), Does::Never, "never").await;
    }
}
