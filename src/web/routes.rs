//! The table of routes: every path, its method, the right it asks for, and how large a body it takes.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::limit::RequestBodyLimitLayer;

use super::app::App;
use super::fault::Fault;
use super::guard::{guard, headers, is_call, tell_refusals};
use super::route::Route;
use super::upload::Limits;
use super::{api, assets, feed, pages, probe};

pub fn all() -> Vec<Route> {
    [assets::routes(), pages::routes(), api::routes(), feed::routes(), probe::routes()].into_iter().flatten().collect()
}

/// The answer where there is nothing.
async fn nowhere(request: Request) -> Response {
    if is_call(&request) { Fault::Missing.problem() } else { Fault::Missing.into_response() }
}

pub fn router(app: &App) -> Router {
    let mut router = Router::new();
    for route in all() {
        let guarded = route.handler.route_layer(from_fn_with_state((app.clone(), route.right), guard));
        // A body that says it is larger is refused before any of it is read, one that only is when it comes so far.
        let largest = route.body.unwrap_or_else(|| Limits::of(app.options().largest).body());
        let limited = (DefaultBodyLimit::disable(), RequestBodyLimitLayer::new(largest));
        router = router.route(route.path, guarded.layer(limited));
    }
    let router = router
        .fallback(nowhere)
        .layer(from_fn(assets::plain_refusals))
        .layer(from_fn_with_state(app.clone(), tell_refusals))
        .layer(from_fn_with_state(app.clone(), headers))
        .with_state(app.clone());
    app.options().public.serve(router)
}
