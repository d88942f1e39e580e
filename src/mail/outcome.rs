//! The words for what can happen to a letter: how far it got, why it stopped, what is known of it.

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::domain::code::coded;
use crate::domain::text;

coded!(Stage, Reason);

/// How far the talk with the server had got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// Making the message out of the row.
    Build,
    /// Writing the .eml file (file transport).
    File,
    Connect,
    Tls,
    Banner,
    Ehlo,
    #[strum(serialize = "starttls")]
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// Sending the body, until the final dot has been handed over.
    Body,
    /// Waiting for the answer to the final dot.
    AfterDot,
}

impl Stage {
    /// Whether the phase belongs to the connection, before any letter was named.
    pub fn is_of_connection(self) -> bool {
        (Stage::File..=Stage::Auth).contains(&self)
    }
}

/// Why, as far as it can be told. In words: `read::mail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// What the account may send in a day is used up.
    Quota,
    /// Too much at once, by the provider's own words.
    Throttled,
    /// Name or password missing, wrong or not allowed.
    Auth,
    /// The sender's address may not be used by this account, or is none.
    Sender,
    /// The server does not pass mail on for us.
    Relay,
    /// The name we give at EHLO.
    Helo,
    /// Our address on the network, or our domain, is distrusted.
    Blocked,
    /// A rule of the server's that is not the recipient's own.
    Policy,
    /// The server does not take the talk as it went.
    Protocol,
    /// Several letters in a row were refused in words that could be about anybody, and none was taken.
    AllRefused,
    /// No such mailbox, or one that takes no mail.
    Mailbox,
    /// Mailbox full.
    Full,
    /// The recipient takes no mail from us.
    Unwanted,
    /// The recipient got too much at once.
    Busy,
    /// Taken for spam or otherwise disliked.
    Content,
    /// The letter is too big.
    Large,
    /// A 4xx without words that we know.
    Temporary,
    /// A 5xx without words that we know.
    Permanent,
    /// No address is known for the server's name.
    NoAddress,
    Dropped,
    TimedOut,
    /// An answer that is no SMTP.
    Garbage,
    /// TLS failed.
    Tls,
    /// TLS was asked for and is not offered.
    NoStartTls,
    /// Where TLS was expected somebody speaks something else.
    NoTls,
    /// No version or cipher of TLS that both know.
    OldTls,
    CertificateExpired,
    /// It begins later than this machine's clock stands.
    CertificateEarly,
    /// Signed by nobody whom we trust.
    CertificateUnknown,
    /// Made out to another name.
    CertificateName,
    /// The row makes no message.
    Unsendable,
    Disk,
}

/// Of whom a reply speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whom {
    /// Of this program, its account or its way: no letter would fare better.
    Us,
    /// Of the recipient alone.
    Recipient,
    /// Of a moment that passes.
    Moment,
    /// It cannot be told, or of this letter.
    Unclear,
}

impl Reason {
    pub fn whom(self) -> Whom {
        match self {
            Reason::Mailbox | Reason::Full | Reason::Unwanted => Whom::Recipient,
            Reason::Busy | Reason::Temporary => Whom::Moment,
            Reason::Content | Reason::Large | Reason::Permanent | Reason::Unsendable => Whom::Unclear,
            _ => Whom::Us,
        }
    }
}

/// What is known of a letter after an attempt. Texts are cleaned: no address, no control character, at most 200
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    Sent {
        /// What the server said, its queue id as a rule.
        reply: String,
    },
    Deferred {
        phase: Stage,
        /// What the server said, if it did.
        reply: Option<String>,
        reason: Reason,
    },
    /// Not sent, through no fault of the letter: all mail waits.
    ConnectionDown {
        phase: Stage,
        /// What the server said, or what failed.
        reply: Option<String>,
        reason: Reason,
        /// Whether somebody has to do something.
        alarm: bool,
    },
    /// Will never be sent: it stands on the next digest.
    Refused { phase: Stage, reply: String, reason: Reason },
    /// Handed over whole, without an answer: it may have been taken.
    Unknown {
        /// Always after the dot.
        phase: Stage,
        reason: Reason,
    },
}

