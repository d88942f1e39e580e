//! `duties.toml`: who owes what, how often, until when, how much, and on whose word.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use chrono::NaiveDate;
use strum::VariantArray;

use super::diagnostic::{At, Report};
use super::grammar;
use super::mistake::duty::{DutyFault, Flag};
use super::mistake::layout::LayoutFault;
use super::mistake::list::ListFault;
use super::mistake::naming::{Named, NamingFault, Thing};
use super::mistake::value::{ValueFault, Wanted};
use super::mistake::words::shown;
use super::tree::{self, TableFields};
use crate::domain::catalogue::ClauseEntry;
use crate::domain::duty::{After, Cadence, Clause, DueRule, Duty, DutyId, Kind, Mode, Owner, Quota};
use crate::domain::event::EventType;
use crate::domain::unit::Roster;

/// What duties may name. A part is missing when its own file could not be read: then nothing is said about it here.
#[derive(Debug, Default)]
pub struct KnownNames {
    units: Option<HashSet<String>>,
    groups: Option<HashMap<String, usize>>,
    events: Option<HashSet<String>>,
    clauses: Option<HashSet<Clause>>,
}

impl KnownNames {
    /// From what the other files gave.
    pub fn new(roster: Option<&Roster>, events: Option<&[EventType]>, clauses: Option<&[ClauseEntry]>) -> KnownNames {
        KnownNames {
            units: roster.map(|roster| roster.units.iter().map(|unit| unit.name.0.clone()).collect()),
            groups: roster.map(count_members),
            events: events.map(|events| events.iter().map(|event| event.name.clone()).collect()),
            clauses: clauses.map(all_clauses),
        }
    }

    /// What a duty that was read before names and what is known now does not have.
    pub fn missing(&self, duty: &Duty) -> Vec<Named> {
        let unit = |name: &str| self.units.as_ref().is_none_or(|units| units.contains(name));
        let group = |name: &str| self.groups.as_ref().is_none_or(|groups| groups.contains_key(name));
        let mut missing = Vec::new();
        for owner in duty.owed_by.iter().chain(&duty.supported_by) {
            match owner {
                Owner::Unit(name) if !unit(&name.0) => missing.push(Named::Unit(name.0.clone())),
                Owner::Group(name) if !group(name) => missing.push(Named::Group(name.clone())),
                Owner::Unit(_) | Owner::Group(_) => {}
            }
        }
        if let Cadence::OnEvent { event, .. } = &duty.cadence
            && self.events.as_ref().is_some_and(|events| !events.contains(event))
        {
            missing.push(Named::Event(event.clone()));
        }
        if self.clauses.as_ref().is_some_and(|clauses| !clauses.contains(&duty.clause)) {
            missing.push(Named::Clause(duty.clause.label()));
        }
        missing
    }
}

fn count_members(roster: &Roster) -> HashMap<String, usize> {
    let mut counts: HashMap<String, usize> = roster.groups.iter().map(|group| (group.clone(), 0)).collect();
    for group in roster.units.iter().flat_map(|unit| &unit.groups) {
        *counts.entry(group.clone()).or_default() += 1;
    }
    counts
}

fn all_clauses(entries: &[ClauseEntry]) -> HashSet<Clause> {
    let mut clauses = HashSet::new();
    for entry in entries {
        clauses.insert(Clause { item: entry.item, measure: None });
        clauses.extend((1..).zip(&entry.measures).map(|(n, _)| Clause { item: entry.item, measure: Some(n) }));
    }
    clauses
}

/// Reads the file; `None` when it is no TOML.
pub fn read(report: &mut Report<'_>, known: &KnownNames) -> Option<Vec<Duty>> {
    let tree = tree::parse(report)?;
    let mut file = TableFields::of_file(&tree);
    let mut duties = Vec::new();
    let mut links: Vec<(Option<String>, At<String>)> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let tables = file.tables(report, "duty");
    if tables.is_empty() {
        report.at(0, LayoutFault::NoTable("duty"));
    }
    for mut table in tables {
        let also = table.texts_if(report, "also_counts_for").map(|list| list.value).unwrap_or_default();
        let duty = read_duty(&mut table, report, known, &mut seen, &also);
        table.finish(report);
        let of = duty.as_ref().map(|duty| duty.id.0.clone());
        links.extend(also.into_iter().map(|link| (of.clone(), link)));
        duties.extend(duty);
    }
    file.finish(report);
    check_links(report, &links, &duties, &seen);
    Some(duties)
}

