//! Coming in, and every way in which somebody may try to who should not: forged, old and forwarded links, guessed
//! passwords, stolen cookies, forms from elsewhere.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;

use crate::support::browser::{Browser, Console, KEY, options};
use crate::support::entry::{credential, letter, link_of, sign_in, with_links};
use crate::support::{self, OFFICE, on_both_with, post, seeds_of, tables};
use duban::acts::entry::{self, password_posts};
use duban::domain::action::Action;
use duban::engine::Job;
use duban::store::access::CredentialKind;
use duban::store::log::Logged;
use duban::web::guard::CONTENT_SECURITY_POLICY;
use duban::web::public::Public;
use duban::web::{self, routes};

/// The same browser from another address, so that no rate is reached by what a test repeats.
fn elsewhere(browser: &Browser, n: usize) -> Browser {
    let mut other = browser.clone();
    let [_, _, c, d] = u32::try_from(n).unwrap().to_be_bytes();
    other.peer.set_ip(IpAddr::from([198, 51, c, d]));
    other
}

async fn set_password(console: &Console, who: &str, password: &str) {
    let secret = entry::setup_secret(&console.engine, &post(who), "test").await.unwrap();
    entry::set_password(&console.engine, &secret, password).await.unwrap();
}

const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn a_link_that_is_not_ours_to_the_last_bit_opens_nothing() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        let link = letter(&mut story).await;
        let console = Console::of(&story);
        let stranger = console.stranger();
        let (number, mac) = link.strip_prefix("/l/").unwrap().split_once('-').unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(mac).unwrap();
        let mut forged: Vec<String> = (0..bytes.len() * 8)
            .map(|bit| {
                let mut other = bytes.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                format!("/l/{number}-{}", URL_SAFE_NO_PAD.encode(other))
            })
            .collect();
        assert!(bytes.len() * 8 >= 128);
        forged.extend((1..mac.len()).map(|cut| format!("/l/{number}-{}", &mac[..cut])));
        // Another letter's number; what is written otherwise; what is longer.
        let next = number.parse::<i64>().unwrap() + 1;
        forged.extend([format!("/l/{next}-{mac}"), format!("/l/0{number}-{mac}"), format!("/l/+{number}-{mac}")]);
        forged.extend([format!("{link}A"), format!("{link}="), "/l/1".into(), "/l/-".into(), "/l/%00".into()]);
        let unknown = elsewhere(&stranger, 0).get("/l/999999-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        assert!(unknown.status.is_client_error());
        for (n, path) in forged.iter().enumerate() {
            let mut browser = elsewhere(&stranger, 1 + n);
            for answer in [browser.get(path).await, browser.post(path, &[("post", "质安处/liaison")]).await] {
                // One answer for all, so that nothing is learned from it.
                assert_eq!((answer.status, answer.text()), (unknown.status, unknown.text()), "{path}");
                assert!(!answer.headers.contains_key(header::SET_COOKIE), "{path}");
            }
        }
        // The true one opens its own post's list and no other's.
        for other in ["办公室/liaison", "质安处/head", OFFICE, ""] {
            let refused = elsewhere(&stranger, 9000).post(&link, &[("post", other)]).await;
            assert_eq!((refused.status, refused.text()), (unknown.status, unknown.text()), "{other}");
        }
        let mut liaison = elsewhere(&stranger, 9001);
        assert_eq!(liaison.post(&link, &[("post", "质安处/liaison")]).await.location(), "/todo");
        // Whoever goes on guessing is told to wait; whoever has a link is not.
        let mut guesser = elsewhere(&stranger, 9002);
        let mut told_to_wait = 0;
        for _ in 0..100 {
            told_to_wait += usize::from(guesser.get(&forged[0]).await.status == StatusCode::TOO_MANY_REQUESTS);
        }
        assert!(told_to_wait > 20, "{told_to_wait}");
        story
    })
    .await;
}

