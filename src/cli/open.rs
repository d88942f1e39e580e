//! Opens what the configuration names: the one way in which commands come to an engine.
//!
//! A database that is damaged, foreign or newer than this program is found before anything is written to it, and named.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;

use super::common::{Common, Unusable};
use crate::acts::link_key::{self, LinkKeyFault, Source};
use crate::clock::Clock;
use crate::config::{Config, Surroundings};
use crate::disk;
use crate::engine::{self, Engine, Process};
use crate::mail::{Templates, Transport};
use crate::store::inspect::{self, DatabaseFault};
use crate::store::{Location, Store, StoreError};
use crate::vault::Vault;

pub fn config(common: &Common) -> anyhow::Result<Config> {
    Ok(Config::load(common.config.as_deref(), &Surroundings::of_process())?)
}

/// An engine on the configured database, which must have been set up; its schema is brought up if need be. A `serve`
/// beside it is no hindrance.
pub async fn engine(common: &Common) -> anyhow::Result<Engine> {
    engine_of(&config(common)?).await
}

/// See [`engine()`].
pub async fn engine_of(config: &Config) -> anyhow::Result<Engine> {
    if let Location::SqliteFile(path) = &config.location
        && !path.exists()
    {
        bail!(Unusable::NoDatabase(path.clone()));
    }
    let parts = parts(config)?;
    let store = store(&config.location).await?;
    parts.engine(config, store, Process::default()).await
}

/// Whether there is a database to look at.
pub fn has_database(config: &Config) -> bool {
    match &config.location {
        Location::SqliteFile(path) => path.exists(),
        Location::SqliteMemory => false,
        Location::Postgres(_) => true,
    }
}

/// What an engine needs besides its database: all that can be wrong before one is opened.
pub struct CheckedParts {
    templates: Templates,
    transport: Transport,
    keys: Source,
}

/// The templates and the way out.
pub fn parts(config: &Config) -> anyhow::Result<CheckedParts> {
    let templates = config.templates()?;
    let transport = config.transport().map_err(Unusable::Transport)?;
    let keys = config.link_keys().map_err(|words| unmade(config, words))?;
    Ok(CheckedParts { templates, transport, keys })
}

/// Why there are no keys. Where the folder takes nothing just now, that is why.
fn unmade(config: &Config, words: String) -> Unusable {
    let folder = &config.folder;
    match disk::probe(folder) {
        Err(error) if folder.exists() && disk::passes(&error) => Unusable::File { path: folder.clone(), error },
        _ => Unusable::LinkKeys(words),
    }
}

impl CheckedParts {
    /// An engine, once it is settled what signs this database's links.
    /// `process` is that of the engine which this one replaces, if it replaces one.
    pub async fn engine(self, config: &Config, store: Store, process: Process) -> anyhow::Result<Engine> {
        let keys = link_key::settled(&store, &self.keys, Clock::System.now()).await.map_err(link_key_error)?;
        if let Source::Database(Some(_)) = &self.keys
            && let Err(error) = config.remove_left_link_keys()
        {
            tracing::warn!("the link key in the state folder is in the database now, and its file stays: {error}");
        }
        Ok(Engine::new(engine::Parts {
            store,
            clock: Clock::System,
            settings: config.settings(),
            templates: self.templates,
            transport: self.transport,
            vault: Some(Vault::at(&config.evidence_folder(), config.evidence_largest())),
            keys: Some(keys),
            process,
            seed: None,
        }))
    }
}

/// Opens a database, or makes one where there is none, and brings its schema up.
pub async fn store(location: &Location) -> anyhow::Result<Store> {
    // What a running `serve` has open it has looked at, and its log is in motion.
    let served = matches!(location, Location::SqliteFile(path) if is_served(path));
    if served { Store::open(location).await.map_err(store_error) } else { unserved_store(location).await }
}

/// See [`store`]; for whoever knows that no `serve` runs on it.
pub async fn unserved_store(location: &Location) -> anyhow::Result<Store> {
    if let Location::SqliteFile(path) = location {
        make_folder(path)?;
        inspect(path).await?;
    }
    Store::open(location).await.map_err(store_error)
}

/// A database that cannot be used ends with 78, one that cannot be had just now with 1: systemd tries the second again.
pub fn store_error(error: StoreError) -> anyhow::Error {
    if error.passes() { error.into() } else { Unusable::Store(error).into() }
}

/// A key that this daemon may not sign with ends with 78.
pub fn link_key_error(fault: LinkKeyFault) -> anyhow::Error {
    match fault {
        LinkKeyFault::Store(error) => store_error(error),
        other => Unusable::LinkKeys(other.to_string()).into(),
    }
}

fn make_folder(path: &Path) -> anyhow::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    disk::make_folder(folder).map_err(|error| Unusable::Folder { folder: folder.to_owned(), error }.into())
}

/// The lock file beside a SQLite database.
pub fn lock_path(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// Holds the lock until it is dropped: one `serve` a database file.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// How often, and how far apart, the lock is asked for.
const TRIES: usize = 5;
const TRY_WAIT: std::time::Duration = std::time::Duration::from_millis(100);
/// What the lock file says once the database has been set up.
const IN_USE: &str = "in use";

impl Lock {
    /// Takes the lock beside a database.
    ///
    /// # Errors
    /// Another process has it.
    pub fn take(database: &Path) -> anyhow::Result<Lock> {
        make_folder(database)?;
        let path = lock_path(database);
        let file = disk::kept_file(&path);
        let file = file.map_err(|error| Unusable::File { path: path.clone(), error })?;
        // A command that asks whether somebody serves holds it for a moment.
        let mut tries = 0;
        while matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && tries < TRIES {
            tries += 1;
            std::thread::sleep(TRY_WAIT);
        }
        match file.try_lock() {
            Ok(()) => Ok(Lock { file }),
            Err(TryLockError::WouldBlock) => {
                let database = database.display();
                bail!(
                    "another `duban serve` runs on {database} (it holds {}); one database file has one",
                    path.display()
                )
            }
            Err(TryLockError::Error(error)) => bail!(Unusable::File { path, error }),
        }
    }

    /// Notes that the database holds something from now on.
    pub fn mark_in_use(&mut self) -> anyhow::Result<()> {
        let mut text = String::new();
        self.file.read_to_string(&mut text)?;
        if text.is_empty() {
            self.file.write_all(IN_USE.as_bytes())?;
            self.file.sync_all()?;
        }
        Ok(())
    }
}

/// Whether a `serve` runs on that database.
pub fn is_served(database: &Path) -> bool {
    File::options().read(true).write(true).open(lock_path(database)).is_ok_and(|file| file.try_lock_shared().is_err())
}

const HEADER: &[u8] = b"SQLite format 3\0";

/// Looks at a SQLite file without changing it: whether it is one, whole, ours, and not newer than this program.
async fn inspect(path: &Path) -> anyhow::Result<()> {
    look(path).await.map_err(|fault| Unusable::Database { path: path.to_owned(), fault }.into())
}

async fn look(path: &Path) -> Result<(), DatabaseFault> {
    let mut start = [0_u8; 16];
    match File::open(path).and_then(|mut file| file.read(&mut start)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
        Ok(0) if fs::read_to_string(lock_path(path)).is_ok_and(|text| text.starts_with(IN_USE)) => {
            return Err(DatabaseFault::Emptied);
        }
        // The first start was cut off before anything was written.
        Ok(0) => return Ok(()),
        Ok(_) if start != HEADER => return Err(DatabaseFault::NoSqlite),
        Ok(_) => {}
    }
    inspect::look(path).await
}
