//! The SMTP transport: one letter, one recipient, phase by phase.
//!
//! lettre builds the messages and speaks AUTH; the talk itself is ours. lettre's connection joins the banner with
//! EHLO, and the body with the wait for the final answer, under one call and one error; it reads lines without a
//! bound, takes no STARTTLS over a stream of ours, and writes body and dot apart. Here each phase has its own limit, and
//! where a talk ended is known, which is all that tells a letter that was not sent from one that may have been.
//!
//! There is never a way back to plain text: with `StartTls` a server that does not offer it gets no letter, and no
//! password is sent on a plain connection unless the settings say so in as many words.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::Auth;
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::classify::classify;
use super::message::Outgoing;
use super::outcome::{Failure, Outcome, Probe, Reason, Reply, Stage, clean_text, unsendable};
use super::settings::{SettingsError, SmtpSettings, Timeouts, TlsMode};
use super::tls::connector;
use super::wire::Wire;

/// A mail server. Cheap to clone; clones share the bound on connections.
#[derive(Clone)]
pub struct Smtp {
    inner: Arc<Shared>,
}

struct Shared {
    settings: SmtpSettings,
    server_name: Option<ServerName<'static>>,
    connector: Option<TlsConnector>,
    permits: Arc<Semaphore>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Smtp").field(&self.inner.settings).finish()
    }
}

impl Smtp {
    /// Checks the settings and loads the certificates. Does not connect.
    pub fn new(settings: SmtpSettings) -> Result<Smtp, SettingsError> {
        settings.check()?;
        let (server_name, connector) = match settings.tls {
            TlsMode::None => (None, None),
            TlsMode::StartTls | TlsMode::Implicit => {
                let name = ServerName::try_from(settings.host.clone());
                let name = name.map_err(|_| SettingsError::Host(settings.host.clone()))?;
                (Some(name), Some(connector(settings.extra_root.as_deref())?))
            }
        };
        let permits = Arc::new(Semaphore::new(settings.connections));
        Ok(Smtp { inner: Arc::new(Shared { settings, server_name, connector, permits }) })
    }

    /// A session; it connects when the first letter comes.
    pub fn session(&self) -> SmtpSession {
        SmtpSession { smtp: self.clone(), connection: None, phase: Stage::Connect }
    }

    /// Connects, secures, logs in, takes leave.
    pub async fn probe(&self) -> Result<Probe, Outcome> {
        let mut session = self.session();
        let opened = timeout(self.inner.settings.timeouts.total, session.open()).await;
        let mut connection = match opened.unwrap_or(Err(Failure::TimedOut)) {
            Ok(connection) => connection,
            Err(failure) => return Err(classify(session.phase, &failure)),
        };
        let yes_no = |yes| if yes { "yes" } else { "no" };
        let facts = vec![
            format!("server: {}", clean_text(&connection.greeting)),
            format!("TLS: {}", yes_no(connection.wire.is_encrypted())),
            format!("logged in: {}", yes_no(self.inner.settings.username.is_some())),
        ];
        connection.leave(self.inner.settings.timeouts.helo).await;
        Ok(Probe { facts })
    }
}

/// A connection that is ready for MAIL.
#[derive(Debug)]
struct Connection {
    wire: Wire,
    greeting: String,
    letters: u32,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    /// QUIT; whatever the answer, the connection is gone.
    async fn leave(&mut self, within: Duration) {
        let within = within.min(Duration::from_secs(5));
        let _ = self.wire.command("QUIT\r\n", within).await;
    }
}

/// One worker's connection, kept from letter to letter and dropped on any error.
pub struct SmtpSession {
    smtp: Smtp,
    connection: Option<Connection>,
    /// How far the present talk has got; read when the total limit cuts it off.
    phase: Stage,
}

impl fmt::Debug for SmtpSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSession")
            .field("connected", &self.connection.is_some())
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

impl SmtpSession {
    pub async fn send(&mut self, letter: &Outgoing) -> Outcome {
        let body = match letter.build() {
            Ok(body) => dotted(&body),
            Err(error) => return unsendable(&error.to_string()),
        };
        let total = self.smtp.inner.settings.timeouts.total;
        let sent = timeout(total, self.attempt(letter, &body)).await;
        match sent.unwrap_or(Err(Failure::TimedOut)) {
            Ok(reply) => classify(Stage::AfterDot, &Failure::Reply(reply)),
            Err(failure) => classify(self.phase, &failure),
        }
    }

