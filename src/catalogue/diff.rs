//! What changed between two catalogues, or two rosters: for people to read before they apply it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;

use crate::domain::catalogue::{Catalogue, ClauseEntry};
use crate::domain::duty::{Basis, Cadence, Clause, DueRule, Duty, Kind, Mode, Owner, Quota};
use crate::domain::event::EventType;
use crate::domain::ladder::{Ladder, Level, Reminder};
use crate::domain::node::Node;
use crate::domain::unit::{Role, Roster, Unit};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display)]
#[strum(serialize_all = "snake_case")]
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

/// A field that may have another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum SeedField {
    AlsoCountsFor,
    AlsoEachNode,
    AnswerSuffices,
    AnyDay,
    AtOnce,
    Basis,
    Cadence,
    Chase,
    Clause,
    Due,
    EffectiveFrom,
    EffectiveTo,
    EventNamesOwners,
    First,
    Grace,
    Groups,
    Implies,
    JoinedOn,
    Kind,
    Last,
    LeftOn,
    Measures,
    Mode,
    Name,
    NamesUnits,
    NodeDayLimit,
    Note,
    OwedBy,
    OwnDayOnly,
    Part,
    PartTitle,
    Propose,
    Quotas,
    Reminders,
    ReviewFirst,
    Summary,
    Supervise,
    SupportedBy,
    Title,
}

impl SeedField {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    Text(String),
    Texts(Vec<String>),
    Flag(bool),
    Number(Option<u32>),
    Day(Option<NaiveDate>),
    Time(Option<NaiveTime>),
    Clause(Clause),
    Kind(Kind),
    Cadence(Cadence),
    Due(DueRule),
    Basis(Basis),
    Mode(Mode),
    Owners(Vec<Owner>),
    Quotas(Vec<Quota>),
    Roles(Vec<Role>),
    Reminders(Vec<Reminder>),
    Level(Option<Level>),
}

/// As it is stored, in JSON.
impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde_json::to_value(self).map_err(|_| fmt::Error)?.fmt(f)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    pub field: SeedField,
    pub old: FieldValue,
    pub new: FieldValue,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Withdrawn,
    /// Some of its fields have other values.
    Changed(Vec<FieldChange>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub subject: Subject,
    pub key: String,
    pub how: ChangeKind,
}

impl Change {
    /// Whether a unit of the roster does not stand in the files.
    pub fn is_unit_gone(&self) -> bool {
        self.subject == Subject::Unit && self.how == ChangeKind::Withdrawn
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subject, key) = (self.subject, &self.key);
        match &self.how {
            ChangeKind::Added => write!(f, "+ {subject} {key}"),
            ChangeKind::Withdrawn => write!(f, "- {subject} {key}"),
            ChangeKind::Changed(fields) => {
                write!(f, "~ {subject} {key}")?;
                for change in fields {
                    write!(f, "\n    {}: {} → {}", change.field.name(), change.old, change.new)?;
                }
                Ok(())
            }
        }
    }
}

/// What changed from one catalogue to another, in the order of duties, ladders, nodes, events and clauses.
pub fn diff(old: &Catalogue, new: &Catalogue) -> Vec<Change> {
    let class = |ladder: &Ladder| ladder.class.to_string();
    let mut changes = Vec::new();
    compare(&mut changes, Subject::Duty, &old.duties, &new.duties, |duty| duty.id.0.clone(), duty_fields);
    compare(&mut changes, Subject::Ladder, &old.ladders, &new.ladders, class, ladder_fields);
    compare(&mut changes, Subject::Node, &old.nodes, &new.nodes, |node| node.key.clone(), node_fields);
    compare(&mut changes, Subject::Event, &old.events, &new.events, |event| event.name.clone(), event_fields);
    compare(&mut changes, Subject::Clause, &old.clauses, &new.clauses, |entry| entry.item.to_string(), clause_fields);
    changes
}

pub fn diff_rosters(old: &Roster, new: &Roster) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&mut changes, Subject::Unit, &old.units, &new.units, |unit| unit.name.0.clone(), unit_fields);
    compare(&mut changes, Subject::Group, &old.groups, &new.groups, Clone::clone, |_| Vec::new());
    compare(&mut changes, Subject::Office, &[&old.office], &[&new.office], |office| office.0.clone(), |_| Vec::new());
    changes
}

