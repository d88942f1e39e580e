//! The settings of the SMTP transport, and what they must not be.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use strum::{EnumString, VariantNames};
use thiserror::Error;

use super::tls::TlsSetupError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum TlsMode {
    StartTls,
    /// TLS from the first byte (port 465).
    Implicit,
    /// Not at all: for a relay on this machine.
    None,
}

/// How long each phase may take. The defaults are those of RFC 5321 4.5.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Resolving the name and connecting; the TLS handshake has as long again.
    pub connect: Duration,
    pub banner: Duration,
    /// EHLO, STARTTLS and each step of AUTH.
    pub helo: Duration,
    pub mail: Duration,
    pub rcpt: Duration,
    pub data: Duration,
    pub block: Duration,
    /// The answer to the final dot. Short waits make duplicates.
    pub after_dot: Duration,
    /// All of a letter, connecting included.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Timeouts {
            connect: Duration::from_secs(30),
            banner: minutes(5),
            helo: minutes(5),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            block: minutes(3),
            after_dot: minutes(10),
            total: minutes(20),
        }
    }
}

/// All that has to be known of a mail server.
#[derive(Clone)]
pub struct SmtpSettings {
    pub host: String,
    /// 25, 465, 587.
    pub port: u16,
    pub tls: TlsMode,
    /// With a user name there must be a password.
    pub username: Option<String>,
    /// The password (授权码).
    pub password: Option<SecretString>,
    /// Whether the password may be sent on a plain connection.
    pub allow_plain_auth: bool,
    /// What we call ourselves at EHLO.
    pub helo: String,
    /// A file of certificates to trust beside those of the system, PEM or DER; each is trusted as itself too.
    pub extra_root: Option<PathBuf>,
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// The most connections at a time, over all sessions.
    pub connections: usize,
    /// The most letters over one connection.
    pub letters_per_connection: u32,
}

impl SmtpSettings {
    /// Settings for a server, with the defaults for everything else and no authentication.
    pub fn new(host: impl Into<String>, port: u16, tls: TlsMode) -> SmtpSettings {
        SmtpSettings {
            host: host.into(),
            port,
            tls,
            username: None,
            password: None,
            allow_plain_auth: false,
            helo: "localhost".into(),
            extra_root: None,
            timeouts: Timeouts::default(),
            connections: 1,
            letters_per_connection: 100,
        }
    }

    /// Whether a server could be reached with them, and no password be read on the way.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let plain_name = |name: &str| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
            !name.is_empty() && name.len() <= 255 && name.bytes().all(allowed)
        };
        if !plain_name(&self.host) {
            return Err(SettingsError::Host(self.host.clone()));
        }
        if !plain_name(&self.helo) {
            return Err(SettingsError::Helo(self.helo.clone()));
        }
        if self.username.is_some() != self.password.is_some() {
            return Err(SettingsError::Credentials);
        }
        if self.username.is_some() && self.tls == TlsMode::None && !self.allow_plain_auth {
            return Err(SettingsError::PlainAuth);
        }
        if self.connections == 0 || self.letters_per_connection == 0 {
            return Err(SettingsError::Zero);
        }
        Ok(())
    }
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The user name is an address as a rule.
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("auth", &self.username.is_some())
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

/// What is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettingsError {
    #[error("the mail server's host {0:?} is neither a host name nor an IP address")]
    Host(String),
    /// Not a name that can be said at EHLO.
    #[error("the EHLO name {0:?} is no host name")]
    Helo(String),
    /// One without the other.
    #[error("user name and password go together: one of them is missing")]
    Credentials,
    /// A password in the clear.
    #[error("a password on a connection without TLS: set TLS, or allow it in as many words")]
    PlainAuth,
    /// No connection could ever be made.
    #[error("the number of connections and of letters over one must be at least 1")]
    Zero,
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::smtp::Smtp;

    #[test]
    fn settings_that_would_leak_or_never_work_are_refused() {
        let base = || SmtpSettings::new("localhost", 25, TlsMode::None);
        let with_password = |settings: SmtpSettings| SmtpSettings {
            username: Some("u@example.com".into()),
            password: Some(SecretString::from("p")),
            ..settings
        };
        let error = |settings| Smtp::new(settings).err();
        assert_eq!(error(base()), None);
        assert_eq!(error(with_password(base())), Some(SettingsError::PlainAuth));
        assert_eq!(error(SmtpSettings { allow_plain_auth: true, ..with_password(base()) }), None);
        assert_eq!(error(SmtpSettings { username: Some("u".into()), ..base() }), Some(SettingsError::Credentials));
        assert_eq!(error(SmtpSettings { connections: 0, ..base() }), Some(SettingsError::Zero));
        assert_eq!(error(SmtpSettings { helo: "a b".into(), ..base() }), Some(SettingsError::Helo("a b".into())));
        assert_eq!(error(SmtpSettings { host: String::new(), ..base() }), Some(SettingsError::Host(String::new())));
        let missing = SmtpSettings { tls: TlsMode::StartTls, extra_root: Some("/no/such.pem".into()), ..base() };
        assert!(
            matches!(error(missing), Some(SettingsError::Tls(TlsSetupError::Root { path, .. })) if path == "/no/such.pem")
        );
    }

    #[test]
    fn settings_do_not_show_name_or_password() {
        let settings = SmtpSettings {
            username: Some("canary-user@example.com".into()),
            password: Some(SecretString::from("canary-password")),
            ..SmtpSettings::new("localhost", 465, TlsMode::Implicit)
        };
        assert!(!format!("{settings:?}").contains("canary"));
    }
}
