//! The statutory calendar: which days are worked, and on whose word. And the one zone in which local time is read.
//!
//! A year without a published notice is *not published*, which is not the same as *no holidays*.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::code::coded;

coded!(DayKind, DayStatus);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum DayKind {
    Holiday,
    /// 调休: a weekend day that is worked.
    MakeupWorkday,
}

/// On whose word a listed day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum DayStatus {
    Notice,
    /// 暂定: computed, no notice yet.
    Provisional,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDay {
    /// `国庆节`; of a make-up workday, the holiday it pays for.
    pub name: String,
    pub kind: DayKind,
    /// Published or computed.
    pub status: DayStatus,
}

/// What is known of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YearStatus {
    /// Listed days, all from a notice.
    Published,
    /// Some listed day is computed.
    Provisional,
    /// Nothing listed: only the weekend rule.
    NotPublished,
}

/// The statutory calendar: listed days over the weekend rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calendar {
    pub listed: BTreeMap<NaiveDate, ListedDay>,
}

/// Why a day is worked or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayReason<'a> {
    /// Monday to Friday, not listed.
    Weekday,
    /// Saturday or Sunday, not listed.
    Weekend,
    Holiday(&'a ListedDay),
    Makeup(&'a ListedDay),
}

impl DayReason<'_> {
    pub fn is_workday(self) -> bool {
        matches!(self, DayReason::Weekday | DayReason::Makeup(_))
    }
}

/// An unbroken run of listed days off, whatever their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolidayRun {
    /// The names, in the order of their days: `国庆节、中秋节`.
    pub name: String,
    pub first: NaiveDate,
    pub last: NaiveDate,
}

/// The one zone in which local time is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub chrono_tz::Tz);

impl Zone {
    /// The instant of a local time. A time that a clock change skips gives the first instant after the gap; one that
    /// comes twice gives the first.
    pub fn at(self, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let local = day.and_time(time);
        match self.0.from_local_datetime(&local) {
            LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => found.with_timezone(&Utc),
            LocalResult::None => self.after_gap(local),
        }
    }

    /// The first instant whose local time is past `local`, which a clock change skips. Every zone stays within 16 hours
    /// of UTC, so the change lies within 16 hours of `local` read as UTC.
    fn after_gap(self, local: chrono::NaiveDateTime) -> DateTime<Utc> {
        const REACH: i64 = 16 * 3600;
        let middle = local.and_utc();
        let (mut before, mut after) = (-REACH, REACH);
        while after - before > 1 {
            let probe = before + (after - before) / 2;
            if (middle + TimeDelta::seconds(probe)).with_timezone(&self.0).naive_local() < local {
                before = probe;
            } else {
                after = probe;
            }
        }
        middle + TimeDelta::seconds(after)
    }

    /// 00:00 of a day: its first instant.
    pub fn start_of(self, day: NaiveDate) -> DateTime<Utc> {
        self.at(day, NaiveTime::MIN)
    }

    /// 24:00 of a day: the first instant of the next one.
    pub fn end_of(self, day: NaiveDate) -> DateTime<Utc> {
        self.start_of(day.succ_opt().unwrap_or(day))
    }

    /// The civil day of an instant.
    pub fn day_of(self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.0).date_naive()
    }

    /// The civil day of an instant less one second: the day people mean by a deadline of 24:00.
    pub fn due_day(self, due: DateTime<Utc>) -> NaiveDate {
        self.day_of(due - TimeDelta::seconds(1))
    }

    /// The instant in local time, for exports and for people.
    pub fn local(self, instant: DateTime<Utc>) -> DateTime<chrono_tz::Tz> {
        instant.with_timezone(&self.0)
    }
}

/// The day after; the last day of all is its own.
fn next(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(NaiveDate::MAX)
}

/// The day before; the first day of all is its own.
fn previous(day: NaiveDate) -> NaiveDate {
    day.pred_opt().unwrap_or(NaiveDate::MIN)
}

