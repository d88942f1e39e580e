//! Who owes it, under which name, and who speaks for a unit: disputes of what several owe, posts without an address,
//! posts that change hands, units that are called otherwise.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;

use crate::support::browser::Console;
use crate::support::entry::{credential, letter, with_links};
use crate::support::{OFFICE, at, day, on_both_of, on_both_with, post, refused, seeds_of, settings};
use duban::acts::catalogue::{Agreed, changes};
use duban::acts::roster::{Takeover, UnitEntry};
use duban::catalogue::{Seeds, posts};
use duban::domain::duty::Owner;
use duban::domain::light::Light;
use duban::domain::phase::Phase;
use duban::domain::query::{PhaseGroup, Query};
use duban::domain::unit::UnitName;
use duban::engine::Known;
use duban::jobs::digest;
use duban::read::health::{Alarm, Health};
use duban::store::access::CredentialKind;

fn unit(name: &str) -> UnitName {
    UnitName(name.into())
}

fn takeover(who: &str, holder: &str, from_on: Option<&str>) -> Takeover {
    let address = format!("{holder}@example.com");
    Takeover { post: post(who), holder: holder.into(), address, from_on: from_on.map(day), stand_in: None }
}

#[tokio::test]
async fn a_dispute_upheld_frees_who_raised_it_and_nobody_else() {
    on_both_of("2022-10-10 00:00", &["5.1"], |mut story| async move {
        story.run_until("2022-10-20 10:00").await;
        let id = story.obligation("5.1", "质安处", "2022-10").await.id;
        story.act("质安处/liaison", async |actor| actor.raise_dispute(id, "非我处职责").await).await.unwrap();
        let before = story.obligation("5.1", "安管总站", "2022-10").await;
        let upheld = story.act(OFFICE, async |actor| actor.uphold_dispute(id, "属实").await).await.unwrap();
        assert_eq!(upheld.obligation.owners, [unit("安管总站")]);
        let after = story.obligation("5.1", "安管总站", "2022-10").await;
        assert_eq!((after.phase, after.round.due_at, after.joint), (Phase::Open, before.round.due_at, true));
        let mut tx = story.engine.store.read().await.unwrap();
        assert!(tx.obligation_of("5.1", "质安处", "2022-10").await.unwrap().is_none());
        assert_eq!(tx.requests_of(id).await.unwrap()[0].granted, Some(true));
        drop(tx);
        // The office reads which line of the catalogue would say so for good.
        let mut office = Console::of(&story).signed_in(OFFICE).await;
        let page = office.get(&format!("/o/{id}")).await.text();
        assert!(page.contains("请将 duties.toml 中 5.1 的一行改为 owed_by = [&#34;安管总站&#34;]"), "{page}");
        // The one is told what was decided and then nothing any more, the other is; and misses it.
        let own = story.address("质安处/liaison").await;
        story.run_until("2022-11-02 10:00").await;
        let named = |letter: &&crate::support::Letter| letter.text.contains("工地安全宣传品在位");
        let told: Vec<_> = story.letters_to(&own, "2022-10-20 10:01").into_iter().filter(named).collect();
        assert!(told.len() == 1 && told[0].text.contains("异议成立"), "{told:?}");
        let other = story.address("安管总站/liaison").await;
        let told = story.letters_to(&other, "2022-10-20 10:01");
        assert!(told.iter().any(|letter| letter.subject.starts_with("【催办】")), "{told:?}");
        assert_eq!(story.light("5.1", "安管总站", "2022-10").await, Light::Red);
        // Upheld for the last of them, nobody owes it.
        story.act("安管总站/head", async |actor| actor.raise_dispute(id, "也非我站职责").await).await.unwrap();
        let closed = story.act(OFFICE, async |actor| actor.uphold_dispute(id, "").await).await.unwrap();
        assert_eq!((closed.obligation.phase, closed.obligation.owners.len()), (Phase::Upheld, 1));
        // The next month is both units' until the catalogue says otherwise.
        assert_eq!(story.obligation("5.1", "质安处", "2022-11").await.owners.len(), 2);
        story
    })
    .await;
}

