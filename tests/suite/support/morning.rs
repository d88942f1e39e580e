//! A morning of October 2022 with something of everything on it: due, missed, filed with evidence, returned, asked for,
//! disputed, an event and a key date. What the pages are looked at and pictured with.

use super::served::World;
use super::{OFFICE, at, day, post};
use duban::acts::entry;
use duban::acts::event::NewEvent;
use duban::domain::duty::Quota;
use duban::domain::phase::Phase;
use duban::domain::unit::UnitName;
use duban::store::row::Stored;

/// Whose 我的待办 is looked at.
pub const LIAISON: &str = "质安处/liaison";

/// Lets it come to that morning. Gives back addresses to which no page leads: a letter's link, a password's, and pages of
/// obligations that are worth a look.
pub async fn october_morning(world: &mut World) -> Vec<String> {
    // One unit does its work, but for some duties; the others have not begun.
    for day in day("2022-09-26").iter_days().take_while(|today| *today < day("2022-10-13")) {
        world.story.run_until(&format!("{day} 15:00")).await;
        do_the_day(world, "质安处", &["6.1", "12.1"]).await;
    }
    for unit in ["质安处", "物业处", "村镇处"] {
        file(world, unit, "12.1", "2022-09-30", "已逐家督促企业制定方案并动员部署").await;
    }
    let returned = id(world, "村镇处", "12.1", "2022-09-30").await;
    let mut office = world.console.signed_in(OFFICE).await;
    let reason = [("reason", "缺少动员部署的佐证"), ("until", "2022-10-14")];
    assert!(office.post(&format!("/o/{returned}/return"), &reason).await.status.is_redirection());
    // The morning itself: what was due in the days before is told, a warning has come.
    world.story.run_until("2022-10-13 08:30").await;
    let warning = NewEvent {
        id: Some("暴雨1".into()),
        event_type: "极端天气预警".into(),
        at: at("2022-10-13 08:30"),
        place: "主城区".into(),
        units: Vec::new(),
    };
    world.story.act(OFFICE, async |actor| actor.open_event(&warning).await).await.unwrap();
    world.story.run_until("2022-10-13 08:40").await;
    file(world, "质安处", "9.1b", "2022-W41", "周调度会已开，布置节后复工检查").await;
    let asked = id(world, "质安处", "9.1c", "2022-10").await;
    let mut liaison = world.console.signed_in(LIAISON).await;
    let reason = [("reason", "主要负责人脱产培训至月末"), ("until", "2022-11-04")];
    assert!(liaison.post(&format!("/o/{asked}/extend"), &reason).await.status.is_redirection());
    let mut other = world.console.signed_in("办公室/liaison").await;
    let disputed = any_open(world, "办公室").await;
    let reason = [("reason", "该项已明确由委安委办承担，不属我处职责")];
    assert!(other.post(&format!("/o/{disputed}/dispute"), &reason).await.status.is_redirection());
    world.story.run_until("2022-10-13 10:00").await;
    world.story.pass().await;

    let engine = &world.console.engine;
    let secret = entry::setup_secret(engine, &post("委安委办/auditor"), "test").await.unwrap();
    let address = world.story.address(LIAISON).await;
    let letters = world.story.letters_to(&address, "2022-10-01 00:00");
    let link = letters.last().unwrap().text.split_once(&format!("{}/l/", world.origin)).unwrap().1;
    let event = id(world, "质安处", "46.1", "event:暴雨1").await;
    let waiting = id(world, "物业处", "12.1", "2022-09-30").await;
    [format!("/p/{secret}"), format!("/l/{}", link.split_whitespace().next().unwrap())]
        .into_iter()
        .chain([returned, asked, disputed, event, waiting].into_iter().map(|id| format!("/o/{id}")))
        .chain([
            format!("/o/{asked}/file"),
            "/ledger?light=red".into(),
            "/enter?next=/board".into(),
            "/o/999999".into(),
        ])
        .collect()
}

/// Files for what a unit owes today, but for these duties.
async fn do_the_day(world: &World, unit: &str, but: &[&str]) {
    let engine = &world.console.engine;
    let today = engine.today();
    let mut tx = engine.store.read().await.unwrap();
    let midnight = at(&format!("{} 00:00", today.succ_opt().unwrap()));
    let due = tx.live_due_between(Phase::Open, engine.clock.now(), midnight).await.unwrap();
    drop(tx);
    let known = engine.known().await.unwrap();
    let own = |row: &&Stored| row.obligation.owners.contains(&UnitName(unit.into()));
    for row in due.iter().filter(own).filter(|row| !but.contains(&row.obligation.duty.0.as_str())) {
        let quotas = &known.rules(row, today).unwrap().duty.quotas;
        let named =
            |quota: &Quota| (1..=quota.at_least).map(|n| format!("{}={}第{n}", quota.counter, quota.counter)).collect();
        let figure = |quota: &Quota| vec![format!("{}={}", quota.counter, quota.at_least)];
        let items: Vec<String> =
            quotas.iter().flat_map(|quota| if quota.distinct { named(quota) } else { figure(quota) }).collect();
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        world.story.file(&row.obligation.duty.0, unit, &row.obligation.period, &items).await.unwrap();
    }
}

async fn id(world: &World, unit: &str, duty: &str, period: &str) -> i64 {
    world.story.obligation(duty, unit, period).await.id
}

/// What a unit owes and has not filed: the first of it.
async fn any_open(world: &World, unit: &str) -> i64 {
    let mut tx = world.story.engine.store.read().await.unwrap();
    let open = tx.live_due_between(Phase::Open, at("2022-10-13 09:00"), at("2023-01-01 00:00"));
    let own = |row: &Stored| row.obligation.owners == [UnitName(unit.into())];
    open.await.unwrap().into_iter().find(own).expect("something that is owed").obligation.id
}

/// Files with evidence, by the form.
async fn file(world: &World, unit: &str, duty: &str, period: &str, note: &str) {
    let id = id(world, unit, duty, period).await;
    let mut liaison = world.console.signed_in(&format!("{unit}/liaison")).await;
    let path = format!("/o/{id}/file");
    let form = liaison.get(&path).await;
    let (receipt, day) = (form.field("receipt"), world.story.engine.today().to_string());
    let fields = [("receipt", receipt.as_str()), ("acted_on", day.as_str()), ("note", note)];
    let filed = liaison
        .upload(&path, &fields, &[("files", "现场情况.txt", format!("{unit}：各工地均已动员部署").as_bytes())])
        .await;
    assert!(filed.status.is_redirection(), "{}", filed.text());
}
