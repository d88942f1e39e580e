//! Submissions: one act, filed once; it may count for several obligations. And the evidence that came with it.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::FromRow;

use super::bulk;
use super::error::{Result, StoreError};
use super::tx::{Tx, on};
use crate::domain::quota::{Filing, Item};

/// Builds a SELECT of a submission's columns, and more, at compile time.
macro_rules! select {
    ($more:literal, $from:literal, $tail:literal) => {
        concat!(
            "SELECT submission.id, unit.name AS unit, by_post, acted_on, received_at, items, note, content, withdrawn_at",
            $more,
            " FROM ",
            $from,
            " JOIN unit ON unit.id = submission.unit WHERE ",
            $tail
        )
    };
    ($tail:literal) => {
        select!("", "submission", $tail)
    };
}

const INSERT: &str = "WITH v (id, name, by_post, acted_on, received_at, items, note, content) AS (VALUES {values}) \
    INSERT INTO submission (id, unit, by_post, acted_on, received_at, items, note, content) \
    SELECT v.id, unit.id, v.by_post, v.acted_on, v.received_at, v.items, v.note, v.content \
    FROM v LEFT JOIN unit ON unit.name = v.name WHERE TRUE ON CONFLICT (id) DO NOTHING";
const INSERT_COLUMNS: usize = 8;
const INSERT_FOR: &str = "INSERT INTO submission_for (submission, obligation, review_first) VALUES {values} \
    ON CONFLICT (submission, obligation) DO NOTHING";
const INSERT_FOR_COLUMNS: usize = 3;
const INSERT_EVIDENCE: &str = "INSERT INTO evidence (submission, position, sha256, name, size) VALUES {values}";
const INSERT_EVIDENCE_COLUMNS: usize = 5;
const BY_ID: &str = select!("submission.id = $1");
const FOR_OBLIGATION: &str = select!(
    ", submission_for.obligation, submission_for.returned_at, submission_for.review_first",
    "submission_for JOIN submission ON submission.id = submission_for.submission",
    "submission_for.obligation IN ({list}) ORDER BY received_at, submission.id"
);
const OBLIGATIONS_OF: &str = "SELECT obligation FROM submission_for WHERE submission = $1 ORDER BY obligation";
const OF_UNIT: &str = select!(
    "submission.unit = (SELECT id FROM unit WHERE name = $1) AND received_at <= $2 \
     ORDER BY received_at DESC, submission.id DESC LIMIT $3"
);
const WITHDRAW: &str = "UPDATE submission SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL";
const CORRECT: &str =
    "UPDATE submission SET acted_on = $2, items = $3, note = $4 WHERE id = $1 AND withdrawn_at IS NULL";
const MARK_FROM_OFFICE: &str = "UPDATE submission SET from_office = TRUE WHERE id = $1";
const STANDS_FROM_OFFICE: &str = "SELECT COUNT(*) FROM submission_for \
    JOIN submission ON submission.id = submission_for.submission \
    WHERE submission_for.obligation = $1 AND returned_at IS NULL AND withdrawn_at IS NULL AND from_office";
const RETURN: &str = "UPDATE submission_for SET returned_at = $2 WHERE obligation = $1 AND returned_at IS NULL";
const UNRETURN: &str = "UPDATE submission_for SET returned_at = NULL WHERE obligation = $1 AND returned_at = $2";
/// Builds a SELECT of a file's columns at compile time.
macro_rules! files {
    ($tail:literal) => {
        concat!("SELECT submission, position, sha256, name, size, erased_at FROM evidence ", $tail)
    };
}

const EVIDENCE_OF: &str = files!("WHERE submission = $1 ORDER BY position");
const ERASE: &str = "UPDATE evidence SET erased_at = $2 WHERE sha256 = $1 AND erased_at IS NULL";
const ERASE_OF: &str = "UPDATE evidence SET erased_at = $3 WHERE submission = $1 AND sha256 = $2 AND erased_at IS NULL";
const WITH_HASH: &str = files!("WHERE sha256 = $1 ORDER BY submission, position");
const ALL_EVIDENCE: &str = files!("ORDER BY sha256, submission, position");

