//! Obligations as they are looked for: when something has to happen to them, by number, by series, by phase.

use std::cmp::Ordering;
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::bulk::{self, as_count};
use super::error::Result;
use super::row::{ObligationColumns, SEPARATOR, Stored, columns, owners, qualified, select, stored};
use super::tx::{Tx, on};
use crate::domain::duty::DutyId;
use crate::domain::phase::Phase;
use crate::domain::unit::UnitName;

// SQLite plans a statement anew at each call whose LIMIT is a bare parameter; a cast hides the parameter from it.
const DUE: &str = select!("WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at, id LIMIT CAST($2 AS BIGINT)");
const ANY_DUE: &str = "SELECT id FROM obligation WHERE next_at IS NOT NULL AND next_at <= $1 LIMIT 1";
const NEXT: &str = "SELECT next_at FROM obligation WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1";
const BY_ID: &str = select!("WHERE id = $1");
const BY_DUTY_PERIOD: &str = select!("WHERE period = $2 AND duty = $1 ORDER BY id");
const IN_IDS: &str = select!("WHERE id IN ({list})");
const SERIES_BEFORE: &str =
    select!("WHERE series = $1 AND opens_at <= $2 ORDER BY opens_at DESC LIMIT CAST($3 AS BIGINT)");
/// Many series at once, each back from an instant: first how far that is, then what lies between. Both parts walk the index
/// of series, so that what lies further back costs nothing.
macro_rules! back {
    ($before:literal) => {
        concat!(
            "WITH v (series, oldest, until, least) AS (VALUES {values}), \
             f AS (SELECT v.series AS name, v.until, COALESCE((SELECT o.opens_at FROM obligation AS o \
                WHERE o.series = v.series AND o.opens_at < v.oldest ORDER BY o.opens_at DESC LIMIT 1 OFFSET ",
            $before,
            "), v.least) AS since FROM v) ",
            select!("JOIN f ON series = f.name AND opens_at >= f.since AND opens_at <= f.until")
        )
    };
}

const BACK_SHORT: &str = back!("1");
const BACK_LONG: &str = back!("15");
const BACK_COLUMNS: usize = 4;

/// How far back a series is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// Two before.
    Short,
    /// Sixteen before.
    Long,
}

impl Back {
    /// How many lie before where there are so many: the statement's offset and one.
    pub fn length(self) -> usize {
        match self {
            Back::Short => 2,
            Back::Long => 16,
        }
    }
}

const UNOPENED: &str = select!("WHERE opens_at > $1 AND phase IN ('scheduled', 'withdrawn') ORDER BY id");
const ALL: &str = select!("WHERE TRUE");
const LIVE: &str = select!("WHERE phase IN ('open', 'returned', 'missed', 'waiting') AND phase = $1");
const AFTER_ID: &str = select!("WHERE id > $1 ORDER BY id");
const LIVE_DUE: &str =
    select!("WHERE phase IN ('open', 'returned', 'missed', 'waiting') AND phase = $1 AND due_at > $2 AND due_at <= $3");
const COUNT_LIVE: &str = "SELECT COUNT(*) FROM obligation \
    WHERE phase IN ('open', 'returned', 'missed', 'waiting') AND phase = $1";
const COUNT_FILED: &str = "SELECT COUNT(*) FROM obligation WHERE filed_at IS NOT NULL AND filed_at > $1 AND late = $2";
const BY_EVENT: &str = select!("WHERE period = $1 ORDER BY id");
const MISSED_SINCE: &str = select!("WHERE missed_at IS NOT NULL AND missed_at > $1 AND missed_at <= $2");
/// What waits for the office's judgement: each names what its partial index holds.
const UNREMINDED: &str = select!(
    "WHERE unreminded AND NOT confirmed AND NOT excused AND missed_at IS NOT NULL \
     AND phase IN ('missed', 'lapsed', 'waiting', 'done') ORDER BY missed_at, id LIMIT CAST($1 AS BIGINT)"
);
/// Filed in time before the day has come: by the day of the first deadline, from that day on.
const FILED_AHEAD: &str = concat!(
    "SELECT duty, due_on, ",
    owners!("\u{1f}"),
    " AS owners FROM obligation WHERE due_on >= $1 AND first_due_at > $2 AND phase IN ('waiting', 'done') AND NOT late"
);
const COUNT_UNREMINDED: &str = "SELECT COUNT(*) FROM obligation \
    WHERE unreminded AND NOT confirmed AND NOT excused AND missed_at IS NOT NULL \
    AND phase IN ('missed', 'lapsed', 'waiting', 'done')";
