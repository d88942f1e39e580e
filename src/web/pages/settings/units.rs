//! 单位: which units and groups there are, who joins and who leaves on which day.

use askama::Template;
use axum::Form;
use axum::extract::Query;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::acts::ActError;
use crate::acts::roster::UnitEntry;
use crate::domain::refusal::Refusal;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::roster::RosterRefusal;
use crate::domain::unit::{Unit, UnitName};
use crate::read::words;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::fields::{Fields, day_if};
use crate::web::refused::Refused;
use crate::web::route::{Route, get, post};
use crate::web::view::{self, DoneQuery, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/units", Right::SeeAll, show),
        get("/units/change", Right::Settings, show_change),
        post("/units/change", Right::Settings, change),
        post("/units/leave", Right::Settings, leave),
        post("/units/rename", Right::Settings, rename),
        post("/units/succeed", Right::Settings, succeed),
    ]
}

struct UnitRow {
    name: String,
    kind: String,
    groups: String,
    state: String,
}

impl UnitRow {
    fn of(desk: &Desk, unit: &Unit) -> UnitRow {
        let state = match (unit.joined_on, unit.left_on) {
            (_, Some(left)) if left <= desk.today => format!("已于{}离开", words::date(left)),
            (_, Some(left)) => format!("将于{}离开", words::date(left)),
            (Some(joined), None) if joined > desk.today => format!("将于{}加入", words::date(joined)),
            (Some(joined), None) => format!("{}加入", words::date(joined)),
            (None, None) => "在册".to_owned(),
        };
        UnitRow { name: unit.name.0.clone(), kind: unit.kind.clone(), groups: unit.groups.join("、"), state }
    }
}

#[derive(Template)]
#[template(path = "units.html")]
struct UnitsPage {
    page: Page,
    units: Vec<UnitRow>,
    groups: Vec<(String, usize)>,
    office: String,
    may: bool,
}

async fn show(desk: Desk, visitor: Visitor, Query(DoneQuery { done }): Query<DoneQuery>) -> Result<Response, Fault> {
    let roster = &desk.known.roster;
    let done = match done.as_str() {
        "change" => Some("单位已记录，此后开始的应办事项随之调整。".to_owned()),
        "leave" => Some("单位离开已记录。".to_owned()),
        "rename" => Some("单位更名已记录，岗位、职责、在办事项和连续逾期照旧；此前的文书和日志仍为原名。".to_owned()),
        "succeed" => Some("单位并入已记录，未办事项由承接单位继续。".to_owned()),
        _ => None,
    };
    let shown = UnitsPage {
        page: Page::new("单位", &desk, &visitor).with_done(done),
        units: roster.units.iter().map(|unit| UnitRow::of(&desk, unit)).collect(),
        groups: roster.groups.iter().map(|group| (group.clone(), roster.members(group, desk.today).count())).collect(),
        office: roster.office.0.clone(),
        may: visitor.has(Right::Settings),
    };
    Ok(view::html(&shown))
}

/// What is filled in for a unit.
#[derive(Default)]
struct UnitForm {
    name: String,
    kind: String,
    groups: Vec<String>,
    joined: String,
    stays: bool,
    on: String,
    reason: String,
    /// What the unit is to be called.
    to: String,
    successor: String,
    merged_for: String,
    /// What its departure would do has been shown.
    shown: bool,
}

#[derive(Template)]
#[template(path = "unit_change.html")]
struct UnitChangePage {
    page: Page,
    known: Option<UnitRow>,
    filled: UnitForm,
    groups: Vec<(String, bool)>,
    kinds: Vec<String>,
    /// What else there is, for a successor.
    others: Vec<String>,
    leaving: bool,
    gone: bool,
    tomorrow: String,
    today: String,
    refused: Refused,
}

fn page(desk: &Desk, visitor: &Visitor, filled: UnitForm, refused: Refused) -> Response {
    let roster = &desk.known.roster;
    let known = roster.unit(&UnitName(filled.name.clone()));
    let mut kinds: Vec<String> = roster.units.iter().map(|unit| unit.kind.clone()).collect();
    kinds.sort();
    kinds.dedup();
    let title = known.map_or_else(|| "加入单位".to_owned(), |unit| format!("变更单位：{}", unit.name));
    let shown = UnitChangePage {
        page: Page::new(title, desk, visitor),
        leaving: known.is_some_and(|unit| unit.left_on.is_some_and(|left| left > desk.today)),
        gone: known.is_some_and(|unit| unit.left_on.is_some_and(|left| left <= desk.today)),
        known: known.map(|unit| UnitRow::of(desk, unit)),
        groups: roster.groups.iter().map(|group| (group.clone(), filled.groups.contains(group))).collect(),
        kinds,
        others: roster
            .units
            .iter()
            .filter(|unit| unit.active_on(desk.today) && unit.name.0 != filled.name)
            .map(|unit| unit.name.0.clone())
            .collect(),
        filled,
        tomorrow: (desk.today + chrono::Days::new(1)).to_string(),
        today: desk.today.to_string(),
        refused,
    };
    view::answer(&shown, shown.refused.any())
}

