//! 报送: one act, filed once; it may count for several obligations of the unit that files.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use super::{Actor, Result, refuse};
use crate::domain::light::{self, Light};
use crate::domain::phase::Phase;
use crate::domain::quota::{self, Count, Filing, Item};
use crate::domain::refusal::Refusal;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::domain::unit::UnitName;
use crate::domain::{step, text};
use crate::engine::known::Rules;
use crate::store::row::Stored;

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 2000;
/// The longest name, in characters.
pub const LONGEST_NAME: usize = 200;
/// The most items of one submission.
pub const MOST_ITEMS: usize = 200;

#[derive(Debug, Clone)]
pub struct NewSubmission {
    /// A receipt number of the sender's own; filing under it again changes nothing.
    pub receipt: Option<String>,
    pub unit: UnitName,
    /// What it counts for; at least one.
    pub obligations: Vec<i64>,
    /// The civil day of the act; `None` = today.
    pub acted_on: Option<NaiveDate>,
    pub items: Vec<Item>,
    pub note: String,
    /// Files that are on disk already: hash, name, bytes.
    pub files: Vec<(String, String, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub number: String,
    /// Whether this number had been filed before.
    pub repeated: bool,
    pub obligations: Vec<Stands>,
}

/// How an obligation stands after a filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    pub id: i64,
    pub duty: String,
    pub period: String,
    pub light: Light,
    pub word: &'static str,
    pub counts: Vec<Count>,
}

impl Actor<'_> {
    /// Refuses what may not be filed whatever it is for.
    pub(super) fn check_submission(&self, new: &NewSubmission) -> Result<()> {
        self.check_post()?;
        if !self.acts_for(&new.unit) {
            return refuse(NoSuch::NothingOfUnit(self.by.unit.clone()));
        }
        check_texts(new)?;
        new.receipt.as_deref().map_or(Ok(()), crate::acts::check_id)?;
        let acted_on = self.acted_on(new);
        if acted_on > self.known.zone.day_of(self.now) {
            return refuse(FilingRefusal::ActedInTheFuture(acted_on));
        }
        Ok(())
    }

    /// The obligations a submission is for, each of which must be open to it, out of those at hand.
    pub(super) fn wanted(&self, new: &NewSubmission, rows: &HashMap<i64, Stored>) -> Result<Vec<Stored>> {
        if new.obligations.is_empty() {
            return refuse(FilingRefusal::ForNothing);
        }
        let acted_on = self.acted_on(new);
        let mut wanted = BTreeMap::new();
        let mut counters: Vec<String> = Vec::new();
        for id in &new.obligations {
            // Another unit's and one that does not exist look the same.
            let own = rows.get(id).filter(|row| row.obligation.owners.contains(&new.unit));
            let Some(stored) = own else {
                return refuse(NoSuch::NoOwnObligation { id: *id, unit: new.unit.clone() });
            };
            self.check_open(stored, acted_on)?;
            counters.extend(self.rules(stored)?.duty.quotas.iter().map(|quota| quota.counter.clone()));
            wanted.insert(*id, stored.clone());
        }
        check_counters(&new.items, &counters)?;
        Ok(wanted.into_values().collect())
    }

    /// The civil day of the act.
    pub(super) fn acted_on(&self, new: &NewSubmission) -> NaiveDate {
        new.acted_on.unwrap_or_else(|| self.known.zone.day_of(self.now))
    }

    fn check_open(&self, stored: &Stored, acted_on: NaiveDate) -> Result<()> {
        let obligation = &stored.obligation;
        if obligation.opens_at > self.now {
            let opens = self.known.zone.local(obligation.opens_at).naive_local();
            return refuse(FilingRefusal::NotOpenYet { id: obligation.id, opens });
        }
        let rules = self.rules(stored)?;
        // Making good ends at an instant, whether or not a pass has noticed.
        let lapsed = obligation.phase == Phase::Lapsed || self.making_good_ended(stored, &rules);
        match obligation.phase {
            _ if lapsed => return refuse(FilingRefusal::NoLongerMadeGood(obligation.id)),
            phase @ (Phase::Waived | Phase::Withdrawn | Phase::Upheld) => {
                let light = Light::of(obligation);
                return refuse(FilingRefusal::NothingToFile { id: obligation.id, light, phase });
            }
            Phase::Done if obligation.accepted_at.is_some() => {
                return refuse(FilingRefusal::AcceptedIsNotFiledAgain(obligation.id));
            }
            _ => {}
        }
        match self.known.window(obligation, &rules).objection(acted_on) {
            Some(untimely) => refuse(FilingRefusal::from(untimely)),
            None => Ok(()),
        }
    }

    fn making_good_ended(&self, stored: &Stored, rules: &Rules<'_>) -> bool {
        let world = self.known.world(rules.catalogue);
        let context =
            step::Context { duty: rules.duty, ladder: rules.ladder, world: &world, series: &[], reminder_taken: false };
        let owed = stored.obligation.phase.is_owed() || stored.obligation.phase == Phase::Scheduled;
        owed && step::lapse_at(&stored.obligation, &context).is_some_and(|lapse| lapse <= self.now)
    }

    /// How an obligation stands with these filings of it.
    pub(super) fn stands(&self, stored: &Stored, filings: &[Filing]) -> Result<Stands> {
        let filings: Vec<&Filing> = filings.iter().collect();
        let obligation = &stored.obligation;
        Ok(Stands {
            id: obligation.id,
            duty: obligation.duty.0.clone(),
            period: obligation.period.clone(),
            light: Light::of(obligation),
            word: light::word(obligation),
            counts: quota::count(&self.rules(stored)?.duty.quotas, &filings),
        })
    }
}

/// Refuses items that none of the quotas counts.
///
/// # Errors
/// One names no counter.
pub fn check_counters(items: &[Item], counters: &[String]) -> Result<()> {
    let Some(item) = items.iter().find(|item| !counters.contains(&item.counter)) else { return Ok(()) };
    refuse(FilingRefusal::UnknownCounter { counter: item.counter.clone(), known: counters.to_vec() })
}

/// Refuses what no submission may hold, naming each.
///
/// # Errors
/// A text is too long or holds a character that may not stand in it.
pub fn check_texts(new: &NewSubmission) -> Result<()> {
    let mut faults: Vec<Refusal> = Vec::new();
    let mut check = |field: Field, value: &str, longest: usize, lines: bool| {
        if value.chars().count() > longest {
            faults.push((field, FieldRefusal::TooLong(longest)).into());
        }
        let shown = if lines { value.replace(['\n', '\r', '\t'], " ") } else { value.to_owned() };
        if let Some((_, c, _)) = text::first_forbidden(&shown) {
            faults.push((field, FieldRefusal::ForbiddenCharacter(c)).into());
        }
    };
    check(Field::Note, &new.note, LONGEST_NOTE, true);
    for item in &new.items {
        check(Field::Name, &item.value, LONGEST_NAME, false);
        check(Field::Counter, &item.counter, LONGEST_NAME, false);
    }
    for (_, name, _) in &new.files {
        check(Field::FileName, name, LONGEST_NAME, false);
    }
    if let Some(item) = new.items.iter().find(|item| text::fold(&item.value).is_empty()) {
        faults.push(FilingRefusal::ItemWithoutValue { counter: item.counter.clone() }.into());
    }
    if new.items.len() > MOST_ITEMS {
        faults.push(FilingRefusal::TooManyItems(MOST_ITEMS).into());
    }
    match faults.len() {
        0 => Ok(()),
        1 => refuse(faults.remove(0)),
        _ => refuse(Refusal::Several(faults)),
    }
}
