//! What systemd's watchdog is fed by: passes that come back and a database that takes a transaction. Not a timer, which
//! would go on when nothing else does, and not the mail.

use std::io::{ErrorKind, Read};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::Duration;

use crate::support::Kind;
use crate::support::daemon::{Connected, Daemon, Home, accept, wait_for};

/// What systemd would allow between two feedings. A pass is made three times as often.
const ALLOWED: Duration = Duration::from_secs(3);

/// Hears what the daemon tells systemd.
struct Ear {
    path: PathBuf,
    heard: Arc<Mutex<String>>,
}

impl Ear {
    fn at(home: &Home) -> Ear {
        let path = home.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let heard = Arc::new(Mutex::new(String::new()));
        let all = Arc::clone(&heard);
        // It ends with the test's process.
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(size) = socket.recv(&mut bytes) {
                all.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..size]));
            }
        });
        Ear { path, heard }
    }

    fn count(&self, line: &str) -> usize {
        self.heard.lock().unwrap().lines().filter(|own| *own == line).count()
    }

    fn fed(&self) -> usize {
        self.count("WATCHDOG=1")
    }

    fn serve(&self, home: &Home, arguments: &[&str]) -> Daemon {
        let allowed = ALLOWED.as_micros().to_string();
        let vars = [("NOTIFY_SOCKET", self.path.to_str().unwrap()), ("WATCHDOG_USEC", &allowed)];
        home.serve_with(arguments, &vars).wait_ready()
    }

    /// Nothing feeds it, for twice as long as systemd would have waited: there is no event to wait for when nothing is to
    /// happen.
    fn stays_unfed(&self, why: &str) {
        let before = self.fed();
        sleep(2 * ALLOWED);
        assert_eq!(self.fed(), before, "{why}, and the watchdog is fed");
    }

    /// A daemon in good health feeds it again and again.
    fn wait_fed(&self) {
        let before = self.fed();
        wait_for("the feeding", || self.fed() >= before + 3);
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Sends statements over a connection that stays open.
async fn tell(connected: &mut Connected, statements: &[&'static str]) {
    for statement in statements {
        match connected {
            Connected::Sqlite(connection) => drop(sqlx::query(*statement).execute(connection).await.unwrap()),
            Connected::Postgres(connection) => drop(sqlx::query(*statement).execute(connection).await.unwrap()),
        }
    }
}

#[test]
fn a_locked_sqlite_starves_it_and_a_new_start_is_tried_again() {
    let home = Home::new();
    let ear = Ear::at(&home);
    let mut daemon = ear.serve(&home, &[]);
    assert_eq!(ear.count("READY=1"), 1);
    ear.wait_fed();

    let runtime = runtime();
    let mut other = runtime.block_on(home.connect());
    runtime.block_on(tell(&mut other, &["BEGIN EXCLUSIVE"]));
    wait_for("the pass that fails", || daemon.err().contains("pass failed"));
    let before = ear.fed();
    let starved = || daemon.err().matches("the watchdog is not fed").count();
    let looks = starved();
    // A look in vain takes longer than systemd would have waited.
    wait_for("a look in vain", || starved() > looks);
    assert_eq!(ear.fed(), before, "nobody can write, and the watchdog is fed");

    // Systemd ends it now. While the lock lasts a start fails, in a way that systemd tries again.
    daemon.signal("KILL");
    daemon.end();
    let refused = home.run(&["serve"]);
    assert_eq!(refused.code, Some(1), "{}", refused.all());
    assert!(refused.err.contains("locked"), "{}", refused.err);
    runtime.block_on(tell(&mut other, &["ROLLBACK"]));
    runtime.block_on(other.close());
    let daemon = ear.serve(&home, &[]);
    ear.wait_fed();
    daemon.stop();
}

#[test]
fn a_pass_that_does_not_come_back_starves_it_on_postgres() {
    let Some(home) = Home::on(Kind::Postgres) else { return };
    let ear = Ear::at(&home);
    let mut daemon = ear.serve(&home, &[]);
    ear.wait_fed();

    let runtime = runtime();
    let mut other = runtime.block_on(home.connect());
    runtime.block_on(tell(&mut other, &["BEGIN", "LOCK TABLE obligation IN ACCESS EXCLUSIVE MODE"]));
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_for("the pass that is stuck", || home.count(waiting) > 0);
    ear.stays_unfed("the pass is stuck");
    assert!(home.count(waiting) > 0 && daemon.runs());

    // When systemd has more patience than that, it goes on by itself.
    runtime.block_on(tell(&mut other, &["ROLLBACK"]));
    runtime.block_on(other.close());
    ear.wait_fed();
    daemon.stop();
    home.end();
}

/// The server's processes that serve the daemon.
async fn serving(connected: &mut Connected) -> Vec<String> {
    const SERVING: &str =
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let Connected::Postgres(connection) = connected else { panic!("only PostgreSQL has any") };
    let pids: Vec<i32> = sqlx::query_scalar(SERVING).fetch_all(connection).await.unwrap();
    pids.iter().map(ToString::to_string).collect()
}

fn signal(name: &str, pids: &[String]) {
    assert!(!pids.is_empty() && Command::new("kill").arg(format!("-{name}")).args(pids).status().unwrap().success());
}

#[test]
fn a_postgres_that_freezes_starves_it_and_it_goes_on_when_that_thaws() {
    let Some(home) = Home::on(Kind::Postgres) else { return };
    let ear = Ear::at(&home);
    let mut daemon = ear.serve(&home, &[]);
    ear.wait_fed();

    // It neither answers nor hangs up, and the server itself takes connections as ever.
    let runtime = runtime();
    let mut other = runtime.block_on(home.connect());
    let frozen = runtime.block_on(serving(&mut other));
    signal("STOP", &frozen);
    // What was on its way comes to its end.
    sleep(ALLOWED);
    ear.stays_unfed("the database is frozen");
    assert!(daemon.runs());

    signal("CONT", &frozen);
    runtime.block_on(other.close());
    ear.wait_fed();
    daemon.stop();
    home.end();
}

#[test]
fn a_mail_server_that_hangs_does_not_starve_it() {
    let home = Home::new();
    assert_eq!(home.run(&["migrate"]).code, Some(0));
    home.set("UPDATE post_holder SET address = 'liaison@post.internal'");
    home.open_event("w1");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    home.write(
        "duban.toml",
        &format!(
            "[mail]\nfrom = \"duban@post.internal\"\n[mail.transport]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = {port}\n\
             tls = \"none\"\n"
        ),
    );
    let ear = Ear::at(&home);
    let daemon = ear.serve(&home, &["--config", "duban.toml"]);
    // It connects, and hears nothing.
    let mut hanging = accept(&listener);
    ear.wait_fed();
    ear.wait_fed();
    let still = hanging.read(&mut [0; 1]).unwrap_err();
    assert_eq!(still.kind(), ErrorKind::WouldBlock, "it was to wait for the server all the while");
    daemon.stop();
}
