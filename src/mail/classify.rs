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

use super::outcome::{Failure, Outcome, Reason, Reply, Stage, clean_text};

/// The outcome of a talk that failed in `phase`.
pub fn classify(phase: Stage, failure: &Failure) -> Outcome {
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
fn silent(phase: Stage, reason: Reason, text: Option<&String>) -> Outcome {
    let reply = text.map(|text| clean_text(text));
    match phase {
        Stage::AfterDot => Outcome::Unknown { phase, reason },
        phase if phase.is_of_connection() => {
            // A handshake that ends in silence is most often a server that knows no TLS we know.
            Outcome::ConnectionDown { phase, reply, reason, alarm: phase == Stage::Tls }
        }
        phase => Outcome::Deferred { phase, reply, reason },
    }
}

fn classify_reply(phase: Stage, reply: &Reply) -> Outcome {
    let shown = reply.cleaned();
    let reason = reason_of(phase, reply);
    let permanent = (500..600).contains(&reply.code);
    if phase.is_of_connection() {
        return Outcome::ConnectionDown { phase, reply: Some(shown), reason, alarm: permanent };
    }
    match reply.code {
        200..=299 if phase == Stage::AfterDot => Outcome::Sent { reply: shown },
        400..=599 if reason == Reason::Auth && phase == Stage::Mail => {
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

fn reason_of(phase: Stage, reply: &Reply) -> Reason {
    if matches!(reply.code, 530 | 534 | 535 | 538) || (phase == Stage::Auth && reply.code >= 500) {
        return Reason::Auth;
    }
    let text = reply.text.to_lowercase();
    if let Some((_, reason)) = WORDS.iter().find(|(words, _)| text.contains(words)) {
        return *reason;
    }
    match (reply.code, phase) {
        (400..=499, _) => Reason::Temporary,
        (552, _) => Reason::Size,
        (550 | 551 | 553, Stage::Rcpt) => Reason::Mailbox,
        (500..=599, _) => Reason::Permanent,
        _ => Reason::Garbage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16, text: &str) -> Failure {
        Failure::Reply(Reply { code, text: text.into() })
    }

    const CONNECTION: [Stage; 6] =
        [Stage::Connect, Stage::Tls, Stage::Banner, Stage::Ehlo, Stage::StartTls, Stage::Auth];
    const LETTER: [Stage; 5] = [Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Body, Stage::AfterDot];

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
                        let alarmed = alarmed || (silent && phase == Stage::Tls);
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
                assert_eq!((unknown, deferred), (phase == Stage::AfterDot, phase != Stage::AfterDot), "{outcome:?}");
            }
        }
    }

    #[test]
    fn only_a_two_hundred_after_the_dot_is_sent() {
        for phase in CONNECTION.into_iter().chain(LETTER) {
            for code in [200, 220, 250, 251, 334, 354] {
                let sent = classify(phase, &reply(code, "ok")).is_sent();
                assert_eq!(sent, phase == Stage::AfterDot && code < 300, "{phase} {code}");
            }
        }
    }

    #[test]
    fn providers_words() {
        let cases = [
            (Stage::Data, 550, "Domain frequency limited", "deferred", Reason::Throttled),
            (Stage::AfterDot, 550, "Sender frequency limited [x]", "deferred", Reason::Throttled),
            (Stage::Rcpt, 550, "Mailbox unavailable or access denied", "deferred", Reason::Throttled),
            (Stage::Mail, 450, "MI:DMC 163 smtp1", "deferred", Reason::Throttled),
            (Stage::AfterDot, 451, "DT:SPM 163 smtp8", "deferred", Reason::Content),
            (Stage::AfterDot, 554, "DT:SPM 163 smtp8", "refused", Reason::Content),
            (Stage::Mail, 530, "5.7.0 Authentication required", "connection_down", Reason::Auth),
            (Stage::Rcpt, 530, "5.7.0 Must issue a STARTTLS command first", "deferred", Reason::Auth),
            (Stage::Mail, 501, "mail from address must be same as authorization user", "connection_down", Reason::Auth),
            (Stage::Mail, 553, "Mail from must equal authorized user", "connection_down", Reason::Auth),
            (Stage::Rcpt, 550, "5.1.1 user unknown", "refused", Reason::Mailbox),
            (Stage::Rcpt, 552, "5.2.2 mailbox full", "refused", Reason::Size),
            (Stage::Mail, 552, "5.3.4 message size limit exceeded", "refused", Reason::Size),
            (Stage::Mail, 550, "daily quota exceeded", "deferred", Reason::Throttled),
            (Stage::Rcpt, 452, "4.2.2 mailbox full", "deferred", Reason::Size),
        ];
        for (phase, code, text, outcome, reason) in cases {
            let got = classify(phase, &reply(code, text));
            assert_eq!((got.code(), got.reason()), (outcome, Some(reason)), "{phase} {code} {text}");
        }
    }
}
