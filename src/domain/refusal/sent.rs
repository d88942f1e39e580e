//! What was sent and cannot be read: not as it must be written, or larger than it may be.

use super::Refusal;

/// Why what was sent cannot be read. What a library says of it stands as it says it.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum Malformed {
    MalformedJson(String),
    MalformedQuery(String),
    MalformedForm(String),
    BrokenForm,
    SlowBody,
    NotUtf8,
    /// The framework would not have it, and does not say why.
    UnreadableContent,
    /// The form has no field with the submission.
    SubmissionMissing,
    MalformedSubmission(String),
    MalformedIdempotencyKey,
    /// A field of the query.
    UnreadableField(Box<Refusal>),
}

/// What is too large or too much to be read.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum TooLarge {
    /// Larger than a call may be, or cut off.
    LargeBody,
    /// The framework would not have it.
    LargeContent,
    LargeForm,
    LargeField(String),
    /// Files that are held in memory: more than so many MB.
    LargeFiles(usize),
    ManyParts {
        files: usize,
        fields: usize,
    },
}
