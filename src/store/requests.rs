//! What a unit asked for and the office decides: extensions and disputes.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::error::Result;
use super::tx::{Tx, on};
use crate::domain::code::coded;

const INSERT: &str = "INSERT INTO request (id, obligation, kind, by_post, asked_at, reason, until_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
/// Builds a SELECT of all columns at compile time.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, obligation, kind, by_post, asked_at, reason, until_at, decided_at, decided_by, granted, answer, ",
            "endorsed_by, endorsed_at FROM request ",
            $tail
        )
    };
}

const BY_ID: &str = select!("WHERE id = $1");
const OF_OBLIGATION: &str = select!("WHERE obligation = $1 ORDER BY asked_at, id");
const PENDING: &str = select!("WHERE decided_at IS NULL ORDER BY asked_at, id");
const DECIDE: &str = "UPDATE request SET decided_at = $2, decided_by = $3, granted = $4, answer = $5 \
    WHERE id = $1 AND decided_at IS NULL";
const REOPEN: &str =
    "UPDATE request SET decided_at = NULL, decided_by = NULL, granted = NULL, answer = NULL WHERE id = $1";
const ENDORSE: &str = "UPDATE request SET endorsed_at = $2, endorsed_by = $3 \
    WHERE id = $1 AND decided_at IS NULL AND endorsed_at IS NULL";

pub const STATEMENTS: &[&str] = &[INSERT, BY_ID, OF_OBLIGATION, PENDING, DECIDE, REOPEN, ENDORSE];

coded!(RequestKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum RequestKind {
    /// 延期申请.
    Extension,
    /// 异议.
    Dispute,
}

impl RequestKind {
    pub fn label(self) -> &'static str {
        match self {
            RequestKind::Extension => "延期申请",
            RequestKind::Dispute => "异议",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Request {
    pub id: String,
    pub obligation: i64,
    #[sqlx(try_from = "String")]
    pub kind: RequestKind,
    pub by_post: String,
    pub asked_at: DateTime<Utc>,
    pub reason: String,
    /// Of an extension: until when.
    pub until_at: Option<DateTime<Utc>>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decided_by: Option<String>,
    pub granted: Option<bool>,
    pub answer: Option<String>,
    /// Which leader of the unit stands behind it.
    pub endorsed_by: Option<String>,
    pub endorsed_at: Option<DateTime<Utc>>,
}

impl Tx {
    pub async fn insert_request(&mut self, request: &Request) -> Result<()> {
        on!(self, |c| {
            sqlx::query(INSERT)
                .bind(&request.id)
                .bind(request.obligation)
                .bind(request.kind.code())
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

    pub async fn request(&mut self, id: &str) -> Result<Option<Request>> {
        Ok(on!(self, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?))
    }

    pub async fn requests_of(&mut self, obligation: i64) -> Result<Vec<Request>> {
        Ok(on!(self, |c| sqlx::query_as(OF_OBLIGATION).bind(obligation).fetch_all(c).await?))
    }

    pub async fn pending_requests(&mut self) -> Result<Vec<Request>> {
        Ok(on!(self, |c| sqlx::query_as(PENDING).fetch_all(c).await?))
    }

    /// Decides a request. Says whether it was still open.
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

    /// It waits for an answer again.
    pub async fn reopen_request(&mut self, id: &str) -> Result<()> {
        on!(self, |c| sqlx::query(REOPEN).bind(id).execute(c).await?.rows_affected());
        Ok(())
    }

    /// A leader stands behind a request. Says whether it was still open and nobody had yet.
    pub async fn endorse_request(&mut self, id: &str, now: DateTime<Utc>, by_post: &str) -> Result<bool> {
        Ok(on!(self, |c| sqlx::query(ENDORSE).bind(id).bind(now).bind(by_post).execute(c).await?.rows_affected()) == 1)
    }
}
