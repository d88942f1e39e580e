//! `duban seed`: changed seeds, looked at and applied.

use std::io::Write;
use std::path::PathBuf;

use chrono::{Days, NaiveDate};

use super::acting::{As, act, office, settle};
use crate::acts::catalogue::{Agreed, Changes, changes};
use crate::catalogue::Seeds;
use crate::engine::Engine;

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// Show what a folder of seeds would change
    Diff {
        /// The folder
        dir: PathBuf,
        /// The day from which it would be in force; tomorrow unless given
        #[arg(long, value_name = "DATE", value_parser = crate::cli::common::date)]
        effective: Option<NaiveDate>,
    },
    /// Bring a folder of seeds in as a new version
    Apply {
        /// The folder
        dir: PathBuf,
        /// The day from which it is in force; tomorrow unless given, today at the earliest
        #[arg(long, value_name = "DATE", value_parser = crate::cli::common::date)]
        effective: Option<NaiveDate>,
        /// Units that the folder does not have leave; what they owe alone is waived
        #[arg(long)]
        units_leave: bool,
        /// Who applies it; the office unless given
        #[command(flatten)]
        by: As,
    },
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    match args {
        Args::Diff { dir, effective } => {
            let seeds = Seeds::load(&dir)?;
            let known = engine.known().await?;
            let changes = changes(&known, &seeds, effective.unwrap_or(engine.today() + Days::new(1)));
            show(&changes, out)
        }
        Args::Apply { dir, effective, units_leave, by } => {
            let seeds = Seeds::load(&dir)?;
            let by = office(engine, &by).await?;
            let agreed = Agreed { shown: None, units_leave };
            let applied = act(engine, &by, async |actor| actor.apply_seeds(&seeds, effective, agreed).await).await?;
            show(&applied.changes, out)?;
            let version = applied.version.map_or_else(String::new, |version| format!("version {version}, "));
            Ok(writeln!(out, "{version}in force from {}; {}", applied.effective_on, settle(engine).await?)?)
        }
    }
}

fn show(changes: &Changes, out: &mut dyn Write) -> anyhow::Result<()> {
    if changes.is_empty() {
        return Ok(writeln!(out, "nothing changes")?);
    }
    for change in &changes.entries {
        writeln!(out, "{change}")?;
    }
    for year in &changes.years {
        writeln!(out, "~ calendar {year}")?;
    }
    for entry in &changes.posts {
        writeln!(out, "+ post {}", entry.post)?;
    }
    Ok(())
}
