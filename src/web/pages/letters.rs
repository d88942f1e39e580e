//! 邮件: the outbox, what was not delivered, one letter's text; sending again, and revoking a letter's link.
//!
//! No address stands on these pages and no token: where the link goes the stored body has a placeholder.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::acts::ActError;
use crate::domain::calendar::Zone;
use crate::domain::letter::LetterState;
use crate::mail::fill_link;
use crate::read::view::View;
use crate::read::words;
use crate::store::letters::{LetterGroup, LetterRow};
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, DoneQuery, Page, post_label};

pub fn routes() -> Vec<Route> {
    vec![
        get("/letters", Right::SeeAll, list),
        get("/letters/{id}", Right::SeeAll, show),
        get("/letters/{id}/text", Right::SeeAll, whole),
        post("/letters/held", Right::Decide, release),
        post("/letters/{id}/again", Right::Decide, again),
        post("/letters/{id}/revoke", Right::Decide, revoke),
    ]
}

/// Letters on a page.
const PAGE: usize = 50;

/// Of a letter's text so much stands on its page, in bytes: a digest of hundreds of items is read as text.
const SHOWN: usize = 24 << 10;

/// So many of a letter's obligations stand on its page.
const ROWS: usize = 50;

struct LetterLine {
    id: i64,
    written: String,
    kind: &'static str,
    posts: String,
    subject: String,
    state: &'static str,
    sent: String,
    tried: String,
    attempts: i64,
    unknowns: i64,
    reply: String,
    undelivered: bool,
    message_id: String,
}

impl LetterLine {
    fn of(zone: Zone, letter: LetterRow) -> LetterLine {
        let moment = |at: Option<_>| at.map(|at| words::moment(zone, at)).unwrap_or_default();
        LetterLine {
            id: letter.id,
            written: words::moment(zone, letter.written_at),
            kind: letter.kind.label(),
            posts: letter.posts.split(';').map(post_label).collect::<Vec<_>>().join("、"),
            subject: letter.subject,
            state: letter.state.label(),
            sent: moment(letter.sent_at),
            tried: moment(letter.tried_at),
            attempts: letter.attempts,
            unknowns: letter.unknowns,
            reply: letter.reply.unwrap_or_default(),
            undelivered: letter.state.is_undelivered() || letter.state == LetterState::Held,
            message_id: letter.message_id,
        }
    }
}

#[derive(Default, Deserialize)]
struct OutboxQuery {
    #[serde(default)]
    which: String,
    before: Option<i64>,
    #[serde(default)]
    done: String,
}

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPage {
    page: Page,
    which: String,
    lines: Vec<LetterLine>,
    next: Option<i64>,
    /// Letters that a restored copy holds.
    held: i64,
    may: bool,
    refused: Refused,
}

async fn list(desk: Desk, visitor: Visitor, Query(asked): Query<OutboxQuery>) -> Result<Response, Fault> {
    outbox(&desk, &visitor, asked, Refused::default()).await
}

async fn outbox(desk: &Desk, visitor: &Visitor, asked: OutboxQuery, refused: Refused) -> Result<Response, Fault> {
    let done = match asked.done.as_str() {
        "sent" => Some("暂停的邮件已列入待发。".to_owned()),
        "dropped" => Some("暂停的邮件不再发送。".to_owned()),
        _ => None,
    };
    let (which, title) = match asked.which.as_str() {
        "waiting" => (LetterGroup::Waiting, "邮件（待发）"),
        "undelivered" => (LetterGroup::Undelivered, "邮件（未送达）"),
        "held" => (LetterGroup::Held, "邮件（暂停）"),
        _ => (LetterGroup::All, "邮件"),
    };
    let mut tx = desk.engine.store.read().await?;
    let mut letters = tx.letters_before(which, asked.before.unwrap_or(i64::MAX), PAGE + 1).await?;
    let more = letters.len() > PAGE;
    letters.truncate(PAGE);
    let next = letters.last().map(|last| last.id).filter(|_| more);
    let lines = letters.into_iter().map(|letter| LetterLine::of(desk.known.zone, letter)).collect();
    let counts = tx.count_letters().await?;
    let held = counts.iter().filter(|(state, _)| *state == LetterState::Held).map(|(_, count)| count).sum();
    let page = Page::new(title, desk, visitor).with_done(done);
    let may = is_office(desk, visitor);
    let shown = LettersPage { page, which: asked.which, lines, next, held, may, refused };
    Ok(view::answer(&shown, shown.refused.any()))
}

