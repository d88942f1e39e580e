//! `duban completions SHELL`: from the same definition as the command line itself.

use std::io::Write;

/// For which shell.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

pub fn run(args: &Args, mut command: clap::Command, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "duban", &mut script);
    Ok(out.write_all(&script)?)
}
