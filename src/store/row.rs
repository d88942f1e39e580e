//! An obligation as a row: each column listed once, and what is read from it.
//!
//! Who owes it is rows of their own, by the units' ids; they come along as names, in the document's order.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;

use super::counts::Kept;
use super::error::{Result, StoreError};
use crate::domain::duty::{DutyId, Form};
use crate::domain::obligation::{Facts, Obligation};
use crate::domain::phase::Phase;
use crate::domain::round::Round;
use crate::domain::unit::UnitName;

/// Stands between owners' names as they come; no name holds it.
pub(super) const SEPARATOR: char = '\u{1f}';

macro_rules! columns {
    ($with:ident) => {
        $with! {
            id: i64,
            revision: i64,
            catalogue: i64,
            duty: String,
            form: String,
            joint: bool,
            series: String,
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
            return_reason: Option<String>,
            missed_at: Option<DateTime<Utc>>,
            unreminded: bool,
            confirmed: bool,
            excused: bool,
            filed_at: Option<DateTime<Utc>>,
            closed_at: Option<DateTime<Utc>>,
            accepted_at: Option<DateTime<Utc>>,
            streak: Option<i64>,
            round: i64,
            chased_at: Option<DateTime<Utc>>,
            supervised_at: Option<DateTime<Utc>>,
            proposed_at: Option<DateTime<Utc>>,
            published: Option<bool>,
            armed_at: DateTime<Utc>,
            settled_to: DateTime<Utc>,
            next_at: Option<DateTime<Utc>>,
            log_head: String,
        }
    };
}

/// `obligation.a, obligation.b`
macro_rules! qualified {
    ($first:ident: $_:ty, $($column:ident: $__:ty,)*) => {
        concat!("obligation.", stringify!($first) $(, ", obligation.", stringify!($column))*)
    };
}

/// The owners' names in the document's order, parted by what stands there.
macro_rules! owners {
    ($by:literal) => {
        concat!(
            "(SELECT STRING_AGG(unit.name, '",
            $by,
            "' ORDER BY owner.position) FROM obligation_owner AS owner \
            JOIN unit ON unit.id = owner.unit WHERE owner.obligation = obligation.id)"
        )
    };
}
pub(super) use owners;

/// Builds a SELECT of all columns at compile time.
macro_rules! select {
    ($($tail:tt)+) => {
        concat!("SELECT ", columns!(qualified), ", ", owners!("\u{1f}"), " AS owners FROM obligation ", $($tail)+)
    };
}
pub(super) use {columns, qualified, select};

macro_rules! row {
    ($($column:ident: $kind:ty,)+) => {
        #[derive(FromRow)]
        pub(super) struct ObligationColumns {
            $($column: $kind,)+
            owners: String,
        }
    };
}
columns!(row);

/// Whether the unit `$of` is among the owners.
macro_rules! owed_by {
    ($of:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM obligation_owner AS mine WHERE mine.obligation = obligation.id \
                AND mine.unit = (SELECT id FROM unit WHERE name = ",
            $of,
            "))"
        )
    };
}
pub(super) use owed_by;

/// An obligation with what only the store needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub obligation: Obligation,
    /// The version of the catalogue it was made by.
    pub catalogue: i64,
    /// The hash of its newest log entry.
    pub log_head: String,
    /// Its series as the tables name it; empty before it is stored.
    pub series: String,
    /// What stands of it in other rows: as it was last read or written, however it has been changed since.
    pub(super) kept: Kept,
}

impl Stored {
    /// One that is not in the database yet.
    pub fn new(obligation: Obligation, catalogue: i64) -> Stored {
        let kept = Kept::of(&obligation);
        Stored { obligation, catalogue, log_head: String::new(), series: String::new(), kept }
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

impl TryFrom<ObligationColumns> for Stored {
    type Error = StoreError;

    fn try_from(row: ObligationColumns) -> Result<Stored> {
        let corrupt = |what, found: &str| StoreError::Corrupt(format!("obligation {}: {what} {found}", row.id));
        let phase = Phase::from_code(&row.phase).ok_or_else(|| corrupt("phase", &row.phase))?;
        let form = Form::from_code(&row.form).ok_or_else(|| corrupt("form", &row.form))?;
        let facts = Facts {
            id: row.id,
            revision: row.revision,
            duty: DutyId(row.duty),
            form,
            owners: row.owners.split(SEPARATOR).map(|name| UnitName(name.to_owned())).collect(),
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
            return_reason: row.return_reason,
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
                excused: row.excused,
                streak: row.streak.and_then(|streak| i32::try_from(streak).ok()),
                chased_at: row.chased_at,
                supervised_at: row.supervised_at,
                proposed_at: row.proposed_at,
                published: row.published,
            },
            settled_to: row.settled_to,
            next_at: row.next_at,
        };
        let obligation = Obligation::from(facts);
        let kept = Kept::of(&obligation);
        let ObligationColumns { catalogue, log_head, series, .. } = row;
        Ok(Stored { obligation, catalogue, log_head, series, kept })
    }
}

pub(super) fn stored(rows: Vec<ObligationColumns>) -> Result<Vec<Stored>> {
    rows.into_iter().map(Stored::try_from).collect()
}
