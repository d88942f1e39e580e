//! The way in as offices have it: plain http, old browsers, gateways that rewrite, a path on somebody else's host.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use url::Url;

use crate::support::browser::{Answer, Browser, Console, options, quoted_part};
use crate::support::entry::{credential, sign_in, with_links};
use crate::support::{self, OFFICE, Story, on_both_of, on_both_with, post, seeds_of, tables};
use duban::acts::entry;
use duban::config::value::TAKEN_PATHS;
use duban::engine::Settings;
use duban::engine::link::Keys;
use duban::store::access::CredentialKind;
use duban::web::public::Public;
use duban::web::{self, guard, routes};

const PASSWORD: &str = "correct horse battery";
const LIAISON: &str = "质安处/liaison";

async fn set_password(console: &Console, who: &str) {
    let secret = entry::setup_secret(&console.engine, &post(who), "test").await.unwrap();
    entry::set_password(&console.engine, &secret, PASSWORD).await.unwrap();
}

/// Sends a form with these headers and no others.
async fn form(browser: &mut Browser, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", quoted_part(name), quoted_part(value))).collect();
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    browser.send(request.body(Body::from(fields.join("&"))).unwrap()).await
}

/// The console's options, found at that address.
fn found_at(url: &str) -> web::Options {
    web::Options { public: Public::of(url), ..options() }
}

/// What browsers send with a form of ours, at a name that is not this machine's.
const PLAIN: [(&str, &[(&str, &str)]); 4] = [
    ("a gateway that forbids referrers", &[("host", "duban.lab:8480"), ("origin", "null")]),
    (
        "Chromium of today over plain http",
        &[("host", "duban.lab:8480"), ("origin", "http://duban.lab:8480"), ("referer", "http://duban.lab:8480/enter")],
    ),
    (
        "Chromium 69 and 78",
        &[
            ("host", "10.1.2.3:8480"),
            ("origin", "http://10.1.2.3:8480"),
            ("user-agent", "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 Chrome/69.0.3497.100 Safari/537.36"),
            ("upgrade-insecure-requests", "1"),
        ],
    ),
    ("Firefox 60, which sends no origin", &[("host", "duban.lab:8480"), ("referer", "http://duban.lab:8480/enter")]),
];

#[tokio::test]
async fn over_plain_http_and_from_old_browsers_one_signs_in_and_files() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        let console = Console::of(&story);
        set_password(&console, OFFICE).await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        for (who, headers) in PLAIN {
            let mut office = console.stranger();
            let page = office.get("/enter").await;
            assert_eq!(page.headers["referrer-policy"], "same-origin", "with another one browsers say no origin");
            let fields = [("post", OFFICE), ("password", PASSWORD), ("next", "/review")];
            let answer = form(&mut office, "/enter", headers, &fields).await;
            assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/review"), "{who}");
            let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
            assert!(cookie.starts_with("duban=") && !cookie.contains("Secure"), "{who}: {cookie}");
            assert_eq!(office.get("/review").await.status, StatusCode::OK, "{who}");
            let mut liaison = console.signed_in(LIAISON).await;
            let reason = [("reason", "仍在核实"), ("until", "2022-10-31")];
            let asked = form(&mut liaison, &format!("/o/{id}/extend"), headers, &reason).await;
            assert_ne!(asked.status, StatusCode::FORBIDDEN, "{who}: {}", asked.text());
            assert_eq!(form(&mut office, "/leave", headers, &[]).await.location(), "/enter", "{who}");
        }
        story
    })
    .await;
}

