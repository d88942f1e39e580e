//! What the office does to letters: has an undelivered one sent again, those that a restored copy holds sent or not, a
//! letter's link open nothing any more.

use serde_json::json;

use super::{Actor, Result, refuse};
use crate::domain::action::Action;
use crate::domain::refusal::setting::SettingRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::engine::restored::RESTORED;

impl Actor<'_> {
    /// Queues an undelivered letter again, under the same Message-ID.
    ///
    /// # Errors
    /// There is none, it is not undelivered, or it is not the office that asks.
    pub async fn send_again(&self, letter: i64) -> Result<()> {
        self.require_office()?;
        let mut tx = self.engine.store.write().await?;
        if !tx.retry_letter(letter, self.now).await? {
            return refuse(SettingRefusal::NotUndelivered(letter));
        }
        self.note(&mut tx, Action::SendAgain, &json!({ "letter": letter })).await?;
        Ok(tx.commit().await?)
    }

    /// Has all letters that a restored copy holds sent, or ends them: they were sent before it was restored. Returns how
    /// many there were.
    ///
    /// # Errors
    /// None is held, or it is not the office that says so.
    pub async fn release_letters(&self, send: bool) -> Result<u64> {
        self.require_office()?;
        let mut tx = self.engine.store.write().await?;
        let released = if send {
            tx.release_held_letters(self.now).await?
        } else {
            tx.drop_held_letters("held after a restore, not sent again").await?
        };
        if released == 0 {
            return refuse(SettingRefusal::NothingHeld);
        }
        tx.set_meta(RESTORED, "").await?;
        let detail = json!({ "letters": released, "sent": send });
        tx.note(self.now, &self.by.to_string(), Action::ReleaseLetters, &detail).await?;
        tx.commit().await?;
        Ok(released)
    }

    /// Revokes a letter's link and ends the sessions that came in by it. Returns how many.
    ///
    /// # Errors
    /// There is no such letter, its link is revoked already, or it is not the office that asks.
    pub async fn revoke_link(&self, letter: i64) -> Result<u64> {
        self.require_office()?;
        let mut tx = self.engine.store.write().await?;
        match tx.linked_letter(letter).await? {
            None => return refuse(NoSuch::NoLetter(letter)),
            Some(linked) if linked.revoked_at.is_some() => return refuse(SettingRefusal::LinkRevoked),
            Some(_) => {}
        }
        let ended = tx.revoke_link(letter, self.now).await?;
        let detail = json!({ "letter": letter, "sessions": ended });
        self.note(&mut tx, Action::RevokeLink, &detail).await?;
        tx.commit().await?;
        Ok(ended)
    }
}
