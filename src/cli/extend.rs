//! `duban extend`: a unit asks for a later deadline, the office grants or refuses.

use std::io::Write;

use super::acting::{As, Moment, act, liaison_of, moment, office, standing};
use crate::engine::Engine;

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// Ask for an extension, before the deadline
    Ask {
        /// The obligation's number
        id: i64,
        /// The deadline asked for: a day (until 24:00) or an instant
        #[arg(long, value_parser = moment)]
        until: Moment,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who asks; the liaison of its first owner unless given
        #[command(flatten)]
        by: As,
    },
    /// Grant what was asked for
    Grant {
        /// The obligation's number
        id: i64,
        /// Another deadline than the one asked for
        #[arg(long, value_parser = moment)]
        until: Option<Moment>,
        /// A word to go with it
        #[arg(long, default_value = "")]
        answer: String,
        /// Who grants; the office unless given
        #[command(flatten)]
        by: As,
    },
    /// Refuse what was asked for
    Refuse {
        /// The obligation's number
        id: i64,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who refuses; the office unless given
        #[command(flatten)]
        by: As,
    },
}

pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let stored = match args {
        Args::Ask { id, until, reason, by } => {
            let by = liaison_of(engine, &by, id).await?;
            let until = until.deadline(engine.settings.zone);
            let number = act(engine, &by, async |actor| actor.ask_extension(id, until, &reason).await).await?;
            return Ok(writeln!(out, "{number}")?);
        }
        Args::Grant { id, until, answer, by } => {
            let by = office(engine, &by).await?;
            let until = until.map(|until| until.deadline(engine.settings.zone));
            act(engine, &by, async |actor| actor.grant_extension(id, until, &answer).await).await?
        }
        Args::Refuse { id, reason, by } => {
            let by = office(engine, &by).await?;
            act(engine, &by, async |actor| actor.refuse_extension(id, &reason).await).await?
        }
    };
    let known = engine.known().await?;
    Ok(writeln!(out, "{}", standing(&known, &stored))?)
}
