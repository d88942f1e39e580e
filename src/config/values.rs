//! What is written for each key, with its place, before it is understood; and the process that it is read in.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use super::value::Kind;
use crate::catalogue::{Diagnostic, Diagnostics, mistake::setting::SettingFault};

/// What variables of the configuration begin with.
pub(super) const PREFIX: &str = "DUBAN__";

/// What surrounds the process: its environment, read once.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    vars: BTreeMap<String, String>,
    pub(super) unreadable: Vec<String>,
}

impl Surroundings {
    pub fn of_process() -> Surroundings {
        let mut around = Surroundings::default();
        for (name, value) in env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => {
                    around.vars.insert(name, value);
                }
                Err(_) => around.unreadable.push(name),
            }
        }
        around
    }

    /// These variables and no others: for tests.
    pub fn of(vars: &[(&str, &str)]) -> Surroundings {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Surroundings { vars: vars.collect(), unreadable: Vec::new() }
    }

    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str)
    }

    /// The file that systemd's configuration folder holds, when none is named.
    pub(super) fn usual_file(&self) -> Option<PathBuf> {
        let folder = self.var("CONFIGURATION_DIRECTORY")?.split(':').next()?;
        Some(Path::new(folder).join("duban.toml")).filter(|path| path.exists())
    }

    pub(super) fn ours(&self) -> impl Iterator<Item = (&str, &str)> {
        self.vars
            .iter()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A value and where it stands.
#[derive(Clone)]
pub struct Placed {
    pub text: String,
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Placed {
    pub fn wrong(&self, fault: SettingFault) -> Diagnostics {
        let Placed { name, line, column, .. } = self;
        Diagnostic { file: name.clone(), line: *line, column: *column, mistake: fault.into() }.into()
    }

    pub fn is_default(&self) -> bool {
        self.name == EMBEDDED
    }
}

/// The values of all layers, the highest of each key.
#[derive(Default)]
pub struct Values {
    pub(super) held: BTreeMap<&'static str, Placed>,
    pub(super) bad: BTreeSet<&'static str>,
}

impl Values {
    pub fn get(&self, path: &str) -> Option<&Placed> {
        self.held.get(path)
    }

    /// Whether a key was given a value that it cannot have.
    pub fn is_bad(&self, path: &str) -> bool {
        self.bad.contains(path)
    }
}

/// A key that the configuration may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Where it stands: `mail.transport.host`.
    pub path: &'static str,
    pub kind: Kind,
    /// A value it could have, as a file has it.
    pub example: &'static str,
}

impl Key {
    pub const fn new(path: &'static str, kind: Kind, example: &'static str) -> Key {
        Key { path, kind, example }
    }
}

/// The name of the embedded defaults in messages.
pub(super) const EMBEDDED: &str = "config/default.toml (embedded)";
