//! What a list of obligations is narrowed by: read from an address, written to one, asked of each row.
//!
//! The one place that says what a number on the board and the rows behind it have in common.

use std::collections::HashMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::{app::Desk, view};
use crate::{
    domain::{
        duty::{Cadence, Duty, DutyId},
        light::Light,
        phase::Phase,
        unit::UnitName,
    },
    engine::known::Known,
    store::{
        StoreError, Tx,
        ledger::{LedgerFilter, Order, Place},
        row::Stored,
    },
};

/// What the address says. Empty = not narrowed by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Owed by this unit, alone or with others.
    pub unit: String,
    pub duty: String,
    /// For duties of this task (1..48).
    pub item: String,
    /// For duties of this hard measure (1..15).
    pub part: String,
    /// A code of [`CADENCES`].
    pub cadence: String,
    /// First due on this day or later.
    pub from: String,
    /// First due on this day or earlier.
    pub until: String,
    /// The deadline in force is on this day.
    pub due: String,
    pub light: String,
    /// A phase's code, or one of [`GROUPS`].
    pub phase: String,
    /// `oldest` = the earliest deadline first.
    pub order: String,
    /// The place after which the page begins.
    pub after: String,
}

/// Phases that are asked for together: code, words, phases.
pub const GROUPS: [(&str, &str, &[Phase]); 3] = [
    ("live", "在办（含待审、逾期未办）", &LIVE),
    ("owed", "尚未报送", &[Phase::Open, Phase::Returned, Phase::Missed]),
    ("all", "全部（含未开始、已撤销）", Phase::ALL),
];

/// The phases that are not settled for good.
const LIVE: [Phase; 4] = [Phase::Open, Phase::Returned, Phase::Missed, Phase::Waiting];

pub const CADENCES: [(&str, &str); 10] = [
    ("daily", "每日"),
    ("workday", "每个工作日"),
    ("weekly", "每周"),
    ("monthly", "每月"),
    ("quarterly", "每季度"),
    ("half_yearly", "每半年"),
    ("yearly", "每年"),
    ("once", "一次"),
    ("event", "事件"),
    ("node_day", "重要节点期间每日"),
];

fn cadence_code(cadence: &Cadence) -> &'static str {
    match cadence {
        Cadence::Daily => "daily",
        Cadence::Workday => "workday",
        Cadence::Weekly => "weekly",
        Cadence::Monthly => "monthly",
        Cadence::Quarterly => "quarterly",
        Cadence::HalfYearly => "half_yearly",
        Cadence::Yearly => "yearly",
        Cadence::Once(_) => "once",
        Cadence::OnEvent { .. } => "event",
        Cadence::EachNodeDay => "node_day",
    }
}

#[derive(Debug, Clone)]
pub struct Filter {
    unit: Option<UnitName>,
    duty: Option<DutyId>,
    item: Option<u16>,
    part: Option<u16>,
    cadence: Option<&'static str>,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
    due: Option<NaiveDate>,
    light: Option<Light>,
    pub phases: Vec<Phase>,
    oldest_first: bool,
}

/// A place as the address says it: `2022-10-31.17`.
fn written(place: Place) -> String {
    format!("{}.{}", place.due_on, place.id)
}

fn place(written: &str) -> Option<Place> {
    let (day, id) = written.split_once('.')?;
    Some(Place { due_on: day.parse().ok()?, id: id.parse().ok()? })
}

fn some<T>(value: &str, what: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, String> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(None);
    }
    read(value).map(Some).ok_or_else(|| format!("{what}“{}”无法识别", crate::domain::text::tame(value)))
}

