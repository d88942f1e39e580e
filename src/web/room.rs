//! How much of a form's evidence may be received: what its post may still send today, less what is coming in from it at the
//! same time.

use super::app::App;
use super::fault::Fault;
use crate::acts::ActError;
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::share::{self, Left};
use crate::domain::unit::PostId;
use crate::vault::Vault;

/// The room for one form.
pub struct Room {
    app: App,
    post: PostId,
    left: Left,
    /// What the form has taken of it.
    taken: u64,
}

impl Room {
    pub async fn of(app: &App, vault: &Vault, post: &PostId) -> Result<Room, Fault> {
        let engine = app.engine();
        let since = engine.settings.zone.start_of(engine.today());
        let mut tx = engine.store.read().await?;
        let sent = tx.evidence_sent(&post.unit.0, &post.to_string(), since).await?;
        let free = vault.free().await.map_err(ActError::from)?;
        let left = share::left(app.options().daily, u64::try_from(sent).unwrap_or_default(), free);
        Ok(Room { app: app.clone(), post: post.clone(), left, taken: 0 })
    }

    /// Takes so many bytes more.
    ///
    /// # Errors
    /// There is no room for them.
    pub fn take(&mut self, bytes: u64) -> Result<(), FilingRefusal> {
        self.taken += bytes;
        let coming = self.app.coming().count(&self.post, |coming| coming + bytes);
        if coming <= self.left.bytes() {
            return Ok(());
        }
        Err(match self.left {
            Left::OfTheDay(_) => FilingRefusal::EvidenceOfTheDay(self.app.options().daily / 1_000_000),
            Left::OfTheRoom(left) => FilingRefusal::EvidenceBeyondShare(left / 1_000_000),
        })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.app.coming().count(&self.post, |coming| coming.saturating_sub(self.taken));
    }
}
