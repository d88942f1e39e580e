//! Forms with files: read piece by piece, each file to disk as it comes, none of it whole in memory.
//!
//! A file's name is text to be shown, never a path; what kind it is its content says. Nothing is stored before the whole
//! form is in: what is refused or cut off is taken from the disk again.

use std::fmt;
use std::sync::Arc;

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;

use super::app::App;
use super::fault::{Fault, Malformed, TooLarge};
use super::fields::Fields;
use super::room::Room;
use crate::acts::ActError;
use crate::acts::evidence::remove_unnamed;
use crate::acts::submit::LONGEST_NAME;
use crate::domain::refusal::Refusal;
use crate::domain::refusal::file::{FileRefusal, NotTaken};
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::text;
use crate::domain::unit::PostId;
use crate::engine::Engine;
use crate::vault::{Hold, Vault, VaultError, Writer, sniff};

/// The most fields of a form.
const MOST_FIELDS: usize = 500;
/// The most files of a form.
pub const MOST_FILES: usize = 20;
/// The longest field, in bytes.
const LONGEST_FIELD: usize = 64 << 10;
/// All fields together, in bytes.
const FIELDS: usize = 1 << 20;

/// What a form's files may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of each.
    pub each: u64,
    /// How many.
    pub most: usize,
    /// Bytes of all.
    pub all: u64,
}

impl Limits {
    /// Where one file may have so many bytes: a form brings as many as two such.
    pub fn of(largest: u64) -> Limits {
        Limits { each: largest, most: MOST_FILES, all: largest.saturating_mul(2) }
    }

    /// The largest body: its files, and its fields.
    pub fn body(self) -> usize {
        usize::try_from(self.all).unwrap_or(usize::MAX).saturating_add(FIELDS)
    }
}

impl fmt::Display for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (each, all) = (megabytes(self.each), megabytes(self.all));
        write!(f, "每个不超过 {each} MB，至多 {} 个，合计不超过 {all} MB", self.most)
    }
}

/// As the configuration writes it.
fn megabytes(bytes: u64) -> u64 {
    (bytes / 1_000_000).max(1)
}

#[derive(Debug, Default)]
pub struct Sent {
    pub fields: Fields,
    files: Vec<(String, String, u64)>,
    refused: Vec<NotTaken>,
    /// There was no room for them.
    no_room: Option<FilingRefusal>,
    kept: Option<Arc<Kept>>,
}

/// Files that are on disk and not filed yet. They stay for as long as this does; then those go that nothing names: what was
/// refused, or given up, leaves nothing.
pub struct Kept {
    engine: Arc<Engine>,
    vault: Vault,
    hold: Option<Hold>,
    hashes: Vec<String>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("hashes", &self.hashes).finish_non_exhaustive()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let (engine, vault) = (Arc::clone(&self.engine), self.vault.clone());
        let (hold, hashes) = (self.hold.take(), std::mem::take(&mut self.hashes));
        tokio::spawn(async move {
            drop(hold);
            for sha256 in hashes {
                if let Err(error) = remove_unnamed(&engine, &vault, &sha256).await {
                    tracing::warn!("a file that was not filed cannot be taken away: {error}");
                }
            }
        });
    }
}

impl Sent {
    /// Its files, on disk already: hash, name, bytes.
    ///
    /// # Errors
    /// One of them was not taken; then none is.
    pub fn files(&self) -> Result<Vec<(String, String, u64)>, ActError> {
        match &self.no_room {
            _ if !self.refused.is_empty() => Err(ActError::Refused(Refusal::Files(self.refused.clone()))),
            Some(refusal) => Err(refusal.clone().into()),
            None => Ok(self.files.clone()),
        }
    }

    /// What keeps its files, for whoever outlives the form.
    pub fn kept(&self) -> Option<Arc<Kept>> {
        self.kept.clone()
    }
}

/// Reads a post's form to its end.
pub async fn receive(app: &App, post: &PostId, mut form: Multipart) -> Result<Sent, Fault> {
    let mut sent = Sent::default();
    let mut room = None;
    let mut staged: Vec<(Writer, String)> = Vec::new();
    let (mut parts, mut length) = (0, 0);
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        parts += 1;
        if parts > MOST_FIELDS {
            return Err(too_many());
        }
        let name = field.name().unwrap_or_default().to_owned();
        if let Some(file) = field.file_name() {
            if sent.no_room.is_some() {
                continue;
            }
            let file = shown_name(file);
            let engine = app.engine();
            let vault = engine.vault.as_ref().ok_or_else(|| Fault::from(FilingRefusal::NoPlaceForEvidence))?;
            let room = match &mut room {
                Some(room) => room,
                none => none.insert(Room::of(app, vault, post).await?),
            };
            match store(vault, room, &file, &mut field).await? {
                UploadedFile::Staged(_) if staged.len() == MOST_FILES => return Err(too_many()),
                UploadedFile::Staged(writer) => staged.push((writer, file)),
                UploadedFile::Refused(why) => sent.refused.push(NotTaken { name: file, why }),
                UploadedFile::NoRoom(why) => {
                    // What there is of the form makes room at once.
                    staged.clear();
                    sent.no_room = Some(why);
                }
                UploadedFile::Nothing => {}
            }
            continue;
        }
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
            length += piece.len();
            if bytes.len() + piece.len() > LONGEST_FIELD || length > FIELDS {
                return Err(TooLarge::LargeField(text::tame(&name)).into());
            }
            bytes.extend_from_slice(&piece);
        }
        let value = String::from_utf8(bytes).map_err(|_| Fault::from(Malformed::NotUtf8))?;
        sent.fields.0.push((name, value));
    }
    if !sent.refused.is_empty() || sent.no_room.is_some() {
        tracing::warn!(access.refused = "evidence", files = sent.refused.len(), "evidence was refused");
        return Ok(sent);
    }
    keep(app, staged, &mut sent).await?;
    Ok(sent)
}

