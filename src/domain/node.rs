//! 重要节点: the key dates on whose days more is owed.
//!
//! Statutory nodes follow from the calendar, named ones stand in the catalogue, windows are opened by hand and passed in.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::calendar::Calendar;

/// A key node: a run of days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its first day (`2022-10-16`); a window opened by hand has an id instead. Unique.
    pub key: String,
    /// `国庆节`, `党的二十大`.
    pub name: String,
    pub first: NaiveDate,
    pub last: NaiveDate,
}

impl Node {
    /// A node keyed by its first day.
    pub fn dated(name: impl Into<String>, first: NaiveDate, last: NaiveDate) -> Node {
        Node { key: first.to_string(), name: name.into(), first, last }
    }

    /// Whether the day belongs to it.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.first <= day && day <= self.last
    }
}

/// All nodes, by key: the calendar's, the catalogue's, and those opened by hand. Two that begin on one day and have no
/// id of their own are one node, with both names, to the later end.
pub fn all(calendar: &Calendar, named: &[Node], opened: &[Node]) -> Vec<Node> {
    let statutory = calendar.holiday_runs().into_iter().map(|run| Node::dated(run.name, run.first, run.last));
    let mut nodes: BTreeMap<String, Node> = BTreeMap::new();
    for node in statutory.chain(named.iter().cloned()).chain(opened.iter().cloned()) {
        match nodes.get_mut(&node.key) {
            Some(known) => {
                known.first = known.first.min(node.first);
                known.last = known.last.max(node.last);
                if known.name != node.name {
                    known.name = format!("{}、{}", known.name, node.name);
                }
            }
            None => {
                nodes.insert(node.key.clone(), node);
            }
        }
    }
    let mut nodes: Vec<Node> = nodes.into_values().collect();
    nodes.sort_by(|a, b| (a.first, &a.key).cmp(&(b.first, &b.key)));
    nodes
}
