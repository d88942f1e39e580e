//! 审核: what waits for the visitor's verdict, the longest waiting first, and the misses marked 未提醒.
//!
//! Nobody reviews their own unit's submission: what the office's unit owes stands in its head's list and in nobody else's.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use super::verdict::{self, May, SubmissionRow, Twin};
use crate::domain::phase::Phase;
use crate::read::day;
use crate::read::view::View;
use crate::store::Tx;
use crate::store::row::Stored;
use crate::store::submissions::Counted;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::refused::Refused;
use crate::web::route::{Route, get};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/review", Right::Decide, show)]
}

/// Submissions on a page.
const PAGE: usize = 20;

struct WaitingRow {
    row: View,
    filed: Vec<SubmissionRow>,
    /// How many were filed before those.
    earlier: usize,
    twins: Vec<Twin>,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    page: Page,
    waiting: Vec<WaitingRow>,
    total: usize,
    next: Option<usize>,
    unreminded: Vec<View>,
    may_see_all: bool,
    offered: String,
    today: String,
    refused: Refused,
}

#[derive(Deserialize)]
struct ReviewQuery {
    #[serde(default)]
    done: String,
    #[serde(default)]
    skip: usize,
}

async fn show(desk: Desk, visitor: Visitor, Query(asked): Query<ReviewQuery>) -> Result<Response, Fault> {
    page(&desk, &visitor, asked.skip, verdict::done_words(&asked.done), Refused::default()).await
}

/// The page, from the `skip`th on; with a refusal, what was filled in stands there again.
pub async fn page(
    desk: &Desk,
    visitor: &Visitor,
    skip: usize,
    done: Option<String>,
    refused: Refused,
) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let waiting = tx.live_obligations(Phase::Waiting).await?;
    let mut waiting = own(desk, &mut tx, visitor, waiting, |may| may.accept).await?;
    waiting.sort_by_key(|row| (row.obligation.filed_at, row.obligation.id));
    let total = waiting.len();
    // What was refused stands on the page that says so, wherever it was in the list.
    let skip = refused
        .obligation()
        .and_then(|id| waiting.iter().position(|row| row.obligation.id == id))
        .map_or(skip, |at| at - at % PAGE);
    let shown: Vec<Stored> = waiting.into_iter().skip(skip).take(PAGE).collect();
    let mut lines = Vec::with_capacity(shown.len());
    for row in desk.views(&mut tx, &shown).await? {
        lines.push(look(desk, &mut tx, visitor, row).await?);
    }
    let unreminded = day::unreminded(&mut tx, desk.now()).await?;
    let unreminded = own(desk, &mut tx, visitor, unreminded, |may| may.confirm_miss).await?;
    let shown = ReviewPage {
        page: Page::new("审核", desk, visitor).with_done(done),
        next: (skip + lines.len() < total).then_some(skip + PAGE),
        waiting: lines,
        total,
        unreminded: desk.views(&mut tx, &unreminded).await?,
        may_see_all: visitor.has(Right::SeeAll),
        offered: verdict::offered_day(desk),
        today: desk.today.to_string(),
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

/// Of these, those that the visitor may judge.
async fn own(
    desk: &Desk,
    tx: &mut Tx,
    visitor: &Visitor,
    rows: Vec<Stored>,
    may: impl Fn(May) -> bool,
) -> Result<Vec<Stored>, Fault> {
    let mut own = Vec::with_capacity(rows.len());
    for row in rows {
        if may(May::of(desk, tx, visitor, &row).await?) {
            own.push(row);
        }
    }
    Ok(own)
}

async fn look(desk: &Desk, tx: &mut Tx, visitor: &Visitor, row: View) -> Result<WaitingRow, Fault> {
    let counted = tx.submissions_for(&[row.id]).await?.into_iter().filter(Counted::stands).collect();
    let (counted, earlier) = verdict::filings_shown(counted, 0);
    let twins = verdict::twins(desk, tx, visitor, row.id, &counted).await?;
    let mut filed = Vec::new();
    for counted in counted {
        filed.push(SubmissionRow::of(desk, tx, visitor, counted).await?);
    }
    Ok(WaitingRow { row, filed, earlier, twins })
}
