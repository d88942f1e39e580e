//! What a database holds, as text: to be compared with itself later.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use duban::store::Store;

/// Every row of every table but these.
pub async fn tables(store: &Store, without: &[&str]) -> BTreeMap<String, Vec<String>> {
    let names: Vec<String> = match store {
        Store::Sqlite(pool) => {
            sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'").fetch_all(pool).await
        }
        Store::Postgres(pool) => {
            let text = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
            sqlx::query_scalar(text).fetch_all(pool).await
        }
    }
    .unwrap();
    let mut tables = BTreeMap::new();
    for name in names.into_iter().filter(|name| !name.starts_with("sqlite_") && !without.contains(&name.as_str())) {
        let mut rows: Vec<String> = match store {
            Store::Sqlite(pool) => {
                let columns: Vec<String> =
                    sqlx::query_scalar(AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{name}')")))
                        .fetch_all(pool)
                        .await
                        .unwrap();
                let shown: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
                let text = format!("SELECT {} FROM \"{name}\"", shown.join(" || '|' || "));
                sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(pool).await.unwrap()
            }
            Store::Postgres(pool) => {
                let text = format!("SELECT row_to_json(t)::text FROM \"{name}\" AS t");
                sqlx::query_scalar(AssertSqlSafe(text)).fetch_all(pool).await.unwrap()
            }
        };
        rows.sort();
        tables.insert(name, rows);
    }
    tables
}
