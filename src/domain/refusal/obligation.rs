//! What may not be done to an obligation as it stands.

use chrono::{NaiveDate, NaiveDateTime};

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum ObligationRefusal {
    NothingToAccept,
    AlreadyAccepted,
    NothingToReturn,
    AcceptedIsNotReturned,
    DeadlineNotAhead,
    OneReturnedAtATime,
    /// What is returned gets no earlier deadline than the one in force, as the office's clocks show it.
    DeadlineShortened {
        in_force: NaiveDateTime,
    },
    NoLongerExtended,
    AskedAfterDeadline,
    AskedNotLater,
    LetGoIsNotExtended,
    DeadlineNotLater,
    AlreadyClosed,
    NotUnreminded,
    /// No 通报建议 waits for a decision.
    NoProposal,
    NothingToConfirm,
    AlreadyConfirmed,
    NoneTicked,
    ChangedMeanwhile,
    /// One of several.
    OneChangedMeanwhile,
}

/// Why an act of some day does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untimely {
    /// Before the period began.
    TooEarly { acted_on: NaiveDate, first: NaiveDate },
    /// Not on the day that alone counts.
    NotItsDay { acted_on: NaiveDate, day: NaiveDate },
}
