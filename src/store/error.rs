//! Why the store could not do it.

use std::path::PathBuf;

use sqlx::sqlite::SqliteError;

use crate::disk;
use crate::domain::code::UnknownCode;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or was out of reach.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A SQLite file could not be opened.
    #[error("{}: {error}", .path.display())]
    File { path: PathBuf, error: sqlx::Error },
    /// The schema could not be brought up, or is newer than this program.
    #[error("{0}")]
    Schema(String),
    /// A stored value is not one that this program writes.
    #[error("stored value cannot be read: {0}")]
    Corrupt(String),
}

impl From<UnknownCode> for StoreError {
    fn from(unknown: UnknownCode) -> StoreError {
        StoreError::Corrupt(unknown.to_string())
    }
}

impl StoreError {
    /// Whether trying again is worth it: [`passes`].
    pub fn passes(&self) -> bool {
        match self {
            // Whatever a database says that was opened.
            StoreError::Database(_) => true,
            StoreError::File { error, .. } => passes(error),
            StoreError::Schema(_) | StoreError::Corrupt(_) => false,
        }
    }

    /// Whether two transactions stood in each other's way and the database ended this one: nothing of it was kept, and it
    /// can be begun anew. PostgreSQL's deadlock and serialization failure; SQLite's one writer knows neither.
    pub fn is_conflict(&self) -> bool {
        let StoreError::Database(error) = self else { return false };
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| ["40001", "40P01"].contains(&&*code))
    }
}

/// Whether what a database says may be over by itself, or once somebody has made room or let go: a full or failing disk, a
/// file that another program holds, a server that is away. Damage, and what the program or its configuration got wrong,
/// stays.
pub fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => disk::passes(error),
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            if error.try_downcast_ref::<SqliteError>().is_some() {
                // The extended code's last eight bits are the plain one.
                code.parse::<i32>().is_ok_and(|code| SQLITE_PASSING.contains(&(code & 0xff)))
            } else {
                POSTGRES_PASSING.iter().any(|class| code.starts_with(class))
            }
        }
        _ => false,
    }
}

/// Busy, locked, out of memory, read-only, interrupted, input or output, full, cannot be opened, lock protocol.
const SQLITE_PASSING: [i32; 9] = [5, 6, 7, 8, 9, 10, 13, 14, 15];
/// The connection, a conflict, a server that only reads, resources, a lock, an operator's stop, the system.
const POSTGRES_PASSING: [&str; 7] = ["08", "40", "25006", "53", "55", "57", "58"];

pub type Result<T> = std::result::Result<T, StoreError>;
