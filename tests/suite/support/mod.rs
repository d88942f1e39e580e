//! A whole duban in a test: a real database of either kind, a clock that is stepped, a mailbox in memory.

pub mod browser;
pub mod chromium;
pub mod daemon;
pub mod entry;
pub mod morning;
pub mod served;
pub mod shown;
pub mod smtp_server;
pub mod tables;
pub mod weeks;

use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use duban::{
    acts::{self, Actor, first_start},
    catalogue::Seeds,
    clock::Clock,
    domain::{
        calendar::Zone,
        duty::DutyId,
        light::Light,
        obligation::Obligation,
        unit::{PostId, Role, UnitName},
    },
    engine::{Engine, Parts, Process, Settings},
    jobs::{self, simulate},
    mail::{
        Backoff, Failure, Mailbox, MemoryOutbox, Outcome, Reason, Received, Reply, Scripted, Stage, Templates,
        Transport, classify, parse_address,
    },
    store::{Location, Store, notices::Told, row::Stored},
};
use mail_parser::MessageParser;

/// The zone of all stories.
pub const ZONE: Zone = Zone(chrono_tz::Asia::Shanghai);

/// A database of either kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

pub const BOTH: [Kind; 2] = [Kind::Sqlite, Kind::Postgres];

/// Local time in stories: `at("2022-10-08 09:00")`.
pub fn at(local: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
    ZONE.at(local.date(), local.time())
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The settings of all stories: as the program's own defaults, but for the pace.
pub fn settings() -> Settings {
    Settings {
        zone: ZONE,
        horizon: TimeDelta::days(35),
        starts_on: None,
        from: Mailbox::new("委安委办", parse_address("duban@example.com").unwrap()),
        reply_to: None,
        contact: "委安委办值班电话".into(),
        signature: "市住房城乡建委安全生产委员会办公室".into(),
        public_url: None,
        trial_until: None,
        pace: None,
        batch: 200,
        connections: 1,
        lease: TimeDelta::minutes(10),
        backoff: Backoff::default(),
    }
}

/// A database that is dropped with the story.
pub struct Database {
    pub location: Location,
    folder: Option<tempfile::TempDir>,
    name: Option<String>,
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

fn postgres_server() -> Option<String> {
    let server = std::env::var("DUBAN_TEST_POSTGRES").ok();
    assert!(
        server.is_some() || std::env::var("DUBAN_TEST_SQLITE_ONLY").is_ok(),
        "set DUBAN_TEST_POSTGRES to a server's address (tests/run does), or DUBAN_TEST_SQLITE_ONLY=1 to leave it out"
    );
    server
}

impl Database {
    /// A fresh one; `None` when PostgreSQL was left out on purpose.
    pub async fn fresh(kind: Kind) -> Option<Database> {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let location = Location::SqliteFile(folder.path().join("duban.sqlite"));
                Some(Database { location, folder: Some(folder), name: None })
            }
            Kind::Postgres => {
                let server = postgres_server()?;
                let number = NUMBER.fetch_add(1, Ordering::SeqCst);
                let name = format!("duban_test_{}_{number}", std::process::id());
                admin(&server, &format!("CREATE DATABASE {name}")).await;
                let url = server.replacen("/postgres?", &format!("/{name}?"), 1);
                Some(Database { location: url.parse().unwrap(), folder: None, name: Some(name) })
            }
        }
    }

    /// Its address as configuration writes it.
    pub fn url(&self) -> String {
        match &self.location {
            Location::SqliteFile(path) => format!("sqlite:{}", path.display()),
            Location::Postgres(url) => url.0.clone(),
            Location::SqliteMemory => "sqlite::memory:".into(),
        }
    }

    pub async fn drop(self) {
        if let (Some(name), Some(server)) = (&self.name, postgres_server()) {
            admin(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
        drop(self.folder);
    }
}

async fn admin(server: &str, statement: &str) {
    use sqlx::{Connection as _, Executor as _};
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(statement.to_owned())).await.unwrap();
    connection.close().await.unwrap();
}

/// A duban in a story.
pub struct Story {
    pub engine: Engine,
    pub mailbox: MemoryOutbox,
    /// Everything that was delivered so far, with the instant.
    pub letters: Vec<Letter>,
    pub database: Database,
}

/// A letter as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub at: DateTime<Utc>,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub message_id: String,
}

/// Tells one story on each kind of database.
pub async fn on_both<F, Fut>(begins: &str, story: F)
where
    F: Fn(Story) -> Fut,
    Fut: Future<Output = Story>,
{
    for kind in BOTH {
        let Some(told) = Story::begin(kind, begins).await else { continue };
        let told = story(told).await;
        told.end().await;
    }
}

/// Tells one story on each kind of database, in a world that has only these duties: shorter to run and to read.
pub async fn on_both_of<F, Fut>(begins: &str, duties: &[&str], story: F)
where
    F: Fn(Story) -> Fut,
    Fut: Future<Output = Story>,
{
    on_both_with(begins, settings(), &seeds_of(duties), story).await;
}

