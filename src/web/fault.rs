//! What can go wrong with a request, and the page that says so.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::mistaken::{self, MistakeJson};
use crate::{acts::ActError, catalogue::Diagnostics, engine::JobError, store::StoreError};

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
    /// It is refused, in these words; nothing has changed.
    #[error("{0}")]
    Refused(String),
    /// Files that were sent have these mistakes; nothing has changed.
    #[error("{}", mistaken::lines(.0))]
    Mistaken(Diagnostics),
    /// What was sent cannot be read.
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("尝试过于频繁，请稍后再试")]
    TooMany,
    #[error("系统暂时无法处理，请稍后再试；所填内容未丢失的，可返回重新提交")]
    Failed(#[source] JobError),
}

impl Fault {
    pub fn status(&self) -> StatusCode {
        match self {
            Fault::Missing => StatusCode::NOT_FOUND,
            Fault::SignIn => StatusCode::UNAUTHORIZED,
            Fault::Forbidden => StatusCode::FORBIDDEN,
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
            ActError::Refused(words) => Fault::Refused(words),
            ActError::Job(error) => Fault::Failed(error),
        }
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
        let mut body = json!({ "type": "about:blank", "title": self.title(), "status": status.as_u16(), "detail": self.to_string() });
        if let Fault::Mistaken(found) = self {
            body["mistakes"] = json!(found.list.iter().map(MistakeJson::from).collect::<Vec<_>>());
        }
        let mut response = (status, body.to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}
