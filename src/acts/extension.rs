//! 延期: a unit asks before the deadline, the office grants or refuses. Until it is decided no clock stops.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::decision::Verdict;
use super::{Actor, LONGEST_REASON, Result, check_text, check_words, refuse};
use crate::domain::action::Action;
use crate::domain::decision::{DecisionKind, next_slot};
use crate::domain::obligation::Obligation;
use crate::domain::refusal::field::Field;
use crate::domain::refusal::request::RequestRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::domain::step::NoticeKind;
use crate::domain::unit::{PostId, Role};
use crate::store::Tx;
use crate::store::notices::NewNotice;
use crate::store::requests::{Request, RequestKind};
use crate::store::row::Stored;

impl Actor<'_> {
    /// Asks for a later deadline. Returns the request's number.
    ///
    /// # Errors
    /// Too late, asked already, or not this post's to ask.
    pub async fn ask_extension(&self, id: i64, until: DateTime<Utc>, reason: &str) -> Result<String> {
        let reason = check_text(Field::ExtensionReason, reason, LONGEST_REASON)?;
        let mut tx = self.engine.store.write().await?;
        let stored = self.find(&mut tx, id).await?;
        stored.obligation.may_ask_extension(until, self.now)?;
        let number = self.ask(&mut tx, &stored, RequestKind::Extension, reason, Some(until)).await?;
        tx.commit().await?;
        Ok(number)
    }

    /// Grants the extension that was asked for, until then or, if given, until another instant. A miss declared
    /// meanwhile is undone, and what was filed is judged anew.
    ///
    /// # Errors
    /// Nothing was asked, the new deadline is not later, or it is not the office that decides.
    pub async fn grant_extension(&self, id: i64, until: Option<DateTime<Utc>>, answer: &str) -> Result<Stored> {
        self.require_office()?;
        let answer = check_words(Field::Answer, answer)?;
        let mut tx = self.engine.store.write().await?;
        let stored = self.find(&mut tx, id).await?;
        let request = self.pending(&mut tx, id, RequestKind::Extension).await?;
        let Some(until) = until.or(request.until_at) else { return refuse(RequestRefusal::NoNewDeadline) };
        let moved = stored.with(stored.obligation.extended(until, self.now)?);
        let next = self.reconsidered(&mut tx, &moved).await?;
        let verdict = Verdict { until: Some(until), ..Verdict::new(DecisionKind::GrantExtension, answer) };
        let written = self.answer(&mut tx, &stored, next, &request, verdict).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// Refuses the extension that was asked for.
    ///
    /// # Errors
    /// Nothing was asked, or it is not the office that decides.
    pub async fn refuse_extension(&self, id: i64, answer: &str) -> Result<Stored> {
        self.turn_down(id, RequestKind::Extension, answer, DecisionKind::RefuseExtension).await
    }

    /// Records a request about an obligation, with its log entry. One of a kind may wait at a time.
    pub(super) async fn ask(
        &self,
        tx: &mut Tx,
        stored: &Stored,
        kind: RequestKind,
        reason: &str,
        until: Option<DateTime<Utc>>,
    ) -> Result<String> {
        let id = stored.obligation.id;
        let earlier = tx.requests_of(id).await?;
        if let Some(earlier) = earlier.iter().find(|request| request.kind == kind && request.decided_at.is_none()) {
            return refuse(RequestRefusal::AlreadyAsked { request: earlier.id.clone() });
        }
        let number = self.engine.new_id(if kind == RequestKind::Extension { "X" } else { "D" });
        let request = Request {
            id: number.clone(),
            obligation: id,
            kind,
            by_post: self.by.to_string(),
            asked_at: self.now,
            reason: reason.to_owned(),
            until_at: until,
            decided_at: None,
            decided_by: None,
            granted: None,
            answer: None,
            endorsed_by: None,
            endorsed_at: None,
        };
        tx.insert_request(&request).await?;
        let detail = json!({ "request": number, "until": until, "reason": reason });
        let action = if kind == RequestKind::Extension { Action::AskExtension } else { Action::Dispute };
        let written = self.write(tx, stored, stored.obligation.clone(), action, &detail).await?;
        let notices: Vec<NewNotice> = self
            .leader_above()
            .map(|post| self.notice(&written, NoticeKind::View, next_slot(self.known.slots(), self.now), post))
            .into_iter()
            .collect();
        tx.insert_notices(&notices).await?;
        Ok(number)
    }

    /// Whose view the unit's request waits for: the deputy's, or the head's where there is no other or the deputy asks.
    fn leader_above(&self) -> Option<PostId> {
        let today = self.known.zone.day_of(self.now);
        let above: &[Role] = match self.by.role {
            Role::Liaison => &[Role::Deputy, Role::Head],
            Role::Deputy => &[Role::Head],
            _ => &[],
        };
        let post = |role: &Role| PostId { unit: self.by.unit.clone(), role: *role };
        above.iter().map(post).find(|post| self.known.address(post, today).is_some())
    }

    pub(super) async fn pending(&self, tx: &mut Tx, id: i64, kind: RequestKind) -> Result<Request> {
        let requests = tx.requests_of(id).await?;
        let found = requests.into_iter().find(|request| request.kind == kind && request.decided_at.is_none());
        found.map_or_else(
            || match kind {
                RequestKind::Extension => refuse(NoSuch::NoExtensionAsked(id)),
                RequestKind::Dispute => refuse(NoSuch::NoDisputeRaised(id)),
            },
            Ok,
        )
    }

    /// Says no to the request of that kind that waits.
    pub(super) async fn turn_down(
        &self,
        id: i64,
        kind: RequestKind,
        answer: &str,
        verdict: DecisionKind,
    ) -> Result<Stored> {
        self.require_office()?;
        let answer = check_text(Field::Answer, answer, LONGEST_REASON)?;
        let mut tx = self.engine.store.write().await?;
        let stored = self.find(&mut tx, id).await?;
        let request = self.pending(&mut tx, id, kind).await?;
        let next = stored.obligation.clone();
        let written = self.answer(&mut tx, &stored, next, &request, Verdict::new(verdict, answer)).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// Writes a decision on a request: its answer, the obligation and the log entry.
    pub(super) async fn answer(
        &self,
        tx: &mut Tx,
        stored: &Stored,
        next: Obligation,
        request: &Request,
        mut verdict: Verdict<'_>,
    ) -> Result<Stored> {
        let granted = matches!(verdict.kind, DecisionKind::GrantExtension | DecisionKind::UpholdDispute);
        if !tx.decide_request(&request.id, self.now, &self.by.to_string(), granted, verdict.words).await? {
            return refuse(RequestRefusal::AlreadyAnswered { request: request.id.clone() });
        }
        verdict.answered.push(request.id.clone());
        self.decided(tx, stored, next, &Verdict { request: Some(request), ..verdict }).await
    }
}
