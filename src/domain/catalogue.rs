//! The catalogue: everything that says what is owed, as one document that is stored and versioned whole.
//!
//! Checked when it is made; whoever holds one may rely on its names to resolve. The roster and the calendar change on
//! their own and stand apart.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::duty::{Clause, Duty, DutyId, Owner};
use super::event::EventType;
use super::ladder::{Class, Ladder};
use super::node::Node;
use super::unit::UnitName;

/// A task of the document and its measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseEntry {
    /// The task, 1..48.
    pub item: u16,
    /// Which of the fifteen hard measures it belongs to.
    pub part: u16,
    /// That hard measure in a few words.
    pub part_title: String,
    /// The task in a few words of our own.
    pub title: String,
    /// Its measures in a few words of our own, from measure 1 on.
    pub measures: Vec<String>,
}

impl ClauseEntry {
    pub fn measure(&self, number: u16) -> Option<&str> {
        self.measures.get(usize::from(number.checked_sub(1)?)).map(String::as_str)
    }
}

/// Duties, ladders, nodes, event types and the clause list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// In the document's order.
    pub duties: Vec<Duty>,
    /// One for each class that a duty is of.
    pub ladders: Vec<Ladder>,
    /// The named nodes; statutory ones follow from the calendar.
    pub nodes: Vec<Node>,
    pub events: Vec<EventType>,
    /// The tasks and measures of the document.
    pub clauses: Vec<ClauseEntry>,
}

/// How much of the document the duties cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    pub tasks: usize,
    pub of_tasks: usize,
    pub measures: usize,
    pub of_measures: usize,
    pub duties: usize,
}

impl Catalogue {
    /// The same with units called by other names, or by those of others.
    pub fn rename_units(&mut self, called: impl Fn(&UnitName) -> UnitName) {
        for duty in &mut self.duties {
            for owners in [&mut duty.owed_by, &mut duty.supported_by] {
                for owner in owners.iter_mut() {
                    if let Owner::Unit(name) = owner {
                        *name = called(name);
                    }
                }
                let mut seen = BTreeSet::new();
                owners.retain(|owner| seen.insert(format!("{owner:?}")));
            }
        }
    }

    pub fn duty(&self, id: &DutyId) -> Option<&Duty> {
        self.duties.iter().find(|duty| duty.id == *id)
    }

    pub fn ladder(&self, class: Class) -> Option<&Ladder> {
        self.ladders.iter().find(|ladder| ladder.class == class)
    }

    pub fn event_type(&self, name: &str) -> Option<&EventType> {
        self.events.iter().find(|event| event.name == name)
    }

    /// The task that a clause belongs to.
    pub fn clause(&self, clause: Clause) -> Option<&ClauseEntry> {
        self.clauses.iter().find(|entry| entry.item == clause.item)
    }

    /// The type and all that it implies, however far; empty when there is no such type.
    pub fn implied(&self, event_type: &str) -> Vec<&EventType> {
        let mut found: Vec<&EventType> = self.event_type(event_type).into_iter().collect();
        let mut next = 0;
        while let Some(known) = found.get(next).copied() {
            for name in &known.implies {
                if let Some(implied) = self.event_type(name)
                    && !found.iter().any(|seen| seen.name == implied.name)
                {
                    found.push(implied);
                }
            }
            next += 1;
        }
        found
    }

    /// How much of the clause list the duties cover.
    pub fn coverage(&self) -> Coverage {
        let listed: BTreeSet<u16> = self.clauses.iter().map(|entry| entry.item).collect();
        let measures: BTreeSet<Clause> = self
            .clauses
            .iter()
            .flat_map(|entry| (1..).zip(&entry.measures).map(|(n, _)| Clause { item: entry.item, measure: Some(n) }))
            .collect();
        let named: BTreeSet<Clause> = self.duties.iter().map(|duty| duty.clause).collect();
        let items: BTreeSet<u16> = named.iter().map(|clause| clause.item).collect();
        Coverage {
            tasks: listed.intersection(&items).count(),
            of_tasks: listed.len(),
            measures: measures.intersection(&named).count(),
            of_measures: measures.len(),
            duties: self.duties.len(),
        }
    }
}
