//! 佐证: files under the SHA-256 of their content, on disk before any submission that names them is acknowledged.
//!
//! A file is written under a name of its own, synced, then renamed, then its folder is synced. What is read back is
//! checked against its hash. A file uploaded by mistake is erased: the bytes go, its hash and a tombstone stay.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, local::LocalFileSystem};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{ActError, Actor, JobError, LONGEST_REASON, Result, check_text, refuse};
use crate::{disk, store::log::hex};

/// The largest file unless something else is configured: 50 MB.
pub const LARGEST: u64 = 50 << 20;

/// Why the files are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The folder or the storage could not.
    #[error("evidence: {0}")]
    Storage(#[from] object_store::Error),
    /// The disk could not.
    #[error("evidence: {0}")]
    Disk(#[from] io::Error),
    /// The file is larger than allowed.
    #[error("the file has {size} bytes; at most {largest} are taken")]
    TooLarge {
        /// Bytes it has.
        size: u64,
        /// Bytes it may have.
        largest: u64,
    },
    /// What is stored is not what was put there.
    #[error("evidence {0}: the stored bytes do not match the hash")]
    Damaged(String),
    /// That is no hash.
    #[error("`{0}` is no SHA-256")]
    NoHash(String),
}

impl From<VaultError> for ActError {
    fn from(error: VaultError) -> ActError {
        match error {
            VaultError::TooLarge { .. } | VaultError::NoHash(_) => ActError::Refused(error.to_string()),
            other => ActError::Job(JobError::Setup(other.to_string())),
        }
    }
}

/// Where the files lie.
#[derive(Debug, Clone)]
pub struct Vault {
    folder: PathBuf,
    largest: u64,
}

/// Files that are being written; renamed when they are whole.
pub const STAGING: &str = "staging";

impl Vault {
    /// A local folder. Nothing is touched until a file is stored or read.
    pub fn at(folder: &Path, largest: u64) -> Vault {
        Vault { folder: folder.to_owned(), largest }
    }

    /// The folder as object storage, made if it is missing.
    fn files(&self) -> std::result::Result<Arc<dyn ObjectStore>, VaultError> {
        disk::make_folder(&self.folder.join(STAGING))?;
        Ok(Arc::new(LocalFileSystem::new_with_prefix(&self.folder)?))
    }

    /// Stores a file; when this returns, it is on disk. The same content is stored once.
    ///
    /// # Errors
    /// It is too large, or could not be stored.
    pub async fn put(&self, bytes: Vec<u8>) -> std::result::Result<String, VaultError> {
        let size = bytes.len() as u64;
        if size > self.largest {
            return Err(VaultError::TooLarge { size, largest: self.largest });
        }
        let sha256 = hex(&Sha256::digest(&bytes));
        let place = place(&sha256)?;
        if !self.get(&sha256).await.is_ok_and(|found| found.is_some()) {
            let staging = object_store::path::Path::from(format!("{STAGING}/{sha256}"));
            let files = self.files()?;
            files.put(&staging, PutPayload::from(bytes)).await?;
            self.sync(&staging).await?;
            files.rename(&staging, &place).await?;
        }
        // Of a file that is there already too: whoever wrote it may have died before this.
        let mut folder = self.path(&place);
        while folder.pop() {
            sync(folder.clone()).await?;
            if folder == self.folder {
                break;
            }
        }
        Ok(sha256)
    }

    /// A file's bytes; `None` when there is none, or no longer.
    ///
    /// # Errors
    /// It could not be read, or is not what was stored.
    pub async fn get(&self, sha256: &str) -> std::result::Result<Option<Vec<u8>>, VaultError> {
        let bytes = match self.files()?.get(&place(sha256)?).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if hex(&Sha256::digest(&bytes)) != sha256 {
            return Err(VaultError::Damaged(sha256.to_owned()));
        }
        Ok(Some(bytes.to_vec()))
    }

    /// Removes a file's bytes, if they are there.
    ///
    /// # Errors
    /// It could not.
    pub async fn remove(&self, sha256: &str) -> std::result::Result<(), VaultError> {
        let place = place(sha256)?;
        match self.files()?.delete(&place).await {
            Ok(()) => {}
            Err(object_store::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let mut folder = self.path(&place);
        folder.pop();
        Ok(sync(folder).await?)
    }

    fn path(&self, place: &object_store::path::Path) -> PathBuf {
        self.folder.join(place.as_ref())
    }

    async fn sync(&self, place: &object_store::path::Path) -> io::Result<()> {
        sync(self.path(place)).await
    }
}

/// Makes a file or folder safe against a power cut.
async fn sync(path: PathBuf) -> io::Result<()> {
    tokio::task::spawn_blocking(move || File::open(path)?.sync_all()).await.map_err(io::Error::other)?
}

/// Where the file of that hash lies.
fn place(sha256: &str) -> std::result::Result<object_store::path::Path, VaultError> {
    let sound = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !sound {
        return Err(VaultError::NoHash(sha256.to_owned()));
    }
    Ok(object_store::path::Path::from(format!("{}/{sha256}", &sha256[..2])))
}

impl Actor<'_> {
    /// Erases a file of a submission: for a unit its own mention of it, for the office every mention. The bytes go once
    /// nobody mentions them any more. Says whether they are gone.
    ///
    /// # Errors
    /// There is no such submission or file, or it is another unit's.
    pub async fn erase_evidence(&self, vault: &Vault, receipt: &str, sha256: &str, reason: &str) -> Result<bool> {
        check_text("理由", reason, LONGEST_REASON)?;
        let mut tx = self.engine.store.write().await?;
        let (_, own) = self.own_submission(&mut tx, receipt).await?;
        let mentions = tx.evidence_with_hash(sha256).await?;
        if !mentions.iter().any(|file| file.submission == receipt) {
            return refuse(format!("回执 {receipt} 没有文件 {sha256}"));
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
            self.write(&mut tx, &stored, next, "erase", &detail).await?;
        }
        let wanted = tx.evidence_with_hash(sha256).await?.iter().any(|file| file.erased_at.is_none());
        tx.commit().await?;
        // Only once the tombstone stands; erasing again removes what a crash in between has left.
        if !wanted {
            vault.remove(sha256).await?;
        }
        Ok(!wanted)
    }
}
