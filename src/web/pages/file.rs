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

use super::counters::{self, CounterField, named_before, own_day};
use super::refile::{self, KeptRow};
use super::{correct, todo};
use crate::acts::submit::NewSubmission;
use crate::acts::{ActError, refuse};
use crate::domain::counter::Item;
use crate::domain::duty::Duty;
use crate::domain::phase::Phase;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::unit::UnitName;
use crate::read::filed;
use crate::read::refusal::file::taken;
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
use crate::web::view::{self, DoneQuery, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/o/{id}/file", Right::File, show),
        upload("/o/{id}/file", Right::File, file),
        get("/filed", Right::SeeOwn, list),
        get("/filed/{receipt}", Right::SeeOwn, receipt),
    ]
}

/// An obligation of a linked duty, for which the same act may count.
struct Other {
    row: View,
    ticked: bool,
    counters: Vec<CounterField>,
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
    /// An act of its own day alone counts, which is filled in.
    own_day: bool,
    counters: Vec<CounterField>,
    known_names: Vec<String>,
    note: String,
    others: Vec<Other>,
    /// Whether any of them is ticked.
    ticked: bool,
    unit: String,
    limits: uploads::Limits,
    /// The kinds of files that are taken.
    taken: String,
    /// What was filed before it was returned, to be kept.
    kept: Vec<KeptRow>,
    refused: Refused,
}

