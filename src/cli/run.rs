//! `duban run JOB`: one job, now, and what it did. A running daemon is no hindrance.

use std::io::Write;

use crate::engine::{Engine, Job};
use crate::jobs;

/// Which job.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Its name
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(Job::ALL.iter().map(|job| job.code())))]
    pub job: String,
}

/// Runs the job and writes its summary as JSON.
pub async fn run(engine: &Engine, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let Ok(job) = args.job.parse::<Job>() else { anyhow::bail!("there is no job `{}`", args.job) };
    let summary = jobs::run(engine, job).await?;
    Ok(writeln!(out, "{summary}")?)
}
