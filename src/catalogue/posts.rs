//! Posts: who holds each, at which address, and who stands in.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::diagnostic::{At, Diagnostics, Report, Source};
use super::mistake::list::ListFault;
use super::mistake::naming::{NamingFault, Thing};
use super::mistake::value::{ValueFault, Wanted};
use super::mistake::words::shown;
use super::sheet::{self, Column, Sheet, SheetRow};
use super::tree::EXAMPLE_DAY;
use crate::domain::address::{self, AddressFault};
use crate::domain::name;
use crate::domain::text::{self, TextFault};
use crate::domain::unit::{PostId, Role, Roster, UnitName};

/// A post as a file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostEntry {
    pub post: PostId,
    pub holder: String,
    pub address: String,
    pub stand_in_address: Option<String>,
    /// The first day on which the stand-in acts; `None` = already does.
    pub from: Option<NaiveDate>,
    /// The last day on which the stand-in acts; `None` = until further notice.
    pub until: Option<NaiveDate>,
}

/// The columns of a file of posts, in its own words and in an office's.
const COLUMNS: [Column; 7] = [
    Column { name: "unit", needed: true, headings: &["单位", "单位名称", "处室", "部门", "科室"] },
    Column { name: "role", needed: true, headings: &["岗位", "角色", "职务"] },
    Column { name: "holder", needed: true, headings: &["姓名", "任职人", "任职人员", "人员", "联系人"] },
    Column {
        name: "address",
        needed: true,
        headings: &["邮箱", "电子邮箱", "邮箱地址", "邮件地址", "电子邮件", "e-mail", "email"],
    },
    Column {
        name: "stand_in_address",
        needed: false,
        headings: &["代班邮箱", "代班人邮箱", "代办邮箱", "代办人邮箱", "代理邮箱"],
    },
    Column {
        name: "from",
        needed: false,
        headings: &[
            "代班起始日",
            "代班起",
            "代班开始",
            "代班开始日期",
            "代班起始日期",
            "起始日",
            "起始日期",
            "开始日期",
        ],
    },
    Column {
        name: "until",
        needed: false,
        headings: &[
            "代班结束日",
            "代班截止日",
            "代班止",
            "代班结束",
            "代班结束日期",
            "代班截止日期",
            "截止日",
            "截止日期",
            "结束日期",
        ],
    },
];

/// Reads a file of posts: `unit,role,holder,address[,stand_in_address,from,until]`. Without a roster the units are not
/// checked.
pub fn parse(name: &str, bytes: &[u8], roster: Option<&Roster>) -> Result<Vec<PostEntry>, Diagnostics> {
    let text = sheet::decode(name, bytes)?;
    let source = Source::new(name, &text);
    let mut report = Report::new(&source);
    let posts = read(&mut report, roster);
    report.finish().or(posts)
}

/// Reads the rows of a file of posts.
pub fn read(report: &mut Report<'_>, roster: Option<&Roster>) -> Vec<PostEntry> {
    let Some(sheet) = Sheet::read(report, &COLUMNS) else { return Vec::new() };
    let units: Option<HashSet<&str>> =
        roster.map(|roster| roster.units.iter().map(|unit| unit.name.0.as_str()).collect());
    let mut posts = Vec::new();
    let mut seen: HashMap<PostId, usize> = HashMap::new();
    for row in &sheet.rows {
        let Some(entry) = read_row(report, &sheet, row, roster, units.as_ref()) else { continue };
        let line = report.row(row.at);
        if let Some(first) = seen.insert(entry.post.clone(), line) {
            let name = shown(entry.post.to_string());
            report.at(row.at, NamingFault::GivenTwice { what: Thing::Post, name, line: Some(first) });
        }
        posts.push((entry, sheet.field(row, "address").at));
    }
    if let Some(roster) = roster {
        check_office(report, roster, &posts);
    }
    posts.into_iter().map(|(entry, _)| entry).collect()
}

