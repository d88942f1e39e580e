//! The seeds against the reading in `tests/mission`, field by field.

use std::collections::HashMap;

use duban::catalogue::{Seeds, grammar};
use duban::domain::calendar::{DayKind, DayStatus};
use duban::domain::duty::Owner;
use duban::domain::ladder::{Class, When};
use duban::domain::unit::Role;

fn records(text: &str) -> Vec<HashMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

fn joined(owners: &[Owner]) -> String {
    owners.iter().map(grammar::write_owner).collect::<Vec<_>>().join(";")
}

#[test]
fn duties_are_the_readings_field_by_field() {
    let (seeds, rows) = (Seeds::embedded().unwrap(), records(include_str!("../mission/duties.csv")));
    assert_eq!(seeds.catalogue.duties.len(), rows.len());
    for (duty, row) in seeds.catalogue.duties.iter().zip(&rows) {
        let id = &row["id"];
        let clause = format!("{}.{}", row["item"], row["measure"]);
        assert_eq!(duty.id.0, *id);
        assert_eq!(grammar::write_clause(duty.clause), clause.trim_end_matches('.'), "{id}");
        assert_eq!(duty.kind.code(), row["kind"], "{id}");
        assert_eq!(grammar::write_cadence(&duty.cadence), row["cadence"], "{id}");
        assert_eq!(grammar::write_due(duty.due), row["due"], "{id}");
        assert_eq!(duty.basis.code(), row["basis"], "{id}");
        assert_eq!(duty.mode.code(), row["mode"], "{id}");
        assert_eq!(joined(&duty.owed_by), row["owed_by"], "{id}");
        assert_eq!(joined(&duty.supported_by), row["supported_by"], "{id}");
        // That 5.1 is a level stands in the reading's note.
        let quotas: Vec<String> =
            duty.quotas.iter().map(|quota| grammar::write_quota(quota).trim_end_matches(" level").into()).collect();
        assert_eq!(quotas.join(";"), row["quota"], "{id}");
        assert_eq!(duty.quotas.iter().any(|quota| quota.level), id == "5.1");
        assert_ne!(duty.title, row["title"], "{id}: in our own words");
        assert!(!duty.note.is_empty() && !duty.summary.is_empty(), "{id}");
        let named = row["note"].contains("units that the event names") || matches!(id.as_str(), "46.1" | "46.2");
        assert_eq!(duty.event_names_owners, named, "{id}");
        assert_eq!(duty.answer_suffices, id == "46.1");
        assert_eq!(duty.also_each_node, id == "5.3");
        assert_eq!(duty.own_day_only, matches!(id.as_str(), "5.2" | "9.1a" | "47.1"));
        let reviewed = matches!(row["kind"].as_str(), "deadline" | "event");
        assert_eq!(duty.review_first, reviewed && !matches!(id.as_str(), "43.1" | "46.1" | "46.2"), "{id}");
    }
}

#[test]
fn units_and_groups_are_the_readings() {
    let (seeds, rows) = (Seeds::embedded().unwrap(), records(include_str!("../mission/units.csv")));
    let found: Vec<(String, String, String)> =
        seeds.roster.units.iter().map(|unit| (unit.name.0.clone(), unit.kind.clone(), unit.groups.join(";"))).collect();
    let expected: Vec<(String, String, String)> =
        rows.iter().map(|row| (row["name"].clone(), row["kind"].clone(), row["groups"].clone())).collect();
    assert_eq!(found, expected);
    assert_eq!(seeds.roster.office.0, "委安委办");
    let day = "2022-01-01".parse().unwrap();
    let empty: Vec<&String> =
        seeds.roster.groups.iter().filter(|group| seeds.roster.members(group, day).next().is_none()).collect();
    assert_eq!(empty, ["相关机关处室和直属单位", "治理行动领导小组成员单位"]);
}

