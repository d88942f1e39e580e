//! `clauses.toml`: the tasks of the document and the measures in each.

use std::collections::{BTreeMap, HashMap};

use super::diagnostic::Report;
use super::mistake::duty::DutyFault;
use super::mistake::layout::LayoutFault;
use super::mistake::naming::NamingFault;
use super::mistake::value::ValueFault;
use super::mistake::words::shown;
use super::tree::{self, TableFields};
use crate::domain::catalogue::ClauseEntry;

/// Reads the file; `None` when it is no TOML.
pub fn read(report: &mut Report<'_>) -> Option<Vec<ClauseEntry>> {
    let tree = tree::parse(report)?;
    let mut file = TableFields::of_file(&tree);
    let parts = read_parts(&mut file, report);
    let mut entries = Vec::new();
    let mut seen = HashMap::new();
    let tables = file.tables(report, "task");
    if tables.is_empty() {
        report.at(0, LayoutFault::NoTable("task"));
    }
    for mut task in tables {
        let item = task.number(report, "item");
        let part = task.number(report, "part");
        let title = task.text(report, "title");
        let measures = task.texts(report, "measures");
        task.finish(report);
        let (Some(item), Some(part), Some(title), Some(measures)) = (item, part, title, measures) else { continue };
        let Some(number) = u16::try_from(item.value).ok().filter(|number| *number > 0) else {
            let written = shown(item.value.to_string());
            report.value(item.at, "item", ValueFault::OutOfRange { written, least: 1, most: i64::from(u16::MAX) });
            continue;
        };
        if let Some(line) = seen.insert(number, report.source().line(item.at)) {
            report.at(item.at, NamingFault::TaskGivenTwice { task: number, line });
        }
        let Some(part_title) = parts.get(&part.value) else {
            let known: Vec<String> = parts.keys().map(u32::to_string).collect();
            report.at(part.at, NamingFault::UnknownPart { part: part.value, known: known.join(", ") });
            continue;
        };
        for measure in measures.value.iter().filter(|measure| measure.value.trim().is_empty()) {
            report.at(measure.at, DutyFault::EmptyMeasure(number));
        }
        entries.push(ClauseEntry {
            item: number,
            part: u16::try_from(part.value).unwrap_or(u16::MAX),
            part_title: part_title.clone(),
            title: title.value,
            measures: measures.value.into_iter().map(|measure| measure.value).collect(),
        });
    }
    file.finish(report);
    Some(entries)
}

fn read_parts(file: &mut TableFields<'_, '_>, report: &mut Report<'_>) -> BTreeMap<u32, String> {
    let mut parts = BTreeMap::new();
    for mut part in file.tables(report, "part") {
        let number = part.number(report, "number");
        let title = part.text(report, "title");
        part.finish(report);
        let (Some(number), Some(title)) = (number, title) else { continue };
        if let Some(before) = parts.insert(number.value, title.value) {
            report.at(number.at, NamingFault::PartGivenTwice { part: number.value, before: shown(before) });
        }
    }
    parts
}
