//! What people look at: what one unit has open, what is due on a day, and the ledger (台账) page by page.

use chrono::NaiveDate;

use super::{
    bulk::as_count,
    counts::DayCounts,
    error::Result,
    row::{Row, Stored, columns, owed_by, owners, qualified, select, stored},
    tally::{as_number, phase_of},
    tx::{Tx, on},
};
use crate::domain::{duty::DutyId, light::Light, phase::Phase, unit::UnitName};

const LIVE_OF_UNIT: &str = select!(
    "JOIN obligation_owner AS mine ON mine.obligation = obligation.id \
     WHERE mine.unit = (SELECT id FROM unit WHERE name = $1) AND NOT mine.settled AND phase <> 'scheduled' \
     ORDER BY due_at, duty, id"
);

const DUE_ON: &str = "SELECT phase, reminded, late, COUNT(*) AS n FROM obligation \
    WHERE due_on = $1 AND phase NOT IN ('scheduled', 'withdrawn') GROUP BY phase, reminded, late";

/// What no index answers: rows that are read for a page and left out. `$4` holds every standing that is asked for, as
/// `standings` writes them.
macro_rules! narrowed {
    () => {
        " AND (CAST($2 AS TEXT) IS NULL OR duty = $2) \
         AND (CAST($3 AS TEXT) IS NULL OR SUBSTR(duty, 1, LENGTH($3)) = $3) \
         AND REPLACE($4, ';' || phase || CASE WHEN reminded THEN '/1' ELSE '/0' END \
            || CASE WHEN late THEN '/1;' ELSE '/0;' END, '') <> $4"
    };
}

/// A page of what the index of `$day`, `$number` gives in order: from the place `$6`, `$7` on, to the day `$5`.
macro_rules! page {
    ($where:expr, $day:literal, $number:literal, newest) => {
        select!(
            $where,
            " AND (",
            $day,
            ", ",
            $number,
            ") < ($6, $7) AND ",
            $day,
            " >= $5",
            narrowed!(),
            " ORDER BY ",
            $day,
            " DESC, ",
            $number,
            " DESC LIMIT $8"
        )
    };
    ($where:expr, $day:literal, $number:literal, oldest) => {
        select!(
            $where,
            " AND (",
            $day,
            ", ",
            $number,
            ") > ($6, $7) AND ",
            $day,
            " <= $5",
            narrowed!(),
            " ORDER BY ",
            $day,
            ", ",
            $number,
            " LIMIT $8"
        )
    };
}

/// In the order of all days, or of a duty's: whoever owes it is looked up row by row.
macro_rules! by_day {
    ($and:literal, $order:ident) => {
        page!(
            concat!("WHERE (CAST($1 AS TEXT) IS NULL OR ", owed_by!("$1"), ")", $and),
            "obligation.due_on",
            "obligation.id",
            $order
        )
    };
}

/// In the order of a unit's own days.
macro_rules! by_unit {
    ($order:ident) => {
        page!(
            "JOIN obligation_owner AS mine ON mine.obligation = obligation.id \
             WHERE mine.unit = (SELECT id FROM unit WHERE name = $1)",
            "mine.due_on",
            "mine.obligation",
            $order
        )
    };
}

const DAYS_NEWEST: &str = by_day!("", newest);
const DAYS_OLDEST: &str = by_day!("", oldest);
const DUTY_NEWEST: &str = by_day!(" AND duty = $2", newest);
const DUTY_OLDEST: &str = by_day!(" AND duty = $2", oldest);
const UNIT_NEWEST: &str = by_unit!(newest);
const UNIT_OLDEST: &str = by_unit!(oldest);

pub const STATEMENTS: &[&str] =
    &[LIVE_OF_UNIT, DUE_ON, DAYS_NEWEST, DAYS_OLDEST, DUTY_NEWEST, DUTY_OLDEST, UNIT_NEWEST, UNIT_OLDEST];

/// What the ledger is narrowed by; by default it holds everything that is counted, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerFilter {
    /// Owed by this unit, alone or with others.
    pub unit: Option<UnitName>,
    pub duty: Option<DutyId>,
    /// For duties whose id begins so: `13.` for all of the 13th task.
    pub clause: Option<String>,
    /// In one of these phases; none = in any that is counted.
    pub phases: Vec<Phase>,
    pub light: Option<Light>,
    /// First due on this day or later.
    pub from: Option<NaiveDate>,
    /// First due on this day or earlier.
    pub until: Option<NaiveDate>,
    pub order: Order,
}

