//! 本岗位: who holds it, where it is signed in; sessions are ended here by their owner.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use crate::acts::entry;
use crate::read::words;
use crate::store::access::CredentialKind;
use crate::web::access::{How, Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/me", Right::SignedIn, show), post("/me/end/{id}", Right::SignedIn, end)]
}

struct SessionRow {
    id: i64,
    since: String,
    seen: String,
    browser: String,
    this: bool,
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    page: Page,
    holder: Option<String>,
    sessions: Vec<SessionRow>,
    may_hand_over: bool,
    unit: String,
}

async fn show(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let post = &visitor.post;
    let zone = desk.known.zone;
    let sessions = tx.credentials_of(CredentialKind::Session, &post.unit.0, post.role.code()).await?;
    let now = desk.now();
    let lasting = |one: &crate::store::access::Credential| {
        let theirs = !desk.known.is_a_formers(post, one.created_at, now);
        theirs && one.ends_at.is_none_or(|end| end > now) && now - one.seen_at <= desk.app.options().spans.idle
    };
    let sessions = sessions
        .into_iter()
        .filter(lasting)
        .map(|one| SessionRow {
            id: one.id,
            since: words::moment(zone, one.created_at),
            seen: words::moment(zone, one.seen_at),
            browser: one.name,
            this: visitor.how == How::Session(one.id),
        })
        .collect();
    let holder = desk.known.holder(post, desk.today).map(|holder| holder.holder.clone());
    let may_hand_over = visitor.has(Right::HandOver);
    let unit = post.unit.0.clone();
    Ok(view::html(&MePage { page: Page::new("本岗位", &desk, &visitor), holder, sessions, may_hand_over, unit }))
}

async fn end(desk: Desk, visitor: Visitor, Path(id): Path<i64>) -> Result<Response, Fault> {
    visitor.in_person()?;
    if !entry::end_own(&desk.engine, CredentialKind::Session, &visitor.post, id).await? {
        return Err(Fault::Missing);
    }
    Ok(Redirect::to("/me").into_response())
}
