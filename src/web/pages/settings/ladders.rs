//! 催办阶梯: when whom is told, in words; and who would get what in the next 30 days if nobody filed.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::{DateTime, Days, Utc};
use serde::Deserialize;

use crate::domain::ladder::{Class, Ladder, Level, Reminder, When};
use crate::domain::step::NoticeKind;
use crate::domain::unit::{PostId, Role};
use crate::read::preview::{self, Ahead, Preview};
use crate::read::words;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::route::{Route, get};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/ladders", Right::SeeAll, show), get("/ladders/preview", Right::SeeAll, preview)]
}

/// So many days ahead are looked at.
const DAYS: u64 = 30;

struct LadderRow {
    class: &'static str,
    grace: Option<String>,
    reminders: Vec<String>,
    chase: String,
    supervise: Option<String>,
    propose: Option<String>,
    at_once: String,
    any_day: bool,
    node_day_limit: Option<u32>,
}

impl LadderRow {
    fn of(ladder: &Ladder) -> LadderRow {
        LadderRow {
            class: class_words(ladder.class),
            grace: ladder.grace.map(|time| time.format("%H:%M").to_string()),
            reminders: ladder.reminders.iter().map(reminder_words).collect(),
            chase: roles_words(&ladder.chase),
            supervise: ladder.supervise.as_ref().map(level_words),
            propose: ladder.propose.as_ref().map(level_words),
            at_once: roles_words(&ladder.at_once),
            any_day: ladder.any_day,
            node_day_limit: ladder.node_day_limit,
        }
    }
}

fn class_words(class: Class) -> &'static str {
    match class {
        Class::Day => "每日、每个工作日、重要节点每日",
        Class::Week => "每周",
        Class::Month => "每月，以及每个重要节点一次",
        Class::Quarter => "每季度、每半年、每年、一次",
        Class::EventHours => "事件（按小时计）",
        Class::EventDays => "事件（按日计）",
    }
}

/// 联络员、分管负责人.
pub fn roles_words(roles: &[Role]) -> String {
    roles.iter().map(|role| role.label()).collect::<Vec<_>>().join("、")
}

/// 截止日前第5个工作日 09:00：联络员.
pub fn reminder_words(reminder: &Reminder) -> String {
    let when = match reminder.when {
        When::Opening => "开始时".to_owned(),
        When::HalfTime => "时限过半时".to_owned(),
        When::AtDue => "截止时".to_owned(),
        When::WorkdaysBefore(n) => format!("截止日前第{n}个工作日09:00"),
        When::DueDay(time) => format!("截止日当天{}", time.format("%H:%M")),
    };
    format!("{when}：{}", roles_words(&reminder.to))
}

/// 截止日后第3个工作日，或连续逾期第3次起：联络员、分管负责人、主要负责人.
pub fn level_words(level: &Level) -> String {
    let workday = level.workday.map(|n| format!("截止日后第{n}个工作日"));
    let streak = level.streak.map(|n| format!("连续逾期第{n}次起"));
    let when: Vec<String> = [workday, streak].into_iter().flatten().collect();
    format!("{}：{}", when.join("，或"), roles_words(&level.to))
}

#[derive(Template)]
#[template(path = "ladders.html")]
struct LaddersPage {
    page: Page,
    ladders: Vec<LadderRow>,
    may: bool,
}

async fn show(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    let version = desk.known.version_on(desk.today).ok_or(Fault::Missing)?;
    let shown = LaddersPage {
        page: Page::new("催办阶梯", &desk, &visitor),
        ladders: version.catalogue.ladders.iter().map(LadderRow::of).collect(),
        may: visitor.has(Right::Settings),
    };
    Ok(view::html(&shown))
}

