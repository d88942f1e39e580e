//! Letters: their wording, their form as mail, and their way out.
//!
//! Three steps that know nothing of each other's business: values become words ([`Templates`]), words become a
//! message ([`Outgoing`]), a message goes out through a [`Transport`], whose answer is one [`Outcome`] that says what
//! is known of the letter. When to try again ([`backoff`]) and how fast ([`Pace`]) are pure values beside them.
//!
//! This module imports `domain` only. It never opens a transaction, never decides who is told what, and never writes
//! an address, a password or a body to a log.

mod address;
mod backoff;
mod classify;
mod file;
mod hostile;
mod letter;
mod memory;
mod message;
mod pace;
mod render;
mod sample;
mod smtp;
mod transport;
mod wire;

pub use address::{Address, AddressError, is_example_address, parse_address};
pub use backoff::{Backoff, GiveUp, Next, Tries};
pub use classify::{Failure, Outcome, Phase, REPLY_CHARS, Reason, Reply, classify, clean_text};
pub use file::FileOutbox;
pub use hostile::{hostile_char, is_hostile};
pub use letter::{DigestContext, DigestTotals, Item, LetterContext, LetterKind, Section, SectionKind, UndeliveredRow};
pub use memory::{Delivered, MemoryOutbox, Scripted};
pub use message::{MAX_LINE, Mailbox, MessageError, Outgoing, message_id};
pub use pace::Pace;
pub use render::{
    Checked, LINK_PLACEHOLDER, RenderError, Rendered, SUBJECT_CHARS, TemplateError, TemplateErrors, Templates,
    fill_link,
};
pub use smtp::{SettingsError, Smtp, SmtpSession, SmtpSettings, Timeouts, TlsMode};
pub use transport::{Probe, Session, Transport};
