//! Summaries: how many obligations there are of each kind, so that a board or a report costs what it shows.
//!
//! They are kept by the transactions that change obligations, in Rust and by one rule ([`Light::shown`]): each written row
//! tells what it was counted as and what it is counted as now; the transaction adds that up and writes it as its last
//! statements, in the order of the keys, so that two transactions never wait for each other in a ring. What has not
//! opened is not counted, nor what was taken back. Rows that have come down to 0 stay until housekeeping takes them away:
//! a step makes many and mostly needs them again, and the transaction that steps is not to look for them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sqlx::FromRow;

use super::bulk;
use super::counts::{Counts, DayCounts, DayKey, Kept, MonthKey, Recount, Tally, Whose, month_of};
use super::error::{Result, StoreError};
use super::tx::{Open, Tx, on};
use crate::domain::duty::DutyId;
use crate::domain::light::Light;
use crate::domain::phase::Phase;
use crate::domain::unit::UnitName;

/// Each in the order of the table's key, whatever order a join finds them in.
const ADD_MONTHS: &str = "WITH v (phase, month, name, duty, light, n) AS (VALUES {values}) \
    INSERT INTO tally_month (phase, month, unit, duty, light, n) \
    SELECT v.phase, v.month, CASE v.name WHEN '' THEN 0 ELSE unit.id END, v.duty, v.light, v.n \
    FROM v LEFT JOIN unit ON unit.name = v.name WHERE TRUE ORDER BY 1, 2, 3, 4, 5 \
    ON CONFLICT (phase, month, unit, duty, light) DO UPDATE SET n = tally_month.n + excluded.n";
const MONTH_COLUMNS: usize = 6;
const ADD_DAYS: &str = "WITH v (name, duty, day, phase, light, n) AS (VALUES {values}) \
    INSERT INTO tally_day (unit, duty, day, phase, light, n) \
    SELECT CASE v.name WHEN '' THEN 0 ELSE unit.id END, v.duty, v.day, v.phase, v.light, v.n \
    FROM v LEFT JOIN unit ON unit.name = v.name WHERE TRUE ORDER BY 1, 2, 3, 4, 5 \
    ON CONFLICT (unit, duty, day, phase, light) DO UPDATE SET n = tally_day.n + excluded.n";
const DAY_COLUMNS: usize = 6;

/// What a unit owes of one duty comes as one text: a row costs more to hand over than to make.
macro_rules! months {
    ($of:literal, $where:literal) => {
        concat!(
            "SELECT COALESCE(unit.name, '') AS name, duty, STRING_AGG(phase || ' ' || light || ' ' || n",
            $of,
            ", ';') FROM tally_month LEFT JOIN unit ON unit.id = tally_month.unit WHERE ",
            $where,
            " AND n > 0 GROUP BY unit.name, duty"
        )
    };
}

const BOARD: &str = months!("", "phase IN ('open', 'returned', 'missed', 'waiting')");
// All phases that are counted are named, so that the range of months is looked up in each.
const MONTHS: &str = months!(
    " || ' ' || month",
    "phase IN ('open', 'returned', 'missed', 'waiting', 'done', 'lapsed', 'waived', 'upheld') \
     AND month >= $1 AND month <= $2"
);
const DAYS: &str = "SELECT day, phase, light, n FROM tally_day \
    WHERE unit = CASE CAST($1 AS TEXT) WHEN '' THEN 0 ELSE (SELECT id FROM unit WHERE name = $1) END AND duty = $2 \
    AND day >= $3 AND day <= $4 AND n > 0 ORDER BY day, phase, light";

/// Both summaries and what they are to be, in one statement: what others commit meanwhile is in all parts or in none.
const RECOUNT: &str = "SELECT 'obligation' AS source, '' AS name, duty, CAST(due_on AS TEXT) AS at, phase, reminded, late, \
    '' AS light, COUNT(*) AS n FROM obligation WHERE phase NOT IN ('scheduled', 'withdrawn') \
    GROUP BY duty, due_on, phase, reminded, late \
    UNION ALL SELECT 'obligation', unit.name, duty, CAST(obligation.due_on AS TEXT), phase, reminded, late, '', COUNT(*) \
    FROM obligation JOIN obligation_owner ON obligation_owner.obligation = obligation.id \
    JOIN unit ON unit.id = obligation_owner.unit WHERE phase NOT IN ('scheduled', 'withdrawn') \
    GROUP BY unit.name, duty, obligation.due_on, phase, reminded, late \
    UNION ALL SELECT 'month', COALESCE(unit.name, ''), duty, month, phase, FALSE, FALSE, light, n \
    FROM tally_month LEFT JOIN unit ON unit.id = tally_month.unit WHERE n <> 0 \
    UNION ALL SELECT 'day', COALESCE(unit.name, ''), duty, CAST(day AS TEXT), phase, FALSE, FALSE, light, n \
    FROM tally_day LEFT JOIN unit ON unit.id = tally_day.unit WHERE n <> 0";

