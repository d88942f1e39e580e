//! Statements of many rows: `(VALUES …)` with as many rows as there are, in chunks that both databases take.

use sqlx::AssertSqlSafe;

use super::Tx;

/// Rows a statement. SQLite takes 32,766 parameters; 1,000 rows of 27 columns stay below.
pub const ROWS: usize = 1000;

/// How a statement of many rows marks its parameters.
///
/// The one place where the two databases get different text: SQLite looks numbered parameters up by walking a list, so
/// that ten thousand of them cost a hundred million steps; unnumbered ones cost nothing. PostgreSQL knows numbers only.
/// Parameters must stand in the text in the order in which they are bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// `?`
    Plain,
    /// `$1`, `$2`, …
    Numbered,
}

impl Tx {
    /// How this database's parameters are marked.
    pub(super) fn marks(&self) -> Marks {
        match self {
            Tx::Sqlite(_) => Marks::Plain,
            Tx::Postgres(_) => Marks::Numbered,
        }
    }
}

impl Marks {
    fn push(self, text: &mut String, n: usize) {
        match self {
            Marks::Plain => text.push('?'),
            Marks::Numbered => {
                text.push('$');
                text.push_str(&n.to_string());
            }
        }
    }

    /// Puts `rows` rows of `columns` parameters where `{values}` stands in the text. Nothing but parameters is made up
    /// here, so the text stays as safe as the `const` it came from.
    pub fn values(self, text: &'static str, rows: usize, columns: usize) -> AssertSqlSafe<String> {
        let mut list = String::with_capacity(rows * (columns * 7 + 4));
        for row in 0..rows {
            list.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..columns {
                if column > 0 {
                    list.push(',');
                }
                self.push(&mut list, row * columns + column + 1);
            }
            list.push(')');
        }
        AssertSqlSafe(text.replace("{values}", &list))
    }

    /// Puts `count` parameters where `{list}` stands, after those that the text has before it: none, or `$1`.
    pub fn list(self, text: &'static str, count: usize) -> AssertSqlSafe<String> {
        let before = usize::from(text.contains("$1"));
        let mut list = String::with_capacity(count * 7);
        for n in 0..count {
            if n > 0 {
                list.push(',');
            }
            self.push(&mut list, before + n + 1);
        }
        let text = match self {
            Marks::Plain => text.replace("$1", "?"),
            Marks::Numbered => text.to_owned(),
        };
        AssertSqlSafe(text.replace("{list}", &list))
    }
}
