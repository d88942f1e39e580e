//! 我的待办: what a unit owes, in one list; and what it has filed.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use crate::domain::unit::UnitName;
use crate::read::view::{TodoList, View};
use crate::store::Tx;
use crate::store::row::Stored;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::route::{Route, get};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/todo", Right::SeeOwn, show)]
}

/// Of each list so many stand on the page of all, on a phone to be scrolled; the others are on the list's own.
const EACH: usize = 15;

/// So many stand on a list's own page.
const ALONE: usize = 60;

struct List {
    heading: &'static str,
    total: usize,
    rows: Vec<View>,
    /// Where its other rows are, and how many there are behind these.
    more: Option<(String, usize)>,
}

impl List {
    /// The rows of a list from one on, as many as there is room for.
    fn of(section: TodoList, rows: Vec<View>, from: usize, room: usize) -> List {
        let total = rows.len();
        let rows: Vec<View> = rows.into_iter().skip(from).take(room).collect();
        let next = from + rows.len();
        let more = (next < total).then(|| (format!("/todo?list={}&skip={next}", section.code()), total - next));
        List { heading: section.label(), total, rows, more }
    }
}

#[derive(Deserialize)]
struct Asked {
    list: Option<String>,
    #[serde(default)]
    skip: usize,
}

#[derive(Template)]
#[template(path = "todo.html")]
struct TodoPage {
    page: Page,
    today: String,
    lists: Vec<List>,
    /// Whether this is one list alone.
    alone: bool,
    may_file: bool,
}

/// What a unit has open now, by deadline and in the document's order.
pub async fn owed(tx: &mut Tx, unit: &UnitName) -> Result<Vec<Stored>, Fault> {
    let mut rows = tx.live_of_unit(unit).await?;
    rows.sort_by_key(|row| (row.obligation.round.due_at, crate::read::words::document_order(&row.obligation.duty)));
    Ok(rows)
}

async fn show(desk: Desk, visitor: Visitor, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let stored = owed(&mut tx, &visitor.post.unit).await?;
    let mut lists: BTreeMap<TodoList, Vec<View>> = BTreeMap::new();
    for row in desk.views(&mut tx, &stored).await? {
        lists.entry(row.list).or_default().push(row);
    }
    let (from, room) = if asked.list.is_some() { (asked.skip, ALONE) } else { (0, EACH) };
    let wanted = lists.into_iter().filter(|(section, _)| asked.list.as_ref().is_none_or(|list| list == section.code()));
    let lists: Vec<List> = wanted.map(|(section, rows)| List::of(section, rows, from, room)).collect();
    let page = Page::new(format!("我的待办（{}）", visitor.post.unit), &desk, &visitor);
    let today = crate::read::words::date(desk.today);
    Ok(view::html(&TodoPage { page, today, lists, alone: asked.list.is_some(), may_file: visitor.has(Right::File) }))
}