const EMPTY_MONTHS: &str =
    "SELECT phase, month, unit, duty, light FROM tally_month WHERE n = 0 ORDER BY phase, month LIMIT $1";
const EMPTY_DAYS: &str = "SELECT unit, duty, day, phase, light FROM tally_day WHERE n = 0 ORDER BY unit, day LIMIT $1";
const DROP_MONTH: &str = "DELETE FROM tally_month \
    WHERE phase = $1 AND month = $2 AND unit = $3 AND duty = $4 AND light = $5 AND n = 0";
const DROP_DAY: &str = "DELETE FROM tally_day \
    WHERE unit = $1 AND duty = $2 AND day = $3 AND phase = $4 AND light = $5 AND n = 0";

pub const STATEMENTS: &[&str] = &[BOARD, MONTHS, DAYS, RECOUNT, EMPTY_MONTHS, EMPTY_DAYS, DROP_MONTH, DROP_DAY];

/// The statements of many rows, with their columns.
pub const BULK: &[(&str, usize)] = &[(ADD_MONTHS, MONTH_COLUMNS), (ADD_DAYS, DAY_COLUMNS)];

#[derive(FromRow)]
struct RecountRow {
    source: String,
    name: String,
    duty: String,
    at: String,
    phase: String,
    reminded: bool,
    late: bool,
    light: String,
    n: i64,
}

pub(super) fn phase_of(code: &str) -> Result<Phase> {
    Phase::from_code(code).ok_or_else(|| StoreError::Corrupt(format!("tally: phase {code}")))
}

fn light_of(code: &str) -> Result<Light> {
    Light::from_code(code).ok_or_else(|| StoreError::Corrupt(format!("tally: light {code}")))
}

fn day_of(text: &str) -> Result<NaiveDate> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("tally: day {text}")))
}