#[tokio::test]
async fn a_link_ends_by_age_by_revocation_and_with_its_key() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        let link = letter(&mut story).await;
        let other = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";
        let console = Console::of(&story);
        let opens = async |console: &Console| console.stranger().get(&link).await.status == StatusCode::OK;
        assert!(opens(&console).await);
        // While a key is rotated out it opens; afterwards no more.
        assert!(opens(&Console::keyed(&story, options(), &format!("{other}\n{KEY}"))).await);
        assert!(!opens(&Console::keyed(&story, options(), other)).await);
        // Revoked: it opens nothing, and who had come in by it is out.
        let mut liaison = console.stranger();
        liaison.post(&link, &[("post", "质安处/liaison")]).await;
        assert_eq!(liaison.get("/todo").await.status, StatusCode::OK);
        let mut kept = console.signed_in("质安处/liaison").await;
        let number: i64 = link["/l/".len()..].split_once('-').unwrap().0.parse().unwrap();
        let mut tx = story.engine.store.write().await.unwrap();
        assert_eq!(tx.revoke_link(number, story.now()).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert!(!opens(&console).await);
        assert_eq!(liaison.get("/todo").await.status, StatusCode::SEE_OTHER);
        assert_eq!(kept.get("/todo").await.status, StatusCode::OK);
        // Another letter's link, to the last minute of its fourteen days.
        let link = link_of(&story, "物业处/liaison").await;
        story.sleep_until("2022-10-27 08:59");
        let before = console.stranger().get(&link).await.status;
        story.sleep_until("2022-10-27 09:01");
        let after = console.stranger().get(&link).await.status;
        assert_eq!((before, after), (StatusCode::OK, StatusCode::UNPROCESSABLE_ENTITY));
        story
    })
    .await;
}

