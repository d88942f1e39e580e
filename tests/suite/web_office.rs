//! Stories of the office: it sees, decides, and its numbers add up.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use crate::support::browser::{Answer, Browser, Console, KEY};
use crate::support::entry::{link_in, with_links};
use crate::support::{self, OFFICE, Story, at, day, on_both, on_both_of, on_both_with, seeds_of};
use duban::domain::light::{Light, word};
use duban::domain::obligation::Obligation;
use duban::domain::phase::Phase;
use duban::engine::link::Keys;
use duban::store::row::Stored;

/// What one would pick by hand.
type Pick<'a> = Box<dyn Fn(&Obligation) -> bool + 'a>;

const HEAD: &str = "委安委办/head";

/// Text as it stands between tags, with what askama escapes put back.
fn plain(html: &str) -> String {
    html.replace("&#38;", "&").replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">")
}

/// The obligations that a page's table lists, in its order.
fn listed(html: &str) -> Vec<i64> {
    let rows = html.split("<tr><td><a href=\"/o/").skip(1);
    rows.map(|row| row.split('"').next().unwrap().parse().unwrap()).collect()
}

/// All that a ledger's address lists, page after page.
async fn ledger(office: &mut Browser, address: &str) -> Vec<i64> {
    let mut ids = Vec::new();
    let mut next = Some(address.to_owned());
    while let Some(address) = next {
        let page = office.get(&address).await;
        assert_eq!(page.status, StatusCode::OK, "{address}");
        let text = page.text();
        ids.extend(listed(&text));
        next = text.split_once("\">后面的</a>").map(|(before, _)| plain(before.rsplit_once("href=\"").unwrap().1));
    }
    ids
}

async fn everything(story: &Story) -> Vec<Stored> {
    story.engine.store.read().await.unwrap().all_obligations().await.unwrap()
}

/// What stands beside a light's word in a document part: 5.2 belongs to the fifth task.
async fn part_of(story: &Story, obligation: &Obligation) -> u16 {
    let known = story.engine.known().await.unwrap();
    let catalogue = &known.versions.last().unwrap().catalogue;
    catalogue.clause(catalogue.duty(&obligation.duty).unwrap().clause).unwrap().part
}

fn refused_with(answer: &Answer, words: &str) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains(words), "{}", answer.text());
}

#[tokio::test]
async fn the_office_accepts_and_returns_and_the_unit_refiles() {
    on_both_of("2022-09-20 00:00", &["12.1", "9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-09-21 10:00").await;
        let mut ids = BTreeMap::new();
        for unit in ["质安处", "安管总站", "市场处"] {
            story.file("12.1", unit, "2022-09-30", &[]).await.unwrap();
            ids.insert(unit, story.obligation("12.1", unit, "2022-09-30").await.id);
        }
        let mut office = console.signed_in(OFFICE).await;
        let queue = office.get("/review").await.text();
        for id in ids.values() {
            assert!(queue.contains(&format!("action=\"/o/{id}/accept\"")), "{queue}");
        }
        let accepted = office.post(&format!("/o/{}/accept", ids["市场处"]), &[("back", "review")]).await;
        assert_eq!((accepted.status, accepted.location()), (StatusCode::SEE_OTHER, "/review?done=accept"));
        let queue = office.get("/review?done=accept").await.text();
        assert!(!queue.contains(&format!("/o/{}/accept", ids["市场处"])) && queue.contains("已审核通过"), "{queue}");
        let done = story.obligation("12.1", "市场处", "2022-09-30").await;
        assert_eq!((done.phase, word(&done)), (Phase::Done, "按期办结"));
        // Accepted twice, and by whom it does not belong to: refused, and nothing changes.
        refused_with(&office.post(&format!("/o/{}/accept", ids["市场处"]), &[]).await, "无需重复审核");
        let mut unit = console.signed_in("质安处/head").await;
        let own = unit.post(&format!("/o/{}/accept", ids["质安处"]), &[]).await;
        assert_eq!(own.status, StatusCode::FORBIDDEN);
        // A refusal shows again what was filled in.
        let path = format!("/o/{}/return", ids["质安处"]);
        let fields = [("back", "review"), ("reason", "缺动员部署材料"), ("until", "2022-09-20")];
        let past = office.post(&path, &fields).await;
        refused_with(&past, "退回后的新时限须晚于现在");
        assert!(past.text().contains("缺动员部署材料</textarea>") && past.text().contains("value=\"2022-09-20\""));
        refused_with(&office.post(&path, &[("reason", " "), ("until", "2022-10-12")]).await, "未填退回理由");
        refused_with(&office.post(&path, &[("reason", "缺"), ("until", "下周三")]).await, "新时限应写作");
        for unit in ["质安处", "安管总站"] {
            let fields = [("back", "review"), ("reason", "缺动员部署材料"), ("until", "2022-10-12")];
            let returned = office.post(&format!("/o/{}/return", ids[unit]), &fields).await;
            assert_eq!((returned.status, returned.location()), (StatusCode::SEE_OTHER, "/review?done=return"));
            let obligation = story.obligation("12.1", unit, "2022-09-30").await;
            assert_eq!((obligation.phase, Light::of(&obligation)), (Phase::Returned, Light::Yellow));
            assert_eq!(obligation.round.due_at, at("2022-10-13 00:00"));
        }
        let mut liaison = console.signed_in("质安处/liaison").await;
        let todo = liaison.get("/todo").await.text();
        assert!(todo.contains("已退回，待重报"), "{todo}");
        let shown = liaison.get(&format!("/o/{}", ids["质安处"])).await.text();
        assert!(shown.contains("缺动员部署材料") && !shown.contains("审核与处理"), "{shown}");
        // Refiled in time keeps its light; refiled late is orange for ever.
        story.run_until("2022-10-12 10:00").await;
        story.file("12.1", "质安处", "2022-09-30", &[]).await.unwrap();
        assert_eq!(story.light("12.1", "质安处", "2022-09-30").await, Light::Green);
        story.run_until("2022-10-14 10:00").await;
        assert_eq!(story.light("12.1", "安管总站", "2022-09-30").await, Light::Red);
        story.file("12.1", "安管总站", "2022-09-30", &[]).await.unwrap();
        let mut office = console.signed_in(OFFICE).await;
        for (unit, light) in [("质安处", Light::Green), ("安管总站", Light::Orange)] {
            let accepted = office.post(&format!("/o/{}/accept", ids[unit]), &[]).await;
            assert_eq!(accepted.location(), format!("/o/{}?done=accept", ids[unit]));
            let obligation = story.obligation("12.1", unit, "2022-09-30").await;
            assert_eq!((obligation.phase, Light::of(&obligation)), (Phase::Done, light), "{unit}");
        }
        // What was told of it stands there with the mail server's word.
        let shown = office.get(&format!("/o/{}", ids["安管总站"])).await.text();
        assert!(shown.contains("催办，致安管总站联络员：已送出") && shown.contains("邮件服务器答复：250"), "{shown}");
        story
    })
    .await;
}

