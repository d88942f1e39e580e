//! The interface for programs: what it lists and does, its description, its errors.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use crate::support::browser::{self, Answer, Browser, Console};
use crate::support::entry::credential;
use crate::support::{self, Story, on_both, on_both_of};
use duban::domain::light::Light;
use duban::store::access::CredentialKind;
use duban::web;
use duban::web::access::Right;
use duban::web::fault::Fault;

/// A program that comes in by a token of that post with these scopes.
struct Program {
    browser: Browser,
    token: String,
}

impl Program {
    async fn of(story: &Story, console: &Console, post: &str, scopes: &str) -> Program {
        let token = credential(&story.engine.store, CredentialKind::Token, post, scopes, story.now(), None).await;
        Program { browser: console.stranger(), token }
    }

    async fn call(&mut self, method: Method, path: &str, body: Option<Value>, key: Option<&str>) -> Answer {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(method, path, "application/json", body, key).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        kind: &str,
        body: impl Into<Body>,
        key: Option<&str>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(browser::quoted(path))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, kind);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.browser.send(request.body(body.into()).unwrap()).await
    }

    /// Asks for a change that is taken; what it answers, if anything.
    async fn change(&mut self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.call(method, path, Some(body), None).await;
        assert!(answer.status.is_success(), "{path}: {} {}", answer.status, answer.text());
        serde_json::from_slice(&answer.bytes).unwrap_or_default()
    }

    /// Asks for a change that is refused; why.
    async fn refused(&mut self, method: Method, path: &str, body: Value, status: u16) -> String {
        let answer = self.call(method, path, Some(body), None).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
        detail(&answer)
    }

    async fn get(&mut self, path: &str) -> Value {
        let answer = self.call(Method::GET, path, None, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        serde_json::from_slice(&answer.bytes).unwrap()
    }
}

/// What a problem document says.
fn detail(answer: &Answer) -> String {
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_slice(&answer.bytes).unwrap();
    problem["detail"].as_str().unwrap().to_owned()
}

