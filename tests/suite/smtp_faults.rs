//! Every way in which a mail server can fail, and what we then know of the letter.

use std::time::Duration;

use chrono::DateTime;
use secrecy::SecretString;

use crate::support::smtp_server::{At, Fault, How, Security, Setup, SmtpServer};
use duban::mail::{
    Mailbox, Outcome, Outgoing, Reason, Smtp, SmtpSettings, Stage, Timeouts, TlsMode, Transport, message_id,
    parse_address,
};

/// Short enough for a test, long enough for a busy machine.
const SHORT: Duration = Duration::from_secs(1);

fn letter(n: u32) -> Outgoing {
    let from = parse_address("duban@cq.gov.cn").unwrap();
    Outgoing {
        message_id: message_id(&n.to_string(), &from),
        from: Mailbox::new("督办系统", from),
        reply_to: None,
        to: Mailbox::new("质安处联络员", parse_address(&format!("unit{n}@cq.gov.cn")).unwrap()),
        subject: "【今日待办】到期1项".into(),
        text: ".第13项第2条\n".into(),
        html: "<p>.第13项第2条</p>\n".into(),
        date: DateTime::parse_from_rfc3339("2022-10-31T09:00:00+08:00").unwrap(),
        in_reply_to: None,
    }
}

fn settings(server: &SmtpServer) -> SmtpSettings {
    let long = Duration::from_secs(20);
    SmtpSettings {
        timeouts: Timeouts {
            connect: long,
            banner: long,
            helo: long,
            mail: long,
            rcpt: long,
            data: long,
            block: long,
            after_dot: long,
            total: Duration::from_secs(30),
        },
        ..SmtpSettings::new("127.0.0.1", server.port(), TlsMode::None)
    }
}

/// The phase in question is the only one with a short limit.
fn hasty(server: &SmtpServer, at: At) -> SmtpSettings {
    let mut settings = settings(server);
    let timeouts = &mut settings.timeouts;
    match at {
        At::Banner => timeouts.banner = SHORT,
        At::Ehlo | At::StartTls | At::Auth => timeouts.helo = SHORT,
        At::Mail => timeouts.mail = SHORT,
        At::Rcpt => timeouts.rcpt = SHORT,
        At::Data => timeouts.data = SHORT,
        At::Body => timeouts.block = SHORT,
        At::Dot => timeouts.after_dot = SHORT,
    }
    settings
}

fn smtp(settings: SmtpSettings) -> Transport {
    Transport::Smtp(Smtp::new(settings).unwrap())
}

/// Code, phase, reason, alarm.
fn summary(outcome: &Outcome) -> (&'static str, Stage, Option<Reason>, bool) {
    (outcome.code(), outcome.stage(), outcome.reason(), outcome.alarms())
}

#[tokio::test]
async fn a_letter_arrives_whole() {
    let server = SmtpServer::start(Setup::default()).await;
    let mut session = smtp(settings(&server)).session();
    let outcome = session.send(&letter(1)).await;
    session.close().await;
    assert_eq!(outcome, Outcome::Sent { reply: "250 2.0.0 Ok: queued as FAKE1".into() });
    let received = server.received();
    assert_eq!(received.len(), 1);
    assert_eq!((received[0].from.as_str(), received[0].to.as_str()), ("duban@cq.gov.cn", "unit1@cq.gov.cn"));
    assert_eq!(received[0].raw, letter(1).build().unwrap());
    assert_eq!(server.said().last().unwrap(), "clear: QUIT");
}

