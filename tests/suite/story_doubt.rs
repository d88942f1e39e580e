//! A story of a clock that leaps: while it is in doubt nothing is judged, and nobody loses what they typed.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::support::browser::Console;
use crate::support::{OFFICE, on_both_of, refused};
use duban::domain::light::Light;

#[tokio::test]
async fn while_the_clock_is_in_doubt_nothing_is_judged_and_nothing_typed_is_lost() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        let console = Console::of(&story);
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let mut office = console.signed_in(OFFICE).await;
        assert_eq!(liaison.get("/todo").await.status, StatusCode::OK);
        console.engine.watch.begin(story.now(), Duration::from_mins(10));
        // Six days ahead: past the deadline, past every session's end.
        story.sleep_until("2022-10-19 10:00");
        let form = format!("/o/{id}/file");
        let receipt = liaison.get(&form).await.field("receipt");
        let fields = [("receipt", receipt.as_str()), ("note", "已开展检查三次"), ("acted_on", "2022-10-13")];
        let late = liaison.upload(&form, &fields, &[]).await;
        let page = late.text();
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
        assert!(page.contains("服务器时钟刚发生跳变") && page.contains("已开展检查三次"), "{page}");
        // The interface says when to ask again.
        let request = Request::post(format!("/api/v1/obligations/{id}/accept")).header("sec-fetch-site", "same-origin");
        let call = office.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(call.status, StatusCode::SERVICE_UNAVAILABLE);
        let seconds: u64 = call.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=600).contains(&seconds) && call.text().contains("urn:duban:problem:clock_in_doubt"));
        // Nor is an event registered, by whatever door.
        let known = console.engine.known().await.unwrap();
        let by = crate::support::post(OFFICE);
        let actor =
            duban::acts::Actor { engine: &console.engine, known: &known, by: &by, lent: None, now: story.now() };
        let event = duban::acts::event::NewEvent {
            id: None,
            event_type: "极端天气预警".into(),
            place: String::new(),
            units: Vec::new(),
            at: story.now(),
        };
        assert!(refused(actor.open_event(&event).await).contains("服务器时钟"));
        // Put right, what was typed is taken, and in time.
        story.sleep_until("2022-10-13 10:05");
        let taken = liaison.upload(&form, &fields, &[]).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Green);
        story
    })
    .await;
}
