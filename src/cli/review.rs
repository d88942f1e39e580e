//! `duban review`: the office accepts or returns what was filed, and judges misses marked 未提醒.

use std::io::Write;

use super::acting::{As, Moment, act, moment, office, standing};
use crate::acts::refuse;
use crate::domain::refusal::obligation::ObligationRefusal;
use crate::engine::Engine;

/// Which obligations, and what becomes of them.
#[derive(Debug, Clone, clap::Args)]
#[command(group(clap::ArgGroup::new("verdict").required(true).args(["accept", "send_back", "count_miss", "excuse_miss"])))]
pub struct Args {
    /// The obligations' numbers; only one is returned at a time, else all are decided or none
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<i64>,
    /// Accept (通过)
    #[arg(long)]
    pub accept: bool,
    /// Return (退回), with a reason
    #[arg(long = "return", requires = "reason")]
    pub send_back: bool,
    /// Let misses marked 未提醒 count
    #[arg(long)]
    pub count_miss: bool,
    /// Let misses marked 未提醒 not count
    #[arg(long)]
    pub excuse_miss: bool,
    /// With them, all others of the same outage
    #[arg(long, conflicts_with_all = ["accept", "send_back"])]
    pub whole_outage: bool,
    /// Why it is returned, or judged so
    #[arg(long)]
    pub reason: Option<String>,
    /// The new deadline of what is returned: a day (until 24:00) or an instant, not before the one in force; the later of
    /// that one and the third workday unless given
    #[arg(long, value_parser = moment)]
    pub until: Option<Moment>,
    /// Who reviews; the office unless given
    #[command(flatten)]
    pub by: As,
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = office(engine, &args.by).await?;
    let reason = args.reason.as_deref().unwrap_or_default();
    let rows = act(engine, &by, async |actor| {
        if args.accept {
            return actor.accept_all(&args.ids).await;
        }
        if args.count_miss || args.excuse_miss {
            let ids = if args.whole_outage { actor.outage_of(&args.ids).await? } else { args.ids.clone() };
            return actor.judge_misses(&ids, args.count_miss, reason).await;
        }
        let [id] = args.ids[..] else { return refuse(ObligationRefusal::OneReturnedAtATime) };
        let until = args.until.map(|until| until.deadline(actor.known.zone));
        Ok(vec![actor.send_back(id, reason, until).await?])
    })
    .await?;
    let known = engine.known().await?;
    for stored in &rows {
        writeln!(out, "{}", standing(&known, stored))?;
    }
    Ok(())
}