#[tokio::test]
async fn looking_changes_nothing_whatever_looks() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        let link = letter(&mut story).await;
        let console = Console::of(&story);
        let setup = entry::setup_secret(&console.engine, &post(OFFICE), "test").await.unwrap();
        let mut liaison = console.signed_in("质安处/liaison").await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let before = tables::tables(&story.engine.store, &[]).await;
        let mut stranger = console.stranger();
        for path in [link.as_str(), &format!("/p/{setup}"), "/", "/enter"] {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::GET] {
                let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
                let answer = stranger.send(request).await;
                assert!(!answer.headers.contains_key(header::SET_COOKIE), "{path}");
            }
        }
        for path in ["/todo".to_owned(), "/me".into(), "/filed".into(), format!("/o/{id}"), format!("/o/{id}/file")] {
            for method in [Method::GET, Method::HEAD] {
                let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
                assert_eq!(liaison.send(request).await.status, StatusCode::OK, "{path}");
            }
        }
        // What a form does, its address alone does not.
        for path in
            ["/leave".to_owned(), format!("/o/{id}/confirm"), format!("/o/{id}/answer"), format!("/o/{id}/extend")]
        {
            assert_eq!(liaison.get(&path).await.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
        assert_eq!(tables::tables(&story.engine.store, &[]).await, before);
        // Both still open what they opened.
        let set = stranger.post(&format!("/p/{setup}"), &[("password", PASSWORD), ("again", PASSWORD)]).await;
        assert_eq!((set.status, set.location()), (StatusCode::SEE_OTHER, "/board"));
        // Once.
        let again = [("password", "another password"), ("again", "another password")];
        let replayed = console.stranger().post(&format!("/p/{setup}"), &again).await;
        assert_eq!(replayed.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(console.stranger().get(&format!("/p/{setup}")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(sign_in(&mut console.stranger(), OFFICE, "another password").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(sign_in(&mut console.stranger(), OFFICE, PASSWORD).await.status, StatusCode::SEE_OTHER);
        story
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_post_are_answered_alike() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |story| async move {
        let console = Console::of(&story);
        set_password(&console, OFFICE, PASSWORD).await;
        let stranger = console.stranger();
        let wrong = sign_in(&mut elsewhere(&stranger, 1), OFFICE, "wrong").await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        let long = "x".repeat(5000);
        for (n, (who, password)) in [
            ("委安委办/admin", PASSWORD),
            // A unit's post has no password, whatever somebody would like.
            ("质安处/liaison", PASSWORD),
            ("委安委办/head", PASSWORD),
            ("nobody", PASSWORD),
            ("", ""),
            (OFFICE, long.as_str()),
            (OFFICE, ""),
        ]
        .into_iter()
        .enumerate()
        {
            let answer = sign_in(&mut elsewhere(&stranger, 2 + n), who, password).await;
            assert_eq!((answer.status, answer.text()), (wrong.status, wrong.text()), "{who}");
            assert!(!answer.headers.contains_key(header::SET_COOKIE));
        }
        // The address of a post, of nobody, of the office: one answer.
        let mut answers = Vec::new();
        for (n, address) in [story.address("质安处/liaison").await, "x@example.com".into(), story.address(OFFICE).await]
            .into_iter()
            .enumerate()
        {
            let answer = elsewhere(&stranger, 20 + n).post("/enter/link", &[("address", &address)]).await;
            answers.push((answer.status, answer.text()));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0] && answer.0 == StatusCode::OK));
        // Where it leads afterwards is ours.
        for (n, next) in ["//evil.example", "https://evil.example/", "/\\evil.example", "/a\r\nX: y"].iter().enumerate()
        {
            let fields = [("post", OFFICE), ("password", PASSWORD), ("next", *next)];
            let answer = elsewhere(&stranger, 30 + n).post("/enter", &fields).await;
            assert_eq!(answer.location(), "/board", "{next}");
        }
        story
    })
    .await;
}

#[tokio::test]
async fn too_many_tries_wait_by_account_and_by_address_and_forwarding_fools_nobody() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |story| async move {
        let gateway: IpAddr = [203, 0, 113, 7].into();
        let console = Console::with(&story, web::Options { gateways: vec![gateway], ..options() });
        set_password(&console, OFFICE, PASSWORD).await;
        let stranger = console.stranger();
        // One account, from one address: whoever guesses there waits, and nobody else.
        let mut seen = Vec::new();
        for _ in 0..14 {
            seen.push(sign_in(&mut elsewhere(&stranger, 1), OFFICE, "wrong").await);
        }
        assert!(seen[..10].iter().all(|answer| answer.status == StatusCode::UNAUTHORIZED));
        let last = seen.last().unwrap();
        assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(last.headers[header::RETRY_AFTER].to_str().unwrap().parse::<u32>().unwrap() > 0);
        let mut right = elsewhere(&stranger, 15);
        assert_eq!(sign_in(&mut right, OFFICE, PASSWORD).await.status, StatusCode::SEE_OTHER);
        let other = sign_in(&mut elsewhere(&stranger, 1), "委安委办/admin", "wrong").await;
        assert_eq!(other.status, StatusCode::UNAUTHORIZED);
        // One address, for everybody: refused after its sixty, however it says it was forwarded.
        let tries = async |from: IpAddr, forwarded: &dyn Fn(usize) -> Vec<String>| {
            let mut refused = 0;
            for n in 0..90 {
                let mut browser = stranger.clone();
                browser.peer.set_ip(from);
                let mut request = Request::builder().method(Method::POST).uri("/enter/link");
                for line in forwarded(n) {
                    request = request.header("x-forwarded-for", line);
                }
                let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                let body = Body::from(format!("address=nobody{n}%40example.com"));
                let answer = browser.send(request.body(body).unwrap()).await;
                refused += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
            }
            refused
        };
        let many = |n: usize| vec![format!("192.0.2.{n}")];
        assert!(tries([198, 18, 0, 77].into(), &many).await > 20, "a forged address was believed");
        // The gateway's word counts, and only the last of it.
        assert_eq!(tries(gateway, &many).await, 0);
        let forged = |n: usize| vec![format!("198.51.100.{n}, 192.0.2.200")];
        assert!(tries(gateway, &forged).await > 20, "what stood before the gateway's word was believed");
        let in_lines = |n: usize| vec![format!("198.51.100.{n}"), "192.0.2.201".into()];
        assert!(tries(gateway, &in_lines).await > 20, "the first of two lines was believed");
        let through_two = |n: usize| vec![format!("192.0.2.{}, {gateway}", n + 100)];
        assert_eq!(tries(gateway, &through_two).await, 0, "a gateway was taken for a client");
        story
    })
    .await;
}

