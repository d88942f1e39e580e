//! `[console]`: where readers of letters find the console.

use serde::Deserialize;

use super::{
    Key,
    value::{Kind, Link},
};

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    /// Its address; without it letters carry no link.
    pub public_url: Option<Link>,
}

/// Its keys.
pub const KEYS: &[Key] = &[Key::new("console.public_url", Kind::Link, "\"https://duban.cq.gov.cn\"")];
