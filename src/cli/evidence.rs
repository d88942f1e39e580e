//! `duban evidence`: files that came with submissions: read back, or erased when they were uploaded by mistake.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::acting::{As, act, office};
use crate::acts::ActError;
use crate::domain::refusal::who::NoSuch;
use crate::engine::Engine;
use crate::vault::Vault;

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// Write a file out, checked against its hash
    Get {
        /// Its SHA-256
        sha256: String,
        /// Where to; must not exist yet
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Erase a file uploaded by mistake, by the office wherever it was filed; its hash and a tombstone stay
    Erase {
        /// The receipt number it came with
        receipt: String,
        /// Its SHA-256
        sha256: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who erases it; the office unless given
        #[command(flatten)]
        by: As,
    },
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let vault = engine.vault.as_ref().context("no folder for evidence is configured")?;
    match args {
        Args::Get { sha256, out: path } => {
            let found = vault.get(&sha256).await.map_err(ActError::from)?;
            let bytes = found.ok_or_else(|| ActError::from(NoSuch::NoFile(sha256)))?;
            write_new(&path, &bytes).with_context(|| format!("{} cannot be written", path.display()))?;
            Ok(writeln!(out, "{} bytes written to {}", bytes.len(), path.display())?)
        }
        Args::Erase { receipt, sha256, reason, by } => erase(engine, vault, &receipt, &sha256, &reason, &by, out).await,
    }
}

async fn erase(
    engine: &Engine,
    vault: &Vault,
    receipt: &str,
    sha256: &str,
    reason: &str,
    by: &As,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let by = office(engine, by).await?;
    let gone = act(engine, &by, async |actor| actor.erase_evidence(vault, receipt, sha256, reason).await).await?;
    let said = if gone { "its bytes are gone" } else { "another submission still has the same bytes" };
    Ok(writeln!(out, "erased from {receipt}; {said}")?)
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::File::create_new(path)?.write_all(bytes)
}