fn is_office(desk: &Desk, visitor: &Visitor) -> bool {
    visitor.post == desk.known.roster.office_post() && visitor.has(Right::Decide)
}

#[derive(Deserialize)]
struct ReleaseForm {
    /// `send` or `drop`.
    what: String,
}

/// Whether the letters that a restored copy holds go out.
async fn release(desk: Desk, visitor: Visitor, Form(form): Form<ReleaseForm>) -> Result<Response, Fault> {
    let send = form.what == "send";
    let released = desk.actor(&visitor.post).release_letters(send).await;
    let released = if visitor.has(Right::SeeAll) { Refused::or(released)? } else { Ok(released?) };
    match released {
        Ok(_) => {
            let done = if send { "sent" } else { "dropped" };
            Ok(Redirect::to(&format!("/letters?done={done}")).into_response())
        }
        Err(refused) => outbox(&desk, &visitor, OutboxQuery::default(), refused).await,
    }
}

#[derive(Template)]
#[template(path = "letter.html")]
struct LetterPage {
    page: Page,
    line: LetterLine,
    text: String,
    /// Whether the text goes on.
    cut: bool,
    rows: Vec<View>,
    /// How many obligations there are that are not among the rows.
    others: usize,
    revoked: Option<String>,
    may: bool,
    refused: Refused,
}

async fn show(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<i64>,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response, Fault> {
    let done = match done.as_str() {
        "again" => Some("已列入待发，将以同一编号重发。".to_owned()),
        "revoke" => Some("链接已作废，由此进入的登录均已结束。".to_owned()),
        _ => None,
    };
    page(&desk, &visitor, id, done, Refused::default()).await
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    id: i64,
    done: Option<String>,
    refused: Refused,
) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let letter = tx.letter(id).await?.ok_or(Fault::Missing)?;
    let (_, text) = tx.letter_text(id).await?.ok_or(Fault::Missing)?;
    let linked = tx.linked_letter(id).await?;
    let obligations = tx.obligations_of_letter(id).await?;
    let mut stored = tx.obligations(&obligations).await?;
    stored.sort_by_key(|row| row.obligation.id);
    let others = stored.len().saturating_sub(ROWS);
    stored.truncate(ROWS);
    let text = fill_link(&text, Some(LINK));
    let (text, cut) = match beginning(&text) {
        Some(begins) => (begins.to_owned(), true),
        None => (text, false),
    };
    let shown = LetterPage {
        page: Page::new(format!("邮件 {id}"), desk, visitor).with_done(done),
        line: LetterLine::of(desk.known.zone, letter),
        text,
        cut,
        rows: desk.views(&mut tx, &stored).await?,
        others,
        revoked: linked.and_then(|linked| linked.revoked_at).map(|at| words::moment(desk.known.zone, at)),
        may: is_office(desk, visitor),
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

const LINK: &str = "〔链接，发送时生成〕";

/// The lines of a text that have room on a page; `None` = it has room as a whole.
fn beginning(text: &str) -> Option<&str> {
    let room = text.get(..text.floor_char_boundary(SHOWN)).filter(|room| room.len() < text.len())?;
    Some(room.rsplit_once('\n').map_or(room, |(lines, _)| lines))
}

/// A letter's whole text, as text.
async fn whole(desk: Desk, _: Visitor, Path(id): Path<i64>) -> Result<Response, Fault> {
    let (_, text) = desk.engine.store.read().await?.letter_text(id).await?.ok_or(Fault::Missing)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], fill_link(&text, Some(LINK))).into_response())
}

async fn outcome<T>(
    desk: &Desk,
    visitor: &Visitor,
    id: i64,
    done: &str,
    outcome: Result<T, ActError>,
) -> Result<Response, Fault> {
    // A letter that is not for them to see, the head of the office's unit say, must not be shown by a refusal.
    let outcome = if visitor.has(Right::SeeAll) { Refused::or(outcome)? } else { Ok(outcome?) };
    match outcome {
        Ok(_) => Ok(Redirect::to(&format!("/letters/{id}?done={done}")).into_response()),
        Err(refused) => page(desk, visitor, id, None, refused).await,
    }
}

async fn again(desk: Desk, visitor: Visitor, Path(id): Path<i64>) -> Result<Response, Fault> {
    let queued = desk.actor(&visitor.post).send_again(id).await;
    outcome(&desk, &visitor, id, "again", queued).await
}

async fn revoke(desk: Desk, visitor: Visitor, Path(id): Path<i64>) -> Result<Response, Fault> {
    let revoked = desk.actor(&visitor.post).revoke_link(id).await;
    outcome(&desk, &visitor, id, "revoke", revoked).await
}
