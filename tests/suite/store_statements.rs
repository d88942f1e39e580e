//! Every statement of the store prepares on both databases, and none is left out of the lists that say so.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use sqlx::postgres::PgTypeInfo;
use sqlx::{Executor as _, SqlSafeStr as _};

use crate::support::{BOTH, Database};
use duban::store::bulk::{self, Marks};
use duban::store::{self, Store};

/// All of them as they are sent: those of many rows with two, those with a list with two numbers.
fn all(marks: Marks) -> Vec<String> {
    let fixed = store::statements().into_iter().map(str::to_owned);
    let rows = store::bulk_statements().into_iter().map(|(text, columns)| {
        assert!(text.contains("{values}"), "{text}");
        bulk::values(marks, text, 2, columns).into_sql_str().as_str().to_owned()
    });
    let lists = store::list_statements().into_iter().map(|(text, first)| {
        assert!(text.contains("{list}"), "{text}");
        bulk::list(marks, text, first, 2).into_sql_str().as_str().to_owned()
    });
    fixed.chain(rows).chain(lists).collect()
}

#[tokio::test]
async fn every_statement_prepares_on_both_databases() {
    for kind in BOTH {
        let Some(database) = Database::fresh(kind).await else { continue };
        let store = Store::open(&database.location).await.unwrap();
        let types = match &store {
            Store::Sqlite(_) => HashMap::new(),
            Store::Postgres(pool) => {
                let columns: Vec<(String, String, String)> = sqlx::query_as(
                    "SELECT table_name::text, column_name::text, udt_name::text FROM information_schema.columns \
                     WHERE table_schema = 'public'",
                )
                .fetch_all(pool)
                .await
                .unwrap();
                columns.into_iter().map(|(table, column, kind)| ((table, column), kind)).collect()
            }
        };
        let statements = all(store.read().await.unwrap().marks());
        assert!(statements.len() > 80, "only {} statements", statements.len());
        for statement in &statements {
            let text = sqlx::AssertSqlSafe(statement.clone()).into_sql_str();
            let prepared = match &store {
                Store::Sqlite(pool) => pool.prepare(text).await.map(drop),
                Store::Postgres(pool) => pool.prepare_with(text, &row_types(statement, &types)).await.map(drop),
            };
            assert!(prepared.is_ok(), "on {kind:?}: {}\n{statement}", prepared.unwrap_err());
        }
        store.close().await;
        database.drop().await;
    }
}

/// The types of the placeholders of a statement of many rows, which PostgreSQL cannot know by itself and is told with
/// each call: those of the columns that the rows are named after.
fn row_types(statement: &str, types: &HashMap<(String, String), String>) -> Vec<PgTypeInfo> {
    let between = |from: &str| {
        let rest = statement.split_once(from)?.1;
        Some(rest.split_once([' ', '('])?.0.to_owned())
    };
    let table = between("INSERT INTO ").or_else(|| between("UPDATE ")).or_else(|| between("FROM "));
    let columns = statement.split_once('(').and_then(|(_, rest)| rest.split_once(')')).map(|(columns, _)| columns);
    let (Some(table), Some(columns)) = (table, columns) else { return Vec::new() };
    let rows = match statement.split_once("VALUES ($1,") {
        Some((_, rest)) if rest.contains("($") => rest.matches("($").count() + 1,
        _ => return Vec::new(),
    };
    let of = |column: &str| {
        // The ends of a range of instants have no column of their own, and units come by name.
        let (table, column) = match column.trim() {
            "oldest" | "until" | "least" => (table.as_str(), "opens_at"),
            "name" => ("unit", "name"),
            own => (table.as_str(), own),
        };
        let kind = types.get(&(table.to_owned(), column.to_owned()));
        PgTypeInfo::with_name(match kind.unwrap_or_else(|| panic!("{table} has no {column}")).as_str() {
            "int8" => "INT8",
            "text" => "TEXT",
            "bool" => "BOOL",
            "timestamptz" => "TIMESTAMPTZ",
            "date" => "DATE",
            other => panic!("{table}.{column} is {other}"),
        })
    };
    let row: Vec<PgTypeInfo> = columns.split(',').map(of).collect();
    // `RETURNING` and what else follows has no placeholders.
    std::iter::repeat_n(row, rows).flatten().collect()
}

/// How a statement begins: whole, or made by a macro that makes several of one text.
const BEGINNINGS: [&str; 14] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "WITH",
    "select!(",
    "update!(",
    "months!(",
    "by_number!(",
    "back!(",
    "by_day!(",
    "by_unit!(",
    "events!(",
    "files!(",
];

#[test]
fn no_statement_is_left_out_of_the_lists() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut listed = String::new();
        for list in ["pub const STATEMENTS", "pub const BULK", "pub const LISTS"] {
            if let Some((_, rest)) = text.split_once(list) {
                listed.push_str(rest.split_once("];").unwrap().0);
            }
        }
        let words: Vec<&str> = listed.split(|c: char| !c.is_ascii_uppercase() && c != '_').collect();
        for part in text.split("\nconst ").skip(1) {
            let Some((name, value)) = part.split_once(": &str =") else { continue };
            let value = value.trim_start().trim_start_matches("concat!(").trim_start().trim_start_matches('"');
            if !BEGINNINGS.iter().any(|beginning| value.starts_with(beginning)) {
                continue;
            }
            seen += 1;
            assert!(words.contains(&name), "{}: {name} is in no list", path.display());
        }
    }
    assert_eq!(seen, all(Marks::Plain).len(), "statements found in the source, and listed");
}
