//! Obligations: made, found when something has to happen to them, changed by compare-and-swap.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;

use super::{
    bulk::{self, as_count},
    counts::{Counted, join_owners},
    error::{Result, StoreError},
    tx::{Tx, on},
};
use crate::domain::{
    duty::{DutyId, Form},
    obligation::{Facts, Obligation, owner_key, series_key},
    phase::Phase,
    round::Round,
    unit::UnitName,
};

/// Builds a SELECT of all columns at compile time.
macro_rules! select {
    ($($tail:tt)+) => {
        concat!(
            "SELECT id, revision, catalogue, duty, form, owners, joint, period, opens_at, period_end, due_at, ",
            "first_due_at, due_on, phase, reminded, late, returned_late, missed_at, unreminded, confirmed, filed_at, closed_at, ",
            "accepted_at, streak, round, chased_at, supervised_at, proposed_at, armed_at, settled_to, next_at, log_head ",
            "FROM obligation ",
            $($tail)+
        )
    };
}
pub(super) use select;

const INSERT: &str = "INSERT INTO obligation (revision, catalogue, duty, form, owner, owners, joint, series, period, \
    opens_at, period_end, due_at, first_due_at, due_on, phase, armed_at, settled_to, next_at, log_head) \
    VALUES {values} \
    ON CONFLICT (duty, owner, period) DO NOTHING";
const INSERT_COLUMNS: usize = 19;

const UPDATE: &str = "WITH v (id, revision, catalogue, owners, opens_at, period_end, due_at, first_due_at, \
    due_on, phase, reminded, late, returned_late, missed_at, unreminded, confirmed, filed_at, closed_at, accepted_at, streak, round, chased_at, \
    supervised_at, proposed_at, armed_at, settled_to, next_at, log_head) AS (VALUES {values}) \
    UPDATE obligation SET revision = obligation.revision + 1, catalogue = v.catalogue, owners = v.owners, \
    opens_at = v.opens_at, period_end = v.period_end, due_at = v.due_at, first_due_at = v.first_due_at, due_on = v.due_on, \
    phase = v.phase, \
    reminded = v.reminded, late = v.late, returned_late = v.returned_late, missed_at = v.missed_at, \
    unreminded = v.unreminded, confirmed = v.confirmed, filed_at = v.filed_at, closed_at = v.closed_at, \
    accepted_at = v.accepted_at, streak = v.streak, round = v.round, chased_at = v.chased_at, supervised_at = v.supervised_at, \
    proposed_at = v.proposed_at, armed_at = v.armed_at, settled_to = v.settled_to, next_at = v.next_at, \
    log_head = v.log_head \
    FROM v WHERE obligation.id = v.id AND obligation.revision = v.revision RETURNING obligation.id";
const UPDATE_COLUMNS: usize = 28;

/// Changed by one step pass alone: fewer columns, so that a pass writes less.
const STEP: &str = "WITH v (id, revision, phase, reminded, missed_at, unreminded, closed_at, streak, chased_at, supervised_at, \
    proposed_at, settled_to, next_at, log_head) AS (VALUES {values}) \
    UPDATE obligation SET revision = obligation.revision + 1, phase = v.phase, reminded = v.reminded, \
    missed_at = v.missed_at, unreminded = v.unreminded, closed_at = v.closed_at, streak = v.streak, chased_at = v.chased_at, \
    supervised_at = v.supervised_at, proposed_at = v.proposed_at, settled_to = v.settled_to, next_at = v.next_at, \
    log_head = v.log_head \
    FROM v WHERE obligation.id = v.id AND obligation.revision = v.revision RETURNING obligation.id";
const STEP_COLUMNS: usize = 14;

// SQLite plans a statement anew at each call whose LIMIT is a bare parameter; a cast hides the parameter from it.
const DUE: &str = select!("WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at, id LIMIT CAST($2 AS BIGINT)");
const ANY_DUE: &str = "SELECT id FROM obligation WHERE next_at IS NOT NULL AND next_at <= $1 LIMIT 1";
const NEXT: &str = "SELECT next_at FROM obligation WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1";
const BY_ID: &str = select!("WHERE id = $1");
const BY_KEY: &str = select!("WHERE duty = $1 AND owner = $2 AND period = $3");
const BY_DUTY_PERIOD: &str = select!("WHERE duty = $1 AND period = $2 ORDER BY id");
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
const ALL: &str = select!("ORDER BY due_at, duty, owners");
const LIVE: &str =
    select!("WHERE phase IN ('open', 'returned', 'missed', 'waiting') AND phase = $1 ORDER BY due_at, duty, owners");
