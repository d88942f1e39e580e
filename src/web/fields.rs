//! The fields of a form, in the order in which they were sent; one name may come more than once.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::acts::{self, ActError};
use crate::domain::refusal::field::{Field, FieldRefusal};

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first field of that name, where there is one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first field of that name, blanks around it cut off; empty where there is none.
    pub fn trimmed(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A date that may be left out.
pub fn day_if(field: Field, text: &str) -> Result<Option<NaiveDate>, ActError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse().map(Some);
    read.or_else(|_| acts::refuse((field, FieldRefusal::NotADate)))
}
