//! Whether the machine's clock is in doubt: one watch a process, looked at by the daemon's loops and by every act.
//!
//! What a leap is stands in `domain::leap`. Here the two clocks are read, and what is found is told once. Other processes
//! learn it from `meta`, where the daemon notes it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::clock::since_boot;
use crate::domain::leap::{Leap, Look};

/// The key in `meta` under which the daemon notes that it holds a leap; empty = it does not.
pub const CLOCK_DOUBT: &str = "clock_doubt";
/// How long a caller is asked to wait where it is not known how long a leap is held.
const SOON: Duration = Duration::from_mins(1);

/// Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ClockWatch(Arc<Mutex<Watch>>);

#[derive(Debug, Default)]
enum Watch {
    /// Nobody watches: a command, a simulation, a test.
    #[default]
    Nobody,
    Here(Leap),
    /// The daemon holds a leap, as its database says.
    Elsewhere,
}

impl ClockWatch {
    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches from now on, and believes the clock as it stands.
    pub fn begin(&self, now: DateTime<Utc>, hold: Duration) {
        *self.watch() = Watch::Here(Leap::new(now, since_boot(), hold));
    }

    /// Another process holds a leap.
    pub fn held_elsewhere(&self) {
        *self.watch() = Watch::Elsewhere;
    }

    /// Looks at the clocks. Says for how long to wait if nothing may be decided now.
    pub fn in_doubt(&self, now: DateTime<Utc>) -> Option<Duration> {
        let boot = since_boot();
        let mut watch = self.watch();
        let leap = match &mut *watch {
            Watch::Nobody => return None,
            Watch::Elsewhere => return Some(SOON),
            Watch::Here(leap) => leap,
        };
        let look = leap.look(now, boot);
        let left = leap.left(boot);
        match look {
            Look::Leapt(by) => tracing::error!(
                clock.leap_seconds = by.num_seconds(),
                "the clock has leapt ahead by {} h: nothing is decided, taken or sent until it is put right, confirmed \
                 with SIGHUP, or {} min have gone by",
                by.num_hours(),
                left.as_secs() / 60
            ),
            Look::Released => tracing::warn!("the clock is taken for right again"),
            Look::Held | Look::Believed => {}
        }
        look.holds().then_some(left.max(Duration::from_secs(1)))
    }

    /// What time it is, a leap that is held left out: who has signed in stays so.
    pub fn believed(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.in_doubt(now);
        match &*self.watch() {
            Watch::Here(leap) => {
                // Whole seconds, as all instants.
                let believed = leap.believed(now, since_boot());
                believed - TimeDelta::nanoseconds(i64::from(believed.timestamp_subsec_nanos()))
            }
            Watch::Nobody | Watch::Elsewhere => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_is_seen_by_whoever_looks_first_and_by_all_who_share_the_watch() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let watch = ClockWatch::default();
        assert_eq!(watch.in_doubt(start + TimeDelta::days(6)), None, "nobody watches");
        watch.begin(start, Duration::from_mins(10));
        let other = watch.clone();
        assert_eq!(other.in_doubt(start + TimeDelta::hours(3)), None);
        watch.begin(start, Duration::from_mins(10));
        let leapt = start + TimeDelta::days(6);
        assert!(other.in_doubt(leapt).is_some() && watch.in_doubt(leapt).is_some());
        assert!(watch.believed(leapt) < start + TimeDelta::hours(1));
        watch.begin(leapt, Duration::from_mins(10));
        assert_eq!((other.in_doubt(leapt), other.believed(leapt)), (None, leapt));
    }
}