const AFTER_ID: &str = select!("WHERE id > $1 ORDER BY id");
const LIVE_DUE: &str = select!(
    "WHERE phase IN ('open', 'returned', 'missed', 'waiting') AND phase = $1 AND due_at > $2 AND due_at <= $3 \
     ORDER BY due_at, duty, owners"
);
const COUNT_LIVE: &str = "SELECT COUNT(*) FROM obligation \
    WHERE phase IN ('open', 'returned', 'missed', 'waiting') AND phase = $1";
const COUNT_FILED: &str = "SELECT COUNT(*) FROM obligation WHERE filed_at IS NOT NULL AND filed_at > $1 AND late = $2";
const BY_EVENT: &str = select!("WHERE period = $1 ORDER BY id");
const MISSED_SINCE: &str =
    select!("WHERE missed_at IS NOT NULL AND missed_at > $1 AND missed_at <= $2 ORDER BY due_at, duty, owners");
const UNREMINDED: &str = select!(
    "WHERE phase IN ('missed', 'lapsed') AND unreminded AND NOT confirmed AND missed_at IS NOT NULL AND missed_at > $1 ORDER BY due_at, duty, owners"
);
/// What waits for a step is looked at anew by the next pass.
const WAKE: &str = "UPDATE obligation SET revision = revision + 1, next_at = $1 \
    WHERE next_at > $1 AND phase IN ('open', 'returned', 'missed', 'lapsed')";
/// As above, and what lay before speaks no more: another ladder's past steps are nobody's news.
const RETIME: &str = "UPDATE obligation SET revision = revision + 1, next_at = $1, settled_to = $1 \
    WHERE next_at > $1 AND settled_to < $1 AND due_at > $1 AND phase IN ('open', 'returned')";
const PAGE: &str = select!(
    "WHERE id > $5 AND (CAST($1 AS TEXT) IS NULL OR duty = $1) \
     AND (CAST($2 AS TEXT) IS NULL OR owner = $2 OR (owner = '*' AND ';' || owners || ';' LIKE '%;' || $2 || ';%')) \
     AND (CAST($3 AS TEXT) IS NULL OR period = $3) \
     AND (CAST($4 AS TEXT) IS NULL OR phase = $4) \
     AND opens_at <= $6 ORDER BY id LIMIT $7"
);
const FILTERED: &str = select!(
    "WHERE (CAST($1 AS TEXT) IS NULL OR duty = $1) \
     AND (CAST($2 AS TEXT) IS NULL OR owner = $2 OR (owner = '*' AND ';' || owners || ';' LIKE '%;' || $2 || ';%')) \
     AND (CAST($3 AS TEXT) IS NULL OR period = $3) \
     AND (CAST($4 AS TEXT) IS NULL OR phase = $4) \
     AND opens_at <= $5 ORDER BY due_at, duty, owners LIMIT CAST($6 AS BIGINT)"
);

pub const STATEMENTS: &[&str] = &[
    DUE,
    PAGE,
    ANY_DUE,
    NEXT,
    BY_ID,
    BY_KEY,
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
    WAKE,
    RETIME,
    FILTERED,
];

/// The statements of many rows, with their columns.
pub const BULK: &[(&str, usize)] = &[
    (INSERT, INSERT_COLUMNS),
    (UPDATE, UPDATE_COLUMNS),
    (STEP, STEP_COLUMNS),
    (BACK_SHORT, BACK_COLUMNS),
    (BACK_LONG, BACK_COLUMNS),
];

/// The statements with a list of numbers, with its first placeholder.
pub const LISTS: &[(&str, usize)] = &[(IN_IDS, 1)];

/// An obligation with what only the store needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub obligation: Obligation,
    /// The version of the catalogue it was made by.
    pub catalogue: i64,
    /// The hash of its newest log entry.
    pub log_head: String,
    /// What the summaries count it as: as it was last read or written, however it has been changed since.
    counted: Option<Counted>,
}

