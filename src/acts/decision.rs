//! 办理结果 and 撤销: what the office has decided is kept with how things stood before, told in the next slot, and can be
//! taken back until its letter is written.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Actor, Result, refuse};
use crate::domain::action::Action;
use crate::domain::decision::{self, DecisionKind};
use crate::domain::obligation::{Facts, Obligation};
use crate::domain::refusal::request::RequestRefusal;
use crate::domain::refusal::who::{NoSuch, NotTheirs};
use crate::domain::step::NoticeKind;
use crate::domain::unit::{PostId, Role, UnitName};
use crate::store::decisions::Decision;
use crate::store::log::{DAEMON, Logged};
use crate::store::notices::NewNotice;
use crate::store::requests::Request;
use crate::store::row::Stored;
use crate::store::{StoreError, Tx};

/// What is decided, beside the obligation that comes of it.
pub(super) struct Verdict<'a> {
    pub kind: DecisionKind,
    /// The reason, or the answer.
    pub words: &'a str,
    pub document: &'a str,
    pub until: Option<DateTime<Utc>>,
    /// The request that it answers.
    pub request: Option<&'a Request>,
    /// All requests that wait for an answer no longer.
    pub answered: Vec<String>,
    /// The unit that it frees.
    pub freed: Option<UnitName>,
}

impl Verdict<'_> {
    pub fn new(kind: DecisionKind, words: &str) -> Verdict<'_> {
        Verdict { kind, words, document: "", until: None, request: None, answered: Vec::new(), freed: None }
    }

    fn detail(&self) -> Value {
        let words = if self.request.is_some() { "answer" } else { "reason" };
        let mut detail = json!({});
        if let Value::Object(detail) = &mut detail {
            let mut put = |key: &str, value: Option<Value>| detail.extend(value.map(|value| (key.to_owned(), value)));
            put("request", self.request.map(|request| json!(request.id)));
            put("freed", self.freed.as_ref().map(|unit| json!(unit)));
            put("until", self.until.map(|until| json!(until)));
            put(words, Some(self.words).filter(|words| !words.is_empty()).map(|words| json!(words)));
            put("document", Some(self.document).filter(|number| !number.is_empty()).map(|number| json!(number)));
        }
        detail
    }
}

