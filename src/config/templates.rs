//! `[templates]`: the office's own wording.

use std::path::PathBuf;

use super::section::section;

section!(
    "templates",
    struct TemplatesSection {
        /// A folder of templates that stand in for the embedded ones of the same names.
        folder: Option<PathBuf>,
    }
);
