//! `duban dispute`: a unit says that it is not its duty, the office decides.

use std::io::Write;

use super::acting::{As, act, liaison_of, office, standing};
use crate::engine::Engine;
use crate::read::implied::Implied;

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// Say that an obligation is not the unit's duty
    Raise {
        /// The obligation's number
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who says so; the liaison of its first owner unless given
        #[command(flatten)]
        by: As,
    },
    /// Agree: not the duty of the unit that says so. What it owes alone is closed; others who owe it too go on
    Uphold {
        /// The obligation's number
        id: i64,
        /// A word to go with it
        #[arg(long, default_value = "")]
        answer: String,
        /// Who decides; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// Disagree
    Reject {
        /// The obligation's number
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who decides; the office unless given
        #[command(flatten)]
        by: As,
    },
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let stored = match args {
        Args::Raise { id, reason, by } => {
            let by = liaison_of(engine, &by, id).await?;
            let number = act(engine, &by, async |actor| actor.raise_dispute(id, &reason).await).await?;
            return Ok(writeln!(out, "{number}")?);
        }
        Args::Uphold { id, answer, by } => {
            let by = office(engine, &by).await?;
            act(engine, &by, async |actor| actor.uphold_dispute(id, &answer).await).await?
        }
        Args::Reject { id, reason, by } => {
            let by = office(engine, &by).await?;
            act(engine, &by, async |actor| actor.reject_dispute(id, &reason).await).await?
        }
    };
    let known = engine.known().await?;
    writeln!(out, "{}", standing(&known, &stored))?;
    let requests = engine.store.read().await?.requests_of(stored.obligation.id).await?;
    let newest =
        requests.iter().filter(|request| request.decided_at.is_some()).max_by_key(|request| request.decided_at);
    let implied = newest.and_then(|request| Implied::by(&known, request, &stored.obligation.duty, engine.today()));
    if let Some(implied) = implied {
        writeln!(out, "{}", implied.english())?;
    }
    Ok(())
}
