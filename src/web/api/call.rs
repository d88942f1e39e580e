//! What every call has: how it is asked, a page of a list, and what is answered when it cannot be done.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::SetupError;
use crate::web::fault::{Fault, Malformed, TooLarge};

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
            Err(JsonRejection::BytesRejection(_)) => Err(Problem(Fault::TooLarge(TooLarge::LargeBody))),
            Err(rejection) => Err(Malformed::MalformedJson(rejection.body_text()).into()),
        }
    }
}

/// The body of a call that sends a file as it is.
pub struct Paper(pub Bytes);

impl<S: Sync + Send> FromRequest<S> for Paper {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Paper, Problem> {
        let read = Bytes::from_request(request, state).await;
        read.map(Paper).map_err(|_| Problem(Fault::TooLarge(TooLarge::LargeBody)))
    }
}

/// The query of a call.
pub struct CallQuery<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for CallQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<CallQuery<T>, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(CallQuery(value)),
            Err(rejection) => Err(Malformed::MalformedQuery(rejection.body_text()).into()),
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

/// The rules are missing.
pub fn broken(error: SetupError) -> Problem {
    Problem(Fault::Failed(error.into()))
}
