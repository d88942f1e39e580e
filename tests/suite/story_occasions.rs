//! Stories of events and key dates: who gets which letter at which minute, and what a moved end does.

use crate::support::{OFFICE, Story, at, day, on_both_of, refused, rows};
use duban::acts::Actor;
use duban::acts::event::NewEvent;
use duban::domain::duty::Form;
use duban::domain::light::Light;
use duban::domain::phase::Phase;
use duban::domain::unit::UnitName;

fn warning(id: &str, local: &str) -> NewEvent {
    NewEvent {
        id: Some(id.into()),
        event_type: "极端天气预警".into(),
        at: at(local),
        place: "主城区".into(),
        units: Vec::new(),
    }
}

const MEMBERS: [&str; 13] = [
    "质安处",
    "物业处",
    "村镇处",
    "建管处",
    "设计绿建处",
    "消防审查处",
    "消防验收处",
    "市场处",
    "安管总站",
    "质量总站",
    "造价总站",
    "审批中心",
    "执法总队",
];

async fn open(story: &Story, new: &NewEvent) -> usize {
    story.act(OFFICE, async |actor| actor.open_event(new).await).await.unwrap().obligations.len()
}

#[tokio::test]
async fn a_weather_warning_is_answered_by_half_the_units() {
    on_both_of("2022-09-26 00:00", &["46.1", "46.2"], |mut story| async move {
        story.run_until("2022-09-27 10:00").await;
        assert_eq!(open(&story, &warning("暴雨1", "2022-09-27 10:00")).await, 26);
        story.run_until("2022-09-27 10:10").await;
        for unit in &MEMBERS[..7] {
            story.file("46.1", unit, "event:暴雨1", &[]).await.unwrap();
            // An acknowledgement closes without review.
            assert_eq!(story.obligation("46.1", unit, "event:暴雨1").await.phase, Phase::Done);
        }
        story.run_until("2022-09-27 12:30").await;
        for unit in &MEMBERS[..7] {
            story.file("46.2", unit, "event:暴雨1", &[]).await.unwrap();
        }
        story.run_until("2022-09-27 18:00").await;
        for unit in &MEMBERS[..7] {
            let (liaison, deputy) = (format!("{unit}/liaison"), format!("{unit}/deputy"));
            let opening = [("09-27 10:00", "event", deputy.as_str()), ("09-27 10:00", "event", liaison.as_str())];
            assert_eq!(story.told_of("46.1", unit, "event:暴雨1").await, rows(&opening), "{unit}");
            let mut told = opening.to_vec();
            told.extend([("09-27 12:00", "event", deputy.as_str()), ("09-27 12:00", "event", liaison.as_str())]);
            assert_eq!(story.told_of("46.2", unit, "event:暴雨1").await, rows(&told), "{unit}");
            assert_eq!(story.light("46.1", unit, "event:暴雨1").await, Light::Green);
        }
        for unit in &MEMBERS[7..] {
            let post = |role: &str| format!("{unit}/{role}");
            for (duty, half, due) in [("46.1", "10:15", "10:30"), ("46.2", "12:00", "14:00")] {
                let mut expected = Vec::new();
                for time in ["10:00", half, due] {
                    expected.push((format!("09-27 {time}"), "event".to_owned(), post("deputy")));
                    expected.push((format!("09-27 {time}"), "event".to_owned(), post("liaison")));
                }
                // The miss is told at once to the head and the office.
                expected.push((format!("09-27 {due}"), "event".to_owned(), post("head")));
                expected.push((format!("09-27 {due}"), "event".to_owned(), OFFICE.to_owned()));
                expected.sort();
                assert_eq!(story.told_of(duty, unit, "event:暴雨1").await, expected, "{duty} {unit}");
                let missed = story.obligation(duty, unit, "event:暴雨1").await;
                assert_eq!((Light::of(&missed), missed.round.missed_at), (Light::Red, Some(missed.round.due_at)));
            }
        }
        // One letter at the opening for both duties; the office has one for each miss minute.
        let liaison = story.address("质安处/liaison").await;
        let letters = story.letters_to(&liaison, "2022-09-27 10:00");
        assert_eq!(letters.len(), 2);
        assert!(
            letters[0].subject.starts_with("【事件】")
                && letters[0].text.contains("46.1")
                && letters[0].text.contains("46.2")
        );
        assert!(!letters[1].text.contains("（46.1）"), "{}", letters[1].text);
        let office = story.address(OFFICE).await;
        let minutes: Vec<_> = story.letters_to(&office, "2022-09-27 10:00").iter().map(|letter| letter.at).collect();
        assert_eq!(minutes, [at("2022-09-27 10:30"), at("2022-09-27 14:00")]);
        // Misses stand on the next digest, and are made good however late.
        story.run_until("2022-09-28 09:00").await;
        let digest = story.letters_to(&office, "2022-09-28 09:00")[0];
        assert!(digest.subject.starts_with("【督办清单】") && digest.text.contains("执法总队"));
        story.file("46.1", "执法总队", "event:暴雨1", &[]).await.unwrap();
        assert_eq!(story.light("46.1", "执法总队", "event:暴雨1").await, Light::Orange);
        story
    })
    .await;
}

