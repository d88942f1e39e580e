//! Who may ask for what: every route of the console as every kind of visitor, against a table written by hand; and what
//! belongs to one unit looks to another as if it were not there.
//!
//! Whoever adds a route adds a line to `TABLE`: method and path, and who passes.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::browser::{self, Answer, Browser, Console, options};
use crate::support::entry::credential;
use crate::support::{Story, on_both_of, post, tables};
use duban::acts::entry::{self, Spans};
use duban::domain::unit::UnitName;
use duban::engine::Engine;
use duban::store::access::CredentialKind;
use duban::web::access::Right;
use duban::web::{route, routes};

/// Every kind of visitor: what they are called in the table, and how they come in.
const VISITORS: &[(&str, As)] = &[
    ("nobody", As::Nobody),
    ("liaison", As::Session("质安处/liaison", "")),
    ("other liaison", As::Session("办公室/liaison", "")),
    ("deputy", As::Session("质安处/deputy", "")),
    ("head", As::Session("质安处/head", "")),
    ("office's liaison", As::Session("委安委办/liaison", "")),
    ("office's head", As::Session("委安委办/head", "")),
    ("office", As::Session("委安委办/office", "")),
    ("admin", As::Session("委安委办/admin", "")),
    ("auditor", As::Session("委安委办/auditor", "")),
    ("digest", As::Session("委安委办/office", "read")),
    ("expired", As::Expired),
    ("ended", As::Ended),
    ("token read", As::Token("委安委办/office", "read")),
    ("token file", As::Token("委安委办/office", "file")),
    ("token decide", As::Token("委安委办/office", "decide")),
    ("token settings", As::Token("委安委办/office", "settings")),
    ("token of nothing", As::Token("委安委办/office", "")),
    ("unit's token read", As::Token("质安处/liaison", "read")),
    ("unit's token file", As::Token("质安处/liaison", "file")),
    ("unit's token decide", As::Token("质安处/liaison", "decide settings")),
];

#[derive(Clone, Copy)]
enum As {
    Nobody,
    /// Post and scopes.
    Session(&'static str, &'static str),
    Token(&'static str, &'static str),
    Expired,
    Ended,
}

type Who = &'static [&'static str];

/// Anybody, also whoever is not signed in any more.
const ANYBODY: Who = &["*"];
const SIGNED_IN: Who = &[
    "liaison",
    "other liaison",
    "deputy",
    "head",
    "office's liaison",
    "office's head",
    "office",
    "admin",
    "auditor",
    "digest",
    "token read",
    "unit's token read",
];
/// Neither by a digest's link nor by a token.
const IN_PERSON: Who =
    &["liaison", "other liaison", "deputy", "head", "office's liaison", "office's head", "office", "admin", "auditor"];
const FILES: Who = &["liaison", "other liaison", "office's liaison", "office", "token file", "unit's token file"];
const LEADS: Who = &["deputy", "head", "office's head"];
const HANDS_OVER: Who = &[
    "liaison",
    "other liaison",
    "deputy",
    "head",
    "office's liaison",
    "office's head",
    "office",
    "admin",
    "token settings",
    "unit's token decide",
];
const SEES_ALL: Who = &["office", "admin", "auditor", "digest", "token read"];
const DECIDES: Who = &["office", "office's head", "token decide"];
const SETS: Who = &["office", "admin", "token settings"];
const SETS_IN_PERSON: Who = &["office", "admin"];

