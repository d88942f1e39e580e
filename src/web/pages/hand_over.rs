//! 移交: a post names its own successor and the day; what is still open is listed for whoever takes over.

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};

use super::settings::posts::TakeoverForm;
use super::todo;
use crate::read::view::View;
use crate::read::words;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, DoneQuery, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/me/hand-over", Right::HandOver, show), post("/me/hand-over", Right::HandOver, hand_over)]
}

#[derive(Template)]
#[template(path = "hand_over.html")]
struct HandOverPage {
    page: Page,
    label: String,
    holder: Option<String>,
    /// Who takes over, from which day, where that is settled.
    ahead: Vec<(String, String)>,
    form: TakeoverForm,
    rows: Vec<View>,
    today: String,
    refused: Refused,
}

async fn show(desk: Desk, visitor: Visitor, Query(DoneQuery { done }): Query<DoneQuery>) -> Result<Response, Fault> {
    let done = (done == "1").then(|| "移交已记录，自起始日起邮件寄往新邮箱；未办事项见下表，请交接任者。".to_owned());
    let form = TakeoverForm { from: desk.today.to_string(), ..TakeoverForm::default() };
    page(&desk, &visitor, form, done, Refused::default()).await
}

async fn page(
    desk: &Desk,
    visitor: &Visitor,
    form: TakeoverForm,
    done: Option<String>,
    refused: Refused,
) -> Result<Response, Fault> {
    let post = &visitor.post;
    let mut tx = desk.engine.store.read().await?;
    let rows = todo::owed_rows(desk, &mut tx, &post.unit).await?;
    let later = desk.known.holders.get(post).into_iter().flatten().filter(|holder| holder.from_on > desk.today);
    let shown = HandOverPage {
        page: Page::new("移交本岗位", desk, visitor).with_done(done),
        label: post.label(),
        holder: desk.known.holder(post, desk.today).map(|holder| holder.holder.clone()),
        ahead: later.map(|holder| (words::date(holder.from_on), holder.holder.clone())).collect(),
        form,
        rows,
        today: desk.today.to_string(),
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

/// Whatever post a form may name, it is the visitor's own that is handed over.
async fn hand_over(desk: Desk, visitor: Visitor, Form(form): Form<TakeoverForm>) -> Result<Response, Fault> {
    let done = match form.takeover(visitor.post.clone()) {
        Ok(takeover) => desk.actor(&visitor.post).set_post(&takeover).await,
        Err(error) => Err(error),
    };
    match Refused::or(done)? {
        Ok(()) => Ok(Redirect::to("/me/hand-over?done=1").into_response()),
        Err(refused) => page(&desk, &visitor, form, None, refused).await,
    }
}
