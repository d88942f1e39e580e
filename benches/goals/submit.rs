//! Filing over HTTP: 32 connections, each waiting for its receipt, beside a bare axum that commits in groups too.
//!
//! The limit does what no filing can do without: reads the same JSON body, waits with others for one transaction on a disk
//! that is waited for, answers. That transaction writes what a filing writes, for all who wait at once: the submission, what
//! it counts for, the obligation, an entry of the log. Both servers run in this process, as does the client.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::Size;
use crate::base::{Database, HASH, Kind, LOG, LOG_COLUMNS, ZONE, by_the_thousand, engine, seeds};
use crate::report::{Goal, Report, median, rate};
use duban::acts::entry::{Spans, new_secret};
use duban::acts::first_start;
use duban::clock::monotonic;
use duban::domain::phase::Phase;
use duban::engine::Engine;
use duban::jobs::{materialise, step};
use duban::mail::{MemoryOutbox, Transport};
use duban::read::health::Limits;
use duban::store::Store;
use duban::store::access::{CredentialKind, NewCredential};
use duban::store::row::Stored;
use duban::web::listen::Patience;
use duban::web::{self, App, Options};

const PATH: &str = "/api/v1/submissions";
const CONNECTIONS: usize = 32;
/// Filings that the limit's writer takes into one transaction.
const GROUP: usize = 256;

fn now() -> DateTime<Utc> {
    "2022-10-12T10:00:00+08:00".parse().unwrap()
}

/// Both databases.
pub async fn measure(size: Size, report: &mut Report) {
    let filings = match size {
        Size::Quick => 320,
        Size::Default => 8000,
        Size::Huge => 20_000,
    };
    for kind in Kind::all() {
        let (mut ours, mut limit, mut slow, mut limits_slow) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..size.runs() {
            let bare = bare(kind, filings).await;
            limit.push(bare.rate());
            limits_slow.push(bare.p99());
            let filed = ours_of(kind, filings, false).await;
            ours.push(filed.rate());
            slow.push(filed.p99());
        }
        let (ours, limit) = (median(ours), median(limit));
        let case = format!("{}: {filings} filings, {CONNECTIONS} connections", kind.name());
        let bare = format!("the same rows by bare axum and SQL {}", rate(limit, "filing"));
        report.line("submit", case, rate(ours, "filing"), bare, Some(ours / limit), Goal::AtLeast(0.5));
        let case = format!("{}: p99 of the same", kind.name());
        let (slow, limits_slow) = (median(slow) * 1000.0, median(limits_slow) * 1000.0);
        report.line(
            "submit",
            case,
            format!("{slow:.1} ms"),
            format!("{limits_slow:.1} ms"),
            Some(slow / limits_slow),
            Goal::Shown,
        );
        let busy = ours_of(kind, filings, true).await;
        let case = format!("{}: p99 while passes run", kind.name());
        let busy = busy.p99() * 1000.0;
        report.line("submit", case, format!("{busy:.1} ms"), String::new(), None, Goal::Absolute(busy, 100.0, "ms"));
    }
}

/// How long each request took, and all of them together.
struct Taken {
    each: Vec<f64>,
    all: f64,
}

impl Taken {
    fn rate(&self) -> f64 {
        self.each.len() as f64 / self.all
    }

    fn p99(&self) -> f64 {
        let mut each = self.each.clone();
        each.sort_by(f64::total_cmp);
        each[each.len() * 99 / 100]
    }
}

/// Sends the requests over so many connections, each as soon as the one before it was answered.
async fn load(at: SocketAddr, requests: Arc<Vec<Vec<u8>>>) -> Taken {
    let next = Arc::new(AtomicUsize::new(0));
    let began = monotonic();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let (next, requests) = (Arc::clone(&next), Arc::clone(&requests));
        clients.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut each, mut buffer) = (Vec::new(), vec![0_u8; 16 << 10]);
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let sent = monotonic();
                stream.write_all(request).await.unwrap();
                answer(&mut stream, &mut buffer).await;
                each.push(sent.elapsed().as_secs_f64());
            }
            each
        }));
    }
    let mut each = Vec::new();
    for client in clients {
        each.extend(client.await.unwrap());
    }
    Taken { each, all: began.elapsed().as_secs_f64() }
}

