//! What the pictures count, from the summaries that the store keeps: a picture costs what it shows.
//!
//! A rate is of what is due by now: what was filed ahead of its deadline waits for it as what is open does.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::light::Light;
use crate::domain::unit::UnitName;
use crate::store::counts::{Whose, month_of};
use crate::store::{Result, Tx};

/// How many obligations ended how. Together they are all that were owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    /// 按期.
    pub in_time: u64,
    /// 逾期补办.
    pub late: u64,
    /// 逾期.
    pub missed: u64,
    /// 免除等.
    pub waived: u64,
    /// 未到期或待重报, with what was filed ahead.
    pub open: u64,
    /// Of the open, those filed in time and not due yet.
    pub ahead: u64,
}

impl Ends {
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

    #[must_use]
    pub fn plus(self, other: Ends) -> Ends {
        Ends {
            in_time: self.in_time + other.in_time,
            late: self.late + other.late,
            missed: self.missed + other.missed,
            waived: self.waived + other.waived,
            open: self.open + other.open,
            ahead: self.ahead + other.ahead,
        }
    }

    /// One of those in time is not due yet.
    fn is_ahead(&mut self) {
        if let Some(rest) = self.in_time.checked_sub(1) {
            self.in_time = rest;
            self.open += 1;
            self.ahead += 1;
        }
    }

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

/// Up to when things are due by now.
#[derive(Debug, Clone, Copy)]
pub struct Until {
    pub today: NaiveDate,
    pub now: DateTime<Utc>,
}

/// A subject's obligations by the day of their first deadline.
pub async fn days(
    tx: &mut Tx,
    subject: &Whose,
    first: NaiveDate,
    last: NaiveDate,
    until: Until,
) -> Result<BTreeMap<NaiveDate, Ends>> {
    let mut days: BTreeMap<NaiveDate, Ends> = BTreeMap::new();
    for counted in tx.days(subject, first, last).await? {
        days.entry(counted.day).or_default().add(counted.light, counted.n);
    }
    for row in tx.filed_ahead(until.today, until.now).await? {
        let of = match subject {
            Whose::Unit(unit) => row.owners.contains(unit),
            Whose::Duty(duty) => row.duty == *duty,
        };
        if let Some(ends) = days.get_mut(&row.due_on).filter(|_| of) {
            ends.is_ahead();
        }
    }
    Ok(days)
}

/// Obligations by month of their first deadline (`2022-10`): each unit's, and with no name what all owe together.
pub type Months = BTreeMap<(String, Option<UnitName>), Ends>;

pub async fn months(tx: &mut Tx, first: NaiveDate, last: NaiveDate, until: Until) -> Result<Months> {
    let mut months = Months::new();
    for counted in tx.months(first, last).await? {
        months.entry((counted.month, counted.unit)).or_default().add(counted.light, counted.n);
    }
    for row in tx.filed_ahead(until.today, until.now).await? {
        let month = month_of(row.due_on);
        for unit in row.owners.into_iter().map(Some).chain([None]) {
            if let Some(ends) = months.get_mut(&(month.clone(), unit)) {
                ends.is_ahead();
            }
        }
    }
    Ok(months)
}
