//! The plan's rules one by one: who owes when units come and go, what events open, deadlines in zones that change their
//! clocks.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};
use proptest::prelude::*;

use duban::catalogue::Seeds;
use duban::domain::calendar::Zone;
use duban::domain::derive;
use duban::domain::due::next_due;
use duban::domain::duty::{Cadence, DueRule, Duty, DutyId, Form, Kind};
use duban::domain::event::Event;
use duban::domain::node::Node;
use duban::domain::period::Period;
use duban::domain::plan::{self, Owed, due_between, for_event, opening_between};
use duban::domain::refusal::occasion::OccasionRefusal;
use duban::domain::unit::{Unit, UnitName};
use duban::domain::world::World;

static SEEDS: LazyLock<Seeds> = LazyLock::new(|| Seeds::embedded().unwrap());
const SHANGHAI: Zone = Zone(chrono_tz::Asia::Shanghai);

fn world(seeds: &Seeds) -> World<'_> {
    World { catalogue: &seeds.catalogue, roster: &seeds.roster, calendar: &seeds.calendar, zone: SHANGHAI, nodes: &[] }
}

/// The seeds with these duties alone.
fn only(ids: &[&str]) -> Seeds {
    let mut seeds = SEEDS.clone();
    seeds.catalogue.duties.retain(|duty| ids.contains(&duty.id.0.as_str()));
    assert_eq!(seeds.catalogue.duties.len(), ids.len());
    seeds
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn local(text: &str) -> DateTime<Utc> {
    format!("{text}+08:00").parse().unwrap()
}

fn unit<'s>(seeds: &'s mut Seeds, name: &str) -> &'s mut Unit {
    seeds.roster.units.iter_mut().find(|unit| unit.name.0 == name).unwrap()
}

fn keys(rows: &[Owed]) -> Vec<String> {
    rows.iter().map(|owed| owed.period.to_string()).collect()
}

fn owners(owed: &Owed) -> String {
    owed.owners.iter().map(|unit| unit.0.as_str()).collect::<Vec<_>>().join(";")
}

#[test]
fn a_unit_owes_what_opens_while_it_exists() {
    let mut seeds = only(&["9.1c"]);
    unit(&mut seeds, "质安处").joined_on = Some(day("2022-02-15"));
    unit(&mut seeds, "质安处").left_on = Some(day("2022-05-01"));
    seeds.roster.units.retain(|unit| unit.name.0 == "质安处");
    let rows = due_between(&world(&seeds), day("2022-01-01"), day("2022-12-31"));
    assert_eq!(keys(&rows), ["2022-03", "2022-04"], "not February, it had opened; not May, it had left");
}

#[test]
fn a_joint_duty_is_owed_by_those_who_are_there_when_it_opens() {
    let mut seeds = only(&["5.2"]);
    unit(&mut seeds, "宣教处").joined_on = Some(day("2022-03-02"));
    let rows = due_between(&world(&seeds), day("2022-03-01"), day("2022-03-02"));
    assert_eq!(rows.iter().map(owners).collect::<Vec<_>>(), ["委安委办", "委安委办;宣教处"]);
    unit(&mut seeds, "委安委办").left_on = Some(day("2022-01-01"));
    assert!(due_between(&world(&seeds), day("2022-03-01"), day("2022-03-01")).is_empty(), "nobody is left to owe it");
}

#[test]
fn a_duty_is_owed_from_its_first_day_to_its_last() {
    let mut seeds = only(&["9.1c"]);
    seeds.roster.units.retain(|unit| unit.name.0 == "质安处");
    seeds.catalogue.duties[0].effective_from = Some(day("2022-03-01"));
    seeds.catalogue.duties[0].effective_to = Some(day("2022-06-01"));
    let rows = due_between(&world(&seeds), day("2022-01-01"), day("2022-12-31"));
    assert_eq!(keys(&rows), ["2022-03", "2022-04", "2022-05", "2022-06"]);
    seeds.catalogue.duties[0].effective_from = Some(day("2022-03-02"));
    seeds.catalogue.duties[0].effective_to = Some(day("2022-05-31"));
    let rows = due_between(&world(&seeds), day("2022-01-01"), day("2022-12-31"));
    assert_eq!(keys(&rows), ["2022-04", "2022-05"], "a period that had begun is not owed");
}

