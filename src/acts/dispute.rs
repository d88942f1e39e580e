//! 异议: a unit says that an obligation is not its duty; the office decides. Until then no clock stops.

use super::decision::Verdict;
use super::{Actor, LONGEST_REASON, Result, check_text, check_words, drop_requests, refuse};
use crate::domain::decision::DecisionKind;
use crate::domain::light::Light;
use crate::domain::refusal::field::Field;
use crate::domain::refusal::request::RequestRefusal;
use crate::domain::unit::PostId;
use crate::store::requests::RequestKind;
use crate::store::row::Stored;

impl Actor<'_> {
    /// Raises a dispute. Returns its number.
    ///
    /// # Errors
    /// It is closed, disputed already, or not this post's to dispute.
    pub async fn raise_dispute(&self, id: i64, reason: &str) -> Result<String> {
        let reason = check_text(Field::DisputeReason, reason, LONGEST_REASON)?;
        let mut tx = self.engine.store.write().await?;
        let stored = self.find(&mut tx, id).await?;
        if stored.obligation.phase.is_closed() {
            let (light, phase) = (Light::of(&stored.obligation), stored.obligation.phase);
            return refuse(RequestRefusal::ClosedIsNotDisputed { id, light, phase });
        }
        let number = self.ask(&mut tx, &stored, RequestKind::Dispute, reason, None).await?;
        tx.commit().await?;
        Ok(number)
    }

    /// 异议成立: not the duty of the unit that says so. What it owes alone is closed and leaves the row of misses; what
    /// several owe together the others still owe.
    ///
    /// # Errors
    /// Nothing is disputed, it is closed meanwhile, or it is not the office that decides.
    pub async fn uphold_dispute(&self, id: i64, answer: &str) -> Result<Stored> {
        self.require_office()?;
        let answer = check_words(Field::Answer, answer)?;
        let mut tx = self.engine.store.write().await?;
        let stored = self.find(&mut tx, id).await?;
        let request = self.pending(&mut tx, id, RequestKind::Dispute).await?;
        let raised_by =
            PostId::parse(&request.by_post).map(|post| self.known.former.present(&post.unit, request.asked_at));
        let (next, freed) = stored.obligation.upheld(raised_by.as_ref(), self.now)?;
        let answered = if freed.is_none() {
            drop_requests(self, &mut tx, id, "该事项异议成立", Some(&request.id)).await?
        } else {
            Vec::new()
        };
        let verdict = Verdict { answered, freed, ..Verdict::new(DecisionKind::UpholdDispute, answer) };
        let written = self.answer(&mut tx, &stored, next, &request, verdict).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// 异议不成立.
    ///
    /// # Errors
    /// Nothing is disputed, or it is not the office that decides.
    pub async fn reject_dispute(&self, id: i64, answer: &str) -> Result<Stored> {
        self.turn_down(id, RequestKind::Dispute, answer, DecisionKind::RejectDispute).await
    }
}
