//! What is written for each key, with its place, before it is understood; and the process that it is read in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fmt};

use config::builder::DefaultState;
use config::{Config, ConfigBuilder, ConfigError, Map, Source, Value};

use crate::catalogue::mistake::setting::SettingFault;
use crate::catalogue::{Diagnostic, Diagnostics};

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
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Placed {
    pub fn wrong(&self, fault: SettingFault) -> Diagnostics {
        let Placed { file, line, column, .. } = self;
        Diagnostic { file: file.clone(), line: *line, column: *column, cell: None, mistake: fault.into() }.into()
    }

    pub fn is_default(&self) -> bool {
        self.file == EMBEDDED
    }
}

/// The values that one source gives, by their keys' paths.
#[derive(Clone)]
pub(super) struct Layer {
    name: String,
    pub(super) held: BTreeMap<&'static str, Placed>,
}

impl Layer {
    pub(super) fn new(name: &str) -> Layer {
        Layer { name: name.to_owned(), held: BTreeMap::new() }
    }
}

/// What is held may be secret.
impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let value =
            |(path, placed): (&&str, &Placed)| ((*path).to_owned(), Value::new(Some(&self.name), placed.text.clone()));
        Ok(self.held.iter().map(value).collect())
    }
}

/// The values of all layers, the highest of each key.
#[derive(Default)]
pub struct Values {
    held: BTreeMap<&'static str, Placed>,
    bad: BTreeSet<&'static str>,
}

impl Values {
    /// Puts the layers together, the highest last. Of keys in `bad` nothing is held.
    pub(super) fn join(
        layers: &[Layer],
        paths: impl Iterator<Item = &'static str>,
        bad: BTreeSet<&'static str>,
    ) -> Result<Values, ConfigError> {
        let joined =
            layers.iter().cloned().fold(Config::builder(), ConfigBuilder::<DefaultState>::add_source).build()?;
        let placed = |path: &'static str| {
            let (section, name) = path.rsplit_once('.')?;
            let table = joined.get_table(section).ok()?;
            let ruling = table.get(name)?.origin()?;
            Some((path, layers.iter().find(|layer| layer.name == ruling)?.held.get(path)?.clone()))
        };
        let held = paths.filter(|path| !bad.contains(path)).filter_map(placed).collect();
        Ok(Values { held, bad })
    }

    pub fn get(&self, path: &str) -> Option<&Placed> {
        self.held.get(path)
    }

    /// Whether a key was given a value that it cannot have.
    pub fn is_bad(&self, path: &str) -> bool {
        self.bad.contains(path)
    }
}

/// The name of the embedded defaults in messages.
pub(super) const EMBEDDED: &str = "config/default.toml (embedded)";
