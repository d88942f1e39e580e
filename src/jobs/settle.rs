//! What a day brings: units that leave on it, ladders that take effect.

use chrono::{DateTime, Utc};

use crate::acts::departure::depart;
use crate::engine::{Engine, Known, Result};
use crate::store::log::DAEMON;

/// Settles the departures whose day has come. Returns how many obligations that touched.
pub async fn departures(engine: &Engine, known: &Known, now: DateTime<Utc>) -> Result<u64> {
    let today = known.zone.day_of(now);
    let mut touched = 0;
    for unit in known.roster.units.iter().filter(|unit| unit.left_on.is_some_and(|left| left <= today)) {
        let mut tx = engine.store.read().await?;
        let pending = tx.leaves_for(&unit.name).await?.is_some();
        drop(tx);
        if !pending {
            continue;
        }
        let mut tx = engine.store.write().await?;
        // What could not be written now is left to the next pass.
        if let Some(rows) = depart(&mut tx, &unit.name, now, DAEMON).await? {
            tx.commit().await?;
            touched += rows.len() as u64;
        }
    }
    Ok(touched)
}

/// The version whose ladders open obligations were last timed by.
const LADDERS: &str = "ladders";

/// Re-times what is open when other ladders take effect. Returns how many obligations that touched.
pub async fn ladders(engine: &Engine, known: &Known, now: DateTime<Utc>) -> Result<u64> {
    if known.versions.len() < 2 {
        return Ok(0);
    }
    let Some(ruling) = known.version_on(known.zone.day_of(now)) else { return Ok(0) };
    let mut tx = engine.store.read().await?;
    let before: Option<i64> = tx.meta(LADDERS).await?.and_then(|text| text.parse().ok());
    drop(tx);
    let first = known.versions.first().map(|version| version.version);
    let before = before.or(first).and_then(|number| known.version(number));
    if before.is_some_and(|before| before.version == ruling.version) {
        return Ok(0);
    }
    let mut tx = engine.store.write().await?;
    let same = before.is_some_and(|before| before.catalogue.ladders == ruling.catalogue.ladders);
    let touched = if same { 0 } else { tx.retime_open_obligations(now).await? };
    tx.set_meta(LADDERS, &ruling.version.to_string()).await?;
    tx.commit().await?;
    Ok(touched)
}
