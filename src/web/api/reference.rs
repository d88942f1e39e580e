//! What the other calls refer to: units, posts, duties, the calendar, requests, letters, and how the daemon is.

#![allow(unused_qualifications, reason = "the macros of utoipa write them")]

use axum::Json;
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::call::{Answer, CallQuery, Listed, Part};
use super::obligations::MOST;
use crate::domain::calendar::{DayKind, DayStatus};
use crate::domain::duty::{Owner, Quota};
use crate::domain::plan::{Owed, due_between};
use crate::domain::refusal::list::ListRefusal;
use crate::domain::unit::{Unit, UnitName};
use crate::jobs::digest::shown;
use crate::read::health::{Health, mail_down_words};
use crate::read::mail;
use crate::read::pending::{self, Pending};
use crate::store::decisions::Decision;
use crate::store::roster::Holder;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::route::{Route, get};

pub fn routes() -> Vec<Route> {
    vec![
        get("/api/v1/units", Right::SignedIn, units),
        get("/api/v1/posts", Right::SeeAll, posts),
        get("/api/v1/duties", Right::SignedIn, duties),
        get("/api/v1/calendar/{year}", Right::SignedIn, calendar),
        get("/api/v1/plan", Right::SignedIn, plan),
        get("/api/v1/digest", Right::SeeAll, digest),
        get("/api/v1/requests", Right::SeeAll, requests),
        get("/api/v1/decisions", Right::SeeOwn, decisions),
        get("/api/v1/letters", Right::SeeAll, letters),
        get("/api/v1/status", Right::SeeAll, status),
    ]
}

/// A unit.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitJson {
    name: String,
    kind: String,
    groups: Vec<String>,
    joined_on: Option<NaiveDate>,
    left_on: Option<NaiveDate>,
}

impl From<Unit> for UnitJson {
    fn from(Unit { name, kind, groups, joined_on, left_on }: Unit) -> UnitJson {
        UnitJson { name: name.0, kind, groups, joined_on, left_on }
    }
}

/// List units in the document's order
#[utoipa::path(get, path = "/api/v1/units", responses((status = 200, body = Vec<UnitJson>)))]
pub async fn units(desk: Desk) -> Answer<Json<Vec<UnitJson>>> {
    Ok(Json(desk.known.roster.units.iter().cloned().map(UnitJson::from).collect()))
}

/// Who holds a post. Addresses are not told here.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostJson {
    post: String,
    holder: String,
    from: NaiveDate,
    stand_in_from: Option<NaiveDate>,
    stand_in_until: Option<NaiveDate>,
}

/// List who holds which post today, and what is to come
#[utoipa::path(get, path = "/api/v1/posts", responses((status = 200, body = Vec<PostJson>)))]
pub async fn posts(desk: Desk) -> Answer<Json<Vec<PostJson>>> {
    let post = |holder: &Holder| PostJson {
        post: holder.post.to_string(),
        holder: holder.holder.clone(),
        from: holder.from_on,
        stand_in_from: holder.stand_in.as_ref().map(|stand_in| stand_in.from),
        stand_in_until: holder.stand_in.as_ref().map(|stand_in| stand_in.until),
    };
    Ok(Json(desk.known.holders_from(desk.today).map(post).collect()))
}

/// A duty.
#[derive(Debug, Serialize, ToSchema)]
pub struct DutyJson {
    id: String,
    clause: String,
    title: String,
    summary: String,
    cadence: String,
    /// 条款, 任务 or 本办默认: what its frequency rests on.
    basis: String,
    owners: Vec<String>,
    joint: bool,
    quotas: Vec<String>,
    /// What is counted, as an item of a submission names it.
    counters: Vec<CounterJson>,
    /// Duties for which a submission of this one may count as well: our own reading.
    also_counts_for: Vec<String>,
}

