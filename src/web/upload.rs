//! Forms with files: read piece by piece, each file to disk as it comes, none of it whole in memory.
//!
//! A file's name is text to be shown, never a path; what kind it is its content says. Nothing is stored before the whole
//! form is in: what is refused or cut off is taken from the disk again.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;

use super::app::App;
use super::fault::{Fault, Malformed, TooLarge};
use super::fields::Fields;
use crate::acts::ActError;
use crate::acts::submit::LONGEST_NAME;
use crate::domain::refusal::Refusal;
use crate::domain::refusal::file::{FileRefusal, NotTaken};
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::text;
use crate::vault::{Vault, VaultError, Writer, sniff};

/// The most fields of a form.
const MOST_FIELDS: usize = 500;
/// The most files of a form.
pub const MOST_FILES: usize = 20;
/// The longest field, in bytes.
const LONGEST_FIELD: usize = 64 << 10;
/// All fields together, in bytes.
const FIELDS: usize = 1 << 20;

/// The largest form whose files may have so many bytes each: two of the largest, and its fields.
pub fn largest_form(largest_file: u64) -> usize {
    usize::try_from(largest_file).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(FIELDS)
}

#[derive(Debug, Default)]
pub struct Sent {
    pub fields: Fields,
    files: Vec<(String, String, u64)>,
    refused: Vec<NotTaken>,
}

impl Sent {
    /// Its files, on disk already: hash, name, bytes.
    ///
    /// # Errors
    /// One of them was not taken; then none is.
    pub fn files(&self) -> Result<Vec<(String, String, u64)>, ActError> {
        if self.refused.is_empty() {
            return Ok(self.files.clone());
        }
        Err(ActError::Refused(Refusal::Files(self.refused.clone())))
    }
}

/// Reads a form to its end.
pub async fn receive(app: &App, mut form: Multipart) -> Result<Sent, Fault> {
    let mut sent = Sent::default();
    let mut staged: Vec<(Writer, String)> = Vec::new();
    let (mut parts, mut length) = (0, 0);
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        parts += 1;
        if parts > MOST_FIELDS {
            return Err(too_many());
        }
        let name = field.name().unwrap_or_default().to_owned();
        if let Some(file) = field.file_name() {
            let file = shown_name(file);
            let engine = app.engine();
            let vault = engine.vault.as_ref().ok_or_else(|| Fault::from(FilingRefusal::NoPlaceForEvidence))?;
            match store(app, vault, &file, &mut field).await? {
                UploadedFile::Staged(_) if staged.len() == MOST_FILES => return Err(too_many()),
                UploadedFile::Staged(writer) => staged.push((writer, file)),
                UploadedFile::Refused(why) => sent.refused.push(NotTaken { name: file, why }),
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
    if !sent.refused.is_empty() {
        tracing::warn!(access.refused = "evidence", files = sent.refused.len(), "evidence was refused");
        return Ok(sent);
    }
    for (writer, file) in staged {
        let (hash, size) = writer.keep().await.map_err(ActError::from)?;
        sent.files.push((hash, file, size));
    }
    Ok(sent)
}

enum UploadedFile {
    Staged(Writer),
    Refused(FileRefusal),
    Nothing,
}

/// Writes a file to disk as it comes and looks what it is. The rest of one that is too large is read past, so that the
/// form can be shown again with what was filled in.
async fn store(
    app: &App,
    vault: &Vault,
    name: &str,
    field: &mut axum::extract::multipart::Field<'_>,
) -> Result<UploadedFile, Fault> {
    let mut writer = Some(vault.begin().await.map_err(ActError::from)?);
    let mut empty = true;
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        empty &= piece.is_empty();
        let Some(open) = &mut writer else { continue };
        match open.write(&piece).await {
            Ok(()) => {}
            Err(VaultError::TooLarge { .. }) => writer = None,
            Err(error) => return Err(ActError::from(error).into()),
        }
    }
    let Some(mut writer) = writer else {
        return Ok(UploadedFile::Refused(FileRefusal::LargeFile(app.options().largest >> 20)));
    };
    if empty && name == UNNAMED {
        return Ok(UploadedFile::Nothing);
    }
    let called = name.to_owned();
    let objection = writer.look(move |file| sniff::objection(file, &called)).await.map_err(ActError::from)?;
    Ok(objection.map_or(UploadedFile::Staged(writer), UploadedFile::Refused))
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
