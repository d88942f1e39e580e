//! What is wrong with a file, where, and what would be right: for seeds, imports and configuration alike.
//!
//! A file is read to its end and every mistake in it is reported; nothing is taken from a file that has one.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use strum::VariantArray;

use super::mistake::Mistake;
use super::mistake::file::FileFault;
use super::mistake::naming::{NamingFault, Thing};
use super::mistake::value::{Of, ValueFault};
use super::mistake::words::{Meant, meant, shown};

/// So many mistakes of a file are told one by one; of the rest, the number.
pub const MOST_TOLD: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file as the reader knows it.
    pub file: String,
    /// From 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// From 1, in characters; 0 when the file as a whole is meant.
    pub column: usize,
    /// Of a sheet, the cell.
    pub cell: Option<Cell>,
    pub mistake: Mistake,
}

/// A cell of a sheet, named as a spreadsheet names it: `B3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// From 1.
    pub row: usize,
    /// From 1.
    pub column: usize,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut letters, mut left) = (String::new(), self.column);
        while left > 0 {
            letters.insert(0, char::from(b'A' + u8::try_from((left - 1) % 26).unwrap_or(0)));
            left = (left - 1) / 26;
        }
        write!(f, "{letters}{}", self.row)
    }
}

/// As terminals and logs show it.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        match self.cell {
            Some(cell) => write!(f, "{cell}:")?,
            None if self.line > 0 => write!(f, "{}:{}:", self.line, self.column)?,
            None => {}
        }
        write!(f, " {}", self.mistake.words().english)
    }
}

impl Diagnostic {
    /// 第3行第5列, of a sheet `B3`; empty where the file as a whole is meant.
    pub fn place_label(&self) -> String {
        match self.cell {
            Some(cell) => cell.to_string(),
            None if self.line == 0 => String::new(),
            None => format!("第{}行第{}列", self.line, self.column),
        }
    }
}

/// Every mistake that was found, in the order of files and lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    pub list: Vec<Diagnostic>,
    pub more: usize,
}

impl Diagnostics {
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.more == 0
    }

    /// One mistake about a file as a whole.
    pub fn of_file(file: impl Into<String>, mistake: impl Into<Mistake>) -> Diagnostics {
        Diagnostic { file: file.into(), line: 0, column: 0, cell: None, mistake: mistake.into() }.into()
    }

    /// Takes in what was found elsewhere.
    pub fn add(&mut self, other: Diagnostics) {
        self.list.extend(other.list);
        self.more += other.more;
        self.more += self.list.len().saturating_sub(MOST_TOLD);
        self.list.truncate(MOST_TOLD);
    }

    /// `value`, if nothing is wrong.
    pub fn or<T>(self, value: T) -> Result<T, Diagnostics> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(only: Diagnostic) -> Diagnostics {
        Diagnostics { list: vec![only], more: 0 }
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, diagnostic) in self.list.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        if self.more > 0 {
            write!(f, "\n… and {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// A text file in memory, which knows the line and column of each byte.
#[derive(Debug)]
pub struct Source<'a> {
    name: String,
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Source<'a> {
    /// A file's text; a byte order mark at its beginning is no part of it.
    pub fn new(name: impl Into<String>, text: &'a str) -> Source<'a> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Source { name: name.into(), text, line_starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// A file's bytes, which must be UTF-8.
    pub fn decode(name: &str, bytes: &'a [u8]) -> Result<Source<'a>, Diagnostics> {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err(Diagnostics::of_file(name, FileFault::Utf16));
        }
        let error = match std::str::from_utf8(bytes) {
            Ok(text) => return Ok(Source::new(name, text)),
            Err(error) => error,
        };
        let good = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
        let before = Source::new(name, &good);
        let (line, column) = before.position(before.text.len());
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let mistake = FileFault::NotUtf8(byte).into();
        Err(Diagnostic { file: name.into(), line, column, cell: None, mistake }.into())
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).max(1)
    }

    /// Line and column of a byte offset, from 1; columns count characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        (line, self.text.get(start..end).unwrap_or_default().chars().count() + 1)
    }
}

/// Collects the mistakes of one file.
#[derive(Debug)]
pub struct Report<'a> {
    source: &'a Source<'a>,
    /// Of a sheet, where each cell begins, in the order of the file.
    cells: Vec<(usize, Cell)>,
    found: Diagnostics,
}

