//! Stories of decisions in the console and by the interface: the reason where it is read, the form as it was filed, one queue,
//! several at once, taken back.

use axum::http::StatusCode;

use crate::support::browser::Console;
use crate::support::{OFFICE, on_both_of};
use duban::domain::phase::Phase;

const REASON: &str = "检查记录缺少签字";

#[tokio::test]
async fn a_returned_filing_comes_back_to_the_form_with_its_reason_and_its_files() {
    on_both_of("2022-10-01 00:00", &["13.2"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-08 10:00").await;
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let counted = [("acted_on", "2022-10-07"), ("c0", "某甲公司"), ("c0", "某乙公司"), ("c1", "2"), ("c2", "2")];
        let first = [&[("receipt", "Rfirst"), ("note", "两家已查")][..], &counted].concat();
        let files: [(&str, &str, &[u8]); 2] = [("files", "记录.txt", b"record"), ("files", "照片.txt", b"picture")];
        let filed = liaison.upload(&format!("/o/{id}/file"), &first, &files).await;
        assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());
        // The office is offered the deadline in force, and no day before it.
        let mut office = console.signed_in(OFFICE).await;
        let page = office.get(&format!("/o/{id}")).await.text();
        assert!(page.contains("min=\"2022-10-31\" value=\"2022-10-31\""), "{page}");
        let sent = [("reason", REASON), ("until", "2022-10-31")];
        assert_eq!(office.post(&format!("/o/{id}/return"), &sent).await.status, StatusCode::SEE_OTHER);
        let due_at = story.obligation("13.2", "质安处", "2022-10").await.round.due_at;
        assert_eq!(due_at, crate::support::at("2022-10-31 18:00"), "the day that is offered is the very deadline");
        // List, head of the page and form say why; the list says what was decided.
        let todo = liaison.get("/todo").await.text();
        assert!(todo.contains(&format!("退回理由：{REASON}")) && todo.contains("办理结果（近30日）"), "{todo}");
        let shown = liaison.get(&format!("/o/{id}")).await.text();
        assert!(shown.contains(&format!("<dt>退回理由</dt><dd>{REASON}</dd>")), "{shown}");
        let form = liaison.get(&format!("/o/{id}/file")).await;
        let text = form.text();
        for filled in
            [REASON, "value=\"2022-10-07\"", "value=\"某甲公司\"", "value=\"某乙公司\"", ">两家已查</textarea>"]
        {
            assert!(text.contains(filled), "{filled}: {text}");
        }
        for file in ["Rfirst/0", "Rfirst/1"] {
            assert!(text.contains(&format!("name=\"keep\" value=\"{file}\" checked")), "{file}: {text}");
        }
        // Refiled without a second upload; what is unticked stays behind.
        let receipt = form.field("receipt");
        let again =
            [&[("receipt", receipt.as_str()), ("keep", "Rfirst/1"), ("note", "已补签字")][..], &counted].concat();
        let refiled = liaison.upload(&format!("/o/{id}/file"), &again, &[]).await;
        assert_eq!(refiled.status, StatusCode::SEE_OTHER, "{}", refiled.text());
        assert_eq!(liaison.get(&format!("/filed/{receipt}/files/0")).await.bytes, b"picture");
        assert_eq!(liaison.get(&format!("/filed/{receipt}/files/1")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(story.obligation("13.2", "质安处", "2022-10").await.phase, Phase::Waiting);
        let queue = office.get("/review").await.text();
        assert!(queue.contains(&format!("此前退回理由：{REASON}")), "{queue}");
        // Another unit's files are nobody else's to keep.
        let theirs = story.obligation("13.2", "市场处", "2022-10").await.id;
        let mut market = console.signed_in("市场处/liaison").await;
        let sent = [("keep", "Rfirst/1"), ("acted_on", "2022-10-08")];
        let taken = market.upload(&format!("/o/{theirs}/file"), &sent, &[]).await;
        assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(taken.text().contains("没有回执 Rfirst"), "{}", taken.text());
        story
    })
    .await;
}

#[tokio::test]
async fn all_that_waits_stands_in_one_queue_and_several_are_accepted_in_it() {
    on_both_of("2022-09-20 00:00", &["12.1", "9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-09-27 10:00").await;
        let mut ids = Vec::new();
        for unit in ["质安处", "安管总站", "市场处"] {
            story.file("12.1", unit, "2022-09-30", &[]).await.unwrap();
            ids.push(story.obligation("12.1", unit, "2022-09-30").await.id.to_string());
        }
        let weekly = story.obligation("9.1b", "质安处", "2022-W39").await.id;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let asked = [("until", "2022-10-12"), ("reason", "人员抽调")];
        assert_eq!(liaison.post(&format!("/o/{weekly}/extend"), &asked).await.status, StatusCode::SEE_OTHER);
        assert!(liaison.get("/todo").await.text().contains("申请与异议，待答复（1项）"));
        let mut office = console.signed_in(OFFICE).await;
        let queue = office.get("/review").await.text();
        for part in ["待审核（3项）", "申请与异议（1项）", "通报建议（0项）", "没有待核定的“未提醒”"]
        {
            assert!(queue.contains(part), "{part}: {queue}");
        }
        let none = office.post("/review/accept", &[]).await;
        assert!(none.status == StatusCode::UNPROCESSABLE_ENTITY && none.text().contains("未勾选任何事项"));
        let ticked: Vec<(&str, &str)> = ids[..2].iter().map(|id| ("id", id.as_str())).collect();
        let accepted = office.post("/review/accept", &ticked).await;
        assert_eq!(accepted.location(), "/review?done=accept-2");
        let queue = office.get("/review?done=accept-2").await.text();
        assert!(queue.contains("已审核通过 2 项") && queue.contains("待审核（1项）"), "{queue}");
        assert!(queue.contains("尚可撤销（2项）"), "{queue}");
        let undone = office.post(&format!("/o/{}/undo", ids[0]), &[("back", "review")]).await;
        assert_eq!(undone.location(), "/review?done=undo");
        assert_eq!(story.obligation("12.1", "质安处", "2022-09-30").await.phase, Phase::Waiting);
        // The unit's own list says how what it asked for was answered.
        let answered = [("back", "review"), ("verdict", "refuse"), ("until", "2022-10-12"), ("answer", "按期办理")];
        assert_eq!(
            office.post(&format!("/o/{weekly}/extension"), &answered).await.location(),
            "/review?done=extension"
        );
        let todo = liaison.get("/todo").await.text();
        assert!(todo.contains("不同意延期：按期办理") && !todo.contains("待答复（"), "{todo}");
        let mut other = console.signed_in("办公室/liaison").await;
        assert!(!other.get("/todo").await.text().contains("办理结果"), "another unit's");
        story
    })
    .await;
}
