//! Sheets as offices save them: rows by column name, each mistake reported by its cell.
//!
//! UTF-8, GB18030 or UTF-16; parted by commas, tabs or semicolons; a title above the heading, headings in Chinese, blank
//! rows, blanks at the ends of a cell, dates as Excel writes them. Nothing here knows what the columns mean.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use super::diagnostic::{At, Cell, Diagnostics, Report};
use super::grammar;
use super::mistake::file::FileFault;
use super::mistake::layout::LayoutFault;
use super::mistake::naming::{NamingFault, Thing};
use super::mistake::words::shown;
use crate::domain::text;

/// A column that a sheet may have.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub needed: bool,
    /// What an office may call it.
    pub headings: &'static [&'static str],
}

#[derive(Debug)]
pub struct Sheet {
    columns: HashMap<&'static str, usize>,
    /// Each as wide as the columns that are needed, and none blank.
    pub rows: Vec<SheetRow>,
}

#[derive(Debug)]
pub struct SheetRow {
    pub at: usize,
    fields: Vec<At<String>>,
}

impl SheetRow {
    fn filled(&self) -> usize {
        self.fields.iter().filter(|field| !field.value.is_empty()).count()
    }

    fn is_blank(&self) -> bool {
        self.filled() == 0
    }
}

/// Columns that are for the eye alone.
const SET_ASIDE: [&str; 2] = ["序号", "备注"];

/// What parts the fields of a row, the likeliest first.
const SEPARATORS: [char; 6] = [',', '\t', ';', '，', '；', '|'];

/// The text of a sheet's file, whatever an office's programs have saved it in.
///
/// # Errors
/// It is a workbook, or text in none of the encodings.
pub fn decode<'b>(name: &str, bytes: &'b [u8]) -> Result<Cow<'b, str>, Diagnostics> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(Diagnostics::of_file(name, FileFault::Workbook));
    }
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let encoding = marked.unwrap_or(match bytes {
        // Without a mark, the heading's first letter tells.
        [first, 0, ..] if first.is_ascii() && *first != 0 => UTF_16LE,
        [0, first, ..] if first.is_ascii() && *first != 0 => UTF_16BE,
        _ if std::str::from_utf8(bytes).is_ok() => UTF_8,
        _ => GB18030,
    });
    let (text, wrong) = encoding.decode_with_bom_removal(bytes);
    if wrong { Err(Diagnostics::of_file(name, FileFault::UnknownEncoding)) } else { Ok(text) }
}

/// A day as a cell may hold it: `2027-01-04`, `2027/1/4`, `2027年1月4日`, `20270104`, or Excel's number of it.
pub fn date(written: &str) -> Option<NaiveDate> {
    let folded = text::fold(written);
    let day = folded.split_once(['星', '周']).map_or(folded.as_str(), |(day, _)| day).trim_end();
    // A cell of days may come with the midnight that it begins with.
    let midnight = |day: &str| {
        ["T00:00:00", " 0:00:00", " 00:00:00", " 0:00", " 00:00"]
            .iter()
            .find_map(|end| day.strip_suffix(end).map(str::to_owned))
    };
    let day = midnight(day).unwrap_or_else(|| day.to_owned());
    let number = day.strip_suffix(".0").unwrap_or(&day);
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    match number.len() {
        5 if digits => excel_day(number.parse().ok()?),
        8 if digits => grammar::date(&format!("{}-{}-{}", &number[..4], &number[4..6], &number[6..])),
        _ => parted_date(day.strip_suffix('日').unwrap_or(&day)),
    }
}

/// Year, month and day, parted by one mark or by 年 and 月.
fn parted_date(written: &str) -> Option<NaiveDate> {
    let parts: Vec<&str> = written.split(['-', '/', '.', '年', '月']).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let mut marks = written.chars().filter(|c| !c.is_ascii_digit());
    let sound = matches!((marks.next(), marks.next()), (Some('年'), Some('月')) | (Some('-'), Some('-')))
        || written.matches('/').count() == 2
        || written.matches('.').count() == 2;
    let short = |part: &str| (1..=2).contains(&part.len());
    let shaped = sound && year.len() == 4 && short(month) && short(day);
    if shaped { grammar::date(&format!("{year}-{month:0>2}-{day:0>2}")) } else { None }
}

