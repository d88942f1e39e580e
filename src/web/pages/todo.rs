//! 我的待办: what a unit owes, in one list; and what it has filed.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use super::results::{self, ResultRow};
use crate::domain::unit::UnitName;
use crate::read::view::{TodoList, View};
use crate::read::words;
use crate::store::Tx;
use crate::store::ledger::Live;
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

#[derive(Deserialize)]
struct TodoQuery {
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
    /// What the unit has asked for, and what was decided of late.
    asked: Vec<ResultRow>,
    results: Vec<ResultRow>,
}

/// What a unit has open now, by deadline and in the document's order.
pub async fn owed(tx: &mut Tx, unit: &UnitName) -> Result<Vec<Live>, Fault> {
    let mut live = tx.live_of_unit(unit).await?;
    live.sort_by_cached_key(|live| (live.due_at, words::document_order(&live.duty)));
    Ok(live)
}

/// The same as rows of a page.
pub async fn owed_rows(desk: &Desk, tx: &mut Tx, unit: &UnitName) -> Result<Vec<View>, Fault> {
    let ids: Vec<i64> = owed(tx, unit).await?.into_iter().map(|live| live.id).collect();
    let rows = tx.obligations_in_order(&ids).await?;
    Ok(desk.views(tx, &rows).await?)
}

async fn show(desk: Desk, visitor: Visitor, Query(asked): Query<TodoQuery>) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let zone = desk.known.zone;
    let mut ids: BTreeMap<TodoList, Vec<i64>> = BTreeMap::new();
    for live in owed(&mut tx, &visitor.post.unit).await? {
        let list = TodoList::of(live.phase, zone.due_day(live.due_at), desk.today);
        ids.entry(list).or_default().push(live.id);
    }
    ids.retain(|list, _| asked.list.as_ref().is_none_or(|wanted| wanted == list.code()));
    let (from, room) = if asked.list.is_some() { (asked.skip, ALONE) } else { (0, EACH) };
    // What is shown of all lists is read at once.
    let shown: Vec<i64> = ids.values().flat_map(|ids| ids.iter().copied().skip(from).take(room)).collect();
    let stored = tx.obligations_in_order(&shown).await?;
    let mut rows: BTreeMap<TodoList, Vec<View>> = BTreeMap::new();
    for row in desk.views(&mut tx, &stored).await? {
        rows.entry(row.list).or_default().push(row);
    }
    let list = |(list, ids): (TodoList, Vec<i64>)| {
        let rows = rows.remove(&list).unwrap_or_default();
        let (total, next) = (ids.len(), from.saturating_add(rows.len()));
        let more = (next < total).then(|| (format!("/todo?list={}&skip={next}", list.code()), total - next));
        List { heading: list.label(), total, rows, more }
    };
    let lists: Vec<List> = ids.into_iter().map(list).collect();
    let alone = asked.list.is_some();
    let (asked, results) = if alone {
        (Vec::new(), Vec::new())
    } else {
        (results::asked_by_unit(&desk, &mut tx, &visitor).await?, results::of_unit(&desk, &mut tx, &visitor).await?)
    };
    let page = Page::new(format!("我的待办（{}）", visitor.post.unit), &desk, &visitor);
    let today = words::date(desk.today);
    let may_file = visitor.has(Right::File);
    Ok(view::html(&TodoPage { page, today, lists, alone, may_file, asked, results }))
}
