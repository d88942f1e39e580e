//! 数量要求: what has been counted towards an obligation, and whether it is enough and in time.
//!
//! Quotas add up over the submissions of a period; `distinct` counts different names; a level takes the latest figure.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::duty::Quota;
use super::text::fold;

/// One named or counted thing in a submission (`检查企业=某某公司`, `标语海报=3`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub counter: String,
    pub value: String,
}

impl Item {
    /// How much it adds: a plain number adds itself, a name adds one.
    fn amount(&self) -> u32 {
        fold(&self.value).parse().unwrap_or(1)
    }
}

/// A submission as far as counting goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filing {
    pub received_at: DateTime<Utc>,
    /// The civil day of the act.
    pub acted_on: NaiveDate,
    pub items: Vec<Item>,
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
    let items = |filing: &&Filing| -> Vec<Item> {
        filing.items.iter().filter(|item| item.counter == quota.counter).cloned().collect()
    };
    if quota.distinct {
        let names: BTreeSet<String> = filings.iter().flat_map(items).map(|item| fold(&item.value)).collect();
        return u32::try_from(names.len()).unwrap_or(u32::MAX);
    }
    // Where one act is wanted, a filing that names nothing is that act: nobody should have to count to one.
    let bare = |filing: &&Filing| u32::from(quota.at_least == 1 && !quota.level && filing.items.is_empty());
    let figures =
        filings.iter().map(|filing| items(filing).iter().map(Item::amount).fold(bare(filing), u32::saturating_add));
    if quota.level {
        // A check-in that does not speak of the level leaves the earlier figure in place.
        return filings.iter().zip(figures).rfind(|(filing, _)| !items(filing).is_empty()).map_or(0, |(_, n)| n);
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