impl Outcome {
    /// The code for tables and logs.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// The phase reached; for a letter sent, that after the dot.
    pub fn stage(&self) -> Stage {
        match self {
            Outcome::Sent { .. } => Stage::AfterDot,
            Outcome::Deferred { phase, .. }
            | Outcome::ConnectionDown { phase, .. }
            | Outcome::Refused { phase, .. }
            | Outcome::Unknown { phase, .. } => *phase,
        }
    }

    /// What the server said, or what failed, cleaned.
    pub fn reply(&self) -> Option<&str> {
        match self {
            Outcome::Sent { reply } | Outcome::Refused { reply, .. } => Some(reply),
            Outcome::Deferred { reply, .. } | Outcome::ConnectionDown { reply, .. } => reply.as_deref(),
            Outcome::Unknown { .. } => None,
        }
    }

    pub fn reason(&self) -> Option<Reason> {
        match self {
            Outcome::Sent { .. } => None,
            Outcome::Deferred { reason, .. }
            | Outcome::ConnectionDown { reason, .. }
            | Outcome::Refused { reason, .. }
            | Outcome::Unknown { reason, .. } => Some(*reason),
        }
    }

    /// Whether it is a refusal that could be about anybody.
    pub fn is_unclear(&self) -> bool {
        matches!(self, Outcome::Refused { phase, reason, .. }
            if *phase != Stage::Build && reason.whom() == Whom::Unclear)
    }

    /// Whether somebody has to mend something before any mail can leave.
    pub fn alarms(&self) -> bool {
        matches!(self, Outcome::ConnectionDown { alarm: true, .. })
    }

    /// Whether the server has taken the letter.
    pub fn is_sent(&self) -> bool {
        matches!(self, Outcome::Sent { .. })
    }
}

/// A server's reply: its code and its text, raw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200..=599.
    pub code: u16,
    /// The lines' texts joined by spaces.
    pub text: String,
}

impl Reply {
    /// 2xx.
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// `550 text`, fit to be stored and shown.
    pub fn cleaned(&self) -> String {
        clean_text(&format!("{} {}", self.code, self.text))
    }
}

/// What came instead of a reply that lets the talk go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A reply that refuses, or is out of place.
    Reply(Reply),
    /// The connection ended or could not be made.
    Dropped(String),
    TimedOut,
    Garbage,
    /// TLS failed or is not to be had; why, and in whose words.
    Tls(Reason, String),
    NoAuth(String),
    /// No address is known for the server's name.
    NoAddress(String),
}

/// The most characters of a server's words that are kept.
pub const REPLY_CHARS: usize = 200;

/// A server's words, fit to be stored and shown: on one line, without hostile characters and addresses, cut.
pub fn clean_text(text: &str) -> String {
    let words: Vec<String> = text::tame(text).split(' ').map(mask_address).collect();
    let text = words.join(" ");
    if text.chars().count() <= REPLY_CHARS {
        return text;
    }
    let cut: String = text.chars().take(REPLY_CHARS - 1).collect();
    format!("{cut}…")
}

/// A word with an `@` between what could be an address is masked around it; a queue id has none.
fn mask_address(word: &str) -> String {
    let of_address = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let kept = before.trim_end_matches(of_address);
        out.push_str(kept);
        out.push_str("***@***");
        rest = after.trim_start_matches(of_address);
    }
    out.push_str(rest);
    out
}

pub(super) fn unsendable(error: &str) -> Outcome {
    Outcome::Refused { phase: Stage::Build, reply: clean_text(error), reason: Reason::Unsendable }
}

/// What a probe found, in words for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// One fact a line: `TLS: yes`.
    pub facts: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_words_are_cleaned() {
        assert_eq!(clean_text("550 5.1.1 <zhang.san@cq.gov.cn>: no\r\n\x1b[31m"), "550 5.1.1 <***@***>: no [31m");
        assert_eq!(clean_text("to=<a@b.cn>,c@d.cn"), "to=<***@***>,***@***");
        assert_eq!(clean_text("250 ok queued as 4XyZ\u{202e}"), "250 ok queued as 4XyZ");
        assert_eq!(clean_text(&"很".repeat(500)).chars().count(), REPLY_CHARS);
        assert!(!clean_text("张三@例子.中国").contains("张三"));
    }
}
