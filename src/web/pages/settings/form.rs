//! What the forms of the settings have in common.

use crate::{
    acts::ActError,
    catalogue::{Diagnostic, Diagnostics},
    web::fault::Fault,
};

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
    pub fn words(words: impl Into<String>) -> Refused {
        Refused { words: Some(words.into()), ..Refused::default() }
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
            ActError::Refused(words) => Ok(Refused::words(words)),
            error @ ActError::Job(_) => Err(error.into()),
        }
    }

    pub fn any(&self) -> bool {
        self.words.is_some()
    }
}

/// A date that may be left out.
pub fn day_if(what: &str, text: &str) -> Result<Option<chrono::NaiveDate>, ActError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse().map(Some);
    read.or_else(|_| crate::acts::refuse(format!("{what}应写作 2022-10-31")))
}
