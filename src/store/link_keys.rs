//! Which keys sign the links of this database's letters: one makes them, those before it still check for a while.
//!
//! A key that the configuration names a file for is known here by its fingerprint alone.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::error::Result;
use super::tx::{Tx, on};

const ALL: &str = "SELECT fingerprint, secret, retired_at FROM link_key ORDER BY retired_at DESC, fingerprint";
const PUT: &str = "INSERT INTO link_key (fingerprint, secret, retired_at) VALUES ($1, $2, $3) \
    ON CONFLICT (fingerprint) DO UPDATE SET secret = excluded.secret, retired_at = excluded.retired_at";
const RETIRE: &str = "UPDATE link_key SET retired_at = $1 WHERE retired_at IS NULL";
const FORGET: &str = "DELETE FROM link_key";

pub const STATEMENTS: &[&str] = &[ALL, PUT, RETIRE, FORGET];

/// Written first by whoever settles which key makes links, so that two wait for each other.
const LOCK: &str = "link_key_lock";

#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct LinkKey {
    /// What it is told by.
    pub fingerprint: String,
    /// The key in hexadecimal digits; `None` = it lies in a file that the configuration names.
    pub secret: Option<String>,
    /// Since when it makes no links any more; `None` = it makes them.
    pub retired_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "link key {}", self.fingerprint)
    }
}

impl Tx {
    pub async fn link_keys(&mut self) -> Result<Vec<LinkKey>> {
        Ok(on!(self, |c| sqlx::query_as(ALL).fetch_all(c).await?))
    }

    /// Keeps others from settling the keys until this is over.
    pub async fn lock_link_keys(&mut self) -> Result<()> {
        self.set_meta(LOCK, "").await
    }

    pub async fn put_link_key(&mut self, key: &LinkKey) -> Result<()> {
        on!(self, |c| {
            sqlx::query(PUT)
                .bind(&key.fingerprint)
                .bind(&key.secret)
                .bind(key.retired_at)
                .execute(c)
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// The key that makes links makes none from then on.
    pub async fn retire_link_keys(&mut self, now: DateTime<Utc>) -> Result<()> {
        on!(self, |c| sqlx::query(RETIRE).bind(now).execute(c).await?.rows_affected());
        Ok(())
    }

    /// Forgets them all: links that were sent so far open nothing.
    pub async fn forget_link_keys(&mut self) -> Result<()> {
        on!(self, |c| sqlx::query(FORGET).execute(c).await?.rows_affected());
        Ok(())
    }
}
