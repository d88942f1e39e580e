//! A real process, killed at many random points and started again: nothing acknowledged is lost, nothing is there twice,
//! but for letters under the same Message-ID.
//!
//! A failing seed is printed and replays with `DUBAN_KILL_SEED=n tests/run -- --test suite kill::`.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::support::{
    self, BOTH, Database, Kind,
    smtp_server::{Setup, SmtpServer},
};
use duban::{clock::Clock, store::Store};
use mail_parser::MessageParser;
use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Letters claimed at once: what one kill may send a second time.
const BATCH: usize = 5;

struct Home {
    folder: tempfile::TempDir,
    config: PathBuf,
}

impl Home {
    fn new(database: &Database, port: u16) -> Home {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("duban.toml");
        let text = format!(
            "[database]\nurl = \"{}\"\n[mail]\nfrom = \"duban@post.internal\"\npace = \"0s\"\nbatch = {BATCH}\nlease = \"15s\"\n\
             connections = 2\n[mail.timeouts]\ntotal = \"10s\"\nconnect = \"2s\"\nbanner = \"5s\"\nhelo = \"5s\"\nmail = \"5s\"\n\
             rcpt = \"5s\"\ndata = \"5s\"\nblock = \"5s\"\nafter_dot = \"5s\"\n[mail.transport]\nkind = \"smtp\"\n\
             host = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n",
            database.url()
        );
        fs::write(&config, text).unwrap();
        Home { folder, config }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duban"));
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("DUBAN__CONSOLE__LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null());
        command.arg("--config").arg(&self.config).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn serve(&self) -> Child {
        self.command(&["serve"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Posts with addresses that are nobody's and yet no examples.
    fn take_in_posts(&self) {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/posts.csv");
        let posts = fs::read_to_string(seeds).unwrap().replace("@example.com", "@post.internal");
        let file = self.folder.path().join("posts.csv");
        fs::write(&file, posts).unwrap();
        self.run(&["migrate"]);
        self.run(&["post", "import", &file.display().to_string()]);
    }
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
        let mut running: Vec<Child> = (0..daemons).map(|_| home.serve()).collect();
        let event = format!("w{round}");
        let open = ["event", "open", "--type", "极端天气预警", "--place", "全市", "--id", &event];
        let mut opening = home.command(&open).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Now and then the command is killed too: then it may or may not have been done, but never half.
        if random.random_bool(0.3) {
            sleep(Duration::from_millis(random.random_range(0..250)));
            let _ = opening.kill();
        }
        if opening.wait().unwrap().success() {
            let answer = home.command(&["submit", "46.1", "质安处", &format!("event:{event}")]).output().unwrap();
            if answer.status.success() {
                let receipt = String::from_utf8(answer.stdout).unwrap();
                done.receipts.insert(receipt.lines().next().unwrap().trim().to_owned());
            }
            done.events.insert(event);
        }
        sleep(Duration::from_millis(random.random_range(5..900)));
        for daemon in &mut running {
            let _ = daemon.kill();
            let _ = daemon.wait();
            done.kills += 1;
        }
    }
    done
}

/// No step due, no notice without its letter, no letter waiting. Steps come first: right after a start nothing is
/// unwritten, because nothing was decided yet.
async fn drained(store: &Store, clock: &Clock) -> bool {
    let mut tx = store.read().await.unwrap();
    !tx.any_obligation_due(clock.now()).await.unwrap()
        && !tx.any_notice_unwritten().await.unwrap()
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
    let home = Home::new(&database, server.port());
    home.take_in_posts();
    let (home, done, random) = tokio::task::spawn_blocking(move || {
        let done = rounds(&home, daemons, &mut random);
        (home, done, random)
    })
    .await
    .unwrap();
    drop(random);
    // Peace: one daemon, until all is told.
    let mut daemon = home.serve();
    let store = Store::open(&database.location).await.unwrap();
    let mut patience = 0;
    while !drained(&store, &Clock::System).await {
        patience += 1;
        assert!(patience < 600, "seed {seed}: letters are still waiting after a minute of peace");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _ = daemon.kill();
    let _ = daemon.wait();
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
