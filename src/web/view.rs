//! What pages are given: who looks, where they can go, and obligations as rows.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use chrono::TimeDelta;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    Desk,
    access::{Right, Visitor},
};
use crate::{
    domain::{
        light::{self, Light},
        obligation::Phase,
        quota::{self, Count, Filing},
        unit::PostId,
    },
    jobs::{JobError, words},
    store::{Tx, obligations::Stored},
};

/// What every page has around it.
pub struct Page {
    pub title: String,
    /// Who looks: 质安处联络员. Empty = nobody is signed in.
    pub who: String,
    pub nav: Vec<Nav>,
    /// 试运行 until that day, if it is on.
    pub trial: Option<String>,
    pub done: Option<String>,
}

pub struct Nav {
    pub href: &'static str,
    pub label: &'static str,
}

/// The places, each with the right that it asks for.
const PLACES: [(&str, &str, Right); 13] = [
    ("/board", "督办总览", Right::SeeAll),
    ("/review", "审核", Right::Decide),
    ("/requests", "申请", Right::Decide),
    ("/ledger", "台账", Right::SeeAll),
    ("/waive", "免除", Right::Decide),
    ("/letters", "邮件", Right::SeeAll),
    ("/occasions", "事件与节点", Right::SeeAll),
    ("/pictures", "图表", Right::SeeAll),
    ("/settings", "设置", Right::SeeAll),
    ("/watcher", "运行状况", Right::SeeAll),
    ("/todo", "我的待办", Right::SeeOwn),
    ("/filed", "已报送", Right::SeeOwn),
    ("/me", "本岗位", Right::SignedIn),
];

impl Page {
    /// A page that somebody looks at.
    pub fn new(title: impl Into<String>, desk: &Desk, visitor: &Visitor) -> Page {
        let nav = PLACES.into_iter().filter(|(.., right)| visitor.has(*right));
        let trial = desk.engine.settings.trial_until.filter(|until| desk.today < *until);
        Page {
            title: title.into(),
            who: visitor.post.label(),
            nav: nav.map(|(href, label, _)| Nav { href, label }).collect(),
            trial: trial.map(words::date),
            done: None,
        }
    }

    pub fn bare(title: impl Into<String>) -> Page {
        Page { title: title.into(), who: String::new(), nav: Vec::new(), trial: None, done: None }
    }

    /// The page with a word on what has just been done.
    #[must_use]
    pub fn with_done(mut self, done: Option<String>) -> Page {
        self.done = done;
        self
    }
}

pub fn html(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!("a page cannot be made: {error}");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page as an answer; one that shows a refusal says so by its status too.
pub fn answer(template: &impl Template, refused: bool) -> Response {
    let mut response = html(template);
    if refused {
        *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

/// A value as it stands in an address.
pub fn quoted(value: &str) -> String {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(value, ESCAPED).to_string()
}

/// A post's name from its written form; what is no post stays as it is.
pub fn post_label(written: &str) -> String {
    PostId::parse(written).map_or_else(|| written.to_owned(), |post| post.label())
}

/// A light's name, for choosing and counting by it.
pub fn light_label(light: Light) -> &'static str {
    match light {
        Light::Grey => "灰（未到期）",
        Light::Yellow => "黄（临期、退回）",
        Light::Green => "绿（按期）",
        Light::Orange => "橙（逾期补办）",
        Light::Red => "红（逾期未办）",
        Light::White => "白（免除等）",
    }
}

/// A phase's name, for choosing by it.
pub fn phase_label(phase: Phase) -> &'static str {
    match phase {
        Phase::Scheduled => "未开始",
        Phase::Open => "办理中",
        Phase::Returned => "已退回",
        Phase::Missed => "逾期未办",
        Phase::Waiting => "待审核",
        Phase::Done => "已办结",
        Phase::Lapsed => "逾期未办结",
        Phase::Waived => "已免除",
        Phase::Withdrawn => "已撤销",
        Phase::Upheld => "异议成立",
    }
}

#[derive(Debug, Clone)]
pub struct Row {
    pub id: i64,
    pub duty: String,
    pub title: String,
    /// 第9项第1条
    pub clause: String,
    pub owners: String,
    pub period: String,
    /// The deadline in words: 今天 18:00, 10月31日（周一）18:00.
    pub due: String,
    pub light: &'static str,
    pub word: &'static str,
    /// How far each counter is: 检查企业 1/2 家.
    pub counts: Vec<Count>,
    /// For how many days it has been overdue.
    pub overdue: Option<i64>,
    /// Whether its basis is the office's own.
    pub policy: bool,
    /// Whether one press of a button answers it (叫应).
    pub answer: bool,
    /// In which list of 我的待办 it stands.
    pub section: Section,
}

/// The lists of 我的待办, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// 逾期
    Overdue,
    /// 已退回
    Returned,
    /// 今日到期
    Today,
    /// 三日内
    Soon,
    /// 以后
    Later,
    /// 待审
    Waiting,
    /// 尚未开始
    Ahead,
    /// 已了
    Closed,
}

