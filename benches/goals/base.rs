//! Databases, seeds and engines to measure with.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};
use duban::{
    catalogue::{PostEntry, Seeds},
    clock::Clock,
    domain::{
        calendar::Zone,
        unit::{PostId, Unit, UnitName},
    },
    engine::{Engine, Parts, Process, Settings},
    mail::{Backoff, Mailbox, Templates, Transport, parse_address},
    store::{Location, Store},
};
use sqlx::AssertSqlSafe;

/// The zone of the document.
pub const ZONE: Zone = Zone(chrono_tz::Asia::Shanghai);

/// Runs one expression on a pool or transaction of either kind.
macro_rules! either {
    ($store:expr, $kind:ident, |$c:ident| $body:expr) => {
        match $store {
            duban::store::$kind::Sqlite($c) => $body,
            duban::store::$kind::Postgres($c) => $body,
        }
    };
}
pub(crate) use either;

/// A database of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// Those that can be measured here; `DUBAN_BENCH_ONLY` names the one that is wanted.
    pub fn all() -> Vec<Kind> {
        let postgres = postgres_server().map(|_| Kind::Postgres);
        let there = std::iter::once(Kind::Sqlite).chain(postgres);
        let only = std::env::var("DUBAN_BENCH_ONLY").ok();
        there.filter(|kind| only.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(kind.name()))).collect()
    }

    pub fn name(self) -> &'static str {
        match self {
            Kind::Sqlite => "SQLite",
            Kind::Postgres => "PostgreSQL",
        }
    }
}

/// The server to make databases on.
pub fn postgres_server() -> Option<String> {
    std::env::var("DUBAN_TEST_POSTGRES").ok().filter(|server| !server.is_empty())
}

/// A folder on the disk that the build is on.
pub fn scratch() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A database that is gone when dropped by [`Database::drop`].
pub struct Database {
    pub kind: Kind,
    pub url: String,
    pub store: Store,
    folder: Option<tempfile::TempDir>,
    name: Option<String>,
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Database {
    /// A fresh one, with its schema and nothing in it.
    pub async fn fresh(kind: Kind) -> Database {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (url, folder, name) = match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir_in(scratch()).unwrap();
                (format!("sqlite:{}", folder.path().join("duban.sqlite").display()), Some(folder), None)
            }
            Kind::Postgres => {
                let server = postgres_server().expect("a server");
                let name = format!("duban_bench_{}_{number}", std::process::id());
                admin(&server, &format!("CREATE DATABASE {name}")).await;
                (server.replacen("/postgres?", &format!("/{name}?"), 1), None, Some(name))
            }
        };
        let location: Location = url.parse().unwrap();
        let store = Store::open(&location).await.unwrap();
        Database { kind, url, store, folder, name }
    }

    /// Runs statements of the bench's own.
    pub async fn execute(&self, text: &str) {
        execute(&self.store, text).await;
    }

    /// One number.
    pub async fn number(&self, text: &str) -> i64 {
        let text = AssertSqlSafe(text.to_owned());
        either!(&self.store, Store, |pool| sqlx::query_scalar(text).fetch_one(pool).await.unwrap())
    }

    /// Lets the planner know what there is, and the disk be quiet.
    pub async fn settle(&self) {
        match self.kind {
            Kind::Sqlite => self.execute("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").await,
            Kind::Postgres => {
                for table in ["obligation", "tally_month", "tally_day", "notice", "letter", "letter_body", "log"] {
                    self.execute(&format!("VACUUM (ANALYZE) {table}")).await;
                }
                self.execute("CHECKPOINT").await;
            }
        }
        crate::machine::sync();
    }

    pub async fn drop(self) {
        self.store.close().await;
        if let (Some(name), Some(server)) = (&self.name, postgres_server()) {
            admin(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
        drop(self.folder);
    }
}

/// Runs statements of the bench's own.
pub async fn execute(store: &Store, text: &str) {
    let text = sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
    either!(store, Store, |pool| {
        text.execute(pool).await.unwrap();
    });
}

async fn admin(server: &str, statement: &str) {
    use sqlx::{Connection as _, Executor as _};
    let mut connection = sqlx::PgConnection::connect(server).await.expect("DUBAN_TEST_POSTGRES can be reached");
    connection.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}

/// The document's seeds, with the units `times` over in the same groups.
pub fn seeds(times: usize) -> Seeds {
    let mut seeds = Seeds::embedded().unwrap();
    let units: Vec<Unit> = seeds.roster.units.clone();
    let posts: Vec<PostEntry> = seeds.posts.clone();
    for copy in 2..=times {
        let name = |unit: &UnitName| UnitName(format!("{}{copy}", unit.0));
        seeds.roster.units.extend(units.iter().map(|unit| Unit { name: name(&unit.name), ..unit.clone() }));
        seeds.posts.extend(posts.iter().enumerate().map(|(n, entry)| PostEntry {
            post: PostId { unit: name(&entry.post.unit), role: entry.post.role },
            address: format!("post{n}.unit{copy}@example.com"),
            ..entry.clone()
        }));
    }
    seeds
}

/// The program's settings as they are by default, but without a pace.
pub fn settings(connections: usize) -> Settings {
    Settings {
        zone: ZONE,
        horizon: TimeDelta::days(35),
        starts_on: None,
        from: Mailbox::new("委安委办", parse_address("duban@example.com").unwrap()),
        reply_to: None,
        contact: "委安委办值班电话".into(),
        signature: "市住房城乡建委安全生产委员会办公室".into(),
        public_url: None,
        trial_until: None,
        pace: None,
        batch: 200,
        connections,
        lease: TimeDelta::minutes(10),
        backoff: Backoff::default(),
    }
}

/// An engine on a clock that stands at `now`.
pub fn engine(store: Store, now: DateTime<Utc>, connections: usize, transport: Transport) -> Engine {
    Engine::new(Parts {
        store,
        clock: Clock::stepped(now),
        settings: settings(connections),
        templates: Templates::load(None).unwrap(),
        transport,
        vault: None,
        keys: None,
        process: Process::default(),
        seed: Some(7),
    })
}

/// `($1,$2),($3,$4)`, on SQLite `(?,?),(?,?)`: placeholders of the bench's own statements, as each database reads them best.
pub fn placeholders(store: &Store, rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let list: Vec<String> = (1..=columns)
            .map(|column| match store {
                Store::Sqlite(_) => "?".to_owned(),
                Store::Postgres(_) => format!("${}", row * columns + column),
            })
            .collect();
        format!("({})", list.join(","))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(",")
}
