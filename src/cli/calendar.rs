//! `duban calendar show`: the listed days of a year and what is known of it.

use std::io::Write;

use chrono::{Datelike, NaiveDate};

use super::list::{Format, write_list};
use crate::{
    catalogue::year_warning,
    domain::calendar::{Calendar, DayKind, DayStatus},
};

/// The columns of the list.
pub const COLUMNS: [&str; 5] = ["date", "weekday", "name", "kind", "status"];

/// Which year.
#[derive(Debug, Clone, clap::Args)]
pub struct ShowArgs {
    /// The year
    #[arg(value_parser = clap::value_parser!(i32).range(1900..=2199))]
    pub year: i32,
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Writes the listed days; that a year has no notice yet goes to `err`.
pub fn show(args: &ShowArgs, calendar: &Calendar, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<()> {
    if let Some(warning) = year_warning(calendar, args.year) {
        writeln!(err, "warning: {warning}")?;
    }
    let days = calendar.listed.iter().filter(|(date, _)| date.year() == args.year);
    let rows: Vec<Vec<String>> = days
        .map(|(date, day)| {
            let kind = match day.kind {
                DayKind::Holiday => "holiday",
                DayKind::MakeupWorkday => "makeup_workday",
            };
            let status = match day.status {
                DayStatus::Notice => "notice",
                DayStatus::Provisional => "provisional",
            };
            vec![date.to_string(), weekday(*date).into(), day.name.clone(), kind.into(), status.into()]
        })
        .collect();
    Ok(write_list(args.format, &COLUMNS, &rows, out)?)
}

fn weekday(day: NaiveDate) -> &'static str {
    const NAMES: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
    NAMES[day.weekday().num_days_from_monday() as usize]
}
