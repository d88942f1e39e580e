//! What is on disk when a receipt is printed: `duban submit` runs under strace, and its system calls are audited.
//!
//! A power cut cannot be had in a test, but what it would cost can be read off: a written file whose bytes no sync has
//! covered, or a new name in a folder that was not synced since. Before the receipt there may be neither, and the
//! evidence comes before the transaction that names it. The audit is a pure function over the trace, and is shown here to
//! find each defect when one is planted.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

const CALLS: &str = "trace=openat,open,creat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,\
    copy_file_range,sendfile,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,unlink,unlinkat,rmdir,fsync,fdatasync";

/// A system call that succeeded, and the lines on which it began and ended: others may lie between.
#[derive(Debug, Clone)]
struct Call {
    name: String,
    arguments: String,
    began: usize,
    ended: usize,
}

/// The calls of a trace that `strace -f -y` wrote, in the order in which they ended.
fn calls(trace: &str) -> Vec<Call> {
    let mut open: BTreeMap<&str, (String, usize)> = BTreeMap::new();
    let mut calls = Vec::new();
    for (number, line) in trace.lines().enumerate() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(text) = rest.strip_suffix("<unfinished ...>") {
            open.insert(thread, (text.to_owned(), number));
            continue;
        }
        let resumed = rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>"));
        let (text, began) = match resumed {
            Some((_, end)) => {
                let (start, began) = open.remove(thread).expect("what is resumed has begun");
                (start + end, began)
            }
            None => (rest.to_owned(), number),
        };
        let Some((call, result)) = text.rsplit_once(" = ") else { continue };
        let Some((name, arguments)) = call.split_once('(') else { continue };
        if result.starts_with(|first: char| first.is_ascii_digit()) {
            calls.push(Call { name: name.to_owned(), arguments: arguments.to_owned(), began, ended: number });
        }
    }
    calls
}

/// What a call does to the disk.
#[derive(Debug, PartialEq, Eq)]
enum Deed {
    Writes(PathBuf),
    Names(PathBuf),
    Moves(PathBuf, PathBuf),
    Removes(PathBuf),
    Syncs(PathBuf),
    Nothing,
}

impl Call {
    fn deed(&self, home: &Path) -> Deed {
        let fd = || self.descriptors().first().map(PathBuf::from).unwrap_or_default();
        match self.name.as_str() {
            "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" | "ftruncate" | "fallocate" | "sendfile" => {
                Deed::Writes(fd())
            }
            "copy_file_range" => Deed::Writes(self.descriptors().last().map(PathBuf::from).unwrap_or_default()),
            "truncate" => Deed::Writes(self.path(0, home)),
            "open" | "openat" if self.arguments.contains("O_CREAT") => Deed::Names(self.path(0, home)),
            "creat" | "mkdir" | "mkdirat" => Deed::Names(self.path(0, home)),
            "rename" | "renameat" | "renameat2" => Deed::Moves(self.path(0, home), self.path(1, home)),
            "link" | "linkat" => Deed::Names(self.path(1, home)),
            "unlink" | "unlinkat" | "rmdir" => Deed::Removes(self.path(0, home)),
            "fsync" | "fdatasync" => Deed::Syncs(fd()),
            _ => Deed::Nothing,
        }
    }

    /// The paths that strace writes beside descriptors.
    fn descriptors(&self) -> Vec<&str> {
        self.arguments.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(path, _)| path).collect()
    }

    /// The path that stands in quotes at that place, without `.` in it.
    fn path(&self, place: usize, home: &Path) -> PathBuf {
        let text = self.arguments.split('"').nth(2 * place + 1).expect("a path");
        home.join(text).components().collect()
    }

    /// Whether these bytes go to standard output.
    fn tells(&self, receipt: &str) -> bool {
        self.name.starts_with("write") && self.arguments.starts_with("1<") && self.arguments.contains(receipt)
    }
}

/// What a power cut would cost a path: since when its bytes, and since when its name, are in memory alone.
#[derive(Debug, Default)]
struct Unsafe {
    bytes: Option<usize>,
    name: Option<usize>,
}