/// The day that Excel keeps as this number; only of this century: any other number of five digits is a slip.
fn excel_day(number: u64) -> Option<NaiveDate> {
    const FIRST: NaiveDate = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap();
    (36_526..=73_050).contains(&number).then(|| FIRST.checked_add_days(Days::new(number))).flatten()
}

/// A heading or a code for comparison.
pub fn folded(written: &str) -> String {
    text::fold(written).to_lowercase()
}

impl Sheet {
    /// Reads the text; `None` when there is no heading with the columns that are needed. They may stand in any order.
    pub fn read(report: &mut Report<'_>, columns: &[Column]) -> Option<Sheet> {
        let needed: Vec<&str> = columns.iter().filter(|column| column.needed).map(|column| column.name).collect();
        let rows = split(report, columns);
        // What stands alone above the heading is a title.
        let place =
            rows.iter().position(|row| row.filled() > 1).or_else(|| rows.iter().position(|row| !row.is_blank()));
        let mut rows = rows.into_iter().skip(place.unwrap_or(usize::MAX)).filter(|row| !row.is_blank());
        let Some(heading) = rows.next() else {
            report.at(0, LayoutFault::EmptySheet { heading: needed.join(",") });
            return None;
        };
        let rows: Vec<SheetRow> = rows.collect();
        let places = read_heading(report, &heading, &rows, columns)?;
        let most = heading.fields.len();
        let least = needed.iter().filter_map(|name| places.get(name)).max().map_or(0, |place| place + 1);
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            let beyond = row.fields.iter().skip(most).any(|field| !field.value.is_empty());
            if beyond || row.fields.len() < least {
                report.at(row.at, LayoutFault::RowWidth { fields: row.fields.len(), heading: most });
            } else {
                kept.push(row);
            }
        }
        Some(Sheet { columns: places, rows: kept })
    }

    /// A field of a row; empty when the column is missing.
    pub fn field<'r>(&self, row: &'r SheetRow, column: &str) -> At<&'r str> {
        let found = self.columns.get(column).and_then(|index| row.fields.get(*index));
        found.map_or(At::new("", row.at), |field| At::new(field.value.as_str(), field.at))
    }
}

/// The column that an office calls so.
fn column_called<'c>(columns: &'c [Column], written: &str) -> Option<&'c Column> {
    let heading = folded(written);
    columns.iter().find(|column| column.name == heading || column.headings.contains(&heading.as_str()))
}

fn read_heading(
    report: &mut Report<'_>,
    heading: &SheetRow,
    rows: &[SheetRow],
    columns: &[Column],
) -> Option<HashMap<&'static str, usize>> {
    let mut places = HashMap::new();
    let mut sound = true;
    for (index, field) in heading.fields.iter().enumerate() {
        let filled = |row: &SheetRow| row.fields.get(index).is_some_and(|field| !field.value.is_empty());
        if SET_ASIDE.contains(&field.value.as_str()) || (field.value.is_empty() && !rows.iter().any(filled)) {
            continue;
        }
        let Some(column) = column_called(columns, &field.value) else {
            report.unknown(field.at, Thing::Column, &field.value, columns.iter().map(|column| column.name));
            sound = false;
            continue;
        };
        if places.insert(column.name, index).is_some() {
            report.at(field.at, NamingFault::GivenTwice { what: Thing::Column, name: shown(&field.value), line: None });
            sound = false;
        }
    }
    let needed = || columns.iter().filter(|column| column.needed).map(|column| column.name);
    for column in needed().filter(|name| !places.contains_key(name)) {
        report.at(heading.at, LayoutFault::MissingColumn { column, needed: needed().collect::<Vec<_>>().join(",") });
        sound = false;
    }
    sound.then_some(places)
}

