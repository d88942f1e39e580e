//! `duban requests`: what waits for the office's decision, and what was decided of late.

use std::io::Write;

use chrono::{DateTime, TimeDelta, Utc};

use super::acting::local;
use super::list::{Format, write_list};
use crate::engine::Engine;
use crate::read::pending::{self, Pending};
use crate::store::decisions::Decision;

/// What waits, or what was decided.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// What was decided in the last 30 days, newest first
    #[arg(long)]
    pub decided: bool,
    /// Only what this unit is told of
    #[arg(long, value_name = "NAME", requires = "decided")]
    pub unit: Option<String>,
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

const WAITING: [&str; 7] = ["obligation", "kind", "since", "request", "by_post", "until", "reason"];
const DECIDED: [&str; 8] = ["obligation", "kind", "at", "by_post", "until", "document", "reason", "tells_at"];
/// More than these are not listed.
const MOST: usize = 100_000;

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let zone = engine.settings.zone;
    let at = |at: Option<DateTime<Utc>>| at.map(|at| local(zone, at)).unwrap_or_default();
    let mut tx = engine.store.read().await?;
    if args.decided {
        let since = engine.clock.now() - TimeDelta::days(30);
        let decisions = match &args.unit {
            Some(unit) => tx.decisions_for(unit, since, MOST).await?,
            None => tx.decisions_since(since, MOST).await?,
        };
        let row = |one: &Decision| {
            let (kind, id) = (one.kind.code().to_owned(), one.obligation.to_string());
            let said = [one.by_post.clone(), at(one.until_at), one.document.clone(), one.words.clone()];
            [vec![id, kind, at(Some(one.at))], said.to_vec(), vec![at(Some(one.tells_at))]].concat()
        };
        let rows: Vec<Vec<String>> = decisions.iter().map(row).collect();
        return Ok(write_list(args.format, &DECIDED, &rows, out)?);
    }
    let row = |one: &Pending| {
        let head = vec![one.obligation.to_string(), one.kind.code().to_owned(), at(one.since)];
        let asked = one.request.as_ref().map(|request| {
            vec![request.id.clone(), request.by_post.clone(), at(request.until_at), request.reason.clone()]
        });
        [head, asked.unwrap_or_else(|| vec![String::new(); 4])].concat()
    };
    let rows: Vec<Vec<String>> = pending::all(&mut tx).await?.iter().map(row).collect();
    Ok(write_list(args.format, &WAITING, &rows, out)?)
}
