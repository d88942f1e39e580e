//! What happens when the ground gives way: a disk that is full for a while, a lock that somebody else holds, bytes that
//! two have filed and one erases.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::support::browser::Console;
use crate::support::daemon::{Done, Home, wait_for};
use crate::support::{Database, Kind, Story, on_both, on_both_of};
use duban::domain::unit::UnitName;
use duban::store::inspect::DatabaseFault;
use duban::store::{Location, Store};

/// Lets each open connection of this story's database add so many pages and no more: what SQLite then does is what it does
/// on a full disk.
async fn limit_pages(store: &Store, more: i64) {
    let Store::Sqlite(pool) = store else { panic!("only SQLite has pages") };
    let mut held = Vec::new();
    // All of its connections: each has a limit of its own.
    for _ in 0..pool.options().get_max_connections() {
        held.push(pool.acquire().await.unwrap());
    }
    for connection in &mut held {
        let now: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut **connection).await.unwrap();
        let text = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {}", now + more));
        sqlx::query(text).execute(&mut **connection).await.unwrap();
    }
}

#[tokio::test]
async fn once_a_full_disk_has_space_again_filings_and_passes_are_back_at_once() {
    let Some(mut story) = Story::begin(Kind::Sqlite, "2022-10-10 00:00").await else { return };
    story.run_until("2022-10-10 10:00").await;
    let filed = story.file("9.1b", "质安处", "2022-W41", &["调度=1"]).await.unwrap();
    limit_pages(&story.engine.store, 2).await;
    let mut refused = 0;
    let note = "现场检查".repeat(450);
    for n in 0..12 {
        // A note that fills pages, in a row that is written by hand: the rules of filing are not what this is about.
        let full = async {
            let mut tx = story.engine.store.write().await?;
            tx.set_meta(&format!("note-{n}"), &note).await?;
            tx.set_meta(&format!("more-{n}"), &note).await?;
            tx.commit().await
        };
        refused += usize::from(full.await.is_err());
    }
    // Each connection is given up at its first failure, and one that takes its place knows of no limit.
    assert_eq!(refused, 6, "of 12");
    story.engine.clock.set(crate::support::at("2022-10-12 09:00"));
    let receipt = story.file("9.1b", "物业处", "2022-W41", &["调度=1"]).await.unwrap();
    for _ in 0..8 {
        let mut tx = story.engine.store.read().await.unwrap();
        assert!(tx.submission(&receipt.number).await.unwrap().is_some(), "a reader sees the past");
        assert!(tx.submission(&filed.number).await.unwrap().is_some());
    }
    duban::jobs::pass(&story.engine).await.unwrap();
    story.end().await;
}

