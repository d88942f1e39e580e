//! Looks at a SQLite file that no daemon serves, without changing it: whether it is whole, ours, and not newer than this
//! program.

use std::path::Path;
use std::{fs, io};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::error::passes;
use crate::disk;

/// Why a SQLite file is no database of this program's.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseFault {
    #[error(transparent)]
    Unread(#[from] io::Error),
    /// A database in use lay there before.
    #[error("the file is empty and was a database in use; restore it from a backup")]
    Emptied,
    #[error("is no SQLite database, or its beginning is damaged")]
    NoSqlite,
    #[error("the database is damaged or cannot be read: {0}")]
    Unreadable(sqlx::Error),
    /// Another program holds it, or the disk does not give it.
    #[error("the database cannot be read at the moment: {0}")]
    Passing(sqlx::Error),
    /// In SQLite's own words.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("it is a SQLite database of another program")]
    NeverMigrated,
    #[error("it is a database of another program")]
    OtherTables,
    #[error("it has schema {0}, which is newer than this program; start the newer duban")]
    Newer(i64),
}

impl From<sqlx::Error> for DatabaseFault {
    fn from(error: sqlx::Error) -> DatabaseFault {
        if passes(&error) { DatabaseFault::Passing(error) } else { DatabaseFault::Unreadable(error) }
    }
}

impl DatabaseFault {
    /// Whether trying again is worth it.
    pub fn passes(&self) -> bool {
        match self {
            DatabaseFault::Unread(error) => disk::passes(error),
            DatabaseFault::Passing(_) => true,
            DatabaseFault::Emptied
            | DatabaseFault::NoSqlite
            | DatabaseFault::Unreadable(_)
            | DatabaseFault::Damaged(_)
            | DatabaseFault::NeverMigrated
            | DatabaseFault::OtherTables
            | DatabaseFault::Newer(_) => false,
        }
    }
}

/// What is wrong inside, read through a connection that cannot write. What the last process left in the write-ahead log
/// belongs to the database; only without one may the file be taken as it lies, which leaves no trace at all.
pub async fn look(path: &Path) -> Result<(), DatabaseFault> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    let options =
        SqliteConnectOptions::new().filename(path).read_only(true).immutable(!has_log).disable_statement_logging();
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let found = look_within(&mut connection).await;
    connection.close().await?;
    found
}

/// A database up to this size is looked at page by page when it is opened.
const CHECKED_WHOLE: i64 = 64 << 20;

async fn look_within(connection: &mut SqliteConnection) -> Result<(), DatabaseFault> {
    // Looking at every page takes time that grows with history; of a large file the first pages and the length have to
    // do at a start, and `duban doctor` looks at the rest.
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *connection).await?;
    let size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut *connection).await?;
    let whole: String = if pages * size <= CHECKED_WHOLE {
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *connection).await?
    } else {
        "ok".to_owned()
    };
    if whole != "ok" {
        return Err(DatabaseFault::Damaged(whole.replace('\n', ", ")));
    }
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'").fetch_all(&mut *connection).await?;
    if tables.is_empty() {
        return Ok(());
    }
    if !tables.iter().any(|name| name == "_sqlx_migrations") {
        return Err(DatabaseFault::NeverMigrated);
    }
    let newest: Option<i64> =
        sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(&mut *connection).await?;
    let Some(newest) = newest else { return Ok(()) };
    if newest > crate::store::connect::Store::newest_schema() {
        return Err(DatabaseFault::Newer(newest));
    }
    if tables.iter().any(|name| name == "obligation") { Ok(()) } else { Err(DatabaseFault::OtherTables) }
}
