//! Leaps of the machine's clock. Pure: two clocks' readings come in, whether to hold goes out.
//!
//! A clock that is set ahead by more than a day while the machine was on is more often wrong than right, and what is
//! told in that while cannot be untold. Time that has really passed, asleep or switched off, is no leap: the time since the
//! machine was switched on has passed too, or the process is a new one. So nothing is decided and nothing sent until
//! the clock is put right, somebody confirms it, or a while has gone by. A clock set back holds nothing: nothing is due.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// A smaller leap is believed.
pub const IMPLAUSIBLE: TimeDelta = TimeDelta::days(1);

/// What is known of the two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leap {
    /// The last reading that was believed.
    wall: DateTime<Utc>,
    boot: Duration,
    /// When the hold began, by the clock that cannot be set.
    since: Option<Duration>,
    hold: Duration,
}

/// What a look at the clocks found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Believed,
    /// A leap has just been found: hold.
    Leapt(TimeDelta),
    Held,
    /// The hold has just ended: the clock was put right, or the while has gone by.
    Released,
}

impl Look {
    /// Whether nothing may be decided or sent.
    pub fn holds(self) -> bool {
        matches!(self, Look::Leapt(_) | Look::Held)
    }
}

impl Leap {
    /// Both clocks as they stand at the start; a leap is held for `hold`.
    pub fn new(wall: DateTime<Utc>, boot: Duration, hold: Duration) -> Leap {
        Leap { wall, boot, since: None, hold }
    }

    pub fn look(&mut self, wall: DateTime<Utc>, boot: Duration) -> Look {
        let passed = TimeDelta::from_std(boot.saturating_sub(self.boot)).unwrap_or(TimeDelta::MAX);
        let ahead = (wall - self.wall) - passed;
        let over = self.since.is_some_and(|since| boot.saturating_sub(since) >= self.hold);
        if ahead > IMPLAUSIBLE && !over && !self.hold.is_zero() {
            if self.since.is_some() {
                return Look::Held;
            }
            self.since = Some(boot);
            return Look::Leapt(ahead);
        }
        (self.wall, self.boot) = (wall, boot);
        if self.since.take().is_some() { Look::Released } else { Look::Believed }
    }

    /// What time it would be without the leap; `wall` where none is held.
    pub fn believed(&self, wall: DateTime<Utc>, boot: Duration) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(boot.saturating_sub(self.boot)).unwrap_or(TimeDelta::zero());
        if self.since.is_some() { self.wall + passed } else { wall }
    }

    /// How much longer a leap is held at most.
    pub fn left(&self, boot: Duration) -> Duration {
        self.since.map_or(Duration::ZERO, |since| self.hold.saturating_sub(boot.saturating_sub(since)))
    }

    /// Takes the clock for right from now on.
    pub fn confirm(&mut self, wall: DateTime<Utc>, boot: Duration, hold: Duration) {
        *self = Leap::new(wall, boot, hold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: Duration = Duration::from_mins(10);

    fn wall(days: i64, seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + days * 86_400 + seconds, 0).unwrap()
    }

    fn boot(seconds: u64) -> Duration {
        Duration::from_secs(1000 + seconds)
    }

    fn started() -> Leap {
        Leap::new(wall(0, 0), boot(0), HOLD)
    }

    #[test]
    fn a_leap_is_held_and_then_believed() {
        let mut leap = started();
        assert_eq!(leap.look(wall(0, 30), boot(30)), Look::Believed);
        assert_eq!(leap.look(wall(3, 60), boot(60)), Look::Leapt(TimeDelta::days(3)));
        assert_eq!((leap.believed(wall(3, 60), boot(60)), leap.left(boot(60))), (wall(0, 60), HOLD));
        assert_eq!(leap.look(wall(3, 90), boot(90)), Look::Held);
        assert_eq!(leap.look(wall(3, 660), boot(660)), Look::Released);
        assert_eq!(leap.look(wall(3, 690), boot(690)), Look::Believed);
        assert_eq!((leap.believed(wall(3, 690), boot(690)), leap.left(boot(690))), (wall(3, 690), Duration::ZERO));
    }

    #[test]
    fn a_clock_put_right_ends_the_hold() {
        let mut leap = started();
        assert!(leap.look(wall(27_000, 30), boot(30)).holds());
        assert_eq!(leap.look(wall(0, 60), boot(60)), Look::Released);
    }

    #[test]
    fn sleep_is_no_leap() {
        let mut leap = started();
        assert_eq!(leap.look(wall(40, 0), boot(40 * 86_400)), Look::Believed);
    }

    #[test]
    fn back_holds_nothing() {
        let mut leap = started();
        assert_eq!(leap.look(wall(-1, 0), boot(30)), Look::Believed);
        assert_eq!(leap.look(wall(-1, 30), boot(60)), Look::Believed);
        // Put right again: no more than it was set back by.
        assert!(!leap.look(wall(0, 60), boot(90)).holds());
    }

    #[test]
    fn who_confirms_waits_no_longer() {
        let mut leap = started();
        assert!(leap.look(wall(3, 30), boot(30)).holds());
        leap.confirm(wall(3, 40), boot(40), HOLD);
        assert_eq!(leap.look(wall(3, 60), boot(60)), Look::Believed);
        let mut never = Leap::new(wall(0, 0), boot(0), Duration::ZERO);
        assert_eq!(never.look(wall(3, 30), boot(30)), Look::Believed);
    }
}