fn compare<T: PartialEq>(
    changes: &mut Vec<Change>,
    subject: Subject,
    old: &[T],
    new: &[T],
    key: impl Fn(&T) -> String,
    fields: impl Fn(&T) -> Vec<(SeedField, FieldValue)>,
) {
    let before: BTreeMap<String, &T> = old.iter().map(|entry| (key(entry), entry)).collect();
    let mut kept = BTreeSet::new();
    for entry in new {
        let key = key(entry);
        let how = match before.get(&key) {
            None => Some(ChangeKind::Added),
            Some(known) if *known == entry => None,
            Some(known) => Some(ChangeKind::Changed(changed(fields(known), fields(entry)))),
        };
        changes.extend(how.map(|how| Change { subject, key: key.clone(), how }));
        kept.insert(key);
    }
    let gone = old.iter().map(key).filter(|key| !kept.contains(key));
    changes.extend(gone.map(|key| Change { subject, key, how: ChangeKind::Withdrawn }));
}

/// The fields whose values differ, by name.
fn changed(old: Vec<(SeedField, FieldValue)>, new: Vec<(SeedField, FieldValue)>) -> Vec<FieldChange> {
    let pairs = old.into_iter().zip(new).filter(|((_, old), (_, new))| old != new);
    let mut changes: Vec<FieldChange> = pairs.map(|((field, old), (_, new))| FieldChange { field, old, new }).collect();
    changes.sort_by_key(|change| change.field.name());
    changes
}

// Each takes its subject apart whole, so that a new field cannot be forgotten here. What is the key does not change.

fn duty_fields(duty: &Duty) -> Vec<(SeedField, FieldValue)> {
    let Duty {
        id: _,
        clause,
        title,
        summary,
        kind,
        cadence,
        due,
        basis,
        owed_by,
        mode,
        quotas,
        supported_by,
        also_counts_for,
        note,
        also_each_node,
        event_names_owners,
        answer_suffices,
        review_first,
        own_day_only,
        effective_from,
        effective_to,
    } = duty;
    vec![
        (SeedField::Clause, FieldValue::Clause(*clause)),
        (SeedField::Title, FieldValue::Text(title.clone())),
        (SeedField::Summary, FieldValue::Text(summary.clone())),
        (SeedField::Kind, FieldValue::Kind(*kind)),
        (SeedField::Cadence, FieldValue::Cadence(cadence.clone())),
        (SeedField::Due, FieldValue::Due(*due)),
        (SeedField::Basis, FieldValue::Basis(*basis)),
        (SeedField::OwedBy, FieldValue::Owners(owed_by.clone())),
        (SeedField::Mode, FieldValue::Mode(*mode)),
        (SeedField::Quotas, FieldValue::Quotas(quotas.clone())),
        (SeedField::SupportedBy, FieldValue::Owners(supported_by.clone())),
        (SeedField::AlsoCountsFor, FieldValue::Texts(also_counts_for.iter().map(|id| id.0.clone()).collect())),
        (SeedField::Note, FieldValue::Text(note.clone())),
        (SeedField::AlsoEachNode, FieldValue::Flag(*also_each_node)),
        (SeedField::EventNamesOwners, FieldValue::Flag(*event_names_owners)),
        (SeedField::AnswerSuffices, FieldValue::Flag(*answer_suffices)),
        (SeedField::ReviewFirst, FieldValue::Flag(*review_first)),
        (SeedField::OwnDayOnly, FieldValue::Flag(*own_day_only)),
        (SeedField::EffectiveFrom, FieldValue::Day(*effective_from)),
        (SeedField::EffectiveTo, FieldValue::Day(*effective_to)),
    ]
}