#[tokio::test]
async fn what_a_post_without_an_address_could_not_be_told_goes_out_when_it_has_one() {
    on_both_of("2022-10-10 00:00", &["9.1b", "9.1c"], |mut story| async move {
        let entry = UnitEntry {
            name: unit("轨道安监处"),
            kind: Some("机关处室".into()),
            groups: Some(vec!["安全监管单位".into()]),
            joined_on: Some(day("2022-10-17")),
            stays: false,
        };
        story.act(OFFICE, async |actor| actor.set_unit(&entry).await).await.unwrap();
        story.run_until("2022-10-17 08:00").await;
        let alarms = async |story: &crate::support::Story| {
            let limits = duban::read::health::Limits {
                pass: TimeDelta::days(9),
                unsent: TimeDelta::days(9),
                mail_down: TimeDelta::days(9),
            };
            Health::look(&story.engine).await.unwrap().alarms(limits)
        };
        // Before anything had to be told it, the liaison's want is seen.
        let liaison = post("轨道安监处/liaison");
        assert_eq!(alarms(&story).await, [Alarm::Untold(vec![(liaison.clone(), 0)])]);
        story.run_until("2022-10-24 10:00").await;
        let found = alarms(&story).await;
        let [Alarm::Untold(untold)] = found.as_slice() else { panic!("{found:?}") };
        let names: Vec<String> = untold.iter().map(|(post, _)| post.to_string()).collect();
        assert_eq!(names, ["轨道安监处/liaison", "轨道安监处/deputy"]);
        assert!(
            found[0].to_string().contains("轨道安监处/liaison (") && found[0].label().contains("轨道安监处联络员（")
        );
        let office = story.address(OFFICE).await;
        let digest = story.letters_to(&office, "2022-10-24 09:00")[0].text.clone();
        let told = digest.split_once("没有邮箱、无法告知的岗位（2个）").expect(&digest).1;
        assert!(
            told.contains("1. 轨道安监处联络员：9.1b（10月") && told.contains("2. 轨道安监处分管负责人：9.1b"),
            "{told}"
        );
        // A roster that is loaded brings the address, and what waited goes out in the next pass.
        let roster =
            "单位;岗位;姓名;邮箱\n轨道安监处;联络员;某甲;jia@example.com\n轨道安监处;分管负责人;某乙;yi@example.com\n";
        let entries = posts::parse("名册.csv", roster.as_bytes(), None).unwrap();
        let changed = story.act(OFFICE, async |actor| actor.import_posts(&entries).await).await.unwrap();
        assert_eq!(changed, 2);
        for _ in 0..3 {
            let again = story.act(OFFICE, async |actor| actor.import_posts(&entries).await).await.unwrap();
            assert_eq!(again, 0, "importing again changes nothing");
        }
        story.run_until("2022-10-24 10:30").await;
        let letters = story.letters_to("jia@example.com", "2022-10-24 10:00");
        assert_eq!(letters.len(), 1, "all of it in one");
        assert!(letters[0].subject.starts_with("【催办】") && letters[0].text.contains("9.1b"), "{:?}", letters[0]);
        assert_eq!(story.letters_to("yi@example.com", "2022-10-24 10:00").len(), 1);
        assert_eq!(alarms(&story).await, []);
        assert!(!digest::preview(&story.engine).await.unwrap().text.contains("没有邮箱"));
        story
    })
    .await;
}

#[tokio::test]
async fn importing_stand_ins_again_changes_nothing() {
    on_both_of("2026-12-01 08:00", &["9.1b"], |story| async move {
        let read = |bytes: &[u8]| posts::parse("roster.csv", bytes, None).unwrap();
        let files = [
            read(include_bytes!("../rosters/roster-excel-dates.csv")),
            read(include_bytes!("../rosters/roster-gbk.csv")),
            read(include_bytes!("../rosters/roster-utf16-tab.txt")),
        ];
        let mut changed = Vec::new();
        for entries in files.iter().chain(&files) {
            changed.push(story.act(OFFICE, async |actor| actor.import_posts(entries).await).await.unwrap());
        }
        assert_eq!(changed, [2, 0, 0, 0, 0, 0]);
        let known = story.engine.known().await.unwrap();
        assert_eq!(known.holders[&post("质安处/deputy")].len(), 2, "the seeds' own, and the one that was loaded");
        // Without an end it stands until further notice, and again is the same again.
        let open = "unit,role,holder,address,stand_in_address\n质安处,head,丙,bing@example.com,ding@example.com\n";
        let entries = read(open.as_bytes());
        for want in [1, 0] {
            assert_eq!(story.act(OFFICE, async |actor| actor.import_posts(&entries).await).await.unwrap(), want);
        }
        story
    })
    .await;
}

