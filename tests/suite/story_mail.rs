//! Stories of a mail server that refuses: whose fault it is, what waits, what ends, and what everybody is told meanwhile.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use duban::domain::letter::LetterState;
use duban::mail::{Reason, Stage};
use duban::read::health::{Health, Limits};

use crate::support::{OFFICE, Story, at, on_both_of};

const LIMITS: Limits =
    Limits { pass: TimeDelta::days(9), unsent: TimeDelta::days(9), mail_down: TimeDelta::minutes(30) };
const TAKEN: &str = "250 2.0.0 Ok";
/// One reminder for each of its units.
const WEEKLY: &str = "9.1b";
/// What they and the office get on the morning of their first reminder.
const LETTERS: usize = 14;

/// What is red, as the machine's keeper and as the office read it.
async fn alarms(story: &Story) -> (Vec<String>, Vec<String>) {
    let health = Health::look(&story.engine).await.unwrap();
    let labels = health.alarms(LIMITS).iter().map(duban::read::health::Alarm::label).collect();
    (health.wrong(LIMITS), labels)
}

async fn states(story: &Story) -> Vec<LetterState> {
    let mut tx = story.engine.store.read().await.unwrap();
    tx.letters_page(0, 1000).await.unwrap().into_iter().map(|letter| letter.state).collect()
}

fn count(states: &[LetterState], state: LetterState) -> usize {
    states.iter().filter(|one| **one == state).count()
}

/// Each letter came once, whatever was said of it before.
fn assert_each_once(story: &Story) {
    let ids: BTreeSet<&str> = story.letters.iter().map(|letter| letter.message_id.as_str()).collect();
    assert_eq!(ids.len(), story.letters.len());
}

#[tokio::test]
async fn a_quota_used_up_at_the_seventh_letter_holds_all_mail_until_the_next_day() {
    on_both_of("2022-10-10 00:00", &[WEEKLY], |mut story| async move {
        story.run_until("2022-10-13 08:59").await;
        let before = story.letters.len();
        story.mail_says(6, Stage::AfterDot, TAKEN);
        story.mail_says(2000, Stage::AfterDot, "550 5.4.5 Daily user sending quota exceeded");
        story.run_until("2022-10-13 09:10").await;
        assert_eq!(story.letters.len() - before, 6);
        let now = states(&story).await;
        assert_eq!(count(&now, LetterState::Queued), LETTERS - 6, "{now:?}");
        // It is red at once: waiting alone does not mend it.
        let (english, chinese) = alarms(&story).await;
        assert!(english[0].contains("used up") && english[0].contains("larger quota"), "{english:?}");
        assert!(chinese[0].contains("当日发信额度用尽") && chinese[0].contains("额度恢复后自动补发"), "{chinese:?}");
        story.run_until("2022-10-14 08:30").await;
        assert_eq!(story.letters.len() - before, 6);
        story.find_mail();
        story.run_until("2022-10-14 08:59").await;
        let now = states(&story).await;
        assert_eq!((story.letters.len() - before, count(&now, LetterState::Sent)), (LETTERS, now.len()));
        assert_each_once(&story);
        assert_eq!(alarms(&story).await, (vec![], vec![]));
        story
    })
    .await;
}

