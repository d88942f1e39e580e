//! Stories of the calendar and of time lost: a notice revised, a notice cut short, an outage of our own, a start before a slot.

use std::fmt::Write as _;

use chrono::TimeDelta;

use crate::support::{OFFICE, Story, at, day, on_both_of, on_both_with, refused, seeds_of, settings};
use duban::acts::calendar::{Confirmed, Imported};
use duban::acts::submit::NewSubmission;
use duban::acts::{self};
use duban::catalogue::holidays;
use duban::domain::light::Light;
use duban::domain::obligation::Obligation;
use duban::domain::phase::Phase;
use duban::domain::unit::UnitName;
use duban::read::explain::explain;

/// 2027 as its notice gives it: 春节 5 to 11 February, 30 January and 13 February worked.
const FIRST: &str = "date,name,kind,status\n2027-01-01,元旦,holiday,notice\n2027-01-30,春节,makeup_workday,notice\n\
    2027-02-05,春节,holiday,notice\n2027-02-06,春节,holiday,notice\n2027-02-07,春节,holiday,notice\n\
    2027-02-08,春节,holiday,notice\n2027-02-09,春节,holiday,notice\n2027-02-10,春节,holiday,notice\n\
    2027-02-11,春节,holiday,notice\n2027-02-13,春节,makeup_workday,notice\n2027-04-05,清明节,holiday,notice\n\
    2027-05-01,劳动节,holiday,notice\n2027-05-02,劳动节,holiday,notice\n2027-05-03,劳动节,holiday,notice\n\
    2027-05-04,劳动节,holiday,notice\n2027-05-05,劳动节,holiday,notice\n2027-05-08,劳动节,makeup_workday,notice\n\
    2027-06-09,端午节,holiday,notice\n2027-09-15,中秋节,holiday,notice\n2027-10-01,国庆节,holiday,notice\n\
    2027-10-02,国庆节,holiday,notice\n2027-10-03,国庆节,holiday,notice\n2027-10-04,国庆节,holiday,notice\n\
    2027-10-05,国庆节,holiday,notice\n2027-10-06,国庆节,holiday,notice\n2027-10-07,国庆节,holiday,notice\n";

/// The same, lengthened to 14 February.
fn extended() -> String {
    let longer = "2027-02-12,春节,holiday,notice\n2027-02-13,春节,holiday,notice\n2027-02-14,春节,holiday,notice\n";
    FIRST.replace("2027-02-13,春节,makeup_workday,notice\n", longer)
}

async fn import(story: &Story, notice: &str, confirmed: Confirmed<'_>) -> Result<Imported, acts::ActError> {
    let listed = holidays::parse("notice.csv", notice.as_bytes()).unwrap();
    story.act(OFFICE, async |actor| actor.import_calendar(&listed, confirmed).await).await
}

async fn explained(story: &Story, id: i64) -> String {
    let sections = explain(&story.engine, id).await.unwrap().unwrap();
    let mut text = String::new();
    for section in sections {
        writeln!(text, "{}\n{}", section.heading, section.lines.join("\n")).unwrap();
    }
    text
}