/// Who passes: one line a route.
const TABLE: &[(&str, Who)] = &[
    ("GET /", ANYBODY),
    ("GET /assets/{name}", ANYBODY),
    ("GET /enter", ANYBODY),
    ("POST /enter", ANYBODY),
    ("POST /enter/link", ANYBODY),
    ("GET /l/{token}", ANYBODY),
    ("POST /l/{token}", ANYBODY),
    ("GET /p/{secret}", ANYBODY),
    ("POST /p/{secret}", ANYBODY),
    ("POST /leave", SIGNED_IN),
    ("GET /me", SIGNED_IN),
    ("POST /me/end/{id}", IN_PERSON),
    ("GET /todo", SIGNED_IN),
    ("GET /filed", SIGNED_IN),
    ("GET /filed/{receipt}", SIGNED_IN),
    ("GET /filed/{receipt}/files/{position}", SIGNED_IN),
    ("GET /filed/{receipt}/correct", FILES),
    ("POST /filed/{receipt}/correct", FILES),
    ("GET /filed/{receipt}/withdraw", FILES),
    ("POST /filed/{receipt}/withdraw", FILES),
    ("GET /o/{id}", SIGNED_IN),
    ("GET /o/{id}/file", FILES),
    ("POST /o/{id}/file", FILES),
    ("POST /o/{id}/confirm", FILES),
    ("POST /o/{id}/answer", FILES),
    ("POST /o/{id}/extend", FILES),
    ("POST /o/{id}/dispute", FILES),
    ("POST /requests/{id}/endorse", LEADS),
    ("GET /feeds/{secret}", ANYBODY),
    ("GET /healthz", ANYBODY),
    ("GET /readyz", ANYBODY),
    ("GET /api/v1/openapi.json", ANYBODY),
    ("GET /me/feeds", SIGNED_IN),
    ("POST /me/feeds", IN_PERSON),
    ("POST /me/feeds/{id}/end", IN_PERSON),
    ("GET /api/v1/calendar/{year}", SIGNED_IN),
    ("GET /api/v1/duties", SIGNED_IN),
    ("GET /api/v1/units", SIGNED_IN),
    ("GET /api/v1/obligations", SIGNED_IN),
    ("GET /api/v1/decisions", SIGNED_IN),
    ("GET /api/v1/obligations/{id}", SIGNED_IN),
    ("GET /api/v1/obligations/{id}/explain", SIGNED_IN),
    ("GET /api/v1/plan", SIGNED_IN),
    ("GET /api/v1/submissions/{receipt}", SIGNED_IN),
    ("GET /api/v1/submissions/{receipt}/files/{position}", SIGNED_IN),
    ("POST /api/v1/submissions", FILES),
    ("POST /api/v1/submissions/{receipt}/withdraw", FILES),
    ("POST /api/v1/submissions/{receipt}/correct", FILES),
    ("POST /api/v1/submissions/{receipt}/files/{position}/erase", FILES),
    ("POST /api/v1/obligations/{id}/dispute", FILES),
    ("POST /api/v1/obligations/{id}/extension", FILES),
    ("GET /board", SEES_ALL),
    ("GET /ledger", SEES_ALL),
    ("GET /ledger.csv", SEES_ALL),
    ("GET /letters", SEES_ALL),
    ("GET /letters/{id}", SEES_ALL),
    ("GET /letters/{id}/text", SEES_ALL),
    ("GET /watcher", SEES_ALL),
    ("GET /api/v1/digest", SEES_ALL),
    ("GET /api/v1/events", SEES_ALL),
    ("GET /api/v1/letters", SEES_ALL),
    ("GET /api/v1/nodes", SEES_ALL),
    ("GET /api/v1/posts", SEES_ALL),
    ("GET /api/v1/requests", SEES_ALL),
    ("GET /api/v1/status", SEES_ALL),
    ("GET /review", DECIDES),
    ("GET /waive", DECIDES),
    ("POST /waive", DECIDES),
    ("POST /letters/held", DECIDES),
    ("POST /letters/{id}/again", DECIDES),
    ("POST /api/v1/letters/held", DECIDES),
    ("POST /letters/{id}/revoke", DECIDES),
    ("POST /o/{id}/accept", DECIDES),
    ("POST /o/{id}/return", DECIDES),
    ("POST /o/{id}/verdict", DECIDES),
    ("POST /o/{id}/miss", DECIDES),
    ("POST /o/{id}/bulletin", DECIDES),
    ("POST /o/{id}/undo", DECIDES),
    ("POST /review/accept", DECIDES),
    ("POST /review/misses", DECIDES),
    ("POST /review/bulletin", DECIDES),
    ("POST /o/{id}/extension", DECIDES),
    ("POST /o/{id}/waive", DECIDES),
    ("POST /api/v1/events", DECIDES),
    ("POST /api/v1/events/{id}/close", DECIDES),
    ("POST /api/v1/nodes", DECIDES),
    ("POST /api/v1/nodes/{id}/extend", DECIDES),
    ("POST /api/v1/nodes/{id}/close", DECIDES),
    ("POST /api/v1/obligations/{id}/accept", DECIDES),
    ("POST /api/v1/obligations/{id}/return", DECIDES),
    ("POST /api/v1/obligations/{id}/undo", DECIDES),
    ("POST /api/v1/acceptances", DECIDES),
    ("POST /api/v1/misses/decision", DECIDES),
    ("POST /api/v1/bulletins/decision", DECIDES),
    ("POST /api/v1/obligations/{id}/dispute/decision", DECIDES),
    ("POST /api/v1/obligations/{id}/extension/decision", DECIDES),
    ("POST /api/v1/waivers", DECIDES),
    ("PUT /api/v1/units/{name}", SETS),
    ("POST /api/v1/units/{name}/leave", SETS),
    ("POST /api/v1/units/{name}/rename", SETS),
    ("POST /api/v1/units/{name}/succeed", SETS),
    ("PUT /api/v1/posts/{unit}/{role}", HANDS_OVER),
    ("POST /api/v1/posts/import", SETS),
    ("POST /api/v1/calendar/diff", SETS),
    ("POST /api/v1/calendar/import", SETS),
    ("POST /api/v1/seeds/diff", SETS),
    ("POST /api/v1/seeds/apply", SETS),
    ("GET /tokens", SETS),
    ("POST /tokens", SETS_IN_PERSON),
    ("POST /tokens/{id}/end", SETS),
    ("GET /me/hand-over", HANDS_OVER),
    ("POST /me/hand-over", HANDS_OVER),
    ("GET /occasions", SEES_ALL),
    ("GET /occasions/events/{id}", SEES_ALL),
    ("POST /occasions/events", DECIDES),
    ("POST /occasions/events/{id}/close", DECIDES),
    ("POST /occasions/nodes", DECIDES),
    ("POST /occasions/nodes/{id}/extend", DECIDES),
    ("POST /occasions/nodes/{id}/close", DECIDES),
    ("GET /settings", SEES_ALL),
    ("GET /trial", SEES_ALL),
    ("GET /calendar/{year}", SEES_ALL),
    ("POST /calendar/{year}/import", SETS),
    ("GET /duties", SEES_ALL),
    ("POST /duties/changes", SETS),
    ("POST /duties/apply", SETS),
    ("GET /ladders", SEES_ALL),
    ("GET /ladders/preview", SEES_ALL),
    ("GET /posts", SEES_ALL),
    ("GET /posts/change", SETS),
    ("POST /posts/change", SETS),
    ("GET /posts/import", SETS),
    ("POST /posts/import", SETS),
    ("GET /units", SEES_ALL),
    ("GET /units/change", SETS),
    ("POST /units/change", SETS),
    ("POST /units/leave", SETS),
    ("POST /units/rename", SETS),
    ("POST /units/succeed", SETS),
    ("GET /pictures", SEES_ALL),
    ("GET /pictures/duty/{id}", SEES_ALL),
    ("GET /pictures/unit/{name}", SIGNED_IN),
];