/// What programs tell a problem by.
fn kind(answer: &Answer) -> String {
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_slice(&answer.bytes).unwrap();
    assert_eq!(problem["status"], answer.status.as_u16());
    problem["type"].as_str().unwrap().to_owned()
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
        let receipt: Value = serde_json::from_str(&filed.text()).unwrap();
        assert_eq!((filed.status, &receipt["repeated"]), (StatusCode::CREATED, &json!(false)));
        assert_eq!(
            receipt["said"],
            json!(["检查企业：甲公司、乙公司（2家）", "整改突出隐患：2个", "协调解决难题：2个"])
        );
        assert_eq!(
            (&receipt["obligations"][0]["word"], &receipt["obligations"][0]["missing"]),
            (&json!("按期办结"), &Value::Null)
        );
        let again = unit.call(Method::POST, "/api/v1/submissions", Some(body.clone()), Some("K-1")).await;
        let receipt: Value = serde_json::from_str(&again.text()).unwrap();
        assert_eq!((again.status, &receipt["repeated"]), (StatusCode::OK, &json!(true)));
        assert_eq!(story.light("13.2", "质安处", "2022-10").await, Light::Green);
        // A unit's token decides nothing, an office's that may only read does neither.
        let path = format!("/api/v1/obligations/{id}/return");
        let back = json!({ "reason": "名单有误", "until": "2022-10-31T18:00:00+08:00" });
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
            (Method::GET, "/api/v1/obligations?unit=办公室".into(), None, 404),
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
            assert!(!detail(&answer).is_empty(), "{path}");
        }
        // Where there is nothing, and where nothing of the kind is done: a problem all the same.
        for path in
            ["/api/v1/nothing", "/api/", "/api/v2/obligations", "/api/v1/obligations/", "/api/v1/units/x/leave/y"]
        {
            let answer = unit.call(Method::GET, path, None, None).await;
            assert_eq!((answer.status.as_u16(), kind(&answer)), (404, "urn:duban:problem:not_found".into()), "{path}");
        }
        let answer = unit.call(Method::DELETE, "/api/v1/obligations", None, None).await;
        assert_eq!(kind(&answer), "urn:duban:problem:method_not_allowed");
        assert_eq!(answer.headers["allow"], "GET,HEAD");
        // What a library says stands in a sentence of ours.
        let answer = unit.call(Method::GET, "/api/v1/obligations?limit=-1", None, None).await;
        assert!(detail(&answer).starts_with("网址中的参数有误："), "{}", answer.text());
        let answer = unit.send(Method::POST, "/api/v1/submissions", "application/json", "{", None).await;
        assert!(detail(&answer).starts_with("内容不是说明所列的 JSON："), "{}", answer.text());
        // Too many guesses at tokens: when to try again is said.
        let mut guesser = Program { browser: console.stranger(), token: "x".repeat(43) };
        guesser.browser.peer.set_ip([198, 51, 100, 9].into());
        let mut answer = guesser.call(Method::GET, "/api/v1/units", None, None).await;
        for _ in 0..60 {
            answer = guesser.call(Method::GET, "/api/v1/units", None, None).await;
        }
        assert_eq!(kind(&answer), "urn:duban:problem:too_many_requests");
        assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
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
async fn a_program_files_with_a_file_corrects_it_and_erases_what_it_sent_by_mistake() {
    on_both_of("2022-10-10 00:00", &["9.1b", "13.2"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let mut unit = Program::of(&story, &console, "质安处/liaison", "read file").await;
        let form = |submission: &Value, file: &str| {
            format!(
                "--line\r\nContent-Disposition: form-data; name=\"submission\"\r\n\r\n{submission}\r\n\
                 --line\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../检查.txt\"\r\n\r\n{file}\r\n--line--\r\n"
            )
        };
        let submission = json!({ "obligations": [id], "acted_on": "2022-10-12", "items": [
            { "counter": "检查企业", "value": "甲公司" }, { "counter": "检查企业", "value": "甲公司" } ] });
        let kind = "multipart/form-data; boundary=line";
        let path = "/api/v1/submissions";
        // What a file is, its content says; and without the submission there is nothing to file.
        let page = unit.send(Method::POST, path, kind, form(&submission, "<svg onload=\"x()\">"), None).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", page.text());
        let empty = unit.send(Method::POST, path, kind, "--line--\r\n", None).await;
        assert_eq!(empty.status, StatusCode::BAD_REQUEST);
        assert!(detail(&empty).contains("submission"));
        // More JSON than any filing has is not read.
        let long = json!({ "obligations": [id], "note": "长".repeat(100_000) });
        assert_eq!(unit.call(Method::POST, path, Some(long), None).await.status, StatusCode::PAYLOAD_TOO_LARGE);
        let filed = unit.send(Method::POST, path, kind, form(&submission, "三家企业"), Some("K-1")).await;
        assert_eq!(filed.status, StatusCode::CREATED, "{}", filed.text());
        let shown = unit.get("/api/v1/submissions/K-1").await;
        assert_eq!((&shown["files"][0]["name"], &shown["files"][0]["size"]), (&json!("检查.txt"), &json!(12)));
        let mut office = Program::of(&story, &console, support::OFFICE, "read file").await;
        let file = "/api/v1/submissions/K-1/files/0";
        let read = office.call(Method::GET, file, None, None).await;
        assert_eq!((read.status, read.text()), (StatusCode::OK, "三家企业".into()));
        assert_eq!(read.headers["content-type"], "application/octet-stream");

        let items = json!([{ "counter": "检查企业", "value": "甲公司" }, { "counter": "检查企业", "value": "乙公司" },
            { "counter": "整改突出隐患", "value": "2" }, { "counter": "协调解决难题", "value": "2" }]);
        let corrected =
            unit.change(Method::POST, "/api/v1/submissions/K-1/correct", json!({ "items": items, "note": "补正" })).await;
        assert_eq!((&corrected[0]["id"], &corrected[0]["light"]), (&json!(id), &json!("green")));
        let shown = unit.get("/api/v1/submissions/K-1").await;
        assert_eq!((&shown["items"], &shown["note"], &shown["acted_on"]), (&items, &json!("补正"), &json!("2022-10-12")));
        let erase = format!("{file}/erase");
        let words = unit.refused(Method::POST, &erase, json!({ "reason": "" }), 422).await;
        assert!(words.contains("理由"), "{words}");
        let mut other = Program::of(&story, &console, "办公室/liaison", "read file").await;
        for (path, body) in
            [("/api/v1/submissions/K-1/correct", json!({ "note": "x" })), (erase.as_str(), json!({ "reason": "误传" }))]
        {
            other.refused(Method::POST, path, body, 404).await;
        }
        assert_eq!(other.call(Method::GET, file, None, None).await.status, StatusCode::NOT_FOUND);
        assert_eq!(unit.change(Method::POST, &erase, json!({ "reason": "误传" })).await, json!({ "gone": true }));
        assert_eq!(unit.call(Method::GET, file, None, None).await.status, StatusCode::NOT_FOUND);
        let shown = unit.get("/api/v1/submissions/K-1").await;
        assert!(shown["files"][0]["erased_at"].is_string() && shown["files"][0]["sha256"].is_string(), "{shown}");
        story
    })
    .await;
}

