//! 督办总览: today at a glance, and what every unit has open by hard measure and light. Each number leads to its rows.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::response::Response;

use crate::domain::light::Light;
use crate::domain::phase::Phase;
use crate::domain::unit::UnitName;
use crate::read::health::Health;
use crate::read::query::{Duties, QueryText};
use crate::read::{day, words};
use crate::store::Tx;
use crate::store::counts::Counts;
use crate::store::requests::RequestKind;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::route::{Route, get};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/board", Right::SeeAll, show)]
}

struct Tile {
    label: &'static str,
    n: u64,
    /// Where the rows behind it are; empty = nowhere that this visitor may go.
    href: String,
    /// Whether more than none of it is bad news.
    bad: bool,
}

struct Lamp {
    light: &'static str,
    name: String,
    n: u64,
    href: String,
}

struct BoardLine {
    unit: String,
    href: String,
    cells: Vec<Vec<Lamp>>,
    total: u64,
}

struct BoardColumn {
    title: String,
    href: String,
}

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    page: Page,
    today: String,
    workday: bool,
    alarms: Vec<String>,
    tiles: Vec<Tile>,
    columns: Vec<BoardColumn>,
    lines: Vec<BoardLine>,
    totals: Vec<Vec<Lamp>>,
    total: u64,
}

async fn show(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    let health = Health::look(&desk.engine).await?;
    let alarms: Vec<String> =
        health.alarms(desk.app.options().limits).iter().map(crate::read::health::Alarm::label).collect();
    let mut tx = desk.engine.store.read().await?;
    let counts = tx.board().await?;
    let tiles = tiles(&desk, &mut tx, &visitor, &counts, &health, alarms.len() as u64).await?;
    let duties = Duties::of(&desk.known);
    let parts: BTreeSet<u16> = counts.iter().map(|count| duties.part(&count.duty)).collect();
    let parts: Vec<u16> = parts.into_iter().collect();
    let line = |unit: Option<&UnitName>| {
        let own = |count: &&Counts| count.unit.as_ref() == unit;
        parts
            .iter()
            .map(|part| lamps(counts.iter().filter(own).filter(|count| duties.part(&count.duty) == *part), unit, *part))
            .collect::<Vec<_>>()
    };
    let sum = |cells: &[Vec<Lamp>]| cells.iter().flatten().map(|lamp| lamp.n).sum();
    let lines = desk.known.roster.units.iter().map(|unit| {
        let cells = line(Some(&unit.name));
        let asked = QueryText { unit: unit.name.0.clone(), phase: "live".into(), ..QueryText::default() };
        BoardLine { unit: unit.name.0.clone(), href: asked.address("/ledger", None), total: sum(&cells), cells }
    });
    let lines: Vec<BoardLine> = lines.filter(|line| line.total > 0).collect();
    let totals = line(None);
    let shown = BoardPage {
        page: Page::new("督办总览", &desk, &visitor),
        today: words::date(desk.today),
        workday: desk.known.calendar.is_workday(desk.today),
        alarms,
        tiles,
        columns: columns(&desk, &parts),
        lines,
        total: sum(&totals),
        totals,
    };
    Ok(view::html(&shown))
}

fn columns(desk: &Desk, parts: &[u16]) -> Vec<BoardColumn> {
    let clauses = desk.known.versions.last().map(|version| version.catalogue.clauses.as_slice()).unwrap_or_default();
    let column = |part: &u16| {
        let title = clauses.iter().find(|entry| entry.part == *part).map_or("", |entry| entry.part_title.as_str());
        let asked = QueryText { part: part.to_string(), phase: "live".into(), ..QueryText::default() };
        BoardColumn { title: format!("{part} {title}"), href: asked.address("/ledger", None) }
    };
    parts.iter().map(column).collect()
}

/// Counts by light, each with its address.
fn lamps<'a>(counts: impl Iterator<Item = &'a Counts>, unit: Option<&UnitName>, part: u16) -> Vec<Lamp> {
    let mut lights: BTreeMap<Light, u64> = BTreeMap::new();
    for count in counts {
        *lights.entry(count.light).or_default() += count.n;
    }
    let lamp = |(light, n): (Light, u64)| {
        let asked = QueryText {
            unit: unit.map(|unit| unit.0.clone()).unwrap_or_default(),
            part: part.to_string(),
            light: light.code().to_owned(),
            phase: "live".into(),
            ..QueryText::default()
        };
        Lamp {
            light: light.code(),
            name: view::light_label(light).chars().take(1).collect(),
            n,
            href: asked.address("/ledger", None),
        }
    };
    lights.into_iter().map(lamp).collect()
}

async fn tiles(
    desk: &Desk,
    tx: &mut Tx,
    visitor: &Visitor,
    counts: &[Counts],
    health: &Health,
    alarms: u64,
) -> Result<Vec<Tile>, Fault> {
    let of = |phase: Phase| {
        counts.iter().filter(|count| count.unit.is_none() && count.phase == phase).map(|count| count.n).sum()
    };
    let ledger = |phase: &str| QueryText { phase: phase.into(), ..QueryText::default() }.address("/ledger", None);
    let decides = |path: &str| if visitor.has(Right::Decide) { path.to_owned() } else { String::new() };
    let requests = tx.pending_requests().await?;
    let extensions = requests.iter().filter(|request| request.kind == RequestKind::Extension).count();
    let unreminded = tx.count_unreminded().await?;
    let proposed = tx.count_proposed().await?;
    let today = QueryText { due: desk.today.to_string(), phase: "owed".into(), ..QueryText::default() };
    let owed = [Phase::Open, Phase::Returned, Phase::Missed];
    let due = day::due_on(tx, &desk.known, desk.today, &owed).await?.len();
    let undelivered = u64::try_from(health.undelivered()).unwrap_or(0);
    let tile = |label, n, href: String, bad| Tile { label, n, href, bad };
    Ok(vec![
        tile("今日到期未报", due as u64, today.address("/ledger", None), false),
        tile("逾期未办", of(Phase::Missed), ledger("missed"), true),
        tile("已退回待重报", of(Phase::Returned), ledger("returned"), false),
        tile("待审核", of(Phase::Waiting), ledger("waiting"), false),
        tile("延期申请", extensions as u64, decides("/review#requests"), false),
        tile("异议", (requests.len() - extensions) as u64, decides("/review#requests"), false),
        tile("通报建议", proposed, decides("/review#bulletin"), true),
        tile("未提醒的逾期", unreminded, decides("/review#unreminded"), true),
        tile("未送达邮件", undelivered, "/letters?which=undelivered".to_owned(), true),
        tile("运行告警", alarms, "/watcher".to_owned(), true),
    ])
}