#[tokio::test]
async fn behind_a_gateway_that_rewrites_the_public_address_is_trusted_and_no_other() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        let console = Console::with(&story, found_at("https://oa.example.com/duban"));
        set_password(&console, OFFICE).await;
        let before = tables::tables(&story.engine.store, &["credential"]).await;
        let fields = [("post", OFFICE), ("password", PASSWORD)];
        for (headers, passes) in [
            // nginx: Host is the upstream's own name, or carries the port.
            (&[("host", "127.0.0.1:8480"), ("origin", "https://oa.example.com")][..], true),
            (&[("host", "oa.example.com:443"), ("origin", "https://oa.example.com")], true),
            (&[("host", "oa.example.com"), ("origin", "null")], true),
            (&[("host", "127.0.0.1:8480"), ("origin", "https://oa.example.com.evil.example")], false),
            (&[("host", "127.0.0.1:8480"), ("origin", "https://evil.example")], false),
            (
                &[("host", "oa.example.com"), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
                false,
            ),
        ] {
            let answer = form(&mut console.stranger(), "/duban/enter", headers, &fields).await;
            let wanted = if passes { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, wanted, "{headers:?}");
            // Refused in words that say what it is, and what to look at; not as if the post might not.
            assert!(passes || answer.text().contains("未作任何更改") && answer.text().contains("public_url"));
            assert!(!answer.text().contains("无权"), "{headers:?}");
        }
        // By https browsers say where a form is from: what hides it does nothing in somebody's name.
        let mut office = console.stranger();
        office.cookie = Some(format!("__Secure-duban={}", session(&console, OFFICE).await));
        assert_eq!(office.get("/duban/me").await.status, StatusCode::OK);
        let hidden = [("host", "oa.example.com"), ("origin", "null")];
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let waived = form(&mut office, &format!("/duban/o/{id}/waive"), &hidden, &[("reason", "x")]).await;
        assert_eq!(waived.status, StatusCode::FORBIDDEN);
        let call = form(&mut office, "/api/v1/events", &hidden, &[]).await;
        assert!(call.text().contains("urn:duban:problem:foreign_form"), "{}", call.text());
        let mut after = tables::tables(&story.engine.store, &["credential"]).await;
        after.insert("log".into(), before["log"].clone());
        assert_eq!(after, before);
        story
    })
    .await;
}

async fn session(console: &Console, who: &str) -> String {
    entry::begin_session(&console.engine, &post(who), "test", "test", "", options().spans).await.unwrap()
}

/// Where a page leads: every link, form, picture and script.
fn places(page: &str) -> Vec<String> {
    let names = [" href=\"", " src=\"", " action=\"", " formaction=\""];
    let found = names.iter().flat_map(|name| page.split(name).skip(1)).filter_map(|rest| rest.split_once('"'));
    found.map(|(place, _)| place.replace("&amp;", "&").replace("&#38;", "&")).collect()
}

/// A place with its numbers left out: of each kind one is looked at.
fn kind_of(place: &str) -> String {
    let path = place.split(['?', '#']).next().unwrap_or_default();
    let part = |part: &str| if part.contains(|c: char| c.is_ascii_digit() || c == '%') { "*" } else { part }.to_owned();
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Looks at a page and says which further places it leads to. All of them must stand below the path.
async fn look(browser: &mut Browser, place: &str, seen: &mut BTreeSet<String>) -> Vec<String> {
    let answer = browser.get(place).await;
    let led = answer.location();
    assert!(led.is_empty() || led.starts_with("/duban/"), "{place} leads to {led}");
    let kind = answer.headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap());
    let mut next = vec![led.to_owned()].into_iter().filter(|led| !led.is_empty()).collect::<Vec<_>>();
    if kind.starts_with("text/html") {
        let own = Url::parse("http://oa.example.com").unwrap().join(place).unwrap();
        for place in places(&answer.text()) {
            let there = own.join(&place).unwrap();
            assert!(there.path().starts_with("/duban/"), "{own} leads to {place}");
            next.push(format!("{}{}", there.path(), there.query().map_or(String::new(), |query| format!("?{query}"))));
        }
    }
    next.retain(|place| seen.insert(kind_of(place)));
    next
}

#[tokio::test]
async fn below_a_path_no_page_leads_out_of_it() {
    on_both_of("2022-10-10 00:00", &["9.1b", "12.1", "46.1"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        // Filed or not: where there is a receipt, its page is looked at too.
        let _ = story.file("9.1b", "质安处", "2022-W41", &[]).await;
        let console = Console::with(&story, found_at("http://oa.example.com/duban"));
        let mut asked = BTreeSet::new();
        for who in [None, Some(LIAISON), Some("质安处/head"), Some(OFFICE)] {
            let mut browser = match who {
                Some(who) => console.signed_in(who).await,
                None => console.stranger(),
            };
            let mut seen = BTreeSet::new();
            let mut ahead = vec!["/duban".to_owned(), "/duban/".to_owned(), "/duban/nothing".to_owned()];
            // What no link leads to is asked for by itself, with whatever stands in the braces.
            let own = routes::all().into_iter().filter(|route| route.method == Method::GET);
            let own =
                own.map(|route| format!("/duban{}", route.path.replace("{year}", "2022").replace(['{', '}'], "")));
            ahead.extend(own);
            while let Some(place) = ahead.pop() {
                asked.insert(kind_of(&place));
                ahead.extend(look(&mut browser, &place, &mut seen).await);
            }
        }
        for place in ["/duban/o/*", "/duban/o/*/file", "/duban/assets/console.js", "/duban/pictures/unit/*"] {
            assert!(asked.contains(place), "{place} was not looked at: {asked:?}");
        }
        story
    })
    .await;
}

