//! `/api/v1/obligations`: what is owed, how it stands, and why.

#![allow(unused_qualifications, reason = "the macros of utoipa write them")]

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, Asked, Listed, Part, broken, malformed};
use crate::{
    acts::standing_filings,
    domain::{
        light::{self, Light},
        phase::Phase,
        quota::{self, Count, Filing},
    },
    read::explain,
    store::{obligations::Filter, row::Stored},
    web::{
        access::{Right, Visitor},
        app::{App, Desk},
        route::{Route, get},
    },
};

/// Its routes.
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
    unreminded: bool,
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
    /// The receipt numbers of what was filed for it.
    submissions: Vec<String>,
}

impl ObligationJson {
    /// As programs see it.
    pub fn of(desk: &Desk, stored: &Stored) -> ObligationJson {
        let obligation = &stored.obligation;
        let title =
            desk.known.rules(stored, desk.today).map_or_else(|_| String::new(), |rules| rules.duty.title.clone());
        ObligationJson {
            id: obligation.id,
            duty: obligation.duty.0.clone(),
            title,
            owners: obligation.owners.iter().map(|owner| owner.0.clone()).collect(),
            joint: obligation.joint,
            period: obligation.period.clone(),
            opens_at: obligation.opens_at,
            due_at: obligation.round.due_at,
            phase: obligation.phase.code().to_owned(),
            light: Light::of(obligation).code().to_owned(),
            word: light::word(obligation).to_owned(),
            filed_at: obligation.filed_at,
            closed_at: obligation.closed_at,
            missed_at: obligation.round.missed_at,
            unreminded: obligation.round.unreminded,
            streak: obligation.round.streak,
        }
    }
}

/// Which obligations.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ListQuery {
    /// Owed by this unit, alone or with others.
    unit: Option<String>,
    /// Of this duty.
    duty: Option<String>,
    /// For this period.
    period: Option<String>,
    /// In this phase.
    phase: Option<String>,
    /// After the obligation of that number: the `next` of the page before.
    #[serde(default)]
    after: i64,
    /// At most so many, 500 at the most.
    limit: Option<usize>,
}

/// The most items of a page.
pub const MOST: usize = 500;

/// List obligations that have opened, in the order of their numbers
#[utoipa::path(get, path = "/api/v1/obligations", params(ListQuery), responses((status = 200, body = Listed<ObligationJson>)))]
pub async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Asked(query): Asked<ListQuery>,
) -> Answer<Json<Listed<ObligationJson>>> {
    let desk = Desk::of(&app).await?;
    let phase = match query.phase.as_deref().map(Phase::from_code) {
        Some(None) => return Err(malformed("phase: 没有该状态")),
        Some(phase) => phase,
        None => None,
    };
    let unit = visitor.asked_unit(query.unit)?.map(|unit| unit.0);
    let filter = Filter { duty: query.duty, unit, period: query.period, phase };
    let limit = query.limit.unwrap_or(100).clamp(1, MOST);
    let mut tx = desk.engine.store.read().await?;
    let mut rows = tx.obligations_page(&filter, desk.now(), query.after, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.obligation.id);
    Ok(Json(Listed { items: rows.iter().map(|row| ObligationJson::of(&desk, row)).collect(), next }))
}

/// Show one
#[utoipa::path(get, path = "/api/v1/obligations/{id}", params(("id" = i64, Path)), responses((status = 200, body = DetailJson), (status = 404)))]
pub async fn show(State(app): State<App>, visitor: Visitor, Part(id): Part<i64>) -> Answer<Json<DetailJson>> {
    let desk = Desk::of(&app).await?;
    let mut tx = desk.engine.store.read().await?;
    let stored = visitor.obligation(&mut tx, id).await?;
    let rules = desk.known.rules(&stored, desk.today).map_err(broken)?;
    let filings = standing_filings(&mut tx, id).await?;
    let filings: Vec<&Filing> = filings.iter().collect();
    let counts = quota::count(&rules.duty.quotas, &filings).into_iter().map(CountJson::from).collect();
    let filed = tx.submissions_for(&[id]).await?;
    let submissions = filed.into_iter().map(|counted| counted.submission.id).collect();
    Ok(Json(DetailJson { obligation: ObligationJson::of(&desk, &stored), counts, submissions }))
}

/// One heading of an explanation and what stands under it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SectionJson {
    heading: String,
    lines: Vec<String>,
}

/// Say why one is owed, by whom, how its deadline came about, and what happens next
#[utoipa::path(get, path = "/api/v1/obligations/{id}/explain", params(("id" = i64, Path)), responses((status = 200, body = Vec<SectionJson>), (status = 404)))]
pub async fn explain(State(app): State<App>, visitor: Visitor, Part(id): Part<i64>) -> Answer<Json<Vec<SectionJson>>> {
    let engine = app.engine();
    visitor.obligation(&mut engine.store.read().await?, id).await?;
    let sections = explain::explain(&engine, id).await?.unwrap_or_default();
    let sections =
        sections.into_iter().map(|section| SectionJson { heading: section.heading.to_owned(), lines: section.lines });
    Ok(Json(sections.collect()))
}
