//! `duban restore DIR`: puts the database and evidence of a backup where the configuration has them.
//!
//! The backup is looked through before anything is written, and nothing is written over anything: neither a database nor
//! evidence that is not the backup's own. The database gets its name last, so that a restore that was cut off can be
//! begun anew. On PostgreSQL the dump has been loaded by its own tools; here come its evidence and the mark of a copy.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};

use super::backup::{Copied, DATABASE, EVIDENCE, MANIFEST, Manifest, copy_file, hash};
use super::common::{Common, Unusable};
use super::open::{self, Lock};
use crate::config::Config;
use crate::disk::{self, sync_folder};
use crate::engine::COPIED_AT;
use crate::engine::known::STARTS_ON;
use crate::store::inspect;
use crate::store::{Location, Store};
use crate::vault::STAGING;

/// From where.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// A folder that `duban backup` has made (duban-20261123T143000)
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Restores, and says what comes next.
///
/// # Errors
/// The backup is not whole, or something lies where it is to go; then nothing was changed.
pub async fn run(common: &Common, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common)?;
    let from = &args.folder;
    let manifest = manifest(from)?;
    let has_database = manifest.files.contains_key(DATABASE);
    match (&config.location, has_database) {
        (Location::SqliteFile(path), true) => {
            let lock = vacant(path)?;
            inspect::look(&from.join(DATABASE))
                .await
                .map_err(|fault| Unusable::Database { path: from.join(DATABASE), fault })?;
            restore_evidence(&config, from, &manifest.files)?;
            restore_database(from, path)?;
            drop(lock);
        }
        (Location::Postgres(_), false) => {
            let store = loaded(&config.location).await?;
            restore_evidence(&config, from, &manifest.files)?;
            let mut tx = store.write().await?;
            tx.set_meta(COPIED_AT, &manifest.made_at).await?;
            tx.commit().await?;
            store.close().await;
        }
        (Location::Postgres(_), true) => bail!(
            "{}: this backup holds a SQLite database, and [database] url names a PostgreSQL; nothing was changed",
            from.display()
        ),
        (Location::SqliteFile(_), false) => bail!(
            "{}: this backup holds the evidence beside a PostgreSQL, and [database] url names no PostgreSQL; nothing was \
             changed",
            from.display()
        ),
        (Location::SqliteMemory, _) => {
            bail!("[database] url names a database in memory; there is nothing to restore into")
        }
    }
    let evidence = manifest.files.len() - usize::from(has_database);
    let database = if has_database { "the database and " } else { "" };
    writeln!(out, "restored {database}{evidence} evidence files of {}", manifest.made_at)?;
    writeln!(
        out,
        "what was filed and decided after that is not in it; look with `duban doctor --deep`, then start `duban serve`"
    )?;
    Ok(())
}

/// What the backup says it holds, and does hold.
fn manifest(from: &Path) -> anyhow::Result<Manifest> {
    let path = from.join(MANIFEST);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!(
            "{}: there is no {MANIFEST}, so this is no whole backup; name a folder like duban-20261123T143000 that \
             `duban backup` has made",
            from.display()
        ),
        read => read.with_context(|| path.display().to_string())?,
    };
    let manifest: Manifest = serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
    let wrong: Vec<String> = manifest.files.iter().filter_map(|(name, told)| objection(from, name, told)).collect();
    if wrong.is_empty() {
        return Ok(manifest);
    }
    let some = wrong.iter().take(10).map(String::as_str).collect::<Vec<_>>().join("; ");
    bail!("{}: {} files are not as they were backed up; nothing was changed: {some}", from.display(), wrong.len())
}

/// What is wrong with a file of the backup.
fn objection(from: &Path, name: &str, told: &Copied) -> Option<String> {
    let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    if !inside || !(name == DATABASE || name.starts_with("evidence/")) {
        return Some(format!("{name}: no file of a backup"));
    }
    match hash(&from.join(name)) {
        Ok(found) if found == *told => None,
        Ok(_) => Some(format!("{name}: changed")),
        Err(error) => Some(format!("{name}: {error}")),
    }
}

