//! 免除 in bulk: narrow down, look at the list, then let go what is ticked, with a reason and a document's number.

use std::collections::BTreeSet;

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::domain::phase::Phase;
use crate::read::query::{self, QueryText};
use crate::read::view::View;
use crate::store::row::Stored;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::fields::Fields;
use crate::web::filter::Choices;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/waive", Right::Decide, show), post("/waive", Right::Decide, waive)]
}

/// The most that are waived at once: as many as somebody can look at.
const MOST: usize = 200;

/// What can be waived, before the obligation itself is asked.
const OPEN: [Phase; 6] = [Phase::Scheduled, Phase::Open, Phase::Returned, Phase::Missed, Phase::Waiting, Phase::Lapsed];

struct WaiverLine {
    row: View,
    ticked: bool,
}

#[derive(Template)]
#[template(path = "waive.html")]
struct WaivePage {
    page: Page,
    asked: QueryText,
    choices: Choices,
    picked: bool,
    lines: Vec<WaiverLine>,
    more: bool,
    reason: String,
    document: String,
    may: bool,
    refused: Refused,
}

/// What was sent to be waived.
#[derive(Default)]
struct WaiverForm {
    ids: BTreeSet<i64>,
    reason: String,
    document: String,
}

#[derive(Deserialize)]
struct WaivedQuery {
    done: Option<usize>,
}

async fn show(
    desk: Desk,
    visitor: Visitor,
    Query(asked): Query<QueryText>,
    Query(done): Query<WaivedQuery>,
) -> Result<Response, Fault> {
    let done = done.done.map(|n| format!("已免除 {n} 项。"));
    page(&desk, &visitor, asked, None, done, Refused::default()).await
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    asked: QueryText,
    sent: Option<WaiverForm>,
    done: Option<String>,
    mut refused: Refused,
) -> Result<Response, Fault> {
    let may = visitor.post == desk.known.roster.office_post();
    // What everybody owes is nothing to be waived in one list.
    let picked = !(asked.unit.is_empty() && asked.duty.is_empty() && asked.from.is_empty() && asked.until.is_empty());
    let (mut rows, mut more) = (Vec::new(), false);
    if may && picked {
        match asked.query() {
            Ok(mut query) => {
                query.phases = OPEN.to_vec();
                let mut tx = desk.engine.store.read().await?;
                let found = query::find(&mut tx, &desk.known, &query, None, MOST).await?;
                more = found.next.is_some();
                let open = |row: &Stored| row.obligation.waived(desk.now()).is_ok();
                let stored: Vec<Stored> = found.rows.into_iter().filter(open).collect();
                rows = desk.views(&mut tx, &stored).await?;
            }
            Err(refusal) => refused = Refused::of(refusal),
        }
    }
    let ticked = |id: i64| sent.as_ref().is_none_or(|sent| sent.ids.contains(&id));
    let lines = rows.into_iter().map(|row| WaiverLine { ticked: ticked(row.id), row }).collect();
    let sent = sent.unwrap_or_default();
    let shown = WaivePage {
        page: Page::new("免除", desk, visitor).with_done(done),
        choices: Choices::of(&desk.known, &asked),
        picked: picked && may,
        lines,
        more,
        reason: sent.reason,
        document: sent.document,
        may,
        refused,
        asked,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

async fn waive(desk: Desk, visitor: Visitor, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    let field = |name: &str| fields.trimmed(name).to_owned();
    let ids = fields.all("id").filter_map(|id| id.parse().ok());
    let asked = QueryText {
        unit: field("unit"),
        duty: field("duty"),
        from: field("from"),
        until: field("until"),
        ..QueryText::default()
    };
    let sent = WaiverForm {
        ids: ids.collect(),
        reason: field("reason").trim().to_owned(),
        document: field("document").trim().to_owned(),
    };
    let ids: Vec<i64> = sent.ids.iter().copied().collect();
    let waived = desk.actor(&visitor.post).waive(&ids, &sent.reason, &sent.document).await;
    match Refused::or(waived)? {
        Ok(rows) => {
            let to = asked.address("/waive", None);
            let sign = if to.contains('?') { '&' } else { '?' };
            Ok(Redirect::to(&format!("{to}{sign}done={}", rows.len())).into_response())
        }
        Err(refused) => page(&desk, &visitor, asked, Some(sent), None, refused).await,
    }
}
