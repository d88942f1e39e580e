//! Who may come in: sessions, one-time links, tokens, feeds, passwords, and letters whose link was revoked.
//!
//! Secrets are hashed before they come here. Nothing here decides what somebody may do.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::connect::Store;
use super::error::Result;
use super::tx::{Tx, on};
use crate::domain::code::coded;
use crate::domain::letter::LetterKind;

macro_rules! select {
    ($tail:literal) => {
        select!("", $tail)
    };
    ($more:literal, $tail:literal) => {
        concat!(
            "SELECT credential.id, credential.kind, unit.name AS unit, role, how, credential.name, scopes, created_at, ",
            "seen_at, ends_at, ended_at, maker.name AS maker_unit, maker_role",
            $more,
            " FROM credential JOIN unit ON unit.id = credential.unit ",
            "LEFT JOIN unit AS maker ON maker.id = maker_unit ",
            $tail
        )
    };
}

const INSERT: &str = "INSERT INTO credential \
    (kind, hash, unit, role, how, name, scopes, created_at, seen_at, ends_at, maker_unit, maker_role) \
    VALUES ($1, $2, (SELECT id FROM unit WHERE name = $3), $4, $5, $6, $7, $8, $8, $9, \
    (SELECT id FROM unit WHERE name = $10), $11) RETURNING id";
const BY_HASH: &str = select!("WHERE hash = $1 AND credential.kind = $2 AND ended_at IS NULL");
const LOOK: &str = select!(
    ", (SELECT value FROM meta WHERE key = $3) AS value",
    "WHERE hash = $1 AND credential.kind = $2 AND ended_at IS NULL"
);
const OF_POST: &str =
    select!("WHERE unit.name = $1 AND role = $2 AND credential.kind = $3 AND ended_at IS NULL ORDER BY credential.id");
const OF_KIND: &str =
    select!("WHERE credential.kind = $1 AND ended_at IS NULL ORDER BY unit.name, role, credential.id");
const SEEN: &str = "UPDATE credential SET seen_at = $2 WHERE id = $1";
const END: &str = "UPDATE credential SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL";
const END_POST: &str = "UPDATE credential SET ended_at = $4 WHERE unit = (SELECT id FROM unit WHERE name = $1) AND role = $2 AND kind = $3 AND ended_at IS NULL";
const END_BEFORE: &str = "UPDATE credential SET ended_at = $4 WHERE unit = (SELECT id FROM unit WHERE name = $1) AND role = $2 \
    AND created_at < $3 AND ended_at IS NULL";
const END_LINK: &str = "UPDATE credential SET ended_at = $2 WHERE how = $1 AND kind = 'session' AND ended_at IS NULL";
const PRUNE: &str = "DELETE FROM credential WHERE ended_at < $1 OR ends_at < $1";
const PASSWORD: &str = "SELECT hash FROM password WHERE unit = (SELECT id FROM unit WHERE name = $1) AND role = $2";
const SET_PASSWORD: &str = "INSERT INTO password (unit, role, hash, set_at) \
    VALUES ((SELECT id FROM unit WHERE name = $1), $2, $3, $4) \
    ON CONFLICT (unit, role) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at";
const ANY_PASSWORD: &str = "SELECT role FROM password LIMIT 1";
const LETTER: &str = "SELECT letter.id, letter.kind, letter.posts, letter.written_at, link_revoked.revoked_at \
    FROM letter LEFT JOIN link_revoked ON link_revoked.letter = letter.id WHERE letter.id = $1";
const REVOKE: &str = "INSERT INTO link_revoked (letter, revoked_at) VALUES ($1, $2) ON CONFLICT (letter) DO NOTHING";

pub const STATEMENTS: &[&str] = &[
    INSERT,
    BY_HASH,
    LOOK,
    OF_POST,
    OF_KIND,
    SEEN,
    END,
    END_POST,
    END_BEFORE,
    END_LINK,
    PRUNE,
    PASSWORD,
    SET_PASSWORD,
    ANY_PASSWORD,
    LETTER,
    REVOKE,
];

