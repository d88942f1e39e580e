//! Makes the obligations that open within the horizon, and brings those that have not opened yet in line with a changed
//! catalogue, calendar or roster.
//!
//! Never touches an obligation that has opened, and never makes one whose due day lies before the first day that counts.

use std::collections::HashMap;

use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};

use super::settle;
use crate::domain::duty::DutyId;
use crate::domain::obligation::Obligation;
use crate::domain::phase::Phase;
use crate::domain::plan::{self, Owed};
use crate::domain::unit::UnitName;
use crate::engine::{Engine, Known, Result};
use crate::store::catalogue::Version;
use crate::store::row::Stored;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Made {
    pub made: u64,
    /// Unopened ones with a new deadline, new owners or a new catalogue.
    pub changed: u64,
    /// Unopened ones that are no longer owed.
    pub withdrawn: u64,
    /// Withdrawn ones that are owed again.
    pub revived: u64,
}

impl Made {
    pub fn is_idle(&self) -> bool {
        *self == Made::default()
    }
}

/// How far the plan has been followed, and what was known then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    revision: i64,
    until: DateTime<Utc>,
}

const MARK: &str = "materialised";
/// Longest time between a period's opening and its deadline: a year and the days a deadline may roll on.
const LONGEST_PERIOD: Days = Days::new(400);
/// Rows a transaction: short enough not to keep others waiting.
const ROWS: usize = 5000;

pub async fn run(engine: &Engine, now: DateTime<Utc>) -> Result<Made> {
    let known = engine.known().await?;
    let until = now + engine.settings.horizon;
    // What a day brings: units that leave on it, ladders that take effect.
    settle::departures(engine, &known, now).await?;
    settle::ladders(engine, &known, now).await?;
    let mark = read_mark(engine).await?;
    let mut made = Made::default();
    match mark {
        Some(mark) if mark.revision == known.revision && mark.until >= until => return Ok(made),
        Some(mark) => {
            if mark.revision != known.revision {
                reconcile(engine, &known, now, mark.until.min(until), &mut made).await?;
            }
            let owed = opening(&known, mark.until, until);
            made.made += insert(engine, &known, owed).await?;
        }
        None => made.made += insert(engine, &known, from_the_start(&known, until)).await?,
    }
    let mark = Mark { revision: known.revision, until: mark.map_or(until, |mark| mark.until.max(until)) };
    let text = serde_json::to_string(&mark).unwrap_or_default();
    let mut tx = engine.store.write().await?;
    tx.set_meta(MARK, &text).await?;
    tx.commit().await?;
    Ok(made)
}

async fn read_mark(engine: &Engine) -> Result<Option<Mark>> {
    let mut tx = engine.store.read().await?;
    Ok(tx.meta(MARK).await?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// What each version of the catalogue gives for the periods that open in its time.
fn under_each_version<'a>(
    known: &'a Known,
    plan: impl Fn(&'a Version) -> Vec<Owed>,
) -> impl Iterator<Item = (i64, Owed)> {
    known.versions.iter().flat_map(move |version| {
        let rules = |owed: &Owed| {
            let day = known.zone.day_of(owed.opens_at);
            known.version_on(day).is_some_and(|ruling| ruling.version == version.version)
        };
        plan(version).into_iter().filter(rules).map(|owed| (version.version, owed)).collect::<Vec<_>>()
    })
}

/// What opens after `from` and by `until`, and counts.
fn opening(known: &Known, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<(i64, Owed)> {
    let counts = |(_, owed): &(i64, Owed)| known.zone.due_day(owed.due_at) >= known.starts_on;
    under_each_version(known, |version| plan::opening_between(&known.world(&version.catalogue), from, until))
        .filter(counts)
        .collect()
}

/// Everything that is due on or after the first day that counts and opens by `until`.
fn from_the_start(known: &Known, until: DateTime<Utc>) -> Vec<(i64, Owed)> {
    let last = known.zone.day_of(until) + LONGEST_PERIOD;
    under_each_version(known, |version| {
        plan::due_between_open_by(&known.world(&version.catalogue), known.starts_on, last, until)
    })
    .collect()
}

async fn insert(engine: &Engine, known: &Known, owed: Vec<(i64, Owed)>) -> Result<u64> {
    let mut made = 0;
    let mut rows: Vec<Stored> = owed.into_iter().map(|(version, owed)| known.planned(version, owed)).collect();
    for chunk in rows.chunks_mut(ROWS) {
        let mut tx = engine.store.write().await?;
        made += tx.insert_obligations(chunk).await?;
        tx.commit().await?;
    }
    Ok(made)
}

/// What is owed once only: a duty's period, of each owner or of all together.
fn key(obligation: &Obligation) -> (DutyId, Option<UnitName>, String) {
    (obligation.duty.clone(), obligation.sole_owner().cloned(), obligation.period.clone())
}

/// Brings what has not opened yet in line with what is known now.
async fn reconcile(
    engine: &Engine,
    known: &Known,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    made: &mut Made,
) -> Result<()> {
    let planned = opening(known, now, until).into_iter().map(|(version, owed)| known.planned(version, owed));
    let mut planned: HashMap<_, Stored> = planned.map(|row| (key(&row.obligation), row)).collect();
    let mut tx = engine.store.write().await?;
    let mut changed = Vec::new();
    for stored in tx.unopened(now).await? {
        // What an event or a longer horizon has put there is not for this plan to judge.
        if stored.obligation.period.starts_with("event:") || stored.obligation.opens_at > until {
            continue;
        }
        let withdrawn = stored.obligation.phase == Phase::Withdrawn;
        match planned.remove(&key(&stored.obligation)) {
            Some(row) if !withdrawn && same(&stored, &row) => {}
            Some(row) => {
                if withdrawn {
                    made.revived += 1;
                } else {
                    made.changed += 1;
                }
                changed.push(stored.replanned(row));
            }
            None if withdrawn => {}
            None => {
                made.withdrawn += 1;
                changed.push(stored.with(stored.obligation.withdrawn(now)));
            }
        }
    }
    tx.update_obligations(&mut changed).await?;
    let mut rows: Vec<Stored> = planned.into_values().collect();
    rows.sort_by_key(|row| key(&row.obligation));
    made.made += tx.insert_obligations(&mut rows).await?;
    Ok(tx.commit().await?)
}

fn same(stored: &Stored, row: &Stored) -> bool {
    let (a, b) = (&stored.obligation, &row.obligation);
    stored.catalogue == row.catalogue
        && a.owners == b.owners
        && (a.opens_at, a.period_end, a.first_due_at) == (b.opens_at, b.period_end, b.first_due_at)
}