#[tokio::test]
async fn a_program_changes_units_posts_calendar_and_seeds() {
    on_both("2022-10-10 00:00", |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let mut admin = Program::of(&story, &console, "委安委办/admin", "read settings").await;

        let unit = json!({ "kind": "处室", "groups": [], "joined_on": "2022-10-17" });
        let set = admin.change(Method::PUT, "/api/v1/units/应急中心", unit).await;
        assert_eq!((&set["name"], &set["joined_on"]), (&json!("应急中心"), &json!("2022-10-17")));
        let words = admin.refused(Method::PUT, "/api/v1/units/应急中心", json!({ "groups": ["没有的组"] }), 422).await;
        assert!(words.contains("没有的组"), "{words}");
        let takeover = json!({ "holder": "新任联络员", "address": "new@example.com", "from": "2022-10-14",
            "stand_in": { "address": "other@example.com", "from": "2022-10-17", "until": "2022-10-18" } });
        admin.change(Method::PUT, "/api/v1/posts/质安处/liaison", takeover.clone()).await;
        let posts = admin.get("/api/v1/posts").await;
        let held: Vec<&Value> =
            posts.as_array().unwrap().iter().filter(|post| post["post"] == "质安处/liaison").collect();
        assert_eq!(held.len(), 2, "who holds it and who will: {held:?}");
        assert_eq!((&held[1]["holder"], &held[1]["stand_in_until"]), (&json!("新任联络员"), &json!("2022-10-18")));
        assert!(!posts.to_string().contains("example.com"), "addresses are not told");
        admin.refused(Method::PUT, "/api/v1/posts/质安处/boss", takeover.clone(), 404).await;
        // A unit's post hands over itself, neither its head nor another unit's.
        let mut liaison = Program::of(&story, &console, "办公室/liaison", "settings").await;
        liaison.change(Method::PUT, "/api/v1/posts/办公室/liaison", takeover.clone()).await;
        for post in ["办公室/head", "质安处/liaison"] {
            liaison.refused(Method::PUT, &format!("/api/v1/posts/{post}"), takeover.clone(), 422).await;
        }
        let import = |text: &'static str| (Method::POST, "/api/v1/posts/import", "text/csv", text);
        let (method, path, kind, text) =
            import("unit,role,holder,address\n质安处,boss,某,a@example.com\n质安处,head,某,someone\n");
        let wrong = admin.send(method, path, kind, text, None).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let lines = detail(&wrong);
        assert!(lines.contains("posts.csv B2：") && lines.contains("posts.csv D3："), "all at once: {lines}");
        let problem: Value = serde_json::from_slice(&wrong.bytes).unwrap();
        let role = json!({ "code": "unknown_name", "file": "posts.csv", "line": 2, "column": 5, "cell": "B2",
            "detail": "没有岗位类别“boss”；可用：deputy, head, liaison, office" });
        assert_eq!(problem["mistakes"][0], role, "{problem}");
        assert_eq!((&problem["mistakes"][1]["code"], &problem["mistakes"][1]["line"]), (&json!("no_email"), &json!(3)));
        let (method, path, kind, text) = import("unit,role,holder,address\n质安处,head,新任负责人,head@example.com\n");
        let right = admin.send(method, path, kind, text, None).await;
        assert_eq!(right.text(), r#"{"read":1,"changed":1}"#);

        let notice = "date,name,kind,status\n2027-01-01,元旦,holiday,notice\n";
        let shown = admin.send(Method::POST, "/api/v1/calendar/diff", "text/csv", notice, None).await;
        let shown: Value = serde_json::from_slice(&shown.bytes).unwrap();
        let doubts = shown["doubts"].as_array().unwrap();
        assert!(doubts.iter().any(|doubt| doubt["code"] == "holiday_missing"), "{shown}");
        let unasked = admin.send(Method::POST, "/api/v1/calendar/import", "text/csv", notice, None).await;
        assert_eq!(unasked.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unasked.text().contains("urn:duban:problem:notice_in_doubt"), "{}", unasked.text());
        let confirmed = "/api/v1/calendar/import?confirmed=true";
        let taken = admin.send(Method::POST, confirmed, "text/csv", notice, None).await;
        let taken: Value = serde_json::from_slice(&taken.bytes).unwrap();
        assert_eq!((&taken["years"], &taken["days"], &taken["doubts"]), (&json!([2027]), &json!(1), &shown["doubts"]));
        assert_eq!(admin.get("/api/v1/calendar/2027").await.as_array().unwrap().len(), 1);

        let text = include_str!("../../seeds/duties.toml").replacen("年度考核安全权重", "改过的名称", 1);
        let seeds = json!({ "files": { "duties.toml": text }, "effective_on": "2022-10-13" });
        let shown = admin.change(Method::POST, "/api/v1/seeds/diff", seeds.clone()).await;
        assert!(shown["changes"].to_string().contains("改过的名称"), "{shown}");
        let with = |mark: &Value| {
            let mut seeds = seeds.clone();
            seeds["mark"] = mark.clone();
            seeds
        };
        admin.refused(Method::POST, "/api/v1/seeds/apply", with(&json!("0".repeat(64))), 422).await;
        assert_eq!(admin.change(Method::POST, "/api/v1/seeds/apply", with(&shown["mark"])).await, shown);
        admin.refused(Method::POST, "/api/v1/seeds/apply", seeds, 422).await;
        let broken = json!({ "files": { "duties.toml": "[[duty]]\nid = 1\n", "x.toml": "" } });
        let words = admin.refused(Method::POST, "/api/v1/seeds/diff", broken, 422).await;
        assert!(words.contains("duties.toml") && words.contains("x.toml"), "all at once: {words}");

        let merely_asked = json!({ "reason": "机构调整" });
        let words = admin.refused(Method::POST, "/api/v1/units/物业处/leave", merely_asked, 422).await;
        assert!(words.contains("9.1b 2022-W41") && words.contains("尚未办理，请确认"), "{words}");
        let called = json!({ "name": "物业监管处" });
        let renamed = admin.change(Method::POST, "/api/v1/units/物业处/rename", called).await;
        assert_eq!(renamed["name"], "物业监管处");
        admin.change(Method::POST, "/api/v1/units/物业监管处/rename", json!({ "name": "物业处" })).await;
        let merged = json!({ "successor": "质安处", "reason": "合并" });
        let done = admin.change(Method::POST, "/api/v1/units/村镇处/succeed", merged).await;
        assert!(!done["closed"].as_array().unwrap().is_empty(), "{done}");
        let waived = admin
            .change(Method::POST, "/api/v1/units/物业处/leave", json!({ "reason": "机构调整", "confirmed": true }))
            .await;
        assert!(
            waived.as_array().unwrap().iter().any(|row| row["duty"] == "9.1b" && row["phase"] == "waived"),
            "{waived}"
        );
        let units = admin.get("/api/v1/units").await;
        let left = units.as_array().unwrap().iter().find(|unit| unit["name"] == "物业处").unwrap();
        assert_eq!(left["left_on"], "2022-10-12");
        story
    })
    .await;
}

