//! Secrets: from a file that the configuration names, or from a credential of systemd. Never shown.

use std::{fs, path::Path};

use secrecy::{ExposeSecret, SecretString};

use super::Surroundings;

/// A longer file is no secret but a mistake.
const LONGEST: u64 = 16 << 10;

/// The secret of `file`, else of systemd's credential of that name, if there is one. White space at its end is no part of
/// it.
///
/// # Errors
/// There should be one and it cannot be read; the words name the file.
pub fn read(file: Option<&Path>, credential: &str, around: &Surroundings) -> Result<Option<SecretString>, String> {
    if let Some(file) = file {
        return read_file(file).map(Some);
    }
    let Some(folder) = around.var("CREDENTIALS_DIRECTORY") else { return Ok(None) };
    let path = Path::new(folder).join(credential);
    if path.exists() { read_file(&path).map(Some) } else { Ok(None) }
}

/// Whether systemd gives a credential of that name.
pub fn has_credential(credential: &str, around: &Surroundings) -> bool {
    around.var("CREDENTIALS_DIRECTORY").is_some_and(|folder| Path::new(folder).join(credential).exists())
}

fn read_file(path: &Path) -> Result<SecretString, String> {
    let named = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let about = fs::metadata(path).map_err(|error| named(&error))?;
    if !about.is_file() || about.len() > LONGEST {
        return Err(named(&"is no file that holds a secret"));
    }
    let text = fs::read_to_string(path).map_err(|error| named(&error))?;
    let text = text.trim_end();
    if text.is_empty() {
        return Err(named(&"is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(named(&"holds more than one line"));
    }
    Ok(SecretString::from(text.to_owned()))
}

/// The secret itself.
pub fn expose(secret: &SecretString) -> &str {
    secret.expose_secret()
}
