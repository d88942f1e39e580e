//! What all commands share: where the configuration is, and how a command ends.

use std::io;
use std::path::{Path, PathBuf};

use crate::catalogue::{Diagnostics, Seeds};
use crate::disk;
use crate::domain::unit::PostId;
use crate::mail::{RenderError, SettingsError, TemplateErrors};
use crate::store::StoreError;
use crate::store::inspect::DatabaseFault;

/// What all commands share.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Common {
    /// Read this configuration over the defaults
    #[arg(long, global = true, value_name = "FILE", env = "DUBAN_CONFIG")]
    pub config: Option<PathBuf>,
}

/// A configuration, seeds or a database that cannot be used. Exit 78, so that systemd does not try again, unless it may be
/// over by itself or once somebody has made room: then 1.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("{}: there is no database yet; start `duban serve` once, or run `duban migrate`", .0.display())]
    NoDatabase(PathBuf),
    #[error("{}: {fault}; nothing was changed", .path.display())]
    Database { path: PathBuf, fault: DatabaseFault },
    #[error(transparent)]
    Store(StoreError),
    #[error("{}: cannot be made: {error}", .folder.display())]
    Folder { folder: PathBuf, error: io::Error },
    #[error("{}: {error}", .path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("[mail.transport]: {0}")]
    Transport(SettingsError),
    /// In the words of whoever read them.
    #[error("{0}")]
    LinkKeys(String),
    #[error(transparent)]
    Letter(RenderError),
    /// Of so many posts that would get mail these have an address that nobody reads.
    #[error(
        "[mail.transport] kind = \"smtp\" refuses to start: {} of {of} posts that would get mail have an example address: \
         {}; give them their own with `duban post import FILE`",
        .posts.len(), join(.posts, ", ")
    )]
    ExampleAddresses { posts: Vec<PostId>, of: usize },
    /// All that `duban check` has found.
    #[error("{}", join(.0, "\n"))]
    Faults(Vec<anyhow::Error>),
}

impl Unusable {
    /// Whether trying again is worth it. What passes is not final.
    fn passes(&self) -> bool {
        match self {
            Unusable::Database { fault, .. } => fault.passes(),
            Unusable::Store(error) => error.passes(),
            Unusable::Folder { error, .. } | Unusable::File { error, .. } => disk::passes(error),
            Unusable::NoDatabase(_)
            | Unusable::Transport(_)
            | Unusable::LinkKeys(_)
            | Unusable::Letter(_)
            | Unusable::ExampleAddresses { .. }
            | Unusable::Faults(_) => false,
        }
    }
}

fn join<T: ToString>(all: &[T], between: &str) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

/// A command that has said what it had to say and ends with this exit code.
#[derive(Debug, thiserror::Error)]
#[error("exit {0}")]
pub struct Exit(pub u8);

pub fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(Exit(code)) = error.downcast_ref::<Exit>() {
        return *code;
    }
    let unusable = error.downcast_ref::<Unusable>().is_some_and(|unusable| !unusable.passes());
    if error.is::<Diagnostics>() || error.is::<TemplateErrors>() || unusable { 78 } else { 1 }
}

/// The seeds of a folder, or the copy in the binary.
pub fn seeds(folder: Option<&Path>) -> Result<Seeds, Diagnostics> {
    folder.map_or_else(Seeds::embedded, Seeds::load)
}

/// A date as an argument: `2022-09-30`.
pub fn date(written: &str) -> Result<chrono::NaiveDate, String> {
    crate::catalogue::grammar::date(written).ok_or_else(|| "dates are written like 2022-09-30 and must exist".into())
}
