//! Databases, seeds and engines to measure with.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AssertSqlSafe;

use crate::machine;
use duban::catalogue::{PostEntry, Seeds};
use duban::clock::Clock;
use duban::domain::calendar::Zone;
use duban::domain::unit::{PostId, Unit, UnitName};
use duban::engine::{Engine, Parts, Process, Settings};
use duban::mail::{Backoff, Mailbox, Templates, Transport, parse_address};
use duban::store::{Location, Store};

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

/// Runs a statement in a transaction for all rows, a thousand at a time in place of `{values}`. Gives back the numbers that
/// it returns.
macro_rules! by_the_thousand {
    ($tx:expr, $text:expr, $columns:expr, $rows:expr, |$query:ident, $row:pat_param| $bound:expr) => {{
        let mut numbers: Vec<i64> = Vec::new();
        for chunk in $rows.chunks(duban::store::bulk::ROWS) {
            let text = duban::store::bulk::values($tx.marks(), $text, chunk.len(), $columns);
            crate::base::either!(&mut $tx.open, Open, |c| {
                let mut $query = sqlx::query_scalar(text);
                for $row in chunk {
                    $query = $bound;
                }
                let returned: Vec<i64> = $query.fetch_all(&mut **c).await.unwrap();
                numbers.extend(returned);
            });
        }
        numbers
    }};
}
pub(crate) use by_the_thousand;

/// An entry of the log, for bare SQL.
pub const LOG: &str = "INSERT INTO log (obligation, at, by_post, action, detail, hash) VALUES {values}";
pub const LOG_COLUMNS: usize = 6;
/// As long as the hash of any entry.
pub const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

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

/// A database that is gone when dropped by [`Database::drop`].
pub struct Database {
    pub kind: Kind,
    pub url: String,
    pub store: Store,
    folder: Option<tempfile::TempDir>,
    name: Option<String>,
}

/// See [`Database::store_days`].
pub struct Days<'a> {
    /// Begins the names of their periods.
    pub name: &'a str,
    /// Noon of the day from which they are counted.
    pub noon: DateTime<Utc>,
    /// The place of day `n` from there, in SQL.
    pub offset: &'a str,
    pub first: usize,
    pub last: usize,
    /// Phase, whether it was reminded, whether it is late, in SQL.
    pub given: [&'a str; 3],
    /// No more rows than these.
    pub limit: usize,
}

impl<'a> Days<'a> {
    /// Closed rows of the past, day before day, each tenth closed late.
    pub fn closed(noon: DateTime<Utc>, first: usize, last: usize) -> Days<'a> {
        let given = ["'done'", "TRUE", "(n % 10 = 0)"];
        Days { name: "past", noon, offset: "(-1 - n)", first, last, given, limit: usize::MAX >> 1 }
    }
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Database {
    /// A fresh one, with its schema and nothing in it.
    pub async fn fresh(kind: Kind) -> Database {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (url, folder, name) = match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir_in(machine::scratch()).unwrap();
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

    /// The units' numbers.
    pub async fn unit_ids(&self) -> HashMap<String, i64> {
        let rows: Vec<(String, i64)> = either!(&self.store, Store, |pool| {
            sqlx::query_as("SELECT name, id FROM unit").fetch_all(pool).await.unwrap()
        });
        rows.into_iter().collect()
    }

    /// Makes the bench's own tables: the series of what is stored, and who owes each.
    pub async fn keep_series(&self) {
        self.execute(
            "CREATE TABLE bench_series AS SELECT DISTINCT duty, joint, series FROM obligation WHERE form = 'cadence'; \
             CREATE TABLE bench_owner AS SELECT DISTINCT series, position, unit FROM obligation_owner \
             JOIN obligation ON obligation.id = obligation_owner.obligation WHERE form = 'cadence'; \
             DELETE FROM obligation_owner; DELETE FROM obligation",
        )
        .await;
    }

    /// Stores obligations: for each of these days one row for each series of the bench's own table `bench_series`, due at
    /// 18:00, filed at 15:00 where they are closed.
    pub async fn store_days(&self, days: &Days<'_>) {
        let Days { name, noon, offset, first, last, given, limit } = days;
        let [phase, reminded, late] = given;
        let before = self.number("SELECT COALESCE(MAX(id), 0) FROM obligation").await;
        let (instant, day) = match self.kind {
            Kind::Sqlite => ("strftime('%Y-%m-%dT%H:%M:%S+00:00', {}, 'unixepoch')", "date({}, 'unixepoch')"),
            Kind::Postgres => ("to_timestamp({})", "CAST(to_timestamp({}) AT TIME ZONE 'UTC' AS DATE)"),
        };
        let at = |hours: i64| {
            instant.replace("{}", &format!("({} + {offset} * 86400 + {})", noon.timestamp(), hours * 3600))
        };
        let (open, due) = (at(-12), at(6));
        // Noon of the civil day is on the same day of UTC.
        let due_on = day.replace("{}", &format!("({} + {offset} * 86400)", noon.timestamp()));
        let closed = if *phase == "'done'" { at(3) } else { "NULL".to_owned() };
        let text = format!(
            "INSERT INTO obligation (revision, catalogue, duty, form, joint, series, period, opens_at, \
             period_end, due_at, first_due_at, due_on, phase, reminded, late, filed_at, closed_at, armed_at, settled_to, \
             log_head) \
             WITH RECURSIVE k (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM k WHERE n < {last}) \
             SELECT 3, 1, duty, 'cadence', joint, series, '{name}' || n, {open}, {due}, {due}, {due}, {due_on}, \
             {phase}, {reminded}, {late}, {closed}, {closed}, {open}, {due}, '{HASH}' FROM k CROSS JOIN bench_series LIMIT {limit}; \
             INSERT INTO obligation_owner (obligation, position, unit, due_on, settled) \
             SELECT id, position, unit, due_on, phase = 'done' FROM obligation JOIN bench_owner USING (series) WHERE id > {before}"
        );
        match &self.store {
            Store::Sqlite(pool) => {
                let mut connection = pool.acquire().await.unwrap();
                let text = format!("PRAGMA cache_size = -262144; {text}; PRAGMA cache_size = -2000");
                sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await.unwrap();
            }
            Store::Postgres(_) => self.execute(&text).await,
        }
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
        machine::sync();
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
