//! There is no such thing, or it is not for whoever asks.

use crate::domain::unit::{PostId, UnitName};

/// What is not there. Where another unit's and one that does not exist are to look the same, they are one variant.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum NoSuch {
    NoPost(PostId),
    /// There is none, or it is not of that unit.
    NoOwnPost {
        post: PostId,
        unit: UnitName,
    },
    NoObligation(i64),
    NoOwnObligation {
        id: i64,
        unit: UnitName,
    },
    /// What is filed for is not that unit's, whatever it is.
    NothingOfUnit(UnitName),
    NoObligationFor {
        duty: String,
        unit: String,
        period: String,
    },
    NoReceipt(String),
    NoFileOfReceipt {
        receipt: String,
        sha256: String,
    },
    NoFile(String),
    NoHash(String),
    NoRequest(String),
    /// The obligation of that number has no extension that waits for an answer.
    NoExtensionAsked(i64),
    NoDisputeRaised(i64),
    NoUnit(UnitName),
    NoGroup {
        group: String,
        known: Vec<String>,
    },
    NoEvent(String),
    /// Nobody has opened one of that id.
    NoNode(String),
    NoLetter(i64),
    NoCatalogue,
}

/// Whose it is to do.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum NotTheirs {
    OfficeOnly { by: PostId, office: PostId },
    OfficeOrAdminOnly { by: PostId, office: PostId },
    ReviewerOnly { by: PostId, reviewer: PostId },
    OwnFilingNotReviewed { reviewer: PostId },
    FiledByReviewer(PostId),
    LeadersOnly(PostId),
    DeciderOnly { by: PostId, decider: String },
    PostAboveNotHandedOver { by: PostId, post: PostId },
}
