//! 免除: the office lets obligations go, with a reason and the number of the document that says so.

use serde_json::Value;

use super::decision::Verdict;
use super::{Actor, LONGEST_REASON, Result, check_text, drop_requests, each_once};
use crate::domain::action::Action;
use crate::domain::decision::DecisionKind;
use crate::domain::refusal::field::Field;
use crate::store::Tx;
use crate::store::row::Stored;

const WAIVED: &str = "该事项已免除";

impl Actor<'_> {
    /// Waives one or many, all of them or none.
    ///
    /// # Errors
    /// One of them is closed already or does not exist, or it is not the office that waives.
    pub async fn waive(&self, ids: &[i64], reason: &str, document: &str) -> Result<Vec<Stored>> {
        self.require_office()?;
        let ids = each_once(ids)?;
        let reason = check_text(Field::WaiverReason, reason, LONGEST_REASON)?;
        let document = check_text(Field::Document, document, 100)?;
        let mut tx = self.engine.store.write().await?;
        let mut written = Vec::with_capacity(ids.len());
        for id in ids {
            let stored = self.find(&mut tx, id).await?;
            let next = stored.obligation.waived(self.now)?;
            let answered = drop_requests(self, &mut tx, id, WAIVED, None).await?;
            let verdict = Verdict { document, answered, ..Verdict::new(DecisionKind::Waive, reason) };
            written.push(self.decided(&mut tx, &stored, next, &verdict).await?);
        }
        tx.commit().await?;
        Ok(written)
    }

    /// Waives one obligation in a transaction that is open already, with all else that the act undoes: nothing that could be
    /// taken back by itself.
    pub(super) async fn waive_row(&self, tx: &mut Tx, stored: &Stored, detail: &Value) -> Result<Stored> {
        let next = stored.obligation.waived(self.now)?;
        drop_requests(self, tx, stored.obligation.id, WAIVED, None).await?;
        self.write(tx, stored, next, Action::Waive, detail).await
    }
}
