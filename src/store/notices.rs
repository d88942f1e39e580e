//! Notices: written in the transaction of the step they tell of, taken up by a letter afterwards.
//!
//! A notice without a letter is found by every pass until it has one, so nothing is lost in between. The unique key
//! (obligation, round, kind, step, post) is what keeps it from being told twice.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::bulk;
use super::error::{Result, StoreError};
use super::row::owners;
use super::tx::{Tx, on};
use crate::domain::step::NoticeKind;
use crate::domain::unit::{PostId, Role, UnitName};

/// A join would put them in an order of its own; their numbers are the order in which letters tell of them.
const INSERT: &str = "WITH v (obligation, round, kind, at, name, role, created_at) AS (VALUES {values}) \
    INSERT INTO notice (obligation, round, kind, at, unit, role, created_at) \
    SELECT v.obligation, v.round, v.kind, v.at, (SELECT id FROM unit WHERE unit.name = v.name), v.role, v.created_at \
    FROM v WHERE TRUE \
    ON CONFLICT (obligation, round, kind, at, unit, role) DO NOTHING";
const INSERT_COLUMNS: usize = 7;
const UNWRITTEN: &str = "SELECT notice.id, obligation, notice.kind, at, unit.name AS unit, role \
    FROM notice JOIN unit ON unit.id = notice.unit \
    WHERE letter IS NULL AND error IS NULL AND at <= $2 ORDER BY notice.id LIMIT CAST($1 AS BIGINT)";
/// 通报建议 waits for the digest.
const ANY_UNWRITTEN: &str =
    "SELECT id FROM notice WHERE letter IS NULL AND error IS NULL AND kind <> 'propose' AND at <= $1 LIMIT 1";
/// Those of a later slot: what was decided, or asked for, since the last.
const NEXT_UNWRITTEN: &str =
    "SELECT MIN(at) FROM notice WHERE letter IS NULL AND error IS NULL AND at > $1 HAVING COUNT(*) > 0";
const RECALL: &str = "DELETE FROM notice WHERE obligation = $1 AND kind = 'decided' AND at = $2 AND letter IS NULL";
const ANY_WRITTEN: &str =
    "SELECT id FROM notice WHERE obligation = $1 AND kind = 'decided' AND at = $2 AND letter IS NOT NULL LIMIT 1";
const TAKE: &str = "UPDATE notice SET letter = $1 WHERE letter IS NULL AND id IN ({list}) RETURNING id";
const GIVE: &str = "WITH v (id, letter) AS (VALUES {values}) UPDATE notice SET letter = v.letter FROM v \
    WHERE notice.id = v.id AND notice.letter IS NULL";
const GIVE_COLUMNS: usize = 2;
const FAIL: &str = "UPDATE notice SET error = $1 WHERE letter IS NULL AND id IN ({list})";
/// Why a notice waits whose post has no address; as the index of these has it.
macro_rules! unaddressed {
    () => {
        "the post has no address"
    };
}
const RELEASE: &str = concat!(
    "UPDATE notice SET error = NULL WHERE letter IS NULL AND error = '",
    unaddressed!(),
    "' AND unit = (SELECT id FROM unit WHERE name = $1) AND role = $2"
);
const UNTOLD: &str = concat!(
    "SELECT DISTINCT unit.name, notice.role, notice.obligation \
    FROM notice JOIN unit ON unit.id = notice.unit JOIN obligation ON obligation.id = notice.obligation \
    WHERE letter IS NULL AND error = '",
    unaddressed!(),
    "' AND obligation.phase IN ('open', 'returned', 'missed', 'lapsed') \
    ORDER BY unit.name, notice.role, notice.obligation"
);
/// Without the obligations themselves: joined to them, PostgreSQL may read them all.
const REMINDED: &str = "SELECT notice.obligation, notice.round, MIN(letter.sent_at) AS taken_at FROM notice \
    JOIN letter ON letter.id = notice.letter \
    WHERE letter.sent_at IS NOT NULL AND notice.kind IN ('remind', 'event') AND notice.obligation IN ({list}) \
    GROUP BY notice.obligation, notice.round";
