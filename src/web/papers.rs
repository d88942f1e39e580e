//! Files that are read at once and not kept: a list of posts, a holiday notice, seeds. Small, so they are held in memory.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;

use super::fault::{Fault, Malformed, TooLarge};
use super::fields::Fields;

/// The largest form with such files, in bytes.
pub const LARGEST: usize = 2 << 20;

#[derive(Debug, Default)]
pub struct Papers {
    pub fields: Fields,
    /// Name and content of each file, in their order.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Papers {
    pub async fn read(mut form: Multipart) -> Result<Papers, Fault> {
        let mut papers = Papers::default();
        while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
            let name = field.name().unwrap_or_default().to_owned();
            let file = field.file_name().map(plain_name);
            let bytes = field.bytes().await.map_err(|error| broken(&error))?.to_vec();
            match file {
                // A file field that was left empty.
                Some(file) if file.is_empty() && bytes.is_empty() => {}
                Some(file) => papers.files.push((file, bytes)),
                None => {
                    let value = String::from_utf8(bytes);
                    let value = value.map_err(|_| Fault::from(Malformed::NotUtf8))?;
                    papers.fields.0.push((name, value));
                }
            }
        }
        Ok(papers)
    }
}

/// The name alone: some browsers send the folder with it.
fn plain_name(sent: &str) -> String {
    sent.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()
}

fn broken(error: &MultipartError) -> Fault {
    tracing::debug!("a form could not be read: {error}");
    if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        return TooLarge::LargeFiles(LARGEST >> 20).into();
    }
    Malformed::BrokenForm.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_is_never_a_path() {
        assert_eq!(plain_name("C:\\表\\posts.csv"), "posts.csv");
        assert_eq!(plain_name("../../duties.toml"), "duties.toml");
    }
}
