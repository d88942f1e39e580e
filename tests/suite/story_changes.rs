//! Stories of changed rosters, catalogues and calendars: what has opened stays, what has not follows.

use crate::support::{OFFICE, at, day, on_both_of, post, refused, rows, seeds_of};
use duban::acts::Actor;
use duban::acts::calendar::Confirmed;
use duban::acts::catalogue::{Agreed, changes};
use duban::acts::roster::{Takeover, UnitEntry};
use duban::catalogue::{ListedDays, Seeds, holidays};
use duban::domain::duty::DueRule;
use duban::domain::ladder::{Class, When};
use duban::domain::light::Light;
use duban::domain::phase::Phase;
use duban::domain::unit::UnitName;

#[tokio::test]
async fn a_unit_that_leaves_is_let_go_and_what_it_shares_goes_on() {
    on_both_of("2022-10-10 00:00", &["5.2", "9.1b", "9.1c"], |mut story| async move {
        story.run_until("2022-10-12 10:00").await;
        let office = UnitName("委安委办".into());
        let own = story.act(OFFICE, async |actor| actor.leave(&office, day("2022-10-12"), "撤并", true).await).await;
        assert_eq!(refused(own), "委安委办 是安委办所在单位，不能移出名册");
        let gone = UnitName("质安处".into());
        let past = story.act(OFFICE, async |actor| actor.leave(&gone, day("2022-10-11"), "撤并", true).await).await;
        assert_eq!(refused(past), "离开之日 2022-10-11 已过");
        let touched =
            story.act(OFFICE, async |actor| actor.leave(&gone, day("2022-10-12"), "撤并", true).await).await.unwrap();
        assert_eq!(touched.len(), 2);
        // One that thinks better of it stays, as if nothing had been said.
        let stays = UnitName("物业处".into());
        story.act(OFFICE, async |actor| actor.leave(&stays, day("2022-10-13"), "撤并", true).await).await.unwrap();
        let entry = UnitEntry { name: stays, kind: None, groups: None, joined_on: None, stays: true };
        let unit = story.act(OFFICE, async |actor| actor.set_unit(&entry).await).await.unwrap();
        assert_eq!((unit.joined_on, unit.left_on), (None, None));
        let sharing = UnitName("宣教处".into());
        story
            .act(OFFICE, async |actor| actor.leave(&sharing, day("2022-10-13"), "并入办公室", true).await)
            .await
            .unwrap();
        story.pass().await;
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::White);
        assert_eq!(story.light("9.1c", "质安处", "2022-10").await, Light::White);
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W42").await.phase, Phase::Withdrawn);
        let mut tx = story.engine.store.read().await.unwrap();
        let id = tx.obligation_of("9.1b", "质安处", "2022-W41").await.unwrap().unwrap().obligation.id;
        assert!(
            tx.log_of(id)
                .await
                .unwrap()
                .iter()
                .any(|entry| entry.action.code() == "waive" && entry.detail.contains("撤并"))
        );
        drop(tx);
        let acts =
            story.act("质安处/head", async |actor| actor.ask_extension(id, at("2022-10-20 00:00"), "x").await).await;
        assert_eq!(refused(acts), "没有岗位 质安处/head");
        // The other leaves at midnight: the day that is still open goes on with who is left, under the same key.
        let before = story.obligation("5.2", "宣教处", "2022-10-12").await;
        story.run_until("2022-10-13 10:00").await;
        let after = story.obligation("5.2", "委安委办", "2022-10-12").await;
        assert_eq!((after.id, after.owners.as_slice(), after.joint), (before.id, [office.clone()].as_slice(), true));
        // The third miss in a row, of the one that is left alone.
        let told = story.told_of("5.2", "委安委办", "2022-10-12").await;
        let expected = rows(&[
            ("10-13 09:00", "chase", "委安委办/deputy"),
            ("10-13 09:00", "chase", "委安委办/liaison"),
            ("10-13 09:00", "supervise", "委安委办/deputy"),
            ("10-13 09:00", "supervise", "委安委办/head"),
            ("10-13 09:00", "supervise", "委安委办/liaison"),
        ]);
        assert_eq!(told[told.len() - 5..], expected);
        assert!(told[..told.len() - 5].iter().all(|(_, kind, _)| kind == "remind"));
        assert_eq!(story.obligation("5.2", "委安委办", "2022-10-13").await.owners, [office]);
        assert_eq!(story.light("9.1b", "物业处", "2022-W41").await, Light::Yellow);
        story
    })
    .await;
}

