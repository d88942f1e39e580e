//! The plan: which obligations a catalogue gives, for whom, opening and due when.
//!
//! Everything here walks only the periods near the range it is asked for: the cost grows with the rows in the range, not
//! with history. What it says does not depend on when it is asked.

use std::cmp::Ordering;
use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::due::{due_at, due_day, event_due};
use super::duty::{Cadence, Duty, DutyId, Form, Mode, Owner};
use super::event::Event;
use super::node::Node;
use super::period::Period;
use super::refusal::occasion::OccasionRefusal;
use super::unit::{Roster, Unit, UnitName};
use super::world::World;

/// A `once` without a first day of its own opens so many workdays before it is due.
pub const ONCE_OPENS_WORKDAYS_BEFORE: u32 = 30;

/// One obligation as the plan gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub duty: DutyId,
    pub form: Form,
    /// Who owes it: one unit, or those that owe it together; in the order of the duty's `owed_by`.
    pub owners: Vec<UnitName>,
    pub period: Period,
    pub opens_at: DateTime<Utc>,
    /// The instant at which its period ends; of an event obligation, the due instant.
    pub period_end: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
}

/// What is owed in one period, before it is known by whom.
#[derive(Debug, Clone)]
struct Term {
    period: Period,
    /// The civil day on which it opens: who owes it is decided by that day.
    opening_day: NaiveDate,
    opens_at: DateTime<Utc>,
    period_end: DateTime<Utc>,
    due_at: DateTime<Utc>,
}

/// The obligations whose due instant less one second falls on a day of `first..=last`, sorted by due instant, duty and
/// owners. Event duties are not planned.
pub fn due_between(world: &World<'_>, first: NaiveDate, last: NaiveDate) -> Vec<Owed> {
    let within = |term: &Term| (first..=last).contains(&world.zone.due_day(term.due_at));
    collect(world, first, last, within)
}

/// Of what [`due_between`] gives, that which opens by `until`: far fewer rows where `last` lies a period's length ahead.
pub fn due_between_open_by(world: &World<'_>, first: NaiveDate, last: NaiveDate, until: DateTime<Utc>) -> Vec<Owed> {
    let within = |term: &Term| term.opens_at <= until && (first..=last).contains(&world.zone.due_day(term.due_at));
    collect(world, first, last, within)
}

/// The obligations that open after `from` and no later than `until`, in the same order.
pub fn opening_between(world: &World<'_>, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Owed> {
    let (first, last) = (world.zone.day_of(from), world.zone.day_of(until));
    collect(world, first, last, |term| from < term.opens_at && term.opens_at <= until)
}

/// What one node opens, whether or not the world has it yet: its days, and its own obligation for duties that are owed
/// once a node. Days that other nodes have too are given again; the period is the same.
pub fn for_node(world: &World<'_>, node: &Node) -> Vec<Owed> {
    let owners = Owners::new(world.roster);
    let mut rows = Vec::new();
    for duty in &world.catalogue.duties {
        let by_day = duty.cadence == Cadence::EachNodeDay;
        if !by_day && !duty.also_each_node {
            continue;
        }
        let days = node.first.iter_days().take_while(|day| by_day && *day <= node.last);
        let days = days.filter_map(|day| calendar_term(world, duty, Period::Day(day)));
        let once = node_terms(world, std::slice::from_ref(node), node.first, node.last);
        let once = once.into_iter().filter(|_| duty.also_each_node);
        let terms = days.map(|term| (Form::Cadence, term)).chain(once.map(|term| (Form::Node, term)));
        let resolved = owners.of(duty);
        for (form, term) in terms.filter(|(_, term)| effective_on(duty, term.opening_day)) {
            push_owed(&mut rows, duty, form, &term, &resolved);
        }
    }
    rows.sort_by(order);
    rows
}

fn collect(world: &World<'_>, first: NaiveDate, last: NaiveDate, within: impl Fn(&Term) -> bool) -> Vec<Owed> {
    let mut rows = Vec::new();
    if first > last {
        return rows;
    }
    let owners = Owners::new(world.roster);
    let nodes = world.all_nodes();
    for duty in &world.catalogue.duties {
        let resolved = owners.of(duty);
        let mut add = |form: Form, terms: Vec<Term>| {
            for term in terms.iter().filter(|term| effective_on(duty, term.opening_day) && within(term)) {
                push_owed(&mut rows, duty, form, term, &resolved);
            }
        };
        add(Form::Cadence, cadence_terms(world, duty, first, last));
        if duty.also_each_node {
            add(Form::Node, node_terms(world, &nodes, first, last));
        }
    }
    rows.sort_by(order);
    rows
}

