//! Stories of what people do: filed jointly, returned, extended, waived, corrected, disputed, erased.

use crate::support::{OFFICE, Story, at, link, on_both_of, on_both_with, refused, rows, seeds_of, settings};
use duban::acts::correct::Correction;
use duban::acts::submit::NewSubmission;
use duban::domain::light::{Light, word};
use duban::domain::phase::Phase;
use duban::domain::quota::Item;
use duban::domain::unit::UnitName;
use duban::vault::{LARGEST, Vault};

async fn accept(story: &Story, id: i64) {
    story.act(OFFICE, async |actor| actor.accept(id).await).await.unwrap();
}

#[tokio::test]
async fn a_joint_duty_filed_by_either_owner_silences_both() {
    on_both_of("2022-10-10 00:00", &["5.2"], |mut story| async move {
        // The first day goes by unfiled: both owners are reminded and chased.
        story.run_until("2022-10-11 10:00").await;
        let both = rows(&[
            ("10-10 16:00", "remind", "委安委办/liaison"),
            ("10-10 16:00", "remind", "宣教处/liaison"),
            ("10-11 09:00", "chase", "委安委办/deputy"),
            ("10-11 09:00", "chase", "委安委办/liaison"),
            ("10-11 09:00", "chase", "宣教处/deputy"),
            ("10-11 09:00", "chase", "宣教处/liaison"),
        ]);
        assert_eq!(story.told_of("5.2", "委安委办", "2022-10-10").await, both);
        // The second is filed by one of them; the third by the other.
        story.file("5.2", "宣教处", "2022-10-11", &["动态=1"]).await.unwrap();
        story.run_until("2022-10-12 10:00").await;
        story.file("5.2", "委安委办", "2022-10-12", &["动态=1"]).await.unwrap();
        story.run_until("2022-10-13 10:00").await;
        for period in ["2022-10-11", "2022-10-12"] {
            assert_eq!(story.told_of("5.2", "委安委办", period).await, [], "{period}");
            assert_eq!(story.light("5.2", "宣教处", period).await, Light::Green, "{period}");
        }
        story
    })
    .await;
}

#[tokio::test]
async fn returned_and_refiled_in_time_keeps_its_light_and_late_is_orange() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-10 10:00").await;
        for unit in ["质安处", "安管总站"] {
            story.file("9.1b", unit, "2022-W41", &["调度=1"]).await.unwrap();
        }
        story.run_until("2022-10-13 15:00").await;
        let mut ids = Vec::new();
        for unit in ["质安处", "安管总站"] {
            let id = story.obligation("9.1b", unit, "2022-W41").await.id;
            ids.push(id);
            let late = story.act(OFFICE, async |actor| actor.send_back(id, "缺附件", actor.now).await).await;
            assert_eq!(refused(late), "退回后的新时限须晚于现在");
            let until = at("2022-10-19 18:00");
            story.act(OFFICE, async |actor| actor.send_back(id, "缺附件", until).await).await.unwrap();
            let again = story.act(OFFICE, async |actor| actor.send_back(id, "缺附件", until).await).await;
            assert_eq!(refused(again), "尚无可退回的报送");
            let obligation = story.obligation("9.1b", unit, "2022-W41").await;
            assert_eq!(
                (obligation.phase, Light::of(&obligation), word(&obligation)),
                (Phase::Returned, Light::Yellow, "已退回")
            );
        }
        // The ladder begins anew, by the new deadline.
        story.run_until("2022-10-19 10:00").await;
        let reminded = rows(&[
            ("10-13 16:00", "decided", "质安处/liaison"),
            ("10-18 09:00", "remind", "质安处/liaison"),
            ("10-19 09:00", "remind", "质安处/liaison"),
        ]);
        assert_eq!(story.told_of("9.1b", "质安处", "2022-W41").await, reminded);
        let liaison = story.address("质安处/liaison").await;
        let letter = story.letters_to(&liaison, "2022-10-18 09:00")[0];
        assert!(letter.subject.starts_with("【今日待办】") && letter.text.contains("已退回"), "{}", letter.text);
        story.file("9.1b", "质安处", "2022-W41", &["调度=1"]).await.unwrap();
        let obligation = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert_eq!((Light::of(&obligation), word(&obligation)), (Light::Green, "按期报送，待审"));
        // The other comes a day late.
        story.run_until("2022-10-20 10:00").await;
        assert_eq!(story.light("9.1b", "安管总站", "2022-W41").await, Light::Red);
        story.file("9.1b", "安管总站", "2022-W41", &["调度=1"]).await.unwrap();
        let obligation = story.obligation("9.1b", "安管总站", "2022-W41").await;
        assert_eq!((Light::of(&obligation), word(&obligation)), (Light::Orange, "逾期补报，待审"));
        accept(&story, ids[1]).await;
        let again = story.act(OFFICE, async |actor| actor.accept(ids[1]).await).await;
        assert_eq!(refused(again), "已审核通过，无需重复审核");
        let refile = story.file("9.1b", "安管总站", "2022-W41", &["调度=1"]).await;
        assert!(refused(refile).contains("已审核通过，无须再报"));
        story
    })
    .await;
}