/// Of misses that were chased: when the mail server took the first of the 催办 (a 督办 may speak for it), and how many have
/// not come to their end.
const CHASED: &str = "SELECT notice.obligation, notice.round, MIN(letter.sent_at) AS taken_at, \
    SUM(CASE WHEN notice.error IS NOT NULL OR letter.state IN ('sent', 'refused', 'given_up', 'failed', 'moot') \
        THEN 0 ELSE 1 END) AS waiting \
    FROM notice LEFT JOIN letter ON letter.id = notice.letter \
    WHERE notice.kind IN ('chase', 'supervise') AND notice.obligation IN ({list}) \
    GROUP BY notice.obligation, notice.round";
const OF_OBLIGATION: &str = "SELECT notice.id, notice.kind, notice.at, unit.name AS unit, notice.role, \
    letter.message_id, letter.state, letter.sent_at, letter.reply \
    FROM notice JOIN unit ON unit.id = notice.unit LEFT JOIN letter ON letter.id = notice.letter WHERE notice.obligation = $1 \
    ORDER BY notice.id";
const TOLD: &str = concat!(
    "SELECT letter.sent_at, notice.kind, obligation.duty, ",
    owners!(";"),
    " AS owners, obligation.period, unit.name AS unit, notice.role, letter.message_id \
     FROM notice JOIN obligation ON obligation.id = notice.obligation JOIN letter ON letter.id = notice.letter \
     JOIN unit ON unit.id = notice.unit WHERE notice.id > $1 ORDER BY notice.id LIMIT $2"
);
const TOLD_IDS: &str = "SELECT id FROM notice WHERE letter IS NOT NULL AND id > $1 ORDER BY id LIMIT $2";
const OF_LETTER: &str = "SELECT DISTINCT obligation FROM notice WHERE letter = $1 ORDER BY obligation";
const FAILED: &str = "SELECT id, error FROM notice WHERE error IS NOT NULL ORDER BY id";

pub const STATEMENTS: &[&str] = &[
    RELEASE,
    UNTOLD,
    UNWRITTEN,
    ANY_UNWRITTEN,
    NEXT_UNWRITTEN,
    RECALL,
    ANY_WRITTEN,
    OF_OBLIGATION,
    TOLD,
    TOLD_IDS,
    OF_LETTER,
    FAILED,
];

/// The statements of many rows, with their columns.
pub const BULK: &[(&str, usize)] = &[(INSERT, INSERT_COLUMNS), (GIVE, GIVE_COLUMNS)];

/// The statements with a list of numbers, with its first placeholder.
pub const LISTS: &[(&str, usize)] = &[(TAKE, 2), (FAIL, 2), (REMINDED, 1), (CHASED, 1)];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    pub obligation: i64,
    pub round: i32,
    pub kind: NoticeKind,
    pub at: DateTime<Utc>,
    pub post: PostId,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: i64,
    pub obligation: i64,
    pub kind: NoticeKind,
    pub at: DateTime<Utc>,
    pub post: PostId,
}

#[derive(FromRow)]
struct NoticeColumns {
    id: i64,
    obligation: i64,
    kind: String,
    at: DateTime<Utc>,
    unit: String,
    role: String,
}

/// A reminder that the mail server took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct ReminderTaken {
    pub obligation: i64,
    #[sqlx(try_from = "i64")]
    pub round: i32,
    /// When the mail server took the first.
    pub taken_at: DateTime<Utc>,
}

/// What became of the 催办 of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct ChaseTold {
    pub obligation: i64,
    #[sqlx(try_from = "i64")]
    pub round: i32,
    /// When the mail server took the first.
    pub taken_at: Option<DateTime<Utc>>,
    /// How many are still to be written or sent.
    pub waiting: i64,
}

/// What became of a notice, for an obligation's history.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct NoticeHistory {
    pub id: i64,
    #[sqlx(try_from = "String")]
    pub kind: NoticeKind,
    pub at: DateTime<Utc>,
    pub unit: String,
    pub role: String,
    /// Its letter's Message-ID, once there is one.
    pub message_id: Option<String>,
    pub state: Option<String>,
    pub sent_at: Option<DateTime<Utc>>,
    pub reply: Option<String>,
}

/// A notice that went out, for exports.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Told {
    /// When its letter was sent, if it was.
    pub sent_at: Option<DateTime<Utc>>,
    #[sqlx(try_from = "String")]
    pub kind: NoticeKind,
    pub duty: String,
    /// `a;b`.
    pub owners: String,
    pub period: String,
    pub unit: String,
    pub role: String,
    pub message_id: String,
}