impl<'a> Report<'a> {
    pub fn new(source: &'a Source<'a>) -> Report<'a> {
        Report { source, cells: Vec::new(), found: Diagnostics::default() }
    }

    pub fn source(&self) -> &'a Source<'a> {
        self.source
    }

    /// The file is a sheet with these cells: mistakes are told by theirs from now on.
    pub fn lay_out(&mut self, cells: Vec<(usize, Cell)>) {
        self.cells = cells;
    }

    fn cell(&self, offset: usize) -> Option<Cell> {
        let after = self.cells.partition_point(|(start, _)| *start <= offset);
        self.cells.get(after.checked_sub(1)?).map(|(_, cell)| *cell)
    }

    /// The row of a byte offset as the file's reader counts: a sheet's, or a text's line.
    pub fn row(&self, offset: usize) -> usize {
        self.cell(offset).map_or_else(|| self.source.line(offset), |cell| cell.row)
    }

    pub fn at(&mut self, offset: usize, mistake: impl Into<Mistake>) {
        if self.found.list.len() >= MOST_TOLD {
            self.found.more += 1;
            return;
        }
        let (line, column) = self.source.position(offset);
        let (file, cell) = (self.source.name.clone(), self.cell(offset));
        self.found.list.push(Diagnostic { file, line, column, cell, mistake: mistake.into() });
    }

    /// A value at a byte offset that will not do for the key or column of that name.
    pub fn value(&mut self, offset: usize, field: &'static str, fault: ValueFault) {
        self.at(offset, Mistake::Value(Of::Field(field), fault));
    }

    /// The value that a code at a byte offset stands for.
    pub fn code<T>(&mut self, offset: usize, what: Thing, written: &str) -> Option<T>
    where
        T: FromStr + VariantArray + Copy + Into<&'static str>,
    {
        let found = written.parse().ok();
        if found.is_none() {
            self.unknown(offset, what, written, T::VARIANTS.iter().map(|known| (*known).into()));
        }
        found
    }

    /// A word at a byte offset that is none of the `known` ones.
    pub fn unknown<K: Borrow<str> + Ord>(
        &mut self,
        offset: usize,
        what: Thing,
        given: &str,
        known: impl IntoIterator<Item = K>,
    ) {
        let meant = self.meant(given, known);
        self.at(offset, NamingFault::UnknownName { what, given: shown(given), meant });
    }

    /// What was meant by an unknown word. Looking for it costs more than all the rest: not for what is only counted.
    pub fn meant<K: Borrow<str> + Ord>(&self, given: &str, known: impl IntoIterator<Item = K>) -> Meant {
        if self.found.list.len() < MOST_TOLD { meant(given, known) } else { Meant::Unsaid }
    }

    /// Whether nothing is wrong so far.
    pub fn is_clean(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found, in the order of the file.
    pub fn finish(mut self) -> Diagnostics {
        self.found.list.sort_by_key(|found| (found.line, found.column));
        self.found
    }
}

/// A value and the byte offset at which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    pub value: T,
    pub at: usize,
}

impl<T> At<T> {
    pub fn new(value: T, at: usize) -> At<T> {
        At { value, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let source = Source::new("x", "\u{feff}一 = 1\n二三 = \"四\"\n");
        assert_eq!(source.position(0), (1, 1));
        let at = source.text().find('"').unwrap();
        assert_eq!(source.position(at), (2, 6));
        assert_eq!(source.position(source.text().len()), (3, 1));
    }

    #[test]
    fn cells_are_named_as_a_spreadsheet_names_them() {
        let named = |row, column| Cell { row, column }.to_string();
        let names = [named(3, 2), named(1, 26), named(1, 27), named(12, 52), named(1, 53), named(1, 703)];
        assert_eq!(names, ["B3", "Z1", "AA1", "AZ12", "BA1", "AAA1"]);
    }

    #[test]
    fn gbk_is_told_where_it_stands() {
        let bytes = b"a,b\n\xd6\xca\xb0\xb2,c\n";
        let told = Source::decode("x.csv", bytes).unwrap_err().to_string();
        assert!(told.starts_with("x.csv:2:1: byte 0xD6 is not UTF-8"), "{told}");
    }

    #[test]
    fn the_rest_is_counted() {
        let source = Source::new("x", "a\n");
        let mut report = Report::new(&source);
        for _ in 0..MOST_TOLD + 7 {
            report.at(0, FileFault::FileGivenTwice);
        }
        let found = report.finish();
        assert_eq!((found.list.len(), found.more), (MOST_TOLD, 7));
        assert!(found.to_string().ends_with("… and 7 more"));
    }
}
