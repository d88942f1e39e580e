//! 审核: the office accepts or returns what was filed, and judges misses marked 未提醒.
//!
//! Nobody reviews what their own unit filed, in whose name ever and by whatever door; only what the office's own unit owes or
//! filed is reviewed by that unit's head, since there is nobody above it here.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Actor, LONGEST_REASON, Result, check_text, refuse};
use crate::domain::action::Action;
use crate::domain::refusal::field::Field;
use crate::domain::refusal::who::{NoSuch, NotTheirs};
use crate::domain::step::{self, NoticeKind};
use crate::domain::unit::{PostId, Role, UnitName};
use crate::engine::known::Known;
use crate::store::Tx;
use crate::store::notices::NewNotice;
use crate::store::row::Stored;

impl Actor<'_> {
    /// 通过.
    ///
    /// # Errors
    /// There is nothing to accept, or it is not this post's to review.
    pub async fn accept(&self, id: i64) -> Result<Stored> {
        let mut tx = self.engine.store.write().await?;
        let stored = self.to_review(&mut tx, id).await?;
        let next = stored.obligation.accepted(self.now)?;
        let written = self.write(&mut tx, &stored, next, Action::Accept, &json!({})).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// 退回, with the reason and the new deadline: what was filed counts no longer, the ladder begins anew.
    ///
    /// # Errors
    /// There is nothing to return, the deadline is not ahead, or it is not this post's to review.
    pub async fn send_back(&self, id: i64, reason: &str, until: DateTime<Utc>) -> Result<Stored> {
        let reason = check_text(Field::ReturnReason, reason, LONGEST_REASON)?;
        let mut tx = self.engine.store.write().await?;
        let stored = self.to_review(&mut tx, id).await?;
        let next = stored.obligation.returned(until, self.now)?;
        tx.return_submissions(id, self.now).await?;
        let detail = json!({ "reason": reason, "until": until });
        let written = self.write(&mut tx, &stored, next, Action::Return, &detail).await?;
        tx.insert_notices(&self.returned_notices(&written)?).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// Where the new deadline is so near that the ladder has no reminder before it, the liaison is told at once: nobody
    /// should miss a deadline they were never told.
    fn returned_notices(&self, stored: &Stored) -> Result<Vec<NewNotice>> {
        let obligation = &stored.obligation;
        let reminders = step::reminders(obligation, self.rules(stored)?.ladder, self.known.slots());
        if reminders.iter().any(|(at, _)| *at > self.now) {
            return Ok(Vec::new());
        }
        let notice = |unit: &UnitName| NewNotice {
            obligation: obligation.id,
            round: obligation.round.number,
            kind: NoticeKind::Remind,
            at: self.now,
            post: PostId { unit: unit.clone(), role: Role::Liaison },
            created_at: self.now,
        };
        Ok(obligation.owners.iter().map(notice).collect())
    }

    /// Lets a miss marked 未提醒 count in its row of misses.
    ///
    /// # Errors
    /// It is not marked so, or it is not this post's to judge.
    pub async fn confirm_miss(&self, id: i64) -> Result<Stored> {
        let mut tx = self.engine.store.write().await?;
        let stored = self.to_review(&mut tx, id).await?;
        let next = stored.obligation.miss_confirmed(self.now)?;
        let written = self.write(&mut tx, &stored, next, Action::ConfirmMiss, &json!({})).await?;
        tx.commit().await?;
        Ok(written)
    }

    async fn to_review(&self, tx: &mut Tx, id: i64) -> Result<Stored> {
        self.check_post()?;
        let office = self.known.roster.office_post();
        let head = PostId { unit: office.unit.clone(), role: Role::Head };
        if let Some(post) = self.lacking(|post| *post == office || *post == head) {
            return refuse(NotTheirs::ReviewerOnly { by: post.clone(), reviewer: office });
        }
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