/// A counter: what an item of a submission may say.
#[derive(Debug, Serialize, ToSchema)]
pub struct CounterJson {
    counter: String,
    at_least: u32,
    /// Its measure word.
    unit: String,
    /// true = names, each counted once; false = a whole number.
    names: bool,
    /// true = what is there now, the latest figure; false = it adds up.
    level: bool,
}

impl From<&Quota> for CounterJson {
    fn from(Quota { counter, at_least, unit, distinct, level }: &Quota) -> CounterJson {
        CounterJson {
            counter: counter.clone(),
            at_least: *at_least,
            unit: unit.clone(),
            names: *distinct,
            level: *level,
        }
    }
}

/// List the duties in force
#[utoipa::path(get, path = "/api/v1/duties", responses((status = 200, body = Vec<DutyJson>)))]
pub async fn duties(desk: Desk) -> Answer<Json<Vec<DutyJson>>> {
    let version = desk.known.version_on(desk.today).ok_or(Fault::Missing)?;
    let owner = |owner: &Owner| match owner {
        Owner::Unit(unit) => unit.0.clone(),
        Owner::Group(group) => group.clone(),
    };
    let duties = version.catalogue.duties.iter().map(|duty| DutyJson {
        id: duty.id.0.clone(),
        clause: duty.clause.label(),
        title: duty.title.clone(),
        summary: duty.summary.clone(),
        cadence: duty.cadence.label(),
        basis: duty.basis.label().to_owned(),
        owners: duty.owed_by.iter().map(owner).collect(),
        joint: duty.mode == crate::domain::duty::Mode::Joint,
        quotas: duty.quotas.iter().map(Quota::label).collect(),
        counters: duty.quotas.iter().map(CounterJson::from).collect(),
        also_counts_for: duty.also_counts_for.iter().map(|id| id.0.clone()).collect(),
    });
    Ok(Json(duties.collect()))
}

/// A listed day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayJson {
    date: NaiveDate,
    name: String,
    /// Whether it is worked: a make-up workday.
    workday: bool,
    /// Whether it is computed and no notice has said it: 暂定.
    provisional: bool,
}

/// The listed days of a year
#[utoipa::path(get, path = "/api/v1/calendar/{year}", params(("year" = i32, Path)), responses((status = 200, body = Vec<DayJson>)))]
pub async fn calendar(desk: Desk, Part(year): Part<i32>) -> Answer<Json<Vec<DayJson>>> {
    let days = desk.known.calendar.listed.iter().filter(|(date, _)| date.year() == year).map(|(date, day)| DayJson {
        date: *date,
        name: day.name.clone(),
        workday: day.kind == DayKind::MakeupWorkday,
        provisional: day.status == DayStatus::Provisional,
    });
    Ok(Json(days.collect()))
}

/// Which part of the plan.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlanQuery {
    /// The first day on which something may fall due.
    from: NaiveDate,
    /// The last, at most a year later.
    to: NaiveDate,
    /// Of this duty.
    duty: Option<String>,
    /// Owed by this unit, alone or with others.
    unit: Option<String>,
    /// Owed by members of this group.
    group: Option<String>,
}

/// What is to fall due.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwedJson {
    duty: String,
    owners: Vec<String>,
    period: String,
    due_at: DateTime<Utc>,
}

/// The longest range of a plan, in days.
const LONGEST_PLAN: i64 = 366;

