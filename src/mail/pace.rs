//! How fast letters leave. Pure: an instant comes in, a wait goes out.

use chrono::{DateTime, TimeDelta, Utc};

/// The pace of sending, shared by all sessions of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    every: Option<TimeDelta>,
    /// The instant at which the last turn was asked for, and that of the next free turn.
    seen: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Pace {
    /// One letter in each `every`; `None` = no pace.
    pub fn new(every: Option<TimeDelta>) -> Pace {
        Pace { every: every.filter(|every| *every > TimeDelta::zero()), seen: None }
    }

    /// Takes the next turn: how long to wait before the letter may leave. Several sessions may ask at the same instant
    /// and get turns one after the other. A clock put back moves the turns already taken with it.
    pub fn turn(&mut self, now: DateTime<Utc>) -> TimeDelta {
        let Some(every) = self.every else { return TimeDelta::zero() };
        let free = match self.seen {
            Some((last, free)) if now < last => free - (last - now),
            Some((_, free)) => free,
            None => now,
        };
        let at = free.max(now);
        self.seen = Some((now, at + every));
        at - now
    }
}

impl Default for Pace {
    fn default() -> Pace {
        Pace::new(Some(TimeDelta::seconds(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_667_178_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn one_letter_a_second() {
        let mut pace = Pace::default();
        assert_eq!(pace.turn(at(0)), TimeDelta::zero());
        assert_eq!(pace.turn(at(200)), TimeDelta::milliseconds(800));
        assert_eq!(pace.turn(at(5_000)), TimeDelta::zero());
        assert_eq!(pace.turn(at(6_000)), TimeDelta::zero());
    }

    #[test]
    fn sessions_that_ask_at_once_get_turns_one_after_the_other() {
        let mut pace = Pace::default();
        let waits: Vec<i64> = (0..4).map(|_| pace.turn(at(0)).num_seconds()).collect();
        assert_eq!(waits, [0, 1, 2, 3]);
    }

    #[test]
    fn a_clock_put_back_costs_one_turn_at_most() {
        let mut pace = Pace::default();
        pace.turn(at(0));
        assert_eq!(pace.turn(at(-7_200_000)), TimeDelta::seconds(1));
    }

    #[test]
    fn no_pace_never_waits() {
        let mut pace = Pace::new(None);
        for _ in 0..1000 {
            assert_eq!(pace.turn(at(0)), TimeDelta::zero());
        }
    }
}
