//! The outbox: letters with one Message-ID and one body for life, claimed by a lease, marked by the batch.
//!
//! A claim is committed before anything of it is sent. After a crash a letter that is claimed and not marked is in
//! doubt: it is sent again under the same Message-ID. Bodies have a table of their own: a claim and a mark write the
//! letter's row anew, and that row is small.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::bulk;
use super::error::Result;
use super::tx::{Tx, on};
use crate::domain::letter::{LetterKind, LetterState};

/// Builds a SELECT of a letter's columns at compile time.
macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, message_id, kind, posts, subject, written_at, state, attempts, unknowns, tried_at, sent_at, reply ",
            "FROM letter ",
            $tail
        )
    };
}

const INSERT: &str = "INSERT INTO letter (message_id, slot_key, kind, urgent, posts, address, subject, written_at, state, \
    next_try_at) VALUES {values} \
    ON CONFLICT (slot_key) DO NOTHING RETURNING id, message_id";
const INSERT_COLUMNS: usize = 10;
const INSERT_BODIES: &str = "INSERT INTO letter_body (letter, body_text, body_html) VALUES {values}";
const INSERT_BODIES_COLUMNS: usize = 3;
const CLAIM: &str = "UPDATE letter SET state = 'leased', lease_owner = $1, lease_until = $2, tried_at = $3, \
    attempts = attempts + 1, unknowns = unknowns + CASE WHEN state = 'leased' THEN 1 ELSE 0 END, next_try_at = $2 \
    WHERE id IN (SELECT id FROM letter WHERE next_try_at IS NOT NULL AND next_try_at <= $3 \
        ORDER BY urgent DESC, next_try_at, id LIMIT CAST($4 AS BIGINT)) \
      AND next_try_at IS NOT NULL AND next_try_at <= $3 \
    RETURNING id, message_id, kind, urgent, posts, address, subject, written_at, attempts, unknowns";
const BODIES: &str = "SELECT letter, body_text, body_html FROM letter_body WHERE letter IN ({list})";
/// Letters of a batch of which nothing is worth telling any more.
const MOOT: &str = "SELECT notice.letter FROM notice JOIN obligation ON obligation.id = notice.obligation \
    WHERE notice.letter IN ({list}) GROUP BY notice.letter \
    HAVING SUM(CASE WHEN notice.kind IN ('decided', 'view') OR obligation.phase IN ('open', 'returned', 'missed', 'lapsed') \
    THEN 1 ELSE 0 END) = 0";
const MARK_SENT: &str = "WITH v (id, sent_at, reply) AS (VALUES {values}) \
    UPDATE letter SET state = 'sent', sent_at = v.sent_at, reply = v.reply, next_try_at = NULL, lease_owner = NULL, \
    lease_until = NULL FROM v WHERE letter.id = v.id";
const MARK_SENT_COLUMNS: usize = 3;
const MARK: &str = "UPDATE letter SET state = $2, reply = $3, next_try_at = $4, unknowns = unknowns + $5, \
    lease_owner = NULL, lease_until = NULL WHERE id = $1 AND state <> 'sent'";
const RELEASE: &str = "UPDATE letter SET state = 'queued', next_try_at = $2, reply = $3, attempts = attempts - 1, \
    lease_owner = NULL, lease_until = NULL WHERE id = $1 AND state = 'leased'";
const DEFER_ALL: &str = "UPDATE letter SET next_try_at = $1 WHERE state IN ('queued', 'deferred') AND next_try_at < $1";
const WAKE: &str = "UPDATE letter SET next_try_at = $1 WHERE state IN ('queued', 'deferred') AND next_try_at > $1";
const NEXT_TRY: &str = "SELECT next_try_at FROM letter WHERE next_try_at IS NOT NULL ORDER BY next_try_at LIMIT 1";
// With a count beside it, SQLite does not look for the least by walking all letters in their order.
const OLDEST_UNSENT: &str = "SELECT MIN(written_at) FROM letter WHERE next_try_at IS NOT NULL HAVING COUNT(*) > 0";
const LAST_SENT: &str = "SELECT MAX(sent_at) FROM letter WHERE written_at >= $1";
const COUNT_SENT: &str = "SELECT COUNT(*) FROM letter WHERE written_at > $1 AND sent_at >= $2";
// What was sent is not counted: each part walks a partial index, so that a long outbox costs nothing.
const COUNTS: &str = "SELECT state, COUNT(*) FROM letter WHERE next_try_at IS NOT NULL GROUP BY state \
    UNION ALL SELECT state, COUNT(*) FROM letter WHERE state IN ('refused', 'given_up', 'failed') GROUP BY state \
    UNION ALL SELECT state, COUNT(*) FROM letter WHERE state = 'held' GROUP BY state";
