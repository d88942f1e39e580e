//! When to try a letter again. Pure: age, attempts and a random number come in, an instant or an end goes out.
//!
//! The wait doubles with the letter's age, from 5 minutes to about 70, as Postfix does; jitter keeps a backlog from
//! coming back at once. A reminder has an end after five days; what carries a miss up has none, because silence makes
//! it louder, never quieter.

use chrono::{DateTime, TimeDelta, Utc};

use super::outcome::Outcome;
use crate::domain::letter::LetterKind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub shortest: TimeDelta,
    /// The longest wait, before jitter.
    pub longest: TimeDelta,
    /// How long a reminder is tried.
    pub life: TimeDelta,
    /// How long a reminder waits after an unknown outcome.
    pub unknown_wait: TimeDelta,
    /// How often a reminder of unknown outcome is sent once more.
    pub unknown_repeats: u32,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            shortest: TimeDelta::minutes(5),
            longest: TimeDelta::seconds(4000),
            life: TimeDelta::days(5),
            unknown_wait: TimeDelta::minutes(30),
            unknown_repeats: 1,
        }
    }
}

/// What is known of a letter besides its last outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    pub kind: LetterKind,
    /// When it was written into the outbox.
    pub created_at: DateTime<Utc>,
    /// How many attempts ended unknown, the last one included.
    pub unknown: u32,
}

/// What to do with a letter now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextTry {
    Done,
    /// Try again then, under the same Message-ID.
    At(DateTime<Utc>),
    /// No more attempts: it needs attention and stands on the next digest.
    GiveUp(GiveUp),
}

/// Why there are no more attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    Refused,
    /// A reminder older than its life.
    TooOld,
    /// A reminder of unknown outcome, sent again as often as it may be; it may well have arrived.
    Unknown,
}

impl Backoff {
    /// What comes after `outcome`. `random` is any number; all of its range is used for the jitter.
    pub fn next(&self, tries: Tries, outcome: &Outcome, now: DateTime<Utc>, random: u32) -> NextTry {
        let again = NextTry::At(now + self.wait(now - tries.created_at, random));
        let lives = tries.kind.is_escalation() || now - tries.created_at < self.life;
        match outcome {
            Outcome::Sent { .. } => NextTry::Done,
            Outcome::Refused { .. } => NextTry::GiveUp(GiveUp::Refused),
            Outcome::Unknown { .. } if !tries.kind.is_escalation() => {
                if tries.unknown > self.unknown_repeats {
                    NextTry::GiveUp(GiveUp::Unknown)
                } else {
                    let wait = self.wait(now - tries.created_at, random).max(self.unknown_wait);
                    NextTry::At(now + wait)
                }
            }
            _ if lives => again,
            _ => NextTry::GiveUp(GiveUp::TooOld),
        }
    }

    /// The wait at that age: as long again as the letter is old, within bounds, and up to a quarter more.
    pub fn wait(&self, age: TimeDelta, random: u32) -> TimeDelta {
        let base = age.clamp(self.shortest, self.longest.max(self.shortest));
        let quarter = base.num_seconds() / 4;
        let jitter = quarter * i64::from(random) / i64::from(u32::MAX);
        base + TimeDelta::seconds(jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::outcome::{Reason, Stage};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_667_178_000 + seconds, 0).unwrap()
    }

    fn deferred() -> Outcome {
        Outcome::Deferred { phase: Stage::Rcpt, reply: None, reason: Reason::Temporary }
    }

    fn unknown() -> Outcome {
        Outcome::Unknown { phase: Stage::AfterDot, reason: Reason::Dropped }
    }

    fn tries(kind: LetterKind, unknown: u32) -> Tries {
        Tries { kind, created_at: at(0), unknown }
    }

    #[test]
    fn the_age_doubles_until_the_longest_wait() {
        let backoff = Backoff::default();
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..8 {
            let NextTry::At(next) = backoff.next(tries(LetterKind::Today, 0), &deferred(), at(now), 0) else {
                panic!()
            };
            waits.push((next - at(now)).num_seconds());
            now = (next - at(0)).num_seconds();
        }
        assert_eq!(waits, [300, 300, 600, 1200, 2400, 4000, 4000, 4000]);
    }

    #[test]
    fn jitter_adds_up_to_a_quarter_and_never_takes_away() {
        let backoff = Backoff::default();
        for age in [0, 10, 5_000, 400_000] {
            let least = backoff.wait(TimeDelta::seconds(age), 0);
            let most = backoff.wait(TimeDelta::seconds(age), u32::MAX);
            assert!(least >= TimeDelta::minutes(5) && least <= TimeDelta::seconds(4000));
            assert_eq!(most.num_seconds(), least.num_seconds() + least.num_seconds() / 4);
        }
    }

    #[test]
    fn a_clock_put_back_never_makes_a_wait_shorter_than_the_shortest() {
        assert_eq!(Backoff::default().wait(TimeDelta::days(-3), 0), TimeDelta::minutes(5));
    }

    #[test]
    fn reminders_end_after_five_days_and_escalations_never() {
        let backoff = Backoff::default();
        let late = at(5 * 86_400);
        assert_eq!(backoff.next(tries(LetterKind::Today, 0), &deferred(), late, 0), NextTry::GiveUp(GiveUp::TooOld));
        for kind in [LetterKind::Chase, LetterKind::Supervise, LetterKind::Event, LetterKind::Digest] {
            assert!(matches!(backoff.next(tries(kind, 0), &deferred(), late, 0), NextTry::At(_)));
            assert!(matches!(backoff.next(tries(kind, 9), &unknown(), late, 0), NextTry::At(_)));
        }
    }

    #[test]
    fn an_unknown_reminder_waits_half_an_hour_and_is_sent_once_more_at_most() {
        let backoff = Backoff::default();
        let NextTry::At(next) = backoff.next(tries(LetterKind::Today, 1), &unknown(), at(1), 0) else { panic!() };
        assert!(next - at(1) >= TimeDelta::minutes(30));
        assert_eq!(
            backoff.next(tries(LetterKind::Today, 2), &unknown(), at(4000), 0),
            NextTry::GiveUp(GiveUp::Unknown)
        );
    }

    #[test]
    fn refused_is_the_end_for_every_letter() {
        let refused = Outcome::Refused { phase: Stage::Rcpt, reply: String::new(), reason: Reason::Mailbox };
        for kind in LetterKind::ALL.iter().copied() {
            assert_eq!(Backoff::default().next(tries(kind, 0), &refused, at(0), 0), NextTry::GiveUp(GiveUp::Refused));
        }
    }
}
