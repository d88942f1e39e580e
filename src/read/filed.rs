//! A filing as everybody is shown it: what was understood of what was typed, and what else it counts for.

use chrono::NaiveDate;

use super::view::View;
use super::words;
use crate::domain::duty::Quota;
use crate::engine::known::Known;
use crate::engine::{JobError, SetupError};
use crate::store::Tx;
use crate::store::row::Stored;
use crate::store::submissions::Submission;

pub struct FiledFor {
    /// `检查企业：A公司、B公司（2家）`, a counter each.
    pub said: Vec<String>,
    /// The other obligations that it counts for, whosever they are, with nothing read of what was filed for them.
    pub others: Vec<View>,
}

/// What a filing says, and what it counts for besides the obligation of that number.
pub async fn filed_for(
    tx: &mut Tx,
    known: &Known,
    submission: &Submission,
    of: i64,
    today: NaiveDate,
) -> Result<FiledFor, JobError> {
    let ids = tx.obligations_of_submission(&submission.id).await?;
    let rows = tx.obligations_in_order(&ids).await?;
    let others = rows.iter().filter(|row| row.obligation.id != of);
    let others = others.map(|row| View::without_filings(known, row, today)).collect::<Result<_, SetupError>>()?;
    Ok(FiledFor { said: said(known, submission, &rows, today)?, others })
}

/// What a filing for these obligations says.
pub fn said(
    known: &Known,
    submission: &Submission,
    rows: &[Stored],
    today: NaiveDate,
) -> Result<Vec<String>, SetupError> {
    let mut quotas: Vec<&Quota> = Vec::new();
    for row in rows {
        quotas.extend(&known.rules(row, today)?.duty.quotas);
    }
    Ok(words::said(&quotas, &submission.items))
}

/// An obligation as it is named where it stands beside others: `9.1a 工作日每日执法（2022-10-12）`.
pub fn named(view: &View) -> String {
    format!("{} {}（{}）", view.duty, view.title, view.period_label)
}