#[tokio::test]
async fn replies_at_each_phase() {
    let cases = [
        (At::Banner, "421 busy", ("connection_down", Stage::Banner, Some(Reason::Temporary), false)),
        (At::Banner, "554 no service", ("connection_down", Stage::Banner, Some(Reason::Policy), true)),
        (At::Ehlo, "421 busy", ("connection_down", Stage::Ehlo, Some(Reason::Temporary), false)),
        (At::Ehlo, "502 no EHLO", ("connection_down", Stage::Ehlo, Some(Reason::Protocol), true)),
        (At::Mail, "451 later", ("deferred", Stage::Mail, Some(Reason::Temporary), false)),
        (At::Mail, "553 no", ("connection_down", Stage::Mail, Some(Reason::Sender), true)),
        (At::Mail, "530 log in", ("connection_down", Stage::Mail, Some(Reason::Auth), true)),
        (At::Rcpt, "450 greylisted", ("deferred", Stage::Rcpt, Some(Reason::Temporary), false)),
        (At::Rcpt, "550 no such user", ("refused", Stage::Rcpt, Some(Reason::Mailbox), false)),
        (At::Rcpt, "550 Connection frequency limited", ("connection_down", Stage::Rcpt, Some(Reason::Throttled), true)),
        (
            At::Dot,
            "550 5.4.5 Daily user sending quota exceeded",
            ("connection_down", Stage::AfterDot, Some(Reason::Quota), true),
        ),
        (At::Data, "452 full", ("deferred", Stage::Data, Some(Reason::Temporary), false)),
        (At::Data, "554 no", ("refused", Stage::Data, Some(Reason::Permanent), false)),
        (At::Data, "250 what", ("deferred", Stage::Data, Some(Reason::Garbage), false)),
        (At::Dot, "421 going down", ("deferred", Stage::AfterDot, Some(Reason::Temporary), false)),
        (At::Dot, "452 disk full", ("deferred", Stage::AfterDot, Some(Reason::Temporary), false)),
        (At::Dot, "554 DT:SPM", ("refused", Stage::AfterDot, Some(Reason::Content), false)),
        (At::Dot, "354 what", ("unknown", Stage::AfterDot, Some(Reason::Garbage), false)),
    ];
    for (at, say, expected) in cases {
        let server = SmtpServer::start(Setup::default()).await;
        if matches!(at, At::Banner | At::Ehlo) {
            server.connection(Fault::new(at, How::Say(say)));
        } else {
            server.letter(Fault::new(at, How::Say(say)));
        }
        let mut session = smtp(settings(&server)).session();
        let outcome = session.send(&letter(1)).await;
        assert_eq!(summary(&outcome), expected, "{at:?} {say}");
        assert!(server.received().is_empty(), "{at:?} {say}");
        // The next letter is none the worse.
        assert!(session.send(&letter(2)).await.is_sent(), "{at:?} {say}");
        assert_eq!(server.received().len(), 1);
    }
}