#[tokio::test]
async fn a_page_is_read_while_nobody_can_write() {
    on_both("2022-10-10 00:00", |mut story| async move {
        story.run_until("2022-10-10 10:00").await;
        let console = Console::of(&story);
        let mut liaison = console.signed_in("质安处/liaison").await;
        // That it was seen would be noted now.
        story.engine.clock.set(crate::support::at("2022-10-10 10:06"));
        let before = seen(&story).await;
        match &story.database.location {
            Location::Postgres(url) => {
                let mut other = sqlx::PgConnection::connect(&url.0).await.unwrap();
                sqlx::raw_sql("BEGIN; SELECT * FROM credential FOR UPDATE").execute(&mut other).await.unwrap();
                assert_eq!(liaison.get("/todo").await.status, 200);
                assert_eq!(liaison.get("/todo").await.status, 200);
                assert_eq!(seen(&story).await, before);
                other.close().await.unwrap();
            }
            Location::SqliteFile(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
                assert_eq!(liaison.get("/todo").await.status, 200);
                assert_eq!(liaison.get("/todo").await.status, 200);
                assert_eq!(seen(&story).await, before);
                other.close().await.unwrap();
            }
            Location::SqliteMemory => unreachable!(),
        }
        // With the lock gone it is noted: by who still waited for it, or by the next.
        for _ in 0..200 {
            assert_eq!(liaison.get("/todo").await.status, 200);
            if seen(&story).await > before {
                return story;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it is never noted that the liaison was seen");
    })
    .await;
}

async fn seen(story: &Story) -> chrono::DateTime<chrono::Utc> {
    let mut tx = story.engine.store.read().await.unwrap();
    let kind = duban::store::access::CredentialKind::Session;
    tx.credentials_of(kind, "质安处", "liaison").await.unwrap()[0].seen_at
}

/// A filing with a file, as a program sends it.
async fn file_with(browser: &mut crate::support::browser::Browser, id: i64, content: &[u8]) -> String {
    let submission = format!(
        "{{\"obligations\": [{id}], \"items\": [{{\"counter\": \"调度\", \"value\": \"1\"}}], \"note\": \"已调度\"}}"
    );
    let (fields, files) = ([("submission", submission.as_str())], [("file", "现场.txt", content)]);
    let answer = browser.upload("/api/v1/submissions", &fields, &files).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let receipt: serde_json::Value = serde_json::from_slice(&answer.bytes).unwrap();
    receipt["receipt"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bytes_that_two_have_filed_stay_when_one_erases_them() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-10 10:00").await;
        let console = Console::of(&story);
        let mut first = console.signed_in("质安处/liaison").await;
        let mut second = console.signed_in("物业处/liaison").await;
        let ids = [
            story.obligation("9.1b", "质安处", "2022-W41").await.id,
            story.obligation("9.1b", "物业处", "2022-W41").await.id,
        ];
        for n in 0..8 {
            let content = format!("现场照片 {n}").into_bytes();
            let erased = file_with(&mut first, ids[0], &content).await;
            let path = format!("/api/v1/submissions/{erased}/files/0/erase");
            let erase = async {
                let request = axum::http::Request::post(&path)
                    .header("content-type", "application/json")
                    .header("sec-fetch-site", "same-origin");
                first.send(request.body("{\"reason\": \"误传\"}".into()).unwrap()).await
            };
            let (gone, kept) = futures_util::future::join(erase, file_with(&mut second, ids[1], &content)).await;
            assert!(gone.status.is_success(), "{}", gone.text());
            let read = second.get(&format!("/api/v1/submissions/{kept}/files/0")).await;
            assert_eq!((read.status.as_u16(), read.bytes), (200, content), "{n}: acknowledged, and not there");
        }
        story
    })
    .await;
}

/// The files in a vault, but for what is only being written.
fn kept(vault: &Path) -> usize {
    let folders = fs::read_dir(vault).into_iter().flatten().map(|entry| entry.unwrap().path());
    let folders = folders.filter(|path| path.is_dir() && !path.ends_with("staging"));
    folders.flat_map(|folder| fs::read_dir(folder).unwrap()).count()
}

#[tokio::test]
async fn what_is_refused_leaves_no_file() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-10 10:00").await;
        let console = Console::of(&story);
        let mut liaison = console.signed_in("质安处/liaison").await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let number = file_with(&mut liaison, id, b"what stays").await;
        // Of a day to come; with the same bytes as what was filed, and with others.
        let submission = format!(
            "{{\"obligations\": [{id}], \"acted_on\": \"2022-10-12\", \"note\": \"已调度\", \
             \"items\": [{{\"counter\": \"调度\", \"value\": \"1\"}}]}}"
        );
        for content in [&b"what stays"[..], b"what goes", b"what goes too"] {
            let (fields, files) = ([("submission", submission.as_str())], [("file", "现场.txt", content)]);
            let answer = liaison.upload("/api/v1/submissions", &fields, &files).await;
            assert_eq!(answer.status, 422, "{}", answer.text());
            let fields = [("acted_on", "2022-10-12"), ("note", "已调度"), ("c0", "1")];
            let answer = liaison.upload(&format!("/o/{id}/file"), &fields, &files).await;
            assert_eq!(answer.status, 422, "{}", answer.text());
        }
        for _ in 0..200 {
            if kept(console.vault()) == 1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(kept(console.vault()), 1);
        let read = liaison.get(&format!("/api/v1/submissions/{number}/files/0")).await;
        assert_eq!(read.bytes, b"what stays");
        story
    })
    .await;
}