impl Asked {
    pub fn filter(&self) -> Result<Filter, String> {
        let day = |text: &str| text.parse().ok();
        let number = |text: &str| text.parse().ok();
        let phases = some(&self.phase, "状态", |code| {
            let group = GROUPS.iter().find(|(known, ..)| *known == code).map(|(.., phases)| phases.to_vec());
            group.or_else(|| Phase::from_code(code).map(|phase| vec![phase]))
        })?;
        let cadence = |text: &str| CADENCES.iter().map(|(code, _)| *code).find(|code| *code == text);
        let light = |text: &str| Light::ALL.iter().copied().find(|light| light.code() == text);
        Ok(Filter {
            unit: some(&self.unit, "单位", |unit| Some(UnitName(unit.to_owned())))?,
            duty: some(&self.duty, "职责", |duty| Some(DutyId(duty.to_owned())))?,
            item: some(&self.item, "任务", number)?,
            part: some(&self.part, "硬措施", number)?,
            cadence: some(&self.cadence, "频次", cadence)?,
            from: some(&self.from, "起始日期", day)?,
            until: some(&self.until, "截止日期", day)?,
            due: some(&self.due, "到期日", day)?,
            light: some(&self.light, "灯", light)?,
            phases: phases.unwrap_or_else(|| Phase::ALL.iter().copied().filter(|phase| phase.is_counted()).collect()),
            oldest_first: self.order == "oldest",
        })
    }

    /// The place after which the page begins.
    pub fn place(&self) -> Option<Place> {
        place(&self.after)
    }

    /// Whether it asks for anything at all.
    pub fn is_empty(&self) -> bool {
        self.address("", None) == Asked::default().address("", None)
    }

    /// The address that asks the same of a page, from a place on.
    pub fn address(&self, path: &str, after: Option<Place>) -> String {
        let after = after.map(written).unwrap_or_default();
        let fields = [
            ("unit", &self.unit),
            ("duty", &self.duty),
            ("item", &self.item),
            ("part", &self.part),
            ("cadence", &self.cadence),
            ("from", &self.from),
            ("until", &self.until),
            ("due", &self.due),
            ("light", &self.light),
            ("phase", &self.phase),
            ("order", &self.order),
            ("after", &after),
        ];
        let mut address = path.to_owned();
        for (n, (name, value)) in fields.into_iter().filter(|(_, value)| !value.is_empty()).enumerate() {
            address.push(if n == 0 { '?' } else { '&' });
            address.push_str(name);
            address.push('=');
            address.push_str(&view::quoted(value));
        }
        address
    }
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
        duties.sort_by_cached_key(|duty| crate::read::words::document_order(&duty.id));
        duties
    }
}

/// The most rows that are read for one page of a filter that few of them pass.
const MOST_READ: usize = 20_000;
/// Rows that are read at once.
const BATCH: usize = 1000;

/// A page of what was asked for.
pub struct Found {
    pub rows: Vec<Stored>,
    /// Where the next page begins, if there is one.
    pub next: Option<Place>,
}

impl Filter {
    /// Whether a row is asked for.
    pub fn holds(&self, known: &Known, duties: &Duties<'_>, stored: &Stored) -> bool {
        let obligation = &stored.obligation;
        let due_on = obligation.due_on;
        self.phases.contains(&obligation.phase)
            && self.unit.as_ref().is_none_or(|unit| obligation.owners.contains(unit))
            && self.duty.as_ref().is_none_or(|duty| obligation.duty == *duty)
            && self.part.is_none_or(|part| duties.part(&obligation.duty) == part)
            && self.light.is_none_or(|light| Light::of(obligation) == light)
            && self.from.is_none_or(|from| due_on >= from)
            && self.until.is_none_or(|until| due_on <= until)
            && self.due.is_none_or(|due| known.zone.due_day(obligation.round.due_at) == due)
            && (self.item.is_none() && self.cadence.is_none() || self.suits(known, stored))
    }

    /// Whether the duty that it was made by is of the task and cadence that are asked for.
    fn suits(&self, known: &Known, stored: &Stored) -> bool {
        known.rules(stored, stored.obligation.due_on).is_ok_and(|rules| {
            self.item.is_none_or(|item| rules.duty.clause.item == item)
                && self.cadence.is_none_or(|cadence| cadence_code(&rules.duty.cadence) == cadence)
        })
    }