    pub async fn close(mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.leave(self.timeouts().helo).await;
        }
    }

    fn timeouts(&self) -> Timeouts {
        self.smtp.inner.settings.timeouts
    }

    /// The connection is taken out of the session for the talk and put back only after a clean end: whatever happens in
    /// between, a dropped future included, no other letter meets it.
    async fn attempt(&mut self, letter: &Outgoing, body: &[u8]) -> Result<Reply, Failure> {
        if let Some(mut kept) = self.kept().await {
            match self.talk(&mut kept, letter, body).await {
                // A kept connection may have been closed meanwhile, or be one letter too many for the server; nothing
                // of this letter has been taken before MAIL is accepted.
                Err(failure) if self.phase == Stage::Mail && worth_a_fresh_one(&failure) => drop(kept),
                done => return self.keep(kept, done),
            }
        }
        let mut connection = self.open().await?;
        let done = self.talk(&mut connection, letter, body).await;
        self.keep(connection, done)
    }

    /// The kept connection, if it may carry another letter.
    async fn kept(&mut self) -> Option<Connection> {
        let mut connection = self.connection.take()?;
        if !connection.wire.is_quiet() {
            return None;
        }
        if connection.letters < self.smtp.inner.settings.letters_per_connection {
            return Some(connection);
        }
        connection.leave(self.timeouts().helo).await;
        None
    }

    fn keep(&mut self, mut connection: Connection, done: Result<Reply, Failure>) -> Result<Reply, Failure> {
        if done.as_ref().is_ok_and(Reply::is_positive) {
            connection.letters += 1;
            self.connection = Some(connection);
        }
        done
    }

    /// Connects, secures, greets and logs in.
    async fn open(&mut self) -> Result<Connection, Failure> {
        let shared = Arc::clone(&self.smtp.inner);
        let (settings, timeouts) = (&shared.settings, self.timeouts());
        self.phase = Stage::Connect;
        let permit = Arc::clone(&shared.permits).acquire_owned().await.map_err(|_| Failure::TimedOut)?;
        let mut wire = Wire::connect(&settings.host, settings.port, timeouts.connect).await?;
        if settings.tls == TlsMode::Implicit {
            wire = self.secure(wire, &shared).await?;
        }
        self.phase = Stage::Banner;
        let greeting = positive(wire.reply(timeouts.banner).await?)?.text;
        let mut extensions = self.ehlo(&mut wire, settings).await?;
        if settings.tls == TlsMode::StartTls {
            self.phase = Stage::StartTls;
            if !offers(&extensions, "STARTTLS") {
                return Err(Failure::Tls(Reason::NoStartTls, "the server does not offer STARTTLS".into()));
            }
            positive(wire.command("STARTTLS\r\n", timeouts.helo).await?)?;
            wire = self.secure(wire, &shared).await?;
            // What was offered in the clear counts for nothing.
            extensions = self.ehlo(&mut wire, settings).await?;
        }
        self.log_in(&mut wire, settings, &extensions).await?;
        Ok(Connection { wire, greeting, letters: 0, _permit: permit })
    }

    async fn secure(&mut self, wire: Wire, shared: &Shared) -> Result<Wire, Failure> {
        self.phase = Stage::Tls;
        match (&shared.connector, &shared.server_name) {
            (Some(connector), Some(name)) => {
                wire.secure(connector, name.clone(), shared.settings.timeouts.connect).await
            }
            _ => Err(Failure::Tls(Reason::Tls, "TLS is not set up".into())),
        }
    }

    async fn ehlo(&mut self, wire: &mut Wire, settings: &SmtpSettings) -> Result<String, Failure> {
        self.phase = Stage::Ehlo;
        let reply = wire.command(&format!("EHLO {}\r\n", settings.helo), settings.timeouts.helo).await?;
        Ok(positive(reply)?.text)
    }

    async fn log_in(&mut self, wire: &mut Wire, settings: &SmtpSettings, extensions: &str) -> Result<(), Failure> {
        let (Some(username), Some(password)) = (&settings.username, &settings.password) else { return Ok(()) };
        self.phase = Stage::Auth;
        if !wire.is_encrypted() && !settings.allow_plain_auth {
            return Err(Failure::NoAuth("no password is sent on a plain connection".into()));
        }
        let credentials = Credentials::new(username.clone(), password.expose_secret().to_owned());
        let mechanism = [(Mechanism::Plain, "PLAIN"), (Mechanism::Login, "LOGIN")]
            .into_iter()
            .find(|(_, name)| offers_auth(extensions, name))
            .map(|(mechanism, _)| mechanism)
            .ok_or_else(|| Failure::NoAuth("the server offers neither AUTH PLAIN nor AUTH LOGIN".into()))?;
        let unusable = |_| Failure::NoAuth("the server's AUTH challenge is not understood".into());
        let mut step = Auth::new(mechanism, credentials.clone(), None).map_err(unusable)?;
        // LOGIN asks twice.
        for _ in 0..4 {
            let reply = wire.command(&step.to_string(), settings.timeouts.helo).await?;
            if reply.code != 334 {
                return positive(reply).map(drop);
            }
            let challenge: Response = format!("334 {}\r\n", reply.text).parse().map_err(unusable)?;
            step = Auth::new_from_response(mechanism, credentials.clone(), &challenge).map_err(unusable)?;
        }
        Err(Failure::Garbage)
    }

    async fn talk(&mut self, connection: &mut Connection, letter: &Outgoing, body: &[u8]) -> Result<Reply, Failure> {
        let (wire, timeouts) = (&mut connection.wire, self.timeouts());
        self.phase = Stage::Mail;
        let mail = format!("MAIL FROM:<{}>\r\n", letter.from.address.expose());
        positive(wire.command(&mail, timeouts.mail).await?)?;
        self.phase = Stage::Rcpt;
        let rcpt = format!("RCPT TO:<{}>\r\n", letter.to.address.expose());
        positive(wire.command(&rcpt, timeouts.rcpt).await?)?;
        self.phase = Stage::Data;
        let reply = wire.command("DATA\r\n", timeouts.data).await?;
        if reply.code != 354 {
            return Err(Failure::Reply(reply));
        }
        self.phase = Stage::Body;
        // A block that cannot be handed over whole leaves the server without the dot; the dot is in the last one.
        for block in body.chunks(BLOCK) {
            wire.block(block, timeouts.block).await?;
        }
        self.phase = Stage::AfterDot;
        wire.push(timeouts.block).await?;
        wire.reply(timeouts.after_dot).await
    }
}