#[tokio::test]
async fn an_event_closed_as_a_false_alarm_waives_what_it_opened() {
    on_both_of("2022-09-26 00:00", &["46.1", "46.2"], |mut story| async move {
        story.run_until("2022-09-27 10:00").await;
        open(&story, &warning("暴雨1", "2022-09-27 10:00")).await;
        open(&story, &warning("暴雨2", "2022-09-27 10:00")).await;
        let again =
            story.act(OFFICE, async |actor| actor.open_event(&warning("暴雨1", "2022-09-27 10:00")).await).await;
        assert_eq!(refused(again), "事件编号 暴雨1 已被使用");
        let ahead =
            story.act(OFFICE, async |actor| actor.open_event(&warning("暴雨3", "2022-09-27 10:01")).await).await;
        assert_eq!(refused(ahead), "事件时间尚未到来");
        let unit =
            story.act("质安处/head", async |actor| actor.open_event(&warning("暴雨3", "2022-09-27 09:00")).await).await;
        assert_eq!(refused(unit), "质安处/head 无权办理，须由 委安委办/office 办理");
        story.run_until("2022-09-27 10:05").await;
        story.file("46.1", "质安处", "event:暴雨1", &[]).await.unwrap();
        let told = story.told().await.len();
        let close = async |actor: Actor<'_>| actor.close_event("暴雨1", true, "误报").await;
        assert_eq!(story.act(OFFICE, close).await.unwrap().len(), 25);
        assert_eq!(refused(story.act(OFFICE, close).await), "事件 暴雨1 已结束");
        // A plain end leaves open what is open.
        let ended = story.act(OFFICE, async |actor| actor.close_event("暴雨2", false, "").await).await.unwrap();
        assert_eq!(ended, []);
        story.run_until("2022-09-27 10:20").await;
        assert_eq!(story.light("46.1", "质安处", "event:暴雨1").await, Light::Green);
        assert_eq!(story.light("46.2", "质安处", "event:暴雨1").await, Light::White);
        assert_eq!(story.light("46.1", "物业处", "event:暴雨1").await, Light::White);
        assert_eq!(story.light("46.1", "物业处", "event:暴雨2").await, Light::Yellow);
        story.run_until("2022-09-27 18:00").await;
        let told_later = story.told().await;
        assert!(told_later[told..].iter().all(|told| told.period == "event:暴雨2"));
        story
    })
    .await;
}