#[tokio::test]
async fn a_unit_asks_and_the_office_answers() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let mut office = Program::of(&story, &console, support::OFFICE, "read decide").await;
        let mut ids = Vec::new();
        for name in ["质安处", "物业处", "村镇处", "建管处"] {
            ids.push((name, story.obligation("9.1b", name, "2022-W41").await.id));
        }
        let [(_, granted), (_, refused), (_, upheld), (_, waived)] = ids[..] else { unreachable!() };
        let until = "2022-10-19T18:00:00+08:00";
        let ask = json!({ "until": until, "reason": "人员抽调" });
        for (name, id) in &ids[..2] {
            let mut unit = Program::of(&story, &console, &format!("{name}/liaison"), "read file").await;
            unit.change(Method::POST, &format!("/api/v1/obligations/{id}/extension"), ask.clone()).await;
            unit.refused(Method::GET, "/api/v1/requests", Value::Null, 403).await;
        }
        let mut unit = Program::of(&story, &console, "村镇处/liaison", "read file").await;
        unit.refused(Method::POST, &format!("/api/v1/obligations/{granted}/extension"), ask.clone(), 404).await;
        let why = json!({ "reason": "不属本单位职责" });
        unit.change(Method::POST, &format!("/api/v1/obligations/{upheld}/dispute"), why).await;
        let asked = office.get("/api/v1/requests").await;
        let asked: std::collections::BTreeMap<_, _> = asked
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["obligation"].as_i64().unwrap(), (&one["kind"], &one["until"])))
            .collect();
        let extension = (&json!("extension"), &json!("2022-10-19T10:00:00Z"));
        let dispute = (&json!("dispute"), &Value::Null);
        assert_eq!(asked, [(granted, extension), (refused, extension), (upheld, dispute)].into());

        let decide = |id: i64, what: &str| format!("/api/v1/obligations/{id}/{what}/decision");
        let later = "2022-10-20T18:00:00+08:00";
        let yes = json!({ "granted": true, "until": later });
        let row = office.change(Method::POST, &decide(granted, "extension"), yes).await;
        assert_eq!(row["due_at"], "2022-10-20T10:00:00Z");
        let both = json!({ "granted": false, "until": later, "answer": "理由不足" });
        let words = office.refused(Method::POST, &decide(refused, "extension"), both, 422).await;
        assert!(words.contains("不填新的时限"), "{words}");
        let no = json!({ "granted": false, "answer": "理由不足" });
        let row = office.change(Method::POST, &decide(refused, "extension"), no).await;
        assert_eq!(row["due_at"], "2022-10-14T10:00:00Z");
        // What decides an extension decides no dispute.
        office.refused(Method::POST, &decide(upheld, "dispute"), json!({ "granted": true }), 400).await;
        let yes = json!({ "upheld": true, "answer": "成立" });
        let row = office.change(Method::POST, &decide(upheld, "dispute"), yes).await;
        assert_eq!(row["phase"], "upheld");
        let waiver = |ids: &[i64]| json!({ "obligations": ids, "reason": "统一安排", "document": "文号〔2022〕1号" });
        // All of them or none.
        office.refused(Method::POST, "/api/v1/waivers", waiver(&[waived, upheld]), 422).await;
        assert_eq!(story.light("9.1b", "建管处", "2022-W41").await, Light::Grey);
        let rows = office.change(Method::POST, "/api/v1/waivers", waiver(&[waived])).await;
        assert_eq!((&rows[0]["phase"], &rows[0]["light"]), (&json!("waived"), &json!("white")));
        assert_eq!(office.get("/api/v1/requests").await, json!([]));
        story
    })
    .await;
}