#[tokio::test]
async fn strangers_who_guess_lock_nobody_out() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        let link = letter(&mut story).await;
        let console = Console::of(&story);
        set_password(&console, OFFICE, PASSWORD).await;
        let stranger = console.stranger();
        let refused = async |browser: &Browser, who: &str, password: &str| {
            sign_in(&mut browser.clone(), who, password).await.status == StatusCode::TOO_MANY_REQUESTS
        };
        // Somebody signs in once; the browser keeps what it is told.
        let signed_in = sign_in(&mut stranger.clone(), OFFICE, PASSWORD).await;
        let cookies: Vec<String> = signed_in
            .headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|line| line.to_str().unwrap().split(';').next().unwrap().to_owned())
            .collect();
        assert_eq!(cookies.len(), 2, "{cookies:?}");
        assert!(cookies[1].starts_with("duban-known-office="), "{cookies:?}");
        let with = |cookie: &str| {
            let mut browser = stranger.clone();
            browser.cookie = Some(cookie.to_owned());
            browser
        };
        let known = with(&cookies[1]);
        // It lets nobody in.
        assert_eq!(known.clone().get("/board").await.status, StatusCode::SEE_OTHER);
        assert_eq!(sign_in(&mut known.clone(), OFFICE, "wrong").await.status, StatusCode::UNAUTHORIZED);
        // From the same address, behind the same gateway, somebody guesses: by password, by link, by feed, by one-time link.
        for n in 0..70 {
            let _ = refused(&stranger, OFFICE, "wrong").await;
            let _ = stranger.clone().get(&format!("/feeds/{n}.ics")).await;
        }
        assert!(refused(&stranger, OFFICE, PASSWORD).await, "guesses are not slowed down");
        let guess = stranger.clone().get("/feeds/guessed.ics").await;
        assert_eq!(guess.status, StatusCode::TOO_MANY_REQUESTS, "guesses at feeds are not slowed down");
        // Who has been here before comes in, and so does whoever has a secret that nobody can guess.
        assert_eq!(sign_in(&mut known.clone(), OFFICE, PASSWORD).await.status, StatusCode::SEE_OTHER);
        assert!(refused(&known, "委安委办/admin", "wrong").await, "known for one post is not known for another");
        let feed = credential(&story.engine.store, CredentialKind::Feed, "质安处/liaison", "", story.now(), None).await;
        assert_eq!(stranger.clone().get(&format!("/feeds/{feed}.ics")).await.status, StatusCode::OK);
        let opened = stranger.clone().post(&link, &[("post", "质安处/liaison")]).await;
        assert_eq!(opened.location(), "/todo");
        let setup = entry::setup_secret(&console.engine, &post("委安委办/admin"), "test").await.unwrap();
        let set = stranger.clone().post(&format!("/p/{setup}"), &[("password", PASSWORD), ("again", PASSWORD)]).await;
        assert_eq!(set.location(), "/board");
        // A forged cookie is a stranger's, and a known browser may not guess without end either.
        let forged = with(&cookies[1].replace('.', "0."));
        assert!(refused(&forged, OFFICE, PASSWORD).await);
        let mut tries = 0;
        while !refused(&known, OFFICE, "wrong").await {
            tries += 1;
            assert!(tries < 12, "a known browser guesses without end");
        }
        // Whoever asks for a link by somebody's address keeps that somebody's own asking from nothing.
        let address = story.address("质安处/liaison").await;
        for _ in 0..12 {
            stranger.clone().post("/enter/link", &[("address", &address)]).await;
        }
        let asked = elsewhere(&stranger, 1).post("/enter/link", &[("address", &address)]).await;
        assert_eq!(asked.status, StatusCode::OK);
        story
    })
    .await;
}

#[tokio::test]
async fn a_gateways_word_is_taken_from_the_gateway_alone() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |story| async move {
        let gateway: IpAddr = [203, 0, 113, 7].into();
        let options = web::Options {
            gateways: vec![gateway],
            gateway_header: Some("x-duban-post".parse().unwrap()),
            ..options()
        };
        let console = Console::with(&story, options);
        let ask = async |from: IpAddr, posts: &[&str]| {
            let mut browser = console.stranger();
            browser.peer.set_ip(from);
            let mut request = Request::builder().uri("/me");
            for post in posts {
                request = request.header("x-duban-post", post.as_bytes());
            }
            let answer = browser.send(request.body(Body::empty()).unwrap()).await;
            (answer.status, answer.text().contains("委安委办"))
        };
        for who in password_posts(&post(OFFICE).unit) {
            assert_eq!(ask(gateway, &[&who.to_string()]).await, (StatusCode::OK, true), "{who}");
            // From elsewhere it is as if it were not there.
            assert_eq!(ask([192, 0, 2, 1].into(), &[&who.to_string()]).await.0, StatusCode::SEE_OTHER);
            assert_eq!(ask([127, 0, 0, 1].into(), &[&who.to_string()]).await.0, StatusCode::SEE_OTHER);
        }
        for wrong in ["质安处/liaison", "委安委办/head", "nobody", ""] {
            assert_eq!(ask(gateway, &[wrong]).await.0, StatusCode::UNAUTHORIZED, "{wrong}");
        }
        assert_eq!(ask(gateway, &[OFFICE, "委安委办/admin"]).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(gateway, &[]).await.0, StatusCode::SEE_OTHER);
        // The same gateway, as a listener for both kinds of addresses sees it.
        let mapped: std::net::Ipv6Addr = "::ffff:203.0.113.7".parse().unwrap();
        assert_eq!(ask(mapped.into(), &[OFFICE]).await.0, StatusCode::OK);
        story
    })
    .await;
}