#[tokio::test]
async fn below_a_path_letters_cookies_forms_and_calls_work_whether_or_not_the_gateway_takes_it_off() {
    let settings = Settings { public_url: Some("http://oa.example.com/duban".into()), ..support::settings() };
    on_both_with("2022-10-10 00:00", settings, &seeds_of(&["9.1b"]), |mut story| async move {
        story.engine.keys = Some(Keys::parse(support::browser::KEY).unwrap());
        story.run_until("2022-10-13 10:00").await;
        let console = Console::with(&story, found_at("http://oa.example.com/duban"));
        let address = story.address(LIAISON).await;
        let text = &story.letters_to(&address, "2022-10-13 00:00")[0].text;
        let link = text.split_once("http://oa.example.com").unwrap().1.split_whitespace().next().unwrap().to_owned();
        assert!(link.starts_with("/duban/l/"), "{link}");
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        for kept in [true, false] {
            let asked = |path: &str| if kept { format!("/duban{path}") } else { path.to_owned() };
            let mut liaison = console.stranger();
            let page = liaison.get(&asked(&link["/duban".len()..])).await;
            assert!(page.status == StatusCode::OK && page.text().contains("href=\"/duban/assets/console.css\""));
            assert!(liaison.get(&asked("/assets/console.css")).await.text().contains("body"));
            let entered = liaison.post(&asked(&link["/duban".len()..]), &[("post", LIAISON)]).await;
            assert_eq!(entered.location(), "/duban/todo");
            let cookie = entered.headers[header::SET_COOKIE].to_str().unwrap();
            assert!(cookie.contains("; Path=/duban;"), "{cookie}");
            // A form without a place of its own, one with one, one with files; a place to go on to.
            let file = asked(&format!("/o/{id}/file"));
            let fields = [("receipt", if kept { "R1" } else { "R2" }), ("acted_on", "2022-10-12"), ("note", "已查")];
            let filed = liaison.upload(&file, &fields, &[("files", "a.txt", b"text")]).await;
            assert!(filed.location().starts_with("/duban/filed/R"), "{}", filed.text());
            let mut stranger = console.stranger();
            let to = stranger.get(&asked("/ledger?unit=%E8%B4%A8")).await;
            assert_eq!(to.location(), "/duban/enter?next=%2Fledger%3Funit%3D%25E8%25B4%25A8");
            set_password(&console, OFFICE).await;
            let fields = [("post", OFFICE), ("password", PASSWORD), ("next", "/ledger?unit=%E8%B4%A8")];
            let entered = stranger.post(&asked("/enter"), &fields).await;
            assert_eq!(entered.location(), "/duban/ledger?unit=%E8%B4%A8");
            // Programs.
            let described: serde_json::Value =
                serde_json::from_slice(&stranger.get(&asked("/api/v1/openapi.json")).await.bytes).unwrap();
            assert_eq!(described["servers"][0]["url"], "/duban");
            assert_eq!(stranger.get(&asked("/api/v1/duties")).await.status, StatusCode::OK);
            // Nobody has run a pass for an hour of this clock.
            assert!(stranger.get(&asked("/healthz")).await.text().starts_with("not well\nthe last pass is "));
            // A calendar's feed.
            let made = liaison.post(&asked("/me/feeds"), &[]).await.text();
            let feed = made.split_once("http://oa.example.com/duban/feeds/").expect("the feed's address").1;
            let secret: String = feed.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
            let calendar = console.stranger().get(&asked(&format!("/feeds/{secret}"))).await;
            assert!(calendar.text().starts_with("BEGIN:VCALENDAR"), "{}", calendar.text());
            assert_eq!(liaison.post(&asked("/leave"), &[]).await.location(), "/duban/enter");
        }
        story
    })
    .await;
}

