//! Why something may not be done: what is asked cannot be, as things stand.

use chrono::NaiveDate;

/// See the module. Nothing has changed where one is given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("尚无可审核的报送")]
    NothingToAccept,
    #[error("已审核通过，无需重复审核")]
    AlreadyAccepted,
    #[error("尚无可退回的报送")]
    NothingToReturn,
    #[error("已审核通过，不能再退回")]
    AcceptedIsNotReturned,
    #[error("退回后的新时限须晚于现在")]
    DeadlineNotAhead,
    #[error("该事项已逾期或已办结，不能申请延期")]
    NoLongerExtended,
    #[error("已过时限；延期须在时限之前申请")]
    AskedAfterDeadline,
    #[error("申请的新时限须晚于原时限")]
    AskedNotLater,
    #[error("该事项已免除或撤销，无须延期")]
    LetGoIsNotExtended,
    #[error("新时限须晚于原时限")]
    DeadlineNotLater,
    #[error("该事项已办结、免除或撤销")]
    AlreadyClosed,
    #[error("该事项没有待认定的“未提醒”逾期")]
    NotUnreminded,
    #[error("{}", match .0 {
        Untimely::TooEarly { acted_on, first } => format!("办理日期 {acted_on} 早于本期开始之日 {first}"),
        Untimely::NotItsDay { acted_on, day } => format!("该事项只认当日办理：办理日期应为 {day}，所填为 {acted_on}"),
    })]
    Untimely(Untimely),
}

/// Why an act of some day does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untimely {
    /// Before the period began.
    TooEarly { acted_on: NaiveDate, first: NaiveDate },
    /// Not on the day that alone counts.
    NotItsDay { acted_on: NaiveDate, day: NaiveDate },
}