#[tokio::test]
async fn the_office_records_events_and_windows_and_closes_them() {
    on_both_of("2022-09-26 00:00", &["46.1", "46.2"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-09-27 10:00").await;
        let mut office = Program::of(&story, &console, support::OFFICE, "read decide").await;
        let warning = json!({ "id": "暴雨1", "type": "极端天气预警", "place": "主城区", "units": ["质安处"] });
        let opened = office.change(Method::POST, "/api/v1/events", warning.clone()).await;
        assert_eq!((&opened["id"], opened["obligations"].as_array().unwrap().len()), (&json!("暴雨1"), 2));
        office.refused(Method::POST, "/api/v1/events", warning, 422).await;
        let mut unit = Program::of(&story, &console, "质安处/liaison", "read file").await;
        let answer = json!({ "obligations": [opened["obligations"][0]], "note": "已叫应" });
        unit.change(Method::POST, "/api/v1/submissions", answer).await;
        let close = json!({ "false_alarm": true, "reason": "误报" });
        office.change(Method::POST, "/api/v1/events/暴雨1/close", close).await;
        let event = office.get("/api/v1/events").await[0].clone();
        assert_eq!((&event["false_alarm"], &event["closed_at"]), (&json!(true), &json!("2022-09-27T02:00:00Z")));
        assert_eq!(
            story.light("46.1", "质安处", "event:暴雨1").await,
            Light::Green,
            "what was answered stays answered"
        );
        assert_eq!(story.light("46.2", "质安处", "event:暴雨1").await, Light::White);

        let node = json!({ "id": "flood", "name": "防汛", "first": "2022-09-28", "last": "2022-09-30" });
        office.change(Method::POST, "/api/v1/nodes", node).await;
        story.run_until("2022-09-29 10:00").await;
        office.change(Method::POST, "/api/v1/nodes/flood/close", Value::Null).await;
        assert_eq!(office.get("/api/v1/nodes").await[0]["last"], "2022-09-29");
        story
    })
    .await;
}

