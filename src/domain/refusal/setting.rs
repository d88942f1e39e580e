//! What may not be changed of the catalogue, the calendar and letters, and what of files with such changes is missing.

use crate::domain::notice::Doubt;

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum SettingRefusal {
    NothingToApply,
    /// What changes is not what was shown.
    OtherThanShown,
    NoDayListed,
    /// A notice that is taken in only when somebody confirms it.
    NoticeInDoubt(Vec<Doubt>),
    NoFileChosen,
    /// What was shown is not kept any more.
    ShownIsGone,
    NoPlaceForFiles,
    NotUndelivered(i64),
    NothingHeld,
    LinkRevoked,
}
