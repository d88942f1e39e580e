//! `duban obligation`: what is owed, how it stands, and why.

use std::io::Write;

use chrono::{DateTime, NaiveDate, Utc};

use super::acting::local;
use super::list::{Format, write_list};
use crate::acts::ActError;
use crate::domain::calendar::Zone;
use crate::domain::code::UnknownCode;
use crate::domain::duty::{CadenceKind, DutyId};
use crate::domain::light::Light;
use crate::domain::phase::Phase;
use crate::domain::query::{Order, PhaseGroup, Query};
use crate::domain::refusal::who::NoSuch;
use crate::domain::unit::UnitName;
use crate::engine::{Engine, SetupError};
use crate::read::explain::{self, action_label};
use crate::read::filed::filed_for;
use crate::read::query;
use crate::read::view::View;
use crate::store::row::Stored;

/// The columns of the list.
pub const COLUMNS: [&str; 12] = [
    "id",
    "duty",
    "owners",
    "period",
    "opens_at",
    "due_at",
    "phase",
    "light",
    "word",
    "filed_at",
    "closed_at",
    "return_reason",
];

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
    /// For duties of this task
    #[arg(long, value_name = "NUMBER")]
    pub item: Option<u16>,
    /// For duties of this hard measure
    #[arg(long, value_name = "NUMBER")]
    pub part: Option<u16>,
    /// Of duties that are owed so: daily, workday, weekly, monthly, quarterly, `half_yearly`, yearly, once, on,
    /// `each_day_of_node`
    #[arg(long, value_parser = code::<CadenceKind>)]
    pub cadence: Option<CadenceKind>,
    /// For this period
    #[arg(long, value_name = "KEY")]
    pub period: Option<String>,
    /// First due on this day or later
    #[arg(long, value_name = "DAY")]
    pub from: Option<NaiveDate>,
    /// First due on this day or earlier
    #[arg(long, value_name = "DAY")]
    pub until: Option<NaiveDate>,
    /// Due on this day by the deadline in force
    #[arg(long, value_name = "DAY")]
    pub due: Option<NaiveDate>,
    /// With this light: grey, yellow, green, orange, red, white
    #[arg(long, value_parser = code::<Light>)]
    pub light: Option<Light>,
    /// In this phase: scheduled, open, returned, missed, waiting, done, lapsed, waived, withdrawn, upheld
    #[arg(long, value_parser = code::<Phase>)]
    pub phase: Option<Phase>,
    /// With this in its number, title, owners or period
    #[arg(long, value_name = "WORDS")]
    pub text: Option<String>,
    /// Also those that have not opened yet or were withdrawn
    #[arg(long)]
    pub unopened: bool,
    /// By the day first due, newest or oldest first, or by number
    #[arg(long, value_parser = code::<Order>, default_value_t = Order::Oldest)]
    pub order: Order,
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

fn code<T: TryFrom<String, Error = UnknownCode>>(written: &str) -> Result<T, String> {
    T::try_from(written.to_owned()).map_err(|unknown| unknown.to_string())
}

impl ListArgs {
    fn query(&self) -> Query {
        let phases = match self.phase {
            Some(phase) => vec![phase],
            None if self.unopened => PhaseGroup::All.phases(),
            None => Vec::new(),
        };
        Query {
            unit: self.unit.clone().map(UnitName),
            duty: self.duty.clone().map(DutyId),
            item: self.item,
            part: self.part,
            cadence: self.cadence,
            period: self.period.clone(),
            phases,
            light: self.light,
            from: self.from,
            until: self.until,
            due: self.due,
            text: self.text.as_ref().map(|text| text.to_lowercase()),
            order: self.order,
        }
    }
}

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
    NoSuch::NoObligation(id).into()
}

async fn list(engine: &Engine, args: ListArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let known = engine.known().await?;
    let mut tx = engine.store.read().await?;
    let today = engine.today();
    let found = query::all(&mut tx, &known, &args.query(), usize::MAX).await?;
    let cells = |stored: &Stored| Ok(row(known.zone, &View::without_filings(&known, stored, today)?));
    let rows: Vec<Vec<String>> = found.iter().map(cells).collect::<Result<_, SetupError>>()?;
    Ok(write_list(args.format, &COLUMNS, &rows, out)?)
}

fn row(zone: Zone, view: &View) -> Vec<String> {
    let optional = |at: Option<DateTime<Utc>>| at.map(|at| local(zone, at)).unwrap_or_default();
    vec![
        view.id.to_string(),
        view.duty.0.clone(),
        UnitName::join(&view.owners),
        view.period.clone(),
        local(zone, view.opens_at),
        local(zone, view.round.due_at),
        view.phase.code().to_owned(),
        view.light.code().to_owned(),
        view.word.to_owned(),
        optional(view.filed_at),
        optional(view.closed_at),
        view.return_reason.clone().unwrap_or_default(),
    ]
}

async fn show(engine: &Engine, id: i64, out: &mut dyn Write) -> anyhow::Result<()> {
    let zone = engine.settings.zone;
    let known = engine.known().await?;
    let mut tx = engine.store.read().await?;
    let stored = tx.obligation(id).await?.ok_or_else(|| missing(id))?;
    let view = View::one(&mut tx, &known, &stored, engine.today()).await?;
    for (column, cell) in COLUMNS.iter().zip(row(zone, &view)) {
        writeln!(out, "{column}: {cell}")?;
    }
    writeln!(out, "title: {}", view.title)?;
    if let Some(until) = view.good_until {
        writeln!(out, "good_until: {}", local(zone, until))?;
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
        for other in filed_for(&mut tx, &known, submission, id, engine.today()).await?.others {
            writeln!(out, "  also for {} {} {}: {}", other.id, other.duty, other.period, other.word)?;
        }
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