#[tokio::test]
async fn what_was_made_for_a_holder_ends_when_the_successors_term_begins() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b"]), |mut story| async move {
        let link = letter(&mut story).await;
        let console = Console::of(&story);
        let store = &story.engine.store;
        let mut session = console.stranger();
        assert_eq!(session.post(&link, &[("post", "质安处/liaison")]).await.location(), "/todo");
        let now = story.now();
        let token = credential(store, CredentialKind::Token, "质安处/liaison", "read file", now, None).await;
        let feed = credential(store, CredentialKind::Feed, "质安处/liaison", "", now, None).await;
        let call = async |console: &Console| {
            let request =
                Request::builder().uri("/api/v1/obligations").header("authorization", format!("Bearer {token}"));
            console.stranger().send(request.body(Body::empty()).unwrap()).await.status
        };
        let subscribed = async |console: &Console| console.stranger().get(&format!("/feeds/{feed}.ics")).await.status;
        assert_eq!((call(&console).await, subscribed(&console).await), (StatusCode::OK, StatusCode::OK));
        story
            .act("质安处/liaison", async |actor| {
                actor.set_post(&takeover("质安处/liaison", "yi", Some("2022-10-14"))).await
            })
            .await
            .unwrap();
        assert_eq!(session.get("/todo").await.status, StatusCode::OK);
        story.sleep_until("2022-10-13 23:59");
        // Another post of the same unit is not concerned.
        let (mut session, mut deputy) =
            (console.signed_in("质安处/liaison").await, console.signed_in("质安处/deputy").await);
        assert_eq!(session.get("/todo").await.status, StatusCode::OK);
        assert_eq!((call(&console).await, subscribed(&console).await), (StatusCode::OK, StatusCode::OK));
        assert_eq!(console.stranger().get(&link).await.status, StatusCode::OK);

        story.sleep_until("2022-10-14 00:00");
        assert_eq!(deputy.get("/todo").await.status, StatusCode::OK);
        assert_eq!(session.get("/todo").await.status, StatusCode::SEE_OTHER);
        let fields = [("holder", "jia"), ("address", "jia@example.com"), ("from", "2022-10-14")];
        assert_ne!(
            session.post("/me/hand-over", &fields).await.location(),
            "/me/hand-over?done=1",
            "it gives nothing back"
        );
        assert_eq!(
            (call(&console).await, subscribed(&console).await),
            (StatusCode::UNAUTHORIZED, StatusCode::NOT_FOUND)
        );
        for answer in
            [console.stranger().get(&link).await, console.stranger().post(&link, &[("post", "质安处/liaison")]).await]
        {
            assert!(answer.status.is_client_error());
            assert!(answer.text().contains("质安处联络员已由他人接任"), "{}", answer.text());
        }
        // The successor's own letter opens.
        story.run_until("2022-10-14 09:30").await;
        let theirs = &story.letters_to("yi@example.com", "2022-10-14 09:00")[0].text;
        let theirs = crate::support::entry::link_in(theirs);
        let mut successor = console.stranger();
        assert_eq!(successor.post(&theirs, &[("post", "质安处/liaison")]).await.location(), "/todo");
        // A stand-in is no successor; handed over from today on, it ends at once.
        let mut stands = takeover("质安处/liaison", "yi", None);
        stands.stand_in = Some(("bing@example.com".into(), day("2022-10-14"), day("2022-10-20")));
        story.act(OFFICE, async |actor| actor.set_post(&stands).await).await.unwrap();
        assert_eq!(successor.get("/todo").await.status, StatusCode::OK);
        story.engine.clock.set(at("2022-10-14 10:00"));
        story.act(OFFICE, async |actor| actor.set_post(&takeover("质安处/liaison", "ding", None)).await).await.unwrap();
        assert_eq!(successor.get("/todo").await.status, StatusCode::SEE_OTHER);
        story
    })
    .await;
}