#[tokio::test]
async fn a_file_that_is_being_filed_waits_for_nobody_and_is_not_taken_away() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-10 10:00").await;
        let folder = tempfile::tempdir().unwrap();
        let vault = duban::vault::Vault::at(folder.path(), 1 << 20);
        story.engine.vault = Some(vault.clone());
        let filings = duban::acts::filings::Filings::default();
        let new = async |unit: &str, hash: &str| duban::acts::submit::NewSubmission {
            receipt: None,
            unit: UnitName(unit.into()),
            obligations: vec![story.obligation("9.1b", unit, "2022-W41").await.id],
            acted_on: None,
            items: vec![duban::domain::quota::Item { counter: "调度".into(), value: "1".into() }],
            note: String::new(),
            files: vec![(hash.to_owned(), "现场.jpg".into(), 12)],
        };
        let hash = vault.put(b"a photograph".to_vec()).await.unwrap();
        let first = new("质安处", &hash).await;
        let number = story.act("质安处/liaison", async |actor| actor.submit(&first).await.unwrap().number).await;

        // The second has stored the bytes and not filed them yet, when the first erases its own.
        let held = vault.hold().await.unwrap();
        vault.put(b"a photograph".to_vec()).await.unwrap();
        let second = new("物业处", &hash).await;
        let erase =
            story.act("质安处/liaison", async |actor| actor.erase_evidence(&vault, &number, &hash, "误传").await);
        let file = async {
            // It has got as far as it can.
            while story.engine.store.read().await.unwrap().evidence_with_hash(&hash).await.unwrap()[0]
                .erased_at
                .is_none()
            {
                tokio::task::yield_now().await;
            }
            let filed = story.act("物业处/liaison", async |actor| filings.file(&actor, &second).await).await;
            drop(held);
            filed
        };
        let (gone, filed) = futures_util::future::join(erase, file).await;
        assert!(filed.is_ok() && !gone.unwrap());
        assert!(vault.get(&hash).await.unwrap().is_some());
        // With nobody left it goes.
        let number = filed.unwrap().number;
        let gone = story.act("物业处/liaison", async |actor| {
            actor.erase_evidence(&vault, &number, &hash, "误传").await.unwrap()
        });
        assert!(gone.await && vault.get(&hash).await.unwrap().is_none());
        story
    })
    .await;
}

