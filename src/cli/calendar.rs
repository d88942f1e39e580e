//! `duban calendar`: the listed days of a year and what is known of it; a notice is taken in.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::{Datelike, NaiveDate};

use super::acting::{As, act, office, settle};
use super::list::{Format, write_list};
use crate::catalogue::{holidays, year_warning};
use crate::domain::calendar::Calendar;
use crate::engine::Engine;

/// The columns of the list.
pub const COLUMNS: [&str; 5] = ["date", "weekday", "name", "kind", "status"];

/// Which year.
#[derive(Debug, Clone, clap::Args)]
pub struct YearArgs {
    /// The year
    #[arg(value_parser = clap::value_parser!(i32).range(1900..=2199))]
    pub year: i32,
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Which notice.
#[derive(Debug, Clone, clap::Args)]
pub struct ImportArgs {
    /// A csv file (date,name,kind,status) or the JSON of the holiday-cn layout
    pub file: PathBuf,
    /// Who takes it in; the office unless given
    #[command(flatten)]
    pub by: As,
}

/// Takes a notice in: all that was listed for its years gives way to it.
pub async fn import(engine: &Engine, args: ImportArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = office(engine, &args.by).await?;
    let bytes = std::fs::read(&args.file).with_context(|| format!("{} cannot be read", args.file.display()))?;
    let listed = holidays::parse(&args.file.display().to_string(), &bytes)?;
    let days = act(engine, &by, async |actor| actor.import_calendar(&listed).await).await?;
    let years: Vec<String> = listed.years.iter().map(ToString::to_string).collect();
    Ok(writeln!(out, "{days} days listed for {}; {}", years.join(", "), settle(engine).await?)?)
}

/// Writes the listed days; that a year has no notice yet goes to `err`.
pub fn show(args: &YearArgs, calendar: &Calendar, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<()> {
    if let Some(warning) = year_warning(calendar, args.year) {
        writeln!(err, "warning: {warning}")?;
    }
    let days = calendar.listed.iter().filter(|(date, _)| date.year() == args.year);
    let rows: Vec<Vec<String>> = days
        .map(|(date, day)| {
            let (kind, status) = (day.kind.to_string(), day.status.to_string());
            vec![date.to_string(), weekday(*date).into(), day.name.clone(), kind, status]
        })
        .collect();
    Ok(write_list(args.format, &COLUMNS, &rows, out)?)
}

fn weekday(day: NaiveDate) -> &'static str {
    const NAMES: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
    NAMES[day.weekday().num_days_from_monday() as usize]
}