#[tokio::test]
async fn a_unit_called_otherwise_keeps_all_that_it_has() {
    on_both_with("2022-10-10 00:00", with_links(), &seeds_of(&["9.1b", "10.1"]), |mut story| async move {
        let link = letter(&mut story).await;
        // Two misses in a row; the quarter's own duty, which names the unit, is open.
        story.run_until("2022-10-24 10:00").await;
        let mut tx = story.engine.store.read().await.unwrap();
        let ids = |tx: &[duban::store::row::Stored]| tx.iter().map(|row| row.obligation.id).collect::<Vec<_>>();
        let own = |name: &str| Query { unit: Some(unit(name)), phases: PhaseGroup::All.phases(), ..Query::default() };
        let before = ids(&tx.ledger(&own("质安处"), None, 1000).await.unwrap());
        drop(tx);
        let (old, new) = (unit("质安处"), unit("质量安全监督处"));
        let taken = story.act(OFFICE, async |actor| actor.rename_unit(&old, &unit("物业处")).await).await;
        assert_eq!(refused(taken), "已有单位 物业处，请用其他名称");
        let stranger = story.act("质安处/head", async |actor| actor.rename_unit(&old, &new).await).await;
        assert!(stranger.is_err());
        story.act(OFFICE, async |actor| actor.rename_unit(&old, &new).await).await.unwrap();
        let console = Console::of(&story);
        story.run_until("2022-10-25 10:00").await;
        let mut tx = story.engine.store.read().await.unwrap();
        let after = tx.ledger(&own("质量安全监督处"), None, 1000).await.unwrap();
        assert_eq!((ids(&after), tx.ledger(&own("质安处"), None, 10).await.unwrap().len()), (before, 0));
        assert!(after.iter().all(|row| !matches!(row.obligation.phase, Phase::Waived | Phase::Withdrawn)));
        drop(tx);
        // A letter of before opens the same post, under its new name.
        let mut liaison = console.stranger();
        assert!(
            liaison.get(&link).await.text().contains("质量安全监督处联络员"),
            "{}",
            liaison.get(&link).await.text()
        );
        assert_eq!(liaison.post(&link, &[("post", "质量安全监督处/liaison")]).await.location(), "/todo");
        assert!(liaison.get("/todo").await.text().contains("质量安全监督处"));
        // The third miss is 督办 for the row of three; letters go on to the same mailboxes, under the new name.
        story.run_until("2022-11-02 10:00").await;
        assert_eq!(story.obligation("9.1b", "质量安全监督处", "2022-W43").await.round.streak, Some(3));
        let head = story.address("质量安全监督处/head").await;
        let letters = story.letters_to(&head, "2022-10-31 00:00");
        let supervised = letters.iter().find(|letter| letter.subject.starts_with("【督办】")).expect("督办");
        assert!(
            supervised.text.contains("质量安全监督处") && !supervised.text.contains("质安处"),
            "{}",
            supervised.text
        );
        // What the catalogue's files say of the old name is the unit's still.
        assert_eq!(story.obligation("10.1", "质量安全监督处", "2022-Q4").await.phase, Phase::Open);
        let known = story.engine.known().await.unwrap();
        assert_eq!(changes(&known, &in_force(&known), story.engine.today()).entries, []);
        // The old files would take it away: they are refused, and say what there is to do.
        let files = seeds_of(&["9.1b", "10.1"]);
        let again = story.act(OFFICE, async |actor| actor.apply_seeds(&files, None, Agreed::default()).await).await;
        let words = refused(again);
        assert!(
            words.contains("质量安全监督处自2022-11-03起离开：独自承担而未办结的") && words.contains("更名"),
            "{words}"
        );
        story
    })
    .await;
}

/// What is in force, as files would say it.
fn in_force(known: &Known) -> Seeds {
    Seeds {
        catalogue: known.versions.last().unwrap().catalogue.clone(),
        roster: known.roster.clone(),
        calendar: known.calendar.clone(),
        posts: Vec::new(),
    }
}

