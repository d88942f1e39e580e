//! 免除: the office lets obligations go, with a reason and the number of the document that says so.

use serde_json::{Value, json};

use super::{Actor, LONGEST_REASON, Result, check_text, drop_requests};
use crate::domain::action::Action;
use crate::domain::refusal::field::Field;
use crate::store::Tx;
use crate::store::row::Stored;

impl Actor<'_> {
    /// Waives one or many, all of them or none.
    ///
    /// # Errors
    /// One of them is closed already or does not exist, or it is not the office that waives.
    pub async fn waive(&self, ids: &[i64], reason: &str, document: &str) -> Result<Vec<Stored>> {
        self.require_office()?;
        let reason = check_text(Field::WaiverReason, reason, LONGEST_REASON)?;
        let document = check_text(Field::Document, document, 100)?;
        let detail = json!({ "reason": reason, "document": document });
        let mut tx = self.engine.store.write().await?;
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut written = Vec::with_capacity(ids.len());
        for id in ids {
            let stored = self.find(&mut tx, id).await?;
            written.push(self.waive_row(&mut tx, &stored, &detail).await?);
        }
        tx.commit().await?;
        Ok(written)
    }

    /// Waives one obligation in a transaction that is open already.
    pub(super) async fn waive_row(&self, tx: &mut Tx, stored: &Stored, detail: &Value) -> Result<Stored> {
        let next = stored.obligation.waived(self.now)?;
        drop_requests(self, tx, stored.obligation.id, "该事项已免除").await?;
        self.write(tx, stored, next, Action::Waive, detail).await
    }
}
