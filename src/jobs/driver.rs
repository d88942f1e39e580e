//! The daemon's loop: one task owns the passes, another the deliveries, and nothing else runs a job.
//!
//! tokio-cron-scheduler only gives the ticks: they wake the task, which asks the database what is due. So a late,
//! doubled or missed tick changes nothing, and when it cannot be set up at all the safety tick does its work. The task also
//! wakes at the next known instant, so that what is due at a minute is told in that minute. Deliveries run beside the
//! passes, because a mail server that hangs must not delay a step. The watchdog is fed when a pass, or a look at the
//! database in its stead, has come back and the database then takes a transaction, never by a timer. A database that is
//! down is logged and tried again; it does not end the daemon, but systemd starts it anew when that lasts.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use sd_notify::NotifyState;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_cron_scheduler::{Job as CronJob, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use super::{Summary, deliver, digest};
use crate::clock;
use crate::engine::doubt::CLOCK_DOUBT;
use crate::engine::{Engine, Job, Result, SetupError};
use crate::read::health::{Health, Limits};

/// How often the tasks look whether nobody has rung.
const SAFETY_TICK: Duration = Duration::from_secs(30);
/// An instant that is past already and could not be settled is not waited for more often than this.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait after passes that failed.
const LONGEST_BACKOFF: Duration = Duration::from_mins(1);
/// A delivery that finds nothing to send is made this often all the same, to show that it is alive.
const IDLE_DELIVERY: Duration = Duration::from_mins(4);
/// How long a stop waits for the row and the letter in hand, together.
const STOP: Duration = Duration::from_secs(10);
/// How often it is asked whether to sound the alarm. Not at once: a start may find letters that it is about to send.
const ALARM_LOOK: Duration = Duration::from_mins(1);
/// How often it is looked whether anything can be written, while it cannot.
const GROUND_AILING: Duration = Duration::from_secs(2);
/// How long the alarm's program may take.
const ALARM_LIMIT: Duration = Duration::from_mins(1);
/// Housekeeping is due when the last one is this old: a day, less what a run takes.
const HOUSEKEEPING: TimeDelta = TimeDelta::hours(20);

/// Who is told when mail cannot tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmOptions {
    pub program: Option<(std::path::PathBuf, Vec<String>)>,
    /// At most once in this time.
    pub every: Duration,
    pub limits: Limits,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverOptions {
    /// How long a leap of the clock is held.
    pub leap_hold: Duration,
    pub alarm: AlarmOptions,
}

pub struct Driver {
    engine: RwLock<Arc<Engine>>,
    options: RwLock<DriverOptions>,
    pass_wanted: Notify,
    delivery_wanted: Notify,
    /// Rung when what could not be written can be written again: then even a pass that failed is tried at once.
    mended: Notify,
    /// Whether what keeps mail back may just have been mended.
    mail_mended: AtomicBool,
    tick: Duration,
    stop: CancellationToken,
}

pub type FirstPass = Vec<(Job, Summary)>;

impl Driver {
    /// A driver of that engine. Cancelling its `stopping` ends both.
    pub fn new(engine: Engine, options: DriverOptions) -> Arc<Driver> {
        // Fed three times in the time that systemd allows.
        let tick = sd_notify::watchdog_enabled().map_or(SAFETY_TICK, |allowed| SAFETY_TICK.min(allowed / 3));
        engine.watch.begin(engine.clock.now(), options.leap_hold);
        Arc::new(Driver {
            stop: engine.stopping.clone(),
            engine: RwLock::new(Arc::new(engine)),
            options: RwLock::new(options),
            pass_wanted: Notify::new(),
            delivery_wanted: Notify::new(),
            mended: Notify::new(),
            mail_mended: AtomicBool::new(true),
            tick,
        })
    }