#[test]
fn cookies_are_held_to_https_and_to_the_path_where_there_is_one() {
    for (url, cookie) in [
        ("http://duban.lab:8480", "duban=s; Path=/; HttpOnly; SameSite=Lax"),
        ("http://oa.lab/duban", "duban=s; Path=/duban; HttpOnly; SameSite=Lax"),
        ("https://duban.example.com", "__Host-duban=s; Path=/; HttpOnly; SameSite=Lax; Secure"),
        ("https://oa.example.com/duban", "__Secure-duban=s; Path=/duban; HttpOnly; SameSite=Lax; Secure"),
    ] {
        assert_eq!(guard::cookie(&Public::of(url), "s"), cookie);
    }
}

#[test]
fn no_path_of_a_public_address_begins_as_a_page_of_ours_does() {
    let own: BTreeSet<&str> = routes::all().iter().filter_map(|route| route.path[1..].split('/').next()).collect();
    let taken: BTreeSet<&str> = TAKEN_PATHS.into_iter().chain([""]).collect();
    assert_eq!(own, taken);
}

#[tokio::test]
async fn one_is_never_sent_out_of_the_house() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |story| async move {
        let console = Console::of(&story);
        set_password(&console, OFFICE).await;
        for (n, (next, to)) in [
            ("/\t/evil.example", "/board"),
            ("\t//evil.example", "/board"),
            ("/\u{0}/evil.example", "/board"),
            ("/\r\n/evil.example", "/board"),
            ("/\u{b}", "/board"),
            ("/\u{7f}", "/board"),
            ("//evil.example", "/board"),
            ("/\\evil.example", "/board"),
            ("https://evil.example/", "/board"),
            ("", "/board"),
            // Not written as an address is, but ours.
            ("/ledger?unit=质安处", "/ledger?unit=%E8%B4%A8%E5%AE%89%E5%A4%84"),
            ("/ledger?text=a b\"", "/ledger?text=a%20b%22"),
            ("/todo", "/todo"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut browser = console.stranger();
            browser.peer.set_ip([198, 51, 100, u8::try_from(n).unwrap()].into());
            let page = browser.get(&format!("/enter?next={}", quoted_part(next))).await;
            assert_eq!(page.status, StatusCode::OK, "{next:?}");
            let shown = page.field("next");
            assert!(shown == "/" || shown.replace("&#34;", "\"") == to, "{next:?}: {shown}");
            // One account is tried ten times at once: the right password of the ninth still counts.
            if n < 10 {
                let fields = [("post", OFFICE), ("password", PASSWORD), ("next", next)];
                let answer = browser.post("/enter", &fields).await;
                assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, to), "{next:?}");
            }
        }
        // What cannot be read at all is refused, and nothing fails.
        for path in ["/enter?next=%ff", "/enter?next=%", "/letters?which=%09", "/todo?list=%00", "/o/%09/file"] {
            let status = console.signed_in(OFFICE).await.get(path).await.status;
            assert!(!status.is_server_error(), "{path}: {status}");
        }
        story
    })
    .await;
}

#[tokio::test]
async fn whoever_came_by_the_digests_link_is_told_so_and_signs_in_where_they_stood() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story: Story| async move {
        story.run_until("2022-10-13 10:00").await;
        let console = Console::of(&story);
        set_password(&console, OFFICE).await;
        let secret = credential(&story.engine.store, CredentialKind::Session, OFFICE, "read", story.now(), None).await;
        let mut office = console.stranger();
        office.cookie = Some(format!("duban={secret}"));
        let page = office.get("/ledger?phase=missed").await.text();
        assert!(page.contains("只能查看") && page.contains("/enter?next=%2Fledger%3Fphase%3Dmissed"), "{page}");
        // What asks for more says why, and what helps.
        let review = office.get("/review").await;
        assert_eq!(review.status, StatusCode::FORBIDDEN);
        assert!(
            !review.text().contains("无权") && review.text().contains("/enter?next=%2Freview"),
            "{}",
            review.text()
        );
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let waived = office.post(&format!("/o/{id}/waive"), &[("reason", "x"), ("document", "y")]).await;
        assert!(waived.status == StatusCode::FORBIDDEN && waived.text().contains("只能查看"), "{}", waived.text());
        // What the post may not do in person either is said as ever.
        assert!(office.get(&format!("/o/{id}/file")).await.text().contains("只能查看"));
        assert_eq!(sign_in(&mut office, OFFICE, PASSWORD).await.status, StatusCode::SEE_OTHER);
        assert!(!office.get("/board").await.text().contains("只能查看"));
        story
    })
    .await;
}
