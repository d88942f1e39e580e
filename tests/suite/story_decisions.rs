//! Stories of what the office decides: returned, read, refiled and accepted; taken back; told in the next slot; decided after
//! a week; judged at once.

use crate::support::{OFFICE, Story, at, on_both_of, refused, rows};
use duban::acts::Actor;
use duban::domain::light::{Light, word};
use duban::domain::obligation::{Facts, Obligation};
use duban::domain::phase::Phase;
use duban::jobs::digest;

async fn accept(story: &Story, id: i64) {
    story.act(OFFICE, async |actor| actor.accept(id).await).await.unwrap();
}

/// How it stands, without what counts its changes.
fn stands(obligation: &Obligation) -> Facts {
    Facts { revision: 0, ..(**obligation).clone() }
}

/// What the office's digest says now, from one heading to the next.
async fn digest_part(story: &Story, heading: &str) -> String {
    let (_, text) = digest::shown(&story.engine, true).await.unwrap();
    let from = text.find(heading).unwrap_or_else(|| panic!("no {heading} in {text}"));
    let part = &text[from..];
    let end = part[heading.len()..].find("、").map_or(part.len(), |_| part.find("\n\n").unwrap_or(part.len()));
    part[..end].to_owned()
}

#[tokio::test]
async fn returned_early_keeps_its_deadline_is_read_refiled_and_accepted() {
    on_both_of("2022-10-01 00:00", &["13.2"], |mut story| async move {
        story.run_until("2022-10-08 10:00").await;
        let items = ["检查企业=某甲公司", "检查企业=某乙公司", "整改突出隐患=2", "协调解决难题=2"];
        story.file("13.2", "质安处", "2022-10", &items).await.unwrap();
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let reason = "检查记录缺少签字";
        // Due on the 31st and returned on the 8th: not a day is taken away.
        let early = story.act(OFFICE, async |actor| actor.send_back(id, reason, at("2022-10-11 18:00")).await).await;
        assert_eq!(refused(early), "新时限不得早于现行时限（10月31日 18:00）");
        let blank = story.act(OFFICE, async |actor| actor.send_back(id, " ", None).await).await;
        assert_eq!(refused(blank), "未填退回理由");
        story.act(OFFICE, async |actor| actor.send_back(id, reason, None).await).await.unwrap();
        let returned = story.obligation("13.2", "质安处", "2022-10").await;
        assert_eq!((returned.phase, returned.round.due_at), (Phase::Returned, at("2022-10-31 18:00")));
        assert_eq!(returned.return_reason.as_deref(), Some(reason));
        // In the next slot the liaison reads why, and until when; nobody else is told.
        story.run_until("2022-10-08 16:00").await;
        let told = rows(&[("10-08 16:00", "decided", "质安处/liaison")]);
        assert_eq!(story.told_of("13.2", "质安处", "2022-10").await, told);
        let liaison = story.address("质安处/liaison").await;
        let letter = story.letters_to(&liaison, "2022-10-08 16:00")[0];
        assert_eq!(letter.subject, "【今日待办】退回1项");
        assert!(letter.text.contains("退回，请于10月31日（周一）18:00前重报：检查记录缺少签字"), "{}", letter.text);
        // The reason stands in each later letter, too.
        story.run_until("2022-10-24 10:00").await;
        let letter = story.letters_to(&liaison, "2022-10-24 09:00")[0];
        assert!(
            letter.text.contains("退回重报") && letter.text.contains("退回理由：检查记录缺少签字"),
            "{}",
            letter.text
        );
        // Refiled it waits for review, though its duty closes on filing; the reviewer sees what had been wrong.
        story.file("13.2", "质安处", "2022-10", &items).await.unwrap();
        let refiled = story.obligation("13.2", "质安处", "2022-10").await;
        assert_eq!((refiled.phase, word(&refiled)), (Phase::Waiting, "按期报送，待审"));
        assert_eq!(refiled.return_reason.as_deref(), Some(reason));
        assert!(digest_part(&story, "待审核（1项）").await.contains("13.2"));
        accept(&story, id).await;
        let done = story.obligation("13.2", "质安处", "2022-10").await;
        assert_eq!((done.phase, Light::of(&done), &done.return_reason), (Phase::Done, Light::Green, &None));
        story
    })
    .await;
}