    pub fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn options(&self) -> DriverOptions {
        self.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another engine in force from the next pass on: same store, new settings. A leap of the clock is confirmed.
    pub fn replace(&self, engine: Engine, options: DriverOptions) {
        engine.watch.begin(engine.clock.now(), options.leap_hold);
        *self.engine.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(engine);
        *self.options.write().unwrap_or_else(PoisonError::into_inner) = options;
        self.mail_mended.store(true, Ordering::SeqCst);
        self.pass_wanted.notify_one();
        self.delivery_wanted.notify_one();
    }

    /// Runs until it is stopped. `first` hears of the first pass that succeeds.
    pub async fn run(self: &Arc<Driver>, first: oneshot::Sender<FirstPass>) -> Result<()> {
        let mut scheduler = self.start_ticks().await;
        let mut passes = tokio::spawn(Arc::clone(self).pass_loop(first));
        let mut deliveries = tokio::spawn(Arc::clone(self).delivery_loop());
        let alarms = tokio::spawn(Arc::clone(self).alarm_loop());
        let ground = tokio::spawn(Arc::clone(self).ground_loop());
        let lost = tokio::select! {
            () = self.stop.cancelled() => None,
            ended = &mut passes => Some(("passes", ended)),
            ended = &mut deliveries => Some(("deliveries", ended)),
        };
        let asked = self.stop.is_cancelled();
        self.stop.cancel();
        notify(&[NotifyState::Stopping, NotifyState::Status("stopping: finishing the row in hand")]);
        if let Some(scheduler) = &mut scheduler
            && let Err(error) = scheduler.shutdown().await
        {
            tracing::debug!("the ticks did not stop: {error}");
        }
        alarms.abort();
        ground.abort();
        let asked_at = clock::monotonic();
        finish("pass", passes, STOP).await;
        finish("delivery", deliveries, STOP.saturating_sub(asked_at.elapsed())).await;
        match lost {
            Some((what, ended)) if !asked => Err(SetupError::TaskEnded { task: what, why: ended.err() }.into()),
            _ => Ok(()),
        }
    }

    /// Ticks that ring. Without them the safety tick does the work.
    async fn start_ticks(self: &Arc<Driver>) -> Option<JobScheduler> {
        match self.ticks().await {
            Ok(scheduler) => Some(scheduler),
            Err(error) => {
                tracing::error!(ticks.error = %error, "the ticks cannot be set up, the safety tick does its work: {error}");
                None
            }
        }
    }

    async fn ticks(self: &Arc<Driver>) -> std::result::Result<JobScheduler, JobSchedulerError> {
        let zone = self.engine().settings.zone.0;
        let scheduler = JobScheduler::new().await?;
        for job in Job::ALL.iter().copied() {
            let driver = Arc::clone(self);
            let ring = move |_, _| -> Pin<Box<dyn Future<Output = ()> + Send>> {
                let driver = Arc::clone(&driver);
                Box::pin(async move { driver.ring(job) })
            };
            scheduler.add(CronJob::new_async_tz(super::cron(job), zone, ring)?).await?;
        }
        scheduler.start().await?;
        Ok(scheduler)
    }

    fn ring(&self, job: Job) {
        match job {
            Job::Deliver => self.delivery_wanted.notify_one(),
            Job::Materialise | Job::Step | Job::Digest | Job::Housekeeping => self.pass_wanted.notify_one(),
        }
    }

    /// Whether a leap of the clock holds everything back.
    fn held(&self, now: DateTime<Utc>) -> bool {
        self.engine().watch.in_doubt(now).is_some()
    }

    /// Notes for other processes whether a leap is held, where that has changed.
    async fn note_doubt(&self, engine: &Engine, held: bool, noted: &mut Option<bool>) {
        if *noted == Some(held) {
            return;
        }
        let note = async {
            let mut tx = engine.store.write().await?;
            let words = if held { engine.clock.now().to_rfc3339() } else { String::new() };
            if tx.meta(CLOCK_DOUBT).await?.unwrap_or_default().is_empty() == held {
                tx.set_meta(CLOCK_DOUBT, &words).await?;
                tx.commit().await?;
            }
            Result::Ok(())
        };
        match note.await {
            Ok(()) => *noted = Some(held),
            Err(error) => tracing::error!("that the clock is in doubt cannot be noted: {error}"),
        }
    }

    async fn pass_loop(self: Arc<Driver>, first: oneshot::Sender<FirstPass>) {
        let mut first = Some(first);
        let mut failures = 0_u32;
        let (mut housekept, mut noted) = (None, None);
        while !self.stop.is_cancelled() {
            let engine = self.engine();
            // The one instant of this pass.
            let now = engine.clock.now();
            let held = self.held(now);
            self.note_doubt(&engine, held, &mut noted).await;
            let done =
                if held { idle_look(&engine).await } else { guarded(self.pass(&engine, now, &mut housekept)).await };
            let wait = match done {
                Ok(done) => {
                    if failures > 0 {
                        tracing::info!(pass.failures = failures, "passes succeed again, after {failures} that failed");
                    }
                    failures = 0;
                    self.report(&engine, &done, held).await;
                    if let Some(first) = first.take_if(|_| !held) {
                        // Whoever wanted to hear of it may be gone.
                        let _ = first.send(done);
                    }
                    self.until_next_step(&engine).await
                }
                Err(error) => {
                    failures += 1;
                    let wait = backoff(failures).min(self.tick.max(SHORTEST_WAIT));
                    tracing::error!(pass.failures = failures, "pass failed, next try in {} s: {error}", wait.as_secs());
                    notify(&[NotifyState::Status("the last pass failed; trying again")]);
                    wait
                }
            };
            self.feed(&engine).await;
            // After a failure being wanted must not bring the next try forward.
            let wanted =
                async { if failures == 0 { self.pass_wanted.notified().await } else { std::future::pending().await } };
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = wanted => {}
                () = self.mended.notified() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Looks again and again whether anything can be written: more often while it cannot.
    async fn ground_loop(self: Arc<Driver>) {
        loop {
            let engine = self.engine();
            if engine.look_at_ground().await {
                if let Some(ailing) = engine.ground.ailing() {
                    tracing::error!("nothing can be written: {}", ailing.words);
                } else {
                    tracing::info!("what could not be written can be written again");
                    self.mended.notify_one();
                    self.delivery_wanted.notify_one();
                }
            }
            if let Err(error) = engine.store.shorten_log().await {
                tracing::debug!("the write-ahead log stays as it is: {error}");
            }
            let ails = engine.ground.ailing().is_some();
            sleep(if ails { GROUND_AILING } else { self.tick }).await;
        }
    }

    /// One pass. Deliveries have their own task, which is rung when there is something to send.
    async fn pass(&self, engine: &Engine, now: DateTime<Utc>, housekept: &mut Option<Instant>) -> Result<FirstPass> {
        let mut done = Vec::with_capacity(4);
        digest::note_gap(engine, now).await?;
        for job in [Job::Materialise, Job::Step, Job::Digest] {
            if self.stop.is_cancelled() {
                return Ok(done);
            }
            let started = clock::monotonic();
            let summary = super::run_at(engine, job, now).await?;
            told(job, &summary, started);
            done.push((job, summary));
        }
        self.delivery_wanted.notify_one();
        if housekeeping_due(engine, housekept).await? && !self.stop.is_cancelled() {
            let started = clock::monotonic();
            let summary = super::run_at(engine, Job::Housekeeping, now).await?;
            told(Job::Housekeeping, &summary, started);
            done.push((Job::Housekeeping, summary));
            *housekept = Some(clock::monotonic());
        }
        Ok(done)
    }

    /// Feeds the watchdog if the database takes a transaction that writes. A pass that was idle has only read, and one
    /// that failed for another reason is no cause to start anew.
    async fn feed(&self, engine: &Engine) {
        match engine.store.write().await {
            Ok(_) => notify(&[NotifyState::Watchdog]),
            Err(error) => {
                tracing::error!("the database takes no transaction, the watchdog is not fed: {error}");
            }
        }
    }

    async fn until_next_step(&self, engine: &Engine) -> Duration {
        let next = async { engine.store.read().await?.next_step_at().await };
        until(next.await.ok().flatten(), engine.clock.now(), self.tick)
    }

    /// The status line of `systemctl status`.
    async fn report(&self, engine: &Engine, done: &FirstPass, held: bool) {
        let zone = engine.settings.zone;
        let local = |at: DateTime<Utc>| zone.local(at).format("%Y-%m-%d %H:%M").to_string();
        let line = if held {
            "holding: the machine's clock has leapt ahead (SIGHUP confirms it)".to_owned()
        } else {
            let busy =
                if done.iter().all(|(_, summary)| summary.is_idle()) { "nothing was due" } else { "work was done" };
            let next = async { engine.store.read().await?.next_step_at().await };
            let next = next.await.ok().flatten().map_or_else(|| "nothing".to_owned(), local);
            format!("last pass {}: {busy}; next step {next}", local(engine.clock.now()))
        };
        notify(&[NotifyState::Status(&line)]);
    }

    async fn delivery_loop(self: Arc<Driver>) {
        let mut last: Option<Instant> = None;
        while !self.stop.is_cancelled() {
            let engine = self.engine();
            let mut wait = self.tick;
            if !self.held(engine.clock.now()) {
                match guarded(self.delivery(&engine, &mut last)).await {
                    Ok(next) => wait = until(next, engine.clock.now(), self.tick),
                    Err(error) => tracing::error!("delivery failed, next try in {} s: {error}", wait.as_secs()),
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.delivery_wanted.notified() => {}
                () = sleep(wait) => {}
            }
        }
    }

    /// Sends what is due, if anything is. Says when something will be.
    async fn delivery(&self, engine: &Engine, last: &mut Option<Instant>) -> Result<Option<DateTime<Utc>>> {
        if self.mail_mended.load(Ordering::SeqCst) {
            deliver::try_at_once(engine, engine.clock.now()).await?;
            self.mail_mended.store(false, Ordering::SeqCst);
        }
        let next = engine.store.read().await?.next_letter_at().await?;
        let due = next.is_some_and(|next| next <= engine.clock.now());
        let stale = last.is_none_or(|last| last.elapsed() >= IDLE_DELIVERY);
        if !due && !stale {
            return Ok(next);
        }
        let started = clock::monotonic();
        let summary = super::run(engine, Job::Deliver).await?;
        told(Job::Deliver, &summary, started);
        *last = Some(clock::monotonic());
        Ok(engine.store.read().await?.next_letter_at().await?)
    }

    async fn alarm_loop(self: Arc<Driver>) {
        let mut sounded: Option<Instant> = None;
        loop {
            let every = self.options().alarm.every;
            sleep(ALARM_LOOK.min(every)).await;
            let alarm = self.options().alarm;
            let Some((program, arguments)) = &alarm.program else { continue };
            if sounded.is_some_and(|at| at.elapsed() < alarm.every) || self.held(self.engine().clock.now()) {
                continue;
            }
            let wrong = self.wrong(alarm.limits).await;
            if wrong.is_empty() {
                continue;
            }
            sounded = Some(clock::monotonic());
            let words = wrong.join("; ");
            tracing::error!("alarm: {words}");
            sound(program, arguments, &words).await;
        }
    }

    /// What is red now; a database that does not answer is.
    async fn wrong(&self, limits: Limits) -> Vec<String> {
        let engine = self.engine();
        match timeout(Duration::from_secs(20), Health::look(&engine)).await {
            Ok(Ok(health)) => health.wrong(limits),
            Ok(Err(error)) => vec![format!("the database cannot be read: {error}")],
            Err(_) => vec!["the database does not answer".to_owned()],
        }
    }
}

/// Runs the alarm's program and forgets it when it hangs.
async fn sound(program: &std::path::Path, arguments: &[String], words: &str) {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).env("DUBAN_ALARM", words).stdin(std::process::Stdio::null()).kill_on_drop(true);
    let wrong = match timeout(ALARM_LIMIT, command.status()).await {
        Ok(Ok(status)) if status.success() => return,
        Ok(Ok(status)) => format!("ended with {status}"),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "did not end in time".to_owned(),
    };
    tracing::error!("the alarm program {}: {wrong}", program.display());
}

/// In place of a pass: whether the database answers.
async fn idle_look(engine: &Engine) -> Result<FirstPass> {
    engine.store.read().await?.next_step_at().await?;
    Ok(Vec::new())
}

/// A panic costs the pass it happens in, not the daemon.
async fn guarded<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
        Err(SetupError::Panicked(words.to_owned()).into())
    })
}

