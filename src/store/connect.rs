//! Opening: where a database is, its schema, and that it keeps what it acknowledges.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgConnection, PgPool, Row as _, SqliteConnection, SqlitePool};

use super::error::{self, Result, StoreError};
use super::tx::{Open, Tx};
use crate::disk;

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
            Location::Postgres(url) => {
                let pool = PgPoolOptions::new()
                    .max_connections(8)
                    .acquire_timeout(Duration::from_secs(10))
                    .after_connect(|connection, _| {
                        Box::pin(async { sqlx::raw_sql(WITHOUT_JIT).execute(connection).await.map(drop) })
                    })
                    .connect_with(postgres_options(&url.0)?)
                    .await?;
                refuse_shared_sessions(&pool).await?;
                Store::Postgres(pool)
            }
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
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) if error::passes(&error) => {
                StoreError::Database(error)
            }
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
            Store::Sqlite(pool) => {
                let pause = pause(log_length(pool));
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                Open::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?)
            }
            Store::Postgres(pool) => Open::Postgres(pool.begin().await?),
        }))
    }

    /// Brings what SQLite's write-ahead log holds into the database and empties the log, if it has grown long and nobody
    /// reads in a transaction just now. Says how long it is then, in bytes.
    pub async fn shorten_log(&self) -> Result<u64> {
        let Store::Sqlite(pool) = self else { return Ok(0) };
        if log_length(pool) > LOG_KEPT * 2 {
            let mut connection = pool.acquire().await?;
            // Whoever writes waits as long as this does.
            sqlx::query("PRAGMA busy_timeout = 200").execute(&mut *connection).await?;
            let shortened = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await;
            let restored = sqlx::query(BUSY_TIMEOUT).execute(&mut *connection).await;
            shortened.and(restored)?;
        }
        Ok(log_length(pool))
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

    /// Whether anybody else works on this database; of a SQLite file its lock tells.
    pub async fn others_connected(&self) -> Result<bool> {
        const OTHERS: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
            AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        let Store::Postgres(pool) = self else { return Ok(false) };
        let others: i64 = sqlx::query_scalar(OTHERS).fetch_one(pool).await?;
        // Those of this pool, but for the one that asks.
        Ok(others > i64::from(pool.size()) - 1)
    }

    /// The folder in which a SQLite file and its log lie.
    pub fn folder(&self) -> Option<PathBuf> {
        let Store::Sqlite(pool) = self else { return None };
        let path = pool.connect_options().get_filename().to_owned();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        path.is_file().then(|| folder.to_owned())
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

fn postgres_options(url: &str) -> Result<PgConnectOptions> {
    // No number here has a fraction, and a pooler such as PgBouncer refuses a session that asks for its digits.
    Ok(PgConnectOptions::from_str(url)?.extra_float_digits(None))
}

const SHARED_SESSIONS: &str = "the address of the database leads to a pooler that gives each transaction another session \
    (PgBouncer with pool_mode = transaction or statement); prepared statements and locks of a session are lost there: set \
    pool_mode = session for this database, or name PostgreSQL's own address";

/// A session is one process of the server for as long as it lasts. Where a second session is given the process of the
/// first, or the first another one, a pooler stands between that hands them out by the transaction.
async fn refuse_shared_sessions(pool: &PgPool) -> Result<()> {
    // A server with room for one session alone shares nothing that would matter.
    let (mut one, Ok(mut two)) = (pool.acquire().await?, pool.acquire().await) else { return Ok(()) };
    let refused = || StoreError::Schema(SHARED_SESSIONS.to_owned());
    let first = process(&mut one).await?;
    for _ in 0..3 {
        match sqlx::raw_sql("BEGIN").execute(&mut *two).await {
            // Where each statement is given another session, there are no transactions at all.
            Err(error) if is_protocol_violation(&error) => return Err(refused()),
            begun => {
                begun?;
            }
        }
        let held = process(&mut two).await?;
        sqlx::raw_sql("ROLLBACK").execute(&mut *two).await?;
        if held == first || process(&mut one).await? != first {
            return Err(refused());
        }
    }
    Ok(())
}

fn is_protocol_violation(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "08P01")
}

/// The server's process that answers, asked so that nothing is prepared for it.
async fn process(connection: &mut PgConnection) -> Result<i32> {
    Ok(sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)?)
}

/// A table whose columns change is written anew under its name, which other tables refer to meanwhile: the migration
/// that does so looks itself whether all of them still refer to something.
async fn migrate_sqlite(connection: &mut SqliteConnection) -> std::result::Result<(), MigrateError> {
    sqlx::query("PRAGMA foreign_keys = OFF").execute(&mut *connection).await?;
    let outcome = SQLITE.run(&mut *connection).await;
    sqlx::query("PRAGMA foreign_keys = ON").execute(connection).await?;
    outcome
}

async fn sqlite_file(path: &Path, create: bool) -> Result<SqlitePool> {
    let options = sqlite_options(SqliteConnectOptions::new().filename(path).create_if_missing(create));
    let named = |error: sqlx::Error| {
        let held = || io::Error::new(io::ErrorKind::ResourceBusy, "it is locked: another program holds it");
        let error = if matches!(error, sqlx::Error::PoolTimedOut) { sqlx::Error::Io(held()) } else { error };
        StoreError::File { path: path.to_owned(), error }
    };
    if create {
        // SQLite would let others read it; its log takes after it.
        disk::kept_file(path).map_err(sqlx::Error::Io).map_err(named)?;
    }
    let pool = SqlitePoolOptions::new()
        .max_connections(6)
        // A file does not hang up; asking each time would be a hand-over to SQLite's own thread more.
        .test_before_acquire(false)
        // Nor does it age. On a full disk a new connection may not be had.
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(|connection, _| Box::pin(async move { Ok(is_sound(connection)) }))
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

/// Whether a connection that comes from the pool is outside of any transaction. Where the disk is full or fails SQLite rolls
/// back by itself; the library's own rollback is then refused and it goes on counting one transaction, in which every
/// later one is only a savepoint: it never takes the write lock, and it reads the past. Such a one is closed.
fn is_sound(connection: &SqliteConnection) -> bool {
    let sound = !connection.is_in_transaction();
    if !sound {
        tracing::warn!("a connection whose transaction SQLite has ended by itself is thrown away");
    }
    sound
}

/// The length to which SQLite cuts its write-ahead log once all of it is in the database: what it grows to by itself.
const LOG_KEPT: u64 = 16 << 20;
/// Somebody reads in one transaction for so long that the log could not be begun anew: longer than this it grows slowly.
const LONG_LOG: u64 = 256 << 20;
const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 10000";

/// How long who writes waits first. Nothing is refused, but the disk must not fill because somebody reads: one transaction
/// holds all filings that wait, so that a few a second are enough for all of them.
fn pause(log: u64) -> Duration {
    if log > LONG_LOG { Duration::from_millis(100) } else { Duration::ZERO }
}

/// The length of the write-ahead log.
fn log_length(pool: &SqlitePool) -> u64 {
    let mut path = pool.connect_options().get_filename().as_os_str().to_owned();
    path.push("-wal");
    std::fs::metadata(path).map_or(0, |log| log.len())
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
        .pragma("journal_size_limit", LOG_KEPT.to_string())
        .optimize_on_close(true, None)
}
