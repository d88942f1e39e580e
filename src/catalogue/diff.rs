//! What changed between two catalogues, or two rosters: for people to read before they apply it.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::domain::{catalogue::Catalogue, unit::Roster};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Duty,
    Ladder,
    Node,
    Event,
    /// A task of the clause list, by number.
    Clause,
    Unit,
    Group,
    /// Which unit is the safety office.
    Office,
}

impl Subject {
    pub fn word(self) -> &'static str {
        match self {
            Subject::Duty => "duty",
            Subject::Ladder => "ladder",
            Subject::Node => "node",
            Subject::Event => "event",
            Subject::Clause => "clause",
            Subject::Unit => "unit",
            Subject::Group => "group",
            Subject::Office => "office",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    pub field: String,
    /// The value before, as JSON.
    pub old: String,
    /// The value now, as JSON.
    pub new: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    Added,
    Withdrawn,
    /// Some of its fields have other values.
    Changed(Vec<FieldChange>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub subject: Subject,
    pub key: String,
    pub how: How,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, key) = (self.subject.word(), &self.key);
        match &self.how {
            How::Added => write!(f, "+ {subject} {key}"),
            How::Withdrawn => write!(f, "- {subject} {key}"),
            How::Changed(fields) => {
                write!(f, "~ {subject} {key}")?;
                for change in fields {
                    write!(f, "\n    {}: {} → {}", change.field, change.old, change.new)?;
                }
                Ok(())
            }
        }
    }
}

/// What changed from one catalogue to another, in the order of duties, ladders, nodes, events and clauses.
pub fn diff(old: &Catalogue, new: &Catalogue) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&mut changes, Subject::Duty, &old.duties, &new.duties, |duty| duty.id.0.clone());
    compare(&mut changes, Subject::Ladder, &old.ladders, &new.ladders, |ladder| {
        super::grammar::word_of(&super::grammar::CLASSES, &ladder.class).to_owned()
    });
    compare(&mut changes, Subject::Node, &old.nodes, &new.nodes, |node| node.key.clone());
    compare(&mut changes, Subject::Event, &old.events, &new.events, |event| event.name.clone());
    compare(&mut changes, Subject::Clause, &old.clauses, &new.clauses, |entry| entry.item.to_string());
    changes
}

/// What changed from one roster to another.
pub fn diff_rosters(old: &Roster, new: &Roster) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&mut changes, Subject::Unit, &old.units, &new.units, |unit| unit.name.0.clone());
    compare(&mut changes, Subject::Group, &old.groups, &new.groups, Clone::clone);
    compare(&mut changes, Subject::Office, &[&old.office], &[&new.office], |office| office.0.clone());
    changes
}

fn compare<T: Serialize + PartialEq>(
    changes: &mut Vec<Change>,
    subject: Subject,
    old: &[T],
    new: &[T],
    key: impl Fn(&T) -> String,
) {
    let before: std::collections::BTreeMap<String, &T> = old.iter().map(|entry| (key(entry), entry)).collect();
    let mut kept = std::collections::BTreeSet::new();
    for entry in new {
        let key = key(entry);
        let how = match before.get(&key) {
            None => Some(How::Added),
            Some(known) if *known == entry => None,
            Some(known) => Some(How::Changed(fields(*known, entry))),
        };
        changes.extend(how.map(|how| Change { subject, key: key.clone(), how }));
        kept.insert(key);
    }
    let gone = old.iter().map(key).filter(|key| !kept.contains(key));
    changes.extend(gone.map(|key| Change { subject, key, how: How::Withdrawn }));
}

fn fields<T: Serialize>(old: &T, new: &T) -> Vec<FieldChange> {
    let table = |entry: &T| match serde_json::to_value(entry) {
        Ok(Value::Object(table)) => table,
        _ => serde_json::Map::new(),
    };
    let (old, new) = (table(old), table(new));
    let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let shown = |value: Option<&Value>| value.map_or_else(|| "null".to_owned(), Value::to_string);
    names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name))
        .map(|name| FieldChange { field: name.clone(), old: shown(old.get(name)), new: shown(new.get(name)) })
        .collect()
}
