//! `duban letter`: what becomes of the letters that a restored copy holds.

use std::io::Write;

use super::acting::{As, act, office};
use crate::engine::{COPIED_AT, Engine};

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// Send the letters that are held since a backup was restored, or drop them
    Release {
        /// Do not send them: they were sent before
        #[arg(long)]
        drop: bool,
        /// Who says so; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// Have older letters held at the next start: after a database was put back by other means than `duban backup`
    Hold,
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    match args {
        Args::Release { drop, by } => {
            let by = office(engine, &by).await?;
            let released = act(engine, &by, async |actor| actor.release_letters(!drop).await).await?;
            let what = if drop { "dropped" } else { "queued to be sent" };
            writeln!(out, "{released} letters {what}")?;
        }
        Args::Hold => {
            let mut tx = engine.store.write().await?;
            tx.set_meta(COPIED_AT, &engine.clock.now().to_rfc3339()).await?;
            tx.commit().await?;
            writeln!(out, "the next start holds what waits to be sent; `duban letter release` lets it go")?;
        }
    }
    Ok(())
}
