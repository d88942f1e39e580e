//! What people do: file, review, ask, waive, dispute, open and close. One file an act.
//!
//! Every act is one transaction: the change, its log entry, and what follows for the obligation. Where one is refused,
//! nothing has changed; why is a closed set of facts, worded by whoever shows it. The rules themselves are the domain's.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::action::Action;
use crate::domain::duty::Duty;
use crate::domain::name::{self, NameFault};
use crate::domain::obligation::Obligation;
use crate::domain::quota::Filing;
use crate::domain::refusal::Refusal;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::refusal::obligation::ObligationRefusal;
use crate::domain::refusal::who::{NoSuch, NotTheirs};
use crate::domain::text;
use crate::domain::unit::{PostId, Role, UnitName};
use crate::engine::known::{Known, Rules};
use crate::engine::{Engine, JobError, SetupError};
use crate::read::refusal::english;
use crate::store::row::Stored;
use crate::store::submissions::Counted;
use crate::store::{StoreError, Tx, log};
use crate::vault::VaultError;

pub mod bulletin;
pub mod calendar;
pub mod catalogue;
pub mod confirm;
pub mod correct;
pub mod decision;
pub mod departure;
pub mod dispute;
pub mod entry;
pub mod event;
pub mod evidence;
pub mod extension;
pub mod filings;
pub mod first_start;
pub mod letter;
pub mod link_key;
pub mod node;
pub mod review;
pub mod roster;
pub mod submit;
pub mod succession;
pub mod waiver;

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// It may not be done; nothing has changed. As an administrator reads it; pages have the words in Chinese.
    #[error("{}", english(.0))]
    Refused(Refusal),
    #[error(transparent)]
    Job(#[from] JobError),
}

impl<R: Into<Refusal>> From<R> for ActError {
    fn from(refusal: R) -> ActError {
        ActError::Refused(refusal.into())
    }
}

impl From<VaultError> for ActError {
    fn from(error: VaultError) -> ActError {
        match error {
            VaultError::TooLarge { largest } => FilingRefusal::LargerThan(largest).into(),
            full if full.is_full() => FilingRefusal::EvidenceStoreFull.into(),
            VaultError::NoHash(written) => NoSuch::NoHash(written).into(),
            other => ActError::Job(SetupError::Evidence(other).into()),
        }
    }
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> ActError {
        ActError::Job(error.into())
    }
}

impl From<SetupError> for ActError {
    fn from(error: SetupError) -> ActError {
        ActError::Job(error.into())
    }
}

pub type Result<T> = std::result::Result<T, ActError>;

pub fn refuse<T>(refusal: impl Into<Refusal>) -> Result<T> {
    Err(ActError::Refused(refusal.into()))
}

/// Refuses with all of these at once, where there are any.
pub fn refuse_all(mut refusals: Vec<Refusal>) -> Result<()> {
    match refusals.len() {
        0 => Ok(()),
        1 => refuse(refusals.remove(0)),
        _ => refuse(Refusal::Several(refusals)),
    }
}

/// Puts what an outcome refuses to what was refused before; what could not be done stays an error.
fn gather<T>(refusals: &mut Vec<Refusal>, outcome: Result<T>) -> Result<Option<T>> {
    match outcome {
        Err(ActError::Refused(Refusal::Several(more))) => refusals.extend(more),
        Err(ActError::Refused(refusal)) => refusals.push(refusal),
        other => return other.map(Some),
    }
    Ok(None)
}

pub struct Actor<'a> {
    pub engine: &'a Engine,
    pub known: &'a Known,
    pub by: &'a PostId,
    /// The token that acts in the post's name, where one does.
    pub lent: Option<&'a Lent>,
    pub now: DateTime<Utc>,
}

/// A token: its number, and the post that made it. It never does more than that post may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    pub credential: i64,
    pub maker: PostId,
}

impl Lent {
    /// The particulars of a log entry, with the token that acted.
    pub fn signed(lent: Option<&Lent>, detail: &Value) -> Value {
        let mut signed = detail.clone();
        if let (Some(lent), Value::Object(fields)) = (lent, &mut signed) {
            fields.insert("token".into(), lent.credential.into());
            fields.insert("token_by".into(), lent.maker.to_string().into());
        }
        signed
    }
}

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 500;

