//! The jobs: load, let the domain decide, write, say in a typed summary what was done.
//!
//! Each job is a reconciler without input: it recomputes from the database and `now`, so a late, doubled or missed tick
//! changes nothing. This is the only place where the store and mail meet. It never decides a rule itself.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::Serialize;

use crate::{
    clock::Clock,
    domain::calendar::Zone,
    mail::{Backoff, Mailbox, Templates, Transport},
    store::{Store, StoreError},
};

pub mod acts;
pub mod deliver;
pub mod digest;
pub mod driver;
pub mod entry;
pub mod explain;
pub mod health;
pub mod housekeeping;
pub mod known;
pub mod leap;
pub mod link;
pub mod materialise;
pub mod preview;
pub mod setup;
pub mod simulate;
pub mod step;
pub mod trouble;
pub mod words;
pub mod write;

pub use known::Known;

/// Why a job could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something is missing that the set-up should have put there.
    #[error("{0}")]
    Setup(String),
}

pub type Result<T> = std::result::Result<T, JobError>;

/// What the office decided about the program itself.
#[derive(Debug, Clone)]
pub struct Settings {
    pub zone: Zone,
    /// How far ahead obligations are made.
    pub horizon: TimeDelta,
    /// The first day that counts, if it is not the day of the first start.
    pub starts_on: Option<NaiveDate>,
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    /// How to reach the office, as letters say it.
    pub contact: String,
    /// 落款.
    pub signature: String,
    /// Where the console is; without it letters carry no link.
    pub public_url: Option<String>,
    /// 试运行: letters go to the office alone before that day.
    pub trial_until: Option<NaiveDate>,
    /// One letter in each of these; `None` = no pace.
    pub pace: Option<TimeDelta>,
    /// Letters a claim takes at once.
    pub batch: usize,
    pub connections: usize,
    pub lease: TimeDelta,
    pub backoff: Backoff,
}

pub struct Engine {
    pub store: Store,
    pub clock: Clock,
    pub settings: Settings,
    pub templates: Arc<Templates>,
    pub transport: Transport,
    /// Where evidence lies; `None` = files cannot be taken.
    pub vault: Option<acts::evidence::Vault>,
    pub filings: acts::filings::Filings,
    /// What letters' links are made with; `None` = letters carry no link.
    pub keys: Option<link::Keys>,
    /// Who claims: different for each process.
    pub owner: String,
    /// The source of randomness; seeded in tests.
    random: Mutex<StdRng>,
    known: Mutex<Option<Arc<Known>>>,
    /// Whether a stop has been asked for: finish the row in hand, begin no other.
    pub stopping: tokio_util::sync::CancellationToken,
}

impl Engine {
    /// An engine. `seed` makes its random numbers repeatable.
    pub fn new(
        store: Store,
        clock: Clock,
        settings: Settings,
        templates: Templates,
        transport: Transport,
        seed: Option<u64>,
    ) -> Engine {
        let mut random = seed.map_or_else(|| StdRng::from_rng(&mut rand::rng()), StdRng::seed_from_u64);
        let owner = format!("{:016x}", random.random::<u64>());
        Engine {
            store,
            clock,
            settings,
            templates: Arc::new(templates),
            transport,
            vault: None,
            filings: acts::filings::Filings::default(),
            keys: None,
            owner,
            random: Mutex::new(random),
            known: Mutex::new(None),
            stopping: tokio_util::sync::CancellationToken::new(),
        }
    }

    pub fn random(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).random()
    }

    /// A new id that people may have to read out: `prefix` and ten letters and digits without look-alikes.
    pub fn new_id(&self, prefix: &str) -> String {
        const ALPHABET: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz0";
        let mut bits = self.random();
        let mut id = prefix.to_owned();
        for _ in 0..10 {
            let at = usize::try_from(bits & 31).unwrap_or(0);
            id.push(char::from(ALPHABET[at]));
            bits >>= 5;
        }
        id
    }

    pub fn today(&self) -> NaiveDate {
        self.settings.zone.day_of(self.clock.now())
    }
}

/// The jobs there are, in the order of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    Materialise,
    /// Settles what has come due and writes the letters.
    Step,
    Digest,
    Deliver,
    /// Seals the log, prunes what may go.
    Housekeeping,
}

/// One row of the table of jobs.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    pub job: Job,
    /// Its name on the command line and in `run`.
    pub name: &'static str,
    pub what: &'static str,
    /// When it is rung for, beside the safety tick: six cron fields, local time.
    pub cron: &'static str,
}

