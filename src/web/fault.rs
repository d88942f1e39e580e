//! What can go wrong with a request, and the page that says so.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use strum::VariantNames as _;

use super::mistaken::{self, MistakeJson};
use super::problem::{PartJson, ProblemJson, type_of};
use crate::acts::ActError;
use crate::catalogue::Diagnostics;
use crate::domain::refusal::Refusal;
use crate::domain::refusal::field::Field;
use crate::engine::{JobError, SetupError};
use crate::read::refusal::chinese;
use crate::store::StoreError;

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no such thing, or not for them.
    #[error("没有该页面或事项，或不属本单位")]
    Missing,
    #[error("尚未登录，或登录已过期")]
    SignIn,
    #[error("本岗位无权办理此事")]
    Forbidden,
    /// They came by a digest's link, which shows and decides nothing. Where to go on once they have signed in.
    #[error("您由督办清单中的链接进入，只能查看；办理请先登录")]
    ShowsOnly(String),
    /// The form is from another's page, or may be. Of a gateway that rewrites where it is from the same is to be seen.
    #[error(
        "未作任何更改：这份表单不像是从本系统的页面提交的。请从邮件中的链接或本系统首页重新进入后再提交；仍然如此的，请管理员核对 \
         [console] public_url 是否就是浏览器中的地址，网关是否原样转发 Host 和 Origin"
    )]
    Foreign,
    /// It is refused; nothing has changed.
    #[error("{}", chinese(.0))]
    Refused(Refusal),
    /// Files that were sent have these mistakes; nothing has changed.
    #[error("{}", mistaken::lines(.0))]
    Mistaken(Diagnostics),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    #[error("尝试过于频繁，请稍后再试")]
    TooMany,
    #[error("系统暂时无法处理，请稍后再试；所填内容未丢失的，可返回重新提交")]
    Failed(#[source] JobError),
}

/// Why what was sent cannot be read. What a library says of it stands as it says it.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Malformed {
    #[error("{0}")]
    MalformedJson(String),
    #[error("{0}")]
    MalformedQuery(String),
    #[error("{0}")]
    MalformedForm(String),
    #[error("提交中断或无法识别，请返回重新提交")]
    BrokenForm,
    #[error("提交过慢或中断，请重新提交")]
    SlowBody,
    #[error("所填内容不是 UTF-8 文本")]
    NotUtf8,
    /// The framework would not have it, and does not say why.
    #[error("无法识别所提交的内容，请返回重新填写")]
    UnreadableContent,
    #[error("缺少 submission 一栏（JSON）")]
    SubmissionMissing,
    #[error("submission: {0}")]
    MalformedSubmission(serde_json::Error),
    #[error("Idempotency-Key 只能用字母、数字与 -")]
    MalformedIdempotencyKey,
    /// A field of the query.
    #[error("{}", chinese(.0))]
    UnreadableField(Refusal),
}

/// What is too large or too much to be read.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum TooLarge {
    /// Larger than a call may be, or cut off.
    #[error("内容过大或提交中断")]
    LargeBody,
    /// The framework would not have it.
    #[error("内容过大，未予受理")]
    LargeContent,
    #[error("所提交的内容过大，未予受理")]
    LargeForm,
    #[error("“{0}”过长，未予受理")]
    LargeField(String),
    /// Files that are held in memory: more than so many MB.
    #[error("文件过大：合计至多 {0} MB")]
    LargeFiles(usize),
    #[error("一次至多 {files} 个文件、{fields} 项")]
    ManyParts { files: usize, fields: usize },
}

/// The codes of what has no more to it.
const PLAIN: [&str; 8] = [
    "not_found",
    "sign_in_required",
    "forbidden",
    "shows_only",
    "foreign_form",
    "mistaken_files",
    "too_many_requests",
    "unavailable",
];

