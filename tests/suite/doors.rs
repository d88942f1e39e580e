//! What is taken as an address, a name, an id or a reason is the same behind every door: files, configuration, acts, mail.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::support::{OFFICE, Story, day, on_both_of, post};
use duban::acts::event::NewEvent;
use duban::acts::roster::{Takeover, UnitEntry};
use duban::acts::{ActError, LONGEST_REASON};
use duban::catalogue::{Seeds, posts};
use duban::config::{Config, Surroundings};
use duban::domain::refusal::Refusal;
use duban::domain::refusal::field::FieldRefusal;
use duban::domain::unit::UnitName;
use duban::domain::{address, name, text};
use duban::mail::{Address, Mailbox, Outgoing, parse_address};

/// The seeds with one more unit of that name.
fn with_unit(seeds: &Seeds, name: &str) -> Result<Seeds, duban::catalogue::Diagnostics> {
    let quoted = toml::Value::String(name.to_owned());
    let text = include_str!("../../seeds/units.toml");
    let more = format!("{text}\n[[unit]]\nname = {quoted}\nkind = \"机关处室\"\n");
    seeds.with_files(&[("units.toml".to_owned(), more.into_bytes())])
}

fn posts_file(address: &str) -> String {
    format!("unit,role,holder,address\n质安处,head,某甲,\"{}\"\n", address.replace('"', "\"\""))
}

/// A letter to that address, from it, with answers to it.
fn letter(address: &Address) -> Outgoing {
    let mailbox = |name: &str| Mailbox::new(name, address.clone());
    Outgoing {
        message_id: duban::mail::message_id("1", address),
        from: mailbox("督办"),
        reply_to: Some(mailbox("")),
        to: mailbox("质安处联络员"),
        subject: "提醒".into(),
        text: "请办理。\n".into(),
        html: "<p>请办理。</p>".into(),
        date: "2022-10-10T09:00:00+08:00".parse().unwrap(),
        in_reply_to: None,
    }
}

#[test]
fn the_roster_takes_what_can_be_sent_to() {
    for (address, taken) in [("o'neil@example.com", true), ("root@localhost", false)] {
        assert_eq!(posts::parse("p.csv", posts_file(address).as_bytes(), None).is_ok(), taken, "{address}");
        assert_eq!(parse_address(address).is_ok_and(|address| letter(&address).build().is_ok()), taken, "{address}");
        let configured = Config::load(None, &Surroundings::of(&[("DUBAN__MAIL__FROM", address)]));
        assert_eq!(configured.is_ok(), taken, "{address}");
    }
}

proptest! {
    #[test]
    fn an_address_is_one_behind_every_door(
        written in "[ 　]{0,1}[a-z.'+`@\"< 甲\t-]{0,6}(@|＠|)[a-zA-Z0-9._-]{0,6}(\\.[a-z]{1,3}|)[ \n]{0,1}",
    ) {
        let taken = address::read(&written);
        let imported = posts::parse("p.csv", posts_file(&written).as_bytes(), None);
        // A line end at the end of a cell is of the sheet, not of the address.
        prop_assert_eq!(imported.is_ok(), address::read(written.trim()).is_ok(), "import: {:?}", imported);
        let configured = Config::load(None, &Surroundings::of(&[("DUBAN__MAIL__FROM", &written)]));
        prop_assert_eq!(configured.is_ok(), taken.is_ok(), "configuration");
        prop_assert_eq!(parse_address(&written).is_ok(), taken.is_ok(), "delivery");
        if let (Ok(imported), Ok(taken)) = (imported, taken) {
            prop_assert_eq!(imported[0].address.as_str(), taken);
            let parsed = parse_address(&imported[0].address).unwrap();
            let built = letter(&parsed).build().unwrap();
            let to = mail_parser::MessageParser::default().parse(&built).unwrap().to().unwrap().first().cloned().unwrap();
            prop_assert_eq!(to.address().unwrap(), parsed.expose(), "the letter names it whole");
        }
    }

    #[test]
    fn a_name_is_one_in_files_and_in_the_domain(name in "[甲乙A ]{0,3}[;@/:,*\"'“\u{200b}\u{7}]{0,1}[甲 ]{0,2}") {
        let seeds = Seeds::embedded().unwrap();
        prop_assert_eq!(with_unit(&seeds, &name).is_ok(), name::check_name(&name).is_ok());
    }
}

/// Names and ids of all sorts.
const WRITTEN: [&str; 14] = [
    "轨道安监处",
    "AB 处",
    "",
    " ",
    " 首尾 ",
    "质;安",
    "质@安",
    "质/安",
    "质:安",
    "质,安",
    "质*安",
    "质\"安",
    "质'安",
    "质\u{200b}安",
];