/// What is known of the letter when there is no usable answer at that phase.
fn silent(at: At, reason: Reason) -> (&'static str, Stage, Option<Reason>, bool) {
    match at {
        At::Banner => ("connection_down", Stage::Banner, Some(reason), false),
        At::Ehlo => ("connection_down", Stage::Ehlo, Some(reason), false),
        At::Mail => ("deferred", Stage::Mail, Some(reason), false),
        At::Rcpt => ("deferred", Stage::Rcpt, Some(reason), false),
        At::Data => ("deferred", Stage::Data, Some(reason), false),
        At::Dot => ("unknown", Stage::AfterDot, Some(reason), false),
        At::StartTls | At::Auth | At::Body => unreachable!("tested apart"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drops_hangs_and_garbage_at_each_phase() {
    let mut cases = tokio::task::JoinSet::new();
    for at in [At::Banner, At::Ehlo, At::Mail, At::Rcpt, At::Data, At::Dot] {
        for (how, reason) in [
            (How::Drop, Reason::Dropped),
            (How::Hang, Reason::TimedOut),
            (How::Garbage, Reason::Garbage),
            (How::Endless, Reason::Garbage),
            (How::Slow(200), Reason::TimedOut),
        ] {
            cases.spawn(one_without_answer(at, how, reason));
        }
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
}

async fn one_without_answer(at: At, how: How, reason: Reason) {
    let server = SmtpServer::start(Setup::default()).await;
    let fault = Fault::new(at, how.clone());
    if matches!(at, At::Banner | At::Ehlo) {
        server.connection(fault);
    } else {
        server.letter(fault);
    }
    let mut session = smtp(hasty(&server, at)).session();
    // A bound on the wait, not a measurement: without its own timeout the phase would hang for ever.
    let outcome = tokio::time::timeout(Duration::from_mins(1), session.send(&letter(1))).await.unwrap();
    assert_eq!(summary(&outcome), silent(at, reason), "{at:?} {how:?}");
    assert!(session.send(&letter(2)).await.is_sent(), "the letter after {at:?} {how:?}");
    assert_eq!(server.received().len(), 1, "{at:?} {how:?}");
}

#[tokio::test]
async fn an_answer_lost_after_the_dot_is_unknown_whether_kept_or_not() {
    for keeps in [true, false] {
        let server = SmtpServer::start(Setup::default()).await;
        server.letter(Fault { at: At::Dot, how: How::Drop, keeps });
        let mut session = smtp(settings(&server)).session();
        assert_eq!(
            summary(&session.send(&letter(1)).await),
            ("unknown", Stage::AfterDot, Some(Reason::Dropped), false)
        );
        assert_eq!(server.received().len(), usize::from(keeps));
        // Sent again, it is the same letter under the same Message-ID.
        assert!(session.send(&letter(1)).await.is_sent());
        for received in server.received() {
            assert_eq!(received.raw, letter(1).build().unwrap());
        }
    }
}

#[tokio::test]
async fn a_late_answer_is_unknown_and_never_taken_for_the_next_letters() {
    let server = SmtpServer::start(Setup::default()).await;
    server.letter(Fault::kept(At::Dot, How::Slow(100)));
    server.letter(Fault::new(At::Rcpt, How::Say("550 no such user")));
    let mut session = smtp(hasty(&server, At::Dot)).session();
    assert_eq!(summary(&session.send(&letter(1)).await).0, "unknown");
    assert_eq!(summary(&session.send(&letter(2)).await), ("refused", Stage::Rcpt, Some(Reason::Mailbox), false));
}

#[tokio::test]
async fn a_letter_cut_off_in_its_body_was_not_sent() {
    for (how, reason) in [(How::Drop, Reason::Dropped), (How::Hang, Reason::TimedOut)] {
        let server = SmtpServer::start(Setup::default()).await;
        server.letter(Fault::new(At::Body, how));
        let mut big = letter(1);
        // More than the sockets can hold, so that the body cannot be handed over whole.
        big.text = "第13项第2条，请按时限办理。\n".repeat(150_000);
        let mut session = smtp(hasty(&server, At::Body)).session();
        assert_eq!(summary(&session.send(&big).await), ("deferred", Stage::Body, Some(reason), false));
        assert!(server.received().is_empty());
    }
}

#[tokio::test]
async fn an_answer_too_many_never_meets_another_letter() {
    let server = SmtpServer::start(Setup::default()).await;
    server.letter(Fault::kept(At::Dot, How::Twice));
    server.letter(Fault::new(At::Dot, How::Say("554 no")));
    let mut session = smtp(settings(&server)).session();
    assert!(session.send(&letter(1)).await.is_sent());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(summary(&session.send(&letter(2)).await), ("refused", Stage::AfterDot, Some(Reason::Permanent), false));
    assert_eq!(server.received().len(), 1);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn one_stuck_connection_costs_only_itself() {
    let server = SmtpServer::start(Setup::default()).await;
    server.connection(Fault::new(At::Banner, How::Hang));
    let transport = smtp(SmtpSettings { connections: 2, ..settings(&server) });
    let mut stuck = transport.session();
    let stuck = tokio::spawn(async move { stuck.send(&letter(0)).await });
    while server.connections() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut session = transport.session();
    for n in 1..=20 {
        assert!(session.send(&letter(n)).await.is_sent());
    }
    assert!(!stuck.is_finished(), "the others did not wait for it");
    stuck.abort();
    assert_eq!(server.received().len(), 20);
}

#[tokio::test]
async fn the_total_limit_ends_what_no_phase_limit_ends() {
    for (at, expected) in [
        (At::Banner, ("connection_down", Stage::Banner, Some(Reason::TimedOut), false)),
        (At::Rcpt, ("deferred", Stage::Rcpt, Some(Reason::TimedOut), false)),
        (At::Dot, ("unknown", Stage::AfterDot, Some(Reason::TimedOut), false)),
    ] {
        let server = SmtpServer::start(Setup::default()).await;
        let fault = Fault::new(at, How::Hang);
        if at == At::Banner {
            server.connection(fault);
        } else {
            server.letter(fault);
        }
        let mut settings = settings(&server);
        settings.timeouts.total = SHORT;
        assert_eq!(summary(&smtp(settings).session().send(&letter(1)).await), expected);
    }
}

#[tokio::test]
async fn many_letters_go_over_one_connection() {
    let server = SmtpServer::start(Setup::default()).await;
    let mut session = smtp(settings(&server)).session();
    for n in 0..50 {
        assert!(session.send(&letter(n)).await.is_sent());
    }
    assert_eq!((server.received().len(), server.connections()), (50, 1));
    let commands = server.said().len();
    assert_eq!(commands, 1 + 50 * 3, "EHLO once, then MAIL, RCPT and DATA for each letter, nothing else");
}

#[tokio::test]
async fn connections_are_bounded_and_renewed() {
    let server = SmtpServer::start(Setup::default()).await;
    let transport = smtp(SmtpSettings { connections: 3, letters_per_connection: 10, ..settings(&server) });
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let mut session = transport.session();
            tokio::spawn(async move {
                for n in 0..25 {
                    assert!(session.send(&letter(worker * 100 + n)).await.is_sent());
                }
                session.close().await;
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(server.received().len(), 200);
    assert!(server.most_open() <= 3, "{}", server.most_open());
    assert_eq!(server.connections(), 24, "each worker needs three connections for 25 letters at 10 a connection");
}

#[tokio::test]
async fn a_server_that_hangs_up_between_letters_costs_no_letter() {
    let server = SmtpServer::start(Setup { letters_per_connection: Some(1), ..Setup::default() }).await;
    let mut session = smtp(settings(&server)).session();
    for n in 0..5 {
        assert!(session.send(&letter(n)).await.is_sent());
    }
    assert_eq!((server.received().len(), server.connections()), (5, 5));
}

#[tokio::test]
async fn a_kept_connection_that_has_had_enough_is_renewed_once() {
    let server = SmtpServer::start(Setup::default()).await;
    let mut session = smtp(settings(&server)).session();
    assert!(session.send(&letter(1)).await.is_sent());
    server.letter(Fault::new(At::Mail, How::Say("450 MI:DMC too many mails")));
    assert!(session.send(&letter(2)).await.is_sent(), "the second letter went over a new connection");
    server.letter(Fault::new(At::Mail, How::Say("450 MI:DMC too many mails")));
    server.letter(Fault::new(At::Mail, How::Say("450 MI:DMC too many mails")));
    let throttled = ("connection_down", Stage::Mail, Some(Reason::Throttled), false);
    assert_eq!(summary(&session.send(&letter(3)).await), throttled);
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_send_that_is_dropped_leaves_no_connection_behind() {
    let server = SmtpServer::start(Setup::default()).await;
    let mut session = smtp(settings(&server)).session();
    assert!(session.send(&letter(1)).await.is_sent());
    server.letter(Fault::new(At::Rcpt, How::Hang));
    assert!(tokio::time::timeout(SHORT, session.send(&letter(2))).await.is_err());
    server.letter(Fault::new(At::Dot, How::Say("554 no")));
    assert_eq!(summary(&session.send(&letter(3)).await).0, "refused");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn nobody_listening() {
    let server = SmtpServer::start(Setup::default()).await;
    let settings = settings(&server);
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let outcome = smtp(settings).session().send(&letter(1)).await;
    assert_eq!(summary(&outcome), ("connection_down", Stage::Connect, Some(Reason::Dropped), false));
}

fn login(user: &str, password: &str) -> (Option<String>, Option<SecretString>) {
    (Some(user.into()), Some(SecretString::from(password.to_owned())))
}

fn guarded(security: Security) -> Setup {
    Setup { security, login: Some(("u@cq.gov.cn".into(), "秘密p".into())), ..Setup::default() }
}

fn secure_settings(server: &SmtpServer, tls: TlsMode, password: &str) -> SmtpSettings {
    let (username, password) = login("u@cq.gov.cn", password);
    SmtpSettings {
        host: "localhost".into(),
        tls,
        username,
        password,
        extra_root: Some(server.certificate().to_owned()),
        ..settings(server)
    }
}

#[tokio::test]
async fn passwords_go_over_tls_only() {
    for (security, tls) in [(Security::StartTls, TlsMode::StartTls), (Security::Implicit, TlsMode::Implicit)] {
        for mechanisms in ["PLAIN LOGIN", "LOGIN", "CRAM-MD5 PLAIN"] {
            let server = SmtpServer::start(Setup { mechanisms, ..guarded(security) }).await;
            let mut session = smtp(secure_settings(&server, tls, "秘密p")).session();
            let outcome = session.send(&letter(1)).await;
            assert!(outcome.is_sent(), "{security:?} {mechanisms}: {outcome:?}");
            assert!(session.send(&letter(2)).await.is_sent());
            session.close().await;
            assert!(server.said().iter().any(|line| line.starts_with("tls: AUTH")));
            assert!(!server.said().iter().any(|line| line.starts_with("clear: AUTH")));
            assert_eq!(server.received().len(), 2);
        }
    }
}

#[tokio::test]
async fn a_wrong_password_is_an_alarm_and_no_letters_end() {
    for mechanisms in ["PLAIN", "LOGIN"] {
        let server = SmtpServer::start(Setup { mechanisms, ..guarded(Security::Implicit) }).await;
        let mut session = smtp(secure_settings(&server, TlsMode::Implicit, "wrong")).session();
        let outcome = session.send(&letter(1)).await;
        assert_eq!(summary(&outcome), ("connection_down", Stage::Auth, Some(Reason::Auth), true));
        assert!(!format!("{outcome:?}").contains("wrong"));
    }
    // Required, but not in the settings.
    let server = SmtpServer::start(guarded(Security::None)).await;
    let outcome = smtp(settings(&server)).session().send(&letter(1)).await;
    assert_eq!(summary(&outcome), ("connection_down", Stage::Mail, Some(Reason::Auth), true));
    // In the settings, but nothing offered that we speak.
    let server = SmtpServer::start(Setup { mechanisms: "CRAM-MD5", ..guarded(Security::Implicit) }).await;
    let outcome = smtp(secure_settings(&server, TlsMode::Implicit, "秘密p")).session().send(&letter(1)).await;
    assert_eq!(summary(&outcome), ("connection_down", Stage::Auth, Some(Reason::Auth), true));
}

#[tokio::test]
async fn auth_and_starttls_can_fail_for_a_while() {
    let server = SmtpServer::start(guarded(Security::StartTls)).await;
    for (at, how, expected) in [
        (At::StartTls, How::Say("454 later"), (Stage::StartTls, Reason::Temporary, false)),
        (At::StartTls, How::Say("502 no"), (Stage::StartTls, Reason::Protocol, true)),
        (At::StartTls, How::Drop, (Stage::StartTls, Reason::Dropped, false)),
        (At::Auth, How::Say("454 later"), (Stage::Auth, Reason::Temporary, false)),
        (At::Auth, How::Drop, (Stage::Auth, Reason::Dropped, false)),
        (At::Auth, How::Garbage, (Stage::Auth, Reason::Garbage, false)),
    ] {
        server.connection(Fault::new(at, how.clone()));
        let mut session = smtp(secure_settings(&server, TlsMode::StartTls, "秘密p")).session();
        let (phase, reason, alarm) = expected;
        let outcome = session.send(&letter(1)).await;
        assert_eq!(summary(&outcome), ("connection_down", phase, Some(reason), alarm), "{at:?} {how:?}");
        assert!(session.send(&letter(2)).await.is_sent());
    }
}

#[tokio::test]
async fn there_is_no_way_back_to_plain_text() {
    // STARTTLS asked for, not offered.
    let plain = SmtpServer::start(guarded(Security::None)).await;
    let trusted = SmtpServer::start(guarded(Security::Implicit)).await;
    let mut without = secure_settings(&trusted, TlsMode::StartTls, "秘密p");
    without.port = plain.port();
    let outcome = smtp(without).session().send(&letter(1)).await;
    assert_eq!(summary(&outcome), ("connection_down", Stage::StartTls, Some(Reason::NoStartTls), true));
    // Offered, but no TLS follows.
    let broken = SmtpServer::start(guarded(Security::BrokenStartTls)).await;
    let outcome = smtp(secure_settings(&broken, TlsMode::StartTls, "秘密p")).session().send(&letter(1)).await;
    assert_eq!(summary(&outcome), ("connection_down", Stage::Tls, Some(Reason::NoTls), true));
    for server in [&plain, &broken] {
        assert!(server.received().is_empty());
        assert!(
            !server.said().iter().any(|line| line.contains("AUTH") || line.contains("MAIL")),
            "{:?}",
            server.said()
        );
    }
}

#[tokio::test]
async fn certificates_are_checked() {
    for tls in [TlsMode::StartTls, TlsMode::Implicit] {
        let security = if tls == TlsMode::Implicit { Security::Implicit } else { Security::StartTls };
        let foreign = SmtpServer::start(Setup { certificate_for: "other.example.com", ..guarded(security) }).await;
        let expired = SmtpServer::start(Setup { expired: true, ..guarded(security) }).await;
        for (server, reason, words) in [
            (&foreign, Reason::CertificateName, "made out to other.example.com, not to localhost"),
            (&expired, Reason::CertificateExpired, "ended on 2001-01-01"),
        ] {
            let outcome = smtp(secure_settings(server, tls, "秘密p")).session().send(&letter(1)).await;
            assert_eq!(summary(&outcome), ("connection_down", Stage::Tls, Some(reason), true));
            assert!(outcome.reply().unwrap().contains(words), "{outcome:?}");
            assert!(!server.said().iter().any(|line| line.contains("AUTH")));
        }
        // A good certificate that nobody vouches for.
        let server = SmtpServer::start(guarded(security)).await;
        let other = SmtpServer::start(guarded(security)).await;
        let mut settings = secure_settings(&server, tls, "秘密p");
        settings.extra_root = Some(other.certificate().to_owned());
        let outcome = smtp(settings).session().send(&letter(1)).await;
        assert_eq!(summary(&outcome), ("connection_down", Stage::Tls, Some(Reason::CertificateUnknown), true));
    }
}

#[tokio::test]
async fn a_certificate_that_the_configuration_names_is_trusted_as_itself() {
    for (authority, certificate_for) in [(true, "localhost"), (false, "localhost"), (true, ""), (false, "")] {
        let setup = Setup { certificate_for, authority, ..guarded(Security::Implicit) };
        let server = SmtpServer::start(setup.clone()).await;
        let settings = secure_settings(&server, TlsMode::Implicit, "秘密p");
        let outcome = smtp(settings.clone()).session().send(&letter(1)).await;
        assert!(outcome.is_sent(), "{authority} {certificate_for:?}: {outcome:?}");
        // Another of the same name is another.
        let other = SmtpServer::start(setup).await;
        let named = Some(other.certificate().to_owned());
        let outcome = smtp(SmtpSettings { extra_root: named, ..settings }).session().send(&letter(2)).await;
        assert_eq!(outcome.stage(), Stage::Tls, "{outcome:?}");
    }
    // Its dates count, whoever names it.
    let expired = SmtpServer::start(Setup { authority: true, expired: true, ..guarded(Security::Implicit) }).await;
    let outcome = smtp(secure_settings(&expired, TlsMode::Implicit, "秘密p")).session().send(&letter(1)).await;
    assert_eq!(outcome.reason(), Some(Reason::CertificateExpired));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_and_a_certificate_as_windows_leaves_them_and_a_full_name_at_ehlo() {
    let server = SmtpServer::start(Setup { authority: true, ..guarded(Security::Implicit) }).await;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let certificate = std::fs::read_to_string(server.certificate()).unwrap();
    write("root.pem", format!("\u{feff}{}", certificate.replace('\n', "\r\n")));
    write("password.txt", "\u{feff} 秘密p\r\n".into());
    let config = format!(
        "[mail]\nfrom = \"duban@mail.cq.gov.cn\"\n[mail.transport]\nkind = \"smtp\"\nhost = \"localhost\"\nport = {}\n\
         tls = \"implicit\"\nusername = \"u@cq.gov.cn\"\npassword_file = \"password.txt\"\nextra_root = \"root.pem\"\n",
        server.port()
    );
    write("duban.toml", config);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_duban"));
    command.current_dir(folder.path()).env_clear();
    command.args(["send-test", "--config", "duban.toml", "--to", "zhang@cq.gov.cn"]);
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && out.starts_with("taken: "), "{out}{err}");
    assert_eq!(server.received().len(), 1);
    let said = server.said();
    let name = said.iter().find_map(|line| line.strip_prefix("tls: EHLO ")).unwrap();
    assert!(name.contains('.') && !name.starts_with("localhost"), "{name}");
}

#[tokio::test]
async fn tls_where_none_is_spoken_is_said() {
    let plain = SmtpServer::start(Setup::default()).await;
    let trusted = SmtpServer::start(guarded(Security::Implicit)).await;
    let mut settings = secure_settings(&trusted, TlsMode::Implicit, "秘密p");
    settings.port = plain.port();
    let outcome = smtp(settings).session().send(&letter(1)).await;
    assert_eq!(summary(&outcome), ("connection_down", Stage::Tls, Some(Reason::NoTls), true));
}

#[tokio::test]
async fn the_probe_sends_no_letter() {
    let server = SmtpServer::start(guarded(Security::Implicit)).await;
    let probe = smtp(secure_settings(&server, TlsMode::Implicit, "秘密p")).probe().await.unwrap();
    assert_eq!(probe.facts, ["server: fake.example.com ready", "TLS: yes", "logged in: yes"]);
    assert!(!server.said().iter().any(|line| line.contains("MAIL")));
    let failed = smtp(secure_settings(&server, TlsMode::Implicit, "wrong")).probe().await.unwrap_err();
    assert_eq!(summary(&failed), ("connection_down", Stage::Auth, Some(Reason::Auth), true));
}

#[tokio::test]
async fn a_poison_row_is_refused_before_anybody_connects() {
    let server = SmtpServer::start(Setup::default()).await;
    let mut session = smtp(settings(&server)).session();
    let mut poison = letter(1);
    poison.to.name = "质安处\r\nBcc: x@y.cn".into();
    assert_eq!(summary(&session.send(&poison).await), ("refused", Stage::Build, Some(Reason::Unsendable), false));
    assert_eq!(server.connections(), 0);
    assert!(session.send(&letter(2)).await.is_sent());
}

#[tokio::test]
async fn a_servers_words_lose_their_addresses() {
    let server = SmtpServer::start(Setup::default()).await;
    server.letter(Fault::new(At::Rcpt, How::Say("550 5.1.1 <unit1@cq.gov.cn>: no such user \u{1b}[2J")));
    let outcome = smtp(settings(&server)).session().send(&letter(1)).await;
    let Outcome::Refused { reply, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(reply, "550 5.1.1 <***@***>: no such user [2J");
}
