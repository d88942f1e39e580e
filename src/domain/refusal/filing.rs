//! What may not be filed, corrected or taken back.

use chrono::{NaiveDate, NaiveDateTime};

use super::obligation::Untimely;
use crate::domain::counter::{CounterFault, MOST, Unread};
use crate::domain::light::Light;
use crate::domain::phase::Phase;

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum FilingRefusal {
    /// For no obligation at all.
    ForNothing,
    /// Neither a sentence nor a counted thing nor a file.
    SaysNothing,
    /// The catalogue does not link these duties with the one that it was filed for.
    NotLinked {
        duty: String,
        others: Vec<String>,
        linked: Vec<String>,
    },
    /// Of one duty an act counts for one period.
    OneDutyTwice {
        duty: String,
    },
    /// The post has sent as much evidence today as it may: so many MB.
    EvidenceOfTheDay(u64),
    /// More evidence than the post's share of the room there is: so many MB.
    EvidenceBeyondShare(u64),
    EvidenceStoreFull,
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
    NumberWanted {
        counter: String,
        unit: String,
        typed: String,
    },
    NumberTooLarge {
        counter: String,
        most: u32,
    },
    NameWanted {
        counter: String,
        typed: String,
    },
    TooManyItems(usize),
    TooManyFilings {
        id: i64,
        most: usize,
    },
    CorrectedTooOften {
        most: usize,
    },
    ReceiptTaken,
    /// The same number with other content.
    ReceiptOfOtherContent(String),
    ReceiptInWork,
    AlreadyWithdrawn(String),
    AlreadyReviewed(String),
    CorrectedTooLate,
    /// There is nowhere to keep files.
    NoPlaceForEvidence,
    /// Larger than so many bytes.
    LargerThan(u64),
}

impl From<CounterFault> for FilingRefusal {
    fn from(fault: CounterFault) -> FilingRefusal {
        match fault {
            CounterFault::Unknown { counter, known } => FilingRefusal::UnknownCounter { counter, known },
            CounterFault::Empty { counter } => FilingRefusal::ItemWithoutValue { counter },
            CounterFault::Unread { counter, unit, typed, why } => match why {
                Unread::NoNumber => FilingRefusal::NumberWanted { counter, unit, typed },
                Unread::TooMany => FilingRefusal::NumberTooLarge { counter, most: MOST },
                Unread::NoName => FilingRefusal::NameWanted { counter, typed },
            },
        }
    }
}

impl From<Untimely> for FilingRefusal {
    fn from(untimely: Untimely) -> FilingRefusal {
        match untimely {
            Untimely::TooEarly { acted_on, first } => FilingRefusal::ActedTooEarly { acted_on, first },
            Untimely::NotItsDay { acted_on, day } => FilingRefusal::ActedOnAnotherDay { acted_on, day },
        }
    }
}
