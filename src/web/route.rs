//! A route: its method, its path, the right it asks for, and how large a body it takes.

use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodRouter, get as on_get, post as on_post, put as on_put};

use super::access::Right;
use super::app::App;

/// The largest form without files, in bytes.
pub const FORM: usize = 256 << 10;

pub struct Route {
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    pub right: Right,
    /// The largest body it takes, in bytes; `None` = a form with files, as large as those may be.
    pub body: Option<usize>,
    pub(super) handler: MethodRouter<App>,
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