const PROPOSED: &str = select!(
    "WHERE proposed_at IS NOT NULL AND published IS NULL AND phase NOT IN ('waived', 'withdrawn', 'upheld') \
     ORDER BY proposed_at DESC, id LIMIT CAST($1 AS BIGINT)"
);
const COUNT_PROPOSED: &str = "SELECT COUNT(*) FROM obligation WHERE proposed_at IS NOT NULL AND published IS NULL \
    AND phase NOT IN ('waived', 'withdrawn', 'upheld')";
const LAPSED_BETWEEN: &str = select!("WHERE phase = 'lapsed' AND closed_at > $1 AND closed_at <= $2");
/// What waits for a step is looked at anew by the next pass.
const WAKE: &str = "UPDATE obligation SET revision = revision + 1, next_at = $1 \
    WHERE next_at > $1 AND phase IN ('open', 'returned', 'missed', 'lapsed')";
/// As above, and what lay before speaks no more: another ladder's past steps are nobody's news.
const RETIME: &str = "UPDATE obligation SET revision = revision + 1, next_at = $1, settled_to = $1 \
    WHERE next_at > $1 AND settled_to < $1 AND due_at > $1 AND phase IN ('open', 'returned')";
pub const STATEMENTS: &[&str] = &[
    DUE,
    ANY_DUE,
    NEXT,
    BY_ID,
    BY_DUTY_PERIOD,
    SERIES_BEFORE,
    UNOPENED,
    ALL,
    AFTER_ID,
    LIVE,
    LIVE_DUE,
    COUNT_LIVE,
    COUNT_FILED,
    BY_EVENT,
    MISSED_SINCE,
    UNREMINDED,
    FILED_AHEAD,
    COUNT_UNREMINDED,
    PROPOSED,
    COUNT_PROPOSED,
    LAPSED_BETWEEN,
    WAKE,
    RETIME,
];

/// The statements of many rows, with their columns.
pub const BULK: &[(&str, usize)] = &[(BACK_SHORT, BACK_COLUMNS), (BACK_LONG, BACK_COLUMNS)];

/// The statements with a list of numbers, with its first placeholder.
pub const LISTS: &[(&str, usize)] = &[(IN_IDS, 1)];

/// One that was filed in time and is not due yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledAhead {
    pub duty: DutyId,
    /// The day of its first deadline.
    pub due_on: NaiveDate,
    pub owners: Vec<UnitName>,
}

/// By deadline; of one deadline by duty and owners.
fn by_deadline(rows: Vec<ObligationColumns>) -> Result<Vec<Stored>> {
    let mut rows = stored(rows)?;
    rows.sort_by(|a, b| {
        let (a, b) = (&a.obligation, &b.obligation);
        let duty: Ordering = a.round.due_at.cmp(&b.round.due_at).then_with(|| a.duty.cmp(&b.duty));
        duty.then_with(|| a.owners.cmp(&b.owners))
    });
    Ok(rows)
}