pub(super) fn as_number(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Unit, duty, and their counts as `months!` writes them, in the order of units and duties; all together come first.
fn counts(mut rows: Vec<(String, String, String)>) -> Result<Vec<Counts>> {
    rows.sort_unstable();
    let mut counts = Vec::with_capacity(rows.len() * 3);
    for (unit, duty, cells) in rows {
        let mut sums: BTreeMap<(&str, Phase, Light), u64> = BTreeMap::new();
        for cell in cells.split(';') {
            let corrupt = || StoreError::Corrupt(format!("tally: {cell}"));
            let mut parts = cell.split(' ');
            let (Some(phase), Some(light), Some(n)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(corrupt());
            };
            let key = (parts.next().unwrap_or_default(), phase_of(phase)?, light_of(light)?);
            *sums.entry(key).or_default() += n.parse::<u64>().map_err(|_| corrupt())?;
        }
        counts.extend(sums.into_iter().map(|((month, phase, light), n)| Counts {
            month: month.to_owned(),
            unit: (!unit.is_empty()).then(|| UnitName(unit.clone())),
            duty: DutyId(duty.clone()),
            phase,
            light,
            n,
        }));
    }
    Ok(counts)
}

impl Tx {
    /// Commits, the summaries last.
    pub async fn commit(mut self) -> Result<()> {
        self.write_tally().await?;
        match self.open {
            Open::Sqlite(tx) => tx.commit().await?,
            Open::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Adds what this transaction has changed to the summaries.
    pub(super) async fn write_tally(&mut self) -> Result<()> {
        let Tally { months, days } = std::mem::take(&mut self.counts);
        let months: Vec<(MonthKey, i64)> = months.into_iter().filter(|(_, n)| *n != 0).collect();
        for chunk in bulk::pieces(&months) {
            let text = bulk::values(self.marks(), ADD_MONTHS, chunk.len(), MONTH_COLUMNS);
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for (MonthKey { phase, month, unit, duty, light }, n) in chunk {
                    query = query.bind(phase.code()).bind(month).bind(unit).bind(duty).bind(light.code()).bind(n);
                }
                query.execute(c).await?;
            });
        }
        let days: Vec<(DayKey, i64)> = days.into_iter().filter(|(_, n)| *n != 0).collect();
        for chunk in bulk::pieces(&days) {
            let text = bulk::values(self.marks(), ADD_DAYS, chunk.len(), DAY_COLUMNS);
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for (DayKey { unit, duty, day, phase, light }, n) in chunk {
                    query = query.bind(unit).bind(duty).bind(day).bind(phase.code()).bind(light.code()).bind(n);
                }
                query.execute(c).await?;
            });
        }
        Ok(())
    }

    /// What is live, by unit, duty, phase and light, over all months.
    pub async fn board(&mut self) -> Result<Vec<Counts>> {
        counts(on!(self, |c| sqlx::query_as(BOARD).fetch_all(c).await?))
    }

    /// What was or is due in the months of these days and those between, by month, unit, duty, phase and light.
    pub async fn months(&mut self, from: NaiveDate, until: NaiveDate) -> Result<Vec<Counts>> {
        let (from, until) = (month_of(from), month_of(until));
        counts(on!(self, |c| sqlx::query_as(MONTHS).bind(from).bind(until).fetch_all(c).await?))
    }

    /// What was or is due on each of these days, both included, by phase and light.
    pub async fn days(&mut self, whose: &Whose, from: NaiveDate, until: NaiveDate) -> Result<Vec<DayCounts>> {
        let (unit, duty) = match whose {
            Whose::Unit(unit) => (unit.0.as_str(), ""),
            Whose::Duty(duty) => ("", duty.0.as_str()),
        };
        let rows: Vec<(NaiveDate, String, String, i64)> =
            on!(self, |c| sqlx::query_as(DAYS).bind(unit).bind(duty).bind(from).bind(until).fetch_all(c).await?);
        rows.into_iter()
            .map(|(day, phase, light, n)| {
                Ok(DayCounts { day, phase: phase_of(&phase)?, light: light_of(&light)?, n: as_number(n) })
            })
            .collect()
    }

    /// Counts all obligations anew, beside what the summaries say. Reads all there is.
    pub async fn recount(&mut self) -> Result<Recount> {
        let rows: Vec<RecountRow> = on!(self, |c| sqlx::query_as(RECOUNT).fetch_all(c).await?);
        let mut recount = Recount { kept: Tally::default(), counted: Tally::default() };
        for row in rows {
            let phase = phase_of(&row.phase)?;
            match row.source.as_str() {
                "month" => {
                    let light = light_of(&row.light)?;
                    let key = MonthKey { phase, month: row.at, unit: row.name, duty: row.duty, light };
                    recount.kept.months.insert(key, row.n);
                }
                "day" => {
                    let (day, light) = (day_of(&row.at)?, light_of(&row.light)?);
                    let key = DayKey { unit: row.name, duty: row.duty, day, phase, light };
                    recount.kept.days.insert(key, row.n);
                }
                _ => {
                    let light = Light::shown(phase, row.reminded, row.late);
                    let due_on = day_of(&row.at)?;
                    let kept = Kept { owners: Vec::new(), duty: DutyId(row.duty), due_on, phase, light };
                    recount.counted.add(&row.name, &kept, row.n);
                }
            }
        }
        Ok(recount)
    }

    /// Takes away up to `limit` rows of each summary that count nothing any more. Returns how many went.
    pub async fn sweep_tally(&mut self, limit: usize) -> Result<u64> {
        let mut gone = 0;
        let limit = bulk::as_count(limit);
        // One by one and in the order in which they are written, for the same reason.
        let mut months: Vec<(String, String, i64, String, String)> =
            on!(self, |c| sqlx::query_as(EMPTY_MONTHS).bind(limit).fetch_all(c).await?);
        months.sort_unstable();
        for (phase, month, unit, duty, light) in months {
            gone += on!(self, |c| {
                let query = sqlx::query(DROP_MONTH).bind(phase).bind(month).bind(unit).bind(duty).bind(light);
                query.execute(c).await?.rows_affected()
            });
        }
        let mut days: Vec<(i64, String, NaiveDate, String, String)> =
            on!(self, |c| sqlx::query_as(EMPTY_DAYS).bind(limit).fetch_all(c).await?);
        days.sort_unstable();
        for (unit, duty, day, phase, light) in days {
            gone += on!(self, |c| {
                let query = sqlx::query(DROP_DAY).bind(unit).bind(duty).bind(day).bind(phase).bind(light);
                query.execute(c).await?.rows_affected()
            });
        }
        Ok(gone)
    }
}
