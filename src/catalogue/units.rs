//! `units.toml`: the units, the groups, and which unit is the safety office.

use std::collections::{HashMap, HashSet};

use super::diagnostic::{At, Report};
use super::mistake::layout::LayoutFault;
use super::mistake::list::ListFault;
use super::mistake::naming::{NamingFault, Thing};
use super::mistake::words::shown;
use super::tree::{self, TableFields};
use crate::domain::unit::{Roster, Unit, UnitName};

/// Reads the file; `None` when it is no TOML.
pub fn read(report: &mut Report<'_>) -> Option<Roster> {
    let tree = tree::parse(report)?;
    let mut file = TableFields::of_file(&tree);
    let office = file.text(report, "office");
    let groups = read_groups(&mut file, report);
    let mut units = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let names: HashSet<&str> = groups.iter().map(|group| group.value.as_str()).collect();
    let tables = file.tables(report, "unit");
    if tables.is_empty() {
        report.at(0, LayoutFault::NoTable("unit"));
    }
    for mut table in tables {
        let Some((unit, at)) = read_unit(&mut table, report, &names) else {
            table.finish(report);
            continue;
        };
        table.finish(report);
        twice(report, &mut seen, Thing::Unit, &unit.name.0, at);
        units.push(unit);
    }
    file.finish(report);
    if let Some(office) = &office
        && !seen.contains_key(&office.value)
    {
        let meant = report.meant(&office.value, seen.keys().map(String::as_str));
        report.at(office.at, NamingFault::UnknownOffice { given: shown(&office.value), meant });
    }
    Some(Roster {
        office: UnitName(office.map(|office| office.value).unwrap_or_default()),
        units,
        groups: groups.into_iter().map(|group| group.value).collect(),
    })
}

fn twice(report: &mut Report<'_>, seen: &mut HashMap<String, usize>, what: Thing, name: &str, at: usize) {
    let line = report.source().line(at);
    if let Some(first) = seen.insert(name.to_owned(), line) {
        report.at(at, NamingFault::GivenTwice { what, name: shown(name), line: Some(first) });
    }
}

fn read_groups(file: &mut TableFields<'_, '_>, report: &mut Report<'_>) -> Vec<At<String>> {
    let mut groups = Vec::new();
    let mut seen = HashMap::new();
    for mut table in file.tables(report, "group") {
        let name = table.name(report, "name");
        table.finish(report);
        if let Some(name) = name {
            twice(report, &mut seen, Thing::Group, &name.value, name.at);
            groups.push(name);
        }
    }
    groups
}

fn read_unit(
    table: &mut TableFields<'_, '_>,
    report: &mut Report<'_>,
    groups: &HashSet<&str>,
) -> Option<(Unit, usize)> {
    let name = table.name(report, "name");
    let kind = table.text(report, "kind");
    let member_of = table.texts_if(report, "groups").map(|list| list.value).unwrap_or_default();
    let joined_on = table.date_if(report, "joined_on");
    let left_on = table.date_if(report, "left_on");
    let mut seen = HashSet::new();
    for group in &member_of {
        if !groups.contains(group.value.as_str()) {
            report.unknown(group.at, Thing::Group, &group.value, groups.iter().copied());
        }
        if !seen.insert(group.value.as_str()) {
            report.at(group.at, NamingFault::GroupNamedTwice(shown(&group.value)));
        }
    }
    if let (Some(joined), Some(left)) = (&joined_on, &left_on)
        && left.value <= joined.value
    {
        report.at(left.at, ListFault::UnitLeavesFirst { left: left.value, joined: joined.value });
    }
    let name = name?;
    let unit = Unit {
        name: UnitName(name.value),
        kind: kind?.value,
        groups: member_of.into_iter().map(|group| group.value).collect(),
        joined_on: joined_on.map(|day| day.value),
        left_on: left_on.map(|day| day.value),
    };
    Some((unit, name.at))
}