impl Calendar {
    /// Why the day is worked or not.
    pub fn day(&self, day: NaiveDate) -> DayReason<'_> {
        match self.listed.get(&day) {
            Some(listed) if listed.kind == DayKind::Holiday => DayReason::Holiday(listed),
            Some(listed) => DayReason::Makeup(listed),
            None if matches!(day.weekday(), Weekday::Sat | Weekday::Sun) => DayReason::Weekend,
            None => DayReason::Weekday,
        }
    }

    pub fn is_workday(&self, day: NaiveDate) -> bool {
        self.day(day).is_workday()
    }

    pub fn year(&self, year: i32) -> YearStatus {
        let (Some(first), Some(last)) =
            (NaiveDate::from_ymd_opt(year.saturating_sub(1), 12, 1), NaiveDate::from_ymd_opt(year, 12, 31))
        else {
            return YearStatus::NotPublished;
        };
        let mut found = YearStatus::NotPublished;
        for (date, listed) in self.listed.range(first..=last) {
            if notice_year(*date, &listed.name) != year {
                continue;
            }
            if listed.status == DayStatus::Provisional {
                return YearStatus::Provisional;
            }
            found = YearStatus::Published;
        }
        found
    }

    /// The first workday on or after `day`.
    pub fn workday_from(&self, day: NaiveDate) -> NaiveDate {
        let mut day = day;
        while !self.is_workday(day) && day < NaiveDate::MAX {
            day = next(day);
        }
        day
    }

    /// The last workday on or before `day`.
    pub fn workday_until(&self, day: NaiveDate) -> NaiveDate {
        let mut day = day;
        while !self.is_workday(day) && day > NaiveDate::MIN {
            day = previous(day);
        }
        day
    }

    /// The `n`th workday strictly after `day` (n ≥ 1).
    pub fn workdays_after(&self, day: NaiveDate, n: u32) -> NaiveDate {
        (0..n).fold(day, |day, _| self.workday_from(next(day)))
    }

    /// The `n`th workday strictly before `day` (n ≥ 1).
    pub fn workdays_before(&self, day: NaiveDate, n: u32) -> NaiveDate {
        (0..n).fold(day, |day, _| self.workday_until(previous(day)))
    }

    /// The last workday of `first..=last`, if there is one.
    pub fn last_workday(&self, first: NaiveDate, last: NaiveDate) -> Option<NaiveDate> {
        let mut day = last;
        while day >= first {
            if self.is_workday(day) {
                return Some(day);
            }
            if day == NaiveDate::MIN {
                break;
            }
            day = previous(day);
        }
        None
    }

    /// The unbroken runs of listed days off, whatever their names: 中秋 and 国庆 of 2025 are one.
    pub fn holiday_runs(&self) -> Vec<HolidayRun> {
        let mut runs: Vec<HolidayRun> = Vec::new();
        for (day, listed) in self.listed.iter().filter(|(_, listed)| listed.kind == DayKind::Holiday) {
            match runs.last_mut().filter(|run| next(run.last) == *day) {
                Some(run) => {
                    run.last = *day;
                    if !run.name.split('、').any(|name| name == listed.name) {
                        run.name = format!("{}、{}", run.name, listed.name);
                    }
                }
                None => runs.push(HolidayRun { name: listed.name.clone(), first: *day, last: *day }),
            }
        }
        runs
    }
}

/// The statutory holidays, by what their names have in common wherever they are written.
pub const STATUTORY: [&str; 7] = ["元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆"];

