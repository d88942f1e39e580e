//! What people look at: what one unit has open, what is due on a day, and the ledger (台账) page by page.

use chrono::{DateTime, NaiveDate, Utc};

use super::bulk::as_count;
use super::counts::DayCounts;
use super::error::Result;
use super::row::{ObligationColumns, Stored, columns, owed_by, owners, qualified, select, stored};
use super::tally::{as_number, phase_of};
use super::tx::{Tx, on};
use crate::domain::duty::DutyId;
use crate::domain::light::Light;
use crate::domain::phase::Phase;
use crate::domain::query::{Order, Place, Query};
use crate::domain::unit::UnitName;

/// What such a list is ordered and cut by: most of it is only counted, and a whole row costs ten times as much.
const LIVE_OF_UNIT: &str = "SELECT obligation.id, duty, phase, due_at FROM obligation_owner AS mine \
    JOIN obligation ON obligation.id = mine.obligation \
    WHERE mine.unit = (SELECT id FROM unit WHERE name = $1) AND NOT mine.settled AND phase <> 'scheduled' \
    ORDER BY due_at, duty, obligation.id";

const DUE_ON: &str = "SELECT phase, reminded, late, COUNT(*) AS n FROM obligation \
    WHERE due_on = $1 AND phase NOT IN ('scheduled', 'withdrawn') GROUP BY phase, reminded, late";

/// What no index answers: rows that are read for a page and left out. `$4` holds every standing that is asked for, as
/// `standings` writes them.
macro_rules! narrowed {
    () => {
        " AND (CAST($2 AS TEXT) IS NULL OR duty = $2) \
         AND (CAST($3 AS TEXT) IS NULL OR period = $3) \
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

/// In the order of numbers: `$6` and `$5` hold the days between which the first deadline is, said so that neither database
/// takes the index of days for it.
macro_rules! by_number {
    ($and:literal) => {
        select!(
            "WHERE (CAST($1 AS TEXT) IS NULL OR ",
            owed_by!("$1"),
            ")",
            $and,
            " AND obligation.id > $7 AND NOT obligation.due_on > $5 AND NOT obligation.due_on < $6",
            narrowed!(),
            " ORDER BY obligation.id LIMIT $8"
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
const PERIOD_NEWEST: &str = by_day!(" AND period = $3", newest);
const PERIOD_OLDEST: &str = by_day!(" AND period = $3", oldest);
const PERIOD_BY_NUMBER: &str = by_number!(" AND period = $3");
const BY_NUMBER: &str = by_number!("");

pub const STATEMENTS: &[&str] = &[
    LIVE_OF_UNIT,
    DUE_ON,
    DAYS_NEWEST,
    DAYS_OLDEST,
    DUTY_NEWEST,
    DUTY_OLDEST,
    UNIT_NEWEST,
    UNIT_OLDEST,
    PERIOD_NEWEST,
    PERIOD_OLDEST,
    PERIOD_BY_NUMBER,
    BY_NUMBER,
];

/// Days that both databases take, before and after all others.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("it is a day");
const LAST: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("it is a day");

/// Every standing that is asked for, by the domain's rule: `;open/0/0;;open/0/1;`.
fn standings(query: &Query) -> String {
    let mut standings = String::new();
    for phase in Phase::ALL.iter().copied() {
        for (reminded, late) in [(false, false), (false, true), (true, false), (true, true)] {
            if query.holds_standing(phase, reminded, late) {
                let code = phase.code();
                standings.push_str(&format!(";{code}/{}/{};", u8::from(reminded), u8::from(late)));
            }
        }
    }
    standings
}

/// What a list of a unit's open obligations is ordered and cut by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    pub id: i64,
    pub duty: DutyId,
    pub phase: Phase,
    pub due_at: DateTime<Utc>,
}

impl Tx {
    /// What one unit has live, alone or with others, by deadline. Costs what that is.
    pub async fn live_of_unit(&mut self, unit: &UnitName) -> Result<Vec<Live>> {
        let rows: Vec<(i64, String, String, DateTime<Utc>)> =
            on!(self, |c| sqlx::query_as(LIVE_OF_UNIT).bind(&unit.0).fetch_all(c).await?);
        let live = |(id, duty, phase, due_at): (_, _, String, _)| {
            Ok(Live { id, duty: DutyId(duty), phase: phase_of(&phase)?, due_at })
        };
        rows.into_iter().map(live).collect()
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

    /// A page of what is asked, after a place or from the beginning; all but what the duty says (item, part, cadence, text)
    /// and the deadline in force is looked at.
    pub async fn ledger(&mut self, query: &Query, after: Option<Place>, limit: usize) -> Result<Vec<Stored>> {
        let (from, until) = (query.from.unwrap_or(FIRST), query.until.unwrap_or(LAST));
        let (start, end) = match query.order {
            Order::Newest => (Place { due_on: until, id: i64::MAX }, from),
            Order::Oldest | Order::Number => (Place { due_on: from, id: 0 }, until),
        };
        let start = after.unwrap_or(start);
        stored(on!(self, |c| {
            let rows: Vec<ObligationColumns> = sqlx::query_as(plan(query))
                .bind(query.unit.as_ref().map(|unit| &unit.0))
                .bind(query.duty.as_ref().map(|duty| &duty.0))
                .bind(&query.period)
                .bind(standings(query))
                .bind(end)
                .bind(if query.order == Order::Number { from } else { start.due_on })
                .bind(start.id)
                .bind(as_count(limit))
                .fetch_all(c)
                .await?;
            rows
        }))
    }
}

/// The statement that reads the least for what is asked.
fn plan(query: &Query) -> &'static str {
    let Query { unit, duty, period, order, .. } = query;
    match (order, period, duty, unit) {
        (Order::Number, Some(_), ..) => PERIOD_BY_NUMBER,
        (Order::Newest, Some(_), ..) => PERIOD_NEWEST,
        (Order::Oldest, Some(_), ..) => PERIOD_OLDEST,
        (Order::Number, None, ..) => BY_NUMBER,
        (Order::Newest, None, Some(_), _) => DUTY_NEWEST,
        (Order::Oldest, None, Some(_), _) => DUTY_OLDEST,
        (Order::Newest, None, None, Some(_)) => UNIT_NEWEST,
        (Order::Oldest, None, None, Some(_)) => UNIT_OLDEST,
        (Order::Newest, None, None, None) => DAYS_NEWEST,
        (Order::Oldest, None, None, None) => DAYS_OLDEST,
    }
}
