//! One job, or one pass of them all: run, begun anew where another daemon was in the way, and recorded.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{deliver, digest, housekeeping, materialise, restored, step};
use crate::engine::{Engine, Job, JobError, MOST_CONFLICTS, Result};
use crate::store::runs::Run;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Summary {
    /// See [`materialise::Made`].
    Materialise(materialise::Made),
    /// See [`step::Stepped`].
    Step(step::Stepped),
    /// See [`digest::Digested`].
    Digest(digest::Digested),
    /// See [`deliver::Delivered`].
    Deliver(deliver::Delivered),
    /// See [`housekeeping::Tidied`].
    Housekeeping(housekeeping::Tidied),
}

impl Summary {
    pub fn is_idle(&self) -> bool {
        match self {
            Summary::Materialise(made) => made.is_idle(),
            Summary::Step(stepped) => stepped.is_idle(),
            Summary::Digest(digested) => !digested.written,
            Summary::Deliver(delivered) => delivered.is_idle(),
            Summary::Housekeeping(kept) => *kept == housekeeping::Tidied::default(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

/// An idle run is recorded at most this often; what it shows is that the program is alive.
const HEARTBEAT: TimeDelta = TimeDelta::minutes(5);

/// One job, now.
pub async fn run(engine: &Engine, job: Job) -> Result<Summary> {
    run_at(engine, job, engine.clock.now()).await
}

/// One job of a pass, which has one instant: a clock that is set meanwhile must not let one job see what another has not.
pub async fn run_at(engine: &Engine, job: Job, now: DateTime<Utc>) -> Result<Summary> {
    let outcome = work(engine, job, now).await;
    let finished = engine.clock.now();
    if let Err(error) = record(engine, job, now, finished, &outcome).await {
        tracing::error!(job.name = job.code(), error = %error, "run of {} not recorded: {error}", job.code());
    }
    outcome
}

/// Works, and begins anew where it stood in another daemon's way: a job recomputes what is to be done.
async fn work(engine: &Engine, job: Job, now: DateTime<Utc>) -> Result<Summary> {
    let mut conflicts = 0;
    loop {
        let done = work_once(engine, job, now).await;
        let in_the_way = matches!(&done, Err(JobError::Store(error)) if error.is_conflict());
        conflicts += usize::from(in_the_way);
        if !in_the_way || conflicts > MOST_CONFLICTS {
            return done;
        }
    }
}

async fn work_once(engine: &Engine, job: Job, now: DateTime<Utc>) -> Result<Summary> {
    restored::notice(engine, now).await?;
    Ok(match job {
        Job::Materialise => Summary::Materialise(materialise::run(engine, now).await?),
        Job::Step => Summary::Step(step::run(engine, now).await?),
        Job::Digest => Summary::Digest(digest::run(engine, now).await?),
        // Whoever sends asks the clock at each letter: a batch takes its time, and a letter was taken when it was.
        Job::Deliver => Summary::Deliver(deliver::run(engine).await?),
        Job::Housekeeping => Summary::Housekeeping(housekeeping::run(engine, now).await?),
    })
}

async fn record(
    engine: &Engine,
    job: Job,
    started: DateTime<Utc>,
    finished: DateTime<Utc>,
    outcome: &Result<Summary>,
) -> Result<()> {
    if let Ok(summary) = outcome
        && summary.is_idle()
    {
        let mut tx = engine.store.read().await?;
        let last = tx.last_run(job.code()).await?;
        let fresh = |last: &Run| last.error.is_none() && (finished - last.finished_at).abs() < HEARTBEAT;
        if last.as_ref().is_some_and(fresh) {
            return Ok(());
        }
    }
    let (summary, error) = match outcome {
        Ok(summary) => (summary.to_string(), None),
        Err(error) => (String::from("{}"), Some(error.to_string())),
    };
    let mut tx = engine.store.write().await?;
    tx.insert_run(job.code(), started, finished, &summary, error.as_deref()).await?;
    Ok(tx.commit().await?)
}

/// One pass: every job once, in order, all at one instant. The first that fails ends it; the next pass begins anew.
pub async fn pass(engine: &Engine) -> Result<Vec<(Job, Summary)>> {
    let now = engine.clock.now();
    let mut done = Vec::with_capacity(Job::ALL.len());
    for job in Job::ALL.iter().copied().filter(|job| *job != Job::Housekeeping) {
        if !engine.stopping.is_cancelled() {
            done.push((job, run_at(engine, job, now).await?));
        }
    }
    Ok(done)
}
