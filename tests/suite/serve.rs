//! The real binary as a daemon: first start, one at a time, stop, reload, refusals, backup, secrets.
//!
//! Every wait is bounded and ends as soon as what is waited for is there; no time is asserted beyond that.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use crate::support::daemon::{Done, Home, accept, wait_for};
use crate::support::{BOTH, Kind, ZONE};
use duban::clock::Clock;

#[test]
fn a_first_start_without_any_configuration() {
    for (kind, database) in [(Kind::Sqlite, "./var/duban.sqlite"), (Kind::Postgres, "PostgreSQL")] {
        let Some(home) = Home::on(kind) else { continue };
        let daemon = home.serve(&[]).wait_ready();
        let told = daemon.out();
        for words in ["first start", database, "./var/outbox", "75 duties", "opened", "letters", "next"] {
            assert!(told.contains(words), "{words}\n{told}");
        }
        let written: usize = told
            .lines()
            .find_map(|line| line.trim().strip_prefix("letters")?.trim().strip_suffix(" written")?.parse().ok())
            .unwrap();
        wait_for("the letters", || home.letters() == written);
        let status = home.run(&["status", "--format", "json"]);
        assert_eq!(status.code, Some(0), "{}", status.all());
        let serving = status.out.contains("{\"item\": \"serving\", \"value\": \"yes\"");
        assert!(serving || kind == Kind::Postgres, "{}", status.out);
        daemon.stop();
        assert!(!home.path("var/duban.sqlite-wal").exists(), "a kind stop leaves one file");
        home.end();
    }
}

#[test]
fn a_restart_does_nothing_twice() {
    for kind in BOTH {
        let Some(home) = Home::on(kind) else { continue };
        // Two matters are open and due by now, of thirteen units each.
        assert_eq!(home.run(&["migrate"]).code, Some(0));
        home.open_event("w1");
        let daemon = home.serve(&[]).wait_ready();
        wait_for("the letters", || {
            home.letters() > 0 && home.count("SELECT count(*) FROM letter WHERE state <> 'sent'") == 0
        });
        daemon.stop();
        let letters = home.letters();
        for _ in 0..2 {
            let again = home.serve(&[]).wait_ready();
            let told = again.out();
            assert!(!told.contains("first start") && !told.contains("loaded"), "{told}");
            assert!(told.contains(" 0 opened, 0 planned ahead") || near_midnight(), "{told}");
            assert_eq!(home.run(&["run", "deliver"]).code, Some(0));
            again.stop();
            assert_eq!(home.letters(), letters, "nothing is said twice");
        }
        home.end();
    }
}

/// Shifts the clock that a program reads by `CLOCK_SHIFT` seconds.
const SHIFTED_CLOCK: &str = "#define _GNU_SOURCE\n#include <stdlib.h>\n#include <sys/syscall.h>\n#include <time.h>\n\
    #include <unistd.h>\nint clock_gettime(clockid_t id, struct timespec *at) {\n\
    int done = syscall(SYS_clock_gettime, id, at);\n\
    if (done == 0 && id == CLOCK_REALTIME) at->tv_sec += atol(getenv(\"CLOCK_SHIFT\"));\nreturn done;\n}\n";

#[test]
fn a_first_start_by_a_clock_that_cannot_be_is_refused_and_leaves_nothing() {
    for kind in BOTH {
        let Some(home) = Home::on(kind) else { continue };
        home.write("clock.c", SHIFTED_CLOCK);
        let (source, library) = (home.path("clock.c"), home.path("clock.so"));
        let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
        assert!(made.unwrap().success());
        // 1970, years back, and a century ahead.
        let now = Clock::System.now().timestamp();
        for shift in [-now, -10 * 366 * 86_400, 100 * 366 * 86_400] {
            for command in ["serve", "migrate"] {
                let mut command = home.command(&[command]);
                let refused = command.env("LD_PRELOAD", &library).env("CLOCK_SHIFT", shift.to_string()).output();
                let refused = Done::of(refused.unwrap());
                // Not 78: systemd is to try again.
                assert_eq!(refused.code, Some(1), "{}", refused.all());
                assert!(refused.err.contains("first start refused: this machine's clock says"), "{}", refused.err);
            }
            assert_eq!(home.count("SELECT COUNT(*) FROM meta WHERE key = 'starts_on'"), 0);
            assert_eq!(home.count("SELECT COUNT(*) FROM obligation"), 0);
        }
        // The clock is set: the same start begins today, and what has begun goes on whatever the clock says later.
        home.serve(&[]).wait_ready().stop();
        assert_eq!(home.count("SELECT COUNT(*) FROM meta WHERE key = 'starts_on'"), 1);
        let again =
            home.command(&["migrate"]).env("LD_PRELOAD", &library).env("CLOCK_SHIFT", (-now).to_string()).output();
        assert_eq!(Done::of(again.unwrap()).code, Some(0));
        home.end();
    }
}

