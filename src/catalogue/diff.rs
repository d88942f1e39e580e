//! What changed between two catalogues, or two rosters: for people to read before they apply it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use chrono::{NaiveDate, NaiveTime};
use serde::Serialize;

use crate::domain::{
    catalogue::{Catalogue, ClauseEntry},
    duty::{Basis, Cadence, Clause, DueRule, Duty, Kind, Mode, Owner, Quota},
    event::EventType,
    ladder::{Ladder, Level, Reminder},
    node::Node,
    unit::{Role, Roster, Unit},
};

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
pub enum Field {
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

impl Field {
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
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
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde_json::to_value(self).map_err(|_| fmt::Error)?.fmt(f)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    pub field: Field,
    pub old: Value,
    pub new: Value,
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
        let (subject, key) = (self.subject, &self.key);
        match &self.how {
            How::Added => write!(f, "+ {subject} {key}"),
            How::Withdrawn => write!(f, "- {subject} {key}"),
            How::Changed(fields) => {
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

/// What changed from one roster to another.
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
    fields: impl Fn(&T) -> Vec<(Field, Value)>,
) {
    let before: BTreeMap<String, &T> = old.iter().map(|entry| (key(entry), entry)).collect();
    let mut kept = BTreeSet::new();
    for entry in new {
        let key = key(entry);
        let how = match before.get(&key) {
            None => Some(How::Added),
            Some(known) if *known == entry => None,
            Some(known) => Some(How::Changed(changed(fields(known), fields(entry)))),
        };
        changes.extend(how.map(|how| Change { subject, key: key.clone(), how }));
        kept.insert(key);
    }
    let gone = old.iter().map(key).filter(|key| !kept.contains(key));
    changes.extend(gone.map(|key| Change { subject, key, how: How::Withdrawn }));
}

/// The fields whose values differ, by name.
fn changed(old: Vec<(Field, Value)>, new: Vec<(Field, Value)>) -> Vec<FieldChange> {
    let pairs = old.into_iter().zip(new).filter(|((_, old), (_, new))| old != new);
    let mut changes: Vec<FieldChange> = pairs.map(|((field, old), (_, new))| FieldChange { field, old, new }).collect();
    changes.sort_by_key(|change| change.field.name());
    changes
}

// Each takes its subject apart whole, so that a new field cannot be forgotten here. What is the key does not change.

fn duty_fields(duty: &Duty) -> Vec<(Field, Value)> {
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
        (Field::Clause, Value::Clause(*clause)),
        (Field::Title, Value::Text(title.clone())),
        (Field::Summary, Value::Text(summary.clone())),
        (Field::Kind, Value::Kind(*kind)),
        (Field::Cadence, Value::Cadence(cadence.clone())),
        (Field::Due, Value::Due(*due)),
        (Field::Basis, Value::Basis(*basis)),
        (Field::OwedBy, Value::Owners(owed_by.clone())),
        (Field::Mode, Value::Mode(*mode)),
        (Field::Quotas, Value::Quotas(quotas.clone())),
        (Field::SupportedBy, Value::Owners(supported_by.clone())),
        (Field::Note, Value::Text(note.clone())),
        (Field::AlsoEachNode, Value::Flag(*also_each_node)),
        (Field::EventNamesOwners, Value::Flag(*event_names_owners)),
        (Field::AnswerSuffices, Value::Flag(*answer_suffices)),
        (Field::ReviewFirst, Value::Flag(*review_first)),
        (Field::OwnDayOnly, Value::Flag(*own_day_only)),
        (Field::EffectiveFrom, Value::Day(*effective_from)),
        (Field::EffectiveTo, Value::Day(*effective_to)),
    ]
}

fn ladder_fields(ladder: &Ladder) -> Vec<(Field, Value)> {
    let Ladder { class: _, grace, any_day, reminders, chase, supervise, propose, at_once, node_day_limit } = ladder;
    vec![
        (Field::Grace, Value::Time(*grace)),
        (Field::AnyDay, Value::Flag(*any_day)),
        (Field::Reminders, Value::Reminders(reminders.clone())),
        (Field::Chase, Value::Roles(chase.clone())),
        (Field::Supervise, Value::Level(supervise.clone())),
        (Field::Propose, Value::Level(propose.clone())),
        (Field::AtOnce, Value::Roles(at_once.clone())),
        (Field::NodeDayLimit, Value::Number(*node_day_limit)),
    ]
}

fn node_fields(node: &Node) -> Vec<(Field, Value)> {
    let Node { key: _, name, first, last } = node;
    vec![
        (Field::Name, Value::Text(name.clone())),
        (Field::First, Value::Day(Some(*first))),
        (Field::Last, Value::Day(Some(*last))),
    ]
}

fn event_fields(event: &EventType) -> Vec<(Field, Value)> {
    let EventType { name: _, implies, names_units } = event;
    vec![(Field::Implies, Value::Texts(implies.clone())), (Field::NamesUnits, Value::Flag(*names_units))]
}

fn clause_fields(entry: &ClauseEntry) -> Vec<(Field, Value)> {
    let ClauseEntry { item: _, part, part_title, title, measures } = entry;
    vec![
        (Field::Part, Value::Number(Some(u32::from(*part)))),
        (Field::PartTitle, Value::Text(part_title.clone())),
        (Field::Title, Value::Text(title.clone())),
        (Field::Measures, Value::Texts(measures.clone())),
    ]
}

fn unit_fields(unit: &Unit) -> Vec<(Field, Value)> {
    let Unit { name: _, kind, groups, joined_on, left_on } = unit;
    vec![
        (Field::Kind, Value::Text(kind.clone())),
        (Field::Groups, Value::Texts(groups.clone())),
        (Field::JoinedOn, Value::Day(*joined_on)),
        (Field::LeftOn, Value::Day(*left_on)),
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
    fn compared(fields: Vec<(Field, Value)>) -> BTreeMap<String, serde_json::Value> {
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
