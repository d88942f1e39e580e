//! 岗位: who holds which post at which address; set, handed over, loaded from a csv. People change, posts stay.

use askama::Template;
use axum::Form;
use axum::extract::{Multipart, Query};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::acts::roster::Takeover;
use crate::acts::{self, ActError};
use crate::catalogue::posts as file;
use crate::domain::refusal::field::Field;
use crate::domain::refusal::roster::RosterRefusal;
use crate::domain::refusal::setting::SettingRefusal;
use crate::domain::unit::{PostId, Role};
use crate::read::{health, words};
use crate::store::roster::Holder;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::fields::day_if;
use crate::web::papers::Papers;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, papers, post};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![
        get("/posts", Right::SeeAll, show),
        get("/posts/change", Right::Settings, show_change),
        post("/posts/change", Right::Settings, change),
        get("/posts/import", Right::Settings, show_import),
        papers("/posts/import", Right::Settings, import),
    ]
}

/// The posts that get letters, in the order of a unit's page.
const ROLES: [Role; 4] = [Role::Office, Role::Liaison, Role::Deputy, Role::Head];

struct HolderRow {
    holder: String,
    address: String,
    from: String,
    stand_in: Option<String>,
    ahead: bool,
}

impl HolderRow {
    fn of(holder: &Holder, ahead: bool) -> HolderRow {
        let stand_in = holder.stand_in.as_ref().map(|stand_in| {
            format!("{}，{}至{}", stand_in.address, words::date(stand_in.from), words::date(stand_in.until))
        });
        HolderRow {
            holder: holder.holder.clone(),
            address: holder.address.clone(),
            from: holder.from_on.to_string(),
            stand_in,
            ahead,
        }
    }
}

struct PostRow {
    post: String,
    label: String,
    holders: Vec<HolderRow>,
    warning: &'static str,
}

struct UnitPosts {
    unit: String,
    posts: Vec<PostRow>,
}

#[derive(Template)]
#[template(path = "posts.html")]
struct PostsPage {
    page: Page,
    units: Vec<UnitPosts>,
    may: bool,
}

#[derive(Deserialize)]
struct PostsQuery {
    #[serde(default)]
    done: String,
    #[serde(default)]
    n: usize,
}

async fn show(desk: Desk, visitor: Visitor, Query(done): Query<PostsQuery>) -> Result<Response, Fault> {
    let known = &desk.known;
    let all: Vec<PostId> = known.roster.units.iter().flat_map(|unit| posts_of(&desk, &unit.name.0)).collect();
    let (without, example) = health::unreachable_posts(known, &all, desk.today);
    let row = |post: PostId| {
        let current = known.holder(&post, desk.today);
        let later = known.holders.get(&post).into_iter().flatten();
        let later = later.filter(|holder| holder.from_on > desk.today && current != Some(holder));
        let current = current.map(|holder| HolderRow::of(holder, false));
        PostRow {
            holders: current.into_iter().chain(later.map(|holder| HolderRow::of(holder, true))).collect(),
            warning: match (without.contains(&post), example.contains(&post)) {
                (true, _) => "没有邮箱，收不到邮件",
                (_, true) => "示例邮箱，收不到邮件",
                _ => "",
            },
            label: post.label(),
            post: post.to_string(),
        }
    };
    let units = known.roster.units.iter().filter(|unit| unit.left_on.is_none_or(|left| left > desk.today));
    let units = units.map(|unit| UnitPosts {
        unit: unit.name.0.clone(),
        posts: posts_of(&desk, &unit.name.0).into_iter().map(row).collect(),
    });
    let mut units: Vec<UnitPosts> = units.collect();
    // A digest that was passed on shows who holds what, but nobody's address.
    if visitor.shows_only {
        for holder in units.iter_mut().flat_map(|unit| &mut unit.posts).flat_map(|post| &mut post.holders) {
            "邮箱登录后可见".clone_into(&mut holder.address);
            holder.stand_in = None;
        }
    }
    let done = match done.done.as_str() {
        "change" => Some("岗位变更已记录，自起始日起邮件寄往新邮箱。".to_owned()),
        "import" => Some(format!("文件已导入：{}个岗位有变更，其余不变。", done.n)),
        _ => None,
    };
    let page = Page::new("岗位", &desk, &visitor).with_done(done);
    Ok(view::html(&PostsPage { page, units, may: visitor.has(Right::Settings) }))
}

fn posts_of(desk: &Desk, unit: &str) -> Vec<PostId> {
    let office = unit == desk.office().0;
    let posts = ROLES.into_iter().filter(|role| office || role.is_of_unit());
    posts.filter_map(|role| PostId::of(unit, role.code())).collect()
}

