//! What is too much to list.

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum ListRefusal {
    /// Not in order, or longer than so many days.
    PlanRange(i64),
    /// More than so many rows.
    TooManyRows(usize),
}