#[derive(Deserialize)]
struct UnitQuery {
    #[serde(default)]
    name: String,
}

async fn show_change(desk: Desk, visitor: Visitor, Query(which): Query<UnitQuery>) -> Result<Response, Fault> {
    let filled = match desk.known.roster.unit(&UnitName(which.name.clone())) {
        Some(unit) => UnitForm {
            name: unit.name.0.clone(),
            kind: unit.kind.clone(),
            groups: unit.groups.clone(),
            ..UnitForm::default()
        },
        None if which.name.is_empty() => UnitForm::default(),
        None => return Err(Fault::Missing),
    };
    Ok(page(&desk, &visitor, filled, Refused::default()))
}

async fn change(desk: Desk, visitor: Visitor, Form(fields): Form<Fields>) -> Result<Response, Fault> {
    let field = |name: &str| fields.trimmed(name).to_owned();
    let filled = UnitForm {
        name: field("name"),
        kind: field("kind"),
        groups: fields.all("group").map(str::to_owned).collect(),
        joined: field("joined"),
        stays: field("stays") == "1",
        ..UnitForm::default()
    };
    let entry = |joined_on| UnitEntry {
        name: UnitName(filled.name.clone()),
        kind: Some(filled.kind.clone()),
        groups: Some(filled.groups.clone()),
        joined_on,
        stays: filled.stays,
    };
    let done = match day_if(Field::FirstDay, &filled.joined) {
        Ok(joined_on) => desk.actor(&visitor.post).set_unit(&entry(joined_on)).await,
        Err(error) => Err(error),
    };
    match Refused::or(done)? {
        Ok(_) => Ok(Redirect::to("/units?done=change").into_response()),
        Err(refused) => Ok(page(&desk, &visitor, filled, refused)),
    }
}

#[derive(Deserialize)]
struct Leave {
    name: String,
    on: String,
    reason: String,
    /// `1` = pressed again, with what it would do before one's eyes.
    #[serde(default)]
    confirmed: String,
}

async fn leave(desk: Desk, visitor: Visitor, Form(form): Form<Leave>) -> Result<Response, Fault> {
    let name = UnitName(form.name.clone());
    let unit = desk.known.roster.unit(&name).ok_or(Fault::Missing)?;
    let done = match day_if(Field::LeavingDay, &form.on) {
        Ok(Some(on)) => desk.actor(&visitor.post).leave(&name, on, &form.reason, form.confirmed == "1").await,
        Ok(None) => crate::acts::refuse((Field::LeavingDay, FieldRefusal::Blank)),
        Err(error) => Err(error),
    };
    let filled = UnitForm {
        name: form.name,
        kind: unit.kind.clone(),
        groups: unit.groups.clone(),
        on: form.on,
        reason: form.reason,
        shown: matches!(&done, Err(ActError::Refused(Refusal::Roster(RosterRefusal::DepartureNotConfirmed(_))))),
        ..UnitForm::default()
    };
    match Refused::or(done)? {
        Ok(_) => Ok(Redirect::to("/units?done=leave").into_response()),
        Err(refused) => Ok(page(&desk, &visitor, filled, refused)),
    }
}

/// The unit of a form, as its page shows it before anything is filled in.
fn known_unit(desk: &Desk, name: &str) -> Result<UnitForm, Fault> {
    let unit = desk.known.roster.unit(&UnitName(name.to_owned())).ok_or(Fault::Missing)?;
    Ok(UnitForm {
        name: unit.name.0.clone(),
        kind: unit.kind.clone(),
        groups: unit.groups.clone(),
        ..UnitForm::default()
    })
}

#[derive(Deserialize)]
struct Rename {
    name: String,
    to: String,
}

async fn rename(desk: Desk, visitor: Visitor, Form(form): Form<Rename>) -> Result<Response, Fault> {
    let filled = UnitForm { to: form.to.trim().to_owned(), ..known_unit(&desk, &form.name)? };
    let (name, to) = (UnitName(form.name), UnitName(filled.to.clone()));
    match Refused::or(desk.actor(&visitor.post).rename_unit(&name, &to).await)? {
        Ok(_) => Ok(Redirect::to("/units?done=rename").into_response()),
        Err(refused) => Ok(page(&desk, &visitor, filled, refused)),
    }
}

#[derive(Deserialize)]
struct Succeed {
    name: String,
    successor: String,
    reason: String,
}

async fn succeed(desk: Desk, visitor: Visitor, Form(form): Form<Succeed>) -> Result<Response, Fault> {
    let filled = UnitForm {
        successor: form.successor.trim().to_owned(),
        merged_for: form.reason.clone(),
        ..known_unit(&desk, &form.name)?
    };
    let (old, new) = (UnitName(form.name), UnitName(filled.successor.clone()));
    match Refused::or(desk.actor(&visitor.post).succeed_unit(&old, &new, &form.reason).await)? {
        Ok(_) => Ok(Redirect::to("/units?done=succeed").into_response()),
        Err(refused) => Ok(page(&desk, &visitor, filled, refused)),
    }
}
