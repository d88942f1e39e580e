//! 职责目录: every duty with its clause, cadence, owners and basis; changed by files whose differences are shown first.
//!
//! What is confirmed is what was shown: the files lie under their hash between the two pages, and the confirmation
//! carries a mark of the differences. If these are others by then, nothing is applied and they are shown anew.

use std::borrow::Cow;
use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Multipart, Query};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Days, NaiveDate};
use serde::Deserialize;

use super::changes::{ChangeRow, due_words, owners_words};
use crate::acts::catalogue::{Agreed, Changes, changes, with_files};
use crate::acts::{ActError, refuse};
use crate::catalogue::diff::Change;
use crate::catalogue::sheet;
use crate::domain::duty::{Basis, Duty, Mode, Quota};
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::setting::SettingRefusal;
use crate::read::words;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::fields::day_if;
use crate::web::papers::Papers;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, papers, post};
use crate::web::view::{self, DoneQuery, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/duties", Right::SeeAll, show),
        papers("/duties/changes", Right::Settings, compare),
        post("/duties/apply", Right::Settings, apply),
    ]
}

struct DutyRow {
    id: String,
    title: String,
    summary: String,
    clause: String,
    cadence: String,
    due: String,
    owners: String,
    quotas: Vec<String>,
    /// 9.1a、15.1
    also: String,
    basis: &'static str,
    policy: bool,
}

impl DutyRow {
    fn of(duty: &Duty) -> DutyRow {
        let together = if duty.mode == Mode::Joint { "（任一单位报送即可）" } else { "" };
        let node = if duty.also_each_node { "；每个重要节点一次" } else { "" };
        DutyRow {
            id: duty.id.0.clone(),
            title: duty.title.clone(),
            summary: duty.summary.clone(),
            clause: duty.clause.label(),
            cadence: format!("{}{node}", duty.cadence.label()),
            due: due_words(duty.due),
            owners: format!("{}{together}", owners_words(&duty.owed_by)),
            quotas: duty.quotas.iter().map(Quota::label).collect(),
            also: duty.also_counts_for.iter().map(|id| id.0.as_str()).collect::<Vec<_>>().join("、"),
            basis: duty.basis.label(),
            policy: duty.basis == Basis::Policy,
        }
    }
}

struct VersionRow {
    number: i64,
    from: String,
    by: String,
    at: String,
    state: &'static str,
}

#[derive(Template)]
#[template(path = "duties.html")]
struct DutiesPage {
    page: Page,
    version: i64,
    duties: Vec<DutyRow>,
    versions: Vec<VersionRow>,
    may: bool,
    effective: String,
    today: String,
    refused: Refused,
}

async fn show(desk: Desk, visitor: Visitor, Query(DoneQuery { done }): Query<DoneQuery>) -> Result<Response, Fault> {
    let done = (done == "applied").then(|| "更改已确认，自生效日起施行；已开始的应办事项不变。".to_owned());
    page(&desk, &visitor, done, Refused::default())
}

