//! From a row of the outbox to the bytes of a mail.
//!
//! One row gives one message for life: the same Message-ID, Date, boundary and body at each attempt. The encoding
//! (RFC 2047, base64, line lengths) is lettre's work; what would make lettre panic or write a broken header (control
//! characters in names, bad addresses) is refused before it is asked.

use std::fmt;

use chrono::{DateTime, FixedOffset};
use lettre::Message;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox as LettreMailbox, MultiPart, SinglePart};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::address::Address;
use crate::domain::text;

/// The longest line that RFC 5322 allows, without its line end.
pub const MAX_LINE: usize = 998;

/// An address with a name to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// What is shown: `质安处联络员`; may be empty.
    pub name: String,
    pub address: Address,
}

impl Mailbox {
    pub fn new(name: impl Into<String>, address: Address) -> Mailbox {
        Mailbox { name: name.into(), address }
    }
}

/// A letter as it goes out: one row of the outbox, with the link already filled in.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// With its angle brackets, for life; see [`message_id`].
    pub message_id: String,
    /// The sender, who is the envelope's sender too.
    pub from: Mailbox,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<Mailbox>,
    pub to: Mailbox,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The Date header, in the zone it is to show. The same at each attempt.
    pub date: DateTime<FixedOffset>,
    /// The Message-ID of the letter before it in its thread.
    pub in_reply_to: Option<String>,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither body nor subject: they are the reader's, not the log's.
        f.debug_struct("Outgoing")
            .field("message_id", &self.message_id)
            .field("to", &self.to.address)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// Why a row makes no message. Such a row will never make one: it needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// A name or the subject holds a character that must not stand in a header.
    #[error("{field}: character U+{code:04X} must not stand in a header")]
    Hostile { field: &'static str, code: u32 },
    /// Not of the form `<left@right>` in ASCII.
    #[error("{field} is not of the form <left@right>")]
    BadMessageId { field: &'static str },
    /// The body holds a control character other than line ends and tabs.
    #[error("{field}: control character U+{code:04X} in the body")]
    BadBody { field: &'static str, code: u32 },
    /// lettre refused it, for a reason that should have been seen before.
    #[error("the message cannot be built")]
    Build,
    /// The built message is not what mail servers take.
    #[error("the built message has a line over {MAX_LINE} bytes or bytes outside ASCII")]
    Form,
}

/// The Message-ID of an outbox row: `<id.duban@host>`, the host being that of the sender's address.
pub fn message_id(row: &str, from: &Address) -> String {
    let host = from.expose().rsplit_once('@').map_or("localhost", |(_, host)| host);
    let row: String = row.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    format!("<{row}.duban@{host}>")
}

impl Outgoing {
    /// The message, ready for the wire but for dot-stuffing: ASCII, CRLF line ends, no line over 998 bytes.
    pub fn build(&self) -> Result<Vec<u8>, MessageError> {
        self.check()?;
        let mut builder = Message::builder().from(lettre_mailbox(&self.from)?).to(lettre_mailbox(&self.to)?);
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(lettre_mailbox(reply_to)?);
        }
        if let Some(before) = &self.in_reply_to {
            builder = builder.in_reply_to(before.clone()).references(before.clone());
        }
        let mut message = builder
            .subject(self.subject.clone())
            .message_id(Some(self.message_id.clone()))
            .raw_header(ascii_header("Auto-Submitted", "auto-generated"))
            .raw_header(ascii_header("X-Auto-Response-Suppress", "All"))
            .date(self.date.into())
            .multipart(self.parts())
            .map_err(|_| MessageError::Build)?;
        // lettre writes dates in UTC only; readers here expect their own time.
        message
            .headers_mut()
            .insert_raw(ascii_header("Date", &self.date.format("%a, %d %b %Y %H:%M:%S %z").to_string()));
        let bytes = message.formatted();
        let lines_fit = bytes.split(|&b| b == b'\n').all(|line| line.len() <= MAX_LINE + 1);
        if lines_fit && bytes.is_ascii() { Ok(bytes) } else { Err(MessageError::Form) }
    }

    fn check(&self) -> Result<(), MessageError> {
        let no_name = String::new();
        let reply_to = self.reply_to.as_ref().map_or(&no_name, |mailbox| &mailbox.name);
        let headers =
            [("from", &self.from.name), ("reply_to", reply_to), ("to", &self.to.name), ("subject", &self.subject)];
        for (field, text) in headers {
            if let Some((_, c, _)) = text::first_forbidden(text) {
                return Err(MessageError::Hostile { field, code: u32::from(c) });
            }
        }
        for (field, id) in [("message_id", Some(&self.message_id)), ("in_reply_to", self.in_reply_to.as_ref())] {
            if id.is_some_and(|id| !is_message_id(id)) {
                return Err(MessageError::BadMessageId { field });
            }
        }
        for (field, body) in [("text", &self.text), ("html", &self.html)] {
            if let Some(c) = body.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
                return Err(MessageError::BadBody { field, code: u32::from(c) });
            }
        }
        Ok(())
    }

    fn parts(&self) -> MultiPart {
        // A boundary of its own for life, so that each attempt sends the same bytes.
        let boundary = hex::encode(&Sha256::digest(self.message_id.as_bytes())[..16]);
        let part = |kind: ContentType, body: &str| {
            // Base64 fits any text and always holds the line length.
            SinglePart::builder().header(kind).header(ContentTransferEncoding::Base64).body(crlf(body))
        };
        MultiPart::alternative()
            .boundary(format!("=_{boundary}"))
            .singlepart(part(ContentType::TEXT_PLAIN, &self.text))
            .singlepart(part(ContentType::TEXT_HTML, &self.html))
    }
}

