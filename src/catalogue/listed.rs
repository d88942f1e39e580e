//! The days that a calendar file or a notice lists, and what they speak for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::diagnostic::Report;
use super::mistake::naming::NamingFault;
use super::mistake::words::shown;
use crate::domain::calendar::{Calendar, ListedDay, notice_year};

/// The listed days of a file, and the years whose notices it speaks for: what was listed for them gives way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedDays {
    /// The years; a day of 元旦 in December is the next year's.
    pub years: BTreeSet<i32>,
    pub days: BTreeMap<NaiveDate, ListedDay>,
    /// The holidays for which alone it speaks; `None` = for all of its years.
    pub only: Option<Vec<String>>,
}

impl ListedDays {
    /// The calendar with these days: all that was listed for what they speak for gives way to them.
    pub fn over(&self, before: &Calendar) -> Calendar {
        let mut after = before.clone();
        let stays = |name: &str| self.only.as_ref().is_some_and(|only| !only.iter().any(|holiday| name == holiday));
        after.listed.retain(|date, day| !self.years.contains(&notice_year(*date, &day.name)) || stays(&day.name));
        after.listed.extend(self.days.clone());
        after
    }
}

/// Lists a day, once.
pub(super) fn add(report: &mut Report<'_>, listed: &mut ListedDays, at: usize, date: NaiveDate, day: ListedDay) {
    listed.years.insert(notice_year(date, &day.name));
    if let Some(before) = listed.days.insert(date, day) {
        report.at(at, NamingFault::DayGivenTwice { day: date, before: shown(before.name) });
    }
}