#[tokio::test]
async fn a_program_reads_the_plan_and_the_digest_and_moves_a_node() {
    on_both_of("2022-10-10 00:00", &["9.1b", "13.2"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let mut office = Program::of(&story, &console, support::OFFICE, "read decide").await;
        let plan = office.get("/api/v1/plan?from=2022-10-10&to=2022-10-16&duty=9.1b&unit=质安处").await;
        assert_eq!(
            plan,
            json!([{ "duty": "9.1b", "owners": ["质安处"], "period": "2022-W41", "due_at": "2022-10-14T10:00:00Z" }])
        );
        let all = office.get("/api/v1/plan?from=2022-10-10&to=2022-10-16").await;
        let mut unit = Program::of(&story, &console, "质安处/liaison", "read").await;
        let own = unit.get("/api/v1/plan?from=2022-10-10&to=2022-10-16").await;
        assert_eq!(own, plan, "a unit sees what it owes itself");
        assert!(all.as_array().unwrap().len() > 5, "{all}");
        unit.refused(Method::GET, "/api/v1/plan?from=2022-10-10&to=2022-10-16&unit=办公室", Value::Null, 404).await;
        office.refused(Method::GET, "/api/v1/plan?from=2022-10-10&to=2024-10-16", Value::Null, 422).await;

        let now = office.get("/api/v1/digest?now=true").await;
        let (subject, text) = duban::jobs::digest::shown(&story.engine, true).await.unwrap();
        assert_eq!((&now["subject"], &now["text"]), (&json!(subject), &json!(text)));

        let node = json!({ "id": "flood", "name": "防汛", "first": "2022-10-13", "last": "2022-10-14" });
        office.change(Method::POST, "/api/v1/nodes", node).await;
        office.change(Method::POST, "/api/v1/nodes/flood/extend", json!({ "last": "2022-10-15" })).await;
        assert_eq!(office.get("/api/v1/nodes").await[0]["last"], "2022-10-15");
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
        // Who asks for what is public needs no token, and it says so.
        let own = &description["paths"]["/api/v1/openapi.json"]["get"];
        assert_eq!((&own["security"], own["responses"].get("401")), (&json!([]), None));
        assert_eq!(description["security"], json!([{ "token": [] }]));
        // Every status that any call may have is described, as a problem document.
        for route in web::routes::all().into_iter().filter(|route| route.path.starts_with("/api/")) {
            let call = &description["paths"][route.path][route.method.as_str().to_lowercase()];
            let mut wanted = vec!["408", "503"];
            if route.right != Right::Public {
                wanted.extend(["401", "403", "404", "429"]);
            }
            if route.method != Method::GET {
                wanted.extend(["400", "413", "422"]);
            }
            for status in wanted {
                let response = &call["responses"][status];
                let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{} {} {status}", route.method, route.path);
                assert!(!response["description"].as_str().unwrap().is_empty(), "{status} of {}", route.path);
                let waits = ["429", "503"].contains(&status);
                assert_eq!(response["headers"].get("Retry-After").is_some(), waits, "{status} of {}", route.path);
            }
        }
        // Whatever is asked may be answered by a problem, and its type is one of those that are listed.
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, call) in methods.as_object().unwrap() {
                let problem = &call["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{method} {path}");
                for parameter in call["parameters"].as_array().into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap();
                    let in_path = path.contains(&format!("{{{name}}}"));
                    assert_eq!(parameter["in"] == "path", in_path, "{method} {path}: {name}");
                }
            }
        }
        let listed = &description["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
        let listed: BTreeSet<&str> = listed.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        let known: BTreeSet<String> = Fault::codes().map(|code| format!("urn:duban:problem:{code}")).collect();
        assert_eq!(listed, known.iter().map(String::as_str).collect());
        story
    })
    .await;
}

