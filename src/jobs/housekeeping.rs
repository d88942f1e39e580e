//! Seals the log, forgets old runs and troubles that are over, sweeps what a crash has left among the evidence. Touches
//! nothing that anybody may have to answer for.

use chrono::TimeDelta;
use serde::Serialize;

use super::{Engine, Result, trouble};

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Log entries sealed.
    pub sealed: u64,
    /// Old runs forgotten.
    pub pruned: u64,
    /// Troubles that are over.
    pub mended: u64,
    /// Files that were never whole, left by a crash.
    pub swept: u64,
}

/// How long runs are kept.
const RUNS_KEPT: TimeDelta = TimeDelta::days(90);
/// Entries a seal covers at most.
const ENTRIES: usize = 10_000;

/// Does the work.
///
/// # Errors
/// The store could not.
pub async fn run(engine: &Engine) -> Result<Kept> {
    let now = engine.clock.now();
    let mut kept = Kept::default();
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
    kept.pruned = tx.prune_runs(now - RUNS_KEPT).await?;
    tx.commit().await?;
    if let Some(vault) = &engine.vault {
        // A disk that cannot be swept is no reason to leave the rest undone.
        kept.swept = vault.sweep(now).await.unwrap_or_else(|error| {
            tracing::warn!("what was left behind cannot be swept: {error}");
            0
        });
    }
    Ok(kept)
}