#[tokio::test]
async fn what_is_said_of_us_ends_no_letter_in_whatever_phase() {
    let said = [
        (Stage::Rcpt, "553 5.7.1 <duban@example.com>: Sender address rejected: not owned by user", Reason::Sender),
        (Stage::AfterDot, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", Reason::Sender),
        (Stage::Rcpt, "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", Reason::Helo),
        (Stage::Rcpt, "554 5.7.1 <zhang@example.com>: Relay access denied", Reason::Relay),
        (Stage::Data, "550 5.7.1 not today", Reason::Policy),
    ];
    on_both_of("2022-10-10 00:00", &[WEEKLY], move |mut story| async move {
        story.run_until("2022-10-13 08:59").await;
        let before = story.letters.len();
        for (hour, (phase, reply, reason)) in (9..).zip(said) {
            story.find_mail();
            story.mail_says(2000, phase, reply);
            story.run_until(&format!("2022-10-13 {hour:02}:30")).await;
            let down = Health::look(&story.engine).await.unwrap().mail_down.unwrap();
            assert_eq!((down.reason, down.refused, down.since), (reason, true, at("2022-10-13 09:00")), "{reply}");
            let now = states(&story).await;
            assert_eq!(count(&now, LetterState::Queued), LETTERS, "{reply}: {now:?}");
        }
        story.find_mail();
        story.run_until("2022-10-13 15:00").await;
        assert_eq!(story.letters.len() - before, LETTERS);
        assert_each_once(&story);
        assert_eq!(alarms(&story).await, (vec![], vec![]));
        story
    })
    .await;
}

#[tokio::test]
async fn what_is_said_of_the_recipient_ends_its_letter_alone() {
    on_both_of("2022-10-10 00:00", &[WEEKLY], |mut story| async move {
        story.run_until("2022-10-13 08:59").await;
        let before = story.letters.len();
        story.mail_says(1, Stage::Rcpt, "550 5.1.1 User unknown");
        story.mail_says(1, Stage::Rcpt, "552 5.2.2 mailbox full");
        story.mail_says(1, Stage::Rcpt, "450 4.2.0 Greylisted");
        story.run_until("2022-10-13 09:00").await;
        let now = states(&story).await;
        let ended = (count(&now, LetterState::Refused), count(&now, LetterState::Deferred));
        assert_eq!((story.letters.len() - before, ended), (LETTERS - 3, (2, 1)));
        assert_eq!(alarms(&story).await, (vec![], vec![]));
        story.run_until("2022-10-14 09:00").await;
        assert_eq!(count(&states(&story).await, LetterState::Deferred), 0);
        let office = story.address(OFFICE).await;
        let digest = story.letters_to(&office, "2022-10-14 09:00").pop().unwrap();
        assert!(digest.text.contains("收件邮箱不存在") && digest.text.contains("收件邮箱已满"), "{}", digest.text);
        story
    })
    .await;
}

#[tokio::test]
async fn several_refused_in_a_row_and_none_taken_are_kept_and_one_among_others_is_not() {
    on_both_of("2022-10-10 00:00", &[WEEKLY], |mut story| async move {
        story.run_until("2022-10-13 08:59").await;
        let before = story.letters.len();
        // Two among others: about themselves.
        for _ in 0..2 {
            story.mail_says(1, Stage::AfterDot, "554 5.0.0 Transaction failed");
            story.mail_says(1, Stage::AfterDot, TAKEN);
        }
        // Then nothing is taken any more.
        story.mail_says(2000, Stage::AfterDot, "554 5.0.0 Transaction failed");
        story.run_until("2022-10-13 15:00").await;
        let now = states(&story).await;
        let stand = (count(&now, LetterState::Refused), count(&now, LetterState::Queued));
        assert_eq!((story.letters.len() - before, stand), (2, (2, LETTERS - 4)), "{now:?}");
        let (english, chinese) = alarms(&story).await;
        assert!(english[0].contains("several letters in a row were refused"), "{english:?}");
        assert!(chinese[0].contains("接连拒收") && chinese[0].contains("Transaction failed"), "{chinese:?}");
        story.find_mail();
        story.run_until("2022-10-13 18:00").await;
        assert_eq!(story.letters.len() - before, LETTERS - 2);
        assert_each_once(&story);
        assert_eq!(alarms(&story).await, (vec![], vec![]));
        story
    })
    .await;
}

#[tokio::test]
async fn one_letter_that_is_always_blamed_on_us_does_not_hold_up_the_others() {
    on_both_of("2022-10-10 00:00", &[WEEKLY], |mut story| async move {
        story.run_until("2022-10-13 08:59").await;
        // The first letter is refused, whenever it comes; the others are taken.
        for _ in 0..3 {
            story.mail_says(1, Stage::Rcpt, "554 5.7.1 <zhang@example.com>: Relay access denied");
            story.mail_says(LETTERS - 1, Stage::AfterDot, TAKEN);
        }
        story.run_until("2022-10-13 12:00").await;
        let now = states(&story).await;
        assert_eq!(count(&now, LetterState::Sent) + count(&now, LetterState::Queued), now.len(), "{now:?}");
        assert!(count(&now, LetterState::Sent) >= LETTERS - 1, "{now:?}");
        assert_eq!(alarms(&story).await, (vec![], vec![]));
        story
    })
    .await;
}