#[tokio::test]
async fn each_problem_tells_programs_its_type() {
    on_both_of("2022-10-10 00:00", &["9.1b", "13.2"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let mut office = Program::of(&story, &console, support::OFFICE, "read decide").await;
        let accept = format!("/api/v1/obligations/{id}/accept");
        let waive = |reason: &str| json!({ "obligations": [id], "reason": reason, "document": "" });
        let cases = [
            (Method::POST, accept.as_str(), json!({}), 422, "nothing_to_accept"),
            (Method::POST, "/api/v1/obligations/999999/accept", json!({}), 422, "no_obligation"),
            (Method::POST, "/api/v1/waivers", waive("停工"), 422, "blank"),
            (Method::POST, "/api/v1/waivers", waive("停\u{202e}工"), 422, "forbidden_character"),
            (Method::GET, "/api/v1/obligations/999999", Value::Null, 404, "not_found"),
            (Method::GET, "/api/v1/obligations?phase=soon", Value::Null, 400, "unreadable_field"),
            (Method::GET, "/api/v1/obligations?limit=x", Value::Null, 400, "malformed_query"),
            (Method::POST, "/api/v1/waivers", json!({ "obligations": "all" }), 400, "malformed_json"),
            (Method::POST, "/api/v1/submissions", json!({}), 403, "forbidden"),
        ];
        for (method, path, body, status, code) in cases {
            let answer = office.call(method, path, Some(body), None).await;
            assert_eq!(
                (answer.status.as_u16(), kind(&answer)),
                (status, format!("urn:duban:problem:{code}")),
                "{path}"
            );
        }
        // The field that is to be mended is told; the words are an office's.
        let answer = office.call(Method::POST, "/api/v1/waivers", Some(waive("停工")), None).await;
        let problem: Value = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!(
            problem,
            json!({ "type": "urn:duban:problem:blank", "title": "未予受理", "status": 422, "detail": "未填文号",
                "field": "document" })
        );
        let body = office.send(Method::POST, "/api/v1/waivers", "application/json", "{", None).await;
        assert_eq!((body.status, kind(&body)), (StatusCode::BAD_REQUEST, "urn:duban:problem:malformed_json".into()));
        // Who is not known is told so, until they have tried too often.
        let mut stranger = Program { browser: console.stranger(), token: "guessed".into() };
        let mut kinds = BTreeSet::new();
        for _ in 0..200 {
            let answer = stranger.call(Method::GET, "/api/v1/obligations", None, None).await;
            kinds.insert((answer.status.as_u16(), kind(&answer)));
            if answer.status == StatusCode::TOO_MANY_REQUESTS {
                break;
            }
        }
        let both = [(401, "sign_in_required"), (429, "too_many_requests")];
        assert_eq!(kinds, both.map(|(status, code)| (status, format!("urn:duban:problem:{code}"))).into());
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
        // The same each time it is asked, until something changes: then the stamp and the sequence move, the ids stay.
        assert_eq!(calendar.get(&format!("{address}.ics")).await.text(), text);
        let line = |text: &str, name: &str| -> Vec<String> {
            text.lines().filter(|line| line.starts_with(name)).map(|line| line.trim().to_owned()).collect()
        };
        story.run_until("2022-10-13 10:00").await;
        let moved = calendar.get(&format!("{address}.ics")).await.text();
        assert_eq!(line(&moved, "UID:"), line(&text, "UID:"));
        assert_eq!(line(&text, "UID:").len(), 2, "the event's and its alarm's: {text}");
        assert_eq!(line(&text, "DTSTAMP:")[0], "DTSTAMP:20221009T160000Z");
        assert_eq!(line(&moved, "DTSTAMP:"), ["DTSTAMP:20221013T010000Z"; 2]);
        assert_eq!(line(&moved, "LAST-MODIFIED:"), ["LAST-MODIFIED:20221013T010000Z"]);
        let sequence = |text: &str| line(text, "SEQUENCE:")[0]["SEQUENCE:".len()..].parse::<u32>().unwrap();
        assert!(sequence(&moved) > sequence(&text));
        let mut liaison = console.signed_in("质安处/liaison").await;
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
            log.iter().any(|entry| entry.action.code() == "make_token")
                && log.iter().any(|entry| entry.action.code() == "end_token")
        );
        assert!(log.iter().all(|entry| !entry.detail.contains(&token)));
        drop(tx);
        story
    })
    .await;
}

