//! Parses the command line and runs it.

use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use clap::Parser;
use duban::cli::{self, Cli, Exit};

fn main() -> ExitCode {
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
                let _ = writeln!(io::stderr(), "{error:#}");
            }
            ExitCode::from(cli::exit_code(&error))
        }
    }
}
