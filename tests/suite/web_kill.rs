//! The real process, killed while a file comes in: after the restart no half file is served, no submission is without its
//! file, and what was acknowledged is there.
//!
//! A failing seed is printed and replays with `DUBAN_KILL_SEED=n tests/run -- --test suite web_kill::`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;
use std::{fs, thread};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::daemon::Home;
use crate::support::entry::credential;
use crate::support::{BOTH, Database, Kind};
use duban::clock::Clock;
use duban::store::Store;
use duban::store::access::CredentialKind::Session;
use duban::vault::{LARGEST, STAGING, Vault};

async fn obligation(store: &Store, event: &str) -> i64 {
    let mut tx = store.read().await.unwrap();
    tx.obligation_of("46.1", "质安处", &format!("event:{event}")).await.unwrap().unwrap().obligation.id
}

/// A form with one file of that size, and the request around it.
fn form(at: &str, cookie: &str, id: i64, receipt: &str, size: usize) -> (Vec<u8>, Vec<u8>) {
    let zone = chrono_tz::Asia::Shanghai;
    let today = Clock::System.now().with_timezone(&zone).date_naive();
    let content: Vec<u8> = format!("{receipt} evidence\n").into_bytes().into_iter().cycle().take(size).collect();
    let part = |name: &str, value: &str| {
        format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let mut body = part("receipt", receipt) + &part("acted_on", &today.to_string());
    body += "--line\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.txt\"\r\n\r\n";
    let mut body = body.into_bytes();
    body.extend_from_slice(&content);
    body.extend_from_slice(b"\r\n--line--\r\n");
    let head = format!(
        "POST /o/{id}/file HTTP/1.1\r\nHost: {at}\r\nCookie: duban={cookie}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary=line\r\n\r\n",
        body.len()
    );
    ([head.into_bytes(), body].concat(), content)
}

/// Sends, and gives back the status line, or nothing when the connection broke off.
fn send(at: &str, request: &[u8]) -> String {
    let Ok(mut stream) = TcpStream::connect(at) else { return String::new() };
    let mut answer = Vec::new();
    let _ = stream.write_all(request);
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

fn get(at: &str, cookie: &str, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(at).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nCookie: duban={cookie}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|at| at == b"\r\n\r\n").unwrap();
    let status = String::from_utf8_lossy(&answer[..head]).lines().next().unwrap().to_owned();
    (status, answer[head + 4..].to_vec())
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

async fn story(kind: Kind) {
    const SIZE: usize = 8 << 20;
    let Some(database) = Database::fresh(kind).await else { return };
    let seed = std::env::var("DUBAN_KILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    eprintln!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let home = Home::beside(&database);
    let mut daemon = home.serve(&[]);
    let mut at = daemon.console();
    let store = Store::open(&database.location).await.unwrap();
    let lasts = Some(chrono::TimeDelta::hours(10));
    let cookie = credential(&store, Session, "质安处/liaison", "", Clock::System.now(), lasts).await;
    let evidence = home.path("var/evidence");

    // In the middle for sure: half of it has been sent and is on its way to disk.
    home.open_event("half");
    let id = obligation(&store, "half").await;
    let (request, content) = form(&at, &cookie, id, "Rhalf", SIZE);
    let mut stream = TcpStream::connect(&at).unwrap();
    stream.write_all(&request[..request.len() / 2]).unwrap();
    while count(&evidence.join(STAGING)) == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    drop(daemon);
    drop(stream);
    daemon = home.serve(&[]);
    at = daemon.console();
    assert!(store.read().await.unwrap().submission("Rhalf").await.unwrap().is_none(), "seed {seed}");
    for path in ["/filed/Rhalf", "/filed/Rhalf/files/0"] {
        assert!(get(&at, &cookie, path).0.contains("404"), "seed {seed}: {path}");
    }
    // What is left of it lies apart, under no hash; and the form can be sent again.
    assert_eq!(count(&evidence), 1, "seed {seed}: half a file has a name");
    let (request, _) = form(&at, &cookie, id, "Rhalf", SIZE);
    assert!(send(&at, &request).contains("303"), "seed {seed}");
    let (status, bytes) = get(&at, &cookie, "/filed/Rhalf/files/0");
    assert!(status.contains("200") && bytes == content, "seed {seed}: {status}, {} bytes", bytes.len());

    // And at any moment.
    let rounds = if std::env::var("DUBAN_TEST_LONG").is_ok() { 60 } else { 5 };
    let mut acknowledged = Vec::new();
    let mut contents = Vec::new();
    for round in 0..rounds {
        let event = format!("e{round}");
        home.open_event(&event);
        let receipt = format!("R{round}");
        let (request, content) = form(&at, &cookie, obligation(&store, &event).await, &receipt, SIZE);
        let sending = thread::spawn(move || send(&at, &request));
        thread::sleep(Duration::from_millis(random.random_range(1..400)));
        drop(daemon);
        if sending.join().unwrap().contains("303") {
            acknowledged.push(receipt.clone());
        }
        contents.push((receipt, content));
        daemon = home.serve(&[]);
        at = daemon.console();
    }
    let vault = Vault::at(&evidence, LARGEST);
    for (receipt, content) in contents {
        let mut tx = store.read().await.unwrap();
        let filed = tx.submission(&receipt).await.unwrap().is_some();
        assert!(filed || !acknowledged.contains(&receipt), "seed {seed}: acknowledged {receipt} is lost");
        let files = tx.evidence_of(&receipt).await.unwrap();
        drop(tx);
        let (status, bytes) = get(&at, &cookie, &format!("/filed/{receipt}/files/0"));
        if filed {
            assert_eq!(files.len(), 1, "seed {seed}: {receipt} is without its file");
            assert_eq!(vault.get(&files[0].sha256).await.unwrap(), Some(content.clone()), "seed {seed}: {receipt}");
            assert!(status.contains("200") && bytes == content, "seed {seed}: {receipt}: {status}");
        } else {
            assert!(files.is_empty() && status.contains("404"), "seed {seed}: {receipt}: {status}");
        }
    }
    // What the kills have left is swept once it is a day old, and what is filed stays.
    let left = count(&evidence.join(STAGING)) as u64;
    assert!(left >= 1, "seed {seed}");
    assert_eq!(vault.sweep(Clock::System.now()).await.unwrap(), 0);
    assert_eq!(vault.sweep(Clock::System.now() + chrono::TimeDelta::hours(25)).await.unwrap(), left);
    assert!(get(&at, &cookie, "/filed/Rhalf/files/0").0.contains("200"));
    drop(daemon);
    store.close().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_an_upload_on_either_database() {
    for kind in BOTH {
        story(kind).await;
    }
}
