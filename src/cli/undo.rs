//! `duban undo`: takes the newest decision on an obligation back (撤销), until the letter that tells of it is written.

use std::io::Write;

use super::acting::{As, act, office, standing};
use crate::engine::Engine;

/// Which.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The obligation's number
    pub id: i64,
    /// Who decided; the office unless given
    #[command(flatten)]
    pub by: As,
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = office(engine, &args.by).await?;
    let stored = act(engine, &by, async |actor| actor.undo(args.id).await).await?;
    let known = engine.known().await?;
    Ok(writeln!(out, "{}", standing(&known, &stored))?)
}