/// List what falls due in a range of days, by the catalogue in force on its first
#[utoipa::path(get, path = "/api/v1/plan", params(PlanQuery), responses((status = 200, body = Vec<OwedJson>), (status = 422)))]
pub async fn plan(desk: Desk, visitor: Visitor, CallQuery(query): CallQuery<PlanQuery>) -> Answer<Json<Vec<OwedJson>>> {
    if query.to < query.from || (query.to - query.from).num_days() > LONGEST_PLAN {
        return Err(Fault::from(ListRefusal::PlanRange(LONGEST_PLAN)).into());
    }
    let unit = visitor.asked_unit(query.unit)?;
    let known = &desk.known;
    let roster = &known.roster;
    let version = known.version_on(query.from).ok_or(Fault::Missing)?;
    let of_group =
        |owner: &UnitName, group: &String| roster.unit(owner).is_some_and(|unit| unit.groups.contains(group));
    let wanted = |owed: &Owed| {
        let owners = &owed.owners;
        query.duty.as_ref().is_none_or(|duty| owed.duty.0 == *duty)
            && unit.as_ref().is_none_or(|unit| owners.contains(unit))
            && query.group.as_ref().is_none_or(|group| owners.iter().any(|owner| of_group(owner, group)))
    };
    let owed = due_between(&known.world(&version.catalogue), query.from, query.to);
    let rows = owed.into_iter().filter(wanted).map(|owed| OwedJson {
        duty: owed.duty.0,
        owners: owed.owners.into_iter().map(|owner| owner.0).collect(),
        period: owed.period.to_string(),
        due_at: owed.due_at,
    });
    Ok(Json(rows.collect()))
}

/// Which digest.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DigestQuery {
    /// What it would say if it were written now; else the newest one.
    #[serde(default)]
    now: bool,
}

/// A digest.
#[derive(Debug, Serialize, ToSchema)]
pub struct DigestJson {
    subject: String,
    text: String,
}

/// Show the office's digest
#[utoipa::path(get, path = "/api/v1/digest", params(DigestQuery), responses((status = 200, body = DigestJson)))]
pub async fn digest(desk: Desk, CallQuery(query): CallQuery<DigestQuery>) -> Answer<Json<DigestJson>> {
    let (subject, text) = shown(&desk.engine, query.now).await?;
    Ok(Json(DigestJson { subject, text }))
}

/// What waits for the office's decision.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestJson {
    /// The request's number; a review, a 未提醒 miss and a proposal have none.
    id: Option<String>,
    obligation: i64,
    /// review, extension, dispute, unreminded or bulletin
    kind: &'static str,
    /// Who asked, where somebody did.
    by_post: Option<String>,
    /// Since when it waits.
    asked_at: Option<DateTime<Utc>>,
    reason: Option<String>,
    until: Option<DateTime<Utc>>,
    endorsed_by: Option<String>,
}

impl RequestJson {
    fn of(pending: Pending) -> RequestJson {
        let Pending { kind, obligation, since, request } = pending;
        let (id, by_post, reason, until, endorsed_by) = match request {
            Some(request) => {
                (Some(request.id), Some(request.by_post), Some(request.reason), request.until_at, request.endorsed_by)
            }
            None => (None, None, None, None, None),
        };
        RequestJson { id, obligation, kind: kind.code(), by_post, asked_at: since, reason, until, endorsed_by }
    }
}

/// List what waits for the office's decision, the longest waiting first
#[utoipa::path(get, path = "/api/v1/requests", responses((status = 200, body = Vec<RequestJson>)))]
pub async fn requests(desk: Desk) -> Answer<Json<Vec<RequestJson>>> {
    let pending = pending::all(&mut desk.engine.store.read().await?).await?;
    Ok(Json(pending.into_iter().map(RequestJson::of).collect()))
}

/// A decision that stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecisionJson {
    obligation: i64,
    /// `accept`, `return`, `grant_extension`, `refuse_extension`, `uphold_dispute`, `reject_dispute`, `waive`, `count_miss`,
    /// `excuse_miss`, `publish`, `not_publish`
    kind: &'static str,
    by_post: String,
    at: DateTime<Utc>,
    reason: String,
    document: String,
    until: Option<DateTime<Utc>>,
    /// From when on its letter is written; until then it can be taken back.
    tells_at: DateTime<Utc>,
    /// The posts that are told.
    posts: Vec<String>,
}

impl From<Decision> for DecisionJson {
    fn from(decision: Decision) -> DecisionJson {
        DecisionJson {
            obligation: decision.obligation,
            kind: decision.kind.code(),
            by_post: decision.by_post,
            at: decision.at,
            reason: decision.words,
            document: decision.document,
            until: decision.until_at,
            tells_at: decision.tells_at,
            posts: decision.posts.split(';').filter(|post| !post.is_empty()).map(str::to_owned).collect(),
        }
    }
}

