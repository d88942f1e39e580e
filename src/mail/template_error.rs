//! What is wrong with a template, or with what is put into it.

use std::fmt;

use thiserror::Error;

/// A mistake in a template: where, and what.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct TemplateError {
    /// The override file, or the embedded template's name.
    pub file: String,
    /// From 1, where known.
    pub line: Option<usize>,
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// Every mistake found in the templates, at once.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct TemplateErrors(pub Vec<TemplateError>);

impl fmt::Display for TemplateErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            let end = if i + 1 < self.0.len() { "\n" } else { "" };
            write!(f, "{error}{end}")?;
        }
        Ok(())
    }
}

/// Why a letter cannot be worded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenderError {
    /// A name holds a control, bidirectional or line-separator character.
    #[error("{field}: character U+{code:04X} must not stand in a letter")]
    Hostile {
        /// Where in the values: `sections[0].items[2].owners`.
        field: String,
        code: u32,
    },
    /// There is nothing to say: no section, or only empty ones.
    #[error("a letter without items is not written")]
    Empty,
    /// `LetterKind::Digest` has values of its own.
    #[error("the digest is rendered from its own values")]
    WrongKind,
    /// The template made something a letter must not be.
    #[error("{0}")]
    Template(#[from] TemplateError),
}
