//! `duban serve`: the daemon. Opens everything, refuses what must be refused, drives the jobs until it is told to stop.

use std::fs;
use std::io::{IsTerminal as _, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::common::{Common, Unusable};
use super::logging;
use super::next::{self, Next};
use super::open::{self, Lock};
use crate::acts::entry;
use crate::acts::first_start::{self, Loaded};
use crate::config::Config;
use crate::disk;
use crate::engine::{Engine, Process};
use crate::jobs::Summary;
use crate::jobs::driver::{self, AlarmOptions, Driver, DriverOptions, FirstPass};
use crate::mail::Transport;
use crate::read::health::{self, Limits};
use crate::store::Location;
use crate::store::log::DAEMON;
use crate::web;

/// What is served.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Args {}

/// How long the database may take to close.
const CLOSE: std::time::Duration = std::time::Duration::from_secs(4);

/// Runs until SIGTERM or SIGINT.
pub async fn run(common: &Common, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common)?;
    logging::start(&config.sections.log);
    let parts = open::parts(&config)?;
    let seeds = crate::cli::common::seeds(None)?;
    let mut lock = match &config.location {
        Location::SqliteFile(path) => Some(Lock::take(path)?),
        Location::SqliteMemory | Location::Postgres(_) => None,
    };
    let store = open::unserved_store(&config.location).await?;
    let engine = parts.engine(&config, store, Process::default()).await?;
    let loaded = first_start::set_up(&engine, &seeds).await?;
    if let Some(lock) = &mut lock {
        lock.mark_in_use()?;
    }
    refuse_example_addresses(&engine).await?;
    tracing::info!(
        database.kind = engine.store.kind(),
        mail.transport = engine.transport.name(),
        "duban {} starts",
        env!("CARGO_PKG_VERSION")
    );
    let store = engine.store.clone();
    let done = drive(common, &config, engine, loaded, out).await;
    // What was given up may hold a connection still.
    if tokio::time::timeout(CLOSE, store.close()).await.is_err() {
        tracing::warn!("the database did not close within {} s", CLOSE.as_secs());
    }
    tracing::info!("duban has stopped");
    drop(lock);
    done
}

async fn drive(
    common: &Common,
    config: &Config,
    engine: Engine,
    loaded: Option<Loaded>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hang_up = signal(SignalKind::hangup())?;
    let stop = engine.stopping.clone();
    let driver = Driver::new(engine, options(config));
    let console = console(config, &driver).await?;
    let at = console.as_ref().map(|(_, at)| *at);
    let setup = match at {
        Some(at) => first_password(config, &driver.engine(), at).await?,
        None => None,
    };
    let mut served = tokio::spawn({
        let stop = stop.clone();
        async move {
            if let Some((console, _)) = console {
                return console.run(stop).await;
            }
            stop.cancelled().await;
            Ok(())
        }
    });
    let (first, mut passed) = oneshot::channel();
    let running = tokio::spawn({
        let driver = Arc::clone(&driver);
        async move { driver.run(first).await }
    });
    tokio::pin!(running);
    let mut ready = false;
    loop {
        tokio::select! {
            done = &mut running => {
                done??;
                // Requests in hand are finished before the database closes.
                return served.await?;
            }
            done = &mut served, if !stop.is_cancelled() => {
                stop.cancel();
                done??;
                bail!("the console ended by itself");
            }
            _ = terminate.recv() => stop.cancel(),
            _ = interrupt.recv() => stop.cancel(),
            _ = hang_up.recv() => reload(common, config, &driver).await,
            done = &mut passed, if !ready => {
                ready = true;
                driver::notify(&[NotifyState::Ready]);
                let Ok(done) = done else { continue };
                if let Err(error) = tell(config, &driver.engine(), loaded, &done, Where { at, setup: setup.clone() }, out).await {
                    tracing::debug!("nobody hears of the first pass: {error}");
                }
            }
        }
    }
}

/// How the configuration wants the driver to behave.
pub fn options(config: &Config) -> DriverOptions {
    let alarm = &config.sections.alarm;
    DriverOptions {
        leap_hold: config.sections.time.leap_hold.std(),
        alarm: AlarmOptions { program: alarm.on_alarm.clone(), every: alarm.every.std(), limits: limits(config) },
    }
}

