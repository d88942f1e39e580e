//! 报送 in one screen: when it was done, what is counted, a note, files, and what else the same act counts for.
//!
//! The form carries its receipt number from the start, so that sending it twice files once. What was filled in comes
//! back with every refusal.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Multipart, Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::Deserialize;

use super::todo;
use crate::acts::submit::NewSubmission;
use crate::acts::{ActError, refuse};
use crate::domain::phase::Phase;
use crate::domain::quota::Item;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::text;
use crate::domain::unit::UnitName;
use crate::read::view::View;
use crate::store::Tx;
use crate::store::ledger::Live;
use crate::store::row::Stored;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, upload};
use crate::web::upload as uploads;
use crate::web::upload::Sent;
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/o/{id}/file", Right::File, show),
        upload("/o/{id}/file", Right::File, file),
        get("/filed", Right::SeeOwn, list),
        get("/filed/{receipt}", Right::SeeOwn, receipt),
    ]
}

/// From how many of the last submissions names are offered.
const NAMES_FROM: usize = 50;

/// So many of the unit's other obligations are offered to be counted by the same act: what can still be in time first.
const OFFERED: usize = 80;

struct Counter {
    /// The field's name: `c0`.
    field: String,
    name: String,
    unit: String,
    have: u32,
    want: u32,
    /// Whether it takes names (else a figure).
    names: bool,
    /// What is filled in, with room for more.
    values: Vec<String>,
}

struct Other {
    row: View,
    ticked: bool,
}

#[derive(Template)]
#[template(path = "file.html")]
struct FilePage {
    page: Page,
    row: View,
    receipt: String,
    acted_on: String,
    first: String,
    today: String,
    counters: Vec<Counter>,
    known_names: Vec<String>,
    note: String,
    others: Vec<Other>,
    unit: String,
    largest: String,
    refused: Refused,
}

#[derive(Default)]
struct FilingForm {
    receipt: String,
    acted_on: String,
    values: Vec<(String, String)>,
    note: String,
    also: BTreeSet<i64>,
}

/// The unit for which the visitor files: their own, or for the office the first that owes it.
fn files_for(visitor: &Visitor, stored: &Stored) -> Result<UnitName, Fault> {
    let owners = &stored.obligation.owners;
    let own = owners.iter().find(|owner| **owner == visitor.post.unit);
    let first = owners.first().filter(|_| visitor.has(Right::SeeAll));
    own.or(first).cloned().ok_or(Fault::Missing)
}

