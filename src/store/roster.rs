//! Units, groups and who holds which post since when.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;

use super::bulk::as_count;
use super::error::{Result, StoreError};
use super::tx::{Tx, on};
use crate::domain::unit::{FormerName, FormerNames, PostId, Role, Roster, Unit, UnitName};

const UNITS: &str = "SELECT id, name, kind, joined_on, left_on FROM unit ORDER BY position, name";
const PUT_UNIT: &str = "INSERT INTO unit (name, position, kind, joined_on, left_on) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (name) DO UPDATE SET position = excluded.position, kind = excluded.kind, \
    joined_on = excluded.joined_on, left_on = excluded.left_on RETURNING id";
const UNIT_ID: &str = "SELECT id FROM unit WHERE name = $1";
const MEMBERSHIPS: &str = "SELECT unit, name FROM unit_group ORDER BY unit, position";
const DROP_MEMBERSHIPS: &str = "DELETE FROM unit_group WHERE unit = $1";
const PUT_MEMBERSHIP: &str = "INSERT INTO unit_group (unit, position, name) VALUES ($1, $2, $3)";
const GROUPS: &str = "SELECT name FROM roster_group ORDER BY position";
const DROP_GROUPS: &str = "DELETE FROM roster_group";
const PUT_GROUP: &str = "INSERT INTO roster_group (position, name) VALUES ($1, $2)";
const LEAVES_FOR: &str = "SELECT leaves_for FROM unit WHERE name = $1";
const SET_LEAVES_FOR: &str = "UPDATE unit SET leaves_for = $2 WHERE name = $1";
const HOLDERS: &str = "SELECT post_holder.id, unit.name AS unit, role, holder, address, stand_in_address, stand_in_from, \
    stand_in_until, from_on, recorded_at FROM post_holder JOIN unit ON unit.id = post_holder.unit \
    ORDER BY unit.name, role, from_on, post_holder.id";
const PUT_HOLDER: &str = "INSERT INTO post_holder (unit, role, holder, address, stand_in_address, stand_in_from, \
    stand_in_until, from_on, recorded_at) \
    VALUES ((SELECT id FROM unit WHERE name = $1), $2, $3, $4, $5, $6, $7, $8, $9)";

const RENAME: &str = "UPDATE unit SET name = $2 WHERE name = $1 RETURNING id";
const PUT_FORMER: &str = "INSERT INTO unit_name (name, until_at, unit, succeeded) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (name, until_at) DO NOTHING";
const FORMER: &str = "SELECT unit_name.name, unit_name.until_at, unit.name AS present, unit_name.succeeded \
    FROM unit_name JOIN unit ON unit.id = unit_name.unit ORDER BY unit_name.until_at, unit_name.name";

const SERIES_OF: &str = "SELECT DISTINCT series FROM obligation WHERE series LIKE $1 ORDER BY series";
/// A whole series, where nothing is in the other one yet.
const MOVE_SERIES: &str = "UPDATE obligation SET series = $2 WHERE series = $1 \
    AND NOT EXISTS (SELECT 1 FROM obligation AS theirs WHERE theirs.series = $2)";
const MOVE_ROW: &str = "UPDATE obligation SET series = $2 WHERE series = $1 AND id = $3";
const MOVE_NOTICES: &str = "UPDATE notice SET unit = $2 WHERE unit = $1 AND letter IS NULL \
    AND NOT EXISTS (SELECT 1 FROM notice AS theirs WHERE theirs.obligation = notice.obligation \
        AND theirs.round = notice.round AND theirs.kind = notice.kind AND theirs.at = notice.at \
        AND theirs.role = notice.role AND theirs.unit = $2)";

pub const STATEMENTS: &[&str] = &[
    UNITS,
    SERIES_OF,
    MOVE_SERIES,
    MOVE_ROW,
    MOVE_NOTICES,
    RENAME,
    PUT_FORMER,
    FORMER,
    PUT_UNIT,
    UNIT_ID,
    MEMBERSHIPS,
    DROP_MEMBERSHIPS,
    PUT_MEMBERSHIP,
    GROUPS,
    DROP_GROUPS,
    PUT_GROUP,
    LEAVES_FOR,
    SET_LEAVES_FOR,
    HOLDERS,
    PUT_HOLDER,
];

/// The key in `meta` of the safety office's unit.
const OFFICE: &str = "office";

/// Who holds a post from a day on, until the next entry for the same post.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    pub post: PostId,
    /// The holder's name, or the post's own where no name is kept.
    pub holder: String,
    pub address: String,
    /// A stand-in's address, and the days on which it is used instead.
    pub stand_in: Option<StandIn>,
    /// From which day on.
    pub from_on: NaiveDate,
    /// When that was written down.
    pub recorded_at: DateTime<Utc>,
}

/// Who gets a post's letters for a while.
#[derive(Clone, PartialEq, Eq)]
pub struct StandIn {
    pub address: String,
    pub from: NaiveDate,
    pub until: NaiveDate,
}