#[test]
fn a_second_serve_is_refused_and_commands_work_beside() {
    let home = Home::new();
    let daemon = home.serve(&[]).wait_ready();
    let second = home.run(&["serve"]);
    assert_eq!(second.code, Some(1), "{}", second.all());
    assert!(second.err.contains("another `duban serve` runs on ./var/duban.sqlite"), "{}", second.err);
    for arguments in
        [&["run", "step"][..], &["run", "deliver"], &["digest", "show", "--now"], &["doctor"], &["migrate"]]
    {
        let done = home.run(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?} {}", done.all());
    }
    daemon.stop();
    home.serve(&[]).wait_ready().stop();
}

#[test]
fn killed_without_warning_it_starts_again() {
    for kind in BOTH {
        let Some(home) = Home::on(kind) else { continue };
        for _ in 0..3 {
            let mut daemon = home.serve(&[]).wait_ready();
            daemon.signal("KILL");
            daemon.end();
        }
        home.serve(&[]).wait_ready().stop();
        let doctor = home.run(&["doctor", "--format", "csv"]);
        assert!(doctor.out.contains("log,ok,"), "{}", doctor.all());
        home.end();
    }
}

#[test]
fn a_bad_configuration_is_not_taken_on_reload() {
    for kind in BOTH {
        let Some(home) = Home::on(kind) else { continue };
        home.write("duban.toml", "[office]\ncontact = \"甲\"\n");
        let mut daemon = home.serve(&["--config", "duban.toml"]).wait_ready();
        home.write("duban.toml", "[office]\nkontakt = \"乙\"\n");
        daemon.signal("HUP");
        wait_for("the refusal", || daemon.err().contains("duban.toml:2:1: unknown key `kontakt`"));
        assert!(daemon.err().contains("the old one stays in force"));
        fs::create_dir_all(home.path("wording/today")).unwrap();
        home.write("wording/today/subject.txt", "【今日待办】<<< no_such_name >>>{{ no_such_name }}");
        home.write("duban.toml", "[templates]\nfolder = \"wording\"\n");
        daemon.signal("HUP");
        wait_for("the second refusal", || daemon.err().contains("wording/today/subject.txt"));
        home.write("duban.toml", "[office]\ncontact = \"丙\"\n");
        daemon.signal("HUP");
        wait_for("the reload", || daemon.err().contains("have been read again"));
        assert!(daemon.runs());
        daemon.stop();
        home.end();
    }
}

#[test]
fn status_tells_by_its_exit_code() {
    for kind in BOTH {
        let Some(home) = Home::on(kind) else { continue };
        if kind == Kind::Sqlite {
            let none = home.run(&["status"]);
            assert_eq!(none.code, Some(78), "{}", none.all());
            assert!(none.err.contains("there is no database yet") && !home.path("var").exists());
        }
        assert_eq!(home.run(&["migrate"]).code, Some(0));
        let never = home.run(&["status"]);
        assert_eq!(never.code, Some(1), "{}", never.all());
        assert!(never.err.contains("no pass has ever been made"), "{}", never.err);
        home.serve(&[]).wait_ready().stop();
        assert_eq!(home.run(&["status"]).code, Some(0));
        home.set("UPDATE run SET finished_at = '2020-01-01T00:00:00+00:00', error = NULL WHERE job = 'step'");
        let old = home.run(&["status"]);
        assert_eq!(old.code, Some(1), "{}", old.all());
        assert!(old.err.contains("the last pass is"), "{}", old.err);
        home.set("DELETE FROM run WHERE job = 'step'");
        assert_eq!(home.run(&["run", "step"]).code, Some(0));
        home.set("INSERT INTO meta (key, value) VALUES ('mail_down', '2020-01-01T00:00:00+00:00 auth: 535 no')");
        let down = home.run(&["status"]);
        assert_eq!(down.code, Some(1), "{}", down.all());
        assert!(down.err.contains("the mail path has been down for"), "{}", down.err);
        home.end();
    }
}