/// Links name duties of the file, which may stand further down.
fn check_links(
    report: &mut Report<'_>,
    links: &[(Option<String>, At<String>)],
    duties: &[Duty],
    ids: &HashMap<String, usize>,
) {
    let mut seen = HashSet::new();
    let find = |id: &str| duties.iter().find(|duty| duty.id.0 == id);
    for (of, link) in links {
        if !ids.contains_key(&link.value) {
            report.unknown(link.at, Thing::Duty, &link.value, ids.keys().map(String::as_str));
            continue;
        }
        let Some(of) = of else { continue };
        if *of == link.value {
            report.at(link.at, DutyFault::CountsForItself);
        } else if !seen.insert((of, &link.value)) {
            report.at(link.at, NamingFault::NamedTwice(shown(&link.value)));
        } else if let (Some(one), Some(other)) = (find(of), find(&link.value))
            && let Some(counter) = counted_otherwise(one, other)
        {
            report.at(link.at, DutyFault::CountedOtherwise { duty: shown(&link.value), counter: shown(counter) });
        }
    }
}

/// A counter of both that is not the same in both: what is typed for it could not be right for either.
fn counted_otherwise<'d>(one: &'d Duty, other: &Duty) -> Option<&'d str> {
    let differs = |quota: &&Quota| {
        let same =
            |twin: &Quota| twin.unit == quota.unit && twin.distinct == quota.distinct && twin.level == quota.level;
        other.quotas.iter().any(|twin| twin.counter == quota.counter && !same(twin))
    };
    one.quotas.iter().find(differs).map(|quota| quota.counter.as_str())
}

fn read_duty(
    table: &mut TableFields<'_, '_>,
    report: &mut Report<'_>,
    known: &KnownNames,
    seen: &mut HashMap<String, usize>,
    also: &[At<String>],
) -> Option<Duty> {
    let id = read_id(table, report, seen);
    let clause = read_clause(table, report, known);
    let title = short_text(table, report, "title");
    let summary = short_text(table, report, "summary");
    let timing = read_timing(table, report, known);
    let basis = read_code(table, report, Thing::Basis);
    let owed_by = read_owners(table, report, known);
    let mode = read_code(table, report, Thing::Mode);
    let quotas = read_quotas(table, report);
    let supported_by = table.texts_if(report, "supported_by").map(|list| list.value).unwrap_or_default();
    check_names(report, known, &supported_by);
    let note = table.text_if(report, "note");
    let flags = read_flags(table, report, timing.as_ref());
    let (effective_from, effective_to) = read_effective(table, report, timing.as_ref());
    let (timing, mode): (Timing, At<Mode>) = (timing?, mode?);
    Some(Duty {
        id: DutyId(id?),
        clause: clause?,
        title: title?.value,
        summary: summary?.value,
        kind: timing.kind,
        review_first: flags.review.unwrap_or(matches!(timing.kind, Kind::Deadline | Kind::Event)),
        cadence: timing.cadence.value,
        due: timing.due,
        basis: basis?.value,
        owed_by: owed_by?,
        mode: mode.value,
        quotas,
        supported_by: supported_by.iter().map(|owner| grammar::owner(&owner.value)).collect(),
        also_counts_for: also.iter().map(|link| DutyId(link.value.clone())).collect(),
        note: note.map(|note| note.value).unwrap_or_default(),
        also_each_node: flags.also_each_node,
        event_names_owners: flags.event_names_owners,
        answer_suffices: flags.answer_suffices,
        own_day_only: flags.own_day_only,
        effective_from,
        effective_to,
    })
}

fn read_id(
    table: &mut TableFields<'_, '_>,
    report: &mut Report<'_>,
    seen: &mut HashMap<String, usize>,
) -> Option<String> {
    let id = table.text(report, "id")?;
    let plain = !id.value.is_empty()
        && id.value.len() <= 16
        && id.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if !plain {
        report.at(id.at, DutyFault::NoDutyId(shown(&id.value)));
        return None;
    }
    let line = report.source().line(id.at);
    if let Some(first) = seen.insert(id.value.clone(), line) {
        report.at(id.at, NamingFault::GivenTwice { what: Thing::Duty, name: shown(&id.value), line: Some(first) });
    }
    Some(id.value)
}