/// Routes whose parameter is nobody's own.
const SHARED: &[&str] = &["/api/v1/calendar/{year}"];

/// What any form might ask for, so that a handler comes as far as looking for what it is about.
const FORM: &[(&str, &str)] = &[
    ("reason", "理由充分"),
    ("answer", "意见"),
    ("until", "2022-10-31"),
    ("acted_on", "2022-10-13"),
    ("receipt", "Rmatrix"),
    ("note", "说明"),
    ("document", "文号〔2022〕1号"),
    ("verdict", "accept"),
    ("holder", "质安处联络员"),
    ("address", "somebody@example.com"),
    ("from", "2022-10-14"),
];

/// Somebody of that kind, freshly come in.
async fn come_in(console: &Console, how: As) -> (Browser, Option<String>) {
    let session = async |who: &str, scopes: &str, longest: i64| {
        let spans = Spans { longest: TimeDelta::hours(longest), ..options().spans };
        entry::begin_session(&console.engine, &post(who), "test", "test", scopes, spans).await.unwrap()
    };
    let mut browser = console.stranger();
    let mut bearer = None;
    match how {
        As::Nobody => {}
        As::Session(who, scopes) => browser.cookie = Some(format!("duban={}", session(who, scopes, 14).await)),
        As::Expired => browser.cookie = Some(format!("duban={}", session("委安委办/office", "", -1).await)),
        As::Ended => {
            let secret = session("委安委办/office", "", 14).await;
            let entered = entry::entered(&console.engine, CredentialKind::Session, &secret, options().spans)
                .await
                .unwrap()
                .unwrap();
            assert!(
                entry::end_own(&console.engine, CredentialKind::Session, &entered.post, entered.credential.id)
                    .await
                    .unwrap()
            );
            browser.cookie = Some(format!("duban={secret}"));
        }
        As::Token(who, scopes) => {
            let Engine { store, clock, .. } = &*console.engine;
            bearer = Some(credential(store, CredentialKind::Token, who, scopes, clock.now(), None).await);
        }
    }
    (browser, bearer)
}