/// Gives the files of a form their names.
async fn keep(app: &App, staged: Vec<(Writer, String)>, sent: &mut Sent) -> Result<(), Fault> {
    let engine = app.engine();
    let Some(vault) = engine.vault.clone().filter(|_| !staged.is_empty()) else { return Ok(()) };
    let hold = Some(vault.hold().await.map_err(ActError::from)?);
    let mut kept = Kept { engine, vault, hold, hashes: Vec::with_capacity(staged.len()) };
    for (writer, file) in staged {
        match writer.keep().await {
            Ok((hash, size)) => {
                kept.hashes.push(hash.clone());
                sent.files.push((hash, file, size));
            }
            Err(error) if error.is_full() => {
                sent.no_room = Some(FilingRefusal::EvidenceStoreFull);
                break;
            }
            Err(error) => return Err(ActError::from(error).into()),
        }
    }
    sent.kept = Some(Arc::new(kept));
    Ok(())
}

enum UploadedFile {
    Staged(Writer),
    Refused(FileRefusal),
    NoRoom(FilingRefusal),
    Nothing,
}

/// What is said of a file that could not be written; what is no fault of the file or of the room is one of ours.
fn not_written(error: VaultError) -> Result<UploadedFile, Fault> {
    match error {
        VaultError::TooLarge { largest } => Ok(UploadedFile::Refused(FileRefusal::LargeFile(megabytes(largest)))),
        full if full.is_full() => Ok(UploadedFile::NoRoom(FilingRefusal::EvidenceStoreFull)),
        other => Err(ActError::from(other).into()),
    }
}

/// Writes a file to disk as it comes and looks what it is. The rest of one that is too large is read past, so that the
/// form can be shown again with what was filled in.
async fn store(
    vault: &Vault,
    room: &mut Room,
    name: &str,
    field: &mut axum::extract::multipart::Field<'_>,
) -> Result<UploadedFile, Fault> {
    let mut writer = match vault.begin().await {
        Ok(writer) => Ok(writer),
        Err(error) => Err(not_written(error)?),
    };
    let mut empty = true;
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        empty &= piece.is_empty();
        let Ok(open) = &mut writer else { continue };
        if let Err(refusal) = room.take(piece.len() as u64) {
            writer = Err(UploadedFile::NoRoom(refusal));
        } else if let Err(error) = open.write(&piece).await {
            writer = Err(not_written(error)?);
        }
    }
    let mut writer = match writer {
        Ok(writer) => writer,
        Err(refused) => return Ok(refused),
    };
    if empty && name == UNNAMED {
        return Ok(UploadedFile::Nothing);
    }
    let called = name.to_owned();
    match writer.look(move |file| sniff::objection(file, &called)).await {
        Ok(objection) => Ok(objection.map_or(UploadedFile::Staged(writer), UploadedFile::Refused)),
        Err(error) => not_written(error),
    }
}

const UNNAMED: &str = "未命名";

/// A file's name as it is shown: its last part, on one line, and no longer than a name may be; its ending stays.
fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let tame = text::tame(last);
    let long = tame.chars().count().saturating_sub(LONGEST_NAME);
    let kept: String = if long == 0 {
        tame
    } else {
        let ending: String =
            tame.rsplit_once('.').map(|(_, ending)| ending.chars().take(10).collect()).unwrap_or_default();
        let stem = LONGEST_NAME - ending.chars().count() - 2;
        tame.chars().take(stem).chain("….".chars()).chain(ending.chars()).collect()
    };
    if kept.is_empty() { UNNAMED.to_owned() } else { kept }
}

fn too_many() -> Fault {
    TooLarge::ManyParts { files: MOST_FILES, fields: MOST_FIELDS }.into()
}

fn broken(error: &MultipartError) -> Fault {
    tracing::debug!("a form could not be read: {error}");
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return TooLarge::LargeForm.into();
    }
    Malformed::BrokenForm.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_its_last_part_on_one_line_and_not_too_long() {
        for (sent, shown) in [
            ("照片 1.jpg", "照片 1.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\张\\整改.docx", "整改.docx"),
            ("a\r\nSet-Cookie: x.txt", "a Set-Cookie: x.txt"),
            ("a\u{202e}gpj.txt", "a gpj.txt"),
            ("", UNNAMED),
            ("../", ".."),
            ("\u{0}", UNNAMED),
        ] {
            assert_eq!(shown_name(sent), shown, "{sent:?}");
        }
        let long = shown_name(&format!("{}.docx", "长".repeat(300)));
        assert_eq!((long.chars().count(), long.ends_with("….docx")), (LONGEST_NAME, true));
    }
}
