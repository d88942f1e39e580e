//! Which obligations are meant, in one way for every page, file, call and command: read from text, written as an address,
//! found page by page. Words are found elsewhere.

#![allow(unused_qualifications, reason = "the macros of utoipa write them")]

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::domain::duty::{CadenceKind, Duty, DutyId};
use crate::domain::light::Light;
use crate::domain::obligation::Obligation;
use crate::domain::phase::Phase;
use crate::domain::query::{Order, PhaseGroup, Place, Query};
use crate::domain::refusal::Refusal;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::text;
use crate::domain::unit::UnitName;
use crate::engine::known::{Known, Rules};
use crate::read::words;
use crate::store::row::Stored;
use crate::store::{Result, Tx};

/// A [`Query`] as people and programs write it. Empty = not narrowed by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct QueryText {
    /// Owed by this unit, alone or with others.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Of this duty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub duty: String,
    /// For duties of this task (1..48).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub item: String,
    /// For duties of this hard measure (1..15).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub part: String,
    /// daily, workday, weekly, monthly, quarterly, `half_yearly`, yearly, once, on, `each_day_of_node`
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cadence: String,
    /// The period's key: `2022-10`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub period: String,
    /// First due on this day or later.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// First due on this day or earlier.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub until: String,
    /// The deadline in force is on this day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub due: String,
    /// grey, yellow, green, orange, red, white
    #[serde(skip_serializing_if = "String::is_empty")]
    pub light: String,
    /// scheduled, open, returned, missed, waiting, done, lapsed, waived, withdrawn, upheld; or live, owed, all. Without it
    /// all that have begun and were not withdrawn.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Stands in its number, title, owners or period.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// newest, oldest (by the day first due), number
    #[serde(skip_serializing_if = "String::is_empty")]
    pub order: String,
    /// The number of the obligation after which the page begins.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after: String,
}

impl QueryText {
    pub fn query(&self) -> std::result::Result<Query, Refusal> {
        let phases = |code: &str| {
            let group = PhaseGroup::from_code(code).map(PhaseGroup::phases);
            group.or_else(|| Some(vec![Phase::from_code(code)?]))
        };
        Ok(Query {
            unit: some(Field::Unit, &self.unit, |unit| Some(UnitName(unit.to_owned())))?,
            duty: some(Field::Duty, &self.duty, |duty| Some(DutyId(duty.to_owned())))?,
            item: some(Field::Task, &self.item, |item| item.parse().ok())?,
            part: some(Field::HardMeasure, &self.part, |part| part.parse().ok())?,
            cadence: some(Field::Cadence, &self.cadence, CadenceKind::from_code)?,
            period: some(Field::Period, &self.period, |period| Some(period.to_owned()))?,
            phases: some(Field::Phase, &self.phase, phases)?.unwrap_or_default(),
            light: some(Field::Light, &self.light, Light::from_code)?,
            from: some(Field::DueFrom, &self.from, |day| day.parse().ok())?,
            until: some(Field::DueUntil, &self.until, |day| day.parse().ok())?,
            due: some(Field::DueOn, &self.due, |day| day.parse().ok())?,
            text: some(Field::Text, &self.text, |text| Some(text.to_lowercase()))?,
            order: some(Field::Order, &self.order, Order::from_code)?.unwrap_or_default(),
        })
    }

    /// The obligation after which the page begins; none = it is the first.
    pub fn after(&self) -> std::result::Result<Option<i64>, Refusal> {
        some(Field::Page, &self.after, |id| id.parse().ok())
    }

    /// The address that asks the same of a page, from the obligation after that one on.
    pub fn address(&self, path: &str, after: Option<i64>) -> String {
        let asked = QueryText { after: after.map(|id| id.to_string()).unwrap_or_default(), ..self.clone() };
        match serde_urlencoded::to_string(&asked) {
            Ok(query) if !query.is_empty() => format!("{path}?{query}"),
            _ => path.to_owned(),
        }
    }
}

fn some<T>(field: Field, value: &str, read: impl FnOnce(&str) -> Option<T>) -> std::result::Result<Option<T>, Refusal> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    read(value).map(Some).ok_or_else(|| (field, FieldRefusal::NotUnderstood(text::tame(value))).into())
}

