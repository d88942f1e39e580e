//! `duban node`: key dates, and the windows that the office opens by hand.

use std::io::Write;

use chrono::NaiveDate;

use super::acting::{As, act, office, settle};
use super::list::{Format, write_list};
use crate::engine::Engine;

/// The columns of the list.
pub const COLUMNS: [&str; 5] = ["key", "name", "first", "last", "opened_by_hand"];

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// Open a window, always with a last day
    Open {
        /// Its id, which names its period
        #[arg(long)]
        id: String,
        /// What it is for
        #[arg(long)]
        name: String,
        /// Its first day, today at the earliest; today unless given
        #[arg(long, value_parser = crate::cli::common::date)]
        from: Option<NaiveDate>,
        /// Its last day
        #[arg(long, value_parser = crate::cli::common::date)]
        to: NaiveDate,
        /// Who opens it; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// Move a window's last day, later or earlier
    Extend {
        /// Its id
        id: String,
        /// Its new last day
        #[arg(long, value_parser = crate::cli::common::date)]
        to: NaiveDate,
        /// Who moves it; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// Close a window: today is its last day
    Close {
        /// Its id
        id: String,
        /// Who closes it; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// List the key dates: statutory ones, named ones, and windows
    List {
        /// Also those that are over
        #[arg(long)]
        all: bool,
        /// How to write the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    match args {
        Args::Open { id, name, from, to, by } => {
            let by = office(engine, &by).await?;
            let first = from.unwrap_or_else(|| engine.today());
            act(engine, &by, async |actor| actor.open_node(&id, &name, first, to).await).await?;
            writeln!(out, "{id} opened from {first} to {to}; {}", settle(engine).await?)?;
        }
        Args::Extend { id, to, by } => {
            let by = office(engine, &by).await?;
            act(engine, &by, async |actor| actor.extend_node(&id, to).await).await?;
            writeln!(out, "{id} now ends on {to}; {}", settle(engine).await?)?;
        }
        Args::Close { id, by } => {
            let by = office(engine, &by).await?;
            act(engine, &by, async |actor| actor.close_node(&id).await).await?;
            writeln!(out, "{id} closed; {}", settle(engine).await?)?;
        }
        Args::List { all, format } => list(engine, all, format, out).await?,
    }
    Ok(())
}

async fn list(engine: &Engine, all: bool, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let known = engine.known().await?;
    let today = engine.today();
    let Some(version) = known.version_on(today) else { return Ok(()) };
    let nodes = known.world(&version.catalogue).all_nodes();
    let rows: Vec<Vec<String>> = nodes
        .into_iter()
        .filter(|node| all || node.last >= today)
        .map(|node| {
            let by_hand = known.windows.iter().any(|window| window.key == node.key);
            vec![node.key, node.name, node.first.to_string(), node.last.to_string(), by_hand.to_string()]
        })
        .collect();
    Ok(write_list(format, &COLUMNS, &rows, out)?)
}
