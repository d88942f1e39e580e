//! What the pictures count, from the summaries that the store keeps: a picture costs what it shows.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::light::Light;
use crate::domain::unit::UnitName;
use crate::store::counts::Whose;
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
    /// 未到期或待重报.
    pub open: u64,
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

/// A subject's obligations by the day of their first deadline.
pub async fn days(
    tx: &mut Tx,
    subject: &Whose,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<BTreeMap<NaiveDate, Ends>> {
    let mut days: BTreeMap<NaiveDate, Ends> = BTreeMap::new();
    for counted in tx.days(subject, first, last).await? {
        days.entry(counted.day).or_default().add(counted.light, counted.n);
    }
    Ok(days)
}

/// Obligations by month of their first deadline (`2022-10`): each unit's, and with no name what all owe together.
pub type Months = BTreeMap<(String, Option<UnitName>), Ends>;

pub async fn months(tx: &mut Tx, first: NaiveDate, last: NaiveDate) -> Result<Months> {
    let mut months = Months::new();
    for counted in tx.months(first, last).await? {
        months.entry((counted.month, counted.unit)).or_default().add(counted.light, counted.n);
    }
    Ok(months)
}
