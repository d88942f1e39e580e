//! What the office decides, and what units ask it for.

use axum::Json;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Answer, Body, Part};
use super::obligations::ObligationJson;
use crate::acts::refuse;
use crate::domain::refusal::request::RequestRefusal;
use crate::read::implied::Implied;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::route::{Route, post};

pub fn routes() -> Vec<Route> {
    vec![
        post("/api/v1/obligations/{id}/accept", Right::Decide, accept),
        post("/api/v1/obligations/{id}/return", Right::Decide, send_back),
        post("/api/v1/obligations/{id}/undo", Right::Decide, undo),
        post("/api/v1/acceptances", Right::Decide, accept_all),
        post("/api/v1/misses/decision", Right::Decide, judge_misses),
        post("/api/v1/bulletins/decision", Right::Decide, publish),
        post("/api/v1/waivers", Right::Decide, waive),
        post("/api/v1/letters/held", Right::Decide, release_letters),
        post("/api/v1/obligations/{id}/extension", Right::File, ask_extension),
        post("/api/v1/obligations/{id}/extension/decision", Right::Decide, decide_extension),
        post("/api/v1/obligations/{id}/dispute", Right::File, raise_dispute),
        post("/api/v1/obligations/{id}/dispute/decision", Right::Decide, decide_dispute),
    ]
}

/// 通过
#[utoipa::path(post, path = "/api/v1/obligations/{id}/accept", params(("id" = i64, Path)), responses((status = 200, body = ObligationJson), (status = 422)))]
pub async fn accept(desk: Desk, visitor: Visitor, Part(id): Part<i64>) -> Answer<Json<ObligationJson>> {
    let stored = desk.actor(&visitor.post).accept(id).await?;
    Ok(Json(ObligationJson::of(&desk, &stored)?))
}

/// Why it is returned, and until when it is to be filed again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnJson {
    reason: String,
    /// Not before the deadline in force; left out, the later of that and the third workday's end.
    until: Option<DateTime<Utc>>,
}

/// 退回
#[utoipa::path(post, path = "/api/v1/obligations/{id}/return", params(("id" = i64, Path)), request_body = ReturnJson, responses((status = 200, body = ObligationJson), (status = 422)))]
pub async fn send_back(
    desk: Desk,
    visitor: Visitor,
    Part(id): Part<i64>,
    Body(body): Body<ReturnJson>,
) -> Answer<Json<ObligationJson>> {
    let stored = desk.actor(&visitor.post).send_back(id, &body.reason, body.until.map(whole)).await?;
    Ok(Json(ObligationJson::of(&desk, &stored)?))
}

/// Whether the letters go out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldJson {
    /// True = they are sent, false = they end unsent.
    send: bool,
}

/// How many letters that concerned.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReleasedJson {
    letters: u64,
}

/// Send or drop the letters that are held since a backup was restored
#[utoipa::path(post, path = "/api/v1/letters/held", request_body = HeldJson, responses((status = 200, body = ReleasedJson), (status = 422)))]
pub async fn release_letters(desk: Desk, visitor: Visitor, Body(body): Body<HeldJson>) -> Answer<Json<ReleasedJson>> {
    Ok(Json(ReleasedJson { letters: desk.actor(&visitor.post).release_letters(body.send).await? }))
}

/// Take the newest decision on it back (撤销), until the letter that tells of it is written
#[utoipa::path(post, path = "/api/v1/obligations/{id}/undo", params(("id" = i64, Path)), responses((status = 200, body = ObligationJson), (status = 422)))]
pub async fn undo(desk: Desk, visitor: Visitor, Part(id): Part<i64>) -> Answer<Json<ObligationJson>> {
    let stored = desk.actor(&visitor.post).undo(id).await?;
    Ok(Json(ObligationJson::of(&desk, &stored)?))
}

/// What is accepted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptancesJson {
    obligations: Vec<i64>,
}