#[test]
fn a_once_opens_on_its_first_effective_day() {
    let mut seeds = only(&["18.1c"]);
    seeds.catalogue.duties[0].effective_from = Some(day("2022-04-12"));
    let rows = due_between(&world(&seeds), day("2022-12-31"), day("2022-12-31"));
    assert_eq!(rows[0].opens_at, local("2022-04-12T00:00:00"));
    assert_eq!(rows[0].due_at, local("2023-01-01T00:00:00"));
    assert_eq!(owners(&rows[0]), "质安处;安管总站");
    assert!(due_between(&world(&seeds), day("2023-01-01"), day("2023-12-31")).is_empty());
    let opening = opening_between(&world(&seeds), local("2022-04-11T23:59:59"), local("2022-04-12T00:00:00"));
    assert_eq!(opening, rows);
}

#[test]
fn what_opens_is_what_falls_due_in_the_end() {
    let world = world(&SEEDS);
    let (from, until) = (local("2021-12-31T00:00:00"), local("2023-12-31T23:59:59"));
    let mut opening = opening_between(&world, from, until);
    let mut due = due_between(&world, day("2021-12-01"), day("2025-12-31"));
    due.retain(|owed| from < owed.opens_at && owed.opens_at <= until);
    assert!(opening == due);
    // In pieces of uneven length it is the same.
    let mut pieces = Vec::new();
    let mut at = from;
    for n in 0.. {
        let next = (at + TimeDelta::hours(7 + n % 90)).min(until);
        pieces.extend(opening_between(&world, at, next));
        at = next;
        if at == until {
            break;
        }
    }
    let order =
        |a: &Owed, b: &Owed| (a.due_at, &a.duty, owners(a), &a.period).cmp(&(b.due_at, &b.duty, owners(b), &b.period));
    pieces.sort_by(order);
    opening.sort_by(order);
    assert!(pieces == opening);
}

#[test]
fn overlapping_nodes_owe_one_check_in_a_day_and_one_publicity_each() {
    let seeds = only(&["47.1", "5.3"]);
    let opened =
        [Node { key: "gaowen".into(), name: "高温汛期".into(), first: day("2022-09-30"), last: day("2022-10-02") }];
    let world = World { nodes: &opened, ..world(&seeds) };
    let rows = due_between(&world, day("2022-09-29"), day("2022-10-08"));
    let zhian: Vec<String> =
        rows.iter().filter(|owed| owners(owed) == "质安处").map(|o| o.period.to_string()).collect();
    let days = ["09-30", "10-01", "10-02", "10-03", "10-04", "10-05", "10-06", "10-07"];
    assert_eq!(zhian, days.map(|day| format!("2022-{day}")));
    let publicity: Vec<&Owed> = rows.iter().filter(|owed| owed.form == Form::Node).collect();
    assert_eq!(
        publicity.iter().map(|owed| owed.period.to_string()).collect::<Vec<_>>(),
        ["node:gaowen", "node:2022-10-01"]
    );
    assert_eq!(publicity[0].opens_at, local("2022-09-30T00:00:00"));
    assert_eq!(publicity[0].due_at, local("2022-10-03T00:00:00"));
    let of_window = plan::for_node(&world, &opened[0]);
    assert_eq!(of_window.len(), 3 * 13 + 1);
    assert!(of_window.iter().all(|owed| rows.contains(owed)));
    assert_eq!(plan::for_node(&World { nodes: &[], ..world }, &opened[0]), of_window);
}

fn event(kind: &str, units: &[&str]) -> Event {
    Event {
        id: "e1".into(),
        event_type: kind.into(),
        at: local("2022-07-15T22:10:30"),
        place: "某工地".into(),
        units: units.iter().map(|name| UnitName((*name).into())).collect(),
    }
}

