//! One obligation: how it stands, how its deadline came about, what was filed and said of it; and what one can do to it.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;
use serde::Deserialize;

use super::verdict::{self, May, SubmissionRow, ToldRow, Twin};
use crate::acts::submit::NewSubmission;
use crate::acts::{ActError, refuse};
use crate::domain::action::Action;
use crate::domain::phase::Phase;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::filing::FilingRefusal;
use crate::read::explain::{self, Section, action_label};
use crate::read::implied::Implied;
use crate::read::view::View;
use crate::read::words;
use crate::store::requests::RequestKind;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::download::download;
use crate::web::fault::Fault;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/o/{id}", Right::SeeOwn, show),
        post("/o/{id}/confirm", Right::File, confirm),
        post("/o/{id}/answer", Right::File, answer),
        post("/o/{id}/extend", Right::File, extend),
        post("/o/{id}/dispute", Right::File, dispute),
        post("/requests/{id}/endorse", Right::Endorse, endorse),
        get("/filed/{receipt}/files/{position}", Right::SeeOwn, evidence),
    ]
}

struct RequestRow {
    id: String,
    kind: &'static str,
    by: String,
    at: String,
    reason: String,
    until: Option<String>,
    answer: String,
    open: bool,
    extension: bool,
    day: String,
    endorsed: Option<String>,
    /// What it implies for the catalogue, for whoever may change that.
    implied: Option<String>,
}

struct LogRow {
    at: String,
    by: String,
    what: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "obligation.html")]
struct ObligationPage {
    page: Page,
    row: View,
    summary: String,
    sections: Vec<Section>,
    submissions: Vec<SubmissionRow>,
    /// Filings that stand on other pages: how many came before, and the number of newer ones that were passed over.
    earlier: usize,
    skipped: usize,
    requests: Vec<RequestRow>,
    log: Vec<LogRow>,
    /// Log entries before those.
    log_before: usize,
    may_file: bool,
    owed: bool,
    may_extend: bool,
    may_endorse: bool,
    confirmed: Option<String>,
    today: String,
    refused: Refused,
    office: Option<OfficePart>,
}

/// What the office sees and may decide.
struct OfficePart {
    may: May,
    told: Vec<ToldRow>,
    twins: Vec<Twin>,
    /// What is offered as a returned one's new deadline, and the first day that may be chosen.
    offered: String,
    first: String,
}

/// So many entries of the log stand on the page, the newest.
const LOG: usize = 200;

fn done_words(done: &str) -> Option<String> {
    let words = match done {
        "confirm" => "已签收。",
        "answer" => "已叫应，回执号见下。",
        "extend" => "延期申请已提交，等待审批；审批前原时限不变。",
        "dispute" => "异议已提交，等待处理；处理前原时限不变。",
        "withdraw" => "该报送已撤回。",
        "endorse" => "已签署意见。",
        decided => return verdict::done_words(decided),
    };
    Some(words.to_owned())
}

#[derive(Deserialize)]
struct ShowQuery {
    #[serde(default)]
    done: String,
    #[serde(default)]
    skip: usize,
}

async fn show(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Query(asked): Query<ShowQuery>,
) -> Result<Response, Fault> {
    page_from(&desk, &visitor, id, asked.skip, done_words(&asked.done), Refused::default()).await
}

/// The page; with a refusal, what was filled in stands there again.
pub async fn page(
    desk: &Desk,
    visitor: &Visitor,
    id: i64,
    done: Option<String>,
    refused: Refused,
) -> Result<Response, Fault> {
    page_from(desk, visitor, id, 0, done, refused).await
}