#[tokio::test]
async fn a_unit_that_joins_owes_what_opens_from_then_on() {
    on_both_of("2022-10-10 00:00", &["9.1b", "9.1c"], |mut story| async move {
        story.run_until("2022-10-12 10:00").await;
        let mut entry = UnitEntry {
            name: UnitName("轨道安监处".into()),
            kind: Some("机关处室".into()),
            groups: Some(vec!["安全监管单位".into()]),
            joined_on: Some(day("2022-10-12")),
            stays: false,
        };
        let today = story.act(OFFICE, async |actor| actor.set_unit(&entry).await).await;
        assert_eq!(refused(today), "起始日 2022-10-12 不在今日之后；新单位最早从明日起");
        entry.joined_on = Some(day("2022-10-17"));
        let unknown = UnitEntry { groups: Some(vec!["某组".into()]), ..entry.clone() };
        assert!(
            refused(story.act(OFFICE, async |actor| actor.set_unit(&unknown).await).await)
                .starts_with("没有单位组“某组”")
        );
        story.act(OFFICE, async |actor| actor.set_unit(&entry).await).await.unwrap();
        for role in ["liaison", "deputy", "head"] {
            let takeover = Takeover {
                post: post(&format!("轨道安监处/{role}")),
                holder: "某某".into(),
                address: format!("gd-{role}@example.com"),
                from_on: None,
                stand_in: None,
            };
            story.act(OFFICE, async |actor| actor.set_post(&takeover).await).await.unwrap();
        }
        story.run_until("2022-10-20 10:00").await;
        let mut tx = story.engine.store.read().await.unwrap();
        for (duty, period) in [("9.1b", "2022-W41"), ("9.1c", "2022-10")] {
            assert!(tx.obligation_of(duty, "轨道安监处", period).await.unwrap().is_none(), "{duty} {period}");
        }
        drop(tx);
        assert_eq!(story.obligation("9.1c", "轨道安监处", "2022-11").await.phase, Phase::Scheduled);
        let told = rows(&[("10-20 09:00", "remind", "轨道安监处/liaison")]);
        assert_eq!(story.told_of("9.1b", "轨道安监处", "2022-W42").await, told);
        assert_eq!(story.letters_to("gd-liaison@example.com", "2022-10-20 09:00").len(), 1);
        // A hand-over ahead: the old address until then, a bad one never.
        let bad = Takeover {
            post: post("轨道安监处/liaison"),
            holder: "某甲".into(),
            address: "gd at example.com".into(),
            from_on: Some(day("2022-10-21")),
            stand_in: None,
        };
        assert!(
            refused(story.act(OFFICE, async |actor| actor.set_post(&bad).await).await).starts_with("邮箱地址不合规")
        );
        let next = Takeover { address: "new@example.com".into(), ..bad };
        let stranger = story.act("质安处/head", async |actor| actor.set_post(&next).await).await;
        assert_eq!(refused(stranger), "没有岗位 轨道安监处/liaison，或不属 质安处");
        story.act("轨道安监处/head", async |actor| actor.set_post(&next).await).await.unwrap();
        assert_eq!(story.address("轨道安监处/liaison").await, "gd-liaison@example.com");
        story.run_until("2022-10-21 10:00").await;
        assert_eq!(story.letters_to("new@example.com", "2022-10-21 09:00").len(), 1);
        assert_eq!(story.letters_to("gd-liaison@example.com", "2022-10-21 00:00").len(), 0);
        story
    })
    .await;
}

/// The seeds of these duties with changes.
fn changed(duties: &[&str], change: impl FnOnce(&mut Seeds)) -> Seeds {
    let mut seeds = seeds_of(duties);
    change(&mut seeds);
    seeds
}

