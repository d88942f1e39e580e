//! `duban unit`: the roster's units.

use std::io::Write;

use chrono::NaiveDate;

use super::acting::{As, act, office, settle};
use super::list::{Format, write_list};
use crate::acts::roster::UnitEntry;
use crate::domain::unit::UnitName;
use crate::engine::Engine;

/// The columns of the list.
pub const COLUMNS: [&str; 5] = ["name", "kind", "groups", "joined_on", "left_on"];

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// List the units
    List {
        /// How to write the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Write down a new unit, or another kind or other groups of one
    Set {
        /// Its name
        name: String,
        /// Its kind, for display
        #[arg(long)]
        kind: Option<String>,
        /// A group that it is a member of (repeatable); those given are all it is in
        #[arg(long, value_name = "NAME")]
        group: Vec<String>,
        /// It is in no group
        #[arg(long, conflicts_with = "group")]
        no_group: bool,
        /// Of a new unit, its first day; tomorrow unless given
        #[arg(long, value_parser = crate::cli::common::date)]
        joined_on: Option<NaiveDate>,
        /// Call off a departure that lies ahead
        #[arg(long)]
        stays: bool,
        /// Who writes it down; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// Call a unit otherwise: it keeps its posts, duties, items and rows of misses
    Rename {
        /// Its name
        name: String,
        /// What it is called from now on
        to: String,
        /// Who writes it down; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// A unit takes over from another, which leaves today: open items, rows of misses, duties and groups
    Succeed {
        /// The unit that ceases
        old: String,
        /// Its successor; one that is not on the roster begins today
        new: String,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who writes it down; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// A unit leaves: what it owes alone is waived, what it shares goes on with the others. Says first what that is
    Leave {
        /// Its name
        name: String,
        /// The first day on which it owes nothing any more; today unless given
        #[arg(long, value_parser = crate::cli::common::date)]
        on: Option<NaiveDate>,
        /// Why
        #[arg(long)]
        reason: String,
        /// Do it; without this, only say what it would do
        #[arg(long)]
        yes: bool,
        /// Who writes it down; the office unless given
        #[command(flatten)]
        by: As,
    },
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    match args {
        Args::List { format } => list(engine, format, out).await,
        Args::Set { name, kind, group, no_group, joined_on, stays, by } => {
            let by = office(engine, &by).await?;
            let groups = (no_group || !group.is_empty()).then_some(group);
            let entry = UnitEntry { name: UnitName(name), kind, groups, joined_on, stays };
            let unit = act(engine, &by, async |actor| actor.set_unit(&entry).await).await?;
            Ok(writeln!(out, "{} written down; {}", unit.name, settle(engine).await?)?)
        }
        Args::Rename { name, to, by } => {
            let by = office(engine, &by).await?;
            let (name, to) = (UnitName(name), UnitName(to));
            act(engine, &by, async |actor| actor.rename_unit(&name, &to).await).await?;
            Ok(writeln!(out, "{name} is called {to} from now on; {}", settle(engine).await?)?)
        }
        Args::Succeed { old, new, reason, by } => {
            let by = office(engine, &by).await?;
            let (old, new) = (UnitName(old), UnitName(new));
            let done = act(engine, &by, async |actor| actor.succeed_unit(&old, &new, &reason).await).await?;
            let (taken, closed) = (done.taken_over.len(), done.closed.len());
            write!(out, "{new} goes on with {taken} items of {old}; {closed} that it owed already are closed")?;
            if !done.groups.is_empty() {
                write!(out, "; it is in {} now", done.groups.join(", "))?;
            }
            Ok(writeln!(out, "; {}", settle(engine).await?)?)
        }
        Args::Leave { name, on, reason, yes, by } => {
            let by = office(engine, &by).await?;
            let on = on.unwrap_or_else(|| engine.today());
            let unit = UnitName(name);
            let touched = act(engine, &by, async |actor| actor.leave(&unit, on, &reason, yes).await).await?;
            let settled = settle(engine).await?;
            Ok(writeln!(
                out,
                "{unit} leaves on {on}; {} open obligations closed or handed on; {settled}",
                touched.len()
            )?)
        }
    }
}

async fn list(engine: &Engine, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let known = engine.known().await?;
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let rows: Vec<Vec<String>> = known
        .roster
        .units
        .iter()
        .map(|unit| {
            vec![unit.name.0.clone(), unit.kind.clone(), unit.groups.join(";"), day(unit.joined_on), day(unit.left_on)]
        })
        .collect();
    Ok(write_list(format, &COLUMNS, &rows, out)?)
}
