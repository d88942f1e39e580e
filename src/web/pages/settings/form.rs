//! What the forms of the settings have in common.

use crate::acts::{self, ActError};
use crate::catalogue::{Diagnostic, Diagnostics};
use crate::domain::refusal::Refusal;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::read::refusal::chinese;
use crate::web::fault::Fault;

/// A mistake, as a page shows it.
pub struct MistakeRow {
    pub file: String,
    pub place: String,
    pub words: String,
}

impl MistakeRow {
    fn of(one: &Diagnostic) -> MistakeRow {
        MistakeRow { file: one.file.clone(), place: one.place_label(), words: one.mistake.words().chinese }
    }
}

/// Why something was not taken: a sentence, or the mistakes of a file.
#[derive(Default)]
pub struct Refused {
    pub words: Option<String>,
    pub mistakes: Vec<MistakeRow>,
    pub more: usize,
}

impl Refused {
    pub fn of(refusal: impl Into<Refusal>) -> Refused {
        Refused { words: Some(chinese(&refusal.into())), ..Refused::default() }
    }

    /// The mistakes of a file: nothing of it was taken.
    pub fn file(found: &Diagnostics) -> Refused {
        let words = format!("文件有{}处错误，未作任何更改", found.list.len() + found.more);
        let mistakes = found.list.iter().map(MistakeRow::of).collect();
        Refused { words: Some(words), mistakes, more: found.more }
    }

    /// A refusal; what the program could not do is a fault.
    pub fn act(error: ActError) -> Result<Refused, Fault> {
        match error {
            ActError::Refused(refusal) => Ok(Refused::of(refusal)),
            error @ ActError::Job(_) => Err(error.into()),
        }
    }

    pub fn any(&self) -> bool {
        self.words.is_some()
    }
}

/// A date that may be left out.
pub fn day_if(field: Field, text: &str) -> Result<Option<chrono::NaiveDate>, ActError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse().map(Some);
    read.or_else(|_| acts::refuse((field, FieldRefusal::NotADate)))
}
