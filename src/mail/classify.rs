//! What a server's answer, or its silence, says of a letter.
//!
//! Pure: the phase reached and the reply decide, nothing else. The rules, in the order of their weight:
//!
//! - Only a 2xx after the final dot is *sent*.
//! - What ends without an answer after the final dot is *unknown*: the server may have taken it. Nothing else is.
//! - Whatever goes wrong before MAIL (connecting, TLS, banner, EHLO, STARTTLS, AUTH) says nothing of the letter: the
//!   *connection is down*, all mail waits; where waiting alone will not mend it (5xx, TLS), somebody is alarmed. So is
//!   a MAIL refused because nobody or somebody else is logged in: no recipient has been named yet, so the next letter
//!   would fare no better. From RCPT on the same words *defer* the letter: it may be about that recipient alone, and
//!   one letter must neither hold up the others nor be lost to a mistake in the settings.
//! - A 5xx at MAIL, RCPT, DATA or the dot *refuses* the letter for good, but for what providers say when there was
//!   too much at once, which is *deferred* like any 4xx.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::hostile::{is_hostile, one_line};

/// How far the talk with the server had got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Making the message out of the row.
    Build,
    /// Writing the .eml file (file transport).
    File,
    /// Resolving the name and connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The greeting.
    Banner,
    /// EHLO.
    Ehlo,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// Sending the body, until the final dot has been handed over.
    Body,
    /// Waiting for the answer to the final dot.
    AfterDot,
}

impl Phase {
    /// The code for tables and logs.
    pub fn code(self) -> &'static str {
        match self {
            Phase::Build => "build",
            Phase::File => "file",
            Phase::Connect => "connect",
            Phase::Tls => "tls",
            Phase::Banner => "banner",
            Phase::Ehlo => "ehlo",
            Phase::StartTls => "starttls",
            Phase::Auth => "auth",
            Phase::Mail => "mail",
            Phase::Rcpt => "rcpt",
            Phase::Data => "data",
            Phase::Body => "body",
            Phase::AfterDot => "after_dot",
        }
    }

    /// Whether the phase belongs to the connection, before any letter was named.
    pub fn is_of_connection(self) -> bool {
        (Phase::File..=Phase::Auth).contains(&self)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// Why, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Too much at once, by the provider's own words.
    Throttled,
    /// Name or password missing, wrong or not allowed; or the sender is not the one logged in.
    Auth,
    /// Taken for spam or otherwise disliked.
    Content,
    /// No such mailbox, or one that takes no mail.
    Mailbox,
    /// Mailbox full or letter too big.
    Size,
    /// A 4xx without words that we know.
    Temporary,
    /// A 5xx without words that we know.
    Permanent,
    /// The connection ended.
    Dropped,
    /// No answer in time.
    TimedOut,
    /// An answer that is no SMTP.
    Garbage,
    /// TLS failed, or was asked for and not offered.
    Tls,
    /// The row makes no message.
    Unsendable,
    /// The disk.
    Disk,
}

impl Reason {
    /// In words for the office.
    pub fn label(self) -> &'static str {
        match self {
            Reason::Throttled => "对方限流",
            Reason::Auth => "邮箱登录或发件人未获许可",
            Reason::Content => "被判为垃圾邮件",
            Reason::Mailbox => "收件邮箱不存在或停用",
            Reason::Size => "收件邮箱已满或邮件过大",
            Reason::Temporary => "对方暂时不收",
            Reason::Permanent => "对方拒收",
            Reason::Dropped => "连接中断",
            Reason::TimedOut => "对方无应答",
            Reason::Garbage => "对方应答有误",
            Reason::Tls => "加密连接失败",
            Reason::Unsendable => "邮件内容有误",
            Reason::Disk => "写入磁盘失败",
        }
    }
}

