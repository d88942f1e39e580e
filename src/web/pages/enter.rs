//! Coming in: by a letter's link, by a password, by a new link asked for. A GET shows and changes nothing.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::acts::entry::{self, JudgedLink};
use crate::acts::refuse;
use crate::domain::refusal::entry::EntryRefusal;
use crate::domain::unit::{PostId, Role};
use crate::store::access::CredentialKind;
use crate::web::access::{How, Right, Scope, Visitor};
use crate::web::app::{App, Desk};
use crate::web::fault::Fault;
use crate::web::guard::{self, From};
use crate::web::known_browser;
use crate::web::local;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/", Right::Public, home),
        get("/enter", Right::Public, enter),
        post("/enter", Right::Public, sign_in),
        post("/enter/link", Right::Public, ask_link),
        get("/l/{token}", Right::Public, show_link),
        post("/l/{token}", Right::Public, open_link),
        get("/p/{secret}", Right::Public, show_setup),
        post("/p/{secret}", Right::Public, set_password),
        post("/leave", Right::SignedIn, leave),
    ]
}

/// The beginning, which leads on by who comes.
const HOME: &str = "/";

/// Where a post begins.
fn first_page(post: &PostId, shows_only: bool) -> &'static str {
    if shows_only || !post.role.is_of_unit() { "/board" } else { "/todo" }
}

async fn home(visitor: Option<axum::Extension<Visitor>>) -> Redirect {
    let visitor = visitor.map(|axum::Extension(visitor)| visitor);
    Redirect::to(visitor.map_or("/enter", |visitor| first_page(&visitor.post, visitor.shows_only)))
}

#[derive(Template)]
#[template(path = "enter.html")]
struct EnterPage {
    page: Page,
    next: String,
    posts: Vec<(String, String)>,
    refused: Refused,
    asked: bool,
}

#[derive(Deserialize)]
struct EnterQuery {
    #[serde(default)]
    next: String,
}

async fn enter(desk: Desk, Query(query): Query<EnterQuery>) -> Response {
    enter_page(&desk, &query.next, Refused::default(), false)
}

fn enter_page(desk: &Desk, next: &str, refused: Refused, asked: bool) -> Response {
    let posts = entry::password_posts(desk.office()).map(|post| (post.to_string(), post.label())).to_vec();
    view::html(&EnterPage {
        page: Page::bare("登录"),
        next: local::place(next).unwrap_or_else(|| HOME.to_owned()),
        posts,
        refused,
        asked,
    })
}

