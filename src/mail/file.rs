//! The file transport: each letter an .eml in a folder. The default until SMTP is configured.
//!
//! A letter counts as sent when the file and its folder are on disk. Its name comes from its date and Message-ID, so
//! that a second attempt writes the same file and not a second one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::message::Outgoing;
use super::outcome::{Outcome, Reason, Stage, clean_text, unsendable};
use crate::disk;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOutbox {
    folder: PathBuf,
}

impl FileOutbox {
    /// Letters go into `folder`, which is made when the first one comes.
    pub fn new(folder: impl Into<PathBuf>) -> FileOutbox {
        FileOutbox { folder: folder.into() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub async fn send(&self, letter: &Outgoing) -> Outcome {
        let bytes = match letter.build() {
            Ok(bytes) => bytes,
            Err(error) => return unsendable(&error.to_string()),
        };
        let (folder, name) = (self.folder.clone(), file_name(letter));
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes).map(|()| name)).await;
        match written.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(name) => Outcome::Sent { reply: format!("written to {name}") },
            Err(error) => disk(&error),
        }
    }

    /// Whether letters could be written: makes the folder, writes and removes a file.
    pub async fn probe(&self) -> Result<(), Outcome> {
        let folder = self.folder.clone();
        let tried = tokio::task::spawn_blocking(move || {
            let name = ".probe";
            write(&folder, name, b"")?;
            fs::remove_file(folder.join(name))
        });
        tried.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(|error| disk(&error))
    }
}

fn disk(error: &io::Error) -> Outcome {
    let reply = Some(clean_text(&error.to_string()));
    Outcome::ConnectionDown { phase: Stage::File, reply, reason: Reason::Disk, alarm: true }
}

/// `20221031T090000-7.duban_cq.gov.cn.eml`
fn file_name(letter: &Outgoing) -> String {
    let id = letter.message_id.trim_start_matches('<').trim_end_matches('>');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let mut safe: String = id.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    // Two ids must not meet in one name; `@` is the one character that every id has.
    let told_apart = id.chars().all(|c| plain(c) || c == '@');
    if safe.len() > 120 || !told_apart {
        safe.truncate(80);
        safe.push('-');
        safe.push_str(&hex::encode(&Sha256::digest(id.as_bytes())[..8]));
    }
    format!("{}-{safe}.eml", letter.date.format("%Y%m%dT%H%M%S"))
}

/// Temporary file, sync, rename, sync of the folder: after a crash there is the whole file or none.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    disk::make_folder(folder)?;
    let temporary = folder.join(format!(".{name}.tmp"));
    let mut file = disk::fresh_file(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    if let Err(error) = written.and_then(|()| fs::rename(&temporary, folder.join(name))) {
        // Best effort: the error that counts is the one at hand.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    File::open(folder)?.sync_all()
}