/// What is known of a letter after an attempt. Texts are cleaned: no address, no control character, at most 200
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// The server has taken it.
    Sent {
        /// What the server said, its queue id as a rule.
        reply: String,
    },
    /// Not sent; this letter waits.
    Deferred {
        /// Where.
        phase: Phase,
        /// What the server said, if it did.
        reply: Option<String>,
        /// Why.
        reason: Reason,
    },
    /// Not sent, through no fault of the letter: all mail waits.
    ConnectionDown {
        /// Where.
        phase: Phase,
        /// What the server said, or what failed.
        reply: Option<String>,
        /// Why.
        reason: Reason,
        /// Whether somebody has to do something.
        alarm: bool,
    },
    /// Will never be sent: it stands on the next digest.
    Refused {
        /// Where.
        phase: Phase,
        /// What the server said.
        reply: String,
        /// Why.
        reason: Reason,
    },
    /// Handed over whole, without an answer: it may have been taken.
    Unknown {
        /// Always after the dot.
        phase: Phase,
        /// How it ended.
        reason: Reason,
    },
}

impl Outcome {
    /// The code for tables and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Outcome::Sent { .. } => "sent",
            Outcome::Deferred { .. } => "deferred",
            Outcome::ConnectionDown { .. } => "connection_down",
            Outcome::Refused { .. } => "refused",
            Outcome::Unknown { .. } => "unknown",
        }
    }

    /// The phase reached; for a letter sent, that after the dot.
    pub fn phase(&self) -> Phase {
        match self {
            Outcome::Sent { .. } => Phase::AfterDot,
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

    /// Why it was not sent.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Outcome::Sent { .. } => None,
            Outcome::Deferred { reason, .. }
            | Outcome::ConnectionDown { reason, .. }
            | Outcome::Refused { reason, .. }
            | Outcome::Unknown { reason, .. } => Some(*reason),
        }
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
    /// No answer in time.
    TimedOut,
    /// What came is no SMTP.
    Garbage,
    /// TLS failed or is not to be had.
    Tls(String),
    /// We cannot log in here.
    NoAuth(String),
}

/// The outcome of a talk that failed in `phase`.
pub fn classify(phase: Phase, failure: &Failure) -> Outcome {
    match failure {
        Failure::Reply(reply) => classify_reply(phase, reply),
        Failure::Tls(text) => {
            Outcome::ConnectionDown { phase, reply: Some(clean_text(text)), reason: Reason::Tls, alarm: true }
        }
        Failure::NoAuth(text) => {
            Outcome::ConnectionDown { phase, reply: Some(clean_text(text)), reason: Reason::Auth, alarm: true }
        }
        Failure::Dropped(text) => silent(phase, Reason::Dropped, Some(text)),
        Failure::TimedOut => silent(phase, Reason::TimedOut, None),
        Failure::Garbage => silent(phase, Reason::Garbage, None),
    }
}

/// No usable answer: what it means depends on the phase alone.
fn silent(phase: Phase, reason: Reason, text: Option<&String>) -> Outcome {
    let reply = text.map(|text| clean_text(text));
    match phase {
        Phase::AfterDot => Outcome::Unknown { phase, reason },
        phase if phase.is_of_connection() => {
            // A handshake that ends in silence is most often a server that knows no TLS we know.
            Outcome::ConnectionDown { phase, reply, reason, alarm: phase == Phase::Tls }
        }
        phase => Outcome::Deferred { phase, reply, reason },
    }
}

fn classify_reply(phase: Phase, reply: &Reply) -> Outcome {
    let shown = reply.cleaned();
    let reason = reason_of(phase, reply);
    let permanent = (500..600).contains(&reply.code);
    if phase.is_of_connection() {
        return Outcome::ConnectionDown { phase, reply: Some(shown), reason, alarm: permanent };
    }
    match reply.code {
        200..=299 if phase == Phase::AfterDot => Outcome::Sent { reply: shown },
        400..=599 if reason == Reason::Auth && phase == Phase::Mail => {
            Outcome::ConnectionDown { phase, reply: Some(shown), reason, alarm: permanent }
        }
        500..=599 if !matches!(reason, Reason::Throttled | Reason::Auth) => {
            Outcome::Refused { phase, reply: shown, reason }
        }
        400..=599 => Outcome::Deferred { phase, reply: Some(shown), reason },
        // A 2xx or 3xx out of place: nobody can say what the server means.
        _ => silent(phase, Reason::Garbage, Some(&shown)),
    }
}

