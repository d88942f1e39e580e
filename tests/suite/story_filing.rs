//! Stories of one filing: what is typed into a counter, what one act counts for, and what its receipt number stands for.

use axum::http::StatusCode;

use crate::support::browser::{Browser, Console};
use crate::support::shown::shown;
use crate::support::{OFFICE, Story, link, on_both_of, on_both_with, refused, seeds_of, settings};
use duban::acts::submit::NewSubmission;
use duban::domain::counter::Item;
use duban::domain::light::Light;
use duban::domain::phase::Phase;
use duban::domain::unit::UnitName;

type Fields<'a> = [(&'a str, &'a str)];

/// Files by the form and reads the receipt as it is shown.
async fn receipt(liaison: &mut Browser, id: i64, fields: &Fields<'_>) -> String {
    let filed = liaison.upload(&format!("/o/{id}/file"), fields, &[]).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", shown(&filed.text()));
    let location = filed.location().to_owned();
    shown(&liaison.get(&location).await.text())
}

/// Files by the form and is refused: the page that comes back.
async fn not_taken(liaison: &mut Browser, id: i64, fields: &Fields<'_>) -> String {
    let filed = liaison.upload(&format!("/o/{id}/file"), fields, &[]).await;
    assert_eq!(filed.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", shown(&filed.text()));
    filed.text()
}

async fn filings_of(story: &Story, id: i64) -> usize {
    story.engine.store.read().await.unwrap().submissions_for(&[id]).await.unwrap().len()
}

fn item(counter: &str, value: &str) -> Item {
    Item { counter: counter.into(), value: value.into() }
}

fn submission(unit: &str, obligations: &[i64], items: Vec<Item>, note: &str) -> NewSubmission {
    NewSubmission {
        receipt: None,
        unit: UnitName(unit.into()),
        obligations: obligations.to_vec(),
        acted_on: None,
        items,
        note: note.into(),
        files: Vec::new(),
    }
}

#[tokio::test]
async fn nothing_is_not_one_and_the_month_stays_owed() {
    on_both_of("2022-10-10 00:00", &["13.2", "5.1"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let fields = [
            ("receipt", "Rnone"),
            ("acted_on", "2022-10-12"),
            ("c0", "无"),
            ("c0", "暂无"),
            ("c1", "0个"),
            ("c2", "/"),
        ];
        let page = receipt(&mut liaison, id, &fields).await;
        for said in ["检查企业：无、暂无（不计数）", "整改突出隐患：0个（不计数）", "协调解决难题：/（不计数）"]
        {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(page.contains("还差：检查企业2家、整改突出隐患2个、协调解决难题2个"), "{page}");
        assert_eq!(story.obligation("13.2", "质安处", "2022-10").await.phase, Phase::Open);
        // Several names in one field are several, and a number is no name. All that is wrong is said at once.
        let fields = [("receipt", "Rbad"), ("acted_on", "2022-10-12"), ("c0", "2家"), ("c1", "若干"), ("c2", "2")];
        let page = not_taken(&mut liaison, id, &fields).await;
        let words = shown(&page);
        assert!(words.contains("“检查企业”应填名称") && words.contains("所填为“2家”"), "{words}");
        assert!(words.contains("“整改突出隐患”应填数目（整数，如 3 或 3个"), "{words}");
        assert!(page.contains("value=\"2家\"") && page.contains("value=\"若干\""), "what was typed is gone: {page}");
        let fields =
            [("receipt", "Rtwo"), ("acted_on", "2022-10-12"), ("c0", "A公司、B公司"), ("c1", "二"), ("c2", "１个")];
        let page = receipt(&mut liaison, id, &fields).await;
        assert!(page.contains("检查企业：A公司、B公司（2家）") && page.contains("整改突出隐患：2个"), "{page}");
        assert!(page.contains("还差：协调解决难题1个"), "{page}");
        // A level with its measure word is that level.
        let posters = story.obligation("5.1", "质安处", "2022-10").await.id;
        let fields = [("receipt", "Rlevel"), ("acted_on", "2022-10-12"), ("c0", "3条")];
        let page = receipt(&mut liaison, posters, &fields).await;
        assert!(page.contains("标语海报 3/3 条") && page.contains("按期办结"), "{page}");
        // The letter of reminder says what is missing, and only that.
        story.run_until("2022-10-24 10:00").await;
        let letters = story.letters_to(&story.address("质安处/liaison").await, "2022-10-24 08:00");
        assert!(
            letters[0].text.contains("协调解决难题1个") && !letters[0].text.contains("检查企业"),
            "{}",
            letters[0].text
        );
        assert!(!letters[0].text.contains("5.1"), "{}", letters[0].text);
        story
    })
    .await;
}

#[tokio::test]
async fn one_filing_of_four_linked_duties_counts_for_each_by_its_own_counters() {
    on_both_of("2022-10-10 00:00", &["13.2", "9.1a", "15.1", "16.1", "20.1"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let day = story.obligation("9.1a", "质安处", "2022-10-12").await.id.to_string();
        let must = story.obligation("15.1", "质安处", "2022-Q4").await.id.to_string();
        let great = story.obligation("16.1", "质安处", "2022-Q4").await.id.to_string();
        let other = story.obligation("20.1", "质安处", "2022-Q4").await.id.to_string();
        let mut liaison = console.signed_in("质安处/liaison").await;
        let form = liaison.get(&format!("/o/{id}/file")).await.text();
        assert!(shown(&form).contains("系统默认的关联") && form.contains("inputmode=\"numeric\""), "{form}");
        for (offered, yes) in [(&day, true), (&must, true), (&great, true), (&other, false)] {
            assert_eq!(form.contains(&format!("name=\"also\" value=\"{offered}\"")), yes, "{offered}");
        }
        assert!(form.contains(&format!("name=\"c0-{day}\"")), "the day's own counter is not asked");
        let visits = format!("c0-{day}");
        let own = [("acted_on", "2022-10-12"), ("c0", "A公司"), ("c1", "1"), ("also", day.as_str())];
        let ticked = |more: &[(&'static str, String)]| {
            let mut fields: Vec<(String, String)> = own.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            fields.extend(more.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
            fields
        };
        // One that is not linked: nothing is filed for any.
        let all = ticked(&[("receipt", "Rall".into()), ("also", other.clone()), ("also", must.clone())]);
        let all: Vec<(&str, &str)> = all.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let words = shown(&not_taken(&mut liaison, id, &all).await);
        assert!(words.contains("一次报送 13.2 不能同时计入 20.1；可同时计入的是 9.1a、15.1、16.1"), "{words}");
        assert_eq!((filings_of(&story, id).await, filings_of(&story, other.parse().unwrap()).await), (0, 0));
        // The four that are: the day by its own counter, the quarters by the act.
        let four = ticked(&[("receipt", "Rfour".into()), ("also", must), ("also", great)]);
        let mut four: Vec<(&str, &str)> = four.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        four.push((visits.as_str(), "一次"));
        let page = receipt(&mut liaison, id, &four).await;
        assert!(page.contains("检查企业：A公司（1家）；整改突出隐患：1个；执法检查：1次"), "{page}");
        assert!(page.contains("还差：检查企业1家、整改突出隐患1个、协调解决难题2个"), "{page}");
        for (duty, period) in [("9.1a", "2022-10-12"), ("15.1", "2022-Q4"), ("16.1", "2022-Q4")] {
            assert_eq!(story.light(duty, "质安处", period).await, Light::Green, "{duty}");
        }
        assert_eq!(story.obligation("13.2", "质安处", "2022-10").await.phase, Phase::Open);
        assert_eq!(story.obligation("20.1", "质安处", "2022-Q4").await.phase, Phase::Open);
        let seen = shown(&liaison.get(&format!("/o/{day}")).await.text());
        assert!(seen.contains("同时计入：13.2 挂牌企业月度指导（2022年10月）"), "{seen}");
        // The next morning chases who did not file that day, and not who filed it as a linked one.
        story.run_until("2022-10-13 10:00").await;
        assert_eq!(story.told_of("9.1a", "质安处", "2022-10-12").await, []);
        let other = story.told_of("9.1a", "物业处", "2022-10-12").await;
        assert!(other.iter().any(|(at, kind, _)| at == "10-13 09:00" && kind == "chase"), "{other:?}");
        story
    })
    .await;
}

#[tokio::test]
async fn a_linked_duty_without_its_own_figure_is_not_counted_and_one_period_is_chosen() {
    on_both_of("2022-09-26 00:00", &["13.2", "9.1a", "15.1"], |mut story| async move {
        story.run_until("2022-10-12 10:00").await;
        let (id, day) = (
            story.obligation("13.2", "质安处", "2022-10").await.id,
            story.obligation("9.1a", "质安处", "2022-10-12").await.id,
        );
        let file = async |new: &NewSubmission| story.act("质安处/liaison", async |actor| actor.submit(new).await).await;
        // The order in which they are named does not matter.
        let new = submission("质安处", &[day, id], vec![item("检查企业", "A公司")], "");
        let receipt = file(&new).await.unwrap();
        assert_eq!(receipt.said, ["检查企业：A公司（1家）"]);
        assert_eq!(story.obligation("9.1a", "质安处", "2022-10-12").await.phase, Phase::Open);
        // 无 is nothing that was done: it answers its own counters and nothing else.
        let quarter = story.obligation("15.1", "质安处", "2022-Q4").await.id;
        let new = submission("质安处", &[id, quarter], vec![item("检查企业", "无")], " ");
        assert_eq!(refused(file(&new).await), "报送没有内容；请写明办理情况，或填写数目、名称，或附佐证");
        let new = submission("质安处", &[quarter], Vec::new(), "");
        assert!(refused(file(&new).await).contains("报送没有内容"));
        // A missed quarter and the present one: the act counts for one of them.
        let earlier = story.obligation("15.1", "质安处", "2022-Q3").await.id;
        let new = submission("质安处", &[id, earlier, quarter], vec![item("检查企业", "B公司")], "检查");
        assert_eq!(refused(file(&new).await), "一次办理在 15.1 中只能计入一期；请只选一期");
        // A sentence for the month and the day: the month's own filing names nothing that the day counts.
        let new = submission("质安处", &[id, day], Vec::new(), "检查了两处工地");
        let receipt = file(&new).await.unwrap();
        assert_eq!(receipt.said, ["执法检查：0次（不计数）"]);
        assert_eq!(story.obligation("9.1a", "质安处", "2022-10-12").await.phase, Phase::Open);
        // The day by itself is one act.
        let new = submission("质安处", &[day, quarter], Vec::new(), "检查了两处工地");
        assert_eq!(file(&new).await.unwrap().said, ["执法检查：1次"]);
        assert_eq!(story.light("9.1a", "质安处", "2022-10-12").await, Light::Green);
        story
    })
    .await;
}

#[tokio::test]
async fn more_than_three_linked_ones_wait_until_they_are_reviewed() {
    let mut seeds = seeds_of(&["13.2", "15.1", "16.1", "20.1", "25.1"]);
    link(&mut seeds, "13.2", &["15.1", "16.1", "20.1", "25.1"]);
    on_both_with("2022-10-10 00:00", settings(), &seeds, |mut story| async move {
        story.run_until("2022-10-12 10:00").await;
        let mut ids = Vec::new();
        for (duty, period) in
            [("13.2", "2022-10"), ("15.1", "2022-Q4"), ("16.1", "2022-Q4"), ("20.1", "2022-Q4"), ("25.1", "2022-Q4")]
        {
            ids.push(story.obligation(duty, "质安处", period).await.id);
        }
        let items = vec![item("检查企业", "A公司、B公司"), item("整改突出隐患", "2"), item("协调解决难题", "两个")];
        let new = submission("质安处", &ids, items, "");
        let receipt = story.act("质安处/liaison", async |actor| actor.submit(&new).await).await.unwrap();
        let words: Vec<&str> = receipt.obligations.iter().map(|stands| stands.word).collect();
        assert_eq!(words, ["按期办结", "按期报送，待审", "按期报送，待审", "按期报送，待审", "按期报送，待审"]);
        // They stand on the office's digest, close once accepted, and what is enough without it does not wait.
        story.run_until("2022-10-13 10:00").await;
        let digest = story.letters_to(&story.address(OFFICE).await, "2022-10-13 08:00");
        assert!(digest[0].text.contains("15.1") && !digest[0].text.contains("13.2"), "{}", digest[0].text);
        story.act(OFFICE, async |actor| actor.accept(ids[1]).await).await.unwrap();
        assert_eq!(story.obligation("15.1", "质安处", "2022-Q4").await.phase, Phase::Done);
        story.file("16.1", "质安处", "2022-Q4", &[]).await.unwrap();
        assert_eq!(story.obligation("16.1", "质安处", "2022-Q4").await.phase, Phase::Done);
        assert_eq!(story.obligation("20.1", "质安处", "2022-Q4").await.phase, Phase::Waiting);
        story
    })
    .await;
}

#[tokio::test]
async fn a_receipt_number_stands_for_one_content() {
    on_both_of("2022-10-10 00:00", &["13.2", "15.1"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let path = format!("/o/{id}/file");
        let first = [("receipt", "Rone"), ("acted_on", "2022-10-12"), ("c0", "A公司"), ("note", "首次")];
        receipt(&mut liaison, id, &first).await;
        // The same again, however it is written, is received already.
        let again = [("receipt", "Rone"), ("acted_on", "2022-10-12"), ("c0", " A公司 "), ("note", "首次")];
        receipt(&mut liaison, id, &again).await;
        // Another enterprise and a file under it: refused, and what was typed stays, under a number of its own.
        let more = [("receipt", "Rone"), ("acted_on", "2022-10-12"), ("c0", "A公司；B公司"), ("note", "补一家")];
        let page = liaison.upload(&path, &more, &[("files", "照片.txt", b"evidence")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(shown(&page.text()).contains("回执号 Rone 已用于另一份内容不同的报送，本次未受理"), "{}", page.text());
        assert!(page.text().contains("value=\"A公司；B公司\"") && page.text().contains("补一家"), "{}", page.text());
        let fresh = page.field("receipt");
        assert_ne!(fresh, "Rone");
        let anew = [("receipt", fresh.as_str()), more[1], more[2], more[3]];
        let page = receipt(&mut liaison, id, &anew).await;
        assert!(page.contains("检查企业：A公司、B公司（2家）"), "{page}");
        // Other days, other notes, other things that it counts for are other content; so it is after a correction,
        // while what was sent at first is known again.
        let mut new = submission("质安处", &[id], vec![item("检查企业", "C公司")], "第三次");
        new.receipt = Some("K-1".into());
        let file = async |new: &NewSubmission| story.act("质安处/liaison", async |actor| actor.submit(new).await).await;
        assert!(!file(&new).await.unwrap().repeated);
        let quarter = story.obligation("15.1", "质安处", "2022-Q4").await.id;
        for other in [
            NewSubmission { acted_on: Some("2022-10-11".parse().unwrap()), ..new.clone() },
            NewSubmission { note: "第四次".into(), ..new.clone() },
            NewSubmission { obligations: vec![id, quarter], ..new.clone() },
            NewSubmission {
                items: vec![item("检查企业", "C公司"), item("整改突出隐患", "1")], ..new.clone()
            },
            NewSubmission { files: vec![("a".repeat(64), "照片.jpg".into(), 8)], ..new.clone() },
        ] {
            assert!(refused(file(&other).await).contains("K-1 已用于另一份"), "{other:?}");
        }
        let correction = duban::acts::correct::Correction { note: Some("更正".into()), ..Default::default() };
        story.act("质安处/liaison", async |actor| actor.correct("K-1", &correction).await).await.unwrap();
        assert!(file(&new).await.unwrap().repeated);
        assert_eq!(filings_of(&story, id).await, 3);
        story
    })
    .await;
}

#[tokio::test]
async fn a_duty_of_its_own_day_has_its_day_filled_in() {
    on_both_of("2022-10-10 00:00", &["9.1a"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let id = story.obligation("9.1a", "质安处", "2022-10-11").await.id;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let form = liaison.get(&format!("/o/{id}/file")).await.text();
        assert!(form.contains("value=\"2022-10-11\" readonly"), "{form}");
        // Whatever a browser sends, the day is the day's.
        let fields = [("receipt", "Rday"), ("acted_on", "2022-10-12"), ("c0", "1")];
        let page = receipt(&mut liaison, id, &fields).await;
        assert!(page.contains("2022年10月11日") && page.contains("逾期补办"), "{page}");
        story
    })
    .await;
}

#[tokio::test]
async fn taking_back_asks_first_and_the_console_corrects() {
    on_both_of("2022-10-10 00:00", &["13.2", "15.1"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let id = story.obligation("13.2", "质安处", "2022-10").await.id;
        let quarter = story.obligation("15.1", "质安处", "2022-Q4").await.id;
        let items = vec![item("检查企业", "A公司、B公司"), item("整改突出隐患", "2"), item("协调解决难题", "1")];
        let mut new = submission("质安处", &[id, quarter], items, "月度检查");
        new.receipt = Some("Rmonth".into());
        story.act("质安处/liaison", async |actor| actor.submit(&new).await).await.unwrap();
        let mut liaison = console.signed_in("质安处/liaison").await;
        // 更正: the form holds what was filed; what cannot be read is refused and comes back.
        let form = liaison.get("/filed/Rmonth/correct").await.text();
        assert!(form.contains("value=\"A公司；B公司\"") && form.contains("月度检查"), "{form}");
        let (firms, faults, matters) = (format!("c0-{id}"), format!("c1-{id}"), format!("c2-{id}"));
        let fields = |matter| {
            [
                ("acted_on", "2022-10-12"),
                (firms.as_str(), "A公司；B公司"),
                (faults.as_str(), "2"),
                (matters.as_str(), matter),
                ("note", "月度检查，数目更正"),
            ]
        };
        let wrong = liaison.post("/filed/Rmonth/correct", &fields("两三个")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(shown(&wrong.text()).contains("“协调解决难题”应填数目") && wrong.text().contains("value=\"两三个\""));
        let right = liaison.post("/filed/Rmonth/correct", &fields("两个")).await;
        assert_eq!((right.status, right.location()), (StatusCode::SEE_OTHER, "/filed/Rmonth?done=correct"));
        assert_eq!(story.light("13.2", "质安处", "2022-10").await, Light::Green);
        // 撤回: asking changes nothing and says what would.
        let asked = shown(&liaison.get("/filed/Rmonth/withdraw").await.text());
        assert!(asked.contains("按期办结 → 未到期"), "{asked}");
        assert_eq!(story.light("13.2", "质安处", "2022-10").await, Light::Green);
        // After the deadline it would be a miss.
        story.run_until("2022-11-02 10:00").await;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let asked = shown(&liaison.get("/filed/Rmonth/withdraw").await.text());
        assert!(asked.contains("（2022年10月）：按期办结 → 逾期未办"), "{asked}");
        let done = liaison.post("/filed/Rmonth/withdraw", &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        story.pass().await;
        story.run_until("2022-11-02 10:01").await;
        assert_eq!(story.light("13.2", "质安处", "2022-10").await, Light::Red);
        let twice = shown(&liaison.get("/filed/Rmonth/withdraw").await.text());
        assert!(twice.contains("回执 Rmonth 已撤回"), "{twice}");
        let mut other = console.signed_in("物业处/liaison").await;
        for path in ["/filed/Rmonth/correct", "/filed/Rmonth/withdraw"] {
            assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND);
        }
        story
    })
    .await;
}
