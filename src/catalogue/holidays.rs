//! Statutory calendars: the project's own CSV, the JSON of the holiday-cn layout, and a notice's own text.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

use super::diagnostic::{At, Diagnostics, Report, Source};
use super::json::{self, Json};
use super::listed::{ListedDays, add};
use super::mistake::Mistake;
use super::mistake::layout::LayoutFault;
use super::mistake::list::ListFault;
use super::mistake::naming::Thing;
use super::mistake::value::{JsonType, Of, ValueFault, Wanted};
use super::mistake::words::shown;
use super::notice;
use super::sheet::{self, Column, Sheet};
use super::tree::EXAMPLE_DAY;
use crate::domain::calendar::{Calendar, DayKind, DayStatus, ListedDay, notice_year};
use crate::domain::text;

/// Reads a calendar file of any layout, or a pasted notice: told apart by how they begin.
pub fn parse(name: &str, bytes: &[u8]) -> Result<ListedDays, Diagnostics> {
    let text = sheet::decode(name, bytes)?;
    let source = Source::new(name, &text);
    let mut report = Report::new(&source);
    let text = source.text().trim_start();
    let days = match () {
        () if text.starts_with(['{', '[']) => read_json(&mut report),
        () if notice::is_notice(text) => notice::read(&mut report),
        () => read_csv(&mut report),
    };
    report.finish().or(days)
}

/// The columns of the project's CSV.
const COLUMNS: [Column; 4] = [
    Column { name: "date", needed: true, headings: &["日期"] },
    Column { name: "name", needed: true, headings: &["名称", "节日", "节假日"] },
    Column { name: "kind", needed: true, headings: &["类型", "类别"] },
    Column { name: "status", needed: true, headings: &["状态", "依据"] },
];

/// The project's CSV: `date,name,kind,status`.
pub fn read_csv(report: &mut Report<'_>) -> ListedDays {
    let mut listed = ListedDays::default();
    let Some(sheet) = Sheet::read(report, &COLUMNS) else { return listed };
    for row in &sheet.rows {
        let date = read_date(report, &sheet.field(row, "date"));
        let name = read_name(report, &sheet.field(row, "name"));
        let (kind, status) = (sheet.field(row, "kind"), sheet.field(row, "status"));
        let kind = report.code(kind.at, Thing::Kind, kind.value);
        let status = report.code(status.at, Thing::Status, status.value);
        let (Some(date), Some(name), Some(kind), Some(status)) = (date, name, kind, status) else { continue };
        add(report, &mut listed, row.at, date, ListedDay { name, kind, status });
    }
    if report.is_clean() && listed.days.is_empty() {
        report.at(0, ListFault::NoDayListed);
    }
    listed
}

fn read_date(report: &mut Report<'_>, field: &At<&str>) -> Option<NaiveDate> {
    let date = sheet::date(field.value);
    if date.is_none() {
        report.value(field.at, "date", ValueFault::NoDate { written: shown(field.value), like: EXAMPLE_DAY });
    }
    date
}

fn read_name(report: &mut Report<'_>, field: &At<&str>) -> Option<String> {
    if let Some((within, c, _)) = text::first_forbidden(field.value) {
        report.value(field.at + within, "name", ValueFault::ForbiddenCharacter(c));
        return None;
    }
    if field.value.trim().is_empty() {
        report.value(field.at, "name", ValueFault::EmptyValue(Wanted::Holiday));
        return None;
    }
    Some(field.value.to_owned())
}

/// The holiday-cn layout: `{"year": 2023, "papers": [], "days": [{"name", "date", "isOffDay"}]}`.
fn read_json(report: &mut Report<'_>) -> ListedDays {
    let mut listed = ListedDays::default();
    let Some(file) = json::parse(report) else { return listed };
    let Some(year) = read_year(report, &file) else { return listed };
    let Some(days) = file.value.get("days") else {
        report.at(file.at, LayoutFault::NoHolidayFile("days"));
        return listed;
    };
    let Json::List(items) = &days.value else {
        report.at(days.at, wrong_type("days", JsonType::Days));
        return listed;
    };
    if items.is_empty() {
        report.at(days.at, ListFault::NoticeWithoutDays(year));
    }
    for item in items {
        let date = json_text(report, item, "date").and_then(|date| read_date(report, &date));
        let name = json_text(report, item, "name").and_then(|name| read_name(report, &name));
        let off = match item.value.get("isOffDay").map(|off| (&off.value, off.at)) {
            Some((Json::Bool(off), _)) => Some(*off),
            Some((_, at)) => none(report, at, wrong_type("isOffDay", JsonType::Flag)),
            None => none(report, item.at, LayoutFault::DayWithoutKey("isOffDay")),
        };
        let (Some(date), Some(name), Some(off)) = (date, name, off) else { continue };
        if date.year() != year && (date.year(), date.month()) != (year - 1, 12) {
            report.at(item.at, ListFault::DayOfAnotherYear { day: date, year });
        }
        let kind = if off { DayKind::Holiday } else { DayKind::MakeupWorkday };
        add(report, &mut listed, item.at, date, ListedDay { name, kind, status: DayStatus::Notice });
    }
    listed.years.insert(year);
    listed
}

/// The years' listed days as the project's own CSV, to be read again as they are.
pub fn write(calendar: &Calendar, years: &BTreeSet<i32>) -> String {
    let days = calendar.listed.iter().filter(|(date, day)| years.contains(&notice_year(**date, &day.name)));
    let row = |(date, day): (&NaiveDate, &ListedDay)| {
        format!("{date},\"{}\",{},{}\n", day.name.replace('"', "\"\""), day.kind, day.status)
    };
    let rows: String = days.map(row).collect();
    format!("{}\n{rows}", COLUMNS.map(|column| column.name).join(","))
}

fn none<T>(report: &mut Report<'_>, at: usize, mistake: impl Into<Mistake>) -> Option<T> {
    report.at(at, mistake);
    None
}

fn wrong_type(key: &'static str, right: JsonType) -> Mistake {
    Mistake::Value(Of::Field(key), ValueFault::WrongJsonType(right))
}

fn read_year(report: &mut Report<'_>, file: &At<Json>) -> Option<i32> {
    let Some(year) = file.value.get("year") else {
        return none(report, file.at, LayoutFault::NoHolidayFile("year"));
    };
    match &year.value {
        Json::Number(written) => match written.parse::<i32>() {
            Ok(number) if (1900..=2199).contains(&number) => Some(number),
            _ => {
                let fault = ValueFault::OutOfRange { written: shown(written), least: 1900, most: 2199 };
                none(report, year.at, Mistake::Value(Of::Field("year"), fault))
            }
        },
        _ => none(report, year.at, wrong_type("year", JsonType::Year)),
    }
}

fn json_text<'v>(report: &mut Report<'_>, item: &'v At<Json>, key: &'static str) -> Option<At<&'v str>> {
    match item.value.get(key).map(|found| (&found.value, found.at)) {
        Some((Json::Text(text), at)) => Some(At::new(text.as_str(), at)),
        Some((_, at)) => none(report, at, wrong_type(key, JsonType::Text)),
        None => none(report, item.at, LayoutFault::DayWithoutKey(key)),
    }
}