#[derive(Default)]
struct FilingForm {
    receipt: String,
    acted_on: String,
    values: Vec<(String, String)>,
    note: String,
    also: BTreeSet<i64>,
    /// Files of an earlier submission that are kept: `R…/0`; none = nothing was sent yet.
    kept: Option<BTreeSet<String>>,
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
    let mut filled =
        FilingForm { receipt: desk.engine.new_id("R"), acted_on: desk.today.to_string(), ..FilingForm::default() };
    let unit = files_for(&visitor, &stored)?;
    if stored.obligation.phase == Phase::Returned
        && let Some(before) = refile::before(&mut tx, id, &unit.0).await?
    {
        let quotas = &desk.known.rules(&stored, desk.today)?.duty.quotas;
        filled.acted_on = before.acted_on.to_string();
        filled.note = before.note;
        let value = |item: Item| {
            let n = quotas.iter().position(|quota| quota.counter == item.counter)?;
            Some((format!("c{n}"), item.value))
        };
        filled.values = before.items.into_iter().filter_map(value).collect();
    }
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
    let counters = counters::fields(rules.duty, &row.counts, &filled.values, None);
    let others = linked(desk, tx, stored, rules.duty, &unit, &filled).await?;
    let kept = kept_rows(tx, stored, &unit, filled.kept.as_ref()).await?;
    let known_names = named_before(desk, tx, &unit.0).await?;
    let window = desk.known.window(&stored.obligation, &rules);
    let shown = FilePage {
        page: Page::new("报送", desk, visitor),
        row,
        receipt: filled.receipt,
        acted_on: own_day(desk, stored)?.map_or(filled.acted_on, |day| day.to_string()),
        own_day: rules.duty.own_day_only,
        first: window.first.to_string(),
        today: desk.today.to_string(),
        counters,
        known_names,
        note: filled.note,
        ticked: others.iter().any(|other| other.ticked),
        others,
        unit: unit.0,
        limits: uploads::Limits::of(desk.app.options().largest),
        taken: taken().chinese,
        kept,
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

/// What the unit owes now of the duties that are linked with this one: what can still be in time first.
async fn linked(
    desk: &Desk,
    tx: &mut Tx,
    stored: &Stored,
    duty: &Duty,
    unit: &UnitName,
    filled: &FilingForm,
) -> Result<Vec<Other>, Fault> {
    let offered = |other: &Live| {
        let open = other.phase != Phase::Waiting && duty.also_counts_for.contains(&other.duty);
        other.id != stored.obligation.id && (open || filled.also.contains(&other.id))
    };
    let mut open: Vec<Live> = todo::owed(tx, unit).await?.into_iter().filter(offered).collect();
    open.sort_by_key(|other| other.phase == Phase::Missed);
    let ids: Vec<i64> = open.iter().map(|other| other.id).collect();
    let rows = tx.obligations_in_order(&ids).await?;
    let views = desk.views(tx, &rows).await?;
    let mut others = Vec::with_capacity(rows.len());
    for (row, view) in rows.iter().zip(views) {
        let duty = desk.known.rules(row, desk.today)?.duty;
        others.push(Other {
            ticked: filled.also.contains(&view.id),
            counters: counters::fields(duty, &view.counts, &filled.values, Some(view.id)),
            row: view,
        });
    }
    Ok(others)
}

async fn file(desk: Desk, visitor: Visitor, Path(id): Path<i64>, form: Multipart) -> Result<Response, Fault> {
    let stored = visitor.obligation(&mut desk.engine.store.read().await?, id).await?;
    let unit = files_for(&visitor, &stored)?;
    let sent = uploads::receive(&desk.app, &visitor.post, form).await?;
    let filled = filled(&sent);
    match Refused::or(submit(&desk, &visitor, &stored, unit, &filled, &sent).await)? {
        Ok(receipt) => Ok(Redirect::to(&format!("/filed/{receipt}")).into_response()),
        Err(refused) => {
            let mut tx = desk.engine.store.read().await?;
            // A number that stands for another filing would be refused again.
            let used = tx.submission(&filled.receipt).await?.is_some();
            let receipt = if used { desk.engine.new_id("R") } else { filled.receipt };
            page(&desk, &visitor, &mut tx, &stored, FilingForm { receipt, ..filled }, refused).await
        }
    }
}

/// The files that were filed before something was returned, ticked unless they were unticked.
async fn kept_rows(
    tx: &mut Tx,
    stored: &Stored,
    unit: &UnitName,
    kept: Option<&BTreeSet<String>>,
) -> Result<Vec<KeptRow>, Fault> {
    if stored.obligation.phase != Phase::Returned {
        return Ok(Vec::new());
    }
    let before = refile::before(tx, stored.obligation.id, &unit.0).await?;
    let mut rows = before.map(|before| before.files).unwrap_or_default();
    for row in &mut rows {
        row.ticked = kept.is_none_or(|kept| kept.contains(&row.value));
    }
    Ok(rows)
}

fn filled(sent: &Sent) -> FilingForm {
    let field = |name: &str| sent.fields.get(name).unwrap_or_default().to_owned();
    FilingForm {
        receipt: field("receipt"),
        acted_on: field("acted_on"),
        values: sent.fields.0.iter().filter(|(name, _)| name.starts_with('c')).cloned().collect(),
        note: field("note"),
        also: sent.fields.all("also").filter_map(|id| id.parse().ok()).collect(),
        kept: Some(sent.fields.all("keep").map(str::to_owned).collect()),
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
    let acted_on = match own_day(desk, stored)? {
        Some(day) => day,
        None => match filled.acted_on.parse::<NaiveDate>() {
            Ok(day) => day,
            Err(_) => return refuse((Field::ActedOn, FieldRefusal::NotADate)),
        },
    };
    let duty = desk.known.rules(stored, desk.today)?.duty;
    if counters::strange(duty, &filled.values) {
        return refuse(FilingRefusal::NoCounter);
    }
    let mut items = counters::items(duty, &filled.values, None);
    let also: Vec<i64> = filled.also.iter().copied().filter(|also| *also != stored.obligation.id).collect();
    for other in desk.engine.store.read().await?.obligations(&also).await? {
        let duty = desk.known.rules(&other, desk.today)?.duty;
        counters::add(&mut items, counters::items(duty, &filled.values, Some(other.obligation.id)));
    }
    let kept: Vec<String> = filled.kept.iter().flatten().cloned().collect();
    let mut files = desk.actor(&visitor.post).kept_files(&kept).await?;
    files.extend(sent.files()?);
    let mut obligations = vec![stored.obligation.id];
    obligations.extend(also);
    let new = NewSubmission {
        receipt: Some(filled.receipt.clone()).filter(|receipt| !receipt.is_empty()),
        unit,
        obligations,
        acted_on: Some(acted_on),
        items,
        note: filled.note.replace("\r\n", "\n").trim().to_owned(),
        files,
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
    said: Vec<String>,
    note: String,
    files: Vec<FileRow>,
    rows: Vec<View>,
    withdrawn: bool,
    /// Whether its unit may still correct it or take it back.
    may_change: bool,
}

async fn receipt(
    desk: Desk,
    visitor: Visitor,
    Path(receipt): Path<String>,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let (submission, stored) = visitor.submission(&mut tx, &receipt).await?;
    let files = tx.evidence_of(&receipt).await?.into_iter().map(|file| FileRow {
        position: file.position,
        size: view::size_words(file.size),
        erased: file.erased_at.is_some(),
        name: file.name,
    });
    let by = view::post_label(&submission.by_post);
    let said = filed::said(&desk.known, &submission, &stored, desk.today)?;
    // What it counts for at another unit's is not theirs to see.
    let seen: Vec<Stored> = stored.into_iter().filter(|row| visitor.sees(&row.obligation.owners)).collect();
    let done = (done == "correct").then(|| "该报送已更正。".to_owned());
    let page = ReceiptPage {
        page: Page::new("报送回执", &desk, &visitor).with_done(done),
        may_change: correct::may_change(&desk, &mut tx, &visitor, &submission, &seen).await?,
        number: submission.id,
        unit: submission.unit,
        by,
        at: crate::read::words::moment(desk.known.zone, submission.received_at),
        acted_on: crate::read::words::date(submission.acted_on),
        said,
        note: submission.note,
        files: files.collect(),
        rows: desk.views(&mut tx, &seen).await?,
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
            for_what: for_what.map(|row| (row.id, filed::named(&row), row.light.code(), row.word)).collect(),
            number: submission.id,
        });
    }
    Ok(view::html(&FiledPage { page: Page::new("已报送", &desk, &visitor), rows, older }))
}