#[tokio::test]
async fn a_program_decides_as_the_console_does() {
    on_both_of("2022-10-01 00:00", &["13.2", "9.1b"], |mut story| async move {
        let console = Console::of(&story);
        let reason = "检查记录缺少签字";
        story.run_until("2022-11-14 10:00").await;
        let mut office = Program::of(&story, &console, support::OFFICE, "read decide").await;
        let mut unit = Program::of(&story, &console, "质安处/liaison", "read file").await;
        let asked = office.get("/api/v1/requests").await;
        let proposed = story.obligation("13.2", "质安处", "2022-10").await.id;
        let kinds: Vec<(i64, &str)> = asked
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["obligation"].as_i64().unwrap(), one["kind"].as_str().unwrap()))
            .collect();
        assert!(kinds.contains(&(proposed, "bulletin")), "{kinds:?}");
        let decide = |published: bool, document: &str| {
            json!({ "obligations": [proposed], "published": published, "reason": "屡催不办", "document": document })
        };
        let words = office.refused(Method::POST, "/api/v1/bulletins/decision", decide(true, ""), 422).await;
        assert!(words.contains("未填文号"), "{words}");
        unit.refused(Method::POST, "/api/v1/bulletins/decision", decide(true, "9号"), 403).await;
        let rows = office.change(Method::POST, "/api/v1/bulletins/decision", decide(true, "9号")).await;
        assert_eq!(rows[0]["published"], true);
        let undo = format!("/api/v1/obligations/{proposed}/undo");
        assert_eq!(office.change(Method::POST, &undo, Value::Null).await["published"], Value::Null);
        office.refused(Method::POST, &undo, Value::Null, 422).await;
        // Returned without a deadline it gets the proposed one; the reason and the decision can be read.
        story.file("9.1b", "质安处", "2022-W46", &["调度=1"]).await.unwrap();
        let weekly = story.obligation("9.1b", "质安处", "2022-W46").await.id;
        let returned = json!({ "reason": reason });
        let row = office.change(Method::POST, &format!("/api/v1/obligations/{weekly}/return"), returned).await;
        assert_eq!((&row["return_reason"], &row["due_at"]), (&json!(reason), &json!("2022-11-18T10:00:00Z")));
        let early = json!({ "reason": reason, "until": "2022-11-16T18:00:00+08:00" });
        story.file("9.1b", "质安处", "2022-W46", &["调度=1"]).await.unwrap();
        let path = format!("/api/v1/obligations/{weekly}/return");
        let words = office.refused(Method::POST, &path, early, 422).await;
        assert!(words.contains("不得早于现行时限"), "{words}");
        let decided = unit.get("/api/v1/decisions").await;
        assert_eq!((&decided[0]["kind"], &decided[0]["reason"]), (&json!("return"), &json!(reason)));
        let accepted = office.change(Method::POST, "/api/v1/acceptances", json!({ "obligations": [weekly] })).await;
        assert_eq!((&accepted[0]["phase"], &accepted[0]["return_reason"]), (&json!("done"), &Value::Null));
        story
    })
    .await;
}
