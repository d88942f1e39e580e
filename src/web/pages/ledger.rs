//! 台账: every obligation that has opened, narrowed by what the address says; and the same as a file.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use chrono::{DateTime, Utc};

use crate::{
    domain::{calendar::Zone, duty::Owner, light::Light},
    engine::JobError,
    read::words,
    store::{Tx, row::Stored, submissions::Submission},
    web::{
        access::{Right, Visitor},
        app::{App, Desk},
        csv,
        fault::Fault,
        filter::{Asked, Choices},
        route::{Route, get},
        row::Row,
        view::{self, Page},
    },
};

pub fn routes() -> Vec<Route> {
    vec![get("/ledger", Right::SeeAll, show), get("/ledger.csv", Right::SeeAll, file)]
}

/// Rows on a page.
const PAGE: usize = 50;
/// The most rows of a file.
const MOST: usize = 50_000;

struct Line {
    row: Row,
    filed: String,
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct LedgerPage {
    page: Page,
    asked: Asked,
    choices: Choices,
    lines: Vec<Line>,
    next: Option<String>,
    file: String,
    first: bool,
    words: Option<String>,
}

async fn show(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let desk = Desk::of(&app).await?;
    let zone = desk.known.zone;
    let mut tx = desk.engine.store.read().await?;
    let (mut lines, mut next, mut words) = (Vec::new(), None, None);
    match asked.filter() {
        Ok(filter) => {
            let found = filter.find(&desk, &mut tx, asked.place(), PAGE).await?;
            let rows = Row::all(&desk, &mut tx, &found.rows).await?;
            let filed = found.rows.iter().map(|stored| instant(zone, stored.obligation.filed_at));
            lines = rows.into_iter().zip(filed).map(|(row, filed)| Line { row, filed }).collect();
            next = found.next.map(|place| asked.address("/ledger", Some(place)));
        }
        Err(refusal) => words = Some(refusal),
    }
    let shown = LedgerPage {
        page: Page::new("台账", &desk, &visitor),
        choices: Choices::of(&desk.known, &asked),
        file: asked.address("/ledger.csv", None),
        first: asked.after.is_empty(),
        lines,
        next,
        words: words.clone(),
        asked,
    };
    Ok(view::answer(&shown, words.is_some()))
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

async fn file(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let desk = Desk::of(&app).await?;
    let filter = asked.filter().map_err(Fault::Refused)?;
    let mut tx = desk.engine.store.read().await?;
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let found = filter.find(&desk, &mut tx, after, MOST + 1 - rows.len()).await?;
        rows.extend(found.rows);
        after = found.next;
        if rows.len() > MOST {
            return Err(Fault::Refused(format!("一次至多导出 {MOST} 项，请缩小范围")));
        }
        if after.is_none() {
            break;
        }
    }
    let lines = cells(&desk, &mut tx, rows).await?;
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
async fn cells(desk: &Desk, tx: &mut Tx, mut stored: Vec<Stored>) -> Result<Vec<Vec<String>>, Fault> {
    let known = &desk.known;
    stored.sort_by_cached_key(|row| {
        let obligation = &row.obligation;
        let place = words::roster_order(known, &obligation.owners);
        (words::document_order(&obligation.duty), place, obligation.round.due_at, obligation.id)
    });
    let rows = Row::all(desk, tx, &stored).await?;
    let ids: Vec<i64> = stored.iter().map(|row| row.obligation.id).collect();
    let mut newest: HashMap<i64, Submission> = HashMap::new();
    for counted in tx.submissions_for(&ids).await? {
        if counted.stands() {
            newest.insert(counted.obligation, counted.submission);
        }
    }
    let mut lines = Vec::with_capacity(rows.len());
    for (n, (row, stored)) in rows.into_iter().zip(&stored).enumerate() {
        let obligation = &stored.obligation;
        let rules = known.rules(stored, desk.today).map_err(JobError::Setup)?;
        let supporting = rules.duty.supported_by.iter().map(|owner| match owner {
            Owner::Unit(unit) => unit.0.as_str(),
            Owner::Group(group) => group.as_str(),
        });
        let counts =
            row.counts.iter().map(|count| format!("{} {}/{}{}", count.counter, count.have, count.want, count.unit));
        let submission = newest.remove(&obligation.id);
        lines.push(vec![
            (n + 1).to_string(),
            obligation.id.to_string(),
            row.clause,
            rules.catalogue.clause(rules.duty.clause).map(|entry| entry.title.clone()).unwrap_or_default(),
            row.duty,
            row.title,
            row.owners,
            supporting.collect::<Vec<_>>().join("、"),
            rules.duty.cadence.label(),
            row.period,
            instant(known.zone, Some(obligation.opens_at)),
            deadline(known.zone, obligation.round.due_at),
            view::light_label(Light::of(obligation)).chars().take(1).collect(),
            row.word.to_owned(),
            counts.collect::<Vec<_>>().join("；"),
            instant(known.zone, obligation.filed_at),
            instant(known.zone, obligation.accepted_at),
            row.overdue.map(|days| days.to_string()).unwrap_or_default(),
            obligation.round.streak.map(|streak| streak.to_string()).unwrap_or_default(),
            submission.as_ref().map(|submission| submission.id.clone()).unwrap_or_default(),
            submission.map(|submission| submission.note).unwrap_or_default(),
        ]);
    }
    Ok(lines)
}
