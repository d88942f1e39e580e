//! What the office decides: accept, return, judge a miss, waive, answer what was asked, publish, take a decision back.
//!
//! Who may is asked of the acts' own rules, so that a page offers nothing that they would refuse. The same forms stand on
//! the obligation's own page and in the queue; each leads back to where it was sent from.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::verdict::asked_day;
use super::{obligation, review};
use crate::acts::{ActError, refuse};
use crate::domain::decision::proposed_deadline;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::request::RequestRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::store::requests::{Request, RequestKind};
use crate::store::row::Stored;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::fields::Fields;
use crate::web::refused::Refused;
use crate::web::route::{Route, post};

pub fn routes() -> Vec<Route> {
    vec![
        post("/o/{id}/accept", Right::Decide, accept),
        post("/o/{id}/return", Right::Decide, send_back),
        post("/o/{id}/miss", Right::Decide, miss),
        post("/o/{id}/waive", Right::Decide, waive),
        post("/o/{id}/extension", Right::Decide, extension),
        post("/o/{id}/verdict", Right::Decide, verdict),
        post("/o/{id}/bulletin", Right::Decide, bulletin),
        post("/o/{id}/undo", Right::Decide, undo),
        post("/review/accept", Right::Decide, accept_ticked),
        post("/review/misses", Right::Decide, judge_ticked),
        post("/review/bulletin", Right::Decide, publish_ticked),
    ]
}

/// A form of this module: each has some of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DecisionForm {
    /// Where it was sent from.
    back: String,
    reason: String,
    until: String,
    document: String,
    answer: String,
    verdict: String,
}

/// A day as the instant at which it ends.
fn end_of(desk: &Desk, day: &str) -> Result<DateTime<Utc>, ActError> {
    match day.trim().parse::<NaiveDate>() {
        Ok(day) => Ok(desk.known.zone.end_of(day)),
        Err(_) => refuse((Field::NewDeadline, FieldRefusal::NotADate)),
    }
}

/// Leads back to where it was sent from, or shows that again with the refusal and what was filled in.
async fn outcome(
    desk: &Desk,
    visitor: &Visitor,
    id: i64,
    form: &'static str,
    sent: DecisionForm,
    outcome: Result<Stored, ActError>,
) -> Result<Response, Fault> {
    let Err(refused) = Refused::or(outcome)? else {
        let to = match sent.back.as_str() {
            // What a dispute upheld implies stands on the obligation's own page.
            "review" if sent.verdict == "uphold" => format!("/o/{id}?done={form}"),
            "review" => format!("/review?done={form}"),
            _ => format!("/o/{id}?done={form}"),
        };
        return Ok(Redirect::to(&to).into_response());
    };
    let fields = vec![
        ("reason", sent.reason),
        ("until", sent.until),
        ("document", sent.document),
        ("answer", sent.answer),
        ("verdict", sent.verdict),
    ];
    let refused = refused.in_form(id, form, fields);
    match sent.back.as_str() {
        "review" => review::page(desk, visitor, 0, None, refused).await,
        _ => obligation::page(desk, visitor, id, None, refused).await,
    }
}

/// Looks at the obligation as the visitor may, then acts.
macro_rules! act {
    ($desk:ident, $visitor:ident, $id:ident, $form:literal, $sent:ident, |$actor:ident| $act:expr) => {{
        $visitor.obligation(&mut $desk.engine.store.read().await?, $id).await?;
        let $actor = $desk.actor(&$visitor.post);
        let done: Result<Stored, ActError> = async { $act }.await;
        outcome(&$desk, &$visitor, $id, $form, $sent, done).await
    }};
}

/// The one that an act on several has written.
fn only(rows: Vec<Stored>, id: i64) -> Result<Stored, ActError> {
    rows.into_iter().next().map_or_else(|| refuse(NoSuch::NoObligation(id)), Ok)
}

async fn accept(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    act!(desk, visitor, id, "accept", sent, |actor| actor.accept(id).await)
}

async fn send_back(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    act!(desk, visitor, id, "return", sent, |actor| {
        let stored = desk.engine.store.read().await?.obligation(id).await?;
        // The day that is offered stands for the very instant that is proposed.
        let proposed = stored.map(|stored| proposed_deadline(&stored.obligation, desk.known.slots(), actor.now));
        let same = |at: &DateTime<Utc>| desk.known.zone.due_day(*at).to_string() == sent.until.trim();
        let until = proposed.filter(same).map_or_else(|| end_of(&desk, &sent.until), Ok)?;
        actor.send_back(id, sent.reason.trim(), until).await
    })
}

