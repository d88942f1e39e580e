//! Every section, and with them every key that there is.

use super::{
    alarm::AlarmSection, console::ConsoleSection, database::DatabaseSection, evidence::EvidenceSection,
    log::LogSection, mail::MailSection, office::OfficeSection, section::section, state::StateSection,
    templates::TemplatesSection, time::TimeSection, trial::TrialSection,
};

/// The embedded defaults; every key stands in them, commented.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

section!(
    "",
    struct Sections {
        office: OfficeSection,
        state: StateSection,
        time: TimeSection,
        database: DatabaseSection,
        mail: MailSection,
        trial: TrialSection,
        templates: TemplatesSection,
        console: ConsoleSection,
        evidence: EvidenceSection,
        alarm: AlarmSection,
        log: LogSection,
    }
);
