//! 申请: extensions and disputes that wait for the office's answer, the longest waiting first.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;

use super::verdict::{self, May};
use crate::read::view::View;
use crate::read::words;
use crate::store::requests::RequestKind;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::refused::Refused;
use crate::web::route::{Route, get};
use crate::web::view::{self, DoneQuery, Page, post_label};

pub fn routes() -> Vec<Route> {
    vec![get("/requests", Right::Decide, show)]
}

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

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    page: Page,
    asking: Vec<Asking>,
    refused: Refused,
}

async fn show(desk: Desk, visitor: Visitor, Query(DoneQuery { done }): Query<DoneQuery>) -> Result<Response, Fault> {
    page(&desk, &visitor, verdict::done_words(&done), Refused::default()).await
}

/// The page; with a refusal, what was filled in stands there again. The head of the office's unit sees what that unit
/// has asked for and answers nothing.
pub async fn page(desk: &Desk, visitor: &Visitor, done: Option<String>, refused: Refused) -> Result<Response, Fault> {
    let zone = desk.known.zone;
    let mut tx = desk.engine.store.read().await?;
    let mut asking = Vec::new();
    for request in tx.pending_requests().await? {
        let Some(stored) = tx.obligation(request.obligation).await? else { continue };
        if !visitor.sees(&stored.obligation.owners) {
            continue;
        }
        let Some(row) = desk.views(&mut tx, std::slice::from_ref(&stored)).await?.pop() else { continue };
        asking.push(Asking {
            may: May::of(desk, &mut tx, visitor, &stored).await?.answer,
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
    let shown = RequestsPage { page: Page::new("申请", desk, visitor).with_done(done), asking, refused };
    Ok(view::answer(&shown, shown.refused.any()))
}
