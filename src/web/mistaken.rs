//! Mistakes in files that were sent, as programs get them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::{Diagnostic, Diagnostics};

/// A mistake in a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct MistakeJson {
    /// What sort of mistake it is: `unknown_name`. The same for ever.
    code: &'static str,
    file: String,
    /// From 1; 0 = the file as a whole.
    line: usize,
    /// From 1, in characters; 0 = the file as a whole.
    column: usize,
    /// Of a sheet, the cell: `B3`.
    cell: Option<String>,
    /// What is wrong and what would be right, in words.
    detail: String,
}

impl From<&Diagnostic> for MistakeJson {
    fn from(one: &Diagnostic) -> MistakeJson {
        MistakeJson {
            code: one.mistake.code(),
            file: one.file.clone(),
            line: one.line,
            column: one.column,
            cell: one.cell.map(|cell| cell.to_string()),
            detail: one.mistake.words().chinese,
        }
    }
}

/// All of them in words, a line each, and how many more there are than are told.
pub fn lines(found: &Diagnostics) -> String {
    let line = |one: &Diagnostic| format!("{} {}：{}", one.file, one.place_label(), one.mistake.words().chinese);
    let more = (found.more > 0).then(|| format!("另有{}处", found.more));
    found.list.iter().map(line).chain(more).collect::<Vec<_>>().join("\n")
}
