//! `duban calendar`: the listed days of a year and what is known of it; a notice is taken in.

use std::io::{Read as _, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::Datelike;

use super::acting::{As, act, office, settle};
use super::list::{Format, write_list};
use crate::acts::calendar::{Confirmed, differences};
use crate::catalogue::{ListedDays, holidays, year_warning};
use crate::domain::calendar::Calendar;
use crate::domain::notice::Differences;
use crate::engine::Engine;
use crate::read::notice;
use crate::read::words::weekday;

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
pub struct DiffArgs {
    /// The notice's own text, a csv file (date,name,kind,status) or the JSON of the holiday-cn layout; - reads what is pasted
    pub file: PathBuf,
}

/// Which notice, and whether it was looked at.
#[derive(Debug, Clone, clap::Args)]
pub struct ImportArgs {
    #[command(flatten)]
    pub notice: DiffArgs,
    /// Take it in though something of it is in doubt
    #[arg(long)]
    pub yes: bool,
    /// Who takes it in; the office unless given
    #[command(flatten)]
    pub by: As,
}

/// Says what a notice would change. Writes nothing.
pub async fn diff(engine: &Engine, args: &DiffArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let listed = read(args)?;
    let differences = differences(&engine.known().await?.calendar, &listed);
    write_differences(&differences, out)?;
    for doubt in &differences.doubts {
        writeln!(out, "in doubt: {}", notice::doubt(doubt).english)?;
    }
    Ok(())
}

/// Takes a notice in: all that was listed for its years gives way to it. What changes is said first.
pub async fn import(engine: &Engine, args: ImportArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = office(engine, &args.by).await?;
    let listed = read(&args.notice)?;
    write_differences(&differences(&engine.known().await?.calendar, &listed), out)?;
    out.flush()?;
    let confirmed = if args.yes { Confirmed::Yes } else { Confirmed::No };
    let done = act(engine, &by, async |actor| actor.import_calendar(&listed, confirmed).await).await?;
    let years: Vec<String> = listed.years.iter().map(ToString::to_string).collect();
    let moved = done.moved.len();
    writeln!(out, "{} days listed for {}; {}", listed.days.len(), years.join(", "), settle(engine).await?)?;
    if moved > 0 {
        writeln!(out, "{moved} open obligations are due later, for their deadline was on a day that is off now")?;
    }
    Ok(())
}

fn read(args: &DiffArgs) -> anyhow::Result<ListedDays> {
    let name = args.file.display().to_string();
    let bytes = if name == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        bytes
    } else {
        std::fs::read(&args.file).with_context(|| format!("{name} cannot be read"))?
    };
    Ok(holidays::parse(&name, &bytes)?)
}

fn write_differences(differences: &Differences, out: &mut dyn Write) -> std::io::Result<()> {
    if differences.days.is_empty() {
        return writeln!(out, "no listed day changes");
    }
    differences.days.iter().try_for_each(|change| writeln!(out, "{}", notice::change(change).english))
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