coded!(CredentialKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum CredentialKind {
    /// Somebody is signed in in a browser.
    Session,
    /// A one-time link that sets a password.
    Setup,
    Token,
    /// A calendar's secret address.
    Feed,
}

#[derive(Debug, Clone)]
pub struct NewCredential {
    pub kind: CredentialKind,
    /// The hash of its secret.
    pub hash: String,
    /// Whose: the unit.
    pub unit: String,
    /// Whose: the role's code.
    pub role: String,
    /// How it came to be: `password`, `gateway`, `letter:12`, or who made it.
    pub how: String,
    /// What its owner knows it by: the browser, or a token's name.
    pub name: String,
    /// What it may be used for, blank-separated; empty = all that its post may.
    pub scopes: String,
    pub created_at: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
    /// Of a token, the unit and the role's code of the post that made it.
    pub maker: Option<(String, String)>,
}

/// A credential that has not been ended.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Credential {
    pub id: i64,
    #[sqlx(try_from = "String")]
    pub kind: CredentialKind,
    /// Whose: the unit.
    pub unit: String,
    /// Whose: the role's code.
    pub role: String,
    pub how: String,
    /// What its owner knows it by.
    pub name: String,
    /// What it may be used for.
    pub scopes: String,
    pub created_at: DateTime<Utc>,
    /// When it was last used, give or take minutes.
    pub seen_at: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Of a token, the unit of the post that made it.
    pub maker_unit: Option<String>,
    /// And that post's role's code.
    pub maker_role: Option<String>,
}

#[derive(FromRow)]
struct LookRow {
    #[sqlx(flatten)]
    credential: Credential,
    value: Option<String>,
}

impl Store {
    /// The credential of that kind whose secret has this hash, if it was not ended, and what `meta` says under a key: what
    /// every request asks first, in one statement and no transaction.
    pub async fn look(
        &self,
        kind: CredentialKind,
        hash: &str,
        key: &str,
    ) -> Result<Option<(Credential, Option<String>)>> {
        let row: Option<LookRow> = match self {
            Store::Sqlite(pool) => {
                sqlx::query_as(LOOK).bind(hash).bind(kind.code()).bind(key).fetch_optional(pool).await?
            }
            Store::Postgres(pool) => {
                sqlx::query_as(LOOK).bind(hash).bind(kind.code()).bind(key).fetch_optional(pool).await?
            }
        };
        Ok(row.map(|LookRow { credential, value }| (credential, value)))
    }
}

