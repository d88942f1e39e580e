//! Whether mail goes out, as `meta` remembers it: since when it does not and why, and which refusals could be our fault.
//!
//! Values and their written form. What they follow from is decided in `jobs::deliver`, what is red in `read::health`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::mail::{Reason, Stage};

/// The key in `meta` of [`MailDown`]; empty = mail goes out.
pub const MAIL_DOWN: &str = "mail_down";
/// The key in `meta` of [`Doubt`].
pub const MAIL_DOUBT: &str = "mail_doubt";

/// All mail waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailDown {
    pub since: DateTime<Utc>,
    /// How far the talk had got.
    pub stage: Stage,
    pub reason: Reason,
    /// What the server said, or what failed.
    pub reply: String,
    /// Whether waiting alone will not mend it.
    pub refused: bool,
}

impl MailDown {
    /// From its written form. What an older program wrote stands for a refusal of which nothing more is known.
    pub fn read(text: &str) -> Option<MailDown> {
        serde_json::from_str(text).ok().or_else(|| {
            let (since, reply) = text.split_once(' ')?;
            let (stage, reason) = (Stage::Connect, Reason::Policy);
            Some(MailDown { since: since.parse().ok()?, stage, reason, reply: reply.to_owned(), refused: false })
        })
    }

    pub fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Refusals since the mail server last took a letter, and the letters that it blamed us for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// Letters refused in words that could be about anybody, in their order.
    pub in_a_row: Vec<i64>,
    pub blamed: Vec<Blame>,
}

/// A letter at which we were told that the fault is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blame {
    pub letter: i64,
    /// How often another letter was taken right after all the same.
    pub belied: u32,
    pub pending: bool,
}

/// So many letters refused in a row, and none taken, are no accident.
pub const SEVERAL: usize = 3;
/// A letter whose blame was belied so often speaks of itself alone.
const BELIED: u32 = 2;
/// Blamed letters that are remembered.
const REMEMBERED: usize = 50;

impl Doubt {
    pub fn read(text: &str) -> Doubt {
        serde_json::from_str(text).unwrap_or_default()
    }

    pub fn written(&self) -> String {
        if *self == Doubt::default() { String::new() } else { serde_json::to_string(self).unwrap_or_default() }
    }

    /// The server has taken a letter: what it refused before was not for our sake.
    pub fn taken(&mut self, letter: i64) {
        self.in_a_row.clear();
        self.blamed.retain(|blame| blame.letter != letter);
        for blame in self.blamed.iter_mut().filter(|blame| blame.pending) {
            *blame = Blame { belied: blame.belied + 1, pending: false, ..*blame };
        }
    }

    /// The server refused a letter in words that could be about anybody. Says whether that makes several.
    pub fn refused(&mut self, letter: i64) -> bool {
        if !self.in_a_row.contains(&letter) {
            self.in_a_row.push(letter);
        }
        self.in_a_row.len() >= SEVERAL
    }

    /// At this letter the server said that the fault is ours.
    pub fn blame(&mut self, letter: i64) {
        match self.blamed.iter_mut().find(|blame| blame.letter == letter) {
            Some(blame) => blame.pending = true,
            None => self.blamed.push(Blame { letter, belied: 0, pending: true }),
        }
        let over = self.blamed.len().saturating_sub(REMEMBERED);
        self.blamed.drain(..over);
    }

    /// Whether the server says so of this letter time and again, and takes others.
    pub fn is_belied(&self, letter: i64) -> bool {
        self.blamed.iter().any(|blame| blame.letter == letter && blame.belied >= BELIED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again_and_an_older_form_too() {
        let since = DateTime::from_timestamp(1_667_178_000, 0).unwrap();
        let down =
            MailDown { since, stage: Stage::AfterDot, reason: Reason::Quota, reply: "550".into(), refused: true };
        assert_eq!(MailDown::read(&down.written()), Some(down));
        assert_eq!(MailDown::read("2020-01-01T00:00:00+00:00 auth: 535 no").unwrap().reply, "auth: 535 no");
        assert_eq!((MailDown::read(""), Doubt::read("").written()), (None, String::new()));
    }

    #[test]
    fn several_in_a_row_are_told_from_the_same_one_again_and_again() {
        let mut doubt = Doubt::default();
        assert!(!doubt.refused(1) && !doubt.refused(1) && !doubt.refused(1) && !doubt.refused(2) && doubt.refused(3));
        doubt.taken(4);
        assert!(!doubt.refused(5) && !doubt.refused(6));
    }

    #[test]
    fn a_letter_that_alone_is_blamed_cannot_hold_up_the_others_for_ever() {
        let mut doubt = Doubt::default();
        for other in [8, 9] {
            doubt.blame(7);
            assert!(!doubt.is_belied(7));
            doubt.taken(other);
        }
        assert!(doubt.is_belied(7) && !doubt.is_belied(8));
        // Blamed and then taken itself: it was the day, not the letter.
        doubt.taken(7);
        assert!(!doubt.is_belied(7));
    }
}
