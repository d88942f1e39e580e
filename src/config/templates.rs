//! `[templates]`: the office's own wording.

use std::path::PathBuf;

use serde::Deserialize;

use super::{value::Kind, values::Key};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplatesSection {
    /// A folder of templates that stand in for the embedded ones of the same names.
    pub folder: Option<PathBuf>,
}

pub const KEYS: &[Key] = &[Key::new("templates.folder", Kind::Path, "\"/etc/duban/templates\"")];