fn read_row(
    report: &mut Report<'_>,
    sheet: &Sheet,
    row: &SheetRow,
    roster: Option<&Roster>,
    units: Option<&HashSet<&str>>,
) -> Option<PostEntry> {
    let unit = read_unit(report, &sheet.field(row, "unit"), units);
    let role = read_role(report, &sheet.field(row, "role"));
    if let (Some(unit), Some(Role::Office), Some(roster)) = (&unit, role, roster)
        && *unit != roster.office
    {
        report.at(row.at, ListFault::NoOfficePost { unit: unit.0.clone(), office: roster.office.0.clone() });
    }
    let holder = read_name(report, "holder", &sheet.field(row, "holder"));
    let address = read_address(report, "address", &sheet.field(row, "address"));
    let stand_in = Some(sheet.field(row, "stand_in_address")).filter(|field| !field.value.is_empty());
    let from = read_date(report, "from", &sheet.field(row, "from"));
    let until = read_date(report, "until", &sheet.field(row, "until"));
    if let (None, Some(day)) = (&stand_in, from.as_ref().or(until.as_ref())) {
        report.at(day.at, ListFault::DaysWithoutStandIn);
    }
    let stand_in = stand_in.and_then(|field| read_address(report, "stand_in_address", &field));
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value < from.value
    {
        let (last, first) = (until.value, from.value);
        report.at(until.at, ListFault::EndsBeforeItBegins { end: "until", last, begin: "from", first });
    }
    Some(PostEntry {
        post: PostId { unit: unit?, role: role? },
        holder: holder?,
        address: address?,
        stand_in_address: stand_in,
        from: from.map(|day| day.value),
        until: until.map(|day| day.value),
    })
}

fn read_unit(report: &mut Report<'_>, field: &At<&str>, units: Option<&HashSet<&str>>) -> Option<UnitName> {
    let name = UnitName(read_name(report, "unit", field)?);
    if let Some(units) = units
        && !units.contains(name.0.as_str())
    {
        report.unknown(field.at, Thing::Unit, field.value, units.iter().copied());
        return None;
    }
    Some(name)
}

fn read_role(report: &mut Report<'_>, field: &At<&str>) -> Option<Role> {
    let role = role_called(field.value).filter(|role| role.gets_letters());
    if role.is_none() {
        report.unknown(field.at, Thing::Role, field.value, ["liaison", "deputy", "head", "office"]);
    }
    role
}

/// The role of that code, or that an office calls so.
fn role_called(written: &str) -> Option<Role> {
    let word = sheet::folded(written);
    Role::from_code(&word).or(match word.as_str() {
        "联络员" | "联系人" | "联络人" => Some(Role::Liaison),
        "分管负责人" | "分管领导" | "分管" => Some(Role::Deputy),
        "主要负责人" | "主要领导" | "负责人" => Some(Role::Head),
        "值班" | "值班员" | "值班岗" | "值班岗位" => Some(Role::Office),
        _ => None,
    })
}

fn read_name(report: &mut Report<'_>, column: &'static str, field: &At<&str>) -> Option<String> {
    match text::plain(field.value, name::LONGEST_HOLDER) {
        Ok(plain) if plain == field.value => return Some(plain.to_owned()),
        Err(TextFault::Forbidden(c)) => {
            let within = field.value.find(c).unwrap_or_default();
            report.value(field.at + within, column, ValueFault::ForbiddenCharacter(c));
        }
        Err(TextFault::TooLong(most)) => report.value(field.at, column, ValueFault::TooLong(most)),
        Ok(_) | Err(TextFault::Empty) => report.value(field.at, column, ValueFault::NoPlainName),
    }
    None
}

fn read_date(report: &mut Report<'_>, column: &'static str, field: &At<&str>) -> Option<At<NaiveDate>> {
    if field.value.is_empty() {
        return None;
    }
    let date = sheet::date(field.value);
    if date.is_none() {
        report.value(field.at, column, ValueFault::NoDate { written: shown(field.value), like: EXAMPLE_DAY });
    }
    date.map(|date| At::new(date, field.at))
}

fn read_address(report: &mut Report<'_>, column: &'static str, field: &At<&str>) -> Option<String> {
    match address::read(field.value) {
        Ok(address) => return Some(address.to_owned()),
        Err(AddressFault::Empty) => report.value(field.at, column, ValueFault::EmptyValue(Wanted::Email)),
        Err(fault) => report.value(field.at, column, ValueFault::NoEmail { written: shown(field.value), fault }),
    }
    None
}

/// The digest's mailbox is another one than the liaison's of the same unit.
fn check_office(report: &mut Report<'_>, roster: &Roster, posts: &[(PostEntry, usize)]) {
    let find = |role: Role| posts.iter().find(|(entry, _)| entry.post.unit == roster.office && entry.post.role == role);
    if let (Some((office, at)), Some((liaison, _))) = (find(Role::Office), find(Role::Liaison))
        && office.address.eq_ignore_ascii_case(&liaison.address)
    {
        report.at(*at, ListFault::OfficeSharesAddress);
    }
}
