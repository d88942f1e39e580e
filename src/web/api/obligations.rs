//! `/api/v1/obligations`: what is owed, how it stands, and why.

#![allow(unused_qualifications, reason = "the macros of utoipa write them")]

use axum::Json;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, CallQuery, Listed, Part};
use crate::domain::query::Order;
use crate::domain::quota::Count;
use crate::domain::refusal::Refusal;
use crate::read::explain;
use crate::read::filed::filed_for;
use crate::read::query::{self, QueryText};
use crate::read::view::View;
use crate::store::row::Stored;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Malformed;
use crate::web::route::{Route, get};

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/obligations", Right::SeeOwn, list),
        get("/api/v1/obligations/{id}", Right::SeeOwn, show),
        get("/api/v1/obligations/{id}/explain", Right::SeeOwn, explain),
    ]
}

/// An obligation.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObligationJson {
    id: i64,
    duty: String,
    title: String,
    owners: Vec<String>,
    joint: bool,
    period: String,
    opens_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    /// scheduled, open, returned, missed, waiting, done, lapsed, waived, withdrawn, upheld
    phase: String,
    /// grey, yellow, green, orange, red, white
    light: String,
    word: String,
    filed_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    missed_at: Option<DateTime<Utc>>,
    /// A 未提醒 miss; `counted` says how it was judged.
    unreminded: bool,
    counted: Option<bool>,
    /// When a 通报建议 came due, and what was decided on it.
    proposed_at: Option<DateTime<Utc>>,
    published: Option<bool>,
    /// Why it was returned, until it is accepted.
    return_reason: Option<String>,
    /// Of an open miss: until when it can be made good.
    good_until: Option<DateTime<Utc>>,
    streak: Option<i32>,
}

/// How far a counter is.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountJson {
    counter: String,
    unit: String,
    have: u32,
    want: u32,
}

impl From<Count> for CountJson {
    fn from(Count { counter, unit, have, want }: Count) -> CountJson {
        CountJson { counter, unit, have, want }
    }
}

/// An obligation and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct DetailJson {
    #[serde(flatten)]
    obligation: ObligationJson,
    counts: Vec<CountJson>,
    /// What is still missing, in words: 检查企业1家; absent where nothing is, or it is not owed.
    missing: Option<String>,
    /// The receipt numbers of what was filed for it.
    submissions: Vec<String>,
    /// What else those count for, by receipt number.
    also_counted_for: Vec<AlsoJson>,
}

/// What else a submission counts for.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlsoJson {
    receipt: String,
    obligations: Vec<ObligationJson>,
}

impl From<&View> for ObligationJson {
    fn from(view: &View) -> ObligationJson {
        ObligationJson {
            id: view.id,
            duty: view.duty.0.clone(),
            title: view.title.clone(),
            owners: view.owners.iter().map(|owner| owner.0.clone()).collect(),
            joint: view.joint,
            period: view.period.clone(),
            opens_at: view.opens_at,
            due_at: view.round.due_at,
            phase: view.phase.code().to_owned(),
            light: view.light.code().to_owned(),
            word: view.word.to_owned(),
            filed_at: view.filed_at,
            closed_at: view.closed_at,
            missed_at: view.round.missed_at,
            unreminded: view.round.unreminded,
            counted: (view.round.confirmed || view.round.excused).then_some(view.round.confirmed),
            proposed_at: view.round.proposed_at,
            published: view.round.published,
            return_reason: view.return_reason.clone(),
            good_until: view.good_until,
            streak: view.round.streak,
        }
    }
}

impl ObligationJson {
    pub fn of(desk: &Desk, row: &Stored) -> Answer<ObligationJson> {
        Ok(ObligationJson::from(&View::without_filings(&desk.known, row, desk.today)?))
    }

    pub fn all(desk: &Desk, rows: &[Stored]) -> Answer<Vec<ObligationJson>> {
        rows.iter().map(|row| ObligationJson::of(desk, row)).collect()
    }
}

/// How much of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most so many, 500 at the most.
    limit: Option<usize>,
}

/// The most items of a page.
pub const MOST: usize = 500;

/// List obligations that have opened, in the order of their numbers unless another is asked for
#[utoipa::path(get, path = "/api/v1/obligations", params(QueryText, PageQuery), responses((status = 200, body = Listed<ObligationJson>)))]
pub async fn list(
    desk: Desk,
    visitor: Visitor,
    CallQuery(mut text): CallQuery<QueryText>,
    CallQuery(page): CallQuery<PageQuery>,
) -> Answer<Json<Listed<ObligationJson>>> {
    let unit = visitor.asked_unit(Some(text.unit).filter(|unit| !unit.is_empty()))?;
    text.unit = unit.map(|unit| unit.0).unwrap_or_default();
    if text.order.is_empty() {
        Order::Number.code().clone_into(&mut text.order);
    }
    let query = text.query().map_err(unreadable)?;
    let after = text.after().map_err(unreadable)?;
    let limit = page.limit.unwrap_or(100).clamp(1, MOST);
    let mut tx = desk.engine.store.read().await?;
    let found = query::find(&mut tx, &desk.known, &query, after, limit).await?;
    Ok(Json(Listed { items: ObligationJson::all(&desk, &found.rows)?, next: found.next }))
}

fn unreadable(refusal: Refusal) -> Malformed {
    Malformed::UnreadableField(Box::new(refusal))
}

/// Show one
#[utoipa::path(get, path = "/api/v1/obligations/{id}", params(("id" = i64, Path)), responses((status = 200, body = DetailJson), (status = 404)))]
pub async fn show(desk: Desk, visitor: Visitor, Part(id): Part<i64>) -> Answer<Json<DetailJson>> {
    let mut tx = desk.engine.store.read().await?;
    let stored = visitor.obligation(&mut tx, id).await?;
    let view = desk.view(&mut tx, &stored).await?;
    let filed = tx.submissions_for(&[id]).await?;
    let mut also_counted_for = Vec::new();
    for submission in filed.iter().map(|counted| &counted.submission) {
        let others = filed_for(&mut tx, &desk.known, submission, id, desk.today).await?.others;
        let seen = others.iter().filter(|other| visitor.sees(&other.owners));
        let obligations: Vec<ObligationJson> = seen.map(ObligationJson::from).collect();
        if !obligations.is_empty() {
            also_counted_for.push(AlsoJson { receipt: submission.id.clone(), obligations });
        }
    }
    Ok(Json(DetailJson {
        obligation: ObligationJson::from(&view),
        counts: view.counts.iter().cloned().map(CountJson::from).collect(),
        missing: view.missing(),
        submissions: filed.into_iter().map(|counted| counted.submission.id).collect(),
        also_counted_for,
    }))
}

/// One heading of an explanation and what stands under it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionJson {
    heading: String,
    lines: Vec<String>,
}

/// Say why one is owed, by whom, how its deadline came about, and what happens next
#[utoipa::path(get, path = "/api/v1/obligations/{id}/explain", params(("id" = i64, Path)), responses((status = 200, body = Vec<SectionJson>), (status = 404)))]
pub async fn explain(desk: Desk, visitor: Visitor, Part(id): Part<i64>) -> Answer<Json<Vec<SectionJson>>> {
    let engine = &desk.engine;
    visitor.obligation(&mut engine.store.read().await?, id).await?;
    let sections = explain::explain(engine, id).await?.unwrap_or_default();
    let sections =
        sections.into_iter().map(|section| SectionJson { heading: section.heading.to_owned(), lines: section.lines });
    Ok(Json(sections.collect()))
}
