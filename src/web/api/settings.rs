//! Settings: units and posts, the calendar, and changed seeds. The acts are those of the console and the command line.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Answer, Body, CallQuery, Paper, Part};
use super::obligations::ObligationJson;
use super::reference::UnitJson;
use crate::acts::calendar::{Confirmed, differences};
use crate::acts::catalogue::{Agreed, Changes, changes, with_files};
use crate::acts::roster::{Takeover, UnitEntry};
use crate::catalogue::{ListedDays, Seeds, holidays, posts};
use crate::domain::calendar::{DayKind, DayStatus, ListedDay};
use crate::domain::notice::{DayChange, Differences, Doubt};
use crate::domain::unit::{PostId, UnitName};
use crate::read::notice;
use crate::store::row::Stored;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::route::{Route, papers, post, put};

pub fn routes() -> Vec<Route> {
    vec![
        put("/api/v1/units/{name}", Right::Settings, set_unit),
        post("/api/v1/units/{name}/leave", Right::Settings, leave),
        post("/api/v1/units/{name}/rename", Right::Settings, rename),
        post("/api/v1/units/{name}/succeed", Right::Settings, succeed),
        put("/api/v1/posts/{unit}/{role}", Right::HandOver, set_post),
        papers("/api/v1/posts/import", Right::Settings, import_posts),
        papers("/api/v1/calendar/diff", Right::Settings, compare_calendar),
        papers("/api/v1/calendar/import", Right::Settings, import_calendar),
        papers("/api/v1/seeds/diff", Right::Settings, compare_seeds),
        papers("/api/v1/seeds/apply", Right::Settings, apply_seeds),
    ]
}

/// A unit as it is written down; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitEntryJson {
    kind: Option<String>,
    /// All the groups that it is in.
    groups: Option<Vec<String>>,
    /// Of a new unit, its first day; tomorrow unless given.
    joined_on: Option<NaiveDate>,
    /// A departure that lies ahead is called off.
    #[serde(default)]
    stays: bool,
}

/// Write down a new unit, or another kind or other groups of one
#[utoipa::path(put, path = "/api/v1/units/{name}", params(("name" = String, Path)), request_body = UnitEntryJson, responses((status = 200, body = UnitJson), (status = 422)))]
pub async fn set_unit(
    desk: Desk,
    visitor: Visitor,
    Part(name): Part<String>,
    Body(body): Body<UnitEntryJson>,
) -> Answer<Json<UnitJson>> {
    let UnitEntryJson { kind, groups, joined_on, stays } = body;
    let entry = UnitEntry { name: UnitName(name), kind, groups, joined_on, stays };
    let unit = desk.actor(&visitor.post).set_unit(&entry).await?;
    Ok(Json(UnitJson::from(unit)))
}

/// When a unit leaves, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DepartureJson {
    /// The first day on which it owes nothing any more; today unless given.
    on: Option<NaiveDate>,
    reason: String,
    /// Do it; without this it is refused, and the refusal says what it would waive and which duties nobody would owe.
    #[serde(default)]
    confirmed: bool,
}

/// A unit leaves: what it owes alone is waived, what it shares goes on with the others. Says what that is, where it is today
#[utoipa::path(post, path = "/api/v1/units/{name}/leave", params(("name" = String, Path)), request_body = DepartureJson, responses((status = 200, body = Vec<ObligationJson>), (status = 422)))]
pub async fn leave(
    desk: Desk,
    visitor: Visitor,
    Part(name): Part<String>,
    Body(body): Body<DepartureJson>,
) -> Answer<Json<Vec<ObligationJson>>> {
    let on = body.on.unwrap_or(desk.today);
    let touched = desk.actor(&visitor.post).leave(&UnitName(name), on, &body.reason, body.confirmed).await?;
    Ok(Json(ObligationJson::all(&desk, &touched)?))
}

/// What a unit is called from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNameJson {
    name: String,
}

/// Call a unit otherwise: it keeps its posts, duties, items and rows of misses
#[utoipa::path(post, path = "/api/v1/units/{name}/rename", params(("name" = String, Path)), request_body = NewNameJson, responses((status = 200, body = UnitJson), (status = 422)))]
pub async fn rename(
    desk: Desk,
    visitor: Visitor,
    Part(name): Part<String>,
    Body(body): Body<NewNameJson>,
) -> Answer<Json<UnitJson>> {
    let unit = desk.actor(&visitor.post).rename_unit(&UnitName(name), &UnitName(body.name)).await?;
    Ok(Json(UnitJson::from(unit)))
}

/// Which unit takes over, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuccessorJson {
    /// One that is not on the roster begins today.
    successor: String,
    reason: String,
}

/// What a successor took over.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuccessionJson {
    /// What it goes on with.
    taken_over: Vec<i64>,
    /// What it owed already, and so was closed.
    closed: Vec<i64>,
    /// The groups that it joined.
    groups: Vec<String>,
}