impl Actor<'_> {
    /// Refuses everything while the clock is in doubt: what is judged by a wrong clock stays judged.
    pub fn check_clock(&self) -> Result<()> {
        match self.engine.clock_in_doubt() {
            Some(left) => refuse(Refusal::ClockInDoubt { seconds: left.as_secs() }),
            None => Ok(()),
        }
    }

    /// Who of those that speak here lacks a right: the post, or else whoever made its token.
    fn lacking(&self, may: impl Fn(&PostId) -> bool) -> Option<&PostId> {
        let maker = self.lent.map(|lent| &lent.maker);
        std::iter::once(self.by).chain(maker).find(|post| !may(post))
    }

    /// Refuses a post that the roster does not have: an unknown unit, one that has left, or an office post elsewhere.
    pub fn check_post(&self) -> Result<()> {
        self.check_clock()?;
        let today = self.known.zone.day_of(self.now);
        let roster = &self.known.roster;
        let there = |post: &PostId| {
            let unit = roster.unit(&post.unit).is_some_and(|unit| unit.active_on(today));
            unit && (post.role.is_of_unit() || post.unit == roster.office)
        };
        match self.lacking(there) {
            None => Ok(()),
            Some(post) => refuse(NoSuch::NoPost(post.clone())),
        }
    }

    /// Whether the office's own post acts.
    pub fn is_office(&self) -> bool {
        self.lacking(|post| self.is_offices_post(post)).is_none()
    }

    fn is_offices_post(&self, post: &PostId) -> bool {
        *post == self.known.roster.office_post()
    }

    /// Whether the post, or whoever made its token, is one of the office's unit.
    pub fn is_of_offices_unit(&self) -> bool {
        self.lacking(|post| post.unit != self.known.roster.office).is_some()
    }

    pub fn require_office(&self) -> Result<()> {
        self.check_post()?;
        match self.lacking(|post| self.is_offices_post(post)) {
            None => Ok(()),
            Some(post) => refuse(NotTheirs::OfficeOnly { by: post.clone(), office: self.known.roster.office_post() }),
        }
    }

    /// Refuses everybody but the office and the administrator: posts, units, calendar and catalogue are theirs to set.
    pub fn require_settings(&self) -> Result<()> {
        self.check_post()?;
        match self.lacking(|post| self.may_set(post)) {
            None => Ok(()),
            Some(post) => {
                refuse(NotTheirs::OfficeOrAdminOnly { by: post.clone(), office: self.known.roster.office_post() })
            }
        }
    }

    /// Whether the settings are the post's to change.
    pub fn sets(&self) -> bool {
        self.lacking(|post| self.may_set(post)).is_none()
    }

    fn may_set(&self, post: &PostId) -> bool {
        self.is_offices_post(post) || (post.role == Role::Admin && post.unit == self.known.roster.office)
    }

    /// Whether the post may speak for a unit: its own, or any where it is the office's. The administrator and the
    /// auditor speak for none, not even for the office's unit, in whose name they stand.
    pub fn acts_for(&self, unit: &UnitName) -> bool {
        let may = |post: &PostId| self.is_offices_post(post) || (post.unit == *unit && post.role.is_of_unit());
        self.lacking(may).is_none()
    }

    /// Notes what was done where it is about no obligation.
    pub async fn note(&self, tx: &mut Tx, action: Action, detail: &Value) -> Result<()> {
        Ok(tx.note(self.now, &self.by.to_string(), action, &Lent::signed(self.lent, detail)).await?)
    }

    /// An obligation that the post may act upon: one of its own unit's, or any where it is the office's. Another unit's
    /// and one that does not exist look the same.
    ///
    /// # Errors
    /// There is none, or it is another unit's.
    pub async fn find(&self, tx: &mut Tx, id: i64) -> Result<Stored> {
        self.check_post()?;
        let found = tx.obligation(id).await?;
        let own = |stored: &Stored| stored.obligation.owners.iter().any(|owner| self.acts_for(owner));
        match found.filter(own) {
            Some(stored) => Ok(stored),
            None if self.is_office() => refuse(NoSuch::NoObligation(id)),
            None => refuse(NoSuch::NoOwnObligation { id, unit: self.by.unit.clone() }),
        }
    }

    pub fn rules(&self, stored: &Stored) -> Result<Rules<'_>> {
        let today = self.known.zone.day_of(self.now);
        Ok(self.known.rules(stored, today)?)
    }

    /// Writes an obligation that an act has changed, with its log entry.
    ///
    /// # Errors
    /// Somebody else has changed it meanwhile, or the store could not.
    pub async fn write(
        &self,
        tx: &mut Tx,
        stored: &Stored,
        next: Obligation,
        action: Action,
        detail: &Value,
    ) -> Result<Stored> {
        let (mut row, entry) = self.changed(stored, next, action, detail);
        if tx.update_obligations(std::slice::from_mut(&mut row)).await?.is_empty() {
            return refuse(ObligationRefusal::ChangedMeanwhile);
        }
        tx.append_log(&[entry]).await?;
        Ok(row)
    }

    /// The row of an obligation that an act has changed, and its log entry.
    fn changed(&self, stored: &Stored, next: Obligation, action: Action, detail: &Value) -> (Stored, log::Entry) {
        let mut row = stored.with(next);
        let by = self.by.to_string();
        let detail = Lent::signed(self.lent, detail);
        let entry = log::entry(Some(row.obligation.id), &mut row.log_head, self.now, &by, action, &detail);
        (row, entry)
    }

    /// The obligation after its filings were read and judged anew.
    pub async fn reconsidered(&self, tx: &mut Tx, stored: &Stored) -> Result<Obligation> {
        let filings = standing_filings(tx, stored.obligation.id).await?;
        self.judged(stored, &filings)
    }

    /// The obligation after these filings of it were judged anew.
    fn judged(&self, stored: &Stored, filings: &[Filing]) -> Result<Obligation> {
        let rules = self.rules(stored)?;
        let window = self.known.window(&stored.obligation, &rules);
        let standing = window.judge(rules.duty, filings);
        let duty = if window.waits(rules.duty, filings) {
            Cow::Owned(Duty { review_first: true, ..rules.duty.clone() })
        } else {
            Cow::Borrowed(rules.duty)
        };
        Ok(stored.obligation.reconsidered(&duty, standing, window.filed_by, self.now))
    }
}

