//! What is counted, pure: by which keys, and what a changed row adds to them. [`super::tally`] keeps it.

use std::{collections::BTreeMap, fmt};

use chrono::{Datelike, NaiveDate};

use crate::domain::{duty::DutyId, light::Light, obligation::Obligation, phase::Phase, unit::UnitName};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// What a unit owes, alone or with others.
    Unit(UnitName),
    /// What is owed for a duty, by all.
    Duty(DutyId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Unit(unit) => write!(f, "unit:{unit}"),
            Subject::Duty(duty) => write!(f, "duty:{duty}"),
        }
    }
}

/// So many obligations of one kind, of all months or of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counts {
    /// `2022-10`, the month of the first deadline; empty where months are counted together.
    pub month: String,
    /// Who owes them: one unit, or all owners of joint ones.
    pub owners: Vec<UnitName>,
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

/// What an obligation is counted as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) owners: String,
    pub(super) duty: String,
    pub(super) due_on: NaiveDate,
    pub(super) phase: Phase,
    pub(super) light: Light,
}

impl Counted {
    /// `None` where it is not counted.
    pub(super) fn of(obligation: &Obligation) -> Option<Counted> {
        obligation.phase.is_counted().then(|| Counted {
            owners: join_owners(&obligation.owners),
            duty: obligation.duty.0.clone(),
            due_on: obligation.due_on,
            phase: obligation.phase,
            light: Light::of(obligation),
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MonthKey {
    pub(super) phase: Phase,
    pub(super) month: String,
    pub(super) owners: String,
    pub(super) duty: String,
    pub(super) light: Light,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DayKey {
    pub(super) subject: String,
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
    pub(super) fn moved(&mut self, before: Option<&Counted>, after: Option<&Counted>) {
        if let Some(before) = before {
            self.add(before, -1);
        }
        if let Some(after) = after {
            self.add(after, 1);
        }
    }

    pub(super) fn add(&mut self, counted: &Counted, n: i64) {
        let Counted { owners, duty, due_on, phase, light } = counted;
        let month = MonthKey {
            phase: *phase,
            month: month_of(*due_on),
            owners: owners.clone(),
            duty: duty.clone(),
            light: *light,
        };
        *self.months.entry(month).or_default() += n;
        let units = owners.split(';').map(|owner| Subject::Unit(UnitName(owner.to_owned())));
        for subject in units.chain([Subject::Duty(DutyId(duty.clone()))]) {
            let day = DayKey { subject: subject.to_string(), day: *due_on, phase: *phase, light: *light };
            *self.days.entry(day).or_default() += n;
        }
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
pub(super) fn month_of(day: NaiveDate) -> String {
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
            let MonthKey { phase, month, owners, duty, light } = key;
            format!("{month} {owners} {duty} {} {}: {n:+}", phase.code(), light.code())
        });
        let days = days.into_iter().filter(|(_, n)| *n != 0).map(|(key, n)| {
            let DayKey { subject, day, phase, light } = key;
            format!("{day} {subject} {} {}: {n:+}", phase.code(), light.code())
        });
        months.chain(days).collect()
    }
}

/// Owners as one text, in the document's order.
pub fn join_owners(owners: &[UnitName]) -> String {
    owners.iter().map(|owner| owner.0.as_str()).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(owners: &str, day: u32, phase: Phase, light: Light) -> Counted {
        let due_on = NaiveDate::from_ymd_opt(2022, 10, day).unwrap_or_default();
        Counted { owners: owners.into(), duty: "13.2".into(), due_on, phase, light }
    }

    fn months(tally: &Tally) -> Vec<(&str, &str, Phase, Light, i64)> {
        let rows = tally.months.iter().filter(|(_, n)| **n != 0);
        rows.map(|(key, n)| (key.month.as_str(), key.owners.as_str(), key.phase, key.light, *n)).collect()
    }

    fn days(tally: &Tally) -> Vec<(&str, String, Phase, i64)> {
        let rows = tally.days.iter().filter(|(_, n)| **n != 0);
        rows.map(|(key, n)| (key.subject.as_str(), key.day.to_string(), key.phase, *n)).collect()
    }

    #[test]
    fn what_opens_is_counted_and_what_moves_is_counted_elsewhere() {
        let open = counted("质安处", 31, Phase::Open, Light::Grey);
        let missed = counted("质安处", 31, Phase::Missed, Light::Red);
        let mut tally = Tally::default();
        tally.moved(None, Some(&open));
        assert_eq!(months(&tally), [("2022-10", "质安处", Phase::Open, Light::Grey, 1)]);
        let mut tally = Tally::default();
        tally.moved(Some(&open), Some(&missed));
        assert_eq!(
            months(&tally),
            [("2022-10", "质安处", Phase::Open, Light::Grey, -1), ("2022-10", "质安处", Phase::Missed, Light::Red, 1)]
        );
        tally.moved(Some(&missed), Some(&open));
        assert!(tally.is_empty());
    }

    #[test]
    fn a_joint_one_counts_for_each_owner_and_once_for_its_duty() {
        let mut tally = Tally::default();
        tally.moved(None, Some(&counted("质安处;宣教处", 8, Phase::Open, Light::Grey)));
        let day = "2022-10-08".to_owned();
        assert_eq!(
            days(&tally),
            [
                ("duty:13.2", day.clone(), Phase::Open, 1),
                ("unit:宣教处", day.clone(), Phase::Open, 1),
                ("unit:质安处", day, Phase::Open, 1)
            ]
        );
        // One of them leaves it to the other.
        let (both, one) = ("质安处;宣教处", "宣教处");
        let of = |owners| counted(owners, 8, Phase::Open, Light::Grey);
        let mut tally = Tally::default();
        tally.moved(Some(&of(both)), Some(&of(one)));
        assert_eq!(days(&tally), [("unit:质安处", "2022-10-08".to_owned(), Phase::Open, -1)]);
        assert_eq!(months(&tally).len(), 2);
    }

    #[test]
    fn a_difference_is_told_with_its_sign() {
        let (mut kept, mut found) = (Tally::default(), Tally::default());
        kept.moved(None, Some(&counted("质安处", 8, Phase::Done, Light::Green)));
        found.moved(None, Some(&counted("质安处", 8, Phase::Done, Light::Green)));
        assert_eq!(Recount { kept: kept.clone(), counted: found.clone() }.faults(), Vec::<String>::new());
        found.moved(None, Some(&counted("质安处", 9, Phase::Done, Light::Orange)));
        let faults = Recount { kept, counted: found }.faults();
        assert_eq!(
            faults,
            [
                "2022-10 质安处 13.2 done orange: -1",
                "2022-10-09 duty:13.2 done orange: -1",
                "2022-10-09 unit:质安处 done orange: -1"
            ]
        );
    }
}