#[tokio::test]
async fn extensions_and_disputes_are_answered() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-13 10:00").await;
        let mut ids = BTreeMap::new();
        for unit in ["质安处", "安管总站", "市场处", "物业处"] {
            ids.insert(unit, story.obligation("9.1b", unit, "2022-W41").await.id);
        }
        for unit in ["质安处", "安管总站"] {
            let mut liaison = console.signed_in(&format!("{unit}/liaison")).await;
            let fields = [("until", "2022-10-18"), ("reason", "人员抽调")];
            let asked = liaison.post(&format!("/o/{}/extend", ids[unit]), &fields).await;
            assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
        }
        for unit in ["市场处", "物业处"] {
            let mut liaison = console.signed_in(&format!("{unit}/liaison")).await;
            let raised = liaison.post(&format!("/o/{}/dispute", ids[unit]), &[("reason", "不属本单位")]).await;
            assert_eq!(raised.status, StatusCode::SEE_OTHER);
        }
        let mut deputy = console.signed_in("质安处/deputy").await;
        let shown = deputy.get(&format!("/o/{}", ids["质安处"])).await.text();
        let endorse = shown.split("/endorse\"").next().unwrap().rsplit_once("action=\"").unwrap().1;
        assert_eq!(deputy.post(&format!("{endorse}/endorse"), &[]).await.status, StatusCode::SEE_OTHER);
        let mut office = console.signed_in(OFFICE).await;
        let requests = office.get("/review").await.text();
        assert!(requests.contains("申请与异议（4项）"), "{requests}");
        assert_eq!(requests.matches("质安处分管负责人已签署，同意所请").count(), 1);
        assert_eq!(requests.matches("尚未签署").count(), 3);
        // The head of the office's unit sees none of them, and cannot answer.
        let mut head = console.signed_in(HEAD).await;
        assert!(head.get("/review").await.text().contains("没有待答复的申请或异议"));
        let theirs = head.post(&format!("/o/{}/extension", ids["质安处"]), &[("verdict", "grant")]).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND);
        // Granted with another date, refused with a reason only.
        let path = format!("/o/{}/extension", ids["质安处"]);
        let early = [("back", "review"), ("verdict", "grant"), ("until", "2022-10-13"), ("answer", "酌情")];
        let early = office.post(&path, &early).await;
        refused_with(&early, "新时限须晚于原时限");
        assert!(early.text().contains("酌情</textarea>"), "{}", early.text());
        let granted = [("back", "review"), ("verdict", "grant"), ("until", "2022-10-19"), ("answer", "")];
        assert_eq!(office.post(&path, &granted).await.location(), "/review?done=extension");
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W41").await.round.due_at, at("2022-10-20 00:00"));
        let path = format!("/o/{}/extension", ids["安管总站"]);
        refused_with(&office.post(&path, &[("verdict", "refuse"), ("until", "2022-10-18")]).await, "未填答复");
        let refused = [("verdict", "refuse"), ("until", "2022-10-18"), ("answer", "按期办理")];
        assert_eq!(office.post(&path, &refused).await.status, StatusCode::SEE_OTHER);
        assert_eq!(story.obligation("9.1b", "安管总站", "2022-W41").await.round.due_at, at("2022-10-14 18:00"));
        // One dispute is upheld, the other not.
        let path = format!("/o/{}/verdict", ids["市场处"]);
        assert_eq!(office.post(&path, &[("verdict", "uphold")]).await.status, StatusCode::SEE_OTHER);
        let upheld = story.obligation("9.1b", "市场处", "2022-W41").await;
        assert_eq!((upheld.phase, Light::of(&upheld), word(&upheld)), (Phase::Upheld, Light::White, "异议成立"));
        let path = format!("/o/{}/verdict", ids["物业处"]);
        refused_with(&office.post(&path, &[("verdict", "reject")]).await, "未填答复");
        assert_eq!(
            office.post(&path, &[("verdict", "reject"), ("answer", "清单已列明")]).await.status,
            StatusCode::SEE_OTHER
        );
        assert!(story.obligation("9.1b", "物业处", "2022-W41").await.phase.is_owed());
        assert!(office.get("/review").await.text().contains("申请与异议（0项）"));
        let mut liaison = console.signed_in("物业处/liaison").await;
        assert!(liaison.get(&format!("/o/{}", ids["物业处"])).await.text().contains("不同意：清单已列明"));
        // The day that was asked for is granted to the instant that was asked for.
        let until = at("2022-10-19 18:00");
        let id = ids["物业处"];
        story.act("物业处/liaison", async |actor| actor.ask_extension(id, until, "人员抽调").await).await.unwrap();
        let granted = [("verdict", "grant"), ("until", "2022-10-19")];
        assert_eq!(office.post(&format!("/o/{id}/extension"), &granted).await.status, StatusCode::SEE_OTHER);
        assert_eq!(story.obligation("9.1b", "物业处", "2022-W41").await.round.due_at, until);
        story
    })
    .await;
}

