//! What pages are given: who looks, where they can go, and obligations as rows.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::access::{Right, Visitor};
use super::app::Desk;
use super::fault::Fault;
use crate::domain::light::Light;
use crate::domain::phase::Phase;
use crate::domain::query::PhaseGroup;
use crate::domain::unit::PostId;
use crate::read::words;

/// What every page has around it.
pub struct Page {
    pub title: String,
    /// Who looks: 质安处联络员. Empty = nobody is signed in.
    pub who: String,
    pub nav: Vec<Nav>,
    /// 试运行 until that day, if it is on.
    pub trial: Option<String>,
    /// Where whoever came by a digest's link can sign in, and come back.
    pub sign_in: Option<String>,
    /// The day, which drafts in the browser are of.
    pub day: String,
    pub done: Option<String>,
}

/// What has just been done, as an address says it to the page that it leads to.
#[derive(Deserialize)]
pub struct DoneQuery {
    #[serde(default)]
    pub done: String,
}

pub struct Nav {
    pub href: &'static str,
    pub label: &'static str,
}

/// The places, each with the right that it asks for.
const PLACES: [(&str, &str, Right); 12] = [
    ("/board", "督办总览", Right::SeeAll),
    ("/review", "待决定", Right::Decide),
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
            sign_in: visitor.shows_only.then(|| sign_in_address(&desk.here)),
            day: desk.today.to_string(),
            done: None,
        }
    }

    pub fn bare(title: impl Into<String>) -> Page {
        let (who, day, nav) = (String::new(), String::new(), Vec::new());
        Page { title: title.into(), who, nav, trial: None, sign_in: None, day, done: None }
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

/// Where one signs in and goes on there.
pub fn sign_in_address(there: &str) -> String {
    if there.is_empty() { "/enter".to_owned() } else { format!("/enter?next={}", quoted(there)) }
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

/// `3.4 MB`, `12 kB`.
pub fn size_words(bytes: i64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} kB", bytes / 1024),
        _ => format!("{}.{} MB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
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

pub fn phase_group_label(group: PhaseGroup) -> &'static str {
    match group {
        PhaseGroup::Live => "在办（含待审、逾期未办）",
        PhaseGroup::Owed => "尚未报送",
        PhaseGroup::All => "全部（含未开始、已撤销）",
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

#[derive(askama::Template)]
#[template(path = "fault.html")]
struct FaultPage<'a> {
    page: Page,
    words: &'a str,
    /// Where they sign in, if that helps.
    sign_in: Option<String>,
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if let Fault::Failed(error) = &self {
            tracing::error!("a request could not be answered: {error}");
        }
        let words = self.to_string();
        let sign_in = match &self {
            Fault::SignIn => Some(sign_in_address("")),
            Fault::ShowsOnly(there) => Some(sign_in_address(there)),
            _ => None,
        };
        let page = FaultPage { page: Page::bare(self.title()), words: &words, sign_in };
        let mut response = html(&page);
        *response.status_mut() = self.status();
        self.with_patience(response)
    }
}