/// What the configuration calls too old.
pub fn limits(config: &Config) -> Limits {
    let alarm = &config.sections.alarm;
    Limits { pass: alarm.max_pass_age.0, unsent: alarm.max_unsent_age.0, mail_down: alarm.max_mail_down.0 }
}

/// Nothing may leave this machine while a post that would get mail has an address that only stands for one.
async fn refuse_example_addresses(engine: &Engine) -> anyhow::Result<()> {
    if !engine.transport.leaves_the_machine() {
        return Ok(());
    }
    let known = engine.known().await?;
    let today = engine.today();
    let trial = engine.settings.trial_until.is_some_and(|until| today < until);
    let posts = health::mailed_posts(&known, today, trial);
    let (without, example) = health::unreachable_posts(&known, &posts, today);
    if !without.is_empty() {
        tracing::warn!("posts without an address get no mail: {}", list(&without));
    }
    if example.is_empty() {
        return Ok(());
    }
    bail!(Unusable::ExampleAddresses { posts: example, of: posts.len() })
}

fn list(posts: &[crate::domain::unit::PostId]) -> String {
    let all: Vec<String> = posts.iter().map(ToString::to_string).collect();
    all.join(", ")
}

/// Reads configuration and templates again. With a mistake in them everything stays as it is.
async fn reload(common: &Common, config: &Config, driver: &Driver) {
    match reloaded(common, config, &driver.engine()).await {
        Ok((engine, options)) => {
            driver.replace(engine, options);
            tracing::info!("configuration and templates have been read again and are in force");
        }
        Err(error) => tracing::error!("the new configuration is refused, the old one stays in force:\n{error:#}"),
    }
}

async fn reloaded(common: &Common, config: &Config, before: &Engine) -> anyhow::Result<(Engine, DriverOptions)> {
    let new = open::config(common)?;
    if new.location != config.location || new.sections.log != config.sections.log {
        tracing::warn!("[database], [state] and [log] are read at start only: restart for their changes");
    }
    let engine = open::parts(&new)?.engine(&new, before.store.clone(), before.process()).await?;
    refuse_example_addresses(&engine).await?;
    Ok((engine, options(&new)))
}

/// Says in plain words what the first pass did, where things are, and what comes next.
async fn tell(
    config: &Config,
    engine: &Engine,
    loaded: Option<Loaded>,
    done: &FirstPass,
    console: Where,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let zone = engine.settings.zone;
    let version = env!("CARGO_PKG_VERSION");
    let mut lines = Vec::new();
    let mut line = |what: &str, words: String| lines.push(format!("  {what:<14}{words}"));
    let file = config.file.as_ref().map(|path| path.display().to_string());
    line("configuration", file.unwrap_or_else(|| "the built-in defaults (--config FILE for your own)".into()));
    line("database", where_database(&config.location));
    line("evidence", config.evidence_folder().display().to_string());
    line("mail", where_mail(&engine.transport));
    line("console", console.at.map_or_else(|| "off".into(), |at| format!("http://{at}/")));
    if let Some(setup) = &console.setup {
        line("password", format!("set the office's at {setup}"));
    }
    if let Some(loaded) = loaded {
        let Loaded { duties, units, starts_on } = loaded;
        line("loaded", format!("{duties} duties and {units} units; what falls due from {starts_on} on counts"));
    }
    let counts = PassCounts::of(done);
    line(
        "obligations",
        format!("{} opened, {} planned ahead, {} missed", counts.opened, counts.planned, counts.missed),
    );
    line("letters", format!("{} written", counts.letters));
    line(
        "next",
        Next::look(engine).await?.map_or_else(|| "nothing is planned".into(), |next| next::words(&next, zone)),
    );
    let start = if loaded.is_some() { "first start" } else { "started" };
    writeln!(out, "duban {version}: {start}, first pass done")?;
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    writeln!(out, "Running. Stop with Ctrl-C; `duban status` says how it is.")?;
    Ok(out.flush()?)
}

/// Where the console is, and where the office sets its first password.
struct Where {
    at: Option<SocketAddr>,
    setup: Option<String>,
}