/// What is filled in to put somebody on a post.
#[derive(Debug, Default, Deserialize)]
pub struct TakeoverForm {
    #[serde(default)]
    pub post: String,
    #[serde(default)]
    pub holder: String,
    #[serde(default)]
    pub address: String,
    /// From which day on.
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub stand_in: String,
    #[serde(default)]
    pub stand_in_from: String,
    #[serde(default)]
    pub stand_in_until: String,
}

impl TakeoverForm {
    /// As the act takes it.
    ///
    /// # Errors
    /// A day is none, or only a part of a stand-in is given.
    pub fn takeover(&self, post: PostId) -> Result<Takeover, ActError> {
        let stand_in = self.stand_in.trim();
        let days =
            (day_if(Field::StandInFrom, &self.stand_in_from)?, day_if(Field::StandInUntil, &self.stand_in_until)?);
        let stand_in = match (stand_in.is_empty(), days) {
            (true, (None, None)) => None,
            (false, (Some(from), Some(until))) => Some((stand_in.to_owned(), from, until)),
            _ => return acts::refuse(RosterRefusal::StandInIncomplete),
        };
        Ok(Takeover {
            post,
            holder: self.holder.clone(),
            address: self.address.clone(),
            from_on: day_if(Field::FirstDay, &self.from)?,
            stand_in,
        })
    }
}

#[derive(Template)]
#[template(path = "post_change.html")]
struct PostChangePage {
    page: Page,
    label: String,
    current: Option<HolderRow>,
    form: TakeoverForm,
    today: String,
    refused: Refused,
}

fn change_page(desk: &Desk, visitor: &Visitor, post: &PostId, form: TakeoverForm, refused: Refused) -> Response {
    let current = desk.known.holder(post, desk.today).map(|holder| HolderRow::of(holder, false));
    let page = Page::new(format!("变更岗位：{}", post.label()), desk, visitor);
    let shown = PostChangePage { page, label: post.label(), current, form, today: desk.today.to_string(), refused };
    view::answer(&shown, shown.refused.any())
}

async fn show_change(desk: Desk, visitor: Visitor, Query(form): Query<TakeoverForm>) -> Result<Response, Fault> {
    let post = known_post(&desk, &form.post)?;
    let form = TakeoverForm { from: desk.today.to_string(), ..form };
    Ok(change_page(&desk, &visitor, &post, form, Refused::default()))
}

fn known_post(desk: &Desk, written: &str) -> Result<PostId, Fault> {
    let post = PostId::parse(written).filter(|post| acts::roster::post_exists(&desk.known.roster, post));
    post.filter(|post| post.role.gets_letters()).ok_or(Fault::Missing)
}

async fn change(desk: Desk, visitor: Visitor, Form(form): Form<TakeoverForm>) -> Result<Response, Fault> {
    let post = known_post(&desk, &form.post)?;
    let done = match form.takeover(post.clone()) {
        Ok(takeover) => desk.actor(&visitor.post).set_post(&takeover).await,
        Err(error) => Err(error),
    };
    match Refused::or(done)? {
        Ok(()) => Ok(Redirect::to("/posts?done=change").into_response()),
        Err(refused) => Ok(change_page(&desk, &visitor, &post, form, refused)),
    }
}

#[derive(Template)]
#[template(path = "posts_import.html")]
struct ImportPage {
    page: Page,
    refused: Refused,
}

fn import_page(desk: &Desk, visitor: &Visitor, refused: Refused) -> Response {
    let shown = ImportPage { page: Page::new("导入岗位", desk, visitor), refused };
    view::answer(&shown, shown.refused.any())
}

async fn show_import(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    Ok(import_page(&desk, &visitor, Refused::default()))
}

/// All of the file or nothing.
async fn import(desk: Desk, visitor: Visitor, form: Multipart) -> Result<Response, Fault> {
    let sent = Papers::read(form).await?;
    let Some((name, bytes)) = sent.files.first() else {
        return Ok(import_page(&desk, &visitor, Refused::of(SettingRefusal::NoFileChosen)));
    };
    let entries = match file::parse(name, bytes, Some(&desk.known.roster)) {
        Ok(entries) => entries,
        Err(found) => return Ok(import_page(&desk, &visitor, Refused::file(&found))),
    };
    match Refused::or(desk.actor(&visitor.post).import_posts(&entries).await)? {
        Ok(n) => Ok(Redirect::to(&format!("/posts?done=import&n={n}")).into_response()),
        Err(refused) => Ok(import_page(&desk, &visitor, refused)),
    }
}