impl Stored {
    /// One that is not in the database yet.
    pub fn new(obligation: Obligation, catalogue: i64) -> Stored {
        Stored { obligation, catalogue, log_head: String::new(), counted: None }
    }

    /// The same row with another obligation in it.
    #[must_use]
    pub fn with(&self, obligation: Obligation) -> Stored {
        Stored { obligation, ..self.clone() }
    }

    /// The same row with what the plan says now, by another version of the catalogue perhaps.
    #[must_use]
    pub fn replanned(&self, row: Stored) -> Stored {
        Stored { catalogue: row.catalogue, ..self.with(self.obligation.replanned(row.obligation)) }
    }
}

#[derive(FromRow)]
pub(super) struct Row {
    id: i64,
    revision: i64,
    catalogue: i64,
    duty: String,
    form: String,
    owners: String,
    joint: bool,
    period: String,
    opens_at: DateTime<Utc>,
    period_end: DateTime<Utc>,
    due_at: DateTime<Utc>,
    first_due_at: DateTime<Utc>,
    due_on: NaiveDate,
    phase: String,
    reminded: bool,
    late: bool,
    returned_late: Option<bool>,
    missed_at: Option<DateTime<Utc>>,
    unreminded: bool,
    confirmed: bool,
    filed_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    accepted_at: Option<DateTime<Utc>>,
    streak: Option<i64>,
    round: i64,
    chased_at: Option<DateTime<Utc>>,
    supervised_at: Option<DateTime<Utc>>,
    proposed_at: Option<DateTime<Utc>>,
    armed_at: DateTime<Utc>,
    settled_to: DateTime<Utc>,
    next_at: Option<DateTime<Utc>>,
    log_head: String,
}

/// The column's text of a form.
fn form_code(form: Form) -> &'static str {
    match form {
        Form::Cadence => "cadence",
        Form::Node => "node",
    }
}

impl TryFrom<Row> for Stored {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Stored> {
        let phase = Phase::from_code(&row.phase)
            .ok_or_else(|| StoreError::Corrupt(format!("obligation {}: phase {}", row.id, row.phase)))?;
        let facts = Facts {
            id: row.id,
            revision: row.revision,
            duty: DutyId(row.duty),
            form: if row.form == "node" { Form::Node } else { Form::Cadence },
            owners: row.owners.split(';').map(|name| UnitName(name.to_owned())).collect(),
            joint: row.joint,
            period: row.period,
            opens_at: row.opens_at,
            period_end: row.period_end,
            first_due_at: row.first_due_at,
            due_on: row.due_on,
            phase,
            reminded: row.reminded,
            late: row.late,
            returned_late: row.returned_late,
            filed_at: row.filed_at,
            closed_at: row.closed_at,
            accepted_at: row.accepted_at,
            round: Round {
                number: i32::try_from(row.round).unwrap_or(i32::MAX),
                due_at: row.due_at,
                armed_at: row.armed_at,
                missed_at: row.missed_at,
                unreminded: row.unreminded,
                confirmed: row.confirmed,
                streak: row.streak.and_then(|streak| i32::try_from(streak).ok()),
                chased_at: row.chased_at,
                supervised_at: row.supervised_at,
                proposed_at: row.proposed_at,
            },
            settled_to: row.settled_to,
            next_at: row.next_at,
        };
        let obligation = Obligation::from(facts);
        let counted = Counted::of(&obligation);
        Ok(Stored { obligation, catalogue: row.catalogue, log_head: row.log_head, counted })
    }
}

pub(super) fn stored(rows: Vec<Row>) -> Result<Vec<Stored>> {
    rows.into_iter().map(Stored::try_from).collect()
}

/// What a list is narrowed by; `None` = not at all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub duty: Option<String>,
    /// Owed by this unit, alone or jointly.
    pub unit: Option<String>,
    pub period: Option<String>,
    pub phase: Option<Phase>,
}