/// The year whose notice lists the day: the days of 元旦 in December stand in the next year's.
pub fn notice_year(date: NaiveDate, name: &str) -> i32 {
    if date.month() == 12 && name.contains("元旦") { date.year() + 1 } else { date.year() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn calendar(days: &[(&str, &str, DayKind)]) -> Calendar {
        let listed = days.iter().map(|(date, name, kind)| {
            (day(date), ListedDay { name: (*name).into(), kind: *kind, status: DayStatus::Notice })
        });
        Calendar { listed: listed.collect() }
    }

    fn zone(name: &str) -> Zone {
        Zone(name.parse().unwrap())
    }

    fn time(text: &str) -> NaiveTime {
        NaiveTime::parse_from_str(text, "%H:%M").unwrap()
    }

    #[test]
    fn a_skipped_time_is_the_first_instant_after_the_gap() {
        let at = zone("America/New_York").at(day("2024-03-10"), time("02:30"));
        assert_eq!(at.to_rfc3339(), "2024-03-10T07:00:00+00:00");
        let half_hour = zone("Australia/Lord_Howe").at(day("2024-10-06"), time("02:10"));
        assert_eq!(half_hour.to_rfc3339(), "2024-10-05T15:30:00+00:00");
    }

    #[test]
    fn a_doubled_time_is_the_first_of_the_two() {
        let at = zone("America/New_York").at(day("2024-11-03"), time("01:30"));
        assert_eq!(at.to_rfc3339(), "2024-11-03T05:30:00+00:00");
    }

    #[test]
    fn a_day_that_never_was_has_no_length() {
        let apia = zone("Pacific/Apia");
        assert_eq!(apia.start_of(day("2011-12-30")), apia.end_of(day("2011-12-30")));
        assert_eq!(apia.end_of(day("2011-12-29")).to_rfc3339(), "2011-12-30T10:00:00+00:00");
        assert_eq!(apia.due_day(apia.end_of(day("2011-12-30"))), day("2011-12-29"));
    }

    #[test]
    fn the_last_second_of_a_day_is_its_due_day() {
        let zone = zone("Asia/Shanghai");
        let due = zone.end_of(day("2022-12-31"));
        assert_eq!(due.to_rfc3339(), "2022-12-31T16:00:00+00:00");
        assert_eq!((zone.day_of(due), zone.due_day(due)), (day("2023-01-01"), day("2022-12-31")));
    }

    #[test]
    fn workdays_follow_the_list_and_then_the_weekend() {
        let calendar = calendar(&[
            ("2022-10-07", "国庆节", DayKind::Holiday),
            ("2022-10-08", "国庆节", DayKind::MakeupWorkday),
            ("2022-10-09", "国庆节", DayKind::MakeupWorkday),
        ]);
        assert_eq!(calendar.day(day("2022-10-06")), DayReason::Weekday);
        assert!(matches!(calendar.day(day("2022-10-08")), DayReason::Makeup(listed) if listed.name == "国庆节"));
        assert_eq!(calendar.workday_from(day("2022-10-07")), day("2022-10-08"));
        assert_eq!(calendar.workday_until(day("2022-10-07")), day("2022-10-06"));
        assert_eq!(calendar.workdays_after(day("2022-10-06"), 3), day("2022-10-10"));
        assert_eq!(calendar.workdays_before(day("2022-10-10"), 3), day("2022-10-06"));
        assert_eq!(calendar.last_workday(day("2022-10-01"), day("2022-10-02")), None);
    }

    #[test]
    fn runs_join_holidays_of_different_names() {
        let calendar = calendar(&[
            ("2025-10-05", "国庆节", DayKind::Holiday),
            ("2025-10-06", "中秋节", DayKind::Holiday),
            ("2025-10-07", "国庆节", DayKind::Holiday),
            ("2025-10-11", "国庆节", DayKind::MakeupWorkday),
            ("2025-10-13", "某节", DayKind::Holiday),
        ]);
        let runs = calendar.holiday_runs();
        assert_eq!(runs.len(), 2);
        assert_eq!(
            runs[0],
            HolidayRun { name: "国庆节、中秋节".into(), first: day("2025-10-05"), last: day("2025-10-07") }
        );
    }

    #[test]
    fn new_years_eve_belongs_to_the_next_years_notice() {
        let calendar = calendar(&[("2022-12-31", "元旦", DayKind::Holiday)]);
        assert_eq!((calendar.year(2022), calendar.year(2023)), (YearStatus::NotPublished, YearStatus::Published));
    }
}