#[test]
fn a_grave_accident_is_an_accident_too() {
    let rows = for_event(&world(&SEEDS), &event("重特大事故", &["质安处", "安管总站"])).unwrap();
    let told: Vec<(String, String)> = rows.iter().map(|owed| (owed.duty.0.clone(), owners(owed))).collect();
    let expected =
        [("43.1", "安管总站"), ("43.1", "质安处"), ("14.1", "委安委办"), ("23.1", "安管总站"), ("23.1", "质安处")];
    assert_eq!(told, expected.map(|(duty, owner)| (duty.to_owned(), owner.to_owned())));
    assert!(rows.iter().all(|owed| owed.period == Period::Event("e1".into())));
    assert!(rows.iter().all(|owed| owed.opens_at == local("2022-07-15T22:10:30")));
    assert_eq!(rows[0].due_at, local("2022-07-16T00:10:30"), "two hours, to the second");
    assert_eq!(rows[2].due_at, local("2022-08-15T00:00:00"), "24:00 of the thirtieth day after");
}

#[test]
fn weather_concerns_all_or_those_it_names() {
    let all = for_event(&world(&SEEDS), &event("极端天气预警", &[])).unwrap();
    assert_eq!(all.iter().filter(|owed| owed.duty.0 == "46.1").count(), 13);
    assert_eq!(all.iter().filter(|owed| owed.duty.0 == "46.2").count(), 13);
    assert_eq!(all[0].due_at, local("2022-07-15T22:40:30"));
    let some = for_event(&world(&SEEDS), &event("极端天气预警", &["质安处", "办公室"])).unwrap();
    assert_eq!(some.iter().map(owners).collect::<Vec<_>>(), ["质安处", "质安处"]);
}

#[test]
fn an_event_must_say_whom_it_concerns() {
    let refused = |kind: &str, units: &[&str]| for_event(&world(&SEEDS), &event(kind, units)).unwrap_err();
    assert_eq!(refused("地震", &[]), OccasionRefusal::UnknownEventType("地震".into()));
    assert_eq!(refused("重特大事故", &[]), OccasionRefusal::EventWithoutUnits("生产安全事故".into()));
    assert_eq!(refused("派遣劳务人员事故", &[]), OccasionRefusal::EventWithoutUnits("派遣劳务人员事故".into()));
    assert!(matches!(refused("生产安全事故", &["某处"]), OccasionRefusal::EventUnknownUnit { .. }));
    assert!(
        matches!(refused("生产安全事故", &["办公室"]), OccasionRefusal::EventWithoutOwner { duty, .. } if duty.0 == "23.1")
    );
    assert!(matches!(refused("极端天气预警", &["办公室"]), OccasionRefusal::EventWithoutOwner { .. }));
    let mut seeds = SEEDS.clone();
    unit(&mut seeds, "质安处").left_on = Some(day("2022-07-15"));
    let left = for_event(&world(&seeds), &event("生产安全事故", &["质安处"]));
    assert!(matches!(left, Err(OccasionRefusal::EventUnknownUnit { .. })));
}

#[test]
fn the_next_deadline_of_a_series() {
    let world = world(&SEEDS);
    let next = |id: &str, form: Form, after: &str| {
        let duty = world.catalogue.duty(&DutyId(id.into())).unwrap();
        next_due(&world, duty, form, local(after)).map(|due| SHANGHAI.local(due).format("%Y-%m-%dT%H:%M").to_string())
    };
    let series = |id: &str, after: &str| next(id, Form::Cadence, after).unwrap();
    assert_eq!(series("5.2", "2022-01-06T00:00:00"), "2022-01-07T00:00");
    assert_eq!(series("9.1a", "2022-10-01T00:00:00"), "2022-10-09T00:00", "the first workday after the holiday");
    assert_eq!(series("9.1b", "2022-01-30T18:00:00"), "2022-02-07T18:00");
    assert_eq!(series("9.1b", "2022-02-07T17:59:59"), "2022-02-07T18:00", "the week before is still to come");
    assert_eq!(series("9.1b", "2022-02-07T18:00:00"), "2022-02-11T18:00");
    assert_eq!(series("9.1c", "2022-01-30T18:00:00"), "2022-02-28T18:00");
    assert_eq!(series("1.1", "2022-12-30T18:00:00"), "2023-03-31T18:00");
    assert_eq!(series("47.1", "2022-10-08T00:00:00"), "2022-10-17T00:00");
    assert_eq!(series("47.1", "2022-10-02T00:00:00"), "2022-10-03T00:00");
    assert_eq!(next("5.3", Form::Node, "2022-10-08T00:00:00").unwrap(), "2022-10-23T00:00");
    assert_eq!(next("4.1", Form::Cadence, "2022-01-01T00:00:00"), None);
    assert_eq!(next("43.1", Form::Cadence, "2022-01-01T00:00:00"), None);
    assert_eq!(next("47.1", Form::Cadence, "2027-10-04T00:00:00"), None, "no further node is known");
    let mut seeds = only(&["9.1c"]);
    seeds.catalogue.duties[0].effective_to = Some(day("2022-01-01"));
    let ended = next_due(&self::world(&seeds), &seeds.catalogue.duties[0], Form::Cadence, local("2022-02-28T18:00:00"));
    assert_eq!(ended, Some(local("2022-03-31T18:00:00")), "even when the duty has ended");
}

