//! `[trial]`: 试运行.

use serde::Deserialize;

use super::{
    value::{Day, Kind},
    values::Key,
};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The day on which letters begin to go to whom they are for; before it the office alone gets them.
    pub until: Option<Day>,
}

pub const KEYS: &[Key] = &[Key::new("trial.until", Kind::Date, "2026-01-15")];
