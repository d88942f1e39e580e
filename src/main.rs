//! Parses the command line and runs it.

use std::{
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use clap::Parser;
use duban::{
    catalogue::Diagnostics,
    cli::{calendar, check, plan},
    domain::calendar::Zone,
};

/// 督办: knows who owes what by when.
#[derive(Debug, Parser)]
#[command(version)]
enum Command {
    /// List what falls due in a range of days
    Plan(plan::Args),
    /// Check the seeds
    Check(check::Args),
    /// Show the statutory calendar
    #[command(subcommand)]
    Calendar(Calendar),
}

#[derive(Debug, clap::Subcommand)]
enum Calendar {
    /// Show the listed days of a year
    Show(calendar::ShowArgs),
}

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let done = run(Command::parse(), &mut out).and_then(|()| Ok(out.flush()?));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            if let Some(usage) = error.downcast_ref::<clap::Error>() {
                usage.exit();
            }
            let code = if error.is::<Diagnostics>() { 78 } else { 1 };
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::from(code)
        }
    }
}

fn run(command: Command, out: &mut dyn Write) -> anyhow::Result<()> {
    let zone = Zone(chrono_tz::Asia::Shanghai);
    let mut err = io::stderr();
    match command {
        Command::Plan(args) => plan::run(&args, zone, out),
        Command::Check(args) => {
            check::run(&args, zone.day_of(chrono::Utc::now()), out, &mut err)?;
            Ok(())
        }
        Command::Calendar(Calendar::Show(args)) => {
            calendar::show(&args, &duban::cli::seeds(None)?.calendar, out, &mut err)
        }
    }
}