impl Tx {
    /// Obligations to which something has to happen by `now`, the longest waiting first.
    pub async fn due_obligations(&mut self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(DUE).bind(now).bind(as_count(limit)).fetch_all(c).await?))
    }

    /// Whether anything is due by `now`.
    pub async fn any_obligation_due(&mut self, now: DateTime<Utc>) -> Result<bool> {
        let id: Option<i64> = on!(self, |c| sqlx::query_scalar(ANY_DUE).bind(now).fetch_optional(c).await?);
        Ok(id.is_some())
    }

    /// When anything will have to happen next.
    pub async fn next_step_at(&mut self) -> Result<Option<DateTime<Utc>>> {
        Ok(on!(self, |c| sqlx::query_scalar(NEXT).fetch_optional(c).await?))
    }

    pub async fn obligation(&mut self, id: i64) -> Result<Option<Stored>> {
        let row: Option<ObligationColumns> = on!(self, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?);
        row.map(Stored::try_from).transpose()
    }

    pub async fn obligations_for(&mut self, duty: &str, period: &str) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(BY_DUTY_PERIOD).bind(duty).bind(period).fetch_all(c).await?))
    }

    /// The obligation of that duty, unit (alone or jointly) and period.
    pub async fn obligation_of(&mut self, duty: &str, unit: &str, period: &str) -> Result<Option<Stored>> {
        Ok(self
            .obligations_for(duty, period)
            .await?
            .into_iter()
            .find(|row| row.obligation.owners.iter().any(|owner| owner.0 == unit)))
    }

    /// The obligations with these numbers, in no order.
    pub async fn obligations(&mut self, ids: &[i64]) -> Result<Vec<Stored>> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in bulk::pieces(ids) {
            let text = bulk::list(self.marks(), IN_IDS, 1, chunk.len());
            let rows: Vec<ObligationColumns> = on!(self, |c| {
                let mut query = sqlx::query_as(text).persistent(bulk::keep(chunk.len()));
                for id in chunk {
                    query = query.bind(id);
                }
                query.fetch_all(c).await?
            });
            found.extend(stored(rows)?);
        }
        Ok(found)
    }

    /// The obligations with these numbers, in their order.
    pub async fn obligations_in_order(&mut self, ids: &[i64]) -> Result<Vec<Stored>> {
        let mut found: HashMap<i64, Stored> =
            self.obligations(ids).await?.into_iter().map(|row| (row.obligation.id, row)).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// A series backwards from `until`, at most `limit` of it.
    pub async fn series_before(&mut self, series: &str, until: DateTime<Utc>, limit: usize) -> Result<Vec<Stored>> {
        stored(on!(self, |c| {
            sqlx::query_as(SERIES_BEFORE).bind(series).bind(until).bind(as_count(limit)).fetch_all(c).await?
        }))
    }

    /// Of each of these series what opened by `until`, back to so many before the instant beside it; in no order.
    pub async fn series_back(
        &mut self,
        back: Back,
        series: &[(&str, DateTime<Utc>)],
        until: DateTime<Utc>,
    ) -> Result<Vec<Stored>> {
        let text = match back {
            Back::Short => BACK_SHORT,
            Back::Long => BACK_LONG,
        };
        let mut found = Vec::with_capacity(series.len() * back.length());
        for chunk in bulk::pieces(series) {
            let text = bulk::values(self.marks(), text, chunk.len(), BACK_COLUMNS);
            let rows: Vec<ObligationColumns> = on!(self, |c| {
                let mut query = sqlx::query_as(text).persistent(bulk::keep(chunk.len()));
                for (name, oldest) in chunk {
                    query = query.bind(*name).bind(oldest).bind(until).bind(DateTime::<Utc>::UNIX_EPOCH);
                }
                query.fetch_all(c).await?
            });
            found.extend(stored(rows)?);
        }
        Ok(found)
    }

    /// What has not opened yet, withdrawn ones included.
    pub async fn unopened(&mut self, now: DateTime<Utc>) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(UNOPENED).bind(now).fetch_all(c).await?))
    }

    pub async fn all_obligations(&mut self) -> Result<Vec<Stored>> {
        by_deadline(on!(self, |c| sqlx::query_as(ALL).fetch_all(c).await?))
    }

    /// What is in one of the phases that are not settled for good.
    pub async fn live_obligations(&mut self, phase: Phase) -> Result<Vec<Stored>> {
        by_deadline(on!(self, |c| sqlx::query_as(LIVE).bind(phase.code()).fetch_all(c).await?))
    }

    /// What was made after the obligation of that number.
    pub async fn obligations_after(&mut self, id: i64) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(AFTER_ID).bind(id).fetch_all(c).await?))
    }

    /// What is in one of those phases and due after `from` and by `until`.
    pub async fn live_due_between(
        &mut self,
        phase: Phase,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Stored>> {
        by_deadline(on!(self, |c| {
            sqlx::query_as(LIVE_DUE).bind(phase.code()).bind(from).bind(until).fetch_all(c).await?
        }))
    }

    /// How many are in one of those phases.
    pub async fn count_live(&mut self, phase: Phase) -> Result<u64> {
        let count: i64 = on!(self, |c| sqlx::query_scalar(COUNT_LIVE).bind(phase.code()).fetch_one(c).await?);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How many were filed since then, in time or late.
    pub async fn count_filed_since(&mut self, since: DateTime<Utc>, late: bool) -> Result<u64> {
        let count: i64 = on!(self, |c| sqlx::query_scalar(COUNT_FILED).bind(since).bind(late).fetch_one(c).await?);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// What an event (or a node) opened, by its period key.
    pub async fn obligations_of_period(&mut self, period: &str) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(BY_EVENT).bind(period).fetch_all(c).await?))
    }

    /// The misses declared after `from` and by `until`.
    pub async fn missed_between(&mut self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Stored>> {
        by_deadline(on!(self, |c| sqlx::query_as(MISSED_SINCE).bind(from).bind(until).fetch_all(c).await?))
    }

    /// Misses marked 未提醒 that the office has not judged, in the order of their declaration.
    pub async fn unreminded_misses(&mut self, limit: usize) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(UNREMINDED).bind(as_count(limit)).fetch_all(c).await?))
    }

    pub async fn count_unreminded(&mut self) -> Result<u64> {
        let count: i64 = on!(self, |c| sqlx::query_scalar(COUNT_UNREMINDED).fetch_one(c).await?);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// 通报建议 that the office has not decided, the newest first.
    pub async fn proposed(&mut self, limit: usize) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(PROPOSED).bind(as_count(limit)).fetch_all(c).await?))
    }

    pub async fn count_proposed(&mut self) -> Result<u64> {
        let count: i64 = on!(self, |c| sqlx::query_scalar(COUNT_PROPOSED).fetch_one(c).await?);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// What closed as missed after `from` and by `until`.
    pub async fn lapsed_between(&mut self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<Stored>> {
        by_deadline(on!(self, |c| sqlx::query_as(LAPSED_BETWEEN).bind(from).bind(until).fetch_all(c).await?))
    }

    /// What was filed in time and is due only after `now`.
    pub async fn filed_ahead(&mut self, today: NaiveDate, now: DateTime<Utc>) -> Result<Vec<FiledAhead>> {
        let rows: Vec<(String, NaiveDate, String)> =
            on!(self, |c| sqlx::query_as(FILED_AHEAD).bind(today).bind(now).fetch_all(c).await?);
        let units = |owners: &str| owners.split(SEPARATOR).map(|name| UnitName(name.to_owned())).collect();
        let row = |(duty, due_on, owners): (String, _, String)| FiledAhead {
            duty: DutyId(duty),
            due_on,
            owners: units(&owners),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// Has the next pass look at everything open that waits for a later step. Returns how many.
    pub async fn wake_open_obligations(&mut self, now: DateTime<Utc>) -> Result<u64> {
        Ok(on!(self, |c| sqlx::query(WAKE).bind(now).execute(c).await?.rows_affected()))
    }

    /// Has the next pass time anew everything open, by steps after `now` alone. Returns how many.
    pub async fn retime_open_obligations(&mut self, now: DateTime<Utc>) -> Result<u64> {
        let retimed = on!(self, |c| sqlx::query(RETIME).bind(now).execute(c).await?.rows_affected());
        Ok(retimed + self.wake_open_obligations(now).await?)
    }
}
