//! Statutory calendars: the project's own CSV, and the JSON of the holiday-cn layout.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::{
    diagnostic::{At, Diagnostics, Report, Source, shown},
    grammar,
    json::{self, Value},
    sheet::Sheet,
};
use crate::domain::{
    calendar::{DayKind, DayStatus, ListedDay, notice_year},
    text,
};

const KINDS: [(&str, DayKind); 2] = [("holiday", DayKind::Holiday), ("makeup_workday", DayKind::MakeupWorkday)];
const STATUSES: [(&str, DayStatus); 2] = [("notice", DayStatus::Notice), ("provisional", DayStatus::Provisional)];

/// The listed days of a file, and the years whose notices it speaks for: `Calendar::replace` takes both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedDays {
    /// The years; a day of 元旦 in December is the next year's.
    pub years: BTreeSet<i32>,
    pub days: BTreeMap<NaiveDate, ListedDay>,
}

/// Reads a calendar file of either layout, told apart by its first character.
pub fn parse(name: &str, bytes: &[u8]) -> Result<ListedDays, Diagnostics> {
    let source = Source::decode(name, bytes)?;
    let mut report = Report::new(&source);
    let days =
        if source.text().trim_start().starts_with(['{', '[']) { read_json(&mut report) } else { read_csv(&mut report) };
    report.finish().or(days)
}

/// The project's CSV: `date,name,kind,status`.
pub fn read_csv(report: &mut Report<'_>) -> ListedDays {
    let mut listed = ListedDays::default();
    let Some(sheet) = Sheet::read(report, &["date", "name", "kind", "status"], &[]) else { return listed };
    for row in &sheet.rows {
        let date = read_date(report, &sheet.field(row, "date"));
        let name = read_name(report, &sheet.field(row, "name"));
        let kind = read_word(report, "kind", &sheet.field(row, "kind"), &KINDS);
        let status = read_word(report, "status", &sheet.field(row, "status"), &STATUSES);
        let (Some(date), Some(name), Some(kind), Some(status)) = (date, name, kind, status) else { continue };
        add(report, &mut listed, row.at, date, ListedDay { name, kind, status });
    }
    if report.is_clean() && listed.days.is_empty() {
        report.at(0, "the file lists no day", "a year without listed days is not published, not free of holidays");
    }
    listed
}

fn add(report: &mut Report<'_>, listed: &mut ListedDays, at: usize, date: NaiveDate, day: ListedDay) {
    listed.years.insert(notice_year(date, &day.name));
    if let Some(before) = listed.days.insert(date, day) {
        report.at(at, format!("{date} is listed twice"), format!("it is listed as {} already", shown(&before.name)));
    }
}

fn read_date(report: &mut Report<'_>, field: &At<&str>) -> Option<NaiveDate> {
    let date = grammar::date(field.value);
    if date.is_none() {
        let message = format!("`date` is no date: `{}`", shown(field.value));
        report.at(field.at, message, "dates are written like 2022-09-30 and must exist");
    }
    date
}

fn read_name(report: &mut Report<'_>, field: &At<&str>) -> Option<String> {
    if let Some((within, c, what)) = text::first_forbidden(field.value) {
        report.at(field.at + within, format!("`name` has {what} (U+{:04X})", u32::from(c)), "take it out");
        return None;
    }
    if field.value.trim().is_empty() {
        report.at(field.at, "`name` is empty", "name the holiday");
        return None;
    }
    Some(field.value.to_owned())
}

fn read_word<T: Clone>(
    report: &mut Report<'_>,
    column: &str,
    field: &At<&str>,
    words: &[(&'static str, T)],
) -> Option<T> {
    let found = grammar::word(words, field.value);
    if found.is_none() {
        let message = format!("unknown {column} `{}`", shown(field.value));
        report.unknown(field.at, message, field.value, words.iter().map(|(word, _)| *word));
    }
    found
}

/// The holiday-cn layout: `{"year": 2023, "papers": [], "days": [{"name", "date", "isOffDay"}]}`.
fn read_json(report: &mut Report<'_>) -> ListedDays {
    let mut listed = ListedDays::default();
    let Some(file) = json::parse(report) else { return listed };
    let Some(year) = read_year(report, &file) else { return listed };
    let Some(days) = file.value.get("days") else {
        report.at(file.at, "there is no `days`", "this must be a file of the holiday-cn layout");
        return listed;
    };
    let Value::List(items) = &days.value else {
        report.at(days.at, "`days` is no list", "it must be a list of days");
        return listed;
    };
    if items.is_empty() {
        report.at(days.at, format!("the notice for {year} is not published: `days` is empty"), "wait for the notice");
    }
    for item in items {
        let date = json_text(report, item, "date").and_then(|date| read_date(report, &date));
        let name = json_text(report, item, "name").and_then(|name| read_name(report, &name));
        let off = match item.value.get("isOffDay").map(|off| (&off.value, off.at)) {
            Some((Value::Bool(off), _)) => Some(*off),
            Some((_, at)) => none(report, at, "`isOffDay` is neither true nor false", "it must be one of them"),
            None => none(report, item.at, "the day has no `isOffDay`", "it must be true or false"),
        };
        let (Some(date), Some(name), Some(off)) = (date, name, off) else { continue };
        if date.year() != year && (date.year(), date.month()) != (year - 1, 12) {
            report.at(item.at, format!("{date} is no day of {year}"), "a file lists its year and the December before");
        }
        let kind = if off { DayKind::Holiday } else { DayKind::MakeupWorkday };
        add(report, &mut listed, item.at, date, ListedDay { name, kind, status: DayStatus::Notice });
    }
    listed.years.insert(year);
    listed
}

fn none<T>(report: &mut Report<'_>, at: usize, wrong: &str, right: &str) -> Option<T> {
    report.at(at, wrong, right);
    None
}

fn read_year(report: &mut Report<'_>, file: &At<Value>) -> Option<i32> {
    let Some(year) = file.value.get("year") else {
        return none(report, file.at, "there is no `year`", "this must be a file of the holiday-cn layout");
    };
    match &year.value {
        Value::Number(written) => match written.parse::<i32>() {
            Ok(number) if (1900..=2199).contains(&number) => Some(number),
            _ => none(report, year.at, "`year` is out of range", "it must be from 1900 to 2199"),
        },
        _ => none(report, year.at, "`year` is no number", "it must be a year"),
    }
}

fn json_text<'v>(report: &mut Report<'_>, item: &'v At<Value>, key: &str) -> Option<At<&'v str>> {
    match item.value.get(key).map(|found| (&found.value, found.at)) {
        Some((Value::Text(text), at)) => Some(At::new(text.as_str(), at)),
        Some((_, at)) => none(report, at, &format!("`{key}` is no text"), "it must be in quotes"),
        None => none(report, item.at, &format!("the day has no `{key}`"), "each day has name, date and isOffDay"),
    }
}
