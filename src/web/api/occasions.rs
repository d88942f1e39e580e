//! Events and nodes.

use axum::Json;
use axum::http::StatusCode;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Answer, Body, Part};
use crate::acts::event::NewEvent;
use crate::domain::unit::UnitName;
use crate::store::catalogue::{NodeWindow, StoredEvent};
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::route::{Route, get, post};

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/events", Right::SeeAll, events),
        post("/api/v1/events", Right::Decide, open_event),
        post("/api/v1/events/{id}/close", Right::Decide, close_event),
        get("/api/v1/nodes", Right::SeeAll, nodes),
        post("/api/v1/nodes", Right::Decide, open_node),
        post("/api/v1/nodes/{id}/extend", Right::Decide, extend_node),
        post("/api/v1/nodes/{id}/close", Right::Decide, close_node),
    ]
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventJson {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    at: DateTime<Utc>,
    place: String,
    units: Vec<String>,
    closed_at: Option<DateTime<Utc>>,
    false_alarm: bool,
}

impl From<StoredEvent> for EventJson {
    fn from(StoredEvent { event, closed_at, false_alarm, .. }: StoredEvent) -> EventJson {
        EventJson {
            id: event.id,
            event_type: event.event_type,
            at: event.at,
            place: event.place,
            units: event.units.into_iter().map(|unit| unit.0).collect(),
            closed_at,
            false_alarm,
        }
    }
}

/// List events
#[utoipa::path(get, path = "/api/v1/events", responses((status = 200, body = Vec<EventJson>)))]
pub async fn events(desk: Desk) -> Answer<Json<Vec<EventJson>>> {
    let events = desk.engine.store.read().await?.events().await?;
    Ok(Json(events.into_iter().map(EventJson::from).collect()))
}

/// What is known of an event when it is recorded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEventJson {
    /// Left out, it gets one.
    id: Option<String>,
    #[serde(rename = "type")]
    event_type: String,
    /// Left out, it is now.
    at: Option<DateTime<Utc>>,
    place: String,
    #[serde(default)]
    units: Vec<String>,
}

/// What an event opened.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenedJson {
    id: String,
    obligations: Vec<i64>,
}

/// Record an event
#[utoipa::path(post, path = "/api/v1/events", request_body = NewEventJson, responses((status = 201, body = OpenedJson), (status = 422)))]
pub async fn open_event(
    desk: Desk,
    visitor: Visitor,
    Body(new): Body<NewEventJson>,
) -> Answer<(StatusCode, Json<OpenedJson>)> {
    let new = NewEvent {
        id: new.id,
        event_type: new.event_type,
        at: new.at.and_then(|at| DateTime::from_timestamp(at.timestamp(), 0)).unwrap_or(desk.now()),
        place: new.place,
        units: new.units.into_iter().map(UnitName).collect(),
    };
    let opened = desk.actor(&visitor.post).open_event(&new).await?;
    let obligations = opened.obligations.iter().map(|row| row.obligation.id).collect();
    Ok((StatusCode::CREATED, Json(OpenedJson { id: opened.id, obligations })))
}

/// How an event ends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseJson {
    /// A false alarm waives what it opened and is not done.
    #[serde(default)]
    false_alarm: bool,
    #[serde(default)]
    reason: String,
}

/// Close an event
#[utoipa::path(post, path = "/api/v1/events/{id}/close", params(("id" = String, Path)), request_body = CloseJson, responses((status = 204), (status = 422)))]
pub async fn close_event(
    desk: Desk,
    visitor: Visitor,
    Part(id): Part<String>,
    Body(body): Body<CloseJson>,
) -> Answer<StatusCode> {
    desk.actor(&visitor.post).close_event(&id, body.false_alarm, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A window that the office opened.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeJson {
    id: String,
    name: String,
    first: NaiveDate,
    last: NaiveDate,
}

/// List the windows that the office opened
#[utoipa::path(get, path = "/api/v1/nodes", responses((status = 200, body = Vec<NodeJson>)))]
pub async fn nodes(desk: Desk) -> Answer<Json<Vec<NodeJson>>> {
    let windows = desk.engine.store.read().await?.windows().await?;
    let node = |NodeWindow { id, name, first_on, last_on, .. }: NodeWindow| NodeJson {
        id,
        name,
        first: first_on,
        last: last_on,
    };
    Ok(Json(windows.into_iter().map(node).collect()))
}

/// Open a window
#[utoipa::path(post, path = "/api/v1/nodes", request_body = NodeJson, responses((status = 201), (status = 422)))]
pub async fn open_node(desk: Desk, visitor: Visitor, Body(node): Body<NodeJson>) -> Answer<StatusCode> {
    desk.actor(&visitor.post).open_node(&node.id, &node.name, node.first, node.last).await?;
    Ok(StatusCode::CREATED)
}

/// A window's new last day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LastDayJson {
    last: NaiveDate,
}

/// Move a window's last day, later or earlier
#[utoipa::path(post, path = "/api/v1/nodes/{id}/extend", params(("id" = String, Path)), request_body = LastDayJson, responses((status = 204), (status = 422)))]
pub async fn extend_node(
    desk: Desk,
    visitor: Visitor,
    Part(id): Part<String>,
    Body(body): Body<LastDayJson>,
) -> Answer<StatusCode> {
    desk.actor(&visitor.post).extend_node(&id, body.last).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Close a window today
#[utoipa::path(post, path = "/api/v1/nodes/{id}/close", params(("id" = String, Path)), responses((status = 204), (status = 422)))]
pub async fn close_node(desk: Desk, visitor: Visitor, Part(id): Part<String>) -> Answer<StatusCode> {
    desk.actor(&visitor.post).close_node(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}
