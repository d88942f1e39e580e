//! Settles what has come due: claims nothing, decides in the domain, writes by compare-and-swap. Then writes the letters.
//!
//! The obligation, its log entries and its notices go into one transaction. A row that cannot be worked on is recorded,
//! backed off and shown, and the pass goes on.

use std::{
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::json;

use super::{
    Engine, Known, Result,
    known::Rules,
    trouble::{self, Subject},
    write,
};
use crate::{
    domain::{
        obligation::{Obligation, Phase},
        series::{Member, Weight},
        step::{self, Advance, Context, Move},
        unit::{PostId, Role},
    },
    store::{
        Tx,
        log::{self, DAEMON, Entry},
        notices::NewNotice,
        obligations::{Back, Stored},
    },
};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stepped {
    pub stepped: u64,
    pub opened: u64,
    pub reminded: u64,
    pub missed: u64,
    pub lapsed: u64,
    pub notices: u64,
    pub letters: u64,
    /// Rows that could not be worked on.
    pub failed: u64,
}

impl Stepped {
    pub fn is_idle(&self) -> bool {
        *self == Stepped::default()
    }
}

/// Rows a transaction: short enough not to keep others waiting.
const BATCH: usize = 1000;
/// How long a row that cannot be worked on is left alone.
const TROUBLE_WAIT: TimeDelta = TimeDelta::hours(1);
/// How much of a series is read at once.
const SERIES_PAGE: usize = 64;
/// Misses before an obligation beyond which a longer row changes nothing: as many as [`Back::Long`] reads.
const ENOUGH_MISSES: usize = 16;

pub async fn run(engine: &Engine) -> Result<Stepped> {
    let mut done = Stepped::default();
    loop {
        if !settle(engine, &mut done).await? {
            return Ok(done);
        }
        // Letters only once nothing is due any more, so that one letter holds all that its slot has to say. Another
        // daemon's unfinished batch still counts as due here.
        done.letters += write::letters(engine).await?;
        let mut tx = engine.store.read().await?;
        if !tx.any_obligation_due(engine.clock.now()).await? {
            return Ok(done);
        }
    }
}

/// Settles batch after batch. Says whether nothing is due any more.
async fn settle(engine: &Engine, done: &mut Stepped) -> Result<bool> {
    let mut idle_rounds = 0;
    while !engine.stopping.is_cancelled() {
        let now = engine.clock.now();
        let mut tx = engine.store.read().await?;
        let due = tx.due_obligations(now, BATCH).await?;
        if due.is_empty() {
            return Ok(true);
        }
        let known = engine.known_in(&mut tx).await?;
        let loaded = load(&mut tx, &known, due, now).await?;
        drop(tx);
        let written = settle_batch(engine, &known, loaded, now, done).await?;
        // Somebody else has taken every row, or nothing could be written: look again, but not for ever.
        idle_rounds = if written == 0 { idle_rounds + 1 } else { 0 };
        if idle_rounds > 3 {
            return Ok(false);
        }
    }
    Ok(false)
}

/// A due row with what its decision needs.
struct Loaded {
    stored: Stored,
    series: Vec<Member>,
    reminder_taken: bool,
}

/// Reads what the decisions of a batch need: proofs of reminders, and series where misses are counted.
async fn load(tx: &mut Tx, known: &Known, due: Vec<Stored>, now: DateTime<Utc>) -> Result<Vec<Loaded>> {
    let today = known.zone.day_of(now);
    let mut prove: Vec<&Obligation> = Vec::new();
    let mut count: HashMap<String, DateTime<Utc>> = HashMap::new();
    for stored in &due {
        let Ok(rules) = known.rules(stored, today) else { continue };
        let needs = step::needs(&stored.obligation, rules.duty, rules.ladder, known.slots(), now);
        if needs.proof {
            prove.push(&stored.obligation);
        }
        if needs.series {
            let oldest = count.entry(stored.obligation.series()).or_insert(stored.obligation.opens_at);
            *oldest = stored.obligation.opens_at.min(*oldest);
        }
    }
    let series = all_series(tx, &count, now).await?;
    let undeclared = |o: &&Obligation| o.missed_at.is_none() && o.due_at <= now;
    let members = series.values().flatten().map(|row| &row.obligation);
    prove.extend(members.filter(undeclared));
    let proven = reminded_in_time(tx, &prove).await?;
    let members: HashMap<String, Vec<Member>> = series
        .into_iter()
        .map(|(name, rows)| (name, rows.iter().filter_map(|row| member(known, row, &proven, now)).collect()))
        .collect();
    let none = HashMap::is_empty(&members);
    let loaded = due.into_iter().map(|stored| Loaded {
        series: if none { Vec::new() } else { members.get(&stored.obligation.series()).cloned().unwrap_or_default() },
        reminder_taken: proven.contains(&stored.obligation.id),
        stored,
    });
    Ok(loaded.collect())
}

/// Of these obligations, those for which a reminder of the present round was taken by the mail server before the due
/// instant.
async fn reminded_in_time(tx: &mut Tx, obligations: &[&Obligation]) -> Result<HashSet<i64>> {
    let ids: HashSet<i64> = obligations.iter().map(|obligation| obligation.id).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    let taken = tx.reminders_taken(&ids).await?;
    let taken: HashMap<_, _> = taken.into_iter().map(|r| ((r.obligation, r.round), r.taken_at)).collect();
    let in_time = |o: &&&Obligation| taken.get(&(o.id, o.round)).is_some_and(|taken_at| *taken_at < o.due_at);
    Ok(obligations.iter().filter(in_time).map(|obligation| obligation.id).collect())
}

/// An obligation's series around it, in the order of periods, as it stands now.
pub async fn series_of(tx: &mut Tx, known: &Known, stored: &Stored, now: DateTime<Utc>) -> Result<Vec<Member>> {
    let until = now.max(stored.obligation.opens_at);
    let rows = read_series(tx, &stored.obligation.series(), stored.obligation.opens_at, until).await?;
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
pub(super) async fn all_series(
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
        series.entry(row.obligation.series()).or_default().push(row);
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
        whole |= matches!(obligation.phase, Phase::Done | Phase::Waiting) && !obligation.late;
        misses += usize::from(obligation.missed_at.is_some() && !obligation.unreminded);
    }
    (whole, misses)
}

pub(super) fn member(known: &Known, stored: &Stored, proven: &HashSet<i64>, now: DateTime<Utc>) -> Option<Member> {
    let rules = known.rules(stored, known.zone.day_of(now)).ok()?;
    let obligation = &stored.obligation;
    let grace_end = step::grace_end(rules.ladder, obligation.due_at, known.slots());
    let unreminded = if obligation.missed_at.is_some() {
        obligation.unreminded
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

async fn settle_batch(
    engine: &Engine,
    known: &Known,
    loaded: Vec<Loaded>,
    now: DateTime<Utc>,
    done: &mut Stepped,
) -> Result<usize> {
    let today = known.zone.day_of(now);
    let mut rows = Vec::with_capacity(loaded.len());
    let mut advances: HashMap<i64, Advance> = HashMap::with_capacity(loaded.len());
    let mut entries: Vec<Entry> = Vec::new();
    let mut troubles: Vec<(Subject, String)> = Vec::new();
    for Loaded { stored, series, reminder_taken } in loaded {
        let decided =
            known.rules(&stored, today).and_then(|rules| decide(known, &rules, &stored, &series, reminder_taken, now));
        let mut next = stored;
        match decided {
            Ok(advance) => {
                let id = next.obligation.id;
                next.obligation = advance.obligation.clone();
                entries.extend(log_entries(&mut next, &advance));
                advances.insert(id, advance);
            }
            Err(words) => {
                troubles.push((Subject::Obligation(next.obligation.id), words));
                next.obligation.next_at = Some(now + TROUBLE_WAIT);
            }
        }
        rows.push(next);
    }
    let mut tx = engine.store.write().await?;
    let written: HashSet<i64> = tx.step_obligations(&mut rows).await?.into_iter().collect();
    entries.retain(|entry| entry.obligation.is_some_and(|id| written.contains(&id)));
    tx.append_log(&entries).await?;
    let notices: Vec<NewNotice> = rows
        .iter()
        .filter(|row| written.contains(&row.obligation.id))
        .filter_map(|row| advances.get(&row.obligation.id))
        .flat_map(|advance| notices(known, advance, now))
        .collect();
    tx.insert_notices(&notices).await?;
    for (subject, words) in &troubles {
        trouble::record(&mut tx, subject, now, words).await?;
    }
    let works: Vec<Subject> =
        advances.keys().filter(|id| written.contains(id)).map(|id| Subject::Obligation(*id)).collect();
    trouble::end(&mut tx, &works).await?;
    tx.commit().await?;
    for (subject, words) in &troubles {
        tracing::error!(trouble.subject = %subject, "{subject} cannot be worked on, next try in an hour: {words}");
    }
    tally(done, &written, &advances, notices.len(), troubles.len());
    Ok(written.len())
}

fn tally(
    done: &mut Stepped,
    written: &HashSet<i64>,
    advances: &HashMap<i64, Advance>,
    notices: usize,
    troubles: usize,
) {
    let events = advances.iter().filter(|(id, _)| written.contains(id)).flat_map(|(_, advance)| &advance.events);
    for event in events {
        match event.what {
            Move::Open => done.opened += 1,
            Move::Remind => done.reminded += 1,
            Move::Miss => done.missed += 1,
            Move::Lapse => done.lapsed += 1,
            Move::Chase | Move::Stand | Move::Supervise | Move::Propose => {}
        }
    }
    done.stepped += written.len() as u64;
    done.notices += notices as u64;
    done.failed += troubles as u64;
}

/// Lets the domain decide; a panic there costs that row alone.
pub(super) fn decide(
    known: &Known,
    rules: &Rules<'_>,
    stored: &Stored,
    series: &[Member],
    reminder_taken: bool,
    now: DateTime<Utc>,
) -> std::result::Result<Advance, String> {
    let world = known.world(rules.catalogue);
    let context = Context { duty: rules.duty, ladder: rules.ladder, world: &world, series, reminder_taken };
    catch_unwind(AssertUnwindSafe(|| step::advance(&stored.obligation, &context, now)))
        .map_err(|_| "deciding the step failed".to_owned())
}

fn log_entries(stored: &mut Stored, advance: &Advance) -> Vec<Entry> {
    let id = stored.obligation.id;
    let unreminded = advance.obligation.unreminded;
    let mut entries = Vec::with_capacity(advance.events.len());
    for event in &advance.events {
        let detail = match event.what {
            Move::Miss => json!({ "due_at": advance.obligation.due_at, "unreminded": unreminded }),
            _ => json!({}),
        };
        entries.push(log::entry(Some(id), &mut stored.log_head, event.at, DAEMON, event.what.code(), &detail));
    }
    entries
}

/// One notice for each post that a telling goes to.
fn notices(known: &Known, advance: &Advance, now: DateTime<Utc>) -> Vec<NewNotice> {
    let obligation = &advance.obligation;
    let mut notices = Vec::new();
    for telling in &advance.tellings {
        for post in posts(known, obligation, &telling.to) {
            notices.push(NewNotice {
                obligation: obligation.id,
                round: obligation.round,
                kind: telling.kind,
                at: telling.at,
                post,
                created_at: now,
            });
        }
    }
    notices
}

pub(super) fn posts(known: &Known, obligation: &Obligation, roles: &[Role]) -> Vec<PostId> {
    let mut posts = Vec::new();
    for role in roles {
        if *role == Role::Office {
            posts.push(known.roster.office_post());
        } else {
            posts.extend(obligation.owners.iter().map(|unit| PostId { unit: unit.clone(), role: *role }));
        }
    }
    posts
}
