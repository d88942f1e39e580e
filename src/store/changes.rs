//! Obligations as they are made and changed: by compare-and-swap, with their owners' rows and the summaries.
//!
//! What keeps two daemons on one database from doubling anything begins here. Both may make and decide the same row; one
//! write wins, by the row's unique (period, series) or by its revision, and the other's log entries and notices are left
//! out with it. The rest is keys too: a notice is unique by (obligation, round, kind, instant, post) and given to one letter
//! by a conditional update (`notices.rs`); a letter is unique by its slot and claimed under a lease, because sending is not
//! undone by a rollback (`letters.rs`). Nothing relies on one daemon knowing of the other.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::bulk::{self, as_count};
use super::counts::Kept;
use super::error::{Result, StoreError};
use super::row::Stored;
use super::tx::{Tx, on};
use crate::domain::duty::Form;
use crate::domain::obligation::Obligation;
use crate::domain::phase::Phase;
use crate::domain::unit::UnitName;

macro_rules! written {
    ($row:ident, id) => {
        $row.obligation.id
    };
    ($row:ident, revision) => {
        $row.obligation.revision
    };
    ($row:ident, catalogue) => {
        $row.catalogue
    };
    ($row:ident, duty) => {
        &$row.obligation.duty.0
    };
    ($row:ident, form) => {
        $row.obligation.form.code()
    };
    ($row:ident, series) => {
        &$row.series
    };
    ($row:ident, phase) => {
        $row.obligation.phase.code()
    };
    ($row:ident, log_head) => {
        &$row.log_head
    };
    ($row:ident, period) => {
        &$row.obligation.period
    };
    ($row:ident, streak) => {
        $row.obligation.round.streak.map(i64::from)
    };
    ($row:ident, round) => {
        i64::from($row.obligation.round.number)
    };
    ($row:ident, due_at) => {
        $row.obligation.round.due_at
    };
    ($row:ident, armed_at) => {
        $row.obligation.round.armed_at
    };
    ($row:ident, missed_at) => {
        $row.obligation.round.missed_at
    };
    ($row:ident, unreminded) => {
        $row.obligation.round.unreminded
    };
    ($row:ident, confirmed) => {
        $row.obligation.round.confirmed
    };
    ($row:ident, excused) => {
        $row.obligation.round.excused
    };
    ($row:ident, published) => {
        $row.obligation.round.published
    };
    ($row:ident, return_reason) => {
        &$row.obligation.return_reason
    };
    ($row:ident, chased_at) => {
        $row.obligation.round.chased_at
    };
    ($row:ident, supervised_at) => {
        $row.obligation.round.supervised_at
    };
    ($row:ident, proposed_at) => {
        $row.obligation.round.proposed_at
    };
    ($row:ident, $same:ident) => {
        $row.obligation.$same
    };
}

/// The columns of a new obligation; all others begin as they are by default.
macro_rules! inserted {
    ($with:ident $($argument:ident)*) => {
        $with!([$($argument)*] revision catalogue duty form joint series period opens_at period_end due_at first_due_at
            due_on phase armed_at settled_to next_at log_head)
    };
}

/// The columns that anything may change.
macro_rules! updated {
    ($with:ident $($argument:ident)*) => {
        $with!([$($argument)*] catalogue opens_at period_end due_at first_due_at due_on phase reminded late returned_late
            return_reason missed_at unreminded confirmed excused filed_at closed_at accepted_at streak round chased_at
            supervised_at proposed_at published armed_at settled_to next_at log_head)
    };
}

/// The columns that a step changes: fewer, so that a pass writes less.
macro_rules! stepped {
    ($with:ident $($argument:ident)*) => {
        $with!([$($argument)*] phase reminded missed_at unreminded closed_at streak chased_at supervised_at proposed_at
            settled_to next_at log_head)
    };
}

/// `a, b`
macro_rules! names {
    ([] $first:ident $($column:ident)*) => { concat!(stringify!($first) $(, ", ", stringify!($column))*) };
}

/// `a = v.a, b = v.b`
macro_rules! sets {
    ([] $first:ident $($column:ident)*) => {
        concat!(stringify!($first), " = v.", stringify!($first) $(, ", ", stringify!($column), " = v.", stringify!($column))*)
    };
}

macro_rules! count {
    ([] $($column:ident)*) => { [$(stringify!($column)),*].len() };
}

macro_rules! bind {
    ([$query:ident $row:ident] $($column:ident)*) => { $query$(.bind(written!($row, $column)))* };
}

