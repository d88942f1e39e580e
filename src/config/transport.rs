//! `[mail.transport]`: the way out. Each kind has its own keys, and none of another's.

use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use strum::{EnumString, VariantNames};

use super::secret;
use super::section::{Setting as _, Value, section};
use super::value::{Host, Number, word};
use super::values::{Placed, Surroundings, Values};
use crate::catalogue::Diagnostics;
use crate::catalogue::mistake::setting::{Secret, SettingFault};
use crate::catalogue::mistake::value::ValueFault;
use crate::mail::{
    FileOutbox, SettingsError, Smtp, SmtpSettings, Timeouts, TlsMode, Transport, is_example_address, read_certificates,
};

section!(
    "mail.transport",
    struct TransportSection {
        kind: Way,
        /// Of a folder: which, if it is not `outbox` in the state folder.
        folder: Option<PathBuf>,
        /// Of a mail server, as all that follows; it must be given then.
        host: Option<Host>,
        /// Its port, if it is not the usual one.
        port: Option<NonZeroU16>,
        tls: Option<TlsMode>,
        username: Option<String>,
        password_file: Option<PathBuf>,
        /// Whether the password may go over a connection without TLS.
        allow_plain_auth: Option<bool>,
        helo: Option<Host>,
        /// A file of certificates to trust beside the system's, each as itself too.
        extra_root: Option<PathBuf>,
        /// The most letters over one connection.
        letters_per_connection: Option<Number<1, 10_000>>,
    }
);

/// The way that letters go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Way {
    /// Each letter a file in a folder.
    File,
    Smtp,
}

impl Value for Way {
    fn read(written: &str) -> Result<Way, ValueFault> {
        word(written)
    }
}

/// The credential of systemd that may hold the password.
pub const CREDENTIAL: &str = "smtp-password";

/// What cannot be true at once, and whether the password can be read.
pub fn check(values: &Values, around: &Surroundings) -> Diagnostics {
    let mut wrong = Diagnostics::default();
    let Some((kind, way)) = values.read::<Way>("mail.transport.kind") else { return wrong };
    let smtp = way == Way::Smtp;
    for key in TransportSection::keys("").iter().filter(|key| key.name() != "kind") {
        if let Some(placed) = values.get(key.path)
            && (key.name() == "folder") == smtp
        {
            let (of, chosen) = if smtp { ("file", "smtp") } else { ("smtp", "file") };
            wrong.add(placed.wrong(SettingFault::OtherTransport { key: key.name(), of, chosen }));
        }
    }
    if smtp {
        check_smtp(values, around, kind, &mut wrong);
    }
    wrong
}

fn check_smtp(values: &Values, around: &Surroundings, kind: &Placed, wrong: &mut Diagnostics) {
    if values.get("mail.transport.host").is_none() && !values.is_bad("mail.transport.host") {
        wrong.add(kind.wrong(SettingFault::SmtpWithoutHost));
    }
    if let Some((from, _)) = values.read("mail.from").filter(|(_, address)| is_example_address(address)) {
        let placed = if from.is_default() { kind } else { from };
        wrong.add(placed.wrong(SettingFault::ExampleSender));
    }
    let user = values.get("mail.transport.username");
    let file = values.get("mail.transport.password_file");
    match (user, file) {
        (None, Some(file)) => wrong.add(file.wrong(SettingFault::PasswordWithoutUser)),
        (Some(user), None) if !secret::has_credential(CREDENTIAL, around) => {
            wrong.add(user.wrong(SettingFault::UserWithoutPassword(CREDENTIAL)));
        }
        _ => {}
    }
    let plain = values.read::<TlsMode>("mail.transport.tls").is_some_and(|(_, tls)| tls == TlsMode::None);
    let allowed = values.read("mail.transport.allow_plain_auth").is_some_and(|(_, allowed)| allowed);
    if let Some(user) = user.filter(|_| plain && !allowed) {
        wrong.add(user.wrong(SettingFault::PlainPassword));
    }
    let path = file.map(|file| PathBuf::from(&file.text));
    if let Err(bad) = secret::read(path.as_deref(), CREDENTIAL, around) {
        let fault = SettingFault::UnreadableSecret(bad, Secret::MailPassword);
        wrong.add(file.or(user).unwrap_or(kind).wrong(fault));
    }
    if let Some(root) = values.get("mail.transport.extra_root")
        && let Err(error) = read_certificates(Path::new(&root.text))
    {
        wrong.add(root.wrong(SettingFault::UnreadableRoot(error.to_string())));
    }
}

impl TransportSection {
    /// Whether letters go to a mail server.
    pub fn is_smtp(&self) -> bool {
        self.kind == Way::Smtp
    }

    /// The password that goes with it, if there is one.
    pub fn password(&self, around: &Surroundings) -> Option<SecretString> {
        self.username.as_ref()?;
        secret::read(self.password_file.as_deref(), CREDENTIAL, around).ok().flatten()
    }

    pub fn resolve(
        &self,
        state: &Path,
        password: Option<&SecretString>,
        timeouts: Timeouts,
        connections: usize,
        own_name: &str,
    ) -> Result<Transport, SettingsError> {
        let Some(Host(host)) = self.host.as_ref().filter(|_| self.is_smtp()) else {
            let folder = self.folder.clone().unwrap_or_else(|| state.join("outbox"));
            return Ok(Transport::File(FileOutbox::new(folder)));
        };
        let tls = self.tls.unwrap_or(TlsMode::StartTls);
        let usual = match tls {
            TlsMode::None => 25,
            TlsMode::StartTls => 587,
            TlsMode::Implicit => 465,
        };
        let mut settings = SmtpSettings::new(host.clone(), self.port.map_or(usual, NonZeroU16::get), tls);
        settings.username.clone_from(&self.username);
        settings.password = password.cloned();
        settings.allow_plain_auth = self.allow_plain_auth.unwrap_or(false);
        settings.extra_root.clone_from(&self.extra_root);
        settings.timeouts = timeouts;
        settings.connections = connections;
        if let Some(letters) = self.letters_per_connection {
            settings.letters_per_connection = letters.0;
        }
        settings.helo = self.helo.as_ref().map_or_else(|| own_name.to_owned(), |Host(helo)| helo.clone());
        Smtp::new(settings).map(Transport::Smtp)
    }
}