#[tokio::test]
async fn seeds_applied_change_what_has_not_opened_and_ladders_of_what_has() {
    on_both_of("2022-10-10 00:00", &["9.1b", "9.1c"], |mut story| async move {
        story.run_until("2022-10-10 10:00").await;
        let same = story
            .act(OFFICE, async |actor| actor.apply_seeds(&seeds_of(&["9.1b", "9.1c"]), None, Agreed::default()).await)
            .await;
        assert_eq!(refused(same), "与现行目录、名册、日历相同，没有可应用的更改");
        // 9.1b is due an hour earlier and reminded two workdays before; 9.1c is dropped, 5.2 is new.
        let seeds = changed(&["5.2", "9.1b"], |seeds| {
            let weekly = seeds.catalogue.duties.iter_mut().find(|duty| duty.id.0 == "9.1b").unwrap();
            weekly.due = DueRule::LastWorkday("17:00:00".parse().unwrap());
            let ladder = seeds.catalogue.ladders.iter_mut().find(|ladder| ladder.class == Class::Week).unwrap();
            ladder.reminders[0].when = When::WorkdaysBefore(2);
        });
        let known = story.engine.known().await.unwrap();
        let lines: Vec<String> = changes(&known, &seeds, day("2022-10-11"))
            .entries
            .iter()
            .map(|change| change.to_string().lines().next().unwrap().to_owned())
            .collect();
        assert_eq!(lines, ["+ duty 5.2", "~ duty 9.1b", "- duty 9.1c", "~ ladder week"]);
        let past = story
            .act(OFFICE, async |actor| actor.apply_seeds(&seeds, Some(day("2022-10-09")), Agreed::default()).await)
            .await;
        assert_eq!(refused(past), "生效日 2022-10-09 已过");
        let unit =
            story.act("质安处/head", async |actor| actor.apply_seeds(&seeds, None, Agreed::default()).await).await;
        assert_eq!(refused(unit), "质安处/head 无权办理，须由 委安委办/office 或管理员办理");
        let before = story.stored("9.1b", "质安处", "2022-W41").await;
        let applied =
            story.act(OFFICE, async |actor| actor.apply_seeds(&seeds, None, Agreed::default()).await).await.unwrap();
        assert_eq!((applied.version, applied.effective_on), (Some(2), day("2022-10-11")));
        story.pass().await;
        assert_eq!(story.stored("9.1b", "质安处", "2022-W41").await, before);
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W42").await.round.due_at, at("2022-10-21 17:00"));
        assert_eq!(story.obligation("9.1c", "质安处", "2022-10").await.phase, Phase::Open);
        assert_eq!(story.obligation("9.1c", "质安处", "2022-11").await.phase, Phase::Withdrawn);
        assert_eq!(story.obligation("5.2", "宣教处", "2022-10-11").await.phase, Phase::Scheduled);
        story.run_until("2022-10-14 10:00").await;
        let told = rows(&[("10-12 09:00", "remind", "质安处/liaison"), ("10-14 09:00", "remind", "质安处/liaison")]);
        assert_eq!(story.told_of("9.1b", "质安处", "2022-W41").await, told);
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W41").await.round.due_at, at("2022-10-14 18:00"));
        let mut tx = story.engine.store.read().await.unwrap();
        assert!(tx.obligation_of("5.2", "宣教处", "2022-10-10").await.unwrap().is_none());
        drop(tx);
        story
    })
    .await;
}

#[tokio::test]
async fn a_unit_gone_from_the_seeds_leaves_on_the_effective_day() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-10 10:00").await;
        let seeds = changed(&["9.1b"], |seeds| seeds.roster.units.retain(|unit| unit.name.0 != "质安处"));
        let on = Some(day("2022-10-12"));
        let silently = story.act(OFFICE, async |actor| actor.apply_seeds(&seeds, on, Agreed::default()).await).await;
        assert_eq!(
            refused(silently),
            "文件中没有名册内的单位：质安处自2022-10-12起离开：独自承担而未办结的1项将免除（9.1b 2022-W41），与他人共同承担的0项由他人继续，没有职责因此无人承担。单位更名请先用“更名”，并入其他单位请先用“并入”；确已撤销的，请勾选确认后再应用"
        );
        let confirmed = Agreed { units_leave: true, ..Agreed::default() };
        story.act(OFFICE, async |actor| actor.apply_seeds(&seeds, on, confirmed).await).await.unwrap();
        story.run_until("2022-10-11 10:00").await;
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Grey);
        story.run_until("2022-10-12 00:00").await;
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::White);
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W42").await.phase, Phase::Withdrawn);
        let again = story.act(OFFICE, async |actor| actor.apply_seeds(&seeds, None, Agreed::default()).await).await;
        assert_eq!(refused(again), "与现行目录、名册、日历相同，没有可应用的更改");
        story
    })
    .await;
}