fn damage(home: &Home, at: u64, bytes: &[u8]) {
    let mut file = File::options().read(true).write(true).open(home.path("var/duban.sqlite")).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

/// Each command must refuse the database, name it, and leave it as it was.
fn assert_refused(home: &Home, essence: &str) {
    let before = home.hash("var/duban.sqlite");
    for arguments in [&["serve"][..], &["status"], &["migrate"], &["run", "step"]] {
        let done = home.run(arguments);
        assert_eq!(done.code, Some(78), "{arguments:?} {}", done.all());
        assert!(done.err.contains("./var/duban.sqlite: ") && done.err.contains(essence), "{essence}\n{}", done.err);
        assert_eq!(home.hash("var/duban.sqlite"), before, "{arguments:?} changed a damaged database");
    }
}

#[test]
fn a_damaged_database_is_refused_and_left_alone() {
    let home = Home::set_up();
    let whole = fs::read(home.path("var/duban.sqlite")).unwrap();
    damage(&home, 0, &[0xAA; 64]);
    assert_refused(&home, "is no SQLite database");
    for page in [4096, 40960] {
        fs::write(home.path("var/duban.sqlite"), &whole).unwrap();
        damage(&home, page, &[0x55; 1024]);
        assert_refused(&home, "damaged");
    }
    fs::write(home.path("var/duban.sqlite"), &whole[..whole.len() * 2 / 3]).unwrap();
    assert_refused(&home, "damaged");
    fs::write(home.path("var/duban.sqlite"), b"").unwrap();
    assert_refused(&home, "is empty and was a database in use");
    fs::write(home.path("var/duban.sqlite"), &whole).unwrap();
    assert_eq!(home.run(&["status"]).code, Some(0), "the whole one is taken again");
}

#[test]
fn a_foreign_or_newer_database_is_refused_and_left_alone() {
    let home = Home::new();
    fs::create_dir(home.path("var")).unwrap();
    home.set("CREATE TABLE recipes (name TEXT)");
    assert_refused(&home, "another program");
    fs::remove_file(home.path("var/duban.sqlite")).unwrap();
    let home = Home::set_up();
    home.set(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        VALUES (9999, 'from the future', 1, x'00', 1)",
    );
    assert_refused(&home, "schema 9999, which is newer");
}

const SMTP: &str = "[mail]\nfrom = \"duban@cq.gov.cn\"\n[mail.transport]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nport = 9\n\
    tls = \"none\"\nallow_plain_auth = true\nusername = \"duban@cq.gov.cn\"\npassword_file = \"password\"\n";
const CANARY: &str = "canary-Pa55word-41";
const CANARY_ADDRESS: &str = "canary.liaison@cq-canary.cn";

#[test]
fn nothing_leaves_the_house_to_example_addresses() {
    let home = Home::new();
    home.write("duban.toml", SMTP);
    home.write("password", CANARY);
    let refused = home.run(&["serve", "--config", "duban.toml"]);
    assert_eq!(refused.code, Some(78), "{}", refused.all());
    for words in ["example address", "委安委办/office", "质安处/liaison", "duban post import"] {
        assert!(refused.err.contains(words), "{words}\n{}", refused.err);
    }
    // A trial needs the office's address alone.
    home.write("duban.toml", &format!("{SMTP}[trial]\nuntil = 2099-01-01\n"));
    let refused = home.run(&["serve", "--config", "duban.toml"]);
    assert!(refused.err.contains("委安委办/office") && !refused.err.contains("质安处/liaison"), "{}", refused.err);
    let test = home.run(&["send-test", "--config", "duban.toml", "--to", "a@example.com"]);
    assert_eq!(test.code, Some(1), "{}", test.all());
}

#[test]
fn a_dead_mail_server_costs_only_mail_and_no_secret_is_told() {
    let home = Home::new();
    assert_eq!(home.run(&["migrate"]).code, Some(0));
    home.set("UPDATE post_holder SET address = 'canary.liaison@cq-canary.cn'");
    home.open_event("w1");
    home.write("duban.toml", &format!("{SMTP}[log]\nlevel = \"trace\"\n"));
    home.write("password", CANARY);
    let mut daemon = home.serve(&["--config", "duban.toml"]).wait_ready();
    wait_for("the mail path's end", || daemon.err().contains("all mail waits"));
    assert!(daemon.runs());
    daemon.signal("HUP");
    wait_for("the reload", || daemon.err().contains("have been read again"));
    let told = [daemon.out(), daemon.err()].concat();
    daemon.stop();
    let test = home.run(&["send-test", "--config", "duban.toml", "--to", CANARY_ADDRESS]);
    assert_eq!(test.code, Some(1), "{}", test.all());
    let doctor = home.run(&["doctor", "--config", "duban.toml"]);
    assert_eq!(doctor.code, Some(1), "{}", doctor.all());
    assert!(doctor.out.contains("connect"), "{}", doctor.out);
    let status = home.run(&["status", "--config", "duban.toml"]);
    for text in [told, test.all(), doctor.all(), status.all()] {
        // As it is, and as AUTH LOGIN would send it.
        for canary in [CANARY, "Y2FuYXJ5LVBhNTV3b3JkLTQx", CANARY_ADDRESS] {
            assert!(!text.contains(canary), "{canary} in\n{text}");
        }
    }
}

#[test]
fn a_mail_server_that_hangs_delays_neither_passes_nor_the_stop() {
    let home = Home::new();
    assert_eq!(home.run(&["migrate"]).code, Some(0));
    home.set("UPDATE post_holder SET address = 'liaison@cq-canary.cn'");
    home.open_event("w1");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    home.write("duban.toml", &SMTP.replace("port = 9", &format!("port = {port}")));
    home.write("password", CANARY);
    let daemon = home.serve(&["--config", "duban.toml"]).wait_ready();
    // It connects, and hears nothing.
    let _hanging = accept(&listener);
    home.set("DELETE FROM run WHERE job = 'step'");
    wait_for("another pass", || {
        daemon.signal("HUP");
        sleep(Duration::from_millis(400));
        !home.run(&["status", "--config", "duban.toml"]).err.contains("no pass")
    });
    daemon.stop();
    assert_eq!(home.run(&["status", "--config", "duban.toml"]).code, Some(0));
}

#[test]
fn the_alarm_program_hears_what_mail_cannot_tell() {
    let home = Home::set_up();
    home.write("alarm.sh", "#!/bin/sh\nprintf '%s' \"$DUBAN_ALARM\" > heard.tmp && mv heard.tmp heard\n");
    assert!(Command::new("chmod").arg("+x").arg(home.path("alarm.sh")).status().unwrap().success());
    home.write("duban.toml", "[alarm]\non_alarm = \"./alarm.sh\"\nevery = \"1s\"\n");
    home.set("INSERT INTO meta (key, value) VALUES ('mail_down', '2020-01-01T00:00:00+00:00 auth: 535 no')");
    home.set("UPDATE letter SET state = 'sent', next_try_at = NULL");
    let vars = [("PATH", "/usr/bin:/bin")];
    let daemon = home.serve_with(&["--config", "duban.toml"], &vars).wait_ready();
    wait_for("the alarm", || home.path("heard").exists());
    let heard = fs::read_to_string(home.path("heard")).unwrap();
    assert!(heard.contains("the mail path has been down for"), "{heard}");
    daemon.stop();
}

#[test]
fn a_backup_is_whole_or_has_no_name() {
    let home = Home::new();
    let daemon = home.serve(&[]).wait_ready();
    let content = "照片".as_bytes();
    let sha256 = hex(&Sha256::digest(content));
    fs::create_dir_all(home.path("var/evidence/ab")).unwrap();
    fs::write(home.path(&format!("var/evidence/ab/{sha256}")), content).unwrap();
    let done = home.run(&["backup", "bk"]);
    assert_eq!(done.code, Some(0), "{}", done.all());
    let made = PathBuf::from(done.out.split(": ").next().unwrap());
    let daemon_err = daemon.err();
    daemon.stop();
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(home.folder.path().join(&made).join("manifest.json")).unwrap()).unwrap();
    let files = manifest["files"].as_object().unwrap();
    assert_eq!(files.len(), 2, "{manifest}");
    for (name, told) in files {
        let bytes = fs::read(home.folder.path().join(&made).join(name)).unwrap();
        assert_eq!(told["sha256"], hex(&Sha256::digest(&bytes)), "{name}");
    }

    // Restored somewhere else, it goes on: nothing is opened, planned or told twice.
    let other = Home::new();
    fs::create_dir(other.path("var")).unwrap();
    fs::copy(home.folder.path().join(&made).join("duban.sqlite"), other.path("var/duban.sqlite")).unwrap();
    let restored = other.serve(&[]).wait_ready();
    assert!(restored.out().contains("0 opened, 0 planned ahead") || near_midnight(), "{}", restored.out());
    // It knows that it is a copy, and the one that was copied does not think so.
    let warned = format!("{}{}", restored.out(), restored.err());
    assert!(warned.contains("this database is a copy taken at"), "{warned}");
    assert!(!daemon_err.contains("is a copy"), "{daemon_err}");
    restored.stop();
    assert_eq!(other.letters(), 0);

    // Evidence that a submission names and nobody has.
    home.set(
        "INSERT INTO submission (id, unit, by_post, acted_on, received_at, items, note) \
        VALUES ('s1', (SELECT id FROM unit WHERE name = '质安处'), '质安处/liaison', '2026-01-01', '2026-01-01T00:00:00+00:00', '[]', '')",
    );
    home.set("INSERT INTO evidence (submission, position, sha256, name, size) VALUES ('s1', 0, 'feed', 'a.jpg', 4)");
    let broken = home.run(&["backup", "bk2"]);
    assert_eq!(broken.code, Some(1), "{}", broken.all());
    assert!(broken.err.contains("feed (submission s1)"), "{}", broken.err);
    assert_eq!(fs::read_dir(home.path("bk2")).unwrap().count(), 0);
}