/// Tells one story on each kind of database, with these settings and seeds.
pub async fn on_both_with<F, Fut>(begins: &str, settings: Settings, seeds: &Seeds, story: F)
where
    F: Fn(Story) -> Fut,
    Fut: Future<Output = Story>,
{
    for kind in BOTH {
        let Some(told) = Story::begin_with(kind, begins, settings.clone(), seeds).await else { continue };
        let told = story(told).await;
        told.end().await;
    }
}

/// The document's seeds with only these duties.
pub fn seeds_of(duties: &[&str]) -> Seeds {
    let mut seeds = Seeds::embedded().unwrap();
    seeds.catalogue.duties.retain(|duty| duties.contains(&duty.id.0.as_str()));
    assert_eq!(seeds.catalogue.duties.len(), duties.len(), "{duties:?}");
    seeds
}

/// Lets one filing for a duty count for these too, whatever the document's links are.
pub fn link(seeds: &mut Seeds, duty: &str, also: &[&str]) {
    let found = seeds.catalogue.duties.iter_mut().find(|one| one.id.0 == duty).unwrap();
    found.also_counts_for = also.iter().map(|id| DutyId((*id).to_owned())).collect();
}

/// The words of a refusal, as an office reads them.
pub fn refused<T: std::fmt::Debug>(outcome: Result<T, acts::ActError>) -> String {
    match outcome {
        Err(acts::ActError::Refused(refusal)) => duban::read::refusal::chinese(&refusal),
        other => panic!("not refused: {other:?}"),
    }
}

/// (local time, kind, post) as `told_of` gives them.
pub fn rows(rows: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    rows.iter().map(|(at, kind, post)| ((*at).into(), (*kind).into(), (*post).into())).collect()
}

/// What a story's engine is made of: without evidence and without links.
pub fn parts(store: Store, clock: Clock, settings: Settings, transport: Transport, seed: u64) -> Parts {
    Parts {
        store,
        clock,
        settings,
        templates: Templates::load(None).unwrap(),
        transport,
        vault: None,
        keys: None,
        process: Process::default(),
        seed: Some(seed),
    }
}

/// The office's post.
pub const OFFICE: &str = "委安委办/office";

impl Story {
    /// A fresh duban with the document's catalogue, whose clock stands at `begins`.
    pub async fn begin(kind: Kind, begins: &str) -> Option<Story> {
        Story::begin_with(kind, begins, settings(), &Seeds::embedded().unwrap()).await
    }

    pub async fn begin_with(kind: Kind, begins: &str, settings: Settings, seeds: &Seeds) -> Option<Story> {
        let database = Database::fresh(kind).await?;
        let mailbox = MemoryOutbox::new();
        let store = Store::open(&database.location).await.unwrap();
        let transport = Transport::Memory(mailbox.clone());
        let engine = Engine::new(parts(store, Clock::stepped(at(begins)), settings, transport, 7));
        first_start::set_up(&engine, seeds).await.unwrap();
        Some(Story { engine, mailbox, letters: Vec::new(), database })
    }

    /// Another process on the same database, with the same clock and mailbox.
    pub async fn second_engine(&self, seed: u64) -> Engine {
        let store = Store::open(&self.database.location).await.unwrap();
        let transport = Transport::Memory(self.mailbox.clone());
        Engine::new(parts(store, self.engine.clock.clone(), self.engine.settings.clone(), transport, seed))
    }

    /// Whatever the story was, the summaries count what there is.
    pub async fn end(self) {
        assert_recounted(&self.engine.store).await;
        self.engine.store.close().await;
        self.database.drop().await;
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.engine.clock.now()
    }

    /// Runs the daemon's jobs from now until then, that instant included.
    pub async fn run_until(&mut self, local: &str) {
        let mailbox = self.mailbox.clone();
        let mut letters = Vec::new();
        simulate::run_until(&self.engine, at(local), |now| {
            letters.extend(mailbox.drain().iter().map(|letter| read(now, letter)));
        })
        .await
        .unwrap();
        self.letters.extend(letters);
    }

    /// Lets time pass with the daemon stopped.
    pub fn sleep_until(&mut self, local: &str) {
        self.engine.clock.set(at(local));
    }

    /// The mail server is out of reach from now on.
    pub fn lose_mail(&self) {
        let outcome =
            Outcome::ConnectionDown { phase: Stage::Connect, reply: None, reason: Reason::TimedOut, alarm: false };
        for _ in 0..2000 {
            self.mailbox.script(Scripted { outcome: outcome.clone(), delivered: false });
        }
    }

    /// What it says to the next letters, instead of taking them.
    pub fn mail_says(&self, letters: usize, phase: Stage, reply: &str) {
        let (code, text) = reply.split_at(3);
        let reply = Reply { code: code.parse().unwrap(), text: text.trim().to_owned() };
        let outcome = classify(phase, &Failure::Reply(reply));
        for _ in 0..letters {
            self.mailbox.script(Scripted { outcome: outcome.clone(), delivered: outcome.is_sent() });
        }
    }

