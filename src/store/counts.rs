//! What is counted, pure: by which keys, and what a changed row adds to them. [`super::tally`] keeps it.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use crate::domain::duty::DutyId;
use crate::domain::light::Light;
use crate::domain::obligation::Obligation;
use crate::domain::phase::Phase;
use crate::domain::unit::UnitName;

/// Whose obligations are counted by the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// What a unit owes, alone or with others.
    Unit(UnitName),
    /// What is owed for a duty, by all.
    Duty(DutyId),
}

/// So many obligations of one kind, of all months or of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counts {
    /// `2022-10`, the month of the first deadline; empty where months are counted together.
    pub month: String,
    /// What this unit owes, alone or with others; `None` = what all owe, each once.
    pub unit: Option<UnitName>,
    pub duty: DutyId,
    pub phase: Phase,
    pub light: Light,
    pub n: u64,
}

/// So many obligations of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCounts {
    /// The day of the first deadline.
    pub day: NaiveDate,
    pub phase: Phase,
    pub light: Light,
    pub n: u64,
}

/// What is kept of an obligation in other rows than its own: in its owners', in the summaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) owners: Vec<UnitName>,
    pub(super) duty: DutyId,
    pub(super) due_on: NaiveDate,
    pub(super) phase: Phase,
    pub(super) light: Light,
}

impl Kept {
    pub(super) fn of(obligation: &Obligation) -> Kept {
        Kept {
            owners: obligation.owners.clone(),
            duty: obligation.duty.clone(),
            due_on: obligation.due_on,
            phase: obligation.phase,
            light: Light::of(obligation),
        }
    }

    /// Whether nothing more is to be done about it.
    pub(super) fn settled(&self) -> bool {
        !self.phase.is_live() && self.phase != Phase::Scheduled
    }
}

/// Of a unit, or with an empty name of all together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MonthKey {
    pub(super) phase: Phase,
    pub(super) month: String,
    pub(super) unit: String,
    pub(super) duty: String,
    pub(super) light: Light,
}

/// Of a unit (no duty), or of a duty (no unit).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DayKey {
    pub(super) unit: String,
    pub(super) duty: String,
    pub(super) day: NaiveDate,
    pub(super) phase: Phase,
    pub(super) light: Light,
}

/// Both summaries, or what is to be added to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub(super) months: BTreeMap<MonthKey, i64>,
    pub(super) days: BTreeMap<DayKey, i64>,
}

impl Tally {
    /// One obligation is counted as something else, not yet or no more.
    pub(super) fn moved(&mut self, before: &Kept, after: &Kept) {
        for (kept, n) in [(before, -1), (after, 1)] {
            if kept.phase.is_counted() {
                self.add("", kept, n);
                for owner in &kept.owners {
                    self.add(&owner.0, kept, n);
                }
            }
        }
    }

    /// Adds to what is counted of a unit, or of all together.
    pub(super) fn add(&mut self, unit: &str, kept: &Kept, n: i64) {
        let Kept { duty, due_on, phase, light, .. } = kept;
        let month = MonthKey {
            phase: *phase,
            month: month_of(*due_on),
            unit: unit.to_owned(),
            duty: duty.0.clone(),
            light: *light,
        };
        *self.months.entry(month).or_default() += n;
        let duty = if unit.is_empty() { duty.0.clone() } else { String::new() };
        let day = DayKey { unit: unit.to_owned(), duty, day: *due_on, phase: *phase, light: *light };
        *self.days.entry(day).or_default() += n;
    }

    /// Whether it counts nothing, or changes nothing.
    pub fn is_empty(&self) -> bool {
        self.months.values().chain(self.days.values()).all(|n| *n == 0)
    }

    /// Takes out what another one counts.
    pub(super) fn less(mut self, other: &Tally) -> Tally {
        for (key, n) in &other.months {
            *self.months.entry(key.clone()).or_default() -= n;
        }
        for (key, n) in &other.days {
            *self.days.entry(key.clone()).or_default() -= n;
        }
        self
    }
}

/// `2022-10`.
pub fn month_of(day: NaiveDate) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// The summaries, and the same counted anew from the obligations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recount {
    pub kept: Tally,
    pub counted: Tally,
}