fn ladder_fields(ladder: &Ladder) -> Vec<(SeedField, FieldValue)> {
    let Ladder { class: _, grace, any_day, reminders, chase, supervise, propose, at_once, node_day_limit } = ladder;
    vec![
        (SeedField::Grace, FieldValue::Time(*grace)),
        (SeedField::AnyDay, FieldValue::Flag(*any_day)),
        (SeedField::Reminders, FieldValue::Reminders(reminders.clone())),
        (SeedField::Chase, FieldValue::Roles(chase.clone())),
        (SeedField::Supervise, FieldValue::Level(supervise.clone())),
        (SeedField::Propose, FieldValue::Level(propose.clone())),
        (SeedField::AtOnce, FieldValue::Roles(at_once.clone())),
        (SeedField::NodeDayLimit, FieldValue::Number(*node_day_limit)),
    ]
}

fn node_fields(node: &Node) -> Vec<(SeedField, FieldValue)> {
    let Node { key: _, name, first, last } = node;
    vec![
        (SeedField::Name, FieldValue::Text(name.clone())),
        (SeedField::First, FieldValue::Day(Some(*first))),
        (SeedField::Last, FieldValue::Day(Some(*last))),
    ]
}

fn event_fields(event: &EventType) -> Vec<(SeedField, FieldValue)> {
    let EventType { name: _, implies, names_units } = event;
    vec![
        (SeedField::Implies, FieldValue::Texts(implies.clone())),
        (SeedField::NamesUnits, FieldValue::Flag(*names_units)),
    ]
}

fn clause_fields(entry: &ClauseEntry) -> Vec<(SeedField, FieldValue)> {
    let ClauseEntry { item: _, part, part_title, title, measures } = entry;
    vec![
        (SeedField::Part, FieldValue::Number(Some(u32::from(*part)))),
        (SeedField::PartTitle, FieldValue::Text(part_title.clone())),
        (SeedField::Title, FieldValue::Text(title.clone())),
        (SeedField::Measures, FieldValue::Texts(measures.clone())),
    ]
}

fn unit_fields(unit: &Unit) -> Vec<(SeedField, FieldValue)> {
    let Unit { name: _, kind, groups, joined_on, left_on } = unit;
    vec![
        (SeedField::Kind, FieldValue::Text(kind.clone())),
        (SeedField::Groups, FieldValue::Texts(groups.clone())),
        (SeedField::JoinedOn, FieldValue::Day(*joined_on)),
        (SeedField::LeftOn, FieldValue::Day(*left_on)),
    ]
}

#[cfg(test)]
mod tests {
    use super::{super::Seeds, *};

    /// The fields as they are stored, without the key.
    fn stored<T: Serialize>(entry: &T, key: &str) -> BTreeMap<String, serde_json::Value> {
        let serde_json::Value::Object(mut table) = serde_json::to_value(entry).unwrap() else { panic!("no table") };
        table.remove(key).unwrap();
        table.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    /// The fields as they are compared; what is not given is not stored of a unit, so it is left out.
    fn compared(fields: Vec<(SeedField, FieldValue)>) -> BTreeMap<String, serde_json::Value> {
        let given = fields.into_iter().map(|(field, value)| (field.name().to_owned(), value.to_string()));
        let given = given.map(|(name, text)| (name, serde_json::from_str(&text).unwrap()));
        given.filter(|(_, value): &(String, serde_json::Value)| !value.is_null()).collect()
    }

    #[test]
    fn each_field_is_compared_as_it_is_stored() {
        let Seeds { catalogue, roster, .. } = Seeds::embedded().unwrap();
        for duty in &catalogue.duties {
            assert_eq!(compared(duty_fields(duty)), stored(duty, "id"));
        }
        for ladder in &catalogue.ladders {
            assert_eq!(compared(ladder_fields(ladder)), stored(ladder, "class"));
        }
        for node in &catalogue.nodes {
            assert_eq!(compared(node_fields(node)), stored(node, "key"));
        }
        for event in &catalogue.events {
            assert_eq!(compared(event_fields(event)), stored(event, "name"));
        }
        for entry in &catalogue.clauses {
            assert_eq!(compared(clause_fields(entry)), stored(entry, "item"));
        }
        for unit in &roster.units {
            assert_eq!(compared(unit_fields(unit)), stored(unit, "name"));
        }
    }
}
