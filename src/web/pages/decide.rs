//! What the office decides on one obligation: accept, return, confirm a miss, waive, answer what was asked.
//!
//! Who may is asked of the acts' own rules, so that a page offers nothing that they would refuse. The same forms stand on
//! the obligation's own page and in the lists; each leads back to where it was sent from.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::verdict::asked_day;
use super::{obligation, requests, review};
use crate::acts::{ActError, refuse};
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::request::RequestRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::store::requests::{Request, RequestKind};
use crate::store::row::Stored;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::refused::Refused;
use crate::web::route::{Route, post};

pub fn routes() -> Vec<Route> {
    vec![
        post("/o/{id}/accept", Right::Decide, accept),
        post("/o/{id}/return", Right::Decide, send_back),
        post("/o/{id}/confirm-miss", Right::Decide, confirm_miss),
        post("/o/{id}/waive", Right::Decide, waive),
        post("/o/{id}/extension", Right::Decide, extension),
        post("/o/{id}/verdict", Right::Decide, verdict),
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
            "review" => format!("/review?done={form}"),
            // What a dispute upheld implies stands on the obligation's own page.
            "requests" if sent.verdict == "uphold" => format!("/o/{id}?done={form}"),
            "requests" => format!("/requests?done={form}"),
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
        "requests" => requests::page(desk, visitor, None, refused).await,
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
        actor.send_back(id, sent.reason.trim(), end_of(&desk, &sent.until)?).await
    })
}

async fn confirm_miss(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    act!(desk, visitor, id, "confirm-miss", sent, |actor| actor.confirm_miss(id).await)
}

async fn waive(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<DecisionForm>,
) -> Result<Response, Fault> {
    act!(desk, visitor, id, "waive", sent, |actor| {
        let waived = actor.waive(&[id], sent.reason.trim(), sent.document.trim()).await?;
        waived.into_iter().next().map_or_else(|| refuse(NoSuch::NoObligation(id)), Ok)
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