/// The duties of all versions of the catalogue, the newest word on each, and which hard measure each belongs to.
pub struct Duties<'a>(HashMap<&'a DutyId, (&'a Duty, u16)>);

impl<'a> Duties<'a> {
    pub fn of(known: &'a Known) -> Duties<'a> {
        let mut duties = HashMap::new();
        for version in &known.versions {
            for duty in &version.catalogue.duties {
                let part = version.catalogue.clause(duty.clause).map_or(0, |entry| entry.part);
                duties.insert(&duty.id, (duty, part));
            }
        }
        Duties(duties)
    }

    pub fn duty(&self, id: &DutyId) -> Option<&'a Duty> {
        self.0.get(id).map(|(duty, _)| *duty)
    }

    /// Which hard measure it belongs to; 0 = none.
    pub fn part(&self, id: &DutyId) -> u16 {
        self.0.get(id).map_or(0, |(_, part)| *part)
    }

    /// All of them, in the document's order.
    pub fn in_order(&self) -> Vec<&'a Duty> {
        let mut duties: Vec<&Duty> = self.0.values().map(|(duty, _)| *duty).collect();
        duties.sort_by_cached_key(|duty| words::document_order(&duty.id));
        duties
    }
}

/// The most rows that are read for one page of a query that few of them answer.
const MOST_READ: usize = 20_000;
/// Rows that are read at once.
const BATCH: usize = 1000;

/// A page of what was asked for.
pub struct Found {
    pub rows: Vec<Stored>,
    /// What to ask for the next page with, if there is one: the number after which it begins.
    pub next: Option<i64>,
}

/// A page of what is asked for, after an obligation or from the beginning.
pub async fn find(tx: &mut Tx, known: &Known, query: &Query, after: Option<i64>, limit: usize) -> Result<Found> {
    walk(tx, known, query, after, limit, MOST_READ).await
}

/// All that is asked for, however much is read for it; at most so many.
pub async fn all(tx: &mut Tx, known: &Known, query: &Query, most: usize) -> Result<Vec<Stored>> {
    Ok(walk(tx, known, query, None, most, usize::MAX).await?.rows)
}

async fn walk(
    tx: &mut Tx,
    known: &Known,
    query: &Query,
    after: Option<i64>,
    limit: usize,
    most_read: usize,
) -> Result<Found> {
    let duties = Duties::of(known);
    let further = query.looks_further();
    // One more than is wanted tells whether there is a next page.
    let batch = if further { BATCH } else { limit.saturating_add(1).min(BATCH) };
    let mut found = Found { rows: Vec::new(), next: None };
    let mut after = match after {
        Some(id) if query.order == Order::Number => Some(Place { due_on: NaiveDate::default(), id }),
        Some(id) => match tx.obligation(id).await? {
            Some(row) => Some(Place::after(&row.obligation)),
            None => return Ok(found),
        },
        None => None,
    };
    let mut read = 0;
    loop {
        let rows = tx.ledger(query, after, batch).await?;
        let last = rows.len() < batch;
        read += rows.len();
        for stored in rows {
            let place = Place::after(&stored.obligation);
            if !further || holds(known, &duties, query, &stored) {
                if found.rows.len() == limit {
                    found.next = after.map(|place| place.id);
                    return Ok(found);
                }
                found.rows.push(stored);
            }
            after = Some(place);
        }
        if last {
            return Ok(found);
        }
        if read >= most_read {
            found.next = after.map(|place| place.id);
            return Ok(found);
        }
    }
}

/// Whether a row that the store has given is asked for by the rest of the query too.
fn holds(known: &Known, duties: &Duties<'_>, query: &Query, stored: &Stored) -> bool {
    let obligation = &stored.obligation;
    query.due.is_none_or(|due| known.zone.due_day(obligation.round.due_at) == due)
        && query.part.is_none_or(|part| duties.part(&obligation.duty) == part)
        && (query.item.is_none() && query.cadence.is_none() && query.text.is_none()
            || known.rules(stored, obligation.due_on).is_ok_and(|rules| suits(known, &rules, query, obligation)))
}

/// Whether the duty that it was made by is of the task and cadence that are asked for, and the text stands in it.
fn suits(known: &Known, rules: &Rules<'_>, query: &Query, obligation: &Obligation) -> bool {
    query.item.is_none_or(|item| rules.duty.clause.item == item)
        && query.cadence.is_none_or(|cadence| CadenceKind::from(&rules.duty.cadence) == cadence)
        && query.text.as_ref().is_none_or(|text| {
            let period = words::period(known, rules, obligation);
            let owners = words::owners(&obligation.owners);
            obligation.id.to_string() == *text
                || [&obligation.duty.0, &rules.duty.title, &owners, &obligation.period, &period]
                    .iter()
                    .any(|field| field.to_lowercase().contains(text))
        })
}
