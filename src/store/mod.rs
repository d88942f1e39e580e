//! What duban keeps: SQLite or PostgreSQL behind one SQL text.
//!
//! Every statement is a `const` (or made by [`bulk`] from one) and runs unchanged on both; only `migrations/` differ. No SQL
//! clock, no SQL date arithmetic: instants are arguments. Writing transactions begin IMMEDIATE on SQLite. The store
//! knows the domain's types and nothing of mail or jobs.

use std::{path::PathBuf, str::FromStr, time::Duration};

use sqlx::{
    PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

/// Runs one expression on whichever connection is open: the only place that knows that there are two.
macro_rules! on {
    ($tx:expr, |$c:ident| $body:expr) => {
        match &mut $tx.open {
            $crate::store::Open::Sqlite(tx) => {
                let $c = &mut **tx;
                $body
            }
            $crate::store::Open::Postgres(tx) => {
                let $c = &mut **tx;
                $body
            }
        }
    };
}

pub mod access;
pub mod bulk;
pub mod catalogue;
pub mod inspect;
pub mod ledger;
pub mod letters;
pub mod log;
pub mod notices;
pub mod obligations;
pub mod requests;
pub mod roster;
pub mod runs;
pub mod submissions;
pub mod tally;

use tally::Tally;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or was out of reach.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up, or is newer than this program.
    #[error("{0}")]
    Schema(String),
    /// A stored value is not one that this program writes.
    #[error("stored value cannot be read: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether two transactions stood in each other's way and the database ended this one: nothing of it was kept, and it
    /// can be begun anew. PostgreSQL's deadlock and serialization failure; SQLite's one writer knows neither.
    pub fn is_conflict(&self) -> bool {
        let StoreError::Database(error) = self else { return false };
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| ["40001", "40P01"].contains(&&*code))
    }
}

pub type Result<T> = std::result::Result<T, StoreError>;

#[derive(Debug, Clone)]
pub enum Store {
    /// One file, one machine: the default.
    Sqlite(SqlitePool),
    /// One or many daemons.
    Postgres(PgPool),
}

/// A transaction, and what it will have changed in the summaries.
pub struct Tx {
    pub open: Open,
    pub(super) counts: Tally,
}

/// An open transaction of either kind.
pub enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    SqliteFile(PathBuf),
    /// For simulation: gone when closed.
    SqliteMemory,
    /// A `postgres://` address.
    Postgres(address::Url),
}

/// The address of a PostgreSQL server, whose password is never shown.
pub mod address {
    use std::fmt;

    #[derive(Clone, PartialEq, Eq)]
    pub struct Url(pub String);

    impl fmt::Debug for Url {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("postgres://…")
        }
    }
}

impl FromStr for Location {
    type Err = String;

    fn from_str(url: &str) -> std::result::Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Location::Postgres(address::Url(url.to_owned())));
        }
        match url.strip_prefix("sqlite:") {
            Some(":memory:") => Ok(Location::SqliteMemory),
            Some(path) if !path.trim_start_matches("//").is_empty() => {
                Ok(Location::SqliteFile(PathBuf::from(path.strip_prefix("//").unwrap_or(path))))
            }
            _ => Err("database address must be sqlite:PATH or postgres://USER@HOST/NAME".to_owned()),
        }
    }
}

/// The newest schema this program knows; a database beyond it is refused.
static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// A statement of a thousand rows looks so dear to PostgreSQL that it may compile it first: 400 ms for one that takes 15.
const WITHOUT_JIT: &str = "SET jit = off";

impl Store {
    /// The number of the newest schema that this program knows.
    pub fn newest_schema() -> i64 {
        SQLITE.iter().map(|migration| migration.version).max().unwrap_or(0)
    }

    /// Opens the database and brings its schema up.
    ///
    /// # Errors
    /// It cannot be reached or read, is damaged, or its schema is newer than this program. Nothing is changed then.
    pub async fn open(location: &Location) -> Result<Store> {
        let store = Store::connect(location, true).await?;
        store.migrate().await?;
        store.assert_durable(location).await?;
        Ok(store)
    }

    pub async fn connect(location: &Location, create: bool) -> Result<Store> {
        Ok(match location {
            Location::SqliteFile(path) => Store::Sqlite(sqlite_file(path, create).await?),
            Location::SqliteMemory => Store::Sqlite(
                SqlitePoolOptions::new()
                    .max_connections(1)
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .connect_with(sqlite_options(SqliteConnectOptions::from_str("sqlite::memory:")?))
                    .await?,
            ),
            Location::Postgres(url) => Store::Postgres(
                PgPoolOptions::new()
                    .max_connections(8)
                    .acquire_timeout(Duration::from_secs(10))
                    .after_connect(|connection, _| {
                        Box::pin(async { sqlx::query(WITHOUT_JIT).execute(connection).await.map(drop) })
                    })
                    .connect(&url.0)
                    .await?,
            ),
        })
    }