impl Holder {
    /// Where the post's letters go on a day.
    pub fn address_on(&self, day: NaiveDate) -> &str {
        match &self.stand_in {
            Some(stand_in) if stand_in.from <= day && day <= stand_in.until => &stand_in.address,
            _ => &self.address,
        }
    }

    /// Whether it is the same person at the same mailbox: then no other term has begun.
    pub fn is_same_person(&self, other: &Holder) -> bool {
        self.holder == other.holder && self.address.eq_ignore_ascii_case(&other.address)
    }
}

#[derive(FromRow)]
struct UnitColumns {
    id: i64,
    name: String,
    kind: String,
    joined_on: Option<NaiveDate>,
    left_on: Option<NaiveDate>,
}

#[derive(FromRow)]
struct HolderColumns {
    id: i64,
    unit: String,
    role: String,
    holder: String,
    address: String,
    stand_in_address: Option<String>,
    stand_in_from: Option<NaiveDate>,
    stand_in_until: Option<NaiveDate>,
    from_on: NaiveDate,
    recorded_at: DateTime<Utc>,
}

impl TryFrom<HolderColumns> for Holder {
    type Error = StoreError;

    fn try_from(row: HolderColumns) -> Result<Holder> {
        let role = Role::from_code(&row.role)
            .ok_or_else(|| StoreError::Corrupt(format!("post_holder {}: role {}", row.id, row.role)))?;
        let stand_in = match (row.stand_in_address, row.stand_in_from, row.stand_in_until) {
            (Some(address), Some(from), Some(until)) => Some(StandIn { address, from, until }),
            _ => None,
        };
        let post = PostId { unit: UnitName(row.unit), role };
        let HolderColumns { holder, address, from_on, recorded_at, .. } = row;
        Ok(Holder { post, holder, address, stand_in, from_on, recorded_at })
    }
}

impl Tx {
    /// Records units in the roster's order, and its groups and office. A unit that is known keeps its id.
    pub async fn put_roster(&mut self, roster: &Roster) -> Result<()> {
        for (position, unit) in roster.units.iter().enumerate() {
            let id: i64 = on!(self, |c| {
                sqlx::query_scalar(PUT_UNIT)
                    .bind(&unit.name.0)
                    .bind(as_count(position))
                    .bind(&unit.kind)
                    .bind(unit.joined_on)
                    .bind(unit.left_on)
                    .fetch_one(c)
                    .await?
            });
            on!(self, |c| sqlx::query(DROP_MEMBERSHIPS).bind(id).execute(c).await?.rows_affected());
            for (position, group) in unit.groups.iter().enumerate() {
                on!(self, |c| sqlx::query(PUT_MEMBERSHIP)
                    .bind(id)
                    .bind(as_count(position))
                    .bind(group)
                    .execute(c)
                    .await?
                    .rows_affected());
            }
        }
        on!(self, |c| sqlx::query(DROP_GROUPS).execute(c).await?.rows_affected());
        for (position, group) in roster.groups.iter().enumerate() {
            on!(self, |c| sqlx::query(PUT_GROUP)
                .bind(as_count(position))
                .bind(group)
                .execute(c)
                .await?
                .rows_affected());
        }
        let office: Option<i64> =
            on!(self, |c| sqlx::query_scalar(UNIT_ID).bind(&roster.office.0).fetch_optional(c).await?);
        self.set_meta(OFFICE, &office.map(|id| id.to_string()).unwrap_or_default()).await
    }

    pub async fn roster(&mut self) -> Result<Roster> {
        let rows: Vec<UnitColumns> = on!(self, |c| sqlx::query_as(UNITS).fetch_all(c).await?);
        let memberships: Vec<(i64, String)> = on!(self, |c| sqlx::query_as(MEMBERSHIPS).fetch_all(c).await?);
        let groups: Vec<String> = on!(self, |c| sqlx::query_scalar(GROUPS).fetch_all(c).await?);
        let office = self.meta(OFFICE).await?.unwrap_or_default();
        let office = rows.iter().find(|row| row.id.to_string() == office).map(|row| row.name.clone());
        let mut of_unit: HashMap<i64, Vec<String>> = HashMap::new();
        for (unit, group) in memberships {
            of_unit.entry(unit).or_default().push(group);
        }
        let unit = |row: UnitColumns| Unit {
            name: UnitName(row.name),
            kind: row.kind,
            groups: of_unit.remove(&row.id).unwrap_or_default(),
            joined_on: row.joined_on,
            left_on: row.left_on,
        };
        Ok(Roster { units: rows.into_iter().map(unit).collect(), groups, office: UnitName(office.unwrap_or_default()) })
    }

    /// Calls a unit otherwise from now on; the name it had is kept with the instant. Says whether there was one.
    pub async fn rename_unit(&mut self, name: &UnitName, to: &UnitName, now: DateTime<Utc>) -> Result<bool> {
        let id: Option<i64> =
            on!(self, |c| sqlx::query_scalar(RENAME).bind(&name.0).bind(&to.0).fetch_optional(c).await?);
        let Some(id) = id else { return Ok(false) };
        self.put_former(name, id, false, now).await?;
        Ok(true)
    }