// In the order of its index: by number, SQLite would walk all letters.
const UNDELIVERED: &str =
    select!("WHERE state IN ('refused', 'given_up', 'failed') AND tried_at >= $1 ORDER BY written_at, id");
const PAGE: &str = select!("WHERE id > $1 ORDER BY id LIMIT CAST($2 AS BIGINT)");
const NEWEST_PAGE: &str = select!("WHERE id < $1 ORDER BY id DESC LIMIT CAST($2 AS BIGINT)");
// Each of the two names what one of the partial indexes holds and asks for no order by number, so that a long outbox
// costs nothing.
const WAITING_PAGE: &str =
    select!("WHERE next_try_at IS NOT NULL AND id + 0 < $1 ORDER BY id + 0 DESC LIMIT CAST($2 AS BIGINT)");
const UNDELIVERED_PAGE: &str = select!(
    "WHERE state IN ('refused', 'given_up', 'failed') AND id + 0 < $1 ORDER BY id + 0 DESC LIMIT CAST($2 AS BIGINT)"
);
const BY_ID: &str = select!("WHERE id = $1");
const BY_SLOT: &str = "SELECT id FROM letter WHERE slot_key = $1";
const BODY: &str = "SELECT letter.subject, letter_body.body_text \
    FROM letter JOIN letter_body ON letter_body.letter = letter.id WHERE letter.id = $1";
const NEWEST: &str = "SELECT id FROM letter WHERE kind = $1 ORDER BY id DESC LIMIT 1";
const RETRY: &str = "UPDATE letter SET state = 'queued', next_try_at = $2 WHERE id = $1 \
    AND state IN ('refused', 'given_up', 'failed', 'held')";
const HELD_PAGE: &str = select!("WHERE state = 'held' AND id + 0 < $1 ORDER BY id + 0 DESC LIMIT CAST($2 AS BIGINT)");
const HOLD: &str = "UPDATE letter SET state = 'held', next_try_at = NULL, lease_owner = NULL, lease_until = NULL \
    WHERE next_try_at IS NOT NULL";
const RELEASE_HELD: &str = "UPDATE letter SET state = 'queued', next_try_at = $1 WHERE state = 'held'";
const DROP_HELD: &str = "UPDATE letter SET state = 'moot', reply = $1 WHERE state = 'held'";

pub const STATEMENTS: &[&str] = &[
    CLAIM,
    MARK,
    RELEASE,
    DEFER_ALL,
    WAKE,
    NEXT_TRY,
    OLDEST_UNSENT,
    LAST_SENT,
    COUNT_SENT,
    COUNTS,
    UNDELIVERED,
    PAGE,
    NEWEST_PAGE,
    WAITING_PAGE,
    UNDELIVERED_PAGE,
    BY_ID,
    BY_SLOT,
    BODY,
    RETRY,
    NEWEST,
    HELD_PAGE,
    HOLD,
    RELEASE_HELD,
    DROP_HELD,
];

/// The statements with an IN list, and the number of its first parameter.
pub const LISTS: &[(&str, usize)] = &[(BODIES, 1), (MOOT, 1)];

/// The statements of many rows, with their columns.
pub const BULK: &[(&str, usize)] =
    &[(INSERT, INSERT_COLUMNS), (INSERT_BODIES, INSERT_BODIES_COLUMNS), (MARK_SENT, MARK_SENT_COLUMNS)];

#[derive(Clone)]
pub struct NewLetter {
    /// Its Message-ID, for life.
    pub message_id: String,
    /// What it must not be written twice for: address or post, kind and slot.
    pub slot_key: String,
    pub kind: LetterKind,
    /// Whether it goes before the others (events).
    pub urgent: bool,
    /// The posts it is for, joined by `;`.
    pub posts: String,
    pub address: String,
    pub subject: String,
    /// Its text, with the placeholder for the link.
    pub body_text: String,
    /// Its HTML, with the placeholder for the link.
    pub body_html: String,
    pub written_at: DateTime<Utc>,
    /// Whether it waits until somebody releases it.
    pub held: bool,
}

