//! Rows as a table, JSON or CSV: the one way in which commands list things.
//!
//! CSV is UTF-8 without a byte order mark, lines end in LF; JSON is an array of objects with the columns as keys. Both
//! are stable; the table is for eyes.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use crate::domain::text;

/// How to write a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Aligned columns, for eyes.
    #[default]
    Table,
    /// An array of objects.
    Json,
    /// A heading and rows.
    Csv,
}

pub fn write_list(format: Format, columns: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Table => write_table(columns, rows, out),
        Format::Json => write_json(columns, rows, out),
        Format::Csv => write_csv(columns, rows, out),
    }
}

fn write_table(columns: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    write_line(columns.iter().copied(), &widths, out)?;
    rows.iter().try_for_each(|row| write_line(row.iter().map(String::as_str), &widths, out))
}

fn write_line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize], out: &mut dyn Write) -> io::Result<()> {
    let mut line = String::new();
    for (cell, width) in cells.zip(widths) {
        // A cell must not break its line or move the cursor.
        line.extend(cell.chars().map(|c| if text::forbidden(c).is_some() { ' ' } else { c }));
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
    }
    writeln!(out, "{}", line.trim_end())
}

fn write_json(columns: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "[")?;
    for (n, row) in rows.iter().enumerate() {
        write!(out, "{}", if n == 0 { "\n  {" } else { ",\n  {" })?;
        for (m, (column, cell)) in columns.iter().zip(row).enumerate() {
            let comma = if m == 0 { "" } else { ", " };
            write!(out, "{comma}{}: {}", serde_json::to_string(column)?, serde_json::to_string(cell)?)?;
        }
        write!(out, "}}")?;
    }
    writeln!(out, "{}", if rows.is_empty() { "]" } else { "\n]" })
}

fn write_csv(columns: &[&str], rows: &[Vec<String>], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(out);
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row)?;
    }
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, rows: &[Vec<String>]) -> String {
        let mut out = Vec::new();
        write_list(format, &["duty", "owners"], rows, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(("质安处".width(), "a处b".width(), "，".width(), "2022-W05".width()), (6, 4, 2, 8));
    }

    #[test]
    fn the_three_formats() {
        let rows = [vec!["5.2".to_owned(), "委安委办;宣教处".to_owned()], vec!["1".to_owned(), "a, \"b\"".to_owned()]];
        assert_eq!(written(Format::Csv, &rows), "duty,owners\n5.2,委安委办;宣教处\n1,\"a, \"\"b\"\"\"\n");
        assert_eq!(written(Format::Table, &rows), "duty  owners\n5.2   委安委办;宣教处\n1     a, \"b\"\n");
        assert_eq!(
            written(Format::Json, &rows),
            "[\n  {\"duty\": \"5.2\", \"owners\": \"委安委办;宣教处\"},\n  {\"duty\": \"1\", \"owners\": \"a, \\\"b\\\"\"}\n]\n"
        );
        assert_eq!(written(Format::Json, &[]), "[]\n");
    }
}
