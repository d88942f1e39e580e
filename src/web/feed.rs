//! 日历订阅: a unit's deadlines as iCalendar, at a secret address that its post makes and ends.

use askama::Template;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;
use icalendar::{Alarm, Calendar, Component, Event, EventLike};

use super::access::{Right, Visitor};
use super::app::Desk;
use super::fault::Fault;
use super::guard::From;
use super::pages::todo;
use super::route::{Route, get, post};
use super::view::{self, Page};
use crate::acts::entry;
use crate::domain::action::Action;
use crate::store::access::{CredentialKind, NewCredential};

pub fn routes() -> Vec<Route> {
    vec![
        get("/me/feeds", Right::SignedIn, show),
        post("/me/feeds", Right::SignedIn, make),
        post("/me/feeds/{id}/end", Right::SignedIn, end),
        get("/feeds/{secret}", Right::Public, feed),
    ]
}

#[derive(Template)]
#[template(path = "feeds.html")]
struct FeedsPage {
    page: Page,
    feeds: Vec<(i64, String, String)>,
    made: Option<String>,
}

async fn show(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    page(&desk, &visitor, None).await
}

async fn page(desk: &Desk, visitor: &Visitor, made: Option<String>) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let post = &visitor.post;
    let moment = |at| crate::read::words::moment(desk.known.zone, at);
    let feeds = tx.credentials_of(CredentialKind::Feed, &post.unit.0, post.role.code()).await?.into_iter();
    let feeds = feeds.filter(|feed| !desk.known.is_a_formers(post, feed.created_at, desk.now()));
    let feeds = feeds.map(|feed| (feed.id, moment(feed.created_at), moment(feed.seen_at))).collect();
    Ok(view::html(&FeedsPage { page: Page::new("日历订阅", desk, visitor), feeds, made }))
}

/// Makes a feed and shows its address, this once: only its hash is kept.
async fn make(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    visitor.in_person()?;
    let engine = &desk.engine;
    let (secret, hash) = entry::new_secret();
    let by = visitor.post.to_string();
    let new = NewCredential {
        kind: CredentialKind::Feed,
        hash,
        unit: visitor.post.unit.0.clone(),
        role: visitor.post.role.code().to_owned(),
        how: by.clone(),
        name: String::new(),
        scopes: String::new(),
        created_at: engine.clock.now(),
        ends_at: None,
        maker: None,
    };
    let mut tx = engine.store.write().await?;
    let id = tx.insert_credential(&new).await?;
    tx.note(new.created_at, &by, Action::MakeFeed, &serde_json::json!({ "credential": id })).await?;
    tx.commit().await?;
    let base = engine.settings.public_url.clone().unwrap_or_default();
    page(&desk, &visitor, Some(format!("{}/feeds/{secret}", base.trim_end_matches('/')))).await
}

async fn end(desk: Desk, visitor: Visitor, Path(id): Path<i64>) -> Result<Response, Fault> {
    visitor.in_person()?;
    if !entry::end_own(&desk.engine, CredentialKind::Feed, &visitor.post, id).await? {
        return Err(Fault::Missing);
    }
    Ok(Redirect::to("/me/feeds").into_response())
}

/// How long before a deadline a calendar reminds of it.
const ALARM_BEFORE: TimeDelta = TimeDelta::hours(3);

/// What the unit owes, each deadline an event. It says number, title and deadline: no more than a letter. Its stamp is that
/// of its last change, and its alarm is the same alarm each time, so that a calendar neither misses a change nor sounds twice.
async fn feed(
    desk: Desk,
    axum::Extension(From(address)): axum::Extension<From>,
    Path(secret): Path<String>,
) -> Result<Response, Fault> {
    let secret = secret.strip_suffix(".ics").unwrap_or(&secret);
    let entered = entry::entered(&desk.engine, CredentialKind::Feed, secret, desk.app.options().spans)
        .await?
        // A guess counts; whoever has a feed may ask for it as often as they like.
        .ok_or_else(|| desk.app.rates().try_from(address).err().unwrap_or(Fault::Missing))?;
    let mut tx = desk.engine.store.read().await?;
    let mut calendar = Calendar::new();
    calendar.name(&format!("督办 {}", entered.post.unit));
    let rows = todo::owed_rows(&desk, &mut tx, &entered.post.unit).await?;
    let changes = tx.last_changes(&rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
    for row in rows {
        let due = row.round.due_at;
        let changed = changes.get(&row.id).copied().unwrap_or(row.opens_at);
        let mut alarm = Alarm::display("督办", -ALARM_BEFORE);
        alarm.uid(&format!("alarm-{}@duban", row.id)).timestamp(changed);
        let mut event = Event::new();
        event
            .uid(&format!("obligation-{}@duban", row.id))
            .timestamp(changed)
            .last_modified(changed)
            .sequence(u32::try_from(row.revision).unwrap_or(u32::MAX))
            .starts(due - TimeDelta::minutes(30))
            .ends(due)
            .summary(&format!("{} {}（{}）", row.duty, row.title, row.word))
            .description(&format!("{} {}，时限 {}", row.clause_label, row.period_label, row.due_label));
        event.alarm(alarm.done());
        calendar.push(event.done());
    }
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"duban.ics\""),
    ];
    Ok((headers, calendar.done().to_string()).into_response())
}
