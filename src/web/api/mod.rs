//! The interface for programs, `/api/v1`: what the command line lists and does, as JSON.
//!
//! A program comes in by a token made in the console; a browser's session works too. Errors are problem documents
//! (RFC 9457). The description is served as `OpenAPI` and names every route there is, which a test holds.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use utoipa::OpenApi;
use utoipa::openapi::header::Header;
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder, Schema};

use super::access::Right;
use super::app::App;
use super::fault::Fault;
use super::problem::{ProblemJson, type_of};
use super::route::{Route, get};

pub mod call;
pub mod decisions;
pub mod obligations;
pub mod occasions;
pub mod reference;
pub mod settings;
pub mod submissions;

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
        decisions::undo,
        decisions::accept_all,
        decisions::judge_misses,
        decisions::publish,
        decisions::waive,
        decisions::release_letters,
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
        reference::decisions,
        reference::letters,
        reference::status,
        settings::set_unit,
        settings::leave,
        settings::set_post,
        settings::import_posts,
        settings::compare_calendar,
        settings::import_calendar,
        settings::compare_seeds,
        settings::rename,
        settings::succeed,
        settings::apply_seeds,
        description,
    ),
    security(("token" = [])),
    components(schemas(ProblemJson)),
    modifiers(&BearerToken, &Problems),
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

/// What every call may be answered besides what it is for: a problem document, whose `type` is one of those that are
/// listed. Which, follows from the table of routes.
struct Problems;

impl utoipa::Modify for Problems {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        if let Some(RefOr::T(Schema::Object(problem))) = components.schemas.get_mut("Problem")
            && let Some(RefOr::T(Schema::Object(kind))) = problem.properties.get_mut("type")
        {
            kind.enum_values = Some(Fault::codes().map(|code| type_of(code).into()).collect());
        }
        for route in routes() {
            let path = openapi.paths.paths.get_mut(route.path);
            let operation = path.and_then(|path| match route.method {
                Method::GET => path.get.as_mut(),
                Method::PUT => path.put.as_mut(),
                _ => path.post.as_mut(),
            });
            let Some(operation) = operation else { continue };
            if route.right == Right::Public {
                // Whoever asks needs no token.
                operation.security = Some(Vec::new());
            }
            let asked = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
            let responses = &mut operation.responses.responses;
            for (status, words) in statuses(&route, asked) {
                // A call's own words stand; what is answered is a problem document all the same.
                let own = match responses.get(status.as_str()) {
                    Some(RefOr::T(own)) if !own.description.is_empty() => own.description.clone(),
                    _ => words.to_owned(),
                };
                responses.insert(status.as_str().to_owned(), problem(&own, status));
            }
            responses.insert("default".to_owned(), problem("any other problem", StatusCode::OK));
        }
    }
}

/// The statuses of problems that a call of that route may be answered with, and what they say.
fn statuses(route: &Route, asked: bool) -> Vec<(StatusCode, &'static str)> {
    let mut all = vec![
        (StatusCode::REQUEST_TIMEOUT, "the request took too long"),
        (StatusCode::SERVICE_UNAVAILABLE, "it cannot be answered just now; try again later"),
    ];
    if route.right != Right::Public {
        all.extend([
            (StatusCode::UNAUTHORIZED, "no token, or one that opens nothing"),
            (StatusCode::FORBIDDEN, "it is not for this post, or the token has no scope for it"),
            (StatusCode::NOT_FOUND, "there is no such thing, or it is another unit's"),
            (StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens came from there; try again later"),
        ]);
    }
    let writes = route.method != Method::GET;
    if writes || asked {
        all.extend([
            (StatusCode::BAD_REQUEST, "what was sent cannot be read"),
            (StatusCode::UNPROCESSABLE_ENTITY, "it is refused; nothing has changed"),
        ]);
    }
    if writes {
        all.push((StatusCode::PAYLOAD_TOO_LARGE, "what was sent is too large"));
    }
    all
}

/// A problem document as an answer.
fn problem(words: &str, status: StatusCode) -> RefOr<utoipa::openapi::Response> {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = ResponseBuilder::new().description(words).content("application/problem+json", content);
    let passes = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
    // In seconds.
    let after = Header::new(Object::with_type(Type::Integer));
    RefOr::T(if passes { response.header("Retry-After", after).build() } else { response.build() })
}

/// This description
#[utoipa::path(get, path = "/api/v1/openapi.json", responses((status = 200, description = "OpenAPI")))]
async fn description(State(app): State<App>) -> Json<utoipa::openapi::OpenApi> {
    let mut description = Description::openapi();
    let path = &app.options().public.path;
    if !path.is_empty() {
        description.servers = Some(vec![utoipa::openapi::Server::new(path)]);
    }
    Json(description)
}
