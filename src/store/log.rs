//! The append-only log: who did what to which obligation and when.
//!
//! Each obligation's entries are hash-chained through the obligation's `log_head`, so no lock is shared between
//! obligations. A seal chains all entries that came since the last one, so that a removed entry does not go unseen.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use sha2::{Digest, Sha256};
use sqlx::FromRow;

use super::bulk;
use super::error::Result;
use super::tx::{Tx, on};
use crate::domain::action::Action;

const INSERT: &str = "INSERT INTO log (obligation, at, by_post, action, detail, hash) VALUES {values}";
const INSERT_COLUMNS: usize = 6;
const OF_OBLIGATION: &str =
    "SELECT id, obligation, at, by_post, action, detail, hash, seal FROM log WHERE obligation = $1 ORDER BY id";
const CHANGED: &str = "SELECT obligation, MAX(at) FROM log WHERE obligation IN ({list}) GROUP BY obligation";
const TIMES: &str = "SELECT COUNT(*) FROM log WHERE obligation = $1 AND action = $2";
const PAGE: &str =
    "SELECT id, obligation, at, by_post, action, detail, hash, seal FROM log WHERE id > $1 ORDER BY id LIMIT $2";
const UNSEALED: &str = "SELECT id, obligation, at, by_post, action, detail, hash, seal FROM log \
    WHERE seal IS NULL ORDER BY id LIMIT $1";
const LAST_SEAL: &str = "SELECT id, at, entries, hash FROM seal ORDER BY id DESC LIMIT 1";
const COUNT_UNSEALED: &str = "SELECT COUNT(*) FROM log WHERE seal IS NULL";
const SEALS: &str = "SELECT id, at, entries, hash FROM seal ORDER BY id";
const SEALED_HASHES: &str = "SELECT hash FROM log WHERE seal = $1 ORDER BY id";
const INSERT_SEAL: &str = "INSERT INTO seal (at, entries, hash) VALUES ($1, $2, $3) RETURNING id";
const MARK_SEALED: &str = "UPDATE log SET seal = $1 WHERE seal IS NULL AND id IN ({list})";

pub const STATEMENTS: &[&str] =
    &[OF_OBLIGATION, TIMES, PAGE, UNSEALED, LAST_SEAL, COUNT_UNSEALED, SEALS, SEALED_HASHES, INSERT_SEAL];

/// The statements with an IN list, and the number of its first parameter.
pub const LISTS: &[(&str, usize)] = &[(MARK_SEALED, 2), (CHANGED, 1)];

/// The statements of many rows, with their columns.
pub const BULK: &[(&str, usize)] = &[(INSERT, INSERT_COLUMNS)];

/// Who acted, when the program did.
pub const DAEMON: &str = "duban";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The obligation it is about, if one.
    pub obligation: Option<i64>,
    pub at: DateTime<Utc>,
    /// The post that acted, or [`DAEMON`].
    pub by_post: String,
    pub action: Action,
    /// The particulars, as JSON.
    pub detail: String,
    /// Its hash, see [`chain`].
    pub hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Logged {
    pub id: i64,
    /// The obligation it is about, if one.
    pub obligation: Option<i64>,
    pub at: DateTime<Utc>,
    pub by_post: String,
    #[sqlx(try_from = "String")]
    pub action: Action,
    pub detail: String,
    pub hash: String,
    pub seal: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Seal {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub entries: i64,
    /// Over the last seal and the hashes of its entries.
    pub hash: String,
}

/// The hash of an entry after `head`, the hash of the one before it on the same obligation (empty for the first).
pub fn chain(head: &str, at: DateTime<Utc>, by_post: &str, action: Action, detail: &str) -> String {
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    digest(&[head, &at, by_post, action.code(), detail])
}

/// A hash over parts, each with its length so that no two lists look alike.
fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex::encode(hasher.finalize())
}

/// Makes an entry and moves the obligation's head on.
pub fn entry(
    obligation: Option<i64>,
    head: &mut String,
    at: DateTime<Utc>,
    by_post: &str,
    action: Action,
    detail: &serde_json::Value,
) -> Entry {
    let detail = detail.to_string();
    let hash = chain(head, at, by_post, action, &detail);
    head.clone_from(&hash);
    Entry { obligation, at, by_post: by_post.to_owned(), action, detail, hash }
}

