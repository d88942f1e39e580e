//! 通报建议: the office decides whether a miss goes into the bulletin. The ladder only proposes; nothing is published by itself.

use super::decision::Verdict;
use super::{Actor, LONGEST_REASON, Result, check_text, check_words, each_once};
use crate::domain::decision::DecisionKind;
use crate::domain::refusal::field::Field;
use crate::store::row::Stored;

impl Actor<'_> {
    /// Decides 通报 or 不通报 on one proposal or many, all of them or none. 通报 names the bulletin's number.
    ///
    /// # Errors
    /// One of them has no proposal that waits, or it is not the office that decides.
    pub async fn publish(&self, ids: &[i64], publish: bool, reason: &str, document: &str) -> Result<Vec<Stored>> {
        self.require_office()?;
        let ids = each_once(ids)?;
        let reason = check_text(Field::BulletinReason, reason, LONGEST_REASON)?;
        let document = if publish || !document.trim().is_empty() {
            check_text(Field::Document, document, 100)?
        } else {
            check_words(Field::Document, document)?
        };
        let kind = if publish { DecisionKind::Publish } else { DecisionKind::NotPublish };
        let verdict = Verdict { document, ..Verdict::new(kind, reason) };
        let mut tx = self.engine.store.write().await?;
        let mut written = Vec::with_capacity(ids.len());
        for id in ids {
            let stored = self.find(&mut tx, id).await?;
            let next = stored.obligation.published(publish)?;
            written.push(self.decided(&mut tx, &stored, next, &verdict).await?);
        }
        tx.commit().await?;
        Ok(written)
    }
}
