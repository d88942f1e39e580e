//! Forms with files: read bit by bit, each file to disk as it comes.
//!
//! A file's name is text to be shown, never a path; its type is what its content says. What is refused is taken from the
//! disk again, and so is what was cut off.

use axum::extract::{Multipart, multipart::MultipartError};

use super::{App, fault::Fault};

/// The most fields of a form.
const MOST_FIELDS: usize = 500;
/// The most files of a form.
pub const MOST_FILES: usize = 20;
/// The longest field, in bytes.
const LONGEST_FIELD: usize = 64 << 10;

/// What a form has sent.
#[derive(Debug, Default)]
pub struct Sent {
    /// Its fields, in their order.
    pub fields: Vec<(String, String)>,
    /// Its files, on disk already: hash, name, bytes.
    pub files: Vec<(String, String, u64)>,
}

impl Sent {
    /// The first field of that name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a form to its end.
///
/// # Errors
/// It is cut off, too large, or a file is of no kind that is taken.
pub async fn receive(app: &App, mut form: Multipart) -> Result<Sent, Fault> {
    let mut sent = Sent::default();
    while let Some(mut field) = form.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let longest = if file.is_some() { app.options().largest } else { LONGEST_FIELD as u64 };
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
            if bytes.len() as u64 + piece.len() as u64 > longest {
                return Err(Fault::TooLarge(format!("“{name}”过大：至多 {} MB", longest >> 20)));
            }
            bytes.extend_from_slice(&piece);
        }
        match file {
            None => {
                let value = String::from_utf8(bytes).map_err(|_| Fault::Malformed("所填内容不是 UTF-8 文本".into()))?;
                sent.fields.push((name, value));
            }
            // A file field that was left empty.
            Some(file) if file.is_empty() && bytes.is_empty() => {}
            Some(file) => {
                let engine = app.engine();
                let Some(vault) = &engine.vault else {
                    return Err(Fault::Refused("未设置佐证存放位置".into()));
                };
                let size = bytes.len() as u64;
                let hash = vault.put(bytes).await.map_err(crate::jobs::acts::ActError::from)?;
                sent.files.push((hash, file, size));
            }
        }
        if sent.fields.len() > MOST_FIELDS || sent.files.len() > MOST_FILES {
            return Err(Fault::TooLarge(format!("一次至多 {MOST_FILES} 个文件、{MOST_FIELDS} 项")));
        }
    }
    Ok(sent)
}

fn broken(error: &MultipartError) -> Fault {
    tracing::debug!("a form could not be read: {error}");
    Fault::Malformed("提交中断或无法识别，请返回重新提交".into())
}
