//! Secrets: from a file that the configuration names, or from a credential of systemd. Never shown.

use std::fs;
use std::path::{Path, PathBuf};

use encoding_rs::UTF_8;
use secrecy::{ExposeSecret, SecretString};

use super::values::Surroundings;
use crate::catalogue::mistake::setting::{BadSecret, SecretFault};

/// A longer file is no secret but a mistake.
const LONGEST: u64 = 16 << 10;

/// The secret of `file`, else of systemd's credential of that name, if there is one. Blanks and line ends at its ends are
/// no part of it, nor is the mark that editors put before a text. A blank credential is none: a unit can hand over one that
/// the administrator has not filled.
pub fn read(file: Option<&Path>, credential: &str, around: &Surroundings) -> Result<Option<SecretString>, BadSecret> {
    if let Some(file) = file {
        return read_file(file).map(Some);
    }
    match credential_file(credential, around) {
        Some(path) => read_file(&path).map(Some),
        None => Ok(None),
    }
}

/// Whether systemd gives a credential of that name.
pub fn has_credential(credential: &str, around: &Surroundings) -> bool {
    credential_file(credential, around).is_some()
}

/// The file of systemd's credential of that name, if it gives one that is not blank.
pub fn credential_file(credential: &str, around: &Surroundings) -> Option<PathBuf> {
    let path = Path::new(around.var("CREDENTIALS_DIRECTORY")?).join(credential);
    let blank = || fs::read(&path).is_ok_and(|bytes| plain_text(&bytes).is_ok_and(|text| text.is_empty()));
    (path.exists() && !blank()).then_some(path)
}

fn read_file(path: &Path) -> Result<SecretString, BadSecret> {
    let bad = |why| BadSecret { file: path.display().to_string(), why };
    let system = |error: std::io::Error| bad(SecretFault::Unreadable(error.to_string()));
    let about = fs::metadata(path).map_err(system)?;
    if !about.is_file() || about.len() > LONGEST {
        return Err(bad(SecretFault::NoFile));
    }
    let text = plain_text(&fs::read(path).map_err(system)?).map_err(bad)?;
    if text.is_empty() {
        return Err(bad(SecretFault::Empty));
    }
    if text.chars().any(char::is_control) {
        return Err(bad(SecretFault::ManyLines));
    }
    Ok(SecretString::from(text))
}

/// A secret as it was typed: in UTF-8 or in what Windows calls Unicode, without the mark before it and without blanks
/// and line ends at its ends.
///
/// # Errors
/// It is no text.
pub fn plain_text(bytes: &[u8]) -> Result<String, SecretFault> {
    let (text, _, garbled) = UTF_8.decode(bytes);
    if garbled {
        return Err(SecretFault::NoText);
    }
    let no_part = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\0');
    Ok(text.trim_matches(no_part).to_owned())
}

pub fn expose(secret: &SecretString) -> &str {
    secret.expose_secret()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_what_was_typed_and_nothing_an_editor_adds() {
        let wide = |text: &str| -> Vec<u8> {
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        };
        for bytes in [
            "abc 密1".as_bytes().to_vec(),
            "\u{feff}abc 密1\r\n".as_bytes().to_vec(),
            " \tabc 密1\n\n".as_bytes().to_vec(),
            "\u{3000}abc 密1\u{a0}\r\n".as_bytes().to_vec(),
            wide("abc 密1\r\n"),
        ] {
            assert_eq!(plain_text(&bytes).unwrap(), "abc 密1");
        }
        assert_eq!(plain_text("\u{feff}\r\n".as_bytes()).unwrap(), "");
        // GBK: better said than sent as something else.
        assert!(plain_text(&[0xc3, 0xdc, 0x31]).is_err());
        // Cut off in a character.
        assert!(plain_text(&[0xff, 0xfe, 0x61, 0, 0x62]).is_err());
    }
}
