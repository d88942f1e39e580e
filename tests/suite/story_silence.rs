//! Stories of silence: the daemon stopped, the mail server down, the days of trial.

use crate::support::{OFFICE, Story, at, day, on_both_of, on_both_with, refused, rows, seeds_of, settings};
use duban::catalogue::Seeds;
use duban::domain::light::Light;
use duban::domain::obligation::Facts;
use duban::engine::{Job, Settings};
use duban::store::row::Stored;

#[tokio::test]
async fn three_days_stopped_over_a_step_give_one_merged_letter_each() {
    on_both_of("2022-10-10 00:00", &["9.1b", "9.1c", "48.1a"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        // Stopped over the reminder of the 14th, the miss that evening and the 催办 of Monday.
        story.sleep_until("2022-10-17 10:30");
        story.pass().await;
        let told = rows(&[
            ("10-13 09:00", "remind", "质安处/liaison"),
            ("10-17 10:30", "chase", "质安处/deputy"),
            ("10-17 10:30", "chase", "质安处/liaison"),
        ]);
        assert_eq!(story.told_of("9.1b", "质安处", "2022-W41").await, told);
        let missed = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert_eq!(missed.round.missed_at, Some(at("2022-10-14 18:00")));
        assert_eq!((missed.round.chased_at, missed.round.unreminded), (Some(at("2022-10-17 09:00")), false));
        for post in ["质安处/liaison", "质安处/deputy", "办公室/liaison", "办公室/deputy", "委安委办/liaison", OFFICE]
        {
            let address = story.address(post).await;
            assert_eq!(story.letters_to(&address, "2022-10-13 10:01").len(), 1, "{post}");
        }
        let head = story.address("质安处/head").await;
        assert_eq!(story.letters_to(&head, "2022-10-10 00:00").len(), 0);
        // A second pass at the same minute says nothing, and the next steps come in their time.
        let letters = story.letters.len();
        story.pass().await;
        assert_eq!(story.letters.len(), letters);
        story.run_until("2022-10-19 10:00").await;
        let later = rows(&[
            ("10-18 09:00", "chase", "质安处/liaison"),
            ("10-19 09:00", "chase", "质安处/liaison"),
            ("10-19 09:00", "supervise", "质安处/deputy"),
            ("10-19 09:00", "supervise", "质安处/head"),
            ("10-19 09:00", "supervise", "质安处/liaison"),
        ]);
        assert_eq!(story.told_of("9.1b", "质安处", "2022-W41").await[3..], later);
        story
    })
    .await;
}

#[tokio::test]
async fn a_row_that_gave_trouble_is_shown_until_it_works_again() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-11 08:00").await;
        let troubles = async |story: &Story| {
            let troubles = story.engine.store.read().await.unwrap().troubles().await.unwrap();
            troubles.into_iter().map(|trouble| (trouble.subject, trouble.failures)).collect::<Vec<_>>()
        };
        let mut broken = story.stored("9.1b", "质安处", "2022-W41").await;
        let (id, catalogue) = (broken.obligation.id, broken.catalogue);
        broken.catalogue = 99;
        broken.obligation.put_off(at("2022-10-11 08:00"));
        let write = async |story: &Story, mut row: Stored| {
            let mut tx = story.engine.store.write().await.unwrap();
            assert_eq!(tx.update_obligations(std::slice::from_mut(&mut row)).await.unwrap(), [id]);
            tx.commit().await.unwrap();
        };
        write(&story, broken).await;
        story.run_until("2022-10-11 09:30").await;
        assert_eq!(troubles(&story).await, [(format!("obligation {id}"), 2)]);
        // Mended: the next try ends it.
        let mut mended = story.stored("9.1b", "质安处", "2022-W41").await;
        mended.catalogue = catalogue;
        write(&story, mended).await;
        story.run_until("2022-10-11 11:00").await;
        assert_eq!(troubles(&story).await, []);
        // Broken again and waived meanwhile: no step will come, so housekeeping ends it.
        let mut tx = story.engine.store.write().await.unwrap();
        tx.add_trouble(&format!("obligation {id}"), at("2022-10-11 11:00"), "x").await.unwrap();
        tx.commit().await.unwrap();
        duban::jobs::run(&story.engine, Job::Housekeeping).await.unwrap();
        assert_eq!(troubles(&story).await.len(), 1, "it still has a step to come");
        let mut waived = story.stored("9.1b", "质安处", "2022-W41").await;
        waived.obligation = Facts { next_at: None, ..(*waived.obligation).clone() }.into();
        write(&story, waived).await;
        duban::jobs::run(&story.engine, Job::Housekeeping).await.unwrap();
        assert_eq!(troubles(&story).await, []);
        story
    })
    .await;
}

