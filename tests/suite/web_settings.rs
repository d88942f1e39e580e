//! Stories of the office and the administrator: occasions, posts, units, calendar, duties, ladders; and who may not.

use std::collections::BTreeSet;

use axum::http::StatusCode;

use crate::support::browser::{Browser, Console, options};
use crate::support::{self, OFFICE, Story, at, day, on_both, on_both_of, post, refused};
use duban::acts::catalogue::{Agreed, changes};
use duban::acts::entry;
use duban::acts::event::NewEvent;
use duban::acts::submit::NewSubmission;
use duban::domain::calendar::YearStatus;
use duban::domain::light::Light;
use duban::domain::phase::Phase;
use duban::read::preview;

const ADMIN: &str = "委安委办/admin";
const AUDITOR: &str = "委安委办/auditor";

/// Sends a form that is taken, and says where it leads.
async fn taken(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = browser.post(path, fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.text());
    answer.location().to_owned()
}

/// Sends a form that is refused, and gives the page that says so.
async fn refused_page(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = browser.post(path, fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}: {}", answer.text());
    answer.text()
}

#[tokio::test]
async fn an_event_is_opened_answered_and_closed_as_a_false_alarm() {
    on_both("2022-10-12 08:00", |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let mut office = console.signed_in(OFFICE).await;
        // The future is refused, and what was filled in comes back.
        let ahead = [("type", "极端天气预警"), ("at", "2022-10-12T23:00"), ("place", "全市暴雨红色预警"), ("id", "")];
        let page = refused_page(&mut office, "/occasions/events", &ahead).await;
        assert!(page.contains("事件时间尚未到来") && page.contains("value=\"全市暴雨红色预警\""), "{page}");
        let events = async |story: &Story| story.engine.store.read().await.unwrap().events().await.unwrap();
        assert!(events(&story).await.is_empty());
        let form = [("type", "极端天气预警"), ("at", "2022-10-12T10:00"), ("place", "全市暴雨红色预警"), ("id", "")];
        let clean = taken(&mut office, "/occasions/events", &form).await;
        assert_eq!(clean, "/occasions?done=open-event");
        let opened = events(&story).await.remove(0);
        let id = opened.event.id.clone();
        assert!(id.starts_with('E') && opened.event.at == at("2022-10-12 10:00"), "{opened:?}");
        story.run_until("2022-10-12 10:05").await;
        let period = format!("event:{id}");
        let owed = story.engine.store.read().await.unwrap().obligations_of_period(&period).await.unwrap();
        assert!(owed.len() > 1, "{owed:?}");
        let first = &owed[0].obligation;
        let unit = &first.owners[0].0;
        // One answers by one press of a button, and the page says who has.
        let mut liaison = console.signed_in(&format!("{unit}/liaison")).await;
        taken(&mut liaison, &format!("/o/{}/answer", first.id), &[]).await;
        let page = office.get(&format!("/occasions/events/{id}")).await.text();
        assert!(page.contains(&format!("1/{}", owed.len())), "{page}");
        assert!(page.contains(&format!("{unit}：10月12日 10:05报送")), "{page}");
        assert!(page.contains("尚未报送"));
        // What asks for a report is not answered by a button, neither on the page nor by its address.
        let report =
            owed.iter().find(|row| row.obligation.duty.0 == "46.2" && row.obligation.owners[0].0 == *unit).unwrap();
        let report = report.obligation.id;
        let page = liaison.get(&format!("/o/{report}")).await.text();
        assert!(page.contains("/file") && !page.contains("/answer"), "{page}");
        let page = refused_page(&mut liaison, &format!("/o/{report}/answer"), &[]).await;
        assert!(page.contains("不能以叫应代替报送"), "{page}");
        // A false alarm needs its reason.
        let close = format!("/occasions/events/{id}/close");
        let page = refused_page(&mut office, &close, &[("how", "false-alarm"), ("reason", " ")]).await;
        assert!(page.contains("未填误报说明"), "{page}");
        taken(&mut office, &close, &[("how", "false-alarm"), ("reason", "预警已撤销")]).await;
        let stored = events(&story).await.remove(0);
        assert!(stored.false_alarm && stored.closed_at == Some(at("2022-10-12 10:05")), "{stored:?}");
        let after = story.engine.store.read().await.unwrap().obligations_of_period(&period).await.unwrap();
        assert!(after.iter().skip(1).all(|row| row.obligation.phase == Phase::Waived), "{after:?}");
        assert_ne!(after[0].obligation.phase, Phase::Waived, "what was answered stands");
        assert!(office.get("/occasions").await.text().contains("以误报结束"));
        let again = refused_page(&mut office, &close, &[("how", "over"), ("reason", "")]).await;
        assert!(again.contains("已结束"));
        story
    })
    .await;
}

