//! One round of an obligation: a deadline and all that follows from it. A new deadline, by 退回 or 延期, begins a new
//! round, which climbs the ladder anew.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What belongs to the deadline in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// How often it got a new deadline; 0 = it has the one it was made with.
    pub number: i32,
    /// The deadline in force.
    pub due_at: DateTime<Utc>,
    /// Steps up to this instant are void: before the first start, or before the deadline was given.
    pub armed_at: DateTime<Utc>,
    /// When the miss was declared.
    pub missed_at: Option<DateTime<Utc>>,
    /// 未提醒: a reminder was due and none was accepted by the mail server before the due instant.
    pub unreminded: bool,
    /// The office let a 未提醒 miss count.
    pub confirmed: bool,
    /// The office decided that a 未提醒 miss does not count.
    pub excused: bool,
    /// Its place in its row of misses when it was chased: 1 = the first in a row.
    pub streak: Option<i32>,
    /// The slot in which 催办 came due.
    pub chased_at: Option<DateTime<Utc>>,
    /// The slot in which 督办 came due.
    pub supervised_at: Option<DateTime<Utc>>,
    /// The slot in which 通报建议 came due.
    pub proposed_at: Option<DateTime<Utc>>,
    /// What the office decided on it: 通报 or 不通报.
    pub published: Option<bool>,
}

impl Round {
    /// A round before anything has happened in it.
    pub fn begun(number: i32, due_at: DateTime<Utc>, armed_at: DateTime<Utc>) -> Round {
        Round {
            number,
            due_at,
            armed_at,
            missed_at: None,
            unreminded: false,
            confirmed: false,
            excused: false,
            streak: None,
            chased_at: None,
            supervised_at: None,
            proposed_at: None,
            published: None,
        }
    }

    /// The next one, with a new deadline.
    #[must_use]
    pub fn next(&self, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Round {
        Round::begun(self.number + 1, due_at, now)
    }
}