#[tokio::test]
async fn a_successor_goes_on_with_what_is_open_and_with_the_row_of_misses() {
    on_both_of("2022-10-10 00:00", &["9.1b", "5.1", "10.1"], |mut story| async move {
        // 房管处 owes none of these; 质安处 owes all three, the second with 安管总站.
        story.run_until("2022-10-24 10:00").await;
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W42").await.round.streak, Some(2));
        let (old, new) = (unit("质安处"), unit("质量安全监督处"));
        let own = story.act(OFFICE, async |actor| actor.succeed_unit(&old, &old, "机构改革").await).await;
        assert_eq!(refused(own), "两处都是 质安处，请写两个不同的单位");
        let office =
            story.act(OFFICE, async |actor| actor.succeed_unit(&unit("委安委办"), &new, "机构改革").await).await;
        assert!(refused(office).contains("不能移出名册"));
        let done = story.act(OFFICE, async |actor| actor.succeed_unit(&old, &new, "机构改革").await).await.unwrap();
        assert_eq!((done.closed.len(), done.groups.len()), (0, 2));
        for role in ["liaison", "deputy", "head"] {
            let who = takeover(&format!("质量安全监督处/{role}"), &format!("new-{role}"), None);
            story.act(OFFICE, async |actor| actor.set_post(&who).await).await.unwrap();
        }
        assert_eq!(story.obligation("9.1b", "质量安全监督处", "2022-W42").await.phase, Phase::Missed);
        assert_eq!(story.obligation("5.1", "安管总站", "2022-10").await.owners, [new.clone(), unit("安管总站")]);
        story.run_until("2022-10-31 10:00").await;
        // The third miss of one row, told the successor; nothing more is told the one that is gone.
        assert_eq!(story.obligation("9.1b", "质量安全监督处", "2022-W43").await.round.streak, Some(3));
        assert!(!story.letters_to("new-head@example.com", "2022-10-31 09:00").is_empty());
        assert_eq!(story.letters_to("zhian.liaison@example.com", "2022-10-24 10:01").len(), 0);
        // What opens from now on is the successor's, the quarter's duty that named the other too; nothing was waived.
        assert_eq!(story.obligation("10.1", "质量安全监督处", "2022-Q4").await.phase, Phase::Open);
        assert_eq!(story.obligation("9.1b", "质量安全监督处", "2022-W45").await.phase, Phase::Scheduled);
        let mut tx = story.engine.store.read().await.unwrap();
        let gone = Query { unit: Some(old.clone()), phases: PhaseGroup::All.phases(), ..Query::default() };
        let left = tx.ledger(&gone, None, 1000).await.unwrap();
        assert!(left.iter().all(|row| !row.obligation.phase.is_live()), "{left:?}");
        drop(tx);
        // Merged into one that owes the same: once is enough, the other's own row goes on.
        let twin =
            story.act(OFFICE, async |actor| actor.succeed_unit(&new, &unit("物业处"), "合并").await).await.unwrap();
        assert!(twin.closed.iter().any(|row| row.obligation.duty.0 == "9.1b"), "{:?}", twin.closed.len());
        assert!(twin.taken_over.iter().any(|row| row.obligation.duty.0 == "10.1"));
        story.run_until("2022-11-07 10:00").await;
        assert_eq!(story.obligation("10.1", "物业处", "2022-Q4").await.owners, [unit("物业处")]);
        assert_eq!(story.obligation("5.1", "物业处", "2022-11").await.owners, [unit("物业处"), unit("安管总站")]);
        assert_eq!(story.obligation("9.1b", "物业处", "2022-W44").await.round.streak, Some(4));
        story
    })
    .await;
}

#[tokio::test]
async fn a_departure_says_first_what_it_would_do() {
    let mut seeds = seeds_of(&["5.1", "9.1b", "10.1"]);
    seeds.catalogue.duties.iter_mut().find(|duty| duty.id.0 == "10.1").unwrap().owed_by =
        vec![Owner::Unit(unit("质安处"))];
    on_both_with("2022-10-10 00:00", settings(), &seeds, |mut story| async move {
        story.run_until("2022-10-12 10:00").await;
        let gone = unit("质安处");
        let asked = story.act(OFFICE, async |actor| actor.leave(&gone, day("2022-10-12"), "撤销", false).await).await;
        let words = refused(asked);
        assert!(words.starts_with("质安处自2022-10-12起离开：独自承担而未办结的"), "{words}");
        for part in ["9.1b 2022-W41", "共同承担的1项由他人继续，此后无单位承担的职责：10.1。", "尚未办理，请确认"]
        {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W41").await.phase, Phase::Open);
        let console = Console::of(&story);
        let mut office = console.signed_in(OFFICE).await;
        let fields = [("name", "质安处"), ("on", "2022-10-12"), ("reason", "撤销")];
        let first = office.post("/units/leave", &fields).await;
        assert_eq!((first.status, first.field("confirmed")), (StatusCode::UNPROCESSABLE_ENTITY, "1".to_owned()));
        assert!(first.text().contains("影响已核对，确认离开"));
        assert_eq!(story.obligation("9.1b", "质安处", "2022-W41").await.phase, Phase::Open);
        let second = office.post("/units/leave", &[fields.as_slice(), &[("confirmed", "1")]].concat()).await;
        assert_eq!(second.location(), "/units?done=leave");
        assert_eq!(story.light("9.1b", "质安处", "2022-W41").await, Light::White);
        // The same page calls units otherwise and merges them.
        let renamed = office.post("/units/rename", &[("name", "物业处"), ("to", "物业监管处")]).await;
        assert_eq!(renamed.location(), "/units?done=rename");
        let merged = [("name", "物业监管处"), ("successor", "村镇处"), ("reason", "合并")];
        assert_eq!(office.post("/units/succeed", &merged).await.location(), "/units?done=succeed");
        let missing = office.post("/units/rename", &[("name", "物业处"), ("to", "x")]).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        story
    })
    .await;
}
