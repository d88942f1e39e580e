//! Where readers find the console, and what follows when that is below a path of somebody else's host.
//!
//! Pages, redirects and handlers name places as the routes do (`/todo`). Where `public_url` has a path, this is the one
//! place that knows of it: it takes the path off what comes in, if the gateway has not done so, and writes it before every
//! place that goes out, in pages and in redirects. Pages escape what people type, so that ` href="/` is always ours.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower::Layer as _;

/// See the module. Empty where no `public_url` is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Public {
    /// As a browser writes it: `https://oa.example.com`.
    pub origin: String,
    /// Without a slash at its end: `/duban`. Empty = none.
    pub path: String,
}

impl Public {
    pub fn of(url: &str) -> Public {
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
        let host = without_usual_port(&scheme, &host);
        Public { origin: format!("{scheme}://{host}"), path: path.trim_end_matches('/').to_owned() }
    }

    /// Whether readers come by https: cookies are marked so.
    pub fn secure(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// Serves the routes below the path as well.
    pub fn serve(&self, inner: Router) -> Router {
        if self.path.is_empty() {
            return inner;
        }
        let path: Arc<str> = self.path.as_str().into();
        Router::new().fallback_service(from_fn_with_state(path, below).layer(inner))
    }
}

/// The host without the port that goes without saying.
pub fn without_usual_port<'a>(scheme: &str, host: &'a str) -> &'a str {
    let port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host)
}

async fn below(State(path): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    if let Some(own) = own_place(request.uri(), &path) {
        *request.uri_mut() = own;
    }
    let mut response = next.run(request).await;
    if let Some(led) = led(response.headers(), &path) {
        response.headers_mut().insert(header::LOCATION, led);
    }
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await.map(|bytes| String::from_utf8(bytes.into())) {
        Ok(Ok(page)) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(page_below(&page, &path)))
        }
        _ => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What was asked for, as the routes name it; `None` = it stands so already.
fn own_place(asked: &Uri, path: &str) -> Option<Uri> {
    let rest = asked.path_and_query()?.as_str().strip_prefix(path)?;
    let own = match rest.as_bytes().first() {
        None | Some(b'?') => format!("/{rest}"),
        Some(b'/') => rest.to_owned(),
        // `/dubanx` is none of ours.
        Some(_) => return None,
    };
    let mut parts = asked.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(own).ok()?);
    Uri::from_parts(parts).ok()
}

/// Where a redirect leads, below the path.
fn led(headers: &HeaderMap, path: &str) -> Option<HeaderValue> {
    let to = headers.get(header::LOCATION)?.to_str().ok().filter(|to| to.starts_with('/'))?;
    HeaderValue::from_str(&format!("{path}{to}")).ok()
}

/// A page whose places all stand below the path.
fn page_below(page: &str, path: &str) -> String {
    const NAMES: [&str; 4] = [" href", " src", " action", " formaction"];
    let mut out = String::with_capacity(page.len() + page.len() / 8);
    let mut rest = page;
    while let Some(at) = rest.find("=\"/") {
        let (before, after) = rest.split_at(at + 2);
        out.push_str(before);
        if NAMES.iter().any(|name| before[..at].ends_with(name)) {
            out.push_str(path);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_its_origin_as_a_browser_writes_it_and_a_path() {
        for (url, origin, path) in [
            ("https://oa.example.com/duban", "https://oa.example.com", "/duban"),
            ("https://oa.example.com", "https://oa.example.com", ""),
            ("https://OA.Example.com:443/a/b", "https://oa.example.com", "/a/b"),
            ("http://oa.example.com:80", "http://oa.example.com", ""),
            ("http://10.1.2.3:8480/duban/", "http://10.1.2.3:8480", "/duban"),
            ("https://[2001:db8::1]:443", "https://[2001:db8::1]", ""),
            ("http://oa.example.com:443", "http://oa.example.com:443", ""),
        ] {
            assert_eq!(Public::of(url), Public { origin: origin.into(), path: path.into() }, "{url}");
        }
        assert!(!Public::default().secure() && Public::of("HTTPS://a.cn").secure());
    }

    #[test]
    fn what_comes_in_below_the_path_is_taken_for_the_place_itself() {
        for (asked, own) in [
            ("/duban", Some("/")),
            ("/duban/", Some("/")),
            ("/duban/todo?a=/duban", Some("/todo?a=/duban")),
            ("/duban?next=%2F", Some("/?next=%2F")),
            // The gateway has taken it off, or it is none of ours.
            ("/todo", None),
            ("/dubanx/todo", None),
            ("/a/duban/todo", None),
        ] {
            let own = own.map(|own| own.parse::<Uri>().unwrap());
            assert_eq!(own_place(&asked.parse().unwrap(), "/duban"), own, "{asked}");
        }
        // One that leads away, even so, is not found; it leads nowhere.
        assert_eq!(own_place(&"/duban//evil.example".parse().unwrap(), "/duban").unwrap().path(), "//evil.example");
    }

    #[test]
    fn every_place_of_a_page_stands_below_the_path_and_words_stay_as_they_are() {
        let page = r##"<a href="/todo">a</a><a class="x" href="?year=2022">b</a><a href="#main">c</a>
<form method="post" action="/leave"><input name="next" value="/todo"><script src="/a.js"></script>
<button formaction="/o/1">d</button>&#34; href=&#34;/typed <a href="/">e</a>"##;
        let below = page_below(page, "/oa/duban");
        for there in [
            r#"href="/oa/duban/todo""#,
            r#"href="?year=2022""#,
            r##"href="#main""##,
            r#"action="/oa/duban/leave""#,
            r#"value="/todo""#,
            r#"src="/oa/duban/a.js""#,
            r#"formaction="/oa/duban/o/1""#,
            "href=&#34;/typed",
            r#"href="/oa/duban/""#,
        ] {
            assert!(below.contains(there), "{there}: {below}");
        }
        assert_eq!(below.matches("/oa/duban").count(), 5);
    }
}