fn lettre_mailbox(mailbox: &Mailbox) -> Result<LettreMailbox, MessageError> {
    let address = mailbox.address.expose().parse().map_err(|_| MessageError::Build)?;
    let name = mailbox.name.trim();
    Ok(LettreMailbox::new((!name.is_empty()).then(|| name.to_owned()), address))
}

/// A header of fixed ASCII text of ours.
fn ascii_header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
    let Some((left, right)) = inner.and_then(|inner| inner.split_once('@')) else { return false };
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_+=".contains(&b));
    id.len() <= 200 && part(left) && part(right)
}

fn crlf(text: &str) -> String {
    text.lines().flat_map(|line| [line, "\r\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::address::parse_address;

    fn outgoing() -> Outgoing {
        let from = parse_address("duban@cq.gov.cn").unwrap();
        Outgoing {
            message_id: message_id("7", &from),
            from: Mailbox::new("督办系统", from),
            reply_to: None,
            to: Mailbox::new("质安处联络员", parse_address("zhian@cq.gov.cn").unwrap()),
            subject: "【今日待办】到期1项".into(),
            text: "质安处联络员：\n第13项第2条\n".into(),
            html: "<p>质安处联络员：</p>".into(),
            date: DateTime::parse_from_rfc3339("2022-10-31T09:00:00+08:00").unwrap(),
            in_reply_to: None,
        }
    }

    #[test]
    fn the_same_row_gives_the_same_bytes() {
        assert_eq!(outgoing().build().unwrap(), outgoing().build().unwrap());
    }

    #[test]
    fn headers_are_what_mail_servers_and_robots_expect() {
        let text = String::from_utf8(outgoing().build().unwrap()).unwrap();
        for line in [
            "Message-ID: <7.duban@cq.gov.cn>\r\n",
            "Date: Mon, 31 Oct 2022 09:00:00 +0800\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "X-Auto-Response-Suppress: All\r\n",
            "MIME-Version: 1.0\r\n",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert_eq!(text.matches(line).count(), 1, "{line}\n{text}");
        }
        assert_eq!(text.matches("\r\nDate:").count(), 1);
    }

    #[test]
    fn hostile_names_are_errors_not_panics() {
        for c in ['\r', '\n', '\0', '\t', '\u{7f}', '\u{202e}', '\u{2028}'] {
            let name = format!("质安处{c}Bcc: x@y.cn");
            let code = u32::from(c);
            let mut letter = outgoing();
            letter.to.name.clone_from(&name);
            assert_eq!(letter.build(), Err(MessageError::Hostile { field: "to", code }));
            let mut letter = outgoing();
            letter.from.name.clone_from(&name);
            assert_eq!(letter.build(), Err(MessageError::Hostile { field: "from", code }));
            let mut letter = outgoing();
            letter.subject.clone_from(&name);
            assert_eq!(letter.build(), Err(MessageError::Hostile { field: "subject", code }));
            let mut letter = outgoing();
            letter.reply_to = Some(Mailbox::new(name, letter.from.address.clone()));
            assert_eq!(letter.build(), Err(MessageError::Hostile { field: "reply_to", code }));
        }
        let mut letter = outgoing();
        letter.text = "a\u{1b}[31m".into();
        assert_eq!(letter.build(), Err(MessageError::BadBody { field: "text", code: 0x1b }));
    }

    #[test]
    fn message_ids_are_checked() {
        for id in ["7@x", "<7>", "<7@x y>", "<7@x>\r\nBcc: a@b.cn", "<@x>", "<质@x>"] {
            let mut letter = outgoing();
            letter.message_id = id.into();
            assert_eq!(letter.build(), Err(MessageError::BadMessageId { field: "message_id" }), "{id}");
        }
    }

    #[test]
    fn a_log_line_shows_neither_address_nor_body() {
        let shown = format!("{:?}", outgoing());
        assert!(!shown.contains("zhian@") && !shown.contains("13项") && !shown.contains("今日"), "{shown}");
    }
}