#[test]
fn holidays_are_the_readings() {
    let (seeds, rows) = (Seeds::embedded().unwrap(), records(include_str!("../mission/holidays.csv")));
    assert_eq!(seeds.calendar.listed.len(), rows.len());
    for row in rows {
        let listed = &seeds.calendar.listed[&row["date"].parse().unwrap()];
        assert_eq!(listed.name, row["name"]);
        assert_eq!(listed.kind == DayKind::Holiday, row["kind"] == "holiday");
        assert_eq!(listed.status == DayStatus::Notice, row["status"] == "notice");
    }
}

#[test]
fn the_whole_document_is_covered() {
    let seeds = Seeds::embedded().unwrap();
    let summary = duban::cli::check::summary(seeds.catalogue.coverage());
    assert_eq!(summary, "48/48 tasks, 64/64 measures, 75 duties");
}

#[test]
fn each_unit_has_its_three_posts_and_the_office_one_more() {
    let seeds = Seeds::embedded().unwrap();
    assert_eq!(seeds.posts.len(), 25 * 3 + 1);
    let mut addresses: Vec<&str> = seeds.posts.iter().map(|entry| entry.address.as_str()).collect();
    assert!(addresses.iter().all(|address| address.is_ascii() && address.ends_with("@example.com")));
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 76);
    for unit in &seeds.roster.units {
        for role in [Role::Liaison, Role::Deputy, Role::Head] {
            assert!(seeds.posts.iter().any(|entry| entry.post.unit == unit.name && entry.post.role == role));
        }
    }
    assert!(seeds.posts.iter().any(|entry| entry.post == seeds.roster.office_post()));
}

#[test]
fn ladders_are_the_table() {
    let seeds = Seeds::embedded().unwrap();
    let told = |class: Class| -> Vec<(String, usize)> {
        let ladder = seeds.catalogue.ladder(class).unwrap();
        ladder.reminders.iter().map(|reminder| (format!("{:?}", reminder.when), reminder.to.len())).collect()
    };
    let nine = format!("{:?}", When::DueDay("09:00:00".parse().unwrap()));
    let before = |n: u32| format!("{:?}", When::WorkdaysBefore(n));
    assert_eq!(told(Class::Day), [(format!("{:?}", When::DueDay("16:00:00".parse().unwrap())), 1)]);
    assert_eq!(told(Class::Week), [(before(1), 1), (nine.clone(), 1)]);
    assert_eq!(told(Class::Month), [(before(5), 1), (before(2), 2), (nine.clone(), 2)]);
    assert_eq!(told(Class::Quarter), [(before(15), 1), (before(5), 2), (before(1), 3), (nine.clone(), 3)]);
    assert_eq!(told(Class::EventHours), [("Opening".into(), 2), ("HalfTime".into(), 2), ("AtDue".into(), 2)]);
    assert_eq!(told(Class::EventDays), [("Opening".into(), 2), (before(5), 2), (before(1), 2), (nine, 2)]);
    let levels = |class: Class| {
        let ladder = seeds.catalogue.ladder(class).unwrap();
        let figures = |level: &Option<duban::domain::ladder::Level>| level.as_ref().map(|l| (l.workday, l.streak));
        (ladder.chase.len(), figures(&ladder.supervise), figures(&ladder.propose))
    };
    assert_eq!(levels(Class::Day), (2, Some((None, Some(3))), Some((None, Some(6)))));
    assert_eq!(levels(Class::Week), (2, Some((Some(3), Some(3))), Some((None, Some(6)))));
    for class in [Class::Month, Class::Quarter, Class::EventDays] {
        assert_eq!(levels(class), (2, Some((Some(3), Some(3))), Some((Some(10), Some(6)))));
    }
    assert_eq!(levels(Class::EventHours), (0, None, None));
    assert_eq!(seeds.catalogue.ladder(Class::EventHours).unwrap().at_once, [Role::Head, Role::Office]);
}

#[test]
fn the_catalogue_survives_being_stored() {
    let catalogue = Seeds::embedded().unwrap().catalogue;
    let stored = serde_json::to_string(&catalogue).unwrap();
    assert!(serde_json::from_str::<duban::domain::catalogue::Catalogue>(&stored).unwrap() == catalogue);
}