/// The order of a ledger: by the day of the first deadline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The latest day first.
    #[default]
    Newest,
    /// The earliest day first.
    Oldest,
}

/// The place after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The day of the last one shown.
    pub due_on: NaiveDate,
    pub id: i64,
}

impl Place {
    pub fn after(stored: &Stored) -> Place {
        Place { due_on: stored.obligation.due_on, id: stored.obligation.id }
    }
}

/// Days that both databases take, before and after all others.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("it is a day");
const LAST: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("it is a day");

impl LedgerFilter {
    /// Everything that a light depends on, in each way that passes, by the domain's rule: `;open/0/0;;open/0/1;`.
    fn standings(&self) -> String {
        let asked = |phase: &Phase| {
            if self.phases.is_empty() { phase.is_counted() } else { self.phases.contains(phase) }
        };
        let mut standings = String::new();
        for phase in Phase::ALL.iter().copied().filter(asked) {
            for (reminded, late) in [(false, false), (false, true), (true, false), (true, true)] {
                if self.light.is_none_or(|light| light == Light::shown(phase, reminded, late)) {
                    let code = phase.code();
                    standings.push_str(&format!(";{code}/{}/{};", u8::from(reminded), u8::from(late)));
                }
            }
        }
        standings
    }
}

impl Tx {
    /// What one unit has live, alone or with others, by deadline. Costs what that is.
    pub async fn live_of_unit(&mut self, unit: &UnitName) -> Result<Vec<Stored>> {
        stored(on!(self, |c| sqlx::query_as(LIVE_OF_UNIT).bind(&unit.0).fetch_all(c).await?))
    }

    /// What was or is first due on that day, by phase and light. Costs what that is.
    pub async fn due_on(&mut self, day: NaiveDate) -> Result<Vec<DayCounts>> {
        let rows: Vec<(String, bool, bool, i64)> = on!(self, |c| sqlx::query_as(DUE_ON).bind(day).fetch_all(c).await?);
        let mut counts: Vec<DayCounts> = Vec::new();
        for (phase, reminded, late, n) in rows {
            let phase = phase_of(&phase)?;
            let light = Light::shown(phase, reminded, late);
            match counts.iter_mut().find(|row| (row.phase, row.light) == (phase, light)) {
                Some(row) => row.n += as_number(n),
                None => counts.push(DayCounts { day, phase, light, n: as_number(n) }),
            }
        }
        counts.sort_by_key(|row| (row.phase, row.light));
        Ok(counts)
    }

    /// A page of the ledger, after a place or from the beginning.
    pub async fn ledger(&mut self, filter: &LedgerFilter, after: Option<Place>, limit: usize) -> Result<Vec<Stored>> {
        let (from, until) = (filter.from.unwrap_or(FIRST), filter.until.unwrap_or(LAST));
        let (start, end) = match filter.order {
            Order::Newest => (Place { due_on: until, id: i64::MAX }, from),
            Order::Oldest => (Place { due_on: from, id: 0 }, until),
        };
        let start = after.unwrap_or(start);
        let text = match (&filter.unit, &filter.duty, filter.order) {
            (_, Some(_), Order::Newest) => DUTY_NEWEST,
            (_, Some(_), Order::Oldest) => DUTY_OLDEST,
            (Some(_), None, Order::Newest) => UNIT_NEWEST,
            (Some(_), None, Order::Oldest) => UNIT_OLDEST,
            (None, None, Order::Newest) => DAYS_NEWEST,
            (None, None, Order::Oldest) => DAYS_OLDEST,
        };
        stored(on!(self, |c| {
            let rows: Vec<Row> = sqlx::query_as(text)
                .bind(filter.unit.as_ref().map(|unit| &unit.0))
                .bind(filter.duty.as_ref().map(|duty| &duty.0))
                .bind(&filter.clause)
                .bind(filter.standings())
                .bind(end)
                .bind(start.due_on)
                .bind(start.id)
                .bind(as_count(limit))
                .fetch_all(c)
                .await?;
            rows
        }))
    }
}