/// What parts the fields: that by which one of the first lines has the most headings that are known.
fn separator(text: &str, columns: &[Column]) -> char {
    let known = |mark: char, line: &str| {
        line.split(mark).filter(|part| column_called(columns, part.trim_matches('"')).is_some()).count()
    };
    let best = |mark: char| text.lines().take(10).map(|line| known(mark, line)).max().unwrap_or(0);
    let mut chosen = (',', best(','));
    for mark in SEPARATORS {
        let count = best(mark);
        if count > chosen.1 {
            chosen = (mark, count);
        }
    }
    chosen.0
}

/// Splits a text into rows and fields, as RFC 4180 has it; lines end in LF or CRLF. The report learns where the cells are.
fn split(report: &mut Report<'_>, columns: &[Column]) -> Vec<SheetRow> {
    let text = report.source().text();
    let mark = separator(text, columns);
    let bytes = text.as_bytes();
    let (mut rows, mut cells) = (Vec::new(), Vec::new());
    // `sep=;` in the first line is for Excel, which shows no row for it.
    let first = text.lines().next().unwrap_or_default();
    let mut at = if folded(first.trim_matches('"')).starts_with("sep=") { first.len() + 1 } else { 0 };
    let mut found = Vec::new();
    while at < bytes.len() {
        let mut row = SheetRow { at, fields: Vec::new() };
        loop {
            let start = at;
            let (field, end) = field(&mut found, text, at, mark);
            cells.push((start, Cell { row: rows.len() + 1, column: row.fields.len() + 1 }));
            row.fields.push(field);
            at = end;
            let Some(rest) = text.get(at..).and_then(|rest| rest.strip_prefix(mark)) else { break };
            at = text.len() - rest.len();
        }
        // At the line's end, or at the text's.
        at += bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|b| **b == b'\r').count());
        at += 1;
        rows.push(row);
    }
    report.lay_out(cells);
    for (at, fault) in found {
        report.at(at, fault);
    }
    rows
}

