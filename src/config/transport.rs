//! `[mail.transport]`: the way out. Each kind has its own keys, and none of another's.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use super::{
    secret,
    value::{Kind, MailAddress, Span},
    values::{Key, Surroundings, Values},
};
use crate::{
    catalogue::{
        Diagnostics,
        mistake::setting::{Secret, SettingFault},
    },
    mail::{self, FileOutbox, SettingsError, Smtp, SmtpSettings, TlsMode, Transport, is_example_address},
};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Flat")]
pub enum TransportSection {
    /// Each letter a file in a folder.
    File {
        /// The folder, if it is not `outbox` in the state folder.
        folder: Option<PathBuf>,
    },
    Smtp(SmtpSection),
}

/// The keys of a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpSection {
    pub host: String,
    /// Its port, if it is not the usual one.
    pub port: Option<u16>,
    pub tls: TlsMode,
    pub username: Option<String>,
    pub password_file: Option<PathBuf>,
    /// Whether the password may go over a connection without TLS.
    pub allow_plain_auth: bool,
    pub helo: Option<String>,
    /// A PEM file of certificates to trust beside the system's.
    pub extra_root: Option<PathBuf>,
    /// The most letters over one connection.
    pub letters_per_connection: u32,
}

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flat {
    kind: String,
    folder: Option<PathBuf>,
    host: Option<String>,
    port: Option<u16>,
    tls: Option<String>,
    username: Option<String>,
    password_file: Option<PathBuf>,
    allow_plain_auth: Option<bool>,
    helo: Option<String>,
    extra_root: Option<PathBuf>,
    letters_per_connection: Option<u32>,
}

const LETTERS_PER_CONNECTION: u32 = 100;
/// The credential of systemd that may hold the password.
pub const CREDENTIAL: &str = "smtp-password";

pub const KEYS: &[Key] = &[
    Key::new("mail.transport.kind", Kind::Word(&["file", "smtp"]), "\"smtp\""),
    Key::new("mail.transport.folder", Kind::Path, "\"/srv/duban/outbox\""),
    Key::new("mail.transport.host", Kind::Host, "\"smtp.cq.gov.cn\""),
    Key::new("mail.transport.port", Kind::Number(1, 65535), "587"),
    Key::new("mail.transport.tls", Kind::Word(&["starttls", "implicit", "none"]), "\"starttls\""),
    Key::new("mail.transport.username", Kind::Text, "\"duban@cq.gov.cn\""),
    Key::new("mail.transport.password_file", Kind::Path, "\"/etc/duban/smtp-password\""),
    Key::new("mail.transport.allow_plain_auth", Kind::Flag, "false"),
    Key::new("mail.transport.helo", Kind::Host, "\"duban.cq.gov.cn\""),
    Key::new("mail.transport.extra_root", Kind::Path, "\"/etc/duban/ca.pem\""),
    Key::new("mail.transport.letters_per_connection", Kind::Number(1, 10_000), "100"),
];

const PREFIX: &str = "mail.transport.";
const FILE_KEYS: [&str; 2] = ["kind", "folder"];

impl TryFrom<Flat> for TransportSection {
    type Error = String;

    fn try_from(flat: Flat) -> Result<TransportSection, String> {
        if flat.kind != "smtp" {
            return Ok(TransportSection::File { folder: flat.folder });
        }
        let tls = match flat.tls.as_deref() {
            Some("none") => TlsMode::None,
            Some("implicit") => TlsMode::Implicit,
            _ => TlsMode::StartTls,
        };
        Ok(TransportSection::Smtp(SmtpSection {
            host: flat.host.ok_or("`host` is missing")?,
            port: flat.port,
            tls,
            username: flat.username,
            password_file: flat.password_file,
            allow_plain_auth: flat.allow_plain_auth.unwrap_or(false),
            helo: flat.helo,
            extra_root: flat.extra_root,
            letters_per_connection: flat.letters_per_connection.unwrap_or(LETTERS_PER_CONNECTION),
        }))
    }
}

/// What cannot be true at once, and whether the password can be read.
pub fn check(values: &Values, around: &Surroundings) -> Diagnostics {
    let mut wrong = Diagnostics::default();
    let Some(kind) = values.get("mail.transport.kind") else { return wrong };
    let smtp = kind.text == "smtp";
    for key in KEYS {
        let name = key.path.strip_prefix(PREFIX).unwrap_or(key.path);
        let of_file = FILE_KEYS.contains(&name);
        if let Some(placed) = values.get(key.path)
            && name != "kind"
            && of_file == smtp
        {
            let (of, chosen) = if smtp { ("file", "smtp") } else { ("smtp", "file") };
            wrong.add(placed.wrong(SettingFault::OtherTransport { key: name, of, chosen }));
        }
    }
    if smtp {
        check_smtp(values, around, &mut wrong);
    }
    wrong
}

