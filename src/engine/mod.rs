//! What everything that works needs: database, clock, settings, wording, the way out, evidence, and what is known.
//!
//! Complete when it is made; nothing is set afterwards. Decides nothing and does no work of its own.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::mail::{Templates, Transport};
use crate::store::{Store, Tx};
use crate::vault::Vault;

pub mod doubt;
pub mod error;
pub mod ground;
pub mod job;
pub mod known;
pub mod link;
pub mod mail_path;
pub mod outbox;
pub mod restored;
pub mod settings;
pub mod term;

pub use error::{JobError, Result, SetupError};
use ground::Ground;
pub use job::Job;
pub use known::Known;
use known::{revision, revision_of};
pub use settings::Settings;

/// So often a transaction that stood in another's way is begun anew.
pub const MOST_CONFLICTS: usize = 5;
/// The key in `meta` of the instant at which this database was copied: it stands in backups, and in what was restored.
pub const COPIED_AT: &str = "copied_at";

/// What an engine is made of.
pub struct Parts {
    pub store: Store,
    pub clock: Clock,
    pub settings: Settings,
    pub templates: Templates,
    pub transport: Transport,
    /// Where evidence lies; `None` = files cannot be taken.
    pub vault: Option<Vault>,
    /// What letters' links are made with; `None` = letters carry no link.
    pub keys: Option<link::Keys>,
    pub process: Process,
    /// Makes its random numbers repeatable.
    pub seed: Option<u64>,
}

/// What the engines of one process share when a reload replaces one by another.
#[derive(Clone, Default)]
pub struct Process {
    /// Who claims: different for each process. `None` = drawn by the first engine.
    pub owner: Option<String>,
    /// Whether a stop has been asked for: finish the row in hand, begin no other.
    pub stopping: CancellationToken,
    /// Whether anything can be written.
    pub ground: Ground,
    pub watch: doubt::ClockWatch,
}

pub struct Engine {
    pub store: Store,
    pub clock: Clock,
    pub settings: Settings,
    pub templates: Arc<Templates>,
    pub transport: Transport,
    pub vault: Option<Vault>,
    pub keys: Option<link::Keys>,
    pub owner: String,
    pub stopping: CancellationToken,
    pub ground: Ground,
    /// Held by whoever notes that somebody was seen: one at a time.
    pub noting: Arc<tokio::sync::Mutex<()>>,
    pub watch: doubt::ClockWatch,
    random: Mutex<StdRng>,
    known: Mutex<Option<Arc<Known>>>,
}

impl Engine {
    pub fn new(parts: Parts) -> Engine {
        let Parts { store, clock, settings, templates, transport, vault, keys, process, seed } = parts;
        let mut random = seed.map_or_else(|| StdRng::from_rng(&mut rand::rng()), StdRng::seed_from_u64);
        let drawn = format!("{:016x}", random.random::<u64>());
        Engine {
            store,
            clock,
            settings,
            templates: Arc::new(templates),
            transport,
            vault,
            keys,
            owner: process.owner.unwrap_or(drawn),
            stopping: process.stopping,
            ground: process.ground,
            noting: Arc::default(),
            watch: process.watch,
            random: Mutex::new(random),
            known: Mutex::new(None),
        }
    }

    /// What another engine of this process takes over.
    pub fn process(&self) -> Process {
        Process {
            owner: Some(self.owner.clone()),
            stopping: self.stopping.clone(),
            ground: self.ground.clone(),
            watch: self.watch.clone(),
        }
    }

    pub fn random(&self) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).random()
    }

    /// Looks whether anything can be written; [`Ground::look`].
    pub async fn look_at_ground(&self) -> bool {
        self.ground.look(&self.store, self.vault.as_ref(), self.clock.now()).await
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

    /// For how long nothing may be decided, because the clock is in doubt.
    pub fn clock_in_doubt(&self) -> Option<std::time::Duration> {
        self.watch.in_doubt(self.clock.now())
    }

    /// The instant by which sessions and links end: a leap of the clock that is held ends none.
    pub fn believed_now(&self) -> chrono::DateTime<chrono::Utc> {
        self.watch.believed(self.clock.now())
    }

    pub fn today(&self) -> NaiveDate {
        self.settings.zone.day_of(self.clock.now())
    }

    pub async fn known(&self) -> Result<Arc<Known>> {
        let mut tx = self.store.read().await?;
        self.known_in(&mut tx).await
    }

    /// What is known at the revision that `meta` was just found to name under [`known::REVISION`].
    pub async fn known_at(&self, value: Option<String>) -> Result<Arc<Known>> {
        match self.held(revision_of(value)) {
            Some(held) => Ok(held),
            None => self.known().await,
        }
    }

    fn held(&self, revision: i64) -> Option<Arc<Known>> {
        let held = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        held.filter(|held| held.revision == revision && held.zone == self.settings.zone)
    }

    /// What is known now, read in a transaction that is open already.
    pub async fn known_in(&self, tx: &mut Tx) -> Result<Arc<Known>> {
        if let Some(held) = self.held(revision(tx).await?) {
            return Ok(held);
        }
        let known = Arc::new(Known::read(tx, self.settings.zone).await?);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
        Ok(known)
    }
}