#[tokio::test]
async fn a_return_gives_three_workdays_where_the_deadline_is_nearer() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-14 10:00").await;
        story.file("9.1b", "质安处", "2022-W41", &["调度=1"]).await.unwrap();
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        story.act(OFFICE, async |actor| actor.send_back(id, "缺附件", None).await).await.unwrap();
        let returned = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert_eq!(returned.round.due_at, at("2022-10-20 00:00"), "Monday, Tuesday, Wednesday");
        // Refiled and returned again in the evening before: the later deadline is the floor now.
        story.file("9.1b", "质安处", "2022-W41", &["调度=1"]).await.unwrap();
        let earlier = story.act(OFFICE, async |actor| actor.send_back(id, "仍缺", at("2022-10-19 18:00")).await).await;
        assert_eq!(refused(earlier), "新时限不得早于现行时限（10月20日 00:00）");
        story.act(OFFICE, async |actor| actor.send_back(id, "仍缺", at("2022-10-20 00:00")).await).await.unwrap();
        let again = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert_eq!((again.round.number, again.return_reason.as_deref()), (2, Some("仍缺")));
        story
    })
    .await;
}

#[tokio::test]
async fn what_is_decided_is_taken_back_until_its_slot_and_nothing_is_told() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        for unit in ["质安处", "安管总站", "市场处"] {
            story.file("9.1b", unit, "2022-W41", &["调度=1"]).await.unwrap();
        }
        let before = story.obligation("9.1b", "质安处", "2022-W41").await;
        let id = before.id;
        let none = story.act(OFFICE, async |actor| actor.undo(id).await).await;
        assert_eq!(refused(none), format!("事项 {id} 没有可撤销的决定"));
        // Accepted and undone; returned and undone: as before each time, and the filing counts again.
        accept(&story, id).await;
        let other = story.act("委安委办/head", async |actor| actor.undo(id).await).await;
        assert_eq!(refused(other), "委安委办/head 不能撤销，须由作出决定的 委安委办/office 撤销");
        let unit = story.act("质安处/liaison", async |actor| actor.undo(id).await).await;
        assert_eq!(refused(unit), "质安处/liaison 无权审核，须由 委安委办/office 办理");
        let undo = async |actor: Actor<'_>| actor.undo(id).await;
        story.act(OFFICE, undo).await.unwrap();
        assert_eq!(stands(&story.obligation("9.1b", "质安处", "2022-W41").await), stands(&before));
        story.act(OFFICE, async |actor| actor.send_back(id, "缺附件", None).await).await.unwrap();
        story.run_until("2022-10-13 15:59").await;
        story.act(OFFICE, undo).await.unwrap();
        let after = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert_eq!(stands(&after), stands(&before));
        story.run_until("2022-10-14 10:00").await;
        let reminded = rows(&[("10-13 09:00", "remind", "质安处/liaison")]);
        assert_eq!(story.told_of("9.1b", "质安处", "2022-W41").await, reminded);
        let liaison = story.address("质安处/liaison").await;
        assert_eq!(story.letters_to(&liaison, "2022-10-13 10:00").len(), 0);
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::Green);
        // Told, it stays.
        story.act(OFFICE, async |actor| actor.send_back(id, "缺附件", None).await).await.unwrap();
        story.run_until("2022-10-14 16:00").await;
        assert_eq!(refused(story.act(OFFICE, undo).await), format!("事项 {id} 的办理结果已告知，不能再撤销"));
        // What nobody is told of ends with its slot all the same.
        let market = story.obligation("9.1b", "市场处", "2022-W41").await.id;
        accept(&story, market).await;
        story.run_until("2022-10-17 09:00").await;
        let late = story.act(OFFICE, async |actor| actor.undo(market).await).await;
        assert_eq!(refused(late), format!("事项 {market} 的办理结果已告知，不能再撤销"));
        // Read and refiled before the slot: what the unit has done is not pushed aside.
        let station = story.obligation("9.1b", "安管总站", "2022-W41").await.id;
        story.act(OFFICE, async |actor| actor.send_back(station, "缺附件", None).await).await.unwrap();
        story.file("9.1b", "安管总站", "2022-W41", &["调度=1"]).await.unwrap();
        let since = story.act(OFFICE, async |actor| actor.undo(station).await).await;
        assert_eq!(refused(since), format!("事项 {station} 此后已有办理，不能再撤销"));
        story
    })
    .await;
}