/// Asks as a browser or a program would, with a form where one is sent.
async fn ask(
    browser: &mut Browser,
    bearer: Option<&str>,
    route: &route::Route,
    path: &str,
    form: &[(&str, &str)],
) -> Answer {
    let mut request = Request::builder().method(&route.method).uri(browser::quoted(path));
    if let Some(bearer) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
    }
    if route.method == Method::GET {
        return browser.send(request.body(Body::empty()).unwrap()).await;
    }
    let request = request.header("sec-fetch-site", "same-origin");
    let (kind, body) = if path.starts_with("/api/") {
        let fields: serde_json::Map<String, serde_json::Value> =
            form.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        ("application/json", serde_json::Value::from(fields).to_string())
    } else if route.body.is_none() {
        let part = |(name, value): &(&str, &str)| {
            format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        ("multipart/form-data; boundary=line", form.iter().map(part).collect::<String>() + "--line--\r\n")
    } else {
        let parts: Vec<String> =
            form.iter().map(|(name, value)| format!("{name}={}", browser::quoted_part(value))).collect();
        ("application/x-www-form-urlencoded", parts.join("&"))
    };
    browser.send(request.header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()).await
}

fn passed(answer: &Answer) -> bool {
    let sent_away = answer.status == StatusCode::SEE_OTHER && answer.location().starts_with("/enter?next=");
    !(sent_away || [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status))
}

/// The path with something in place of each parameter.
fn filled(path: &str, with: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap();
        filled = filled + before + &with(name.trim_start_matches('*'));
        rest = after;
    }
    filled + rest
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_says_and_nobody_else() {
    on_both_of("2022-10-13 10:00", &["9.1b"], |story| async move {
        let console = Console::of(&story);
        let mut faults = Vec::new();
        let all = routes::all();
        for (line, _) in TABLE {
            if !all.iter().any(|route| *line == format!("{} {}", route.method, route.path)) {
                faults.push(format!("{line}: stands in the table and is no route"));
            }
        }
        for route in &all {
            let name = format!("{} {}", route.method, route.path);
            let Some((_, who)) = TABLE.iter().find(|(line, _)| *line == name) else {
                faults.push(format!("{name} ({:?}): has no line in TABLE of tests/web_matrix.rs", route.right));
                continue;
            };
            assert!(who.iter().all(|who| *who == "*" || VISITORS.iter().any(|(known, _)| known == who)), "{name}");
            for (n, (visitor, how)) in VISITORS.iter().enumerate() {
                let (mut browser, bearer) = come_in(&console, *how).await;
                browser.peer.set_ip([192, 0, 2, 100 + u8::try_from(n).unwrap()].into());
                let path = filled(route.path, |_| "999999".into());
                // Nothing is filled in, so that nothing is done by whoever passes.
                let answer = ask(&mut browser, bearer.as_deref(), route, &path, &[]).await;
                let may = *who == ANYBODY || who.contains(visitor);
                if passed(&answer) != may {
                    faults.push(format!("{name} as {visitor}: {} {}", answer.status, answer.location()));
                }
            }
        }
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        story
    })
    .await;
}

