//! What lets nobody in: links that are over, passwords and tokens that will not do.

use crate::domain::unit::PostId;

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum EntryRefusal {
    LinkOver,
    /// The link was written to who held the post before.
    PostHandedOver(PostId),
    SetupLinkOver,
    SetupLinkUsed,
    /// Posts of units come in by their letters.
    PostWithoutPassword(PostId),
    PasswordLength {
        /// In characters.
        shortest: usize,
        /// In bytes.
        longest: usize,
    },
    PasswordTooPlain,
    PasswordsDiffer,
    TokenWithoutPost,
    TokenIncomplete,
    TokenBeyondMaker {
        maker: PostId,
        post: PostId,
    },
}
