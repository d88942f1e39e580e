//! 台账: every obligation that has opened, narrowed by what the address says; and the same as a file.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use chrono::{DateTime, Utc};

use crate::domain::calendar::Zone;
use crate::domain::refusal::list::ListRefusal;
use crate::read::query::{self, QueryText};
use crate::read::view::View;
use crate::read::words;
use crate::store::Tx;
use crate::store::row::Stored;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::csv;
use crate::web::fault::Fault;
use crate::web::filter::Choices;
use crate::web::refused::Refused;
use crate::web::route::{Route, get};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/ledger", Right::SeeAll, show), get("/ledger.csv", Right::SeeAll, file)]
}

/// Rows on a page.
const PAGE: usize = 50;
/// The most rows of a file.
const MOST: usize = 50_000;

struct LedgerLine {
    row: View,
    filed: String,
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    page: Page,
    asked: QueryText,
    choices: Choices,
    lines: Vec<LedgerLine>,
    next: Option<String>,
    file: String,
    first: bool,
    refused: Refused,
}

async fn show(desk: Desk, visitor: Visitor, Query(asked): Query<QueryText>) -> Result<Response, Fault> {
    let zone = desk.known.zone;
    let mut tx = desk.engine.store.read().await?;
    let (mut lines, mut next, mut refused) = (Vec::new(), None, Refused::default());
    match asked.query().and_then(|query| Ok((query, asked.after()?))) {
        Ok((query, after)) => {
            let found = query::find(&mut tx, &desk.known, &query, after, PAGE).await?;
            let rows = desk.views(&mut tx, &found.rows).await?;
            lines = rows.into_iter().map(|row| LedgerLine { filed: instant(zone, row.filed_at), row }).collect();
            next = found.next.map(|after| asked.address("/ledger", Some(after)));
        }
        Err(refusal) => refused = Refused::of(refusal),
    }
    let shown = LedgerPage {
        page: Page::new("台账", &desk, &visitor),
        choices: Choices::of(&desk.known, &asked),
        file: asked.address("/ledger.csv", None),
        first: asked.after.is_empty(),
        lines,
        next,
        refused,
        asked,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

pub const COLUMNS: [&str; 21] = [
    "序号",
    "事项号",
    "条款",
    "主要任务",
    "职责",
    "职责名称",
    "牵头单位",
    "配合单位",
    "频次",
    "期次",
    "开始",
    "时限",
    "灯",
    "状态",
    "数量",
    "报送时间",
    "审核通过",
    "逾期天数",
    "连续逾期",
    "回执",
    "说明",
];

async fn file(desk: Desk, Query(asked): Query<QueryText>) -> Result<Response, Fault> {
    let query = asked.query()?;
    let mut tx = desk.engine.store.read().await?;
    let rows = query::all(&mut tx, &desk.known, &query, MOST + 1).await?;
    if rows.len() > MOST {
        return Err(ListRefusal::TooManyRows(MOST).into());
    }
    let lines = cells(&desk, &mut tx, &rows).await?;
    let name = format!("ledger-{}.csv", desk.today);
    Ok(csv::download(&name, csv::content(&COLUMNS, lines.iter())))
}

/// `2022-10-13 10:00`, or nothing.
fn instant(zone: Zone, at: Option<DateTime<Utc>>) -> String {
    at.map(|at| zone.local(at).format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// A deadline: midnight is 24:00 of the day before.
fn deadline(zone: Zone, due: DateTime<Utc>) -> String {
    let local = zone.local(due);
    if local.time() == chrono::NaiveTime::MIN {
        return format!("{} 24:00", zone.due_day(due));
    }
    local.format("%Y-%m-%d %H:%M").to_string()
}

/// The file's rows, in the document's order: task, measure, unit, deadline.
async fn cells(desk: &Desk, tx: &mut Tx, stored: &[Stored]) -> Result<Vec<Vec<String>>, Fault> {
    let zone = desk.known.zone;
    let mut rows = desk.views(tx, stored).await?;
    rows.sort_by_cached_key(|row| {
        let place = words::roster_order(&desk.known, &row.owners);
        (words::document_order(&row.duty), place, row.round.due_at, row.id)
    });
    let cells = rows.into_iter().enumerate().map(|(n, row)| {
        let counts =
            row.counts.iter().map(|count| format!("{} {}/{}{}", count.counter, count.have, count.want, count.unit));
        vec![
            (n + 1).to_string(),
            row.id.to_string(),
            row.clause_label.clone(),
            row.task.clone(),
            row.duty.to_string(),
            row.title.clone(),
            row.owners_label.clone(),
            row.supporting_label.clone(),
            row.cadence_label.clone(),
            row.period_label.clone(),
            instant(zone, Some(row.opens_at)),
            deadline(zone, row.round.due_at),
            view::light_label(row.light).chars().take(1).collect(),
            row.word.to_owned(),
            counts.collect::<Vec<_>>().join("；"),
            instant(zone, row.filed_at),
            instant(zone, row.accepted_at),
            row.overdue().map(|days| days.to_string()).unwrap_or_default(),
            row.round.streak.map(|streak| streak.to_string()).unwrap_or_default(),
            row.receipts.last().cloned().unwrap_or_default(),
            row.note.clone(),
        ]
    });
    Ok(cells.collect())
}
