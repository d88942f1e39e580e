//! A database of 0.1.0 is brought along whole: a quarter that 0.1.0 itself played, with filings, an extension, a node, an
//! event, units that came, went and will go; and the weeks after it go on as they went on there.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Executor as _};

use crate::support::{BOTH, Database, Kind, Story, ZONE, assert_recounted, at, parts, settings};
use duban::clock::Clock;
use duban::domain::light::Light;
use duban::domain::unit::UnitName;
use duban::engine::Engine;
use duban::mail::{MemoryOutbox, Transport};
use duban::store::Store;

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn lines(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(folder("tests/schema_2").join(file)).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// The tables that name a unit, as 0.1.0 wrote them: table, its key, the column.
const NAMED: [(&str, &str, &str); 6] = [
    ("post_holder", "CAST(id AS TEXT)", "unit"),
    ("submission", "id", "unit"),
    ("notice", "CAST(id AS TEXT)", "unit"),
    ("credential", "CAST(id AS TEXT)", "unit"),
    ("password", "role", "unit"),
    ("obligation", "CAST(id AS TEXT)", "owners"),
];

async fn pairs(store: &Store, sql: String) -> BTreeMap<String, String> {
    let rows: Vec<(String, String)> = match store {
        Store::Sqlite(pool) => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
        Store::Postgres(pool) => sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap(),
    };
    rows.into_iter().collect()
}

/// A database as 0.1.0 left it, and what its rows said of units.
async fn quarter(database: &Database, kind: Kind) -> Vec<BTreeMap<String, String>> {
    let store = Store::connect(&database.location, true).await.unwrap();
    let rows = std::fs::read_to_string(folder("tests/schema_2/quarter.sql")).unwrap();
    match &store {
        Store::Sqlite(pool) => {
            Migrator::new(folder("migrations/sqlite")).await.unwrap().run_to(2, pool).await.unwrap();
            pool.execute(AssertSqlSafe(rows)).await.unwrap();
        }
        Store::Postgres(pool) => {
            Migrator::new(folder("migrations/postgres")).await.unwrap().run_to(2, pool).await.unwrap();
            let rows = rows.replace(") VALUES\n", ") OVERRIDING SYSTEM VALUE VALUES\n");
            pool.execute(AssertSqlSafe(rows)).await.unwrap();
            for table in ["post_holder", "obligation", "notice", "letter", "log", "seal", "credential"] {
                let next = format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT COALESCE(MAX(id), 1) FROM {table}))"
                );
                pool.execute(AssertSqlSafe(next)).await.unwrap();
            }
        }
    }
    let mut named = Vec::new();
    for (table, key, column) in NAMED {
        named.push(pairs(&store, format!("SELECT {key}, {column} FROM {table}")).await);
        assert!(!named.last().unwrap().is_empty(), "{table} on {kind:?}");
    }
    store.close().await;
    named
}

#[tokio::test]
async fn a_quarter_of_0_1_0_is_brought_along_and_goes_on_as_it_would_have() {
    for kind in BOTH {
        let Some(database) = Database::fresh(kind).await else { continue };
        let named = quarter(&database, kind).await;
        let store = Store::open(&database.location).await.unwrap();

        // Every row speaks of the unit that it spoke of.
        for ((table, key, column), before) in NAMED.into_iter().zip(named) {
            let name = match column {
                "owners" => {
                    "(SELECT STRING_AGG(unit.name, ';' ORDER BY obligation_owner.position) FROM obligation_owner \
                    JOIN unit ON unit.id = obligation_owner.unit WHERE obligation_owner.obligation = obligation.id)"
                        .to_owned()
                }
                _ => format!("(SELECT name FROM unit WHERE id = {table}.unit)"),
            };
            let after = pairs(&store, format!("SELECT {key}, {name} FROM {table}")).await;
            assert_eq!(after, before, "{table} on {kind:?}");
        }
        assert_recounted(&store).await;
        let mut tx = store.read().await.unwrap();
        assert_eq!(tx.verify_log().await.unwrap(), [""; 0]);
        let roster = tx.roster().await.unwrap();
        assert_eq!(roster.office, UnitName("委安委办".into()));
        assert_eq!(roster.groups.len(), 6);
        let unit = |name: &str| roster.unit(&UnitName(name.into())).unwrap();
        assert!(unit("质安处").groups.contains(&"安全监管单位".to_owned()));
        assert_eq!(tx.leaves_for(&unit("物业处").name).await.unwrap().as_deref(), Some("改名"));
        assert_eq!(tx.leaves_for(&unit("宣教处").name).await.unwrap(), None, "it is gone, and that is settled");
        let event = tx.event("E1").await.unwrap().unwrap();
        assert_eq!(event.event.units, [UnitName("质安处".into()), UnitName("物业处".into())]);
        drop(tx);

        // The daemon goes on: what it tells and how everything stands is what 0.1.0 came to.
        let mailbox = MemoryOutbox::new();
        let transport = Transport::Memory(mailbox.clone());
        let clock = Clock::stepped(at("2023-01-01 10:00"));
        let engine = Engine::new(parts(store, clock, settings(), transport, 7));
        let mut story = Story { engine, mailbox, letters: Vec::new(), database };
        let before = story.told().await.len();
        story.run_until("2023-01-12 10:00").await;
        let told = story.told().await;
        let mut told: Vec<String> = told[before..]
            .iter()
            .map(|told| {
                let sent = told.sent_at.map(|at| ZONE.local(at).format("%Y-%m-%d %H:%M").to_string());
                let (kind, duty, owners, period) = (&told.kind, &told.duty, &told.owners, &told.period);
                format!("{},{kind},{duty},{owners},{period},{}/{}", sent.unwrap_or_default(), told.unit, told.role)
            })
            .collect();
        told.sort();
        assert_eq!(told, lines("told_after.csv"), "{kind:?}");
        let all = story.engine.store.read().await.unwrap().all_obligations().await.unwrap();
        let mut all: Vec<String> = all
            .iter()
            .map(|stored| {
                let o = &stored.obligation;
                let (owners, phase, light) = (UnitName::join(&o.owners), o.phase.code(), Light::of(o).code());
                format!("{},{owners},{},{phase},{light}", o.duty, o.period)
            })
            .collect();
        all.sort();
        assert_eq!(all, lines("obligations_after.csv"), "{kind:?}");
        story.end().await;
    }
}