#[tokio::test]
async fn returned_for_this_evening_is_told_at_once() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-14 16:30").await;
        story.file("9.1b", "质安处", "2022-W41", &["调度=1"]).await.unwrap();
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let until = at("2022-10-14 20:00");
        story.act(OFFICE, async |actor| actor.send_back(id, "缺附件", until).await).await.unwrap();
        story.run_until("2022-10-14 20:30").await;
        assert_eq!(
            story.told_of("9.1b", "质安处", "2022-W41").await,
            rows(&[
                ("10-13 09:00", "remind", "质安处/liaison"),
                ("10-14 09:00", "remind", "质安处/liaison"),
                ("10-14 16:30", "decided", "质安处/liaison"),
            ])
        );
        let liaison = story.address("质安处/liaison").await;
        assert!(story.letters_to(&liaison, "2022-10-14 16:30")[0].text.contains("已退回"));
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Red);
        story
    })
    .await;
}

#[tokio::test]
async fn an_extension_asked_in_time_undoes_the_miss_and_one_refused_does_not() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-14 10:00").await;
        let mut ids = Vec::new();
        for unit in ["质安处", "安管总站", "市场处"] {
            ids.push(story.obligation("9.1b", unit, "2022-W41").await.id);
        }
        let until = at("2022-10-19 18:00");
        for (unit, id) in [("质安处", ids[0]), ("安管总站", ids[1])] {
            let ask = async |actor: duban::acts::Actor<'_>| actor.ask_extension(id, until, "人员抽调").await;
            story.act(&format!("{unit}/deputy"), ask).await.unwrap();
            assert!(refused(story.act(&format!("{unit}/liaison"), ask).await).starts_with("该事项已有待办的申请"));
        }
        // Another unit's and none at all read the same.
        let other = story.act("物业处/liaison", async |actor| actor.ask_extension(ids[0], until, "代问").await).await;
        let none = story.act("物业处/liaison", async |actor| actor.ask_extension(999_999, until, "代问").await).await;
        assert_eq!(refused(other), format!("没有事项 {}，或不属 物业处", ids[0]));
        assert_eq!(refused(none), "没有事项 999999，或不属 物业处");
        let own = story.act("质安处/head", async |actor| actor.grant_extension(ids[0], None, "").await).await;
        assert_eq!(refused(own), "质安处/head 无权办理，须由 委安委办/office 办理");
        // A pending request stops no clock.
        story.run_until("2022-10-17 10:00").await;
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Red);
        let too_late =
            story.act("市场处/liaison", async |actor| actor.ask_extension(ids[2], until, "迟了").await).await;
        assert_eq!(refused(too_late), "该事项已逾期或已办结，不能申请延期");
        story.act(OFFICE, async |actor| actor.grant_extension(ids[0], None, "同意").await).await.unwrap();
        story.act(OFFICE, async |actor| actor.refuse_extension(ids[1], "理由不足").await).await.unwrap();
        let granted = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert_eq!((granted.phase, granted.round.missed_at, granted.round.due_at), (Phase::Open, None, until));
        assert_eq!(story.light("9.1b", "安管总站", "2022-W41").await, Light::Red);
        // Made good within the new deadline it is green; the next miss is the first in a row.
        story.run_until("2022-10-19 10:00").await;
        story.file("9.1b", "质安处", "2022-W41", &["调度=1"]).await.unwrap();
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Green);
        story.run_until("2022-10-24 10:00").await;
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W42").await.round.streak, Some(1));
        assert_eq!(story.obligation("9.1b", "安管总站", "2022-W42").await.round.streak, Some(2));
        story
    })
    .await;
}

