//! `duban run JOB`: one job, now, and what it did. A running daemon is no hindrance.

use std::io::Write;

use crate::jobs::{Engine, JOBS, Job};

/// Which job.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Its name
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(JOBS.iter().map(|row| row.name)))]
    pub job: String,
}

/// Runs the job and writes its summary as JSON.
pub async fn run(engine: &Engine, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(job) = Job::from_name(&args.job) else { anyhow::bail!("there is no job `{}`", args.job) };
    let summary = engine.run(job).await?;
    Ok(writeln!(out, "{summary}")?)
}
