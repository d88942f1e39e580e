//! `duban backup DIR`: database and evidence into a new folder, while the daemon works.
//!
//! The database is copied first and the evidence after it, so that no submission in the copy lacks its files; each file
//! is hashed on its way and every hash that the database names must be among them. The folder gets its name when all
//! of it is on disk, so one that is named is whole. Nothing in it is ever overwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::common::Common;
use super::open;
use crate::config::Config;
use crate::disk::{self, sync_folder};
use crate::engine::Engine;
use crate::store::Store;
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
#[derive(Debug, Serialize)]
struct Manifest {
    made_at: String,
    program: &'static str,
    schema: i64,
    /// Files by their path in the backup: SHA-256 and size.
    files: BTreeMap<String, Copied>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Copied {
    sha256: String,
    size: u64,
}

const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "duban.sqlite";
const EVIDENCE: &str = "evidence";
const PARTIAL: &str = ".partial";

/// Makes a backup and says where it is.
///
/// # Errors
/// Something could not be read or written, or evidence is missing; then no folder gets a name.
pub async fn run(common: &Common, args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common)?;
    let engine = open::engine_of(&config).await?;
    let now = engine.settings.zone.local(engine.clock.now());
    disk::make_folder(&args.folder).with_context(|| args.folder.display().to_string())?;
    let (partial, whole) = new_folder(&args.folder, &format!("duban-{}", now.format("%Y%m%dT%H%M%S")))?;
    let made = make(&engine, &config, &partial, now.to_rfc3339(), err).await;
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
        match fs::create_dir(&partial) {
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
    made_at: String,
    err: &mut dyn Write,
) -> anyhow::Result<String> {
    let mut files = BTreeMap::new();
    let sqlite = matches!(engine.store, Store::Sqlite(_));
    if sqlite {
        files.insert(DATABASE.to_owned(), copy_database(engine, partial).await?);
    } else {
        writeln!(err, "the database is PostgreSQL: back it up with pg_dump; here come the evidence files")?;
    }
    copy_folder(&config.evidence_folder(), partial, EVIDENCE, &mut files)?;
    check_evidence(engine, &files).await?;
    let evidence = files.len() - usize::from(sqlite);
    let manifest = Manifest { made_at, program: env!("CARGO_PKG_VERSION"), schema: Store::newest_schema(), files };
    write_synced(&partial.join(MANIFEST), serde_json::to_string_pretty(&manifest)?.as_bytes())?;
    sync_folder(partial)?;
    let database = if sqlite { "the database and " } else { "" };
    Ok(format!("{database}{evidence} evidence files"))
}

async fn copy_database(engine: &Engine, folder: &Path) -> anyhow::Result<Copied> {
    let path = folder.join(DATABASE);
    let Some(text) = path.to_str() else { bail!("{}: the path is not UTF-8", path.display()) };
    engine.store.vacuum_into(text).await?;
    File::open(&path)?.sync_all()?;
    hash(&path)
}

/// Copies a folder and all below it, but for what is only being written and belongs to no submission yet. A file that
/// goes away meanwhile was erased: what must be there is checked afterwards.
fn copy_folder(from: &Path, partial: &Path, name: &str, files: &mut BTreeMap<String, Copied>) -> anyhow::Result<()> {
    let to = partial.join(name);
    fs::create_dir(&to)?;
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

fn copy_file(from: &Path, to: &Path) -> anyhow::Result<Copied> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()?;
    // Of what has arrived, not of what was read.
    hash(to)
}

fn hash(path: &Path) -> anyhow::Result<Copied> {
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

/// Every file that a submission names must be in the copy, as it was filed.
async fn check_evidence(engine: &Engine, files: &BTreeMap<String, Copied>) -> anyhow::Result<()> {
    let copied: BTreeSet<&str> = files.values().map(|file| file.sha256.as_str()).collect();
    let named = engine.store.read().await?.all_evidence().await?;
    let missing: BTreeSet<String> = named
        .iter()
        .filter(|evidence| evidence.erased_at.is_none() && !copied.contains(evidence.sha256.as_str()))
        .map(|evidence| format!("{} (submission {})", evidence.sha256, evidence.submission))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let some: Vec<&str> = missing.iter().map(String::as_str).take(10).collect();
    bail!("{} evidence files are missing or changed, the backup is not whole: {}", missing.len(), some.join(", "))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
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
