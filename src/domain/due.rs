//! When something is due: the duty's rule, read for one period by the calendar. Where a deadline is rolled is decided here.
//!
//! A new rule is a variant of [`DueRule`]: its day and its hour are worked out here, [`super::derive`] says in words how that
//! came about, and `catalogue/grammar.rs` reads and writes its phrase.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::duty::{After, Cadence, DueRule, Duty, Form};
use super::period::Period;
use super::world::World;

/// The civil day that the due rule gives for a calendar period; a rest day is left as the rule says.
pub fn due_day(world: &World<'_>, duty: &Duty, period: &Period) -> NaiveDate {
    let (Some(first), Some(last)) = (period.first_day(), period.last_day()) else { return NaiveDate::MIN };
    match duty.due {
        DueRule::EndOfDay | DueRule::Exact => last,
        DueRule::LastWorkday(_) => {
            world.calendar.last_workday(first, last).unwrap_or_else(|| world.calendar.workday_from(last))
        }
    }
}

/// The instant that the due rule gives for a calendar period.
pub fn due_at(world: &World<'_>, duty: &Duty, period: &Period) -> DateTime<Utc> {
    let day = due_day(world, duty, period);
    match duty.due {
        DueRule::LastWorkday(time) => world.zone.at(day, time),
        DueRule::EndOfDay | DueRule::Exact => world.zone.end_of(day),
    }
}

/// Where a deadline that stands already moves when the calendar changes: later, never earlier, where its day is a day off now
/// and its rule rolls over days off. To the day that the rule gives the period, else to the next workday at the same hour;
/// `None` = it stays.
pub fn moved(world: &World<'_>, duty: &Duty, period: Option<&Period>, due_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let rolls = matches!(duty.due, DueRule::LastWorkday(_));
    let day = world.zone.due_day(due_at);
    if !rolls || world.calendar.is_workday(day) {
        return None;
    }
    let by_rule = period.map(|period| self::due_at(world, duty, period)).filter(|due| *due > due_at);
    Some(by_rule.unwrap_or_else(|| same_hour(world, due_at, world.calendar.workday_from(day))))
}

/// The same hour of another day; 24:00 stays 24:00.
fn same_hour(world: &World<'_>, at: DateTime<Utc>, day: NaiveDate) -> DateTime<Utc> {
    let time = world.zone.local(at).time();
    if world.zone.day_of(at) == world.zone.due_day(at) { world.zone.at(day, time) } else { world.zone.end_of(day) }
}

/// When what an event opens is due: by the clock, or at the end of a civil day.
pub fn event_due(world: &World<'_>, at: DateTime<Utc>, after: After) -> DateTime<Utc> {
    match after {
        After::Minutes(minutes) => at + TimeDelta::minutes(i64::from(minutes)),
        After::Days(days) => {
            let day = world.zone.day_of(at);
            world.zone.end_of(day.checked_add_days(Days::new(u64::from(days))).unwrap_or(day))
        }
    }
}

/// The next due instant strictly after `after` in the duty's series, whether or not the duty still runs then. `None` where
/// none follows: a `once`, an event, no further node known.
pub fn next_due(world: &World<'_>, duty: &Duty, form: Form, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if form == Form::Node {
        let nodes = world.all_nodes();
        return nodes.iter().map(|node| world.zone.end_of(node.last)).filter(|due| *due > after).min();
    }
    let start = world.zone.day_of(after);
    match &duty.cadence {
        Cadence::Once(_) | Cadence::OnEvent { .. } => None,
        Cadence::EachNodeDay => {
            let days = std::iter::successors(world.node_day_from(start), |day| world.node_day_from(day.succ_opt()?));
            days.map(|day| world.zone.end_of(day)).find(|due| *due > after)
        }
        cadence => {
            let mut period = Period::containing(cadence, start)?;
            while let Some(before) = period.previous()
                && due_at(world, duty, &before) > after
            {
                period = before;
            }
            std::iter::successors(Some(period), Period::next)
                .filter(|period| world.owes_for(cadence, period))
                .map(|period| due_at(world, duty, &period))
                .find(|due| *due > after)
        }
    }
}
