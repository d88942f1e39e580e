//! For monitors: whether the program lives, whether it does its work, and figures for Prometheus.
//!
//! `/healthz` and `/readyz` say nothing about anybody; `/metrics` is served on a listener of its own, if at all.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get as on_get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::access::Right;
use super::app::App;
use super::route::{Route, get};
use crate::domain::phase::Phase;
use crate::read::health::{Alarm, Health};

pub fn routes() -> Vec<Route> {
    vec![get("/healthz", Right::Public, alive), get("/readyz", Right::Public, ready)]
}

/// Whether the watcher watches and is heard: what is red, a line each. A start that has made no pass yet lives.
async fn alive(State(app): State<App>) -> Response {
    if app.engine().ground.ailing().is_some() {
        let words = "nothing can be written\n";
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/plain")], words).into_response();
    }
    said(&app, |alarm| *alarm != Alarm::NoPass).await
}

/// Whether the database answers and nothing is red.
async fn ready(State(app): State<App>) -> Response {
    said(&app, |_| true).await
}

/// What is red, without what others have said; the whole of it stands in `duban status`.
async fn said(app: &App, counts: impl Fn(&Alarm) -> bool) -> Response {
    let lines: Vec<String> = match Health::look(&app.engine()).await {
        Ok(health) => {
            health.alarms(app.options().limits).iter().filter(|alarm| counts(alarm)).map(Alarm::brief).collect()
        }
        Err(error) => {
            tracing::error!("a probe could not be answered: {error}");
            vec!["the database does not answer".to_owned()]
        }
    };
    let (status, words) = if lines.is_empty() {
        (StatusCode::OK, "ok".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("not well\n{}", lines.join("\n")))
    };
    (status, [(header::CONTENT_TYPE, "text/plain")], words + "\n").into_response()
}

/// The listener for `/metrics`.
pub fn metrics_router(app: &App) -> Router {
    Router::new().route("/metrics", on_get(metrics)).with_state(app.clone())
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabel {
    state: String,
}

async fn metrics(State(app): State<App>) -> Response {
    match figures(&app).await {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            tracing::error!("metrics cannot be made: {error}");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn figures(app: &App) -> crate::engine::Result<String> {
    let engine = app.engine();
    let health = Health::look(&engine).await?;
    let mut tx = engine.store.read().await?;
    let mut registry = Registry::with_prefix("duban");
    let gauge = |registry: &mut Registry, name: &str, help: &str, value: i64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(value);
        registry.register(name, help, gauge);
    };
    let age = |at: Option<chrono::DateTime<chrono::Utc>>| at.map_or(0, |at| (health.now - at).num_seconds());
    gauge(&mut registry, "up", "Whether nothing is too old", i64::from(health.wrong(app.options().limits).is_empty()));
    let pass = health.last_pass.as_ref().map(|run| run.finished_at);
    gauge(&mut registry, "last_pass_age_seconds", "Age of the last pass", age(pass));
    gauge(
        &mut registry,
        "oldest_unsent_letter_age_seconds",
        "Age of the oldest letter that waits",
        age(health.oldest_unsent),
    );
    let down = health.mail_down.as_ref().map(|down| down.since);
    gauge(&mut registry, "mail_down_seconds", "How long the mail path has been down", age(down));
    let troubles = i64::try_from(health.troubles.len()).unwrap_or(i64::MAX);
    gauge(&mut registry, "troubles", "Rows that cannot be worked on", troubles);
    let letters: Family<StateLabel, Gauge> = Family::default();
    for (state, count) in &health.letters {
        letters.get_or_create(&StateLabel { state: state.code().to_owned() }).set(*count);
    }
    registry.register("letters", "Letters by state", letters);
    let obligations: Family<StateLabel, Gauge> = Family::default();
    for phase in [Phase::Open, Phase::Returned, Phase::Missed, Phase::Waiting] {
        let count = i64::try_from(tx.count_live(phase).await?).unwrap_or(i64::MAX);
        obligations.get_or_create(&StateLabel { state: phase.code().to_owned() }).set(count);
    }
    registry.register("obligations", "Obligations that are not settled, by phase", obligations);
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = encode(&mut text, &registry);
    Ok(text)
}