#[tokio::test]
async fn an_extension_is_endorsed_granted_told_to_both_and_its_undoing_brings_the_request_back() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-12 10:00").await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let until = at("2022-10-19 18:00");
        let ask = async |actor: Actor<'_>| actor.ask_extension(id, until, "人员抽调").await;
        let number = story.act("质安处/liaison", ask).await.unwrap();
        // The deputy hears in the next slot that it waits for their view.
        story.run_until("2022-10-12 16:00").await;
        let deputy = story.address("质安处/deputy").await;
        let letter = story.letters_to(&deputy, "2022-10-12 16:00")[0];
        assert_eq!(letter.subject, "【今日待办】请签署意见1项");
        assert!(letter.text.contains("申请延至10月19日（周三）18:00，请签署意见。理由：人员抽调"), "{}", letter.text);
        story.act("质安处/deputy", async |actor| actor.endorse(&number).await).await.unwrap();
        let before = story.obligation("9.1b", "质安处", "2022-W41").await;
        story.act(OFFICE, async |actor| actor.grant_extension(id, None, "情况属实").await).await.unwrap();
        story.act(OFFICE, async |actor| actor.undo(id).await).await.unwrap();
        assert_eq!(stands(&story.obligation("9.1b", "质安处", "2022-W41").await), stands(&before));
        assert!(digest_part(&story, "延期申请（1项）").await.contains("人员抽调"), "it waits again");
        story.act(OFFICE, async |actor| actor.grant_extension(id, None, "情况属实").await).await.unwrap();
        story.run_until("2022-10-13 09:00").await;
        let liaison = story.address("质安处/liaison").await;
        for address in [&liaison, &deputy] {
            let letter = story.letters_to(address, "2022-10-13 09:00")[0];
            assert_eq!(letter.subject, "【今日待办】办理结果1项");
            assert!(letter.text.contains("同意延期，延至10月19日（周三）18:00：情况属实"), "{}", letter.text);
        }
        story
    })
    .await;
}

#[tokio::test]
async fn each_decision_is_told_once_in_words_to_whom_it_concerns() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        let mut ids = Vec::new();
        for unit in ["质安处", "安管总站", "市场处", "村镇处"] {
            ids.push(story.obligation("9.1b", unit, "2022-W41").await.id);
        }
        let until = at("2022-10-19 18:00");
        story.act("质安处/head", async |actor| actor.ask_extension(ids[0], until, "抽调").await).await.unwrap();
        story.act("安管总站/head", async |actor| actor.raise_dispute(ids[1], "不属本单位").await).await.unwrap();
        story.act("市场处/head", async |actor| actor.raise_dispute(ids[2], "不属本单位").await).await.unwrap();
        story.act(OFFICE, async |actor| actor.refuse_extension(ids[0], "理由不足").await).await.unwrap();
        story.act(OFFICE, async |actor| actor.reject_dispute(ids[1], "清单已点名").await).await.unwrap();
        story.act(OFFICE, async |actor| actor.uphold_dispute(ids[2], "").await).await.unwrap();
        story.act(OFFICE, async |actor| actor.waive(&[ids[3]], "停工", "5号").await).await.unwrap();
        story.run_until("2022-10-13 17:00").await;
        for (unit, words) in [
            ("质安处", "不同意延期：理由不足"),
            ("安管总站", "异议不成立：清单已点名"),
            ("市场处", "异议成立"),
            ("村镇处", "免除（5号）：停工"),
        ] {
            let letters = story.letters_to(&story.address(&format!("{unit}/liaison")).await, "2022-10-13 10:00");
            assert_eq!(letters.len(), 1, "{unit}");
            assert_eq!(letters[0].subject, "【今日待办】办理结果1项", "{unit}");
            assert!(letters[0].text.contains(words), "{}", letters[0].text);
        }
        story
    })
    .await;
}

