//! `duban digest show`: the office's digest, the newest one or what it would say now.

use std::io::Write;

use crate::{
    jobs::{Engine, digest},
    mail::{LetterKind, fill_link},
};

/// Which digest.
#[derive(Debug, Clone, clap::Args)]
pub struct ShowArgs {
    /// What it would say if it were written now; writes nothing
    #[arg(long)]
    pub now: bool,
}

/// Writes subject and text.
///
/// # Errors
/// The database cannot be read, or the digest cannot be worded.
pub async fn show(engine: &Engine, args: &ShowArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let newest = if args.now { None } else { newest(engine).await? };
    let (subject, text) = if let Some(letter) = newest {
        letter
    } else {
        let rendered = digest::preview(engine).await?;
        (rendered.subject, rendered.text)
    };
    writeln!(out, "{subject}\n\n{}", fill_link(&text, engine.settings.public_url.as_deref()).trim_end())?;
    Ok(())
}

async fn newest(engine: &Engine) -> anyhow::Result<Option<(String, String)>> {
    let mut tx = engine.store.read().await?;
    let Some(id) = tx.newest_letter(LetterKind::Digest.code()).await? else { return Ok(None) };
    Ok(tx.letter_text(id).await?)
}
