//! What every request passes: who asks, whether they may, and the headers of every answer.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    App,
    access::{How, Right, Scope, Visitor},
    fault::Fault,
};
use crate::{
    domain::unit::PostId,
    jobs::entry::{Entered, password_posts},
    store::access::Kind,
};

/// The address that a request came from, the gateway's word believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct From(pub IpAddr);

/// The session's cookie. The prefix holds a browser to https and to this host alone.
pub fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-duban" } else { "duban" }
}

/// The cookie that begins a session; an empty secret ends it.
pub fn cookie(secure: bool, secret: &str) -> String {
    let name = cookie_name(secure);
    let secure = if secure { "; Secure" } else { "" };
    let age = if secret.is_empty() { "; Max-Age=0" } else { "" };
    format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")
}

/// The session's secret that a request carries.
pub fn session_secret(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let name = cookie_name(secure);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, secret)| secret)
}

/// Lets through whoever has the route's right.
pub async fn guard(State((app, right)): State<(App, Right)>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let gateway = app.options().gateways.contains(&peer);
    let from = if gateway { forwarded(request.headers()).unwrap_or(peer) } else { peer };
    request.extensions_mut().insert(From(from));
    let visitor = match visitor(&app, request.headers(), gateway).await {
        Ok(visitor) => visitor,
        Err(fault) => return refused(&request, fault),
    };
    if right != Right::Public {
        match &visitor {
            None => return ask_to_sign_in(&request),
            Some(visitor) if !visitor.has(right) => {
                let path = request.uri().path();
                tracing::warn!(access.refused = ?right, access.post = %visitor.post, url.path = path, "{} may not {path}", visitor.post);
                return refused(&request, Fault::Forbidden);
            }
            Some(_) => {}
        }
    }
    if let Some(visitor) = visitor {
        request.extensions_mut().insert(visitor);
    }
    next.run(request).await
}

/// A page asks to sign in, and leads back; anything else is refused.
fn ask_to_sign_in(request: &Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method() == Method::GET && !is_call(request) {
        let next: String = path.bytes().map(quoted).collect();
        return Redirect::to(&format!("/enter?next={next}")).into_response();
    }
    refused(request, Fault::SignIn)
}

/// Whether a program asks.
fn is_call(request: &Request) -> bool {
    request.uri().path().starts_with("/api/")
}

fn refused(request: &Request, fault: Fault) -> Response {
    if is_call(request) { fault.problem() } else { fault.into_response() }
}

fn quoted(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// The last address that the gateway itself has added.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get("x-forwarded-for")?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

/// Who asks: by a token, by a gateway's word, by a session.
async fn visitor(app: &App, headers: &HeaderMap, gateway: bool) -> Result<Option<Visitor>, Fault> {
    let engine = app.engine();
    let spans = app.options().spans;
    let office = engine.known().await?.roster.office.clone();
    let visitor =
        |post: PostId, shows_only: bool, how: How| Visitor { of_office: post.unit == office, post, shows_only, how };
    if let Some(bearer) = headers.get(header::AUTHORIZATION) {
        let secret = bearer.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        let Some(secret) = secret else { return Err(Fault::SignIn) };
        // A wrong token is refused; it never falls back to a session.
        let Some(entered) = engine.entered(Kind::Token, secret, spans).await? else { return Err(Fault::SignIn) };
        let Entered { credential, post } = entered;
        let scopes = credential.scopes.split_whitespace().filter_map(Scope::from_code).collect();
        return Ok(Some(visitor(post, false, How::Token(scopes))));
    }
    if gateway
        && let Some(name) = &app.options().gateway_header
        && let Some(named) = headers.get(name)
    {
        let post = PostId::parse(&String::from_utf8_lossy(named.as_bytes()));
        let post = post.filter(|post| password_posts(&office).contains(post));
        return post.map_or(Err(Fault::SignIn), |post| Ok(Some(visitor(post, false, How::Gateway))));
    }
    let Some(secret) = session_secret(headers, app.options().secure) else { return Ok(None) };
    let entered = engine.entered(Kind::Session, secret, spans).await?;
    Ok(entered.map(|Entered { credential, post }| {
        let shows_only = credential.scopes == Scope::Read.code();
        visitor(post, shows_only, How::Session(credential.id))
    }))
}

/// The headers of every answer.
pub async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    };
    set("content-security-policy", CONTENT_SECURITY_POLICY);
    set("x-content-type-options", "nosniff");
    set("referrer-policy", "no-referrer");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", "camera=(), geolocation=(), microphone=()");
    set("cache-control", "no-store");
    if app.options().secure {
        set("strict-transport-security", "max-age=31536000");
    }
    response
}

/// Nothing from elsewhere, no inline script, no inline style.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
