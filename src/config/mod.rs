//! The configuration: the embedded defaults, a file over them, the environment over that.
//!
//! Every file is read strictly first, so that each mistake is told with its line and column, all of them at once; then
//! the layers are put together. Nothing is half taken: with one mistake there is no configuration. Knows the settings
//! of the jobs and how to make the ways out; opens no database and sends nothing.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use secrecy::SecretString;
use serde::Deserialize;

use crate::{
    catalogue::Diagnostics,
    domain::calendar::Zone,
    jobs::{Settings, entry::Spans, link::Keys},
    mail::{Backoff, Mailbox, SettingsError, TemplateErrors, Templates, Transport},
    store::Location,
};

pub mod alarm;
pub mod console;
pub mod database;
pub mod evidence;
mod layers;
pub mod log;
pub mod mail;
pub mod office;
pub mod secret;
pub mod state;
pub mod templates;
pub mod time;
pub mod transport;
pub mod trial;
pub mod value;

pub use layers::{Placed, Surroundings, Values};
use value::Kind;

/// The embedded defaults; every key stands in them, commented.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

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

pub fn keys() -> impl Iterator<Item = &'static Key> {
    [
        office::KEYS,
        state::KEYS,
        time::KEYS,
        database::KEYS,
        mail::KEYS,
        transport::KEYS,
        trial::KEYS,
        templates::KEYS,
        console::KEYS,
        evidence::KEYS,
        alarm::KEYS,
        log::KEYS,
    ]
    .into_iter()
    .flatten()
}

/// The sections as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sections {
    /// `[office]`
    pub office: office::Office,
    /// `[state]`
    pub state: state::State,
    /// `[time]`
    pub time: time::Time,
    /// `[database]`
    pub database: database::Database,
    /// `[mail]`
    pub mail: mail::MailSection,
    /// `[trial]`
    pub trial: trial::Trial,
    /// `[templates]`
    pub templates: templates::TemplatesSection,
    /// `[console]`
    pub console: console::Console,
    /// `[evidence]`
    pub evidence: evidence::EvidenceSection,
    /// `[alarm]`
    pub alarm: alarm::Alarm,
    /// `[log]`
    pub log: log::Log,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub sections: Sections,
    /// The file that was read over the defaults.
    pub file: Option<PathBuf>,
    pub folder: PathBuf,
    pub location: Location,
    password: Option<SecretString>,
    link_key: PathBuf,
}

impl Config {
    /// Reads the defaults, then `file`, then the environment.
    pub fn load(file: Option<&Path>, around: &Surroundings) -> Result<Config, Diagnostics> {
        let file = file.map(Path::to_path_buf).or_else(|| around.usual_file());
        let text = file.as_deref().map(layers::read_file).transpose()?;
        let named = file.as_ref().map(|path| path.display().to_string());
        let sections = layers::read(named.as_deref().zip(text.as_deref()), around)?;
        let folder = sections.state.resolve(around);
        let location = sections.database.resolve(&folder, around);
        let password = sections.mail.transport.password(around);
        let link_key = sections.console.link_key(&folder, around);
        Ok(Config { sections, file, folder, location, password, link_key })
    }

    pub fn zone(&self) -> Zone {
        Zone(self.sections.time.zone.0)
    }

    /// What the jobs are to know.
    pub fn settings(&self) -> Settings {
        let Sections { office, time, mail, trial, console, .. } = &self.sections;
        Settings {
            zone: self.zone(),
            horizon: TimeDelta::days(time.horizon_days),
            starts_on: time.starts_on.map(|day| day.0),
            from: Mailbox::new(mail.from_name.clone(), mail.from.0.clone()),
            reply_to: mail.reply_to.as_ref().map(|address| Mailbox::new("", address.0.clone())),
            contact: office.contact.clone(),
            signature: office.signature.clone(),
            public_url: console.public_url.as_ref().map(|link| link.0.clone()),
            trial_until: trial.until.map(|day| day.0),
            // A folder needs no pace.
            pace: Some(mail.pace.0).filter(|pace| *pace > TimeDelta::zero() && mail.transport.is_smtp()),
            batch: mail.batch,
            connections: mail.connections,
            lease: mail.lease.0,
            backoff: Backoff::default(),
        }
    }

    pub fn transport(&self) -> Result<Transport, SettingsError> {
        let mail = &self.sections.mail;
        mail.transport.resolve(&self.folder, self.password.as_ref(), mail.timeouts, mail.connections)
    }

    pub fn link_keys(&self) -> Result<Keys, String> {
        console::read_keys(&self.link_key, &self.folder)
    }

    pub fn session_spans(&self) -> Spans {
        let console = &self.sections.console;
        Spans { idle: console.idle.0, longest: console.longest.0 }
    }

    pub fn templates(&self) -> Result<Templates, TemplateErrors> {
        Templates::load(self.sections.templates.folder.as_deref())
    }

    pub fn evidence_folder(&self) -> PathBuf {
        self.sections.evidence.folder.clone().unwrap_or_else(|| self.folder.join("evidence"))
    }

    /// The largest evidence file, in bytes.
    pub fn evidence_largest(&self) -> u64 {
        self.sections.evidence.largest.0
    }
}
