//! `[evidence]`: where evidence files lie, and how large one may be.

use std::path::PathBuf;

use super::section::section;
use super::value::Size;

section!(
    "evidence",
    struct EvidenceSection {
        /// The folder, if it is not `evidence` in the state folder.
        folder: Option<PathBuf>,
        largest: Size,
        /// What one post may send in a day.
        daily: Size,
    }
);
