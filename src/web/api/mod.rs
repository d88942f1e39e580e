//! The interface for programs, `/api/v1`: what the command line lists and does, as JSON.
//!
//! A program comes in by a token made in the console; a browser's session works too. Errors are problem documents
//! (RFC 9457). The description is served as `OpenAPI` and names every route there is, which a test holds.

use axum::Json;
use axum::extract::State;
use utoipa::OpenApi;

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
        settings::compare_calendar,
        settings::import_calendar,
        settings::compare_seeds,
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

/// Any call may be answered by a problem document; its `type` is one of these.
struct Problems;

impl utoipa::Modify for Problems {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder, Schema};
        let components = openapi.components.get_or_insert_default();
        if let Some(RefOr::T(Schema::Object(problem))) = components.schemas.get_mut("Problem")
            && let Some(RefOr::T(Schema::Object(kind))) = problem.properties.get_mut("type")
        {
            kind.enum_values = Some(Fault::codes().map(|code| type_of(code).into()).collect());
        }
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        let response =
            ResponseBuilder::new().description("a problem document").content("application/problem+json", problem);
        let response = RefOr::T(response.build());
        let paths = openapi.paths.paths.values_mut();
        let operations = paths.flat_map(|path| [&mut path.get, &mut path.post, &mut path.put].into_iter().flatten());
        for operation in operations {
            operation.responses.responses.insert("default".to_owned(), response.clone());
        }
    }
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
