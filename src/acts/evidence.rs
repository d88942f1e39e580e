//! 佐证: what was filed before can be filed again; a file uploaded by mistake is erased: the bytes go, its hash and a
//! tombstone stay.

use serde_json::json;

use super::{Actor, LONGEST_REASON, Result, check_text, refuse};
use crate::domain::action::Action;
use crate::domain::refusal::field::Field;
use crate::domain::refusal::who::NoSuch;
use crate::engine::{self, Engine, SetupError};
use crate::vault::Vault;

impl Actor<'_> {
    /// Files that were filed before, to be filed again without being sent again: `R…/0` is one of a receipt, `R…` all that
    /// are left of it. As a submission takes them: hash, name, bytes.
    ///
    /// # Errors
    /// There is no such submission or file, it is erased, or it is another unit's.
    pub async fn kept_files(&self, named: &[String]) -> Result<Vec<(String, String, u64)>> {
        let mut kept: Vec<(String, String, u64)> = Vec::new();
        if named.is_empty() {
            return Ok(kept);
        }
        let mut tx = self.engine.store.read().await?;
        for name in named {
            let (receipt, position) = match name.split_once('/') {
                Some((receipt, position)) => (receipt, Some(position)),
                None => (name.as_str(), None),
            };
            self.own_submission(&mut tx, receipt).await?;
            let files = tx.evidence_of(receipt).await?.into_iter().filter(|file| file.erased_at.is_none());
            let files = files.filter(|file| position.is_none_or(|position| file.position.to_string() == position));
            let files: Vec<_> = files.collect();
            if let (Some(position), true) = (position, files.is_empty()) {
                return refuse(NoSuch::NoFileOfReceipt { receipt: receipt.to_owned(), sha256: position.to_owned() });
            }
            for file in files {
                if !kept.iter().any(|(hash, ..)| *hash == file.sha256) {
                    kept.push((file.sha256, file.name, u64::try_from(file.size).unwrap_or(0)));
                }
            }
        }
        Ok(kept)
    }

    /// Erases a file of a submission: for a unit its own mention of it, for the office every mention. The bytes go once
    /// nobody mentions them any more. Says whether they are gone.
    ///
    /// # Errors
    /// There is no such submission or file, or it is another unit's.
    pub async fn erase_evidence(&self, vault: &Vault, receipt: &str, sha256: &str, reason: &str) -> Result<bool> {
        let reason = check_text(Field::Reason, reason, LONGEST_REASON)?;
        let mut tx = self.engine.store.write().await?;
        let (_, own) = self.own_submission(&mut tx, receipt).await?;
        let mentions = tx.evidence_with_hash(sha256).await?;
        if !mentions.iter().any(|file| file.submission == receipt) {
            return refuse(NoSuch::NoFileOfReceipt { receipt: receipt.to_owned(), sha256: sha256.to_owned() });
        }
        let mut rows = own;
        if self.is_office() {
            tx.erase_evidence(sha256, self.now).await?;
            let others = mentions.iter().filter(|file| file.submission != receipt && file.erased_at.is_none());
            for file in others {
                let ids = tx.obligations_of_submission(&file.submission).await?;
                rows.extend(tx.obligations(&ids).await?);
            }
            rows.sort_by_key(|row| row.obligation.id);
            rows.dedup_by_key(|row| row.obligation.id);
        } else {
            tx.erase_evidence_of(receipt, sha256, self.now).await?;
        }
        let detail = json!({ "receipt": receipt, "sha256": sha256, "reason": reason });
        for stored in rows {
            let next = stored.obligation.clone();
            self.write(&mut tx, &stored, next, Action::Erase, &detail).await?;
        }
        tx.commit().await?;
        // Only once the tombstone stands; erasing again removes what a crash in between has left.
        Ok(remove_unnamed(self.engine, vault, sha256).await?)
    }
}

/// Takes a file away unless a submission names it. Says whether it is gone. Nobody can file the same bytes in between: who
/// has stored them holds the vault until they are filed.
pub async fn remove_unnamed(engine: &Engine, vault: &Vault, sha256: &str) -> engine::Result<bool> {
    if is_named(engine, sha256).await? {
        return Ok(false);
    }
    // Only where it is not: who is alone keeps all others waiting.
    let _alone = vault.alone().await.map_err(SetupError::Evidence)?;
    if is_named(engine, sha256).await? {
        return Ok(false);
    }
    vault.remove(sha256).await.map_err(SetupError::Evidence)?;
    Ok(true)
}

async fn is_named(engine: &Engine, sha256: &str) -> engine::Result<bool> {
    let files = engine.store.read().await?.evidence_with_hash(sha256).await?;
    Ok(files.iter().any(|file| file.erased_at.is_none()))
}
