//! Who may speak for whom: a token never does more than whoever made it may, the log names both, and nobody accepts what came
//! from their own unit's office, by whatever door.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use crate::support::browser::{Answer, Browser, Console};
use crate::support::{OFFICE, Story, on_both_of, post};
use duban::acts::correct::Correction;
use duban::acts::entry::new_secret;
use duban::acts::submit::NewSubmission;
use duban::domain::action::Action;
use duban::domain::phase::Phase;
use duban::domain::unit::UnitName;
use duban::store::access::{CredentialKind, NewCredential};

const HEAD: &str = "委安委办/head";
const ADMIN: &str = "委安委办/admin";
const LIAISON: &str = "质安处/liaison";

/// What waits for review: one of the office's own, two of 质安处's.
const DUTIES: [&str; 3] = ["4.1", "12.1", "9.1b"];

/// A token as an earlier program let anybody of the office's unit make it.
async fn token(story: &Story, of: &str, scopes: &str, maker: &str) -> String {
    let (secret, hash) = new_secret();
    let (of, maker) = (post(of), post(maker));
    let new = NewCredential {
        kind: CredentialKind::Token,
        hash,
        unit: of.unit.0,
        role: of.role.code().into(),
        how: maker.to_string(),
        name: "test".into(),
        scopes: scopes.into(),
        created_at: story.now(),
        ends_at: None,
        maker: Some((maker.unit.0, maker.role.code().into())),
    };
    let mut tx = story.engine.store.write().await.unwrap();
    tx.insert_credential(&new).await.unwrap();
    tx.commit().await.unwrap();
    secret
}

async fn call(console: &Console, token: &str, path: &str, body: Value) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    console.stranger().send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// Makes a token in the console. What it is, or what is said against it.
async fn make(browser: &Browser, of: &str, scopes: &[&str]) -> Result<String, String> {
    let mut fields = vec![("post", of), ("name", "某系统")];
    fields.extend(scopes.iter().map(|scope| ("scope", *scope)));
    let answer = browser.clone().post("/tokens", &fields).await;
    let text = answer.text();
    match answer.status {
        StatusCode::OK => Ok(text.split_once("<code>").unwrap().1.split_once("</code>").unwrap().0.to_owned()),
        StatusCode::UNPROCESSABLE_ENTITY => Err(text),
        other => panic!("{other}: {text}"),
    }
}

async fn waiting(story: &mut Story) -> (Console, i64, i64) {
    let console = Console::of(story);
    story.run_until("2022-09-21 10:00").await;
    let own = story.obligation("4.1", "委安委办", "2022-09-30").await.id;
    let theirs = story.obligation("12.1", "质安处", "2022-09-30").await.id;
    (console, own, theirs)
}

async fn phase(story: &Story, id: i64) -> Phase {
    story.engine.store.read().await.unwrap().obligation(id).await.unwrap().unwrap().obligation.phase
}