#[test]
fn deadlines_are_explained() {
    let world = world(&SEEDS);
    let explain = |id: &str, from: &str, to: &str| {
        let rows = due_between(&world, day(from), day(to));
        let owed = rows.iter().find(|owed| owed.duty.0 == id).unwrap();
        let duty = world.catalogue.duty(&owed.duty).unwrap();
        derive::derive(&world, duty, owed.form, &owed.period, owed.opens_at, owed.due_at).join("\n")
    };
    let week = explain("9.1b", "2022-02-07", "2022-02-07");
    assert!(week.contains("2022年第5周（1月31日—2月6日）") && week.contains("期内无工作日"), "{week}");
    assert!(week.contains("顺延至：2022-02-07（星期一），工作日（周一至周五）"), "{week}");
    let makeup = explain("9.1b", "2022-10-09", "2022-10-09");
    assert!(makeup.contains("2022-10-09（星期日），工作日（国庆节调休上班，依放假通知）"), "{makeup}");
    let month = explain("9.1c", "2022-04-29", "2022-04-29");
    assert!(month.contains("2022-04-30（星期六）：休息日（劳动节放假，依放假通知）"), "{month}");
    assert!(month.ends_with("截止：2022年4月29日 18:00"), "{month}");
    let day_end = explain("5.2", "2022-12-31", "2022-12-31");
    assert!(day_end.ends_with("截止：2022年12月31日 24:00"), "{day_end}");
    let computed = explain("9.1c", "2027-02-26", "2027-02-26");
    assert!(computed.contains("暂定"), "{computed}");
    assert!(!explain("9.1c", "2026-02-28", "2026-02-28").contains("暂定"));
    let node = explain("5.3", "2022-10-07", "2022-10-07");
    assert!(node.contains("重要节点“国庆节”"), "{node}");
    let once = explain("4.1", "2022-09-30", "2022-09-30");
    assert!(once.contains("开放：2022-08-18（星期四）（截止日前第 30 个工作日）"), "{once}");
}

fn bare(cadence: Cadence, due: DueRule) -> Seeds {
    let mut seeds = only(&["9.1c"]);
    seeds.roster.units.retain(|unit| unit.name.0 == "质安处");
    let duty: &mut Duty = &mut seeds.catalogue.duties[0];
    (duty.kind, duty.cadence, duty.due) = (Kind::Recurring, cadence, due);
    seeds
}

const ZONES: [&str; 6] =
    ["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Asia/Shanghai", "America/Sao_Paulo"];

fn cadences() -> impl Strategy<Value = Cadence> {
    prop_oneof![
        Just(Cadence::Daily),
        Just(Cadence::Workday),
        Just(Cadence::Weekly),
        Just(Cadence::Monthly),
        Just(Cadence::Quarterly),
        Just(Cadence::HalfYearly),
        Just(Cadence::Yearly),
    ]
}

