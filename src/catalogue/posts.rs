//! Posts: who holds each, at which address, and who stands in.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::{
    diagnostic::{At, Diagnostics, Report, Source, shown},
    grammar,
    sheet::{Row, Sheet},
};
use crate::domain::{
    text,
    unit::{PostId, Role, Roster, UnitName},
};

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

/// Reads a file of posts: `unit,role,holder,address[,stand_in_address,from,until]`. Without a roster the units are not
/// checked.
pub fn parse(name: &str, bytes: &[u8], roster: Option<&Roster>) -> Result<Vec<PostEntry>, Diagnostics> {
    let source = Source::decode(name, bytes)?;
    let mut report = Report::new(&source);
    let posts = read(&mut report, roster);
    report.finish().or(posts)
}

/// Reads the rows of a file of posts.
pub fn read(report: &mut Report<'_>, roster: Option<&Roster>) -> Vec<PostEntry> {
    let optional = ["stand_in_address", "from", "until"];
    let Some(sheet) = Sheet::read(report, &["unit", "role", "holder", "address"], &optional) else { return Vec::new() };
    let units: Option<HashSet<&str>> =
        roster.map(|roster| roster.units.iter().map(|unit| unit.name.0.as_str()).collect());
    let mut posts = Vec::new();
    let mut seen: HashMap<PostId, usize> = HashMap::new();
    for row in &sheet.rows {
        let Some(entry) = read_row(report, &sheet, row, roster, units.as_ref()) else { continue };
        let line = report.source().line(row.at);
        if let Some(first) = seen.insert(entry.post.clone(), line) {
            let message = format!("post `{}` is given twice", entry.post);
            report.at(row.at, message, format!("it stands in line {first} already"));
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
    row: &Row,
    roster: Option<&Roster>,
    units: Option<&HashSet<&str>>,
) -> Option<PostEntry> {
    let unit = read_unit(report, &sheet.field(row, "unit"), units);
    let role = read_role(report, &sheet.field(row, "role"));
    if let (Some(unit), Some(Role::Office), Some(roster)) = (&unit, role, roster)
        && *unit != roster.office
    {
        let message = format!("`{unit}` has no post `office`");
        report.at(row.at, message, format!("only {} has one", roster.office));
    }
    let holder = read_name(report, "holder", &sheet.field(row, "holder"));
    let address = sheet.field(row, "address");
    let sound = check_address(report, "address", &address);
    let stand_in = Some(sheet.field(row, "stand_in_address")).filter(|field| !field.value.is_empty());
    let from = read_date(report, "from", &sheet.field(row, "from"));
    let until = read_date(report, "until", &sheet.field(row, "until"));
    match (&stand_in, &from, &until) {
        (None, Some(day), _) | (None, None, Some(day)) => {
            report.at(day.at, "days are given, but no stand-in", "give `stand_in_address` as well, or no days");
        }
        (Some(field), _, _) => {
            check_address(report, "stand_in_address", field);
        }
        _ => {}
    }
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value < from.value
    {
        report.at(
            until.at,
            format!("`until` {} is before `from` {}", until.value, from.value),
            "put the later day last",
        );
    }
    sound.then_some(())?;
    Some(PostEntry {
        post: PostId { unit: unit?, role: role? },
        holder: holder?,
        address: address.value.to_owned(),
        stand_in_address: stand_in.map(|field| field.value.to_owned()),
        from: from.map(|day| day.value),
        until: until.map(|day| day.value),
    })
}

fn read_unit(report: &mut Report<'_>, field: &At<&str>, units: Option<&HashSet<&str>>) -> Option<UnitName> {
    let name = UnitName(read_name(report, "unit", field)?);
    if let Some(units) = units
        && !units.contains(name.0.as_str())
    {
        let known = units.iter().copied();
        report.unknown(field.at, format!("unknown unit `{}`", shown(field.value)), field.value, known);
        return None;
    }
    Some(name)
}

fn read_role(report: &mut Report<'_>, field: &At<&str>) -> Option<Role> {
    let role = Role::from_code(field.value).filter(|role| role.gets_letters());
    if role.is_none() {
        let known = ["liaison", "deputy", "head", "office"];
        report.unknown(field.at, format!("unknown role `{}`", shown(field.value)), field.value, known);
    }
    role
}

fn read_name(report: &mut Report<'_>, column: &str, field: &At<&str>) -> Option<String> {
    if let Some((within, c, what)) = text::first_forbidden(field.value) {
        report.at(field.at + within, format!("`{column}` has {what} (U+{:04X})", u32::from(c)), "take it out");
        return None;
    }
    if field.value.trim().is_empty() || field.value.trim() != field.value {
        report.at(field.at, format!("`{column}` is empty or has blanks at its ends"), "give a plain name");
        return None;
    }
    Some(field.value.to_owned())
}

fn read_date(report: &mut Report<'_>, column: &str, field: &At<&str>) -> Option<At<NaiveDate>> {
    if field.value.is_empty() {
        return None;
    }
    let date = grammar::date(field.value);
    if date.is_none() {
        let message = format!("`{column}` is no date: `{}`", shown(field.value));
        report.at(field.at, message, "dates are written like 2022-09-30 and must exist");
    }
    date.map(|date| At::new(date, field.at))
}

fn check_address(report: &mut Report<'_>, column: &str, field: &At<&str>) -> bool {
    let fault = text::address_fault(field.value);
    if let Some(fault) = fault {
        let message = format!("`{column}` is no e-mail address: `{}`: {fault}", shown(field.value));
        report.at(field.at, message, "addresses are written like name@example.com");
    }
    fault.is_none()
}

/// The digest's mailbox is another one than the liaison's of the same unit.
fn check_office(report: &mut Report<'_>, roster: &Roster, posts: &[(PostEntry, usize)]) {
    let find = |role: Role| posts.iter().find(|(entry, _)| entry.post.unit == roster.office && entry.post.role == role);
    if let (Some((office, at)), Some((liaison, _))) = (find(Role::Office), find(Role::Liaison))
        && office.address.eq_ignore_ascii_case(&liaison.address)
    {
        let message = "the post `office` has the address of its unit's liaison";
        report.at(*at, message, "the digest needs an address of its own");
    }
}