#[tokio::test]
async fn waived_in_bulk_is_what_was_ticked_and_nothing_else() {
    on_both_of("2022-10-10 00:00", &["9.1b", "5.2"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        let mut office = console.signed_in(OFFICE).await;
        let nothing = office.get("/waive").await.text();
        assert!(nothing.contains("请至少选定") && !nothing.contains("type=\"checkbox\""));
        let address = "/waive?duty=9.1b&unit=&from=2022-10-10&until=2022-10-16";
        let listed = office.get(address).await.text();
        let weekly = |row: &&Stored| row.obligation.duty.0 == "9.1b" && row.obligation.period == "2022-W41";
        let all = everything(&story).await;
        let ids: Vec<i64> = all.iter().filter(weekly).map(|row| row.obligation.id).collect();
        assert!(ids.len() > 2);
        assert_eq!(listed.matches("type=\"checkbox\"").count(), ids.len(), "{listed}");
        let (first, second) = (ids[0].to_string(), ids[1].to_string());
        let mut fields =
            vec![("duty", "9.1b"), ("from", "2022-10-10"), ("until", "2022-10-16"), ("reason", "停业整顿")];
        refused_with(&office.post("/waive", &fields).await, "未勾选任何事项");
        fields.extend([("id", first.as_str()), ("id", second.as_str())]);
        let undocumented = office.post("/waive", &fields).await;
        refused_with(&undocumented, "未填文号");
        let text = undocumented.text();
        assert_eq!((text.matches(" checked>").count(), text.contains("停业整顿</textarea>")), (2, true), "{text}");
        fields.push(("document", "渝建安委〔2022〕9号"));
        // The head of the office's unit waives nothing.
        let mut head = console.signed_in(HEAD).await;
        refused_with(&head.post("/waive", &fields).await, "无权办理");
        assert!(!head.get(address).await.text().contains("type=\"checkbox\""));
        let waived = office.post("/waive", &fields).await;
        assert_eq!(waived.status, StatusCode::SEE_OTHER, "{}", waived.text());
        assert!(office.get(waived.location()).await.text().contains("已免除 2 项"));
        for row in everything(&story).await {
            let expected = ids[..2].contains(&row.obligation.id);
            assert_eq!(row.obligation.phase == Phase::Waived, expected, "{:?}", row.obligation);
        }
        assert!(office.get(&format!("/o/{first}")).await.text().contains("停业整顿；渝建安委〔2022〕9号"));
        // One at a time, on its own page.
        let path = format!("/o/{}/waive", ids[2]);
        refused_with(&office.post(&path, &[("reason", "停业整顿"), ("document", "")]).await, "未填文号");
        let one = office.post(&path, &[("reason", "停业整顿"), ("document", "渝建安委〔2022〕9号")]).await;
        assert_eq!(one.location(), format!("/o/{}?done=waive", ids[2]));
        story
    })
    .await;
}

