//! The series around an obligation, and what decides its next step: read as the domain wants it.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::obligation::Obligation;
use crate::domain::series::{Member, Weight};
use crate::domain::step::{self, Advance, Chased, Context};
use crate::domain::window;
use crate::engine::known::Rules;
use crate::engine::{Known, Result, SetupError};
use crate::store::Tx;
use crate::store::notices::ChaseTold;
use crate::store::obligations::Back;
use crate::store::row::Stored;

/// How much of a series is read at once.
const SERIES_PAGE: usize = 64;
/// Misses before an obligation beyond which a longer row changes nothing: as many as [`Back::Long`] reads.
const ENOUGH_MISSES: usize = 16;

/// Of these obligations, those for which a reminder of the present round was taken by the mail server before the due
/// instant.
pub async fn reminded_in_time(tx: &mut Tx, obligations: &[&Obligation]) -> Result<HashSet<i64>> {
    let ids: HashSet<i64> = obligations.iter().map(|obligation| obligation.id).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let taken = tx.reminders_taken(&ids).await?;
    let taken: HashMap<_, _> = taken.into_iter().map(|r| ((r.obligation, r.round), r.taken_at)).collect();
    let in_time =
        |o: &&&Obligation| taken.get(&(o.id, o.round.number)).is_some_and(|taken_at| *taken_at < o.round.due_at);
    Ok(obligations.iter().filter(in_time).map(|obligation| obligation.id).collect())
}

/// What became of the 催办 of these obligations' present rounds; those that are not there wait.
pub async fn chased(tx: &mut Tx, obligations: &[&Obligation]) -> Result<HashMap<i64, Chased>> {
    let rounds: HashMap<i64, i32> = obligations.iter().map(|o| (o.id, o.round.number)).collect();
    let ids: Vec<i64> = rounds.keys().copied().collect();
    let told = tx.chases_told(&ids).await?.into_iter().filter(|told| rounds.get(&told.obligation) == Some(&told.round));
    let became = |told: ChaseTold| match told.taken_at {
        Some(at) => Chased::Taken(at),
        None if told.waiting > 0 => Chased::Waiting,
        None => Chased::Untold,
    };
    Ok(told.map(|told| (told.obligation, became(told))).collect())
}

/// An obligation's series around it, in the order of periods, as it stands now.
pub async fn series_of(tx: &mut Tx, known: &Known, stored: &Stored, now: DateTime<Utc>) -> Result<Vec<Member>> {
    let until = now.max(stored.obligation.opens_at);
    let rows = read_series(tx, &stored.series, stored.obligation.opens_at, until).await?;
    let obligations: Vec<&Obligation> = rows.iter().map(|row| &row.obligation).collect();
    let proven = reminded_in_time(tx, &obligations).await?;
    Ok(rows.iter().filter_map(|row| member(known, row, &proven, now)).collect())
}

/// The series in the order of periods, back from now until its row of misses before `oldest` is whole, or long enough.
async fn read_series(tx: &mut Tx, series: &str, oldest: DateTime<Utc>, now: DateTime<Utc>) -> Result<Vec<Stored>> {
    let mut rows: Vec<Stored> = Vec::new();
    let mut until = now;
    loop {
        let page = tx.series_before(series, until, SERIES_PAGE).await?;
        let more = page.len() == SERIES_PAGE;
        rows.extend(page);
        let (whole, misses) = row_of_misses(&rows, oldest);
        if !more || whole || misses >= ENOUGH_MISSES {
            rows.reverse();
            return Ok(rows);
        }
        until = rows.last().map_or(until, |row| row.obligation.opens_at - TimeDelta::seconds(1));
    }
}

/// The series of these names in the order of periods, each back until its row of misses before the instant beside it is
/// whole, or long enough. Most have filed the period before, so that few are read first.
pub(crate) async fn all_series(
    tx: &mut Tx,
    wanted: &HashMap<String, DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<HashMap<String, Vec<Stored>>> {
    let mut series: HashMap<String, Vec<Stored>> = HashMap::with_capacity(wanted.len());
    let mut open: Vec<(&str, DateTime<Utc>)> = wanted.iter().map(|(name, oldest)| (name.as_str(), *oldest)).collect();
    for back in [Back::Short, Back::Long] {
        let mut found = by_series(tx.series_back(back, &open, now).await?);
        open.retain(|(name, oldest)| {
            let rows = found.remove(*name).unwrap_or_default();
            let before = rows.iter().filter(|row| row.obligation.opens_at < *oldest).count();
            let (whole, misses) = row_of_misses(&rows, *oldest);
            let done = before < back.length() || whole || misses >= ENOUGH_MISSES;
            if done {
                series.insert((*name).to_owned(), rows);
            }
            !done
        });
    }
    for (name, oldest) in open {
        let rows = read_series(tx, name, oldest, now).await?;
        series.insert(name.to_owned(), rows);
    }
    Ok(series)
}

/// Rows by their series, each in the order of periods.
fn by_series(rows: Vec<Stored>) -> HashMap<String, Vec<Stored>> {
    let mut series: HashMap<String, Vec<Stored>> = HashMap::new();
    for row in rows {
        series.entry(row.series.clone()).or_default().push(row);
    }
    for rows in series.values_mut() {
        rows.sort_by_key(|row| row.obligation.opens_at);
    }
    series
}

/// Of a series before `oldest`: whether one filed in time ends the row of misses there, and how many misses there are.
fn row_of_misses(rows: &[Stored], oldest: DateTime<Utc>) -> (bool, usize) {
    let mut misses = 0;
    let mut whole = false;
    for obligation in rows.iter().map(|row| &row.obligation).filter(|obligation| obligation.opens_at < oldest) {
        whole |= obligation.phase.is_filed() && !obligation.late;
        misses += usize::from(obligation.round.missed_at.is_some() && !obligation.round.unreminded);
    }
    (whole, misses)
}

pub(crate) fn member(known: &Known, stored: &Stored, proven: &HashSet<i64>, now: DateTime<Utc>) -> Option<Member> {
    let rules = known.rules(stored, known.zone.day_of(now)).ok()?;
    let obligation = &stored.obligation;
    let grace_end = window::grace_end(rules.ladder, obligation.round.due_at, known.slots());
    let unreminded = if obligation.round.missed_at.is_some() {
        obligation.round.unreminded
    } else {
        let taken = proven.contains(&obligation.id);
        grace_end <= now && step::unreminded(obligation, rules.ladder, known.slots(), taken)
    };
    let mut member = Member::of(obligation, grace_end, unreminded, now);
    // A series without a period order to itself (an event's) counts nothing.
    if obligation.period.starts_with("event:") {
        member.weight = Weight::Neutral;
    }
    Some(member)
}

/// Lets the domain decide; a panic there costs that row alone.
pub fn decide(
    known: &Known,
    rules: &Rules<'_>,
    stored: &Stored,
    series: &[Member],
    reminder_taken: bool,
    chased: Chased,
    now: DateTime<Utc>,
) -> std::result::Result<Advance, SetupError> {
    let world = known.world(rules.catalogue);
    let context = Context { duty: rules.duty, ladder: rules.ladder, world: &world, series, reminder_taken, chased };
    catch_unwind(AssertUnwindSafe(|| step::advance(&stored.obligation, &context, now)))
        .map_err(|_| SetupError::StepPanicked)
}
