//! What a unit asked for and the office decides: extensions and disputes.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Result, Tx};

const INSERT: &str = "INSERT INTO request (id, obligation, kind, by_post, asked_at, reason, until_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
const BY_ID: &str = "SELECT id, obligation, kind, by_post, asked_at, reason, until_at, decided_at, decided_by, granted, answer, \
    endorsed_by, endorsed_at FROM request WHERE id = $1";
const OF_OBLIGATION: &str = "SELECT id, obligation, kind, by_post, asked_at, reason, until_at, decided_at, decided_by, \
    granted, answer, endorsed_by, endorsed_at FROM request WHERE obligation = $1 ORDER BY asked_at, id";
const PENDING: &str = "SELECT id, obligation, kind, by_post, asked_at, reason, until_at, decided_at, decided_by, granted, \
    answer, endorsed_by, endorsed_at FROM request WHERE decided_at IS NULL ORDER BY asked_at, id";
const DECIDE: &str = "UPDATE request SET decided_at = $2, decided_by = $3, granted = $4, answer = $5 \
    WHERE id = $1 AND decided_at IS NULL";

const ENDORSE: &str = "UPDATE request SET endorsed_at = $2, endorsed_by = $3 \
    WHERE id = $1 AND decided_at IS NULL AND endorsed_at IS NULL";

/// The fixed statements.
pub const STATEMENTS: &[&str] = &[INSERT, BY_ID, OF_OBLIGATION, PENDING, DECIDE, ENDORSE];

/// A request's kinds.
pub const EXTENSION: &str = "extension";
/// See [`EXTENSION`].
pub const DISPUTE: &str = "dispute";

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Request {
    /// Its number.
    pub id: String,
    /// About which obligation.
    pub obligation: i64,
    /// [`EXTENSION`] or [`DISPUTE`].
    pub kind: String,
    /// Who asked.
    pub by_post: String,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// Of an extension: until when.
    pub until_at: Option<DateTime<Utc>>,
    /// When it was decided.
    pub decided_at: Option<DateTime<Utc>>,
    /// By whom.
    pub decided_by: Option<String>,
    /// How.
    pub granted: Option<bool>,
    /// With which words.
    pub answer: Option<String>,
    /// Which leader of the unit stands behind it.
    pub endorsed_by: Option<String>,
    /// Since when.
    pub endorsed_at: Option<DateTime<Utc>>,
}

impl Tx {
    /// Records a request.
    ///
    /// # Errors
    /// The database refused.
    pub async fn insert_request(&mut self, request: &Request) -> Result<()> {
        on!(self, |c| {
            sqlx::query(INSERT)
                .bind(&request.id)
                .bind(request.obligation)
                .bind(&request.kind)
                .bind(&request.by_post)
                .bind(request.asked_at)
                .bind(&request.reason)
                .bind(request.until_at)
                .execute(c)
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// The request with that number.
    ///
    /// # Errors
    /// The database refused.
    pub async fn request(&mut self, id: &str) -> Result<Option<Request>> {
        Ok(on!(self, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?))
    }

    /// An obligation's requests, oldest first.
    ///
    /// # Errors
    /// The database refused.
    pub async fn requests_of(&mut self, obligation: i64) -> Result<Vec<Request>> {
        Ok(on!(self, |c| sqlx::query_as(OF_OBLIGATION).bind(obligation).fetch_all(c).await?))
    }

    /// What waits for the office.
    ///
    /// # Errors
    /// The database refused.
    pub async fn pending_requests(&mut self) -> Result<Vec<Request>> {
        Ok(on!(self, |c| sqlx::query_as(PENDING).fetch_all(c).await?))
    }

    /// Decides a request. Says whether it was still open.
    ///
    /// # Errors
    /// The database refused.
    pub async fn decide_request(
        &mut self,
        id: &str,
        now: DateTime<Utc>,
        by_post: &str,
        granted: bool,
        answer: &str,
    ) -> Result<bool> {
        Ok(on!(self, |c| {
            sqlx::query(DECIDE)
                .bind(id)
                .bind(now)
                .bind(by_post)
                .bind(granted)
                .bind(answer)
                .execute(c)
                .await?
                .rows_affected()
        }) == 1)
    }

    /// A leader stands behind a request. Says whether it was still open and nobody had yet.
    ///
    /// # Errors
    /// The database refused.
    pub async fn endorse_request(&mut self, id: &str, now: DateTime<Utc>, by_post: &str) -> Result<bool> {
        Ok(on!(self, |c| sqlx::query(ENDORSE).bind(id).bind(now).bind(by_post).execute(c).await?.rows_affected()) == 1)
    }
}