/// What providers say, in lower case, and what they mean by it. The first match wins.
const WORDS: [(&str, Reason); 32] = [
    ("daily quota", Reason::Throttled), // 腾讯企业邮: the domain's daily quota
    ("mailbox full", Reason::Size),
    ("over quota", Reason::Size),
    ("quota exceeded", Reason::Size),
    ("message size", Reason::Size),
    ("too large", Reason::Size),
    ("frequency limited", Reason::Throttled), // QQ: 550 Domain/Sender/Connection frequency limited
    ("frequency is limited", Reason::Throttled),
    ("mailbox unavailable or access denied", Reason::Throttled), // QQ: one recipient got too much
    ("too many", Reason::Throttled),
    ("rate limit", Reason::Throttled),
    ("limit exceeded", Reason::Throttled),
    ("hl:icc", Reason::Throttled), // NetEase: connections
    ("hl:ifc", Reason::Throttled),
    ("hl:mep", Reason::Throttled),
    ("mi:dmc", Reason::Throttled), // NetEase: mails on one connection
    ("mi:cel", Reason::Throttled),
    ("rp:cel", Reason::Throttled),
    ("greylist", Reason::Temporary),
    ("authentication required", Reason::Auth),
    ("authentication failed", Reason::Auth),
    ("must be same as authorization user", Reason::Auth), // QQ: 501 mail from address must be …
    ("must equal authorized user", Reason::Auth),         // NetEase: 553 Mail from must equal …
    ("must issue a starttls", Reason::Auth),
    ("dt:spm", Reason::Content),
    ("spam", Reason::Content),
    ("blacklist", Reason::Content),
    ("content rejected", Reason::Content),
    ("insufficient system storage", Reason::Temporary),
    ("user unknown", Reason::Mailbox),
    ("no such user", Reason::Mailbox),
    ("user not found", Reason::Mailbox),
];

fn reason_of(phase: Phase, reply: &Reply) -> Reason {
    if matches!(reply.code, 530 | 534 | 535 | 538) || (phase == Phase::Auth && reply.code >= 500) {
        return Reason::Auth;
    }
    let text = reply.text.to_lowercase();
    if let Some((_, reason)) = WORDS.iter().find(|(words, _)| text.contains(words)) {
        return *reason;
    }
    match (reply.code, phase) {
        (400..=499, _) => Reason::Temporary,
        (552, _) => Reason::Size,
        (550 | 551 | 553, Phase::Rcpt) => Reason::Mailbox,
        (500..=599, _) => Reason::Permanent,
        _ => Reason::Garbage,
    }
}

/// The most characters of a server's words that are kept.
pub const REPLY_CHARS: usize = 200;

