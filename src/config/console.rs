//! `[console]`: where the console listens, where readers of letters find it, how long they stay signed in.

use std::{
    fs,
    io::Write,
    net::{IpAddr, SocketAddr},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use axum::http::HeaderName;
use rand::Rng as _;
use serde::Deserialize;

use super::{
    secret,
    value::{Kind, Link, Span},
    values::{Key, Surroundings},
};
use crate::{disk, engine::link::Keys};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Console {
    /// Where it listens, `127.0.0.1:8480`; `off` = there is no console.
    pub listen: String,
    /// Its address for readers of letters; without it letters carry no link.
    pub public_url: Option<Link>,
    /// The file with the keys of letters' links, if it is not the one in the state folder.
    pub link_key_file: Option<PathBuf>,
    /// A session ends after this time without a request.
    pub idle: Span,
    /// A session ends after this time in any case.
    pub longest: Span,
    /// The addresses of gateways in front, blank-separated: theirs is the word on who asks.
    pub gateways: Option<String>,
    /// The header in which a gateway names the post that it has signed in (`委安委办/office`).
    pub gateway_header: Option<String>,
    /// Where `/metrics` is served, if anywhere.
    pub metrics: Option<String>,
    pub ranking: bool,
}

pub const KEYS: &[Key] = &[
    Key::new("console.listen", Kind::Listen, "\"127.0.0.1:8480\""),
    Key::new("console.public_url", Kind::Link, "\"https://duban.cq.gov.cn\""),
    Key::new("console.link_key_file", Kind::Path, "\"/etc/duban/link-key\""),
    Key::new("console.idle", Kind::Span(60, 2_592_000), "\"2h\""),
    Key::new("console.longest", Kind::Span(60, 2_592_000), "\"14h\""),
    Key::new("console.gateways", Kind::Addresses, "\"127.0.0.1 10.0.0.7\""),
    Key::new("console.gateway_header", Kind::Header, "\"x-duban-post\""),
    Key::new("console.metrics", Kind::Listen, "\"127.0.0.1:8481\""),
    Key::new("console.ranking", Kind::Flag, "true"),
];

/// The file of keys in the state folder.
pub const LINK_KEY: &str = "link-key";

impl Console {
    /// Where it listens; `None` = nowhere.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    pub fn gateways(&self) -> Vec<IpAddr> {
        self.gateways.iter().flat_map(|all| all.split_whitespace()).filter_map(|one| one.parse().ok()).collect()
    }

    pub fn header(&self) -> Option<HeaderName> {
        self.gateway_header.as_deref().and_then(|name| name.parse().ok())
    }

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