#[tokio::test]
async fn a_waiver_is_white_and_silent_and_neither_counts_nor_breaks() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        // W41 missed, W42 waived after its deadline, W43 missed: the second in a row.
        story.run_until("2022-10-22 10:00").await;
        let id = story.obligation("9.1b", "质安处", "2022-W42").await.id;
        let unit = story.act("质安处/head", async |actor| actor.waive(&[id], "停工", "委安办〔2022〕5号").await).await;
        assert_eq!(refused(unit), "质安处/head 无权办理，须由 委安委办/office 办理");
        let bare = story.act(OFFICE, async |actor| actor.waive(&[id], "停工", " ").await).await;
        assert_eq!(refused(bare), "未填文号");
        let open = story.obligation("9.1b", "质安处", "2022-W41").await;
        let both = story.act(OFFICE, async |actor| actor.waive(&[id, 999_999], "停工", "5号").await).await;
        assert_eq!(refused(both), "没有事项 999999");
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W42").await.phase, Phase::Missed);
        story.act(OFFICE, async |actor| actor.waive(&[id], "停工", "委安办〔2022〕5号").await).await.unwrap();
        assert_eq!(story.light("9.1b", "质安处", "2022-W42").await, Light::White);
        let mut told = story.told_of("9.1b", "质安处", "2022-W42").await;
        // That it is waived is told, and then no more.
        told.extend(rows(&[("10-24 09:00", "decided", "质安处/liaison")]));
        story.run_until("2022-10-31 10:00").await;
        assert_eq!(story.told_of("9.1b", "质安处", "2022-W42").await, told);
        assert_eq!(open.round.streak, Some(1));
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W43").await.round.streak, Some(2));
        let mut tx = story.engine.store.read().await.unwrap();
        let log = tx.log_of(id).await.unwrap();
        let waived = log.iter().find(|entry| entry.action.code() == "waive").unwrap();
        assert!(waived.by_post == OFFICE && waived.detail.contains("委安办〔2022〕5号"));
        assert_eq!(tx.verify_log().await.unwrap(), Vec::<String>::new());
        drop(tx);
        story
    })
    .await;
}

#[tokio::test]
async fn what_the_office_owes_is_reviewed_by_its_head() {
    on_both_of("2022-09-26 00:00", &["4.1", "12.1", "5.2"], |mut story| async move {
        story.run_until("2022-09-27 10:00").await;
        story.file("4.1", "委安委办", "2022-09-30", &[]).await.unwrap();
        let own = story.obligation("4.1", "委安委办", "2022-09-30").await;
        assert_eq!((own.phase, word(&own)), (Phase::Waiting, "按期报送，待审"));
        let office = story.act(OFFICE, async |actor| actor.accept(own.id).await).await;
        assert_eq!(refused(office), "本单位的报送不能自审，须由 委安委办/head 审核");
        let deputy = story.act("委安委办/deputy", async |actor| actor.accept(own.id).await).await;
        assert_eq!(refused(deputy), "委安委办/deputy 无权审核，须由 委安委办/office 办理");
        story.act("委安委办/head", async |actor| actor.accept(own.id).await).await.unwrap();
        assert_eq!(story.obligation("4.1", "委安委办", "2022-09-30").await.phase, Phase::Done);
        // Of others' duties the office is the reviewer, its head is not.
        story.file("12.1", "质安处", "2022-09-30", &[]).await.unwrap();
        let other = story.obligation("12.1", "质安处", "2022-09-30").await;
        let head = story.act("委安委办/head", async |actor| actor.accept(other.id).await).await;
        assert_eq!(refused(head), "委安委办/head 无权审核，须由 委安委办/office 办理");
        accept(&story, other.id).await;
        // A joint one is the head's to review where the office's unit filed it.
        story.file("5.2", "委安委办", "2022-09-27", &["动态=1"]).await.unwrap();
        let joint = story.obligation("5.2", "宣教处", "2022-09-27").await;
        let office = story.act(OFFICE, async |actor| actor.accept(joint.id).await).await;
        assert_eq!(refused(office), "本单位的报送不能自审，须由 委安委办/head 审核");
        let stranger = story.act("某某处/head", async |actor| actor.accept(joint.id).await).await;
        assert_eq!(refused(stranger), "没有岗位 某某处/head");
        story
    })
    .await;
}

