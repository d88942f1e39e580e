//! Stories of a liaison: from a letter's link to a receipt.

use axum::http::StatusCode;

use crate::support::browser::Console;
use crate::support::entry::{letter, with_links};
use crate::support::{on_both, on_both_of, on_both_with, seeds_of};
use duban::domain::light::Light;

#[tokio::test]
async fn from_the_letter_to_the_receipt_in_three_pages() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        let link = letter(&mut story).await;
        let console = Console::of(&story);
        let mut liaison = console.stranger();
        // A scanner that opens the link changes nothing and gets no cookie.
        let shown = liaison.get(&link).await;
        assert_eq!((shown.status, shown.headers.contains_key("set-cookie")), (StatusCode::OK, false));
        assert!(!shown.text().contains(link.trim_start_matches("/l/")), "the token stands in the page");
        let entered = liaison.post(&link, &[("post", "质安处/liaison")]).await;
        assert_eq!((entered.status, entered.location()), (StatusCode::SEE_OTHER, "/todo"));
        let todo = liaison.get("/todo").await.text();
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        assert!(todo.contains(&format!("/o/{id}/file")), "{todo}");
        let form = liaison.get(&format!("/o/{id}/file")).await;
        let receipt = form.field("receipt");
        let fields = [("receipt", receipt.as_str()), ("acted_on", "2022-10-13"), ("note", "已调度")];
        let filed = liaison.upload(&format!("/o/{id}/file"), &fields, &[("files", "照片.txt", b"evidence")]).await;
        assert_eq!((filed.status, filed.location()), (StatusCode::SEE_OTHER, format!("/filed/{receipt}").as_str()));
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Green);
        // Sent twice, filed once.
        let again = liaison.upload(&format!("/o/{id}/file"), &fields, &[("files", "照片.txt", b"evidence")]).await;
        assert_eq!(again.location(), filed.location());
        let mut tx = story.engine.store.read().await.unwrap();
        assert_eq!(tx.submissions_for(&[id]).await.unwrap().len(), 1);
        drop(tx);
        let file = liaison.get(&format!("/filed/{receipt}/files/0")).await;
        assert_eq!(
            (file.bytes.as_slice(), file.headers["content-type"].to_str().unwrap()),
            (&b"evidence"[..], "application/octet-stream")
        );
        story
    })
    .await;
}

#[tokio::test]
async fn another_units_things_look_as_if_they_were_not_there() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-13 10:00").await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let receipt = story.file("9.1b", "质安处", "2022-W41", &[]).await.unwrap().number;
        let mut other = console.signed_in("办公室/liaison").await;
        for (there, nowhere) in [
            (format!("/o/{id}"), "/o/999999".to_owned()),
            (format!("/o/{id}/file"), "/o/999999/file".to_owned()),
            (format!("/filed/{receipt}"), "/filed/Rnothing".to_owned()),
            (format!("/filed/{receipt}/files/0"), "/filed/Rnothing/files/0".to_owned()),
        ] {
            let (there, nowhere) = (other.get(&there).await, other.get(&nowhere).await);
            assert_eq!(there.status, StatusCode::NOT_FOUND);
            assert_eq!((there.status, there.text()), (nowhere.status, nowhere.text()));
        }
        let taken = other.post(&format!("/filed/{receipt}/withdraw"), &[]).await;
        assert_eq!(taken.status, StatusCode::NOT_FOUND);
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Green);
        story
    })
    .await;
}

#[tokio::test]
async fn a_long_list_goes_on_behind_a_link() {
    on_both("2022-09-26 00:00", |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-08 10:00").await;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let overdue = |page: &str| -> Vec<String> {
            let rows = page.split("<li>").skip(1).filter(|row| row.contains("逾期未办"));
            rows.map(|row| row.split_once("href=\"/o/").unwrap().1.split_once('"').unwrap().0.to_owned()).collect()
        };
        let todo = liaison.get("/todo").await.text();
        let mut rows = overdue(&todo);
        assert_eq!(rows.len(), 15);
        let link =
            todo.split_once("/todo?list=overdue&amp;skip=15").or(todo.split_once("/todo?list=overdue&#38;skip=15"));
        let left = link.expect("a link to the rest").1.split_once("后面 ").unwrap().1.split_once(" 项").unwrap().0;
        let rest = liaison.get("/todo?list=overdue&skip=15").await.text();
        rows.extend(overdue(&rest));
        assert_eq!(rows.len(), 15 + left.parse::<usize>().unwrap());
        assert!(todo.contains(&format!("已逾期（{}项）", rows.len())) && !rest.contains("后面"));
        // None twice, none left out.
        rows.sort();
        rows.dedup();
        let mut tx = story.engine.store.read().await.unwrap();
        let query = duban::domain::query::Query {
            unit: Some(duban::domain::unit::UnitName("质安处".into())),
            phases: vec![duban::domain::phase::Phase::Missed],
            ..Default::default()
        };
        let missed = tx.ledger(&query, None, usize::MAX).await.unwrap().len();
        drop(tx);
        assert_eq!(rows.len(), missed);
        story
    })
    .await;
}