fn check_smtp(values: &Values, around: &Surroundings, wrong: &mut Diagnostics) {
    let Some(kind) = values.get("mail.transport.kind") else { return };
    if values.get("mail.transport.host").is_none() && !values.is_bad("mail.transport.host") {
        wrong.add(kind.wrong(SettingFault::SmtpWithoutHost));
    }
    let from = values.get("mail.from");
    let example = |text: &str| text.parse().is_ok_and(|MailAddress(address)| is_example_address(&address));
    if let Some(from) = from.filter(|from| example(&from.text)) {
        let placed = if from.is_default() { kind } else { from };
        wrong.add(placed.wrong(SettingFault::ExampleSender));
    }
    let user = values.get("mail.transport.username");
    let file = values.get("mail.transport.password_file");
    match (user, file) {
        (None, Some(file)) => wrong.add(file.wrong(SettingFault::PasswordWithoutUser)),
        (Some(user), None) if !secret::has_credential(CREDENTIAL, around) => {
            wrong.add(user.wrong(SettingFault::UserWithoutPassword { credential: CREDENTIAL }));
        }
        _ => {}
    }
    if let (Some(user), Some(tls)) = (user, values.get("mail.transport.tls")) {
        let allowed = values.get("mail.transport.allow_plain_auth").is_some_and(|flag| flag.text == "true");
        if tls.text == "none" && !allowed {
            wrong.add(user.wrong(SettingFault::PlainPassword));
        }
    }
    let path = file.map(|file| PathBuf::from(&file.text));
    if let Err(error) = secret::read(path.as_deref(), CREDENTIAL, around) {
        let fault = SettingFault::UnreadableSecret { wrong: error, right: Secret::MailPassword };
        wrong.add(file.or(user).unwrap_or(kind).wrong(fault));
    }
    if let Some(root) = values.get("mail.transport.extra_root")
        && let Err(error) = std::fs::File::open(&root.text)
    {
        wrong.add(root.wrong(SettingFault::UnreadableRoot(error.to_string())));
    }
}

impl TransportSection {
    /// Whether letters go to a mail server.
    pub fn is_smtp(&self) -> bool {
        matches!(self, TransportSection::Smtp(_))
    }

    /// The password that goes with it, if there is one.
    pub fn password(&self, around: &Surroundings) -> Option<SecretString> {
        match self {
            TransportSection::File { .. } => None,
            TransportSection::Smtp(smtp) if smtp.username.is_none() => None,
            TransportSection::Smtp(smtp) => {
                secret::read(smtp.password_file.as_deref(), CREDENTIAL, around).ok().flatten()
            }
        }
    }

    pub fn resolve(
        &self,
        folder: &Path,
        password: Option<&SecretString>,
        timeouts: TimeoutsSection,
        connections: usize,
    ) -> Result<Transport, SettingsError> {
        let smtp = match self {
            TransportSection::File { folder: own } => {
                let outbox = own.clone().unwrap_or_else(|| folder.join("outbox"));
                return Ok(Transport::File(FileOutbox::new(outbox)));
            }
            TransportSection::Smtp(smtp) => smtp,
        };
        let usual = match smtp.tls {
            TlsMode::None => 25,
            TlsMode::StartTls => 587,
            TlsMode::Implicit => 465,
        };
        let mut settings = SmtpSettings::new(smtp.host.clone(), smtp.port.unwrap_or(usual), smtp.tls);
        settings.username.clone_from(&smtp.username);
        settings.password = password.cloned();
        settings.allow_plain_auth = smtp.allow_plain_auth;
        settings.extra_root.clone_from(&smtp.extra_root);
        settings.timeouts = timeouts.resolve();
        settings.connections = connections;
        settings.letters_per_connection = smtp.letters_per_connection;
        if let Some(helo) = &smtp.helo {
            settings.helo.clone_from(helo);
        }
        Smtp::new(settings).map(Transport::Smtp)
    }
}

/// `[mail.timeouts]`: how long each phase may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeoutsSection {
    pub connect: Span,
    pub banner: Span,
    /// EHLO, STARTTLS, each step of AUTH.
    pub helo: Span,
    pub mail: Span,
    pub rcpt: Span,
    pub data: Span,
    pub block: Span,
    /// The answer to the final dot.
    pub after_dot: Span,
    pub total: Span,
}

impl TimeoutsSection {
    pub fn resolve(self) -> mail::Timeouts {
        mail::Timeouts {
            connect: self.connect.std(),
            banner: self.banner.std(),
            helo: self.helo.std(),
            mail: self.mail.std(),
            rcpt: self.rcpt.std(),
            data: self.data.std(),
            block: self.block.std(),
            after_dot: self.after_dot.std(),
            total: self.total.std(),
        }
    }
}
