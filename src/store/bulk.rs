//! Statements of many rows: `(VALUES …)` with as many rows as there are, in chunks that both databases take.

use sqlx::AssertSqlSafe;

/// Rows a statement. SQLite takes 32,766 parameters; 1,000 rows of 24 columns stay below.
pub const ROWS: usize = 1000;

/// Puts `rows` rows of `columns` placeholders where `{values}` stands in the text. Nothing but placeholders is made up
/// here, so the text stays as safe as the `const` it came from.
pub fn values(text: &'static str, rows: usize, columns: usize) -> AssertSqlSafe<String> {
    let mut list = String::with_capacity(rows * columns * 6);
    let mut n = 0;
    for row in 0..rows {
        list.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            n += 1;
            if column > 0 {
                list.push(',');
            }
            list.push('$');
            list.push_str(&n.to_string());
        }
        list.push(')');
    }
    AssertSqlSafe(text.replace("{values}", &list))
}

/// Placeholders `$first…` for an IN list, where `{list}` stands.
pub fn list(text: &'static str, first: usize, count: usize) -> AssertSqlSafe<String> {
    let list: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    AssertSqlSafe(text.replace("{list}", &list.join(",")))
}