#[tokio::test]
async fn mail_down_before_due_marks_the_miss_and_the_office_judges_it() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-13 08:00").await;
        story.lose_mail();
        story.run_until("2022-10-15 08:00").await;
        assert!(story.letters.iter().all(|letter| letter.at < at("2022-10-13 08:00")));
        story.find_mail();
        story.run_until("2022-10-17 10:00").await;
        let missed = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert!(missed.round.unreminded && !missed.round.confirmed);
        assert_eq!((Light::of(&missed), missed.round.streak), (Light::Red, None));
        let told = story.told_of("9.1b", "质安处", "2022-W41").await;
        let chase = rows(&[("10-17 09:00", "chase", "质安处/deputy"), ("10-17 09:00", "chase", "质安处/liaison")]);
        assert_eq!(told[told.len() - 2..], chase);
        let office = story.address(OFFICE).await;
        let digest = story.letters_to(&office, "2022-10-17 09:00").pop().unwrap();
        assert!(digest.text.contains("未提醒"), "{}", digest.text);
        let unit = story.act("质安处/head", async |actor| actor.judge_misses(&[missed.id], true, "").await).await;
        assert_eq!(refused(unit), "质安处/head 无权审核，须由 委安委办/office 办理");
        story.act(OFFICE, async |actor| actor.judge_misses(&[missed.id], true, "").await).await.unwrap();
        let twice = story.act(OFFICE, async |actor| actor.judge_misses(&[missed.id], true, "").await).await;
        assert_eq!(refused(twice), "该事项没有待认定的“未提醒”逾期");
        // Confirmed it counts in the row, unconfirmed it does not.
        story.run_until("2022-10-24 10:00").await;
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W42").await.round.streak, Some(2));
        assert_eq!(story.obligation("9.1b", "物业处", "2022-W42").await.round.streak, Some(1));
        story
    })
    .await;
}

fn trial() -> (Settings, Seeds) {
    (Settings { trial_until: Some(day("2022-10-20")), ..settings() }, seeds_of(&["9.1b"]))
}

#[tokio::test]
async fn on_trial_all_goes_to_the_office_with_the_true_recipient_named() {
    let (settings, seeds) = trial();
    on_both_with("2022-10-10 00:00", settings, &seeds, |mut story| async move {
        story.run_until("2022-10-14 10:00").await;
        let office = story.address(OFFICE).await;
        assert!(story.letters.iter().all(|letter| letter.to == office));
        let morning: Vec<_> = story.letters_to(&office, "2022-10-13 09:00");
        let of_day: Vec<_> = morning.iter().filter(|letter| letter.at == at("2022-10-13 09:00")).collect();
        // One for each liaison, and the digest.
        assert_eq!(of_day.len(), 14);
        let named = of_day.iter().filter(|letter| letter.text.contains("质安处联络员")).count();
        assert_eq!(named, 1);
        assert!(of_day.iter().all(|letter| letter.text.contains("试运行")));
        // From the day it goes live on, letters go where they belong.
        story.run_until("2022-10-20 10:00").await;
        let liaison = story.address("质安处/liaison").await;
        let live = story.letters_to(&liaison, "2022-10-10 00:00");
        assert_eq!(live.len(), 1);
        assert!(live[0].at == at("2022-10-20 09:00") && !live[0].text.contains("试运行"));
        story
    })
    .await;
}

#[tokio::test]
async fn one_pass_has_one_instant_and_what_it_left_is_news_to_the_next_digest() {
    on_both_of("2022-10-10 00:00", &["5.2"], |mut story| async move {
        // A clock that is set ahead while a pass is at work moves none of its jobs.
        story.run_until("2022-10-12 08:00").await;
        story.sleep_until("2022-10-12 08:20");
        let clock = story.engine.clock.clone();
        let (done, ()) = tokio::join!(duban::jobs::pass(&story.engine), async {
            tokio::task::yield_now().await;
            clock.set(at("2022-10-12 09:00"));
        });
        done.unwrap();
        for job in [Job::Materialise, Job::Step, Job::Digest] {
            let run = story.engine.store.read().await.unwrap().last_run(job.code()).await.unwrap().unwrap();
            assert_eq!(run.started_at, at("2022-10-12 08:20"), "{job}");
        }
        let misses = async |story: &Story| {
            let mut tx = story.engine.store.read().await.unwrap();
            tx.missed_between(at("2022-10-12 08:20"), at("2022-10-12 08:30")).await.unwrap().len()
        };
        // The digest of a pass whose steps ended before half past eight cannot have that morning's misses …
        duban::jobs::run(&story.engine, Job::Digest).await.unwrap();
        assert_eq!(misses(&story).await, 0);
        story.run_until("2022-10-13 10:00").await;
        assert!(misses(&story).await > 0);
        // … so the next day's has them, as new.
        let office = story.address(OFFICE).await;
        let digests: Vec<_> = story.letters_to(&office, "2022-10-12 00:00");
        let digest = digests.iter().rfind(|letter| letter.at == at("2022-10-13 09:00")).unwrap();
        let new = digest.text.split("二、").next().unwrap();
        assert!(new.contains("10月11日"), "{}", digest.text);
        story
    })
    .await;
}