#[tokio::test]
async fn a_proposal_stands_on_every_digest_until_it_is_decided_a_week_later() {
    on_both_of("2022-10-01 00:00", &["13.2"], |mut story| async move {
        // Due on 31 October; 通报建议 on the tenth workday, 14 November.
        story.run_until("2022-11-11 10:00").await;
        assert!(digest_part(&story, "通报建议").await.starts_with("通报建议（0项）"));
        let office = story.address(OFFICE).await;
        for day in 14..=21 {
            story.run_until(&format!("2022-11-{day:02} 10:00")).await;
            let mine = digest_part(&story, "通报建议").await;
            assert!(mine.contains("13.2") && mine.contains("质安处"), "{day}: {mine}");
        }
        let digests = story.letters_to(&office, "2022-11-21 09:00");
        assert!(digests.iter().any(|letter| letter.text.contains("通报建议（")), "it is on the letter, too");
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let n = async |story: &Story| story.engine.store.read().await.unwrap().count_proposed().await.unwrap();
        let waiting = n(&story).await;
        let bare = story.act(OFFICE, async |actor| actor.publish(&[id], true, "屡催不办", " ").await).await;
        assert_eq!(refused(bare), "未填文号");
        let why = story.act(OFFICE, async |actor| actor.publish(&[id], false, "", "").await).await;
        assert_eq!(refused(why), "未填通报或不通报的理由");
        let unit = story.act("质安处/head", async |actor| actor.publish(&[id], false, "已说明", "").await).await;
        assert_eq!(refused(unit), "质安处/head 无权办理，须由 委安委办/office 办理");
        story.act(OFFICE, async |actor| actor.publish(&[id], false, "已说明情况", "").await).await.unwrap();
        assert_eq!(n(&story).await, waiting - 1);
        story.act(OFFICE, async |actor| actor.undo(id).await).await.unwrap();
        assert_eq!(n(&story).await, waiting);
        let decide = async |actor: Actor<'_>| actor.publish(&[id], true, "屡催不办", "委安办〔2022〕9号").await;
        story.act(OFFICE, decide).await.unwrap();
        assert_eq!(refused(story.act(OFFICE, decide).await), "该事项没有待决定的通报建议");
        assert_eq!(story.obligation("13.2", "质安处", "2022-10").await.round.published, Some(true));
        story.run_until("2022-11-22 10:00").await;
        assert!(!digest_part(&story, "通报建议").await.contains("质安处；"));
        story
    })
    .await;
}