/// Whether a day has gone by since the last housekeeping. Asks the database only when this process does not know.
async fn housekeeping_due(engine: &Engine, housekept: &mut Option<Instant>) -> Result<bool> {
    let day = HOUSEKEEPING.to_std().unwrap_or_default();
    if housekept.is_some_and(|at| at.elapsed() < day) {
        return Ok(false);
    }
    let last = engine.store.read().await?.last_run(Job::Housekeeping.code()).await?;
    let age = last.map(|run| engine.clock.now() - run.finished_at);
    if age.is_none_or(|age| age >= HOUSEKEEPING) {
        return Ok(true);
    }
    // Look again in an hour of this process's time.
    *housekept = clock::monotonic().checked_sub(day.saturating_sub(Duration::from_hours(1)));
    Ok(false)
}

/// How long until `next`, but no longer than a tick; what is past already waits for the tick.
fn until(next: Option<DateTime<Utc>>, now: DateTime<Utc>, tick: Duration) -> Duration {
    match next.map(|next| (next - now).to_std()) {
        Some(Ok(wait)) if !wait.is_zero() => wait.clamp(SHORTEST_WAIT, tick.max(SHORTEST_WAIT)),
        _ => tick,
    }
}

fn backoff(failures: u32) -> Duration {
    let wait = SHORTEST_WAIT * 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    wait.min(LONGEST_BACKOFF)
}

