//! What the office decided about the program itself.

use chrono::{NaiveDate, TimeDelta};

use crate::domain::calendar::Zone;
use crate::mail::{Backoff, Mailbox};

#[derive(Debug, Clone)]
pub struct Settings {
    pub zone: Zone,
    /// How far ahead obligations are made.
    pub horizon: TimeDelta,
    /// The first day that counts, if it is not the day of the first start.
    pub starts_on: Option<NaiveDate>,
    pub from: Mailbox,
    pub reply_to: Option<Mailbox>,
    /// How to reach the office, as letters say it.
    pub contact: String,
    /// 落款.
    pub signature: String,
    /// Where the console is; without it letters carry no link.
    pub public_url: Option<String>,
    /// 试运行: letters go to the office alone before that day.
    pub trial_until: Option<NaiveDate>,
    /// One letter in each of these; `None` = no pace.
    pub pace: Option<TimeDelta>,
    /// Letters a claim takes at once.
    pub batch: usize,
    pub connections: usize,
    pub lease: TimeDelta,
    pub backoff: Backoff,
}