/// A heading, and what stands under it.
type PreviewColumn = (&'static str, fn(&Ahead) -> bool);

/// The columns: what is said for the first time, and what stands in the morning letter once more.
const COLUMNS: [PreviewColumn; 6] = [
    ("提醒", |notice| notice.kind == NoticeKind::Remind),
    ("催办", |notice| notice.kind == NoticeKind::Chase && !notice.stands),
    ("督办", |notice| notice.kind == NoticeKind::Supervise),
    ("通报建议", |notice| notice.kind == NoticeKind::Propose),
    ("事件", |notice| notice.kind == NoticeKind::Event),
    ("每日重列", |notice| notice.stands),
];

struct PreviewRow {
    post: String,
    label: String,
    letters: usize,
    counts: Vec<usize>,
}

struct SlotRow {
    at: String,
    what: Vec<String>,
}

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    page: Page,
    until: String,
    columns: Vec<&'static str>,
    posts: Vec<PreviewRow>,
    chosen: Option<String>,
    slots: Vec<SlotRow>,
    horizon: i64,
}

#[derive(Deserialize)]
struct PreviewQuery {
    #[serde(default)]
    post: String,
}

async fn preview(desk: Desk, visitor: Visitor, Query(which): Query<PreviewQuery>) -> Result<Response, Fault> {
    let last = desk.today + Days::new(DAYS);
    let preview = preview::preview(&desk.engine, desk.known.zone.end_of(last)).await?;
    let chosen = PostId::parse(&which.post);
    if chosen.is_none() && !which.post.is_empty() {
        return Err(Fault::Missing);
    }
    let title = chosen.as_ref().map_or_else(
        || "今后30日预览（如无人报送）".to_owned(),
        |post| format!("今后30日预览：{}（如无人报送）", post.label()),
    );
    let shown = PreviewPage {
        page: Page::new(title, &desk, &visitor),
        until: words::date(last),
        columns: COLUMNS.map(|(label, _)| label).to_vec(),
        posts: if chosen.is_none() { posts(&desk, &preview) } else { Vec::new() },
        slots: chosen.as_ref().map_or_else(Vec::new, |post| slots(&desk, &preview, post)),
        chosen: chosen.map(|post| post.label()),
        horizon: desk.engine.settings.horizon.num_days(),
    };
    Ok(view::html(&shown))
}

fn posts(desk: &Desk, preview: &Preview) -> Vec<PreviewRow> {
    let mut by_post: BTreeMap<(usize, &PostId), Vec<&Ahead>> = BTreeMap::new();
    let place = |post: &PostId| desk.known.roster.units.iter().position(|unit| unit.name == post.unit);
    for notice in &preview.notices {
        let key = (place(&notice.post).unwrap_or(usize::MAX), &notice.post);
        by_post.entry(key).or_default().push(notice);
    }
    let row = |((_, post), notices): ((usize, &PostId), Vec<&Ahead>)| {
        // 通报建议 stands on the digest, which goes each workday anyway.
        let told = notices.iter().filter(|notice| notice.kind != NoticeKind::Propose);
        let letters: BTreeSet<DateTime<Utc>> = told.map(|notice| notice.at).collect();
        PreviewRow {
            post: post.to_string(),
            label: post.label(),
            letters: letters.len(),
            counts: COLUMNS.map(|(_, is)| notices.iter().filter(|notice| is(notice)).count()).to_vec(),
        }
    };
    by_post.into_iter().map(row).collect()
}

fn slots(desk: &Desk, preview: &Preview, post: &PostId) -> Vec<SlotRow> {
    let mut by_slot: BTreeMap<DateTime<Utc>, Vec<&Ahead>> = BTreeMap::new();
    for notice in preview.notices.iter().filter(|notice| notice.post == *post) {
        by_slot.entry(notice.at).or_default().push(notice);
    }
    let zone = desk.known.zone;
    let named = |notice: &&Ahead| preview.obligations.get(&notice.obligation).map(|row| row.obligation.duty.clone());
    let row = |(at, notices): (DateTime<Utc>, Vec<&Ahead>)| {
        let what = COLUMNS.iter().filter_map(|(label, is)| {
            let mut duties: Vec<_> = notices.iter().filter(|notice| is(notice)).filter_map(named).collect();
            duties.sort_by_key(words::document_order);
            let duties: Vec<String> = duties.into_iter().map(|duty| duty.0).collect();
            (!duties.is_empty()).then(|| format!("{label}{}项：{}", duties.len(), duties.join("、")))
        });
        SlotRow { at: zone.local(at).format("%Y-%m-%d %H:%M").to_string(), what: what.collect() }
    };
    by_slot.into_iter().map(row).collect()
}
