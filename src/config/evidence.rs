//! `[evidence]`: where evidence files lie, and how large one may be.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    value::{Kind, Size},
    values::Key,
};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceSection {
    /// The folder, if it is not `evidence` in the state folder.
    pub folder: Option<PathBuf>,
    pub largest: Size,
}

pub const KEYS: &[Key] = &[
    Key::new("evidence.folder", Kind::Path, "\"/srv/duban/evidence\""),
    Key::new("evidence.largest", Kind::Size, "\"50MB\""),
];
