//! A holiday notice is taken in: it speaks for whole years, and what was listed for them gives way to it.
//!
//! Only what has not opened yet is recomputed. What is open keeps its deadline; its reminders look for their slots anew.

use serde_json::json;

use super::{Actor, Result, refuse};
use crate::catalogue::ListedDays;
use crate::domain::action::Action;
use crate::domain::calendar::Calendar;
use crate::domain::refusal::setting::SettingRefusal;
use crate::engine::known::touch;
use crate::store::Tx;

impl Actor<'_> {
    /// Takes a notice in. Returns how many days are listed now for the years it speaks of.
    ///
    /// # Errors
    /// It lists nothing, or it is neither the office nor the administrator that imports.
    pub async fn import_calendar(&self, listed: &ListedDays) -> Result<usize> {
        self.require_settings()?;
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        self.import_calendar_in(&mut tx, listed).await?;
        tx.commit().await?;
        Ok(listed.days.len())
    }

    /// As [`Actor::import_calendar`], in a transaction that is open already and has moved the revision on.
    pub(super) async fn import_calendar_in(&self, tx: &mut Tx, listed: &ListedDays) -> Result<()> {
        if listed.days.is_empty() {
            return refuse(SettingRefusal::NoDayListed);
        }
        let before = tx.calendar().await?;
        let mut after = Calendar { listed: before.listed.clone() };
        after.replace(&listed.years, listed.days.clone());
        if before == after {
            return Ok(());
        }
        let days = before.listed.keys().chain(after.listed.keys());
        if let (Some(first), Some(last)) = (days.clone().min(), days.max()) {
            tx.replace_calendar_days(*first, *last, &after.listed).await?;
        }
        tx.wake_open_obligations(self.now).await?;
        let detail = json!({ "years": listed.years, "days": listed.days.len() });
        tx.note(self.now, &self.by.to_string(), Action::ImportCalendar, &detail).await?;
        Ok(())
    }
}