/// A text as it is kept, without blanks at its ends; refuses one that is empty, too long or holds what may not stand in it.
pub fn check_text(field: Field, value: &str, longest: usize) -> Result<&str> {
    text::plain(value, longest).or_else(|fault| refuse((field, fault)))
}

/// As [`check_text`], where nothing may be said as well.
pub fn check_words(field: Field, value: &str) -> Result<&str> {
    if value.trim().is_empty() { Ok("") } else { check_text(field, value, LONGEST_REASON) }
}

/// Refuses an id that could not stand in a period's key or in a list.
pub fn check_id(id: &str) -> Result<()> {
    name::check_id(id).or_else(|fault| match fault {
        NameFault::Text(fault) => refuse((Field::Id, fault)),
        NameFault::Blank | NameFault::Mark => refuse((Field::Id, FieldRefusal::MarkInId(id.to_owned()))),
    })
}

/// Refuses a name that no file could hold.
pub fn check_name(field: Field, name: &str) -> Result<()> {
    name::check_name(name).or_else(|fault| match fault {
        NameFault::Text(fault) => refuse((field, fault)),
        NameFault::Blank | NameFault::Mark => refuse((field, FieldRefusal::MarkInName(name.to_owned()))),
    })
}

/// What an act on several is about: each once, in the order of their numbers, so that two acts wait for each other and no more.
fn each_once(ids: &[i64]) -> Result<BTreeSet<i64>> {
    if ids.is_empty() { refuse(ObligationRefusal::NoneTicked) } else { Ok(ids.iter().copied().collect()) }
}

/// Answers what is still asked about an obligation that has been closed for good, but for one request. Returns the numbers.
async fn drop_requests(
    actor: &Actor<'_>,
    tx: &mut Tx,
    obligation: i64,
    words: &str,
    but: Option<&str>,
) -> Result<Vec<String>> {
    let mut dropped = Vec::new();
    let asked = tx.requests_of(obligation).await?.into_iter();
    for request in asked.filter(|request| request.decided_at.is_none() && but != Some(request.id.as_str())) {
        tx.decide_request(&request.id, actor.now, &actor.by.to_string(), false, words).await?;
        dropped.push(request.id);
    }
    Ok(dropped)
}

/// What was filed for an obligation and still counts.
pub async fn standing_filings(tx: &mut Tx, obligation: i64) -> Result<Vec<Filing>> {
    let counted = tx.submissions_for(&[obligation]).await?;
    Ok(counted.iter().filter(|counted| counted.stands()).map(Counted::filing).collect())
}
