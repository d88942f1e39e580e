//! `/api/v1/submissions`: 报送. The receipt number is the idempotency key: filed again under it, nothing changes.
//!
//! With files it is sent as a form: the submission as JSON in the field `submission`, and each file.

use std::sync::Arc;

use axum::Json;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Answer, Body, Part, Problem};
use super::obligations::{CountJson, ObligationJson};
use crate::acts::correct::Correction;
use crate::acts::submit::{NewSubmission, Receipt, Stands};
use crate::domain::quota::Item;
use crate::domain::unit::UnitName;
use crate::read::words;
use crate::store::row::Stored;
use crate::store::submissions::Evidence;
use crate::web::access::{Right, Visitor};
use crate::web::app::{App, Desk};
use crate::web::download::download;
use crate::web::fault::{Fault, Malformed};
use crate::web::route::{FORM, Route, get, post, upload};
use crate::web::upload as uploads;
use crate::web::upload::Kept;

pub fn routes() -> Vec<Route> {
    vec![
        upload("/api/v1/submissions", Right::File, file),
        get("/api/v1/submissions/{receipt}", Right::SeeOwn, show),
        post("/api/v1/submissions/{receipt}/withdraw", Right::File, withdraw),
        post("/api/v1/submissions/{receipt}/correct", Right::File, correct),
        get("/api/v1/submissions/{receipt}/files/{position}", Right::SeeOwn, read_file),
        post("/api/v1/submissions/{receipt}/files/{position}/erase", Right::File, erase_file),
    ]
}

/// One named or counted thing.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemJson {
    counter: String,
    /// A whole number, with or without the counter's measure word (3, 三, 3条); or, where different names count, names parted by
    /// 、；or line ends. 无, 暂无, / and the like count nothing. Anything else is refused.
    value: String,
}

impl From<ItemJson> for Item {
    fn from(ItemJson { counter, value }: ItemJson) -> Item {
        Item { counter, value }
    }
}

/// What is filed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubmissionJson {
    /// The unit; the caller's own where it is left out.
    unit: Option<String>,
    /// What it counts for; at least one. Of several, one must be of a duty with which the others' are linked
    /// (`also_counts_for` of the catalogue).
    obligations: Vec<i64>,
    /// The civil day of the act; today where it is left out.
    acted_on: Option<NaiveDate>,
    /// What it counts and names. Something must be said: here, in the note or by a file.
    #[serde(default)]
    items: Vec<ItemJson>,
    /// A short note.
    #[serde(default)]
    note: String,
    /// Files that were filed before, to be filed again: `R…/0` is one of a receipt, `R…` all of it.
    #[serde(default)]
    keep: Vec<String>,
}

/// A submission as it is sent as a form.
#[derive(ToSchema)]
pub struct FormWithFiles {
    /// As JSON.
    #[expect(dead_code, reason = "describes the form")]
    submission: NewSubmissionJson,
    /// Each in a field of its own.
    #[expect(dead_code, reason = "describes the form")]
    #[schema(content_media_type = "application/octet-stream")]
    file: Vec<String>,
}

/// What is filed, with its files on disk already.
pub struct SentSubmission {
    new: NewSubmissionJson,
    /// Hash, name, bytes.
    files: Vec<(String, String, u64)>,
    /// They stay until they are filed.
    kept: Option<Arc<Kept>>,
}

impl FromRequest<App> for SentSubmission {
    type Rejection = Problem;

    async fn from_request(mut request: Request, app: &App) -> Result<SentSubmission, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("multipart/form-data") {
            // Only a form's files go to the disk as they come.
            DefaultBodyLimit::max(FORM).apply(&mut request);
            let Body(new) = Body::from_request(request, app).await?;
            return Ok(SentSubmission { new, files: Vec::new(), kept: None });
        }
        let post = request.extensions().get::<Visitor>().map(|visitor| visitor.post.clone());
        let post = post.ok_or(Fault::SignIn)?;
        let form = Multipart::from_request(request, app)
            .await
            .map_err(|rejection| Malformed::MalformedForm(rejection.body_text()))?;
        let sent = uploads::receive(app, &post, form).await?;
        let new = sent.fields.get("submission").ok_or_else(|| Problem::from(Malformed::SubmissionMissing))?;
        let new = serde_json::from_str(new).map_err(|error| Malformed::MalformedSubmission(error.to_string()))?;
        Ok(SentSubmission { new, files: sent.files()?, kept: sent.kept() })
    }
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiptJson {
    receipt: String,
    /// Whether the same had been filed under this number before.
    repeated: bool,
    /// What was understood of the items, in words: 检查企业：A公司、B公司（2家）.
    said: Vec<String>,
    /// How each thing that it counts for stands now.
    obligations: Vec<StandsJson>,
}