fn read_clause(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, known: &KnownNames) -> Option<Clause> {
    let written = table.text(report, "clause")?;
    let Some(clause) = grammar::clause(&written.value) else {
        report.at(written.at, DutyFault::NoClause(shown(&written.value)));
        return None;
    };
    if let Some(clauses) = &known.clauses
        && !clauses.contains(&clause)
    {
        let measures = clauses.iter().filter(|known| known.item == clause.item && known.measure.is_some()).count();
        let unknown = NamingFault::UnknownClause { written: shown(&written.value), task: clause.item, measures };
        report.at(written.at, unknown);
    }
    Some(clause)
}

fn short_text(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, key: &'static str) -> Option<At<String>> {
    let found = table.text(report, key)?;
    if found.value.trim().is_empty() {
        report.value(found.at, key, ValueFault::EmptyValue(Wanted::FewWords));
        return None;
    }
    Some(found)
}

fn read_code<T>(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, what: Thing) -> Option<At<T>>
where
    T: FromStr + VariantArray + Copy + Into<&'static str>,
{
    let written = table.text(report, what.into())?;
    Some(At::new(report.code(written.at, what, &written.value)?, written.at))
}

/// Kind, cadence and due rule, which must fit one another.
struct Timing {
    kind: Kind,
    cadence: At<Cadence>,
    due: DueRule,
}

fn read_timing(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, known: &KnownNames) -> Option<Timing> {
    let kind = read_code(table, report, Thing::Kind);
    let cadence = table.text(report, "cadence").and_then(|written| match grammar::cadence(&written.value) {
        Ok(cadence) => Some(At::new(cadence, written.at)),
        Err(fault) => {
            report.at(written.at, DutyFault::ImpossibleCadence(fault));
            None
        }
    });
    let due = table.text(report, "due").and_then(|written| {
        let due = grammar::due(&written.value);
        if due.is_none() {
            report.at(written.at, DutyFault::ImpossibleDueRule(shown(&written.value)));
        }
        due.map(|due| At::new(due, written.at))
    });
    if let (Some(cadence), Some(events)) = (&cadence, &known.events)
        && let Cadence::OnEvent { event, .. } = &cadence.value
        && !events.contains(event)
    {
        report.unknown(cadence.at, Thing::Event, event, events.iter().map(String::as_str));
    }
    if let (Some(kind), Some(cadence)) = (&kind, &cadence) {
        check_kind(report, kind, &cadence.value);
    }
    let (kind, cadence, due) = (kind?, cadence?, due?);
    check_due(report, &cadence.value, &due);
    Some(Timing { kind: kind.value, cadence, due: due.value })
}

fn check_kind(report: &mut Report<'_>, kind: &At<Kind>, cadence: &Cadence) {
    let fits = match kind.value {
        Kind::Deadline => matches!(cadence, Cadence::Once(_)),
        Kind::Event => matches!(cadence, Cadence::OnEvent { .. }),
        Kind::Node => *cadence == Cadence::EachNodeDay,
        Kind::Recurring | Kind::Standing => is_calendar(cadence),
    };
    if !fits {
        report.at(kind.at, DutyFault::KindMisfit(kind.value, cadence.clone()));
    }
}

fn check_due(report: &mut Report<'_>, cadence: &Cadence, due: &At<DueRule>) {
    let fits = match cadence {
        Cadence::OnEvent { after: After::Minutes(_), .. } => due.value == DueRule::Exact,
        Cadence::OnEvent { after: After::Days(_), .. } | Cadence::EachNodeDay => due.value == DueRule::EndOfDay,
        _ => due.value != DueRule::Exact,
    };
    if !fits {
        report.at(due.at, DutyFault::DueRuleMisfit(due.value, cadence.clone()));
    }
}

/// Whether it goes by the calendar, daily to yearly.
fn is_calendar(cadence: &Cadence) -> bool {
    !matches!(cadence, Cadence::Once(_) | Cadence::OnEvent { .. } | Cadence::EachNodeDay)
}

