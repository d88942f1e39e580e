//! `duban event`: what happened, and what it asks for.

use std::io::Write;

use super::acting::{As, Moment, act, local, moment, office, standing};
use super::list::{Format, write_list};
use crate::acts::event::NewEvent;
use crate::domain::unit::UnitName;
use crate::engine::Engine;

/// The columns of the list.
pub const COLUMNS: [&str; 8] = ["id", "type", "at", "place", "units", "opened_at", "closed_at", "false_alarm"];

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// Record an event; what it asks for is owed from its time on
    Open {
        /// Its type, as the catalogue names it (极端天气预警)
        #[arg(long = "type", value_name = "TYPE")]
        event_type: String,
        /// When it happened: "2022-10-31 17:30" or with an offset; now unless given
        #[arg(long, value_parser = moment)]
        at: Option<Moment>,
        /// Where
        #[arg(long, default_value = "")]
        place: String,
        /// A unit that it concerns (repeatable)
        #[arg(long, value_name = "NAME")]
        unit: Vec<String>,
        /// An id of your own
        #[arg(long)]
        id: Option<String>,
        /// Who records it; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// Close an event; what it opened stays open unless it was a false alarm
    Close {
        /// Its id
        id: String,
        /// It was a false alarm: what is not done is waived
        #[arg(long, requires = "reason")]
        false_alarm: bool,
        /// What is known of it
        #[arg(long)]
        reason: Option<String>,
        /// Who closes it; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// List the events
    List {
        /// Only those that are not closed
        #[arg(long)]
        open: bool,
        /// How to write the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    match args {
        Args::Open { event_type, at, place, unit, id, by } => {
            let by = office(engine, &by).await?;
            let at = at.map_or_else(|| engine.clock.now(), |at| at.instant(engine.settings.zone));
            let new = NewEvent { id, event_type, at, place, units: unit.into_iter().map(UnitName).collect() };
            let opened = act(engine, &by, async |actor| actor.open_event(&new).await).await?;
            writeln!(out, "{}", opened.id)?;
            let known = engine.known().await?;
            for stored in &opened.obligations {
                writeln!(out, "{}", standing(&known, stored))?;
            }
            Ok(())
        }
        Args::Close { id, false_alarm, reason, by } => {
            let by = office(engine, &by).await?;
            let reason = reason.unwrap_or_default();
            let waived = act(engine, &by, async |actor| actor.close_event(&id, false_alarm, &reason).await).await?;
            Ok(writeln!(out, "{id} closed, {} obligations waived", waived.len())?)
        }
        Args::List { open, format } => list(engine, open, format, out).await,
    }
}

async fn list(engine: &Engine, open: bool, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let zone = engine.settings.zone;
    let events = engine.store.read().await?.events().await?;
    let rows: Vec<Vec<String>> = events
        .into_iter()
        .filter(|stored| !open || stored.closed_at.is_none())
        .map(|stored| {
            vec![
                stored.event.id,
                stored.event.event_type,
                local(zone, stored.event.at),
                stored.event.place,
                UnitName::join(&stored.event.units),
                local(zone, stored.opened_at),
                stored.closed_at.map(|at| local(zone, at)).unwrap_or_default(),
                stored.false_alarm.to_string(),
            ]
        })
        .collect();
    Ok(write_list(format, &COLUMNS, &rows, out)?)
}