#[tokio::test]
async fn a_token_does_no_more_than_its_maker_may() {
    on_both_of("2022-09-20 00:00", &DUTIES, |mut story| async move {
        let (console, own, theirs) = waiting(&mut story).await;
        let admin = console.signed_in(ADMIN).await;
        let mut office = console.signed_in(OFFICE).await;
        for (browser, of, scopes) in [
            // The administrator speaks for no unit, not even for the one in whose name they stand.
            (&admin, LIAISON, &["read", "file"][..]),
            (&admin, "委安委办/liaison", &["file"]),
            (&admin, OFFICE, &["file"]),
            (&admin, OFFICE, &["read", "decide"]),
            (&admin, OFFICE, &["settings"]),
            (&admin, HEAD, &["decide"]),
            // The office neither reviews as its head nor endorses as a unit's.
            (&office, HEAD, &["decide"]),
            (&office, HEAD, &["read", "decide"]),
            (&office, "质安处/head", &["file"]),
            (&office, "质安处/deputy", &["file"]),
            (&office, "委安委办/auditor", &["settings"]),
        ] {
            let said = make(browser, of, scopes).await.expect_err(of);
            assert!(said.contains("令牌的权限不能超过生成者") && said.contains(of), "{of}: {said}");
        }
        for (browser, of, scopes) in [
            (&admin, ADMIN, &["read", "settings"][..]),
            (&admin, LIAISON, &["read"]),
            (&office, OFFICE, &["read", "file", "decide", "settings"]),
            (&office, LIAISON, &["read", "file"]),
        ] {
            make(browser, of, scopes).await.unwrap_or_else(|said| panic!("{of}: {said}"));
        }
        assert!(office.get("/tokens").await.text().contains("由委安委办管理员生成"));
        // Those that an earlier program made can do no more either.
        let body = |id: i64| json!({ "obligations": [id], "note": "已办" });
        for (of, scopes, maker) in
            [(LIAISON, "read file", ADMIN), ("委安委办/liaison", "file", ADMIN), (OFFICE, "file decide", ADMIN)]
        {
            let token = token(&story, of, scopes, maker).await;
            let id = if of == LIAISON { theirs } else { own };
            let filed = call(&console, &token, "/api/v1/submissions", body(id)).await;
            assert_eq!(filed.status, StatusCode::FORBIDDEN, "{of}");
            assert_eq!(phase(&story, id).await, Phase::Open);
        }
        story.file("4.1", "委安委办", "2022-09-30", &[]).await.unwrap();
        for maker in [OFFICE, ADMIN] {
            let token = token(&story, HEAD, "read file decide settings", maker).await;
            let accepted = call(&console, &token, &format!("/api/v1/obligations/{own}/accept"), json!({})).await;
            assert_eq!(accepted.status, StatusCode::FORBIDDEN, "{}", accepted.text());
        }
        // The acts say so again for themselves.
        let office = post(OFFICE);
        let lent = duban::acts::Lent { credential: 1, maker: office };
        let said = story
            .act(HEAD, async |actor| duban::acts::Actor { lent: Some(&lent), ..actor }.accept(own).await)
            .await
            .unwrap_err();
        assert!(said.to_string().contains("nobody reviews what their own unit filed"), "{said}");
        assert_eq!(phase(&story, own).await, Phase::Waiting);
        // Nor does a token make another that outlives it or may do more.
        let settings = token(&story, OFFICE, "settings", OFFICE).await;
        let form = Request::builder()
            .method(Method::POST)
            .uri("/tokens")
            .header(header::AUTHORIZATION, format!("Bearer {settings}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let form = form.body(Body::from("post=%E8%B4%A8%E5%AE%89%E5%A4%84%2Fliaison&name=x&scope=file")).unwrap();
        assert_eq!(console.stranger().send(form).await.status, StatusCode::FORBIDDEN);
        story
    })
    .await;
}

#[tokio::test]
async fn nobody_accepts_what_came_from_their_own_office_by_whatever_door() {
    on_both_of("2022-09-20 00:00", &DUTIES, |mut story| async move {
        let (console, own, theirs) = waiting(&mut story).await;
        let mut office = console.signed_in(OFFICE).await;
        let mut head = console.signed_in(HEAD).await;
        // In the unit's name, by a token that the office made.
        let unit = make(&office, LIAISON, &["read", "file"]).await.unwrap();
        let filed =
            call(&console, &unit, "/api/v1/submissions", json!({ "obligations": [theirs], "note": "已办" })).await;
        assert_eq!(filed.status, StatusCode::CREATED, "{}", filed.text());
        assert_eq!(phase(&story, theirs).await, Phase::Waiting);
        let decides = make(&office, OFFICE, &["decide"]).await.unwrap();
        let accepted = call(&console, &decides, &format!("/api/v1/obligations/{theirs}/accept"), json!({})).await;
        assert!(accepted.text().contains("本单位的报送不能自审，须由 委安委办/head 审核"), "{}", accepted.text());
        let offered = format!("action=\"/o/{theirs}/accept\"");
        assert!(!office.get("/review").await.text().contains(&offered));
        let refused = office.post(&format!("/o/{theirs}/accept"), &[]).await;
        assert!(refused.text().contains("本单位的报送不能自审"), "{}", refused.text());
        let by_command = story.act(OFFICE, async |actor| actor.accept(theirs).await).await;
        assert!(by_command.unwrap_err().to_string().contains("委安委办/head reviews it"));
        // The log and the page name the token and whoever made it.
        let entries = story.engine.store.read().await.unwrap().log_of(theirs).await.unwrap();
        let entry = entries.iter().find(|entry| entry.action == Action::Submit).unwrap();
        let detail: Value = serde_json::from_str(&entry.detail).unwrap();
        assert_eq!((entry.by_post.as_str(), &detail["token_by"]), (LIAISON, &json!(OFFICE)));
        let number = detail["token"].as_i64().unwrap();
        let page = office.get(&format!("/o/{theirs}")).await.text();
        assert!(page.contains(&format!("质安处联络员（委安委办值班所生成的{number}号令牌）")), "{page}");
        // The head of the office's unit sees it and judges it.
        assert!(head.get("/review").await.text().contains(&offered));
        assert_eq!(head.get(&format!("/o/{theirs}")).await.status, StatusCode::OK);
        let accepted = head.post(&format!("/o/{theirs}/accept"), &[("back", "review")]).await;
        assert_eq!(accepted.location(), "/review?done=accept", "{}", accepted.text());
        // What the head filed is not the head's to judge.
        let new = |unit: &str, id| NewSubmission {
            receipt: None,
            unit: UnitName(unit.into()),
            obligations: vec![id],
            acted_on: None,
            items: Vec::new(),
            note: "已办".into(),
            files: Vec::new(),
        };
        story.act(HEAD, async |actor| actor.submit(&new("委安委办", own)).await).await.unwrap();
        for (by, words) in [(HEAD, "filed that and does not review it"), (OFFICE, "委安委办/head reviews it")] {
            let said = story.act(by, async |actor| actor.accept(own).await).await.unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
        story
    })
    .await;
}

#[tokio::test]
async fn what_the_office_files_or_rewrites_for_a_unit_is_its_own_too() {
    on_both_of("2022-09-20 00:00", &DUTIES, |mut story| async move {
        let (console, _, theirs) = waiting(&mut story).await;
        let mut office = console.signed_in(OFFICE).await;
        let judged = async |story: &Story| story.act(OFFICE, async |actor| actor.accept(theirs).await).await.is_ok();
        let (form, fields) =
            (format!("/o/{theirs}/file"), [("receipt", "R1"), ("acted_on", "2022-09-21"), ("note", "已办")]);
        assert_eq!(office.upload(&form, &fields, &[]).await.location(), "/filed/R1");
        assert!(!judged(&story).await, "the office accepts what it filed for a unit");
        story.act(LIAISON, async |actor| actor.withdraw("R1").await).await.unwrap();
        let receipt = story.file("12.1", "质安处", "2022-09-30", &[]).await.unwrap().number;
        let correction = Correction { note: Some("已办".into()), ..Correction::default() };
        story.act(OFFICE, async |actor| actor.correct(&receipt, &correction).await).await.unwrap();
        assert!(!judged(&story).await, "the office accepts what it wrote into a unit's filing");
        story.act(LIAISON, async |actor| actor.withdraw(&receipt).await).await.unwrap();
        // What the unit files and nobody else touches is the office's to judge.
        story.file("12.1", "质安处", "2022-09-30", &[]).await.unwrap();
        assert!(judged(&story).await);
        story
    })
    .await;
}