/// By due instant, duty, owners: the last two as the text that is shown.
fn order(a: &Owed, b: &Owed) -> Ordering {
    let text = |row: &Owed| {
        row.owners.iter().enumerate().fold(String::new(), |mut text, (n, owner)| {
            if n > 0 {
                text.push(';');
            }
            text.push_str(&owner.0);
            text
        })
    };
    let by_owners = || match (a.owners.as_slice(), b.owners.as_slice()) {
        ([one], [other]) => one.cmp(other),
        _ => text(a).cmp(&text(b)),
    };
    a.due_at.cmp(&b.due_at).then_with(|| a.duty.cmp(&b.duty)).then_with(by_owners).then_with(|| a.period.cmp(&b.period))
}

fn effective_on(duty: &Duty, day: NaiveDate) -> bool {
    duty.effective_from.is_none_or(|from| from <= day) && duty.effective_to.is_none_or(|to| day <= to)
}

fn push_owed(rows: &mut Vec<Owed>, duty: &Duty, form: Form, term: &Term, owners: &[&Unit]) {
    let active = owners.iter().filter(|unit| unit.active_on(term.opening_day)).map(|unit| unit.name.clone());
    let owed = |owners: Vec<UnitName>| Owed {
        duty: duty.id.clone(),
        form,
        owners,
        period: term.period.clone(),
        opens_at: term.opens_at,
        period_end: term.period_end,
        due_at: term.due_at,
    };
    match duty.mode {
        Mode::Each => rows.extend(active.map(|owner| owed(vec![owner]))),
        Mode::Joint => {
            let together: Vec<UnitName> = active.collect();
            if !together.is_empty() {
                rows.push(owed(together));
            }
        }
    }
}

/// The roster by name and by group, so that owners are looked up once and not row by row.
struct Owners<'a> {
    by_name: HashMap<&'a str, &'a Unit>,
    by_group: HashMap<&'a str, Vec<&'a Unit>>,
}

impl<'a> Owners<'a> {
    fn new(roster: &'a Roster) -> Owners<'a> {
        let by_name = roster.units.iter().map(|unit| (unit.name.0.as_str(), unit)).collect();
        let mut by_group: HashMap<&str, Vec<&Unit>> = HashMap::new();
        for unit in &roster.units {
            for group in &unit.groups {
                by_group.entry(group).or_default().push(unit);
            }
        }
        Owners { by_name, by_group }
    }

    /// Everyone the duty names, past and future members too, each once, in the duty's order.
    fn of(&self, duty: &Duty) -> Vec<&'a Unit> {
        let mut found: Vec<&Unit> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for owner in &duty.owed_by {
            let units = match owner {
                Owner::Unit(name) => self.by_name.get(name.0.as_str()).map(std::slice::from_ref).unwrap_or_default(),
                Owner::Group(group) => self.by_group.get(group.as_str()).map(Vec::as_slice).unwrap_or_default(),
            };
            found.extend(units.iter().filter(|unit| seen.insert(unit.name.0.as_str())));
        }
        found
    }
}

/// The terms of the duty's own cadence that may open or fall due in the range; a few beyond it, never one too few.
fn cadence_terms(world: &World<'_>, duty: &Duty, first: NaiveDate, last: NaiveDate) -> Vec<Term> {
    match &duty.cadence {
        Cadence::Once(day) => vec![once_term(world, duty, *day)],
        Cadence::OnEvent { .. } => Vec::new(),
        cadence => {
            let Some(mut period) = Period::containing(cadence, first) else { return Vec::new() };
            while let Some(before) = period.previous() {
                period = before;
                // One more than the deadlines ask for, since a clock change can move an instant over midnight.
                if due_day(world, duty, &period) < first {
                    break;
                }
            }
            let end = last.checked_add_days(Days::new(1)).unwrap_or(last);
            std::iter::successors(Some(period), Period::next)
                .take_while(|period| period.first_day().is_some_and(|day| day <= end))
                .filter(|period| world.owes_for(cadence, period))
                .filter_map(|period| calendar_term(world, duty, period))
                .collect()
        }
    }
}