#[tokio::test]
async fn a_unit_that_filed_gets_no_chaser_ever() {
    on_both_of("2022-10-08 00:00", &["32.1", "1.3"], |mut story| async move {
        story.run_until("2022-10-08 10:00").await;
        let mut filed = Vec::new();
        // Whatever 驻委纪检监察组 and 组人处 owe is filed as soon as it opens; nobody else files anything.
        for day in 8..=31 {
            let now = format!("2022-10-{day:02} 10:00");
            story.run_until(&now).await;
            for (duty, unit, period) in [("32.1", "驻委纪检监察组", "2022-Q4"), ("1.3", "组人处", "2022-Q4")]
            {
                if story.obligation(duty, unit, period).await.phase == Phase::Open {
                    story.file(duty, unit, period, &[]).await.unwrap();
                    filed.push(duty);
                }
            }
        }
        assert_eq!(filed, ["32.1", "1.3"]);
        story.run_until("2023-01-20 10:00").await;
        assert_eq!(story.told_of("32.1", "驻委纪检监察组", "2022-Q4").await, []);
        assert_eq!(story.told_of("1.3", "组人处", "2022-Q4").await, []);
        for post in ["驻委纪检监察组/liaison", "驻委纪检监察组/deputy", "驻委纪检监察组/head"] {
            let address = story.address(post).await;
            let chased = story.letters_to(&address, "2022-10-08 00:00");
            assert!(chased.iter().all(|letter| letter.subject.starts_with("【今日待办】")), "{post}");
        }
        story
    })
    .await;
}

#[tokio::test]
async fn a_level_that_falls_under_its_figure_before_due_reopens() {
    on_both_of("2022-09-26 00:00", &["5.1"], |mut story| async move {
        story.run_until("2022-09-26 10:00").await;
        story.file("5.1", "质安处", "2022-09", &["标语海报=4"]).await.unwrap();
        assert_eq!(story.light("5.1", "安管总站", "2022-09").await, Light::Green);
        story.run_until("2022-09-27 10:00").await;
        story.file("5.1", "安管总站", "2022-09", &["标语海报=2"]).await.unwrap();
        let fallen = story.obligation("5.1", "质安处", "2022-09").await;
        assert_eq!((fallen.phase, fallen.filed_at), (Phase::Open, None));
        story.run_until("2022-09-30 10:00").await;
        let told = story.told_of("5.1", "质安处", "2022-09").await;
        assert!(told.contains(&("09-30 09:00".into(), "remind".into(), "安管总站/liaison".into())), "{told:?}");
        story.file("5.1", "质安处", "2022-09", &["标语海报=3"]).await.unwrap();
        assert_eq!(story.light("5.1", "质安处", "2022-09").await, Light::Green);
        // What is said after the deadline changes nothing.
        story.run_until("2022-10-08 10:00").await;
        story.file("5.1", "质安处", "2022-09", &["标语海报=1"]).await.unwrap();
        assert_eq!(story.light("5.1", "质安处", "2022-09").await, Light::Green);
        story
    })
    .await;
}