#[tokio::test]
async fn the_offices_own_is_reviewed_by_its_head_and_by_nobody_else() {
    on_both_of("2022-09-20 00:00", &["4.1", "12.1", "9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-09-21 10:00").await;
        story.file("4.1", "委安委办", "2022-09-30", &[]).await.unwrap();
        story.file("12.1", "质安处", "2022-09-30", &[]).await.unwrap();
        let own = story.obligation("4.1", "委安委办", "2022-09-30").await.id;
        let theirs = story.obligation("12.1", "质安处", "2022-09-30").await.id;
        let mut office = console.signed_in(OFFICE).await;
        let mut head = console.signed_in(HEAD).await;
        let offered = async |browser: &mut Browser, page: &str, id: i64| {
            browser.get(page).await.text().contains(&format!("action=\"/o/{id}/accept\""))
        };
        assert!(!offered(&mut office, "/review", own).await && offered(&mut office, "/review", theirs).await);
        assert!(offered(&mut head, "/review", own).await && !offered(&mut head, "/review", theirs).await);
        assert!(!offered(&mut office, &format!("/o/{own}"), own).await);
        assert!(offered(&mut head, &format!("/o/{own}"), own).await);
        let oneself = office.post(&format!("/o/{own}/accept"), &[]).await;
        refused_with(&oneself, "本单位的报送不能自审");
        let returned = [("reason", "缺"), ("until", "2022-10-12")];
        refused_with(&office.post(&format!("/o/{own}/return"), &returned).await, "本单位的报送不能自审");
        // To the head what other units owe is not there, and neither is what shows it.
        for path in [format!("/o/{theirs}"), "/o/999999".to_owned()] {
            assert_eq!(head.get(&path).await.status, StatusCode::NOT_FOUND);
        }
        assert_eq!(head.post(&format!("/o/{theirs}/accept"), &[]).await.status, StatusCode::NOT_FOUND);
        for path in ["/board", "/ledger", "/ledger.csv", "/letters", "/watcher"] {
            assert_eq!(head.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        // The administrator and the auditor look and decide nothing; a liaison does neither.
        for post in ["委安委办/admin", "委安委办/auditor"] {
            let mut reader = console.signed_in(post).await;
            for path in ["/board", "/ledger", "/letters", "/watcher"] {
                assert_eq!(reader.get(path).await.status, StatusCode::OK, "{post} {path}");
            }
            assert!(!offered(&mut reader, &format!("/o/{theirs}"), theirs).await);
            assert_eq!(reader.get("/review").await.status, StatusCode::FORBIDDEN);
            assert_eq!(reader.post(&format!("/o/{theirs}/accept"), &[]).await.status, StatusCode::FORBIDDEN);
        }
        let mut liaison = console.signed_in("委安委办/liaison").await;
        assert_eq!(liaison.post(&format!("/o/{own}/accept"), &[]).await.status, StatusCode::FORBIDDEN);
        assert_eq!(story.obligation("4.1", "委安委办", "2022-09-30").await.phase, Phase::Waiting);
        let accepted = head.post(&format!("/o/{own}/accept"), &[("back", "review")]).await;
        assert_eq!(accepted.location(), "/review?done=accept");
        assert_eq!(story.obligation("4.1", "委安委办", "2022-09-30").await.phase, Phase::Done);
        story
    })
    .await;
}

/// A fortnight in which something of everything happens.
async fn fortnight(story: &mut Story) {
    story.run_until("2022-09-21 10:00").await;
    story.file("4.1", "委安委办", "2022-09-30", &[]).await.unwrap();
    story.file("12.1", "质安处", "2022-09-30", &[]).await.unwrap();
    story.file("18.1b", "安管总站", "2022-09-30", &[]).await.unwrap();
    story.file("9.1b", "质安处", "2022-W38", &["调度=1"]).await.unwrap();
    story.file("5.2", "宣教处", "2022-09-21", &["动态=1"]).await.unwrap();
    story.run_until("2022-09-27 10:00").await;
    let id = story.obligation("12.1", "质安处", "2022-09-30").await.id;
    story.act(OFFICE, async |actor| actor.send_back(id, "缺", at("2022-10-12 18:00")).await).await.unwrap();
    story.file("9.1b", "安管总站", "2022-W38", &["调度=1"]).await.unwrap();
    let id = story.obligation("9.1b", "物业处", "2022-W39").await.id;
    story.act(OFFICE, async |actor| actor.waive(&[id], "停业", "9号").await).await.unwrap();
    story.file("12.1", "市场处", "2022-09-30", &[]).await.unwrap();
    story.run_until("2022-10-01 10:00").await;
    story.file("12.1", "物业处", "2022-09-30", &[]).await.unwrap();
}

const OF_ALL_SORTS: [&str; 7] = ["4.1", "12.1", "18.1b", "9.1b", "5.2", "13.2", "35.2"];

#[tokio::test]
async fn the_boards_numbers_are_the_rows() {
    on_both_of("2022-09-19 00:00", &OF_ALL_SORTS, |mut story| async move {
        let console = Console::of(&story);
        fortnight(&mut story).await;
        let mut office = console.signed_in(OFFICE).await;
        let board = office.get("/board").await.text();
        let all = everything(&story).await;
        let live: Vec<&Obligation> =
            all.iter().map(|row| &row.obligation).filter(|obligation| obligation.phase.is_live()).collect();
        // Recounted: unit ("" = together), hard measure, light.
        let mut recount: BTreeMap<(String, u16, &str), usize> = BTreeMap::new();
        for obligation in &live {
            let (part, light) = (part_of(&story, obligation).await, Light::of(obligation).code());
            *recount.entry((String::new(), part, light)).or_default() += 1;
            for owner in &obligation.owners {
                *recount.entry((owner.0.clone(), part, light)).or_default() += 1;
            }
        }
        let lights: std::collections::BTreeSet<&str> = recount.keys().map(|(.., light)| *light).collect();
        assert_eq!(lights.len(), 5, "the story has every light that is live: {lights:?}");
        assert!(recount.keys().map(|(_, part, _)| part).collect::<std::collections::BTreeSet<_>>().len() > 3);
        let mut shown = 0;
        let table = board.split_once("<table class=\"board\">").unwrap().1;
        for lamp in table.split("<a class=\"light ").skip(1) {
            let (light, rest) = lamp.split_once("\" href=\"").unwrap();
            let (href, rest) = rest.split_once('"').unwrap();
            let number = rest.split_once("</span>").unwrap().1.split("</a>").next().unwrap();
            let number: usize = number.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap();
            let href = plain(href);
            let field = |name: &str| {
                let found = href.split(['?', '&']).find_map(|pair| pair.strip_prefix(&format!("{name}=")));
                percent_decoded(found.unwrap_or_default())
            };
            let key = (field("unit"), field("part").parse().unwrap(), light);
            assert_eq!(recount.get(&key), Some(&number), "{key:?}");
            assert_eq!(ledger(&mut office, &href).await.len(), number, "{href}");
            shown += 1;
        }
        assert_eq!(shown, recount.len(), "every number that is not 0 stands on the board");
        let together = format!("<td class=\"number\">{}</td></tr></tfoot>", live.len());
        assert!(board.contains(&together), "{board}");
        // The tiles.
        let zone = support::ZONE;
        let today = story.engine.today();
        let due =
            |obligation: &&&Obligation| obligation.phase.is_owed() && zone.due_day(obligation.round.due_at) == today;
        let of = |phase: Phase| live.iter().filter(|obligation| obligation.phase == phase).count();
        for (label, number) in [
            ("今日到期未报", live.iter().filter(due).count()),
            ("逾期未办", of(Phase::Missed)),
            ("已退回待重报", of(Phase::Returned)),
            ("待审核", of(Phase::Waiting)),
        ] {
            assert!(number > 0, "{label}");
            let tile = board.split(&format!("<span class=\"unseen\"> 项{label}</span>")).next().unwrap();
            let (href, shown) = tile.rsplit_once("href=\"").unwrap().1.split_once("\">").unwrap();
            assert_eq!(shown, number.to_string(), "{label}");
            assert_eq!(ledger(&mut office, &plain(href)).await.len(), number, "{label}");
        }
        story
    })
    .await;
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |c: u8| u8::try_from(char::from(c).to_digit(16).unwrap()).unwrap();
        bytes.push(if byte == b'%' { hex(rest.next().unwrap()) * 16 + hex(rest.next().unwrap()) } else { byte });
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn the_ledger_is_what_one_would_pick_by_hand() {
    on_both_of("2022-09-19 00:00", &OF_ALL_SORTS, |mut story| async move {
        let console = Console::of(&story);
        fortnight(&mut story).await;
        let mut office = console.signed_in(OFFICE).await;
        let all: Vec<Obligation> = everything(&story).await.into_iter().map(|row| row.obligation).collect();
        let zone = support::ZONE;
        let first_due = |obligation: &Obligation| zone.due_day(obligation.first_due_at);
        let unit = |obligation: &Obligation, unit: &str| obligation.owners.iter().any(|owner| owner.0 == unit);
        let picks: Vec<(&str, Pick<'_>)> = vec![
            ("/ledger", Box::new(|_| true)),
            ("/ledger?order=oldest", Box::new(|_| true)),
            ("/ledger?unit=质安处", Box::new(|o| unit(o, "质安处"))),
            ("/ledger?unit=宣教处", Box::new(|o| unit(o, "宣教处"))),
            ("/ledger?duty=5.2", Box::new(|o| o.duty.0 == "5.2")),
            ("/ledger?duty=5.2&unit=委安委办&order=oldest", Box::new(|o| o.duty.0 == "5.2")),
            ("/ledger?item=13", Box::new(|o| o.duty.0 == "13.2")),
            ("/ledger?cadence=once", Box::new(|o| ["4.1", "12.1", "18.1b"].contains(&o.duty.0.as_str()))),
            ("/ledger?cadence=daily&light=red", Box::new(|o| o.duty.0 == "5.2" && Light::of(o) == Light::Red)),
            ("/ledger?light=orange", Box::new(|o| Light::of(o) == Light::Orange)),
            ("/ledger?phase=missed", Box::new(|o| o.phase == Phase::Missed)),
            ("/ledger?phase=live&unit=市场处", Box::new(|o| o.phase.is_live() && unit(o, "市场处"))),
            ("/ledger?phase=owed", Box::new(|o| o.phase.is_owed())),
            (
                "/ledger?from=2022-09-22&until=2022-09-25",
                Box::new(|o| (day("2022-09-22")..=day("2022-09-25")).contains(&first_due(o))),
            ),
            ("/ledger?due=2022-10-12", Box::new(|o| zone.due_day(o.round.due_at) == day("2022-10-12"))),
        ];
        for (address, pick) in &picks {
            let mut expected: Vec<&Obligation> = all.iter().filter(|o| o.phase.is_counted() && pick(o)).collect();
            assert!(!expected.is_empty(), "{address}");
            let key = |o: &&Obligation| (first_due(o), o.id);
            expected.sort_by_key(key);
            if !address.contains("oldest") {
                expected.reverse();
            }
            let expected: Vec<i64> = expected.iter().map(|o| o.id).collect();
            assert_eq!(ledger(&mut office, address).await, expected, "{address}");
        }
        // What has not opened and what was taken back is there only for who asks for it.
        let ahead: Vec<i64> = ledger(&mut office, "/ledger?phase=scheduled").await;
        assert_eq!(ahead.len(), all.iter().filter(|o| o.phase == Phase::Scheduled).count());
        assert!(!ahead.is_empty());
        assert_eq!(ledger(&mut office, "/ledger?phase=all").await.len(), all.len());
        // More than a page, and the filter stays chosen.
        assert!(ledger(&mut office, "/ledger").await.len() > 50);
        let chosen = office.get("/ledger?unit=质安处&light=red&from=2022-09-22").await.text();
        for stays in ["<option value=\"质安处\" selected>", "<option value=\"red\" selected>", "value=\"2022-09-22\""]
        {
            assert!(chosen.contains(stays), "{stays}");
        }
        for wrong in ["/ledger?light=pink", "/ledger?from=yesterday", "/ledger?phase=%3Cscript%3E", "/ledger?item=x"] {
            refused_with(&office.get(wrong).await, "无法识别");
        }
        story
    })
    .await;
}

#[tokio::test]
async fn the_ledgers_file_opens_in_wps_and_begins_no_formula() {
    on_both_of("2022-10-10 00:00", &["9.1b", "5.2"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-13 10:00").await;
        let notes = [
            ("质安处", "=HYPERLINK(\"http://example.com\")"),
            ("安管总站", "+86"),
            ("市场处", "@x"),
            ("物业处", "-1,\""),
        ];
        for (unit, note) in notes {
            let id = story.obligation("9.1b", unit, "2022-W41").await.id;
            let mut liaison = console.signed_in(&format!("{unit}/liaison")).await;
            let fields = [("acted_on", "2022-10-12"), ("c0", "1"), ("note", note)];
            let filed = liaison.upload(&format!("/o/{id}/file"), &fields, &[]).await;
            assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());
        }
        let mut office = console.signed_in(OFFICE).await;
        let file = office.get("/ledger.csv").await;
        assert_eq!(file.headers["content-type"].to_str().unwrap(), "text/csv; charset=utf-8");
        let disposition = file.headers["content-disposition"].to_str().unwrap();
        assert_eq!(disposition, "attachment; filename=\"ledger-2022-10-13.csv\"");
        assert!(file.bytes.starts_with("\u{feff}序号,".as_bytes()));
        let mut reader = csv::Reader::from_reader(&file.bytes[3..]);
        let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let at = |name: &str| columns.iter().position(|column| column == name).unwrap();
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let opened = everything(&story).await.iter().filter(|row| row.obligation.phase.is_counted()).count();
        assert_eq!(records.len(), opened);
        for cell in records.iter().flatten() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
        for (unit, note) in notes {
            let own = records.iter().find(|row| &row[at("牵头单位")] == unit).unwrap();
            assert_eq!(own[at("说明")], format!("'{note}"));
            assert_eq!((&own[at("状态")], &own[at("频次")]), ("按期办结", "每周"));
        }
        // In the document's order, then the roster's.
        let duties: Vec<&str> = records.iter().map(|row| &row[at("职责")]).collect();
        assert_eq!(
            duties.iter().position(|duty| *duty == "9.1b"),
            duties.iter().rposition(|duty| *duty == "5.2").map(|n| n + 1)
        );
        let narrowed = office.get("/ledger.csv?unit=质安处&duty=9.1b").await;
        assert_eq!(csv::Reader::from_reader(&narrowed.bytes[3..]).records().count(), 1);
        refused_with(&office.get("/ledger.csv?light=pink").await, "无法识别");
        story
    })
    .await;
}

#[tokio::test]
async fn the_same_file_in_two_periods_is_pointed_out() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let console = Console::of(&story);
        let mut ids = Vec::new();
        for (until, period, file) in [
            ("2022-10-13 10:00", "2022-W41", &b"the same"[..]),
            ("2022-10-20 10:00", "2022-W42", &b"the same"[..]),
            ("2022-10-27 10:00", "2022-W43", &b"another"[..]),
        ] {
            story.run_until(until).await;
            let mut liaison = console.signed_in("质安处/liaison").await;
            let id = story.obligation("9.1b", "质安处", period).await.id;
            let fields = [("acted_on", &until[..10]), ("c0", "1")];
            let filed = liaison.upload(&format!("/o/{id}/file"), &fields, &[("files", "照片.txt", file)]).await;
            assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.text());
            ids.push(id);
        }
        let mut office = console.signed_in(OFFICE).await;
        for (here, there) in [(0, 1), (1, 0)] {
            let shown = office.get(&format!("/o/{}", ids[here])).await.text();
            let (_, warned) = shown.split_once("同一文件另见于").unwrap();
            assert!(warned.contains(&format!("照片.txt：<a href=\"/o/{}\">", ids[there])), "{shown}");
        }
        assert!(!office.get(&format!("/o/{}", ids[2])).await.text().contains("同一文件另见于"));
        // The unit itself is not told.
        let mut liaison = console.signed_in("质安处/liaison").await;
        assert!(!liaison.get(&format!("/o/{}", ids[1])).await.text().contains("同一文件另见于"));
        story
    })
    .await;
}