#[tokio::test]
async fn a_grave_accident_is_an_accident_too() {
    on_both_of("2022-09-26 00:00", &["14.1", "17.2", "23.1", "27.2", "43.1"], |mut story| async move {
        story.run_until("2022-09-27 10:00").await;
        let accident = |units: &[&str]| NewEvent {
            id: Some("A1".into()),
            event_type: "重特大事故".into(),
            at: at("2022-09-27 09:30"),
            place: "某工地".into(),
            units: units.iter().map(|unit| UnitName((*unit).into())).collect(),
        };
        let unnamed = story.act(OFFICE, async |actor| actor.open_event(&accident(&[])).await).await;
        assert!(refused(unnamed).contains("须写明涉及单位"));
        let stranger = story.act(OFFICE, async |actor| actor.open_event(&accident(&["办公室"])).await).await;
        assert!(refused(stranger).contains("所列单位都不承担"));
        let opened = story.act(OFFICE, async |actor| actor.open_event(&accident(&["质安处"])).await).await.unwrap();
        let mut owed: Vec<(String, String)> = opened
            .obligations
            .iter()
            .map(|row| (row.obligation.duty.0.clone(), row.obligation.owners[0].0.clone()))
            .collect();
        owed.sort();
        let expected = [("14.1", "委安委办"), ("23.1", "质安处"), ("43.1", "质安处")];
        assert_eq!(owed, expected.map(|(duty, unit)| (duty.to_owned(), unit.to_owned())));
        // Recorded half an hour after it happened: the opening speaks at once, the rest in its time.
        story.run_until("2022-09-27 12:00").await;
        let told = rows(&[
            ("09-27 10:00", "event", "质安处/deputy"),
            ("09-27 10:00", "event", "质安处/liaison"),
            ("09-27 10:30", "event", "质安处/deputy"),
            ("09-27 10:30", "event", "质安处/liaison"),
            ("09-27 11:30", "event", OFFICE),
            ("09-27 11:30", "event", "质安处/deputy"),
            ("09-27 11:30", "event", "质安处/head"),
            ("09-27 11:30", "event", "质安处/liaison"),
        ]);
        assert_eq!(story.told_of("43.1", "质安处", "event:A1").await, told);
        assert_eq!(story.obligation("23.1", "质安处", "event:A1").await.round.due_at, at("2022-10-28 00:00"));
        // Due in days: waits for acceptance, and the office's own for that of its head.
        story.file("14.1", "委安委办", "event:A1", &[]).await.unwrap();
        let own = story.obligation("14.1", "委安委办", "event:A1").await;
        assert_eq!(own.phase, Phase::Waiting);
        story.act("委安委办/head", async |actor| actor.accept(own.id).await).await.unwrap();
        story
    })
    .await;
}

