//! The real jobs on a stepped clock: what would have happened, and who would have been told.
//!
//! [`run_until`] moves the clock from one instant at which something happens to the next. A [`Behaviour`] says who files
//! what when. Nothing here decides a rule.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use futures_util::future::join_all;
use serde::{Deserialize, Deserializer};

use super::write;
use crate::acts::filings::Filings;
use crate::acts::submit::NewSubmission;
use crate::acts::{ActError, Actor};
use crate::domain::obligation::Obligation;
use crate::domain::phase::Phase;
use crate::domain::quota::Item;
use crate::domain::slot::Slots;
use crate::domain::unit::{PostId, Role};
use crate::engine::known::Known;
use crate::engine::{Engine, Job, Result};
use crate::store::row::Stored;

/// When everybody files who files in time: on the due day.
const FILES_AT: NaiveTime = NaiveTime::from_hms_opt(10, 0, 0).unwrap();

/// What somebody does about an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Files at 10:00 of the due day.
    Always,
    Never,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Except {
    pub duty: Option<String>,
    /// For this unit alone (of a joint obligation, any owner).
    pub unit: Option<String>,
    pub period: Option<String>,
    /// For obligations due on or after this day.
    #[serde(default, deserialize_with = "written_date")]
    pub from: Option<NaiveDate>,
    /// For obligations due on or before this day.
    #[serde(default, deserialize_with = "written_date")]
    pub to: Option<NaiveDate>,
    pub does: Option<Does>,
    /// Files so many days after the due day, at 10:00 (`3d`); hours (`30h`) count from 10:00 of the due day.
    pub late_by: Option<String>,
}

/// Who files what when: a default, and exceptions, the last that fits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// What is done where nothing else is said.
    pub default: Does,
    pub late_by: Option<String>,
    #[serde(default)]
    pub except: Vec<Except>,
}

impl Behaviour {
    pub fn all(does: Does) -> Behaviour {
        Behaviour { default: does, late_by: None, except: Vec::new() }
    }

    /// Whether every `late_by` can be read; says which cannot.
    pub fn check(&self) -> std::result::Result<(), String> {
        let given = self.except.iter().filter_map(|except| except.late_by.as_ref()).chain(&self.late_by);
        for text in given {
            distance(text)
                .ok_or_else(|| format!("`late_by = \"{text}\"`: write a number of days (`3d`) or hours (`30h`)"))?;
        }
        Ok(())
    }

    /// When the obligation is filed, if ever.
    pub fn files_at(&self, obligation: &Obligation, slots: Slots<'_>) -> Option<DateTime<Utc>> {
        let due_day = slots.zone.due_day(obligation.round.due_at);
        let fits = |except: &&Except| {
            except.duty.as_ref().is_none_or(|duty| obligation.duty.0 == *duty)
                && except.unit.as_ref().is_none_or(|unit| obligation.owners.iter().any(|owner| owner.0 == *unit))
                && except.period.as_ref().is_none_or(|period| obligation.period == *period)
                && except.from.is_none_or(|from| due_day >= from)
                && except.to.is_none_or(|to| due_day <= to)
        };
        let (does, late_by) = match self.except.iter().rfind(fits) {
            Some(except) => (except.does, except.late_by.as_ref()),
            None => (Some(self.default), self.late_by.as_ref()),
        };
        let on_time = slots.zone.at(due_day, FILES_AT).max(obligation.opens_at);
        match (late_by.and_then(|text| distance(text)), does) {
            (Some(Distance::Days(days)), _) => Some(slots.zone.at(due_day + Days::new(days), FILES_AT)),
            (Some(Distance::Hours(hours)), _) => Some(on_time + TimeDelta::hours(hours)),
            (None, Some(Does::Always)) => Some(on_time),
            (None, Some(Does::Never) | None) => None,
        }
    }
}

/// A date as TOML writes it, bare or in quotes.
fn written_date<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<NaiveDate>, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("{text} is no date; write 2022-10-01")))
}

enum Distance {
    Days(u64),
    Hours(i64),
}

fn distance(text: &str) -> Option<Distance> {
    let text = text.trim();
    if let Some(days) = text.strip_suffix('d') {
        return days.trim().parse().ok().map(Distance::Days);
    }
    text.strip_suffix('h').and_then(|hours| hours.trim().parse().ok()).filter(|hours| *hours >= 0).map(Distance::Hours)
}

/// Runs the jobs from now until `until`, that instant included, stopping at each instant at which something happens.
/// `at_each` is told each instant before the clock moves on.
pub async fn run_until(engine: &Engine, until: DateTime<Utc>, mut at_each: impl FnMut(DateTime<Utc>)) -> Result<()> {
    loop {
        super::pass(engine).await?;
        at_each(engine.clock.now());
        match next_instant(engine).await?.filter(|next| *next <= until) {
            Some(next) => engine.clock.set(next),
            None => break,
        }
    }
    engine.clock.set(until);
    Ok(())
}

