//! `duban simulate`: the real jobs on a stepped clock, every letter as a file, and what came of it as lists.

use std::collections::BTreeMap;
use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::acts::first_start;
use crate::catalogue::Seeds;
use crate::clock::Clock;
use crate::domain::calendar::Zone;
use crate::domain::light::Light;
use crate::domain::unit::UnitName;
use crate::engine::{Engine, Parts, Process, Settings};
use crate::jobs::simulate::{Behaviour, Does, play};
use crate::mail::{MemoryOutbox, Templates, Transport};
use crate::store::{Location, Store};

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The first day, from 00:00 on
    #[arg(long)]
    pub from: NaiveDate,
    /// The last day, until 24:00
    #[arg(long)]
    pub to: NaiveDate,
    /// Where letters and lists are written; made if it is missing
    #[arg(long)]
    pub out: PathBuf,
    /// `always`, `never`, or a file that says who files what when
    #[arg(long, default_value = "always")]
    pub behaviour: String,
    /// Seeds from a folder instead of the built-in ones
    #[arg(long)]
    pub seeds: Option<PathBuf>,
    /// The number that all random choices follow from
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

pub async fn run(
    args: &Args,
    settings: Settings,
    templates: Templates,
    seeds: &Seeds,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if args.to < args.from {
        bail!("--to {} lies before --from {}", args.to, args.from);
    }
    let behaviour = behaviour(&args.behaviour)?;
    fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    clear_letters(&args.out)?;
    let zone = settings.zone;
    let (begin, end) = (zone.start_of(args.from), zone.end_of(args.to));
    let settings = Settings { starts_on: Some(args.from), pace: None, batch: 500, ..settings };
    let outbox = MemoryOutbox::new();
    let store = Store::open(&Location::SqliteMemory).await?;
    let transport = Transport::Memory(outbox.clone());
    let engine = Engine::new(Parts {
        store,
        clock: Clock::stepped(begin),
        settings,
        templates,
        transport,
        vault: None,
        keys: None,
        process: Process::default(),
        seed: Some(args.seed),
    });
    first_start::set_up(&engine, seeds).await?;
    let bar = progress_bar(begin, end);
    let mut mail = Mail { folder: args.out.clone(), zone, written: 0, by_day: BTreeMap::new(), failed: None };
    let played = play(&engine, &behaviour, end, |now| {
        bar.set_position(u64::try_from((now - begin).num_hours()).unwrap_or(0));
        mail.take(&outbox, now);
    })
    .await?;
    mail.take(&outbox, end);
    bar.finish_and_clear();
    if let Some(error) = mail.failed.take() {
        return Err(error);
    }
    write_lists(&engine, &args.out, zone).await?;
    let summary = summary(&engine, args, &mail, played.filed).await?;
    let path = args.out.join("summary.json");
    fs::write(&path, serde_json::to_string_pretty(&summary)? + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    writeln!(
        out,
        "{} to {}: {} letters, {} submissions; lists and letters are in {}",
        args.from,
        args.to,
        mail.written,
        played.filed,
        args.out.display()
    )?;
    Ok(())
}

/// Takes away what an earlier run has left, by the form of its names and nothing else.
fn clear_letters(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(stem) = name.strip_suffix(".eml") else { continue };
        let form: Vec<usize> = stem.split('-').map(str::len).collect();
        if form == [8, 6, 6] && stem.chars().all(|c| c.is_ascii_digit() || c == '-') {
            fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
        }
    }
    Ok(())
}

fn behaviour(text: &str) -> anyhow::Result<Behaviour> {
    let behaviour = match text {
        "always" => Behaviour::all(Does::Always),
        "never" => Behaviour::all(Does::Never),
        path => {
            let text = fs::read_to_string(path).with_context(|| format!("{path} cannot be read"))?;
            toml::from_str(&text).with_context(|| path.to_owned())?
        }
    };
    behaviour.check().map_err(anyhow::Error::msg)?;
    Ok(behaviour)
}

