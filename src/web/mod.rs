//! The console: pages for units and the office, and the interface for programs, in the same binary.
//!
//! Every route stands in one table with the right it asks for ([`routes`]); who asks and what they may see is decided in
//! one place ([`access`]). Pages call `jobs` and `store`, never SQL; they decide no rule of duban's. Every form works
//! without JavaScript, nothing is loaded from elsewhere, and a GET changes nothing.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};
use chrono::NaiveDate;

use crate::{
    domain::unit::{PostId, UnitName},
    jobs::{Engine, Known, entry::Spans, health::Limits},
};

pub mod access;
pub mod api;
pub mod assets;
pub mod csv;
pub mod fault;
pub mod feed;
pub mod fields;
pub mod filter;
pub mod guard;
pub mod listen;
pub mod mistakes;
pub mod pace;
pub mod pages;
pub mod papers;
pub mod probe;
pub mod rate;
pub mod routes;
pub mod upload;
pub mod view;

pub use routes::router;

/// How the configuration wants the console to behave.
#[derive(Debug, Clone)]
pub struct Options {
    pub spans: Spans,
    /// Gateways in front: theirs is the word on who asks.
    pub gateways: Vec<IpAddr>,
    /// The header in which a gateway names the post that it has signed in.
    pub gateway_header: Option<HeaderName>,
    pub ranking: bool,
    /// Whether readers come by https: cookies are marked so.
    pub secure: bool,
    pub limits: Limits,
    /// The largest evidence file, in bytes.
    pub largest: u64,
}

/// Gives the engine in force, which a reload replaces.
pub type EngineSource = Box<dyn Fn() -> Arc<Engine> + Send + Sync>;

struct Console {
    engine: EngineSource,
    options: Options,
    rates: rate::Rates,
}

#[derive(Clone)]
pub struct App(Arc<Console>);

impl App {
    pub fn new(engine: EngineSource, options: Options) -> App {
        App(Arc::new(Console { engine, options, rates: rate::Rates::default() }))
    }

    pub fn engine(&self) -> Arc<Engine> {
        (self.0.engine)()
    }

    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// What has been tried how often.
    pub fn rates(&self) -> &rate::Rates {
        &self.0.rates
    }
}

/// What most pages need: the engine, what is known, and today. A handler that is given one has it from the guard, who has
/// just looked; one that shows what it has changed looks again.
pub struct Desk {
    pub engine: Arc<Engine>,
    pub known: Arc<Known>,
    pub today: NaiveDate,
}

impl Desk {
    pub async fn of(app: &App) -> Result<Desk, fault::Fault> {
        let engine = app.engine();
        let known = engine.known().await?;
        let today = engine.today();
        Ok(Desk { engine, known, today })
    }

    pub fn office(&self) -> &UnitName {
        &self.known.roster.office
    }

    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.engine.clock.now()
    }

    /// Somebody who acts now.
    pub fn actor<'a>(&'a self, by: &'a PostId) -> crate::jobs::acts::Actor<'a> {
        crate::jobs::acts::Actor { engine: &self.engine, known: &self.known, by, now: self.now() }
    }
}

impl FromRequestParts<App> for Desk {
    type Rejection = fault::Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Desk, fault::Fault> {
        let known = parts.extensions.get::<Arc<Known>>().cloned().ok_or(fault::Fault::SignIn)?;
        let engine = app.engine();
        let today = engine.today();
        Ok(Desk { engine, known, today })
    }
}
