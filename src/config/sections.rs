//! Every section, and with them every key that there is.

use super::alarm::AlarmSection;
use super::console::ConsoleSection;
use super::database::DatabaseSection;
use super::evidence::EvidenceSection;
use super::log::LogSection;
use super::mail::MailSection;
use super::office::OfficeSection;
use super::section::section;
use super::state::StateSection;
use super::templates::TemplatesSection;
use super::time::TimeSection;
use super::trial::TrialSection;

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
