//! Stories of a copy: a database that was put back does not tell again what was told since it was taken.

use axum::http::StatusCode;
use duban::domain::letter::LetterState;
use duban::engine::COPIED_AT;
use duban::read::health::{Alarm, Health, Limits};

use crate::support::browser::{Console, options};
use crate::support::{OFFICE, Story, at, on_both_of, refused};

async fn held(story: &Story) -> i64 {
    Health::look(&story.engine).await.unwrap().held()
}

/// Marks the story's database as `duban backup` marks a copy.
async fn mark(story: &Story, taken_at: &str) {
    let mut tx = story.engine.store.write().await.unwrap();
    tx.set_meta(COPIED_AT, &at(taken_at).to_rfc3339()).await.unwrap();
    tx.commit().await.unwrap();
}

/// A copy of a morning whose letters were just going out, started a day later.
async fn restored(story: &mut Story) {
    story.run_until("2022-10-13 08:59").await;
    story.lose_mail();
    story.run_until("2022-10-13 09:01").await;
    story.find_mail();
    story.letters.clear();
    mark(story, "2022-10-13 09:01").await;
    story.sleep_until("2022-10-14 10:30");
    story.pass().await;
}

#[tokio::test]
async fn a_restored_copy_holds_what_was_told_and_tells_what_is_new() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        restored(&mut story).await;
        // The morning's letters and digest, and those of the day that has gone by.
        assert!(story.letters.is_empty());
        assert_eq!(held(&story).await, 14 + 14);
        let limits: Limits = options().limits;
        let alarms = Health::look(&story.engine).await.unwrap().alarms(limits);
        assert!(alarms.contains(&Alarm::Held(28)), "{alarms:?}");
        // What falls due from now on is told as ever, and the digest says what waits.
        story.run_until("2022-10-17 09:10").await;
        let liaison = story.address("质安处/liaison").await;
        let told = story.letters_to(&liaison, "2022-10-14 00:00");
        assert_eq!(told.iter().map(|letter| letter.at).collect::<Vec<_>>(), [at("2022-10-17 09:00")]);
        let office = story.address(OFFICE).await;
        let digest = story.letters_to(&office, "2022-10-17 09:00").pop().unwrap();
        assert!(digest.text.contains("邮件 28 封暂停发送"), "{}", digest.text);
        // Nobody but the office lets them go, and once.
        let unit = story.act("质安处/liaison", async |actor| actor.release_letters(true).await).await;
        assert!(refused(unit).contains("委安委办/office"));
        let letters = story.letters.len();
        let released = story.act(OFFICE, async |actor| actor.release_letters(true).await).await.unwrap();
        story.pass().await;
        assert_eq!((released, story.letters.len() - letters, held(&story).await), (28, 28, 0));
        let again = story.act(OFFICE, async |actor| actor.release_letters(true).await).await;
        assert_eq!(refused(again), "没有暂停的邮件");
        story
    })
    .await;
}

#[tokio::test]
async fn the_office_sees_what_is_held_and_lets_it_go_or_end() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        restored(&mut story).await;
        let console = Console::of(&story);
        let mut office = console.signed_in(OFFICE).await;
        let page = office.get("/letters").await.text();
        assert!(page.contains("恢复备份后暂停的邮件：28 封"), "{page}");
        assert!(office.get("/board").await.text().contains("28 封邮件暂停发送"));
        let list = office.get("/letters?which=held").await.text();
        assert_eq!(list.matches("恢复备份后暂停，待确认").count(), 28, "{list}");
        // One by itself, the others not at all.
        let number = list.split_once("href=\"/letters/").unwrap().1.split('"').next().unwrap().to_owned();
        let again = office.post(&format!("/letters/{number}/again"), &[]).await;
        assert_eq!(again.status, StatusCode::SEE_OTHER);
        let dropped = office.post("/letters/held", &[("what", "drop")]).await;
        assert_eq!(dropped.location(), "/letters?done=dropped");
        story.pass().await;
        assert_eq!((story.letters.len(), held(&story).await), (1, 0));
        let mut tx = story.engine.store.read().await.unwrap();
        let moot = tx.letters_page(0, 1000).await.unwrap();
        assert_eq!(moot.iter().filter(|letter| letter.state == LetterState::Moot).count(), 27);
        drop(tx);
        let refused = office.post("/letters/held", &[("what", "send")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains("没有暂停的邮件"), "{}", refused.text());
        story
    })
    .await;
}

#[tokio::test]
async fn a_database_that_is_no_copy_holds_nothing() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        // Three days off are an outage, and what they left is told.
        story.run_until("2022-10-12 10:00").await;
        story.letters.clear();
        story.sleep_until("2022-10-14 10:30");
        story.pass().await;
        assert_eq!((story.letters.len(), held(&story).await), (14, 0));
        story
    })
    .await;
}
