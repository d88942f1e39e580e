//! The vault: files under the SHA-256 of their content, on disk before any submission that names them is acknowledged.
//!
//! A file is written piece by piece under a name of its own, synced, then renamed, then its folder is synced; it is never
//! whole in memory. What is dropped before that is taken from the disk again, and what a crash has left is swept a day
//! later. Files are never written in place, so that a file once opened and checked against its hash stays what it was.
//!
//! Several submissions may name the same bytes, which lie there once. So whoever stores a file and then files it holds on to
//! the vault in between, and whoever takes a file away because nothing names it is alone with the vault while it looks: a
//! file cannot go between being stored and being named, in this process or another.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use object_store::local::LocalFileSystem;
use object_store::{GetResultPayload, ObjectStore, ObjectStoreExt as _};
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use crate::disk;

/// The largest file unless something else is configured: 50 MB.
pub const LARGEST: u64 = 50 << 20;
/// Files that are being written; renamed when they are whole.
pub const STAGING: &str = "staging";
/// How long a file may lie there before it counts as left behind.
const STAGED: TimeDelta = TimeDelta::days(1);
/// The file by whose lock those who store and those who take away wait for each other.
const TURNS: &str = ".turns";
/// Small pieces are written together.
const PIECE: usize = 256 << 10;

pub mod endings;
mod launcher;
mod recording;
pub mod sniff;

