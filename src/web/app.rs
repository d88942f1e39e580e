//! What every handler is given: the engine in force, what is known, today; and how the console is to behave.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use chrono::NaiveDate;

use super::access::Visitor;
use super::coming::Coming;
use super::fault::Fault;
use super::noise::Noise;
use super::public::Public;
use super::rate::Rates;
use crate::acts::entry::Spans;
use crate::acts::filings::Filings;
use crate::acts::{Actor, Lent};
use crate::domain::unit::{PostId, UnitName};
use crate::engine::{Engine, JobError, Known};
use crate::read::health::Limits;
use crate::read::view::View;
use crate::store::Tx;
use crate::store::row::Stored;

/// How the configuration wants the console to behave.
#[derive(Debug, Clone)]
pub struct Options {
    pub spans: Spans,
    /// Gateways in front: theirs is the word on who asks.
    pub gateways: Vec<IpAddr>,
    /// The header in which a gateway names the post that it has signed in.
    pub gateway_header: Option<HeaderName>,
    pub ranking: bool,
    /// Where readers find it.
    pub public: Public,
    pub limits: Limits,
    /// The largest evidence file, in bytes.
    pub largest: u64,
    /// What one post may send in a day, in bytes.
    pub daily: u64,
}

/// Gives the engine in force, which a reload replaces.
pub type EngineSource = Box<dyn Fn() -> Arc<Engine> + Send + Sync>;

struct AppState {
    engine: EngineSource,
    options: Options,
    rates: Rates,
    filings: Filings,
    coming: Coming,
    noise: Noise,
}

#[derive(Clone)]
pub struct App(Arc<AppState>);

impl App {
    pub fn new(engine: EngineSource, options: Options) -> App {
        App(Arc::new(AppState {
            engine,
            options,
            rates: Rates::default(),
            filings: Filings::default(),
            coming: Coming::default(),
            noise: Noise::default(),
        }))
    }

    pub fn engine(&self) -> Arc<Engine> {
        (self.0.engine)()
    }

    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// What is being filed.
    pub fn filings(&self) -> &Filings {
        &self.0.filings
    }

    /// What evidence is being received.
    pub fn coming(&self) -> &Coming {
        &self.0.coming
    }

    /// What is written of refusals.
    pub fn noise(&self) -> &Noise {
        &self.0.noise
    }

    /// What has been tried how often.
    pub fn rates(&self) -> &Rates {
        &self.0.rates
    }
}

/// What handlers are given: the console, the engine, what is known, and today. The guard has just looked at what is known;
/// where nobody has signed in it is looked at here.
pub struct Desk {
    pub app: App,
    pub engine: Arc<Engine>,
    pub known: Arc<Known>,
    pub today: NaiveDate,
    /// The place that was asked for.
    pub here: String,
    /// The token by which somebody asks, where one does: what it does is done in its maker's name too.
    pub lent: Option<Lent>,
}

impl Desk {
    /// Obligations as they are shown today.
    pub async fn views(&self, tx: &mut Tx, rows: &[Stored]) -> Result<Vec<View>, JobError> {
        View::all(tx, &self.known, rows, self.today).await
    }

    /// One as it is shown today.
    pub async fn view(&self, tx: &mut Tx, row: &Stored) -> Result<View, JobError> {
        View::one(tx, &self.known, row, self.today).await
    }

    pub fn office(&self) -> &UnitName {
        &self.known.roster.office
    }

    pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.engine.clock.now()
    }

    /// Somebody who acts now.
    pub fn actor<'a>(&'a self, by: &'a PostId) -> Actor<'a> {
        Actor { engine: &self.engine, known: &self.known, by, lent: self.lent.as_ref(), now: self.now() }
    }
}

impl FromRequestParts<App> for Desk {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Desk, Fault> {
        let engine = app.engine();
        let known = match parts.extensions.get::<Arc<Known>>() {
            Some(known) => Arc::clone(known),
            None => engine.known().await?,
        };
        let today = engine.today();
        let here = parts.uri.path_and_query().map_or_else(String::new, |here| here.as_str().to_owned());
        let lent = parts.extensions.get::<Visitor>().and_then(Visitor::lent).cloned();
        Ok(Desk { app: app.clone(), engine, known, today, here, lent })
    }
}
