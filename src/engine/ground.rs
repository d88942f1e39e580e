//! Whether what the program stands on takes writes: looked at by writing a little, and remembered for all who ask.
//!
//! A full disk is not seen otherwise: whatever only reads goes on, and what cannot be written cannot be recorded either.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::disk;
use crate::store::{Result, Store};
use crate::vault::Vault;

/// The key in `meta` of the instant at which the database was last seen to take a write.
const WRITTEN_AT: &str = "written_at";

/// What cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ailing {
    /// Since when, as far as it was looked.
    pub since: DateTime<Utc>,
    pub words: String,
}

/// What was found at the last look; all engines of a process share it.
#[derive(Debug, Clone, Default)]
pub struct Ground(Arc<Mutex<Option<Ailing>>>);

impl Ground {
    pub fn ailing(&self) -> Option<Ailing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes a little wherever anything is written. Says whether that works now and did not before, or the reverse.
    pub async fn look(&self, store: &Store, vault: Option<&Vault>, now: DateTime<Utc>) -> bool {
        let found = unwritable(store, vault, now).await;
        self.note(now, found)
    }

    /// Notes what a look has found. Says whether that is news.
    fn note(&self, now: DateTime<Utc>, found: Option<String>) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = held.is_some() != found.is_some();
        let since = held.as_ref().map_or(now, |ailing| ailing.since);
        *held = found.map(|words| Ailing { since, words });
        news
    }
}

async fn unwritable(store: &Store, vault: Option<&Vault>, now: DateTime<Utc>) -> Option<String> {
    for folder in store.folder().into_iter().chain(vault.and_then(Vault::place)) {
        if let Err(error) = probe(&folder).await {
            return Some(format!("{}: {error}", folder.display()));
        }
    }
    write_a_little(store, now).await.err().map(|error| error.to_string())
}

async fn write_a_little(store: &Store, now: DateTime<Utc>) -> Result<()> {
    let mut tx = store.write().await?;
    tx.set_meta(WRITTEN_AT, &now.to_rfc3339()).await?;
    tx.commit().await
}

async fn probe(folder: &Path) -> std::io::Result<()> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || disk::probe(&folder)).await.map_err(std::io::Error::other)?
}
