//! `[state]`: the folder in which everything lies that has no place of its own.

use std::path::PathBuf;

use super::section::section;
use super::values::Surroundings;

section!(
    "state",
    struct StateSection {
        /// The folder, if it is not the usual one.
        folder: Option<PathBuf>,
    }
);

impl StateSection {
    /// The folder: the configured one, else the one systemd gives, else `./var`.
    pub fn resolve(&self, around: &Surroundings) -> PathBuf {
        let given =
            || around.var("STATE_DIRECTORY").and_then(|all| all.split(':').next()).filter(|one| !one.is_empty());
        self.folder.clone().or_else(|| given().map(PathBuf::from)).unwrap_or_else(|| PathBuf::from("./var"))
    }
}