async fn show(desk: Desk, visitor: Visitor, Path(id): Path<i64>) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let stored = visitor.obligation(&mut tx, id).await?;
    let filled =
        FilingForm { receipt: desk.engine.new_id("R"), acted_on: desk.today.to_string(), ..FilingForm::default() };
    page(&desk, &visitor, &mut tx, &stored, filled, Refused::default()).await
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    tx: &mut Tx,
    stored: &Stored,
    filled: FilingForm,
    refused: Refused,
) -> Result<Response, Fault> {
    let unit = files_for(visitor, stored)?;
    let rules = desk.known.rules(stored, desk.today)?;
    let row = desk.view(tx, stored).await?;
    let counters = rules
        .duty
        .quotas
        .iter()
        .zip(&row.counts)
        .enumerate()
        .map(|(n, (quota, count))| {
            let field = format!("c{n}");
            let names = quota.distinct || !quota.level;
            let mut values: Vec<String> =
                filled.values.iter().filter(|(name, _)| *name == field).map(|(_, value)| value.clone()).collect();
            let room = if names { usize::try_from(count.missing()).unwrap_or(1).clamp(1, 8) } else { 1 };
            values.resize(values.len().max(room), String::new());
            Counter {
                field,
                name: quota.counter.clone(),
                unit: quota.unit.clone(),
                have: count.have,
                want: count.want,
                names,
                values,
            }
        })
        .collect();
    let owed = todo::owed(tx, &unit).await?;
    let open = owed.into_iter().filter(|other| other.id != stored.obligation.id && other.phase != Phase::Waiting);
    let mut open: Vec<Live> = open.collect();
    open.sort_by_key(|other| other.phase == Phase::Missed);
    let offered = open.iter().enumerate().filter(|(at, other)| *at < OFFERED || filled.also.contains(&other.id));
    let offered: Vec<i64> = offered.map(|(_, other)| other.id).collect();
    let others = tx.obligations_in_order(&offered).await?;
    let others = desk.views(tx, &others).await?.into_iter();
    let others = others.map(|row| Other { ticked: filled.also.contains(&row.id), row }).collect();
    let known_names = named_before(desk, tx, &unit.0).await?;
    let window = desk.known.window(&stored.obligation, &rules);
    let shown = FilePage {
        page: Page::new("报送", desk, visitor),
        row,
        receipt: filled.receipt,
        acted_on: filled.acted_on,
        first: window.first.to_string(),
        today: desk.today.to_string(),
        counters,
        known_names,
        note: filled.note,
        others,
        unit: unit.0,
        largest: format!("{} MB", desk.app.options().largest >> 20),
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

async fn file(desk: Desk, visitor: Visitor, Path(id): Path<i64>, form: Multipart) -> Result<Response, Fault> {
    let stored = visitor.obligation(&mut desk.engine.store.read().await?, id).await?;
    let unit = files_for(&visitor, &stored)?;
    let sent = uploads::receive(&desk.app, form).await?;
    let filled = filled(&sent);
    match Refused::or(submit(&desk, &visitor, &stored, unit, &filled, &sent).await)? {
        Ok(receipt) => Ok(Redirect::to(&format!("/filed/{receipt}")).into_response()),
        Err(refused) => {
            let mut tx = desk.engine.store.read().await?;
            page(&desk, &visitor, &mut tx, &stored, filled, refused).await
        }
    }
}

/// The names that a unit has used lately, to be offered again.
async fn named_before(desk: &Desk, tx: &mut Tx, unit: &str) -> Result<Vec<String>, Fault> {
    let filed = tx.submissions_of(unit, desk.now(), NAMES_FROM).await?;
    let names: BTreeSet<String> = filed
        .into_iter()
        .flat_map(|submission| submission.items)
        .filter(|item| item.value.parse::<u32>().is_err())
        .map(|item| item.value)
        .collect();
    Ok(names.into_iter().collect())
}

fn filled(sent: &Sent) -> FilingForm {
    let field = |name: &str| sent.fields.get(name).unwrap_or_default().to_owned();
    FilingForm {
        receipt: field("receipt"),
        acted_on: field("acted_on"),
        values: sent.fields.0.iter().filter(|(name, _)| name.starts_with('c')).cloned().collect(),
        note: field("note"),
        also: sent.fields.all("also").filter_map(|id| id.parse().ok()).collect(),
    }
}

async fn submit(
    desk: &Desk,
    visitor: &Visitor,
    stored: &Stored,
    unit: UnitName,
    filled: &FilingForm,
    sent: &Sent,
) -> Result<String, ActError> {
    let Ok(acted_on) = filled.acted_on.parse::<NaiveDate>() else {
        return refuse((Field::ActedOn, FieldRefusal::NotADate));
    };
    let rules = desk.known.rules(stored, desk.today)?;
    let mut items = Vec::new();
    for (field, value) in filled.values.iter().filter(|(_, value)| !text::fold(value).is_empty()) {
        let quota = field[1..].parse().ok().and_then(|n: usize| rules.duty.quotas.get(n));
        let Some(quota) = quota else { return refuse(FilingRefusal::NoCounter) };
        items.push(Item { counter: quota.counter.clone(), value: value.trim().to_owned() });
    }
    let mut obligations = vec![stored.obligation.id];
    obligations.extend(filled.also.iter().filter(|also| **also != stored.obligation.id));
    let new = NewSubmission {
        receipt: Some(filled.receipt.clone()).filter(|receipt| !receipt.is_empty()),
        unit,
        obligations,
        acted_on: Some(acted_on),
        items,
        note: filled.note.replace("\r\n", "\n").trim().to_owned(),
        files: sent.files()?,
    };
    Ok(desk.app.filings().file(&desk.actor(&visitor.post), &new).await?.number)
}

struct FileRow {
    position: i64,
    name: String,
    size: String,
    erased: bool,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    page: Page,
    number: String,
    unit: String,
    by: String,
    at: String,
    acted_on: String,
    items: Vec<Item>,
    note: String,
    files: Vec<FileRow>,
    rows: Vec<View>,
    withdrawn: bool,
}

async fn receipt(desk: Desk, visitor: Visitor, Path(receipt): Path<String>) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let (submission, stored) = visitor.submission(&mut tx, &receipt).await?;
    let files = tx.evidence_of(&receipt).await?.into_iter().map(|file| FileRow {
        position: file.position,
        size: size_words(file.size),
        erased: file.erased_at.is_some(),
        name: file.name,
    });
    let by = view::post_label(&submission.by_post);
    let page = ReceiptPage {
        page: Page::new("报送回执", &desk, &visitor),
        number: submission.id,
        unit: submission.unit,
        by,
        at: crate::read::words::moment(desk.known.zone, submission.received_at),
        acted_on: crate::read::words::date(submission.acted_on),
        items: submission.items,
        note: submission.note,
        files: files.collect(),
        rows: desk.views(&mut tx, &stored).await?,
        withdrawn: submission.withdrawn_at.is_some(),
    };
    Ok(view::html(&page))
}

struct FiledRow {
    number: String,
    at: String,
    acted_on: String,
    by: String,
    withdrawn: bool,
    for_what: Vec<(i64, String, &'static str, &'static str)>,
}

#[derive(Template)]
#[template(path = "filed.html")]
struct FiledPage {
    page: Page,
    rows: Vec<FiledRow>,
    older: Option<String>,
}

/// Submissions on a page.
const PAGE: usize = 50;

#[derive(Deserialize)]
struct Until {
    until: Option<DateTime<Utc>>,
}

/// What the unit has filed, newest first, and how each thing it counted for stands now.
async fn list(desk: Desk, visitor: Visitor, Query(query): Query<Until>) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let until = query.until.unwrap_or(desk.now());
    let filed = tx.submissions_of(&visitor.post.unit.0, until, PAGE + 1).await?;
    let older = filed.get(PAGE).map(|next| next.received_at.to_rfc3339_opts(SecondsFormat::Secs, true));
    let mut rows = Vec::with_capacity(filed.len());
    for submission in filed.into_iter().take(PAGE) {
        let ids = tx.obligations_of_submission(&submission.id).await?;
        let stored = tx.obligations(&ids).await?;
        let for_what = desk.views(&mut tx, &stored).await?.into_iter();
        rows.push(FiledRow {
            at: crate::read::words::moment(desk.known.zone, submission.received_at),
            acted_on: submission.acted_on.to_string(),
            by: view::post_label(&submission.by_post),
            withdrawn: submission.withdrawn_at.is_some(),
            for_what: for_what
                .map(|row| {
                    (row.id, format!("{} {}（{}）", row.duty, row.title, row.period_label), row.light.code(), row.word)
                })
                .collect(),
            number: submission.id,
        });
    }
    Ok(view::html(&FiledPage { page: Page::new("已报送", &desk, &visitor), rows, older }))
}

/// `3.4 MB`, `12 kB`.
pub fn size_words(bytes: i64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} kB", bytes / 1024),
        _ => format!("{}.{} MB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}
