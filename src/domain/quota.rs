//! 数量要求: what has been counted towards an obligation, and whether it is enough and in time.
//!
//! Quotas add up over the submissions of a period; `distinct` counts different names; a level takes the latest figure.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use super::counter::Item;

use super::counter;
use super::duty::Quota;

/// A submission as far as counting goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    pub received_at: DateTime<Utc>,
    /// The civil day of the act.
    pub acted_on: NaiveDate,
    pub items: Vec<Item>,
    /// Whether it closes the obligation only once it is reviewed.
    pub review_first: bool,
}

/// How far one counter has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The counter and its measure word.
    pub counter: String,
    /// 家, 条, …
    pub unit: String,
    /// Counted so far.
    pub have: u32,
    /// Wanted at least.
    pub want: u32,
}

impl Count {
    pub fn missing(&self) -> u32 {
        self.want.saturating_sub(self.have)
    }
}

/// Counts the filings towards each quota, in the order of `received_at`.
pub fn count(quotas: &[Quota], filings: &[&Filing]) -> Vec<Count> {
    quotas
        .iter()
        .map(|quota| Count {
            counter: quota.counter.clone(),
            unit: quota.unit.clone(),
            have: have(quota, filings),
            want: quota.at_least,
        })
        .collect()
}

fn have(quota: &Quota, filings: &[&Filing]) -> u32 {
    let values = |filing: &&Filing| -> Vec<String> {
        filing.items.iter().filter(|item| item.counter == quota.counter).map(|item| item.value.clone()).collect()
    };
    if quota.distinct {
        let named = filings.iter().flat_map(values).flat_map(|value| counter::kept_names(quota, &value));
        return u32::try_from(named.collect::<BTreeSet<String>>().len()).unwrap_or(u32::MAX);
    }
    // Where one act is wanted, a filing that names nothing is that act: nobody should have to count to one.
    let bare = |filing: &&Filing| u32::from(quota.wants_one_act() && filing.items.is_empty());
    let figures = filings.iter().map(|filing| {
        let amounts = values(filing).into_iter().map(|value| counter::amount(quota, &value));
        amounts.fold(bare(filing), u32::saturating_add)
    });
    if quota.level {
        // A check-in that does not speak of the level leaves the earlier figure in place.
        return filings.iter().zip(figures).rfind(|(filing, _)| !values(filing).is_empty()).map_or(0, |(_, n)| n);
    }
    figures.fold(0, u32::saturating_add)
}

/// Whether the filings are enough: every counter met; without a quota, one submission.
pub fn met(quotas: &[Quota], filings: &[&Filing]) -> bool {
    !filings.is_empty() && count(quotas, filings).iter().all(|count| count.missing() == 0)
}

/// What the filings amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Unmet,
    /// Enough, done and filed in time; when it became enough.
    InTime(DateTime<Utc>),
    /// Enough, but only with what was done or filed late.
    Late(DateTime<Utc>),
}