const BLOCK: usize = 64 * 1024;

fn positive(reply: Reply) -> Result<Reply, Failure> {
    if reply.is_positive() { Ok(reply) } else { Err(Failure::Reply(reply)) }
}

/// Whether MAIL failed in a way that a new connection may mend.
fn worth_a_fresh_one(failure: &Failure) -> bool {
    match failure {
        Failure::Dropped(_) | Failure::Garbage => true,
        Failure::Reply(reply) => (400..500).contains(&reply.code),
        Failure::TimedOut | Failure::Tls(..) | Failure::NoAuth(_) | Failure::NoAddress(_) => false,
    }
}

fn offers(extensions: &str, keyword: &str) -> bool {
    extensions.lines().any(|line| line.split([' ', '=']).next().is_some_and(|word| word.eq_ignore_ascii_case(keyword)))
}

fn offers_auth(extensions: &str, mechanism: &str) -> bool {
    extensions.lines().any(|line| {
        let mut words = line.split([' ', '=']);
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("AUTH"))
            && words.any(|word| word.eq_ignore_ascii_case(mechanism))
    })
}

/// The message as it goes over the wire: leading dots doubled, the final dot at the end.
fn dotted(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|&b| b == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn dots_are_doubled_and_the_end_is_a_dot() {
        assert_eq!(dotted(b"a\r\n.b\r\n..\r\n"), b"a\r\n..b\r\n...\r\n.\r\n");
        assert_eq!(dotted(b"a"), b"a\r\n.\r\n");
        assert_eq!(dotted(b""), b"\r\n.\r\n");
    }

    #[test]
    fn extensions_are_read() {
        let extensions = "mx.example.com\nSIZE 100\nstarttls\nAUTH LOGIN PLAIN\nAUTH=LOGIN";
        assert!(offers(extensions, "STARTTLS") && offers(extensions, "SIZE") && !offers(extensions, "START"));
        assert!(offers_auth(extensions, "PLAIN") && offers_auth(extensions, "LOGIN"));
        assert!(!offers_auth("AUTH CRAM-MD5\nPLAIN", "PLAIN"));
    }

    #[tokio::test]
    async fn the_stream_has_nodelay() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let wire = Wire::connect("127.0.0.1", port, Duration::from_secs(5)).await.unwrap();
        assert!(wire.nodelay());
    }
}