/// Reads one field from `start`; gives it, without blanks at its ends, and where it ends (a separator, a line's end or the
/// text's).
fn field(found: &mut Vec<(usize, LayoutFault)>, text: &str, start: usize, mark: char) -> (At<String>, usize) {
    let rest = text.get(start..).unwrap_or_default();
    let Some(quoted) = rest.strip_prefix('"') else {
        let length = rest.find([mark, '\n']).unwrap_or(rest.len());
        let whole = rest.get(..length).unwrap_or_default();
        let value = whole.trim();
        let blanks = if value.is_empty() { 0 } else { whole.len() - whole.trim_start().len() };
        return (At::new(value.to_owned(), start + blanks), start + length);
    };
    let mut value = String::new();
    let mut at = 0;
    loop {
        let Some(length) = quoted.get(at..).and_then(|part| part.find('"')) else {
            found.push((start, LayoutFault::UnclosedQuote));
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
    let junk = tail.find([mark, '\n']).unwrap_or(tail.len());
    if !tail.get(..junk).unwrap_or_default().trim().is_empty() {
        found.push((after, LayoutFault::TextAfterQuote));
    }
    (At::new(value.trim().to_owned(), start), after + junk)
}

#[cfg(test)]
mod tests {
    use super::{super::diagnostic::Source, *};

    const COLUMNS: [Column; 3] = [
        Column { name: "b", needed: true, headings: &["乙"] },
        Column { name: "a", needed: true, headings: &["甲"] },
        Column { name: "c", needed: false, headings: &[] },
    ];

    /// The rows, `a` and `b` of each, and what is told.
    fn read(text: &str) -> (Vec<(String, String)>, String) {
        let source = Source::new("x", text);
        let mut report = Report::new(&source);
        let sheet = Sheet::read(&mut report, &COLUMNS);
        let told = report.finish().to_string();
        let Some(sheet) = sheet else { return (Vec::new(), told) };
        let field = |row: &SheetRow, name| sheet.field(row, name).value.to_owned();
        (sheet.rows.iter().map(|row| (field(row, "a"), field(row, "b"))).collect(), told)
    }

    fn rows(text: &str) -> Vec<(String, String)> {
        let (rows, told) = read(text);
        assert_eq!(told, "", "{text}");
        rows
    }

    #[test]
    fn rows_are_split_as_the_standard_has_it() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(rows("a,b\r\n1,\"x \"\"y\"\", z\"\r\n\r\n,\n三,四"), [pair("1", "x \"y\", z"), pair("三", "四")]);
    }

    #[test]
    fn whatever_parts_the_fields_they_are_the_same() {
        let want = [("1".to_owned(), "2".to_owned())];
        let parted = ["a,b\n1,2\n", "a;b\n1;2\n", "a\tb\r\n1\t2\r\n", "甲，乙\n1，2\n", "甲；乙\n1；2", "a|b\n1|2\n"];
        let around = [
            "sep=;\r\na;b\r\n1;2\r\n",
            "\"a\";\"b\"\n\"1\";\"2\"\n",
            "名册，2026年\n\n 甲 ,　乙\n 1 ,\t2　\n , \n",
            "A,B,\n1,2,\n",
            "序号,a,b,备注\n1,1,2,无\n",
            "a,b\n1,2,,,\n",
            "a,b,c\n1,2\n",
        ];
        for text in parted.into_iter().chain(around) {
            assert_eq!(rows(text), want, "{text:?}");
        }
    }

    #[test]
    fn a_mistake_is_told_by_its_cell() {
        let told = |text| read(text).1;
        assert!(told("a,b\n\"1\n1\",2\n3,4,5\n").starts_with("x:A3: the row has 3 fields"), "a row is a row");
        assert!(told("a;b;d\n1;2;3\n").starts_with("x:C1: unknown column `d`"));
        assert!(told("a,b,\n1,2,3\n").starts_with("x:C1: unknown column"), "{}", told("a,b,\n1,2,3\n"));
        assert!(told("a,甲,b\n").starts_with("x:B1: "), "{}", told("a,甲,b\n"));
        assert!(told("a,b\n\n1,\"2\n").starts_with("x:B3: a quotation mark"));
    }

    #[test]
    fn a_day_is_read_as_a_cell_shows_it() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 5);
        for written in [
            "2026-01-05",
            "2026/1/5",
            "2026/01/05",
            "2026年1月5日",
            "2026年01月05日",
            "2026.1.5",
            "20260105",
            "46027",
            "46027.0",
            "２０２６／１／５",
            "2026-1-5",
            "2026/1/5 0:00",
            "2026-01-05 00:00:00",
            "2026-01-05T00:00:00",
            "2026年1月5日 星期一",
            "2026年1月5日周一",
        ] {
            assert_eq!(date(written), day, "{written}");
        }
        for written in [
            "",
            "26/1/5",
            "1/5/2026",
            "2026/1",
            "2026-1/5",
            "2026/13/1",
            "2026年2月30日",
            "5",
            "99999",
            "2026/1/5 8:00",
            "一月五日",
        ] {
            assert_eq!(date(written), None, "{written}");
        }
    }

    #[test]
    fn the_text_is_the_same_in_every_encoding() {
        let text = "单位,岗位\n质安处㐀,联络员\n";
        let utf16 = |from: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(from).collect::<Vec<u8>>();
        let le = [vec![0xff, 0xfe], utf16(u16::to_le_bytes)].concat();
        let be = [vec![0xfe, 0xff], utf16(u16::to_be_bytes)].concat();
        let gb = GB18030.encode(text).0.into_owned();
        let marked = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
        for bytes in [text.as_bytes(), &marked, &gb, &le, &be] {
            assert_eq!(decode("x.csv", bytes).unwrap(), text, "{bytes:02x?}");
        }
        let unmarked: Vec<u8> = "unit\t单位\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode("x.csv", &unmarked).unwrap(), "unit\t单位\n");
    }

    #[test]
    fn what_is_no_text_is_told() {
        for (bytes, words) in [
            (b"PK\x03\x04xl/".as_slice(), "workbook"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "workbook"),
            (b"unit\n\xff\xff\xff", "none of"),
            (b"\xff\xfeu\0n", "none of"),
        ] {
            let told = decode("x.csv", bytes).unwrap_err().to_string();
            assert!(told.contains(words), "{told}");
        }
    }
}
