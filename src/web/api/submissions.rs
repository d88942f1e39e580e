//! `/api/v1/submissions`: 报送. The receipt number is the idempotency key: filed again under it, nothing changes.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Body, Part, malformed, obligations::ObligationJson};
use crate::{
    domain::{quota::Item, unit::UnitName},
    jobs::acts::submit::NewSubmission,
    web::{
        App, Desk,
        access::{Right, Visitor},
        routes::{Route, get, post},
    },
};

/// Its routes.
pub fn routes() -> Vec<Route> {
    vec![
        post("/api/v1/submissions", Right::File, file),
        get("/api/v1/submissions/{receipt}", Right::SeeOwn, show),
        post("/api/v1/submissions/{receipt}/withdraw", Right::File, withdraw),
    ]
}

/// One named or counted thing.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemJson {
    counter: String,
    value: String,
}

/// What is filed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubmissionJson {
    /// The unit; the caller's own where it is left out.
    unit: Option<String>,
    /// What it counts for; at least one.
    obligations: Vec<i64>,
    /// The civil day of the act; today where it is left out.
    acted_on: Option<NaiveDate>,
    /// What it names.
    #[serde(default)]
    items: Vec<ItemJson>,
    /// A short note.
    #[serde(default)]
    note: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptJson {
    receipt: String,
    /// Whether this number had been filed before.
    repeated: bool,
}

/// A submission.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmissionJson {
    receipt: String,
    unit: String,
    by_post: String,
    acted_on: NaiveDate,
    received_at: DateTime<Utc>,
    items: Vec<ItemJson>,
    note: String,
    withdrawn_at: Option<DateTime<Utc>>,
    obligations: Vec<ObligationJson>,
}

/// File. `Idempotency-Key` becomes the receipt number
#[utoipa::path(post, path = "/api/v1/submissions", request_body = NewSubmissionJson,
    params(("Idempotency-Key" = Option<String>, Header, description = "letters, digits and -, at most 64")),
    responses((status = 201, body = ReceiptJson), (status = 200, body = ReceiptJson, description = "filed before"), (status = 422)))]
pub async fn file(
    desk: Desk,
    visitor: Visitor,
    headers: HeaderMap,
    Body(new): Body<NewSubmissionJson>,
) -> Answer<(StatusCode, Json<ReceiptJson>)> {
    let receipt = match headers.get("idempotency-key").map(|key| key.to_str()) {
        None => None,
        Some(Ok(key)) => Some(key.to_owned()),
        Some(Err(_)) => return Err(malformed("Idempotency-Key 只能用字母、数字与 -")),
    };
    let new = NewSubmission {
        receipt,
        unit: new.unit.map_or_else(|| visitor.post.unit.clone(), UnitName),
        obligations: new.obligations,
        acted_on: new.acted_on,
        items: new.items.into_iter().map(|ItemJson { counter, value }| Item { counter, value }).collect(),
        note: new.note,
        files: Vec::new(),
    };
    let receipt = desk.actor(&visitor.post).submit(&new).await?;
    let status = if receipt.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(ReceiptJson { receipt: receipt.number, repeated: receipt.repeated })))
}

/// Show one
#[utoipa::path(get, path = "/api/v1/submissions/{receipt}", params(("receipt" = String, Path)), responses((status = 200, body = SubmissionJson), (status = 404)))]
pub async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Part(receipt): Part<String>,
) -> Answer<Json<SubmissionJson>> {
    let desk = Desk::of(&app).await?;
    let mut tx = desk.engine.store.read().await?;
    let (submission, rows) = visitor.submission(&mut tx, &receipt).await?;
    // What it counts for at another unit's is not theirs to see.
    let seen = rows.iter().filter(|row| visitor.sees(&row.obligation.owners));
    let item = |Item { counter, value }: Item| ItemJson { counter, value };
    Ok(Json(SubmissionJson {
        receipt: submission.id,
        unit: submission.unit,
        by_post: submission.by_post,
        acted_on: submission.acted_on,
        received_at: submission.received_at,
        items: submission.items.into_iter().map(item).collect(),
        note: submission.note,
        withdrawn_at: submission.withdrawn_at,
        obligations: seen.map(|row| ObligationJson::of(&desk, row)).collect(),
    }))
}

/// Take one back before it is reviewed
#[utoipa::path(post, path = "/api/v1/submissions/{receipt}/withdraw", params(("receipt" = String, Path)), responses((status = 204), (status = 404), (status = 422)))]
pub async fn withdraw(State(app): State<App>, visitor: Visitor, Part(receipt): Part<String>) -> Answer<StatusCode> {
    let desk = Desk::of(&app).await?;
    visitor.submission(&mut desk.engine.store.read().await?, &receipt).await?;
    desk.actor(&visitor.post).withdraw(&receipt).await?;
    Ok(StatusCode::NO_CONTENT)
}
