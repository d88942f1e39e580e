//! `duban obligation`: what is owed, how it stands, and why.

use crate::domain::unit::UnitName;
use std::io::Write;

use super::{
    acting::local,
    list::{Format, write_list},
};
use crate::{
    acts::ActError,
    domain::{
        light::{self, Light},
        phase::Phase,
    },
    engine::Engine,
    read::explain::{self, action_label},
    store::{obligations::Filter, row::Stored},
};

/// The columns of the list.
pub const COLUMNS: [&str; 11] =
    ["id", "duty", "owners", "period", "opens_at", "due_at", "phase", "light", "word", "filed_at", "closed_at"];

/// What is asked.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// List obligations that have opened
    List(ListArgs),
    /// Show one with all that was filed and asked for it
    Show {
        /// The obligation's number
        id: i64,
    },
    /// Say why one is owed, by whom, how its deadline came about, and what happens next
    Explain {
        /// The obligation's number
        id: i64,
    },
}

/// Which obligations.
#[derive(Debug, Clone, clap::Args)]
pub struct ListArgs {
    /// Owed by this unit, alone or with others
    #[arg(long, value_name = "NAME")]
    pub unit: Option<String>,
    /// Of this duty
    #[arg(long, value_name = "ID")]
    pub duty: Option<String>,
    /// For this period
    #[arg(long, value_name = "KEY")]
    pub period: Option<String>,
    /// With this light: grey, yellow, green, orange, red, white
    #[arg(long, value_parser = parse_light)]
    pub light: Option<Light>,
    /// In this phase: scheduled, open, returned, missed, waiting, done, lapsed, waived, withdrawn, upheld
    #[arg(long, value_parser = parse_phase)]
    pub phase: Option<Phase>,
    /// Also those that have not opened yet
    #[arg(long)]
    pub unopened: bool,
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

fn parse_light(written: &str) -> Result<Light, String> {
    Light::try_from(written.to_owned()).map_err(|unknown| unknown.to_string())
}

fn parse_phase(written: &str) -> Result<Phase, String> {
    Phase::try_from(written.to_owned()).map_err(|unknown| unknown.to_string())
}

/// Answers.
pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    match args {
        Args::List(args) => list(engine, args, out).await,
        Args::Show { id } => show(engine, id, out).await,
        Args::Explain { id } => {
            let sections = explain::explain(engine, id).await?.ok_or_else(|| missing(id))?;
            for (n, section) in sections.iter().enumerate() {
                if n > 0 {
                    writeln!(out)?;
                }
                writeln!(out, "{}", section.heading)?;
                for line in &section.lines {
                    writeln!(out, "  {line}")?;
                }
            }
            Ok(())
        }
    }
}

fn missing(id: i64) -> ActError {
    ActError::Refused(format!("没有事项 {id}"))
}

async fn list(engine: &Engine, args: ListArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let zone = engine.settings.zone;
    let opened_by = if args.unopened { chrono::DateTime::<chrono::Utc>::MAX_UTC } else { engine.clock.now() };
    // Neither database holds instants beyond this.
    let opened_by = opened_by.min(zone.start_of(chrono::NaiveDate::from_ymd_opt(9999, 1, 1).unwrap_or_default()));
    let filter = Filter { duty: args.duty, unit: args.unit, period: args.period, phase: args.phase };
    let found = engine.store.read().await?.find_obligations(&filter, opened_by).await?;
    let wanted = |stored: &&Stored| args.light.is_none_or(|light| Light::of(&stored.obligation) == light);
    let rows: Vec<Vec<String>> = found.iter().filter(wanted).map(|stored| row(zone, stored)).collect();
    Ok(write_list(args.format, &COLUMNS, &rows, out)?)
}

fn row(zone: crate::domain::calendar::Zone, stored: &Stored) -> Vec<String> {
    let obligation = &stored.obligation;
    let optional = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| local(zone, at)).unwrap_or_default();
    vec![
        obligation.id.to_string(),
        obligation.duty.0.clone(),
        UnitName::join(&obligation.owners),
        obligation.period.clone(),
        local(zone, obligation.opens_at),
        local(zone, obligation.round.due_at),
        obligation.phase.code().to_owned(),
        Light::of(obligation).code().to_owned(),
        light::word(obligation).to_owned(),
        optional(obligation.filed_at),
        optional(obligation.closed_at),
    ]
}

async fn show(engine: &Engine, id: i64, out: &mut dyn Write) -> anyhow::Result<()> {
    let zone = engine.settings.zone;
    let known = engine.known().await?;
    let mut tx = engine.store.read().await?;
    let stored = tx.obligation(id).await?.ok_or_else(|| missing(id))?;
    for (column, cell) in COLUMNS.iter().zip(row(zone, &stored)) {
        writeln!(out, "{column}: {cell}")?;
    }
    if let Ok(rules) = known.rules(&stored, engine.today()) {
        writeln!(out, "title: {}", rules.duty.title)?;
    }
    for counted in tx.submissions_for(&[id]).await? {
        let submission = &counted.submission;
        let state = match (submission.withdrawn_at, counted.returned_at) {
            (Some(_), _) => "withdrawn",
            (None, Some(_)) => "returned",
            (None, None) => "stands",
        };
        let items: Vec<String> =
            submission.items.iter().map(|item| format!("{}={}", item.counter, item.value)).collect();
        writeln!(
            out,
            "submission {}: {} by {}, acted on {}, {state}; {} {}",
            submission.id,
            local(zone, submission.received_at),
            submission.by_post,
            submission.acted_on,
            items.join("; "),
            submission.note
        )?;
        for file in tx.evidence_of(&submission.id).await? {
            let erased = file.erased_at.map(|at| format!(", erased {}", local(zone, at))).unwrap_or_default();
            writeln!(out, "  file {} ({} bytes, sha256 {}{erased})", file.name, file.size, file.sha256)?;
        }
    }
    for request in tx.requests_of(id).await? {
        let answer = match request.granted {
            None => "waiting",
            Some(true) => "granted",
            Some(false) => "refused",
        };
        writeln!(out, "{} {}: by {}, {answer}; {}", request.kind.code(), request.id, request.by_post, request.reason)?;
    }
    for entry in tx.log_of(id).await? {
        writeln!(out, "log {}: {} {}", local(zone, entry.at), entry.by_post, action_label(entry.action))?;
    }
    Ok(())
}