const INSERT: &str = concat!(
    "INSERT INTO obligation (",
    inserted!(names),
    ") VALUES {values} ON CONFLICT (period, series) DO NOTHING RETURNING id, series, period"
);
const INSERT_COLUMNS: usize = inserted!(count);

/// Writes what `$columns` names, where nobody else has changed the row since it was read.
macro_rules! update {
    ($columns:ident) => {
        concat!(
            "WITH v (id, revision, ",
            $columns!(names),
            ") AS (VALUES {values}) UPDATE obligation SET revision = obligation.revision + 1, ",
            $columns!(sets),
            " FROM v WHERE obligation.id = v.id AND obligation.revision = v.revision RETURNING obligation.id"
        )
    };
}

const UPDATE: &str = update!(updated);
const UPDATE_COLUMNS: usize = 2 + updated!(count);
const STEP: &str = update!(stepped);
const STEP_COLUMNS: usize = 2 + stepped!(count);

const PUT_OWNERS: &str = "INSERT INTO obligation_owner (obligation, position, unit, due_on, settled) VALUES {values}";
const PUT_OWNERS_COLUMNS: usize = 5;
const DROP_OWNERS: &str = "DELETE FROM obligation_owner WHERE obligation IN ({list})";
const MOVE_OWNERS: &str = "WITH v (obligation, due_on, settled) AS (VALUES {values}) \
    UPDATE obligation_owner SET due_on = v.due_on, settled = v.settled FROM v WHERE obligation_owner.obligation = v.obligation";
const MOVE_OWNERS_COLUMNS: usize = 3;

/// The statements of many rows, with their columns.
pub const BULK: &[(&str, usize)] = &[
    (INSERT, INSERT_COLUMNS),
    (UPDATE, UPDATE_COLUMNS),
    (STEP, STEP_COLUMNS),
    (PUT_OWNERS, PUT_OWNERS_COLUMNS),
    (MOVE_OWNERS, MOVE_OWNERS_COLUMNS),
];

/// The statements with a list of numbers, with its first placeholder.
pub const LISTS: &[(&str, usize)] = &[(DROP_OWNERS, 1)];

/// The series as the tables name it: `13.2/7`, `5.3/node/7`, and without a unit where several owe it together.
fn series(obligation: &Obligation, units: &HashMap<UnitName, i64>) -> Result<String> {
    let form = match obligation.form {
        Form::Cadence => "",
        Form::Node => "/node",
    };
    let unit = match obligation.owners.as_slice() {
        [sole] if !obligation.joint => format!("/{}", id_of(units, sole)?),
        _ => String::new(),
    };
    Ok(format!("{}{form}{unit}", obligation.duty))
}

fn id_of(units: &HashMap<UnitName, i64>, unit: &UnitName) -> Result<i64> {
    units.get(unit).copied().ok_or_else(|| StoreError::Corrupt(format!("there is no unit {unit}")))
}

/// A row of an owner: obligation, position, unit, day, settled.
type OwnerRow = (i64, usize, i64, NaiveDate, bool);

fn owner_rows(id: i64, kept: &Kept, units: &HashMap<UnitName, i64>) -> Result<Vec<OwnerRow>> {
    let rows = kept.owners.iter().enumerate();
    rows.map(|(position, unit)| Ok((id, position, id_of(units, unit)?, kept.due_on, kept.settled()))).collect()
}

impl Tx {
    /// Makes new obligations, none of them opened yet; those whose series has that period already are passed over. Says
    /// how many were made.
    ///
    /// # Errors
    /// The database refused, or one of them is not new.
    pub async fn insert_obligations(&mut self, rows: &mut [Stored]) -> Result<u64> {
        if rows.is_empty() {
            return Ok(0);
        }
        // The summaries do not count what has not opened, so they need not know which keys existed.
        if let Some(row) = rows.iter().find(|row| row.obligation.phase != Phase::Scheduled) {
            return Err(StoreError::Corrupt(format!("a new obligation is {}", row.obligation.phase.code())));
        }
        let units = self.unit_ids().await?;
        for row in rows.iter_mut() {
            row.series = series(&row.obligation, &units)?;
        }
        let mut owners = Vec::new();
        let mut made = 0;
        for chunk in bulk::pieces(rows) {
            let text = bulk::values(self.marks(), INSERT, chunk.len(), INSERT_COLUMNS);
            let new: Vec<(i64, String, String)> = on!(self, |c| {
                let mut query = sqlx::query_as(text).persistent(bulk::keep(chunk.len()));
                for row in chunk {
                    query = inserted!(bind query row);
                }
                query.fetch_all(c).await?
            });
            made += new.len() as u64;
            let places: HashMap<(&str, &str), &Stored> =
                chunk.iter().map(|row| ((row.series.as_str(), row.obligation.period.as_str()), row)).collect();
            for (id, series, period) in &new {
                if let Some(row) = places.get(&(series.as_str(), period.as_str())) {
                    owners.extend(owner_rows(*id, &row.kept, &units)?);
                }
            }
        }
        self.put_owners(&owners).await?;
        Ok(made)
    }