/// The page, with the filings before the newest so many.
async fn page_from(
    desk: &Desk,
    visitor: &Visitor,
    id: i64,
    skipped: usize,
    done: Option<String>,
    refused: Refused,
) -> Result<Response, Fault> {
    let zone = desk.known.zone;
    let mut tx = desk.engine.store.read().await?;
    let stored = visitor.obligation(&mut tx, id).await?;
    let rules = desk.known.rules(&stored, desk.today)?;
    let row = desk.view(&mut tx, &stored).await?;
    let mut submissions = Vec::new();
    let (counted, earlier) = verdict::filings_shown(tx.submissions_for(&[id]).await?, skipped);
    let (offered, first) = verdict::offered_days(desk, &stored.obligation);
    let office = if visitor.has(Right::SeeAll) || visitor.has(Right::Decide) {
        Some(OfficePart {
            may: May::of(desk, &mut tx, visitor, &stored).await?,
            told: verdict::told(desk, &mut tx, id).await?,
            twins: verdict::twins(desk, &mut tx, visitor, id, &counted).await?,
            offered,
            first,
        })
    } else {
        None
    };
    for counted in counted {
        submissions.push(SubmissionRow::of(desk, &mut tx, visitor, counted).await?);
    }
    let requests = tx.requests_of(id).await?.into_iter().map(|request| RequestRow {
        implied: Implied::by(&desk.known, &request, &row.duty, desk.today)
            .filter(|_| visitor.has(Right::Settings) || visitor.has(Right::Decide))
            .map(|implied| implied.chinese()),
        kind: request.kind.label(),
        by: view::post_label(&request.by_post),
        at: words::moment(zone, request.asked_at),
        until: request.until_at.map(|until| words::deadline(zone, until, desk.today)),
        open: request.decided_at.is_none(),
        extension: request.kind == RequestKind::Extension,
        day: verdict::asked_day(desk, &request),
        answer: match (request.granted, request.answer) {
            (None, _) => "待审批".to_owned(),
            (Some(granted), answer) => {
                let verdict = if granted { "同意" } else { "不同意" };
                answer
                    .filter(|answer| !answer.is_empty())
                    .map_or_else(|| verdict.to_owned(), |answer| format!("{verdict}：{answer}"))
            }
        },
        endorsed: request.endorsed_by.as_deref().map(view::post_label),
        reason: request.reason,
        id: request.id,
    });
    let requests: Vec<RequestRow> = requests.collect();
    let entries = tx.log_of(id).await?;
    let confirmed =
        entries.iter().find(|entry| entry.action == Action::Confirm).map(|entry| words::moment(zone, entry.at));
    let log_before = entries.len().saturating_sub(LOG);
    let log = entries.iter().skip(log_before).map(|entry| LogRow {
        at: words::moment(zone, entry.at),
        by: format!("{}{}", view::post_label(&entry.by_post), token_of(&entry.detail)),
        what: action_label(entry.action).to_owned(),
        detail: reason_of(&entry.detail),
    });
    let obligation = &stored.obligation;
    let owed = obligation.phase.is_owed() && obligation.opens_at <= desk.now();
    let shown = ObligationPage {
        page: Page::new(format!("{} {}", row.duty, row.title), desk, visitor).with_done(done),
        row,
        summary: rules.duty.summary.clone(),
        submissions,
        earlier,
        skipped,
        requests,
        log: log.collect(),
        log_before,
        may_file: visitor.has(Right::File),
        owed,
        may_extend: matches!(obligation.phase, Phase::Open | Phase::Returned) && obligation.round.due_at > desk.now(),
        may_endorse: visitor.has(Right::Endorse),
        confirmed,
        today: desk.today.to_string(),
        sections: explain::explain(&desk.engine, id).await?.unwrap_or_default(),
        office,
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

/// The token by which an entry says that its post acted, and whose that is.
fn token_of(detail: &str) -> String {
    let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
    let token = detail.get("token").and_then(serde_json::Value::as_i64);
    let maker = detail.get("token_by").and_then(serde_json::Value::as_str).map(view::post_label);
    token.zip(maker).map(|(token, maker)| format!("（{maker}所生成的{token}号令牌）")).unwrap_or_default()
}

/// The reason that an entry gives.
fn reason_of(detail: &str) -> String {
    let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
    ["reason", "answer", "document"]
        .iter()
        .filter_map(|key| detail.get(key)?.as_str())
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join("；")
}

/// Leads back to the obligation, or shows it again with the refusal.
async fn outcome<T>(
    desk: &Desk,
    visitor: &Visitor,
    id: i64,
    done: &'static str,
    fields: Vec<(&'static str, String)>,
    outcome: Result<T, ActError>,
) -> Result<Response, Fault> {
    match Refused::or(outcome)? {
        Ok(_) => Ok(Redirect::to(&format!("/o/{id}?done={done}")).into_response()),
        Err(refused) => page(desk, visitor, id, None, refused.in_form(id, done, fields)).await,
    }
}

async fn confirm(desk: Desk, visitor: Visitor, Path(id): Path<i64>) -> Result<Response, Fault> {
    visitor.obligation(&mut desk.engine.store.read().await?, id).await?;
    let confirmed = desk.actor(&visitor.post).confirm_receipt(id).await;
    outcome(&desk, &visitor, id, "confirm", Vec::new(), confirmed).await
}

/// 叫应: one press of a button, where an answer is all that is wanted.
async fn answer(desk: Desk, visitor: Visitor, Path(id): Path<i64>) -> Result<Response, Fault> {
    let stored = visitor.obligation(&mut desk.engine.store.read().await?, id).await?;
    if !desk.known.rules(&stored, desk.today)?.duty.answer_suffices {
        let refused = refuse::<()>(FilingRefusal::AnswerDoesNotSuffice);
        return outcome(&desk, &visitor, id, "answer", Vec::new(), refused).await;
    }
    let unit = stored.obligation.owners.iter().find(|owner| **owner == visitor.post.unit);
    let unit = unit.or(stored.obligation.owners.first()).cloned().ok_or(Fault::Missing)?;
    let new = NewSubmission {
        receipt: None,
        unit,
        obligations: vec![id],
        acted_on: None,
        items: Vec::new(),
        note: "已叫应".into(),
        files: Vec::new(),
    };
    let answered = desk.app.filings().file(&desk.actor(&visitor.post), &new).await;
    outcome(&desk, &visitor, id, "answer", Vec::new(), answered).await
}

#[derive(Deserialize)]
struct ExtensionForm {
    until: String,
    reason: String,
}

async fn extend(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(form): Form<ExtensionForm>,
) -> Result<Response, Fault> {
    visitor.obligation(&mut desk.engine.store.read().await?, id).await?;
    let asked = match form.until.parse::<NaiveDate>() {
        Ok(day) => {
            let until = desk.known.zone.end_of(day);
            desk.actor(&visitor.post).ask_extension(id, until, form.reason.trim()).await
        }
        Err(_) => refuse((Field::ExtendedUntil, FieldRefusal::NotADate)),
    };
    outcome(&desk, &visitor, id, "extend", vec![("until", form.until), ("reason", form.reason)], asked).await
}

#[derive(Deserialize)]
struct DisputeForm {
    reason: String,
}

async fn dispute(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(form): Form<DisputeForm>,
) -> Result<Response, Fault> {
    visitor.obligation(&mut desk.engine.store.read().await?, id).await?;
    let raised = desk.actor(&visitor.post).raise_dispute(id, form.reason.trim()).await;
    outcome(&desk, &visitor, id, "dispute", vec![("reason", form.reason)], raised).await
}

async fn endorse(desk: Desk, visitor: Visitor, Path(request): Path<String>) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let asked = tx.request(&request).await?.ok_or(Fault::Missing)?;
    visitor.obligation(&mut tx, asked.obligation).await?;
    drop(tx);
    let endorsed = desk.actor(&visitor.post).endorse(&request).await;
    outcome(&desk, &visitor, asked.obligation, "endorse", Vec::new(), endorsed).await
}

async fn evidence(
    desk: Desk,
    visitor: Visitor,
    Path((receipt, position)): Path<(String, i64)>,
) -> Result<Response, Fault> {
    download(&desk.app, &visitor, &receipt, position).await
}
