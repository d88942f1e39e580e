//! `duban review`: the office accepts or returns what was filed.

use std::io::Write;

use super::acting::{As, Moment, act, moment, office, standing};
use crate::engine::Engine;

/// Which obligation, and what becomes of it.
#[derive(Debug, Clone, clap::Args)]
#[command(group(clap::ArgGroup::new("verdict").required(true).args(["accept", "send_back", "confirm_miss"])))]
pub struct Args {
    /// The obligation's number
    pub id: i64,
    /// Accept it (通过)
    #[arg(long)]
    pub accept: bool,
    /// Return it (退回), with a reason and a new deadline
    #[arg(long = "return", requires = "reason", requires = "until")]
    pub send_back: bool,
    /// Let a miss marked 未提醒 count
    #[arg(long)]
    pub confirm_miss: bool,
    /// Why it is returned
    #[arg(long)]
    pub reason: Option<String>,
    /// The new deadline: a day (until 24:00) or an instant
    #[arg(long, value_parser = moment)]
    pub until: Option<Moment>,
    /// Who reviews; the office unless given
    #[command(flatten)]
    pub by: As,
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = office(engine, &args.by).await?;
    let stored = act(engine, &by, async |actor| match (args.accept, args.confirm_miss, args.until) {
        (true, ..) => actor.accept(args.id).await,
        (_, true, _) => actor.confirm_miss(args.id).await,
        (.., until) => {
            let until = until.map_or(actor.now, |until| until.deadline(actor.known.zone));
            actor.send_back(args.id, args.reason.as_deref().unwrap_or_default(), until).await
        }
    })
    .await?;
    let known = engine.known().await?;
    Ok(writeln!(out, "{}", standing(&known, &stored))?)
}
