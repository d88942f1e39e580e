//! `duban backup DIR`: database and evidence into a new folder, while the daemon works.
//!
//! The database is copied first and the evidence after it, so that no submission in the copy lacks its files; each file
//! is hashed on its way and every hash that the copied database names must be among them: what is filed meanwhile belongs
//! to the next backup. The copy is marked as one, so that whoever starts on it knows that others may have gone on since.
//! The folder gets its name when all of it is on disk, so one that is named is whole. Nothing in it is ever overwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::common::Common;
use super::open;
use crate::config::Config;
use crate::disk::{self, sync_folder};
use crate::engine::{COPIED_AT, Engine};
use crate::store::submissions::Evidence;
use crate::store::{Location, Store};
use crate::vault::STAGING;

/// Where to.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The folder in which a new folder is made for this backup
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Keep so many whole backups in it and remove the older ones
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
}

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub made_at: String,
    pub program: String,
    pub schema: i64,
    /// Files by their path in the backup: SHA-256 and size.
    pub files: BTreeMap<String, Copied>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copied {
    pub sha256: String,
    pub size: u64,
}

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const DATABASE: &str = "duban.sqlite";
pub(super) const EVIDENCE: &str = "evidence";
const PARTIAL: &str = ".partial";

/// Makes a backup and says where it is.
///
/// # Errors
/// Something could not be read or written, or evidence is missing; then no folder gets a name.
pub async fn run(common: &Common, args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common)?;
    let engine = open::engine_of(&config).await?;
    let at = engine.clock.now();
    let stamp = engine.settings.zone.local(at).format("duban-%Y%m%dT%H%M%S").to_string();
    disk::make_folder(&args.folder).with_context(|| args.folder.display().to_string())?;
    let (partial, whole) = new_folder(&args.folder, &stamp)?;
    let made = make(&engine, &config, &partial, at, err).await;
    let words = match made {
        Ok(words) => words,
        Err(error) => {
            // Best effort: the error that counts is the one at hand.
            let _ = fs::remove_dir_all(&partial);
            return Err(error);
        }
    };
    fs::rename(&partial, &whole)?;
    sync_folder(&args.folder)?;
    engine.store.close().await;
    writeln!(out, "{}: {words}", whole.display())?;
    if let Some(keep) = args.keep {
        prune(&args.folder, keep as usize, out)?;
    }
    Ok(())
}

/// Makes a folder for a backup, and says what it is to be called once it is whole. The second of one second is `…-2`.
fn new_folder(folder: &Path, stamp: &str) -> anyhow::Result<(PathBuf, PathBuf)> {
    let mut number = 1;
    loop {
        let name = if number == 1 { stamp.to_owned() } else { format!("{stamp}-{number}") };
        let (partial, whole) = (folder.join(format!("{name}{PARTIAL}")), folder.join(name));
        // While the first is ours, nobody else gives the second its name.
        match fs::DirBuilder::new().mode(0o700).create(&partial) {
            Ok(()) if !whole.exists() => return Ok((partial, whole)),
            Ok(()) => fs::remove_dir(&partial)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| partial.display().to_string()),
        }
        number += 1;
    }
}

/// Fills the folder. Says what is in it.
async fn make(
    engine: &Engine,
    config: &Config,
    partial: &Path,
    at: DateTime<Utc>,
    err: &mut dyn Write,
) -> anyhow::Result<String> {
    let mut files = BTreeMap::new();
    let sqlite = matches!(engine.store, Store::Sqlite(_));
    let copy = if sqlite {
        Some(copy_database(engine, partial, at).await?)
    } else {
        writeln!(
            err,
            "the database is PostgreSQL: dump it with pg_dump just before each `duban backup`, so that every file that the \
             dump names is in the backup; here come the evidence files"
        )?;
        None
    };
    // What is filed from here on is not in the copy, and need not be.
    let named = copy.as_ref().unwrap_or(&engine.store).read().await?.all_evidence().await?;
    let folder = config.evidence_folder();
    copy_folder(&folder, partial, EVIDENCE, &mut files)?;
    let missing = missing(&named, &files);
    let missing = settle(engine, copy.as_ref(), missing, &folder, partial, &mut files).await?;
    refuse_missing(&missing)?;
    let evidence = files.len();
    if let Some(copy) = copy {
        copy.close().await;
        let path = partial.join(DATABASE);
        disk::own(&path)?;
        File::open(&path)?.sync_all()?;
        files.insert(DATABASE.to_owned(), hash(&path)?);
    }
    let made_at = engine.settings.zone.local(at).to_rfc3339();
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { made_at, program, schema: Store::newest_schema(), files };
    write_synced(&partial.join(MANIFEST), serde_json::to_string_pretty(&manifest)?.as_bytes())?;
    sync_folder(partial)?;
    let database = if sqlite { "the database and " } else { "" };
    Ok(format!("{database}{evidence} evidence files"))
}

/// Copies the database and marks the copy. It stays open: it is what the evidence is looked up in.
async fn copy_database(engine: &Engine, folder: &Path, at: DateTime<Utc>) -> anyhow::Result<Store> {
    let path = folder.join(DATABASE);
    let Some(text) = path.to_str() else { bail!("{}: the path is not UTF-8", path.display()) };
    engine.store.vacuum_into(text).await?;
    let copy = Store::connect(&Location::SqliteFile(path), false).await?;
    let mut tx = copy.write().await?;
    tx.set_meta(COPIED_AT, &at.to_rfc3339()).await?;
    tx.commit().await?;
    Ok(copy)
}

