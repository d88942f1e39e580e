//! What the office has decided, as long as it may be taken back, and for the lists of those it concerns.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::bulk;
use super::error::Result;
use super::tx::{Tx, on};
use crate::domain::decision::DecisionKind;

/// Builds a SELECT of all columns at compile time.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, obligation, kind, by_post, at, words, document, until_at, posts, tells_at, before, head, requests, ",
            "undone_at FROM decision ",
            $tail
        )
    };
}

const INSERT: &str = "INSERT INTO decision (obligation, kind, by_post, at, words, document, until_at, posts, tells_at, \
    before, head, requests) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const OF_OBLIGATION: &str = select!("WHERE obligation = $1 AND undone_at IS NULL ORDER BY id");
const OF_OBLIGATIONS: &str = select!("WHERE undone_at IS NULL AND obligation IN ({list}) ORDER BY id");
const SINCE: &str = select!("WHERE at >= $1 AND undone_at IS NULL ORDER BY at DESC, id DESC LIMIT CAST($2 AS BIGINT)");
const OF_UNIT: &str = select!(
    "WHERE at >= $1 AND undone_at IS NULL AND REPLACE(';' || posts, ';' || CAST($2 AS TEXT) || '/', '') <> ';' || posts \
     ORDER BY at DESC, id DESC LIMIT CAST($3 AS BIGINT)"
);
const BY_POST: &str = select!("WHERE at >= $1 AND undone_at IS NULL AND by_post = $2 ORDER BY at DESC, id DESC");
const UNDO: &str = "UPDATE decision SET undone_at = $2 WHERE id = $1 AND undone_at IS NULL";

pub const STATEMENTS: &[&str] = &[INSERT, OF_OBLIGATION, SINCE, OF_UNIT, BY_POST, UNDO];

/// The statements with a list of numbers, with its first placeholder.
pub const LISTS: &[(&str, usize)] = &[(OF_OBLIGATIONS, 1)];

/// A decision that stands.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Decision {
    /// The database's number for it; 0 = not stored yet.
    pub id: i64,
    pub obligation: i64,
    #[sqlx(try_from = "String")]
    pub kind: DecisionKind,
    pub by_post: String,
    pub at: DateTime<Utc>,
    /// The reason, or the answer; may be empty.
    pub words: String,
    /// The number of the document that says so; may be empty.
    pub document: String,
    /// The new deadline, where there is one.
    pub until_at: Option<DateTime<Utc>>,
    /// The posts that are told of it, joined by `;`.
    pub posts: String,
    /// The slot from which on it is told.
    pub tells_at: DateTime<Utc>,
    /// How the obligation stood before, as JSON.
    pub before: String,
    /// The hash of its own log entry.
    pub head: String,
    /// The requests that it answered, joined by `;`.
    pub requests: String,
    pub undone_at: Option<DateTime<Utc>>,
}

impl Decision {
    /// Whether that post is told of it.
    pub fn tells(&self, post: &str) -> bool {
        self.posts.split(';').any(|told| told == post)
    }
}

impl Tx {
    pub async fn insert_decision(&mut self, decision: &Decision) -> Result<()> {
        on!(self, |c| {
            sqlx::query(INSERT)
                .bind(decision.obligation)
                .bind(decision.kind.code())
                .bind(&decision.by_post)
                .bind(decision.at)
                .bind(&decision.words)
                .bind(&decision.document)
                .bind(decision.until_at)
                .bind(&decision.posts)
                .bind(decision.tells_at)
                .bind(&decision.before)
                .bind(&decision.head)
                .bind(&decision.requests)
                .execute(c)
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// What was decided on an obligation and stands, oldest first.
    pub async fn decisions_of(&mut self, obligation: i64) -> Result<Vec<Decision>> {
        Ok(on!(self, |c| sqlx::query_as(OF_OBLIGATION).bind(obligation).fetch_all(c).await?))
    }

    /// What was decided on these obligations and stands, oldest first.
    pub async fn decisions_on(&mut self, obligations: &[i64]) -> Result<Vec<Decision>> {
        let mut found = Vec::new();
        for chunk in bulk::pieces(obligations) {
            let text = bulk::list(self.marks(), OF_OBLIGATIONS, 1, chunk.len());
            let rows: Vec<Decision> = on!(self, |c| {
                let mut query = sqlx::query_as(text).persistent(bulk::keep(chunk.len()));
                for id in chunk {
                    query = query.bind(id);
                }
                query.fetch_all(c).await?
            });
            found.extend(rows);
        }
        Ok(found)
    }

    /// What was decided since then and stands, newest first.
    pub async fn decisions_since(&mut self, since: DateTime<Utc>, limit: usize) -> Result<Vec<Decision>> {
        let limit = bulk::as_count(limit);
        Ok(on!(self, |c| sqlx::query_as(SINCE).bind(since).bind(limit).fetch_all(c).await?))
    }

    /// As above, of which a unit is told.
    pub async fn decisions_for(&mut self, unit: &str, since: DateTime<Utc>, limit: usize) -> Result<Vec<Decision>> {
        let limit = bulk::as_count(limit);
        Ok(on!(self, |c| sqlx::query_as(OF_UNIT).bind(since).bind(unit).bind(limit).fetch_all(c).await?))
    }

    /// What a post has decided since then and stands, newest first.
    pub async fn decisions_by(&mut self, post: &str, since: DateTime<Utc>) -> Result<Vec<Decision>> {
        Ok(on!(self, |c| sqlx::query_as(BY_POST).bind(since).bind(post).fetch_all(c).await?))
    }

    /// Takes a decision back. Says whether it still stood.
    pub async fn undo_decision(&mut self, id: i64, now: DateTime<Utc>) -> Result<bool> {
        Ok(on!(self, |c| sqlx::query(UNDO).bind(id).bind(now).execute(c).await?.rows_affected()) == 1)
    }
}