fn told(job: Job, summary: &Summary, started: Instant) {
    let took = started.elapsed().as_millis();
    if summary.is_idle() {
        tracing::debug!(job.name = job.code(), job.took_ms = took, "{}: nothing to do", job.code());
    } else {
        tracing::info!(job.name = job.code(), job.took_ms = took, "{}: {summary}", job.code());
    }
}

async fn finish(what: &str, task: JoinHandle<()>, within: Duration) {
    if task.is_finished() {
        return;
    }
    let abort = task.abort_handle();
    if timeout(within, task).await.is_err() {
        // A claimed letter is in doubt now: it goes out again under the same Message-ID when its lease has run out.
        tracing::warn!("the {what} in hand did not end within {} s and is given up", within.as_secs());
        abort.abort();
    }
}

pub fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("systemd cannot be told: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_instant_is_waited_for_and_the_past_is_not() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let tick = SAFETY_TICK;
        assert_eq!(until(None, now, tick), tick);
        assert_eq!(until(Some(now), now, tick), tick);
        assert_eq!(until(Some(now - TimeDelta::days(3)), now, tick), tick);
        assert_eq!(until(Some(now + TimeDelta::seconds(7)), now, tick), Duration::from_secs(7));
        assert_eq!(until(Some(now + TimeDelta::days(900)), now, tick), tick);
    }

    #[test]
    fn failures_are_tried_again_ever_more_slowly() {
        let waits: Vec<u64> = (1..=8).map(|failures| backoff(failures).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff(u32::MAX), LONGEST_BACKOFF);
    }
}
