//! What the pictures count. Where the numbers come from is behind [`days`] and [`months`] alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use crate::{
    domain::{
        calendar::Zone,
        light::Light,
        obligation::{Obligation, Phase},
        unit::UnitName,
    },
    store::{Result, Tx, obligations::Filter},
};

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// What a unit owes, alone or with others.
    Unit(String),
    /// What is owed for a duty.
    Duty(String),
}

/// How many obligations ended how. Together they are all that were owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// 按期.
    pub in_time: u64,
    /// 逾期补办.
    pub late: u64,
    /// 逾期.
    pub missed: u64,
    /// 免除等.
    pub waived: u64,
    /// 未到期或待重报.
    pub open: u64,
}

impl Tally {
    /// Counts `n` more of a light.
    pub fn add(&mut self, light: Light, n: u64) {
        *match light {
            Light::Green => &mut self.in_time,
            Light::Orange => &mut self.late,
            Light::Red => &mut self.missed,
            Light::White => &mut self.waived,
            Light::Grey | Light::Yellow => &mut self.open,
        } += n;
    }

    /// With another one's.
    #[must_use]
    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            in_time: self.in_time + other.in_time,
            late: self.late + other.late,
            missed: self.missed + other.missed,
            waived: self.waived + other.waived,
            open: self.open + other.open,
        }
    }

    /// All that were owed.
    pub fn all(self) -> u64 {
        self.in_time + self.late + self.missed + self.waived + self.open
    }

    /// Those that the rate is of: what was let go and what can still be in time say nothing.
    pub fn judged(self) -> u64 {
        self.in_time + self.late + self.missed
    }

    /// The rate on time in percent, rounded down: 100 is all of them.
    pub fn percent(self) -> Option<u64> {
        (self.in_time * 100).checked_div(self.judged())
    }
}

/// What counts: not what has not opened, nor what was taken back.
fn counts(obligation: &Obligation) -> bool {
    !matches!(obligation.phase, Phase::Scheduled | Phase::Withdrawn)
}

/// A subject's obligations by the day of their first deadline.
///
/// # Errors
/// The store could not.
pub async fn days(
    tx: &mut Tx,
    (zone, now): (Zone, DateTime<Utc>),
    subject: &Subject,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<BTreeMap<NaiveDate, Tally>> {
    let filter = match subject {
        Subject::Unit(unit) => Filter { unit: Some(unit.clone()), ..Filter::default() },
        Subject::Duty(duty) => Filter { duty: Some(duty.clone()), ..Filter::default() },
    };
    let mut days: BTreeMap<NaiveDate, Tally> = BTreeMap::new();
    for row in tx.find_obligations(&filter, now, usize::MAX).await? {
        let day = zone.due_day(row.obligation.first_due_at);
        if counts(&row.obligation) && first <= day && day <= last {
            days.entry(day).or_default().add(Light::of(&row.obligation), 1);
        }
    }
    Ok(days)
}

/// A year's obligations by month of their first deadline and by owners.
///
/// # Errors
/// The store could not.
pub async fn months(
    tx: &mut Tx,
    (zone, now): (Zone, DateTime<Utc>),
    year: i32,
) -> Result<BTreeMap<(u32, Vec<UnitName>), Tally>> {
    let mut months: BTreeMap<(u32, Vec<UnitName>), Tally> = BTreeMap::new();
    for row in tx.find_obligations(&Filter::default(), now, usize::MAX).await? {
        let day = zone.due_day(row.obligation.first_due_at);
        if counts(&row.obligation) && day.year() == year {
            let key = (day.month(), row.obligation.owners.clone());
            months.entry(key).or_default().add(Light::of(&row.obligation), 1);
        }
    }
    Ok(months)
}
