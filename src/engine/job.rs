//! The jobs there are, by name. What each does stands in `jobs`.

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::domain::code::coded;

coded!(Job);

/// In the order of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Job {
    Materialise,
    /// Settles what has come due and writes the letters.
    Step,
    Digest,
    Deliver,
    /// Seals the log, prunes what may go.
    Housekeeping,
}

impl Job {
    /// What it does, for people.
    pub fn what(self) -> &'static str {
        match self {
            Job::Materialise => "makes the obligations that open within the horizon",
            Job::Step => "opens, reminds, declares misses, carries them up; writes the letters",
            Job::Digest => "writes the office's digest on workdays at 09:00",
            Job::Deliver => "sends what is in the outbox",
            Job::Housekeeping => "seals the log, forgets old runs, ended sessions and troubles that are over",
        }
    }
}
