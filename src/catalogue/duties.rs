//! `duties.toml`: who owes what, how often, until when, how much, and on whose word.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::{
    diagnostic::{At, Report, shown},
    grammar,
    tree::{self, Fields},
};
use crate::domain::{
    catalogue::ClauseEntry,
    duty::{After, Cadence, Clause, DueRule, Duty, DutyId, Kind, Mode, Owner, Quota},
    event::EventType,
    unit::Roster,
};

/// What duties may name. A part is missing when its own file could not be read: then nothing is said about it here.
#[derive(Debug, Default)]
pub struct Known {
    units: Option<HashSet<String>>,
    groups: Option<HashMap<String, usize>>,
    events: Option<HashSet<String>>,
    clauses: Option<HashSet<Clause>>,
}

impl Known {
    /// From what the other files gave.
    pub fn new(roster: Option<&Roster>, events: Option<&[EventType]>, clauses: Option<&[ClauseEntry]>) -> Known {
        Known {
            units: roster.map(|roster| roster.units.iter().map(|unit| unit.name.0.clone()).collect()),
            groups: roster.map(count_members),
            events: events.map(|events| events.iter().map(|event| event.name.clone()).collect()),
            clauses: clauses.map(all_clauses),
        }
    }

    /// What a duty that was read before names and what is known now does not have.
    pub fn missing(&self, duty: &Duty) -> Vec<String> {
        let unit = |name: &str| self.units.as_ref().is_none_or(|units| units.contains(name));
        let group = |name: &str| self.groups.as_ref().is_none_or(|groups| groups.contains_key(name));
        let mut missing = Vec::new();
        for owner in duty.owed_by.iter().chain(&duty.supported_by) {
            match owner {
                Owner::Unit(name) if !unit(&name.0) => missing.push(format!("unit `{name}`")),
                Owner::Group(name) if !group(name) => missing.push(format!("group `@{name}`")),
                Owner::Unit(_) | Owner::Group(_) => {}
            }
        }
        if let Cadence::OnEvent { event, .. } = &duty.cadence
            && self.events.as_ref().is_some_and(|events| !events.contains(event))
        {
            missing.push(format!("event `{event}`"));
        }
        if self.clauses.as_ref().is_some_and(|clauses| !clauses.contains(&duty.clause)) {
            missing.push(format!("clause {}", duty.clause.label()));
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
pub fn read(report: &mut Report<'_>, known: &Known) -> Option<Vec<Duty>> {
    let tree = tree::parse(report)?;
    let mut file = Fields::new(tree.get_ref(), 0, "the file");
    let mut duties = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let tables = file.tables(report, "duty");
    if tables.is_empty() {
        report.at(0, "there is no duty", "begin each with `[[duty]]`");
    }
    for mut table in tables {
        let duty = read_duty(&mut table, report, known, &mut seen);
        table.finish(report);
        duties.extend(duty);
    }
    file.finish(report);
    Some(duties)
}

fn read_duty(
    table: &mut Fields<'_, '_>,
    report: &mut Report<'_>,
    known: &Known,
    seen: &mut HashMap<String, usize>,
) -> Option<Duty> {
    let id = read_id(table, report, seen);
    let clause = read_clause(table, report, known);
    let title = short_text(table, report, "title");
    let summary = short_text(table, report, "summary");
    let timing = read_timing(table, report, known);
    let basis = read_word(table, report, "basis", &grammar::BASES);
    let owed_by = read_owners(table, report, known);
    let mode = read_word(table, report, "mode", &grammar::MODES);
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
        note: note.map(|note| note.value).unwrap_or_default(),
        also_each_node: flags.also_each_node,
        event_names_owners: flags.event_names_owners,
        answer_suffices: flags.answer_suffices,
        own_day_only: flags.own_day_only,
        effective_from,
        effective_to,
    })
}

fn read_id(table: &mut Fields<'_, '_>, report: &mut Report<'_>, seen: &mut HashMap<String, usize>) -> Option<String> {
    let id = table.text(report, "id")?;
    let plain = !id.value.is_empty()
        && id.value.len() <= 16
        && id.value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if !plain {
        let message = format!("`{}` is no duty id", shown(&id.value));
        report.at(id.at, message, "ids are written like 13.2 or 3.1a: at most 16 letters, digits, `.` and `-`");
        return None;
    }
    let line = report.source().line(id.at);
    if let Some(first) = seen.insert(id.value.clone(), line) {
        report.at(id.at, format!("duty `{}` is given twice", id.value), format!("it stands in line {first} already"));
    }
    Some(id.value)
}

fn read_clause(table: &mut Fields<'_, '_>, report: &mut Report<'_>, known: &Known) -> Option<Clause> {
    let written = table.text(report, "clause")?;
    let Some(clause) = grammar::clause(&written.value) else {
        let message = format!("`{}` is no clause", shown(&written.value));
        report.at(written.at, message, "clauses are written like \"13.2\", or \"35\" where only the task asks");
        return None;
    };
    if let Some(clauses) = &known.clauses
        && !clauses.contains(&clause)
    {
        let measures = clauses.iter().filter(|known| known.item == clause.item && known.measure.is_some()).count();
        let help = match measures {
            0 => format!("the clause list (clauses.toml) has no task {}", clause.item),
            n => format!("task {} has the measures 1 to {n} in the clause list (clauses.toml)", clause.item),
        };
        report.at(written.at, format!("clause {} is not in the clause list", written.value), help);
    }
    Some(clause)
}

fn short_text(table: &mut Fields<'_, '_>, report: &mut Report<'_>, key: &'static str) -> Option<At<String>> {
    let found = table.text(report, key)?;
    if found.value.trim().is_empty() {
        report.at(found.at, format!("`{key}` is empty"), "say it in a few words");
        return None;
    }
    Some(found)
}

fn read_word<T: Clone>(
    table: &mut Fields<'_, '_>,
    report: &mut Report<'_>,
    key: &'static str,
    words: &[(&'static str, T)],
) -> Option<At<T>> {
    let written = table.text(report, key)?;
    let found = grammar::word(words, &written.value);
    if found.is_none() {
        let message = format!("unknown {key} `{}`", shown(&written.value));
        report.unknown(written.at, message, &written.value, words.iter().map(|(word, _)| *word));
    }
    found.map(|value| At::new(value, written.at))
}

/// Kind, cadence and due rule, which must fit one another.
struct Timing {
    kind: Kind,
    cadence: At<Cadence>,
    due: DueRule,
}

fn read_timing(table: &mut Fields<'_, '_>, report: &mut Report<'_>, known: &Known) -> Option<Timing> {
    let kind = read_word(table, report, "kind", &grammar::KINDS);
    let cadence = table.text(report, "cadence").and_then(|written| match grammar::cadence(&written.value) {
        Ok(cadence) => Some(At::new(cadence, written.at)),
        Err(wrong) => {
            report.at(written.at, format!("impossible cadence: {wrong}"), grammar::CADENCE_HELP);
            None
        }
    });
    let due = table.text(report, "due").and_then(|written| {
        let due = grammar::due(&written.value);
        if due.is_none() {
            report.at(written.at, format!("impossible due rule `{}`", shown(&written.value)), grammar::DUE_HELP);
        }
        due.map(|due| At::new(due, written.at))
    });
    if let (Some(cadence), Some(events)) = (&cadence, &known.events)
        && let Cadence::OnEvent { event, .. } = &cadence.value
        && !events.contains(event)
    {
        let message = format!("unknown event `{}`", shown(event));
        report.unknown(cadence.at, message, event, events.iter().map(String::as_str));
    }
    if let (Some(kind), Some(cadence)) = (&kind, &cadence) {
        check_kind(report, kind, &cadence.value);
    }
    let (kind, cadence, due) = (kind?, cadence?, due?);
    check_due(report, &cadence.value, &due);
    Some(Timing { kind: kind.value, cadence, due: due.value })
}

fn check_kind(report: &mut Report<'_>, kind: &At<Kind>, cadence: &Cadence) {
    let (fits, right) = match kind.value {
        Kind::Deadline => (matches!(cadence, Cadence::Once(_)), "a deadline has the cadence `once DATE`"),
        Kind::Event => (matches!(cadence, Cadence::OnEvent { .. }), "an event duty has the cadence `on EVENT +2h`"),
        Kind::Node => (*cadence == Cadence::EachNodeDay, "a node duty has the cadence `each_day_of_node`"),
        Kind::Recurring | Kind::Standing => (
            !matches!(cadence, Cadence::Once(_) | Cadence::OnEvent { .. } | Cadence::EachNodeDay),
            "a recurring or standing duty has a calendar cadence, daily to yearly",
        ),
    };
    if !fits {
        let word = grammar::word_of(&grammar::KINDS, &kind.value);
        let message = format!("kind `{word}` does not fit the cadence `{}`", grammar::write_cadence(cadence));
        report.at(kind.at, message, right);
    }
}

fn check_due(report: &mut Report<'_>, cadence: &Cadence, due: &At<DueRule>) {
    let right = match (cadence, due.value) {
        (Cadence::OnEvent { after: After::Minutes(_), .. }, DueRule::Exact) => return,
        (Cadence::OnEvent { after: After::Minutes(_), .. }, _) => "a distance in hours or minutes is due `exact`",
        (Cadence::OnEvent { after: After::Days(_), .. }, DueRule::EndOfDay) => return,
        (Cadence::OnEvent { after: After::Days(_), .. }, _) => "a distance in days is due at the `end_of_day`",
        (Cadence::EachNodeDay, DueRule::EndOfDay) => return,
        (Cadence::EachNodeDay, _) => "a node day is due at the `end_of_day`: it is seldom a workday",
        (_, DueRule::EndOfDay | DueRule::LastWorkday(_)) => return,
        (_, DueRule::Exact) => "only events have an exact time; use `end_of_day` or `last_workday`",
    };
    let message = format!(
        "due rule `{}` does not fit the cadence `{}`",
        grammar::write_due(due.value),
        grammar::write_cadence(cadence)
    );
    report.at(due.at, message, right);
}

fn check_names(report: &mut Report<'_>, known: &Known, owners: &[At<String>]) {
    let mut seen = HashSet::new();
    for owner in owners {
        if !seen.insert(owner.value.as_str()) {
            report.at(owner.at, format!("`{}` is named twice", shown(&owner.value)), "name it once");
        }
        if let Some(group) = owner.value.strip_prefix('@') {
            if let Some(groups) = known.groups.as_ref().filter(|groups| !groups.contains_key(group)) {
                let message = format!("unknown group `{}`", shown(group));
                report.unknown(owner.at, message, group, groups.keys().map(String::as_str));
            }
        } else {
            let name = owner.value.as_str();
            if let Some(units) = known.units.as_ref().filter(|units| !units.contains(name)) {
                let message = format!("unknown unit `{}`", shown(name));
                report.unknown(owner.at, message, name, units.iter().map(String::as_str));
            }
        }
    }
}

fn read_owners(table: &mut Fields<'_, '_>, report: &mut Report<'_>, known: &Known) -> Option<Vec<Owner>> {
    let written = table.texts(report, "owed_by")?;
    check_names(report, known, &written.value);
    let owners: Vec<Owner> = written.value.iter().map(|owner| grammar::owner(&owner.value)).collect();
    if owners.is_empty() {
        report.at(written.at, "nobody owes this duty", "name units, or groups as `@group`, in `owed_by`");
    } else if let Some(groups) = &known.groups {
        let empty = |owner: &Owner| matches!(owner, Owner::Group(group) if groups.get(group) == Some(&0));
        if owners.iter().all(empty) {
            let help = "give the group members in units.toml, or name units";
            report.at(written.at, "nobody owes this duty: its groups have no members", help);
        }
    }
    Some(owners)
}

fn read_quotas(table: &mut Fields<'_, '_>, report: &mut Report<'_>) -> Vec<Quota> {
    let written = table.texts_if(report, "quota").map(|list| list.value).unwrap_or_default();
    let mut quotas: Vec<Quota> = Vec::new();
    let mut counted = HashSet::new();
    for text in written {
        match grammar::quota(&text.value) {
            Some(quota) if !counted.insert(quota.counter.clone()) => {
                report.at(text.at, format!("`{}` is counted twice", shown(&quota.counter)), "give each counter once");
            }
            Some(quota) => quotas.push(quota),
            None => report.at(text.at, format!("`{}` is no quota", shown(&text.value)), grammar::QUOTA_HELP),
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

fn read_flags(table: &mut Fields<'_, '_>, report: &mut Report<'_>, timing: Option<&Timing>) -> Flags {
    let review = table.flag_if(report, "review").map(|flag| flag.value);
    let mut flag = |key: &'static str, fits: fn(&Cadence) -> bool, right: &str| {
        let Some(flag) = table.flag_if(report, key) else { return false };
        if let Some(timing) = timing.filter(|timing| flag.value && !fits(&timing.cadence.value)) {
            let cadence = grammar::write_cadence(&timing.cadence.value);
            report.at(flag.at, format!("`{key}` does not fit the cadence `{cadence}`"), right);
        }
        flag.value
    };
    let calendar =
        |cadence: &Cadence| !matches!(cadence, Cadence::Once(_) | Cadence::OnEvent { .. } | Cadence::EachNodeDay);
    let day = |cadence: &Cadence| matches!(cadence, Cadence::Daily | Cadence::Workday | Cadence::EachNodeDay);
    let event = |cadence: &Cadence| matches!(cadence, Cadence::OnEvent { .. });
    Flags {
        review,
        also_each_node: flag(
            "also_each_node",
            calendar,
            "only duties with a calendar cadence are owed once a node besides",
        ),
        event_names_owners: flag("event_names_owners", event, "only events name owners"),
        answer_suffices: flag("answer_suffices", event, "only events are answered"),
        own_day_only: flag("own_day_only", day, "only duties of a day have an own day"),
    }
}

fn read_effective(
    table: &mut Fields<'_, '_>,
    report: &mut Report<'_>,
    timing: Option<&Timing>,
) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let from = table.date_if(report, "effective_from");
    let to = table.date_if(report, "effective_to");
    if let (Some(from), Some(to)) = (&from, &to)
        && to.value < from.value
    {
        let message = format!("`effective_to` {} is before `effective_from` {}", to.value, from.value);
        report.at(to.at, message, "put the later day last");
    }
    if let Some(Timing { cadence: At { value: Cadence::Once(due), .. }, .. }) = timing {
        if let Some(from) = from.as_ref().filter(|from| from.value > *due) {
            report.at(from.at, format!("the duty is due on {due}, before it begins"), "let it begin earlier");
        }
        if let Some(to) = to.as_ref().filter(|to| to.value < *due) {
            report.at(to.at, format!("the duty ends before it is due on {due}"), "let it end on that day or later");
        }
    }
    (from.map(|day| day.value), to.map(|day| day.value))
}
