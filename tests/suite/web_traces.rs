//! Nothing of a secret is ever written down, and every refusal is.
//!
//! A test of its own process: what is traced is listened to from the first line on, and other tests come by none of them.

use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Method, Request};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::browser::{Browser, Console, KEY};
use crate::support::entry::{letter, sign_in, with_links};
use crate::support::{OFFICE, on_both_with, post, seeds_of, tables};
use duban::acts::entry;
use duban::mail::Transport;

/// Everything that is traced.
#[derive(Clone, Default)]
struct Traced(Arc<Mutex<Vec<u8>>>);

impl Write for Traced {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Traced {
    type Writer = Traced;

    fn make_writer(&'a self) -> Traced {
        self.clone()
    }
}

/// The same browser at an address that nobody has had: of one address a line a minute is written out.
fn elsewhere(mut browser: Browser) -> Browser {
    static ADDRESSES: AtomicU8 = AtomicU8::new(2);
    browser.peer = ([192, 0, 2, ADDRESSES.fetch_add(1, Ordering::Relaxed)], 1024).into();
    browser
}

#[tokio::test]
async fn no_secret_is_written_down_and_every_refusal_is() {
    let traced = Traced::default();
    let subscriber =
        tracing_subscriber::fmt().with_writer(traced.clone()).with_max_level(tracing::Level::TRACE).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| {
        let traced = traced.clone();
        async move {
            traced.0.lock().unwrap().clear();
            let link = letter(&mut story).await;
            let console = Console::of(&story);
            let mut answers = Vec::new();
            let mut office = console.stranger();
            let setup = entry::setup_secret(&console.engine, &post(OFFICE), "test").await.unwrap();
            answers.push(office.get(&format!("/p/{setup}")).await);
            let fields = [("password", "canary-password-1"), ("again", "canary-password-1")];
            let set = office.post(&format!("/p/{setup}"), &fields).await;
            let known = set.headers.get_all("set-cookie").iter().next_back().unwrap().to_str().unwrap().to_owned();
            let known = known.split(';').next().unwrap().to_owned();
            answers.push(set);
            let cookie = office.cookie.clone().unwrap();
            answers.push(sign_in(&mut elsewhere(console.stranger()), OFFICE, "canary-password-2").await);
            let mut liaison = elsewhere(console.stranger());
            answers.push(liaison.get(&link).await);
            answers.push(liaison.post(&link, &[("post", "质安处/liaison")]).await);
            let other_cookie = liaison.cookie.clone().unwrap();
            // Refused, each in its own way.
            answers.push(elsewhere(console.stranger()).get(&format!("{link}canary-token")).await);
            answers.push(elsewhere(console.stranger()).get("/p/canary-setup").await);
            answers.push(elsewhere(console.stranger()).get("/todo?x=canary-query").await);
            let bearer = Request::builder().uri("/todo").header("authorization", "Bearer canary-bearer");
            answers.push(elsewhere(console.stranger()).send(bearer.body(Body::empty()).unwrap()).await);
            let mut stolen = elsewhere(console.stranger());
            stolen.cookie = Some("duban=canary-cookie".into());
            answers.push(stolen.get("/todo").await);
            answers.push(liaison.get("/o/99999999").await);
            answers.push(elsewhere(console.signed_in("委安委办/auditor").await).post("/o/1/confirm", &[]).await);
            let foreign = Request::builder().method(Method::POST).uri(&link).header("origin", "https://evil.example");
            answers.push(elsewhere(console.stranger()).send(foreign.body(Body::empty()).unwrap()).await);
            liaison = elsewhere(liaison);
            let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
            let note = [("receipt", "R1"), ("acted_on", "2022-10-13"), ("note", "canary-note")];
            answers
                .push(liaison.upload(&format!("/o/{id}/file"), &note, &[("files", "canary-name.svg", b"<svg>")]).await);

            let traces = String::from_utf8(traced.0.lock().unwrap().clone()).unwrap();
            let secret = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
            let token = link.strip_prefix("/l/").unwrap();
            let mac = token.split_once('-').unwrap().1;
            let secrets = [
                setup.clone(),
                mac.to_owned(),
                secret(&cookie),
                secret(&known),
                secret(&other_cookie),
                KEY.to_owned(),
                "canary-password-1".into(),
                "canary-password-2".into(),
                "canary-token".into(),
                "canary-setup".into(),
                "canary-bearer".into(),
                "canary-cookie".into(),
                "canary-note".into(),
                "canary-name".into(),
            ];
            let held = tables::tables(&story.engine.store, &[]).await;
            for secret in &secrets {
                assert!(!traces.contains(secret.as_str()), "{secret} is traced");
                let table = held.iter().find(|(_, rows)| rows.iter().any(|row| row.contains(secret.as_str())));
                assert_eq!(table.map(|(name, _)| name), None, "{secret} is in the database");
                for answer in &answers {
                    assert!(!answer.location().contains(secret.as_str()), "{secret} in {}", answer.location());
                    let text = answer.text();
                    let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
                    assert!(!title.is_some_and(|(title, _)| title.contains(secret.as_str())), "{secret} is a title");
                }
            }
            for (status, route) in [
                ("401", "/enter"),
                ("401", "/todo"),
                ("404", "/o/{id}"),
                ("403", "/o/{id}/confirm"),
                ("403", "/l/{token}"),
            ] {
                let told = traces.lines().any(|line| {
                    line.contains("WARN")
                        && line.contains(&format!("http.status={status}"))
                        && line.contains(&format!("http.route=\"{route}\""))
                });
                assert!(told, "{status} of {route} is not told");
            }
            for reason in ["link", "password", "evidence"] {
                assert!(traces.contains(&format!("access.refused=\"{reason}\"")), "{reason} is not told");
            }
            story.engine.transport = Transport::Memory(story.mailbox.clone());
            story
        }
    })
    .await;
}
