//! Four weeks of a small office in the autumn of 2022: six duties, two units that owe them. 质安处 does some of its work,
//! 安管总站 none. What the wording of letters and pages is looked at with.

use chrono::TimeDelta;

use super::browser::{Console, KEY};
use super::{Letter, OFFICE, Story, at, post, read, seeds_of};
use duban::acts::event::NewEvent;
use duban::acts::roster::Takeover;
use duban::acts::{Actor, entry};
use duban::catalogue::Seeds;
use duban::domain::duty::Owner;
use duban::domain::unit::UnitName;
use duban::engine::link::Keys;
use duban::jobs::{digest, simulate};

/// When they begin, and the morning on which they end.
pub const BEGIN: &str = "2022-09-26 00:00";
pub const END: &str = "2022-10-24 10:00";

/// The document's seeds with these duties alone, each owed by these units alone.
pub fn seeds_owed(duties: &[&str], by: &[&str]) -> Seeds {
    let mut seeds = seeds_of(duties);
    for duty in &mut seeds.catalogue.duties {
        duty.owed_by = by.iter().map(|unit| Owner::Unit(UnitName((*unit).into()))).collect();
    }
    seeds
}

/// The seeds of these weeks. What is due daily only the idle unit owes.
pub fn seeds() -> Seeds {
    let mut seeds = seeds_owed(&["9.1a", "9.1b", "12.1", "13.2", "46.1", "46.2"], &["质安处", "安管总站"]);
    let daily = seeds.catalogue.duties.iter_mut().find(|duty| duty.id.0 == "9.1a").unwrap();
    daily.owed_by.remove(0);
    seeds
}

/// A letter, and the bytes that arrived.
pub struct Arrived {
    pub letter: Letter,
    pub raw: Vec<u8>,
}

/// As [`Story::run_until`]; gives back what arrived, byte for byte.
pub async fn post_until(story: &Story, local: &str) -> Vec<Arrived> {
    let mailbox = story.mailbox.clone();
    let mut all = Vec::new();
    simulate::run_until(&story.engine, at(local), |now| {
        all.extend(mailbox.drain().into_iter().map(|one| Arrived { letter: read(now, &one), raw: one.raw }));
    })
    .await
    .unwrap();
    all
}

/// Lets the weeks pass. Gives back all that arrived in them.
pub async fn pass(story: &mut Story, console: &Console) -> Vec<Arrived> {
    story.engine.keys = Some(Keys::parse(KEY).unwrap());
    let mut all = post_until(story, "2022-09-28 10:00").await;
    story.file("9.1b", "质安处", "2022-W39", &["调度=1"]).await.unwrap();
    story.file("12.1", "质安处", "2022-09-30", &[]).await.unwrap();
    story.file("13.2", "质安处", "2022-09", &["检查企业=某某公司", "整改突出隐患=2"]).await.unwrap();
    all.extend(post_until(story, "2022-10-11 10:00").await);
    let returned = story.obligation("12.1", "质安处", "2022-09-30").await.id;
    let until = at("2022-10-14 18:00");
    let send_back = async |actor: Actor<'_>| actor.send_back(returned, "缺少动员部署的佐证", until).await;
    story.act(OFFICE, send_back).await.unwrap();
    all.extend(post_until(story, "2022-10-13 08:30").await);
    open_event(story, "暴雨1").await;
    all.extend(post_until(story, "2022-10-13 08:40").await);
    story.file("46.1", "质安处", "event:暴雨1", &[]).await.unwrap();
    all.extend(post_until(story, "2022-10-14 10:00").await);
    file_again(story, console, returned).await;
    two_posts_at_one_address(story).await;
    all.extend(post_until(story, "2022-10-20 08:00").await);
    all.extend(without_mail(story, "2022-10-21 20:00").await);
    ask(story).await;
    all.extend(post_until(story, "2022-10-22 10:00").await);
    // The daemon is down over a day; the first letter after it is refused.
    digest::note_gap(&story.engine, story.now()).await.unwrap();
    story.sleep_until("2022-10-23 16:00");
    digest::note_gap(&story.engine, story.now()).await.unwrap();
    story.refuse_next("550 5.1.1 user unknown");
    open_event(story, "暴雨2").await;
    all.extend(post_until(story, END).await);
    entry::write_link_letter(&story.engine, &story.address("安管总站/liaison").await).await.unwrap();
    all.extend(post_until(story, END).await);
    all
}

async fn open_event(story: &Story, id: &str) {
    let event = NewEvent {
        id: Some(id.into()),
        event_type: "极端天气预警".into(),
        at: story.now(),
        place: "主城区".into(),
        units: Vec::new(),
    };
    story.act(OFFICE, async |actor| actor.open_event(&event).await).await.unwrap();
}

/// What was returned is filed again, by the form, with evidence.
async fn file_again(story: &Story, console: &Console, id: i64) {
    let mut liaison = console.signed_in("质安处/liaison").await;
    let path = format!("/o/{id}/file");
    let receipt = liaison.get(&path).await.field("receipt");
    let day = story.engine.today().to_string();
    let fields = [("receipt", receipt.as_str()), ("acted_on", day.as_str()), ("note", "补附各工地动员部署的签到表")];
    let filed = liaison.upload(&path, &fields, &[("files", "签到表.txt", "各工地均已动员部署".as_bytes())]).await;
    assert!(filed.status.is_redirection(), "{}", filed.text());
}

async fn two_posts_at_one_address(story: &Story) {
    let address = story.address("质安处/liaison").await;
    let deputy = post("质安处/deputy");
    let takeover = Takeover { post: deputy, holder: "某某".into(), address, from_on: None, stand_in: None };
    story.act(OFFICE, async |actor| actor.set_post(&takeover).await).await.unwrap();
}

/// Until then the mail server is out of reach.
async fn without_mail(story: &mut Story, until: &str) -> Vec<Arrived> {
    story.lose_mail();
    let nothing = post_until(story, until).await;
    story.find_mail();
    // By then each letter may be tried again, however long it drew lots to wait.
    story.engine.clock.set(story.now() + TimeDelta::hours(2));
    nothing
}

/// One unit asks for more time, the other says that it is not theirs.
async fn ask(story: &Story) {
    let id = story.obligation("13.2", "质安处", "2022-10").await.id;
    let until = at("2022-11-05 00:00");
    let extend = async |actor: Actor<'_>| actor.ask_extension(id, until, "主要负责人脱产培训至月末").await;
    story.act("质安处/liaison", extend).await.unwrap();
    let id = story.obligation("13.2", "安管总站", "2022-10").await.id;
    let dispute = async |actor: Actor<'_>| actor.raise_dispute(id, "职责已移交").await;
    // A minute later, so that which came first is plain.
    story.engine.clock.set(story.now() + TimeDelta::minutes(1));
    story.act("安管总站/head", dispute).await.unwrap();
}
