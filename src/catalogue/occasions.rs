//! `nodes.toml` and `events.toml`: named key nodes, and the types of events.

use std::collections::{HashMap, HashSet};

use super::diagnostic::{At, Report};
use super::mistake::list::ListFault;
use super::mistake::naming::{NamingFault, Thing};
use super::mistake::words::shown;
use super::tree::{self, TableFields};
use crate::domain::event::EventType;
use crate::domain::node::Node;

/// Reads `nodes.toml`; `None` when it is no TOML.
pub fn read_nodes(report: &mut Report<'_>) -> Option<Vec<Node>> {
    let tree = tree::parse(report)?;
    let mut file = TableFields::of_file(&tree);
    let mut nodes: Vec<Node> = Vec::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    for mut table in file.tables(report, "node") {
        let name = table.name(report, "name");
        let first = table.date(report, "first");
        let last = table.date(report, "last");
        table.finish(report);
        let (Some(name), Some(first), Some(last)) = (name, first, last) else { continue };
        if last.value < first.value {
            report.at(last.at, ListFault::NodeEndsFirst(last.value));
        }
        let node = Node::dated(name.value, first.value, last.value);
        if let Some(known) = seen.insert(node.key.clone(), node.name.clone()) {
            report.at(first.at, ListFault::NodesTogether { first: node.key.clone(), known: shown(known) });
        }
        nodes.push(node);
    }
    file.finish(report);
    Some(nodes)
}

/// Reads `events.toml`; `None` when it is no TOML.
pub fn read_events(report: &mut Report<'_>) -> Option<Vec<EventType>> {
    let tree = tree::parse(report)?;
    let mut file = TableFields::of_file(&tree);
    let mut types: Vec<(EventType, Vec<At<String>>)> = Vec::new();
    let mut seen = HashSet::new();
    for mut table in file.tables(report, "event") {
        let name = table.name(report, "name");
        let implies = table.texts_if(report, "implies").map(|list| list.value).unwrap_or_default();
        let names_units = table.flag_if(report, "names_units").is_some_and(|flag| flag.value);
        table.finish(report);
        let Some(name) = name else { continue };
        if name.value.contains(char::is_whitespace) {
            report.at(name.at, ListFault::EventWithBlank);
        }
        if !seen.insert(name.value.clone()) {
            let twice = NamingFault::GivenTwice { what: Thing::Event, name: shown(&name.value), line: None };
            report.at(name.at, twice);
        }
        let texts = implies.iter().map(|implied| implied.value.clone()).collect();
        types.push((EventType { name: name.value, implies: texts, names_units }, implies));
    }
    file.finish(report);
    check_implied(report, &types);
    Some(types.into_iter().map(|(kind, _)| kind).collect())
}

fn check_implied(report: &mut Report<'_>, types: &[(EventType, Vec<At<String>>)]) {
    let index: HashMap<&str, usize> = types.iter().enumerate().map(|(n, (kind, _))| (kind.name.as_str(), n)).collect();
    let circular = circular(types, &index);
    for (n, (kind, implied)) in types.iter().enumerate() {
        for name in implied {
            let Some(other) = index.get(name.value.as_str()) else {
                let known = types.iter().map(|(kind, _)| kind.name.as_str());
                report.unknown(name.at, Thing::Event, &name.value, known);
                continue;
            };
            if circular.contains(&n) && circular.contains(other) {
                report.at(name.at, ListFault::ImpliesItself(shown(&kind.name)));
            }
        }
    }
}

/// The types that stand in a circle: those that remain when types that imply nothing more, and types that nothing more
/// implies, are taken away again and again.
fn circular(types: &[(EventType, Vec<At<String>>)], index: &HashMap<&str, usize>) -> HashSet<usize> {
    let arrows: Vec<(usize, usize)> = types
        .iter()
        .enumerate()
        .flat_map(|(from, (_, implied))| implied.iter().map(move |name| (from, name.value.as_str())))
        .filter_map(|(from, to)| Some((from, *index.get(to)?)))
        .collect();
    let backwards: Vec<(usize, usize)> = arrows.iter().map(|(from, to)| (*to, *from)).collect();
    let all: HashSet<usize> = (0..types.len()).collect();
    let led_from_circles = without_sources(&all, &arrows);
    without_sources(&led_from_circles, &backwards)
}

/// What remains of `kept` when everything that no remaining arrow points to is taken away again and again.
fn without_sources(kept: &HashSet<usize>, arrows: &[(usize, usize)]) -> HashSet<usize> {
    let mut kept = kept.clone();
    let mut targets: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut pointed: HashMap<usize, usize> = HashMap::new();
    for (from, to) in arrows.iter().filter(|(from, to)| kept.contains(from) && kept.contains(to)) {
        targets.entry(*from).or_default().push(*to);
        *pointed.entry(*to).or_default() += 1;
    }
    let mut open: Vec<usize> = kept.iter().copied().filter(|n| !pointed.contains_key(n)).collect();
    while let Some(source) = open.pop() {
        kept.remove(&source);
        for target in targets.get(&source).into_iter().flatten() {
            if let Some(count) = pointed.get_mut(target) {
                *count -= 1;
                if *count == 0 {
                    open.push(*target);
                }
            }
        }
    }
    kept
}
