//! What may not be asked of the office, nor be answered.

use crate::domain::light::Light;
use crate::domain::phase::Phase;

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum RequestRefusal {
    NoNewDeadline,
    /// A deadline is given with a no.
    DeadlineNotWanted,
    ClosedIsNotDisputed {
        id: i64,
        light: Light,
        phase: Phase,
    },
    AlreadyAsked {
        request: String,
    },
    AlreadyAnswered {
        request: String,
    },
    AlreadyEndorsed,
    /// Nothing that was decided can still be taken back.
    NothingToUndo(i64),
    /// The letter that tells of the decision is written.
    DecisionTold(i64),
    /// Somebody has acted on the obligation since.
    ActedOnSince(i64),
    /// Of an extension: neither yes nor no.
    NotSaidWhetherGranted,
    NotSaidWhetherUpheld,
    /// Of a 通报建议: neither yes nor no.
    NotSaidWhetherPublished,
    /// Of 未提醒 misses: neither yes nor no.
    NotSaidWhetherCounted,
}