/// List what was decided in the last 30 days, newest first: a unit's post sees what its unit is told of
#[utoipa::path(get, path = "/api/v1/decisions", responses((status = 200, body = Vec<DecisionJson>)))]
pub async fn decisions(desk: Desk, visitor: Visitor) -> Answer<Json<Vec<DecisionJson>>> {
    let mut tx = desk.engine.store.read().await?;
    let since = desk.now() - TimeDelta::days(30);
    let decisions = match visitor.unit() {
        Some(unit) => tx.decisions_for(&unit.0, since, MOST).await?,
        None => tx.decisions_since(since, MOST).await?,
    };
    Ok(Json(decisions.into_iter().map(DecisionJson::from).collect()))
}

/// Which letters.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LettersQuery {
    /// After the letter of that number: the `next` of the page before.
    #[serde(default)]
    after: i64,
    /// At most so many, 500 at the most.
    limit: Option<usize>,
}

/// A letter's fate, without its body or address.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterJson {
    id: i64,
    message_id: String,
    kind: &'static str,
    posts: Vec<String>,
    subject: String,
    written_at: DateTime<Utc>,
    state: &'static str,
    attempts: i64,
    sent_at: Option<DateTime<Utc>>,
    reply: Option<String>,
}

/// List letters in the order of their numbers
#[utoipa::path(get, path = "/api/v1/letters", params(LettersQuery), responses((status = 200, body = Listed<LetterJson>)))]
pub async fn letters(desk: Desk, CallQuery(query): CallQuery<LettersQuery>) -> Answer<Json<Listed<LetterJson>>> {
    let limit = query.limit.unwrap_or(100).clamp(1, MOST);
    let mut rows = desk.engine.store.read().await?.letters_page(query.after, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    let letters = rows.into_iter().map(|row| LetterJson {
        id: row.id,
        message_id: row.message_id,
        kind: row.kind.code(),
        posts: row.posts.split(';').map(str::to_owned).collect(),
        subject: row.subject,
        written_at: row.written_at,
        state: row.state.code(),
        attempts: row.attempts,
        sent_at: row.sent_at,
        reply: row.reply,
    });
    Ok(Json(Listed { items: letters.collect(), next }))
}

/// How the daemon is.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusJson {
    last_pass: Option<DateTime<Utc>>,
    next_step: Option<DateTime<Utc>>,
    oldest_unsent_letter: Option<DateTime<Utc>>,
    mail_down_since: Option<DateTime<Utc>>,
    /// Why no mail goes out, and what to do, in words.
    mail_down: Option<String>,
    letters_in_doubt: i64,
    letters_undelivered: i64,
    /// Letters of a restored copy that wait for the office.
    letters_held: i64,
    troubles: Vec<String>,
    /// What is too old, in words; nothing = all is well.
    wrong: Vec<String>,
}

/// How the daemon is doing
#[utoipa::path(get, path = "/api/v1/status", responses((status = 200, body = StatusJson)))]
pub async fn status(desk: Desk) -> Answer<Json<StatusJson>> {
    let health = Health::look(&desk.engine).await?;
    Ok(Json(StatusJson {
        last_pass: health.last_pass.as_ref().map(|run| run.finished_at),
        next_step: health.next_step_at,
        oldest_unsent_letter: health.oldest_unsent,
        mail_down_since: health.mail_down.as_ref().map(|down| down.since),
        mail_down: health
            .mail_down
            .as_ref()
            .map(|down| format!("{}; {}", mail_down_words(down), mail::remedy(down.reason))),
        letters_in_doubt: health.in_doubt(),
        letters_undelivered: health.undelivered(),
        letters_held: health.held(),
        wrong: health.wrong(desk.app.options().limits),
        troubles: health.troubles.into_iter().map(|trouble| trouble.subject).collect(),
    }))
}
