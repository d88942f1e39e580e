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
pub use crate::domain::refusal::sent::{Malformed, TooLarge};
use crate::engine::{JobError, SetupError};
use crate::read::refusal::chinese;
use crate::read::refusal::sent::{malformed, too_large};
use crate::store::StoreError;

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no such thing, or not for them.
    #[error("没有该页面或事项，或不属本单位")]
    Missing,
    /// There is one, and this is not what is done to it.
    #[error("该网址不接受这种请求方法")]
    WrongMethod,
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
    #[error("{}", malformed(.0).chinese)]
    Malformed(Malformed),
    #[error("{}", too_large(.0).chinese)]
    TooLarge(TooLarge),
    #[error("尝试过于频繁，请稍后再试")]
    TooMany,
    #[error("系统暂时无法处理，请稍后再试；所填内容未丢失的，可返回重新提交")]
    Failed(#[source] JobError),
}

/// The codes of what has no more to it.
const PLAIN: [&str; 9] = [
    "not_found",
    "method_not_allowed",
    "sign_in_required",
    "forbidden",
    "shows_only",
    "foreign_form",
    "mistaken_files",
    "too_many_requests",
    "unavailable",
];

/// After so many seconds it may be tried again.
pub const RETRY_AFTER: &str = "30";

impl Fault {
    /// What programs know it by. Never another for the same fault.
    pub fn code(&self) -> &'static str {
        let [missing, method, sign_in, forbidden, shows_only, foreign, mistaken, too_many, failed] = PLAIN;
        match self {
            Fault::Missing => missing,
            Fault::WrongMethod => method,
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
            Fault::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Fault::SignIn => StatusCode::UNAUTHORIZED,
            Fault::Forbidden | Fault::ShowsOnly(_) | Fault::Foreign => StatusCode::FORBIDDEN,
            Fault::Refused(refusal) if refusal.passes_after().is_some() => StatusCode::SERVICE_UNAVAILABLE,
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
            Fault::WrongMethod => "方法不符",
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

impl From<Malformed> for Fault {
    fn from(fault: Malformed) -> Fault {
        Fault::Malformed(fault)
    }
}

impl From<TooLarge> for Fault {
    fn from(fault: TooLarge) -> Fault {
        Fault::TooLarge(fault)
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
        self.with_patience(response)
    }

    /// The answer, with when to try again where that helps.
    pub fn with_patience(&self, mut response: Response) -> Response {
        if matches!(self, Fault::Failed(_) | Fault::TooMany) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        if let Fault::Refused(refusal) = self
            && let Some(seconds) = refusal.passes_after()
        {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
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
            Fault::WrongMethod,
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
    fn a_problem_that_passes_says_when_to_try_again() {
        for (fault, passes) in [
            (Fault::TooMany, true),
            (SetupError::NoCatalogue.into(), true),
            (Fault::Missing, false),
            (Fault::SignIn, false),
        ] {
            assert_eq!(fault.problem().headers().contains_key(header::RETRY_AFTER), passes, "{fault}");
            assert_eq!(fault.problem().status(), fault.status());
        }
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