#[tokio::test]
async fn a_holiday_notice_recomputes_what_has_not_opened_and_moves_what_is_open() {
    on_both_of("2026-12-15 00:00", &["9.1b", "9.1c"], |mut story| async move {
        story.run_until("2026-12-15 10:00").await;
        // As computed: 1 to 3 January off, so the week that ends on the 3rd is due on Thursday the 31st.
        assert_eq!(story.obligation("9.1b", "质安处", "2026-W53").await.round.due_at, at("2026-12-31 18:00"));
        let month = story.obligation("9.1c", "质安处", "2026-12").await;
        assert_eq!(month.round.due_at, at("2026-12-31 18:00"));
        let notice = "date,name,kind,status\n2026-12-31,元旦,holiday,notice\n2027-01-01,元旦,holiday,notice\n\
                      2027-01-02,元旦,holiday,notice\n2027-01-03,元旦,makeup_workday,notice\n";
        let listed = holidays::parse("notice.csv", notice.as_bytes()).unwrap();
        let unit = story.act("质安处/head", async |actor| actor.import_calendar(&listed, Confirmed::Yes).await).await;
        assert_eq!(refused(unit), "质安处/head 无权办理，须由 委安委办/office 或管理员办理");
        let none =
            story.act(OFFICE, async |actor| actor.import_calendar(&ListedDays::default(), Confirmed::Yes).await).await;
        assert!(refused(none).starts_with("文件中没有任何日期"));
        // It lists 元旦 alone: not without a confirmation.
        let short = story.act(OFFICE, async |actor| actor.import_calendar(&listed, Confirmed::No).await).await;
        let words = refused(short);
        assert!(
            words.starts_with("尚未导入，以下各点须核对后确认：") && words.contains("2027年没有列出春节放假"),
            "{words}"
        );
        story.act(OFFICE, async |actor| actor.import_calendar(&listed, Confirmed::Yes).await).await.unwrap();
        story.pass().await;
        assert_eq!(story.obligation("9.1b", "质安处", "2026-W53").await.round.due_at, at("2027-01-03 18:00"));
        // What is open never comes forward: not to the 30th, which the rule would give, but to the next workday.
        let after = story.obligation("9.1c", "质安处", "2026-12").await;
        assert_eq!((after.id, after.round.due_at), (month.id, at("2027-01-03 18:00")));
        // Other years stay as they were.
        let known = story.engine.known().await.unwrap();
        assert!(!known.calendar.is_workday(day("2026-10-01")) && !known.calendar.is_workday(day("2026-12-31")));
        story
    })
    .await;
}

#[tokio::test]
async fn two_changes_at_one_moment_are_both_seen() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.pass().await;
        let other = story.second_engine(8).await;
        let before = story.engine.known().await.unwrap().revision;
        let takeover = |unit: &str| Takeover {
            post: post(&format!("{unit}/liaison")),
            holder: "某某".into(),
            address: "new@example.com".into(),
            from_on: None,
            stand_in: None,
        };
        let office = post(OFFICE);
        let change = async |engine: &duban::engine::Engine, unit: &str| {
            let known = engine.known().await.unwrap();
            let actor = Actor { engine, known: &known, by: &office, lent: None, now: engine.clock.now() };
            actor.set_post(&takeover(unit)).await.unwrap();
        };
        for _ in 0..5 {
            tokio::join!(change(&story.engine, "质安处"), change(&other, "物业处"));
        }
        let known = story.engine.known().await.unwrap();
        assert_eq!(known.revision, before + 10);
        assert_eq!(
            other.known().await.unwrap().address(&post("质安处/liaison"), day("2022-10-10")),
            Some("new@example.com")
        );
        other.store.close().await;
        story
    })
    .await;
}
