//! What a page shows of a refusal: why nothing was done, and what had been filled in, so that it stands there again.
//!
//! Every page with a form has one of these and shows it by `refused.html`. What the program could not do is a [`Fault`],
//! never this.

use crate::acts::ActError;
use crate::catalogue::{Diagnostic, Diagnostics};
use crate::domain::refusal::Refusal;
use crate::read::refusal::chinese;
use crate::web::fault::Fault;

/// A mistake in a file, as a page shows it.
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

#[derive(Default)]
pub struct Refused {
    /// Empty = nothing was refused.
    pub words: String,
    pub mistakes: Vec<MistakeRow>,
    /// Mistakes that are not among them.
    pub more: usize,
    /// The obligation whose form it was, and which, where a page has forms of several.
    form: Option<(i64, &'static str)>,
    fields: Vec<(&'static str, String)>,
}

impl Refused {
    pub fn of(refusal: impl Into<Refusal>) -> Refused {
        Refused::saying(chinese(&refusal.into()))
    }

    pub fn saying(words: impl Into<String>) -> Refused {
        Refused { words: words.into(), ..Refused::default() }
    }

    /// The mistakes of a file: nothing of it was taken.
    pub fn file(found: &Diagnostics) -> Refused {
        let words = format!("文件有{}处错误，未作任何更改", found.list.len() + found.more);
        let mistakes = found.list.iter().map(MistakeRow::of).collect();
        Refused { mistakes, more: found.more, ..Refused::saying(words) }
    }

    /// Parts what was refused from what the program could not do.
    pub fn or<T>(done: Result<T, ActError>) -> Result<Result<T, Refused>, Fault> {
        match done {
            Ok(done) => Ok(Ok(done)),
            Err(ActError::Refused(refusal)) => Ok(Err(Refused::of(refusal))),
            Err(error @ ActError::Job(_)) => Err(error.into()),
        }
    }

    /// With the form that was refused, and what stood in its fields.
    #[must_use]
    pub fn in_form(self, id: i64, form: &'static str, fields: Vec<(&'static str, String)>) -> Refused {
        Refused { form: Some((id, form)), fields, ..self }
    }

    pub fn any(&self) -> bool {
        !self.words.is_empty()
    }

    /// The obligation whose form was refused.
    pub fn obligation(&self) -> Option<i64> {
        self.form.map(|(id, _)| id)
    }

    pub fn is(&self, id: &i64, form: &str) -> bool {
        self.form == Some((*id, form))
    }

    /// What stood in a field of this form; otherwise `or`.
    pub fn value<'a>(&'a self, id: &i64, form: &str, field: &str, or: &'a str) -> &'a str {
        let found = self.fields.iter().find(|(name, _)| self.is(id, form) && *name == field);
        found.map_or(or, |(_, value)| value.as_str())
    }
}
