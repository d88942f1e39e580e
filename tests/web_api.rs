//! The interface for programs: what it lists and does, its description, its errors.

#[path = "support/browser.rs"]
mod browser;
mod support;

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use browser::{Answer, Browser, Console};
use duban::{
    domain::light::Light,
    jobs::entry::{new_secret, secret_hash},
    store::access::{Kind, NewCredential},
    web,
};
use serde_json::{Value, json};
use support::{Story, on_both_of};

/// A program that comes in by a token of that post with these scopes.
struct Program {
    browser: Browser,
    token: String,
}

impl Program {
    async fn of(story: &Story, console: &Console, post: &str, scopes: &str) -> Program {
        let (token, hash) = new_secret();
        assert_eq!(hash, secret_hash(&token));
        let post = support::post(post);
        let new = NewCredential {
            kind: Kind::Token,
            hash,
            unit: post.unit.0.clone(),
            role: post.role.code().into(),
            how: "test".into(),
            name: "test".into(),
            scopes: scopes.into(),
            created_at: story.now(),
            ends_at: None,
        };
        let mut tx = story.engine.store.write().await.unwrap();
        tx.insert_credential(&new).await.unwrap();
        tx.commit().await.unwrap();
        Program { browser: console.stranger(), token }
    }

    async fn call(&mut self, method: Method, path: &str, body: Option<Value>, key: Option<&str>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.browser.send(request.body(body).unwrap()).await
    }

    async fn get(&mut self, path: &str) -> Value {
        let answer = self.call(Method::GET, path, None, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.bytes).unwrap()
    }
}

#[tokio::test]
async fn a_program_lists_files_and_the_office_decides() {
    on_both_of("2022-10-10 00:00", &["9.1b", "13.2"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let mut unit = Program::of(&story, &console, "质安处/liaison", "read file").await;
        let listed = unit.get("/api/v1/obligations?duty=13.2").await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1, "another unit's are not listed: {listed}");
        assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["light"]), (&json!(id), &json!("grey")));
        let detail = unit.get(&format!("/api/v1/obligations/{id}")).await;
        assert_eq!(detail["counts"][0], json!({ "counter": "检查企业", "unit": "家", "have": 0, "want": 2 }));
        let body = json!({ "obligations": [id], "acted_on": "2022-10-12", "items": [
            { "counter": "检查企业", "value": "甲公司" }, { "counter": "检查企业", "value": "乙公司" },
            { "counter": "整改突出隐患", "value": "2" }, { "counter": "协调解决难题", "value": "2" } ] });
        let filed = unit.call(Method::POST, "/api/v1/submissions", Some(body.clone()), Some("K-1")).await;
        assert_eq!((filed.status, filed.text()), (StatusCode::CREATED, r#"{"receipt":"K-1","repeated":false}"#.into()));
        let again = unit.call(Method::POST, "/api/v1/submissions", Some(body), Some("K-1")).await;
        assert_eq!((again.status, again.text()), (StatusCode::OK, r#"{"receipt":"K-1","repeated":true}"#.into()));
        assert_eq!(story.light("13.2", "质安处", "2022-10").await, Light::Green);
        // A unit's token decides nothing, an office's that may only read does neither.
        let path = format!("/api/v1/obligations/{id}/return");
        let back = json!({ "reason": "名单有误", "until": "2022-10-20T18:00:00+08:00" });
        let mut reader = Program::of(&story, &console, support::OFFICE, "read").await;
        for program in [&mut unit, &mut reader] {
            let refused = program.call(Method::POST, &path, Some(back.clone()), None).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
            assert_eq!(refused.headers["content-type"], "application/problem+json");
        }
        let mut office = Program::of(&story, &console, support::OFFICE, "read decide").await;
        let returned = office.call(Method::POST, &path, Some(back), None).await;
        assert_eq!(returned.status, StatusCode::OK, "{}", returned.text());
        assert_eq!(story.light("13.2", "质安处", "2022-10").await, Light::Yellow);
        story
    })
    .await;
}

#[tokio::test]
async fn pages_of_a_list_hold_each_once() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-10 10:00").await;
        let mut office = Program::of(&story, &console, support::OFFICE, "read").await;
        let all = office.get("/api/v1/obligations?limit=500").await;
        let all: Vec<i64> = all["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect();
        assert!(all.len() > 10);
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = office.get(&format!("/api/v1/obligations?limit=4&after={after}")).await;
            seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()));
            let Some(next) = page["next"].as_i64() else { break };
            after = next;
        }
        assert_eq!(seen, all);
        story
    })
    .await;
}