    async fn put_owners(&mut self, rows: &[OwnerRow]) -> Result<()> {
        for chunk in bulk::pieces(rows) {
            let text = bulk::values(self.marks(), PUT_OWNERS, chunk.len(), PUT_OWNERS_COLUMNS);
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for (obligation, position, unit, due_on, settled) in chunk {
                    query = query.bind(obligation).bind(as_count(*position)).bind(unit).bind(due_on).bind(settled);
                }
                query.execute(c).await?;
            });
        }
        Ok(())
    }

    /// Writes changed obligations; those that somebody else changed meanwhile are left as they are. Returns the ids
    /// that were written; their rows have the new revision then and can be changed further.
    pub async fn update_obligations(&mut self, rows: &mut [Stored]) -> Result<Vec<i64>> {
        let mut written = Vec::with_capacity(rows.len());
        for chunk in bulk::pieces_mut(rows) {
            let text = bulk::values(self.marks(), UPDATE, chunk.len(), UPDATE_COLUMNS);
            let ids: Vec<i64> = on!(self, |c| {
                let mut query = sqlx::query_scalar(text).persistent(bulk::keep(chunk.len()));
                for row in chunk.iter() {
                    query = query.bind(row.obligation.id).bind(row.obligation.revision);
                    query = updated!(bind query row);
                }
                query.fetch_all(c).await?
            });
            self.follow(chunk, &ids).await?;
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
                for row in chunk.iter() {
                    query = query.bind(row.obligation.id).bind(row.obligation.revision);
                    query = stepped!(bind query row);
                }
                query.fetch_all(c).await?
            });
            self.follow(chunk, &ids).await?;
            written.extend(ids);
        }
        Ok(written)
    }

    /// Has the summaries and the owners' rows follow the rows that were written, and the rows what was written.
    async fn follow(&mut self, rows: &mut [Stored], written: &[i64]) -> Result<()> {
        let written: HashSet<&i64> = written.iter().collect();
        let (mut moved, mut handed) = (Vec::new(), Vec::new());
        for row in rows.iter_mut().filter(|row| written.contains(&row.obligation.id)) {
            row.obligation.written();
            let kept = Kept::of(&row.obligation);
            if kept == row.kept {
                continue;
            }
            self.counts.moved(&row.kept, &kept);
            if kept.owners != row.kept.owners {
                handed.push((row.obligation.id, kept.clone()));
            } else if (kept.due_on, kept.settled()) != (row.kept.due_on, row.kept.settled()) {
                moved.push((row.obligation.id, kept.due_on, kept.settled()));
            }
            row.kept = kept;
        }
        for chunk in bulk::pieces(&moved) {
            let text = bulk::values(self.marks(), MOVE_OWNERS, chunk.len(), MOVE_OWNERS_COLUMNS);
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for (obligation, due_on, settled) in chunk {
                    query = query.bind(obligation).bind(due_on).bind(settled);
                }
                query.execute(c).await?;
            });
        }
        self.hand_over(&handed).await
    }

    /// Writes the owners of obligations anew.
    async fn hand_over(&mut self, handed: &[(i64, Kept)]) -> Result<()> {
        if handed.is_empty() {
            return Ok(());
        }
        for chunk in bulk::pieces(handed) {
            let text = bulk::list(self.marks(), DROP_OWNERS, 1, chunk.len());
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for (obligation, _) in chunk {
                    query = query.bind(obligation);
                }
                query.execute(c).await?;
            });
        }
        let units = self.unit_ids().await?;
        let mut rows = Vec::new();
        for (obligation, kept) in handed {
            rows.extend(owner_rows(*obligation, kept, &units)?);
        }
        self.put_owners(&rows).await
    }
}
