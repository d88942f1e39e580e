//! Letters: their wording, their form as mail, and their way out.
//!
//! Three steps that know nothing of each other's business: values become words ([`Templates`]), words become a
//! message ([`Outgoing`]), a message goes out through a [`Transport`], whose answer is one [`Outcome`] that says what
//! is known of the letter. When to try again ([`Backoff`]) and how fast ([`Pace`]) are pure values beside them.
//!
//! This module imports `domain` only. It never opens a transaction, never decides who is told what, and never writes
//! an address, a password or a body to a log.

mod address;
mod backoff;
mod classify;
mod file;
mod letter;
mod link;
mod memory;
mod message;
mod outcome;
mod pace;
mod render;
mod replies;
mod sample;
mod settings;
mod smtp;
mod template_error;
mod tls;
mod transport;
mod values;
mod wire;

pub use address::{Address, is_example_address, parse_address};
pub use backoff::{Backoff, GiveUp, NextTry, Tries};
pub use classify::classify;
pub use file::FileOutbox;
pub use letter::{
    DigestContext, DigestTotals, LapsedRow, LetterContext, LetterItem, LetterSection, SectionKind, UndeliveredRow,
    UntoldRow,
};
pub use link::{LINK_PLACEHOLDER, fill_link};
pub use memory::{MemoryOutbox, Received, Scripted};
pub use message::{MAX_LINE, Mailbox, MessageError, Outgoing, message_id};
pub use outcome::{Failure, Outcome, Probe, REPLY_CHARS, Reason, Reply, Stage, Whom, clean_text};
pub use pace::Pace;
pub use render::{Checked, Rendered, SUBJECT_CHARS, Templates};
pub use settings::{SettingsError, SmtpSettings, Timeouts, TlsMode};
pub use smtp::{Smtp, SmtpSession};
pub use template_error::{RenderError, TemplateError, TemplateErrors};
pub use tls::{RootFault, read_certificates};
pub use transport::{Session, Transport};
