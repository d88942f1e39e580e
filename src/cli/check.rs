//! `duban check`: reads everything, says what is wrong, and how much of the document the duties cover.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use chrono::{Datelike, NaiveDate};

use super::common::{Common, Unusable};
use super::open;
use crate::catalogue::{Seeds, year_warning};
use crate::clock::Clock;
use crate::domain::catalogue::Coverage;

/// What to check.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Read the seeds of this folder instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    pub seeds: Option<PathBuf>,
}

/// Checks configuration, templates and seeds: warnings go to `err`, the summary is the last line of `out`.
pub fn run(common: &Common, args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common);
    let templates = config.as_ref().map_or(Ok(()), |config| config.templates().map(drop));
    let seeds = crate::cli::common::seeds(args.seeds.as_deref());
    let (today, seeds) = match (config, templates, seeds) {
        (Ok(config), Ok(()), Ok(seeds)) => (config.zone().day_of(Clock::System.now()), seeds),
        (config, templates, seeds) => {
            let faults = [config.err(), templates.err().map(Into::into), seeds.err().map(Into::into)];
            bail!(Unusable::Faults(faults.into_iter().flatten().collect()));
        }
    };
    for warning in warnings(&seeds, today) {
        writeln!(err, "warning: {warning}")?;
    }
    Ok(writeln!(out, "{}", summary(seeds.catalogue.coverage()))?)
}

/// `48/48 tasks, 64/64 measures, 75 duties`.
pub fn summary(coverage: Coverage) -> String {
    let Coverage { tasks, of_tasks, measures, of_measures, duties } = coverage;
    format!("{tasks}/{of_tasks} tasks, {measures}/{of_measures} measures, {duties} duties")
}

/// What is not wrong and yet should be known: years that are listed or near and have no notice, tasks and measures that
/// nobody owes.
pub fn warnings(seeds: &Seeds, today: NaiveDate) -> Vec<String> {
    let listed = seeds.calendar.listed.keys().map(Datelike::year).filter(|year| *year >= today.year());
    let mut years: Vec<i32> = listed.chain([today.year()]).collect();
    if today.month() >= 11 {
        years.push(today.year() + 1);
    }
    years.sort_unstable();
    years.dedup();
    let mut warnings: Vec<String> = years.into_iter().filter_map(|year| year_warning(&seeds.calendar, year)).collect();
    let duties = &seeds.catalogue.duties;
    for entry in &seeds.catalogue.clauses {
        if !duties.iter().any(|duty| duty.clause.item == entry.item) {
            warnings.push(format!("task {} ({}) has no duty", entry.item, entry.title));
            continue;
        }
        for (number, measure) in (1..).zip(&entry.measures) {
            let named = |duty: &crate::domain::duty::Duty| {
                duty.clause.item == entry.item && duty.clause.measure == Some(number)
            };
            if !duties.iter().any(named) {
                warnings.push(format!("measure {}.{number} ({measure}) has no duty", entry.item));
            }
        }
    }
    warnings
}
