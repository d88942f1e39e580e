//! `ladders.toml`: when obligations speak and to whom. A step that could never fire is a mistake.

use std::collections::{HashMap, HashSet};

use chrono::NaiveTime;

use super::diagnostic::{At, Report};
use super::grammar;
use super::mistake::ladder::{LadderFault, Never};
use super::mistake::naming::{NamingFault, Thing};
use super::mistake::value::ValueFault;
use super::mistake::words::shown;
use super::tree::{self, TableFields};
use crate::domain::duty::{DueRule, Duty, Form};
use crate::domain::ladder::{Class, Ladder, Level, Reminder, When};
use crate::domain::unit::Role;

/// What the duties of a class allow a ladder to say.
#[derive(Debug, Default)]
struct Room {
    /// A duty of the class, for messages.
    duty: String,
    /// The earliest local time at which one of them falls due on its due day, and whose it is.
    earliest_due: Option<(NaiveTime, String)>,
}

/// Reads the file; `None` when it is no TOML. `duties` are missing when their file could not be read.
pub fn read(report: &mut Report<'_>, duties: Option<&[Duty]>) -> Option<Vec<Ladder>> {
    let tree = tree::parse(report)?;
    let rooms = rooms(duties.unwrap_or_default());
    let mut file = TableFields::of_file(&tree);
    let mut ladders: Vec<Ladder> = Vec::new();
    let mut named: Vec<Class> = Vec::new();
    for mut table in file.tables(report, "ladder") {
        if let Some(class) = read_class(&mut table, report, &mut named) {
            ladders.push(read_ladder(&mut table, report, class, rooms.get(&class)));
            table.finish(report);
        }
    }
    file.finish(report);
    for (class, room) in rooms.iter().filter(|(class, _)| !named.contains(class)) {
        report.at(0, LadderFault::NoLadder { class: *class, duty: room.duty.clone() });
    }
    Some(ladders)
}

fn rooms(duties: &[Duty]) -> HashMap<Class, Room> {
    let mut rooms: HashMap<Class, Room> = HashMap::new();
    for duty in duties {
        if duty.also_each_node {
            let room = rooms.entry(Class::of(duty, Form::Node)).or_default();
            room.duty.clone_from(&duty.id.0);
        }
        let room = rooms.entry(Class::of(duty, Form::Cadence)).or_default();
        room.duty.clone_from(&duty.id.0);
        if let DueRule::LastWorkday(time) = duty.due
            && room.earliest_due.as_ref().is_none_or(|(earliest, _)| time < *earliest)
        {
            room.earliest_due = Some((time, duty.id.0.clone()));
        }
    }
    rooms
}

fn read_class(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, named: &mut Vec<Class>) -> Option<Class> {
    let written = table.text(report, "class")?;
    let class = report.code(written.at, Thing::Class, &written.value)?;
    if named.contains(&class) {
        report.at(written.at, LadderFault::TwoLadders(class));
    }
    named.push(class);
    Some(class)
}

fn read_ladder(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, class: Class, room: Option<&Room>) -> Ladder {
    let grace = table.text_if(report, "grace").and_then(|written| {
        let time = grammar::time(&written.value);
        if time.is_none() {
            report.value(written.at, "grace", ValueFault::NoTimeOfDay(shown(&written.value)));
        }
        time
    });
    let any_day = table.flag_if(report, "any_day").is_some_and(|flag| flag.value);
    let reminders = read_reminders(table, report, class, room);
    let chase = roles_if(table, report, "chase");
    let supervise = read_level(table, report, "supervise");
    let propose = read_level(table, report, "propose");
    check_levels(report, supervise.as_ref(), propose.as_ref());
    let at_once = roles_if(table, report, "at_once");
    let node_day_limit = table.number_if(report, "node_day_limit");
    if let Some(limit) = &node_day_limit {
        if class != Class::Day {
            report.at(limit.at, LadderFault::NodeLimitElsewhere);
        } else if limit.value == 0 {
            report.at(limit.at, LadderFault::NodeLimitZero);
        }
    }
    Ladder {
        class,
        grace,
        any_day,
        reminders,
        chase,
        supervise: supervise.map(|level| level.value),
        propose: propose.map(|level| level.value),
        at_once,
        node_day_limit: node_day_limit.map(|limit| limit.value),
    }
}

fn read_roles(report: &mut Report<'_>, written: &At<Vec<At<String>>>) -> Vec<Role> {
    let mut roles = Vec::new();
    for text in &written.value {
        match Role::from_code(&text.value).filter(|role| role.gets_letters()) {
            Some(role) if roles.contains(&role) => {
                report.at(text.at, NamingFault::NamedTwice(shown(&text.value)));
            }
            Some(role) => roles.push(role),
            None => {
                report.unknown(text.at, Thing::Post, &text.value, ["liaison", "deputy", "head", "office"]);
            }
        }
    }
    roles
}