impl Actor<'_> {
    /// Writes a decision: the obligation that comes of it, the log entry, and what is to be told to whom.
    pub(super) async fn decided(
        &self,
        tx: &mut Tx,
        stored: &Stored,
        next: Obligation,
        verdict: &Verdict<'_>,
    ) -> Result<Stored> {
        let written = self.write(tx, stored, next, verdict.kind.action(), &verdict.detail()).await?;
        let posts = if verdict.kind.is_told() { concerned(stored, verdict.request) } else { Vec::new() };
        let labels: Vec<String> = posts.iter().map(PostId::to_string).collect();
        let decision = Decision {
            id: 0,
            obligation: stored.obligation.id,
            kind: verdict.kind,
            by_post: self.by.to_string(),
            at: self.now,
            words: verdict.words.to_owned(),
            document: verdict.document.to_owned(),
            until_at: verdict.until,
            posts: labels.join(";"),
            tells_at: decision::tells_at(verdict.kind, &written.obligation, self.known.slots(), self.now),
            before: serde_json::to_string(&stored.obligation).map_err(|error| corrupt(stored, &error))?,
            head: written.log_head.clone(),
            requests: verdict.answered.join(";"),
            undone_at: None,
        };
        tx.insert_decision(&decision).await?;
        let notices = posts.into_iter().map(|post| self.notice(&written, NoticeKind::Decided, decision.tells_at, post));
        tx.insert_notices(&notices.collect::<Vec<_>>()).await?;
        Ok(written)
    }

    pub(super) fn notice(&self, stored: &Stored, kind: NoticeKind, at: DateTime<Utc>, post: PostId) -> NewNotice {
        let obligation = &stored.obligation;
        NewNotice { obligation: obligation.id, round: obligation.round.number, kind, at, post, created_at: self.now }
    }

    /// 撤销: takes the newest decision on an obligation back, as long as its letter is not written. All is as before, and
    /// nothing is told.
    ///
    /// # Errors
    /// There is none, it is told, somebody has acted on the obligation since, or it is another's decision.
    pub async fn undo(&self, id: i64) -> Result<Stored> {
        self.require_reviewer()?;
        let mut tx = self.engine.store.write().await?;
        let Some(stored) = tx.obligation(id).await? else { return refuse(NoSuch::NoObligation(id)) };
        let mut standing = tx.decisions_of(id).await?;
        let Some(decision) = standing.pop() else { return refuse(RequestRefusal::NothingToUndo(id)) };
        if decision.by_post != self.by.to_string() {
            return refuse(NotTheirs::DeciderOnly { by: self.by.clone(), decider: decision.by_post });
        }
        // First taken back, then looked at: a letter that is being written meanwhile holds this up and then shows.
        tx.recall_notices(id, decision.tells_at).await?;
        if !is_untold(&mut tx, &decision, self.now).await? {
            return refuse(RequestRefusal::DecisionTold(id));
        }
        if acted_since(&tx.log_of(id).await?, &decision.head) {
            return refuse(RequestRefusal::ActedOnSince(id));
        }
        let mut before: Facts = serde_json::from_str(&decision.before).map_err(|error| corrupt(&stored, &error))?;
        // Who owes it is as it is now, unless the decision freed somebody.
        if decision.kind != DecisionKind::UpholdDispute {
            before.owners.clone_from(&stored.obligation.owners);
        }
        let next = stored.obligation.taken_back(before);
        if decision.kind == DecisionKind::Return {
            tx.unreturn_submissions(id, decision.at).await?;
        }
        for request in decision.requests.split(';').filter(|request| !request.is_empty()) {
            tx.reopen_request(request).await?;
        }
        if !tx.undo_decision(decision.id, self.now).await? {
            return refuse(RequestRefusal::NothingToUndo(id));
        }
        // What else was decided for the same slot is told all the same.
        let others = standing.iter().filter(|other| other.tells_at == decision.tells_at);
        let posts = others.flat_map(|other| other.posts.split(';')).filter_map(PostId::parse);
        let detail = json!({ "undone": decision.kind.code(), "decided_at": decision.at });
        let written = self.write(&mut tx, &stored, next, Action::Undo, &detail).await?;
        let notices = posts.map(|post| self.notice(&written, NoticeKind::Decided, decision.tells_at, post));
        tx.insert_notices(&notices.collect::<Vec<_>>()).await?;
        tx.commit().await?;
        Ok(written)
    }
}

/// Whether the letter that tells of a decision is not written yet; of one that is told to nobody, whether its slot is to come.
pub async fn is_untold(tx: &mut Tx, decision: &Decision, now: DateTime<Utc>) -> std::result::Result<bool, StoreError> {
    if decision.posts.is_empty() {
        return Ok(decision.tells_at > now);
    }
    Ok(!tx.decision_told(decision.obligation, decision.tells_at).await?)
}

fn corrupt(stored: &Stored, error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!("obligation {}: {error}", stored.obligation.id))
}

/// Whom a decision concerns: the liaison of each unit that owes it, or of the one that asked, and who endorsed that.
fn concerned(stored: &Stored, request: Option<&Request>) -> Vec<PostId> {
    let liaison = |unit: &UnitName| PostId { unit: unit.clone(), role: Role::Liaison };
    let owners = &stored.obligation.owners;
    let asked = request.and_then(|request| PostId::parse(&request.by_post)).map(|post| post.unit);
    let mut posts: Vec<PostId> = match asked.filter(|unit| owners.contains(unit)) {
        Some(unit) => vec![liaison(&unit)],
        None => owners.iter().map(liaison).collect(),
    };
    let endorsed = request.and_then(|request| PostId::parse(request.endorsed_by.as_deref()?));
    posts.extend(endorsed.filter(|post| !posts.contains(post)));
    posts
}

/// Whether somebody has acted on an obligation after the entry of that hash. Time acts too, but is settled anew; and that
/// something was read, endorsed or asked for changes nothing that is put back.
fn acted_since(log: &[Logged], head: &str) -> bool {
    let harmless = [Action::Confirm, Action::Endorse, Action::AskExtension, Action::Dispute, Action::ViewEvidence];
    let after = log.iter().skip_while(|entry| entry.hash != head).skip(1);
    // A later decision that was taken back has changed nothing either.
    let acts = after.filter(|entry| entry.by_post != DAEMON && !harmless.contains(&entry.action));
    let standing =
        acts.fold(0_usize, |n, entry| if entry.action == Action::Undo { n.saturating_sub(1) } else { n + 1 });
    standing > 0
}