    /// Brings the schema up to this program's.
    pub async fn migrate(&self) -> Result<()> {
        let outcome = match self {
            Store::Sqlite(pool) => SQLITE.run(pool).await,
            Store::Postgres(pool) => POSTGRES.run(pool).await,
        };
        outcome.map_err(|error| match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => StoreError::Schema(format!(
                "the database has schema {version}, which is newer than this program; start the newer duban"
            )),
            other => StoreError::Schema(format!("bringing up the schema failed: {other}")),
        })
    }

    /// The database's kind, as shown to people.
    pub fn kind(&self) -> &'static str {
        match self {
            Store::Sqlite(_) => "SQLite",
            Store::Postgres(_) => "PostgreSQL",
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the kind of transaction is said")]
    pub async fn read(&self) -> Result<Tx> {
        Ok(Tx::begun(match self {
            Store::Sqlite(pool) => Open::Sqlite(pool.begin().await?),
            Store::Postgres(pool) => Open::Postgres(pool.begin().await?),
        }))
    }

    /// A transaction that writes; on SQLite it takes the write lock at once.
    #[expect(clippy::disallowed_methods, reason = "this is where the kind of transaction is said")]
    pub async fn write(&self) -> Result<Tx> {
        Ok(Tx::begun(match self {
            Store::Sqlite(pool) => Open::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Store::Postgres(pool) => Open::Postgres(pool.begin().await?),
        }))
    }

    pub async fn close(&self) {
        match self {
            Store::Sqlite(pool) => pool.close().await,
            Store::Postgres(pool) => pool.close().await,
        }
    }

    /// An acknowledged submission must survive a power cut: WAL with FULL, or a server that waits for its disk.
    async fn assert_durable(&self, location: &Location) -> Result<()> {
        match self {
            Store::Sqlite(pool) => {
                if *location == Location::SqliteMemory {
                    return Ok(());
                }
                let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await?;
                let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await?;
                if synchronous != 2 || journal != "wal" {
                    return Err(StoreError::Schema(format!(
                        "SQLite must run with journal_mode=wal and synchronous=FULL, found {journal} and {synchronous}"
                    )));
                }
            }
            Store::Postgres(pool) => {
                for setting in ["fsync", "synchronous_commit"] {
                    let value: String =
                        sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(pool).await?;
                    if value == "off" {
                        tracing::warn!(
                            database.setting = setting,
                            "PostgreSQL runs with {setting}=off: a crash may lose what was acknowledged"
                        );
                    }
                }
            }
        }
        Ok(())
    }

    /// Online backup of SQLite into a new file.
    ///
    /// # Errors
    /// The file exists or cannot be written; on PostgreSQL, `pg_dump` is the tool.
    pub async fn vacuum_into(&self, path: &str) -> Result<()> {
        match self {
            Store::Sqlite(pool) => {
                sqlx::query("VACUUM INTO $1").bind(path).execute(pool).await?;
                Ok(())
            }
            Store::Postgres(_) => {
                Err(StoreError::Schema("on PostgreSQL the database is backed up with pg_dump".to_owned()))
            }
        }
    }
}

async fn sqlite_file(path: &std::path::Path, create: bool) -> Result<SqlitePool> {
    let options = sqlite_options(SqliteConnectOptions::new().filename(path).create_if_missing(create));
    let named = |error: sqlx::Error| StoreError::Schema(format!("{}: {error}", path.display()));
    let pool = SqlitePoolOptions::new()
        .max_connections(6)
        // A file does not hang up; asking each time would be a hand-over to SQLite's own thread more.
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options)
        .await
        .map_err(named)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        // SQLite does not sync the folder when it creates the write-ahead log.
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(sqlx::Error::Io).map_err(named)?;
    }
    Ok(pool)
}

fn sqlite_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // Rows come through a channel from SQLite's own thread: the more fit in, the fewer hand-overs.
        .row_buffer_size(1024)
        .busy_timeout(Duration::from_secs(10))
        // Four times the usual: a page that many filings change is copied back once for all of them.
        .pragma("wal_autocheckpoint", "4000")
        .optimize_on_close(true, None)
}

impl Tx {
    fn begun(open: Open) -> Tx {
        Tx { open, counts: Tally::default() }
    }

    /// Makes it so, the summaries last.
    pub async fn commit(mut self) -> Result<()> {
        self.write_tally().await?;
        match self.open {
            Open::Sqlite(tx) => tx.commit().await?,
            Open::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// Every fixed statement, so that one test can prepare them all on both databases.
pub fn statements() -> Vec<&'static str> {
    [
        access::STATEMENTS,
        catalogue::STATEMENTS,
        ledger::STATEMENTS,
        letters::STATEMENTS,
        log::STATEMENTS,
        notices::STATEMENTS,
        obligations::STATEMENTS,
        requests::STATEMENTS,
        roster::STATEMENTS,
        runs::STATEMENTS,
        submissions::STATEMENTS,
        tally::STATEMENTS,
    ]
    .concat()
}

/// Every statement of many rows, with its columns.
pub fn bulk_statements() -> Vec<(&'static str, usize)> {
    [letters::BULK, log::BULK, notices::BULK, obligations::BULK, submissions::BULK, tally::BULK].concat()
}

/// Every statement with a list, with the list's first placeholder.
pub fn list_statements() -> Vec<(&'static str, usize)> {
    [letters::LISTS, log::LISTS, notices::LISTS, obligations::LISTS, submissions::LISTS].concat()
}