#[tokio::test]
async fn a_letter_is_read_sent_again_and_its_link_revoked() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        story.engine.keys = Some(Keys::parse(KEY).unwrap());
        let console = Console::of(&story);
        story.run_until("2022-10-12 10:00").await;
        story.refuse_next("550 no such user");
        story.run_until("2022-10-13 10:00").await;
        let mut office = console.signed_in(OFFICE).await;
        let undelivered = office.get("/letters?which=undelivered").await.text();
        assert!(undelivered.contains("对方拒收") && undelivered.contains("550 no such user"), "{undelivered}");
        let number = undelivered.split_once("href=\"/letters/").unwrap().1.split('"').next().unwrap().to_owned();
        assert_eq!(undelivered.matches("href=\"/letters/").count(), 1);
        let board = office.get("/board").await.text();
        assert!(
            board.contains("href=\"/letters?which=undelivered\">1<span class=\"unseen\"> 项未送达邮件</span>"),
            "{board}"
        );
        // Whoever may only look is offered nothing and refused.
        let mut auditor = console.signed_in("委安委办/auditor").await;
        let shown = auditor.get(&format!("/letters/{number}")).await.text();
        assert!(shown.contains("所涉事项") && !shown.contains("重发"), "{shown}");
        assert_eq!(auditor.post(&format!("/letters/{number}/again"), &[]).await.status, StatusCode::FORBIDDEN);
        let mut head = console.signed_in(HEAD).await;
        let again = head.post(&format!("/letters/{number}/again"), &[]).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!again.text().contains("所涉事项"), "{}", again.text());
        let letters = story.letters.len();
        let again = office.post(&format!("/letters/{number}/again"), &[]).await;
        assert_eq!(again.location(), format!("/letters/{number}?done=again"));
        story.pass().await;
        assert_eq!(story.letters.len(), letters + 1);
        let sent = story.letters.last().unwrap().clone();
        refused_with(&office.post(&format!("/letters/{number}/again"), &[]).await, "不是未送达的邮件");
        // Its text, without the token that was sent.
        let link = link_in(&sent.text);
        let token = link.strip_prefix("/l/").unwrap();
        let shown = office.get(&format!("/letters/{number}")).await.text();
        assert!(shown.contains("〔链接，发送时生成〕") && plain(&shown).contains(&sent.message_id), "{shown}");
        assert!(!shown.contains(token) && !shown.contains("/l/") && !shown.contains(&sent.to), "{shown}");
        assert_eq!(console.stranger().get(&link).await.status, StatusCode::OK);
        let revoked = office.post(&format!("/letters/{number}/revoke"), &[]).await;
        assert_eq!(revoked.location(), format!("/letters/{number}?done=revoke"));
        assert_ne!(console.stranger().get(&link).await.status, StatusCode::OK);
        refused_with(&office.post(&format!("/letters/{number}/revoke"), &[]).await, "已作废");
        assert_eq!(office.get("/letters/999999").await.status, StatusCode::NOT_FOUND);
        story
    })
    .await;
}

