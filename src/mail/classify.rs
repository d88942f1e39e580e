//! What a server's answer, or its silence, says of a letter, and of whom it speaks.
//!
//! Pure: the phase reached and the reply decide, nothing else. The rules, in the order of their weight:
//!
//! - Only a 2xx after the final dot is *sent*.
//! - What ends without an answer after the final dot is *unknown*: the server may have taken it. Nothing else is.
//! - Whatever goes wrong before MAIL (connecting, TLS, banner, EHLO, STARTTLS, AUTH) says nothing of the letter: the
//!   *connection is down*, all mail waits; where waiting alone will not mend it (5xx, TLS), somebody is alarmed.
//! - From MAIL on a refusal is read by the words that say of whom they speak, by its enhanced code, by words that
//!   say less, by its plain code. What is said of us (the account's quota or rate, the sender's address, the relay,
//!   our name, our address on the network, the server's policy) is the *connection down* too, in whatever phase: no
//!   other letter would fare better, and none may be lost to it. Before a recipient has been named, all is.
//! - What is said of the recipient *refuses* the letter for good. What passes *defers* it, like any other 4xx.
//! - What cannot be told apart *refuses* it too; whoever sends counts how many in a row, and takes it back.

use super::outcome::{Failure, Outcome, Reason, Reply, Stage, Whom, clean_text};
use super::replies::{ENHANCED, PLAIN, SPOKEN, VAGUE};

/// The outcome of a talk that failed in `phase`.
pub fn classify(phase: Stage, failure: &Failure) -> Outcome {
    let down = |reason, text: &str| Outcome::ConnectionDown {
        phase,
        reply: Some(clean_text(text)),
        reason,
        alarm: reason != Reason::NoAddress,
    };
    match failure {
        Failure::Reply(reply) => classify_reply(phase, reply),
        Failure::Tls(reason, text) => down(*reason, text),
        Failure::NoAuth(text) => down(Reason::Auth, text),
        Failure::NoAddress(text) => down(Reason::NoAddress, text),
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
    let permanent = (500..600).contains(&reply.code);
    if !permanent && !(400..500).contains(&reply.code) && !phase.is_of_connection() {
        return match reply.code {
            200..=299 if phase == Stage::AfterDot => Outcome::Sent { reply: shown },
            // A 2xx or 3xx out of place: nobody can say what the server means.
            _ => silent(phase, Reason::Garbage, Some(&shown)),
        };
    }
    let mut reason = reason_of(phase, reply);
    if phase.is_of_connection() && permanent && reason.whom() != Whom::Us {
        // Nobody has been spoken of but us.
        reason = Reason::Policy;
    }
    if phase.is_of_connection() || reason.whom() == Whom::Us {
        // What is used up for the day does not mend in the minutes of a 4xx.
        let alarm = permanent || reason == Reason::Quota;
        return Outcome::ConnectionDown { phase, reply: Some(shown), reason, alarm };
    }
    if permanent && reason.whom() != Whom::Moment {
        return Outcome::Refused { phase, reply: shown, reason };
    }
    Outcome::Deferred { phase, reply: Some(shown), reason }
}

/// Why, by the first of the tables that says something.
fn reason_of(phase: Stage, reply: &Reply) -> Reason {
    let text = reply.text.to_lowercase().replace('\n', " ").replace('’', "'");
    let worded = |table: &[(&str, Reason)]| table.iter().find(|(words, _)| text.contains(words)).map(|found| found.1);
    let plain = || PLAIN.iter().find(|(code, _)| *code == reply.code).map(|found| found.1);
    if reply.code < 500 {
        let reason = worded(SPOKEN).or_else(|| worded(VAGUE));
        return of_phase(phase, reply.code, reason.unwrap_or(Reason::Temporary));
    }
    let coded = || enhanced(&text).and_then(|(subject, detail)| meaning(subject, detail));
    let reason = worded(SPOKEN).or_else(coded).or_else(|| worded(VAGUE)).or_else(plain);
    let of_account = phase == Stage::Auth && reason.is_none_or(|reason| reason.whom() != Whom::Us);
    let unworded = match (reply.code, phase) {
        // The recipient has just been named, and this code is said of room alone.
        (552, Stage::Rcpt) => Reason::Full,
        (552, _) => Reason::Large,
        _ => Reason::Permanent,
    };
    if of_account { Reason::Auth } else { of_phase(phase, reply.code, reason.unwrap_or(unworded)) }
}

/// Before a recipient has been named nothing can be said of one: what sounds so is said of the sender.
fn of_phase(phase: Stage, code: u16, reason: Reason) -> Reason {
    match (phase, reason) {
        (Stage::Mail, Reason::Full) => Reason::Quota,
        (Stage::Mail, Reason::Mailbox | Reason::Unwanted) => Reason::Sender,
        (Stage::Mail, Reason::Content) => Reason::Blocked,
        (Stage::Mail, Reason::Permanent) if code >= 500 => Reason::Sender,
        (_, reason) => reason,
    }
}

/// What an enhanced code of class 5 says, if it says anything.
fn meaning(subject: u16, detail: u16) -> Option<Reason> {
    let line = ENHANCED.iter().find(|(of, from, to, _)| *of == subject && (*from..=*to).contains(&detail));
    line.map(|(.., reason)| *reason)
}

/// Subject and detail of the enhanced code: at the start, as RFC 2034 has it, or behind a `#`, as qmail writes it.
fn enhanced(text: &str) -> Option<(u16, u16)> {
    let behind = text.split_once('#').map(|(_, rest)| rest);
    [Some(text), behind].into_iter().flatten().find_map(|text| {
        let code = text.trim_start().split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut parts = code.split('.');
        let class: u16 = parts.next()?.parse().ok()?;
        let found = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (class == 5 && parts.next().is_none_or(str::is_empty)).then_some(found)
    })
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
                (Failure::Tls(Reason::CertificateExpired, "expired".into()), true),
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
    fn four_hundreds_defer_and_bare_five_hundreds_are_told_by_code_and_phase() {
        for phase in LETTER {
            for code in [421, 450, 451, 452] {
                let outcome = classify(phase, &reply(code, "later"));
                assert!(matches!(outcome, Outcome::Deferred { .. }), "{phase} {code}: {outcome:?}");
            }
            for (code, expected) in [(550, "refused"), (552, "refused"), (554, "refused"), (553, "connection_down")] {
                let outcome = classify(phase, &reply(code, "no"));
                // Before a recipient has been named nothing is said of one, but for a letter's size.
                let us = phase == Stage::Mail && code != 552;
                assert_eq!(outcome.code(), if us { "connection_down" } else { expected }, "{phase} {code}");
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
    fn an_enhanced_code_is_found_where_servers_put_it() {
        for text in ["5.1.1 no", " 5.1.1 no", "sorry, no mailbox here by that name. (#5.1.1)", "5.1.1"] {
            assert_eq!(enhanced(text), Some((1, 1)), "{text}");
        }
        for text in ["no 5.1.1", "4.1.1 no", "5.1 no", "5.1.1.1 no", "", "192.0.2.1 is blocked"] {
            assert_eq!(enhanced(text), None, "{text}");
        }
    }

    #[test]
    fn the_tables_are_in_lower_case_and_no_line_hides_a_later_one() {
        for table in [SPOKEN, VAGUE] {
            for (n, (words, reason)) in table.iter().enumerate() {
                assert_eq!(*words, words.to_lowercase());
                let hidden = table[..n].iter().find(|(earlier, other)| words.contains(earlier) && other == reason);
                assert_eq!(hidden, None, "{words}");
            }
        }
    }
}
