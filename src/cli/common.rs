//! What all commands share: where the configuration is, and how a command ends.

use std::path::{Path, PathBuf};

use crate::{
    catalogue::{Diagnostics, Seeds},
    mail::TemplateErrors,
};

/// What all commands share.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Common {
    /// Read this configuration over the defaults
    #[arg(long, global = true, value_name = "FILE", env = "DUBAN_CONFIG")]
    pub config: Option<PathBuf>,
}

/// A configuration, seeds or a database that cannot be used: exit 78, so that systemd does not try again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(pub String);

/// A command that has said what it had to say and ends with this exit code.
#[derive(Debug, thiserror::Error)]
#[error("exit {0}")]
pub struct Exit(pub u8);

/// The exit code for an error.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(Exit(code)) = error.downcast_ref::<Exit>() {
        return *code;
    }
    if error.is::<Diagnostics>() || error.is::<TemplateErrors>() || error.is::<Unusable>() { 78 } else { 1 }
}

/// The seeds of a folder, or the copy in the binary.
pub fn seeds(folder: Option<&Path>) -> Result<Seeds, Diagnostics> {
    folder.map_or_else(Seeds::embedded, Seeds::load)
}

/// A date as an argument: `2022-09-30`.
pub fn date(written: &str) -> Result<chrono::NaiveDate, String> {
    crate::catalogue::grammar::date(written).ok_or_else(|| "dates are written like 2022-09-30 and must exist".into())
}
