//! `[time]`: where local time is read, from when on obligations count, how far ahead they are made.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::section::section;
use super::value::{Number, Span};

section!(
    "time",
    struct TimeSection {
        zone: Tz,
        /// The first day that counts, if it is not the day of the first start.
        starts_on: Option<NaiveDate>,
        /// How far ahead obligations are made.
        horizon_days: Number<1, 400>,
        /// How long nothing is told after the machine's clock has leapt ahead by more than a day.
        leap_hold: Span<0, 86_400>,
    }
);
