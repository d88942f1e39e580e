//! 事件与节点: what happened and what key dates there are; opened, extended and closed by the office.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::Deserialize;

use crate::acts::event::NewEvent;
use crate::acts::{self, ActError};
use crate::domain::calendar::Zone;
use crate::domain::node::{self, Node};
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::unit::UnitName;
use crate::read::view::View;
use crate::read::words;
use crate::store::Tx;
use crate::store::catalogue::StoredEvent;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::fields::Fields;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, DoneQuery, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/occasions", Right::SeeAll, show),
        post("/occasions/events", Right::Decide, open_event),
        get("/occasions/events/{id}", Right::SeeAll, show_event),
        post("/occasions/events/{id}/close", Right::Decide, close_event),
        post("/occasions/nodes", Right::Decide, open_node),
        post("/occasions/nodes/{id}/extend", Right::Decide, extend_node),
        post("/occasions/nodes/{id}/close", Right::Decide, close_node),
    ]
}

/// Events that are over, of which so many are listed.
const MOST_CLOSED: usize = 30;

struct EventRow {
    id: String,
    what: String,
    at: String,
    place: String,
    units: String,
    state: String,
    open: bool,
    answered: usize,
    asked: usize,
}

impl EventRow {
    fn of(zone: Zone, stored: &StoredEvent) -> EventRow {
        let event = &stored.event;
        let state = match (stored.closed_at, stored.false_alarm) {
            (None, _) => "进行中".to_owned(),
            (Some(at), true) => format!("{}以误报结束", words::moment(zone, at)),
            (Some(at), false) => format!("{}结束", words::moment(zone, at)),
        };
        EventRow {
            id: event.id.clone(),
            what: event.event_type.clone(),
            at: zone.local(event.at).format("%Y-%m-%d %H:%M").to_string(),
            place: event.place.clone(),
            units: if event.units.is_empty() { "按职责目录".into() } else { words::owners(&event.units) },
            state,
            open: stored.closed_at.is_none(),
            answered: 0,
            asked: 0,
        }
    }

    /// With how many of those who were asked have answered.
    async fn counted(mut self, tx: &mut Tx) -> Result<EventRow, Fault> {
        let opened = tx.obligations_of_period(&acts::event::period(&self.id)).await?;
        self.asked = opened.len();
        self.answered = opened.iter().filter(|row| row.obligation.filed_at.is_some()).count();
        Ok(self)
    }
}

struct WindowRow {
    id: String,
    name: String,
    days: String,
    last: String,
    open: bool,
    state: String,
}

/// What was filled in to record an event.
#[derive(Default)]
struct EventForm {
    event_type: String,
    at: String,
    place: String,
    id: String,
    units: Vec<String>,
}

/// What was filled in to open a node.
#[derive(Default, Deserialize)]
struct NodeForm {
    name: String,
    first: String,
    last: String,
    id: String,
}

#[derive(Template)]
#[template(path = "occasions.html")]
struct OccasionsPage {
    page: Page,
    events: Vec<EventRow>,
    windows: Vec<WindowRow>,
    others: Vec<String>,
    types: Vec<(String, bool)>,
    units: Vec<(String, bool)>,
    event: EventForm,
    node: NodeForm,
    today: String,
    may: bool,
    refused: Refused,
}

fn done_words(done: &str) -> Option<String> {
    let words = match done {
        "open-node" => "节点已开启。",
        "extend-node" => "节点结束日已更改。",
        "close-node" => "节点已结束。",
        "open-event" => "事件已登记，有关单位随即收到邮件。",
        "close-event" => "事件已结束，已发出的应办事项照常办理。",
        "false-alarm" => "事件以误报结束，未办的应办事项已免除。",
        _ => return None,
    };
    Some(words.to_owned())
}

