//! The table of routes: every path, its method, the right it asks for, and how large a body it takes.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    http::Method,
    middleware::{from_fn, from_fn_with_state},
    routing::{MethodRouter, get as on_get, post as on_post, put as on_put},
};
use tower_http::{csrf::CsrfLayer, limit::RequestBodyLimitLayer};

use super::{
    App,
    access::Right,
    api, assets,
    fault::Fault,
    feed,
    guard::{guard, headers, tell_refusals},
    pages, probe,
    upload::largest_form,
};

/// The largest form without files, in bytes.
pub const FORM: usize = 256 << 10;

pub struct Route {
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    pub right: Right,
    /// The largest body it takes, in bytes; `None` = a form with files, as large as those may be.
    pub body: Option<usize>,
    handler: MethodRouter<App>,
}

pub fn get<H, T>(path: &'static str, right: Right, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route { method: Method::GET, path, right, body: Some(FORM), handler: on_get(handler) }
}

pub fn post<H, T>(path: &'static str, right: Right, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route { method: Method::POST, path, right, body: Some(FORM), handler: on_post(handler) }
}

/// What is written in place of what was there.
pub fn put<H, T>(path: &'static str, right: Right, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route { method: Method::PUT, path, right, body: Some(FORM), handler: on_put(handler) }
}

/// A form with files, which reads its body piece by piece.
pub fn upload<H, T>(path: &'static str, right: Right, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route { body: None, ..post(path, right, handler) }
}

/// A form with files that are read at once and not kept: lists of posts, a notice, seeds.
pub fn papers<H, T>(path: &'static str, right: Right, handler: H) -> Route
where
    H: Handler<T, App>,
    T: 'static,
{
    Route { body: Some(super::papers::LARGEST), ..post(path, right, handler) }
}

pub fn all() -> Vec<Route> {
    [assets::routes(), pages::routes(), api::routes(), feed::routes(), probe::routes()].into_iter().flatten().collect()
}

pub fn router(app: &App) -> Router {
    let mut router = Router::new();
    for route in all() {
        let guarded = route.handler.route_layer(from_fn_with_state((app.clone(), route.right), guard));
        // A body that says it is larger is refused before any of it is read, one that only is when it comes so far.
        let largest = route.body.unwrap_or_else(|| largest_form(app.options().largest));
        let limited = (DefaultBodyLimit::disable(), RequestBodyLimitLayer::new(largest));
        router = router.route(route.path, guarded.layer(limited));
    }
    router
        .fallback(async || Fault::Missing)
        .layer(CsrfLayer::new())
        .layer(from_fn(assets::plain_refusals))
        .layer(from_fn(tell_refusals))
        .layer(from_fn_with_state(app.clone(), headers))
        .with_state(app.clone())
}