impl Recount {
    /// Where the two differ, in words; nowhere unless there is a defect.
    pub fn faults(&self) -> Vec<String> {
        let Tally { months, days } = self.kept.clone().less(&self.counted);
        let months = months.into_iter().filter(|(_, n)| *n != 0).map(|(key, n)| {
            let MonthKey { phase, month, unit, duty, light } = key;
            let whose = if unit.is_empty() { "all" } else { &unit };
            format!("{month} {whose} {duty} {} {}: {n:+}", phase.code(), light.code())
        });
        let days = days.into_iter().filter(|(_, n)| *n != 0).map(|(key, n)| {
            let DayKey { unit, duty, day, phase, light } = key;
            let whose = if unit.is_empty() { format!("duty {duty}") } else { format!("unit {unit}") };
            format!("{day} {whose} {} {}: {n:+}", phase.code(), light.code())
        });
        months.chain(days).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(owners: &[&str], day: u32, phase: Phase, light: Light) -> Kept {
        let owners = owners.iter().map(|name| UnitName((*name).to_owned())).collect();
        let due_on = NaiveDate::from_ymd_opt(2022, 10, day).unwrap_or_default();
        Kept { owners, duty: DutyId("13.2".into()), due_on, phase, light }
    }

    fn not_open(owners: &[&str], day: u32) -> Kept {
        kept(owners, day, Phase::Scheduled, Light::Grey)
    }

    fn months(tally: &Tally) -> Vec<(&str, &str, Phase, Light, i64)> {
        let rows = tally.months.iter().filter(|(_, n)| **n != 0);
        rows.map(|(key, n)| (key.month.as_str(), key.unit.as_str(), key.phase, key.light, *n)).collect()
    }

    fn days(tally: &Tally) -> Vec<(&str, &str, String, Phase, i64)> {
        let rows = tally.days.iter().filter(|(_, n)| **n != 0);
        rows.map(|(key, n)| (key.unit.as_str(), key.duty.as_str(), key.day.to_string(), key.phase, *n)).collect()
    }

    #[test]
    fn what_opens_is_counted_and_what_moves_is_counted_elsewhere() {
        let open = kept(&["质安处"], 31, Phase::Open, Light::Grey);
        let missed = kept(&["质安处"], 31, Phase::Missed, Light::Red);
        let mut tally = Tally::default();
        tally.moved(&not_open(&["质安处"], 31), &open);
        let of = |unit, phase, light, n| ("2022-10", unit, phase, light, n);
        assert_eq!(months(&tally), [of("", Phase::Open, Light::Grey, 1), of("质安处", Phase::Open, Light::Grey, 1)]);
        let mut tally = Tally::default();
        tally.moved(&open, &missed);
        assert_eq!(
            months(&tally),
            [
                of("", Phase::Open, Light::Grey, -1),
                of("质安处", Phase::Open, Light::Grey, -1),
                of("", Phase::Missed, Light::Red, 1),
                of("质安处", Phase::Missed, Light::Red, 1)
            ]
        );
        tally.moved(&missed, &open);
        assert!(tally.is_empty());
    }

    #[test]
    fn a_joint_one_counts_for_each_owner_and_once_for_all() {
        let both = ["质安处", "宣教处"];
        let mut tally = Tally::default();
        tally.moved(&not_open(&both, 8), &kept(&both, 8, Phase::Open, Light::Grey));
        let day = "2022-10-08".to_owned();
        assert_eq!(
            days(&tally),
            [
                ("", "13.2", day.clone(), Phase::Open, 1),
                ("宣教处", "", day.clone(), Phase::Open, 1),
                ("质安处", "", day.clone(), Phase::Open, 1)
            ]
        );
        // One of them leaves it to the other: nothing changes for all together.
        let mut tally = Tally::default();
        tally.moved(&kept(&both, 8, Phase::Open, Light::Grey), &kept(&["宣教处"], 8, Phase::Open, Light::Grey));
        assert_eq!(days(&tally), [("质安处", "", day, Phase::Open, -1)]);
        assert_eq!(months(&tally), [("2022-10", "质安处", Phase::Open, Light::Grey, -1)]);
    }

    #[test]
    fn a_difference_is_told_with_its_sign() {
        let (mut of_rows, mut found) = (Tally::default(), Tally::default());
        let green = kept(&["质安处"], 8, Phase::Done, Light::Green);
        of_rows.moved(&not_open(&["质安处"], 8), &green);
        found.moved(&not_open(&["质安处"], 8), &green);
        assert_eq!(Recount { kept: of_rows.clone(), counted: found.clone() }.faults(), Vec::<String>::new());
        found.moved(&not_open(&["质安处"], 9), &kept(&["质安处"], 9, Phase::Done, Light::Orange));
        assert_eq!(
            Recount { kept: of_rows, counted: found }.faults(),
            [
                "2022-10 all 13.2 done orange: -1",
                "2022-10 质安处 13.2 done orange: -1",
                "2022-10-09 duty 13.2 done orange: -1",
                "2022-10-09 unit 质安处 done orange: -1"
            ]
        );
    }
}
