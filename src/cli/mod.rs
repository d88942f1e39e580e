//! The command line: a file a subcommand. Arguments in, text out; decides nothing.

pub mod acting;
pub mod calendar;
pub mod check;
pub mod dispute;
pub mod event;
pub mod evidence;
pub mod extend;
pub mod list;
pub mod node;
pub mod obligation;
pub mod plan;
pub mod post;
pub mod review;
pub mod seed;
pub mod simulate;
pub mod submit;
pub mod unit;
pub mod waive;

use std::path::Path;

use crate::catalogue::{Diagnostics, Seeds};

/// The seeds of a folder, or the copy in the binary.
pub fn seeds(folder: Option<&Path>) -> Result<Seeds, Diagnostics> {
    folder.map_or_else(Seeds::embedded, Seeds::load)
}

/// A date as an argument: `2022-09-30`.
pub fn date(written: &str) -> Result<chrono::NaiveDate, String> {
    crate::catalogue::grammar::date(written).ok_or_else(|| "dates are written like 2022-09-30 and must exist".into())
}