#[tokio::test]
async fn every_route_that_changes_anything_refuses_a_form_from_elsewhere() {
    on_both_of("2022-10-13 10:00", &["9.1b"], |story| async move {
        let console = Console::of(&story);
        let office = console.signed_in("委安委办/office").await;
        let before = tables::tables(&story.engine.store, &[]).await;
        let mut faults = Vec::new();
        let changing: Vec<_> = routes::all().into_iter().filter(|route| route.method != Method::GET).collect();
        assert!(changing.len() > 40, "{}", changing.len());
        for route in &changing {
            let path = filled(route.path, |_| "1".into());
            // As a browser says where a form comes from: one of today, one of some years ago.
            for (name, value) in
                [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "https://evil.example")]
            {
                let request = Request::builder()
                    .method(&route.method)
                    .uri(browser::quoted(&path))
                    .header(header::HOST, "duban.example.com")
                    .header(name, value)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                let answer = office.clone().send(request.body(Body::from("post=x&password=y")).unwrap()).await;
                if answer.status != StatusCode::FORBIDDEN {
                    faults.push(format!("{} {} with {name}: {value}: {}", route.method, route.path, answer.status));
                }
            }
        }
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
        assert_eq!(tables::tables(&story.engine.store, &[]).await, before);
        story
    })
    .await;
}

/// What 质安处 has: an obligation that it has filed with a file, one that it has asked for, a session.
struct Things {
    obligation: i64,
    asked_for: i64,
    receipt: String,
    request: String,
    session: i64,
}

async fn things(story: &mut Story, console: &Console) -> Things {
    story.run_until("2022-10-13 10:00").await;
    let obligation = story.obligation("9.1b", "质安处", "2022-W41").await.id;
    let asked_for = story.obligation("13.2", "质安处", "2022-10").await.id;
    let mut liaison = console.signed_in("质安处/liaison").await;
    let asked =
        liaison.post(&format!("/o/{asked_for}/extend"), &[("until", "2022-11-04"), ("reason", "防汛任务")]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
    let fields = [("receipt", "Rmine"), ("acted_on", "2022-10-13")];
    let files: [(&str, &str, &[u8]); 1] = [("files", "a.txt", b"evidence")];
    let filed = liaison.upload(&format!("/o/{obligation}/file"), &fields, &files).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());
    let mut tx = story.engine.store.read().await.unwrap();
    let request = tx.requests_of(asked_for).await.unwrap()[0].id.clone();
    let session = tx.credentials_of(CredentialKind::Session, "质安处", "liaison").await.unwrap()[0].id;
    Things { obligation, asked_for, receipt: "Rmine".into(), request, session }
}

impl Things {
    /// What a route's parameters may be that belongs to 质安处.
    fn of(&self, route: &str) -> Vec<String> {
        let ids = match route {
            "/me/end/{id}" => vec![self.session.to_string()],
            route if route.starts_with("/requests/{id}") => vec![self.request.clone()],
            _ => vec![self.obligation.to_string(), self.asked_for.to_string()],
        };
        let one = |id: &String| {
            filled(route, |name| match name {
                "receipt" => self.receipt.clone(),
                "position" => "0".into(),
                _ => id.clone(),
            })
        };
        ids.iter().map(one).collect()
    }
}

#[tokio::test]
async fn what_is_another_units_looks_by_every_route_as_if_it_were_not_there() {
    on_both_of("2022-10-10 00:00", &["9.1b", "13.2"], |mut story| async move {
        let console = Console::of(&story);
        let things = things(&mut story, &console).await;
        let mut browsers = Vec::new();
        for (visitor, how) in [
            ("liaison", As::Session("办公室/liaison", "")),
            ("deputy", As::Session("办公室/deputy", "")),
            ("token", As::Token("办公室/liaison", "read file decide settings")),
            // The office's unit is a unit like any other to its own liaison.
            ("office's liaison", As::Session("委安委办/liaison", "")),
        ] {
            browsers.push((visitor, come_in(&console, how).await));
        }
        let before = tables::tables(&story.engine.store, &[]).await;
        let mut compared = 0;
        let own = |route: &&route::Route| {
            route.path.contains('{') && route.right != Right::Public && !SHARED.contains(&route.path)
        };
        for route in routes::all().iter().filter(own) {
            for there in things.of(route.path) {
                let nowhere = filled(route.path, |name| if name == "receipt" { "Rnothing" } else { "99999999" }.into());
                for (visitor, (browser, bearer)) in &mut browsers {
                    // Without a form, and with one.
                    for form in [&[], FORM] {
                        let what = format!("{} {there} as {visitor}", route.method);
                        let there = ask(browser, bearer.as_deref(), route, &there, form).await;
                        let nowhere = ask(browser, bearer.as_deref(), route, &nowhere, form).await;
                        assert!(
                            !there.status.is_success() && !there.status.is_redirection(),
                            "{what}: {}",
                            there.status
                        );
                        assert_eq!((there.status, there.text()), (nowhere.status, nowhere.text()), "{what}");
                        compared += 1;
                    }
                }
            }
        }
        assert!(compared >= 80, "{compared}");
        assert_eq!(tables::tables(&story.engine.store, &[]).await, before, "something was changed");
        // The unit itself finds every one of them.
        let mut own = console.signed_in("质安处/liaison").await;
        for path in [format!("/o/{}", things.obligation), "/filed/Rmine".into(), "/filed/Rmine/files/0".into()] {
            assert_eq!(own.get(&path).await.status, StatusCode::OK, "{path}");
        }
        story
    })
    .await;
}