/// A daemon's folder on a file system of its own, which the test fills, empties and turns read-only: `None` where this
/// machine lets nobody mount one.
fn on_a_small_disk(home: &Home, script: &str) -> Option<Command> {
    let allowed = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !allowed.is_ok_and(|done| done.status.success()) {
        eprintln!("left out: this machine lets nobody mount a file system of their own");
        return None;
    }
    fs::create_dir(home.path("var")).unwrap();
    let mut command = Command::new("unshare");
    let script = format!("mount -t tmpfs -o size=40m none var || exit 99; {script}");
    command.args(["-rm", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_duban")]).current_dir(home.folder.path());
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("DUBAN__CONSOLE__LISTEN", "127.0.0.1:0");
    Some(command)
}

#[test]
fn a_start_on_a_full_a_used_up_or_a_read_only_disk_is_worth_another_try() {
    let home = Home::new();
    let script = "$1 migrate >/dev/null; head -c 60m /dev/zero >var/fill 2>/dev/null; $1 serve; echo full $?; \
        $1 status; echo status $?; rm var/fill; mount -o remount,nr_inodes=$(find var | wc -l) var; $1 serve; echo inodes $?; \
        mount -o remount,nr_inodes=0,ro var; $1 serve; echo read-only $?";
    let Some(mut command) = on_a_small_disk(&home, script) else { return };
    let done = Done::of(command.output().unwrap());
    let codes: Vec<&str> =
        done.out.lines().filter(|line| line.split(' ').count() == 2 && line.ends_with(char::is_numeric)).collect();
    assert_eq!(codes, ["full 1", "status 1", "inodes 1", "read-only 1"], "{}", done.all());
}

#[test]
fn what_only_a_person_mends_is_told_from_what_passes() {
    use std::io::{Error, ErrorKind};
    for (passes, error) in [
        (true, Error::from(ErrorKind::StorageFull)),
        (true, Error::from(ErrorKind::QuotaExceeded)),
        (true, Error::from(ErrorKind::ReadOnlyFilesystem)),
        (true, Error::from_raw_os_error(5)),
        (true, Error::from_raw_os_error(24)),
        (false, Error::from(ErrorKind::PermissionDenied)),
        (false, Error::from(ErrorKind::NotADirectory)),
    ] {
        assert_eq!(duban::disk::passes(&error), passes, "{error}");
    }
    let unit = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/duban.service")).unwrap();
    for line in ["Restart=on-failure", "StartLimitIntervalSec=0", "RestartPreventExitStatus=78", "UMask=0077"] {
        assert!(unit.lines().any(|own| own == line), "{line}");
    }
}

#[tokio::test]
async fn a_file_that_another_program_holds_is_worth_another_try() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("duban.sqlite");
    let options = SqliteConnectOptions::new().filename(&path).busy_timeout(std::time::Duration::ZERO);
    let mut other = sqlx::SqliteConnection::connect_with(&options.clone().create_if_missing(true)).await.unwrap();
    sqlx::raw_sql("CREATE TABLE held (n); BEGIN EXCLUSIVE").execute(&mut other).await.unwrap();
    let mut own = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let error = sqlx::raw_sql("SELECT * FROM held").execute(&mut own).await.unwrap_err();
    let fault = DatabaseFault::from(error);
    assert!(fault.passes() && fault.to_string().contains("locked"), "{fault}");
    // What is damaged stays so.
    fs::write(folder.path().join("other"), [7; 4096]).unwrap();
    let mut damaged =
        sqlx::SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(folder.path().join("other"))).await;
    let error = match &mut damaged {
        Ok(connection) => sqlx::raw_sql("SELECT * FROM sqlite_master").execute(connection).await.unwrap_err(),
        Err(_) => damaged.err().unwrap(),
    };
    assert!(!DatabaseFault::from(error).passes());
}

/// All that lies below a folder, with its mode.
fn modes(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let about = fs::symlink_metadata(&path).unwrap();
        found.push((path.clone(), about.permissions().mode() & 0o777));
        if about.is_dir() {
            modes(&path, found);
        }
    }
}

#[test]
fn what_it_makes_is_its_own_accounts_alone() {
    let home = Home::new();
    let daemon = home.serve(&[]).wait_ready();
    home.open_event("w1");
    wait_for("the letters", || home.letters() > 0);
    home.write("现场.txt", "已检查");
    let ids = home.run(&["obligation", "list", "--unit", "质安处", "--format", "csv"]).out;
    let id = ids.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    let filed = home.run(&["submit", "--id", &id, "--unit", "质安处", "--note", "已检查", "--file", "现场.txt"]);
    assert_eq!(filed.code, Some(0), "{}", filed.all());
    let done = home.run(&["backup", "bk"]);
    assert_eq!(done.code, Some(0), "{}", done.all());
    let mut found = Vec::new();
    modes(&home.path("var"), &mut found);
    modes(&home.path("bk"), &mut found);
    for needed in ["duban.sqlite", "duban.sqlite-wal", "duban.sqlite-shm", "duban.sqlite.lock", "manifest.json"] {
        assert!(found.iter().any(|(path, _)| path.ends_with(needed)), "{needed} in {found:?}");
    }
    let open: Vec<_> = found.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert!(open.is_empty(), "others may read {open:?}");
    daemon.stop();
}