/// Why the files are not what they should be.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The folder or the storage could not.
    #[error("evidence: {0}")]
    Storage(#[from] object_store::Error),
    #[error("evidence: {0}")]
    Disk(#[from] io::Error),
    /// The file is larger than allowed.
    #[error("the file is too large; at most {largest} bytes are taken")]
    TooLarge {
        /// Bytes it may have.
        largest: u64,
    },
    /// What is stored is not what was put there.
    #[error("evidence {0}: the stored bytes do not match the hash")]
    Damaged(String),
    #[error("`{0}` is no SHA-256")]
    NoHash(String),
}

impl VaultError {
    /// Whether there is no room.
    pub fn is_full(&self) -> bool {
        matches!(self, VaultError::Disk(error) if disk::is_full(error))
    }
}

type Result<T> = std::result::Result<T, VaultError>;

#[derive(Debug, Clone)]
pub struct Vault {
    folder: PathBuf,
    largest: u64,
    /// Held by whoever waits to be alone, so that those who come meanwhile do not keep it waiting for ever.
    queue: Arc<tokio::sync::Mutex<()>>,
}

/// A hold on the vault, together with others or alone; it ends when it is dropped.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "the lock lasts as long as the file is open")] File);

/// A file that is being stored. Dropped before it is kept, it is taken from the disk again.
#[derive(Debug)]
pub struct Writer {
    vault: Vault,
    path: PathBuf,
    file: Arc<File>,
    hash: Sha256,
    size: u64,
    waiting: Vec<u8>,
}

impl Vault {
    /// A local folder. Nothing is touched until a file is stored or read.
    pub fn at(folder: &Path, largest: u64) -> Vault {
        Vault { folder: folder.to_owned(), largest, queue: Arc::default() }
    }

    /// Keeps all files where they are until it is dropped: for whoever stores some and then names them.
    pub async fn hold(&self) -> Result<Hold> {
        let queue = self.queue.lock().await;
        let hold = self.turn(File::lock_shared).await;
        drop(queue);
        hold
    }

    /// As [`Vault::hold`], for whoever is covered by a hold already and needs one that lasts longer: it does not wait for
    /// those who wait for the first.
    pub async fn hold_on(&self) -> Result<Hold> {
        self.turn(File::lock_shared).await
    }

    /// Waits until nobody holds the vault, and keeps it so until it is dropped: for whoever looks whether a file is still
    /// named, and takes it away.
    pub async fn alone(&self) -> Result<Hold> {
        let queue = self.queue.lock().await;
        let hold = self.turn(File::lock).await;
        drop(queue);
        hold
    }

    async fn turn(&self, lock: fn(&File) -> io::Result<()>) -> Result<Hold> {
        let folder = self.folder.clone();
        let held = blocking(move || {
            disk::make_folder(&folder)?;
            let file = disk::kept_file(&folder.join(TURNS))?;
            lock(&file)?;
            Ok(Hold(file))
        });
        Ok(held.await?)
    }

    /// Whether a file is there, and as long as it is to be; `deep` reads it and looks at its hash.
    pub async fn has(&self, sha256: &str, size: u64, deep: bool) -> Result<bool> {
        if deep {
            return match self.open(sha256).await {
                Ok(found) => Ok(found.is_some_and(|(_, found)| found == size)),
                Err(VaultError::Damaged(_)) => Ok(false),
                Err(error) => Err(error),
            };
        }
        let path = self.folder.join(place(sha256)?.as_ref());
        let found = blocking(move || match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            found => found.map(|found| Some(found.len())),
        });
        Ok(found.await? == Some(size))
    }

    /// The folder, once something lies in it.
    pub fn place(&self) -> Option<PathBuf> {
        self.folder.is_dir().then(|| self.folder.clone())
    }

    /// The folder as object storage, made if it is missing.
    fn files(&self) -> Result<Arc<dyn ObjectStore>> {
        disk::make_folder(&self.folder.join(STAGING))?;
        Ok(Arc::new(LocalFileSystem::new_with_prefix(&self.folder)?))
    }

    /// The largest file that is taken, in bytes.
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// How much can still be stored, in bytes.
    pub async fn free(&self) -> Result<u64> {
        let folder = self.folder.clone();
        Ok(blocking(move || disk::free(&folder)).await?)
    }

    pub async fn begin(&self) -> Result<Writer> {
        let mut name = [0_u8; 16];
        rand::rng().fill_bytes(&mut name);
        let folder = self.folder.join(STAGING);
        let path = folder.join(hex::encode(name));
        let made = path.clone();
        let file = blocking(move || {
            disk::make_folder(&folder)?;
            disk::new_file(&made)
        });
        let file = Arc::new(file.await?);
        Ok(Writer { vault: self.clone(), path, file, hash: Sha256::new(), size: 0, waiting: Vec::new() })
    }

    /// Stores a file that is in memory; when this returns, it is on disk. The same content is stored once.
    pub async fn put(&self, bytes: Vec<u8>) -> Result<String> {
        let mut writer = self.begin().await?;
        writer.write(&bytes).await?;
        Ok(writer.keep().await?.0)
    }

    /// A file to read from its beginning, and its size; `None` when there is none, or no longer. It has been read through
    /// once and is what was stored; whatever becomes of its name meanwhile, this stays the same file.
    pub async fn open(&self, sha256: &str) -> Result<Option<(File, u64)>> {
        let found = match self.files()?.get(&place(sha256)?).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let GetResultPayload::File(mut file, _) = found.payload else {
            return Err(VaultError::Disk(io::Error::other("the storage gives no file")));
        };
        let (file, size, hash) = blocking(move || {
            let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
            loop {
                let read = file.read(&mut piece)?;
                if read == 0 {
                    break;
                }
                hash.update(&piece[..read]);
                size += read as u64;
            }
            file.rewind()?;
            Ok((file, size, hex::encode(hash.finalize())))
        })
        .await?;
        if hash == sha256 { Ok(Some((file, size))) } else { Err(VaultError::Damaged(sha256.to_owned())) }
    }

    /// A file's bytes; `None` when there is none, or no longer.
    pub async fn get(&self, sha256: &str) -> Result<Option<Vec<u8>>> {
        let Some((mut file, _)) = self.open(sha256).await? else { return Ok(None) };
        let bytes = blocking(move || {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        Ok(Some(bytes.await?))
    }

    /// Removes a file's bytes, if they are there.
    pub async fn remove(&self, sha256: &str) -> Result<()> {
        let place = place(sha256)?;
        match self.files()?.delete(&place).await {
            Ok(()) => {}
            Err(object_store::Error::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let mut folder = self.folder.join(place.as_ref());
        folder.pop();
        Ok(blocking(move || disk::sync_folder(&folder)).await?)
    }

    /// Removes what writers that died have left behind more than a day ago. Returns how many files.
    pub async fn sweep(&self, now: DateTime<Utc>) -> Result<u64> {
        let folder = self.folder.join(STAGING);
        let swept = blocking(move || {
            let entries = match fs::read_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
                entries => entries?,
            };
            let mut swept = 0;
            for entry in entries {
                let entry = entry?;
                // One that has just been kept or dropped is gone: that is no fault.
                let Ok(written) = entry.metadata().and_then(|found| found.modified()) else { continue };
                if now - DateTime::<Utc>::from(written) > STAGED && fs::remove_file(entry.path()).is_ok() {
                    swept += 1;
                }
            }
            Ok(swept)
        });
        Ok(swept.await?)
    }
}

impl Writer {
    pub async fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.size += piece.len() as u64;
        if self.size > self.vault.largest {
            return Err(VaultError::TooLarge { largest: self.vault.largest });
        }
        self.hash.update(piece);
        self.waiting.extend_from_slice(piece);
        if self.waiting.len() >= PIECE { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        let (file, waiting) = (Arc::clone(&self.file), std::mem::take(&mut self.waiting));
        Ok(blocking(move || (&*file).write_all(&waiting)).await?)
    }

    /// Lets somebody look at what has been written so far.
    pub async fn look<T: Send + 'static>(
        &mut self,
        look: impl FnOnce(&mut File) -> io::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.flush().await?;
        // Another place in the same file, so that looking does not move where the next piece goes.
        let path = self.path.clone();
        Ok(blocking(move || look(&mut File::open(path)?)).await?)
    }

    /// Stores what was written under its hash. When this returns, it is on disk. Returns hash and size.
    ///
    /// # Errors
    /// The disk could not; then nothing is stored.
    pub async fn keep(mut self) -> Result<(String, u64)> {
        self.flush().await?;
        let sha256 = hex::encode(std::mem::take(&mut self.hash).finalize());
        let place = self.vault.folder.join(place(&sha256)?.as_ref());
        let (file, staged, root) = (Arc::clone(&self.file), self.path.clone(), self.vault.folder.clone());
        blocking(move || {
            file.sync_all()?;
            let folder = place.parent().unwrap_or(&root);
            disk::make_folder(folder)?;
            // The same content may be there already: it is replaced by itself, which mends a damaged one.
            fs::rename(staged, &place)?;
            disk::sync_folder(folder)?;
            // Whoever made the folder may have died before this.
            disk::sync_folder(&root)
        })
        .await?;
        Ok((sha256, self.size))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Renamed when it was kept; then there is nothing to remove.
        let _ = fs::remove_file(&self.path);
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Where the file of that hash lies.
fn place(sha256: &str) -> Result<object_store::path::Path> {
    let sound = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !sound {
        return Err(VaultError::NoHash(sha256.to_owned()));
    }
    Ok(object_store::path::Path::from(format!("{}/{sha256}", &sha256[..2])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged(folder: &Path) -> usize {
        fs::read_dir(folder.join(STAGING)).map_or(0, Iterator::count)
    }

    #[tokio::test]
    async fn what_is_kept_is_whole_and_what_is_dropped_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::at(folder.path(), 1 << 20);
        let content: Vec<u8> = (0..900_000_u32).flat_map(u32::to_le_bytes).take(900_000).collect();
        let mut writer = vault.begin().await.unwrap();
        for piece in content.chunks(7777) {
            writer.write(piece).await.unwrap();
        }
        assert_eq!(staged(folder.path()), 1);
        let (hash, size) = writer.keep().await.unwrap();
        assert_eq!((hash.as_str(), size), (hex::encode(Sha256::digest(&content)).as_str(), 900_000));
        assert_eq!(vault.get(&hash).await.unwrap(), Some(content));
        let mut dropped = vault.begin().await.unwrap();
        dropped.write(b"half").await.unwrap();
        drop(dropped);
        let mut large = vault.begin().await.unwrap();
        assert!(matches!(large.write(&vec![0; (1 << 20) + 1]).await, Err(VaultError::TooLarge { .. })));
        drop(large);
        assert_eq!(staged(folder.path()), 0);
    }

    #[tokio::test]
    async fn an_opened_file_stays_what_it_was_and_a_damaged_one_is_never_given() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::at(folder.path(), 1 << 20);
        let hash = vault.put(b"evidence".to_vec()).await.unwrap();
        let (mut file, size) = vault.open(&hash).await.unwrap().unwrap();
        vault.remove(&hash).await.unwrap();
        assert!(vault.open(&hash).await.unwrap().is_none());
        let mut bytes = String::new();
        file.read_to_string(&mut bytes).unwrap();
        assert_eq!((bytes.as_str(), size), ("evidence", 8));
        vault.put(b"evidence".to_vec()).await.unwrap();
        fs::write(folder.path().join(&hash[..2]).join(&hash), b"Evidence").unwrap();
        assert!(matches!(vault.open(&hash).await, Err(VaultError::Damaged(_))));
        // Stored again, it is whole again.
        vault.put(b"evidence".to_vec()).await.unwrap();
        assert_eq!(vault.get(&hash).await.unwrap(), Some(b"evidence".to_vec()));
    }

    #[tokio::test]
    async fn whoever_would_take_away_waits_for_those_who_hold_and_they_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::at(folder.path(), 1 << 20);
        // Another process has its own.
        let other = Vault::at(folder.path(), 1 << 20);
        let (first, second) = (vault.hold().await.unwrap(), other.hold().await.unwrap());
        let alone = tokio::spawn({
            let vault = vault.clone();
            async move { vault.alone().await.unwrap() }
        });
        while vault.queue.try_lock().is_ok() {
            tokio::task::yield_now().await;
        }
        // It is covered by the first, and need not wait for the one that waits for that.
        let longer = vault.hold_on().await.unwrap();
        let late = tokio::spawn({
            let vault = vault.clone();
            async move { vault.hold().await.unwrap() }
        });
        drop((first, second));
        assert!(!alone.is_finished() && !late.is_finished());
        drop(longer);
        let alone = alone.await.unwrap();
        assert!(!late.is_finished());
        drop(alone);
        drop(late.await.unwrap());
    }

    #[tokio::test]
    async fn what_a_crash_has_left_is_swept_after_a_day_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::at(folder.path(), 1 << 20);
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        assert_eq!(vault.sweep(now).await.unwrap(), 0);
        fs::create_dir_all(folder.path().join(STAGING)).unwrap();
        for (name, hours) in [("old", 25), ("young", 23)] {
            let file = File::create(folder.path().join(STAGING).join(name)).unwrap();
            file.set_modified((now - TimeDelta::hours(hours)).into()).unwrap();
        }
        let hash = vault.put(b"kept".to_vec()).await.unwrap();
        assert_eq!(vault.sweep(now).await.unwrap(), 1);
        assert!(folder.path().join(STAGING).join("young").exists());
        assert!(vault.get(&hash).await.unwrap().is_some());
    }
}
