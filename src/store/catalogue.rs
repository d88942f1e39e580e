//! The catalogue's versions, the calendar's days, the nodes and events that the office opens.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;

use super::bulk::as_count;
use super::error::{Result, StoreError};
use super::row::SEPARATOR;
use super::tx::{Tx, on};
use crate::domain::calendar::{Calendar, DayKind, DayStatus, ListedDay};
use crate::domain::catalogue::Catalogue;
use crate::domain::event::Event;
use crate::domain::node::Node;
use crate::domain::unit::UnitName;

const VERSIONS: &str =
    "SELECT version, effective_on, applied_at, by_post, document FROM catalogue_version ORDER BY version";
const INSERT_VERSION: &str =
    "INSERT INTO catalogue_version (version, effective_on, applied_at, by_post, document) VALUES ($1, $2, $3, $4, $5)";
const DAYS: &str = "SELECT day, name, kind, status FROM calendar_day ORDER BY day";
const PUT_DAY: &str = "INSERT INTO calendar_day (day, name, kind, status) VALUES ($1, $2, $3, $4)";
const DELETE_DAYS: &str = "DELETE FROM calendar_day WHERE day >= $1 AND day <= $2";
const WINDOWS: &str = "SELECT id, name, first_on, last_on, opened_at, closed_at FROM node_window ORDER BY first_on, id";
const PUT_WINDOW: &str = "INSERT INTO node_window (id, name, first_on, last_on, opened_at) VALUES ($1, $2, $3, $4, $5)";
const CHANGE_WINDOW: &str = "UPDATE node_window SET last_on = $2, closed_at = $3 WHERE id = $1";
/// Builds a SELECT of an event's columns, its units' names with them, at compile time.
macro_rules! events {
    ($tail:literal) => {
        concat!(
            "SELECT id, event_type, at, place, opened_at, closed_at, false_alarm, \
             (SELECT STRING_AGG(unit.name, '\u{1f}' ORDER BY named.position) FROM event_unit AS named \
                JOIN unit ON unit.id = named.unit WHERE named.event = event.id) AS units FROM event ",
            $tail
        )
    };
}

const EVENTS: &str = events!("ORDER BY at, id");
const EVENT: &str = events!("WHERE id = $1");
const PUT_EVENT: &str = "INSERT INTO event (id, event_type, at, place, opened_at) VALUES ($1, $2, $3, $4, $5)";
const NAME_UNIT: &str = "INSERT INTO event_unit (event, position, unit) \
    VALUES ($1, $2, (SELECT id FROM unit WHERE name = $3))";
const CLOSE_EVENT: &str = "UPDATE event SET closed_at = $2, false_alarm = $3 WHERE id = $1 AND closed_at IS NULL";

pub const STATEMENTS: &[&str] = &[
    VERSIONS,
    INSERT_VERSION,
    DAYS,
    PUT_DAY,
    DELETE_DAYS,
    WINDOWS,
    PUT_WINDOW,
    CHANGE_WINDOW,
    EVENTS,
    EVENT,
    PUT_EVENT,
    NAME_UNIT,
    CLOSE_EVENT,
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number, from 1.
    pub version: i64,
    /// Periods that open on or after this day follow it.
    pub effective_on: NaiveDate,
    pub applied_at: DateTime<Utc>,
    pub by_post: String,
    pub catalogue: Catalogue,
}

#[derive(FromRow)]
struct VersionColumns {
    version: i64,
    effective_on: NaiveDate,
    applied_at: DateTime<Utc>,
    by_post: String,
    document: String,
}

#[derive(FromRow)]
struct DayColumns {
    day: NaiveDate,
    name: String,
    #[sqlx(try_from = "String")]
    kind: DayKind,
    #[sqlx(try_from = "String")]
    status: DayStatus,
}

/// A window that the office opened by hand.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct NodeWindow {
    /// Its id, which is its period's key.
    pub id: String,
    pub name: String,
    pub first_on: NaiveDate,
    pub last_on: NaiveDate,
    pub opened_at: DateTime<Utc>,
    /// When it was closed early.
    pub closed_at: Option<DateTime<Utc>>,
}

impl NodeWindow {
    /// As the plan sees it.
    pub fn node(&self) -> Node {
        Node { key: self.id.clone(), name: self.name.clone(), first: self.first_on, last: self.last_on }
    }
}

/// An event, and whether it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub event: Event,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether it was a false alarm.
    pub false_alarm: bool,
}

#[derive(FromRow)]
struct EventColumns {
    id: String,
    event_type: String,
    at: DateTime<Utc>,
    place: String,
    units: Option<String>,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    false_alarm: bool,
}

impl From<EventColumns> for StoredEvent {
    fn from(row: EventColumns) -> StoredEvent {
        let named = row.units.as_deref().unwrap_or_default();
        let units =
            named.split(SEPARATOR).filter(|name| !name.is_empty()).map(|name| UnitName(name.to_owned())).collect();
        StoredEvent {
            event: Event { id: row.id, event_type: row.event_type, at: row.at, place: row.place, units },
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            false_alarm: row.false_alarm,
        }
    }
}

