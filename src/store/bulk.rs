//! Statements of many rows: `(VALUES …)` with as many rows as there are, in chunks that both databases take.
//!
//! The text is one; only the placeholders differ. SQLite takes `$7` for a name and looks every name up among all before
//! it, so that a statement of 18,000 of them takes seconds to read; its own `?` costs nothing. PostgreSQL knows `$7` alone.

use sqlx::AssertSqlSafe;

use super::tx::{Open, Tx};

/// Rows a statement. SQLite takes 32,766 parameters; 1,000 rows of 28 columns stay below.
pub const ROWS: usize = 1000;

/// How a database writes a placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// `?`: the next argument.
    Plain,
    /// `$7`: the seventh.
    Numbered,
}

impl Tx {
    /// How this database writes a placeholder in a long list.
    pub fn marks(&self) -> Marks {
        match self.open {
            Open::Sqlite(_) => Marks::Plain,
            Open::Postgres(_) => Marks::Numbered,
        }
    }
}

impl Marks {
    fn push(self, list: &mut String, n: usize) {
        match self {
            Marks::Plain => list.push('?'),
            Marks::Numbered => {
                list.push('$');
                list.push_str(&n.to_string());
            }
        }
    }
}

/// Few rows come in so many at the most: to read a statement costs more than to run it, and a handful of lengths can stay
/// prepared where every number of rows cannot.
const FEW: usize = 32;

/// Whether a statement of that many rows is worth keeping prepared: it comes again.
pub fn keep(rows: usize) -> bool {
    rows == ROWS || (rows <= FEW && rows.is_power_of_two())
}

/// The rows in their order, as many at once as make one statement.
pub fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let (piece, rest) = rows.split_at(piece(rows.len()));
        rows = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// As [`pieces`].
pub fn pieces_mut<T>(mut rows: &mut [T]) -> impl Iterator<Item = &mut [T]> {
    std::iter::from_fn(move || {
        let length = piece(rows.len());
        let (piece, rest) = std::mem::take(&mut rows).split_at_mut(length);
        rows = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

fn piece(left: usize) -> usize {
    match left {
        0 => 0,
        ROWS.. => ROWS,
        // Few as they are, cut to lengths that are kept.
        left if left < 2 * FEW => FEW.min(1 << left.ilog2()),
        left => left,
    }
}

/// Puts `rows` rows of `columns` placeholders where `{values}` stands in the text. Nothing but placeholders is made up
/// here, so the text stays as safe as the `const` it came from.
pub fn values(marks: Marks, text: &'static str, rows: usize, columns: usize) -> AssertSqlSafe<String> {
    let mut list = String::with_capacity(rows * columns * 7);
    let mut n = 0;
    for row in 0..rows {
        list.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            n += 1;
            if column > 0 {
                list.push(',');
            }
            marks.push(&mut list, n);
        }
        list.push(')');
    }
    AssertSqlSafe(text.replace("{values}", &list))
}

/// Placeholders `$first…` for an IN list, where `{list}` stands. What is bound before the list stands before it in the text.
pub fn list(marks: Marks, text: &'static str, first: usize, count: usize) -> AssertSqlSafe<String> {
    let mut list = String::with_capacity(count * 6);
    for n in first..first + count {
        if n > first {
            list.push(',');
        }
        marks.push(&mut list, n);
    }
    let mut text = text.to_owned();
    if marks == Marks::Plain {
        // Named and plain ones would be counted apart.
        for n in 1..first {
            text = text.replacen(&format!("${n}"), "?", 1);
        }
    }
    AssertSqlSafe(text.replace("{list}", &list))
}

/// A limit as both databases take it.
pub(super) fn as_count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use sqlx::SqlSafeStr as _;

    use super::*;

    #[test]
    fn pieces_hold_every_row_once_and_few_are_cut_to_lengths_that_are_kept() {
        for (rows, lengths) in [
            (0, &[][..]),
            (1, &[1]),
            (13, &[8, 4, 1]),
            (63, &[32, 16, 8, 4, 2, 1]),
            (64, &[64]),
            (999, &[999]),
            (2003, &[1000, 1000, 2, 1]),
        ] {
            let mut rows: Vec<usize> = (0..rows).collect();
            assert_eq!(pieces(&rows).map(<[usize]>::len).collect::<Vec<_>>(), lengths);
            assert_eq!(pieces(&rows).collect::<Vec<_>>().concat(), rows);
            assert_eq!(pieces_mut(&mut rows).map(|piece| piece.len()).collect::<Vec<_>>(), lengths);
        }
        assert!(keep(ROWS) && keep(1) && keep(8) && !keep(13) && !keep(64));
    }

    #[test]
    fn placeholders_of_both_kinds() {
        let text = |safe: AssertSqlSafe<String>| safe.into_sql_str().as_str().to_owned();
        assert_eq!(text(values(Marks::Numbered, "V {values}", 2, 2)), "V ($1,$2), ($3,$4)");
        assert_eq!(text(values(Marks::Plain, "V {values}", 2, 2)), "V (?,?), (?,?)");
        assert_eq!(text(list(Marks::Numbered, "a = $1 AND b IN ({list})", 2, 2)), "a = $1 AND b IN ($2,$3)");
        assert_eq!(text(list(Marks::Plain, "a = $1 AND b IN ({list})", 2, 2)), "a = ? AND b IN (?,?)");
    }
}
