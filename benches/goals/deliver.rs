//! Sending: letters a second to a sink on this machine, beside a bare client and beside draining a table by bare SQL.

use std::collections::VecDeque;
use std::process::Stdio;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use tokio::process::Command;
use tokio::sync::{Mutex, mpsc};

use crate::base::{Database, Kind, by_the_thousand, either, engine, settings};
use crate::client::{Client, dotted};
use crate::report::{Goal, Report, median, rate, secs};
use crate::sink::Sink;
use crate::{ROLE, Size, machine};
use duban::acts::first_start;
use duban::catalogue::Seeds;
use duban::clock::monotonic;
use duban::domain::letter::LetterKind;
use duban::jobs::deliver;
use duban::mail::{
    LetterContext, Mailbox, MemoryOutbox, Outcome, Outgoing, Smtp, SmtpSettings, Templates, TlsMode, Transport,
    fill_link, message_id, parse_address,
};
use duban::store::{Location, Store, bulk};

const SESSIONS: usize = 8;
/// What the process that drains is told.
const TASK: &str = "DUBAN_BENCH_TASK";

fn now() -> DateTime<Utc> {
    "2022-10-31T09:00:00+08:00".parse().unwrap()
}

/// What the process that drains is told.
#[derive(Serialize, Deserialize)]
struct Task {
    url: String,
    port: u16,
    connections: usize,
}

/// What it says.
#[derive(Serialize, Deserialize)]
struct Drained {
    sent: u64,
    seconds: f64,
    cpu_seconds: f64,
    peak_kb: f64,
}

/// Everything about letters.
pub async fn measure(size: Size, report: &mut Report) {
    let (few, many) = match size {
        Size::Quick => (300, 600),
        Size::Default => (10_000, 30_000),
        Size::Huge => (10_000, 100_000),
    };
    let runs = size.runs();
    let sink = Sink::start().await;
    let outgoing = letter();
    let body = Arc::new(dotted(&outgoing.build().unwrap()));
    report.progress(&format!("a letter is {} bytes on the wire", body.len()));
    one_connection(&sink, &outgoing, if size == Size::Quick { 50 } else { 1000 }, report).await;
    for kind in Kind::all() {
        let few_peak = rates(kind, &sink, &body, few, runs, report).await;
        if kind == Kind::Sqlite {
            growth(kind, &sink, (few, few_peak), many, report).await;
        }
    }
    smtp_source(&sink, body.len(), few, runs, report).await;
    report.note(format!(
        "deliver: letters of {} bytes on the wire, {SESSIONS} sessions unless said; the sink is a process of its own.",
        body.len()
    ));
    if find("postconf").is_none() {
        report.note("deliver: no Postfix here, so the goal of 0.7× of what a real one takes was not measured.");
    }
}

/// A full letter as the templates write it.
fn letter() -> Outgoing {
    let rendered = Templates::load(None).unwrap().letter(&LetterContext::sample(LetterKind::Chase)).unwrap();
    let settings = settings(1);
    Outgoing {
        message_id: message_id("bench", &settings.from.address),
        from: settings.from.clone(),
        reply_to: None,
        to: Mailbox::new("质安处联络员", parse_address("p1@post.internal").unwrap()),
        subject: rendered.subject,
        text: fill_link(&rendered.text, None),
        html: fill_link(&rendered.html, None),
        date: settings.zone.local(now()).fixed_offset(),
        in_reply_to: None,
    }
}

fn smtp(port: u16, connections: usize) -> Transport {
    let settings = SmtpSettings { connections, ..SmtpSettings::new("127.0.0.1", port, TlsMode::None) };
    Transport::Smtp(Smtp::new(settings).unwrap())
}

