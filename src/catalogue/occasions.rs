//! `nodes.toml` and `events.toml`: named key nodes, and the types of events.

use std::collections::{HashMap, HashSet};

use super::{
    diagnostic::{At, Report, shown},
    tree::{self, Fields},
};
use crate::domain::{event::EventType, node::Node};

/// Reads `nodes.toml`; `None` when it is no TOML.
pub fn read_nodes(report: &mut Report<'_>) -> Option<Vec<Node>> {
    let tree = tree::parse(report)?;
    let mut file = Fields::new(tree.get_ref(), 0, "the file");
    let mut nodes: Vec<Node> = Vec::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    for mut table in file.tables(report, "node") {
        let name = table.name(report, "name");
        let first = table.date(report, "first");
        let last = table.date(report, "last");
        table.finish(report);
        let (Some(name), Some(first), Some(last)) = (name, first, last) else { continue };
        if last.value < first.value {
            report.at(last.at, format!("the node ends on {}, before it begins", last.value), "put the later day last");
        }
        let node = Node::dated(name.value, first.value, last.value);
        if let Some(known) = seen.insert(node.key.clone(), node.name.clone()) {
            let message = format!("two nodes begin on {}", node.key);
            report.at(first.at, message, format!("make it one with “{known}”: a node is known by its first day"));
        }
        nodes.push(node);
    }
    file.finish(report);
    Some(nodes)
}

/// Reads `events.toml`; `None` when it is no TOML.
pub fn read_events(report: &mut Report<'_>) -> Option<Vec<EventType>> {
    let tree = tree::parse(report)?;
    let mut file = Fields::new(tree.get_ref(), 0, "the file");
    let mut types: Vec<(EventType, Vec<At<String>>)> = Vec::new();
    let mut seen = HashSet::new();
    for mut table in file.tables(report, "event") {
        let name = table.name(report, "name");
        let implies = table.texts_if(report, "implies").map(|list| list.value).unwrap_or_default();
        let names_units = table.flag_if(report, "names_units").is_some_and(|flag| flag.value);
        table.finish(report);
        let Some(name) = name else { continue };
        if name.value.contains(char::is_whitespace) {
            report.at(name.at, "the name of an event has a blank", "leave it out: duties name it between blanks");
        }
        if !seen.insert(name.value.clone()) {
            report.at(name.at, format!("event `{}` is given twice", name.value), "give it once");
        }
        let texts = implies.iter().map(|implied| implied.value.clone()).collect();
        types.push((EventType { name: name.value, implies: texts, names_units }, implies));
    }
    file.finish(report);
    check_implied(report, &types);
    Some(types.into_iter().map(|(kind, _)| kind).collect())
}

fn check_implied(report: &mut Report<'_>, types: &[(EventType, Vec<At<String>>)]) {
    let by_name: HashMap<&str, &EventType> = types.iter().map(|(kind, _)| (kind.name.as_str(), kind)).collect();
    for (kind, implied) in types {
        for name in implied {
            if !by_name.contains_key(name.value.as_str()) {
                let known = types.iter().map(|(kind, _)| kind.name.as_str());
                report.unknown(name.at, format!("unknown event `{}`", shown(&name.value)), &name.value, known);
            } else if reaches(&by_name, &name.value, &kind.name) {
                report.at(name.at, format!("`{}` implies itself", kind.name), "events must not imply each other");
            }
        }
    }
}

/// Whether one type implies another, or is it.
fn reaches(by_name: &HashMap<&str, &EventType>, from: &str, to: &str) -> bool {
    let mut open = vec![from];
    let mut seen = HashSet::new();
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(by_name.get(name).into_iter().flat_map(|kind| kind.implies.iter().map(String::as_str)));
        }
    }
    false
}
