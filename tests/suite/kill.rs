//! A real process, killed at many random points and started again: nothing acknowledged is lost, nothing is there twice,
//! but for letters under the same Message-ID.
//!
//! A failing seed is printed and replays with `DUBAN_KILL_SEED=n tests/run -- --test suite kill::`.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use mail_parser::MessageParser;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::daemon::{Daemon, Home};
use crate::support::smtp_server::{Setup, SmtpServer};
use crate::support::{self, BOTH, Database, Kind, ZONE};
use duban::clock::Clock;
use duban::engine::Known;
use duban::jobs::write;
use duban::store::Store;

/// Letters claimed at once: what one kill may send a second time.
const BATCH: usize = 5;

const CONFIG: [&str; 2] = ["--config", "duban.toml"];

/// A duban that sends to that port, with posts whose addresses are nobody's and yet no examples.
fn home(database: &Database, port: u16) -> Home {
    let home = Home::beside(database);
    home.write(
        "duban.toml",
        &format!(
            "[mail]\nfrom = \"duban@post.internal\"\npace = \"0s\"\nbatch = {BATCH}\nlease = \"15s\"\nconnections = 2\n\
             [mail.timeouts]\ntotal = \"10s\"\nconnect = \"2s\"\nbanner = \"5s\"\nhelo = \"5s\"\nmail = \"5s\"\nrcpt = \"5s\"\n\
             data = \"5s\"\nblock = \"5s\"\nafter_dot = \"5s\"\n[mail.transport]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\n\
             port = {port}\ntls = \"none\"\n"
        ),
    );
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/posts.csv");
    home.write("posts.csv", &fs::read_to_string(seeds).unwrap().replace("@example.com", "@post.internal"));
    for arguments in [&["migrate"][..], &["post", "import", "posts.csv"]] {
        let done = home.run(&[arguments, &CONFIG].concat());
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.all());
    }
    home
}

fn seed() -> u64 {
    std::env::var("DUBAN_KILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random)
}

/// What the rounds did that was acknowledged.
#[derive(Default)]
struct Acknowledged {
    receipts: BTreeSet<String>,
    events: BTreeSet<String>,
    kills: usize,
}

/// Daemons come and go while events are opened and answered.
fn rounds(home: &Home, daemons: usize, random: &mut StdRng) -> Acknowledged {
    let many = if std::env::var("DUBAN_TEST_LONG").is_ok() { 120 } else { 12 };
    let mut done = Acknowledged::default();
    for round in 0..many {
        let running: Vec<Daemon> = (0..daemons).map(|_| home.serve(&CONFIG)).collect();
        let event = format!("w{round}");
        let open =
            [&["event", "open", "--type", "极端天气预警", "--place", "全市", "--id", &event], &CONFIG[..]].concat();
        let mut opening = home.command(&open).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Now and then the command is killed too: then it may or may not have been done, but never half.
        if random.random_bool(0.3) {
            sleep(Duration::from_millis(random.random_range(0..250)));
            let _ = opening.kill();
        }
        if opening.wait().unwrap().success() {
            let event_of = format!("event:{event}");
            let answer =
                home.run(&[&["submit", "46.1", "质安处", &event_of, "--note", "已叫应"], &CONFIG[..]].concat());
            if answer.code == Some(0) {
                done.receipts.insert(answer.out.lines().next().unwrap().trim().to_owned());
            }
            done.events.insert(event);
        }
        sleep(Duration::from_millis(random.random_range(5..900)));
        done.kills += running.len();
        drop(running);
    }
    done
}

/// No step due, no notice without its letter but what is left to a slot that is near, no letter waiting. Steps come
/// first: right after a start nothing is unwritten, because nothing was decided yet.
async fn drained(store: &Store, clock: &Clock) -> bool {
    let mut tx = store.read().await.unwrap();
    let known = Known::read(&mut tx, ZONE).await.unwrap();
    !tx.any_obligation_due(clock.now()).await.unwrap()
        && !write::any_to_write(&mut tx, &known, clock.now()).await.unwrap()
        && tx.next_letter_at().await.unwrap().is_none()
}

async fn check(store: &Store, done: &Acknowledged, server: &SmtpServer, seed: u64) {
    let mut tx = store.read().await.unwrap();
    for receipt in &done.receipts {
        assert!(tx.submission(receipt).await.unwrap().is_some(), "seed {seed}: acknowledged {receipt} is lost");
    }
    let known: BTreeSet<String> = tx.events().await.unwrap().into_iter().map(|event| event.event.id).collect();
    assert!(done.events.is_subset(&known), "seed {seed}: an acknowledged event is lost");
    for event in &known {
        // Thirteen units, two duties: all of them or none.
        let rows = tx.obligations_of_period(&format!("event:{event}")).await.unwrap();
        assert_eq!(rows.len(), 26, "seed {seed}: event {event}");
        for row in rows {
            let told = tx.notices_of(row.obligation.id).await.unwrap();
            let opening: BTreeSet<&str> =
                told.iter().filter(|n| n.at == row.obligation.opens_at).map(|n| n.role.as_str()).collect();
            let waits = row.obligation.filed_at.is_none();
            assert!(!waits || opening == BTreeSet::from(["deputy", "liaison"]), "seed {seed}: {told:?}");
        }
    }
    assert_eq!(
        tx.failed_notices().await.unwrap().iter().filter(|(_, why)| why != "filed before it was told").count(),
        0
    );
    let mut copies: HashMap<String, usize> = HashMap::new();
    for mail in server.received() {
        let parsed = MessageParser::default().parse(&mail.raw).unwrap();
        *copies.entry(format!("<{}>", parsed.message_id().unwrap())).or_default() += 1;
    }
    let mut letters = 0;
    for letter in tx.letters_page(0, 1_000_000).await.unwrap() {
        letters += 1;
        assert_eq!(letter.state.code(), "sent", "seed {seed}: {letter:?}");
        assert!(copies.contains_key(&letter.message_id), "seed {seed}: marked as sent, never arrived: {letter:?}");
    }
    assert_eq!(copies.len(), letters, "seed {seed}: a letter arrived that is not in the outbox");
    let extra: usize = copies.values().map(|n| n - 1).sum();
    assert!(extra <= done.kills * BATCH, "seed {seed}: {extra} copies after {} kills", done.kills);
    assert_eq!(tx.verify_log().await.unwrap(), Vec::<String>::new());
}

async fn story(kind: Kind, daemons: usize) {
    let Some(database) = Database::fresh(kind).await else { return };
    let seed = seed();
    eprintln!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let server = SmtpServer::start(Setup::default()).await;
    let home = home(&database, server.port());
    let (home, done, random) = tokio::task::spawn_blocking(move || {
        let done = rounds(&home, daemons, &mut random);
        (home, done, random)
    })
    .await
    .unwrap();
    drop(random);
    // Peace: one daemon, until all is told.
    let daemon = home.serve(&CONFIG);
    let store = Store::open(&database.location).await.unwrap();
    let mut patience = 0;
    while !drained(&store, &Clock::System).await {
        patience += 1;
        assert!(patience < 600, "seed {seed}: letters are still waiting after a minute of peace");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(daemon);
    assert!(!done.events.is_empty() && !done.receipts.is_empty(), "seed {seed}: nothing was acknowledged at all");
    check(&store, &done, &server, seed).await;
    support::assert_recounted(&store).await;
    store.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_on_either_database() {
    for kind in BOTH {
        story(kind, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_daemons_on_one_postgres_share_the_work() {
    story(Kind::Postgres, 2).await;
}
