//! Events and their types: what happens, and which duties it wakes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::unit::UnitName;

/// A type of event that duties may wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventType {
    /// `生产安全事故`. Unique.
    pub name: String,
    /// Types that such an event is as well: 重特大事故 is 生产安全事故.
    #[serde(default)]
    pub implies: Vec<String>,
    /// Whether such an event must name the units it concerns.
    #[serde(default)]
    pub names_units: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id: the period key of what it opens is `event:` and this.
    pub id: String,
    pub event_type: String,
    pub at: DateTime<Utc>,
    pub place: String,
    /// The units it names; of those duties that are owed by the named ones, only they owe.
    pub units: Vec<UnitName>,
}