#[tokio::test]
async fn a_session_is_new_at_each_sign_in_and_ends_at_the_server() {
    on_both_with("2022-10-13 10:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        let console = Console::of(&story);
        set_password(&console, OFFICE, PASSWORD).await;
        let lives = async |browser: &Browser| browser.clone().get("/me").await.status == StatusCode::OK;
        // A cookie from before is not taken over.
        let mut office = console.stranger();
        office.cookie = Some("duban=chosen-by-somebody-else".into());
        assert_eq!(sign_in(&mut office, OFFICE, PASSWORD).await.status, StatusCode::SEE_OTHER);
        assert_ne!(office.cookie.as_deref(), Some("duban=chosen-by-somebody-else"));
        let first = office.clone();
        assert!(lives(&first).await);
        sign_in(&mut office, OFFICE, PASSWORD).await;
        assert_ne!(office.cookie, first.cookie);
        assert!(!lives(&first).await && lives(&office).await);
        // Left: the same cookie opens nothing any more.
        let left = office.clone();
        let answer = office.post("/leave", &[]).await;
        assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
        assert!(!lives(&left).await);
        // Idle: two hours without a request; looking keeps it.
        let idle = console.signed_in(OFFICE).await;
        story.sleep_until("2022-10-13 11:55");
        assert!(lives(&idle).await);
        story.sleep_until("2022-10-13 13:50");
        assert!(lives(&idle).await);
        story.sleep_until("2022-10-13 15:56");
        assert!(!lives(&idle).await);
        // In all: fourteen hours, however busy.
        let busy = console.signed_in(OFFICE).await;
        for (at, alive) in [("17:00", true), ("18:55", true), ("20:50", true), ("22:45", true)] {
            story.sleep_until(&format!("2022-10-13 {at}"));
            assert_eq!(lives(&busy).await, alive, "{at}");
        }
        for (at, alive) in [("00:40", true), ("02:35", true), ("04:30", true), ("05:55", true), ("05:57", false)] {
            story.sleep_until(&format!("2022-10-14 {at}"));
            assert_eq!(lives(&busy).await, alive, "{at}");
        }
        // A new password ends every session of its post.
        let stolen = console.signed_in(OFFICE).await;
        set_password(&console, OFFICE, "another correct horse").await;
        assert!(!lives(&stolen).await);
        // One's own alone is ended by its owner.
        let mine = console.signed_in("质安处/liaison").await;
        let mut thine = console.signed_in("质安处/liaison").await;
        let mut tx = story.engine.store.read().await.unwrap();
        let sessions = tx.credentials_of(CredentialKind::Session, "质安处", "liaison").await.unwrap();
        drop(tx);
        assert_eq!(thine.post(&format!("/me/end/{}", sessions[0].id), &[]).await.location(), "/me");
        assert!(!lives(&mine).await && lives(&thine).await);
        story
    })
    .await;
}