#[tokio::test]
async fn a_revised_notice_moves_what_is_open_and_tells_it() {
    on_both_of("2027-02-01 00:00", &["5.3", "9.1a", "9.1b", "9.1c"], |mut story| async move {
        let taken = import(&story, FIRST, Confirmed::No).await.unwrap();
        assert!(taken.differences.doubts.is_empty() && taken.moved.is_empty(), "{taken:?}");
        story.run_until("2027-02-08 10:00").await;
        let before = story.obligation("9.1b", "质安处", "2027-W06").await;
        assert_eq!(before.round.due_at, at("2027-02-13 18:00"));
        let month = story.obligation("9.1c", "质安处", "2027-02").await;
        let taken = import(&story, &extended(), Confirmed::No).await.unwrap();
        assert_eq!(taken.differences.doubts, [], "two more days off and a make-up day that is off are plain");
        let moved = |duty: &str| taken.moved.iter().filter(|row| row.obligation.duty.0 == duty).count();
        assert!(moved("9.1b") == 13 && moved("5.3") == taken.moved.len() - 13, "{}", taken.moved.len());
        story.pass().await;
        let after = story.obligation("9.1b", "质安处", "2027-W06").await;
        let due = at("2027-02-15 18:00");
        assert_eq!((after.round.due_at, after.first_due_at, after.due_on), (due, due, day("2027-02-15")));
        assert_eq!((after.phase, after.round.number), (Phase::Open, 0));
        assert_eq!(story.obligation("9.1c", "质安处", "2027-02").await.round.due_at, month.round.due_at);
        assert_eq!(story.obligation("9.1a", "质安处", "2027-02-13").await.phase, Phase::Withdrawn);
        // The node is longer: what is owed once for it is due with its new end.
        let mut tx = story.engine.store.read().await.unwrap();
        let node = tx.obligations_of_period("node:2027-02-05").await.unwrap();
        drop(tx);
        assert!(!node.is_empty() && node.iter().all(|row| row.obligation.round.due_at == at("2027-02-15 00:00")));
        let told = explained(&story, after.id).await;
        assert!(
            told.contains("顺延至：2027-02-15（星期一）") && !told.contains("2027-02-13（星期六）：工作日"),
            "{told}"
        );
        assert!(told.contains("放假通知变动，时限顺延（原时限 2027年2月13日"), "{told}");
        // A new notice on the same day changes nothing more.
        assert_eq!(import(&story, &extended(), Confirmed::No).await.unwrap().moved.len(), 0);
        // Nobody is reminded on days off; the first workday's letter tells the new deadline.
        let liaison = story.address("质安处/liaison").await;
        story.run_until("2027-02-15 10:00").await;
        let letters = story.letters_to(&liaison, "2027-02-08 10:00");
        assert_eq!(letters.iter().map(|letter| letter.at).collect::<Vec<_>>(), [at("2027-02-15 09:00")]);
        let text = &letters[0].text;
        assert!(text.contains("时限由2月13日（周六）18:00顺延至2月15日（周一）18:00"), "{text}");
        assert!(story.file("9.1b", "质安处", "2027-W06", &[]).await.is_ok());
        assert_eq!(story.light("9.1b", "质安处", "2027-W06").await, Light::Green);
        story
    })
    .await;
}

#[tokio::test]
async fn deadlines_never_come_forward_and_a_miss_is_undone_where_its_new_deadline_lies_ahead() {
    on_both_of("2027-02-01 00:00", &["9.1b"], |mut story| async move {
        import(&story, &extended(), Confirmed::No).await.unwrap();
        story.run_until("2027-02-15 10:00").await;
        // Shortened again: the week of the holidays would end on the 13th, which is past; the open one stays.
        let shorter = import(&story, FIRST, Confirmed::No).await;
        assert!(refused(shorter).contains("原放假的2027-02-13（周六，春节）将改为上班"));
        assert_eq!(import(&story, FIRST, Confirmed::Yes).await.unwrap().moved, []);
        let stays = story.obligation("9.1b", "质安处", "2027-W06").await;
        assert_eq!(stays.round.due_at, at("2027-02-15 18:00"));
        let told = explained(&story, stays.id).await;
        assert!(told.contains("已开放的事项只顺延、不提前，时限为 2027-02-15（星期一）"), "{told}");
        // Missed on the 19th; on the 22nd that Friday turns out to have been a day off, and Saturday and the Monday too.
        story.run_until("2027-02-22 10:00").await;
        assert_eq!(story.light("9.1b", "质安处", "2027-W07").await, Light::Red);
        let flood: String = ["19", "20", "21", "22"].map(|day| format!("2027-02-{day},春节,holiday,notice\n")).concat();
        let late = format!("{FIRST}{flood}");
        let moved = import(&story, &late, Confirmed::No).await.unwrap().moved;
        // By the rule that week's last workday was Thursday the 18th, which is earlier: the next workday it is.
        let week = story.obligation("9.1b", "质安处", "2027-W07").await;
        assert_eq!((week.round.due_at, week.phase, week.round.missed_at), (at("2027-02-23 18:00"), Phase::Open, None));
        assert!(moved.iter().all(|row| row.obligation.round.due_at == at("2027-02-23 18:00")));
        story.run_until("2027-02-24 10:00").await;
        let week = story.obligation("9.1b", "质安处", "2027-W07").await;
        assert_eq!(week.round.missed_at, Some(at("2027-02-23 18:00")));
        story
    })
    .await;
}

