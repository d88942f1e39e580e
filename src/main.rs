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
    /// Run the real jobs on a stepped clock and keep every letter
    Simulate(duban::cli::simulate::Args),
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
        Command::Simulate(args) => {
            let settings = duban::jobs::Settings {
                zone,
                horizon: chrono::TimeDelta::days(35),
                starts_on: None,
                from: duban::mail::Mailbox::new("委安委办", duban::mail::parse_address("duban@example.com")?),
                reply_to: None,
                contact: "委安委办".into(),
                signature: "市住房城乡建委安全生产委员会办公室".into(),
                public_url: None,
                trial_until: None,
                pace: None,
                batch: 100,
                connections: 1,
                lease: chrono::TimeDelta::minutes(10),
                backoff: duban::mail::Backoff::default(),
            };
            let templates = duban::mail::Templates::load(None)?;
            let seeds = duban::cli::seeds(args.seeds.as_deref())?;
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(duban::cli::simulate::run(&args, settings, templates, &seeds, out))
        }
        Command::Check(args) => {
            check::run(&args, zone.day_of(chrono::Utc::now()), out, &mut err)?;
            Ok(())
        }
        Command::Calendar(Calendar::Show(args)) => {
            calendar::show(&args, &duban::cli::seeds(None)?.calendar, out, &mut err)
        }
    }
}
