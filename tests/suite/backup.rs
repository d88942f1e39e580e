//! Backups that are taken while people file and erase, and what comes back from them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::daemon::{Home, at_once};
use crate::support::{Kind, ZONE};
use duban::clock::Clock;
use duban::domain::quota::Item;
use duban::store::submissions::{Evidence, Submission};
use duban::store::{Location, Store};
use duban::vault::Vault;

/// A filing with one file, written as filings are.
async fn file(store: &Store, vault: &Vault, number: &str) -> String {
    let content = format!("佐证 {number} ").repeat(200).into_bytes();
    let size = i64::try_from(content.len()).unwrap();
    let held = vault.hold().await.unwrap();
    let sha256 = vault.put(content).await.unwrap();
    let submission = Submission {
        id: number.into(),
        unit: "质安处".into(),
        by_post: "质安处/liaison".into(),
        acted_on: ZONE.day_of(Clock::System.now()),
        received_at: Clock::System.now(),
        items: vec![Item { counter: "调度".into(), value: "1".into() }],
        note: String::new(),
        withdrawn_at: None,
        content: String::new(),
    };
    let evidence = Evidence {
        submission: number.into(),
        position: 0,
        sha256: sha256.clone(),
        name: "现场.txt".into(),
        size,
        erased_at: None,
    };
    let mut tx = store.write().await.unwrap();
    tx.insert_submissions(&[submission]).await.unwrap();
    tx.insert_evidence(&[evidence]).await.unwrap();
    tx.commit().await.unwrap();
    drop(held);
    sha256
}

async fn erase(store: &Store, vault: &Vault, number: &str, sha256: &str) {
    let mut tx = store.write().await.unwrap();
    tx.erase_evidence_of(number, sha256, Clock::System.now()).await.unwrap();
    tx.commit().await.unwrap();
    let _alone = vault.alone().await.unwrap();
    vault.remove(sha256).await.unwrap();
}

/// Files, and erases every third again, until it is told to stop; says what it has filed.
fn file_until(stop: &AtomicBool, home: &Path, begun: &AtomicBool) -> Vec<String> {
    at_once(async {
        let store = Store::connect(&Location::SqliteFile(home.join("var/duban.sqlite")), false).await.unwrap();
        let vault = Vault::at(&home.join("var/evidence"), 1 << 20);
        let mut filed = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let number = format!("R{}", filed.len());
            let sha256 = file(&store, &vault, &number).await;
            if filed.len() % 3 == 2 {
                erase(&store, &vault, &number, &sha256).await;
            }
            filed.push(number);
            begun.store(filed.len() > 30, Ordering::SeqCst);
        }
        store.close().await;
        filed
    })
}

/// The folder that a backup says it has made.
fn made(home: &Home, out: &str) -> PathBuf {
    home.folder.path().join(out.split(": ").next().unwrap())
}

fn check(home: &Home, name: &str) -> String {
    let doctor = home.run(&["doctor", "--deep", "--format", "csv"]);
    doctor.out.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{}", doctor.all())).to_owned()
}