/// A unit takes over from another, which leaves today: open items, rows of misses, duties and groups
#[utoipa::path(post, path = "/api/v1/units/{name}/succeed", params(("name" = String, Path)), request_body = SuccessorJson, responses((status = 200, body = SuccessionJson), (status = 422)))]
pub async fn succeed(
    desk: Desk,
    visitor: Visitor,
    Part(name): Part<String>,
    Body(body): Body<SuccessorJson>,
) -> Answer<Json<SuccessionJson>> {
    let SuccessorJson { successor, reason } = body;
    let done = desk.actor(&visitor.post).succeed_unit(&UnitName(name), &UnitName(successor), &reason).await?;
    let ids = |rows: &[Stored]| rows.iter().map(|row| row.obligation.id).collect();
    Ok(Json(SuccessionJson { taken_over: ids(&done.taken_over), closed: ids(&done.closed), groups: done.groups }))
}

/// Who takes a post over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeoverJson {
    holder: String,
    address: String,
    /// From which day on; today unless given.
    from: Option<NaiveDate>,
    stand_in: Option<StandInJson>,
}

/// Whose address is used instead, and on which days.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StandInJson {
    address: String,
    from: NaiveDate,
    until: NaiveDate,
}

/// Put somebody on a post, or hand it over from a day on
#[utoipa::path(put, path = "/api/v1/posts/{unit}/{role}", params(("unit" = String, Path), ("role" = String, Path)), request_body = TakeoverJson, responses((status = 204), (status = 404), (status = 422)))]
pub async fn set_post(
    desk: Desk,
    visitor: Visitor,
    Part((unit, role)): Part<(String, String)>,
    Body(body): Body<TakeoverJson>,
) -> Answer<StatusCode> {
    let post = PostId::parse(&format!("{unit}/{role}")).ok_or(Fault::Missing)?;
    let TakeoverJson { holder, address, from, stand_in } = body;
    let stand_in = stand_in.map(|StandInJson { address, from, until }| (address, from, until));
    let takeover = Takeover { post, holder, address, from_on: from, stand_in };
    desk.actor(&visitor.post).set_post(&takeover).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many posts a file held, and how many of them it changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedPostsJson {
    read: usize,
    changed: usize,
}

/// Load the holders of many posts, all of them or none
#[utoipa::path(post, path = "/api/v1/posts/import", request_body(content = String, content_type = "text/csv"), responses((status = 200, body = ImportedPostsJson), (status = 422)))]
pub async fn import_posts(desk: Desk, visitor: Visitor, Paper(file): Paper) -> Answer<Json<ImportedPostsJson>> {
    let entries = posts::parse("posts.csv", &file, Some(&desk.known.roster))?;
    let changed = desk.actor(&visitor.post).import_posts(&entries).await?;
    Ok(Json(ImportedPostsJson { read: entries.len(), changed }))
}

/// A listed day.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListedDayJson {
    name: String,
    /// Whether it is worked: a make-up workday.
    workday: bool,
    /// Whether it is computed and no notice has said it: 暂定.
    provisional: bool,
}

impl From<ListedDay> for ListedDayJson {
    fn from(day: ListedDay) -> ListedDayJson {
        let workday = day.kind == DayKind::MakeupWorkday;
        ListedDayJson { name: day.name, workday, provisional: day.status == DayStatus::Provisional }
    }
}

/// A day that is listed otherwise afterwards; without `before` it was not listed, without `after` it is no more.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayChangeJson {
    date: NaiveDate,
    before: Option<ListedDayJson>,
    after: Option<ListedDayJson>,
}

/// What is to be looked at twice before it is taken in.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoubtJson {
    /// `day_goes`, `day_off_worked`, `holiday_missing`, `makeup_on_weekday`, `year_shrinks` or `year_unpublished`.
    code: &'static str,
    /// What it is, in words.
    detail: String,
}

/// What a notice changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoticeJson {
    /// The years that it speaks for.
    years: Vec<i32>,
    /// How many days it lists.
    days: usize,
    changes: Vec<DayChangeJson>,
    doubts: Vec<DoubtJson>,
    /// The open obligations that are due later by it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    moved: Vec<i64>,
}

impl NoticeJson {
    fn of(listed: &ListedDays, differences: Differences, moved: &[Stored]) -> NoticeJson {
        let change = |change: DayChange| DayChangeJson {
            date: change.date,
            before: change.before.map(ListedDayJson::from),
            after: change.after.map(ListedDayJson::from),
        };
        let doubt = |doubt: &Doubt| DoubtJson { code: doubt.code(), detail: notice::doubt(doubt).chinese };
        NoticeJson {
            years: listed.years.iter().copied().collect(),
            days: listed.days.len(),
            doubts: differences.doubts.iter().map(doubt).collect(),
            changes: differences.days.into_iter().map(change).collect(),
            moved: moved.iter().map(|stored| stored.obligation.id).collect(),
        }
    }
}

