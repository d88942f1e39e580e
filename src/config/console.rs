//! `[console]`: where the console listens, where readers of letters find it, how long they stay signed in.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use axum::http::HeaderName;

use super::secret;
use super::section::section;
use super::value::{Link, Listen, Span};
use super::values::Surroundings;
use crate::acts::link_key::Source;
use crate::disk;
use crate::engine::link::Keys;

section!(
    "console",
    struct ConsoleSection {
        /// Where it listens, if anywhere.
        listen: Listen,
        /// Its address for readers of letters; without it letters carry no link.
        public_url: Option<Link>,
        /// The file with the keys of letters' links, if they are not to lie in the database.
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

/// The name of systemd's credential with keys, and of the file in the state folder in which programs before schema 4 kept
/// theirs.
pub const LINK_KEY: &str = "link-key";

impl ConsoleSection {
    /// The file with the keys, where the configuration or systemd names one.
    pub fn link_key(&self, around: &Surroundings) -> Option<PathBuf> {
        self.link_key_file.clone().or_else(|| secret::credential_file(LINK_KEY, around))
    }
}

/// The keys of the file that is named, or what an earlier program has left in the state folder.
pub fn link_key_source(named: Option<&Path>, folder: &Path) -> Result<Source, String> {
    let left = folder.join(LINK_KEY);
    match named {
        Some(path) => read_keys(path).map(Source::Configured),
        None if left.exists() => read_keys(&left).map(|keys| Source::Database(Some(keys))),
        None => Ok(Source::Database(None)),
    }
}

fn read_keys(path: &Path) -> Result<Keys, String> {
    let named = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let bytes = fs::read(path).map_err(|error| named(&error))?;
    let text = secret::plain_text(&bytes).map_err(|_| named(&"is no text in UTF-8"))?;
    Keys::parse(&text).map_err(|words| named(&words))
}

/// What an earlier program has left is in the database: the file goes.
pub fn remove_left_keys(folder: &Path) -> std::io::Result<()> {
    fs::remove_file(folder.join(LINK_KEY))?;
    disk::sync_folder(folder)
}