#[tokio::test]
async fn all_misses_of_one_outage_are_judged_at_once_and_told() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-12 10:00").await;
        // No reminder of this week's gets out.
        story.lose_mail();
        story.run_until("2022-10-14 18:30").await;
        story.find_mail();
        story.run_until("2022-10-17 10:00").await;
        let mine = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert!(mine.round.unreminded && mine.phase == Phase::Missed, "{mine:?}");
        let listed = digest_part(&story, "未提醒，请核定").await;
        assert!(!listed.starts_with("未提醒，请核定（0项）"), "{listed}");
        // Made good meanwhile, it was a miss all the same and waits to be judged.
        story.file("9.1b", "质安处", "2022-W41", &["调度=1"]).await.unwrap();
        let all = story.act(OFFICE, async |actor| actor.outage_of(&[mine.id]).await).await.unwrap();
        assert!(all.len() > 5, "{all:?}");
        let done = async |actor: Actor<'_>| actor.judge_misses(&all, false, "邮件系统停用").await;
        let unit = story.act("质安处/head", done).await;
        assert_eq!(refused(unit), "质安处/head 无权审核，须由 委安委办/office 办理");
        let judged = story.act(OFFICE, done).await.unwrap();
        assert!(judged.iter().all(|row| row.obligation.round.excused), "all or none");
        assert!(digest_part(&story, "未提醒，请核定").await.starts_with("未提醒，请核定（0项）"));
        story.run_until("2022-10-17 16:00").await;
        let liaison = story.address("安管总站/liaison").await;
        let letter = story.letters_to(&liaison, "2022-10-17 16:00")[0];
        assert!(letter.text.contains("“未提醒”逾期不计入连续逾期：邮件系统停用"), "{}", letter.text);
        // The next miss is the first in its row.
        story.run_until("2022-10-24 10:00").await;
        assert_eq!(story.obligation("9.1b", "安管总站", "2022-W42").await.round.streak, Some(1));
        story
    })
    .await;
}

#[tokio::test]
async fn what_closes_for_ever_is_told_before_with_its_hour_and_after_by_duty() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-17 10:00").await;
        let liaison = story.address("质安处/liaison").await;
        let chased = story.letters_to(&liaison, "2022-10-17 09:00")[0];
        assert!(chased.text.contains("还可补办至10月21日（周五）18:00"), "{}", chased.text);
        story.run_until("2022-10-21 10:00").await;
        let standing = story.letters_to(&liaison, "2022-10-21 09:00")[0];
        assert!(standing.text.contains("还可补办至10月21日（周五）18:00"), "{}", standing.text);
        let heading = "补办期已过，按逾期未办结";
        assert!(digest_part(&story, heading).await.contains("（0项职责）"));
        story.run_until("2022-10-24 08:00").await;
        let closed = digest_part(&story, heading).await;
        assert!(closed.contains("（1项职责）") && closed.contains("9.1b"), "{closed}");
        assert!(closed.contains("质安处（2022年第41周"), "{closed}");
        story.run_until("2022-10-25 10:00").await;
        assert!(digest_part(&story, heading).await.contains("（0项职责）"), "once");
        story
    })
    .await;
}

#[tokio::test]
async fn several_filings_are_accepted_in_one_act_or_none() {
    on_both_of("2022-09-20 00:00", &["12.1"], |mut story| async move {
        story.run_until("2022-09-27 10:00").await;
        let mut ids = Vec::new();
        for unit in ["质安处", "安管总站"] {
            story.file("12.1", unit, "2022-09-30", &[]).await.unwrap();
            ids.push(story.obligation("12.1", unit, "2022-09-30").await.id);
        }
        let none = story.act(OFFICE, async |actor| actor.accept_all(&[]).await).await;
        assert_eq!(refused(none), "未勾选任何事项");
        let with_none = [ids.clone(), vec![999_999]].concat();
        let one_wrong = story.act(OFFICE, async |actor| actor.accept_all(&with_none).await).await;
        assert_eq!(refused(one_wrong), "没有事项 999999");
        assert_eq!(story.obligation("12.1", "质安处", "2022-09-30").await.phase, Phase::Waiting);
        story.act(OFFICE, async |actor| actor.accept_all(&ids).await).await.unwrap();
        for unit in ["质安处", "安管总站"] {
            assert_eq!(story.obligation("12.1", unit, "2022-09-30").await.phase, Phase::Done);
        }
        // One of them back, the other stays.
        story.act(OFFICE, async |actor| actor.undo(ids[0]).await).await.unwrap();
        assert_eq!(story.obligation("12.1", "质安处", "2022-09-30").await.phase, Phase::Waiting);
        assert_eq!(story.obligation("12.1", "安管总站", "2022-09-30").await.phase, Phase::Done);
        story
    })
    .await;
}
