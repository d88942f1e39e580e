//! `clauses.toml`: the tasks of the document and the measures in each.

use std::collections::{BTreeMap, HashMap};

use super::{
    diagnostic::{Report, shown},
    tree,
};
use crate::domain::catalogue::ClauseEntry;

/// Reads the file; `None` when it is no TOML.
pub fn read(report: &mut Report<'_>) -> Option<Vec<ClauseEntry>> {
    let tree = tree::parse(report)?;
    let mut file = tree::Fields::new(tree.get_ref(), 0, "the file");
    let parts = read_parts(&mut file, report);
    let mut entries = Vec::new();
    let mut seen = HashMap::new();
    let tables = file.tables(report, "task");
    if tables.is_empty() {
        report.at(0, "there is no task", "begin each with `[[task]]`");
    }
    for mut task in tables {
        let item = task.number(report, "item");
        let part = task.number(report, "part");
        let title = task.text(report, "title");
        let measures = task.texts(report, "measures");
        task.finish(report);
        let (Some(item), Some(part), Some(title), Some(measures)) = (item, part, title, measures) else { continue };
        let Ok(number) = u16::try_from(item.value) else {
            report.at(item.at, format!("`item` {} is out of range", item.value), "it must be from 1 to 65535");
            continue;
        };
        if number == 0 {
            report.at(item.at, "`item` 0 is out of range", "tasks are numbered from 1");
        }
        if let Some(line) = seen.insert(number, report.source().line(item.at)) {
            report.at(item.at, format!("task {number} is given twice"), format!("it stands in line {line} already"));
        }
        let Some(part_title) = parts.get(&part.value) else {
            let known: Vec<String> = parts.keys().map(u32::to_string).collect();
            report.at(part.at, format!("there is no part {}", part.value), format!("known: {}", known.join(", ")));
            continue;
        };
        for measure in measures.value.iter().filter(|measure| measure.value.trim().is_empty()) {
            report.at(measure.at, format!("a measure of task {number} is empty"), "say it in a few words");
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

fn read_parts(file: &mut tree::Fields<'_, '_>, report: &mut Report<'_>) -> BTreeMap<u32, String> {
    let mut parts = BTreeMap::new();
    for mut part in file.tables(report, "part") {
        let number = part.number(report, "number");
        let title = part.text(report, "title");
        part.finish(report);
        let (Some(number), Some(title)) = (number, title) else { continue };
        if let Some(before) = parts.insert(number.value, title.value) {
            let message = format!("part {} is given twice", number.value);
            report.at(number.at, message, format!("it is “{}” already", shown(&before)));
        }
    }
    parts
}