/// All below `home` that is in memory alone at a line of the trace.
fn in_memory(calls: &[Call], home: &Path, line: usize) -> BTreeMap<PathBuf, Unsafe> {
    let mut paths: BTreeMap<PathBuf, Unsafe> = BTreeMap::new();
    for call in calls {
        // A sync counts when it is over, all else from when it begins.
        let deed = call.deed(home);
        if call.ended >= line && (call.began >= line || matches!(deed, Deed::Syncs(_))) {
            continue;
        }
        match deed {
            Deed::Writes(path) => paths.entry(path).or_default().bytes = Some(call.ended),
            Deed::Names(path) => paths.entry(path).or_default().name = Some(call.ended),
            Deed::Moves(from, to) => {
                let moved = paths.remove(&from).unwrap_or_default();
                paths.insert(to, Unsafe { name: Some(call.ended), ..moved });
            }
            Deed::Removes(path) => drop(paths.remove(&path)),
            Deed::Syncs(synced) => {
                // It covers what had ended when it began.
                let covered = |since: usize| since < call.began;
                for (path, at) in &mut paths {
                    if *path == synced {
                        at.bytes.take_if(|since| covered(*since));
                    }
                    if path.parent() == Some(&synced) {
                        at.name.take_if(|since| covered(*since));
                    }
                }
            }
            Deed::Nothing => {}
        }
    }
    // The lock is no data, and the log's index is made anew from the log.
    let kept = |path: &Path| !["lock", "sqlite-shm"].iter().any(|end| path.extension().is_some_and(|own| own == *end));
    paths.retain(|path, at| path.starts_with(home) && kept(path) && (at.bytes.is_some() || at.name.is_some()));
    paths
}

/// What is wrong with the order in which a submission came to disk; nothing, when a receipt is as good as a promise.
fn audit(calls: &[Call], home: &Path, receipt: &str) -> Vec<String> {
    let Some(told) = calls.iter().find(|call| call.tells(receipt)) else {
        return vec!["no receipt was printed".to_owned()];
    };
    let (database, log) = (home.join("var/duban.sqlite"), home.join("var/duban.sqlite-wal"));
    let Some(logged) = calls.iter().find(|call| call.deed(home) == Deed::Writes(log.clone())) else {
        return vec!["nothing was written to the log".to_owned()];
    };
    let mut faults = Vec::new();
    let mut fault = |path: &Path, what: &str| faults.push(format!("{}: {what}", path.display()));
    if logged.began > told.began {
        fault(&log, "is written after the receipt");
    }
    let evidence = home.join("var/evidence");
    for (path, at) in in_memory(calls, home, logged.began) {
        if path.starts_with(&evidence) && at.bytes.is_some() {
            fault(&path, "its bytes are not on disk when the transaction is written");
        }
        if path.starts_with(&evidence) && at.name.is_some() {
            fault(&path, "its name is not on disk when the transaction is written");
        }
    }
    for (path, at) in in_memory(calls, home, told.began) {
        // What is copied from the log into the database stays in the log until it is on disk: see below.
        if at.bytes.is_some() && path != database {
            fault(&path, "its bytes are not on disk when the receipt is printed");
        }
        if at.name.is_some() {
            fault(&path, "its name is not on disk when the receipt is printed");
        }
    }
    for call in calls {
        let written = |path: &Path| in_memory(calls, home, call.began).get(path).is_some_and(|at| at.bytes.is_some());
        match call.deed(home) {
            // A file whose bytes are on their way yet must not have the name under which it is looked for.
            Deed::Moves(from, to) if from.parent() != to.parent() && written(&from) => {
                fault(&to, "has its name before its bytes are on disk");
            }
            Deed::Writes(path) if path == database && written(&log) => {
                fault(&path, "is written before its log is on disk");
            }
            Deed::Removes(path) if path == log && written(&database) => {
                fault(&path, "goes before the database is on disk");
            }
            _ => {}
        }
    }
    faults
}