#[tokio::test]
async fn a_notice_cut_short_is_shown_and_refused_unless_somebody_confirms_it() {
    on_both_of("2027-02-01 00:00", &["9.1b"], |story| async move {
        import(&story, FIRST, Confirmed::No).await.unwrap();
        let three = FIRST.lines().take(4).map(|line| format!("{line}\n")).collect::<String>();
        let words = refused(import(&story, &three, Confirmed::No).await);
        for doubt in ["2027年将由26天减为3天", "2027年没有列出国庆放假", "原列的2027-02-06（周六）春节放假将不再列出"]
        {
            assert!(words.contains(doubt), "{doubt}\n{words}");
        }
        let known = story.engine.known().await.unwrap();
        assert!(!known.calendar.is_workday(day("2027-02-11")), "nothing was taken in");
        import(&story, &three, Confirmed::Yes).await.unwrap();
        let known = story.engine.known().await.unwrap();
        assert!(known.calendar.is_workday(day("2027-02-11")));
        story
    })
    .await;
}

/// Files for a day of its own.
async fn file_for(
    story: &Story,
    obligation: &Obligation,
    acted_on: &str,
) -> Result<acts::submit::Receipt, acts::ActError> {
    let item = duban::domain::quota::Item { counter: "执法检查".into(), value: "1".into() };
    let new = NewSubmission {
        receipt: None,
        unit: UnitName("质安处".into()),
        obligations: vec![obligation.id],
        acted_on: Some(day(acted_on)),
        items: vec![item],
        note: String::new(),
        files: Vec::new(),
    };
    story.act("质安处/liaison", async |actor| actor.submit(&new).await).await
}

#[tokio::test]
async fn a_weeks_outage_takes_nobodys_time_to_make_good() {
    on_both_of("2026-11-23 00:00", &["9.1a", "9.1b"], |mut story| async move {
        story.run_until("2026-11-24 17:00").await;
        // Off from the evening of the 24th on: three working days close meanwhile, none of which was ever chased.
        story.sleep_until("2026-12-01 10:30");
        story.pass().await;
        let liaison = story.address("质安处/liaison").await;
        let letters = story.letters_to(&liaison, "2026-12-01 10:00");
        assert_eq!(letters.len(), 1, "{letters:?}");
        assert!(letters[0].subject.contains("催办") || letters[0].subject.contains("督办"), "{}", letters[0].subject);
        let closed = ["2026-11-24", "2026-11-25", "2026-11-26"];
        for period in closed {
            let open = story.obligation("9.1a", "质安处", period).await;
            assert_eq!(open.phase, Phase::Missed, "{period}: {open:?}");
            assert!(letters[0].text.contains("9.1a"), "{}", letters[0].text);
        }
        // Made good in the afternoon, orange for ever; the others close at 18:00 of the day that told them, and not before.
        story.run_until("2026-12-01 17:59").await;
        for period in &closed[..2] {
            let open = story.obligation("9.1a", "质安处", period).await;
            file_for(&story, &open, period).await.unwrap();
            assert_eq!(story.light("9.1a", "质安处", period).await, Light::Orange);
        }
        let last = story.obligation("9.1a", "质安处", closed[2]).await;
        assert_eq!(last.phase, Phase::Missed);
        assert!(explained(&story, last.id).await.contains("2026-12-01 18:00 补办截止"), "{last:?}");
        story.run_until("2026-12-01 18:00").await;
        let last = story.obligation("9.1a", "质安处", closed[2]).await;
        assert_eq!((last.phase, last.closed_at), (Phase::Lapsed, Some(at("2026-12-01 18:00"))));
        assert!(file_for(&story, &last, closed[2]).await.is_err());
        // What was chased before the outage closed in its time.
        let before = story.obligation("9.1a", "质安处", "2026-11-23").await;
        assert_eq!((before.phase, before.closed_at), (Phase::Lapsed, Some(at("2026-11-25 00:00"))));
        story
    })
    .await;
}

