//! Seals the log, ends what former holders of posts came in by, forgets old runs, sessions and tokens that have ended, troubles that are over and empty rows of the
//! summaries, sweeps what a crash has left among the evidence. Touches nothing that anybody may have to answer for.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::trouble;
use crate::engine::{Engine, Result};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tidied {
    pub sealed: u64,
    pub pruned: u64,
    /// Sessions, tokens, feeds and one-time links that had ended.
    pub credentials: u64,
    pub mended: u64,
    /// Rows of the summaries that counted nothing any more.
    pub emptied: u64,
    /// Files that were never whole, left by a crash.
    pub swept: u64,
}

const RUNS_KEPT: TimeDelta = TimeDelta::days(90);
/// What has ended lets nobody in any more; that somebody came in and left stands in the log.
const CREDENTIALS_KEPT: TimeDelta = TimeDelta::days(30);
/// Entries a seal covers at most.
const ENTRIES: usize = 10_000;
/// Rows of each summary that one transaction takes away: others wait for it.
const EMPTY_ROWS: usize = 500;

pub async fn run(engine: &Engine, now: DateTime<Utc>) -> Result<Tidied> {
    let mut kept = Tidied::default();
    loop {
        let mut tx = engine.store.write().await?;
        let sealed = tx.seal_log(now, ENTRIES).await?;
        tx.commit().await?;
        kept.sealed += sealed as u64;
        if sealed < ENTRIES || engine.stopping.is_cancelled() {
            break;
        }
    }
    let known = engine.known().await?;
    let mut tx = engine.store.write().await?;
    kept.mended = trouble::sweep(&mut tx, &known, now).await?;
    for post in known.holders.keys() {
        // They let nobody in since then; lists need not show them.
        if let Some(began) = known.term_began(post, now) {
            tx.end_credentials_before(&post.unit.0, post.role.code(), began, now).await?;
        }
    }
    kept.pruned = tx.prune_runs(now - RUNS_KEPT).await?;
    kept.credentials = tx.prune_credentials(now - CREDENTIALS_KEPT).await?;
    tx.commit().await?;
    while !engine.stopping.is_cancelled() {
        let mut tx = engine.store.write().await?;
        let gone = tx.sweep_tally(EMPTY_ROWS).await?;
        tx.commit().await?;
        kept.emptied += gone;
        if gone == 0 {
            break;
        }
    }
    if let Some(vault) = &engine.vault {
        // A disk that cannot be swept is no reason to leave the rest undone.
        kept.swept = vault.sweep(now).await.unwrap_or_else(|error| {
            tracing::warn!("what was left behind cannot be swept: {error}");
            0
        });
    }
    Ok(kept)
}