#[tokio::test]
async fn a_node_is_opened_extended_and_closed() {
    on_both_of("2022-08-01 00:00", &["5.3"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-08-01 10:00").await;
        let mut office = console.signed_in(OFFICE).await;
        let backwards = [("name", "高温汛期"), ("first", "2022-08-09"), ("last", "2022-08-03"), ("id", "heat")];
        let page = refused_page(&mut office, "/occasions/nodes", &backwards).await;
        assert!(page.contains("早于起始日") && page.contains("value=\"高温汛期\""), "{page}");
        let form = [("name", "高温汛期"), ("first", "2022-08-02"), ("last", "2022-08-10"), ("id", "heat")];
        taken(&mut office, "/occasions/nodes", &form).await;
        story.run_until("2022-08-02 10:00").await;
        let unit = "宣教处";
        assert_eq!(story.obligation("5.3", unit, "node:heat").await.round.due_at, at("2022-08-11 00:00"));
        // The night was longer than a session.
        let mut office = console.signed_in(OFFICE).await;
        taken(&mut office, "/occasions/nodes/heat/extend", &[("last", "2022-08-12")]).await;
        assert_eq!(story.obligation("5.3", unit, "node:heat").await.round.due_at, at("2022-08-13 00:00"));
        taken(&mut office, "/occasions/nodes/heat/close", &[]).await;
        assert_eq!(story.obligation("5.3", unit, "node:heat").await.round.due_at, at("2022-08-03 00:00"));
        assert!(office.get("/occasions").await.text().contains("提前结束"));
        story
    })
    .await;
}

#[tokio::test]
async fn a_post_is_handed_over_and_letters_go_to_the_new_address_from_that_day_on() {
    on_both_of("2022-10-10 00:00", &["9.1a"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-11 10:00").await;
        let old = story.address("质安处/liaison").await;
        let mut liaison = console.signed_in("质安处/liaison").await;
        let open = liaison.get("/me/hand-over").await.text();
        assert!(open.contains("9.1a"), "what is open is listed for the successor: {open}");
        let form = |from| [("holder", "某乙"), ("address", "yi@example.com"), ("from", from)];
        let page = refused_page(&mut liaison, "/me/hand-over", &form("2022-10-10")).await;
        assert!(page.contains("起始日 2022-10-10 已过") && page.contains("value=\"yi@example.com\""), "{page}");
        taken(&mut liaison, "/me/hand-over", &form("2022-10-13")).await;
        story.run_until("2022-10-12 17:00").await;
        assert!(story.letters_to("yi@example.com", "2022-10-10 00:00").is_empty());
        assert!(!story.letters_to(&old, "2022-10-12 00:00").is_empty());
        story.run_until("2022-10-13 17:00").await;
        assert!(!story.letters_to("yi@example.com", "2022-10-13 00:00").is_empty());
        assert!(story.letters_to(&old, "2022-10-13 00:00").is_empty());
        // The office does so for any post, with a stand-in.
        let mut office = console.signed_in(OFFICE).await;
        let form = [
            ("post", "质安处/liaison"),
            ("holder", "某丙"),
            ("address", "bing@example.com"),
            ("from", "2022-10-14"),
            ("stand_in", "ding@example.com"),
            ("stand_in_from", "2022-10-14"),
            ("stand_in_until", ""),
        ];
        let half = refused_page(&mut office, "/posts/change", &form).await;
        assert!(half.contains("代班须同时填写"), "{half}");
        let whole: Vec<(&str, &str)> = form[..6].iter().copied().chain([("stand_in_until", "2022-10-14")]).collect();
        assert_eq!(taken(&mut office, "/posts/change", &whole).await, "/posts?done=change");
        story.run_until("2022-10-14 17:00").await;
        assert!(!story.letters_to("ding@example.com", "2022-10-14 00:00").is_empty());
        assert!(story.letters_to("bing@example.com", "2022-10-14 00:00").is_empty());
        let mut auditor = console.signed_in(AUDITOR).await;
        assert!(auditor.get("/posts").await.text().contains("ding@example.com"));
        // A digest's link shows who holds what, and nobody's address.
        let spans = options().spans;
        let secret =
            entry::begin_session(&console.engine, &post(OFFICE), "letter:1", "test", "read", spans).await.unwrap();
        let mut reader = console.stranger();
        reader.cookie = Some(format!("duban={secret}"));
        let page = reader.get("/posts").await.text();
        assert!(page.contains("某丙") && !page.contains("@example.com"), "{page}");
        story
    })
    .await;
}