#[tokio::test]
async fn what_ended_a_month_ago_is_forgotten_and_the_log_still_tells_of_it() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        story.run_until("2022-10-12 10:00").await;
        let console = Console::of(&story);
        let store = story.engine.store.clone();
        let lasting = |kind, lasts| credential(&store, kind, OFFICE, "read", story.now(), lasts);
        // One leaves now, another's session ends by itself after 14 hours; a token and a feed stand, a token runs out.
        let mut liaison = console.signed_in("质安处/liaison").await;
        assert_eq!(liaison.post("/leave", &[]).await.status, StatusCode::SEE_OTHER);
        console.signed_in("质安处/head").await;
        let token = lasting(CredentialKind::Token, None).await;
        lasting(CredentialKind::Feed, None).await;
        lasting(CredentialKind::Token, Some(TimeDelta::days(10))).await;
        let secret = entry::setup_secret(&console.engine, &post(OFFICE), "test").await.unwrap();
        entry::set_password(&console.engine, &secret, PASSWORD).await.unwrap();
        let log = store.read().await.unwrap().log_page(0, 1000).await.unwrap();
        for (at, there) in [
            ("2022-11-11 10:00", 6),
            // 30 days after the end of the session that was left and of the one-time link, then of the other session.
            ("2022-11-11 10:01", 4),
            ("2022-11-12 00:01", 3),
            ("2022-11-21 10:01", 2),
            ("2023-11-21 10:01", 2),
        ] {
            story.sleep_until(at);
            duban::jobs::run(&console.engine, Job::Housekeeping).await.unwrap();
            assert_eq!(tables::tables(&store, &[]).await["credential"].len(), there, "{at}");
        }
        let after = store.read().await.unwrap().log_page(0, 1000).await.unwrap();
        // Sealed meanwhile, and not otherwise changed.
        let kept = |log: &[Logged]| log.iter().map(|entry| (entry.id, entry.hash.clone())).collect::<Vec<_>>();
        assert_eq!(kept(&after), kept(&log));
        let told: Vec<Action> = after.iter().map(|entry| entry.action).collect();
        for action in [Action::SignIn, Action::SignOut, Action::SetPassword] {
            assert!(told.contains(&action), "{action}: {told:?}");
        }
        assert!(store.read().await.unwrap().verify_log().await.unwrap().is_empty());
        let spans = options().spans;
        assert!(entry::entered(&console.engine, CredentialKind::Token, &token, spans).await.unwrap().is_some());
        assert!(entry::check_password(&console.engine, &post(OFFICE), PASSWORD).await.unwrap());
        story
    })
    .await;
}

#[tokio::test]
async fn whoever_left_the_roster_is_out_at_once() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        let link = letter(&mut story).await;
        let console = Console::of(&story);
        let mut liaison = console.stranger();
        liaison.post(&link, &[("post", "质安处/liaison")]).await;
        let mut other = console.signed_in("办公室/liaison").await;
        assert_eq!(liaison.get("/todo").await.status, StatusCode::OK);
        let unit = post("质安处/liaison").unit;
        story
            .act(OFFICE, async |actor| actor.leave(&unit, support::day("2022-10-13"), "机构撤并", true).await)
            .await
            .unwrap();
        assert_eq!(liaison.get("/todo").await.status, StatusCode::SEE_OTHER);
        assert_eq!(console.stranger().get(&link).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(other.get("/todo").await.status, StatusCode::OK);
        story
    })
    .await;
}

#[tokio::test]
async fn forms_from_elsewhere_change_nothing() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        let link = letter(&mut story).await;
        let console = Console::of(&story);
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let liaison = console.signed_in("质安处/liaison").await;
        let before = tables::tables(&story.engine.store, &[]).await;
        let foreign: &[&[(&str, &str)]] = &[
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://duban.example.com")],
            &[("origin", "https://evil.example")],
            &[("origin", "http://duban.example.com:81")],
            &[("sec-fetch-site", "cross-site"), ("origin", "null")],
            &[("origin", "https://duban.example.com.evil.example")],
        ];
        for route in routes::all().iter().filter(|route| route.method != Method::GET) {
            let path = route.path.replace("{id}", &id.to_string()).replace("{token}", &link[3..]);
            if path.contains('{') {
                continue;
            }
            for headers in foreign {
                let mut request =
                    Request::builder().method(&route.method).uri(&path).header("host", "duban.example.com");
                for (name, value) in *headers {
                    request = request.header(*name, *value);
                }
                let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                let body = Body::from("post=%E8%B4%A8%E5%AE%89%E5%A4%84%2Fliaison&reason=x&until=2022-10-31");
                let answer = liaison.clone().send(request.body(body).unwrap()).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
                assert!(!answer.headers.contains_key(header::SET_COOKIE));
            }
        }
        assert_eq!(tables::tables(&story.engine.store, &[]).await, before);
        // From a page of ours it is done, by a browser of either age; as plain text it is not understood.
        let own = |name: &str, value: &str, kind: &str| {
            Request::builder()
                .method(Method::POST)
                .uri(format!("/o/{id}/confirm"))
                .header("host", "duban.example.com")
                .header(name, value)
                .header(header::CONTENT_TYPE, kind)
                .body(Body::empty())
                .unwrap()
        };
        for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", "https://duban.example.com")] {
            let done = liaison.clone().send(own(name, value, "application/x-www-form-urlencoded")).await;
            assert!(done.status == StatusCode::SEE_OTHER || done.status == StatusCode::UNPROCESSABLE_ENTITY);
        }
        let plain = Request::builder()
            .method(Method::POST)
            .uri(format!("/o/{id}/dispute"))
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "text/plain")
            .body(Body::from("reason=x"))
            .unwrap();
        assert_eq!(liaison.clone().send(plain).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        story
    })
    .await;
}