#[tokio::test]
async fn a_long_reader_leaves_no_long_log_behind() {
    let database = Database::fresh(Kind::Sqlite).await.unwrap();
    let Location::SqliteFile(path) = &database.location else { unreachable!() };
    let store = Store::open(&database.location).await.unwrap();
    let log = path.with_extension("sqlite-wal");
    let length = || fs::metadata(&log).unwrap().len();
    // Of another text each time: pages that stay the same are not written.
    let text = |n: usize| ["督", "办", "催"][n % 3].repeat(1 << 20);
    let fill = async |times: usize| {
        for n in 0..times {
            let mut tx = store.write().await.unwrap();
            tx.set_meta("long", &text(n)).await.unwrap();
            tx.commit().await.unwrap();
        }
    };
    let mut reader = sqlx::SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut reader).await.unwrap();
    let read: i64 = sqlx::query_scalar("SELECT count(*) FROM meta").fetch_one(&mut reader).await.unwrap();
    assert!(read >= 0);
    fill(12).await;
    let long = length();
    assert!(long > 33 << 20, "{long}");
    // While it reads, the log cannot be cut, and nobody is refused.
    assert_eq!(store.shorten_log().await.unwrap(), long);
    fill(1).await;
    reader.close().await.unwrap();
    // By itself as soon as the next have written, and at the next look.
    fill(3).await;
    assert!(length() <= 17 << 20, "{}", length());
    store.close().await;
    database.drop().await;
}

/// What a monitor is answered.
fn asked(address: &str, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn a_full_disk_turns_everything_red_and_is_over_when_there_is_room() {
    let home = Home::new();
    home.write("alarm.sh", "#!/bin/sh\nprintf '%s' \"$DUBAN_ALARM\" > heard.tmp && mv heard.tmp heard\n");
    assert!(Command::new("chmod").arg("+x").arg(home.path("alarm.sh")).status().unwrap().success());
    home.write("duban.toml", "[alarm]\non_alarm = \"./alarm.sh\"\nevery = \"1s\"\n[evidence]\nlargest = \"1MB\"\n");
    let Some(mut command) = on_a_small_disk(&home, "exec $1 serve --config duban.toml") else { return };
    // It looks at everything twice a second.
    command.env("WATCHDOG_USEC", "1500000");
    let mut daemon = home.spawn(command).wait_ready();
    let address = daemon.console();
    let id = daemon.id();
    let fill = PathBuf::from(format!("/proc/{id}/root{}", home.path("var/fill").display()));
    let inside = |arguments: &[&str]| {
        let id = id.to_string();
        let mut command = Command::new("nsenter");
        let folder = format!("--wdns={}", home.folder.path().display());
        command.args(["--preserve-credentials", "-U", "-m", "-t", &id, &folder]);
        command.arg(env!("CARGO_BIN_EXE_duban")).args(arguments);
        Done::of(command.env_clear().env("PATH", "/usr/bin:/bin").output().unwrap())
    };
    wait_for("health", || asked(&address, "/readyz") == "200");
    assert_eq!(
        (asked(&address, "/healthz").as_str(), inside(&["status", "--config", "duban.toml"]).code),
        ("200", Some(0))
    );

    let mut file = fs::File::create(&fill).unwrap();
    let zeros = vec![0; 1 << 20];
    while file.write_all(&zeros).is_ok() {}
    // That there is little room is heard first, perhaps.
    let heard = || fs::read_to_string(home.path("heard")).unwrap_or_default();
    wait_for("the alarm", || heard().contains("nothing can be written"));
    assert_eq!((asked(&address, "/healthz").as_str(), asked(&address, "/readyz").as_str()), ("503", "503"));
    let status = inside(&["status", "--config", "duban.toml"]);
    assert!(status.code == Some(1) && status.err.contains("nothing can be written"), "{}", status.all());
    assert_eq!(asked(&address, "/enter"), "200");

    fs::remove_file(&fill).unwrap();
    drop(file);
    wait_for("health", || asked(&address, "/healthz") == "200");
    let done =
        inside(&["event", "open", "--config", "duban.toml", "--type", "极端天气预警", "--place", "全市", "--id", "w1"]);
    assert_eq!(done.code, Some(0), "{}", done.all());
    wait_for("health", || asked(&address, "/readyz") == "200");
    assert!(daemon.runs());
    daemon.stop();
}
