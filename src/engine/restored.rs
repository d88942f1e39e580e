//! Copies of a database, as `meta` marks them: one that is started speaks of what another may have told long ago.
//!
//! Values and their written form; what follows from them is done in `jobs::restored`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The key in `meta` of [`Restored`]; empty = nothing waits for its release.
pub const RESTORED: &str = "restored";

/// A copy has been started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// When the copy was taken.
    pub taken_at: DateTime<Utc>,
    /// When it was first started: what was to be told before may have been told already.
    pub started_at: DateTime<Utc>,
}

impl Restored {
    pub fn read(text: &str) -> Option<Restored> {
        serde_json::from_str(text).ok()
    }

    pub fn written(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether something that was to be told then may have been told by the database that this is a copy of.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        at <= self.started_at
    }
}
