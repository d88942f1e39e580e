//! Problem documents (RFC 9457): what a program gets where a call was not answered as asked.

use serde::Serialize;
use utoipa::ToSchema;

use super::mistaken::MistakeJson;
use crate::domain::refusal::Refusal;
use crate::domain::refusal::field::Field;
use crate::read::refusal::chinese;

/// A problem's `type`: what programs tell it by. The same for ever.
pub fn type_of(code: &str) -> String {
    format!("urn:duban:problem:{code}")
}

/// Why a call was not answered as asked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemJson {
    /// What sort of problem it is. The same for ever.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    pub status: u16,
    /// What is wrong, in words.
    pub detail: String,
    /// The field that is to be mended, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// Each of several reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartJson>,
    /// The mistakes in the files that were sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mistakes: Option<Vec<MistakeJson>>,
}

/// One of several reasons.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemPart)]
pub struct PartJson {
    #[serde(rename = "type")]
    kind: String,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

impl PartJson {
    pub fn of(refusal: &Refusal) -> PartJson {
        PartJson { kind: type_of(refusal.code()), detail: chinese(refusal), field: refusal.field().map(Field::code) }
    }
}
