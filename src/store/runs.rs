//! What the jobs did, what the program remembers of itself, and the rows that gave trouble.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::error::Result;
use super::tx::{Tx, on};

const INSERT_RUN: &str = "INSERT INTO run (job, started_at, finished_at, summary, error) VALUES ($1, $2, $3, $4, $5)";
const LAST_RUN: &str =
    "SELECT id, job, started_at, finished_at, summary, error FROM run WHERE job = $1 ORDER BY id DESC LIMIT 1";
const RUNS: &str = "SELECT id, job, started_at, finished_at, summary, error FROM run ORDER BY id DESC LIMIT $1";
const PRUNE_RUNS: &str = "DELETE FROM run WHERE finished_at < $1 \
    AND id NOT IN (SELECT MAX(id) FROM run GROUP BY job)";
const GET_META: &str = "SELECT value FROM meta WHERE key = $1";
const SET_META: &str =
    "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const PUT_META: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
const ADD_TROUBLE: &str = "INSERT INTO trouble (subject, first_at, last_at, failures, words) VALUES ($1, $2, $2, 1, $3) \
    ON CONFLICT (subject) DO UPDATE SET last_at = excluded.last_at, failures = trouble.failures + 1, \
    words = excluded.words RETURNING failures";
const END_TROUBLE: &str = "DELETE FROM trouble WHERE subject = $1";
const TROUBLES: &str = "SELECT subject, first_at, last_at, failures, words FROM trouble ORDER BY first_at, subject";

pub const STATEMENTS: &[&str] =
    &[INSERT_RUN, LAST_RUN, RUNS, PRUNE_RUNS, GET_META, SET_META, PUT_META, ADD_TROUBLE, END_TROUBLE, TROUBLES];

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Run {
    pub id: i64,
    pub job: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    /// What it did, as JSON.
    pub summary: String,
    /// Why it ended early, if it did.
    pub error: Option<String>,
}

/// A row that could not be worked on.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Trouble {
    /// Which: `obligation 12`, `letter 7`.
    pub subject: String,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub failures: i64,
    pub words: String,
}

impl Tx {
    pub async fn insert_run(
        &mut self,
        job: &str,
        started_at: DateTime<Utc>,
        finished_at: DateTime<Utc>,
        summary: &str,
        error: Option<&str>,
    ) -> Result<()> {
        on!(self, |c| {
            sqlx::query(INSERT_RUN)
                .bind(job)
                .bind(started_at)
                .bind(finished_at)
                .bind(summary)
                .bind(error)
                .execute(c)
                .await?
                .rows_affected()
        });
        Ok(())
    }

    pub async fn last_run(&mut self, job: &str) -> Result<Option<Run>> {
        Ok(on!(self, |c| sqlx::query_as(LAST_RUN).bind(job).fetch_optional(c).await?))
    }

    pub async fn runs(&mut self, limit: usize) -> Result<Vec<Run>> {
        let limit = crate::store::bulk::as_count(limit);
        Ok(on!(self, |c| sqlx::query_as(RUNS).bind(limit).fetch_all(c).await?))
    }

    /// Forgets runs that ended before then, but for each job's last.
    pub async fn prune_runs(&mut self, before: DateTime<Utc>) -> Result<u64> {
        Ok(on!(self, |c| sqlx::query(PRUNE_RUNS).bind(before).execute(c).await?.rows_affected()))
    }

    pub async fn meta(&mut self, key: &str) -> Result<Option<String>> {
        Ok(on!(self, |c| sqlx::query_scalar(GET_META).bind(key).fetch_optional(c).await?))
    }

    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<()> {
        on!(self, |c| sqlx::query(SET_META).bind(key).bind(value).execute(c).await?.rows_affected());
        Ok(())
    }

    /// Remembers a value unless there is one.
    pub async fn put_meta(&mut self, key: &str, value: &str) -> Result<bool> {
        Ok(on!(self, |c| sqlx::query(PUT_META).bind(key).bind(value).execute(c).await?.rows_affected()) == 1)
    }

    /// Records that something could not be worked on. Returns how often that has happened to it.
    pub async fn add_trouble(&mut self, subject: &str, now: DateTime<Utc>, words: &str) -> Result<i64> {
        Ok(on!(self, |c| sqlx::query_scalar(ADD_TROUBLE).bind(subject).bind(now).bind(words).fetch_one(c).await?))
    }

    pub async fn end_trouble(&mut self, subject: &str) -> Result<()> {
        on!(self, |c| sqlx::query(END_TROUBLE).bind(subject).execute(c).await?.rows_affected());
        Ok(())
    }

    pub async fn troubles(&mut self) -> Result<Vec<Trouble>> {
        Ok(on!(self, |c| sqlx::query_as(TROUBLES).fetch_all(c).await?))
    }
}
