//! 我的待办: what a unit owes, in one list; and what it has filed.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};

use crate::{
    domain::obligation::Phase,
    store::{
        Tx,
        obligations::{Filter, Stored},
    },
    web::{
        App, Desk,
        access::{Right, Visitor},
        fault::Fault,
        routes::{Route, get},
        view::{self, Page, Row, Section},
    },
};

/// Its routes.
pub fn routes() -> Vec<Route> {
    vec![get("/todo", Right::SeeOwn, show)]
}

struct List {
    heading: &'static str,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "todo.html")]
struct TodoPage {
    page: Page,
    today: String,
    lists: Vec<List>,
    may_file: bool,
}

/// What a unit owes now, and what opens soon.
pub async fn owed(desk: &Desk, tx: &mut Tx, unit: &str) -> Result<Vec<Stored>, Fault> {
    let mut rows = Vec::new();
    for phase in [Phase::Open, Phase::Returned, Phase::Missed, Phase::Waiting] {
        let filter = Filter { unit: Some(unit.to_owned()), phase: Some(phase), ..Filter::default() };
        rows.extend(tx.find_obligations(&filter, desk.now(), 1000).await?);
    }
    rows.sort_by_key(|row| (row.obligation.due_at, crate::jobs::words::document_order(&row.obligation.duty)));
    Ok(rows)
}

async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Fault> {
    let desk = Desk::of(&app).await?;
    let mut tx = desk.engine.store.read().await?;
    let stored = owed(&desk, &mut tx, &visitor.post.unit.0).await?;
    let mut lists: BTreeMap<Section, Vec<Row>> = BTreeMap::new();
    for row in Row::all(&desk, &mut tx, &stored).await? {
        lists.entry(row.section).or_default().push(row);
    }
    let lists = lists.into_iter().map(|(section, rows)| List { heading: section.label(), rows }).collect();
    let page = Page::new(format!("我的待办（{}）", visitor.post.unit), &desk, &visitor);
    let today = crate::jobs::words::date(desk.today);
    Ok(view::html(&TodoPage { page, today, lists, may_file: visitor.has(Right::File) }))
}