    /// What is asked for, after a place or from the beginning.
    pub async fn find(
        &self,
        desk: &Desk,
        tx: &mut Tx,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Found, StoreError> {
        let duties = Duties::of(&desk.known);
        let mut found = Found { rows: Vec::new(), next: None };
        let mut after = after;
        let mut read = 0;
        loop {
            let batch = self.read(tx, after).await?;
            let last = batch.len() < BATCH;
            read += batch.len();
            for stored in batch {
                let place = Place::after(&stored);
                if self.holds(&desk.known, &duties, &stored) {
                    if found.rows.len() == limit {
                        found.next = after;
                        return Ok(found);
                    }
                    found.rows.push(stored);
                }
                after = Some(place);
            }
            if last {
                return Ok(found);
            }
            if read >= MOST_READ {
                found.next = after;
                return Ok(found);
            }
        }
    }

    /// Rows among which those asked for are, in order, after a place.
    async fn read(&self, tx: &mut Tx, after: Option<Place>) -> Result<Vec<Stored>, StoreError> {
        let filter = LedgerFilter {
            unit: self.unit.clone(),
            duty: self.duty.clone(),
            clause: None,
            phases: self.phases.clone(),
            light: self.light,
            from: self.from,
            until: self.until,
            order: if self.oldest_first { Order::Oldest } else { Order::Newest },
        };
        tx.ledger(&filter, after, BATCH).await
    }
}

pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// What the form offers, with what is chosen.
pub struct Choices {
    pub units: Vec<Choice>,
    pub duties: Vec<Choice>,
    pub items: Vec<Choice>,
    pub parts: Vec<Choice>,
    pub cadences: Vec<Choice>,
    pub lights: Vec<Choice>,
    pub phases: Vec<Choice>,
}

impl Choices {
    pub fn of(known: &Known, asked: &Asked) -> Choices {
        let choice = |value: String, label: String, chosen: &str| Choice { chosen: value == chosen, value, label };
        let duties = Duties::of(known).in_order();
        let newest = known.versions.last().map(|version| &version.catalogue);
        let clauses = newest.map(|catalogue| catalogue.clauses.as_slice()).unwrap_or_default();
        let mut parts: Vec<(u16, &str)> = clauses.iter().map(|entry| (entry.part, entry.part_title.as_str())).collect();
        parts.sort_unstable();
        parts.dedup();
        let phases = GROUPS.iter().map(|(code, label, _)| (*code, *label));
        let phases = phases.chain(Phase::ALL.iter().copied().map(|phase| (phase.code(), view::phase_label(phase))));
        Choices {
            units: known
                .roster
                .units
                .iter()
                .map(|unit| choice(unit.name.0.clone(), unit.name.0.clone(), &asked.unit))
                .collect(),
            duties: duties
                .iter()
                .map(|duty| choice(duty.id.0.clone(), format!("{} {}", duty.id, duty.title), &asked.duty))
                .collect(),
            items: clauses
                .iter()
                .map(|entry| choice(entry.item.to_string(), format!("第{}项 {}", entry.item, entry.title), &asked.item))
                .collect(),
            parts: parts
                .into_iter()
                .map(|(part, title)| choice(part.to_string(), format!("{part} {title}"), &asked.part))
                .collect(),
            cadences: CADENCES
                .into_iter()
                .map(|(code, label)| choice(code.to_owned(), label.to_owned(), &asked.cadence))
                .collect(),
            lights: Light::ALL
                .iter()
                .copied()
                .map(|light| choice(light.code().to_owned(), view::light_label(light).to_owned(), &asked.light))
                .collect(),
            phases: phases.map(|(code, label)| choice(code.to_owned(), label.to_owned(), &asked.phase)).collect(),
        }
    }
}
