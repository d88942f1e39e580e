//! `duban post`: who holds which post. People change, posts stay.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use chrono::NaiveDate;

use super::acting::{As, act, office, post};
use super::list::{Format, write_list};
use crate::acts::roster::Takeover;
use crate::catalogue::posts;
use crate::domain::unit::PostId;
use crate::engine::Engine;

/// The columns of the list.
pub const COLUMNS: [&str; 5] = ["post", "holder", "from", "stand_in_from", "stand_in_until"];

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// List who holds which post today, and what is to come
    List {
        /// Show addresses
        #[arg(long)]
        addresses: bool,
        /// How to write the list
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Put somebody on a post from today on
    Set(TakeoverArgs),
    /// Hand a post over from a day on
    #[command(name = "hand-over")]
    HandOver {
        /// From which day on
        #[arg(long, value_parser = crate::cli::common::date)]
        from: NaiveDate,
        /// Which post, and who takes it
        #[command(flatten)]
        change: TakeoverArgs,
    },
    /// Load the holders of many posts: a csv file
    Import {
        /// A csv file
        file: PathBuf,
        /// Who loads it; the office unless given
        #[command(flatten)]
        by: As,
    },
}

/// Which post, and who takes it.
#[derive(Debug, Clone, clap::Args)]
pub struct TakeoverArgs {
    /// The post (质安处/liaison)
    #[arg(value_parser = post)]
    pub post: PostId,
    /// The holder's name
    #[arg(long)]
    pub holder: String,
    /// Where the letters go
    #[arg(long)]
    pub address: String,
    /// A stand-in's address, used instead on some days
    #[arg(long, value_name = "ADDRESS", requires_all = ["stand_in_from", "stand_in_until"])]
    pub stand_in: Option<String>,
    /// The stand-in's first day
    #[arg(long, value_name = "DATE", value_parser = crate::cli::common::date, requires = "stand_in")]
    pub stand_in_from: Option<NaiveDate>,
    /// The stand-in's last day
    #[arg(long, value_name = "DATE", value_parser = crate::cli::common::date, requires = "stand_in")]
    pub stand_in_until: Option<NaiveDate>,
    /// Who writes it down; the office unless given
    #[command(flatten)]
    pub by: As,
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    match args {
        Args::List { addresses, format } => list(engine, addresses, format, out).await,
        Args::Set(change) => take_over(engine, change, None, out).await,
        Args::HandOver { from, change } => take_over(engine, change, Some(from), out).await,
        Args::Import { file, by } => {
            let by = office(engine, &by).await?;
            let bytes = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            let known = engine.known().await?;
            let entries = posts::parse(&file.display().to_string(), &bytes, Some(&known.roster))?;
            let changed = act(engine, &by, async |actor| actor.import_posts(&entries).await).await?;
            Ok(writeln!(out, "{} posts read, {changed} changed", entries.len())?)
        }
    }
}

async fn take_over(
    engine: &Engine,
    change: TakeoverArgs,
    from_on: Option<NaiveDate>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let by = office(engine, &change.by).await?;
    let stand_in = match (change.stand_in, change.stand_in_from, change.stand_in_until) {
        (Some(address), Some(from), Some(until)) => Some((address, from, until)),
        _ => None,
    };
    let TakeoverArgs { post, holder, address, .. } = change;
    let takeover = Takeover { post, holder, address, from_on, stand_in };
    act(engine, &by, async |actor| actor.set_post(&takeover).await).await?;
    let from_on = from_on.unwrap_or_else(|| engine.today());
    Ok(writeln!(out, "{} is held by {} from {from_on} on", takeover.post, takeover.holder)?)
}

async fn list(engine: &Engine, addresses: bool, format: Format, out: &mut dyn Write) -> anyhow::Result<()> {
    let known = engine.known().await?;
    let mut rows = Vec::new();
    for holder in known.holders_from(engine.today()) {
        let (from, until) = holder
            .stand_in
            .as_ref()
            .map(|stand_in| (stand_in.from.to_string(), stand_in.until.to_string()))
            .unwrap_or_default();
        let mut row = vec![holder.post.to_string(), holder.holder.clone(), holder.from_on.to_string(), from, until];
        if addresses {
            row.push(holder.address.clone());
            row.push(holder.stand_in.as_ref().map(|stand_in| stand_in.address.clone()).unwrap_or_default());
        }
        rows.push(row);
    }
    let mut columns = COLUMNS.to_vec();
    if addresses {
        columns.extend(["address", "stand_in_address"]);
    }
    Ok(write_list(format, &columns, &rows, out)?)
}