    /// It is there again.
    pub fn find_mail(&mut self) {
        self.mailbox = MemoryOutbox::new();
        self.engine.transport = Transport::Memory(self.mailbox.clone());
    }

    /// It knows nobody of the next letter's address, and says so.
    pub fn refuse_next(&self, reply: &str) {
        let outcome = Outcome::Refused { phase: Stage::Rcpt, reply: reply.into(), reason: Reason::Mailbox };
        self.mailbox.script(Scripted { outcome, delivered: false });
    }

    /// One pass, now.
    pub async fn pass(&mut self) {
        jobs::pass(&self.engine).await.unwrap();
        let now = self.now();
        let letters: Vec<Letter> = self.mailbox.drain().iter().map(|letter| read(now, letter)).collect();
        self.letters.extend(letters);
    }

    /// The obligation of that duty, unit and period.
    pub async fn stored(&self, duty: &str, unit: &str, period: &str) -> Stored {
        let mut tx = self.engine.store.read().await.unwrap();
        let found = tx.obligation_of(duty, unit, period).await.unwrap();
        found.unwrap_or_else(|| panic!("no obligation {duty} {unit} {period}"))
    }

    pub async fn obligation(&self, duty: &str, unit: &str, period: &str) -> Obligation {
        self.stored(duty, unit, period).await.obligation
    }

    pub async fn light(&self, duty: &str, unit: &str, period: &str) -> Light {
        Light::of(&self.obligation(duty, unit, period).await)
    }

    /// All that was told so far.
    pub async fn told(&self) -> Vec<Told> {
        self.engine.store.read().await.unwrap().all_told().await.unwrap()
    }

    /// What was told of one obligation, as (local time, kind, post).
    pub async fn told_of(&self, duty: &str, unit: &str, period: &str) -> Vec<(String, String, String)> {
        let told = self.told().await;
        let own = |told: &&Told| {
            told.duty == duty && told.period == period && told.owners.split(';').any(|owner| owner == unit)
        };
        let mut rows: Vec<_> = told
            .iter()
            .filter(own)
            .map(|told| {
                let sent = ZONE.local(told.sent_at.unwrap()).format("%m-%d %H:%M").to_string();
                (sent, told.kind.to_string(), format!("{}/{}", told.unit, told.role))
            })
            .collect();
        rows.sort();
        rows
    }

    /// Acts as a post (`质安处/liaison`).
    pub async fn act<T>(&self, post: &str, act: impl AsyncFnOnce(Actor<'_>) -> T) -> T {
        let known = self.engine.known().await.unwrap();
        let by = self::post(post);
        act(Actor { engine: &self.engine, known: &known, by: &by, lent: None, now: self.now() }).await
    }

    /// Files for an obligation as its unit's liaison; items as `计数项=名称`.
    pub async fn file(
        &self,
        duty: &str,
        unit: &str,
        period: &str,
        items: &[&str],
    ) -> Result<acts::submit::Receipt, acts::ActError> {
        let id = self.obligation(duty, unit, period).await.id;
        let items = items
            .iter()
            .map(|item| {
                let (counter, value) = item.split_once('=').unwrap();
                duban::domain::quota::Item { counter: counter.into(), value: value.into() }
            })
            .collect();
        let new = acts::submit::NewSubmission {
            receipt: None,
            unit: UnitName(unit.into()),
            obligations: vec![id],
            acted_on: None,
            items,
            note: "已办理".into(),
            files: Vec::new(),
        };
        self.act(&format!("{unit}/liaison"), async |actor| actor.submit(&new).await).await
    }

    /// The letters to an address that came in since a local time.
    pub fn letters_to(&self, address: &str, since: &str) -> Vec<&Letter> {
        self.letters.iter().filter(|letter| letter.to == address && letter.at >= at(since)).collect()
    }

    /// Where a post's letters go.
    pub async fn address(&self, post: &str) -> String {
        let known = self.engine.known().await.unwrap();
        known.address(&self::post(post), self.engine.today()).unwrap().to_owned()
    }
}

/// The summaries count what there is, of each kind.
pub async fn assert_recounted(store: &Store) {
    assert_eq!(store.read().await.unwrap().recount().await.unwrap().faults(), Vec::<String>::new());
}

/// A post from its written form.
/// The name of its series: one duty, form and owner.
pub fn series(obligation: &Obligation) -> String {
    format!("{} {:?} {:?}", obligation.duty, obligation.form, obligation.sole_owner())
}

pub fn post(text: &str) -> PostId {
    let (unit, role) = text.split_once('/').unwrap();
    PostId { unit: UnitName(unit.into()), role: Role::from_code(role).unwrap() }
}

/// A letter as a foreign parser reads it.
pub fn read(at: DateTime<Utc>, letter: &Received) -> Letter {
    let parsed = MessageParser::default().parse(&letter.raw).unwrap();
    Letter {
        at,
        to: letter.to.expose().to_owned(),
        subject: parsed.subject().unwrap().to_owned(),
        text: parsed.body_text(0).unwrap().into_owned(),
        message_id: letter.message_id.clone(),
    }
}