/// The next instant at which a pass has something to do.
pub async fn next_instant(engine: &Engine) -> Result<Option<DateTime<Utc>>> {
    let now = engine.clock.now();
    let known = engine.known().await?;
    let mut tx = engine.store.read().await?;
    let step = tx.next_step_at().await?;
    let letter = tx.next_letter_at().await?;
    // What was decided since the last slot is told in the next.
    let notice = tx.next_notice_at(now).await?;
    let digest = known.slots().morning_from(now + TimeDelta::seconds(1));
    // The horizon moves on with each day.
    let midnight = known.zone.end_of(known.zone.day_of(now));
    let left = if tx.any_notice_unwritten(now).await? { Some(write::next_slot(&known, now)) } else { None };
    let soonest = [step, letter, notice, left, Some(digest), Some(midnight)].into_iter().flatten().min();
    Ok(soonest.map(|at| at.max(now + TimeDelta::seconds(1))))
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Played {
    pub filed: u64,
    pub instants: u64,
}

/// Plays from the clock's present instant until `until`, filing as the behaviour says.
pub async fn play(
    engine: &Engine,
    behaviour: &Behaviour,
    until: DateTime<Utc>,
    mut progress: impl FnMut(DateTime<Utc>),
) -> Result<Played> {
    let mut played = Played::default();
    let mut plan = FilingPlan::default();
    loop {
        let now = engine.clock.now();
        played.filed += plan.file_due(engine, now).await?;
        super::pass(engine).await?;
        plan.look(engine, behaviour).await?;
        played.instants += 1;
        progress(now);
        let next = next_instant(engine).await?;
        let next = [next, plan.next()].into_iter().flatten().min().filter(|next| *next <= until);
        match next {
            Some(next) => engine.clock.set(next),
            None => break,
        }
    }
    engine.clock.set(until);
    super::run(engine, Job::Housekeeping).await?;
    Ok(played)
}

/// Who will file when: by instant, the obligations.
#[derive(Default)]
struct FilingPlan {
    at: BTreeMap<DateTime<Utc>, Vec<i64>>,
    seen: i64,
}

impl FilingPlan {
    fn next(&self) -> Option<DateTime<Utc>> {
        self.at.first_key_value().map(|(at, _)| *at)
    }

    /// Takes in the obligations that are new.
    async fn look(&mut self, engine: &Engine, behaviour: &Behaviour) -> Result<()> {
        let known = engine.known().await?;
        let mut tx = engine.store.read().await?;
        for stored in tx.obligations_after(self.seen).await? {
            self.seen = self.seen.max(stored.obligation.id);
            if let Some(at) = behaviour.files_at(&stored.obligation, known.slots()) {
                self.at.entry(at).or_default().push(stored.obligation.id);
            }
        }
        Ok(())
    }

    async fn file_due(&mut self, engine: &Engine, now: DateTime<Utc>) -> Result<u64> {
        let mut filed = 0;
        while let Some(entry) = self.at.first_entry().filter(|entry| *entry.key() <= now) {
            let ids = entry.remove();
            let queue = Filings::default();
            let known = engine.known().await?;
            let mut tx = engine.store.read().await?;
            let rows = tx.obligations(&ids).await?;
            drop(tx);
            // All at once, as people do at ten o'clock: they share transactions, in the order in which they stand here.
            let filings = rows.iter().map(|stored| file(engine, &queue, &known, stored, now));
            for done in join_all(filings).await {
                filed += u64::from(done?);
            }
        }
        Ok(filed)
    }
}

/// Files all that an obligation asks for, as its first owner's liaison, if it is still wanted.
async fn file(engine: &Engine, queue: &Filings, known: &Known, stored: &Stored, now: DateTime<Utc>) -> Result<bool> {
    let wanted = stored.obligation.phase.is_pending() || stored.obligation.phase == Phase::Missed;
    let (true, Some(unit)) = (wanted, stored.obligation.owners.first()) else { return Ok(false) };
    let by = PostId { unit: unit.clone(), role: Role::Liaison };
    let actor = Actor { engine, known, by: &by, lent: None, now };
    let Ok(rules) = actor.rules(stored) else { return Ok(false) };
    let items = rules.duty.quotas.iter().flat_map(|quota| {
        let name = |n: u32| Item {
            counter: quota.counter.clone(),
            value: if quota.distinct { format!("示例{n}") } else { quota.at_least.to_string() },
        };
        let count = if quota.distinct { quota.at_least } else { 1 };
        (1..=count).map(name)
    });
    // An act of its own day, where no other counts.
    let due_day = known.zone.due_day(stored.obligation.round.due_at);
    let acted_on = rules.duty.own_day_only.then_some(due_day);
    let new = NewSubmission {
        receipt: None,
        unit: unit.clone(),
        obligations: vec![stored.obligation.id],
        acted_on,
        items: items.collect(),
        note: "示例报送".to_owned(),
        files: Vec::new(),
    };
    match queue.file(&actor, &new).await {
        Ok(_) => Ok(true),
        Err(error @ ActError::Refused(_)) => {
            tracing::debug!("filing {} refused: {error}", stored.obligation.id);
            Ok(false)
        }
        Err(ActError::Job(error)) => Err(error),
    }
}
