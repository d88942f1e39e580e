//! 报送: one act, filed once; it may count for several obligations of the unit that files.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

use super::{Actor, Result, gather, refuse, refuse_all};
use crate::domain::counter::{self, Typed};
use crate::domain::duty::{Duty, Quota};
use crate::domain::light::{self, Light};
use crate::domain::phase::Phase;
use crate::domain::quota::{self, Count, Filing, Item};
use crate::domain::refusal::Refusal;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::domain::step::{self, Chased, Context};
use crate::domain::text;
use crate::domain::unit::UnitName;
use crate::engine::known::Rules;
use crate::store::row::Stored;

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 2000;
/// The longest name, in characters.
pub const LONGEST_NAME: usize = 200;
/// The most filings of one obligation, those that were taken back or returned among them: each is read when another comes.
pub const MOST_FILINGS: usize = 500;
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
    /// What was understood of what was typed, in words: 检查企业：A公司、B公司（2家）.
    pub said: Vec<String>,
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

    /// What a submission is for and what it says, out of the obligations at hand and what became of their 催办; or all that
    /// speaks against it.
    pub(super) fn wanted(
        &self,
        new: &NewSubmission,
        rows: &HashMap<i64, Stored>,
        chased: &HashMap<i64, Chased>,
    ) -> Result<Wanted> {
        if new.obligations.is_empty() {
            return refuse(FilingRefusal::ForNothing);
        }
        let wanted = own_rows(new, rows)?;
        let mut duties = Vec::with_capacity(wanted.len());
        for stored in &wanted {
            duties.push(self.rules(stored)?.duty);
        }
        let mut refusals = Vec::new();
        let own = own_duty(&duties);
        if own.is_none() {
            refusals.push(not_linked(&duties).into());
        }
        let acted_on = self.acted_on(new);
        for stored in &wanted {
            let chased = chased.get(&stored.obligation.id).copied().unwrap_or_default();
            gather(&mut refusals, self.check_open(stored, chased, acted_on))?;
        }
        let own = own.unwrap_or_default();
        let has_more = !new.note.trim().is_empty() || !new.files.is_empty();
        let items = gather(&mut refusals, said(&duties, own, &new.items, has_more))?;
        refuse_all(refusals)?;
        let many = wanted.len() > MOST_LINKED + 1;
        let rows = wanted.into_iter().enumerate().map(|(at, stored)| (stored, many && at != own));
        Ok(Wanted { rows: rows.collect(), items: items.unwrap_or_default() })
    }

    /// What was typed, as it would be kept if it were filed for these.
    pub(super) fn settled(&self, new: &NewSubmission, rows: &HashMap<i64, Stored>) -> Result<Vec<Item>> {
        let mut duties = Vec::new();
        for stored in &own_rows(new, rows)? {
            duties.push(self.rules(stored)?.duty);
        }
        let own = own_duty(&duties).unwrap_or_default();
        said(&duties, own, &new.items, true)
    }

    /// The civil day of the act.
    pub(super) fn acted_on(&self, new: &NewSubmission) -> NaiveDate {
        new.acted_on.unwrap_or_else(|| self.known.zone.day_of(self.now))
    }

    fn check_open(&self, stored: &Stored, chased: Chased, acted_on: NaiveDate) -> Result<()> {
        let obligation = &stored.obligation;
        if obligation.opens_at > self.now {
            let opens = self.known.zone.local(obligation.opens_at).naive_local();
            return refuse(FilingRefusal::NotOpenYet { id: obligation.id, opens });
        }
        let rules = self.rules(stored)?;
        // Making good ends at an instant, whether or not a pass has noticed.
        let lapsed = obligation.phase == Phase::Lapsed || self.making_good_ended(stored, &rules, chased);
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

    fn making_good_ended(&self, stored: &Stored, rules: &Rules<'_>, chased: Chased) -> bool {
        let world = self.known.world(rules.catalogue);
        let context = Context { chased, ..rules.context(&world) };
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

/// What is filed for, each once, in the order in which it is named.
fn own_rows(new: &NewSubmission, rows: &HashMap<i64, Stored>) -> Result<Vec<Stored>> {
    let mut wanted: Vec<Stored> = Vec::with_capacity(new.obligations.len());
    for id in &new.obligations {
        // Another unit's and one that does not exist look the same.
        let own = rows.get(id).filter(|row| row.obligation.owners.contains(&new.unit));
        let Some(stored) = own else {
            return refuse(NoSuch::NoOwnObligation { id: *id, unit: new.unit.clone() });
        };
        if wanted.iter().all(|row| row.obligation.id != *id) {
            wanted.push(stored.clone());
        }
    }
    Ok(wanted)
}

/// What a submission is for, and what it says, once every rule has taken it.
pub(super) struct Wanted {
    /// And whether it closes it only once it is reviewed.
    pub rows: Vec<(Stored, bool)>,
    pub items: Vec<Item>,
}

/// An act that counts for more linked duties than these is looked at before they close.
pub const MOST_LINKED: usize = 3;

/// Which of these duties the act is for: the first that is linked with all the others. `None` = none is.
pub(super) fn own_duty(duties: &[&Duty]) -> Option<usize> {
    let links_all = |own: &usize| {
        let links = |(at, duty): (usize, &&Duty)| at == *own || duties[*own].also_counts_for.contains(&duty.id);
        duties.iter().enumerate().all(links)
    };
    let each_once = duties.iter().map(|duty| &duty.id).collect::<BTreeSet<_>>().len() == duties.len();
    (0..duties.len()).filter(|_| each_once).find(links_all)
}

fn not_linked(duties: &[&Duty]) -> FilingRefusal {
    let mut seen = BTreeSet::new();
    if let Some(twice) = duties.iter().find(|duty| !seen.insert(&duty.id)) {
        return FilingRefusal::OneDutyTwice { duty: twice.id.0.clone() };
    }
    let own = duties.first();
    let linked = own.map(|own| own.also_counts_for.as_slice()).unwrap_or_default();
    let others = duties.iter().skip(1).filter(|duty| !linked.contains(&duty.id));
    FilingRefusal::NotLinked {
        duty: own.map(|own| own.id.0.clone()).unwrap_or_default(),
        others: others.map(|duty| duty.id.0.clone()).collect(),
        linked: linked.iter().map(|id| id.0.clone()).collect(),
    }
}

/// What was typed for these duties, as it is kept. `has_more` = there is a sentence or a file beside it.
///
/// # Errors
/// Something cannot be read, or nothing at all is said.
pub(super) fn said(duties: &[&Duty], own: usize, typed: &[Item], has_more: bool) -> Result<Vec<Item>> {
    let quotas: Vec<&Quota> = duties.iter().flat_map(|duty| &duty.quotas).collect();
    let mut items = counter::settle(&quotas, typed)
        .map_err(|faults| faults.into_iter().map(|fault| FilingRefusal::from(fault).into()).collect())
        .or_else(|faults| refuse_all(faults).map(|()| Vec::new()))?;
    let all_count = duties.iter().all(|duty| !duty.quotas.is_empty());
    // 无 answers what is counted, and is nothing that was done.
    let counted = items.iter().any(|item| !counts_nothing(&quotas, item));
    // Where an answer is all that is wanted, the filing is that answer.
    let answers = duties.iter().all(|duty| duty.answer_suffices);
    if !(has_more || counted || answers || (all_count && !items.is_empty())) {
        return refuse(FilingRefusal::SaysNothing);
    }
    if items.len() > MOST_ITEMS {
        return refuse(FilingRefusal::TooManyItems(MOST_ITEMS));
    }
    if items.is_empty() && duties.len() > 1 {
        // Where one act is wanted, a filing that names nothing is that act, but of its own duty alone.
        for (at, duty) in duties.iter().enumerate() {
            let one = duty.quotas.iter().filter(|quota| quota.wants_one_act());
            let value = if at == own { "1" } else { "0" };
            items.extend(one.map(|quota| Item { counter: quota.counter.clone(), value: value.to_owned() }));
        }
    }
    Ok(items)
}

fn counts_nothing(quotas: &[&Quota], item: &Item) -> bool {
    let quota = quotas.iter().find(|quota| quota.counter == item.counter);
    quota.is_none_or(|quota| match counter::read(quota, &item.value) {
        Ok(Typed::Number(number)) => number == 0,
        Ok(Typed::Names(_)) => false,
        Ok(Typed::Nothing) | Err(_) => true,
    })
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
        for name in counter::parts(&item.value) {
            check(Field::Name, &name, LONGEST_NAME, false);
        }
        check(Field::Counter, &item.counter, LONGEST_NAME, false);
    }
    for (_, name, _) in &new.files {
        check(Field::FileName, name, LONGEST_NAME, false);
    }
    if new.items.len() > MOST_ITEMS {
        faults.push(FilingRefusal::TooManyItems(MOST_ITEMS).into());
    }
    refuse_all(faults)
}