#[test]
fn a_backup_under_constant_filing_is_whole_and_comes_back() {
    let home = Home::set_up();
    let (stop, begun) = (AtomicBool::new(false), AtomicBool::new(false));
    let (backups, filed) = thread::scope(|scope| {
        let filing = scope.spawn(|| file_until(&stop, home.folder.path(), &begun));
        while !begun.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        let backups: Vec<_> = (0..3).map(|_| home.run(&["backup", "bk"])).collect();
        stop.store(true, Ordering::SeqCst);
        (backups, filing.join().unwrap())
    });
    for done in &backups {
        assert_eq!(done.code, Some(0), "{}", done.all());
    }
    assert!(filed.len() > 31, "nobody filed meanwhile");
    assert_eq!(home.count("SELECT count(*) FROM meta WHERE key = 'copied_at'"), 0, "the living one is no copy");

    let last = made(&home, &backups[2].out);
    let other = Home::new();
    let done = other.run(&["restore", last.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.all());
    assert_eq!(other.count("SELECT count(*) FROM meta WHERE key = 'copied_at'"), 1);
    // What had been acknowledged when it began is in it.
    assert!(other.count("SELECT count(*) FROM submission") > 30);
    assert!(check(&other, "evidence").contains("ok"), "{}", check(&other, "evidence"));
    assert!(check(&other, "log").contains("ok") && check(&other, "summaries").contains("ok"));
    other.serve(&[]).wait_ready().stop();

    // Nothing is put over anything.
    let before = other.hash("var/duban.sqlite");
    let again = other.run(&["restore", last.to_str().unwrap()]);
    assert!(again.code == Some(1) && again.err.contains("is there already"), "{}", again.all());
    assert_eq!(other.hash("var/duban.sqlite"), before);
    let daemon = other.serve(&[]).wait_ready();
    let living = other.run(&["restore", last.to_str().unwrap()]);
    assert!(living.code == Some(1) && living.err.contains("stop it first"), "{}", living.all());
    daemon.stop();
}

#[test]
fn what_is_no_whole_backup_or_has_no_room_is_refused_and_nothing_is_changed() {
    let home = Home::set_up();
    let done = home.run(&["backup", "bk"]);
    let backup = made(&home, &done.out);
    at_once(async {
        let store = Store::connect(&Location::SqliteFile(home.path("var/duban.sqlite")), false).await.unwrap();
        let vault = Vault::at(&home.path("var/evidence"), 1 << 20);
        file(&store, &vault, "R1").await;
        store.close().await;
    });
    let other = Home::new();
    let refused = |essence: &str, folder: &Path| {
        let done = other.run(&["restore", folder.to_str().unwrap()]);
        assert!(done.code != Some(0) && done.err.contains(essence), "{essence}: {}", done.all());
        assert!(!other.path("var/duban.sqlite").exists());
    };
    refused("no whole backup", &home.path("bk"));
    refused("no whole backup", &home.path("var"));
    // Evidence of somebody else.
    fs::create_dir_all(other.path("var/evidence/ab")).unwrap();
    other.write("var/evidence/ab/abcd", "theirs");
    refused("not of this backup", &backup);
    fs::remove_dir_all(other.path("var/evidence")).unwrap();
    // A log of a database that is gone would be played into the restored one.
    other.write("var/duban.sqlite-wal", "left");
    refused("duban.sqlite-wal is there already", &backup);
    fs::remove_file(other.path("var/duban.sqlite-wal")).unwrap();
    // A file of it was changed, one is gone, one leads out of it.
    let whole = fs::read(backup.join("duban.sqlite")).unwrap();
    fs::write(backup.join("duban.sqlite"), &whole[..whole.len() - 1]).unwrap();
    refused("duban.sqlite: changed", &backup);
    fs::remove_file(backup.join("duban.sqlite")).unwrap();
    refused("duban.sqlite: ", &backup);
    fs::write(backup.join("duban.sqlite"), &whole).unwrap();
    let manifest = fs::read_to_string(backup.join("manifest.json")).unwrap();
    let outside = manifest.replace("\"duban.sqlite\": {", "\"../duban.sqlite\": {");
    assert_ne!(outside, manifest);
    fs::write(backup.join("manifest.json"), outside).unwrap();
    refused("no file of a backup", &backup);
    fs::write(backup.join("manifest.json"), manifest).unwrap();
    // An emptied one was a database: a restore is what it waits for.
    other.write("var/duban.sqlite.lock", "in use");
    other.write("var/duban.sqlite", "");
    let done = other.run(&["restore", backup.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.all());
    other.serve(&[]).wait_ready().stop();

    // The evidence that was filed since is looked for, and looked at.
    assert!(check(&home, "evidence").contains("ok"));
    let sha256 = home.path("var/evidence");
    let folder = fs::read_dir(&sha256).unwrap().map(|entry| entry.unwrap().path());
    let file = folder
        .filter(|path| path.is_dir() && !path.ends_with("staging"))
        .flat_map(|path| fs::read_dir(path).unwrap())
        .map(|entry| entry.unwrap().path())
        .next()
        .unwrap();
    let content = fs::read(&file).unwrap();
    fs::write(&file, content.iter().rev().copied().collect::<Vec<u8>>()).unwrap();
    let shallow = home.run(&["doctor", "--format", "csv"]).out;
    assert!(shallow.lines().any(|line| line.starts_with("evidence,ok")), "{shallow}");
    assert!(check(&home, "evidence").contains("(submission R1)"));
    fs::remove_file(&file).unwrap();
    let shallow = home.run(&["doctor", "--format", "csv"]);
    assert!(
        shallow.code == Some(1) && shallow.out.contains("1 of 1 files are missing or changed"),
        "{}",
        shallow.all()
    );
}

#[test]
fn on_postgres_evidence_comes_back_beside_a_dump() {
    let Some(home) = Home::on(Kind::Postgres) else { return };
    home.serve(&[]).wait_ready().stop();
    let done = home.run(&["backup", "bk"]);
    assert!(done.code == Some(0) && done.err.contains("pg_dump"), "{}", done.all());
    let backup = made(&home, &done.out);
    let daemon = home.serve(&[]).wait_ready();
    let living = home.run(&["restore", backup.to_str().unwrap()]);
    assert!(living.code == Some(1) && living.err.contains("stop `duban serve` first"), "{}", living.all());
    daemon.stop();
    let done = home.run(&["restore", backup.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.all());
    assert_eq!(home.count("SELECT count(*) FROM meta WHERE key = 'copied_at'"), 1);
    // The evidence alone is no SQLite database's backup.
    let other = Home::new();
    let refused = other.run(&["restore", backup.to_str().unwrap()]);
    assert!(refused.code == Some(1) && refused.err.contains("names no PostgreSQL"), "{}", refused.all());
    // An empty database has not had its dump.
    let empty = Home::on(Kind::Postgres).unwrap();
    let refused = empty.run(&["restore", backup.to_str().unwrap()]);
    assert!(refused.code == Some(1) && refused.err.contains("pg_restore"), "{}", refused.all());
    empty.end();
    home.end();
}