/// The console, listening already, so that a port that is taken is told before anything is said to run.
async fn console(config: &Config, driver: &Arc<Driver>) -> anyhow::Result<Option<(ConsoleServer, SocketAddr)>> {
    let section = &config.sections.console;
    let Some(address) = section.listen.0 else { return Ok(None) };
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("[console] listen = \"{address}\": cannot listen there"))?;
    let at = listener.local_addr()?;
    let options = web::Options {
        spans: config.session_spans(),
        gateways: section.gateways.clone().unwrap_or_default(),
        gateway_header: section.gateway_header.clone(),
        ranking: section.ranking,
        public: section.public_url.as_ref().map(|url| web::public::Public::of(&url.0)).unwrap_or_default(),
        limits: limits(config),
        largest: config.evidence_largest(),
        daily: config.evidence_daily(),
    };
    let source = Arc::clone(driver);
    let app = web::App::new(Box::new(move || source.engine()), options);
    let metrics = match section.metrics.and_then(|metrics| metrics.0) {
        Some(at) => Some(
            TcpListener::bind(at)
                .await
                .with_context(|| format!("[console] metrics = \"{at}\": cannot listen there"))?,
        ),
        None => None,
    };
    let patience =
        web::listen::Patience { gateways: section.gateways.clone().unwrap_or_default(), ..Default::default() };
    Ok(Some((ConsoleServer { listener, metrics, app, patience }, at)))
}

struct ConsoleServer {
    listener: TcpListener,
    metrics: Option<TcpListener>,
    app: web::App,
    patience: web::listen::Patience,
}

impl ConsoleServer {
    async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let pages = web::listen::serve(self.listener, web::router(&self.app), self.patience.clone(), stop.clone());
        let metrics = async {
            match self.metrics {
                Some(listener) => {
                    web::listen::serve(listener, web::probe::metrics_router(&self.app), self.patience.clone(), stop)
                        .await
                }
                None => Ok(()),
            }
        };
        tokio::try_join!(pages, metrics)?;
        Ok(())
    }
}

/// Where nobody has a password yet: a one-time link for the office, for the terminal, else in a file that its owner
/// alone reads. Never for a log.
async fn first_password(config: &Config, engine: &Engine, at: SocketAddr) -> anyhow::Result<Option<String>> {
    if engine.store.read().await?.any_password().await? {
        return Ok(None);
    }
    let office = engine.known().await?.roster.office_post();
    let secret = entry::setup_secret(engine, &office, DAEMON).await?;
    let link = super::login_link::link(config, Some(at), &secret);
    if std::io::stdout().is_terminal() {
        return Ok(Some(link));
    }
    let path = config.folder.join("login-link");
    // Where the database lies elsewhere nothing has made it yet.
    disk::make_folder(&config.folder)?;
    let mut file = fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    writeln!(file, "{link}")?;
    Ok(Some(format!("the address in {}", path.display())))
}

fn where_database(location: &Location) -> String {
    match location {
        Location::SqliteFile(path) => path.display().to_string(),
        Location::SqliteMemory => "in memory".into(),
        Location::Postgres(_) => "PostgreSQL".into(),
    }
}

fn where_mail(transport: &Transport) -> String {
    match transport {
        Transport::File(outbox) => {
            format!("as files into {}; nothing leaves this machine", outbox.folder().display())
        }
        Transport::Smtp(_) => "through the mail server".into(),
        Transport::Memory(_) => "kept in memory".into(),
    }
}

/// What a pass did, over its jobs.
#[derive(Default)]
struct PassCounts {
    opened: u64,
    planned: u64,
    missed: u64,
    letters: u64,
}

impl PassCounts {
    fn of(done: &FirstPass) -> PassCounts {
        let mut counts = PassCounts::default();
        for (_, summary) in done {
            match summary {
                Summary::Materialise(made) => counts.planned += made.made,
                Summary::Step(stepped) => {
                    counts.opened += stepped.opened;
                    counts.missed += stepped.missed;
                    counts.letters += stepped.letters;
                }
                Summary::Digest(digested) => counts.letters += u64::from(digested.written),
                Summary::Deliver(_) | Summary::Housekeeping(_) => {}
            }
        }
        counts.planned = counts.planned.saturating_sub(counts.opened);
        counts
    }
}
