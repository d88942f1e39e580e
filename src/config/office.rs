//! `[office]`: how letters name the office.

use serde::Deserialize;

use super::{value::Kind, values::Key};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// 落款.
    pub signature: String,
    pub contact: String,
}

pub const KEYS: &[Key] = &[
    Key::new("office.signature", Kind::Text, "\"市住房城乡建委安全生产委员会办公室\""),
    Key::new("office.contact", Kind::Text, "\"委安委办 023-00000000\""),
];
