//! `[console]`: where the console listens, where readers of letters find it, how long they stay signed in.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use axum::http::HeaderName;
use rand::Rng as _;

use super::secret;
use super::section::section;
use super::value::{Link, Listen, Span};
use super::values::Surroundings;
use crate::disk;
use crate::engine::link::Keys;

section!(
    "console",
    struct ConsoleSection {
        /// Where it listens, if anywhere.
        listen: Listen,
        /// Its address for readers of letters; without it letters carry no link.
        public_url: Option<Link>,
        /// The file with the keys of letters' links, if it is not the one in the state folder.
        link_key_file: Option<PathBuf>,
        /// A session ends after this time without a request.
        idle: Span<60, 2_592_000>,
        /// A session ends after this time in any case.
        longest: Span<60, 2_592_000>,
        /// The addresses of gateways in front: theirs is the word on who asks.
        gateways: Option<Vec<IpAddr>>,
        /// The header in which a gateway names the post that it has signed in (`委安委办/office`).
        gateway_header: Option<HeaderName>,
        /// Where `/metrics` is served, if anywhere.
        metrics: Option<Listen>,
        ranking: bool,
    }
);

/// The file of keys in the state folder.
pub const LINK_KEY: &str = "link-key";

impl ConsoleSection {
    /// Where the keys are: the configured file, a credential of systemd, or the state folder.
    pub fn link_key(&self, folder: &Path, around: &Surroundings) -> PathBuf {
        self.link_key_file
            .clone()
            .or_else(|| secret::credential_file(LINK_KEY, around))
            .unwrap_or_else(|| folder.join(LINK_KEY))
    }
}

/// The keys in that file, which is made with a new key where there is none in the state folder.
pub fn read_keys(path: &Path, folder: &Path) -> Result<Keys, String> {
    let named = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let ours = path.parent() == Some(folder);
    if ours && !path.exists() {
        make_key(path).map_err(|error| named(&error))?;
    }
    let text = fs::read_to_string(path).map_err(|error| named(&error))?;
    Keys::parse(&text).map_err(|words| named(&words))
}

/// Two processes may come here at once: whoever is first makes it, whole or not at all.
fn make_key(path: &Path) -> std::io::Result<()> {
    let mut key = [0_u8; 32];
    rand::rng().fill_bytes(&mut key);
    let text = hex::encode(key) + "\n";
    let folder = path.parent().unwrap_or(Path::new("."));
    disk::make_folder(folder)?;
    let scratch = path.with_extension(std::process::id().to_string());
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&scratch)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&scratch, path);
    fs::remove_file(&scratch)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => disk::sync_folder(folder),
    }
}