#[tokio::test]
async fn making_good_waits_for_the_mail_server_and_not_for_a_mailbox_that_is_gone() {
    let mut seeds = seeds_of(&["9.1a"]);
    seeds.roster.units.retain(|unit| ["质安处", "委安委办"].contains(&unit.name.0.as_str()));
    seeds.posts.retain(|entry| seeds.roster.unit(&entry.post.unit).is_some());
    on_both_with("2026-11-23 00:00", settings(), &seeds, |mut story| async move {
        story.run_until("2026-11-24 08:00").await;
        // No mail from Tuesday to Thursday afternoon: Monday's miss is chased on Thursday.
        story.lose_mail();
        story.run_until("2026-11-26 14:00").await;
        let monday = story.obligation("9.1a", "质安处", "2026-11-23").await;
        assert_eq!((monday.phase, monday.round.chased_at), (Phase::Missed, Some(at("2026-11-24 09:00"))));
        story.find_mail();
        story.engine.clock.set(at("2026-11-26 15:00"));
        // Letters that waited for the path are tried again within their own time.
        story.run_until("2026-11-27 08:00").await;
        let monday = story.obligation("9.1a", "质安处", "2026-11-23").await;
        let told = story.told_of("9.1a", "质安处", "2026-11-23").await;
        let taken = told.iter().find(|(_, kind, _)| kind == "chase").unwrap();
        assert!(taken.0.starts_with("11-26"), "{told:?}");
        assert_eq!((monday.phase, monday.closed_at), (Phase::Lapsed, Some(at("2026-11-26 18:00"))));
        // Friday's, missed on Saturday morning, is chased on Monday; both mailboxes are gone: the ordinary limit holds.
        story.run_until("2026-11-30 08:59").await;
        for _ in 0..200 {
            story.refuse_next("550 5.1.1 no such user");
        }
        story.run_until("2026-12-01 08:00").await;
        let friday = story.obligation("9.1a", "质安处", "2026-11-27").await;
        assert_eq!((friday.phase, friday.closed_at), (Phase::Lapsed, Some(at("2026-12-01 00:00"))));
        story
    })
    .await;
}

#[tokio::test]
async fn a_start_just_before_a_slot_leaves_its_letters_to_the_slot() {
    on_both_of("2022-10-10 00:00", &["9.1b", "9.1c", "48.1a"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        story.engine.clock.set(at("2022-10-17 08:59") + TimeDelta::seconds(30));
        story.pass().await;
        let (liaison, office) = (story.address("质安处/liaison").await, story.address(OFFICE).await);
        assert_eq!(story.letters_to(&liaison, "2022-10-14 00:00").len(), 0);
        assert_eq!(
            story.obligation("9.1b", "质安处", "2022-W41").await.phase,
            Phase::Missed,
            "it is settled all the same"
        );
        story.run_until("2022-10-17 10:00").await;
        for address in [&liaison, &office, &story.address("办公室/liaison").await] {
            let letters = story.letters_to(address, "2022-10-14 00:00");
            let times: Vec<_> = letters.iter().map(|letter| letter.at).collect();
            assert_eq!(times, [at("2022-10-17 09:00")], "{letters:?}");
        }
        // In the afternoon it is 16:00, and more than an hour before a slot it is at once.
        for (starts, told) in [("2022-10-25 15:00", "2022-10-25 16:00"), ("2022-11-01 14:59", "2022-11-01 14:59")] {
            story.sleep_until(starts);
            story.pass().await;
            story.run_until(&format!("{} 16:30", &told[..10])).await;
            let letters = story.letters_to(&liaison, &format!("{} 10:00", &told[..10]));
            assert_eq!(letters.iter().map(|letter| letter.at).collect::<Vec<_>>(), [at(told)], "{starts}");
        }
        story
    })
    .await;
}