impl Tx {
    pub async fn append_log(&mut self, entries: &[Entry]) -> Result<()> {
        for chunk in bulk::pieces(entries) {
            let text = bulk::values(self.marks(), INSERT, chunk.len(), INSERT_COLUMNS);
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for entry in chunk {
                    query = query
                        .bind(entry.obligation)
                        .bind(entry.at)
                        .bind(&entry.by_post)
                        .bind(entry.action.code())
                        .bind(&entry.detail)
                        .bind(&entry.hash);
                }
                query.execute(c).await?;
            });
        }
        Ok(())
    }

    /// Adds an entry that is about no obligation.
    pub async fn note(
        &mut self,
        at: DateTime<Utc>,
        by_post: &str,
        action: Action,
        detail: &serde_json::Value,
    ) -> Result<()> {
        self.append_log(&[entry(None, &mut String::new(), at, by_post, action, detail)]).await
    }

    pub async fn log_of(&mut self, obligation: i64) -> Result<Vec<Logged>> {
        Ok(on!(self, |c| sqlx::query_as(OF_OBLIGATION).bind(obligation).fetch_all(c).await?))
    }

    /// When something was last done to each of these obligations.
    pub async fn last_changes(&mut self, ids: &[i64]) -> Result<HashMap<i64, DateTime<Utc>>> {
        let mut found = HashMap::new();
        for chunk in bulk::pieces(ids) {
            let text = bulk::list(self.marks(), CHANGED, 1, chunk.len());
            let changes: Vec<(i64, DateTime<Utc>)> = on!(self, |c| {
                let mut query = sqlx::query_as(text).persistent(bulk::keep(chunk.len()));
                for id in chunk {
                    query = query.bind(id);
                }
                query.fetch_all(c).await?
            });
            found.extend(changes);
        }
        Ok(found)
    }

    /// How often something was done to an obligation.
    pub async fn logged_times(&mut self, obligation: i64, action: Action) -> Result<i64> {
        Ok(on!(self, |c| sqlx::query_scalar(TIMES).bind(obligation).bind(action.code()).fetch_one(c).await?))
    }

    /// A page of the whole log after entry `after`.
    pub async fn log_page(&mut self, after: i64, limit: usize) -> Result<Vec<Logged>> {
        let limit = bulk::as_count(limit);
        Ok(on!(self, |c| sqlx::query_as(PAGE).bind(after).bind(limit).fetch_all(c).await?))
    }

    /// Seals what is not sealed yet, at most `limit` entries. Returns how many.
    pub async fn seal_log(&mut self, now: DateTime<Utc>, limit: usize) -> Result<usize> {
        // Whoever writes this row first seals; another daemon waits here and then finds less to seal.
        self.set_meta("sealed_at", &now.to_rfc3339()).await?;
        let limit = bulk::as_count(limit);
        let entries: Vec<Logged> = on!(self, |c| sqlx::query_as(UNSEALED).bind(limit).fetch_all(c).await?);
        if entries.is_empty() {
            return Ok(0);
        }
        let before: Option<Seal> = on!(self, |c| sqlx::query_as(LAST_SEAL).fetch_optional(c).await?);
        let hash = seal_hash(before.as_ref(), entries.iter().map(|entry| entry.hash.as_str()));
        let count = bulk::as_count(entries.len());
        let seal: i64 =
            on!(self, |c| sqlx::query_scalar(INSERT_SEAL).bind(now).bind(count).bind(hash).fetch_one(c).await?);
        // Just the entries that were read: one with a lower number may be committed at this moment.
        let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
        for chunk in bulk::pieces(&ids) {
            let text = bulk::list(self.marks(), MARK_SEALED, 2, chunk.len());
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len())).bind(seal);
                for id in chunk {
                    query = query.bind(id);
                }
                query.execute(c).await?;
            });
        }
        Ok(entries.len())
    }

    /// The newest seal, and how many entries have come since.
    pub async fn seal_state(&mut self) -> Result<(Option<Seal>, i64)> {
        let last: Option<Seal> = on!(self, |c| sqlx::query_as(LAST_SEAL).fetch_optional(c).await?);
        let unsealed: i64 = on!(self, |c| sqlx::query_scalar(COUNT_UNSEALED).fetch_one(c).await?);
        Ok((last, unsealed))
    }

    /// Checks every seal and, of each obligation, the chain. Says what does not fit, in words.
    pub async fn verify_log(&mut self) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        let seals: Vec<Seal> = on!(self, |c| sqlx::query_as(SEALS).fetch_all(c).await?);
        let mut before: Option<Seal> = None;
        for seal in seals {
            let hashes: Vec<String> =
                on!(self, |c| sqlx::query_scalar(SEALED_HASHES).bind(seal.id).fetch_all(c).await?);
            if seal_hash(before.as_ref(), hashes.iter().map(String::as_str)) != seal.hash {
                faults.push(format!("seal {} of {}: an entry was changed or removed", seal.id, seal.at));
            }
            before = Some(seal);
        }
        faults.extend(self.verify_chains().await?);
        Ok(faults)
    }

    async fn verify_chains(&mut self) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        let mut heads: HashMap<Option<i64>, String> = HashMap::new();
        let mut after = 0;
        loop {
            let page = self.log_page(after, 5000).await?;
            let Some(last) = page.last() else { return Ok(faults) };
            after = last.id;
            for entry in page {
                let head = heads.entry(entry.obligation).or_default();
                if entry.obligation.is_none() {
                    head.clear();
                }
                if chain(head, entry.at, &entry.by_post, entry.action, &entry.detail) != entry.hash {
                    faults.push(format!("log entry {}: its content does not match its hash", entry.id));
                }
                *head = entry.hash;
            }
        }
    }
}

fn seal_hash<'a>(before: Option<&'a Seal>, hashes: impl Iterator<Item = &'a str>) -> String {
    let mut parts = vec![before.map_or("", |seal| seal.hash.as_str())];
    parts.extend(hashes);
    digest(&parts)
}