impl Tx {
    /// Every version of the catalogue, oldest first.
    pub async fn catalogue_versions(&mut self) -> Result<Vec<Version>> {
        let rows: Vec<VersionColumns> = on!(self, |c| sqlx::query_as(VERSIONS).fetch_all(c).await?);
        let read = |row: VersionColumns| {
            let catalogue = serde_json::from_str(&row.document)
                .map_err(|error| StoreError::Corrupt(format!("catalogue version {}: {error}", row.version)))?;
            Ok(Version {
                version: row.version,
                effective_on: row.effective_on,
                applied_at: row.applied_at,
                by_post: row.by_post,
                catalogue,
            })
        };
        rows.into_iter().map(read).collect()
    }

    pub async fn insert_catalogue_version(&mut self, version: &Version) -> Result<()> {
        let document = serde_json::to_string(&version.catalogue)
            .map_err(|error| StoreError::Corrupt(format!("catalogue: {error}")))?;
        on!(self, |c| {
            sqlx::query(INSERT_VERSION)
                .bind(version.version)
                .bind(version.effective_on)
                .bind(version.applied_at)
                .bind(&version.by_post)
                .bind(document)
                .execute(c)
                .await?
                .rows_affected()
        });
        Ok(())
    }

    pub async fn calendar(&mut self) -> Result<Calendar> {
        let rows: Vec<DayColumns> = on!(self, |c| sqlx::query_as(DAYS).fetch_all(c).await?);
        let day = |row: DayColumns| {
            let DayColumns { day, name, kind, status } = row;
            (day, ListedDay { name, kind, status })
        };
        Ok(Calendar { listed: rows.into_iter().map(day).collect() })
    }

    /// Replaces what is listed from `first` to `last`.
    pub async fn replace_calendar_days(
        &mut self,
        first: NaiveDate,
        last: NaiveDate,
        days: &BTreeMap<NaiveDate, ListedDay>,
    ) -> Result<()> {
        on!(self, |c| sqlx::query(DELETE_DAYS).bind(first).bind(last).execute(c).await?.rows_affected());
        for (day, listed) in days.range(first..=last) {
            on!(self, |c| {
                sqlx::query(PUT_DAY)
                    .bind(day)
                    .bind(&listed.name)
                    .bind(listed.kind.code())
                    .bind(listed.status.code())
                    .execute(c)
                    .await?
                    .rows_affected()
            });
        }
        Ok(())
    }

    /// The windows that the office opened by hand.
    pub async fn windows(&mut self) -> Result<Vec<NodeWindow>> {
        Ok(on!(self, |c| sqlx::query_as(WINDOWS).fetch_all(c).await?))
    }

    pub async fn insert_window(&mut self, window: &NodeWindow) -> Result<()> {
        on!(self, |c| {
            sqlx::query(PUT_WINDOW)
                .bind(&window.id)
                .bind(&window.name)
                .bind(window.first_on)
                .bind(window.last_on)
                .bind(window.opened_at)
                .execute(c)
                .await?
                .rows_affected()
        });
        Ok(())
    }

    pub async fn change_window(
        &mut self,
        id: &str,
        last_on: NaiveDate,
        closed_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        on!(self, |c| sqlx::query(CHANGE_WINDOW)
            .bind(id)
            .bind(last_on)
            .bind(closed_at)
            .execute(c)
            .await?
            .rows_affected());
        Ok(())
    }

    pub async fn events(&mut self) -> Result<Vec<StoredEvent>> {
        let rows: Vec<EventColumns> = on!(self, |c| sqlx::query_as(EVENTS).fetch_all(c).await?);
        Ok(rows.into_iter().map(StoredEvent::from).collect())
    }

    pub async fn event(&mut self, id: &str) -> Result<Option<StoredEvent>> {
        let row: Option<EventColumns> = on!(self, |c| sqlx::query_as(EVENT).bind(id).fetch_optional(c).await?);
        Ok(row.map(StoredEvent::from))
    }

    /// Records an event.
    ///
    /// # Errors
    /// The database refused, or the id is taken.
    pub async fn insert_event(&mut self, event: &Event, now: DateTime<Utc>) -> Result<()> {
        on!(self, |c| {
            sqlx::query(PUT_EVENT)
                .bind(&event.id)
                .bind(&event.event_type)
                .bind(event.at)
                .bind(&event.place)
                .bind(now)
                .execute(c)
                .await?
                .rows_affected()
        });
        for (position, unit) in event.units.iter().enumerate() {
            on!(self, |c| {
                let query = sqlx::query(NAME_UNIT).bind(&event.id).bind(as_count(position)).bind(&unit.0);
                query.execute(c).await?.rows_affected()
            });
        }
        Ok(())
    }

    /// Closes an event. Says whether it was open.
    pub async fn close_event(&mut self, id: &str, now: DateTime<Utc>, false_alarm: bool) -> Result<bool> {
        Ok(on!(self, |c| sqlx::query(CLOSE_EVENT)
            .bind(id)
            .bind(now)
            .bind(false_alarm)
            .execute(c)
            .await?
            .rows_affected())
            == 1)
    }
}