/// Every job, in the order of a pass.
pub const JOBS: [Listed; 5] = [
    Listed {
        job: Job::Materialise,
        name: "materialise",
        what: "makes the obligations that open within the horizon",
        // Just after midnight, when the horizon has moved on by a day.
        cron: "5 0 0 * * *",
    },
    Listed {
        job: Job::Step,
        name: "step",
        what: "opens, reminds, declares misses, carries them up; writes the letters",
        // On the minute: the slots, the grace and event deadlines all fall on whole minutes.
        cron: "0 * * * * *",
    },
    Listed {
        job: Job::Digest,
        name: "digest",
        what: "writes the office's digest on workdays at 09:00",
        cron: "1 0 9 * * *",
    },
    Listed { job: Job::Deliver, name: "deliver", what: "sends what is in the outbox", cron: "2 * * * * *" },
    Listed {
        job: Job::Housekeeping,
        name: "housekeeping",
        what: "seals the log, forgets old runs and troubles that are over",
        cron: "0 30 3 * * *",
    },
];

impl Job {
    pub fn listed(self) -> &'static Listed {
        // The table has a row for each job; a test holds that.
        JOBS.iter().find(|row| row.job == self).unwrap_or(&JOBS[0])
    }

    pub fn name(self) -> &'static str {
        self.listed().name
    }

    pub fn from_name(name: &str) -> Option<Job> {
        JOBS.iter().find(|row| row.name == name).map(|row| row.job)
    }
}

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
    /// See [`housekeeping::Kept`].
    Housekeeping(housekeeping::Kept),
}

impl Summary {
    pub fn is_idle(&self) -> bool {
        match self {
            Summary::Materialise(made) => made.is_idle(),
            Summary::Step(stepped) => stepped.is_idle(),
            Summary::Digest(digested) => !digested.written,
            Summary::Deliver(delivered) => delivered.is_idle(),
            Summary::Housekeeping(kept) => *kept == housekeeping::Kept::default(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).unwrap_or_default())
    }
}

/// So often a transaction that stood in another's way is begun anew.
pub const MOST_CONFLICTS: usize = 5;
/// An idle run is recorded at most this often; what it shows is that the program is alive.
const HEARTBEAT: TimeDelta = TimeDelta::minutes(5);

impl Engine {
    /// Runs one job and records the run.
    pub async fn run(&self, job: Job) -> Result<Summary> {
        let started = self.clock.now();
        let outcome = self.work(job).await;
        let finished = self.clock.now();
        if let Err(error) = self.record(job, started, finished, &outcome).await {
            tracing::error!(job.name = job.name(), error = %error, "run of {} not recorded: {error}", job.name());
        }
        outcome
    }

    /// Works, and begins anew where it stood in another daemon's way: a job recomputes what is to be done.
    async fn work(&self, job: Job) -> Result<Summary> {
        let mut conflicts = 0;
        loop {
            let done = self.work_once(job).await;
            let in_the_way = matches!(&done, Err(JobError::Store(error)) if error.is_conflict());
            conflicts += usize::from(in_the_way);
            if !in_the_way || conflicts > MOST_CONFLICTS {
                return done;
            }
        }
    }

    async fn work_once(&self, job: Job) -> Result<Summary> {
        Ok(match job {
            Job::Materialise => Summary::Materialise(materialise::run(self).await?),
            Job::Step => Summary::Step(step::run(self).await?),
            Job::Digest => Summary::Digest(digest::run(self).await?),
            Job::Deliver => Summary::Deliver(deliver::run(self).await?),
            Job::Housekeeping => Summary::Housekeeping(housekeeping::run(self).await?),
        })
    }

    async fn record(
        &self,
        job: Job,
        started: DateTime<Utc>,
        finished: DateTime<Utc>,
        outcome: &Result<Summary>,
    ) -> Result<()> {
        if let Ok(summary) = outcome
            && summary.is_idle()
        {
            let mut tx = self.store.read().await?;
            let last = tx.last_run(job.name()).await?;
            let fresh = |last: &crate::store::runs::Run| {
                last.error.is_none() && (finished - last.finished_at).abs() < HEARTBEAT
            };
            if last.as_ref().is_some_and(fresh) {
                return Ok(());
            }
        }
        let (summary, error) = match outcome {
            Ok(summary) => (summary.to_string(), None),
            Err(error) => (String::from("{}"), Some(error.to_string())),
        };
        let mut tx = self.store.write().await?;
        tx.insert_run(job.name(), started, finished, &summary, error.as_deref()).await?;
        Ok(tx.commit().await?)
    }

    /// One pass: every job once, in order. The first that fails ends it; the next pass begins anew.
    pub async fn pass(&self) -> Result<Vec<(Job, Summary)>> {
        let mut done = Vec::with_capacity(JOBS.len());
        for row in &JOBS {
            if row.job == Job::Housekeeping || self.stopping.is_cancelled() {
                continue;
            }
            done.push((row.job, self.run(row.job).await?));
        }
        Ok(done)
    }
}
