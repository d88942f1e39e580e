//! The interface for programs, `/api/v1`: what the command line lists and does, as JSON.
//!
//! A program comes in by a token made in the console; a browser's session works too. Errors are problem documents
//! (RFC 9457). The description is served as `OpenAPI` and names every route there is, which a test holds.

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use utoipa::OpenApi;

use super::{
    access::Right,
    fault::Fault,
    mistakes,
    routes::{Route, get},
};
use crate::{catalogue::Diagnostics, jobs::JobError};

pub mod decisions;
pub mod obligations;
pub mod occasions;
pub mod reference;
pub mod settings;
pub mod submissions;

/// Its routes.
pub fn routes() -> Vec<Route> {
    let own = vec![get("/api/v1/openapi.json", Right::Public, description)];
    let parts = [
        own,
        obligations::routes(),
        submissions::routes(),
        decisions::routes(),
        occasions::routes(),
        reference::routes(),
        settings::routes(),
    ];
    parts.into_iter().flatten().collect()
}

#[derive(OpenApi)]
#[openapi(
    info(title = "duban", description = "Who owes what by when. Words as in the README; instants are RFC 3339."),
    paths(
        obligations::list,
        obligations::show,
        obligations::explain,
        submissions::file,
        submissions::show,
        submissions::withdraw,
        submissions::correct,
        submissions::read_file,
        submissions::erase_file,
        decisions::accept,
        decisions::send_back,
        decisions::confirm_miss,
        decisions::waive,
        decisions::ask_extension,
        decisions::decide_extension,
        decisions::raise_dispute,
        decisions::decide_dispute,
        occasions::events,
        occasions::open_event,
        occasions::close_event,
        occasions::nodes,
        occasions::open_node,
        occasions::extend_node,
        occasions::close_node,
        reference::units,
        reference::posts,
        reference::duties,
        reference::calendar,
        reference::plan,
        reference::digest,
        reference::requests,
        reference::letters,
        reference::status,
        settings::set_unit,
        settings::leave,
        settings::set_post,
        settings::import_posts,
        settings::import_calendar,
        settings::compare_seeds,
        settings::apply_seeds,
        description,
    ),
    security(("token" = [])),
    modifiers(&BearerToken),
)]
struct Description;

struct BearerToken;

impl utoipa::Modify for BearerToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let components = openapi.components.get_or_insert_default();
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// This description
#[utoipa::path(get, path = "/api/v1/openapi.json", responses((status = 200, description = "OpenAPI")))]
async fn description() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

/// An error as a problem document.
#[derive(Debug)]
pub struct Problem(pub Fault);

impl<E: Into<Fault>> From<E> for Problem {
    fn from(error: E) -> Problem {
        Problem(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.0.problem()
    }
}

/// Result of a call.
pub type Answer<T> = Result<T, Problem>;

/// A page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to give as `after` to get the next page; missing = this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// The body of a call.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Sync + Send> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Body(value)),
            Err(JsonRejection::BytesRejection(_)) => Err(Problem(Fault::TooLarge("内容过大或提交中断".into()))),
            Err(rejection) => Err(Problem(Fault::Malformed(rejection.body_text()))),
        }
    }
}

/// The body of a call that sends a file as it is.
pub struct Paper(pub Bytes);

impl<S: Sync + Send> FromRequest<S> for Paper {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Paper, Problem> {
        let read = Bytes::from_request(request, state).await;
        read.map(Paper).map_err(|_| Problem(Fault::TooLarge("内容过大或提交中断".into())))
    }
}

/// The query of a call.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asked<T>, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(Asked(value)),
            Err(rejection) => Err(Problem(Fault::Malformed(rejection.body_text()))),
        }
    }
}

/// A part of the path; one that is written otherwise names nothing.
pub struct Part<T>(pub T);

impl<T: DeserializeOwned + Send, S: Sync + Send> FromRequestParts<S> for Part<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Part<T>, Problem> {
        let found = Path::<T>::from_request_parts(parts, state).await;
        found.map(|Path(value)| Part(value)).map_err(|_| Problem(Fault::Missing))
    }
}

impl Fault {
    /// The fault as a problem document.
    pub fn problem(&self) -> Response {
        if let Fault::Failed(error) = self {
            tracing::error!("a call could not be answered: {error}");
        }
        let status = self.status();
        let body = json!({ "type": "about:blank", "title": self.title(), "status": status.as_u16(), "detail": self.to_string() });
        let mut response = (status, body.to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

/// The mistakes of a file that was sent, a line each.
fn mistaken(found: &Diagnostics) -> Problem {
    let (mistakes, more) = mistakes::mistakes(found);
    let mut lines: Vec<String> = mistakes.into_iter().map(|m| format!("{} {}：{}", m.file, m.place, m.words)).collect();
    if more > 0 {
        lines.push(format!("另有{more}处"));
    }
    Problem(Fault::Refused(lines.join("\n")))
}

/// What is not understood, as a fault.
fn malformed(words: impl Into<String>) -> Problem {
    Problem(Fault::Malformed(words.into()))
}

/// The rules are missing.
fn broken(words: String) -> Problem {
    Problem(Fault::Failed(JobError::Setup(words)))
}