#[derive(Clone, FromRow)]
pub struct Claimed {
    pub id: i64,
    pub message_id: String,
    #[sqlx(try_from = "String")]
    pub kind: LetterKind,
    /// Whether it goes before the others.
    pub urgent: bool,
    pub posts: String,
    pub address: String,
    pub subject: String,
    /// Its text; empty if it has lost its body.
    #[sqlx(default)]
    pub body_text: String,
    #[sqlx(default)]
    pub body_html: String,
    pub written_at: DateTime<Utc>,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// How often its outcome stayed unknown.
    pub unknowns: i64,
}

/// A letter's fate, without its body or address.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LetterRow {
    pub id: i64,
    pub message_id: String,
    #[sqlx(try_from = "String")]
    pub kind: LetterKind,
    pub posts: String,
    pub subject: String,
    pub written_at: DateTime<Utc>,
    #[sqlx(try_from = "String")]
    pub state: LetterState,
    pub attempts: i64,
    /// How often its outcome stayed unknown.
    pub unknowns: i64,
    pub tried_at: Option<DateTime<Utc>>,
    /// When the mail server took it.
    pub sent_at: Option<DateTime<Utc>>,
    pub reply: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LetterGroup {
    #[default]
    All,
    Waiting,
    /// Those that nobody will send any more.
    Undelivered,
    /// Those that somebody has to release.
    Held,
}

impl Tx {
    /// Queues a letter; `None` when one for the same slot exists.
    pub async fn insert_letter(&mut self, letter: &NewLetter) -> Result<Option<i64>> {
        Ok(self.insert_letters(std::slice::from_ref(letter)).await?.first().map(|(id, _)| *id))
    }

    /// Queues letters; those for whose slot there is one already are passed over. Returns number and Message-ID of the
    /// others.
    pub async fn insert_letters(&mut self, letters: &[NewLetter]) -> Result<Vec<(i64, String)>> {
        let mut queued = Vec::with_capacity(letters.len());
        for chunk in bulk::pieces(letters) {
            let text = bulk::values(self.marks(), INSERT, chunk.len(), INSERT_COLUMNS);
            let rows: Vec<(i64, String)> = on!(self, |c| {
                let mut query = sqlx::query_as(text).persistent(bulk::keep(chunk.len()));
                for letter in chunk {
                    query = query
                        .bind(&letter.message_id)
                        .bind(&letter.slot_key)
                        .bind(letter.kind.code())
                        .bind(letter.urgent)
                        .bind(&letter.posts)
                        .bind(&letter.address)
                        .bind(&letter.subject)
                        .bind(letter.written_at)
                        .bind(if letter.held { LetterState::Held } else { LetterState::Queued }.code())
                        .bind(Some(letter.written_at).filter(|_| !letter.held));
                }
                query.fetch_all(c).await?
            });
            self.insert_bodies(chunk, &rows).await?;
            queued.extend(rows);
        }
        Ok(queued)
    }

    /// Puts the bodies of the letters that were queued beside them.
    async fn insert_bodies(&mut self, letters: &[NewLetter], queued: &[(i64, String)]) -> Result<()> {
        let numbers: HashMap<&str, i64> = queued.iter().map(|(id, message_id)| (message_id.as_str(), *id)).collect();
        let bodies: Vec<(i64, &NewLetter)> =
            letters.iter().filter_map(|letter| Some((*numbers.get(letter.message_id.as_str())?, letter))).collect();
        if bodies.is_empty() {
            return Ok(());
        }
        let text = bulk::values(self.marks(), INSERT_BODIES, bodies.len(), INSERT_BODIES_COLUMNS);
        on!(self, |c| {
            let mut query = sqlx::query(text).persistent(bulk::keep(bodies.len()));
            for (id, letter) in bodies {
                query = query.bind(id).bind(&letter.body_text).bind(&letter.body_html);
            }
            query.execute(c).await?;
        });
        Ok(())
    }