const SENT_BY: &str = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM evidence \
    JOIN submission ON submission.id = evidence.submission \
    WHERE submission.unit = (SELECT id FROM unit WHERE name = $1) AND received_at >= $2 AND by_post = $3 \
    AND erased_at IS NULL";

pub const STATEMENTS: &[&str] = &[
    BY_ID,
    OBLIGATIONS_OF,
    OF_UNIT,
    WITHDRAW,
    CORRECT,
    MARK_FROM_OFFICE,
    STANDS_FROM_OFFICE,
    RETURN,
    UNRETURN,
    EVIDENCE_OF,
    ERASE,
    ERASE_OF,
    WITH_HASH,
    ALL_EVIDENCE,
    SENT_BY,
];

/// The statements of many rows, with their columns.
pub const BULK: &[(&str, usize)] =
    &[(INSERT, INSERT_COLUMNS), (INSERT_FOR, INSERT_FOR_COLUMNS), (INSERT_EVIDENCE, INSERT_EVIDENCE_COLUMNS)];

/// The statements with a list of numbers, with its first placeholder.
pub const LISTS: &[(&str, usize)] = &[(FOR_OBLIGATION, 1)];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    pub id: String,
    pub unit: String,
    pub by_post: String,
    /// The civil day of the act.
    pub acted_on: NaiveDate,
    pub received_at: DateTime<Utc>,
    pub items: Vec<Item>,
    pub note: String,
    /// The hash of all that was sent under its number; empty where it was not kept yet. A correction leaves it as it is.
    pub content: String,
    /// When its unit took it back.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl Submission {
    /// For an obligation that it closes at once, or only once it is reviewed.
    pub fn filing(&self, review_first: bool) -> Filing {
        Filing { received_at: self.received_at, acted_on: self.acted_on, items: self.items.clone(), review_first }
    }
}

/// A submission and an obligation it counts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub submission: Submission,
    pub obligation: i64,
    /// When the office returned it, for this obligation.
    pub returned_at: Option<DateTime<Utc>>,
    /// Whether it closes it only once it is reviewed.
    pub review_first: bool,
}

impl Counted {
    pub fn filing(&self) -> Filing {
        self.submission.filing(self.review_first)
    }

    /// Whether it still counts.
    pub fn stands(&self) -> bool {
        self.returned_at.is_none() && self.submission.withdrawn_at.is_none()
    }
}

