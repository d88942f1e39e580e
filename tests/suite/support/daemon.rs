//! The real binary in a folder of its own, run once or as a daemon, on a database of either kind.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use crate::support::{Database, Kind};
use duban::store::Location;

/// So many times a hundred milliseconds anything may take.
const PATIENCE: usize = 600;

pub fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    for _ in 0..PATIENCE {
        if there() {
            return;
        }
        sleep(Duration::from_millis(100));
    }
    panic!("{what}: waited in vain");
}

/// A folder of its own with a duban in it.
pub struct Home {
    pub folder: TempDir,
    /// Its database's address, unless it is the one that duban makes by itself.
    url: Option<String>,
    database: Option<Database>,
}

impl Home {
    pub fn new() -> Home {
        Home { folder: TempDir::new().unwrap(), url: None, database: None }
    }

    /// One on somebody's database.
    pub fn beside(database: &Database) -> Home {
        Home { url: Some(database.url()), ..Home::new() }
    }

    /// One on a database of that kind; `None` when PostgreSQL was left out on purpose.
    pub fn on(kind: Kind) -> Option<Home> {
        match kind {
            Kind::Sqlite => Some(Home::new()),
            Kind::Postgres => {
                let database = at_once(Database::fresh(kind))?;
                Some(Home { url: Some(database.url()), database: Some(database), ..Home::new() })
            }
        }
    }

    /// The database that was made for it.
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// Drops the database that was made for it.
    pub fn end(self) {
        if let Some(database) = self.database {
            at_once(database.drop());
        }
    }

    /// One on which `serve` has run once.
    pub fn set_up() -> Home {
        let home = Home::new();
        home.serve(&[]).wait_ready().stop();
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duban"));
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .env_clear()
            .env("DUBAN__CONSOLE__LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null());
        if let Some(url) = &self.url {
            command.env("DUBAN__DATABASE__URL", url);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).output().unwrap())
    }

    pub fn serve(&self, arguments: &[&str]) -> Daemon {
        self.serve_with(arguments, &[])
    }

    pub fn serve_with(&self, arguments: &[&str], vars: &[(&str, &str)]) -> Daemon {
        let mut command = self.command(&[&["serve"], arguments].concat());
        command.envs(vars.iter().copied());
        self.spawn(command)
    }

    /// Whatever this command becomes, as a daemon.
    pub fn spawn(&self, mut command: Command) -> Daemon {
        let (out, err) = (self.path("serve.out"), self.path("serve.err"));
        command.stdin(Stdio::null()).stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Daemon { child: command.spawn().unwrap(), out, err }
    }

    pub fn letters(&self) -> usize {
        let Ok(all) = fs::read_dir(self.path("var/outbox")) else { return 0 };
        all.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "eml")).count()
    }

    /// Opens an event: there are letters to send at once, at any hour of any day.
    pub fn open_event(&self, id: &str) {
        let done = self.run(&["event", "open", "--type", "极端天气预警", "--place", "全市", "--id", id]);
        assert_eq!(done.code, Some(0), "{}", done.all());
    }

    /// One statement on its database; on SQLite nothing else may be at work.
    pub fn set(&self, sql: &'static str) {
        self.ask(async |on| match on {
            Connected::Sqlite(connection) => drop(sqlx::query(sql).execute(connection).await.unwrap()),
            Connected::Postgres(connection) => drop(sqlx::query(sql).execute(connection).await.unwrap()),
        });
    }

    /// A number from its database.
    pub fn count(&self, sql: &'static str) -> i64 {
        self.ask(async |on| match on {
            Connected::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await.unwrap(),
            Connected::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await.unwrap(),
        })
    }

    fn ask<T>(&self, question: impl AsyncFnOnce(&mut Connected) -> T) -> T {
        at_once(async {
            let mut connected = self.connect().await;
            let answer = question(&mut connected).await;
            connected.close().await;
            answer
        })
    }

    /// A connection of our own to its database.
    pub async fn connect(&self) -> Connected {
        if let Some(Location::Postgres(url)) = self.database.as_ref().map(|database| &database.location) {
            return Connected::Postgres(sqlx::PgConnection::connect(&url.0).await.unwrap());
        }
        let options = SqliteConnectOptions::new().filename(self.path("var/duban.sqlite")).create_if_missing(true);
        Connected::Sqlite(sqlx::SqliteConnection::connect_with(&options).await.unwrap())
    }

    pub fn hash(&self, name: &str) -> Vec<u8> {
        Sha256::digest(fs::read(self.path(name)).unwrap()).to_vec()
    }
}

/// A connection of our own.
pub enum Connected {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Connected {
    pub async fn close(self) {
        match self {
            Connected::Sqlite(connection) => connection.close().await.unwrap(),
            Connected::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}

/// The next connection; reading from it does not wait.
pub fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let mut accepted = None;
    wait_for("a connection", || {
        accepted = listener.accept().ok();
        accepted.is_some()
    });
    let (stream, _) = accepted.unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

/// Waits here for what is asynchronous.
pub fn at_once<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Done {
    pub fn of(output: Output) -> Done {
        Done {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub fn all(&self) -> String {
        format!("code {:?}\n{}\n{}", self.code, self.out, self.err)
    }
}

pub struct Daemon {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Daemon {
    pub fn out(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }

    pub fn err(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn wait_ready(mut self) -> Daemon {
        wait_for("the first pass", || {
            assert!(self.runs(), "{}{}", self.out(), self.err());
            self.out().contains("Running.")
        });
        self
    }

    /// Where its console listens, as soon as it says so.
    pub fn console(&self) -> String {
        let mut at = None;
        wait_for("the console", || {
            let out = self.out();
            at = out.lines().find_map(|line| {
                line.trim().strip_prefix("console")?.trim().strip_prefix("http://").map(str::to_owned)
            });
            at.is_some()
        });
        at.unwrap().trim_end_matches('/').to_owned()
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Stops it kindly; it must end well.
    pub fn stop(mut self) {
        self.signal("TERM");
        let status = self.end();
        assert!(status.success(), "{status}: {}", self.err());
    }

    pub fn end(&mut self) -> std::process::ExitStatus {
        let mut ended = None;
        wait_for("the end", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
