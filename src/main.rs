//! Parses the command line and runs it.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use rustix::fs::Mode;

use duban::cli::{self, Cli, Exit};

fn main() -> ExitCode {
    // What it makes is its own account's, outside systemd too: libraries ask for more.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let mut out = BufWriter::new(io::stdout());
    let done = cli::run(Cli::parse(), &mut out);
    let flushed = out.flush().map_err(anyhow::Error::from);
    match done.and(flushed) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has had enough.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            if let Some(usage) = error.downcast_ref::<clap::Error>() {
                usage.exit();
            }
            if !error.is::<Exit>() {
                let _ = writeln!(io::stderr(), "{}", words(&error));
            }
            ExitCode::from(cli::exit_code(&error))
        }
    }
}

/// The error and its causes; a cause that the error's own words hold already is not said again.
fn words(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}