fn page(desk: &Desk, visitor: &Visitor, done: Option<String>, refused: Refused) -> Result<Response, Fault> {
    let known = &desk.known;
    let ruling = known.version_on(desk.today).ok_or(Fault::Missing)?;
    let versions = known.versions.iter().rev().map(|version| VersionRow {
        number: version.version,
        from: if version.version == 1 { "启用之日".into() } else { words::date(version.effective_on) },
        by: crate::domain::unit::PostId::parse(&version.by_post).map_or("系统".into(), |post| post.label()),
        at: words::moment(known.zone, version.applied_at),
        state: match () {
            () if version.version == ruling.version => "现行",
            () if version.effective_on > desk.today => "待生效",
            () => "已被取代",
        },
    });
    let shown = DutiesPage {
        page: Page::new("职责目录", desk, visitor).with_done(done),
        version: ruling.version,
        duties: ruling.catalogue.duties.iter().map(DutyRow::of).collect(),
        versions: versions.collect(),
        may: visitor.has(Right::Settings),
        effective: (desk.today + Days::new(1)).to_string(),
        today: desk.today.to_string(),
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

#[derive(Template)]
#[template(path = "changes.html")]
struct ChangesPage {
    page: Page,
    files: String,
    rows: Vec<ChangeRow>,
    years: Vec<i32>,
    posts: Vec<String>,
    effective: String,
    effective_words: String,
    upload: String,
    mark: String,
    units_leave: bool,
    refused: Refused,
}

/// Shows what the files would change. Nothing is changed yet.
async fn compare(desk: Desk, visitor: Visitor, form: Multipart) -> Result<Response, Fault> {
    let sent = Papers::read(form).await?;
    if sent.files.is_empty() {
        return page(&desk, &visitor, None, Refused::of(SettingRefusal::NoFileChosen));
    }
    let effective = match Refused::or(day_if(Field::EffectiveDay, sent.fields.trimmed("effective")))? {
        Ok(day) => day.unwrap_or(desk.today + Days::new(1)),
        Err(refused) => return page(&desk, &visitor, None, refused),
    };
    if effective < desk.today {
        return page(&desk, &visitor, None, Refused::of((Field::EffectiveDay, FieldRefusal::DayPast(effective))));
    }
    match with_files(&desk.known, &sent.files, effective) {
        Err(found) => page(&desk, &visitor, None, Refused::file(&found)),
        Ok(seeds) => {
            let changes = changes(&desk.known, &seeds, effective);
            if changes.is_empty() {
                return page(&desk, &visitor, None, Refused::of(SettingRefusal::NothingToApply));
            }
            let upload = match Refused::or(keep(&desk, &sent.files).await)? {
                Ok(upload) => upload,
                Err(refused) => return page(&desk, &visitor, None, refused),
            };
            let names: Vec<&str> = sent.files.iter().map(|(name, _)| name.as_str()).collect();
            Ok(changes_page(&desk, &visitor, &names.join("、"), &changes, effective, upload, Refused::default()))
        }
    }
}

/// Keeps sound files under one hash until they are confirmed; the hash is what the confirmation names.
async fn keep(desk: &Desk, files: &[(String, Vec<u8>)]) -> Result<String, ActError> {
    let Some(vault) = &desk.engine.vault else { return refuse(SettingRefusal::NoPlaceForFiles) };
    let text = |name: &str, bytes: &[u8]| sheet::decode(name, bytes).map(Cow::into_owned).unwrap_or_default();
    let bundle: BTreeMap<&str, String> = files.iter().map(|(name, bytes)| (name.as_str(), text(name, bytes))).collect();
    Ok(vault.put(serde_json::to_vec(&bundle).unwrap_or_default()).await?)
}

fn changes_page(
    desk: &Desk,
    visitor: &Visitor,
    files: &str,
    changes: &Changes,
    effective: NaiveDate,
    upload: String,
    refused: Refused,
) -> Response {
    let shown = ChangesPage {
        page: Page::new("核对更改", desk, visitor),
        files: files.to_owned(),
        rows: changes.entries.iter().map(ChangeRow::of).collect(),
        years: changes.years.iter().copied().collect(),
        posts: changes.posts.iter().map(|entry| entry.post.label()).collect(),
        effective: effective.to_string(),
        effective_words: words::date(effective),
        upload,
        mark: changes.mark(effective),
        units_leave: changes.entries.iter().any(Change::is_unit_gone),
        refused,
    };
    view::answer(&shown, shown.refused.any())
}

#[derive(Deserialize)]
struct Apply {
    upload: String,
    mark: String,
    effective: String,
    /// Units that the files do not have leave.
    #[serde(default)]
    units_leave: String,
}

async fn apply(desk: Desk, visitor: Visitor, Form(form): Form<Apply>) -> Result<Response, Fault> {
    let vault = desk.engine.vault.as_ref().ok_or(Fault::Missing)?;
    let bytes = vault.get(&form.upload).await.map_err(ActError::from)?;
    let bundle: Option<BTreeMap<String, String>> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (Some(bundle), Ok(effective)) = (bundle, form.effective.parse::<NaiveDate>()) else {
        return page(&desk, &visitor, None, Refused::of(SettingRefusal::ShownIsGone));
    };
    let names: Vec<String> = bundle.keys().cloned().collect();
    let files: Vec<(String, Vec<u8>)> = bundle.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    let seeds = match with_files(&desk.known, &files, effective) {
        Ok(seeds) => seeds,
        Err(found) => return page(&desk, &visitor, None, Refused::file(&found)),
    };
    let agreed = Agreed { shown: Some(&form.mark), units_leave: form.units_leave == "1" };
    match Refused::or(desk.actor(&visitor.post).apply_seeds(&seeds, Some(effective), agreed).await)? {
        Ok(_) => Ok(Redirect::to("/duties?done=applied").into_response()),
        Err(refused) => {
            let now = changes(&desk.known, &seeds, effective);
            if now.is_empty() || effective < desk.today {
                return page(&desk, &visitor, None, refused);
            }
            Ok(changes_page(&desk, &visitor, &names.join("、"), &now, effective, form.upload, refused))
        }
    }
}