/// A file that came with a submission.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Evidence {
    pub submission: String,
    /// Its place among the submission's files.
    pub position: i64,
    pub sha256: String,
    /// What its sender called it: display text only.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// When it was erased; its hash stays.
    pub erased_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct SubmissionColumns {
    id: String,
    unit: String,
    by_post: String,
    acted_on: NaiveDate,
    received_at: DateTime<Utc>,
    items: String,
    note: String,
    content: String,
    withdrawn_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct CountedRow {
    #[sqlx(flatten)]
    submission: SubmissionColumns,
    obligation: i64,
    returned_at: Option<DateTime<Utc>>,
    review_first: bool,
}

impl TryFrom<SubmissionColumns> for Submission {
    type Error = StoreError;

    fn try_from(row: SubmissionColumns) -> Result<Submission> {
        let items = serde_json::from_str(&row.items)
            .map_err(|error| StoreError::Corrupt(format!("submission {}: {error}", row.id)))?;
        Ok(Submission {
            id: row.id,
            unit: row.unit,
            by_post: row.by_post,
            acted_on: row.acted_on,
            received_at: row.received_at,
            items,
            note: row.note,
            content: row.content,
            withdrawn_at: row.withdrawn_at,
        })
    }
}

fn items_text(items: &[Item]) -> String {
    serde_json::to_string(items).unwrap_or_else(|_| "[]".to_owned())
}

impl Tx {
    /// Records submissions. Says how many are new: one under a receipt number that was used before changes nothing.
    pub async fn insert_submissions(&mut self, submissions: &[Submission]) -> Result<u64> {
        let mut made = 0;
        for chunk in bulk::pieces(submissions) {
            let text = bulk::values(self.marks(), INSERT, chunk.len(), INSERT_COLUMNS);
            made += on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for new in chunk {
                    query = query
                        .bind(&new.id)
                        .bind(&new.unit)
                        .bind(&new.by_post)
                        .bind(new.acted_on)
                        .bind(new.received_at)
                        .bind(items_text(&new.items))
                        .bind(&new.note)
                        .bind(&new.content);
                }
                query.execute(c).await?.rows_affected()
            });
        }
        Ok(made)
    }

    /// Records which submission counts for which obligation, and whether only once it is reviewed.
    pub async fn insert_submissions_for(&mut self, pairs: &[(&str, i64, bool)]) -> Result<()> {
        for chunk in bulk::pieces(pairs) {
            let text = bulk::values(self.marks(), INSERT_FOR, chunk.len(), INSERT_FOR_COLUMNS);
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for (submission, obligation, review_first) in chunk {
                    query = query.bind(submission).bind(obligation).bind(review_first);
                }
                query.execute(c).await?;
            });
        }
        Ok(())
    }

    /// Records the files that came with submissions.
    pub async fn insert_evidence(&mut self, files: &[Evidence]) -> Result<()> {
        for chunk in bulk::pieces(files) {
            let text = bulk::values(self.marks(), INSERT_EVIDENCE, chunk.len(), INSERT_EVIDENCE_COLUMNS);
            on!(self, |c| {
                let mut query = sqlx::query(text).persistent(bulk::keep(chunk.len()));
                for file in chunk {
                    query = query
                        .bind(&file.submission)
                        .bind(file.position)
                        .bind(&file.sha256)
                        .bind(&file.name)
                        .bind(file.size);
                }
                query.execute(c).await?;
            });
        }
        Ok(())
    }

    /// What a unit filed until then, newest first.
    pub async fn submissions_of(&mut self, unit: &str, until: DateTime<Utc>, limit: usize) -> Result<Vec<Submission>> {
        let limit = bulk::as_count(limit);
        let rows: Vec<SubmissionColumns> =
            on!(self, |c| sqlx::query_as(OF_UNIT).bind(unit).bind(until).bind(limit).fetch_all(c).await?);
        rows.into_iter().map(Submission::try_from).collect()
    }

    /// The submission under a receipt number.
    pub async fn submission(&mut self, id: &str) -> Result<Option<Submission>> {
        let row: Option<SubmissionColumns> = on!(self, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?);
        row.map(Submission::try_from).transpose()
    }

    pub async fn obligations_of_submission(&mut self, id: &str) -> Result<Vec<i64>> {
        Ok(on!(self, |c| sqlx::query_scalar(OBLIGATIONS_OF).bind(id).fetch_all(c).await?))
    }

    /// All that was ever filed for these obligations, by the time it came in.
    pub async fn submissions_for(&mut self, obligations: &[i64]) -> Result<Vec<Counted>> {
        let mut found = Vec::new();
        for chunk in bulk::pieces(obligations) {
            let text = bulk::list(self.marks(), FOR_OBLIGATION, 1, chunk.len());
            let rows: Vec<CountedRow> = on!(self, |c| {
                let mut query = sqlx::query_as(text).persistent(bulk::keep(chunk.len()));
                for id in chunk {
                    query = query.bind(id);
                }
                query.fetch_all(c).await?
            });
            for row in rows {
                let submission = Submission::try_from(row.submission)?;
                let CountedRow { obligation, returned_at, review_first, .. } = row;
                found.push(Counted { submission, obligation, returned_at, review_first });
            }
        }
        Ok(found)
    }

    /// Its unit takes a submission back. Says whether it still stood.
    pub async fn withdraw_submission(&mut self, id: &str, now: DateTime<Utc>) -> Result<bool> {
        Ok(on!(self, |c| sqlx::query(WITHDRAW).bind(id).bind(now).execute(c).await?.rows_affected()) == 1)
    }

    /// Its unit corrects a submission; when it came in stays. Says whether it still stood.
    pub async fn correct_submission(
        &mut self,
        id: &str,
        acted_on: NaiveDate,
        items: &[Item],
        note: &str,
    ) -> Result<bool> {
        let items = items_text(items);
        Ok(on!(self, |c| {
            sqlx::query(CORRECT).bind(id).bind(acted_on).bind(items).bind(note).execute(c).await?.rows_affected()
        }) == 1)
    }

    /// Notes that what a submission says came from the office's own unit.
    pub async fn mark_from_office(&mut self, id: &str) -> Result<()> {
        on!(self, |c| sqlx::query(MARK_FROM_OFFICE).bind(id).execute(c).await?.rows_affected());
        Ok(())
    }

    /// Whether any of what stands for an obligation came from the office's own unit.
    pub async fn stands_from_office(&mut self, obligation: i64) -> Result<bool> {
        let found: i64 = on!(self, |c| sqlx::query_scalar(STANDS_FROM_OFFICE).bind(obligation).fetch_one(c).await?);
        Ok(found > 0)
    }

    /// What was filed for an obligation no longer counts for it: returned.
    pub async fn return_submissions(&mut self, obligation: i64, now: DateTime<Utc>) -> Result<()> {
        on!(self, |c| sqlx::query(RETURN).bind(obligation).bind(now).execute(c).await?.rows_affected());
        Ok(())
    }

    /// What was returned at that instant counts again.
    pub async fn unreturn_submissions(&mut self, obligation: i64, returned_at: DateTime<Utc>) -> Result<()> {
        on!(self, |c| sqlx::query(UNRETURN).bind(obligation).bind(returned_at).execute(c).await?.rows_affected());
        Ok(())
    }

    pub async fn evidence_of(&mut self, submission: &str) -> Result<Vec<Evidence>> {
        Ok(on!(self, |c| sqlx::query_as(EVIDENCE_OF).bind(submission).fetch_all(c).await?))
    }

    pub async fn evidence_with_hash(&mut self, sha256: &str) -> Result<Vec<Evidence>> {
        Ok(on!(self, |c| sqlx::query_as(WITH_HASH).bind(sha256).fetch_all(c).await?))
    }

    pub async fn all_evidence(&mut self) -> Result<Vec<Evidence>> {
        Ok(on!(self, |c| sqlx::query_as(ALL_EVIDENCE).fetch_all(c).await?))
    }

    /// How many bytes of evidence a post has sent since then.
    pub async fn evidence_sent(&mut self, unit: &str, by_post: &str, since: DateTime<Utc>) -> Result<i64> {
        Ok(on!(self, |c| sqlx::query_scalar(SENT_BY).bind(unit).bind(since).bind(by_post).fetch_one(c).await?))
    }

    /// Marks a file as erased wherever it is mentioned. Returns in how many places.
    pub async fn erase_evidence(&mut self, sha256: &str, now: DateTime<Utc>) -> Result<u64> {
        Ok(on!(self, |c| sqlx::query(ERASE).bind(sha256).bind(now).execute(c).await?.rows_affected()))
    }

    /// Marks a file as erased in one submission. Returns in how many places.
    pub async fn erase_evidence_of(&mut self, submission: &str, sha256: &str, now: DateTime<Utc>) -> Result<u64> {
        Ok(on!(self, |c| sqlx::query(ERASE_OF)
            .bind(submission)
            .bind(sha256)
            .bind(now)
            .execute(c)
            .await?
            .rows_affected()))
    }
}
