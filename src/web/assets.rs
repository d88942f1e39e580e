//! The style sheet, the script and the icon: embedded, cached by the version in their address.

use axum::extract::{Path, Request};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::access::Right;
use super::fault::{Fault, Malformed, TooLarge};
use super::guard::is_call;
use super::route::{Route, get};

const FILES: [(&str, &str, &str); 3] = [
    ("console.css", "text/css; charset=utf-8", include_str!("assets/console.css")),
    ("console.js", "text/javascript; charset=utf-8", include_str!("assets/console.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

pub fn routes() -> Vec<Route> {
    vec![get("/assets/{name}", Right::Public, asset)]
}

async fn asset(Path(name): Path<String>) -> Result<Response, Fault> {
    let (_, kind, text) = FILES.into_iter().find(|(known, ..)| *known == name).ok_or(Fault::Missing)?;
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")];
    Ok((headers, text).into_response())
}

/// Gives the short refusals of the framework (a wrong method, a body too large) a page of ours, or a problem document
/// where a program asked; to a program, a page that says no as well.
pub async fn plain_refusals(request: Request, next: Next) -> Response {
    let program = is_call(&request);
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let plain = kind.is_empty() || kind == "text/plain; charset=utf-8" || (program && kind.starts_with("text/html"));
    if !plain || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let fault = match status {
        StatusCode::UNAUTHORIZED => Fault::SignIn,
        StatusCode::FORBIDDEN => Fault::Forbidden,
        StatusCode::PAYLOAD_TOO_LARGE => Fault::TooLarge(TooLarge::LargeContent),
        StatusCode::METHOD_NOT_ALLOWED => Fault::WrongMethod,
        StatusCode::NOT_FOUND => Fault::Missing,
        StatusCode::REQUEST_TIMEOUT => Fault::Malformed(Malformed::SlowBody),
        StatusCode::TOO_MANY_REQUESTS => Fault::TooMany,
        _ => Fault::Malformed(Malformed::UnreadableContent),
    };
    let mut answer = if program { fault.problem() } else { fault.into_response() };
    *answer.status_mut() = status;
    // What the framework said of which methods there are.
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        answer.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    answer
}