/// Whether the zone's clocks show that local time at all.
fn exists(zone: Zone, day: NaiveDate, time: NaiveTime) -> bool {
    zone.local(zone.at(day, time)).naive_local() == day.and_time(time)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_period_is_owed_once_at_its_local_time(
        zone in prop::sample::select(&ZONES[..]),
        cadence in cadences(),
        start in 0u64..22_000,
        length in 0u64..500,
        minute in prop::option::of(1u32..1440),
    ) {
        let zone = Zone(zone.parse().unwrap());
        let time = minute.map(|m| NaiveTime::from_hms_opt(m / 60, m % 60, 0).unwrap());
        let due = time.map_or(DueRule::EndOfDay, DueRule::LastWorkday);
        let seeds = bare(cadence.clone(), due);
        let world = World { zone, ..world(&seeds) };
        let first = day("1975-01-01") + Days::new(start);
        let last = first + Days::new(length);
        let rows = due_between(&world, first, last);
        // Counted the long way: each day's period, its last workday, and whether that lies in the range.
        let mut expected: Vec<(Period, NaiveDate)> = Vec::new();
        let mut at = first - Days::new(400);
        while at <= last + Days::new(3) {
            let period = Period::containing(&cadence, at).unwrap();
            let (begin, end) = (period.first_day().unwrap(), period.last_day().unwrap());
            let worked = |day: &NaiveDate| seeds.calendar.is_workday(*day);
            let day = match due {
                DueRule::EndOfDay => end,
                _ => match begin.iter_days().take_while(|day| *day <= end).filter(worked).last() {
                    Some(day) => day,
                    None => end.iter_days().find(worked).unwrap(),
                },
            };
            let owed = (cadence != Cadence::Workday || worked(&begin)) && zone.start_of(begin) < zone.end_of(end);
            let due_at = time.map_or(zone.end_of(day), |time| zone.at(day, time));
            if owed && (first..=last).contains(&zone.due_day(due_at)) {
                expected.push((period, day));
            }
            at = end.succ_opt().unwrap();
        }
        let mut found: Vec<Period> = rows.iter().map(|owed| owed.period.clone()).collect();
        let mut wanted: Vec<Period> = expected.iter().map(|(period, _)| period.clone()).collect();
        found.sort();
        wanted.sort();
        prop_assert_eq!(found, wanted);
        for owed in &rows {
            let (_, day) = expected.iter().find(|(period, _)| *period == owed.period).unwrap();
            let (day, time) = match time {
                Some(time) => (*day, time),
                None => (day.succ_opt().unwrap(), NaiveTime::MIN),
            };
            if exists(zone, day, time) {
                prop_assert_eq!(zone.local(owed.due_at).naive_local(), day.and_time(time));
            } else {
                prop_assert!(zone.local(owed.due_at).naive_local() > day.and_time(time));
                prop_assert!(zone.local(owed.due_at - TimeDelta::seconds(1)).naive_local() < day.and_time(time));
            }
        }
    }
}

#[test]
fn a_zone_that_left_out_a_day_owes_nothing_for_it() {
    let seeds = bare(Cadence::Daily, DueRule::EndOfDay);
    let world = World { zone: Zone(chrono_tz::Pacific::Apia), ..world(&seeds) };
    let rows = due_between(&world, day("2011-12-28"), day("2012-01-01"));
    assert_eq!(keys(&rows), ["2011-12-28", "2011-12-29", "2011-12-31", "2012-01-01"]);
    assert!(rows.windows(2).all(|pair| pair[1].due_at - pair[0].due_at == TimeDelta::days(1)));
}

#[test]
fn many_units_are_planned_quickly() {
    let mut seeds = SEEDS.clone();
    let model = seeds.roster.units.iter().find(|unit| unit.name.0 == "质安处").unwrap().clone();
    seeds.roster.units.extend((0..2475).map(|n| Unit { name: UnitName(format!("单位{n}")), ..model.clone() }));
    let world = world(&seeds);
    let month = opening_between(&world, local("2022-09-30T12:00:00"), local("2022-11-04T12:00:00"));
    assert!(month.len() > 100_000, "{}", month.len());
    // A far day costs what a near one does: nothing walks from the beginning.
    let far = due_between(&world, day("2190-06-01"), day("2190-06-01"));
    assert_eq!(far.iter().filter(|owed| owed.duty.0 == "9.1a").count(), 13 + 2475);
    assert_eq!(day("2190-06-01").weekday(), Weekday::Tue);
}
