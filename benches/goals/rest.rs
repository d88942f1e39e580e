//! The daemon at rest: how fast it is there, what it takes while nothing happens, with and without history.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::UnixDatagram;

use crate::base::execute;
use crate::report::{Goal, Report, median, secs};
use crate::{Size, machine};
use duban::clock::monotonic;
use duban::store::{Location, Store};

/// The program as it is shipped, where somebody has built it.
const SHIPPED: &str = "DUBAN_BENCH_PROGRAM";

/// The program that is measured.
fn program() -> OsString {
    std::env::var_os(SHIPPED).unwrap_or_else(|| env!("CARGO_BIN_EXE_duban").into())
}

/// Longer than any start may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The built program in an empty folder, then over a million closed rows.
pub async fn measure(size: Size, report: &mut Report) {
    if !can_serve() {
        report.note("at rest: this build has no `duban serve`, so nothing was measured.");
        return;
    }
    if std::env::var_os(SHIPPED).is_none() {
        report.note(format!(
            "at rest: measured on this bench's own build; {SHIPPED} names what is shipped (`benches/run` builds it)."
        ));
    }
    let folder = tempfile::tempdir_in(machine::scratch()).unwrap();
    // The first start loads the seeds; what is measured are those after it.
    let Some(first) = start(folder.path()).await else {
        report.note("at rest: `duban serve` said neither READY nor anything else within 30 seconds.");
        return;
    };
    report.line("at rest", "first start in an empty folder to READY", ms(first.ready), "", None, Goal::Shown);
    first.stop();
    let few = rest(folder.path(), "empty history", size, report).await;
    let rows = if size == Size::Quick { 10_000 } else { 1_000_000 };
    match database(folder.path()) {
        Some(path) => {
            report.progress(&format!("storing {rows} closed rows"));
            fill(&path, rows).await;
            let many = rest(folder.path(), &format!("{rows} rows stored"), size, report).await;
            report.line(
                "at rest",
                format!("start to READY with {rows} rows stored"),
                ms(many),
                format!("empty {}", ms(few)),
                Some(many / few),
                Goal::AtMost(1.5),
            );
        }
        None => report.note("at rest: no SQLite file was found in the folder it was started in."),
    }
}

fn ms(seconds: f64) -> String {
    format!("{:.0} ms", seconds * 1e3)
}

fn can_serve() -> bool {
    let help = Command::new(program()).args(["serve", "--help"]).output();
    help.is_ok_and(|output| output.status.success())
}

struct Daemon {
    process: Child,
    ready: f64,
}

impl Daemon {
    /// Asks it to stop and waits until it has.
    fn stop(mut self) {
        let asked = Command::new("kill").arg(self.process.id().to_string()).status();
        assert!(asked.is_ok_and(|status| status.success()));
        let began = monotonic();
        while self.process.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

/// Starts the daemon as systemd would, and waits for its READY.
async fn start(folder: &Path) -> Option<Daemon> {
    let notify = folder.join("notify");
    let _ = std::fs::remove_file(&notify);
    let socket = UnixDatagram::bind(&notify).unwrap();
    let began = monotonic();
    let process = Command::new(program())
        .arg("serve")
        .current_dir(folder)
        .env("NOTIFY_SOCKET", &notify)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut daemon = Daemon { process, ready: f64::NAN };
    let mut message = vec![0; 4096];
    let ready = async {
        loop {
            let length = socket.recv(&mut message).await.unwrap();
            if message[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
                return secs(began.elapsed());
            }
        }
    };
    daemon.ready = tokio::time::timeout(PATIENCE, ready).await.ok()?;
    Some(daemon)
}

/// How long `duban status` takes to say how things are, in seconds.
fn ask(folder: &Path) -> f64 {
    let began = monotonic();
    let output = Command::new(program()).arg("status").current_dir(folder).output().unwrap();
    let taken = secs(began.elapsed());
    assert!(!output.stdout.is_empty(), "status says nothing: {}", String::from_utf8_lossy(&output.stderr));
    taken
}

/// Starts it several times, then lets the last one rest. Returns the median start in seconds.
async fn rest(folder: &Path, what: &str, size: Size, report: &mut Report) -> f64 {
    let (starts, calm, watch) = if size == Size::Quick { (1, 1, 2) } else { (5, 10, 30) };
    let (mut ready, mut answered) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        let daemon = start(folder).await.expect("it started before");
        ready.push(daemon.ready);
        answered.push(daemon.ready + ask(folder));
        daemon.stop();
    }
    // Nobody has asked this one anything.
    let daemon = start(folder).await.expect("it started before");
    let pid = daemon.process.id();
    tokio::time::sleep(Duration::from_secs(calm)).await;
    let memory = machine::status_kb(pid, "VmRSS") / 1024.0;
    let (cpu, began) = (machine::cpu_seconds(pid), monotonic());
    tokio::time::sleep(Duration::from_secs(watch)).await;
    let share = (machine::cpu_seconds(pid) - cpu) / secs(began.elapsed()) * 100.0;
    daemon.stop();
    let start = median(ready);
    let line = |report: &mut Report, case: String, figure: String, value: f64, goal: f64, unit: &'static str| {
        report.line("at rest", case, figure, "", None, Goal::Absolute(value, goal, unit));
    };
    line(report, format!("start to READY, {what}"), ms(start), start * 1e3, 150.0, "ms");
    let answer = median(answered);
    line(report, format!("start to an answer of `status`, {what}"), ms(answer), answer * 1e3, 150.0, "ms");
    line(report, format!("memory {calm} s later, {what}"), format!("{memory:.1} MB"), memory, 20.0, "MB");
    line(report, format!("processor over {watch} s, {what}"), format!("{share:.2} %"), share, 0.1, "%");
    start
}

/// The SQLite file that it made.
fn database(folder: &Path) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut magic = [0; 15];
            let read = std::fs::File::open(&path).and_then(|mut file| file.read_exact(&mut magic));
            if read.is_ok() && &magic == b"SQLite format 3" {
                return Some(path);
            }
        }
    }
    None
}

/// Puts closed rows of the past into a database that nobody has open.
async fn fill(path: &Path, rows: usize) {
    let location: Location = format!("sqlite:{}", path.display()).parse().unwrap();
    let store = Store::connect(&location, false).await.unwrap();
    let series = 1000;
    let days = rows / series;
    execute(
        &store,
        &format!(
            "INSERT INTO obligation (revision, catalogue, duty, form, joint, series, period, opens_at, \
             period_end, due_at, first_due_at, due_on, phase, reminded, filed_at, closed_at, armed_at, settled_to, log_head) \
             WITH RECURSIVE d (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM d WHERE n < {days}), \
             s (u) AS (SELECT 1 UNION ALL SELECT u + 1 FROM s WHERE u < {series}), \
             t AS (SELECT n, u, strftime('%Y-%m-%dT00:00:00+00:00', '2015-01-01', '-' || n || ' days') AS at FROM d, s) \
             SELECT 3, 1, '9.1a', 'cadence', 0, '9.1a/' || u, substr(at, 1, 10), at, at, at, at, \
             substr(at, 1, 10), 'done', 1, at, at, at, at, '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' FROM t; \
             INSERT INTO obligation_owner SELECT id, 0, (SELECT MIN(id) FROM unit), due_on, 1 FROM obligation \
             WHERE series LIKE '9.1a/%' AND opens_at < '2015-01-01'; \
             PRAGMA wal_checkpoint(TRUNCATE)"
        ),
    )
    .await;
    store.close().await;
}