/// How something that was filed for stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandsJson {
    id: i64,
    duty: String,
    period: String,
    /// grey, yellow, green, orange, red, white
    light: String,
    word: String,
    counts: Vec<CountJson>,
    /// What is still missing, in words: 检查企业1家; absent where nothing is.
    missing: Option<String>,
}

impl From<Stands> for StandsJson {
    fn from(Stands { id, duty, period, light, word, counts }: Stands) -> StandsJson {
        StandsJson {
            id,
            duty,
            period,
            light: light.code().to_owned(),
            word: word.to_owned(),
            missing: words::missing(&counts),
            counts: counts.into_iter().map(CountJson::from).collect(),
        }
    }
}

/// A file that came with a submission.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileJson {
    position: i64,
    name: String,
    size: i64,
    sha256: String,
    erased_at: Option<DateTime<Utc>>,
}

impl From<Evidence> for FileJson {
    fn from(Evidence { position, sha256, name, size, erased_at, .. }: Evidence) -> FileJson {
        FileJson { position, name, size, sha256, erased_at }
    }
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
    files: Vec<FileJson>,
    withdrawn_at: Option<DateTime<Utc>>,
    obligations: Vec<ObligationJson>,
}

/// File. `Idempotency-Key` becomes the receipt number
#[utoipa::path(post, path = "/api/v1/submissions",
    request_body(content((NewSubmissionJson = "application/json"), (FormWithFiles = "multipart/form-data"))),
    params(("Idempotency-Key" = Option<String>, Header, description = "letters, digits and -, at most 64")),
    responses((status = 201, body = ReceiptJson), (status = 200, body = ReceiptJson, description = "the same was filed under this number before"),
        (status = 422, description = "refused; also where other content was filed under this number")))]
pub async fn file(
    desk: Desk,
    visitor: Visitor,
    headers: HeaderMap,
    SentSubmission { new, files, kept }: SentSubmission,
) -> Answer<(StatusCode, Json<ReceiptJson>)> {
    let receipt = match headers.get("idempotency-key").map(|key| key.to_str()) {
        None => None,
        Some(Ok(key)) => Some(key.to_owned()),
        Some(Err(_)) => return Err(Malformed::MalformedIdempotencyKey.into()),
    };
    let actor = desk.actor(&visitor.post);
    let files = [actor.kept_files(&new.keep).await?, files].concat();
    let new = NewSubmission {
        receipt,
        unit: new.unit.map_or_else(|| visitor.post.unit.clone(), UnitName),
        obligations: new.obligations,
        acted_on: new.acted_on,
        items: new.items.into_iter().map(Item::from).collect(),
        note: new.note,
        files,
    };
    let receipt = desk.app.filings().file(&actor, &new).await?;
    drop(kept);
    let status = if receipt.repeated { StatusCode::OK } else { StatusCode::CREATED };
    let Receipt { number, repeated, said, obligations } = receipt;
    let obligations = obligations.into_iter().map(StandsJson::from).collect();
    Ok((status, Json(ReceiptJson { receipt: number, repeated, said, obligations })))
}