/// 通过, several: all of them or none
#[utoipa::path(post, path = "/api/v1/acceptances", request_body = AcceptancesJson, responses((status = 200, body = Vec<ObligationJson>), (status = 422)))]
pub async fn accept_all(
    desk: Desk,
    visitor: Visitor,
    Body(body): Body<AcceptancesJson>,
) -> Answer<Json<Vec<ObligationJson>>> {
    let rows = desk.actor(&visitor.post).accept_all(&body.obligations).await?;
    Ok(Json(ObligationJson::all(&desk, &rows)?))
}

/// Which 未提醒 misses count in their rows of misses, or do not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MissDecisionJson {
    obligations: Vec<i64>,
    counted: bool,
    #[serde(default)]
    reason: String,
    /// Also all others of the same outages.
    #[serde(default)]
    whole_outage: bool,
}

/// Say whether 未提醒 misses count: all of them or none
#[utoipa::path(post, path = "/api/v1/misses/decision", request_body = MissDecisionJson, responses((status = 200, body = Vec<ObligationJson>), (status = 422)))]
pub async fn judge_misses(
    desk: Desk,
    visitor: Visitor,
    Body(body): Body<MissDecisionJson>,
) -> Answer<Json<Vec<ObligationJson>>> {
    let actor = desk.actor(&visitor.post);
    let ids = if body.whole_outage { actor.outage_of(&body.obligations).await? } else { body.obligations };
    let rows = actor.judge_misses(&ids, body.counted, &body.reason).await?;
    Ok(Json(ObligationJson::all(&desk, &rows)?))
}

/// Which proposals (通报建议) are decided, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulletinDecisionJson {
    obligations: Vec<i64>,
    /// 通报, or not.
    published: bool,
    reason: String,
    /// The bulletin's number (文号); wanted where it is published.
    #[serde(default)]
    document: String,
}

/// Decide 通报 or 不通报: all of them or none
#[utoipa::path(post, path = "/api/v1/bulletins/decision", request_body = BulletinDecisionJson, responses((status = 200, body = Vec<ObligationJson>), (status = 422)))]
pub async fn publish(
    desk: Desk,
    visitor: Visitor,
    Body(body): Body<BulletinDecisionJson>,
) -> Answer<Json<Vec<ObligationJson>>> {
    let actor = desk.actor(&visitor.post);
    let rows = actor.publish(&body.obligations, body.published, &body.reason, &body.document).await?;
    Ok(Json(ObligationJson::all(&desk, &rows)?))
}

/// What is waived, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverJson {
    obligations: Vec<i64>,
    reason: String,
    /// The number of the document that says so.
    document: String,
}

/// 免除, all of them or none
#[utoipa::path(post, path = "/api/v1/waivers", request_body = WaiverJson, responses((status = 200, body = Vec<ObligationJson>), (status = 422)))]
pub async fn waive(desk: Desk, visitor: Visitor, Body(body): Body<WaiverJson>) -> Answer<Json<Vec<ObligationJson>>> {
    let rows = desk.actor(&visitor.post).waive(&body.obligations, &body.reason, &body.document).await?;
    Ok(Json(ObligationJson::all(&desk, &rows)?))
}

/// Until when, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionJson {
    until: DateTime<Utc>,
    reason: String,
}

/// The number of a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestNumber {
    request: String,
}

/// Ask for an extension
#[utoipa::path(post, path = "/api/v1/obligations/{id}/extension", params(("id" = i64, Path)), request_body = ExtensionJson, responses((status = 201, body = RequestNumber), (status = 404), (status = 422)))]
pub async fn ask_extension(
    desk: Desk,
    visitor: Visitor,
    Part(id): Part<i64>,
    Body(body): Body<ExtensionJson>,
) -> Answer<(StatusCode, Json<RequestNumber>)> {
    visitor.obligation(&mut desk.engine.store.read().await?, id).await?;
    let request = desk.actor(&visitor.post).ask_extension(id, whole(body.until), &body.reason).await?;
    Ok((StatusCode::CREATED, Json(RequestNumber { request })))
}