#[tokio::test]
async fn one_submission_counts_for_several_and_may_be_corrected_or_taken_back() {
    let mut seeds = seeds_of(&["9.1a", "9.1b"]);
    link(&mut seeds, "9.1a", &["9.1b"]);
    on_both_with("2022-10-08 00:00", settings(), &seeds, |mut story| async move {
        story.run_until("2022-10-10 10:00").await;
        let day = story.obligation("9.1a", "质安处", "2022-10-10").await.id;
        let week = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let item = |counter: &str, value: &str| Item { counter: counter.into(), value: value.into() };
        let new = NewSubmission {
            receipt: Some("R-own-1".into()),
            unit: UnitName("质安处".into()),
            obligations: vec![day, week],
            acted_on: None,
            items: vec![item("执法检查", "1"), item("调度", "1")],
            note: "一次检查".into(),
            files: Vec::new(),
        };
        let receipt = story.act("质安处/liaison", async |actor| actor.submit(&new).await).await.unwrap();
        assert!(!receipt.repeated && receipt.obligations.iter().all(|stands| stands.light == Light::Green));
        let again = story.act("质安处/liaison", async |actor| actor.submit(&new).await).await.unwrap();
        assert!(again.repeated && again.number == "R-own-1");
        let other = story.act("物业处/liaison", async |actor| actor.submit(&new).await).await;
        assert_eq!(refused(other), "没有该事项，或不属 物业处");
        let other = story.act("物业处/liaison", async |actor| actor.withdraw("R-own-1").await).await;
        let none = story.act("物业处/liaison", async |actor| actor.withdraw("R-own-2").await).await;
        assert_eq!((refused(other), refused(none)), ("没有回执 R-own-1".into(), "没有回执 R-own-2".into()));
        // Corrected so that the week is not met any more, then so that it is.
        let items = Some(vec![item("执法检查", "1")]);
        let fewer = Correction { items, ..Correction::default() };
        story.act("质安处/liaison", async |actor| actor.correct("R-own-1", &fewer).await).await.unwrap();
        assert_eq!(story.light("9.1a", "质安处", "2022-10-10").await, Light::Green);
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W41").await.phase, Phase::Open);
        // After the deadline a correction may not make up what was missing then.
        story.run_until("2022-10-15 10:00").await;
        let more = Correction { items: Some(new.items.clone()), ..Correction::default() };
        let late = story.act("质安处/liaison", async |actor| actor.correct("R-own-1", &more).await).await;
        assert_eq!(refused(late), "时限已过，更正不能补足当时所缺；请另行报送");
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Red);
        // Taken back: the day is missed from now on.
        story.act("质安处/liaison", async |actor| actor.withdraw("R-own-1").await).await.unwrap();
        story.pass().await;
        story.run_until("2022-10-15 10:01").await;
        assert_eq!(story.light("9.1a", "质安处", "2022-10-10").await, Light::Red);
        let twice = story.act("质安处/liaison", async |actor| actor.withdraw("R-own-1").await).await;
        assert_eq!(refused(twice), "回执 R-own-1 已撤回");
        // Reviewed, nothing can be changed any more.
        let receipt = story.file("9.1b", "物业处", "2022-W42", &["调度=1"]).await;
        assert!(refused(receipt).contains("尚未开始"));
        story.run_until("2022-10-17 10:00").await;
        let receipt = story.file("9.1b", "物业处", "2022-W42", &["调度=1"]).await.unwrap();
        accept(&story, receipt.obligations[0].id).await;
        let number = receipt.number.as_str();
        let closed = story.act("物业处/liaison", async |actor| actor.withdraw(number).await).await;
        assert_eq!(refused(closed), format!("回执 {number} 已审核，不能再更正或撤回"));
        story
    })
    .await;
}

#[tokio::test]
async fn a_pending_dispute_stops_no_clock_and_one_upheld_whitens() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-14 10:00").await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let other = story.obligation("9.1b", "物业处", "2022-W41").await.id;
        story.act("质安处/head", async |actor| actor.raise_dispute(id, "职责已移交").await).await.unwrap();
        story.act("物业处/head", async |actor| actor.raise_dispute(other, "无此职责").await).await.unwrap();
        story.run_until("2022-10-17 10:00").await;
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Red);
        let chase = rows(&[("10-17 09:00", "chase", "质安处/deputy"), ("10-17 09:00", "chase", "质安处/liaison")]);
        let mut told = story.told_of("9.1b", "质安处", "2022-W41").await;
        assert_eq!(told[told.len() - 2..], chase);
        // Both stand on the office's digest.
        let office = story.address(OFFICE).await;
        let digest = story.letters_to(&office, "2022-10-17 09:00")[0];
        assert!(digest.text.contains("职责已移交") && digest.text.contains("无此职责"), "{}", digest.text);
        story.act(OFFICE, async |actor| actor.uphold_dispute(id, "属实").await).await.unwrap();
        story.act(OFFICE, async |actor| actor.reject_dispute(other, "清单已列明").await).await.unwrap();
        let upheld = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert_eq!((Light::of(&upheld), word(&upheld)), (Light::White, "异议成立"));
        // What was decided is told, and then no more.
        told.extend(rows(&[("10-17 16:00", "decided", "质安处/liaison")]));
        story.run_until("2022-10-24 10:00").await;
        assert_eq!(story.told_of("9.1b", "质安处", "2022-W41").await, told);
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W42").await.round.streak, Some(1));
        assert_eq!(story.obligation("9.1b", "物业处", "2022-W42").await.round.streak, Some(2));
        story
    })
    .await;
}