/// Show one
#[utoipa::path(get, path = "/api/v1/submissions/{receipt}", params(("receipt" = String, Path)), responses((status = 200, body = SubmissionJson), (status = 404)))]
pub async fn show(desk: Desk, visitor: Visitor, Part(receipt): Part<String>) -> Answer<Json<SubmissionJson>> {
    let mut tx = desk.engine.store.read().await?;
    let (submission, rows) = visitor.submission(&mut tx, &receipt).await?;
    // What it counts for at another unit's is not theirs to see.
    let seen: Vec<Stored> = rows.into_iter().filter(|row| visitor.sees(&row.obligation.owners)).collect();
    let item = |Item { counter, value }: Item| ItemJson { counter, value };
    let files = tx.evidence_of(&receipt).await?.into_iter().map(FileJson::from).collect();
    Ok(Json(SubmissionJson {
        receipt: submission.id,
        unit: submission.unit,
        by_post: submission.by_post,
        acted_on: submission.acted_on,
        received_at: submission.received_at,
        items: submission.items.into_iter().map(item).collect(),
        note: submission.note,
        files,
        withdrawn_at: submission.withdrawn_at,
        obligations: ObligationJson::all(&desk, &seen)?,
    }))
}

/// Take one back before it is reviewed
#[utoipa::path(post, path = "/api/v1/submissions/{receipt}/withdraw", params(("receipt" = String, Path)), responses((status = 204), (status = 404), (status = 422)))]
pub async fn withdraw(desk: Desk, visitor: Visitor, Part(receipt): Part<String>) -> Answer<StatusCode> {
    visitor.submission(&mut desk.engine.store.read().await?, &receipt).await?;
    desk.actor(&visitor.post).withdraw(&receipt).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is put in place of what was filed; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionJson {
    acted_on: Option<NaiveDate>,
    /// What it names: all of it.
    items: Option<Vec<ItemJson>>,
    note: Option<String>,
}

/// Correct one before it is reviewed
#[utoipa::path(post, path = "/api/v1/submissions/{receipt}/correct", params(("receipt" = String, Path)), request_body = CorrectionJson, responses((status = 200, body = Vec<ObligationJson>), (status = 404), (status = 422)))]
pub async fn correct(
    desk: Desk,
    visitor: Visitor,
    Part(receipt): Part<String>,
    Body(body): Body<CorrectionJson>,
) -> Answer<Json<Vec<ObligationJson>>> {
    visitor.submission(&mut desk.engine.store.read().await?, &receipt).await?;
    let items = body.items.map(|items| items.into_iter().map(Item::from).collect());
    let correction = Correction { acted_on: body.acted_on, items, note: body.note };
    let rows = desk.actor(&visitor.post).correct(&receipt, &correction).await?;
    Ok(Json(ObligationJson::all(&desk, &rows)?))
}

/// Read a file that came with one. Who reads is logged
#[utoipa::path(get, path = "/api/v1/submissions/{receipt}/files/{position}", params(("receipt" = String, Path), ("position" = i64, Path)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 404)))]
pub async fn read_file(
    desk: Desk,
    visitor: Visitor,
    Part((receipt, position)): Part<(String, i64)>,
) -> Answer<Response> {
    Ok(download(&desk.app, &visitor, &receipt, position).await?)
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureJson {
    reason: String,
}

/// Whether the bytes are gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasedJson {
    /// false = another submission still has the same bytes.
    gone: bool,
}

/// Erase a file that was sent by mistake; its hash and a tombstone stay
#[utoipa::path(post, path = "/api/v1/submissions/{receipt}/files/{position}/erase", params(("receipt" = String, Path), ("position" = i64, Path)),
    request_body = ErasureJson, responses((status = 200, body = ErasedJson), (status = 404), (status = 422)))]
pub async fn erase_file(
    desk: Desk,
    visitor: Visitor,
    Part((receipt, position)): Part<(String, i64)>,
    Body(body): Body<ErasureJson>,
) -> Answer<Json<ErasedJson>> {
    let mut tx = desk.engine.store.read().await?;
    visitor.submission(&mut tx, &receipt).await?;
    let files = tx.evidence_of(&receipt).await?;
    let file = files.into_iter().find(|file| file.position == position).ok_or(Fault::Missing)?;
    drop(tx);
    let vault = desk.engine.vault.as_ref().ok_or(Fault::Missing)?;
    let gone = desk.actor(&visitor.post).erase_evidence(vault, &receipt, &file.sha256, &body.reason).await?;
    Ok(Json(ErasedJson { gone }))
}