/// A sound submission, in the words of strace.
const SOUND: &str = r#"11 openat(AT_FDCWD</h>, "/h/var/duban.sqlite-wal", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 9</h/var/duban.sqlite-wal>
11 fsync(8</h/var>) = 0
12 mkdir("./var", 0777)              = -1 EEXIST (File exists)
12 mkdir("./var/evidence/58", 0777) = 0
12 openat(AT_FDCWD</h>, "/h/var/evidence/staging/58ab#1", O_RDWR|O_CREAT|O_EXCL, 0666) = 13</h/var/evidence/staging/58ab#1>
12 write(13</h/var/evidence/staging/58ab#1>, "hello\n", 6) = 6
12 rename("/h/var/evidence/staging/58ab#1", "/h/var/evidence/staging/58ab") = 0
13 fsync(13</h/var/evidence/staging/58ab> <unfinished ...>
12 write(4<anon_inode:[eventfd]>, "\1\0\0\0\0\0\0\0", 8) = 8
13 <... fsync resumed>)              = 0
12 rename("/h/var/evidence/staging/58ab", "/h/var/evidence/58/58ab") = 0
12 fsync(13</h/var/evidence/58>) = 0
12 fsync(13</h/var/evidence>) = 0
11 pwrite64(9</h/var/duban.sqlite-wal>, "\n\t\303"..., 4096, 56) = 4096
11 fdatasync(9</h/var/duban.sqlite-wal>) = 0
11 pwrite64(7</h/var/duban.sqlite>, "late"..., 4096, 0) = 4096
10 write(1<pipe:[77]>, "R1\n2 9.1a", 10) = 10
11 fsync(7</h/var/duban.sqlite>) = 0
11 unlink("/h/var/duban.sqlite-wal") = 0
11 +++ exited with 0 +++"#;

fn faults(trace: &str) -> Vec<String> {
    audit(&calls(trace), Path::new("/h"), "R1")
}

/// The trace with one line moved to before another, or left out.
fn planted(line: &str, before: Option<&str>) -> String {
    let (moved, mut rest): (Vec<&str>, Vec<&str>) = SOUND.lines().partition(|own| own.contains(line));
    assert_eq!(moved.len(), 1, "{line}");
    if let Some(before) = before {
        let place = rest.iter().position(|own| own.contains(before)).unwrap();
        rest.insert(place, moved[0]);
    }
    rest.join("\n")
}

#[test]
fn the_audit_passes_what_is_sound() {
    assert_eq!(faults(SOUND), Vec::<String>::new());
}

#[test]
fn the_audit_finds_each_planted_defect() {
    let name = "58/58ab: its name is not on disk when";
    for (line, before, fault) in [
        ("fsync(13</h/var/evidence/58>)", None, name),
        ("fsync(13</h/var/evidence/58>)", Some("12 rename(\"/h/var/evidence/staging/58ab\""), name),
        ("fsync(13</h/var/evidence/58>)", Some("fdatasync(9"), "58ab: its name is not on disk when the transaction"),
        ("fsync(13</h/var/evidence>)", None, "evidence/58: its name is not on disk when"),
        ("fsync(13</h/var/evidence>)", Some("12 mkdir(\"./var/evidence"), "evidence/58: its name is not on disk when"),
        ("write(13", Some("13 <... fsync resumed>"), "58ab#1: its bytes are not on disk"),
        ("rename(\"/h/var/evidence/staging/58ab\"", Some("13 <... fsync resumed>"), "has its name before its bytes"),
        ("fdatasync(9", None, "duban.sqlite-wal: its bytes are not on disk when the receipt"),
        ("write(1<pipe", Some("fdatasync(9"), "duban.sqlite-wal: its bytes are not on disk when the receipt"),
        ("write(1<pipe", Some("pwrite64(9"), "duban.sqlite-wal: is written after the receipt"),
        ("fsync(8</h/var>)", None, "duban.sqlite-wal: its name is not on disk"),
        ("pwrite64(7", Some("fdatasync(9"), "duban.sqlite: is written before its log is on disk"),
        ("fsync(7", None, "duban.sqlite-wal: goes before the database is on disk"),
        ("pwrite64(9", None, "nothing was written to the log"),
        ("write(1<pipe", None, "no receipt was printed"),
    ] {
        let found = faults(&planted(line, before));
        assert!(found.iter().any(|own| own.contains(fault)), "{line} before {before:?}: {found:#?}");
    }
    let failed = SOUND.replace("evidence/58>) = 0", "evidence/58>) = -1 EIO (Input/output error)");
    assert!(faults(&failed).iter().any(|own| own.contains(name)), "a sync that fails is none");
    let never = SOUND.replace("sqlite-wal>) = 0", "sqlite-wal>) = ?");
    assert!(!faults(&never).is_empty(), "a sync that never ended is none");
}

/// A folder with a database in which a matter is open.
struct Home {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Home {
    fn new() -> Home {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap();
        let home = Home { _folder: folder, path };
        home.run(&["migrate"]);
        home.run(&["event", "open", "--type", "极端天气预警", "--place", "全市", "--id", "w1"]);
        fs::write(home.path.join("photo.jpg"), vec![0x5A; 300_000]).unwrap();
        home
    }

    fn duban(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duban"));
        command
            .current_dir(&self.path)
            .args(arguments)
            .env_clear()
            .env("DUBAN__CONSOLE__LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) {
        succeeded(&self.duban(arguments).output().unwrap());
    }

    /// Files the photo for a unit under strace, and gives the calls.
    fn traced_submit(&self, unit: &str, receipt: &str) -> Vec<Call> {
        let trace = self.path.join(format!("{receipt}.trace"));
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-qq", "-s", "64", "-e", CALLS, "-o"]).arg(&trace);
        command
            .arg(env!("CARGO_BIN_EXE_duban"))
            .current_dir(&self.path)
            .env_clear()
            .env("DUBAN__CONSOLE__LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null());
        command.args(["submit", "46.1", unit, "event:w1", "--file", "photo.jpg", "--receipt", receipt]);
        let output = command.output().unwrap();
        succeeded(&output);
        assert!(String::from_utf8(output.stdout).unwrap().starts_with(receipt));
        calls(&fs::read_to_string(&trace).unwrap())
    }

    fn audit(&self, calls: &[Call], receipt: &str) {
        assert_eq!(audit(calls, &self.path, receipt), Vec::<String>::new());
    }

    /// Whether evidence was written, and into which folder it came.
    fn evidence_folder(&self, calls: &[Call]) -> Option<PathBuf> {
        let evidence = self.path.join("var/evidence");
        let deeds: Vec<Deed> = calls.iter().map(|call| call.deed(&self.path)).collect();
        let written = deeds.iter().any(|deed| matches!(deed, Deed::Writes(path) if path.starts_with(&evidence)));
        deeds.into_iter().rev().find_map(|deed| match deed {
            Deed::Moves(_, to) if written && to.starts_with(&evidence) => to.parent().map(Path::to_owned),
            _ => None,
        })
    }
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Says in plain words what is missing, unless strace was left out on purpose.
fn strace_is_there() -> bool {
    if std::env::var("DUBAN_TEST_NO_STRACE").is_ok() {
        return false;
    }
    let found = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    assert!(
        found.is_ok_and(|status| status.success()),
        "strace is missing or may not trace: install it (tests/run does), or set DUBAN_TEST_NO_STRACE=1 to leave this out"
    );
    true
}

#[test]
fn a_receipt_is_printed_when_evidence_and_transaction_are_on_disk() {
    if !strace_is_there() {
        return;
    }
    let home = Home::new();
    let calls = home.traced_submit("质安处", "R1");
    let folder = home.evidence_folder(&calls).expect("the trace shows the evidence being written");
    home.audit(&calls, "R1");

    // The same bytes again: they come in piece by piece before their hash is known, and take their own place.
    let again = home.traced_submit("物业处", "R2");
    assert_eq!(home.evidence_folder(&again), Some(folder.clone()));
    home.audit(&again, "R2");
    let syncs = |calls: &[Call]| calls.iter().any(|call| call.deed(&home.path) == Deed::Syncs(folder.clone()));
    assert!(syncs(&calls) && syncs(&again), "{} is not synced", folder.display());
}

/// A daemon, gone with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn so_it_is_beside_a_daemon_that_has_the_database_open() {
    if !strace_is_there() {
        return;
    }
    let home = Home::new();
    let told = home.path.join("serve.out");
    let mut serve = home.duban(&["serve"]);
    let daemon = Daemon(serve.stdout(File::create(&told).unwrap()).stderr(Stdio::null()).spawn().unwrap());
    for _ in 0..300 {
        if fs::read_to_string(&told).unwrap().contains("Running.") {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    let calls = home.traced_submit("质安处", "R1");
    assert!(home.evidence_folder(&calls).is_some());
    home.audit(&calls, "R1");
    drop(daemon);
}
