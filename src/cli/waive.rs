//! `duban waive`: the office lets obligations go.

use std::io::Write;

use super::acting::{As, act, office, standing};
use crate::engine::Engine;

/// Which, why, and on the word of which document.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The obligations' numbers; all are waived or none
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<i64>,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// The number of the document that says so
    #[arg(long)]
    pub document: String,
    /// Who waives; the office unless given
    #[command(flatten)]
    pub by: As,
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = office(engine, &args.by).await?;
    let rows = act(engine, &by, async |actor| actor.waive(&args.ids, &args.reason, &args.document).await).await?;
    let known = engine.known().await?;
    for row in &rows {
        writeln!(out, "{}", standing(&known, row))?;
    }
    Ok(())
}
