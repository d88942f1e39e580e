//! A pooler between the program and PostgreSQL: session mode works, the others are refused in words.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::daemon::{Home, at_once, wait_for};
use crate::support::{Database, Kind};

/// PostgreSQL's usual one (`pgbouncer`) in front of the tests' server; gone when dropped.
struct Pooler {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Pooler {
    /// `None` where it is not installed, or PostgreSQL was left out.
    fn start(mode: &str, more: &str) -> Option<Pooler> {
        let server = std::env::var("DUBAN_TEST_POSTGRES").ok()?;
        // Debian keeps it where only root looks.
        let places = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
        let Some(program) = places.into_iter().find(|place| Path::new(place).exists()) else {
            eprintln!("left out: pgbouncer is not installed");
            return None;
        };
        let socket = server.split_once("host=").expect("tests/run starts a server on a socket").1;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let at = folder.path().display();
        // As Debian ships it, but for who may come in.
        let text = format!(
            "[databases]\n* = host={socket} user=duban\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = {mode}\nlogfile = {at}/log\n{more}\n"
        );
        fs::write(folder.path().join("pgbouncer.ini"), text).unwrap();
        let mut command = Command::new(program);
        // It refuses to be root.
        let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        if root {
            command.args(["-u", "postgres"]);
        }
        command.arg(folder.path().join("pgbouncer.ini")).stdin(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        wait_for("the pooler", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(Pooler { child, port, folder })
    }

    /// The address of a database behind it.
    fn url(&self, database: &Database) -> String {
        let url = database.url();
        let name = url.split_once("/duban_test_").unwrap().1.split('?').next().unwrap();
        format!("postgres://duban@127.0.0.1:{}/duban_test_{name}", self.port)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        assert!(self.folder.path().exists());
    }
}

#[test]
fn a_pooler_that_shares_sessions_is_refused_at_the_start_and_one_that_does_not_works() {
    // One session of the server alone, and several in turn: it shows in different ways.
    for (mode, more) in [
        ("transaction", "default_pool_size = 1"),
        ("transaction", "server_round_robin = 1\nmin_pool_size = 3"),
        ("transaction", ""),
        ("statement", ""),
    ] {
        let Some(pooler) = Pooler::start(mode, more) else { return };
        let Some(database) = at_once(Database::fresh(Kind::Postgres)) else { return };
        let home = Home::new();
        let mut command = home.command(&["serve"]);
        let done = command.env("DUBAN__DATABASE__URL", pooler.url(&database)).output().unwrap();
        let words = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(78), "{mode} {more}: {words}");
        assert!(words.contains("pool_mode = session"), "{mode} {more}: {words}");
        drop(pooler);
        at_once(database.drop());
    }
    let Some(pooler) = Pooler::start("session", "") else { return };
    let Some(database) = at_once(Database::fresh(Kind::Postgres)) else { return };
    let home = Home::new();
    let url = pooler.url(&database);
    let vars = [("DUBAN__DATABASE__URL", url.as_str())];
    let daemon = home.serve_with(&[], &vars).wait_ready();
    let opened = home
        .command(&["event", "open", "--type", "极端天气预警", "--place", "全市", "--id", "w1"])
        .env("DUBAN__DATABASE__URL", &url)
        .output()
        .unwrap();
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    wait_for("the letters", || home.letters() > 0);
    daemon.stop();
    drop(pooler);
    at_once(database.drop());
}
