//! Opening: where a database is, its schema, and that it keeps what it acknowledges.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqliteConnection, SqlitePool};

use super::error::{Result, StoreError};
use super::tx::{Open, Tx};

#[derive(Debug, Clone)]
pub enum Store {
    /// One file, one machine: the default.
    Sqlite(SqlitePool),
    /// One or many daemons.
    Postgres(PgPool),
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
            Store::Sqlite(pool) => migrate_sqlite(&mut *pool.acquire().await?).await,
            Store::Postgres(pool) => POSTGRES.run(pool).await,
        };
        outcome.map_err(|error| match error {
            MigrateError::VersionMissing(version) => StoreError::Schema(format!(
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

/// A table whose columns change is written anew under its name, which other tables refer to meanwhile: the migration
/// that does so looks itself whether all of them still refer to something.
async fn migrate_sqlite(connection: &mut SqliteConnection) -> std::result::Result<(), MigrateError> {
    sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut *connection).await?;
    let outcome = SQLITE.run(&mut *connection).await;
    sqlx::query("PRAGMA foreign_keys = ON").execute(connection).await?;
    outcome
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