impl TryFrom<NoticeColumns> for Notice {
    type Error = StoreError;

    fn try_from(row: NoticeColumns) -> Result<Notice> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("notice {}: {what}", row.id));
        let kind = NoticeKind::from_code(&row.kind).ok_or_else(|| corrupt(&row.kind))?;
        let role = Role::from_code(&row.role).ok_or_else(|| corrupt(&row.role))?;
        let post = PostId { unit: UnitName(row.unit), role };
        Ok(Notice { id: row.id, obligation: row.obligation, kind, at: row.at, post })
    }
}

impl Tx {
    /// Writes notices; those told before are passed over.
    pub async fn insert_notices(&mut self, notices: &[NewNotice]) -> Result<()> {
        for chunk in bulk::pieces(notices) {
            let text = bulk::values(self.marks(), INSERT, chunk.len(), INSERT_COLUMNS);
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for notice in chunk {
                    query = query
                        .bind(notice.obligation)
                        .bind(i64::from(notice.round))
                        .bind(notice.kind.code())
                        .bind(notice.at)
                        .bind(&notice.post.unit.0)
                        .bind(notice.post.role.code())
                        .bind(notice.created_at);
                }
                query.execute(c).await?;
            });
        }
        Ok(())
    }

    /// Notices that no letter has taken up yet and whose slot has come.
    pub async fn unwritten_notices(&mut self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Notice>> {
        let limit = bulk::as_count(limit);
        let rows: Vec<NoticeColumns> =
            on!(self, |c| sqlx::query_as(UNWRITTEN).bind(limit).bind(now).fetch_all(c).await?);
        rows.into_iter().map(Notice::try_from).collect()
    }

    /// Whether some notice that a letter takes up, and whose slot has come, has none yet.
    pub async fn any_notice_unwritten(&mut self, now: DateTime<Utc>) -> Result<bool> {
        let id: Option<i64> = on!(self, |c| sqlx::query_scalar(ANY_UNWRITTEN).bind(now).fetch_optional(c).await?);
        Ok(id.is_some())
    }

    /// The next slot for which a notice waits.
    pub async fn next_notice_at(&mut self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        Ok(on!(self, |c| sqlx::query_scalar(NEXT_UNWRITTEN).bind(now).fetch_optional(c).await?))
    }

    /// Whether a letter has taken up what was to be told of decisions on an obligation in that slot.
    pub async fn decision_told(&mut self, obligation: i64, at: DateTime<Utc>) -> Result<bool> {
        let told: Option<i64> =
            on!(self, |c| sqlx::query_scalar(ANY_WRITTEN).bind(obligation).bind(at).fetch_optional(c).await?);
        Ok(told.is_some())
    }

    /// Takes back what is to be told of decisions on an obligation in that slot.
    pub async fn recall_notices(&mut self, obligation: i64, at: DateTime<Utc>) -> Result<()> {
        on!(self, |c| sqlx::query(RECALL).bind(obligation).bind(at).execute(c).await?.rows_affected());
        Ok(())
    }

    /// Gives the notices to a letter. Returns those that were still free.
    pub async fn take_notices(&mut self, letter: i64, ids: &[i64]) -> Result<Vec<i64>> {
        let mut taken = Vec::with_capacity(ids.len());
        for chunk in bulk::pieces(ids) {
            let text = bulk::list(self.marks(), TAKE, 2, chunk.len());
            let ids: Vec<i64> = on!(self, |c| {
                let mut query = sqlx::query_scalar(text).persistent(bulk::keep(chunk.len())).bind(letter);
                for id in chunk {
                    query = query.bind(id);
                }
                query.fetch_all(c).await?
            });
            taken.extend(ids);
        }
        Ok(taken)
    }

    /// Gives each notice to its letter. Says how many were still free.
    pub async fn give_notices(&mut self, given: &[(i64, i64)]) -> Result<usize> {
        let mut taken = 0;
        for chunk in bulk::pieces(given) {
            let text = bulk::values(self.marks(), GIVE, chunk.len(), GIVE_COLUMNS);
            taken += on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for (notice, letter) in chunk {
                    query = query.bind(notice).bind(letter);
                }
                query.execute(c).await?.rows_affected()
            });
        }
        Ok(usize::try_from(taken).unwrap_or(usize::MAX))
    }

    /// Puts notices aside that cannot be written: shown, and no longer in anybody's way.
    pub async fn fail_notices(&mut self, ids: &[i64], words: &str) -> Result<()> {
        for chunk in bulk::pieces(ids) {
            let text = bulk::list(self.marks(), FAIL, 2, chunk.len());
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len())).bind(words);
                for id in chunk {
                    query = query.bind(id);
                }
                query.execute(c).await?;
            });
        }
        Ok(())
    }

    /// Puts notices aside until their post has an address.
    pub async fn put_notices_aside(&mut self, ids: &[i64]) -> Result<()> {
        self.fail_notices(ids, unaddressed!()).await
    }

    /// A post has an address: what was put aside for want of one waits for a letter.
    pub async fn release_notices(&mut self, post: &PostId) -> Result<()> {
        on!(self, |c| sqlx::query(RELEASE).bind(&post.unit.0).bind(post.role.code()).execute(c).await?.rows_affected());
        Ok(())
    }

    /// Of what obligations posts could not be told for want of an address, where it is still worth telling.
    pub async fn untold(&mut self) -> Result<Vec<(PostId, i64)>> {
        let rows: Vec<(String, String, i64)> = on!(self, |c| sqlx::query_as(UNTOLD).fetch_all(c).await?);
        let untold = rows.into_iter().filter_map(|(unit, role, id)| Some((PostId::of(&unit, &role)?, id)));
        Ok(untold.collect())
    }

    /// The reminders of these obligations that the mail server took, the first of each round.
    pub async fn reminders_taken(&mut self, ids: &[i64]) -> Result<Vec<ReminderTaken>> {
        let mut found = Vec::new();
        for chunk in bulk::pieces(ids) {
            let text = bulk::list(self.marks(), REMINDED, 1, chunk.len());
            let reminders: Vec<ReminderTaken> = on!(self, |c| {
                let mut query = sqlx::query_as(text).persistent(bulk::keep(chunk.len()));
                for id in chunk {
                    query = query.bind(id);
                }
                query.fetch_all(c).await?
            });
            found.extend(reminders);
        }
        Ok(found)
    }

    /// What became of the 催办 of these obligations, by round.
    pub async fn chases_told(&mut self, ids: &[i64]) -> Result<Vec<ChaseTold>> {
        let mut found = Vec::new();
        for chunk in bulk::pieces(ids) {
            let text = bulk::list(self.marks(), CHASED, 1, chunk.len());
            let told: Vec<ChaseTold> = on!(self, |c| {
                let mut query = sqlx::query_as(text).persistent(bulk::keep(chunk.len()));
                for id in chunk {
                    query = query.bind(id);
                }
                query.fetch_all(c).await?
            });
            found.extend(told);
        }
        Ok(found)
    }

    /// What was told of an obligation, oldest first.
    pub async fn notices_of(&mut self, obligation: i64) -> Result<Vec<NoticeHistory>> {
        Ok(on!(self, |c| sqlx::query_as(OF_OBLIGATION).bind(obligation).fetch_all(c).await?))
    }

    pub async fn obligations_of_letter(&mut self, letter: i64) -> Result<Vec<i64>> {
        Ok(on!(self, |c| sqlx::query_scalar(OF_LETTER).bind(letter).fetch_all(c).await?))
    }

    /// All that was ever told, in order.
    pub async fn all_told(&mut self) -> Result<Vec<Told>> {
        let mut all: Vec<Told> = Vec::new();
        let mut after = 0_i64;
        loop {
            let ids: Vec<i64> =
                on!(self, |c| sqlx::query_scalar(TOLD_IDS).bind(after).bind(5000_i64).fetch_all(c).await?);
            let Some(last) = ids.last().copied() else { return Ok(all) };
            let count = bulk::as_count(ids.len());
            let rows: Vec<Told> = on!(self, |c| sqlx::query_as(TOLD).bind(after).bind(count).fetch_all(c).await?);
            all.extend(rows);
            after = last;
        }
    }

    /// Notices that could not be written, with the reason.
    pub async fn failed_notices(&mut self) -> Result<Vec<(i64, String)>> {
        Ok(on!(self, |c| sqlx::query_as(FAILED).fetch_all(c).await?))
    }
}
