//! A copy that has been put in place: it is noticed before anything is written or sent, and its older letters are held.
//!
//! What waits in the copy has been sent since it was taken, as a rule, and so has what falls due between then and now. All
//! of that waits until the office says whether it goes out; what falls due later is told as ever.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::domain::action::Action;
use crate::engine::restored::{RESTORED, Restored};
use crate::engine::{COPIED_AT, Engine, Result};
use crate::store::Tx;
use crate::store::log::DAEMON;

/// Looks whether this database is a copy that has just been put in place; if so, holds what waits to be sent.
pub async fn notice(engine: &Engine, now: DateTime<Utc>) -> Result<()> {
    let mut tx = engine.store.read().await?;
    let marked = |mark: Option<String>| mark.filter(|mark| !mark.is_empty());
    if marked(tx.meta(COPIED_AT).await?).is_none() {
        return Ok(());
    }
    drop(tx);
    let mut tx = engine.store.write().await?;
    // Another daemon may have been faster.
    let Some(mark) = marked(tx.meta(COPIED_AT).await?) else { return Ok(()) };
    let restored = Restored { taken_at: mark.parse().unwrap_or(now), started_at: now };
    let held = tx.hold_letters().await?;
    tx.set_meta(COPIED_AT, "").await?;
    tx.set_meta(RESTORED, &restored.written()).await?;
    let detail = json!({ "taken_at": restored.taken_at, "letters": held });
    tx.note(now, DAEMON, Action::HoldLetters, &detail).await?;
    tx.commit().await?;
    tracing::warn!(
        "this database is a copy taken at {}: letters written before now are held until the office releases them \
         (`duban letter release`, or 邮件 in the console)",
        restored.taken_at.to_rfc3339()
    );
    Ok(())
}

/// What a restored copy holds back still.
pub async fn in_force(tx: &mut Tx) -> Result<Option<Restored>> {
    Ok(tx.meta(RESTORED).await?.as_deref().and_then(Restored::read))
}
