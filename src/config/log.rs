//! `[log]`: what is logged, and how.

use serde::Deserialize;

use super::{value::Kind, values::Key};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The least that is logged.
    pub level: String,
    /// Where to: the journal when systemd listens, else standard error.
    pub to: To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// The journal under systemd, else standard error.
    Auto,
    Journal,
    Stderr,
}

pub const KEYS: &[Key] = &[
    Key::new("log.level", Kind::Filter, "\"info\""),
    Key::new("log.to", Kind::Word(&["auto", "journal", "stderr"]), "\"auto\""),
];
