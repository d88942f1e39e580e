//! `[log]`: what is logged, and how.

use strum::{EnumString, VariantNames};

use super::section::{Value, section};
use super::value::{LogFilter, word};
use crate::catalogue::mistake::value::ValueFault;

section!(
    "log",
    struct LogSection {
        /// The least that is logged.
        level: LogFilter,
        /// Where to: the journal when systemd listens, else standard error.
        to: To,
    }
);

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum To {
    /// The journal under systemd, else standard error.
    Auto,
    Journal,
    Stderr,
}

impl Value for To {
    fn read(written: &str) -> Result<To, ValueFault> {
        word(written)
    }
}
