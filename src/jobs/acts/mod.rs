//! What people do: file, review, ask, waive, dispute, open and close. One file an act.
//!
//! Every act is one transaction: the change, its log entry, and what follows for the obligation. A refusal is a sentence
//! for the person who asked, and nothing has changed then. The rules themselves are the domain's.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Engine, JobError, Known, known::Rules};
use crate::{
    domain::{
        obligation::{Obligation, Refusal},
        quota::Filing,
        unit::PostId,
    },
    store::{StoreError, Tx, log, obligations::Stored},
};

pub mod submit;

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// It may not be done; nothing has changed.
    #[error("{0}")]
    Refused(String),
    /// The program could not.
    #[error(transparent)]
    Job(#[from] JobError),
}

impl From<Refusal> for ActError {
    fn from(refusal: Refusal) -> ActError {
        ActError::Refused(refusal.0)
    }
}

impl From<StoreError> for ActError {
    fn from(error: StoreError) -> ActError {
        ActError::Job(error.into())
    }
}

/// Result of an act.
pub type Result<T> = std::result::Result<T, ActError>;

/// A refusal.
///
/// # Errors
/// Always: that is what it is for.
pub fn refuse<T>(words: impl Into<String>) -> Result<T> {
    Err(ActError::Refused(words.into()))
}

/// Who acts, when, knowing what.
pub struct Actor<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// What is known.
    pub known: &'a Known,
    /// The post that acts.
    pub by: &'a PostId,
    /// When.
    pub now: DateTime<Utc>,
}

impl Actor<'_> {
    /// The rules of an obligation.
    ///
    /// # Errors
    /// They are missing.
    pub fn rules(&self, stored: &Stored) -> Result<Rules<'_>> {
        let today = self.known.zone.day_of(self.now);
        self.known.rules(stored, today).map_err(|words| ActError::Job(JobError::Setup(words)))
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
        action: &str,
        detail: &Value,
    ) -> Result<Stored> {
        let mut row = Stored { obligation: next, ..stored.clone() };
        let by = self.by.to_string();
        let entry = log::entry(Some(row.obligation.id), &mut row.log_head, self.now, &by, action, detail);
        if tx.update_obligations(std::slice::from_ref(&row)).await?.is_empty() {
            return refuse("该事项刚刚被更改，请刷新后重试");
        }
        tx.append_log(&[entry]).await?;
        row.obligation.revision += 1;
        Ok(row)
    }

    /// The obligation after its filings were judged anew.
    ///
    /// # Errors
    /// The store could not.
    pub async fn reconsidered(&self, tx: &mut Tx, stored: &Stored) -> Result<Obligation> {
        let rules = self.rules(stored)?;
        let filings = standing_filings(tx, stored.obligation.id).await?;
        let window = self.known.window(&stored.obligation, &rules);
        let standing = stored.obligation.judge(rules.duty, window, &filings);
        Ok(stored.obligation.reconsidered(rules.duty, standing, window.filed_by, self.now))
    }
}

/// What was filed for an obligation and still counts.
///
/// # Errors
/// The store could not.
pub async fn standing_filings(tx: &mut Tx, obligation: i64) -> Result<Vec<Filing>> {
    let counted = tx.submissions_for(&[obligation]).await?;
    Ok(counted.iter().filter(|counted| counted.stands()).map(|counted| counted.submission.filing()).collect())
}
