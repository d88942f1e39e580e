//! The only place that reads the time. Everything else is handed an instant.
//!
//! Instants are whole seconds, so that both databases give back what was put in.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

/// Where `now` comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// A clock that stands still until it is set: simulation and tests.
    Stepped(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now`.
    pub fn stepped(now: DateTime<Utc>) -> Clock {
        Clock::Stepped(Arc::new(AtomicI64::new(now.timestamp())))
    }

    /// The present instant, in whole seconds.
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
            Clock::System => DateTime::from_timestamp(Utc::now().timestamp(), 0).unwrap_or_default(),
            Clock::Stepped(seconds) => DateTime::from_timestamp(seconds.load(Ordering::SeqCst), 0).unwrap_or_default(),
        }
    }

    /// Sets a stepped clock, backwards too. The system's clock stays as it is.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Clock::Stepped(seconds) = self {
            seconds.store(now.timestamp(), Ordering::SeqCst);
        }
    }
}

/// When this program was built, where whoever built it says so (`SOURCE_DATE_EPOCH`, as for reproducible builds): the
/// clock of the building machine is not asked, so that the same source makes the same program.
pub fn built_at() -> Option<DateTime<Utc>> {
    let seconds = option_env!("SOURCE_DATE_EPOCH")?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0)
}

/// The monotonic instant, for measuring how long something took. Never for deciding when something is due.
pub fn monotonic() -> std::time::Instant {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    std::time::Instant::now()
}

/// How long the machine has been on, sleep included. Nobody can set it, which tells a clock that was set from time that
/// has passed.
pub fn since_boot() -> std::time::Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    std::time::Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanoseconds)
}