#[tokio::test]
async fn cookies_and_headers_are_as_strict_as_they_can_be() {
    on_both_with("2022-10-13 10:00", with_links(), &seeds_of(&["9.1b"]), |story| async move {
        for secure in [false, true] {
            let public = if secure { Public::of("https://duban.example.com") } else { Public::default() };
            let console = Console::with(&story, web::Options { public, ..options() });
            set_password(&console, OFFICE, PASSWORD).await;
            let answer = sign_in(&mut console.stranger(), OFFICE, PASSWORD).await;
            let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            let mut attributes: Vec<&str> = attributes.split("; ").collect();
            attributes.sort_unstable();
            let wanted: &[&str] = if secure {
                &["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
            } else {
                &["HttpOnly", "Path=/", "SameSite=Lax"]
            };
            assert_eq!(attributes, wanted);
            let (name, secret) = pair.split_once('=').unwrap();
            assert_eq!(name, if secure { "__Host-duban" } else { "duban" });
            assert_eq!(URL_SAFE_NO_PAD.decode(secret).unwrap().len(), 32, "256 bits");
            let mut answers = Vec::new();
            for route in routes::all() {
                let path = route.path.replace(['{', '}'], "").replace("/assets/name", "/assets/console.css");
                let mut browser = console.stranger();
                let request = Request::builder().method(&route.method).uri(&path).body(Body::empty()).unwrap();
                answers.push((path, browser.send(request).await));
            }
            for (path, method) in [("/nothing", "GET"), ("/todo", "DELETE"), ("/enter", "PUT"), ("/%ff", "GET")] {
                let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
                answers.push((format!("{method} {path}"), console.stranger().send(request).await));
            }
            let large = Request::builder().method(Method::POST).uri("/enter").header(header::CONTENT_LENGTH, 1 << 30);
            answers.push(("large".into(), console.stranger().send(large.body(Body::empty()).unwrap()).await));
            let foreign =
                Request::builder().method(Method::POST).uri("/enter").header("origin", "https://evil.example");
            answers.push(("foreign".into(), console.stranger().send(foreign.body(Body::empty()).unwrap()).await));
            assert!(answers.iter().any(|(_, answer)| answer.status == StatusCode::PAYLOAD_TOO_LARGE));
            for (path, answer) in answers {
                let value = |name: &str| answer.headers.get(name).map_or("", |value| value.to_str().unwrap());
                assert_eq!(value("content-security-policy"), CONTENT_SECURITY_POLICY, "{path}");
                assert!(!value("content-security-policy").contains("unsafe"));
                assert_eq!(value("x-content-type-options"), "nosniff", "{path}");
                assert_eq!(value("referrer-policy"), "same-origin", "{path}");
                assert_eq!(value("cross-origin-opener-policy"), "same-origin", "{path}");
                let cached = if path.starts_with("/assets/") { "public, max-age=3600" } else { "no-store" };
                assert_eq!(value("cache-control"), cached, "{path}");
                assert_eq!(value("strict-transport-security").is_empty(), !secure, "{path}");
                assert!(value("server").is_empty() && value("access-control-allow-origin").is_empty(), "{path}");
            }
        }
        story
    })
    .await;
}