#[tokio::test]
async fn a_database_newer_than_the_program_is_refused_in_words() {
    for kind in BOTH {
        let Some(database) = Database::fresh(kind).await else { continue };
        let store = Store::open(&database.location).await.unwrap();
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
            SELECT 9999, 'from the future', success, checksum, 1 FROM _sqlx_migrations WHERE version = 1";
        match &store {
            Store::Sqlite(pool) => drop(pool.execute(newer).await.unwrap()),
            Store::Postgres(pool) => drop(pool.execute(newer).await.unwrap()),
        }
        store.close().await;
        let refused = Store::open(&database.location).await.unwrap_err().to_string();
        assert!(refused.contains("schema 9999, which is newer than this program"), "{refused}");
        database.drop().await;
    }
}

/// On SQLite `LIKE` does not tell letters' case apart, and `_` stands for any one: neither may decide who owes what.
#[tokio::test]
async fn a_unit_is_found_by_its_whole_name_and_no_other() {
    use crate::support::{OFFICE, day, on_both_of};
    use duban::acts::roster::UnitEntry;
    on_both_of("2022-10-08 00:00", &["13.2", "5.2"], |mut story| async move {
        let units = ["AB处", "ab处", "A_处", "A1处"];
        for name in units {
            let unit = UnitEntry {
                name: UnitName(name.into()),
                kind: Some("处室".into()),
                groups: Some(vec!["安全监管单位".into()]),
                joined_on: Some(day("2022-10-09")),
                stays: false,
            };
            story.act(OFFICE, async |actor| actor.set_unit(&unit).await).await.unwrap();
        }
        story.run_until("2022-11-02 10:00").await;
        let live = async |story: &Story, name: &str| {
            let mut tx = story.engine.store.read().await.unwrap();
            let live = tx.live_of_unit(&UnitName(name.into())).await.unwrap();
            let ids: Vec<i64> = live.iter().map(|live| live.id).collect();
            let rows = tx.obligations(&ids).await.unwrap();
            rows.into_iter().map(|row| UnitName::join(&row.obligation.owners)).collect::<Vec<_>>()
        };
        for name in units {
            let owners = live(&story, name).await;
            assert!(!owners.is_empty() && owners.iter().all(|owner| owner == name), "{name}: {owners:?}");
        }
        // One leaves: the one that is written alike keeps what it owes.
        let kept = live(&story, "ab处").await;
        let gone = UnitName("AB处".into());
        let touched =
            story.act(OFFICE, async |actor| actor.leave(&gone, day("2022-11-02"), "撤并", true).await).await.unwrap();
        assert!(touched.iter().all(|row| row.obligation.owners == [gone.clone()]) && !touched.is_empty());
        assert_eq!(live(&story, "AB处").await, [""; 0]);
        assert_eq!(live(&story, "ab处").await, kept);
        let gone = UnitName("A_处".into());
        story.act(OFFICE, async |actor| actor.leave(&gone, day("2022-11-02"), "撤并", true).await).await.unwrap();
        assert!(!live(&story, "A1处").await.is_empty());
        story
    })
    .await;
}
