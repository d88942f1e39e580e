//! `[alarm]`: from when on something is wrong, and whom to tell when mail cannot.

use super::section::section;
use super::value::{Program, Span};

section!(
    "alarm",
    struct AlarmSection {
        /// Run when `duban status` would exit with 1.
        on_alarm: Option<Program>,
        /// It is run at most once in this time.
        every: Span<1, 604_800>,
        /// The last pass may be this old. An idle pass is recorded every five minutes.
        max_pass_age: Span<600, 604_800>,
        /// The oldest letter that waits to be sent may be this old.
        max_unsent_age: Span<60, 604_800>,
        /// The mail path may be down for this long.
        max_mail_down: Span<60, 604_800>,
    }
);
