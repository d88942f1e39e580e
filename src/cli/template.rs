//! `duban template check`: every letter with sample values, so that a change of wording is seen before it is sent.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use super::common::{Common, Unusable};
use super::open;
use crate::mail::fill_link;

/// Where to put what was rendered.
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    /// Write every rendered letter into this folder, for reading
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Renders all letters.
pub fn check(common: &Common, args: &CheckArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let templates = open::config(common)?.templates()?;
    for (name, path) in templates.overridden() {
        writeln!(out, "{name}: {}", path.display())?;
    }
    let checked = templates.check();
    for one in &checked {
        let rendered = one.result.as_ref().map_err(|error| Unusable::Letter(error.clone()))?;
        writeln!(out, "{} ({}): {}", one.kind.code(), one.sample, rendered.subject)?;
        if let Some(folder) = &args.out {
            let url = Some("https://duban.example.com");
            let name = format!("{}-{}", one.kind.code(), one.sample);
            fs::create_dir_all(folder)?;
            let text = format!("{}\n\n{}", rendered.subject, fill_link(&rendered.text, url));
            fs::write(folder.join(format!("{name}.txt")), text)?;
            fs::write(folder.join(format!("{name}.html")), fill_link(&rendered.html, url))?;
        }
    }
    Ok(writeln!(out, "{} letters rendered", checked.len())?)
}