/// A bar on a terminal, nothing elsewhere.
fn progress_bar(begin: DateTime<Utc>, end: DateTime<Utc>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let hours = u64::try_from((end - begin).num_hours()).unwrap_or(0);
    let style = ProgressStyle::with_template("{elapsed} {wide_bar} {percent}% {eta} left");
    ProgressBar::new(hours).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The letters so far.
struct Mail {
    folder: PathBuf,
    zone: Zone,
    written: u64,
    by_day: BTreeMap<(NaiveDate, String), u64>,
    failed: Option<anyhow::Error>,
}

impl Mail {
    /// Writes what has come since the last look.
    fn take(&mut self, outbox: &MemoryOutbox, now: DateTime<Utc>) {
        let local = self.zone.local(now);
        for letter in outbox.drain() {
            self.written += 1;
            *self.by_day.entry((local.date_naive(), letter.to.expose().to_owned())).or_default() += 1;
            let path = self.folder.join(format!("{}-{:06}.eml", local.format("%Y%m%d-%H%M%S"), self.written));
            if let Err(error) = fs::write(&path, &letter.raw) {
                let error = anyhow::Error::new(error).context(format!("{} cannot be written", path.display()));
                self.failed.get_or_insert(error);
            }
        }
    }
}

fn local(zone: Zone, instant: DateTime<Utc>) -> String {
    zone.local(instant).to_rfc3339_opts(SecondsFormat::Secs, false)
}

async fn write_lists(engine: &Engine, folder: &Path, zone: Zone) -> anyhow::Result<()> {
    let mut tx = engine.store.read().await?;
    let mut obligations = csv::Writer::from_path(folder.join("obligations.csv"))?;
    obligations.write_record(["duty", "owners", "period", "opens_at", "due_at", "closed_at", "light"])?;
    for stored in tx.all_obligations().await? {
        let obligation = &stored.obligation;
        obligations.write_record([
            obligation.duty.0.as_str(),
            &UnitName::join(&obligation.owners),
            &obligation.period,
            &local(zone, obligation.opens_at),
            &local(zone, obligation.round.due_at),
            &obligation.closed_at.map(|at| local(zone, at)).unwrap_or_default(),
            Light::of(obligation).code(),
        ])?;
    }
    obligations.flush()?;
    let mut notices = csv::Writer::from_path(folder.join("notices.csv"))?;
    notices.write_record(["sent_at", "kind", "duty", "owners", "period", "post", "message_id"])?;
    for told in tx.all_told().await? {
        let Some(sent_at) = told.sent_at else { continue };
        notices.write_record([
            local(zone, sent_at).as_str(),
            told.kind.code(),
            &told.duty,
            &told.owners,
            &told.period,
            &format!("{}/{}", told.unit, told.role),
            &told.message_id,
        ])?;
    }
    notices.flush()?;
    Ok(())
}

async fn summary(engine: &Engine, args: &Args, mail: &Mail, filed: u64) -> anyhow::Result<serde_json::Value> {
    let mut tx = engine.store.read().await?;
    let mut obligations: BTreeMap<String, BTreeMap<&str, u64>> = BTreeMap::new();
    let mut lights: BTreeMap<&str, u64> = BTreeMap::new();
    for stored in tx.all_obligations().await? {
        let light = Light::of(&stored.obligation).code();
        *obligations.entry(stored.obligation.duty.0.clone()).or_default().entry(light).or_default() += 1;
        *lights.entry(light).or_default() += 1;
    }
    let mut by_kind: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_recipient: BTreeMap<String, BTreeMap<&str, u64>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = tx.letters_page(after, 5000).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for letter in page {
            *by_kind.entry(letter.kind.code()).or_default() += 1;
            *by_recipient.entry(letter.posts).or_default().entry(letter.kind.code()).or_default() += 1;
        }
    }
    Ok(json!({
        "from": args.from,
        "to": args.to,
        "behaviour": args.behaviour,
        "submissions": filed,
        "obligations": obligations,
        "lights": lights,
        "letters": { "total": mail.written, "by_kind": by_kind, "by_recipient": by_recipient },
        "most_letters_to_one_mailbox_in_one_day": mail.by_day.values().max().copied().unwrap_or(0),
        "troubles": tx.troubles().await?.iter().map(|trouble| &trouble.subject).collect::<Vec<_>>(),
    }))
}
