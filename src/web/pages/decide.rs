//! What the office decides on one obligation: accept, return, confirm a miss, waive, answer what was asked.
//!
//! Who may is asked of the acts' own rules, so that a page offers nothing that they would refuse. The same forms stand on
//! the obligation's own page and in the lists; each leads back to where it was sent from.

use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::{obligation, requests, review};
use crate::{
    domain::step::NoticeKind,
    jobs::{
        acts::{ActError, refuse, review::reviewer},
        explain, words,
    },
    store::{
        Tx,
        obligations::Stored,
        requests::{EXTENSION, Request},
        submissions::Counted,
    },
    web::{
        App, Desk,
        access::{Right, Visitor},
        fault::Fault,
        routes::{Route, post},
        view::post_label,
    },
};

pub fn routes() -> Vec<Route> {
    vec![
        post("/o/{id}/accept", Right::Decide, accept),
        post("/o/{id}/return", Right::Decide, send_back),
        post("/o/{id}/confirm-miss", Right::Decide, confirm_miss),
        post("/o/{id}/waive", Right::Decide, waive),
        post("/o/{id}/extension", Right::Decide, extension),
        post("/o/{id}/verdict", Right::Decide, verdict),
    ]
}

/// What somebody has filled in where it was refused, so that it can be shown again.
#[derive(Debug, Clone, Default)]
pub struct Refused {
    pub words: String,
    pub id: i64,
    form: &'static str,
    fields: Vec<(&'static str, String)>,
}

impl Refused {
    /// A form of an obligation that was refused.
    pub fn of(words: String, id: i64, form: &'static str, fields: Vec<(&'static str, String)>) -> Refused {
        Refused { words, id, form, fields }
    }

    pub fn is(&self, id: &i64, form: &str) -> bool {
        self.id == *id && self.form == form
    }

