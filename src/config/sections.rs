//! Every section, and every key that there is.

use serde::Deserialize;

use super::{
    alarm, console, database, evidence, log, mail, office, state, templates, time, transport, trial, values::Key,
};

/// The embedded defaults; every key stands in them, commented.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

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
