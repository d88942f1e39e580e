//! `[templates]`: the office's own wording.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Key, value::Kind};

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplatesSection {
    /// A folder of templates that stand in for the embedded ones of the same names.
    pub folder: Option<PathBuf>,
}

/// Its keys.
pub const KEYS: &[Key] = &[Key::new("templates.folder", Kind::Path, "\"/etc/duban/templates\"")];
