//! The plan against the document, row for row: the expected side is worked out here from the reading in `tests/mission`,
//! with date arithmetic of its own, the long way round.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use duban::catalogue::Seeds;
use duban::cli::plan::row;
use duban::domain::calendar::Zone;
use duban::domain::duty::Form;
use duban::domain::period::Period;
use duban::domain::plan::due_between;
use duban::domain::world::World;

/// Days since 1970-01-01.
type DayNumber = i64;

fn number_of(year: i64, month: i64, day: i64) -> DayNumber {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn date_of(number: DayNumber) -> (i64, i64, i64) {
    let days = number + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// 0 = Monday.
fn weekday(number: DayNumber) -> i64 {
    (number + 3).rem_euclid(7)
}

fn written(number: DayNumber) -> String {
    let (year, month, day) = date_of(number);
    format!("{year:04}-{month:02}-{day:02}")
}

fn read(written: &str) -> DayNumber {
    let parts: Vec<i64> = written.split('-').map(|part| part.parse().unwrap()).collect();
    number_of(parts[0], parts[1], parts[2])
}

fn records(text: &str) -> Vec<HashMap<String, String>> {
    csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
}

struct Mission {
    duties: Vec<HashMap<String, String>>,
    units: Vec<HashMap<String, String>>,
    listed: HashMap<DayNumber, String>,
}

impl Mission {
    fn read() -> Mission {
        let holidays = records(include_str!("../mission/holidays.csv"));
        Mission {
            duties: records(include_str!("../mission/duties.csv")),
            units: records(include_str!("../mission/units.csv")),
            listed: holidays.iter().map(|day| (read(&day["date"]), day["kind"].clone())).collect(),
        }
    }

    fn worked(&self, day: DayNumber) -> bool {
        match self.listed.get(&day).map(String::as_str) {
            Some("holiday") => false,
            Some("makeup_workday") => true,
            Some(other) => panic!("{other}"),
            None => weekday(day) < 5,
        }
    }

    fn owners(&self, owed_by: &str) -> Vec<String> {
        let mut owners = Vec::new();
        for entry in owed_by.split(';') {
            match entry.strip_prefix('@') {
                None => owners.push(entry.to_owned()),
                Some(group) => {
                    let members = self.units.iter().filter(|unit| unit["groups"].split(';').any(|name| name == group));
                    owners.extend(members.map(|unit| unit["name"].clone()));
                }
            }
        }
        owners
    }

    /// First and last day of each node.
    fn nodes(&self) -> Vec<(DayNumber, DayNumber)> {
        let mut off: Vec<DayNumber> =
            self.listed.iter().filter(|(_, kind)| *kind == "holiday").map(|(day, _)| *day).collect();
        off.sort_unstable();
        let mut nodes: Vec<(DayNumber, DayNumber)> = Vec::new();
        for day in off {
            match nodes.last_mut() {
                Some((_, last)) if *last + 1 == day => *last = day,
                _ => nodes.push((day, day)),
            }
        }
        nodes.push((read("2022-10-16"), read("2022-10-22")));
        nodes
    }

    /// Every period of a cadence between 2020 and 2028, as key, first and last day.
    fn periods(&self, cadence: &str) -> Vec<(String, DayNumber, DayNumber)> {
        let nodes = self.nodes();
        let mut periods: BTreeMap<String, (DayNumber, DayNumber)> = BTreeMap::new();
        for day in number_of(2019, 12, 30)..=number_of(2028, 12, 31) {
            let (year, month, _) = date_of(day);
            let key = match cadence {
                "daily" => written(day),
                "workday" if self.worked(day) => written(day),
                "each_day_of_node" if nodes.iter().any(|(first, last)| *first <= day && day <= *last) => written(day),
                "workday" | "each_day_of_node" => continue,
                "weekly" => {
                    let thursday = day - weekday(day) + 3;
                    let of_year = date_of(thursday).0;
                    format!("{of_year}-W{:02}", (thursday - number_of(of_year, 1, 1)) / 7 + 1)
                }
                "monthly" => format!("{year}-{month:02}"),
                "quarterly" => format!("{year}-Q{}", (month + 2) / 3),
                "half_yearly" => format!("{year}-H{}", if month <= 6 { 1 } else { 2 }),
                "yearly" => year.to_string(),
                other => match other.strip_prefix("once ") {
                    Some(due) if read(due) == day => due.to_owned(),
                    _ => continue,
                },
            };
            periods.entry(key).or_insert((day, day)).1 = day;
        }
        periods.into_iter().map(|(key, (first, last))| (key, first, last)).collect()
    }

    /// The rows of a year, as `duty,owners,period,due_at`, in their order.
    fn plan(&self, year: i64) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for duty in self.duties.iter().filter(|duty| duty["kind"] != "event") {
            let mut due: Vec<(String, DayNumber, &str)> = Vec::new();
            for (key, first, last) in self.periods(&duty["cadence"]) {
                if duty["due"] == "end_of_day" {
                    due.push((key, last, "24:00"));
                } else {
                    let inside = (first..=last).rev().find(|day| self.worked(*day));
                    let day = inside.unwrap_or_else(|| (last + 1..last + 400).find(|day| self.worked(*day)).unwrap());
                    due.push((key, day, "18:00"));
                }
            }
            if duty["id"] == "5.3" {
                due.extend(
                    self.nodes().iter().map(|(first, last)| (format!("node:{}", written(*first)), *last, "24:00")),
                );
            }
            let owners = self.owners(&duty["owed_by"]);
            let owners = if duty["mode"] == "joint" { vec![owners.join(";")] } else { owners };
            for (key, day, time) in due.into_iter().filter(|(_, day, _)| date_of(*day).0 == year) {
                let at = match time {
                    "24:00" => format!("{}T00:00:00+08:00", written(day + 1)),
                    _ => format!("{}T18:00:00+08:00", written(day)),
                };
                rows.extend(
                    owners.iter().map(|owner| vec![duty["id"].clone(), owner.clone(), key.clone(), at.clone()]),
                );
            }
        }
        rows.sort_by(|a, b| (&a[3], &a[0], &a[1]).cmp(&(&b[3], &b[0], &b[1])));
        rows
    }
}

const SHANGHAI: Zone = Zone(chrono_tz::Asia::Shanghai);

fn seeds() -> Seeds {
    Seeds::embedded().unwrap()
}

fn world(seeds: &Seeds) -> World<'_> {
    World { catalogue: &seeds.catalogue, roster: &seeds.roster, calendar: &seeds.calendar, zone: SHANGHAI, nodes: &[] }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn each_year_is_the_documents_row_for_row() {
    let (mission, seeds) = (Mission::read(), seeds());
    for year in 2022..=2026 {
        let expected = mission.plan(year);
        let first = NaiveDate::from_ymd_opt(i32::try_from(year).unwrap(), 1, 1).unwrap();
        let last = NaiveDate::from_ymd_opt(i32::try_from(year).unwrap(), 12, 31).unwrap();
        let planned: Vec<Vec<String>> =
            due_between(&world(&seeds), first, last).iter().map(|owed| row(SHANGHAI, owed)).collect();
        for (n, (planned, expected)) in planned.iter().zip(&expected).enumerate() {
            assert_eq!(planned, expected, "row {n} of {year}");
        }
        assert_eq!(planned.len(), expected.len(), "{year}");
        assert!(expected.len() > 6000, "{year}: {}", expected.len());
    }
}

#[test]
fn the_years_put_together_day_by_day_are_the_same_rows() {
    let seeds = seeds();
    let world = world(&seeds);
    let whole = due_between(&world, day("2022-01-01"), day("2023-12-31"));
    let mut pieces = Vec::new();
    let mut at = day("2022-01-01");
    while at <= day("2023-12-31") {
        pieces.extend(due_between(&world, at, at));
        at = at.succ_opt().unwrap();
    }
    assert!(whole == pieces, "a day on its own shows what it shows within a year");
}

#[test]
fn rows_open_as_their_periods_begin() {
    let seeds = seeds();
    let world = world(&seeds);
    for owed in due_between(&world, day("2022-01-01"), day("2026-12-31")) {
        assert!(owed.opens_at < owed.due_at && owed.opens_at < owed.period_end, "{owed:?}");
        let key = owed.period.to_string();
        let first = match owed.form {
            Form::Node => day(key.trim_start_matches("node:")),
            Form::Cadence => owed.period.first_day().unwrap(),
        };
        if !matches!(owed.period, Period::Once(_)) {
            assert_eq!(SHANGHAI.local(owed.opens_at).to_rfc3339(), format!("{first}T00:00:00+08:00"), "{key}");
        }
    }
}

/// Period and deadline of the rows of a duty in a range, for one of its owners.
fn rows_of(id: &str, owner: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let seeds = seeds();
    let rows = due_between(&world(&seeds), day(from), day(to));
    let wanted = rows.iter().filter(|owed| owed.duty.0 == id && owed.owners.iter().any(|unit| unit.0 == owner));
    wanted.map(|owed| row(SHANGHAI, owed)).map(|row| (row[2].clone(), row[3].clone())).collect()
}

fn expect(found: &[(String, String)], expected: &[(&str, &str)]) {
    let expected: Vec<(String, String)> =
        expected.iter().map(|(period, due)| ((*period).into(), format!("{due}+08:00"))).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_week_without_a_workday_is_due_on_the_first_one_after_it() {
    expect(&rows_of("9.1b", "质安处", "2022-01-31", "2022-02-06"), &[]);
    expect(
        &rows_of("9.1b", "质安处", "2022-02-07", "2022-02-13"),
        &[("2022-W05", "2022-02-07T18:00:00"), ("2022-W06", "2022-02-11T18:00:00")],
    );
    expect(&rows_of("9.1a", "质安处", "2022-01-31", "2022-02-06"), &[]);
    expect(&rows_of("9.1b", "质安处", "2022-01-24", "2022-01-30"), &[("2022-W04", "2022-01-30T18:00:00")]);
    expect(&rows_of("9.1c", "质安处", "2022-01-01", "2022-01-31"), &[("2022-01", "2022-01-30T18:00:00")]);
}

#[test]
fn a_week_that_is_worked_on_saturday_and_sunday_alone() {
    expect(&rows_of("9.1b", "执法总队", "2022-10-03", "2022-10-09"), &[("2022-W40", "2022-10-09T18:00:00")]);
    expect(
        &rows_of("9.1a", "执法总队", "2022-10-01", "2022-10-09"),
        &[("2022-10-08", "2022-10-09T00:00:00"), ("2022-10-09", "2022-10-10T00:00:00")],
    );
    expect(
        &rows_of("47.1", "执法总队", "2022-10-06", "2022-10-17"),
        &[
            ("2022-10-06", "2022-10-07T00:00:00"),
            ("2022-10-07", "2022-10-08T00:00:00"),
            ("2022-10-16", "2022-10-17T00:00:00"),
            ("2022-10-17", "2022-10-18T00:00:00"),
        ],
    );
}

#[test]
fn quarters_and_halves_that_end_on_days_off() {
    expect(
        &rows_of("1.1", "委安委办", "2022-04-01", "2024-06-30"),
        &[
            ("2022-Q2", "2022-06-30T18:00:00"),
            ("2022-Q3", "2022-09-30T18:00:00"),
            ("2022-Q4", "2022-12-30T18:00:00"),
            ("2023-Q1", "2023-03-31T18:00:00"),
            ("2023-Q2", "2023-06-30T18:00:00"),
            ("2023-Q3", "2023-09-28T18:00:00"),
            ("2023-Q4", "2023-12-29T18:00:00"),
            ("2024-Q1", "2024-03-29T18:00:00"),
            ("2024-Q2", "2024-06-28T18:00:00"),
        ],
    );
    expect(
        &rows_of("3.1c", "办公室", "2022-07-01", "2024-12-31"),
        &[
            ("2022-H2", "2022-12-30T18:00:00"),
            ("2023-H1", "2023-06-30T18:00:00"),
            ("2023-H2", "2023-12-29T18:00:00"),
            ("2024-H1", "2024-06-28T18:00:00"),
            ("2024-H2", "2024-12-31T18:00:00"),
        ],
    );
}

#[test]
fn the_leap_day_is_a_day_like_others() {
    expect(&rows_of("5.2", "宣教处", "2024-02-29", "2024-02-29"), &[("2024-02-29", "2024-03-01T00:00:00")]);
    expect(&rows_of("9.1a", "质安处", "2024-02-29", "2024-02-29"), &[("2024-02-29", "2024-03-01T00:00:00")]);
    expect(&rows_of("13.2", "质安处", "2024-02-01", "2024-02-29"), &[("2024-02", "2024-02-29T18:00:00")]);
}

#[test]
fn weeks_across_new_year_belong_to_the_year_of_their_thursday() {
    let weeks = |from, to| rows_of("48.1a", "办公室", from, to);
    expect(&weeks("2020-12-28", "2021-01-03"), &[("2020-W53", "2021-01-01T18:00:00")]);
    expect(&weeks("2021-12-27", "2022-01-02"), &[("2021-W52", "2021-12-31T18:00:00")]);
    expect(&weeks("2022-12-26", "2023-01-01"), &[("2022-W52", "2022-12-30T18:00:00")]);
    expect(
        &weeks("2023-12-25", "2024-01-07"),
        &[("2023-W52", "2023-12-29T18:00:00"), ("2024-W01", "2024-01-05T18:00:00")],
    );
    expect(&weeks("2024-12-30", "2025-01-05"), &[("2025-W01", "2025-01-03T18:00:00")]);
    expect(&weeks("2025-12-29", "2026-01-04"), &[("2026-W01", "2026-01-04T18:00:00")]);
    expect(&weeks("2026-12-28", "2027-01-03"), &[("2026-W53", "2026-12-31T18:00:00")]);
}

#[test]
fn nodes_are_runs_of_days_off_whatever_their_names() {
    let nodes = |from, to| -> Vec<(String, String)> {
        rows_of("5.3", "宣教处", from, to).into_iter().filter(|(period, _)| period.starts_with("node:")).collect()
    };
    expect(&nodes("2025-09-15", "2025-10-31"), &[("node:2025-10-01", "2025-10-09T00:00:00")]);
    expect(&nodes("2022-12-01", "2022-12-31"), &[]);
    expect(&nodes("2023-01-01", "2023-01-10"), &[("node:2022-12-31", "2023-01-03T00:00:00")]);
    expect(&nodes("2023-04-01", "2023-04-10"), &[("node:2023-04-05", "2023-04-06T00:00:00")]);
    expect(
        &nodes("2022-09-30", "2022-10-31"),
        &[("node:2022-10-01", "2022-10-08T00:00:00"), ("node:2022-10-16", "2022-10-23T00:00:00")],
    );
}

#[test]
fn a_once_opens_thirty_workdays_before_it_is_due() {
    expect(&rows_of("4.1", "委安委办", "2022-01-01", "2026-12-31"), &[("2022-09-30", "2022-10-01T00:00:00")]);
    let seeds = seeds();
    let rows = due_between(&world(&seeds), day("2022-09-30"), day("2022-09-30"));
    let once = rows.iter().find(|owed| owed.duty.0 == "4.1").unwrap();
    // Twenty workdays in September before the 30th, and the last ten of August.
    assert_eq!(SHANGHAI.local(once.opens_at).to_rfc3339(), "2022-08-18T00:00:00+08:00");
}