/// Show what a holiday notice would change: its text as the State Council publishes it, csv, or JSON in the holiday-cn layout
#[utoipa::path(post, path = "/api/v1/calendar/diff", request_body(content((String = "text/plain"), (String = "text/csv"), (String = "application/json"))), responses((status = 200, body = NoticeJson), (status = 422)))]
pub async fn compare_calendar(desk: Desk, Paper(file): Paper) -> Answer<Json<NoticeJson>> {
    let listed = holidays::parse("notice", &file)?;
    let differences = differences(&desk.known.calendar, &listed);
    Ok(Json(NoticeJson::of(&listed, differences, &[])))
}

/// Whether somebody has looked at what is in doubt.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedQuery {
    #[serde(default)]
    confirmed: bool,
}

/// Take in a holiday notice: its text as the State Council publishes it, csv, or JSON in the holiday-cn layout
#[utoipa::path(post, path = "/api/v1/calendar/import", params(("confirmed" = Option<bool>, Query, description = "A notice of which something is in doubt is taken in only with `true`.")), request_body(content((String = "text/plain"), (String = "text/csv"), (String = "application/json"))), responses((status = 200, body = NoticeJson), (status = 422)))]
pub async fn import_calendar(
    desk: Desk,
    visitor: Visitor,
    CallQuery(query): CallQuery<ConfirmedQuery>,
    Paper(file): Paper,
) -> Answer<Json<NoticeJson>> {
    let listed = holidays::parse("notice", &file)?;
    let confirmed = if query.confirmed { Confirmed::Yes } else { Confirmed::No };
    let done = desk.actor(&visitor.post).import_calendar(&listed, confirmed).await?;
    Ok(Json(NoticeJson::of(&listed, done.differences, &done.moved)))
}

/// Changed seeds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedsJson {
    /// Name and text of each changed file: `duties.toml`.
    files: BTreeMap<String, String>,
    /// The day from which they are in force; tomorrow unless given, today at the earliest.
    effective_on: Option<NaiveDate>,
    /// The mark of the differences that were shown: nothing is applied if they are others by now.
    mark: Option<String>,
    /// Units of the roster that `units.toml` does not have leave; without this, they are a reason to refuse.
    #[serde(default)]
    units_leave: bool,
}

impl SeedsJson {
    fn read(self, desk: &Desk) -> Answer<(Seeds, NaiveDate)> {
        let effective_on = self.effective_on.unwrap_or(desk.today + Days::new(1));
        let files: Vec<(String, Vec<u8>)> =
            self.files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
        let seeds = with_files(&desk.known, &files, effective_on)?;
        Ok((seeds, effective_on))
    }
}

/// What changed seeds change.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesJson {
    effective_on: NaiveDate,
    /// What stands for these changes.
    mark: String,
    changes: Vec<String>,
    /// The years whose listed days change.
    years: Vec<i32>,
    /// The posts that get their first holder.
    posts: Vec<String>,
}

impl ChangesJson {
    fn of(changes: &Changes, effective_on: NaiveDate) -> ChangesJson {
        ChangesJson {
            effective_on,
            mark: changes.mark(effective_on),
            changes: changes.entries.iter().map(ToString::to_string).collect(),
            years: changes.years.iter().copied().collect(),
            posts: changes.posts.iter().map(|entry| entry.post.to_string()).collect(),
        }
    }
}

/// Show what changed seeds would change
#[utoipa::path(post, path = "/api/v1/seeds/diff", request_body = SeedsJson, responses((status = 200, body = ChangesJson), (status = 422)))]
pub async fn compare_seeds(desk: Desk, Body(body): Body<SeedsJson>) -> Answer<Json<ChangesJson>> {
    let (seeds, effective_on) = body.read(&desk)?;
    Ok(Json(ChangesJson::of(&changes(&desk.known, &seeds, effective_on), effective_on)))
}

/// Bring changed seeds in as a new version, all of them or nothing
#[utoipa::path(post, path = "/api/v1/seeds/apply", request_body = SeedsJson, responses((status = 200, body = ChangesJson), (status = 422)))]
pub async fn apply_seeds(desk: Desk, visitor: Visitor, Body(mut body): Body<SeedsJson>) -> Answer<Json<ChangesJson>> {
    let (mark, units_leave) = (body.mark.take(), body.units_leave);
    let (seeds, effective_on) = body.read(&desk)?;
    let agreed = Agreed { shown: mark.as_deref(), units_leave };
    let applied = desk.actor(&visitor.post).apply_seeds(&seeds, Some(effective_on), agreed).await?;
    Ok(Json(ChangesJson::of(&applied.changes, applied.effective_on)))
}