#[tokio::test]
async fn the_watcher_shows_its_own_state_and_unreminded_misses_are_judged() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-10-13 08:00").await;
        story.pass().await;
        let mut office = console.signed_in(OFFICE).await;
        let well = office.get("/watcher").await.text();
        assert!(well.contains("运行正常，没有告警") && well.contains("正常"), "{well}");
        story.lose_mail();
        story.run_until("2022-10-15 08:00").await;
        let mut office = console.signed_in(OFFICE).await;
        let watcher = office.get("/watcher").await.text();
        assert!(watcher.contains("邮件通道已中断") && watcher.contains("待发邮件已等候"), "{watcher}");
        assert!(office.get("/board").await.text().contains("邮件通道已中断"));
        // Nobody looks for half a day: that is an alarm too.
        story.sleep_until("2022-10-15 23:00");
        let mut office = console.signed_in(OFFICE).await;
        assert!(office.get("/watcher").await.text().contains("未巡检"));
        let missed = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert!(missed.round.unreminded && !missed.round.confirmed);
        let review = office.get("/review").await.text();
        assert!(review.contains(&format!("name=\"id\" value=\"{}\" checked", missed.id)), "{review}");
        let path = format!("/o/{}/miss", missed.id);
        refused_with(&office.post(&path, &[("back", "review")]).await, "请选择计入或不计入");
        let confirmed = office.post(&path, &[("back", "review"), ("verdict", "count")]).await;
        assert_eq!(confirmed.location(), "/review?done=miss");
        assert!(story.obligation("9.1b", "质安处", "2022-W41").await.round.confirmed);
        let again = office.post(&path, &[("verdict", "count")]).await;
        refused_with(&again, "没有待认定的");
        story
    })
    .await;
}