/// Letter by letter over one connection: the guard against a stall between body and dot.
async fn one_connection(sink: &Sink, outgoing: &Outgoing, letters: usize, report: &mut Report) {
    let mut session = smtp(sink.port, 1).session();
    let mut taken = Vec::with_capacity(letters);
    for _ in 0..letters {
        let began = monotonic();
        let outcome = session.send(outgoing).await;
        taken.push(secs(began.elapsed()) * 1e3);
        assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
    }
    session.close().await;
    let taken = median(taken);
    report.line(
        "deliver",
        format!("one connection, {letters} letters one after the other, median"),
        format!("{taken:.2} ms"),
        "",
        None,
        Goal::Absolute(taken, 5.0, "ms"),
    );
}

/// A database whose outbox holds so many letters.
async fn queued(kind: Kind, letters: usize) -> Database {
    let database = Database::fresh(kind).await;
    let engine = engine(database.store.clone(), now(), 1, Transport::Memory(MemoryOutbox::new()));
    first_start::set_up(&engine, &Seeds::embedded().unwrap()).await.unwrap();
    let rendered = Templates::load(None).unwrap().letter(&LetterContext::sample(LetterKind::Chase)).unwrap();
    let letter = "INSERT INTO letter (message_id, slot_key, kind, urgent, posts, address, subject, written_at, state, \
        next_try_at) \
        WITH RECURSIVE k (n) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT n + 1 FROM k WHERE n < $2) \
        SELECT '<b' || n || '@post.internal>', 'bench/' || n, 'chase', FALSE, '质安处/liaison', \
        'p' || n || '@post.internal', $3, $4, 'queued', $4 FROM k";
    let body = "INSERT INTO letter_body (letter, body_text, body_html) \
        SELECT id, $1, $2 FROM letter WHERE id NOT IN (SELECT letter FROM letter_body)";
    for first in (1..=letters).step_by(5000) {
        let last = (first + 4999).min(letters);
        let (first, last) = (i64::try_from(first).unwrap(), i64::try_from(last).unwrap());
        either!(&database.store, Store, |pool| {
            let query = sqlx::query(letter).bind(first).bind(last).bind(&rendered.subject).bind(now());
            query.execute(pool).await.unwrap();
            sqlx::query(body).bind(&rendered.text).bind(&rendered.html).execute(pool).await.unwrap();
        });
    }
    database.settle().await;
    database
}

async fn unsent(database: &Database) -> i64 {
    database.number("SELECT COUNT(*) FROM letter WHERE state <> 'sent' OR next_try_at IS NOT NULL").await
}

/// Drains in a process of its own, so that its memory is its own.
async fn drain(database: &Database, sink: &Sink, letters: usize) -> Drained {
    let task = Task { url: database.url.clone(), port: sink.port, connections: SESSIONS };
    machine::sync();
    let output = Command::new(std::env::current_exe().unwrap())
        .env(ROLE, "drain")
        .env(TASK, serde_json::to_string(&task).unwrap())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "the draining process failed");
    let drained: Drained = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((drained.sent, unsent(database).await), (letters as u64, 0));
    drained
}

/// What the draining process does.
pub async fn drain_here() {
    let task: Task = serde_json::from_str(&std::env::var(TASK).unwrap()).unwrap();
    let location: Location = task.url.parse().unwrap();
    let store = Store::open(&location).await.unwrap();
    let engine = engine(store, now() + TimeDelta::seconds(1), task.connections, smtp(task.port, task.connections));
    engine.known().await.unwrap();
    let me = std::process::id();
    let cpu = machine::cpu_seconds(me);
    let began = monotonic();
    let delivered = deliver::run(&engine).await.unwrap();
    let drained = Drained {
        sent: delivered.sent,
        seconds: secs(began.elapsed()),
        cpu_seconds: machine::cpu_seconds(me) - cpu,
        peak_kb: machine::status_kb(me, "VmHWM"),
    };
    println!("{}", serde_json::to_string(&drained).unwrap());
    engine.store.close().await;
}