/// `None` for a day that a zone left out (a move over the date line): nobody can owe anything for it.
fn calendar_term(world: &World<'_>, duty: &Duty, period: Period) -> Option<Term> {
    let opening_day = period.first_day()?;
    let opens_at = world.zone.start_of(opening_day);
    let period_end = world.zone.end_of(period.last_day()?);
    let due_at = due_at(world, duty, &period);
    (opens_at < period_end).then_some(Term { period, opening_day, opens_at, period_end, due_at })
}

fn once_term(world: &World<'_>, duty: &Duty, day: NaiveDate) -> Term {
    let period = Period::Once(day);
    let due_at = due_at(world, duty, &period);
    let opening_day = duty
        .effective_from
        .unwrap_or_else(|| world.calendar.workdays_before(world.zone.due_day(due_at), ONCE_OPENS_WORKDAYS_BEFORE));
    let period_end = world.zone.end_of(day);
    Term { period, opening_day, opens_at: world.zone.start_of(opening_day), period_end, due_at }
}

fn node_terms(world: &World<'_>, nodes: &[Node], first: NaiveDate, last: NaiveDate) -> Vec<Term> {
    let near = Days::new(1);
    let first = first.checked_sub_days(near).unwrap_or(first);
    let last = last.checked_add_days(near).unwrap_or(last);
    nodes
        .iter()
        .filter(|node| node.first <= last && node.last >= first)
        .map(|node| {
            let end = world.zone.end_of(node.last);
            Term {
                period: Period::Node(node.key.clone()),
                opening_day: node.first,
                opens_at: world.zone.start_of(node.first),
                period_end: end,
                due_at: end,
            }
        })
        .collect()
}

/// What an event opens, by its own type and by those that it implies. Refused as a whole when it cannot be said who owes
/// one of them.
pub fn for_event(world: &World<'_>, event: &Event) -> Result<Vec<Owed>, OccasionRefusal> {
    let types = world.catalogue.implied(&event.event_type);
    if types.is_empty() {
        return Err(OccasionRefusal::UnknownEventType(event.event_type.clone()));
    }
    let day = world.zone.day_of(event.at);
    check_named(world, event, day)?;
    if event.units.is_empty()
        && let Some(kind) = types.iter().find(|kind| kind.names_units)
    {
        return Err(OccasionRefusal::EventWithoutUnits(kind.name.clone()));
    }
    let owners = Owners::new(world.roster);
    let mut rows = Vec::new();
    for duty in &world.catalogue.duties {
        let Cadence::OnEvent { event: waits_for, after } = &duty.cadence else { continue };
        if !types.iter().any(|kind| kind.name == *waits_for) || !effective_on(duty, day) {
            continue;
        }
        let named = named_owners(owners.of(duty), duty, event, day)?;
        let due_at = event_due(world, event.at, *after);
        let period = Period::Event(event.id.clone());
        let term = Term { period, opening_day: day, opens_at: event.at, period_end: due_at, due_at };
        push_owed(&mut rows, duty, Form::Cadence, &term, &named);
    }
    rows.sort_by(order);
    Ok(rows)
}

fn check_named(world: &World<'_>, event: &Event, day: NaiveDate) -> Result<(), OccasionRefusal> {
    let known = |name: &&UnitName| world.roster.unit(name).is_some_and(|unit| unit.active_on(day));
    match event.units.iter().find(|name| !known(name)) {
        Some(unit) => Err(OccasionRefusal::EventUnknownUnit { unit: unit.clone(), day }),
        None => Ok(()),
    }
}

/// The owners on that day, narrowed to the units that the event names where the duty asks for that.
fn named_owners<'a>(
    owners: Vec<&'a Unit>,
    duty: &Duty,
    event: &Event,
    day: NaiveDate,
) -> Result<Vec<&'a Unit>, OccasionRefusal> {
    if !duty.event_names_owners || event.units.is_empty() {
        return Ok(owners);
    }
    let (named, others): (Vec<&Unit>, Vec<&Unit>) =
        owners.into_iter().filter(|unit| unit.active_on(day)).partition(|unit| event.units.contains(&unit.name));
    if named.is_empty() && !others.is_empty() {
        let members = others.iter().map(|unit| unit.name.clone()).collect();
        return Err(OccasionRefusal::EventWithoutOwner { duty: duty.id.clone(), members });
    }
    Ok(named)
}
