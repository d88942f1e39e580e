//! CSV with positions: rows by column name, each mistake reported where it stands.

use std::collections::HashMap;

use super::diagnostic::{At, Report};
use super::mistake::layout::LayoutFault;
use super::mistake::naming::{NamingFault, Thing};
use super::mistake::words::shown;

#[derive(Debug)]
pub struct Sheet {
    columns: HashMap<&'static str, usize>,
    /// Each with as many fields as the heading.
    pub rows: Vec<SheetRow>,
}

#[derive(Debug)]
pub struct SheetRow {
    pub at: usize,
    fields: Vec<At<String>>,
}

impl Sheet {
    /// Reads the text; `None` when the heading is not what it must be. Columns may stand in any order.
    pub fn read(report: &mut Report<'_>, needed: &[&'static str], optional: &[&'static str]) -> Option<Sheet> {
        let text = report.source().text();
        let mut rows = split(report, text).into_iter();
        let Some(heading) = rows.next() else {
            report.at(0, LayoutFault::EmptySheet { heading: needed.join(",") });
            return None;
        };
        let columns = read_heading(report, &heading, needed, optional)?;
        let width = heading.fields.len();
        let mut kept = Vec::new();
        for row in rows {
            if row.fields.len() == width {
                kept.push(row);
            } else {
                report.at(row.at, LayoutFault::RowWidth { fields: row.fields.len(), heading: width });
            }
        }
        Some(Sheet { columns, rows: kept })
    }

    /// A field of a row; empty when the column is missing.
    pub fn field<'r>(&self, row: &'r SheetRow, column: &str) -> At<&'r str> {
        let found = self.columns.get(column).and_then(|index| row.fields.get(*index));
        found.map_or(At::new("", row.at), |field| At::new(field.value.as_str(), field.at))
    }
}

fn read_heading(
    report: &mut Report<'_>,
    heading: &SheetRow,
    needed: &[&'static str],
    optional: &[&'static str],
) -> Option<HashMap<&'static str, usize>> {
    let known: Vec<&'static str> = needed.iter().chain(optional).copied().collect();
    let mut columns = HashMap::new();
    let mut sound = true;
    for (index, field) in heading.fields.iter().enumerate() {
        let Some(name) = known.iter().find(|name| **name == field.value) else {
            report.unknown(field.at, Thing::Column, &field.value, known.iter().copied());
            sound = false;
            continue;
        };
        if columns.insert(*name, index).is_some() {
            report.at(field.at, NamingFault::GivenTwice { what: Thing::Column, name: shown(name), line: None });
            sound = false;
        }
    }
    for column in needed.iter().copied().filter(|name| !columns.contains_key(name)) {
        report.at(heading.at, LayoutFault::MissingColumn { column, needed: needed.join(",") });
        sound = false;
    }
    sound.then_some(columns)
}

/// Splits a text into rows and fields, as RFC 4180 has it; lines end in LF or CRLF, empty ones are left out.
fn split(report: &mut Report<'_>, text: &str) -> Vec<SheetRow> {
    let bytes = text.as_bytes();
    let mut rows = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let mut row = SheetRow { at, fields: Vec::new() };
        loop {
            let (field, end) = field(report, text, at);
            row.fields.push(field);
            at = end;
            if bytes.get(at) != Some(&b',') {
                break;
            }
            at += 1;
        }
        // At the line's end, or at the text's.
        at += bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|b| **b == b'\r').count());
        at += 1;
        let empty = matches!(row.fields.as_slice(), [only] if only.value.is_empty());
        if !empty {
            rows.push(row);
        }
    }
    rows
}

/// Reads one field from `start`; gives it and where it ends (a comma, a line's end or the text's).
fn field(report: &mut Report<'_>, text: &str, start: usize) -> (At<String>, usize) {
    let rest = text.get(start..).unwrap_or_default();
    let Some(quoted) = rest.strip_prefix('"') else {
        let length = rest.find([',', '\n']).unwrap_or(rest.len());
        let value = rest.get(..length).unwrap_or_default();
        let value = value.strip_suffix('\r').unwrap_or(value);
        return (At::new(value.to_owned(), start), start + value.len() + rest_of_line(rest, value.len()));
    };
    let mut value = String::new();
    let mut at = 0;
    loop {
        let Some(length) = quoted.get(at..).and_then(|part| part.find('"')) else {
            report.at(start, LayoutFault::UnclosedQuote);
            return (At::new(String::new(), start), text.len());
        };
        value.push_str(quoted.get(at..at + length).unwrap_or_default());
        at += length + 1;
        if quoted.as_bytes().get(at) != Some(&b'"') {
            break;
        }
        value.push('"');
        at += 1;
    }
    let after = start + 1 + at;
    let tail = text.get(after..).unwrap_or_default();
    let junk = tail.find([',', '\n']).unwrap_or(tail.len());
    if !tail.get(..junk).unwrap_or_default().trim_end_matches('\r').is_empty() {
        report.at(after, LayoutFault::TextAfterQuote);
    }
    (At::new(value, start), after + junk)
}

/// How far the field's carriage return, if it has one, reaches.
fn rest_of_line(rest: &str, length: usize) -> usize {
    usize::from(rest.as_bytes().get(length) == Some(&b'\r'))
}

#[cfg(test)]
mod tests {
    use super::{super::diagnostic::Source, *};

    #[test]
    fn rows_are_split_as_the_standard_has_it() {
        let source = Source::new("x", "a,b\r\n1,\"x \"\"y\"\", z\"\r\n\r\n,\n三,四");
        let mut report = Report::new(&source);
        let sheet = Sheet::read(&mut report, &["b", "a"], &["c"]).unwrap();
        let rows: Vec<(&str, &str)> =
            sheet.rows.iter().map(|row| (sheet.field(row, "a").value, sheet.field(row, "b").value)).collect();
        assert_eq!(rows, [("1", "x \"y\", z"), ("", ""), ("三", "四")]);
        assert!(report.finish().is_empty());
    }
}
