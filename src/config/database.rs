//! `[database]`: which database.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    secret,
    value::Kind,
    values::{Key, Surroundings, Values},
};
use crate::{
    catalogue::{
        Diagnostics, Mistake,
        mistake::{
            setting::{Secret, SettingFault},
            value::Of,
        },
    },
    store::Location,
};

#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    pub url: Option<String>,
    /// A file that holds its address.
    pub url_file: Option<PathBuf>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("url", &self.url.is_some()).field("url_file", &self.url_file).finish()
    }
}

pub const KEYS: &[Key] = &[
    Key::new("database.url", Kind::Database, "\"postgres:///duban\""),
    Key::new("database.url_file", Kind::Path, "\"/etc/duban/database-url\""),
];

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
        Err(error) => wrong.add(if let Some((file, _)) = at {
            file.wrong(SettingFault::UnreadableSecret { wrong: error, right: Secret::DatabaseFile })
        } else {
            let fault = SettingFault::UnreadableSecret { wrong: error, right: Secret::DatabaseCredential };
            Diagnostics::of_file(CREDENTIAL, fault)
        }),
        Ok(Some(url)) if values.get("database.url").is_none() => {
            if let Err(fault) = Kind::Database.check(secret::expose(&url)) {
                let name =
                    at.map_or_else(|| format!("credential {CREDENTIAL}"), |(_, path)| path.display().to_string());
                wrong.add(Diagnostics::of_file(name, Mistake::Value(Of::Secret, fault)));
            }
        }
        Ok(_) => {}
    }
    wrong
}

impl Database {
    /// Where the database is; without any word about it, a SQLite file in the state folder.
    pub fn resolve(&self, folder: &std::path::Path, around: &Surroundings) -> Location {
        let fallback = || Location::SqliteFile(folder.join("duban.sqlite"));
        if let Some(url) = &self.url {
            return url.parse().unwrap_or_else(|_| fallback());
        }
        let secret = secret::read(self.url_file.as_deref(), CREDENTIAL, around).ok().flatten();
        secret.and_then(|url| secret::expose(&url).parse().ok()).unwrap_or_else(fallback)
    }
}
