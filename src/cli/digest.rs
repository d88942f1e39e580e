//! `duban digest show`: the office's digest, the newest one or what it would say now.

use std::io::Write;

use crate::engine::Engine;
use crate::jobs::digest;

/// Which digest.
#[derive(Debug, Clone, clap::Args)]
pub struct DigestArgs {
    /// What it would say if it were written now; writes nothing
    #[arg(long)]
    pub now: bool,
}

pub async fn show(engine: &Engine, args: &DigestArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let (subject, text) = digest::shown(engine, args.now).await?;
    Ok(writeln!(out, "{subject}\n\n{text}")?)
}