/// Ours, the bare client and the drain limit in turn. Returns the peak of the draining process in kB.
async fn rates(kind: Kind, sink: &Sink, body: &Arc<Vec<u8>>, letters: usize, runs: usize, report: &mut Report) -> f64 {
    let (mut ours, mut bare, mut limit, mut peaks, mut cpu, mut fsync) =
        (vec![], vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..runs {
        let database = queued(kind, letters).await;
        fsync.push(machine::fsync_4k());
        let drained = drain(&database, sink, letters).await;
        database.drop().await;
        ours.push(drained.seconds);
        peaks.push(drained.peak_kb);
        cpu.push(drained.cpu_seconds);
        bare.push(bare_client(sink.port, body, letters).await);
        let database = queued(kind, letters).await;
        machine::sync();
        limit.push(drain_limit(&database.store, sink.port, body, letters).await);
        assert_eq!(unsent(&database).await, 0);
        database.drop().await;
    }
    let per_second = |seconds: &[f64]| letters as f64 / median(seconds.to_vec());
    let figure = format!(
        "{}, {:.0} µs of processor each",
        rate(per_second(&ours), "letter"),
        median(cpu) * 1e6 / letters as f64
    );
    let case = format!("{letters} letters, {SESSIONS} connections, {}", kind.name());
    report.line(
        "deliver",
        format!("{case}, beside a bare client"),
        figure.clone(),
        format!("bare client {}", rate(per_second(&bare), "letter")),
        Some(per_second(&ours) / per_second(&bare)),
        Goal::AtLeast(0.6),
    );
    report.line(
        "deliver",
        format!("{case}, beside the drain limit"),
        figure,
        format!("bare SQL and client {} (fsync_4k {:.0}/s)", rate(per_second(&limit), "letter"), median(fsync)),
        Some(per_second(&ours) / per_second(&limit)),
        Goal::AtLeast(0.5),
    );
    median(peaks)
}

/// Whether memory grows with the number of letters.
async fn growth(kind: Kind, sink: &Sink, few: (usize, f64), many: usize, report: &mut Report) {
    report.progress(&format!("queueing {many} letters"));
    let database = queued(kind, many).await;
    let drained = drain(&database, sink, many).await;
    database.drop().await;
    let grown = (drained.peak_kb - few.1) / 1024.0;
    report.line(
        "deliver",
        format!("{many} letters, {}: peak memory against {} letters", kind.name(), few.0),
        format!("{:.1} MB, {}", drained.peak_kb / 1024.0, rate(many as f64 / drained.seconds, "letter")),
        format!("{:.1} MB", few.1 / 1024.0),
        None,
        Goal::Absolute(grown, 8.0, "MB more"),
    );
}

/// The same bytes, the same number of sessions, no database. Seconds.
async fn bare_client(port: u16, body: &Arc<Vec<u8>>, letters: usize) -> f64 {
    let began = monotonic();
    let work = (0..SESSIONS).map(|session| {
        let body = Arc::clone(body);
        let share = letters / SESSIONS + usize::from(session < letters % SESSIONS);
        tokio::spawn(async move {
            let mut client = Client::connect(port).await;
            for _ in 0..share {
                client.send("p1@post.internal", &body).await;
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    secs(began.elapsed())
}

const CLAIM: &str = "UPDATE letter SET state = 'leased', lease_owner = 'bench', next_try_at = $2, attempts = attempts + 1 \
    WHERE id IN (SELECT id FROM letter WHERE next_try_at IS NOT NULL AND next_try_at <= $1 \
        ORDER BY urgent DESC, next_try_at, id LIMIT 200) \
    RETURNING id, address, subject";
const BODIES: &str = "SELECT letter, body_text, body_html FROM letter_body WHERE letter IN ({list})";
const MARK: &str = "WITH v (id, sent_at, reply) AS (VALUES {values}) UPDATE letter SET state = 'sent', sent_at = v.sent_at, \
    reply = v.reply, next_try_at = NULL, lease_owner = NULL FROM v WHERE letter.id = v.id";

/// Claims and marks by the batch, side by side with the sending: as fast as a table can be drained. Seconds.
async fn drain_limit(store: &Store, port: u16, body: &Arc<Vec<u8>>, letters: usize) -> f64 {
    let began = monotonic();
    let (work, todo) = mpsc::channel::<(i64, String)>(200);
    let todo = Arc::new(Mutex::new(todo));
    let (ack, mut acks) = mpsc::channel::<i64>(1000);
    for _ in 0..SESSIONS {
        let (todo, ack, body) = (Arc::clone(&todo), ack.clone(), Arc::clone(body));
        tokio::spawn(async move {
            let mut client = Client::connect(port).await;
            loop {
                let next = todo.lock().await.recv().await;
                let Some((id, address)) = next else { return };
                client.send(&address, &body).await;
                ack.send(id).await.unwrap();
            }
        });
    }
    drop(ack);
    let claiming = tokio::spawn(claim_all(store.clone(), work));
    let mut sent: Vec<i64> = Vec::new();
    let mut marked = 0;
    while acks.recv_many(&mut sent, 200).await > 0 {
        let mut tx = store.write().await.unwrap();
        by_the_thousand!(tx, MARK, 3, sent, |query, id| query.bind(id).bind(now()).bind("250 taken"));
        tx.commit().await.unwrap();
        marked += sent.len();
        sent.clear();
    }
    claiming.await.unwrap();
    assert_eq!(marked, letters);
    secs(began.elapsed())
}

async fn claim_all(store: Store, work: mpsc::Sender<(i64, String)>) {
    loop {
        let mut tx = store.write().await.unwrap();
        let marks = tx.marks();
        let claimed: VecDeque<(i64, String)> = either!(&mut tx.open, Open, |c| {
            let query = sqlx::query(CLAIM).bind(now()).bind(now() + TimeDelta::minutes(10));
            let rows = query.fetch_all(&mut **c).await.unwrap();
            let claimed: VecDeque<(i64, String)> = rows.iter().map(|row| (row.get("id"), row.get("address"))).collect();
            if !claimed.is_empty() {
                let mut query = sqlx::query(bulk::list(marks, BODIES, 1, claimed.len()));
                for (id, _) in &claimed {
                    query = query.bind(*id);
                }
                assert_eq!(query.fetch_all(&mut **c).await.unwrap().len(), claimed.len());
            }
            claimed
        });
        tx.commit().await.unwrap();
        if claimed.is_empty() {
            return;
        }
        for letter in claimed {
            work.send(letter).await.unwrap();
        }
    }
}

/// A program in the usual folders.
fn find(name: &str) -> Option<std::path::PathBuf> {
    ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/sbin"]
        .iter()
        .map(|folder| std::path::Path::new(folder).join(name))
        .find(|path| path.exists())
}

/// Postfix's own sender to the same sink, where it is installed: what the bare client stands for.
async fn smtp_source(sink: &Sink, bytes: usize, letters: usize, runs: usize, report: &mut Report) {
    let Some(program) = find("smtp-source") else {
        report.note("deliver: smtp-source is not installed; the bare client, which waits as it does, stands for it.");
        return;
    };
    let mut taken = Vec::new();
    for _ in 0..runs {
        let began = monotonic();
        let status = Command::new(&program)
            .args(["-d", "-s", &SESSIONS.to_string(), "-l", &bytes.to_string(), "-m", &letters.to_string()])
            .args(["-f", "duban@post.internal", "-t", "p1@post.internal", &format!("127.0.0.1:{}", sink.port)])
            .status()
            .await
            .unwrap();
        assert!(status.success(), "smtp-source failed");
        taken.push(secs(began.elapsed()));
    }
    report.line(
        "deliver",
        format!("{letters} letters, {SESSIONS} sessions by smtp-source, for comparison"),
        rate(letters as f64 / median(taken), "letter"),
        "",
        None,
        Goal::Shown,
    );
}