/// A server's words, fit to be stored and shown: on one line, without hostile characters and addresses, cut.
pub fn clean_text(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_hostile(c) { ' ' } else { c }).collect();
    let words: Vec<String> = one_line(&text).split(' ').map(mask_address).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, text: &str) -> Failure {
        Failure::Reply(Reply { code, text: text.into() })
    }

    const CONNECTION: [Phase; 6] =
        [Phase::Connect, Phase::Tls, Phase::Banner, Phase::Ehlo, Phase::StartTls, Phase::Auth];
    const LETTER: [Phase; 5] = [Phase::Mail, Phase::Rcpt, Phase::Data, Phase::Body, Phase::AfterDot];

    #[test]
    fn whatever_fails_before_mail_is_the_connection() {
        for phase in CONNECTION {
            for (failure, alarmed) in [
                (reply(421, "busy"), false),
                (reply(454, "later"), false),
                (reply(502, "no"), true),
                (reply(535, "bad password"), true),
                (reply(550, "frequency limited"), true),
                (Failure::Dropped("reset".into()), false),
                (Failure::TimedOut, false),
                (Failure::Garbage, false),
                (Failure::Tls("expired".into()), true),
                (Failure::NoAuth("not offered".into()), true),
            ] {
                match classify(phase, &failure) {
                    Outcome::ConnectionDown { phase: at, alarm, .. } => {
                        let silent = !matches!(failure, Failure::Reply(_));
                        let alarmed = alarmed || (silent && phase == Phase::Tls);
                        assert_eq!((at, alarm), (phase, alarmed), "{failure:?}");
                    }
                    other => panic!("{phase} {failure:?}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn four_hundreds_defer_and_five_hundreds_refuse() {
        for phase in LETTER {
            for code in [421, 450, 451, 452] {
                let outcome = classify(phase, &reply(code, "later"));
                assert!(matches!(outcome, Outcome::Deferred { .. }), "{phase} {code}: {outcome:?}");
            }
            for code in [500, 501, 550, 552, 553, 554] {
                let outcome = classify(phase, &reply(code, "no"));
                assert!(matches!(outcome, Outcome::Refused { .. }), "{phase} {code}: {outcome:?}");
            }
        }
    }

    #[test]
    fn silence_is_unknown_after_the_dot_only() {
        for phase in LETTER {
            for failure in [Failure::Dropped(String::new()), Failure::TimedOut, Failure::Garbage] {
                let outcome = classify(phase, &failure);
                let unknown = matches!(outcome, Outcome::Unknown { .. });
                let deferred = matches!(outcome, Outcome::Deferred { .. });
                assert_eq!((unknown, deferred), (phase == Phase::AfterDot, phase != Phase::AfterDot), "{outcome:?}");
            }
        }
    }

    #[test]
    fn only_a_two_hundred_after_the_dot_is_sent() {
        for phase in CONNECTION.into_iter().chain(LETTER) {
            for code in [200, 220, 250, 251, 334, 354] {
                let sent = classify(phase, &reply(code, "ok")).is_sent();
                assert_eq!(sent, phase == Phase::AfterDot && code < 300, "{phase} {code}");
            }
        }
    }

    #[test]
    fn providers_words() {
        let cases = [
            (Phase::Data, 550, "Domain frequency limited", "deferred", Reason::Throttled),
            (Phase::AfterDot, 550, "Sender frequency limited [x]", "deferred", Reason::Throttled),
            (Phase::Rcpt, 550, "Mailbox unavailable or access denied", "deferred", Reason::Throttled),
            (Phase::Mail, 450, "MI:DMC 163 smtp1", "deferred", Reason::Throttled),
            (Phase::AfterDot, 451, "DT:SPM 163 smtp8", "deferred", Reason::Content),
            (Phase::AfterDot, 554, "DT:SPM 163 smtp8", "refused", Reason::Content),
            (Phase::Mail, 530, "5.7.0 Authentication required", "connection_down", Reason::Auth),
            (Phase::Rcpt, 530, "5.7.0 Must issue a STARTTLS command first", "deferred", Reason::Auth),
            (Phase::Mail, 501, "mail from address must be same as authorization user", "connection_down", Reason::Auth),
            (Phase::Mail, 553, "Mail from must equal authorized user", "connection_down", Reason::Auth),
            (Phase::Rcpt, 550, "5.1.1 user unknown", "refused", Reason::Mailbox),
            (Phase::Rcpt, 552, "5.2.2 mailbox full", "refused", Reason::Size),
            (Phase::Mail, 552, "5.3.4 message size limit exceeded", "refused", Reason::Size),
            (Phase::Mail, 550, "daily quota exceeded", "deferred", Reason::Throttled),
            (Phase::Rcpt, 452, "4.2.2 mailbox full", "deferred", Reason::Size),
        ];
        for (phase, code, text, outcome, reason) in cases {
            let got = classify(phase, &reply(code, text));
            assert_eq!((got.code(), got.reason()), (outcome, Some(reason)), "{phase} {code} {text}");
        }
    }

    #[test]
    fn server_words_are_cleaned() {
        assert_eq!(clean_text("550 5.1.1 <zhang.san@cq.gov.cn>: no\r\n\x1b[31m"), "550 5.1.1 <***@***>: no [31m");
        assert_eq!(clean_text("to=<a@b.cn>,c@d.cn"), "to=<***@***>,***@***");
        assert_eq!(clean_text("250 ok queued as 4XyZ\u{202e}"), "250 ok queued as 4XyZ");
        assert_eq!(clean_text(&"很".repeat(500)).chars().count(), REPLY_CHARS);
        assert!(!clean_text("张三@例子.中国").contains("张三"));
    }
}
