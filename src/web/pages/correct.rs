//! 更正 and 撤回: a unit mends or takes back what it filed, as long as nobody has reviewed it. Taking back asks first and
//! says what becomes of each light.

use askama::Template;
use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::NaiveDate;

use super::counters::{self, CounterField, named_before, own_day};
use crate::acts::correct::{AfterWithdrawal, Correction};
use crate::acts::{ActError, refuse};
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::unit::UnitName;
use crate::read::filed;
use crate::read::view::View;
use crate::store::Tx;
use crate::store::row::Stored;
use crate::store::submissions::Submission;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/filed/{receipt}/correct", Right::File, show),
        post("/filed/{receipt}/correct", Right::File, correct),
        get("/filed/{receipt}/withdraw", Right::File, ask),
        post("/filed/{receipt}/withdraw", Right::File, withdraw),
    ]
}

/// Whether a visitor may still correct a submission or take it back.
pub async fn may_change(
    desk: &Desk,
    tx: &mut Tx,
    visitor: &Visitor,
    submission: &Submission,
    rows: &[Stored],
) -> Result<bool, Fault> {
    let own = visitor.has(Right::File) && desk.actor(&visitor.post).acts_for(&UnitName(submission.unit.clone()));
    if !own || submission.withdrawn_at.is_some() || rows.iter().any(|row| row.obligation.accepted_at.is_some()) {
        return Ok(false);
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.obligation.id).collect();
    let counted = tx.submissions_for(&ids).await?;
    Ok(!counted.iter().any(|one| one.submission.id == submission.id && one.returned_at.is_some()))
}

/// A submission of the visitor's own unit; another's looks as if it were not there.
async fn own(desk: &Desk, visitor: &Visitor, receipt: &str) -> Result<(Submission, Vec<Stored>), Fault> {
    let (submission, rows) = visitor.submission(&mut desk.engine.store.read().await?, receipt).await?;
    if !desk.actor(&visitor.post).acts_for(&UnitName(submission.unit.clone())) {
        return Err(Fault::Missing);
    }
    Ok((submission, rows))
}

/// What it counts for, each with its counters.
struct Part {
    name: String,
    counters: Vec<CounterField>,
}

#[derive(Template)]
#[template(path = "correct.html")]
struct CorrectPage {
    page: Page,
    number: String,
    acted_on: String,
    own_day: bool,
    today: String,
    parts: Vec<Part>,
    known_names: Vec<String>,
    note: String,
    refused: Refused,
}

async fn show(desk: Desk, visitor: Visitor, Path(receipt): Path<String>) -> Result<Response, Fault> {
    let (submission, rows) = own(&desk, &visitor, &receipt).await?;
    let mut sent = Vec::new();
    for row in &rows {
        let duty = desk.known.rules(row, desk.today)?.duty;
        sent.extend(counters::filled(duty, &submission.items, row.obligation.id));
    }
    sent.push(("acted_on".to_owned(), submission.acted_on.to_string()));
    sent.push(("note".to_owned(), submission.note.clone()));
    page(&desk, &visitor, &submission, &rows, &sent, Refused::default()).await
}

fn sent_value<'s>(sent: &'s counters::Sent, name: &str) -> &'s str {
    sent.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    submission: &Submission,
    rows: &[Stored],
    sent: &counters::Sent,
    refused: Refused,
) -> Result<Response, Fault> {
    let mut tx = desk.engine.store.read().await?;
    let mut parts = Vec::new();
    for (row, view) in rows.iter().zip(desk.views(&mut tx, rows).await?) {
        let duty = desk.known.rules(row, desk.today)?.duty;
        let counters = counters::fields(duty, &view.counts, sent, Some(view.id));
        parts.push(Part { name: filed::named(&view), counters });
    }
    let day = rows.iter().find_map(|row| own_day(desk, row).transpose()).transpose()?;
    let shown = CorrectPage {
        page: Page::new("更正报送", desk, visitor),
        number: submission.id.clone(),
        acted_on: day.map_or_else(|| sent_value(sent, "acted_on").to_owned(), |day| day.to_string()),
        own_day: day.is_some(),
        today: desk.today.to_string(),
        parts,
        known_names: named_before(desk, &mut tx, &submission.unit).await?,
        note: sent_value(sent, "note").to_owned(),
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

async fn correct(
    desk: Desk,
    visitor: Visitor,
    Path(receipt): Path<String>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let (submission, rows) = own(&desk, &visitor, &receipt).await?;
    match Refused::or(corrected(&desk, &visitor, &receipt, &rows, &sent).await)? {
        Ok(()) => Ok(Redirect::to(&format!("/filed/{receipt}?done=correct")).into_response()),
        Err(refused) => page(&desk, &visitor, &submission, &rows, &sent, refused).await,
    }
}

async fn corrected(
    desk: &Desk,
    visitor: &Visitor,
    receipt: &str,
    rows: &[Stored],
    sent: &counters::Sent,
) -> Result<(), ActError> {
    let Ok(acted_on) = sent_value(sent, "acted_on").parse::<NaiveDate>() else {
        return refuse((Field::ActedOn, FieldRefusal::NotADate));
    };
    let mut items = Vec::new();
    for row in rows {
        let more = counters::items(desk.known.rules(row, desk.today)?.duty, sent, Some(row.obligation.id));
        counters::add(&mut items, more);
    }
    let note = sent_value(sent, "note").replace("\r\n", "\n").trim().to_owned();
    let correction = Correction { acted_on: Some(acted_on), items: Some(items), note: Some(note) };
    desk.actor(&visitor.post).correct(receipt, &correction).await?;
    Ok(())
}

struct Becomes {
    row: View,
    after: AfterWithdrawal,
}

#[derive(Template)]
#[template(path = "withdraw.html")]
struct WithdrawPage {
    page: Page,
    number: String,
    said: Vec<String>,
    note: String,
    rows: Vec<Becomes>,
    refused: Refused,
}

async fn ask(desk: Desk, visitor: Visitor, Path(receipt): Path<String>) -> Result<Response, Fault> {
    ask_with(&desk, &visitor, &receipt, Refused::default()).await
}

/// What would become of each thing that it counts for. Nothing is taken back yet.
async fn ask_with(desk: &Desk, visitor: &Visitor, receipt: &str, refused: Refused) -> Result<Response, Fault> {
    let (submission, rows) = own(desk, visitor, receipt).await?;
    let (after, refused) = match Refused::or(desk.actor(&visitor.post).after_withdrawal(receipt).await)? {
        Ok(after) => (after, refused),
        Err(reason) => (Vec::new(), reason),
    };
    let mut tx = desk.engine.store.read().await?;
    let views = desk.views(&mut tx, &rows).await?;
    let shown = WithdrawPage {
        page: Page::new("撤回报送", desk, visitor),
        said: filed::said(&desk.known, &submission, &rows, desk.today)?,
        number: submission.id,
        note: submission.note,
        rows: views.into_iter().zip(after).map(|(row, after)| Becomes { row, after }).collect(),
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

async fn withdraw(desk: Desk, visitor: Visitor, Path(receipt): Path<String>) -> Result<Response, Fault> {
    let (_, rows) = own(&desk, &visitor, &receipt).await?;
    let id = rows.first().map(|row| row.obligation.id).ok_or(Fault::Missing)?;
    match Refused::or(desk.actor(&visitor.post).withdraw(&receipt).await)? {
        Ok(_) => Ok(Redirect::to(&format!("/o/{id}?done=withdraw")).into_response()),
        Err(refused) => ask_with(&desk, &visitor, &receipt, refused).await,
    }
}
