//! What every request passes: who asks, whether they may, and the headers of every answer.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::access::{How, Right, Scope, Visitor};
use super::app::App;
use super::fault::Fault;
use super::foreign::{self, Sender};
use super::public::Public;
use super::view;
use crate::acts::entry::{self, Entered, password_posts};
use crate::domain::unit::PostId;
use crate::engine::known::Known;
use crate::store::access::CredentialKind;

/// The address that a request came from, the gateway's word believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct From(pub IpAddr);

/// The session's cookie. The prefix holds a browser to https, and to this host alone where the whole host is ours.
pub fn cookie_name(public: &Public) -> &'static str {
    match (public.secure(), public.path.is_empty()) {
        (true, true) => "__Host-duban",
        (true, false) => "__Secure-duban",
        (false, _) => "duban",
    }
}

/// The cookie that begins a session; an empty secret ends it.
pub fn cookie(public: &Public, secret: &str) -> String {
    let age = if secret.is_empty() { Some(0) } else { None };
    named_cookie(public, cookie_name(public), secret, age)
}

/// A cookie of that name, for so many seconds, or until the browser is closed.
pub fn named_cookie(public: &Public, name: &str, value: &str, age: Option<i64>) -> String {
    let path = if public.path.is_empty() { "/" } else { &public.path };
    let secure = if public.secure() { "; Secure" } else { "" };
    let age = age.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
    format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax{secure}{age}")
}

/// The session's secret that a request carries.
pub fn session_secret<'a>(headers: &'a HeaderMap, public: &Public) -> Option<&'a str> {
    cookie_value(headers, cookie_name(public))
}

/// The value of the cookie of that name.
pub fn cookie_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
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
    // An IPv4 address looks otherwise to a listener that takes both kinds. One that is not known is no gateway's.
    let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.to_canonical());
    let gateways = &app.options().gateways;
    let gateway = gateways.contains(&peer);
    let from = if gateway { forwarded(request.headers(), gateways).unwrap_or(peer) } else { peer };
    request.extensions_mut().insert(From(from));
    let call = is_call(&request);
    if is_foreign(&app, right, &request, gateway) {
        let mut response = refused(call, Fault::Foreign);
        response.extensions_mut().insert(Asker { from, who: None });
        return response;
    }
    let mut who = None;
    let mut response = match came(&app, request.headers(), gateway).await {
        // A guess at a token counts.
        Err(Fault::SignIn) => refused(call, app.rates().try_from(from).err().unwrap_or(Fault::SignIn)),
        Err(fault) => refused(call, fault),
        Ok(None) if right != Right::Public => ask_to_sign_in(&request),
        Ok(None) => next.run(request).await,
        Ok(Some((visitor, known))) => {
            who = Some(visitor.post.clone());
            if right == Right::Public || visitor.has(right) {
                request.extensions_mut().insert(visitor);
                request.extensions_mut().insert(known);
                next.run(request).await
            } else {
                // What a form was sent to is no place to go to.
                let there = if request.method() == Method::GET { place_asked(&request) } else { "" };
                refused(call, visitor.refusal(right, there))
            }
        }
    };
    response.extensions_mut().insert(Asker { from, who });
    response
}

/// Whether it is a form of another's page, or may be one and would be sent in somebody's name.
fn is_foreign(app: &App, right: Right, request: &Request, gateway: bool) -> bool {
    let public = &app.options().public;
    match foreign::sender(request.method(), request.uri(), request.headers(), public, gateway) {
        Sender::Own => false,
        Sender::Unsaid => right != Right::Public && public.secure(),
        Sender::Foreign => true,
    }
}

/// Who has asked, for the line that tells of a refusal.
#[derive(Clone)]
struct Asker {
    from: IpAddr,
    who: Option<PostId>,
}

/// Tells of refusals: by the route, never by the address that was asked for, which may hold a secret. Of the refusals of one
/// client within a minute the first is told, and how many followed.
pub async fn tell_refusals(State(app): State<App>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() && status != StatusCode::UNPROCESSABLE_ENTITY {
        let asked = response.extensions().get::<Asker>();
        let from = asked.map(|asked| asked.from).or(peer);
        let who = asked.and_then(|asked| asked.who.as_ref()).map(ToString::to_string).unwrap_or_default();
        app.noise().tell(from.unwrap_or(IpAddr::from([0, 0, 0, 0])), || {
            tracing::warn!(
                http.status = status.as_u16(),
                http.method = %method,
                http.route = route,
                access.post = who,
                client.address = from.map(|from| from.to_string()).unwrap_or_default(),
                "a request was refused"
            );
        });
    }
    response
}

/// A page asks to sign in, and leads back; anything else is refused.
fn ask_to_sign_in(request: &Request) -> Response {
    if request.method() == Method::GET && !is_call(request) {
        return Redirect::to(&view::sign_in_address(place_asked(request))).into_response();
    }
    refused(is_call(request), Fault::SignIn)
}

fn place_asked(request: &Request) -> &str {
    request.uri().path_and_query().map_or("/", |path| path.as_str())
}