#[tokio::test]
async fn nobody_hands_over_anothers_post() {
    on_both_of("2022-10-10 09:00", &["9.1b"], |story| async move {
        let console = Console::of(&story);
        let holders = async || story.engine.store.read().await.unwrap().holders().await.unwrap().len();
        let before = holders().await;
        // The page hands over its visitor's own post, whatever a forged field may name.
        let mut liaison = console.signed_in("质安处/liaison").await;
        for other in ["办公室/liaison", "质安处/head"] {
            let form = [("post", other), ("holder", "某乙"), ("address", "yi@example.com"), ("from", "2022-10-10")];
            assert_eq!(liaison.post("/posts/change", &form).await.status, StatusCode::FORBIDDEN);
            taken(&mut liaison, "/me/hand-over", &form).await;
            assert_ne!(story.address(other).await, "yi@example.com");
        }
        assert_eq!(story.address("质安处/liaison").await, "yi@example.com");
        assert_eq!(holders().await, before + 2);
        // And so do the acts: not another unit's post, not one above one's own.
        let takeover = |whose: &str| duban::acts::roster::Takeover {
            post: post(whose),
            holder: "某乙".into(),
            address: "yi@example.com".into(),
            from_on: None,
            stand_in: None,
        };
        for (by, whose) in [
            ("质安处/head", "办公室/liaison"),
            ("质安处/liaison", "质安处/head"),
            ("委安委办/liaison", OFFICE),
            (AUDITOR, "委安委办/liaison"),
        ] {
            let words = refused(story.act(by, async |actor| actor.set_post(&takeover(whose)).await).await);
            assert!(words.contains(whose), "{by}: {words}");
        }
        assert_eq!(holders().await, before + 2);
        story
    })
    .await;
}