#[tokio::test]
async fn erased_evidence_leaves_its_hash_and_a_tombstone() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::at(folder.path(), LARGEST);
        story.run_until("2022-10-10 10:00").await;
        let hash = vault.put(b"a photograph".to_vec()).await.unwrap();
        assert_eq!(vault.put(b"a photograph".to_vec()).await.unwrap(), hash);
        assert_eq!(vault.get(&hash).await.unwrap().unwrap(), b"a photograph");
        let mut numbers = Vec::new();
        for unit in ["质安处", "物业处"] {
            let id = story.obligation("9.1b", unit, "2022-W41").await.id;
            let new = NewSubmission {
                receipt: None,
                unit: UnitName(unit.into()),
                obligations: vec![id],
                acted_on: None,
                items: vec![Item { counter: "调度".into(), value: "1".into() }],
                note: "已办理".into(),
                files: vec![(hash.clone(), "现场.jpg".into(), 12)],
            };
            let receipt = story.act(&format!("{unit}/liaison"), async |actor| actor.submit(&new).await).await.unwrap();
            numbers.push(receipt.number);
        }
        let erase = async |actor: duban::acts::Actor<'_>, number: &str| {
            actor.erase_evidence(&vault, number, &hash, "误传").await
        };
        let stranger = story.act("市场处/liaison", async |actor| erase(actor, &numbers[0]).await).await;
        assert_eq!(refused(stranger), format!("没有回执 {}", numbers[0]));
        // Another unit filed the same bytes: they stay until it erases them too.
        assert!(!story.act("质安处/liaison", async |actor| erase(actor, &numbers[0]).await).await.unwrap());
        assert!(vault.get(&hash).await.unwrap().is_some());
        assert!(story.act("物业处/liaison", async |actor| erase(actor, &numbers[1]).await).await.unwrap());
        assert_eq!(vault.get(&hash).await.unwrap(), None);
        let mut tx = story.engine.store.read().await.unwrap();
        for file in tx.evidence_with_hash(&hash).await.unwrap() {
            assert_eq!((file.sha256.as_str(), file.erased_at), (hash.as_str(), Some(story.now())));
        }
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let log = tx.log_of(id).await.unwrap();
        assert!(log.iter().any(|entry| entry.action.code() == "erase" && entry.detail.contains(&hash)));
        assert_eq!(tx.verify_log().await.unwrap(), Vec::<String>::new());
        drop(tx);
        // What was erased still counts as filed.
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Green);
        // Bytes that are not what they were are not given out.
        let hash = vault.put(b"a letter".to_vec()).await.unwrap();
        std::fs::write(folder.path().join(&hash[..2]).join(&hash), b"another").unwrap();
        assert!(vault.get(&hash).await.is_err());
        story
    })
    .await;
}

#[tokio::test]
async fn filings_that_come_at_once_are_each_taken_or_refused_for_itself() {
    on_both_of("2022-10-10 00:00", &["9.1b", "13.2"], |mut story| async move {
        story.run_until("2022-10-12 10:00").await;
        let units = ["质安处", "物业处", "村镇处", "建管处", "市场处", "安管总站", "质量总站", "造价总站"];
        let filings = (0..40).map(|n| {
            let story = &story;
            async move {
                // Every fifth names a counter that there is not: refused inside the transaction of the others.
                let items: &[&str] = if n % 5 == 0 { &["没有的计数=1"] } else { &["调度=1"] };
                (n, story.file("9.1b", units[n % units.len()], "2022-W41", items).await)
            }
        });
        let mut receipts = std::collections::BTreeSet::new();
        for (n, outcome) in futures_util::future::join_all(filings).await {
            if n % 5 == 0 {
                assert!(refused(outcome).contains("没有计数项"), "{n}");
            } else {
                assert!(receipts.insert(outcome.unwrap().number), "{n}: two filings have one number");
            }
        }
        let mut tx = story.engine.store.read().await.unwrap();
        let mut kept = 0;
        for unit in units {
            let row = tx.obligation_of("9.1b", unit, "2022-W41").await.unwrap().unwrap();
            let filed = tx.submissions_for(&[row.obligation.id]).await.unwrap();
            kept += filed.len();
            assert!(filed.iter().all(|one| receipts.contains(&one.submission.id)));
            assert_eq!(Light::of(&row.obligation), Light::Green, "{unit}");
        }
        assert_eq!(kept, receipts.len());
        assert_eq!(tx.verify_log().await.unwrap(), Vec::<String>::new());
        drop(tx);
        // Under one number, at once: one filing, one receipt.
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let same = (0..8).map(|_| async {
            let new = NewSubmission {
                receipt: Some("K-7".into()),
                unit: UnitName("质安处".into()),
                obligations: vec![id],
                acted_on: None,
                items: Vec::new(),
                note: "已办理".into(),
                files: Vec::new(),
            };
            story.act("质安处/liaison", async |actor| actor.submit(&new).await).await.unwrap().repeated
        });
        let repeated = futures_util::future::join_all(same).await;
        assert_eq!(repeated.iter().filter(|repeated| !**repeated).count(), 1);
        story
    })
    .await;
}