/// Whether an extension is granted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtensionDecisionJson {
    granted: bool,
    /// Granted until another instant than was asked for.
    until: Option<DateTime<Utc>>,
    #[serde(default)]
    answer: String,
}

/// Grant or refuse the extension that was asked for
#[utoipa::path(post, path = "/api/v1/obligations/{id}/extension/decision", params(("id" = i64, Path)), request_body = ExtensionDecisionJson, responses((status = 200, body = ObligationJson), (status = 422)))]
pub async fn decide_extension(
    desk: Desk,
    visitor: Visitor,
    Part(id): Part<i64>,
    Body(body): Body<ExtensionDecisionJson>,
) -> Answer<Json<ObligationJson>> {
    let actor = desk.actor(&visitor.post);
    let stored = match (body.granted, body.until) {
        (true, until) => actor.grant_extension(id, until.map(whole), &body.answer).await?,
        (false, None) => actor.refuse_extension(id, &body.answer).await?,
        (false, Some(_)) => refuse(RequestRefusal::DeadlineNotWanted)?,
    };
    Ok(Json(ObligationJson::of(&desk, &stored)?))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonJson {
    reason: String,
}

/// Raise a dispute
#[utoipa::path(post, path = "/api/v1/obligations/{id}/dispute", params(("id" = i64, Path)), request_body = ReasonJson, responses((status = 201, body = RequestNumber), (status = 404), (status = 422)))]
pub async fn raise_dispute(
    desk: Desk,
    visitor: Visitor,
    Part(id): Part<i64>,
    Body(body): Body<ReasonJson>,
) -> Answer<(StatusCode, Json<RequestNumber>)> {
    visitor.obligation(&mut desk.engine.store.read().await?, id).await?;
    let request = desk.actor(&visitor.post).raise_dispute(id, &body.reason).await?;
    Ok((StatusCode::CREATED, Json(RequestNumber { request })))
}

/// Whether a dispute is upheld.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputeDecisionJson {
    upheld: bool,
    #[serde(default)]
    answer: String,
}

/// How a disputed obligation stands, and what its dispute implies.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecidedDisputeJson {
    #[serde(flatten)]
    obligation: ObligationJson,
    /// Upheld: what the catalogue would have to say for good.
    implied: Option<ImpliedJson>,
}

/// A change of the catalogue: who would owe a duty from then on.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImpliedJson {
    duty: String,
    /// As `duties.toml` writes it; empty = nobody would.
    owed_by: Vec<String>,
    detail: String,
}

/// Uphold or reject the dispute that was raised. Upheld, it frees the unit that raised it; others who owe it too go on
#[utoipa::path(post, path = "/api/v1/obligations/{id}/dispute/decision", params(("id" = i64, Path)), request_body = DisputeDecisionJson, responses((status = 200, body = DecidedDisputeJson), (status = 422)))]
pub async fn decide_dispute(
    desk: Desk,
    visitor: Visitor,
    Part(id): Part<i64>,
    Body(body): Body<DisputeDecisionJson>,
) -> Answer<Json<DecidedDisputeJson>> {
    let actor = desk.actor(&visitor.post);
    let stored = if body.upheld {
        actor.uphold_dispute(id, &body.answer).await?
    } else {
        actor.reject_dispute(id, &body.answer).await?
    };
    let requests = desk.engine.store.read().await?.requests_of(id).await?;
    let newest =
        requests.iter().filter(|request| request.decided_at.is_some()).max_by_key(|request| request.decided_at);
    let implied = newest.and_then(|request| Implied::by(&desk.known, request, &stored.obligation.duty, desk.today));
    let implied = implied.map(|implied| ImpliedJson {
        detail: implied.chinese(),
        duty: implied.duty.0,
        owed_by: implied.owed_by,
    });
    Ok(Json(DecidedDisputeJson { obligation: ObligationJson::of(&desk, &stored)?, implied }))
}

/// Instants are whole seconds.
fn whole(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}