async fn show(desk: Desk, visitor: Visitor, Query(DoneQuery { done }): Query<DoneQuery>) -> Result<Response, Fault> {
    let now = desk.known.zone.local(desk.now()).format("%Y-%m-%dT%H:%M").to_string();
    let event = EventForm { at: now, ..EventForm::default() };
    let node = NodeForm { first: desk.today.to_string(), ..NodeForm::default() };
    page(&desk, &visitor, event, node, done_words(&done), Refused::default()).await
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    event: EventForm,
    node: NodeForm,
    done: Option<String>,
    refused: Refused,
) -> Result<Response, Fault> {
    let zone = desk.known.zone;
    let mut tx = desk.engine.store.read().await?;
    let mut stored = tx.events().await?;
    stored.reverse();
    let (open, closed): (Vec<_>, Vec<_>) = stored.into_iter().partition(|event| event.closed_at.is_none());
    let mut events = Vec::new();
    for stored in open.iter().chain(closed.iter().take(MOST_CLOSED)) {
        events.push(EventRow::of(zone, stored).counted(&mut tx).await?);
    }
    let mut windows = tx.windows().await?;
    windows.reverse();
    let windows = windows.into_iter().map(|window| {
        let open = window.closed_at.is_none() && window.last_on >= desk.today;
        WindowRow {
            days: format!("{}至{}", words::date(window.first_on), words::date(window.last_on)),
            state: match window.closed_at {
                Some(_) if window.last_on < window.first_on => "未开始即取消".into(),
                Some(at) => format!("{}提前结束", words::moment(zone, at)),
                None if !open => "已结束".into(),
                None if window.first_on > desk.today => "尚未开始".into(),
                None => "进行中".into(),
            },
            last: window.last_on.to_string(),
            id: window.id,
            name: window.name,
            open,
        }
    });
    let windows = windows.collect();
    drop(tx);
    let version = desk.known.version_on(desk.today);
    let catalogue = version.map(|version| &version.catalogue);
    let types = catalogue.map(|catalogue| {
        let names_units = |name: &str| catalogue.implied(name).iter().any(|kind| kind.names_units);
        catalogue.events.iter().map(|kind| (kind.name.clone(), names_units(&kind.name))).collect()
    });
    let units = desk.known.roster.units.iter().filter(|unit| unit.active_on(desk.today));
    let units = units.map(|unit| (unit.name.0.clone(), event.units.contains(&unit.name.0))).collect();
    let named = catalogue.map_or(&[][..], |catalogue| &catalogue.nodes);
    let shown = OccasionsPage {
        page: Page::new("事件与节点", desk, visitor).with_done(done),
        events,
        windows,
        others: ahead(node::all(&desk.known.calendar, named, &[]), desk.today),
        types: types.unwrap_or_default(),
        units,
        event,
        node,
        today: desk.today.to_string(),
        may: visitor.has(Right::Decide),
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

/// The nodes that nobody has to open, of the next twelve months.
fn ahead(nodes: Vec<Node>, today: NaiveDate) -> Vec<String> {
    let soon = |node: &Node| node.last >= today && node.first <= today + chrono::Days::new(366);
    let words = |node: Node| format!("{}：{}至{}", node.name, words::date(node.first), words::date(node.last));
    nodes.into_iter().filter(soon).map(words).collect()
}

/// Leads to a clean address, or shows the page again with the refusal and what was filled in.
async fn outcome<T>(
    desk: &Desk,
    visitor: &Visitor,
    done: &str,
    outcome: Result<T, ActError>,
    event: EventForm,
    node: NodeForm,
) -> Result<Response, Fault> {
    match Refused::or(outcome)? {
        Ok(_) => Ok(Redirect::to(&format!("/occasions?done={done}")).into_response()),
        Err(refused) => page(desk, visitor, event, node, None, refused).await,
    }
}

/// As a browser's field writes it: `2022-10-31T18:00`, with or without seconds.
fn local_instant(zone: Zone, text: &str) -> Result<DateTime<Utc>, ActError> {
    let text = text.trim().replace(' ', "T");
    let read = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let local = read.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
    let none = || acts::refuse((Field::Time, FieldRefusal::NotATime));
    local.map_or_else(none, |local| Ok(zone.at(local.date(), local.time())))
}

fn day(text: &str) -> Result<NaiveDate, ActError> {
    text.trim().parse().or_else(|_| acts::refuse((Field::Day, FieldRefusal::NotADate)))
}

async fn open_event(desk: Desk, visitor: Visitor, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    let field = |name: &str| fields.trimmed(name).to_owned();
    let form = EventForm {
        event_type: field("type"),
        at: field("at"),
        place: field("place"),
        id: field("id"),
        units: fields.all("unit").map(str::to_owned).collect(),
    };
    let opened = match local_instant(desk.known.zone, &form.at) {
        Ok(at) => {
            let new = NewEvent {
                id: Some(form.id.clone()).filter(|id| !id.is_empty()),
                event_type: form.event_type.clone(),
                at,
                place: form.place.clone(),
                units: form.units.iter().cloned().map(UnitName).collect(),
            };
            desk.actor(&visitor.post).open_event(&new).await
        }
        Err(error) => Err(error),
    };
    outcome(&desk, &visitor, "open-event", opened, form, NodeForm::default()).await
}

async fn open_node(desk: Desk, visitor: Visitor, Form(form): Form<NodeForm>) -> Result<Response, Fault> {
    let given = form.id.trim();
    let id = if given.is_empty() { desk.engine.new_id("N") } else { given.to_owned() };
    let opened = match (day(&form.first), day(&form.last)) {
        (Ok(first), Ok(last)) => desk.actor(&visitor.post).open_node(&id, form.name.trim(), first, last).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    outcome(&desk, &visitor, "open-node", opened, EventForm::default(), form).await
}

#[derive(Deserialize)]
struct Last {
    last: String,
}

async fn extend_node(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<Last>,
) -> Result<Response, Fault> {
    let moved = match day(&form.last) {
        Ok(last) => desk.actor(&visitor.post).extend_node(&id, last).await,
        Err(error) => Err(error),
    };
    outcome(&desk, &visitor, "extend-node", moved, EventForm::default(), NodeForm::default()).await
}

async fn close_node(desk: Desk, visitor: Visitor, Path(id): Path<String>) -> Result<Response, Fault> {
    let closed = desk.actor(&visitor.post).close_node(&id).await;
    outcome(&desk, &visitor, "close-node", closed, EventForm::default(), NodeForm::default()).await
}

struct AnswerRow {
    row: View,
    at: Option<String>,
}

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage {
    page: Page,
    event: EventRow,
    opened_at: String,
    answers: Vec<AnswerRow>,
    may: bool,
    reason: String,
    refused: Refused,
}

async fn show_event(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response, Fault> {
    event_page(&desk, &visitor, &id, done_words(&done), String::new(), Refused::default()).await
}

async fn event_page(
    desk: &Desk,
    visitor: &Visitor,
    id: &str,
    done: Option<String>,
    reason: String,
    refused: Refused,
) -> Result<Response, Fault> {
    let zone = desk.known.zone;
    let mut tx = desk.engine.store.read().await?;
    let stored = tx.event(id).await?.ok_or(Fault::Missing)?;
    let opened = tx.obligations_of_period(&acts::event::period(id)).await?;
    let rows = desk.views(&mut tx, &opened).await?;
    let answers = rows
        .into_iter()
        .zip(&opened)
        .map(|(row, stored)| AnswerRow { row, at: stored.obligation.filed_at.map(|at| words::moment(zone, at)) });
    let event = EventRow::of(zone, &stored).counted(&mut tx).await?;
    let shown = EventPage {
        page: Page::new(format!("{}（{}）", event.what, event.place), desk, visitor).with_done(done),
        may: event.open && visitor.has(Right::Decide),
        event,
        opened_at: words::moment(zone, stored.opened_at),
        answers: answers.collect(),
        reason,
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

#[derive(Deserialize)]
struct Close {
    how: String,
    #[serde(default)]
    reason: String,
}

async fn close_event(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<Close>,
) -> Result<Response, Fault> {
    let false_alarm = form.how == "false-alarm";
    let closed = desk.actor(&visitor.post).close_event(&id, false_alarm, form.reason.trim()).await;
    match Refused::or(closed)? {
        Ok(_) => {
            let done = if false_alarm { "false-alarm" } else { "close-event" };
            Ok(Redirect::to(&format!("/occasions?done={done}")).into_response())
        }
        Err(refused) => event_page(&desk, &visitor, &id, None, form.reason, refused).await,
    }
}