impl Fault {
    /// What programs know it by. Never another for the same fault.
    pub fn code(&self) -> &'static str {
        let [missing, sign_in, forbidden, shows_only, foreign, mistaken, too_many, failed] = PLAIN;
        match self {
            Fault::Missing => missing,
            Fault::SignIn => sign_in,
            Fault::Forbidden => forbidden,
            Fault::ShowsOnly(_) => shows_only,
            Fault::Foreign => foreign,
            Fault::Refused(refusal) => refusal.code(),
            Fault::Mistaken(_) => mistaken,
            Fault::Malformed(malformed) => malformed.into(),
            Fault::TooLarge(large) => large.into(),
            Fault::TooMany => too_many,
            Fault::Failed(_) => failed,
        }
    }

    /// Every code there is.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        let own = [&PLAIN[..], Malformed::VARIANTS, TooLarge::VARIANTS];
        own.into_iter().flatten().copied().chain(Refusal::codes())
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Fault::Missing => StatusCode::NOT_FOUND,
            Fault::SignIn => StatusCode::UNAUTHORIZED,
            Fault::Forbidden | Fault::ShowsOnly(_) | Fault::Foreign => StatusCode::FORBIDDEN,
            Fault::Refused(_) | Fault::Mistaken(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Fault::Malformed(_) => StatusCode::BAD_REQUEST,
            Fault::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Fault::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub fn title(&self) -> &'static str {
        match self {
            Fault::Missing => "没有该内容",
            Fault::SignIn => "请先登录",
            Fault::Forbidden => "无权办理",
            Fault::ShowsOnly(_) => "只能查看",
            Fault::Foreign => "未予提交",
            Fault::Refused(_) | Fault::Mistaken(_) => "未予受理",
            Fault::Malformed(_) => "无法识别",
            Fault::TooLarge(_) => "内容过大",
            Fault::TooMany => "过于频繁",
            Fault::Failed(_) => "暂时无法处理",
        }
    }
}

impl From<ActError> for Fault {
    fn from(error: ActError) -> Fault {
        match error {
            ActError::Refused(refusal) => Fault::Refused(refusal),
            ActError::Job(error) => Fault::Failed(error),
        }
    }
}

impl<R: Into<Refusal>> From<R> for Fault {
    fn from(refusal: R) -> Fault {
        Fault::Refused(refusal.into())
    }
}

impl From<SetupError> for Fault {
    fn from(error: SetupError) -> Fault {
        Fault::Failed(error.into())
    }
}

impl From<Diagnostics> for Fault {
    fn from(found: Diagnostics) -> Fault {
        Fault::Mistaken(found)
    }
}

impl From<JobError> for Fault {
    fn from(error: JobError) -> Fault {
        Fault::Failed(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault::Failed(error.into())
    }
}

impl Fault {
    /// The fault as a problem document.
    pub fn problem(&self) -> Response {
        if let Fault::Failed(error) = self {
            tracing::error!("a call could not be answered: {error}");
        }
        let status = self.status();
        let body = serde_json::to_string(&self.described()).unwrap_or_default();
        let mut response = (status, body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }

    fn described(&self) -> ProblemJson {
        let refusal = if let Fault::Refused(refusal) = self { Some(refusal) } else { None };
        let parts = refusal.map(Refusal::parts).unwrap_or_default();
        let mistakes = if let Fault::Mistaken(found) = self { Some(&found.list) } else { None };
        ProblemJson {
            kind: type_of(self.code()),
            title: self.title(),
            status: self.status().as_u16(),
            detail: self.to_string(),
            field: refusal.and_then(Refusal::field).map(Field::code),
            parts: parts.iter().map(PartJson::of).collect(),
            mistakes: mistakes.map(|list| list.iter().map(MistakeJson::from).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::refusal::{field::FieldRefusal, who::NoSuch};

    #[test]
    fn each_code_is_of_one_fault() {
        let all: Vec<&str> = Fault::codes().collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
        let faults = [
            Fault::Missing,
            Fault::SignIn,
            Fault::Forbidden,
            Fault::ShowsOnly(String::new()),
            Fault::Foreign,
            NoSuch::NoObligation(1).into(),
            Malformed::BrokenForm.into(),
            TooLarge::LargeForm.into(),
            Fault::TooMany,
            SetupError::NoCatalogue.into(),
        ];
        let codes: BTreeSet<&str> = faults.iter().map(Fault::code).collect();
        assert!(codes.len() == faults.len() && codes.iter().all(|code| all.contains(code)), "{codes:?}");
    }

    #[test]
    fn a_problem_says_which_field_and_each_of_several_reasons() {
        let blank = Refusal::from((Field::Document, FieldRefusal::Blank));
        let problem = |refusal: Refusal| serde_json::to_value(Fault::Refused(refusal).described()).unwrap();
        let one = serde_json::json!({ "type": "urn:duban:problem:blank", "title": "未予受理", "status": 422,
            "detail": "未填文号", "field": "document" });
        assert_eq!(problem(blank.clone()), one);
        let two = problem(Refusal::Several(vec![blank, NoSuch::NoCatalogue.into()]));
        assert_eq!(two["type"], "urn:duban:problem:several_faults");
        assert_eq!(
            two["parts"],
            serde_json::json!([
                { "type": "urn:duban:problem:blank", "detail": "未填文号", "field": "document" },
                { "type": "urn:duban:problem:no_catalogue", "detail": "没有职责目录" },
            ])
        );
    }
}
