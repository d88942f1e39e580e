//! The configuration: the embedded defaults, a file over them, the environment over that.
//!
//! Every file is read strictly first, so that each mistake is told with its line and column, all of them at once; then
//! the layers are put together. Nothing is half taken: with one mistake there is no configuration. Knows the settings
//! of the jobs and how to make the ways out; opens no database and sends nothing.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::acts::entry::Spans;
use crate::acts::link_key::Source;
use crate::catalogue::Diagnostics;
use crate::domain::calendar::Zone;
use crate::engine::Settings;
use crate::mail::{Backoff, Mailbox, SettingsError, TemplateErrors, Templates, Transport};
use crate::store::Location;

pub mod alarm;
pub mod console;
pub mod database;
pub mod evidence;
mod layers;
pub mod log;
pub mod mail;
pub mod office;
pub mod secret;
pub mod section;
pub mod sections;
pub mod state;
pub mod templates;
pub mod time;
pub mod transport;
pub mod trial;
pub mod value;
pub mod values;

pub use sections::{DEFAULTS, Sections};
pub use values::{Placed, Surroundings, Values};

#[derive(Debug, Clone)]
pub struct Config {
    pub sections: Sections,
    /// The file that was read over the defaults.
    pub file: Option<PathBuf>,
    pub folder: PathBuf,
    pub location: Location,
    password: Option<SecretString>,
    link_key: Option<PathBuf>,
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
        let link_key = sections.console.link_key(around);
        Ok(Config { sections, file, folder, location, password, link_key })
    }

    pub fn zone(&self) -> Zone {
        Zone(self.sections.time.zone)
    }

    /// What the jobs are to know.
    pub fn settings(&self) -> Settings {
        let Sections { office, time, mail, trial, console, .. } = &self.sections;
        Settings {
            zone: self.zone(),
            horizon: TimeDelta::days(i64::from(time.horizon_days.0)),
            starts_on: time.starts_on,
            from: Mailbox::new(mail.from_name.clone(), mail.from.clone()),
            reply_to: mail.reply_to.as_ref().map(|address| Mailbox::new("", address.clone())),
            contact: office.contact.clone(),
            signature: office.signature.clone(),
            public_url: console.public_url.as_ref().map(|link| link.0.clone()),
            trial_until: trial.until,
            // A folder needs no pace.
            pace: Some(mail.pace.0).filter(|pace| *pace > TimeDelta::zero() && mail.transport.is_smtp()),
            batch: mail.batch.count(),
            connections: mail.connections.count(),
            lease: mail.lease.0,
            backoff: Backoff::default(),
        }
    }

    pub fn transport(&self) -> Result<Transport, SettingsError> {
        let mail = &self.sections.mail;
        let (timeouts, connections) = (mail.timeouts.resolve(), mail.connections.count());
        let own_name = self.own_name();
        mail.transport.resolve(&self.folder, self.password.as_ref(), timeouts, connections, &own_name)
    }

    /// What this machine is called in full, as mail servers want to hear it: its own name where that is a full one, else
    /// the console's, else the sender's domain.
    fn own_name(&self) -> String {
        let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let console = self.sections.console.public_url.as_ref().and_then(|link| url_host(&link.0));
        let sender = self.sections.mail.from.expose();
        let sender = sender.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        [Some(machine), console]
            .into_iter()
            .flatten()
            .find(|name| is_full_name(name))
            .unwrap_or_else(|| sender.to_owned())
    }

    /// Where the keys of letters' links are to come from.
    pub fn link_keys(&self) -> Result<Source, String> {
        console::link_key_source(self.link_key.as_deref(), &self.folder)
    }

    /// What an earlier program has left of keys is in the database now.
    pub fn remove_left_link_keys(&self) -> std::io::Result<()> {
        console::remove_left_keys(&self.folder)
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

    /// What one post may send in a day, in bytes.
    pub fn evidence_daily(&self) -> u64 {
        self.sections.evidence.daily.0
    }
}

/// `https://duban.example.com:8443/x`: the name in it.
fn url_host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', ':', '?']).next().map(str::to_owned)
}

/// Whether a name is one that others could look up: of several parts, and none that machines give themselves.
fn is_full_name(name: &str) -> bool {
    let own = ["local", "localdomain", "lan", "internal", "home", "example"];
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let last = name.rsplit('.').next().unwrap_or_default();
    let named = last.bytes().any(|b| b.is_ascii_alphabetic());
    name.contains('.') && name.split('.').all(plain) && named && !own.contains(&last.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_is_one_that_others_could_look_up() {
        for name in ["duban.cq.gov.cn", "mail.example.com", "a-1.b.cn"] {
            assert!(is_full_name(name), "{name}");
        }
        for name in ["localhost", "localhost.localdomain", "duban.local", "duban", "10.0.0.8", "[::1]", "a..cn", ""] {
            assert!(!is_full_name(name), "{name}");
        }
        assert_eq!(url_host("https://duban.cq.gov.cn:8443/x").as_deref(), Some("duban.cq.gov.cn"));
    }
}