impl Section {
    pub fn code(self) -> &'static str {
        match self {
            Section::Overdue => "overdue",
            Section::Returned => "returned",
            Section::Today => "today",
            Section::Soon => "soon",
            Section::Later => "later",
            Section::Waiting => "waiting",
            Section::Ahead => "ahead",
            Section::Closed => "closed",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Section::Overdue => "已逾期",
            Section::Returned => "已退回，待重报",
            Section::Today => "今日到期",
            Section::Soon => "三日内到期",
            Section::Later => "以后到期",
            Section::Waiting => "已报送，待审核",
            Section::Ahead => "即将开始",
            Section::Closed => "已办结",
        }
    }
}

impl Row {
    /// An obligation as a row; `filings` are those that stand.
    pub fn of(desk: &Desk, stored: &Stored, filings: &[Filing]) -> Result<Row, JobError> {
        let rules = desk.known.rules(stored, desk.today).map_err(JobError::Setup)?;
        let obligation = &stored.obligation;
        let filings: Vec<&Filing> = filings.iter().collect();
        let item = words::item(&desk.known, &rules, obligation, &[], desk.today);
        let due_day = desk.known.zone.due_day(obligation.due_at);
        let section = match obligation.phase {
            Phase::Scheduled => Section::Ahead,
            Phase::Missed => Section::Overdue,
            Phase::Returned => Section::Returned,
            Phase::Waiting => Section::Waiting,
            Phase::Open if due_day <= desk.today => Section::Today,
            Phase::Open if due_day <= desk.today + TimeDelta::days(3) => Section::Soon,
            Phase::Open => Section::Later,
            Phase::Done | Phase::Lapsed | Phase::Waived | Phase::Withdrawn | Phase::Upheld => Section::Closed,
        };
        Ok(Row {
            id: obligation.id,
            duty: item.duty,
            title: item.title,
            clause: item.clause_label,
            owners: item.owners,
            period: item.period_label,
            due: item.due_label,
            light: Light::of(obligation).code(),
            word: light::word(obligation),
            counts: quota::count(&rules.duty.quotas, &filings),
            // On the day itself the light says it.
            overdue: item.days_overdue.filter(|days| *days > 0),
            policy: item.basis_note.is_some(),
            answer: rules.duty.answer_suffices && obligation.period.starts_with("event:"),
            section,
        })
    }

    /// Obligations as rows, with what stands for them read at once.
    pub async fn all(desk: &Desk, tx: &mut Tx, stored: &[Stored]) -> Result<Vec<Row>, JobError> {
        let counted: Vec<i64> = stored
            .iter()
            .filter(|row| desk.known.rules(row, desk.today).is_ok_and(|rules| !rules.duty.quotas.is_empty()))
            .map(|row| row.obligation.id)
            .collect();
        let mut filings: std::collections::HashMap<i64, Vec<Filing>> = std::collections::HashMap::new();
        for counted in tx.submissions_for(&counted).await? {
            if counted.stands() {
                filings.entry(counted.obligation).or_default().push(counted.submission.filing());
            }
        }
        let none = Vec::new();
        stored.iter().map(|row| Row::of(desk, row, filings.get(&row.obligation.id).unwrap_or(&none))).collect()
    }
}