#[tokio::test]
async fn a_window_opened_for_a_week_extended_shortened_and_closed() {
    on_both_of("2022-08-01 00:00", &["47.1", "5.3"], |mut story| async move {
        story.run_until("2022-08-03 10:00").await;
        let opens = async |actor: Actor<'_>, id: &str, first: &str, last: &str| {
            actor.open_node(id, "高温", day(first), day(last)).await
        };
        for (id, first, last, words) in [
            ("2022-08-03", "2022-08-03", "2022-08-09", "编号“2022-08-03”是日期，日期只用作法定节点的编号"),
            ("gaowen", "2022-08-02", "2022-08-09", "起始日 2022-08-02 已过"),
            ("gaowen", "2022-08-09", "2022-08-08", "结束日 2022-08-08 早于起始日 2022-08-09"),
            ("gao wen", "2022-08-03", "2022-08-09", "编号“gao wen”含有空格或 ; : / , 等符号"),
        ] {
            assert_eq!(refused(story.act(OFFICE, async |actor| opens(actor, id, first, last).await).await), words);
        }
        story.act(OFFICE, async |actor| opens(actor, "gaowen", "2022-08-03", "2022-08-09").await).await.unwrap();
        let again = story.act(OFFICE, async |actor| opens(actor, "gaowen", "2022-08-03", "2022-08-09").await).await;
        assert_eq!(refused(again), "节点编号 gaowen 已被使用");
        story.pass().await;
        // Today is owed already, and each day of the week; the node form of 5.3 once.
        for date in 3..=9 {
            for unit in MEMBERS {
                story.obligation("47.1", unit, &format!("2022-08-{date:02}")).await;
            }
        }
        let once = story.obligation("5.3", "宣教处", "node:gaowen").await;
        assert_eq!((once.form, once.round.due_at), (Form::Node, at("2022-08-10 00:00")));
        story.run_until("2022-08-08 10:00").await;
        let told = rows(&[
            ("08-03 16:00", "remind", "质安处/liaison"),
            ("08-04 09:00", "chase", "质安处/deputy"),
            ("08-04 09:00", "chase", "质安处/liaison"),
        ]);
        assert_eq!(story.told_of("47.1", "质安处", "2022-08-03").await[..3], told);
        // A Saturday is reminded of the same day and chased on Monday.
        let saturday = story.told_of("47.1", "质安处", "2022-08-06").await;
        assert_eq!(
            saturday[..2],
            rows(&[("08-06 16:00", "remind", "质安处/liaison"), ("08-08 09:00", "chase", "质安处/deputy")])
        );
        // An act of another day does not count, a late filing does.
        story.file("47.1", "质安处", "2022-08-08", &[]).await.unwrap();
        assert_eq!(story.light("47.1", "质安处", "2022-08-08").await, Light::Green);

        story.act(OFFICE, async |actor| actor.extend_node("gaowen", day("2022-08-12")).await).await.unwrap();
        story.pass().await;
        assert_eq!(story.obligation("5.3", "宣教处", "node:gaowen").await.round.due_at, at("2022-08-13 00:00"));
        assert_eq!(story.obligation("47.1", "质安处", "2022-08-12").await.phase, Phase::Scheduled);
        story.run_until("2022-08-10 12:00").await;
        story.act(OFFICE, async |actor| actor.extend_node("gaowen", day("2022-08-11")).await).await.unwrap();
        story.pass().await;
        assert_eq!(story.obligation("47.1", "质安处", "2022-08-12").await.phase, Phase::Withdrawn);
        assert_eq!(story.obligation("5.3", "宣教处", "node:gaowen").await.round.due_at, at("2022-08-12 00:00"));
        story.run_until("2022-08-11 11:00").await;
        let posts = ["委安委办/deputy", "委安委办/liaison", "宣教处/deputy", "宣教处/liaison"];
        let told: Vec<_> = ["08-05 09:00", "08-10 09:00", "08-11 09:00"]
            .into_iter()
            .flat_map(|at| posts.map(|post| (at.to_owned(), "remind".to_owned(), post.to_owned())))
            .collect();
        assert_eq!(story.told_of("5.3", "宣教处", "node:gaowen").await, told);
        story.file("5.3", "宣教处", "node:gaowen", &["宣传发布=1"]).await.unwrap();
        assert_eq!(story.light("5.3", "委安委办", "node:gaowen").await, Light::Green);
        // Once more to the 12th on the day itself: what was withdrawn is owed again.
        story.act(OFFICE, async |actor| actor.extend_node("gaowen", day("2022-08-13")).await).await.unwrap();
        story.pass().await;
        story.run_until("2022-08-12 10:00").await;
        assert_eq!(story.obligation("47.1", "质安处", "2022-08-12").await.phase, Phase::Open);
        story.act(OFFICE, async |actor| actor.close_node("gaowen").await).await.unwrap();
        story.pass().await;
        assert_eq!(story.obligation("47.1", "质安处", "2022-08-13").await.phase, Phase::Withdrawn);
        let over = story.act(OFFICE, async |actor| actor.extend_node("gaowen", day("2022-08-20")).await).await;
        assert_eq!(refused(over), "节点 gaowen 已结束，请另开新节点");
        story.run_until("2022-08-16 10:00").await;
        assert_eq!(story.told_of("47.1", "质安处", "2022-08-13").await, []);
        story
    })
    .await;
}
