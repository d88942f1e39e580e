//! The script in a real Chromium: drafts, and what a gateway answers in our stead. A small server plays the gateway; and the
//! real console is asked for over plain http at a name that is not this machine's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::support::chromium::{Chromium, PHONE};
use crate::support::served::World;
use crate::support::{Kind, OFFICE, post, seeds_of};
use duban::acts::entry;

const SCRIPT: &str = include_str!("../../src/web/assets/console.js");

#[derive(Deserialize)]
struct Shown {
    /// Which boxes, in which order.
    boxes: String,
    /// How many fields for names.
    names: usize,
    who: String,
    day: String,
}

/// A form as pages of ours have one.
async fn form(Query(shown): Query<Shown>) -> Html<String> {
    let boxes = shown.boxes.split(',').map(|id| format!("<input type=checkbox name=also value={id}>"));
    let names = (0..shown.names).map(|_| "<input name=c0>".to_owned());
    let fields = boxes.chain(names).collect::<String>();
    let said = "";
    Html(page(&shown.who, &shown.day, &form_of(&fields, "R1", said)))
}

fn form_of(fields: &str, receipt: &str, said: &str) -> String {
    format!(
        "{said}<form method=post action=/file enctype=multipart/form-data data-draft=file-1>
        <input type=hidden name=receipt value={receipt}>{fields}<textarea name=note id=note></textarea>
        <input id=files name=files type=file multiple data-each=1000 data-most=2 data-all=1500>
        <p class=progress hidden><label>上传</label><progress max=100 value=0></progress></p><button>报送</button></form>"
    )
}

fn page(who: &str, day: &str, main: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=zh-CN data-duban><head><meta charset=utf-8><title>x</title><link rel=icon href='data:,'>
        <script src=/console.js defer></script></head><body data-day={day}><form class=leave method=post action=/leave>
        <span class=who>{who}</span><button>退出</button></form><main id=main tabindex=-1>{main}</main></body></html>"
    )
}

/// What comes back, one after the other.
async fn answer(State(asked): State<Arc<AtomicUsize>>) -> Response {
    let ours = |status: StatusCode, main: &str| (status, Html(page("甲", "1", main))).into_response();
    let nginx =
        |status: StatusCode| (status, Html(format!("<html><body><center><h1>{status}</h1></center>"))).into_response();
    match asked.fetch_add(1, Ordering::SeqCst) {
        0 => nginx(StatusCode::PAYLOAD_TOO_LARGE),
        1 => nginx(StatusCode::BAD_GATEWAY),
        2 => nginx(StatusCode::GATEWAY_TIMEOUT),
        3 => Html("<html><body><form><input type=password></form></body></html>").into_response(),
        4 => ours(StatusCode::UNAUTHORIZED, "<p role=alert>尚未登录</p>"),
        5 => ours(StatusCode::SERVICE_UNAVAILABLE, "<p role=alert>系统暂时无法处理</p>"),
        6 => {
            let said = "<div class=refused role=alert>未予受理：办理日期未填</div>";
            let main = form_of("", "R1", said)
                .replace("id=note>", "id=note>写到一半")
                .replace("<button>", "<p data-again>须重选</p><button>");
            ours(StatusCode::UNPROCESSABLE_ENTITY, &main)
        }
        _ => (StatusCode::SEE_OTHER, [(header::LOCATION, "/filed")]).into_response(),
    }
}