    /// What stood in a field of this form; otherwise `or`.
    pub fn value<'a>(&'a self, id: &i64, form: &str, field: &str, or: &'a str) -> &'a str {
        let found = self.fields.iter().find(|(name, _)| self.is(id, form) && *name == field);
        found.map_or(or, |(_, value)| value.as_str())
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct May {
    pub accept: bool,
    pub send_back: bool,
    /// Let a miss marked 未提醒 count.
    pub confirm_miss: bool,
    pub waive: bool,
    pub answer: bool,
}

impl May {
    pub fn any(self) -> bool {
        self.accept || self.send_back || self.confirm_miss || self.waive
    }

    /// What a visitor may decide on an obligation.
    pub async fn of(desk: &Desk, tx: &mut Tx, visitor: &Visitor, stored: &Stored) -> Result<May, Fault> {
        if !visitor.has(Right::Decide) {
            return Ok(May::default());
        }
        let now = desk.now();
        let obligation = &stored.obligation;
        let reviews = reviewer(tx, &desk.known, stored).await? == visitor.post;
        let office = visitor.post == desk.known.roster.office_post();
        let ahead = now + chrono::TimeDelta::days(1);
        Ok(May {
            accept: reviews && obligation.accepted(now).is_ok(),
            send_back: reviews && obligation.returned(ahead, now).is_ok(),
            confirm_miss: reviews && obligation.miss_confirmed().is_ok(),
            waive: office && obligation.waived(now).is_ok(),
            answer: office,
        })
    }
}

/// The day that is offered as a returned one's new deadline: three workdays ahead.
pub fn offered_day(desk: &Desk) -> String {
    desk.known.calendar.workdays_after(desk.today, 3).to_string()
}

/// A notice and what became of its letter.
pub struct ToldRow {
    pub at: String,
    /// 催办, 督办 …
    pub kind: &'static str,
    pub post: String,
    pub state: &'static str,
    pub sent: String,
    pub reply: String,
}

/// What was told of an obligation.
pub async fn told(desk: &Desk, tx: &mut Tx, id: i64) -> Result<Vec<ToldRow>, Fault> {
    let zone = desk.known.zone;
    let notices = tx.notices_of(id).await?.into_iter().map(|notice| ToldRow {
        at: words::moment(zone, notice.at),
        kind: NoticeKind::from_code(&notice.kind).map_or("通知", explain::kind_label),
        post: post_label(&format!("{}/{}", notice.unit, notice.role)),
        state: notice.state.as_deref().map_or("未成邮件", super::letters::state_label),
        sent: notice.sent_at.map(|at| words::moment(zone, at)).unwrap_or_default(),
        reply: notice.reply.unwrap_or_default(),
    });
    Ok(notices.collect())
}

/// A file that was filed for something else too.
pub struct Twin {
    /// What its sender called it.
    pub name: String,
    pub id: i64,
    /// 9.1b 质安处 2022年第40周
    pub what: String,
    pub receipt: String,
}

/// Files of these submissions that another submission brought for something else: the same photograph in two periods.
pub async fn twins(
    desk: &Desk,
    tx: &mut Tx,
    visitor: &Visitor,
    id: i64,
    submissions: &[Counted],
) -> Result<Vec<Twin>, Fault> {
    let mut twins: Vec<Twin> = Vec::new();
    for submission in submissions.iter().map(|counted| &counted.submission) {
        for file in tx.evidence_of(&submission.id).await? {
            for other in tx.evidence_with_hash(&file.sha256).await? {
                if other.submission == submission.id {
                    continue;
                }
                let ids = tx.obligations_of_submission(&other.submission).await?;
                for stored in tx.obligations(&ids).await? {
                    let obligation = &stored.obligation;
                    let known = twins.iter().any(|twin| twin.id == obligation.id && twin.receipt == other.submission);
                    if obligation.id == id || known || !visitor.sees(&obligation.owners) {
                        continue;
                    }
                    let rules = desk.known.rules(&stored, desk.today).map_err(crate::jobs::JobError::Setup)?;
                    let period = words::period(&desk.known, &rules, obligation);
                    twins.push(Twin {
                        name: file.name.clone(),
                        id: obligation.id,
                        what: format!("{} {} {period}", obligation.duty, words::owners(&obligation.owners)),
                        receipt: other.submission.clone(),
                    });
                }
            }
        }
    }
    Ok(twins)
}

/// A form of this module: each has some of these.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    /// Where it was sent from.
    back: String,
    reason: String,
    until: String,
    document: String,
    answer: String,
    verdict: String,
}

/// A day as the instant at which it ends.
fn end_of(desk: &Desk, day: &str) -> Result<DateTime<Utc>, ActError> {
    match day.trim().parse::<NaiveDate>() {
        Ok(day) => Ok(desk.known.zone.end_of(day)),
        Err(_) => refuse("新时限应写作 2022-10-31"),
    }
}

/// Leads back to where it was sent from, or shows that again with the refusal and what was filled in.
async fn outcome(
    app: &App,
    visitor: &Visitor,
    id: i64,
    form: &'static str,
    sent: Sent,
    outcome: Result<Stored, ActError>,
) -> Result<Response, Fault> {
    let words = match outcome {
        Ok(_) => {
            let to = match sent.back.as_str() {
                "review" => format!("/review?done={form}"),
                "requests" => format!("/requests?done={form}"),
                _ => format!("/o/{id}?done={form}"),
            };
            return Ok(Redirect::to(&to).into_response());
        }
        Err(ActError::Refused(words)) => words,
        Err(error) => return Err(error.into()),
    };
    let fields = vec![
        ("reason", sent.reason),
        ("until", sent.until),
        ("document", sent.document),
        ("answer", sent.answer),
        ("verdict", sent.verdict),
    ];
    let refused = Some(Refused::of(words, id, form, fields));
    match sent.back.as_str() {
        "review" => review::page(app, visitor, 0, None, refused).await,
        "requests" => requests::page(app, visitor, None, refused).await,
        _ => obligation::page(app, visitor, id, None, refused).await,
    }
}

/// Looks at the obligation as the visitor may, then acts.
macro_rules! act {
    ($app:ident, $visitor:ident, $id:ident, $form:literal, $sent:ident, |$desk:ident, $actor:ident| $act:expr) => {{
        let $desk = Desk::of(&$app).await?;
        $visitor.obligation(&mut $desk.engine.store.read().await?, $id).await?;
        let $actor = $desk.actor(&$visitor.post);
        let done: Result<Stored, ActError> = async { $act }.await;
        outcome(&$app, &$visitor, $id, $form, $sent, done).await
    }};
}

async fn accept(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    act!(app, visitor, id, "accept", sent, |desk, actor| actor.accept(id).await)
}

async fn send_back(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    act!(app, visitor, id, "return", sent, |desk, actor| {
        actor.send_back(id, sent.reason.trim(), end_of(&desk, &sent.until)?).await
    })
}

async fn confirm_miss(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    act!(app, visitor, id, "confirm-miss", sent, |desk, actor| actor.confirm_miss(id).await)
}

async fn waive(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    act!(app, visitor, id, "waive", sent, |desk, actor| {
        let waived = actor.waive(&[id], sent.reason.trim(), sent.document.trim()).await?;
        waived.into_iter().next().map_or_else(|| refuse("没有该事项"), Ok)
    })
}

/// The day that a request asks for, as its form shows it.
pub fn asked_day(desk: &Desk, request: &Request) -> String {
    request.until_at.map(|until| desk.known.zone.due_day(until).to_string()).unwrap_or_default()
}

async fn extension(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    act!(app, visitor, id, "extension", sent, |desk, actor| {
        match sent.verdict.as_str() {
            "grant" => {
                let asked = desk.engine.store.read().await?.requests_of(id).await?;
                // The day that was asked for stands for the very instant that was asked for.
                let same = |request: &Request| {
                    let waits = request.kind == EXTENSION && request.decided_at.is_none();
                    waits && asked_day(&desk, request) == sent.until
                };
                let until = if asked.iter().any(same) { None } else { Some(end_of(&desk, &sent.until)?) };
                actor.grant_extension(id, until, sent.answer.trim()).await
            }
            "refuse" => actor.refuse_extension(id, sent.answer.trim()).await,
            _ => refuse("请选择同意或不同意"),
        }
    })
}

async fn verdict(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    act!(app, visitor, id, "verdict", sent, |desk, actor| {
        match sent.verdict.as_str() {
            "uphold" => actor.uphold_dispute(id, sent.answer.trim()).await,
            "reject" => actor.reject_dispute(id, sent.answer.trim()).await,
            _ => refuse("请选择异议成立或不成立"),
        }
    })
}

/// What has been decided, as the address says it.
pub fn done_words(done: &str) -> Option<String> {
    let words = match done {
        "accept" => "已审核通过。",
        "return" => "已退回，催办按新时限重新计算。",
        "confirm-miss" => "已认定，该逾期计入连续逾期。",
        "waive" => "已免除。",
        "extension" => "延期申请已答复。",
        "verdict" => "异议已答复。",
        _ => return None,
    };
    Some(words.to_owned())
}