#[tokio::test]
async fn no_unit_can_tick_anothers_obligation_in_its_own_form() {
    on_both_of("2022-10-10 00:00", &["9.1b", "13.2"], |mut story| async move {
        let console = Console::of(&story);
        let things = things(&mut story, &console).await;
        let own = story.obligation("9.1b", "物业处", "2022-W41").await.id;
        let mut liaison = console.signed_in("物业处/liaison").await;
        let there = things.asked_for.to_string();
        let mut words = Vec::new();
        for also in [there.as_str(), "99999999"] {
            let fields = [("receipt", "Rother"), ("acted_on", "2022-10-13"), ("also", also)];
            let refused = liaison.upload(&format!("/o/{own}/file"), &fields, &[]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            words.push(refused.text().replace(also, ""));
        }
        assert_eq!(words[0], words[1]);
        // Nor is another unit's receipt number given away, or taken over.
        let fields = [("receipt", "Rmine"), ("acted_on", "2022-10-13")];
        let taken = liaison.upload(&format!("/o/{own}/file"), &fields, &[]).await;
        assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
        let mut tx = story.engine.store.read().await.unwrap();
        assert_eq!(tx.submissions_for(&[own]).await.unwrap().len(), 0);
        drop(tx);
        story
    })
    .await;
}

#[tokio::test]
async fn guessed_numbers_show_a_unit_its_own_and_nothing_else() {
    on_both_of("2022-10-10 00:00", &["9.1b", "13.2"], |mut story| async move {
        let console = Console::of(&story);
        let _ = things(&mut story, &console).await;
        let seed: u64 = rand::random();
        let mut random = StdRng::seed_from_u64(seed);
        let unit = UnitName("物业处".into());
        let mut liaison = console.signed_in("物业处/liaison").await;
        let nowhere = liaison.get("/o/99999999").await.text();
        let (mut own, mut hidden) = (0, 0);
        for _ in 0..150 {
            let id: i64 = random.random_range(-2..120);
            let mut tx = story.engine.store.read().await.unwrap();
            let stored = tx.obligation(id).await.unwrap();
            drop(tx);
            let answer = liaison.get(&format!("/o/{id}")).await;
            let its_own = stored.as_ref().is_some_and(|stored| stored.obligation.owners.contains(&unit));
            assert_eq!(answer.status.is_success(), its_own, "seed {seed}: {id}");
            if !its_own {
                assert_eq!(answer.text(), nowhere, "seed {seed}: {id}");
                hidden += usize::from(stored.is_some());
            }
            own += usize::from(its_own);
        }
        assert!(own > 0 && hidden > 0, "seed {seed}: {own} own, {hidden} of others");
        let gone = liaison.get("/filed/Rnothing").await.text();
        for _ in 0..100 {
            let mut receipt: Vec<u8> = b"Rmine".to_vec();
            let at = random.random_range(1..receipt.len());
            receipt[at] = random.random_range(b'a'..=b'z');
            let receipt = String::from_utf8(receipt).unwrap();
            let answer = liaison.get(&format!("/filed/{receipt}")).await;
            assert_eq!((answer.status, answer.text()), (StatusCode::NOT_FOUND, gone.clone()), "seed {seed}: {receipt}");
        }
        story
    })
    .await;
}