#[derive(Deserialize)]
struct SignIn {
    post: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(
    desk: Desk,
    axum::Extension(From(address)): axum::Extension<From>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Result<Response, Fault> {
    let engine = &desk.engine;
    let office = desk.office().clone();
    let post = PostId::parse(&form.post).filter(|post| entry::password_posts(&office).contains(post));
    let public = &desk.app.options().public;
    let browser = post.as_ref().zip(engine.keys.as_ref());
    let browser = browser.and_then(|(post, keys)| known_browser::known(&headers, keys, post, public, desk.now()));
    desk.app.rates().try_in(&form.post, address, browser.as_deref())?;
    let asked = post.clone().unwrap_or(PostId { unit: office, role: Role::Office });
    let right = entry::check_password(engine, &asked, &form.password).await?;
    let Some(post) = post.filter(|_| right) else {
        tracing::warn!(access.refused = "password", access.post = %asked, "a wrong password, or an unknown post");
        let mut page = enter_page(&desk, &form.next, Refused::saying("岗位或口令不对"), false);
        *page.status_mut() = axum::http::StatusCode::UNAUTHORIZED;
        return Ok(page);
    };
    let to = local::place(&form.next).filter(|to| to != HOME);
    let to = to.unwrap_or_else(|| first_page(&post, false).to_owned());
    let begun = begin(&desk.app, &headers, &post, "password", "", &to).await?;
    Ok(known_from_now_on(&desk, &post, begun))
}

/// The answer, with the cookie by which the browser is known the next time.
fn known_from_now_on(desk: &Desk, post: &PostId, mut response: Response) -> Response {
    if let Some(keys) = &desk.engine.keys
        && let Ok(cookie) =
            HeaderValue::from_str(&known_browser::cookie(keys, post, &desk.app.options().public, desk.now()))
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Begins a session and leads to a clean address. Whatever session there was ends.
async fn begin(
    app: &App,
    headers: &HeaderMap,
    post: &PostId,
    how: &str,
    scopes: &str,
    to: &str,
) -> Result<Response, Fault> {
    let engine = app.engine();
    let options = app.options();
    if let Some(secret) = guard::session_secret(headers, &options.public)
        && let Some(before) = entry::entered(&engine, CredentialKind::Session, secret, options.spans).await?
    {
        entry::end_own(&engine, CredentialKind::Session, &before.post, before.credential.id).await?;
    }
    let browser = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let secret = entry::begin_session(&engine, post, how, browser, scopes, options.spans).await?;
    let mut response = Redirect::to(to).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&guard::cookie(&options.public, &secret)) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

#[derive(Deserialize)]
struct AskLink {
    address: String,
}

async fn ask_link(
    desk: Desk,
    axum::Extension(From(address)): axum::Extension<From>,
    Form(form): Form<AskLink>,
) -> Result<Response, Fault> {
    let written = form.address.trim().to_lowercase();
    desk.app.rates().try_in(&written, address, None)?;
    // The same answer, and no wait for the work, whether or not the address is a post's.
    let engine = Arc::clone(&desk.engine);
    tokio::spawn(async move {
        if let Err(error) = entry::write_link_letter(&engine, &written).await {
            tracing::error!("a letter with a link cannot be written: {error}");
        }
    });
    Ok(enter_page(&desk, "/", Refused::default(), true))
}

#[derive(Template)]
#[template(path = "link.html")]
struct LinkPage {
    page: Page,
    posts: Vec<(String, String)>,
    shows_only: bool,
}

async fn show_link(
    desk: Desk,
    axum::Extension(From(address)): axum::Extension<From>,
    Path(token): Path<String>,
) -> Result<Response, Fault> {
    match entry::open_link(&desk.engine, &token).await? {
        JudgedLink::For { posts, shows_only, .. } => {
            let posts = posts.iter().map(|post| (post.to_string(), post.label())).collect();
            Ok(view::html(&LinkPage { page: Page::bare("进入督办系统"), posts, shows_only }))
        }
        JudgedLink::HandedOver(post) => Err(handed_over(post)),
        JudgedLink::Over | JudgedLink::Unknown => Err(wrong_link(&desk.app, address)),
    }
}

/// A guess counts; whoever has a link may open it as often as they like, however many guess from where they are.
fn wrong_link(app: &App, address: IpAddr) -> Fault {
    app.rates().try_from(address).err().unwrap_or_else(link_over)
}

/// A link to who held the post before. Whoever has it was written to, so that it tells them nothing new.
fn handed_over(post: PostId) -> Fault {
    tracing::warn!(access.refused = "link", access.post = %post, "a link to a former holder was tried");
    EntryRefusal::PostHandedOver(post).into()
}

/// One answer for a link that is too old, revoked, tampered with, or none at all.
fn link_over() -> Fault {
    tracing::warn!(access.refused = "link", "a link that opens nothing was tried");
    EntryRefusal::LinkOver.into()
}

#[derive(Deserialize)]
struct OpenLink {
    post: String,
}

async fn open_link(
    desk: Desk,
    axum::Extension(From(address)): axum::Extension<From>,
    headers: HeaderMap,
    Path(token): Path<String>,
    Form(form): Form<OpenLink>,
) -> Result<Response, Fault> {
    let opened = entry::open_link(&desk.engine, &token).await?;
    let (letter, posts, shows_only) = match opened {
        JudgedLink::For { letter, posts, shows_only } => (letter, posts, shows_only),
        JudgedLink::HandedOver(post) => return Err(handed_over(post)),
        JudgedLink::Over | JudgedLink::Unknown => return Err(wrong_link(&desk.app, address)),
    };
    let Some(post) = posts.into_iter().find(|post| post.to_string() == form.post) else { return Err(link_over()) };
    let scopes = if shows_only { Scope::Read.code() } else { "" };
    begin(&desk.app, &headers, &post, &format!("letter:{letter}"), scopes, first_page(&post, shows_only)).await
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    page: Page,
    post: String,
    refused: Refused,
}

async fn show_setup(
    desk: Desk,
    axum::Extension(From(address)): axum::Extension<From>,
    Path(secret): Path<String>,
) -> Result<Response, Fault> {
    let post = entry::setup_post(&desk.engine, &secret).await?.ok_or_else(|| wrong_link(&desk.app, address))?;
    Ok(view::html(&SetupPage { page: Page::bare("设置口令"), post: post.label(), refused: Refused::default() }))
}

#[derive(Deserialize)]
struct NewPassword {
    password: String,
    again: String,
}

async fn set_password(
    desk: Desk,
    axum::Extension(From(address)): axum::Extension<From>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Form(form): Form<NewPassword>,
) -> Result<Response, Fault> {
    let engine = &desk.engine;
    let post = entry::setup_post(engine, &secret).await?.ok_or_else(|| wrong_link(&desk.app, address))?;
    let done = if form.password == form.again {
        entry::set_password(engine, &secret, &form.password).await
    } else {
        refuse(EntryRefusal::PasswordsDiffer)
    };
    match Refused::or(done)? {
        Ok(post) => {
            let begun = begin(&desk.app, &headers, &post, "setup", "", first_page(&post, false)).await?;
            Ok(known_from_now_on(&desk, &post, begun))
        }
        Err(refused) => {
            let shown = SetupPage { page: Page::bare("设置口令"), post: post.label(), refused };
            Ok(view::answer(&shown, shown.refused.any()))
        }
    }
}

async fn leave(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    if let How::Session(id) = visitor.how {
        entry::end_own(&desk.engine, CredentialKind::Session, &visitor.post, id).await?;
    }
    let mut response = Redirect::to("/enter").into_response();
    if let Ok(cookie) = HeaderValue::from_str(&guard::cookie(&desk.app.options().public, "")) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