impl Tx {
    /// Makes new obligations, none of them opened yet; those whose key exists already are passed over. Says how many were
    /// made.
    ///
    /// # Errors
    /// The database refused, or one of them is not new.
    pub async fn insert_obligations(&mut self, rows: &[Stored]) -> Result<u64> {
        // The summaries do not count what has not opened, so they need not know which keys existed.
        if let Some(row) = rows.iter().find(|row| row.obligation.phase != Phase::Scheduled) {
            return Err(StoreError::Corrupt(format!("a new obligation is {}", row.obligation.phase.code())));
        }
        let mut made = 0;
        for chunk in bulk::pieces(rows) {
            let text = bulk::values(self.marks(), INSERT, chunk.len(), INSERT_COLUMNS);
            made += on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for Stored { obligation: o, catalogue, log_head, .. } in chunk {
                    query = query
                        .bind(0_i64)
                        .bind(catalogue)
                        .bind(&o.duty.0)
                        .bind(form_code(o.form))
                        .bind(owner_key(o.joint, &o.owners))
                        .bind(join_owners(&o.owners))
                        .bind(o.joint)
                        .bind(series_key(&o.duty, o.form, o.joint, &o.owners))
                        .bind(&o.period)
                        .bind(o.opens_at)
                        .bind(o.period_end)
                        .bind(o.round.due_at)
                        .bind(o.first_due_at)
                        .bind(o.due_on)
                        .bind(o.phase.code())
                        .bind(o.round.armed_at)
                        .bind(o.settled_to)
                        .bind(o.next_at)
                        .bind(log_head);
                }
                query.execute(c).await?.rows_affected()
            });
        }
        Ok(made)
    }

    /// Writes changed obligations; those that somebody else changed meanwhile are left as they are. Returns the ids
    /// that were written; their rows have the new revision then and can be changed further.
    pub async fn update_obligations(&mut self, rows: &mut [Stored]) -> Result<Vec<i64>> {
        let mut written = Vec::with_capacity(rows.len());
        for chunk in bulk::pieces_mut(rows) {
            let text = bulk::values(self.marks(), UPDATE, chunk.len(), UPDATE_COLUMNS);
            let ids: Vec<i64> = on!(self, |c| {
                let mut query = sqlx::query_scalar(text).persistent(bulk::keep(chunk.len()));
                for Stored { obligation: o, catalogue, log_head, .. } in chunk.iter() {
                    query = query
                        .bind(o.id)
                        .bind(o.revision)
                        .bind(catalogue)
                        .bind(join_owners(&o.owners))
                        .bind(o.opens_at)
                        .bind(o.period_end)
                        .bind(o.round.due_at)
                        .bind(o.first_due_at)
                        .bind(o.due_on)
                        .bind(o.phase.code())
                        .bind(o.reminded)
                        .bind(o.late)
                        .bind(o.returned_late)
                        .bind(o.round.missed_at)
                        .bind(o.round.unreminded)
                        .bind(o.round.confirmed)
                        .bind(o.filed_at)
                        .bind(o.closed_at)
                        .bind(o.accepted_at)
                        .bind(o.round.streak.map(i64::from))
                        .bind(i64::from(o.round.number))
                        .bind(o.round.chased_at)
                        .bind(o.round.supervised_at)
                        .bind(o.round.proposed_at)
                        .bind(o.round.armed_at)
                        .bind(o.settled_to)
                        .bind(o.next_at)
                        .bind(log_head);
                }
                query.fetch_all(c).await?
            });
            self.count(chunk, &ids);
            written.extend(ids);
        }
        Ok(written)
    }

    /// Writes what a step pass changed. Returns the ids that were written, as above: the rest belongs to another pass.
    pub async fn step_obligations(&mut self, rows: &mut [Stored]) -> Result<Vec<i64>> {
        let mut written = Vec::with_capacity(rows.len());
        for chunk in bulk::pieces_mut(rows) {
            let text = bulk::values(self.marks(), STEP, chunk.len(), STEP_COLUMNS);
            let ids: Vec<i64> = on!(self, |c| {
                let mut query = sqlx::query_scalar(text).persistent(bulk::keep(chunk.len()));
                for Stored { obligation: o, log_head, .. } in chunk.iter() {
                    query = query
                        .bind(o.id)
                        .bind(o.revision)
                        .bind(o.phase.code())
                        .bind(o.reminded)
                        .bind(o.round.missed_at)
                        .bind(o.round.unreminded)
                        .bind(o.closed_at)
                        .bind(o.round.streak.map(i64::from))
                        .bind(o.round.chased_at)
                        .bind(o.round.supervised_at)
                        .bind(o.round.proposed_at)
                        .bind(o.settled_to)
                        .bind(o.next_at)
                        .bind(log_head);
                }
                query.fetch_all(c).await?
            });
            self.count(chunk, &ids);
            written.extend(ids);
        }
        Ok(written)
    }

    /// Has the summaries follow the rows that were written, and the rows what was written.
    fn count(&mut self, rows: &mut [Stored], written: &[i64]) {
        let written: HashSet<&i64> = written.iter().collect();
        for row in rows.iter_mut().filter(|row| written.contains(&row.obligation.id)) {
            row.obligation.written();
            let counted = Counted::of(&row.obligation);
            if row.counted != counted {
                self.counts.moved(row.counted.as_ref(), counted.as_ref());
                row.counted = counted;
            }
        }
    }

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
        let row: Option<Row> = on!(self, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?);
        row.map(Stored::try_from).transpose()
    }

    /// The obligation of that duty, unit (alone or jointly) and period.
    pub async fn obligation_of(&mut self, duty: &str, unit: &str, period: &str) -> Result<Option<Stored>> {
        let rows: Vec<Row> = on!(self, |c| sqlx::query_as(BY_DUTY_PERIOD).bind(duty).bind(period).fetch_all(c).await?);
        Ok(stored(rows)?.into_iter().find(|row| row.obligation.owners.iter().any(|owner| owner.0 == unit)))
    }

    pub async fn obligation_by_key(&mut self, duty: &str, owner: &str, period: &str) -> Result<Option<Stored>> {
        let row: Option<Row> =
            on!(self, |c| sqlx::query_as(BY_KEY).bind(duty).bind(owner).bind(period).fetch_optional(c).await?);
        row.map(Stored::try_from).transpose()
    }

    /// The obligations with these numbers, in no order.
    pub async fn obligations(&mut self, ids: &[i64]) -> Result<Vec<Stored>> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in bulk::pieces(ids) {
            let text = bulk::list(self.marks(), IN_IDS, 1, chunk.len());
            let rows: Vec<Row> = on!(self, |c| {
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
            let rows: Vec<Row> = on!(self, |c| {
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
        stored(on!(self, |c| sqlx::query_as(ALL).fetch_all(c).await?))
    }

    /// What is in one of the phases that are not settled for good.
    pub async fn live_obligations(&mut self, phase: Phase) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(LIVE).bind(phase.code()).fetch_all(c).await?))
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
        stored(on!(self, |c| {
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
        stored(on!(self, |c| sqlx::query_as(MISSED_SINCE).bind(from).bind(until).fetch_all(c).await?))
    }

    /// Misses marked 未提醒 since then that the office has not judged.
    pub async fn unreminded_misses(&mut self, since: DateTime<Utc>) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(UNREMINDED).bind(since).fetch_all(c).await?))
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

    /// What matches and opens by `opened_by`, in the order of numbers, after the obligation of that number.
    pub async fn obligations_page(
        &mut self,
        filter: &Filter,
        opened_by: DateTime<Utc>,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Stored>> {
        stored(on!(self, |c| {
            sqlx::query_as(PAGE)
                .bind(&filter.duty)
                .bind(&filter.unit)
                .bind(&filter.period)
                .bind(filter.phase.map(Phase::code))
                .bind(after)
                .bind(opened_by)
                .bind(as_count(limit))
                .fetch_all(c)
                .await?
        }))
    }

    /// What matches and opens by `opened_by`, by deadline.
    pub async fn find_obligations(
        &mut self,
        filter: &Filter,
        opened_by: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<Stored>> {
        stored(on!(self, |c| {
            sqlx::query_as(FILTERED)
                .bind(&filter.duty)
                .bind(&filter.unit)
                .bind(&filter.period)
                .bind(filter.phase.map(Phase::code))
                .bind(opened_by)
                .bind(as_count(limit))
                .fetch_all(c)
                .await?
        }))
    }
}
