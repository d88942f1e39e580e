//! Secrets: from a file that the configuration names, or from a credential of systemd. Never shown.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};

use super::values::Surroundings;
use crate::catalogue::mistake::setting::{BadSecret, SecretFault};

/// A longer file is no secret but a mistake.
const LONGEST: u64 = 16 << 10;

/// The secret of `file`, else of systemd's credential of that name, if there is one. White space at its end is no part of
/// it. A blank credential is none: a unit can hand over one that the administrator has not filled.
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
    let blank = || fs::read(&path).is_ok_and(|bytes| bytes.trim_ascii().is_empty());
    (path.exists() && !blank()).then_some(path)
}

fn read_file(path: &Path) -> Result<SecretString, BadSecret> {
    let bad = |why| BadSecret { file: path.display().to_string(), why };
    let system = |error: std::io::Error| bad(SecretFault::Unreadable(error.to_string()));
    let about = fs::metadata(path).map_err(system)?;
    if !about.is_file() || about.len() > LONGEST {
        return Err(bad(SecretFault::NoFile));
    }
    let text = fs::read_to_string(path).map_err(system)?;
    let text = text.trim_end();
    if text.is_empty() {
        return Err(bad(SecretFault::Empty));
    }
    if text.chars().any(char::is_control) {
        return Err(bad(SecretFault::ManyLines));
    }
    Ok(SecretString::from(text.to_owned()))
}

pub fn expose(secret: &SecretString) -> &str {
    secret.expose_secret()
}