#[tokio::test]
async fn the_acts_take_what_files_take() {
    on_both_of("2022-10-10 09:00", &["9.1b"], |story| async move {
        let seeds = Seeds::embedded().unwrap();
        for name in WRITTEN {
            let name_taken = name::check_name(name).is_ok();
            let entry =
                UnitEntry { name: UnitName(name.into()), kind: None, groups: None, joined_on: None, stays: false };
            let set = story.act(OFFICE, async |actor| actor.set_unit(&entry).await).await;
            assert_eq!(set.is_ok(), name_taken, "{name:?}: {set:?}");
            assert_eq!(with_unit(&seeds, name).is_ok(), name_taken, "{name:?}");
            let node = story
                .act(OFFICE, async |actor| {
                    actor.open_node(&node_id(name), name, day("2022-10-16"), day("2022-10-22")).await
                })
                .await;
            assert_eq!(node.is_ok(), name_taken, "{name:?}: {node:?}");
            let opened = open(&story, name).await;
            assert_eq!(opened.is_ok(), name::check_id(name).is_ok(), "{name:?}: {opened:?}");
        }
        for (kind, taken) in [("直属单位", true), ("", true), ("直属\u{202e}单位", false), ("直属\n单位", false)]
        {
            let name = UnitName("轨道安监处".into());
            let entry = UnitEntry { name, kind: Some(kind.into()), groups: None, joined_on: None, stays: false };
            let set = story.act(OFFICE, async |actor| actor.set_unit(&entry).await).await;
            assert_eq!(set.is_ok(), taken, "{kind:?}: {set:?}");
        }
        for address in ["o'neil@example.com", "root@localhost", " a@b.cn ", "a b@c.cn", "甲@b.cn", "a@b.cn\n", ""] {
            let set = hand_over(&story, "某甲", address).await;
            assert_eq!(set.is_ok(), address::read(address).is_ok(), "{address}: {set:?}");
        }
        story
    })
    .await;
}

/// An id for a node of that name.
fn node_id(name: &str) -> String {
    format!("n{}", name.chars().map(|c| u32::from(c).to_string()).collect::<Vec<_>>().join("-"))
}

/// A reason is looked at before what it is for: a bad one is told although there is no such obligation.
#[tokio::test]
async fn a_reason_is_one_behind_every_act() {
    on_both_of("2022-10-10 09:00", &["9.1b"], |story| async move {
        let (longest, too_long) = ("长".repeat(LONGEST_REASON), "长".repeat(LONGEST_REASON + 1));
        for reason in ["", " 　", "照片不清", " 照片不清 ", "照\n片", "照\u{202e}片", &too_long, &longest]
        {
            let tomorrow = story.now() + TimeDelta::days(1);
            let answers = [
                story.act("质安处/liaison", async |actor| actor.raise_dispute(0, reason).await.map(drop)).await,
                story
                    .act("质安处/liaison", async |actor| actor.ask_extension(0, tomorrow, reason).await.map(drop))
                    .await,
                story.act(OFFICE, async |actor| actor.send_back(0, reason, tomorrow).await.map(drop)).await,
                story.act(OFFICE, async |actor| actor.waive(&[0], reason, "渝建安〔2022〕1号").await.map(drop)).await,
                story.act(OFFICE, async |actor| actor.reject_dispute(0, reason).await.map(drop)).await,
                story.act(OFFICE, async |actor| actor.refuse_extension(0, reason).await.map(drop)).await,
            ];
            for (n, answer) in answers.into_iter().enumerate() {
                let told = answer.unwrap_err();
                let bad = matches!(
                    told,
                    ActError::Refused(Refusal::Field(
                        _,
                        FieldRefusal::Blank
                            | FieldRefusal::TooLong(LONGEST_REASON)
                            | FieldRefusal::ForbiddenCharacter(_)
                    ))
                );
                assert_eq!(bad, text::plain(reason, LONGEST_REASON).is_err(), "{n}: {reason:?}: {told:?}");
            }
        }
        story
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_has_no_blanks_at_its_ends() {
    on_both_of("2022-10-10 09:00", &["9.1b"], |mut story| async move {
        story.pass().await;
        hand_over(&story, " 某甲 ", "　jia@example.com ").await.unwrap();
        let known = story.engine.known().await.unwrap();
        let holder = known.holder(&post("质安处/head"), day("2022-10-10")).unwrap();
        assert_eq!((holder.holder.as_str(), holder.address.as_str()), ("某甲", "jia@example.com"));
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        story.act("质安处/liaison", async |actor| actor.raise_dispute(id, " 不属本单位\n").await).await.unwrap();
        story.act(OFFICE, async |actor| actor.uphold_dispute(id, "  ").await).await.unwrap();
        let requests = story.engine.store.read().await.unwrap().requests_of(id).await.unwrap();
        assert_eq!((requests[0].reason.as_str(), requests[0].answer.as_deref()), ("不属本单位", Some("")));
        story
    })
    .await;
}

async fn open(story: &Story, id: &str) -> duban::acts::Result<duban::acts::event::OpenedEvent> {
    let event = NewEvent {
        id: Some(id.to_owned()),
        event_type: "极端天气预警".into(),
        at: story.now(),
        place: "全市".into(),
        units: Vec::new(),
    };
    story.act(OFFICE, async |actor| actor.open_event(&event).await).await
}

async fn hand_over(story: &Story, holder: &str, address: &str) -> duban::acts::Result<()> {
    let takeover = Takeover {
        post: post("质安处/head"),
        holder: holder.into(),
        address: address.into(),
        from_on: None,
        stand_in: None,
    };
    story.act(OFFICE, async |actor| actor.set_post(&takeover).await).await
}
