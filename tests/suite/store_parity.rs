//! The two databases have the same tables, and the same story leaves the same rows in both.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use sqlx::AssertSqlSafe;

use crate::support::{BOTH, Database, Kind, Story, day};
use duban::domain::event::Event;
use duban::domain::unit::UnitName;
use duban::engine::{Job, known};
use duban::store::Store;
use duban::store::catalogue::NodeWindow;
use duban::store::requests::{Request, RequestKind};

/// A column: its type in the words that both databases share, and whether it may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    kind: String,
    null: bool,
}

type Schema = BTreeMap<String, Vec<(String, Column)>>;

async fn schema(store: &Store) -> Schema {
    let mut schema = Schema::new();
    let rows: Vec<(String, String, String, bool)> = match store {
        Store::Sqlite(pool) => sqlx::query_as(
            "SELECT m.name, c.name, c.type, NOT c.\"notnull\" FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' \
             ORDER BY m.name, c.name",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
        Store::Postgres(pool) => sqlx::query_as(
            "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' \
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%' \
             ORDER BY table_name, column_name COLLATE \"C\"",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
    };
    for (table, column, kind, null) in rows {
        schema.entry(table).or_default().push((column, Column { kind, null }));
    }
    schema
}

async fn indexes(store: &Store) -> BTreeSet<String> {
    let names: Vec<String> = match store {
        Store::Sqlite(pool) => sqlx::query_scalar(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_autoindex%'",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
        Store::Postgres(pool) => sqlx::query_scalar(
            "SELECT i.relname::text FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid \
             JOIN pg_namespace AS n ON n.oid = i.relnamespace WHERE n.nspname = 'public' AND NOT x.indisunique",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
    };
    names.into_iter().collect()
}

/// Whether a column of SQLite's and one of PostgreSQL's hold the same values.
fn alike(sqlite: &str, postgres: &str) -> bool {
    match sqlite {
        "INTEGER" => ["bigint", "boolean"].contains(&postgres),
        "TEXT" => ["text", "timestamp with time zone", "date"].contains(&postgres),
        _ => false,
    }
}

#[tokio::test]
async fn the_tables_are_the_same() {
    let sqlite = Database::fresh(Kind::Sqlite).await.unwrap();
    let Some(postgres) = Database::fresh(Kind::Postgres).await else { return };
    let (a, b) = (Store::open(&sqlite.location).await.unwrap(), Store::open(&postgres.location).await.unwrap());
    let (in_a, in_b) = (schema(&a).await, schema(&b).await);
    assert!(in_a.len() >= 15, "{:?}", in_a.keys());
    assert_eq!(in_a.keys().collect::<Vec<_>>(), in_b.keys().collect::<Vec<_>>());
    for (table, columns) in &in_a {
        let others = &in_b[table];
        let names = |columns: &[(String, Column)]| columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(columns), names(others), "{table}");
        for ((name, one), (_, other)) in columns.iter().zip(others) {
            assert!(alike(&one.kind, &other.kind), "{table}.{name}: {} and {}", one.kind, other.kind);
            assert_eq!(one.null, other.null, "whether {table}.{name} may be empty");
        }
    }
    assert_eq!(indexes(&a).await, indexes(&b).await);
    a.close().await;
    b.close().await;
    sqlite.drop().await;
    postgres.drop().await;
}

/// Every row of every table as text, numbers of rows replaced by what they stand for: PostgreSQL leaves gaps where
/// SQLite does not.
async fn dump(store: &Store) -> BTreeMap<String, Vec<String>> {
    let mut tables = BTreeMap::new();
    for (table, columns) in schema(store).await {
        let shown: Vec<String> = columns.iter().filter_map(|(name, column)| shown(&table, name, column)).collect();
        let text = AssertSqlSafe(format!("SELECT {} FROM {table}", shown.join(" || '|' || ")));
        let mut rows: Vec<String> = match store {
            Store::Sqlite(pool) => sqlx::query_scalar(text).fetch_all(pool).await.unwrap(),
            Store::Postgres(pool) => sqlx::query_scalar(text).fetch_all(pool).await.unwrap(),
        };
        // The databases sort text differently.
        rows.sort();
        tables.insert(table, rows);
    }
    tables
}

/// How a column is shown; not at all if it only numbers the rows.
fn shown(table: &str, name: &str, column: &Column) -> Option<String> {
    let key = "(SELECT k.duty || '/' || k.period || '/' || (SELECT STRING_AGG(u.name, ';' ORDER BY o.position) \
        FROM obligation_owner AS o JOIN unit AS u ON u.id = o.unit WHERE o.obligation = k.id) \
        FROM obligation AS k WHERE k.id = {})";
    let own = format!("{table}.{name}");
    let text = match name {
        "unit" => format!("(SELECT k.name FROM unit AS k WHERE k.id = {own})"),
        "series" => format!(
            "REPLACE({own} || '$', '/' || (SELECT k.unit FROM obligation_owner AS k \
                WHERE k.obligation = {table}.id AND k.position = 0) || '$', '/alone')"
        ),
        "value" if table == "meta" => format!(
            "CASE key WHEN 'office' THEN (SELECT k.name FROM unit AS k WHERE CAST(k.id AS TEXT) = {own}) ELSE {own} END"
        ),
        "id" if ["BIGINT", "INTEGER"].contains(&column.kind.to_uppercase().as_str()) => return None,
        "obligation" => key.replace("{}", &own),
        "letter" => format!("(SELECT k.message_id FROM letter AS k WHERE k.id = {own})"),
        "seal" => format!("(SELECT k.hash FROM seal AS k WHERE k.id = {own})"),
        _ => match column.kind.as_str() {
            "timestamp with time zone" => {
                format!("to_char({own} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"')")
            }
            "boolean" => format!("CAST(CAST({own} AS INTEGER) AS TEXT)"),
            _ => format!("CAST({own} AS TEXT)"),
        },
    };
    Some(format!("COALESCE({text}, '-')"))
}

/// A month with everything in it that writes.
async fn told(kind: Kind) -> Option<BTreeMap<String, Vec<String>>> {
    let mut story = Story::begin(kind, "2022-09-28 00:00").await?;
    story.run_until("2022-10-08 09:30").await;
    let items = ["检查企业=甲公司", "整改突出隐患=1", "协调解决难题=1"];
    story.file("13.2", "质安处", "2022-10", &items).await.unwrap();
    let asked = story.obligation("13.2", "安管总站", "2022-10").await;
    let now = story.now();
    let mut tx = story.engine.store.write().await.unwrap();
    tx.insert_window(&NodeWindow {
        id: "N1".into(),
        name: "保障".into(),
        first_on: day("2022-10-11"),
        last_on: day("2022-10-13"),
        opened_at: now,
        closed_at: None,
    })
    .await
    .unwrap();
    let event = Event {
        id: "E1".into(),
        event_type: "生产安全事故".into(),
        at: now,
        place: "工地".into(),
        units: vec![UnitName("质安处".into())],
    };
    tx.insert_event(&event, now).await.unwrap();
    tx.insert_request(&Request {
        id: "Q1".into(),
        obligation: asked.id,
        kind: RequestKind::Extension,
        by_post: "安管总站/liaison".into(),
        asked_at: now,
        reason: "台风".into(),
        until_at: Some(now + TimeDelta::days(40)),
        decided_at: None,
        decided_by: None,
        granted: None,
        answer: None,
        endorsed_by: None,
        endorsed_at: None,
    })
    .await
    .unwrap();
    known::touch(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    story.run_until("2022-10-12 09:30").await;
    let mut tx = story.engine.store.write().await.unwrap();
    tx.close_event("E1", story.now(), true).await.unwrap();
    tx.change_window("N1", day("2022-10-12"), Some(story.now())).await.unwrap();
    known::touch(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    story.run_until("2022-10-20 09:30").await;
    duban::jobs::run(&story.engine, Job::Housekeeping).await.unwrap();
    let rows = dump(&story.engine.store).await;
    story.end().await;
    Some(rows)
}

#[tokio::test]
async fn one_story_leaves_the_same_rows_in_both() {
    let mut dumps = Vec::new();
    for kind in BOTH {
        dumps.extend(told(kind).await);
    }
    let [sqlite, postgres] = dumps.as_slice() else { return };
    for table in
        ["obligation", "notice", "letter", "letter_body", "log", "run", "submission", "submission_for", "seal", "event"]
    {
        assert!(!sqlite[table].is_empty(), "the story wrote nothing into {table}");
    }
    for (table, rows) in sqlite {
        let others = &postgres[table];
        assert_eq!(rows.len(), others.len(), "rows in {table}");
        for (one, other) in rows.iter().zip(others) {
            assert_eq!(one, other, "{table}");
        }
    }
}

#[tokio::test]
async fn transactions_in_each_others_way_are_told_from_what_is_broken() {
    let Some(database) = Database::fresh(Kind::Postgres).await else { return };
    let store = Store::open(&database.location).await.unwrap();
    let (mut one, mut two) = (store.write().await.unwrap(), store.write().await.unwrap());
    one.set_meta("a", "1").await.unwrap();
    two.set_meta("b", "2").await.unwrap();
    // Each now wants what the other holds.
    let (first, second) = tokio::join!(
        async {
            let done = one.set_meta("b", "1").await;
            drop(one);
            done
        },
        async {
            let done = two.set_meta("a", "2").await;
            drop(two);
            done
        },
    );
    let errors: Vec<_> = [first, second].into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1, "the database ends one of them: {errors:?}");
    assert!(errors[0].is_conflict(), "{}", errors[0]);
    store.close().await;
    assert!(!store.read().await.err().unwrap().is_conflict(), "a database that is gone is no conflict");
    database.drop().await;
}