    async fn put_former(&mut self, name: &UnitName, unit: i64, succeeded: bool, now: DateTime<Utc>) -> Result<()> {
        on!(self, |c| sqlx::query(PUT_FORMER)
            .bind(&name.0)
            .bind(now)
            .bind(unit)
            .bind(succeeded)
            .execute(c)
            .await?
            .rows_affected());
        Ok(())
    }

    /// A unit takes over from another: what is written of it in the catalogue, its series, and what waits to be told its
    /// posts. `moved` are its open obligations that the successor owes now, where it has a series of its own.
    pub async fn succeed_unit(
        &mut self,
        old: &UnitName,
        new: &UnitName,
        moved: &[i64],
        now: DateTime<Utc>,
    ) -> Result<()> {
        let ids = self.unit_ids().await?;
        let (Some(old_id), Some(new_id)) = (ids.get(old).copied(), ids.get(new).copied()) else {
            return Err(StoreError::Corrupt(format!("there is no unit {old} or {new}")));
        };
        self.put_former(old, new_id, true, now).await?;
        let (end, new_end) = (format!("/{old_id}"), format!("/{new_id}"));
        let all: Vec<String> =
            on!(self, |c| sqlx::query_scalar(SERIES_OF).bind(format!("%{end}")).fetch_all(c).await?);
        for series in all {
            let Some(stem) = series.strip_suffix(&end) else { continue };
            let next = format!("{stem}{new_end}");
            on!(self, |c| sqlx::query(MOVE_SERIES).bind(&series).bind(&next).execute(c).await?.rows_affected());
            for id in moved {
                on!(self, |c| sqlx::query(MOVE_ROW)
                    .bind(&series)
                    .bind(&next)
                    .bind(id)
                    .execute(c)
                    .await?
                    .rows_affected());
            }
        }
        on!(self, |c| sqlx::query(MOVE_NOTICES).bind(old_id).bind(new_id).execute(c).await?.rows_affected());
        Ok(())
    }

    pub async fn former_names(&mut self) -> Result<FormerNames> {
        let rows: Vec<(String, DateTime<Utc>, String, bool)> =
            on!(self, |c| sqlx::query_as(FORMER).fetch_all(c).await?);
        let former = |(name, until, present, succeeded)| FormerName {
            name: UnitName(name),
            until,
            present: UnitName(present),
            succeeded,
        };
        Ok(FormerNames(rows.into_iter().map(former).collect()))
    }

    /// The ids by which the tables speak of the units. They stay when a name changes, and nobody else needs them.
    pub(super) async fn unit_ids(&mut self) -> Result<HashMap<UnitName, i64>> {
        let rows: Vec<UnitColumns> = on!(self, |c| sqlx::query_as(UNITS).fetch_all(c).await?);
        Ok(rows.into_iter().map(|row| (UnitName(row.name), row.id)).collect())
    }

    /// Why a unit leaves, until its departure is settled.
    pub async fn leaves_for(&mut self, unit: &UnitName) -> Result<Option<String>> {
        let found: Option<Option<String>> =
            on!(self, |c| sqlx::query_scalar(LEAVES_FOR).bind(&unit.0).fetch_optional(c).await?);
        Ok(found.flatten())
    }

    /// Notes why a unit leaves; `None` = it stays, or its departure is settled.
    pub async fn set_leaves_for(&mut self, unit: &UnitName, reason: Option<&str>) -> Result<()> {
        on!(self, |c| sqlx::query(SET_LEAVES_FOR).bind(&unit.0).bind(reason).execute(c).await?.rows_affected());
        Ok(())
    }

    /// Every holder of every post, by post and day.
    pub async fn holders(&mut self) -> Result<Vec<Holder>> {
        let rows: Vec<HolderColumns> = on!(self, |c| sqlx::query_as(HOLDERS).fetch_all(c).await?);
        rows.into_iter().map(Holder::try_from).collect()
    }

    /// Records who holds a post from a day on. What could not be told it for want of an address waits for a letter again.
    pub async fn put_holder(&mut self, holder: &Holder) -> Result<()> {
        let stand_in = holder.stand_in.as_ref();
        on!(self, |c| {
            sqlx::query(PUT_HOLDER)
                .bind(&holder.post.unit.0)
                .bind(holder.post.role.code())
                .bind(&holder.holder)
                .bind(&holder.address)
                .bind(stand_in.map(|stand_in| stand_in.address.as_str()))
                .bind(stand_in.map(|stand_in| stand_in.from))
                .bind(stand_in.map(|stand_in| stand_in.until))
                .bind(holder.from_on)
                .bind(holder.recorded_at)
                .execute(c)
                .await?
                .rows_affected()
        });
        self.release_notices(&holder.post).await
    }
}
