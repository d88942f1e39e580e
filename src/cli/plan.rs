//! `duban plan`: what falls due in a range of days, from the seeds alone.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use chrono::{NaiveDate, SecondsFormat};

use super::list::{Format, write_list};
use crate::domain::calendar::Zone;
use crate::domain::duty::{Duty, DutyId, Owner};
use crate::domain::plan::{self, Owed};
use crate::domain::unit::UnitName;
use crate::domain::world::World;

/// The columns of the list.
pub const COLUMNS: [&str; 4] = ["duty", "owners", "period", "due_at"];

/// A longer range is a slip of the hand.
const LONGEST_YEARS: u32 = 50;

/// What to list.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// First day on which something may fall due (2022-01-01)
    #[arg(long, value_parser = crate::cli::common::date)]
    pub from: NaiveDate,
    /// Last day on which something may fall due (2022-12-31)
    #[arg(long, value_parser = crate::cli::common::date)]
    pub to: NaiveDate,
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Read the seeds of this folder instead of the embedded ones
    #[arg(long, value_name = "DIR")]
    pub seeds: Option<PathBuf>,
    /// Only this duty (repeatable)
    #[arg(long, value_name = "ID")]
    pub duty: Vec<String>,
    /// Only what this unit owes, alone or with others (repeatable)
    #[arg(long, value_name = "NAME")]
    pub unit: Vec<String>,
    /// Only what members of this group owe (repeatable)
    #[arg(long, value_name = "NAME")]
    pub group: Vec<String>,
}

/// Writes the list; the zone is where deadlines are read.
pub fn run(args: &Args, zone: Zone, out: &mut dyn Write) -> anyhow::Result<()> {
    if args.to < args.from {
        return Err(usage(format!("--to {} is before --from {}", args.to, args.from)));
    }
    if args.to.years_since(args.from).is_some_and(|years| years >= LONGEST_YEARS) {
        return Err(usage(format!("the range is longer than {LONGEST_YEARS} years")));
    }
    let mut seeds = crate::cli::common::seeds(args.seeds.as_deref())?;
    let filter = Filter::new(args, &seeds.catalogue.duties, &seeds.roster)?;
    seeds.catalogue.duties.retain(|duty| filter.duty(duty));
    let world =
        World { catalogue: &seeds.catalogue, roster: &seeds.roster, calendar: &seeds.calendar, zone, nodes: &[] };
    let rows = plan::due_between(&world, args.from, args.to);
    let rows: Vec<Vec<String>> = rows.iter().filter(|owed| filter.owed(owed)).map(|owed| row(zone, owed)).collect();
    Ok(write_list(args.format, &COLUMNS, &rows, out)?)
}

/// A mistake in the arguments, told as clap tells its own.
fn usage(wrong: String) -> anyhow::Error {
    clap::Error::raw(clap::error::ErrorKind::ValueValidation, wrong + "\n").into()
}

pub fn row(zone: Zone, owed: &Owed) -> Vec<String> {
    let owners: Vec<&str> = owed.owners.iter().map(|owner| owner.0.as_str()).collect();
    let due_at = zone.local(owed.due_at).to_rfc3339_opts(SecondsFormat::Secs, false);
    vec![owed.duty.0.clone(), owners.join(";"), owed.period.to_string(), due_at]
}

/// Which rows are wanted: each kind of wish narrows, several of a kind widen.
struct Filter {
    duties: Vec<DutyId>,
    units: Option<std::collections::HashSet<UnitName>>,
}

impl Filter {
    fn new(args: &Args, duties: &[Duty], roster: &crate::domain::unit::Roster) -> anyhow::Result<Filter> {
        for id in &args.duty {
            if !duties.iter().any(|duty| duty.id.0 == *id) {
                bail!("there is no duty `{id}`");
            }
        }
        for name in &args.unit {
            if roster.unit(&UnitName(name.clone())).is_none() {
                bail!("there is no unit `{name}`");
            }
        }
        for group in args.group.iter().map(|group| group.trim_start_matches('@')) {
            if !roster.groups.iter().any(|known| known == group) {
                bail!("there is no group `{group}`");
            }
        }
        let named: Option<std::collections::HashSet<UnitName>> =
            (!args.unit.is_empty()).then(|| args.unit.iter().cloned().map(UnitName).collect());
        let members = (!args.group.is_empty()).then(|| {
            let wanted = |group: &String| args.group.iter().any(|name| name.trim_start_matches('@') == group);
            let units = roster.units.iter().filter(|unit| unit.groups.iter().any(wanted));
            units.map(|unit| unit.name.clone()).collect()
        });
        let units = match (named, members) {
            (Some(named), Some(members)) => Some(named.intersection(&members).cloned().collect()),
            (named, members) => named.or(members),
        };
        Ok(Filter { duties: args.duty.iter().cloned().map(DutyId).collect(), units })
    }

    fn duty(&self, duty: &Duty) -> bool {
        let wanted = self.duties.is_empty() || self.duties.contains(&duty.id);
        // Without a group among its owners, a duty that none of the wanted units owes need not be planned at all.
        let reachable = self.units.as_ref().is_none_or(|units| {
            duty.owed_by.iter().any(|owner| match owner {
                Owner::Unit(name) => units.contains(name),
                Owner::Group(_) => true,
            })
        });
        wanted && reachable
    }

    fn owed(&self, owed: &Owed) -> bool {
        self.units.as_ref().is_none_or(|units| owed.owners.iter().any(|owner| units.contains(owner)))
    }
}
