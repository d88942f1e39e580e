//! 审核: the office accepts or returns what was filed, and judges misses marked 未提醒.
//!
//! Nobody reviews what their own unit filed, in whose name ever and by whatever door; only what the office's own unit owes or
//! filed is reviewed by that unit's head, since there is nobody above it here.

use chrono::{DateTime, Utc};

use super::decision::Verdict;
use super::{Actor, LONGEST_REASON, Result, check_text, check_words, each_once, refuse};
use crate::domain::decision::{self, DecisionKind};
use crate::domain::refusal::field::Field;
use crate::domain::refusal::who::{NoSuch, NotTheirs};
use crate::domain::unit::{PostId, Role};
use crate::engine::known::Known;
use crate::store::Tx;
use crate::store::row::Stored;

impl Actor<'_> {
    /// 通过.
    ///
    /// # Errors
    /// There is nothing to accept, or it is not this post's to review.
    pub async fn accept(&self, id: i64) -> Result<Stored> {
        let written = self.accept_all(&[id]).await?;
        written.into_iter().next().map_or_else(|| refuse(NoSuch::NoObligation(id)), Ok)
    }

    /// 通过, several in one act: all of them or none.
    ///
    /// # Errors
    /// As [`Actor::accept`], of one of them.
    pub async fn accept_all(&self, ids: &[i64]) -> Result<Vec<Stored>> {
        let verdict = Verdict::new(DecisionKind::Accept, "");
        let mut tx = self.engine.store.write().await?;
        let mut written = Vec::with_capacity(ids.len());
        for id in each_once(ids)? {
            let stored = self.to_review(&mut tx, id).await?;
            let next = stored.obligation.accepted(self.now)?;
            written.push(self.decided(&mut tx, &stored, next, &verdict).await?);
        }
        tx.commit().await?;
        Ok(written)
    }

    /// 退回, with the reason and the new deadline, which is the proposed one unless another is given: what was filed counts no
    /// longer, the ladder begins anew.
    ///
    /// # Errors
    /// There is nothing to return, the deadline is not ahead or before the one in force, or it is not this post's to review.
    pub async fn send_back(&self, id: i64, reason: &str, until: impl Into<Option<DateTime<Utc>>>) -> Result<Stored> {
        let reason = check_text(Field::ReturnReason, reason, LONGEST_REASON)?;
        let mut tx = self.engine.store.write().await?;
        let stored = self.to_review(&mut tx, id).await?;
        let proposed = || decision::proposed_deadline(&stored.obligation, self.known.slots(), self.now);
        let until = until.into().unwrap_or_else(proposed);
        let next = stored.obligation.returned(reason, until, self.known.zone, self.now)?;
        tx.return_submissions(id, self.now).await?;
        let verdict = Verdict { until: Some(until), ..Verdict::new(DecisionKind::Return, reason) };
        let written = self.decided(&mut tx, &stored, next, &verdict).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// Lets misses marked 未提醒 count in their rows of misses, or not; all of them or none.
    ///
    /// # Errors
    /// One is not marked so or judged already, or it is not this post's to judge.
    pub async fn judge_misses(&self, ids: &[i64], counts: bool, reason: &str) -> Result<Vec<Stored>> {
        let reason = check_words(Field::Reason, reason)?;
        let kind = if counts { DecisionKind::CountMiss } else { DecisionKind::ExcuseMiss };
        let verdict = Verdict::new(kind, reason);
        let mut tx = self.engine.store.write().await?;
        let mut written = Vec::with_capacity(ids.len());
        for id in each_once(ids)? {
            let stored = self.to_review(&mut tx, id).await?;
            let next = stored.obligation.miss_judged(counts, self.now)?;
            written.push(self.decided(&mut tx, &stored, next, &verdict).await?);
        }
        tx.commit().await?;
        Ok(written)
    }

    /// All misses marked 未提醒 that wait for judgement and are of the same outages as these, with these.
    ///
    /// # Errors
    /// The store could not.
    pub async fn outage_of(&self, ids: &[i64]) -> Result<Vec<i64>> {
        let mut tx = self.engine.store.read().await?;
        let mut instants = Vec::new();
        for stored in tx.unreminded_misses(usize::MAX).await? {
            // What is another's to judge is left to them.
            if reviewer(&mut tx, self.known, &stored).await? == *self.by {
                instants.extend(stored.obligation.round.missed_at.map(|at| (stored.obligation.id, at)));
            }
        }
        let same = decision::outages(&instants).into_iter().filter(|outage| outage.iter().any(|id| ids.contains(id)));
        Ok(same.flatten().chain(ids.iter().copied()).collect())
    }

    /// Refuses every post that reviews nothing.
    pub(super) fn require_reviewer(&self) -> Result<()> {
        self.check_post()?;
        let office = self.known.roster.office_post();
        let head = PostId { unit: office.unit.clone(), role: Role::Head };
        match self.lacking(|post| *post == office || *post == head) {
            Some(post) => refuse(NotTheirs::ReviewerOnly { by: post.clone(), reviewer: office }),
            None => Ok(()),
        }
    }

    async fn to_review(&self, tx: &mut Tx, id: i64) -> Result<Stored> {
        self.require_reviewer()?;
        let Some(stored) = tx.obligation(id).await? else { return refuse(NoSuch::NoObligation(id)) };
        let reviewer = reviewer(tx, self.known, &stored).await?;
        if let Some(post) = self.lacking(|post| *post == reviewer) {
            let by = post.clone();
            return match reviewer.role {
                Role::Head => refuse(NotTheirs::OwnFilingNotReviewed { reviewer }),
                _ => refuse(NotTheirs::ReviewerOnly { by, reviewer }),
            };
        }
        let filed = tx.submissions_for(&[id]).await?;
        let reviewed_by = reviewer.to_string();
        if filed.iter().any(|counted| counted.stands() && counted.submission.by_post == reviewed_by) {
            return refuse(NotTheirs::FiledByReviewer(reviewer));
        }
        Ok(stored)
    }
}

/// The post that reviews an obligation: the office, or the head of its unit.
pub async fn reviewer(tx: &mut Tx, known: &Known, stored: &Stored) -> Result<PostId> {
    let office = &known.roster.office;
    let owed_alone = stored.obligation.owners == std::slice::from_ref(office);
    // Whatever came from the office's unit, for whomever it was: by its posts, by a token that one of them made.
    if owed_alone || tx.stands_from_office(stored.obligation.id).await? {
        return Ok(PostId { unit: office.clone(), role: Role::Head });
    }
    Ok(known.roster.office_post())
}
