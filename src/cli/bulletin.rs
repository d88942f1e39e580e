//! `duban bulletin`: the office decides whether a miss goes into the bulletin (通报建议).

use std::io::Write;

use super::acting::{As, act, office, standing};
use crate::engine::Engine;

/// Which proposals, and what is decided on them.
#[derive(Debug, Clone, clap::Args)]
#[command(group(clap::ArgGroup::new("verdict").required(true).args(["publish", "decline"])))]
pub struct Args {
    /// The obligations' numbers; all are decided or none
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<i64>,
    /// Publish (通报), under a number
    #[arg(long, requires = "document")]
    pub publish: bool,
    /// Do not publish (不通报)
    #[arg(long)]
    pub decline: bool,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// The bulletin's number (文号)
    #[arg(long)]
    pub document: Option<String>,
    /// Who decides; the office unless given
    #[command(flatten)]
    pub by: As,
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = office(engine, &args.by).await?;
    let document = args.document.as_deref().unwrap_or_default();
    let decide =
        async |actor: &crate::acts::Actor<'_>| actor.publish(&args.ids, args.publish, &args.reason, document).await;
    let rows = act(engine, &by, decide).await?;
    let known = engine.known().await?;
    for stored in &rows {
        writeln!(out, "{}", standing(&known, stored))?;
    }
    Ok(())
}
