//! A unit corrects or takes back what it filed, as long as nobody has reviewed it.
//!
//! What came in stays in the log. When it came in stays too, so a correction after the deadline may mend a slip but not
//! make up what was missing at the deadline: that is a filing of its own, and late.

use chrono::NaiveDate;
use serde_json::json;

use super::submit::{NewSubmission, check_texts, own_duty, said};
use super::{Actor, Result, gather, refuse, refuse_all, standing_filings};
use crate::domain::action::Action;
use crate::domain::light::{self, Light};
use crate::domain::phase::Phase;
use crate::domain::quota::{Filing, Item, Standing};
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::domain::unit::UnitName;
use crate::store::Tx;
use crate::store::row::Stored;
use crate::store::submissions::{Counted, Submission};

/// The most corrections of what was filed for an obligation: each stays in the log.
const MOST_CORRECTIONS: i64 = 500;

/// What a correction puts in place of what was filed; `None` = stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correction {
    /// The civil day of the act.
    pub acted_on: Option<NaiveDate>,
    /// What it names: all of it.
    pub items: Option<Vec<Item>>,
    pub note: Option<String>,
}

/// How an obligation would stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterWithdrawal {
    pub light: Light,
    pub word: &'static str,
}

impl Actor<'_> {
    /// Takes a submission back.
    ///
    /// # Errors
    /// There is none, it was reviewed already, or it is another unit's.
    pub async fn withdraw(&self, receipt: &str) -> Result<Vec<Stored>> {
        let mut tx = self.engine.store.write().await?;
        let (submission, rows) = self.unreviewed(&mut tx, receipt).await?;
        if !tx.withdraw_submission(&submission.id, self.now).await? {
            return refuse(FilingRefusal::AlreadyWithdrawn(receipt.to_owned()));
        }
        let detail = json!({ "receipt": receipt });
        let written = self.judge_anew(&mut tx, rows, Action::Withdraw, &detail).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// What would become of each thing that a submission counts for, in the order of numbers, if it were taken back now.
    ///
    /// # Errors
    /// As [`Actor::withdraw`].
    pub async fn after_withdrawal(&self, receipt: &str) -> Result<Vec<AfterWithdrawal>> {
        let mut tx = self.engine.store.read().await?;
        let (_, rows) = self.unreviewed(&mut tx, receipt).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.obligation.id).collect();
        let counted = tx.submissions_for(&ids).await?;
        let mut after = Vec::with_capacity(rows.len());
        for stored in &rows {
            let stays =
                |one: &&Counted| one.obligation == stored.obligation.id && one.stands() && one.submission.id != receipt;
            let filings: Vec<Filing> = counted.iter().filter(stays).map(Counted::filing).collect();
            let next = self.judged(stored, &filings)?;
            let filed_by = self.known.window(&stored.obligation, &self.rules(stored)?).filed_by;
            // The next pass declares what is past its deadline.
            let missed = next.phase == Phase::Open && filed_by <= self.now;
            let (light, phase) = if missed { (Light::Red, Phase::Missed) } else { (Light::of(&next), next.phase) };
            after.push(AfterWithdrawal { light, word: light::word_of(light, phase) });
        }
        Ok(after)
    }

    /// Corrects a submission.
    ///
    /// # Errors
    /// There is none, it was reviewed already, it is another unit's, or the correction may not stand.
    pub async fn correct(&self, receipt: &str, correction: &Correction) -> Result<Vec<Stored>> {
        let mut tx = self.engine.store.write().await?;
        let (before, rows) = self.unreviewed(&mut tx, receipt).await?;
        for stored in &rows {
            if tx.logged_times(stored.obligation.id, Action::Correct).await? >= MOST_CORRECTIONS {
                let most = usize::try_from(MOST_CORRECTIONS).unwrap_or_default();
                return refuse(FilingRefusal::CorrectedTooOften { most });
            }
        }
        let acted_on = correction.acted_on.unwrap_or(before.acted_on);
        let note = correction.note.clone().unwrap_or_else(|| before.note.clone());
        let has_files = tx.evidence_of(receipt).await?.iter().any(|file| file.erased_at.is_none());
        let new = NewSubmission {
            receipt: None,
            unit: UnitName(before.unit.clone()),
            obligations: Vec::new(),
            acted_on: Some(acted_on),
            items: correction.items.clone().unwrap_or_default(),
            note,
            files: Vec::new(),
        };
        // What is not corrected is not read anew: it may be older than what is asked of it now.
        let kept = correction.items.is_none() && (correction.note.is_none() || !before.items.is_empty());
        let read = self.check_correction(&new, &rows, has_files || kept)?;
        let items = if correction.items.is_some() { read } else { before.items.clone() };
        let note = new.note;
        let mut standings = Vec::with_capacity(rows.len());
        for stored in &rows {
            standings.push(self.standing(&mut tx, stored).await?);
        }
        if !tx.correct_submission(receipt, acted_on, &items, &note).await? {
            return refuse(FilingRefusal::AlreadyWithdrawn(receipt.to_owned()));
        }
        if self.is_of_offices_unit() {
            tx.mark_from_office(receipt).await?;
        }
        for (stored, earlier) in rows.iter().zip(standings) {
            let rules = self.rules(stored)?;
            let closed = self.now > self.known.window(&stored.obligation, &rules).filed_by;
            let now_in_time = matches!(self.standing(&mut tx, stored).await?, Standing::InTime(_));
            if closed && now_in_time && !matches!(earlier, Standing::InTime(_)) {
                return refuse(FilingRefusal::CorrectedTooLate);
            }
        }
        let detail = json!({
            "receipt": receipt,
            "before": { "acted_on": before.acted_on, "items": before.items, "note": before.note },
            "after": { "acted_on": acted_on, "items": items, "note": note },
        });
        let written = self.judge_anew(&mut tx, rows, Action::Correct, &detail).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// What a correction says, as it is kept.
    fn check_correction(&self, new: &NewSubmission, rows: &[Stored], says_more: bool) -> Result<Vec<Item>> {
        let mut refusals = Vec::new();
        gather(&mut refusals, check_texts(new))?;
        let acted_on = self.acted_on(new);
        if acted_on > self.known.zone.day_of(self.now) {
            refusals.push(FilingRefusal::ActedInTheFuture(acted_on).into());
        }
        let mut duties = Vec::new();
        for stored in rows {
            let rules = self.rules(stored)?;
            if let Some(untimely) = self.known.window(&stored.obligation, &rules).objection(acted_on) {
                refusals.push(FilingRefusal::from(untimely).into());
            }
            duties.push(rules.duty);
        }
        let own = own_duty(&duties).unwrap_or_default();
        let items = gather(&mut refusals, said(&duties, own, &new.items, says_more || !new.note.trim().is_empty()))?;
        refuse_all(refusals)?;
        Ok(items.unwrap_or_default())
    }

    /// A submission of the post's own unit that nobody has reviewed, and what it counts for.
    pub(super) async fn unreviewed(&self, tx: &mut Tx, receipt: &str) -> Result<(Submission, Vec<Stored>)> {
        let (submission, rows) = self.own_submission(tx, receipt).await?;
        if submission.withdrawn_at.is_some() {
            return refuse(FilingRefusal::AlreadyWithdrawn(receipt.to_owned()));
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.obligation.id).collect();
        let counted = tx.submissions_for(&ids).await?;
        let returned = counted.iter().any(|one| one.submission.id == receipt && one.returned_at.is_some());
        if returned || rows.iter().any(|row| row.obligation.accepted_at.is_some()) {
            return refuse(FilingRefusal::AlreadyReviewed(receipt.to_owned()));
        }
        Ok((submission, rows))
    }

    /// A submission of the post's own unit, and what it counts for, in the order of numbers. Another unit's and one that
    /// does not exist look the same.
    pub(super) async fn own_submission(&self, tx: &mut Tx, receipt: &str) -> Result<(Submission, Vec<Stored>)> {
        self.check_post()?;
        let found = tx.submission(receipt).await?;
        let own = |submission: &Submission| self.acts_for(&UnitName(submission.unit.clone()));
        let Some(submission) = found.filter(own) else {
            return refuse(NoSuch::NoReceipt(receipt.to_owned()));
        };
        let ids = tx.obligations_of_submission(receipt).await?;
        let mut rows = tx.obligations(&ids).await?;
        rows.sort_by_key(|row| row.obligation.id);
        Ok((submission, rows))
    }

    async fn standing(&self, tx: &mut Tx, stored: &Stored) -> Result<Standing> {
        let rules = self.rules(stored)?;
        let filings = standing_filings(tx, stored.obligation.id).await?;
        let window = self.known.window(&stored.obligation, &rules);
        Ok(window.judge(rules.duty, &filings))
    }

    async fn judge_anew(
        &self,
        tx: &mut Tx,
        rows: Vec<Stored>,
        action: Action,
        detail: &serde_json::Value,
    ) -> Result<Vec<Stored>> {
        let mut written = Vec::with_capacity(rows.len());
        for stored in rows {
            let next = self.reconsidered(tx, &stored).await?;
            written.push(self.write(tx, &stored, next, action, detail).await?);
        }
        Ok(written)
    }
}