/// The files that are named and were not copied, each with the submissions that name it.
fn missing(named: &[Evidence], files: &BTreeMap<String, Copied>) -> BTreeMap<String, Vec<String>> {
    let copied: BTreeSet<&str> = files.values().map(|file| file.sha256.as_str()).collect();
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let standing = named.iter().filter(|file| file.erased_at.is_none());
    for file in standing.filter(|file| !copied.contains(file.sha256.as_str())) {
        missing.entry(file.sha256.clone()).or_default().push(file.submission.clone());
    }
    missing
}

/// What went away between the copy of the database and that of the evidence was erased, and is erased in the copy as well;
/// what was erased and filed again is copied now. Returns what is missing all the same.
async fn settle(
    engine: &Engine,
    copy: Option<&Store>,
    missing: BTreeMap<String, Vec<String>>,
    folder: &Path,
    partial: &Path,
    files: &mut BTreeMap<String, Copied>,
) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut left = BTreeMap::new();
    for (sha256, submissions) in missing {
        let now = engine.store.read().await?.evidence_with_hash(&sha256).await?;
        let erased = now.iter().filter_map(|file| file.erased_at).max();
        if let Some(at) = erased.filter(|_| now.iter().all(|file| file.erased_at.is_some())) {
            if let Some(copy) = copy {
                let mut tx = copy.write().await?;
                tx.erase_evidence(&sha256, at).await?;
                tx.commit().await?;
            }
            continue;
        }
        let place = format!("{}/{sha256}", sha256.get(..2).unwrap_or_default());
        let (from, inside) = (folder.join(&place), format!("{EVIDENCE}/{place}"));
        let to = partial.join(&inside);
        if from.is_file() && !to.exists() {
            disk::make_folder(to.parent().unwrap_or(partial))?;
            let copied = copy_file(&from, &to)?;
            let right = copied.sha256 == sha256;
            files.insert(inside, copied);
            if right {
                continue;
            }
        }
        left.insert(sha256, submissions);
    }
    Ok(left)
}

/// Every file that a submission names must be in the copy, as it was filed.
fn refuse_missing(missing: &BTreeMap<String, Vec<String>>) -> anyhow::Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let some: Vec<String> =
        missing.iter().take(10).map(|(sha256, of)| format!("{sha256} (submission {})", of.join(", "))).collect();
    bail!("{} evidence files are missing or changed, the backup is not whole: {}", missing.len(), some.join(", "))
}

/// Copies a folder and all below it, but for what is only being written and belongs to no submission yet. A file that
/// goes away meanwhile was erased: what must be there is checked afterwards.
fn copy_folder(from: &Path, partial: &Path, name: &str, files: &mut BTreeMap<String, Copied>) -> anyhow::Result<()> {
    let to = partial.join(name);
    disk::make_folder(&to)?;
    if !from.exists() {
        return Ok(sync_folder(&to)?);
    }
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let Some(own) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if own.starts_with('.') || own == STAGING {
            continue;
        }
        let inside = format!("{name}/{own}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&entry.path(), partial, &inside, files)?;
        } else if kind.is_file() {
            let copied = copy_file(&entry.path(), &partial.join(&inside));
            if copied.is_err() && !entry.path().exists() {
                continue;
            }
            files.insert(inside, copied.with_context(|| entry.path().display().to_string())?);
        }
    }
    Ok(sync_folder(&to)?)
}

/// Copies a file into a new one of our own.
pub(super) fn copy_file(from: &Path, to: &Path) -> anyhow::Result<Copied> {
    let mut source = File::open(from)?;
    let mut made = disk::new_file(to)?;
    io::copy(&mut source, &mut made)?;
    made.sync_all()?;
    // Of what has arrived, not of what was read.
    hash(to)
}

pub(super) fn hash(path: &Path) -> anyhow::Result<Copied> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0_u8; 1 << 16];
    let mut size = 0;
    loop {
        let read = file.read(&mut block)?;
        let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else { break };
        hasher.update(part);
        size += read as u64;
    }
    Ok(Copied { sha256: hex::encode(hasher.finalize()), size })
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = disk::new_file(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes the oldest whole backups beyond `keep`: folders of our name with a manifest in them, and nothing else.
fn prune(folder: &Path, keep: usize, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut whole: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(is_ours) && path.join(MANIFEST).is_file()
        })
        .collect();
    whole.sort();
    let old = whole.len().saturating_sub(keep);
    for path in whole.iter().take(old) {
        fs::remove_dir_all(path).with_context(|| path.display().to_string())?;
        writeln!(out, "removed {}", path.display())?;
    }
    Ok(())
}

/// `duban-20261123T143000`, `duban-20261123T143000-2`
fn is_ours(name: &str) -> bool {
    let Some((day, time)) = name.strip_prefix("duban-").and_then(|stamp| stamp.split_once('T')) else { return false };
    let (time, number) = time.split_once('-').unwrap_or((time, "2"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    day.len() == 8 && digits(day) && time.len() == 6 && digits(time) && digits(number)
}