#[tokio::test]
async fn mistakes_are_problem_documents() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-10 10:00").await;
        let mut unit = Program::of(&story, &console, "质安处/liaison", "read file").await;
        let id = story.obligation("9.1b", "物业处", "2022-W41").await.id;
        let cases = [
            (Method::GET, format!("/api/v1/obligations/{id}"), None, 404),
            (Method::GET, "/api/v1/obligations/x".into(), None, 404),
            (
                Method::GET,
                "/api/v1/obligations?unit=办公室".replace("办公室", "%E5%8A%9E%E5%85%AC%E5%AE%A4"),
                None,
                404,
            ),
            (Method::GET, "/api/v1/obligations?phase=shut".into(), None, 400),
            (Method::POST, "/api/v1/submissions".into(), Some(json!({ "obligations": [id] })), 422),
            (Method::POST, "/api/v1/submissions".into(), Some(json!({ "obligation": [id] })), 400),
            (Method::POST, "/api/v1/submissions".into(), Some(json!({ "obligations": [] })), 422),
            (Method::PUT, "/api/v1/submissions".into(), None, 405),
            (Method::GET, "/api/v1/posts".into(), None, 403),
        ];
        for (method, path, body, status) in cases {
            let answer = unit.call(method, &path, body, None).await;
            assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
            assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
            let problem: Value = serde_json::from_slice(&answer.bytes).unwrap();
            assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
        }
        // Without a token, with a wrong one, and with one that a session's cookie does not save.
        let wrong = Program { browser: console.signed_in("质安处/liaison").await, token: "x".repeat(43) };
        for mut program in [Program { browser: console.stranger(), token: String::new() }, wrong] {
            assert_eq!(
                program.call(Method::GET, "/api/v1/obligations", None, None).await.status,
                StatusCode::UNAUTHORIZED
            );
        }
        story
    })
    .await;
}

#[tokio::test]
async fn the_description_names_every_route_there_is() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |story| async move {
        let mut stranger = Console::of(&story).stranger();
        let answer = stranger.get("/api/v1/openapi.json").await;
        let description: Value = serde_json::from_slice(&answer.bytes).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            described
                .extend(methods.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
        }
        let routes = web::routes::all().into_iter().filter(|route| route.path.starts_with("/api/"));
        let routes: BTreeSet<String> = routes.map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(described, routes);
        story
    })
    .await;
}

#[tokio::test]
async fn a_feed_shows_a_units_deadlines_until_it_is_ended() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-10 10:00").await;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let made = liaison.post("/me/feeds", &[]).await.text();
        let address = made.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned();
        let mut calendar = console.stranger();
        let feed = calendar.get(&format!("{address}.ics")).await;
        assert_eq!(feed.headers["content-type"], "text/calendar; charset=utf-8");
        let text = feed.text();
        assert_eq!(text.matches("BEGIN:VEVENT").count(), 1, "{text}");
        // 18:00 in the office is 10:00 UTC.
        assert!(text.contains("DTEND:20221014T100000Z") && text.contains("9.1b"), "{text}");
        let page = liaison.get("/me/feeds").await.text();
        assert!(!page.contains(&address), "the address is shown once");
        let end = page.split_once("/me/feeds/").unwrap().1.split_once('"').unwrap().0.to_owned();
        // Another post cannot end it.
        let mut other = console.signed_in("办公室/liaison").await;
        assert_eq!(other.post(&format!("/me/feeds/{end}"), &[]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(liaison.post(&format!("/me/feeds/{end}"), &[]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(calendar.get(&address).await.status, StatusCode::NOT_FOUND);
        story
    })
    .await;
}

#[tokio::test]
async fn tokens_are_made_shown_once_and_ended() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-10 10:00").await;
        let mut admin = console.signed_in("委安委办/admin").await;
        let fields = [("post", "质安处/liaison"), ("name", "台账系统"), ("scope", "read")];
        let made = admin.post("/tokens", &fields).await.text();
        let token = made.split_once("<p><code>").unwrap().1.split_once("</code>").unwrap().0.to_owned();
        let mut program = Program { browser: console.stranger(), token: token.clone() };
        assert_eq!(program.get("/api/v1/obligations").await["items"].as_array().unwrap().len(), 1);
        // Who judges nothing makes no token that does.
        for fields in [
            [("post", "质安处/liaison"), ("name", "x"), ("scope", "decide")],
            [("post", support::OFFICE), ("name", "x"), ("scope", "read")],
        ] {
            assert_eq!(admin.post("/tokens", &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let page = admin.get("/tokens").await.text();
        assert!(!page.contains(&token));
        let end = page.split_once("action=\"/tokens/").unwrap().1.split_once('"').unwrap().0.to_owned();
        admin.post(&format!("/tokens/{end}"), &[]).await;
        assert_eq!(program.call(Method::GET, "/api/v1/obligations", None, None).await.status, StatusCode::UNAUTHORIZED);
        let mut tx = story.engine.store.read().await.unwrap();
        let log = tx.log_page(0, 10_000).await.unwrap();
        assert!(
            log.iter().any(|entry| entry.action == "make_token") && log.iter().any(|entry| entry.action == "end_token")
        );
        assert!(log.iter().all(|entry| !entry.detail.contains(&token)));
        drop(tx);
        story
    })
    .await;
}
