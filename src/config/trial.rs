//! `[trial]`: 试运行.

use chrono::NaiveDate;

use super::section::section;

section!(
    "trial",
    struct TrialSection {
        /// The day on which letters begin to go to whom they are for; before it the office alone gets them.
        until: Option<NaiveDate>,
    }
);