/// A test that runs over midnight may see obligations of the new day.
fn near_midnight() -> bool {
    let output = Command::new("date").env("TZ", "Asia/Shanghai").arg("+%H").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim() == "00"
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn old_backups_go_and_nothing_else_does() {
    let home = Home::set_up();
    for name in ["bk/duban-20200101T000000", "bk/duban-20200102T000000", "bk/holiday-pictures"] {
        fs::create_dir_all(home.path(name)).unwrap();
        home.write(&format!("{name}/manifest.json"), "{}");
    }
    fs::create_dir_all(home.path("bk/duban-20200103T000000")).unwrap();
    let done = home.run(&["backup", "bk", "--keep", "2"]);
    assert_eq!(done.code, Some(0), "{}", done.all());
    assert!(!home.path("bk/duban-20200101T000000").exists() && home.path("bk/duban-20200102T000000").exists());
    assert!(home.path("bk/holiday-pictures").exists() && home.path("bk/duban-20200103T000000").exists());
}

#[test]
fn two_backups_of_one_second_have_two_names() {
    let home = Home::set_up();
    // Whenever it is made within a minute, there is one of that second already.
    let now = Clock::System.now();
    let taken = |seconds| ZONE.local(now + TimeDelta::seconds(seconds)).format("bk/duban-%Y%m%dT%H%M%S").to_string();
    let taken: Vec<String> = (0..60).map(taken).collect();
    for name in &taken {
        fs::create_dir_all(home.path(name)).unwrap();
    }
    fs::create_dir_all(home.path(&format!("{}-2.partial", taken[0]))).unwrap();
    let mut made = Vec::new();
    for keep in ["9", "9", "1"] {
        let done = home.run(&["backup", "bk", "--keep", keep]);
        assert_eq!(done.code, Some(0), "{}", done.all());
        let name = done.out.split(": ").next().unwrap().to_owned();
        let (stamp, number) = name.rsplit_once('-').unwrap();
        assert!(taken.iter().any(|own| own == stamp) && number.parse::<u32>().unwrap() > 1, "{name}");
        assert!(home.path(&name).join("manifest.json").exists());
        made.push(name);
    }
    made.sort();
    made.dedup();
    assert_eq!(made.len(), 3, "{made:?}");
    let whole = made.iter().filter(|name| home.path(name).exists()).count();
    assert_eq!(whole, 1, "numbered ones are ours too, and go when there are too many");
    assert!(taken.iter().all(|name| home.path(name).exists()), "what was there is left alone");
}

#[test]
fn what_needs_no_database_makes_none() {
    let home = Home::new();
    for arguments in [
        &["check"][..],
        &["template", "check", "--out", "letters"],
        &["completions", "bash"],
        &["man"],
        &["plan", "--from", "2022-01-01", "--to", "2022-01-02", "--format", "csv"],
        &["send-test", "--to", "a@b.cn"],
    ] {
        let done = home.run(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?} {}", done.all());
        assert!(!home.path("var/duban.sqlite").exists(), "{arguments:?}");
    }
    assert_eq!(home.letters(), 1);
    assert!(fs::read_to_string(home.path("letters/digest-full.txt")).unwrap().starts_with("【督办清单】"));
    assert_eq!(home.run(&["fly"]).code, Some(2));
    let mut start = [0_u8; 3];
    let page = home.run(&["man"]).out;
    page.as_bytes().take(3).read_exact(&mut start).unwrap();
    assert!(page.contains(".TH duban 1"), "{page}");
}

#[test]
fn the_state_folder_is_where_systemd_says() {
    let home = Home::new();
    let state = home.path("state");
    let vars = [("STATE_DIRECTORY", state.to_str().unwrap())];
    home.serve_with(&[], &vars).wait_ready().stop();
    assert!(state.join("duban.sqlite").exists() && !home.path("var").exists());
    let conf = home.path("etc");
    fs::create_dir(&conf).unwrap();
    fs::write(Path::new(&conf).join("duban.toml"), "[mail]\nbogus = 1\n").unwrap();
    let mut command = home.command(&["check"]);
    let done = Done::of(command.env("CONFIGURATION_DIRECTORY", &conf).output().unwrap());
    assert_eq!(done.code, Some(78), "{}", done.all());
    assert!(done.err.contains("duban.toml:2:1"), "{}", done.err);
}

/// Sends one request to the console and reads the answer to its end.
fn ask(address: &str, head: &str, form: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_first_start_leaves_one_link_that_sets_the_offices_password_once() {
    use std::os::unix::fs::PermissionsExt as _;
    for kind in BOTH {
        let Some(home) = Home::on(kind) else { continue };
        let daemon = home.serve(&[]).wait_ready();
        // Nobody looks at a terminal here, so it stands where its owner alone can read it, and nowhere else.
        let path = home.path("var/login-link");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let link = fs::read_to_string(&path).unwrap();
        let (address, secret) = link.trim().strip_prefix("http://").unwrap().split_once("/p/").unwrap();
        let told = format!("{}{}", daemon.out(), daemon.err());
        assert!(!told.contains(secret) && told.contains("var/login-link"), "{told}");
        // To look changes nothing.
        for _ in 0..2 {
            let page = ask(address, &format!("GET /p/{secret}"), "");
            assert!(page.starts_with("HTTP/1.1 200") && page.contains("设置口令"), "{page}");
        }
        let set = format!("POST /p/{secret}");
        let unlike = ask(address, &set, "password=correct+horse+battery&again=correct+horse");
        assert!(unlike.starts_with("HTTP/1.1 422") && unlike.contains("不一致"), "{unlike}");
        let password = "password=correct+horse+battery&again=correct+horse+battery";
        let taken = ask(address, &set, password);
        assert!(taken.starts_with("HTTP/1.1 303") && taken.contains("set-cookie: duban="), "{taken}");
        let again = ask(address, &set, password);
        assert!(!again.starts_with("HTTP/1.1 303") && !again.contains("set-cookie"), "{again}");
        let office = "post=%E5%A7%94%E5%AE%89%E5%A7%94%E5%8A%9E/office&password=";
        let wrong = ask(address, "POST /enter", &format!("{office}wrong+horse+battery"));
        assert!(!wrong.contains("set-cookie"), "{wrong}");
        let signed_in = ask(address, "POST /enter", &format!("{office}correct+horse+battery"));
        assert!(signed_in.starts_with("HTTP/1.1 303") && signed_in.contains("set-cookie: duban="), "{signed_in}");
        daemon.stop();
        // Where somebody has a password there is no second link but for whoever may run the program.
        fs::remove_file(&path).unwrap();
        home.serve(&[]).wait_ready().stop();
        assert!(!path.exists());
        let printed = home.run(&["login-link", "委安委办/admin"]);
        assert!(printed.code == Some(0) && printed.out.contains("/p/"), "{}", printed.all());
        let refused = home.run(&["login-link", "质安处/liaison"]);
        assert!(
            refused.code == Some(1) && refused.err.contains("come in by the links in their letters"),
            "{}",
            refused.all()
        );
        home.end();
    }
}
