//! What may not be filed, corrected or taken back.

use chrono::{NaiveDate, NaiveDateTime};

use super::obligation::Untimely;
use crate::domain::light::Light;
use crate::domain::phase::Phase;

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum FilingRefusal {
    /// For no obligation at all.
    ForNothing,
    ActedTooEarly {
        acted_on: NaiveDate,
        first: NaiveDate,
    },
    ActedOnAnotherDay {
        acted_on: NaiveDate,
        day: NaiveDate,
    },
    ActedInTheFuture(NaiveDate),
    NotOpenYet {
        id: i64,
        /// As the office's clocks show it.
        opens: NaiveDateTime,
    },
    NoLongerMadeGood(i64),
    NothingToFile {
        id: i64,
        light: Light,
        phase: Phase,
    },
    AcceptedIsNotFiledAgain(i64),
    AnswerDoesNotSuffice,
    UnknownCounter {
        counter: String,
        known: Vec<String>,
    },
    /// A form's field that is no counter's.
    NoCounter,
    ItemWithoutValue {
        counter: String,
    },
    TooManyItems(usize),
    ReceiptTaken,
    ReceiptInWork,
    AlreadyWithdrawn(String),
    AlreadyReviewed(String),
    CorrectedTooLate,
    /// There is nowhere to keep files.
    NoPlaceForEvidence,
    /// Larger than so many bytes.
    LargerThan(u64),
}

impl From<Untimely> for FilingRefusal {
    fn from(untimely: Untimely) -> FilingRefusal {
        match untimely {
            Untimely::TooEarly { acted_on, first } => FilingRefusal::ActedTooEarly { acted_on, first },
            Untimely::NotItsDay { acted_on, day } => FilingRefusal::ActedOnAnotherDay { acted_on, day },
        }
    }
}