/// The server, and where it is.
async fn gateway() -> String {
    let script = ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT);
    let router = Router::new()
        .route("/form", get(form))
        .route("/console.js", get(async move || script))
        .route("/file", axum::routing::post(answer))
        .route("/favicon.ico", get(async || StatusCode::NO_CONTENT))
        .route("/leave", axum::routing::post(async || Html("<p id=left>已退出</p>")))
        .route("/filed", get(async || Html(page("甲", "1", "<p>回执号：<b class=receipt>R1</b></p>"))))
        .with_state(Arc::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

async fn value(chromium: &Chromium, css: &str) -> String {
    chromium.find(css).await.prop("value").await.unwrap().unwrap_or_default()
}

async fn ticked(chromium: &Chromium) -> Vec<String> {
    let script = "return Array.from(document.querySelectorAll('[name=also]:checked')).map(box => box.value);";
    serde_json::from_value(chromium.run(script, Vec::new()).await).unwrap()
}

async fn drafts(chromium: &Chromium) -> i64 {
    chromium.run("return localStorage.length;", Vec::new()).await.as_i64().unwrap()
}

#[tokio::test]
async fn a_draft_is_kept_by_name_said_back_of_one_day_one_persons_and_gone_with_signing_out() {
    let origin = gateway().await;
    let chromium = Chromium::start().await;
    chromium.screen(PHONE).await;
    let open = async |boxes: &str, names: usize, who: &str, day: &str| {
        chromium.goto(&format!("{origin}/form?boxes={boxes}&names={names}&who={who}&day={day}")).await;
        chromium.find("#note").await;
    };
    let write = async || {
        open("301,351", 2, "甲", "1").await;
        assert_eq!((drafts(&chromium).await, value(&chromium, "#note").await), (0, String::new()));
        chromium.find("[value='301']").await.click().await.unwrap();
        chromium.find("#note").await.send_keys("写到一半").await.unwrap();
        let fields = "document.querySelectorAll('[name=c0]').forEach((field, n) => { field.value = 'AB'[n]; });
            document.querySelector('#note').dispatchEvent(new Event('input', { bubbles: true }));";
        chromium.run(fields, Vec::new()).await;
        assert_eq!(drafts(&chromium).await, 1);
    };
    // What is offered has changed meanwhile, and how many fields there are.
    write().await;
    open("291,351,301", 1, "甲", "1").await;
    assert_eq!(ticked(&chromium).await, ["301"]);
    assert_eq!(
        (value(&chromium, "#note").await, value(&chromium, "[name=c0]").await),
        ("写到一半".into(), "A、B".into())
    );
    let said = chromium.find("main .done").await.text().await.unwrap();
    assert!(said.contains("已恢复今天") && said.contains("的草稿") && said.contains("放弃"), "{said}");
    chromium.press("放弃").await;
    assert_eq!((value(&chromium, "#note").await, ticked(&chromium).await), (String::new(), Vec::new()));
    assert_eq!(drafts(&chromium).await, 0);
    // Another day, another person: nothing, and nothing is left.
    for (who, day) in [("甲", "2"), ("乙", "1")] {
        write().await;
        open("301,351", 2, who, day).await;
        assert_eq!((value(&chromium, "#note").await, ticked(&chromium).await), (String::new(), Vec::new()));
        assert_eq!(drafts(&chromium).await, 0, "{who} {day}");
    }
    // Signed out.
    write().await;
    chromium.press("退出").await;
    chromium.find("#left").await;
    assert_eq!(drafts(&chromium).await, 0);
    open("301,351", 2, "甲", "1").await;
    assert_eq!((value(&chromium, "#note").await, ticked(&chromium).await), (String::new(), Vec::new()));
    assert_eq!(chromium.complaints().await, Vec::<String>::new());
    chromium.close().await;
}

#[tokio::test]
async fn what_a_gateway_answers_is_said_in_words_and_nothing_typed_is_lost() {
    let origin = gateway().await;
    let folder = tempfile::tempdir().unwrap();
    let files = ["大.txt", "小.txt"].map(|name| folder.path().join(name));
    std::fs::write(&files[0], vec![b'a'; 1001]).unwrap();
    std::fs::write(&files[1], b"a").unwrap();
    let chromium = Chromium::start().await;
    chromium.screen(PHONE).await;
    chromium.goto(&format!("{origin}/form?boxes=301&names=1&who=甲&day=1")).await;
    chromium.find("#note").await.send_keys("写到一半").await.unwrap();
    // Too large: told before anything is sent.
    chromium.find("#files").await.send_keys(files[0].to_str().unwrap()).await.unwrap();
    let told = chromium.run("return document.querySelector('#files').validationMessage;", Vec::new()).await;
    assert!(told.as_str().unwrap().contains("“大.txt”"), "{told}");
    chromium.run("document.querySelector('#files').value = '';", Vec::new()).await;
    chromium.find("#files").await.send_keys(files[1].to_str().unwrap()).await.unwrap();
    for words in ["413", "502", "504", "要求重新登录", "登录已过期", "系统暂时无法处理", "办理日期未填"]
    {
        chromium.press("报送").await;
        chromium.find_holding("refused", words).await;
        let chosen = chromium.run("return document.querySelector('#files').files.length;", Vec::new()).await;
        assert_eq!((value(&chromium, "#note").await.as_str(), chosen.as_i64()), ("写到一半", Some(1)), "{words}");
        assert_eq!(chromium.overflow().await, 0, "{words}");
    }
    let again = chromium.run("return document.querySelectorAll('[data-again]').length;", Vec::new()).await;
    assert_eq!(again, 0, "the files are still chosen");
    chromium.press("报送").await;
    chromium.find(".receipt").await;
    assert_eq!((chromium.path().await.as_str(), drafts(&chromium).await), ("/filed", 0));
    chromium.close().await;
}

#[tokio::test]
async fn one_signs_in_over_plain_http_at_a_name_that_is_not_this_machines() {
    let world = World::begin(Kind::Sqlite, "2022-09-19 00:00", &seeds_of(&["12.1"])).await.unwrap();
    let engine = &world.console.engine;
    let secret = entry::setup_secret(engine, &post(OFFICE), "test").await.unwrap();
    entry::set_password(engine, &secret, "correct horse battery").await.unwrap();
    let chromium = Chromium::start().await;
    chromium.goto(&format!("{}/review", world.origin.replace("127.0.0.1", "duban.lab"))).await;
    chromium.find("#password").await.send_keys("correct horse battery").await.unwrap();
    chromium.press("登录").await;
    chromium.find(".who").await;
    assert_eq!(chromium.path().await, "/review");
    chromium.press("退出").await;
    chromium.find("#password").await;
    chromium.close().await;
    world.end().await;
}
