//! `[database]`: which database.

use std::path::{Path, PathBuf};

use super::secret;
use super::section::{Value as _, section};
use super::values::{Surroundings, Values};
use crate::catalogue::mistake::setting::{Secret, SettingFault};
use crate::catalogue::mistake::value::Of;
use crate::catalogue::{Diagnostics, Mistake};
use crate::store::Location;

section!(
    "database",
    struct DatabaseSection {
        url: Option<Location>,
        /// A file that holds its address.
        url_file: Option<PathBuf>,
    }
);

/// The credential of systemd that may hold the address.
pub const CREDENTIAL: &str = "database-url";

/// What cannot be true at once, and whether the secret can be read.
pub fn check(values: &Values, around: &Surroundings) -> Diagnostics {
    let mut wrong = Diagnostics::default();
    if let (Some(url), Some(_)) = (values.get("database.url"), values.get("database.url_file")) {
        wrong.add(url.wrong(SettingFault::UrlTwice));
        return wrong;
    }
    let at = values.get("database.url_file").map(|file| (file, PathBuf::from(&file.text)));
    match secret::read(at.as_ref().map(|(_, path)| path.as_path()), CREDENTIAL, around) {
        Err(bad) => wrong.add(match at {
            Some((file, _)) => file.wrong(SettingFault::UnreadableSecret(bad, Secret::DatabaseFile)),
            None => Diagnostics::of_file(CREDENTIAL, SettingFault::UnreadableSecret(bad, Secret::DatabaseCredential)),
        }),
        Ok(Some(url)) if values.get("database.url").is_none() => {
            if let Err(fault) = Location::read(secret::expose(&url)) {
                let name =
                    at.map_or_else(|| format!("credential {CREDENTIAL}"), |(_, path)| path.display().to_string());
                wrong.add(Diagnostics::of_file(name, Mistake::Value(Of::Secret, fault)));
            }
        }
        Ok(_) => {}
    }
    wrong
}

impl DatabaseSection {
    /// Where the database is; without any word about it, a SQLite file in the state folder.
    pub fn resolve(&self, folder: &Path, around: &Surroundings) -> Location {
        let secret = || secret::read(self.url_file.as_deref(), CREDENTIAL, around).ok().flatten();
        let url = self.url.clone().or_else(|| secret().and_then(|url| secret::expose(&url).parse().ok()));
        url.unwrap_or_else(|| Location::SqliteFile(folder.join("duban.sqlite")))
    }
}
