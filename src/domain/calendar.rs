//! The statutory calendar: which days are worked, and on whose word. And the one zone in which local time is read.
//!
//! A year without a published notice is *not published*, which is not the same as *no holidays*.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

/// What a listed day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// A day off.
    Holiday,
    /// 调休: a weekend day that is worked.
    MakeupWorkday,
}

/// On whose word a listed day stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayStatus {
    /// The State Council's notice.
    Notice,
    /// 暂定: computed, no notice yet.
    Provisional,
}

/// A listed day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDay {
    /// `国庆节`; of a make-up workday, the holiday it pays for.
    pub name: String,
    /// Off or worked.
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
    /// By date.
    pub listed: BTreeMap<NaiveDate, ListedDay>,
}

/// The one zone in which local time is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(pub chrono_tz::Tz);

impl Zone {
    /// The instant of a local time. A time that a clock change skips gives the first instant after the gap; one that
    /// comes twice gives the first.
    pub fn at(self, _day: NaiveDate, _time: NaiveTime) -> DateTime<Utc> {
        todo!()
    }

    /// 24:00 of a day: the first instant of the next one.
    pub fn end_of(self, _day: NaiveDate) -> DateTime<Utc> {
        todo!()
    }

    /// The civil day of an instant.
    pub fn day_of(self, _instant: DateTime<Utc>) -> NaiveDate {
        todo!()
    }

    /// The civil day of an instant less one second: the day people mean by a deadline of 24:00.
    pub fn due_day(self, _due: DateTime<Utc>) -> NaiveDate {
        todo!()
    }
}

impl Calendar {
    /// Whether the day is worked.
    pub fn is_workday(&self, _day: NaiveDate) -> bool {
        todo!()
    }

    /// What is known of the year.
    pub fn year(&self, _year: i32) -> YearStatus {
        todo!()
    }

    /// The first workday on or after `day`.
    pub fn workday_from(&self, _day: NaiveDate) -> NaiveDate {
        todo!()
    }

    /// The last workday on or before `day`.
    pub fn workday_until(&self, _day: NaiveDate) -> NaiveDate {
        todo!()
    }

    /// The `n`th workday strictly after `day` (n ≥ 1).
    pub fn workdays_after(&self, _day: NaiveDate, _n: u32) -> NaiveDate {
        todo!()
    }

    /// The `n`th workday strictly before `day` (n ≥ 1).
    pub fn workdays_before(&self, _day: NaiveDate, _n: u32) -> NaiveDate {
        todo!()
    }
}
