//! `duban run JOB`: one job, now, and what it did. A running daemon is no hindrance.

use std::io::Write;

use super::acting;
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
    acting::learn_of_doubt(engine).await?;
    if engine.clock_in_doubt().is_some() {
        anyhow::bail!(
            "the daemon holds a leap of the clock: nothing is decided until it is put right or confirmed with SIGHUP"
        );
    }
    let summary = jobs::run(engine, job).await?;
    Ok(writeln!(out, "{summary}")?)
}