#[tokio::test]
async fn a_csv_with_mistakes_changes_nothing_and_names_each() {
    on_both_of("2022-10-10 09:00", &["9.1b"], |story| async move {
        let console = Console::of(&story);
        let mut office = console.signed_in(OFFICE).await;
        let holders = async || story.engine.store.read().await.unwrap().holders().await.unwrap().len();
        let before = holders().await;
        let csv = "unit,role,holder,address\n质安处,liaison,某甲,jia@example.com\n质安所,liaison,某乙,yi@example.com\n\
                   办公室,head,某丙,bing at example.com\n";
        let answer = office.upload("/posts/import", &[], &[("file", "posts.csv", csv.as_bytes())]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text();
        assert!(page.contains("文件有2处错误，未作任何更改"), "{page}");
        for (place, what) in [("A3", "质安所"), ("D4", "bing at example.com")] {
            assert!(page.contains(&format!("<td>posts.csv</td><td>{place}</td>")), "{place}: {page}");
            assert!(page.contains(what), "{page}");
        }
        assert_eq!(holders().await, before, "nothing is half taken");
        let none = office.upload("/posts/import", &[], &[]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        let good = "unit,role,holder,address\n质安处,liaison,某甲,jia@example.com\n";
        let answer = office.upload("/posts/import", &[], &[("file", "posts.csv", good.as_bytes())]).await;
        assert_eq!(answer.location(), "/posts?done=import&n=1");
        assert_eq!(story.address("质安处/liaison").await, "jia@example.com");
        story
    })
    .await;
}

#[tokio::test]
async fn a_unit_joins_and_leaves() {
    on_both_of("2022-10-10 09:00", &["9.1c"], |mut story| async move {
        let console = Console::of(&story);
        let mut admin = console.signed_in(ADMIN).await;
        let form = [("name", "轨道安监处"), ("kind", "机关处室"), ("group", "安全监管单位"), ("joined", "2022-10-10")];
        let page = refused_page(&mut admin, "/units/change", &form).await;
        assert!(page.contains("不在今日之后") && page.contains("value=\"轨道安监处\""), "{page}");
        let form = [("name", "轨道安监处"), ("kind", "机关处室"), ("group", "安全监管单位"), ("joined", "2022-10-17")];
        taken(&mut admin, "/units/change", &form).await;
        story.run_until("2022-10-12 10:00").await;
        assert_eq!(story.obligation("9.1c", "轨道安监处", "2022-11").await.phase, Phase::Scheduled);
        assert_eq!(story.obligation("9.1c", "质安处", "2022-10").await.phase, Phase::Open);
        let mut admin = console.signed_in(ADMIN).await;
        let leave = [("name", "质安处"), ("on", "2022-10-12"), ("reason", "")];
        assert!(refused_page(&mut admin, "/units/leave", &leave).await.contains("未填理由"));
        let leave = [("name", "质安处"), ("on", "2022-10-12"), ("reason", "机构调整")];
        let page = refused_page(&mut admin, "/units/leave", &leave).await;
        assert!(page.contains("9.1c 2022-10") && page.contains("影响已核对，确认离开"), "{page}");
        assert_eq!(story.light("9.1c", "质安处", "2022-10").await, Light::Grey);
        let leave = [leave.as_slice(), &[("confirmed", "1")]].concat();
        taken(&mut admin, "/units/leave", &leave).await;
        assert_eq!(story.light("9.1c", "质安处", "2022-10").await, Light::White);
        let page = admin.get("/units").await.text();
        assert!(
            page.contains("将于2022年10月17日（周一）加入") && page.contains("已于2022年10月12日（周三）离开"),
            "{page}"
        );
        story
    })
    .await;
}

#[tokio::test]
async fn a_year_is_shown_in_words_and_a_notice_is_taken_in() {
    on_both_of("2022-10-10 09:00", &["9.1b"], |story| async move {
        let console = Console::of(&story);
        let mut office = console.signed_in(OFFICE).await;
        let year = office.get("/calendar/2022").await.text();
        assert!(
            year.contains("国庆节：10月1日至10月7日放假") && year.contains("国庆节：10月8日至10月9日上班（调休）"),
            "{year}"
        );
        assert!(!year.contains("暂定"), "{year}");
        // Found in the seeds as not published: said in words on every month.
        let known = story.engine.known().await.unwrap();
        let unsettled = (2023..2100).find(|year| known.calendar.year(*year) == YearStatus::NotPublished).unwrap();
        let path = format!("/calendar/{unsettled}");
        assert!(office.get(&path).await.text().contains("12月（暂定）"));
        let bad = format!(
            "date,name,kind,status\n{unsettled}-02-30,春节,holiday,notice\n{unsettled}-05-01,劳动节,day off,notice\n"
        );
        let answer = office.upload(&format!("{path}/import"), &[], &[("file", "notice.csv", bad.as_bytes())]).await;
        let page = answer.text();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            page.contains("文件有2处错误") && page.contains("<td>A2</td>") && page.contains("<td>C3</td>"),
            "{page}"
        );
        let good = format!(
            "date,name,kind,status\n{unsettled}-05-01,劳动节,holiday,notice\n{unsettled}-05-02,劳动节,holiday,notice\n"
        );
        // Shown first, with what is in doubt; the second press takes it in, and nothing but what was shown.
        let import = format!("{path}/import");
        let shown = office.upload(&import, &[], &[("file", "notice.csv", good.as_bytes())]).await.text();
        assert!(shown.contains(&format!("{unsettled}-05-01")) && shown.contains("未列 → 劳动节放假"), "{shown}");
        assert!(shown.contains(&format!("{unsettled}年没有列出国庆放假")) && shown.contains("仍要导入"), "{shown}");
        assert!(office.get(&path).await.text().contains("暂定"), "nothing has changed yet");
        let hidden = |name: &str| {
            let field = shown.split_once(&format!("name=\"{name}\" value=\"")).unwrap().1;
            field.split_once("\">").unwrap().0.replace("&#34;", "\"").replace("&#10;", "\n")
        };
        let (notice, mark) = (hidden("text"), hidden("mark"));
        let other = office.upload(&import, &[("text", &notice), ("mark", "other")], &[]).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        let answer = office.upload(&import, &[("text", &notice), ("mark", &mark)], &[]).await;
        assert_eq!(answer.location(), format!("{path}?done=2&moved=0"), "{notice}");
        let page = office.get(&path).await.text();
        assert!(page.contains("劳动节：5月1日至5月2日放假") && !page.contains("暂定"), "{page}");
        assert_eq!(office.get("/calendar/99999").await.status, StatusCode::NOT_FOUND);
        story
    })
    .await;
}

/// The duties' file with another cadence for 9.1b's sister.
fn changed_duties() -> String {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/duties.toml")).unwrap();
    let at = text.find("id = \"1.2\"").unwrap();
    let (before, after) = text.split_at(at);
    format!("{before}{}", after.replacen("年度考核安全权重", "年度考核安全占比", 1))
}

#[tokio::test]
async fn the_catalogue_changes_by_exactly_what_was_shown() {
    on_both("2022-10-10 09:00", |story| async move {
        let console = Console::of(&story);
        let mut admin = console.signed_in(ADMIN).await;
        let versions = async || story.engine.known().await.unwrap().versions.len();
        // A mistake is told with its place, an unknown file by its name.
        let broken = changed_duties().replacen("cadence = \"yearly\"", "cadence = \"yearlyy\"", 1);
        let line = broken.lines().position(|line| line.contains("yearlyy")).unwrap() + 1;
        let files: [(&str, &str, &[u8]); 2] =
            [("files", "duties.toml", broken.as_bytes()), ("files", "other.toml", b"")];
        let answer = admin.upload("/duties/changes", &[("effective", "")], &files[..1]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(&format!("第{line}行")), "{}", answer.text());
        let answer = admin.upload("/duties/changes", &[("effective", "")], &files[1..]).await;
        assert!(answer.text().contains("other.toml"), "{}", answer.text());
        // Units that duties still name cannot simply be gone.
        let units = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/units.toml")).unwrap();
        let renamed = units.replace("组人处", "组织人事处");
        let answer =
            admin.upload("/duties/changes", &[("effective", "")], &[("files", "units.toml", renamed.as_bytes())]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
        assert!(answer.text().contains("组人处"), "{}", answer.text());
        // The same as is in force is no change.
        let same = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds/duties.toml")).unwrap();
        let answer = admin.upload("/duties/changes", &[("effective", "")], &[("files", "duties.toml", &same)]).await;
        assert!(answer.text().contains("没有可应用的更改"), "{}", answer.text());
        // The differences are shown, and nothing has changed yet.
        let upload = changed_duties();
        let sent = [("files", "duties.toml", upload.as_bytes())];
        let shown = admin.upload("/duties/changes", &[("effective", "2022-11-01")], &sent).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
        let page = shown.text();
        assert!(page.contains("<b>更改</b> 职责 1.2") && page.contains("年度考核安全权重"), "{page}");
        assert_eq!((page.matches("<b>更改</b>").count(), page.matches("<b>新增</b>").count()), (1, 0), "{page}");
        assert_eq!(versions().await, 1);
        let (file, mark) = (shown.field("upload"), shown.field("mark"));
        let confirm = |mark: &str, effective: &str| {
            [("upload", file.clone()), ("mark", mark.to_owned()), ("effective", effective.to_owned())]
        };
        // Another file, mark or day is not what was shown.
        let other = "0".repeat(64);
        for fields in [
            [("upload", other.clone()), ("mark", mark.clone()), ("effective", "2022-11-01".to_owned())],
            confirm(&other, "2022-11-01"),
            confirm(&mark, "2022-11-02"),
        ] {
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            refused_page(&mut admin, "/duties/apply", &fields).await;
            assert_eq!(versions().await, 1, "{fields:?}");
        }
        // Nor is it once somebody else has changed the catalogue.
        let mut seeds = duban::catalogue::Seeds::embedded().unwrap();
        let duty = seeds.catalogue.duties.iter_mut().find(|duty| duty.id.0 == "1.3").unwrap();
        duty.title = "另有更改".into();
        story
            .act(OFFICE, async |actor| actor.apply_seeds(&seeds, Some(day("2022-10-10")), Agreed::default()).await)
            .await
            .unwrap();
        let fields = confirm(&mark, "2022-11-01");
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        let again = refused_page(&mut admin, "/duties/apply", &fields).await;
        assert!(again.contains("其间另有更改") && again.contains("职责 1.3"), "{again}");
        assert_eq!(versions().await, 2);
        // What is shown now is confirmed now.
        let shown = admin.upload("/duties/changes", &[("effective", "2022-11-01")], &sent).await;
        let fields =
            [("upload", shown.field("upload")), ("mark", shown.field("mark")), ("effective", "2022-11-01".into())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(taken(&mut admin, "/duties/apply", &fields).await, "/duties?done=applied");
        let known = story.engine.known().await.unwrap();
        let newest = known.versions.last().unwrap();
        assert_eq!((newest.effective_on, newest.by_post.as_str()), (day("2022-11-01"), ADMIN));
        let title = |day| {
            let version = known.version_on(day).unwrap();
            let duty = version.catalogue.duties.iter().find(|duty| duty.id.0 == "1.2").unwrap();
            duty.title.clone()
        };
        assert_eq!(title(day("2022-10-31")), "年度考核安全权重");
        assert_eq!(title(day("2022-11-01")), "年度考核安全占比");
        let seeds = duban::acts::catalogue::with_files(&known, &[], day("2022-11-01")).unwrap();
        assert!(changes(&known, &seeds, day("2022-11-01")).is_empty());
        let page = admin.get("/duties").await;
        assert!(page.text().contains("待生效") && page.bytes.len() < 100_000, "{} bytes", page.bytes.len());
        story
    })
    .await;
}

#[tokio::test]
async fn the_preview_tells_what_comes_if_nobody_files_and_writes_nothing() {
    on_both_of("2022-10-10 00:00", &["9.1a", "9.1b", "9.1c", "13.1"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-14 10:00").await;
        story.file("9.1b", "质安处", "2022-W41", &[]).await.unwrap();
        let before = story.engine.store.read().await.unwrap().all_obligations().await.unwrap();
        let until = at("2022-11-14 00:00");
        let preview = preview::preview(&story.engine, until).await.unwrap();
        let mut auditor = console.signed_in(AUDITOR).await;
        let page = auditor.get("/ladders/preview").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains("质安处联络员") && page.bytes.len() < 100_000, "{} bytes", page.bytes.len());
        let page = auditor.get("/ladders/preview?post=质安处/liaison").await;
        assert!(page.text().contains("2022-10-14 16:00") && page.bytes.len() < 100_000, "{}", page.text());
        let mut tx = story.engine.store.read().await.unwrap();
        assert_eq!(tx.all_obligations().await.unwrap(), before, "the preview has written");
        drop(tx);
        // Then nobody files, and it comes true.
        let told = notices(&story).await;
        story.run_until("2022-11-14 00:00").await;
        let came: BTreeSet<Key> = notices(&story).await.difference(&told).cloned().collect();
        let foretold: BTreeSet<Key> = preview
            .notices
            .iter()
            .map(|notice| {
                let obligation = &preview.obligations[&notice.obligation].obligation;
                (notice.at, notice.kind.code().to_owned(), notice.post.to_string(), name_of(obligation))
            })
            .collect();
        assert!(came.len() > 100, "{}", came.len());
        assert_eq!(came.difference(&foretold).next(), None, "came, and was not foretold");
        assert_eq!(foretold.difference(&came).next(), None, "was foretold, and did not come");
        story
    })
    .await;
}

type Key = (chrono::DateTime<chrono::Utc>, String, String, String);

/// Every notice that there is.
async fn notices(story: &Story) -> BTreeSet<Key> {
    let mut tx = story.engine.store.read().await.unwrap();
    let mut keys = BTreeSet::new();
    for row in tx.all_obligations().await.unwrap() {
        for notice in tx.notices_of(row.obligation.id).await.unwrap() {
            let post = format!("{}/{}", notice.unit, notice.role);
            keys.insert((notice.at, notice.kind.to_string(), post, name_of(&row.obligation)));
        }
    }
    keys
}

fn name_of(obligation: &duban::domain::obligation::Obligation) -> String {
    format!("{} {:?} {}", obligation.duty, obligation.owners, obligation.period)
}

#[tokio::test]
async fn no_verdict_is_open_to_the_administrator_or_the_auditor() {
    on_both_of("2022-10-10 00:00", &["9.1b", "13.1", "36.1"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-13 10:00").await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let rows = async || story.engine.store.read().await.unwrap().all_obligations().await.unwrap();
        let before = rows().await;
        for name in [ADMIN, AUDITOR] {
            let mut somebody = console.signed_in(name).await;
            // They may read all of it.
            for path in
                ["/occasions", "/settings", "/posts", "/units", "/calendar/2022", "/duties", "/ladders", "/trial"]
            {
                let page = somebody.get(path).await;
                assert_eq!(page.status, StatusCode::OK, "{name} {path}");
                assert!(page.bytes.len() < 100_000, "{path}: {} bytes", page.bytes.len());
            }
            let forms: [(&str, &[(&str, &str)]); 5] = [
                ("/occasions/events", &[("type", "重大隐患"), ("at", "2022-10-13T09:00"), ("place", "某地")]),
                ("/occasions/events/E1/close", &[("how", "false-alarm"), ("reason", "误报")]),
                ("/occasions/nodes", &[("name", "汛期"), ("first", "2022-10-14"), ("last", "2022-10-15"), ("id", "")]),
                ("/occasions/nodes/heat/extend", &[("last", "2022-10-15")]),
                ("/occasions/nodes/heat/close", &[]),
            ];
            for (path, fields) in forms {
                assert_eq!(somebody.post(path, fields).await.status, StatusCode::FORBIDDEN, "{name} {path}");
            }
            // Nor do the acts let them, whatever page would ask.
            let late = at("2022-10-20 18:00");
            let new = NewSubmission {
                receipt: None,
                unit: post(name).unit,
                obligations: vec![id],
                acted_on: None,
                items: Vec::new(),
                note: "已办理".into(),
                files: Vec::new(),
            };
            let event = NewEvent {
                id: None,
                event_type: "重大隐患".into(),
                at: story.now(),
                place: "某地".into(),
                units: Vec::new(),
            };
            let words = story
                .act(name, async |actor| {
                    vec![
                        refused(actor.accept(id).await),
                        refused(actor.send_back(id, "理由", late).await),
                        refused(actor.judge_misses(&[id], true, "").await),
                        refused(actor.waive(&[id], "理由", "文号").await),
                        refused(actor.grant_extension(id, Some(late), "").await),
                        refused(actor.refuse_extension(id, "理由").await),
                        refused(actor.uphold_dispute(id, "").await),
                        refused(actor.reject_dispute(id, "理由").await),
                        refused(actor.open_event(&event).await),
                        refused(actor.close_event("E1", true, "误报").await),
                        refused(actor.open_node("heat", "汛期", day("2022-10-14"), day("2022-10-15")).await),
                        refused(actor.close_node("heat").await),
                        refused(actor.submit(&new).await),
                        refused(actor.ask_extension(id, late, "理由").await),
                        refused(actor.raise_dispute(id, "理由").await),
                        refused(actor.confirm_receipt(id).await),
                    ]
                })
                .await;
            assert_eq!(words.len(), 16, "{words:?}");
        }
        assert_eq!(rows().await, before);
        // What the office's own unit owes is no more theirs than another's.
        let own = before.iter().map(|row| &row.obligation).find(|row| row.owners == [post(ADMIN).unit]);
        if let Some(own) = own {
            for name in [ADMIN, AUDITOR] {
                refused(story.act(name, async |actor| actor.raise_dispute(own.id, "理由").await).await);
            }
        }
        story
    })
    .await;
}

#[tokio::test]
async fn the_administrator_sets_and_the_auditor_changes_nothing() {
    on_both_of("2022-10-13 10:00", &["9.1b"], |story| async move {
        let console = Console::of(&story);
        let mut auditor = console.signed_in(AUDITOR).await;
        let mut admin = console.signed_in(ADMIN).await;
        let change: &[(&str, &str)] =
            &[("post", "质安处/liaison"), ("holder", "某甲"), ("address", "jia@example.com"), ("from", "2022-10-13")];
        let unit: &[(&str, &str)] = &[("name", "新处"), ("kind", "机关处室"), ("joined", "2022-10-17")];
        for (path, fields) in [("/posts/change", change), ("/units/change", unit)] {
            assert_eq!(auditor.post(path, fields).await.status, StatusCode::FORBIDDEN, "{path}");
            assert!(admin.post(path, fields).await.status.is_redirection(), "{path}");
        }
        let leave: &[(&str, &str)] = &[("name", "新处"), ("on", "2022-10-20"), ("reason", "不设")];
        assert_eq!(auditor.post("/units/leave", leave).await.status, StatusCode::FORBIDDEN);
        assert_eq!(auditor.post("/duties/apply", &[]).await.status, StatusCode::FORBIDDEN);
        assert_eq!(auditor.post("/me/hand-over", change).await.status, StatusCode::FORBIDDEN);
        for path in ["/posts/import", "/calendar/2022/import", "/duties/changes"] {
            assert_eq!(auditor.upload(path, &[], &[]).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        let words = story
            .act(AUDITOR, async |actor| {
                let seeds = duban::catalogue::Seeds::embedded().unwrap();
                let listed = duban::catalogue::ListedDays::default();
                [
                    refused(actor.import_posts(&[]).await),
                    refused(actor.import_calendar(&listed, duban::acts::calendar::Confirmed::No).await),
                    refused(actor.apply_seeds(&seeds, None, Agreed::default()).await),
                    refused(actor.leave(&post("质安处/liaison").unit, day("2022-10-20"), "理由", true).await),
                ]
            })
            .await;
        assert!(words.iter().all(|words| words.contains("无权办理")), "{words:?}");
        assert_eq!(story.address("质安处/liaison").await, "jia@example.com");
        story
    })
    .await;
}

#[tokio::test]
async fn trial_is_shown_in_words() {
    let settings = duban::engine::Settings { trial_until: Some(day("2022-11-01")), ..support::settings() };
    support::on_both_with("2022-10-10 09:00", settings, &support::seeds_of(&["9.1b"]), |story| async move {
        let console = Console::of(&story);
        let mut office = console.signed_in(OFFICE).await;
        let page = office.get("/trial").await.text();
        assert!(page.contains("试运行中，2022年11月1日（周二）起正式运行") && page.contains("[trial]"), "{page}");
        story.engine.clock.set(at("2022-11-01 00:00"));
        assert!(office.get("/trial").await.status.is_redirection(), "the session has ended meanwhile");
        let mut office = console.signed_in(OFFICE).await;
        assert!(office.get("/trial").await.text().contains("已于2022年11月1日（周二）起正式运行"));
        story
    })
    .await;
}
