//! Settles what has come due: claims nothing, decides in the domain, writes by compare-and-swap. Then writes the letters.
//!
//! The obligation, its log entries and its notices go into one transaction. A row that cannot be worked on is recorded,
//! backed off and shown, and the pass goes on.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::json;

use super::trouble::{self, Troubled};
use super::write;
use crate::domain::obligation::Obligation;
use crate::domain::series::Member;
use crate::domain::step::{self, Advance, Chased, Move};
use crate::engine::{Engine, Known, Result};
use crate::read::series::{all_series, chased, decide, member, reminded_in_time};
use crate::store::Tx;
use crate::store::log::{self, DAEMON, Entry};
use crate::store::notices::NewNotice;
use crate::store::row::Stored;

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

pub async fn run(engine: &Engine, now: DateTime<Utc>) -> Result<Stepped> {
    let mut done = Stepped::default();
    loop {
        if !settle(engine, now, &mut done).await? {
            return Ok(done);
        }
        // Letters only once nothing is due any more, so that one letter holds all that its slot has to say. Another
        // daemon's unfinished batch still counts as due here.
        done.letters += write::letters(engine, now).await?;
        let mut tx = engine.store.read().await?;
        if !tx.any_obligation_due(now).await? {
            return Ok(done);
        }
    }
}

/// Settles batch after batch. Says whether nothing is due any more.
async fn settle(engine: &Engine, now: DateTime<Utc>, done: &mut Stepped) -> Result<bool> {
    let mut idle_rounds = 0;
    while !engine.stopping.is_cancelled() {
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
struct DueRow {
    stored: Stored,
    series: Vec<Member>,
    reminder_taken: bool,
    chased: Chased,
}

/// Reads what the decisions of a batch need: proofs of reminders, and series where misses are counted.
async fn load(tx: &mut Tx, known: &Known, due: Vec<Stored>, now: DateTime<Utc>) -> Result<Vec<DueRow>> {
    let today = known.zone.day_of(now);
    let (mut prove, mut told): (Vec<&Obligation>, Vec<&Obligation>) = (Vec::new(), Vec::new());
    let mut count: HashMap<String, DateTime<Utc>> = HashMap::new();
    for stored in &due {
        let Ok(rules) = known.rules(stored, today) else { continue };
        let needs = step::needs(&stored.obligation, &rules.context(&known.world(rules.catalogue)), now);
        if needs.chased {
            told.push(&stored.obligation);
        }
        if needs.proof {
            prove.push(&stored.obligation);
        }
        if needs.series {
            let oldest = count.entry(stored.series.clone()).or_insert(stored.obligation.opens_at);
            *oldest = stored.obligation.opens_at.min(*oldest);
        }
    }
    let series = all_series(tx, &count, now).await?;
    let undeclared = |o: &&Obligation| o.round.missed_at.is_none() && o.round.due_at <= now;
    let members = series.values().flatten().map(|row| &row.obligation);
    prove.extend(members.filter(undeclared));
    let proven = reminded_in_time(tx, &prove).await?;
    let members: HashMap<String, Vec<Member>> = series
        .into_iter()
        .map(|(name, rows)| (name, rows.iter().filter_map(|row| member(known, row, &proven, now)).collect()))
        .collect();
    let chased = chased(tx, &told).await?;
    let none = HashMap::is_empty(&members);
    let loaded = due.into_iter().map(|stored| DueRow {
        series: if none { Vec::new() } else { members.get(&stored.series).cloned().unwrap_or_default() },
        reminder_taken: proven.contains(&stored.obligation.id),
        chased: chased.get(&stored.obligation.id).copied().unwrap_or_default(),
        stored,
    });
    Ok(loaded.collect())
}

async fn settle_batch(
    engine: &Engine,
    known: &Known,
    loaded: Vec<DueRow>,
    now: DateTime<Utc>,
    done: &mut Stepped,
) -> Result<usize> {
    let today = known.zone.day_of(now);
    let mut rows = Vec::with_capacity(loaded.len());
    let mut advances: HashMap<i64, Advance> = HashMap::with_capacity(loaded.len());
    let mut entries: Vec<Entry> = Vec::new();
    let mut troubles: Vec<(Troubled, String)> = Vec::new();
    for DueRow { stored, series, reminder_taken, chased } in loaded {
        let decided = known
            .rules(&stored, today)
            .and_then(|rules| decide(known, &rules, &stored, &series, reminder_taken, chased, now));
        let mut next = stored;
        match decided {
            Ok(advance) => {
                let id = next.obligation.id;
                next.obligation = advance.obligation.clone();
                entries.extend(log_entries(&mut next, &advance));
                advances.insert(id, advance);
            }
            Err(error) => {
                troubles.push((Troubled::Obligation(next.obligation.id), error.to_string()));
                next.obligation.put_off(now + TROUBLE_WAIT);
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
    let works: Vec<Troubled> =
        advances.keys().filter(|id| written.contains(id)).map(|id| Troubled::Obligation(*id)).collect();
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

fn log_entries(stored: &mut Stored, advance: &Advance) -> Vec<Entry> {
    let id = stored.obligation.id;
    let unreminded = advance.obligation.round.unreminded;
    let mut entries = Vec::with_capacity(advance.events.len());
    for event in &advance.events {
        let detail = match event.what {
            Move::Miss => json!({ "due_at": advance.obligation.round.due_at, "unreminded": unreminded }),
            _ => json!({}),
        };
        entries.push(log::entry(Some(id), &mut stored.log_head, event.at, DAEMON, event.what.into(), &detail));
    }
    entries
}

/// One notice for each post that a telling goes to.
fn notices(known: &Known, advance: &Advance, now: DateTime<Utc>) -> Vec<NewNotice> {
    let obligation = &advance.obligation;
    let mut notices = Vec::new();
    for telling in &advance.tellings {
        for post in known.posts_of(obligation, &telling.to) {
            notices.push(NewNotice {
                obligation: obligation.id,
                round: obligation.round.number,
                kind: telling.kind,
                at: telling.at,
                post,
                created_at: now,
            });
        }
    }
    notices
}