/// Whether a program asks, by the interface for programs.
pub fn is_call(request: &Request) -> bool {
    request.uri().path().starts_with("/api/")
}

fn refused(call: bool, fault: Fault) -> Response {
    if call { fault.problem() } else { fault.into_response() }
}

/// The last address that a gateway of ours has added: what stands before it anybody may have written.
fn forwarded(headers: &HeaderMap, gateways: &[IpAddr]) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    for hop in hops {
        let hop = hop_address(hop)?;
        if !gateways.contains(&hop) {
            return Some(hop);
        }
    }
    None
}

/// An address as gateways write one: alone, in brackets, with the port or the zone that it came from.
fn hop_address(written: &str) -> Option<IpAddr> {
    let bare = written.trim().trim_matches('"');
    let with_port = || bare.parse::<SocketAddr>().ok().map(|hop| hop.ip());
    let bracketed = || bare.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let zoned = || bare.split_once('%')?.0.trim_start_matches('[').parse().ok();
    let hop = bare.parse().ok().or_else(with_port).or_else(bracketed).or_else(zoned);
    hop.map(|hop: IpAddr| hop.to_canonical())
}

/// Who asks: by a token, by a gateway's word, by a session. And what was known then.
async fn came(app: &App, headers: &HeaderMap, gateway: bool) -> Result<Option<(Visitor, Arc<Known>)>, Fault> {
    let engine = app.engine();
    let spans = app.options().spans;
    if let Some(bearer) = headers.get(header::AUTHORIZATION) {
        let secret = bearer.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        let Some(secret) = secret else { return Err(Fault::SignIn) };
        // A wrong token is refused; it never falls back to a session.
        let entered = entry::entered(&engine, CredentialKind::Token, secret, spans).await?;
        let Some((entered, lent)) = entered.and_then(|entered| entered.lent.clone().map(|lent| (entered, lent))) else {
            return Err(Fault::SignIn);
        };
        let scopes = entered.credential.scopes.split_whitespace().filter_map(Scope::from_code).collect();
        return Ok(Some(visitor(entered, false, How::Token(lent, scopes))));
    }
    if gateway
        && let Some(name) = &app.options().gateway_header
        && let Some(named) = headers.get(name)
    {
        // Two of them: one is not the gateway's.
        let sole = headers.get_all(name).iter().count() == 1;
        let known = engine.known().await?;
        let post = PostId::parse(&String::from_utf8_lossy(named.as_bytes())).filter(|_| sole);
        let post = post.filter(|post| password_posts(&known.roster.office).contains(post));
        let Some(post) = post else { return Err(Fault::SignIn) };
        return Ok(Some((Visitor { post, of_office: true, shows_only: false, how: How::Gateway }, known)));
    }
    let Some(secret) = session_secret(headers, &app.options().public) else { return Ok(None) };
    let entered = entry::entered(&engine, CredentialKind::Session, secret, spans).await?;
    Ok(entered.map(|entered| {
        let shows_only = entered.credential.scopes == Scope::Read.code();
        let session = entered.credential.id;
        visitor(entered, shows_only, How::Session(session))
    }))
}

fn visitor(entered: Entered, shows_only: bool, how: How) -> (Visitor, Arc<Known>) {
    let Entered { post, known, .. } = entered;
    (Visitor { of_office: post.unit == known.roster.office, post, shows_only, how }, known)
}

pub async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    };
    set("content-security-policy", CONTENT_SECURITY_POLICY);
    set("x-content-type-options", "nosniff");
    // With "no-referrer" browsers would not say either where a form was sent from.
    set("referrer-policy", "same-origin");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", "camera=(), geolocation=(), microphone=()");
    set("cache-control", "no-store");
    if app.options().public.secure() {
        set("strict-transport-security", "max-age=31536000");
    }
    response
}

/// Nothing from elsewhere, no inline script, no inline style.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_address_that_is_no_gateways_is_whoever_asks_however_it_is_written() {
        let gateways: Vec<IpAddr> = vec![[10, 0, 0, 1].into(), "fd00::1".parse().unwrap()];
        for (written, who) in [
            ("203.0.113.7", Some("203.0.113.7")),
            // Gateways that write the port: Azure, IIS, HAProxy as some set it up.
            ("203.0.113.7:51234", Some("203.0.113.7")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("\"[2001:db8::1]:443\"", Some("2001:db8::1")),
            ("::ffff:203.0.113.7", Some("203.0.113.7")),
            ("[::ffff:203.0.113.7]:80", Some("203.0.113.7")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("198.51.100.1:9, 203.0.113.7:51234, 10.0.0.1:8080", Some("203.0.113.7")),
            ("203.0.113.7:1,[fd00::1]:2,::ffff:10.0.0.1", Some("203.0.113.7")),
            // What is no address is nobody's word.
            ("203.0.113.7, unknown", None),
            ("203.0.113.7:port", None),
            ("10.0.0.1:8080", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", written.parse().unwrap());
            let who = who.map(|who| who.parse::<IpAddr>().unwrap());
            assert_eq!(forwarded(&headers, &gateways), who, "{written}");
        }
    }
}