fn check_names(report: &mut Report<'_>, known: &KnownNames, owners: &[At<String>]) {
    let mut seen = HashSet::new();
    for owner in owners {
        if !seen.insert(owner.value.as_str()) {
            report.at(owner.at, NamingFault::NamedTwice(shown(&owner.value)));
        }
        if let Some(group) = owner.value.strip_prefix('@') {
            if let Some(groups) = known.groups.as_ref().filter(|groups| !groups.contains_key(group)) {
                report.unknown(owner.at, Thing::Group, group, groups.keys().map(String::as_str));
            }
        } else {
            let name = owner.value.as_str();
            if let Some(units) = known.units.as_ref().filter(|units| !units.contains(name)) {
                report.unknown(owner.at, Thing::Unit, name, units.iter().map(String::as_str));
            }
        }
    }
}

fn read_owners(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, known: &KnownNames) -> Option<Vec<Owner>> {
    let written = table.texts(report, "owed_by")?;
    check_names(report, known, &written.value);
    let owners: Vec<Owner> = written.value.iter().map(|owner| grammar::owner(&owner.value)).collect();
    if owners.is_empty() {
        report.at(written.at, DutyFault::NobodyOwes);
    } else if let Some(groups) = &known.groups {
        let empty = |owner: &Owner| matches!(owner, Owner::Group(group) if groups.get(group) == Some(&0));
        if owners.iter().all(empty) {
            report.at(written.at, DutyFault::GroupsWithoutMembers);
        }
    }
    Some(owners)
}

fn read_quotas(table: &mut TableFields<'_, '_>, report: &mut Report<'_>) -> Vec<Quota> {
    let written = table.texts_if(report, "quota").map(|list| list.value).unwrap_or_default();
    let mut quotas: Vec<Quota> = Vec::new();
    let mut counted = HashSet::new();
    for text in written {
        match grammar::quota(&text.value) {
            Some(quota) if !counted.insert(quota.counter.clone()) => {
                report.at(text.at, NamingFault::CountedTwice(shown(quota.counter)));
            }
            Some(quota) => quotas.push(quota),
            None => report.at(text.at, DutyFault::NoQuota(shown(&text.value))),
        }
    }
    quotas
}

#[derive(Default)]
struct Flags {
    review: Option<bool>,
    also_each_node: bool,
    event_names_owners: bool,
    answer_suffices: bool,
    own_day_only: bool,
}

fn read_flags(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, timing: Option<&Timing>) -> Flags {
    let review = table.flag_if(report, "review").map(|flag| flag.value);
    let mut flag = |which: Flag| {
        let Some(flag) = table.flag_if(report, which.into()) else { return false };
        if let Some(timing) = timing.filter(|timing| flag.value && !may_have(&timing.cadence.value, which)) {
            report.at(flag.at, DutyFault::FlagMisfit(which, timing.cadence.value.clone()));
        }
        flag.value
    };
    Flags {
        review,
        also_each_node: flag(Flag::AlsoEachNode),
        event_names_owners: flag(Flag::EventNamesOwners),
        answer_suffices: flag(Flag::AnswerSuffices),
        own_day_only: flag(Flag::OwnDayOnly),
    }
}

fn may_have(cadence: &Cadence, flag: Flag) -> bool {
    match flag {
        Flag::AlsoEachNode => is_calendar(cadence),
        Flag::EventNamesOwners | Flag::AnswerSuffices => matches!(cadence, Cadence::OnEvent { .. }),
        Flag::OwnDayOnly => matches!(cadence, Cadence::Daily | Cadence::Workday | Cadence::EachNodeDay),
    }
}

fn read_effective(
    table: &mut TableFields<'_, '_>,
    report: &mut Report<'_>,
    timing: Option<&Timing>,
) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let from = table.date_if(report, "effective_from");
    let to = table.date_if(report, "effective_to");
    if let (Some(from), Some(to)) = (&from, &to)
        && to.value < from.value
    {
        let (end, begin) = ("effective_to", "effective_from");
        report.at(to.at, ListFault::EndsBeforeItBegins { end, last: to.value, begin, first: from.value });
    }
    if let Some(Timing { cadence: At { value: Cadence::Once(due), .. }, .. }) = timing {
        if let Some(from) = from.as_ref().filter(|from| from.value > *due) {
            report.at(from.at, DutyFault::DueBeforeItBegins(*due));
        }
        if let Some(to) = to.as_ref().filter(|to| to.value < *due) {
            report.at(to.at, DutyFault::EndsBeforeItIsDue(*due));
        }
    }
    (from.map(|day| day.value), to.map(|day| day.value))
}
