//! 待决定: all that waits for the visitor's decision in one queue, the longest waiting first: what was filed, what was asked
//! for, 通报建议, the misses marked 未提醒; and what was decided and can still be taken back.
//!
//! Nobody reviews their own unit's submission: what the office's unit owes stands in its head's list and in nobody else's.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use super::results::{self, ResultRow};
use super::verdict::{self, May, SubmissionRow, Twin};
use crate::domain::decision::outages;
use crate::domain::phase::Phase;
use crate::read::view::View;
use crate::read::words;
use crate::store::Tx;
use crate::store::requests::RequestKind;
use crate::store::row::Stored;
use crate::store::submissions::Counted;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::refused::Refused;
use crate::web::route::{Route, get};
use crate::web::view::{self, Page, post_label};

pub fn routes() -> Vec<Route> {
    vec![get("/review", Right::Decide, show)]
}

/// Submissions on a page.
const PAGE: usize = 20;
/// So many 通报建议, and so many 未提醒, are looked at at once.
const MOST: usize = 100;

struct WaitingRow {
    row: View,
    filed: Vec<SubmissionRow>,
    /// How many were filed before those.
    earlier: usize,
    twins: Vec<Twin>,
    offered: String,
    first: String,
}

/// An extension or a dispute that waits for the office's answer.
struct Asking {
    row: View,
    extension: bool,
    by: String,
    at: String,
    reason: String,
    until: Option<String>,
    day: String,
    endorsed: Option<String>,
    may: bool,
}

/// The 未提醒 misses of one outage.
struct Outage {
    /// From its first to its last miss: 10月14日 18:00 至 10月16日 08:30.
    when: String,
    rows: Vec<View>,
}

#[derive(Template)]
#[template(path = "review.html")]
struct ReviewPage {
    page: Page,
    waiting: Vec<WaitingRow>,
    total: usize,
    next: Option<usize>,
    asking: Vec<Asking>,
    proposals: Vec<View>,
    outages: Vec<Outage>,
    /// How many there are beside those shown.
    more_proposals: u64,
    more_unreminded: u64,
    /// How many 未提醒 there are, listed or not.
    unreminded: u64,
    undoable: Vec<ResultRow>,
    may_see_all: bool,
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

/// The page, from the `skip`th submission on; with a refusal, what was filled in stands there again.
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
    let misses = tx.unreminded_misses(MOST).await?;
    let more_unreminded = tx.count_unreminded().await?.saturating_sub(misses.len() as u64);
    let misses = own(desk, &mut tx, visitor, misses, |may| may.judge_miss).await?;
    let proposals = tx.proposed(MOST).await?;
    let more_proposals = tx.count_proposed().await?.saturating_sub(proposals.len() as u64);
    let proposals = own(desk, &mut tx, visitor, proposals, |may| may.publish).await?;
    let sees_all = visitor.has(Right::SeeAll);
    let shown = ReviewPage {
        page: Page::new("待决定", desk, visitor).with_done(done),
        next: (skip + lines.len() < total).then_some(skip + PAGE),
        waiting: lines,
        total,
        asking: asking(desk, &mut tx, visitor).await?,
        proposals: desk.views(&mut tx, &proposals).await?,
        outages: by_outage(desk, &mut tx, &misses).await?,
        more_proposals: if sees_all { more_proposals } else { 0 },
        unreminded: misses.len() as u64 + if sees_all { more_unreminded } else { 0 },
        more_unreminded: if sees_all { more_unreminded } else { 0 },
        undoable: results::undoable(desk, &mut tx, visitor).await?,
        may_see_all: sees_all,
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
    let (offered, first) = verdict::offered_days(desk, &row);
    Ok(WaitingRow { row, filed, earlier, twins, offered, first })
}

/// Extensions and disputes that wait. The head of the office's unit sees what that unit has asked for and answers nothing.
async fn asking(desk: &Desk, tx: &mut Tx, visitor: &Visitor) -> Result<Vec<Asking>, Fault> {
    let zone = desk.known.zone;
    let mut asking = Vec::new();
    for request in tx.pending_requests().await? {
        let Some(stored) = tx.obligation(request.obligation).await? else { continue };
        if !visitor.sees(&stored.obligation.owners) {
            continue;
        }
        let Some(row) = desk.views(tx, std::slice::from_ref(&stored)).await?.pop() else { continue };
        asking.push(Asking {
            may: May::of(desk, tx, visitor, &stored).await?.answer,
            row,
            extension: request.kind == RequestKind::Extension,
            by: post_label(&request.by_post),
            at: words::moment(zone, request.asked_at),
            until: request.until_at.map(|until| words::deadline(zone, until, desk.today)),
            day: verdict::asked_day(desk, &request),
            endorsed: request.endorsed_by.as_deref().map(post_label),
            reason: request.reason,
        });
    }
    Ok(asking)
}

async fn by_outage(desk: &Desk, tx: &mut Tx, misses: &[Stored]) -> Result<Vec<Outage>, Fault> {
    let zone = desk.known.zone;
    let instants: Vec<_> =
        misses.iter().filter_map(|row| Some((row.obligation.id, row.obligation.round.missed_at?))).collect();
    let moment = |id: &i64| {
        let at = instants.iter().find(|(other, _)| other == id).map(|(_, at)| *at);
        at.map(|at| words::moment(zone, at)).unwrap_or_default()
    };
    let mut all = Vec::new();
    for ids in outages(&instants) {
        let stored: Vec<Stored> = misses.iter().filter(|row| ids.contains(&row.obligation.id)).cloned().collect();
        let (first, last) = (ids.first().map(&moment), ids.last().map(&moment));
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        let when = if first == last { first } else { format!("{first} 至 {last}") };
        all.push(Outage { when, rows: desk.views(tx, &stored).await? });
    }
    Ok(all)
}