/// Reads one answer to its end; it must say that it was made.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) {
    let mut read = 0;
    loop {
        let n = stream.read(&mut buffer[read..]).await.unwrap();
        assert!(n > 0, "the server hung up");
        read += n;
        let text = String::from_utf8_lossy(&buffer[..read]);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let length: usize = length.expect("an answer with its length");
        if body.len() >= length {
            assert!(head.starts_with("HTTP/1.1 201"), "{head}\n{body}");
            return;
        }
    }
}

fn request(token: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A database with enough that is open, and as many filings, each for another obligation.
struct Prepared {
    database: Database,
    engine: Engine,
    requests: Arc<Vec<Vec<u8>>>,
}

impl Prepared {
    async fn new(kind: Kind, filings: usize) -> Prepared {
        let database = Database::fresh(kind).await;
        let transport = Transport::Memory(MemoryOutbox::new());
        let engine = engine(database.store.clone(), now() - TimeDelta::days(9), 1, transport);
        first_start::set_up(&engine, &seeds(filings.div_ceil(300).max(1))).await.unwrap();
        for days in (0..=9).rev() {
            engine.clock.set(now() - TimeDelta::days(days));
            materialise::run(&engine, engine.clock.now()).await.unwrap();
            step::run(&engine, engine.clock.now()).await.unwrap();
        }
        let token = token(&engine).await;
        let open = database.store.read().await.unwrap().live_obligations(Phase::Open).await.unwrap();
        let wanted = open.iter().filter(|row| row.obligation.owners.len() == 1).take(filings);
        let filing = |row: &Stored| {
            let unit = &row.obligation.owners[0].0;
            request(&token, &json!({ "unit": unit, "obligations": [row.obligation.id], "note": "已办" }))
        };
        let requests: Vec<Vec<u8>> = wanted.map(filing).collect();
        assert_eq!(requests.len(), filings, "not enough is open");
        Prepared { database, engine, requests: Arc::new(requests) }
    }
}

/// A new token of the office's.
async fn token(engine: &Engine) -> String {
    let (token, hash) = new_secret();
    let office = engine.known().await.unwrap().roster.office_post();
    let credential = NewCredential {
        maker: None,
        kind: CredentialKind::Token,
        hash,
        unit: office.unit.0.clone(),
        role: office.role.code().into(),
        how: "bench".into(),
        name: "bench".into(),
        scopes: "read file".into(),
        created_at: now(),
        ends_at: None,
    };
    let mut tx = engine.store.write().await.unwrap();
    tx.insert_credential(&credential).await.unwrap();
    tx.commit().await.unwrap();
    token
}

/// duban's own console.
async fn ours_of(kind: Kind, filings: usize, busy: bool) -> Taken {
    let Prepared { database, engine, requests } = Prepared::new(kind, filings).await;
    let engine = Arc::new(engine);
    let stop = CancellationToken::new();
    let at = serve(Arc::clone(&engine), stop.clone()).await;
    let passes = tokio::spawn({
        let (engine, stop) = (Arc::clone(&engine), stop.clone());
        async move {
            let mut minutes = 0;
            while busy && !stop.is_cancelled() {
                minutes += 1;
                engine.clock.set(now() + TimeDelta::minutes(minutes));
                duban::jobs::pass(&engine).await.unwrap();
            }
        }
    });
    let taken = load(at, requests).await;
    stop.cancel();
    passes.await.unwrap();
    database.drop().await;
    taken
}

async fn serve(engine: Arc<Engine>, stop: CancellationToken) -> SocketAddr {
    let limits = Limits { pass: TimeDelta::hours(1), unsent: TimeDelta::hours(1), mail_down: TimeDelta::hours(1) };
    let options = Options {
        spans: Spans { idle: TimeDelta::hours(1), longest: TimeDelta::hours(1) },
        gateways: Vec::new(),
        gateway_header: None,
        ranking: false,
        public: web::public::Public::default(),
        limits,
        largest: 1 << 20,
        daily: 1 << 30,
    };
    let app = App::new(Box::new(move || Arc::clone(&engine)), options);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(web::listen::serve(listener, web::router(&app), Patience::default(), stop));
    at
}

/// What a filing says.
#[derive(Deserialize)]
struct Asked {
    unit: String,
    obligations: Vec<i64>,
    note: String,
}

/// A filing that waits for its commit.
type Waiting = (Asked, oneshot::Sender<()>);

/// The limit.
async fn bare(kind: Kind, filings: usize) -> Taken {
    let Prepared { database, requests, .. } = Prepared::new(kind, filings).await;
    let (send, mut waiting) = mpsc::channel::<Waiting>(GROUP);
    let store = database.store.clone();
    let units = database.unit_ids().await;
    let writer = tokio::spawn(async move {
        let (mut group, mut filed) = (Vec::with_capacity(GROUP), 0);
        while waiting.recv_many(&mut group, GROUP).await > 0 {
            let (asked, done): (Vec<Asked>, Vec<_>) = group.drain(..).unzip();
            write(&store, &units, &asked, filed).await;
            filed += asked.len();
            for done in done {
                let _ = done.send(());
            }
        }
    });
    let router = Router::new().route(PATH, post(take)).with_state(send);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let taken = load(at, requests).await;
    server.abort();
    tokio::time::sleep(Duration::from_millis(50)).await;
    writer.abort();
    let written = database.number(
        "SELECT COUNT(*) FROM submission_for JOIN log ON log.obligation = submission_for.obligation \
        JOIN obligation ON obligation.id = submission_for.obligation WHERE action = 'submit' AND filed_at IS NOT NULL",
    );
    assert_eq!(written.await, i64::try_from(filings).unwrap());
    database.drop().await;
    taken
}

async fn take(State(send): State<mpsc::Sender<Waiting>>, Json(asked): Json<Asked>) -> (StatusCode, &'static str) {
    let (done, wait) = oneshot::channel();
    send.send((asked, done)).await.unwrap();
    wait.await.unwrap();
    (StatusCode::CREATED, "ok")
}

const SUBMISSION: &str =
    "INSERT INTO submission (id, unit, by_post, acted_on, received_at, items, note) VALUES {values}";
const FOR: &str = "INSERT INTO submission_for (submission, obligation) VALUES {values}";
const FILED: &str = "WITH v (id, phase, filed_at, closed_at, settled_to, log_head) AS (VALUES {values}) \
    UPDATE obligation SET revision = obligation.revision + 1, phase = v.phase, filed_at = v.filed_at, \
    closed_at = v.closed_at, settled_to = v.settled_to, next_at = NULL, log_head = v.log_head \
    FROM v WHERE obligation.id = v.id";
const OFFICE: &str = "委安委办/office";

/// A group's rows, in one transaction; before it so many were filed.
async fn write(store: &Store, units: &HashMap<String, i64>, group: &[Asked], filed: usize) {
    let (now, day) = (now(), ZONE.day_of(now()));
    let numbered: Vec<(String, &Asked)> =
        group.iter().enumerate().map(|(n, asked)| (format!("R{:010}", filed + n), asked)).collect();
    let mut tx = store.write().await.unwrap();
    by_the_thousand!(tx, SUBMISSION, 7, numbered, |query, (number, asked)| query
        .bind(number)
        .bind(units[&asked.unit])
        .bind(OFFICE)
        .bind(day)
        .bind(now)
        .bind("[]")
        .bind(&asked.note));
    by_the_thousand!(tx, FOR, 2, numbered, |query, (number, asked)| query.bind(number).bind(asked.obligations[0]));
    by_the_thousand!(tx, FILED, 6, group, |query, asked| query
        .bind(asked.obligations[0])
        .bind("done")
        .bind(now)
        .bind(now)
        .bind(now)
        .bind(HASH));
    by_the_thousand!(tx, LOG, LOG_COLUMNS, numbered, |query, (number, asked)| query
        .bind(asked.obligations[0])
        .bind(now)
        .bind(OFFICE)
        .bind("submit")
        .bind(json!({ "receipt": number, "acted_on": day, "items": [], "files": [] }).to_string())
        .bind(HASH));
    tx.commit().await.unwrap();
}
