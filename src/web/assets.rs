//! The style sheet, the script and the icon: embedded, cached by the version in their address.

use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    access::Right,
    fault::Fault,
    routes::{Route, get},
};

/// Name, type, content.
const FILES: [(&str, &str, &str); 3] = [
    ("console.css", "text/css; charset=utf-8", include_str!("assets/console.css")),
    ("console.js", "text/javascript; charset=utf-8", include_str!("assets/console.js")),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// Its routes.
pub fn routes() -> Vec<Route> {
    vec![get("/assets/{name}", Right::Public, asset)]
}

async fn asset(Path(name): Path<String>) -> Result<Response, Fault> {
    let (_, kind, text) = FILES.into_iter().find(|(known, ..)| *known == name).ok_or(Fault::Missing)?;
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=3600")];
    Ok((headers, text).into_response())
}

/// Gives the short refusals of the framework (a wrong method, a foreign origin, a body too large) a page of ours.
pub async fn plain_refusals(response: Response) -> Response {
    let ours = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind != HeaderValue::from_static("text/plain; charset=utf-8"));
    let status = response.status();
    if ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let fault = match status {
        StatusCode::FORBIDDEN => Fault::Forbidden,
        StatusCode::PAYLOAD_TOO_LARGE => Fault::TooLarge("内容过大，未予受理".into()),
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND => Fault::Missing,
        _ => Fault::Malformed("无法识别所提交的内容，请返回重新填写".into()),
    };
    let mut page = fault.into_response();
    *page.status_mut() = status;
    page
}