/// Whether 未提醒 misses count, as a form says it.
fn counts(verdict: &str) -> Result<bool, ActError> {
    match verdict {
        "count" => Ok(true),
        "excuse" => Ok(false),
        _ => refuse(RequestRefusal::NotSaidWhetherCounted),
    }
}

async fn miss(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    act!(desk, visitor, id, "miss", sent, |actor| {
        only(actor.judge_misses(&[id], counts(&sent.verdict)?, sent.reason.trim()).await?, id)
    })
}

async fn waive(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    act!(desk, visitor, id, "waive", sent, |actor| {
        only(actor.waive(&[id], sent.reason.trim(), sent.document.trim()).await?, id)
    })
}

async fn extension(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    act!(desk, visitor, id, "extension", sent, |actor| {
        match sent.verdict.as_str() {
            "grant" => {
                let asked = desk.engine.store.read().await?.requests_of(id).await?;
                // The day that was asked for stands for the very instant that was asked for.
                let same = |request: &Request| {
                    let waits = request.kind == RequestKind::Extension && request.decided_at.is_none();
                    waits && asked_day(&desk, request) == sent.until
                };
                let until = if asked.iter().any(same) { None } else { Some(end_of(&desk, &sent.until)?) };
                actor.grant_extension(id, until, sent.answer.trim()).await
            }
            "refuse" => actor.refuse_extension(id, sent.answer.trim()).await,
            _ => refuse(RequestRefusal::NotSaidWhetherGranted),
        }
    })
}

async fn verdict(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    act!(desk, visitor, id, "verdict", sent, |actor| {
        match sent.verdict.as_str() {
            "uphold" => actor.uphold_dispute(id, sent.answer.trim()).await,
            "reject" => actor.reject_dispute(id, sent.answer.trim()).await,
            _ => refuse(RequestRefusal::NotSaidWhetherUpheld),
        }
    })
}

/// Whether 通报建议 are published, as a form says it.
fn publishes(verdict: &str) -> Result<bool, ActError> {
    match verdict {
        "publish" => Ok(true),
        "not_publish" => Ok(false),
        _ => refuse(RequestRefusal::NotSaidWhetherPublished),
    }
}

async fn bulletin(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    act!(desk, visitor, id, "bulletin", sent, |actor| {
        only(actor.publish(&[id], publishes(&sent.verdict)?, sent.reason.trim(), sent.document.trim()).await?, id)
    })
}

async fn undo(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    // A dispute upheld has freed the unit: whoever decided it sees the obligation all the same.
    act!(desk, visitor, id, "undo", sent, |actor| actor.undo(id).await)
}

/// Leads back to the queue, or shows it again with the refusal.
async fn queue(
    desk: &Desk,
    visitor: &Visitor,
    form: &'static str,
    fields: &Fields,
    done: Result<Vec<Stored>, ActError>,
) -> Result<Response, Fault> {
    match Refused::or(done)? {
        Ok(rows) => Ok(Redirect::to(&format!("/review?done={form}-{}", rows.len())).into_response()),
        Err(refused) => {
            let sent = ["reason", "document"].map(|name| (name, fields.trimmed(name).to_owned()));
            review::page(desk, visitor, 0, None, refused.in_form(0, form, sent.to_vec())).await
        }
    }
}

fn ticked(fields: &Fields) -> Vec<i64> {
    fields.all("id").filter_map(|id| id.parse().ok()).collect()
}

/// 通过, all that are ticked.
async fn accept_ticked(desk: Desk, visitor: Visitor, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    let done = desk.actor(&visitor.post).accept_all(&ticked(&fields)).await;
    queue(&desk, &visitor, "accept", &fields, done).await
}

/// The misses of an outage, all that are ticked.
async fn judge_ticked(desk: Desk, visitor: Visitor, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    let done = async {
        let counts = counts(fields.trimmed("verdict"))?;
        desk.actor(&visitor.post).judge_misses(&ticked(&fields), counts, fields.trimmed("reason")).await
    };
    queue(&desk, &visitor, "miss", &fields, done.await).await
}

/// The 通报建议 that are ticked.
async fn publish_ticked(desk: Desk, visitor: Visitor, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    let done = async {
        let publish = publishes(fields.trimmed("verdict"))?;
        let (reason, document) = (fields.trimmed("reason"), fields.trimmed("document"));
        desk.actor(&visitor.post).publish(&ticked(&fields), publish, reason, document).await
    };
    queue(&desk, &visitor, "bulletin", &fields, done.await).await
}
