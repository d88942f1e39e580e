//! Units, groups and who holds which post since when.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;

use super::{
    error::{Result, StoreError},
    tx::{Tx, on},
};
use crate::domain::unit::{PostId, Role, Roster, Unit, UnitName};

const UNITS: &str = "SELECT name, kind, unit_groups, joined_on, left_on FROM unit ORDER BY position, name";
const PUT_UNIT: &str = "INSERT INTO unit (name, position, kind, unit_groups, joined_on, left_on) \
    VALUES ($1, $2, $3, $4, $5, $6) \
    ON CONFLICT (name) DO UPDATE SET position = excluded.position, kind = excluded.kind, \
    unit_groups = excluded.unit_groups, joined_on = excluded.joined_on, left_on = excluded.left_on";
const HOLDERS: &str = "SELECT id, unit, role, holder, address, stand_in_address, stand_in_from, stand_in_until, from_on \
    FROM post_holder ORDER BY unit, role, from_on, id";
const PUT_HOLDER: &str = "INSERT INTO post_holder (unit, role, holder, address, stand_in_address, stand_in_from, \
    stand_in_until, from_on, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub const STATEMENTS: &[&str] = &[UNITS, PUT_UNIT, HOLDERS, PUT_HOLDER];

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
}

#[derive(FromRow)]
struct UnitRow {
    name: String,
    kind: String,
    unit_groups: String,
    joined_on: Option<NaiveDate>,
    left_on: Option<NaiveDate>,
}

#[derive(FromRow)]
struct HolderRow {
    id: i64,
    unit: String,
    role: String,
    holder: String,
    address: String,
    stand_in_address: Option<String>,
    stand_in_from: Option<NaiveDate>,
    stand_in_until: Option<NaiveDate>,
    from_on: NaiveDate,
}

impl TryFrom<HolderRow> for Holder {
    type Error = StoreError;

    fn try_from(row: HolderRow) -> Result<Holder> {
        let role = Role::from_code(&row.role)
            .ok_or_else(|| StoreError::Corrupt(format!("post_holder {}: role {}", row.id, row.role)))?;
        let stand_in = match (row.stand_in_address, row.stand_in_from, row.stand_in_until) {
            (Some(address), Some(from), Some(until)) => Some(StandIn { address, from, until }),
            _ => None,
        };
        let post = PostId { unit: UnitName(row.unit), role };
        Ok(Holder { post, holder: row.holder, address: row.address, stand_in, from_on: row.from_on })
    }
}

impl Tx {
    pub async fn units(&mut self) -> Result<Vec<Unit>> {
        let rows: Vec<UnitRow> = on!(self, |c| sqlx::query_as(UNITS).fetch_all(c).await?);
        let groups = |text: &str| text.split(';').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let unit = |row: UnitRow| Unit {
            name: UnitName(row.name),
            kind: row.kind,
            groups: groups(&row.unit_groups),
            joined_on: row.joined_on,
            left_on: row.left_on,
        };
        Ok(rows.into_iter().map(unit).collect())
    }

    /// Records units in the roster's order, and its groups and office.
    pub async fn put_roster(&mut self, roster: &Roster) -> Result<()> {
        for (position, unit) in roster.units.iter().enumerate() {
            on!(self, |c| {
                sqlx::query(PUT_UNIT)
                    .bind(&unit.name.0)
                    .bind(crate::store::bulk::as_count(position))
                    .bind(&unit.kind)
                    .bind(unit.groups.join(";"))
                    .bind(unit.joined_on)
                    .bind(unit.left_on)
                    .execute(c)
                    .await?
                    .rows_affected()
            });
        }
        self.set_meta("groups", &roster.groups.join(";")).await?;
        self.set_meta("office", &roster.office.0).await
    }

    pub async fn roster(&mut self) -> Result<Roster> {
        let units = self.units().await?;
        let groups = self.meta("groups").await?.unwrap_or_default();
        let office = self.meta("office").await?.unwrap_or_default();
        Ok(Roster {
            office: UnitName(office),
            units,
            groups: groups.split(';').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        })
    }

    /// Every holder of every post, by post and day.
    pub async fn holders(&mut self) -> Result<Vec<Holder>> {
        let rows: Vec<HolderRow> = on!(self, |c| sqlx::query_as(HOLDERS).fetch_all(c).await?);
        rows.into_iter().map(Holder::try_from).collect()
    }

    /// Records who holds a post from a day on.
    pub async fn put_holder(&mut self, holder: &Holder, now: DateTime<Utc>) -> Result<()> {
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
                .bind(now)
                .execute(c)
                .await?
                .rows_affected()
        });
        Ok(())
    }
}
