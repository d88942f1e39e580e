//! Every section, and with them every key that there is.

use super::{
    alarm::Alarm, console::Console, database::Database, evidence::EvidenceSection, log::Log, mail::MailSection,
    office::Office, section::section, state::State, templates::TemplatesSection, time::Time, trial::Trial,
};

/// The embedded defaults; every key stands in them, commented.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

section!(
    "",
    struct Sections {
        office: Office,
        state: State,
        time: Time,
        database: Database,
        mail: MailSection,
        trial: Trial,
        templates: TemplatesSection,
        console: Console,
        evidence: EvidenceSection,
        alarm: Alarm,
        log: Log,
    }
);