    /// Claims letters whose time has come, events first. Commit before sending any.
    pub async fn claim_letters(
        &mut self,
        owner: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<Claimed>> {
        let limit = bulk::as_count(limit);
        let mut claimed: Vec<Claimed> =
            on!(self, |c| sqlx::query_as(CLAIM).bind(owner).bind(until).bind(now).bind(limit).fetch_all(c).await?);
        claimed.sort_by_key(|letter| (!letter.urgent, letter.id));
        for chunk in bulk::pieces_mut(&mut claimed) {
            self.read_bodies(chunk).await?;
        }
        Ok(claimed)
    }

    async fn read_bodies(&mut self, letters: &mut [Claimed]) -> Result<()> {
        let text = bulk::list(self.marks(), BODIES, 1, letters.len());
        let bodies: Vec<(i64, String, String)> = on!(self, |c| {
            let mut query = sqlx::query_as(text).persistent(bulk::keep(letters.len()));
            for letter in &*letters {
                query = query.bind(letter.id);
            }
            query.fetch_all(c).await?
        });
        let mut bodies: HashMap<i64, (String, String)> =
            bodies.into_iter().map(|(letter, text, html)| (letter, (text, html))).collect();
        for letter in letters {
            (letter.body_text, letter.body_html) = bodies.remove(&letter.id).unwrap_or_default();
        }
        Ok(())
    }

    /// Of these letters, those that need not leave: each obligation they speak of was filed, waived or withdrawn.
    pub async fn moot_letters(&mut self, ids: &[i64]) -> Result<Vec<i64>> {
        let mut moot = Vec::new();
        for chunk in bulk::pieces(ids) {
            let text = bulk::list(self.marks(), MOOT, 1, chunk.len());
            let found: Vec<i64> = on!(self, |c| {
                let mut query = sqlx::query_scalar(text).persistent(bulk::keep(chunk.len()));
                for id in chunk {
                    query = query.bind(id);
                }
                query.fetch_all(c).await?
            });
            moot.extend(found);
        }
        Ok(moot)
    }

    /// Marks letters as sent: number, instant, reply.
    pub async fn mark_sent(&mut self, sent: &[(i64, DateTime<Utc>, String)]) -> Result<()> {
        for chunk in bulk::pieces(sent) {
            let text = bulk::values(self.marks(), MARK_SENT, chunk.len(), MARK_SENT_COLUMNS);
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for (id, at, reply) in chunk {
                    query = query.bind(id).bind(at).bind(reply);
                }
                query.execute(c).await?;
            });
        }
        Ok(())
    }

    /// Marks a letter that was not taken.
    pub async fn mark_letter(
        &mut self,
        id: i64,
        state: LetterState,
        reply: &str,
        next_try_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        let unknown = i64::from(state == LetterState::Unknown);
        on!(self, |c| {
            sqlx::query(MARK)
                .bind(id)
                .bind(state.code())
                .bind(reply)
                .bind(next_try_at)
                .bind(unknown)
                .execute(c)
                .await?
                .rows_affected()
        });
        Ok(())
    }

    /// Gives a claimed letter back untried.
    pub async fn release_letter(&mut self, id: i64, next_try_at: DateTime<Utc>, words: &str) -> Result<()> {
        on!(self, |c| sqlx::query(RELEASE).bind(id).bind(next_try_at).bind(words).execute(c).await?.rows_affected());
        Ok(())
    }

    /// Puts off all mail until then: the connection itself is refused.
    pub async fn defer_all_letters(&mut self, until: DateTime<Utc>) -> Result<()> {
        on!(self, |c| sqlx::query(DEFER_ALL).bind(until).execute(c).await?.rows_affected());
        Ok(())
    }

    /// Has every letter that waits tried at once: what kept it may be mended.
    pub async fn wake_letters(&mut self, now: DateTime<Utc>) -> Result<()> {
        on!(self, |c| sqlx::query(WAKE).bind(now).execute(c).await?.rows_affected());
        Ok(())
    }

    /// When a letter will have to be tried next.
    pub async fn next_letter_at(&mut self) -> Result<Option<DateTime<Utc>>> {
        Ok(on!(self, |c| sqlx::query_scalar(NEXT_TRY).fetch_optional(c).await?))
    }

    /// When the oldest letter was written that is still to be sent.
    pub async fn oldest_unsent_letter(&mut self) -> Result<Option<DateTime<Utc>>> {
        Ok(on!(self, |c| sqlx::query_scalar(OLDEST_UNSENT).fetch_optional(c).await?))
    }

    /// When the mail server last took a letter, of those written since then.
    pub async fn last_sent_since(&mut self, since: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        Ok(on!(self, |c| sqlx::query_scalar::<_, Option<DateTime<Utc>>>(LAST_SENT).bind(since).fetch_one(c).await?))
    }

    /// How many letters the mail server took since then, of those written since `written`.
    pub async fn count_sent_since(&mut self, written: DateTime<Utc>, since: DateTime<Utc>) -> Result<u64> {
        let count: i64 = on!(self, |c| sqlx::query_scalar(COUNT_SENT).bind(written).bind(since).fetch_one(c).await?);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How many of the letters that were not sent stand how; those that need not leave any more are left out.
    pub async fn count_letters(&mut self) -> Result<Vec<(LetterState, i64)>> {
        let rows: Vec<(String, i64)> = on!(self, |c| sqlx::query_as(COUNTS).fetch_all(c).await?);
        rows.into_iter().map(|(state, n)| Ok((LetterState::try_from(state)?, n))).collect()
    }

    /// Letters that ended undelivered since then, that second included: rather told twice than not at all.
    pub async fn undelivered_letters(&mut self, since: DateTime<Utc>) -> Result<Vec<LetterRow>> {
        Ok(on!(self, |c| sqlx::query_as(UNDELIVERED).bind(since).fetch_all(c).await?))
    }

    /// A page of letters after number `after`.
    pub async fn letters_page(&mut self, after: i64, limit: usize) -> Result<Vec<LetterRow>> {
        let limit = bulk::as_count(limit);
        Ok(on!(self, |c| sqlx::query_as(PAGE).bind(after).bind(limit).fetch_all(c).await?))
    }

    /// Letters before number `before`, newest first.
    pub async fn letters_before(&mut self, which: LetterGroup, before: i64, limit: usize) -> Result<Vec<LetterRow>> {
        let limit = bulk::as_count(limit);
        let text = match which {
            LetterGroup::All => NEWEST_PAGE,
            LetterGroup::Waiting => WAITING_PAGE,
            LetterGroup::Undelivered => UNDELIVERED_PAGE,
            LetterGroup::Held => HELD_PAGE,
        };
        Ok(on!(self, |c| sqlx::query_as(text).bind(before).bind(limit).fetch_all(c).await?))
    }

    pub async fn letter(&mut self, id: i64) -> Result<Option<LetterRow>> {
        Ok(on!(self, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?))
    }

    pub async fn letter_exists(&mut self, slot_key: &str) -> Result<bool> {
        let id: Option<i64> = on!(self, |c| sqlx::query_scalar(BY_SLOT).bind(slot_key).fetch_optional(c).await?);
        Ok(id.is_some())
    }

    /// A letter's subject and text, for people who may read it.
    pub async fn letter_text(&mut self, id: i64) -> Result<Option<(String, String)>> {
        Ok(on!(self, |c| sqlx::query_as(BODY).bind(id).fetch_optional(c).await?))
    }

    pub async fn newest_letter(&mut self, kind: LetterKind) -> Result<Option<i64>> {
        Ok(on!(self, |c| sqlx::query_scalar(NEWEST).bind(kind.code()).fetch_optional(c).await?))
    }

    /// Holds every letter that waits to be sent. Returns how many.
    pub async fn hold_letters(&mut self) -> Result<u64> {
        Ok(on!(self, |c| sqlx::query(HOLD).execute(c).await?.rows_affected()))
    }

    /// Queues every letter that is held. Returns how many.
    pub async fn release_held_letters(&mut self, now: DateTime<Utc>) -> Result<u64> {
        Ok(on!(self, |c| sqlx::query(RELEASE_HELD).bind(now).execute(c).await?.rows_affected()))
    }

    /// Ends every letter that is held without sending it. Returns how many.
    pub async fn drop_held_letters(&mut self, words: &str) -> Result<u64> {
        Ok(on!(self, |c| sqlx::query(DROP_HELD).bind(words).execute(c).await?.rows_affected()))
    }

    /// Queues an undelivered letter again, or one that is held. Says whether there was one.
    pub async fn retry_letter(&mut self, id: i64, now: DateTime<Utc>) -> Result<bool> {
        Ok(on!(self, |c| sqlx::query(RETRY).bind(id).bind(now).execute(c).await?.rows_affected()) == 1)
    }
}