fn roles_if(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, key: &'static str) -> Vec<Role> {
    table.texts_if(report, key).map(|written| read_roles(report, &written)).unwrap_or_default()
}

/// The posts of a step, which must be some.
fn roles(table: &mut TableFields<'_, '_>, report: &mut Report<'_>) -> Vec<Role> {
    let Some(written) = table.texts(report, "to") else { return Vec::new() };
    if written.value.is_empty() {
        report.at(written.at, LadderFault::TellsNobody);
    }
    read_roles(report, &written)
}

fn read_reminders(
    table: &mut TableFields<'_, '_>,
    report: &mut Report<'_>,
    class: Class,
    room: Option<&Room>,
) -> Vec<Reminder> {
    let mut reminders: Vec<Reminder> = Vec::new();
    let mut seen = HashSet::new();
    for mut step in table.tables(report, "reminders") {
        let when = step.text(report, "when");
        let to = roles(&mut step, report);
        step.finish(report);
        let Some(written) = when else { continue };
        let Some(when) = grammar::when(&written.value) else {
            report.at(written.at, LadderFault::NoMoment(shown(&written.value)));
            continue;
        };
        if let Some(why) = never(class, when, room) {
            report.at(written.at, LadderFault::NeverFires { step: shown(&written.value), why });
        }
        if !seen.insert(when) {
            report.at(written.at, LadderFault::TwoSteps(shown(&written.value)));
        }
        reminders.push(Reminder { when, to });
    }
    reminders
}

/// Why a reminder can never fire, if it cannot.
fn never(class: Class, when: When, room: Option<&Room>) -> Option<Never> {
    match when {
        When::Opening if class == Class::Day => Some(Never::OpensAtMidnight),
        When::HalfTime | When::AtDue if class != Class::EventHours => Some(Never::NotByTheClock),
        When::WorkdaysBefore(_) | When::DueDay(_) if class == Class::EventHours => Some(Never::DueWithinHours),
        When::WorkdaysBefore(workdays) => {
            let most = most_workdays_before(class);
            (workdays > most).then_some(Never::NotOpenYet { workdays, most })
        }
        When::DueDay(time) => {
            let (due, duty) = room?.earliest_due.as_ref().filter(|(earliest, _)| time >= *earliest)?;
            Some(Never::DueBefore { duty: duty.clone(), due: *due })
        }
        When::Opening | When::HalfTime | When::AtDue => None,
    }
}

/// The most workdays that a period of the class can have before its due day.
fn most_workdays_before(class: Class) -> u32 {
    match class {
        Class::Day | Class::EventHours => 0,
        Class::Week => 6,
        Class::Month => 25,
        Class::Quarter => 261,
        Class::EventDays => 366,
    }
}

fn read_level(table: &mut TableFields<'_, '_>, report: &mut Report<'_>, key: &'static str) -> Option<At<Level>> {
    let mut level = table.table_if(report, key)?;
    let workday = level.number_if(report, "workday");
    let streak = level.number_if(report, "streak");
    let office_only = key == "propose";
    let to_at = level.at();
    let to = roles(&mut level, report);
    level.finish(report);
    if workday.is_none() && streak.is_none() {
        report.at(to_at, LadderFault::LevelWithoutFigure(key));
    }
    if let Some(workday) = workday.as_ref().filter(|workday| workday.value == 0 || workday.value > 250) {
        let written = shown(workday.value.to_string());
        report.value(workday.at, "workday", ValueFault::OutOfRange { written, least: 1, most: 250 });
    }
    if let Some(streak) = streak.as_ref().filter(|streak| streak.value < 2) {
        report.at(streak.at, LadderFault::NoRowOfMisses(streak.value));
    }
    if office_only && !to.is_empty() && to != [Role::Office] {
        report.at(to_at, LadderFault::NotTheOfficeAlone);
    }
    let value = Level { workday: workday.map(|n| n.value), streak: streak.map(|n| n.value), to };
    Some(At::new(value, to_at))
}

fn check_levels(report: &mut Report<'_>, supervise: Option<&At<Level>>, propose: Option<&At<Level>>) {
    let (Some(supervise), Some(propose)) = (supervise, propose) else { return };
    let before = |above: Option<u32>, below: Option<u32>| matches!((above, below), (Some(a), Some(b)) if a <= b);
    if before(propose.value.workday, supervise.value.workday) || before(propose.value.streak, supervise.value.streak) {
        report.at(propose.at, LadderFault::ProposesTooEarly);
    }
}