#[tokio::test]
async fn with_the_whole_document_each_page_stays_small() {
    on_both("2022-09-28 00:00", |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-09-30 10:00").await;
        let all = everything(&story).await;
        let units: std::collections::BTreeSet<String> =
            all.iter().flat_map(|row| &row.obligation.owners).map(|owner| owner.0.clone()).collect();
        for unit in units.iter().take(12) {
            if let Some(row) =
                all.iter().find(|row| row.obligation.duty.0 == "12.1" && row.obligation.owners[0].0 == *unit)
            {
                story.file("12.1", unit, &row.obligation.period, &[]).await.unwrap();
            }
        }
        let mut office = console.signed_in(OFFICE).await;
        let busy = all.iter().find(|row| row.obligation.phase == Phase::Missed).unwrap().obligation.id;
        let waive = format!("/waive?from={}&until={}", day("2022-09-26"), day("2022-12-31"));
        for path in [
            "/board",
            "/ledger",
            "/ledger?phase=live",
            "/review",
            &waive,
            "/letters",
            "/watcher",
            &format!("/o/{busy}"),
        ] {
            let page = office.get(path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.bytes.len() < 100_000, "{path}: {} bytes", page.bytes.len());
            let text = page.text();
            assert!(!text.contains("style=\"") && !text.contains("<script>") && !text.contains(" onclick"), "{path}");
        }
        story
    })
    .await;
}