/// Holds the place of the database, where nothing may lie yet.
fn vacant(path: &Path) -> anyhow::Result<Lock> {
    if open::is_served(path) {
        bail!("`duban serve` runs on {}; stop it first; nothing was changed", path.display());
    }
    let lock = Lock::take(path)?;
    for taken in [path.to_owned(), beside(path, "-wal"), beside(path, "-journal")] {
        if fs::metadata(&taken).is_ok_and(|found| found.len() > 0) {
            bail!(
                "{} is there already, and a restore puts nothing over a database: move it away together with what is named \
                 {}-*; nothing was changed",
                taken.display(),
                path.display()
            );
        }
    }
    Ok(lock)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// A PostgreSQL into which a dump was loaded and at which nobody works.
async fn loaded(location: &Location) -> anyhow::Result<Store> {
    let store = Store::connect(location, false).await?;
    let begun = async { store.read().await?.meta(STARTS_ON).await }.await;
    if begun.ok().flatten().is_none() {
        bail!(
            "the PostgreSQL database holds nothing of ours yet: load the dump that belongs to this backup first \
             (pg_restore), then restore; nothing was changed"
        );
    }
    if store.others_connected().await? {
        bail!("others are connected to the PostgreSQL database: stop `duban serve` first; nothing was changed");
    }
    Ok(store)
}

fn restore_evidence(config: &Config, from: &Path, files: &BTreeMap<String, Copied>) -> anyhow::Result<()> {
    let folder = config.evidence_folder();
    let own = |inside: &Path| {
        let name = Path::new(EVIDENCE).join(inside);
        name.to_str().is_some_and(|name| files.contains_key(name))
    };
    let mut foreign = Vec::new();
    look_for_foreign(&folder, Path::new(""), &own, &mut foreign)?;
    if let Some(first) = foreign.first() {
        bail!(
            "{} holds {} files that are not of this backup, such as {}: move them away first; nothing was changed",
            folder.display(),
            foreign.len(),
            first.display()
        );
    }
    disk::make_folder(&folder)?;
    let mut touched = Vec::new();
    for (name, told) in files {
        let Some(inside) = name.strip_prefix("evidence/") else { continue };
        let to = folder.join(inside);
        // Left by a restore that was cut off.
        if hash(&to).is_ok_and(|found| found == *told) {
            continue;
        }
        let above = to.parent().unwrap_or(&folder).to_owned();
        disk::make_folder(&above)?;
        put(&from.join(name), &to, told)?;
        touched.push(above);
    }
    touched.dedup();
    touched.iter().try_for_each(|folder| sync_folder(folder))?;
    Ok(sync_folder(&folder)?)
}

/// The files below a folder that the backup does not have.
fn look_for_foreign(
    folder: &Path,
    inside: &Path,
    own: &impl Fn(&Path) -> bool,
    foreign: &mut Vec<PathBuf>,
) -> anyhow::Result<()> {
    let entries = match fs::read_dir(folder.join(inside)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| folder.join(inside).display().to_string())?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        // What was only being written, or marks a turn, belongs to no submission.
        if name == STAGING || name.to_str().is_some_and(|name| name.starts_with('.')) {
            continue;
        }
        let inside = inside.join(name);
        if entry.file_type()?.is_dir() {
            look_for_foreign(folder, &inside, own, foreign)?;
        } else if !own(&inside) {
            foreign.push(inside);
        }
    }
    Ok(())
}

fn restore_database(from: &Path, path: &Path) -> anyhow::Result<()> {
    // Of a database that is gone: they must not be taken for the restored one's.
    for left in ["-wal", "-shm", "-journal"] {
        remove_if_there(&beside(path, left))?;
    }
    let told = hash(&from.join(DATABASE))?;
    put(&from.join(DATABASE), path, &told)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    Ok(sync_folder(folder)?)
}

/// Copies a file of the backup beside its place and gives it its name once it is whole.
fn put(from: &Path, to: &Path, told: &Copied) -> anyhow::Result<()> {
    let scratch = beside(to, ".restoring");
    remove_if_there(&scratch)?;
    let copied = copy_file(from, &scratch).with_context(|| to.display().to_string())?;
    if copied != *told {
        bail!("{}: it was changed while it was copied", from.display());
    }
    Ok(fs::rename(&scratch, to)?)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