/// What a letter's link needs to be judged.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LinkedLetter {
    pub id: i64,
    #[sqlx(try_from = "String")]
    pub kind: LetterKind,
    /// The posts it was for, joined by `;`.
    pub posts: String,
    pub written_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Tx {
    /// Records a credential. Returns its number.
    pub async fn insert_credential(&mut self, new: &NewCredential) -> Result<i64> {
        let (maker_unit, maker_role) = new.maker.as_ref().map(|(unit, role)| (unit, role)).unzip();
        Ok(on!(self, |c| {
            sqlx::query_scalar(INSERT)
                .bind(new.kind.code())
                .bind(&new.hash)
                .bind(&new.unit)
                .bind(&new.role)
                .bind(&new.how)
                .bind(&new.name)
                .bind(&new.scopes)
                .bind(new.created_at)
                .bind(new.ends_at)
                .bind(maker_unit)
                .bind(maker_role)
                .fetch_one(c)
                .await?
        }))
    }

    /// The credential of that kind whose secret has this hash, unless it was ended.
    pub async fn credential(&mut self, kind: CredentialKind, hash: &str) -> Result<Option<Credential>> {
        Ok(on!(self, |c| sqlx::query_as(BY_HASH).bind(hash).bind(kind.code()).fetch_optional(c).await?))
    }

    /// A post's credentials of a kind that were not ended.
    pub async fn credentials_of(&mut self, kind: CredentialKind, unit: &str, role: &str) -> Result<Vec<Credential>> {
        Ok(on!(self, |c| sqlx::query_as(OF_POST).bind(unit).bind(role).bind(kind.code()).fetch_all(c).await?))
    }

    /// All credentials of a kind that were not ended.
    pub async fn credentials(&mut self, kind: CredentialKind) -> Result<Vec<Credential>> {
        Ok(on!(self, |c| sqlx::query_as(OF_KIND).bind(kind.code()).fetch_all(c).await?))
    }

    /// Notes that a credential was used.
    pub async fn credential_seen(&mut self, id: i64, now: DateTime<Utc>) -> Result<()> {
        on!(self, |c| sqlx::query(SEEN).bind(id).bind(now).execute(c).await?.rows_affected());
        Ok(())
    }

    /// Ends a credential. Says whether it was still there: a one-time link is used by whoever ends it.
    pub async fn end_credential(&mut self, id: i64, now: DateTime<Utc>) -> Result<bool> {
        Ok(on!(self, |c| sqlx::query(END).bind(id).bind(now).execute(c).await?.rows_affected()) == 1)
    }

    /// Ends a post's credentials of a kind.
    pub async fn end_credentials_of(
        &mut self,
        kind: CredentialKind,
        unit: &str,
        role: &str,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        Ok(on!(self, |c| {
            sqlx::query(END_POST).bind(unit).bind(role).bind(kind.code()).bind(now).execute(c).await?.rows_affected()
        }))
    }

    /// Ends what lets somebody in as a post and was made before an instant. Returns how many.
    pub async fn end_credentials_before(
        &mut self,
        unit: &str,
        role: &str,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        Ok(on!(self, |c| {
            sqlx::query(END_BEFORE).bind(unit).bind(role).bind(before).bind(now).execute(c).await?.rows_affected()
        }))
    }

    /// Forgets credentials that ended before then.
    pub async fn prune_credentials(&mut self, before: DateTime<Utc>) -> Result<u64> {
        Ok(on!(self, |c| sqlx::query(PRUNE).bind(before).execute(c).await?.rows_affected()))
    }

    pub async fn password(&mut self, unit: &str, role: &str) -> Result<Option<String>> {
        Ok(on!(self, |c| sqlx::query_scalar(PASSWORD).bind(unit).bind(role).fetch_optional(c).await?))
    }

    pub async fn set_password(&mut self, unit: &str, role: &str, hash: &str, now: DateTime<Utc>) -> Result<()> {
        on!(self, |c| {
            sqlx::query(SET_PASSWORD).bind(unit).bind(role).bind(hash).bind(now).execute(c).await?.rows_affected()
        });
        Ok(())
    }

    /// Whether anybody has a password yet.
    pub async fn any_password(&mut self) -> Result<bool> {
        let found: Option<String> = on!(self, |c| sqlx::query_scalar(ANY_PASSWORD).fetch_optional(c).await?);
        Ok(found.is_some())
    }

    /// A letter, as far as its link goes.
    pub async fn linked_letter(&mut self, id: i64) -> Result<Option<LinkedLetter>> {
        Ok(on!(self, |c| sqlx::query_as(LETTER).bind(id).fetch_optional(c).await?))
    }

    /// Revokes a letter's link and ends the sessions that came in by it. Returns how many.
    pub async fn revoke_link(&mut self, letter: i64, now: DateTime<Utc>) -> Result<u64> {
        on!(self, |c| sqlx::query(REVOKE).bind(letter).bind(now).execute(c).await?.rows_affected());
        let how = format!("letter:{letter}");
        Ok(on!(self, |c| sqlx::query(END_LINK).bind(how).bind(now).execute(c).await?.rows_affected()))
    }
}
