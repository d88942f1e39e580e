//! `duban man`: the manual pages, from the same definition as the command line itself.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

/// Where to.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Write a page for every command into this folder, instead of the first page to standard output
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

pub fn run(args: &Args, command: clap::Command, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(folder) = &args.out else {
        return Ok(clap_mangen::Man::new(command).render(out)?);
    };
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)?;
    Ok(writeln!(out, "{}", folder.display())?)
}
