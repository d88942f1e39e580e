//! `duban doctor`: looks at everything an administrator would look at, and says what to do.
//!
//! Changes nothing but the probe's own file or connection. What is wrong now is a fault and ends with exit 1; what will
//! be wrong is a warning.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{Datelike, NaiveDate};

use super::common::{Common, Exit};
use super::list::{Format, write_list};
use super::{open, serve};
use crate::catalogue::year_warning;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::known::Known;
use crate::mail::Outcome;
use crate::read::health::{self, Health};
use crate::read::mail as mail_words;
use crate::store::Location;

/// The columns of the list.
pub const COLUMNS: [&str; 3] = ["check", "state", "words"];

/// How to show it.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Read every evidence file and look at its hash too
    #[arg(long)]
    pub deep: bool,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    Warning,
    Fault,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            State::Good => "ok",
            State::Warning => "warning",
            State::Fault => "fault",
        }
    }
}

/// What was found, check by check.
#[derive(Default)]
struct Findings(Vec<(&'static str, State, String)>);

impl Findings {
    fn good(&mut self, check: &'static str, words: impl Into<String>) {
        self.0.push((check, State::Good, words.into()));
    }

    fn warning(&mut self, check: &'static str, words: impl Into<String>) {
        self.0.push((check, State::Warning, words.into()));
    }

    fn fault(&mut self, check: &'static str, words: impl Into<String>) {
        self.0.push((check, State::Fault, words.into()));
    }
}

/// How long the mail server may take for a probe.
const PROBE: Duration = Duration::from_mins(1);
/// Less free space than this is a warning, or a fault.
const LITTLE: u64 = 1_000_000_000;
const TOO_LITTLE: u64 = 100_000_000;

/// Examines everything.
///
/// # Errors
/// There is a fault (exit 1), or the configuration or the database cannot be used at all (78).
pub async fn run(common: &Common, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common)?;
    let engine = open::engine_of(&config).await?;
    let mut found = Findings::default();
    let file = config.file.as_ref().map_or_else(|| "built-in defaults".to_owned(), |path| path.display().to_string());
    found.good("configuration", file);
    secrets(&config, &mut found);
    let durable = match &config.location {
        Location::Postgres(_) => "PostgreSQL, reached",
        Location::SqliteFile(_) | Location::SqliteMemory => "SQLite, whole; WAL with synchronous=FULL",
    };
    found.good("database", durable);
    let known = engine.known().await?;
    calendar(&known, engine.today(), &mut found);
    posts(&engine, &known, &mut found);
    mail(&engine, &mut found).await;
    disk(&config, &mut found);
    evidence(&engine, &config, args.deep, &mut found).await?;
    log_chain(&engine, &mut found).await?;
    summaries(&engine, &mut found).await?;
    daemon(&engine, &config, &mut found).await?;
    let rows: Vec<Vec<String>> =
        found.0.iter().map(|(check, state, words)| vec![(*check).into(), state.word().into(), words.clone()]).collect();
    write_list(args.format, &COLUMNS, &rows, out)?;
    engine.store.close().await;
    if found.0.iter().any(|(_, state, _)| *state == State::Fault) { Err(Exit(1).into()) } else { Ok(()) }
}

/// Whether others on the machine could read what they should not.
fn secrets(config: &Config, found: &mut Findings) {
    let (mail, database) = (&config.sections.mail.transport, &config.sections.database);
    for file in [&mail.password_file, &database.url_file].into_iter().flatten() {
        let mode = std::fs::metadata(file).map_or(0, |about| about.permissions().mode());
        if mode & 0o007 != 0 {
            found.warning("secrets", format!("{}: everybody on this machine can read it; chmod 0600", file.display()));
        }
    }
    let with_password = |url: &str| {
        url.split_once('@').is_some_and(|(user, _)| user.split_once("://").is_some_and(|(_, user)| user.contains(':')))
    };
    if matches!(&database.url, Some(Location::Postgres(url)) if with_password(&url.0)) {
        found.warning(
            "secrets",
            "[database] url holds a password; put the address into a file and name it with url_file",
        );
    }
}

/// This year must have its notice; next year's is due in November.
fn calendar(known: &Known, today: NaiveDate, found: &mut Findings) {
    let mut years = vec![today.year()];
    if today.month() >= 11 {
        years.push(today.year() + 1);
    }
    let warnings: Vec<String> = years.iter().filter_map(|year| year_warning(&known.calendar, *year)).collect();
    if warnings.is_empty() {
        found.good(
            "calendar",
            format!("published for {}", years.iter().map(i32::to_string).collect::<Vec<_>>().join(", ")),
        );
    }
    for warning in warnings {
        found.warning("calendar", format!("{warning}; once it is out: duban calendar import FILE"));
    }
}

fn posts(engine: &Engine, known: &Known, found: &mut Findings) {
    let today = engine.today();
    let trial = engine.settings.trial_until.is_some_and(|until| today < until);
    let posts = health::mailed_posts(known, today, trial);
    let (without, example) = health::unreachable_posts(known, &posts, today);
    let some = |posts: &[crate::domain::unit::PostId]| {
        let names: Vec<String> = posts.iter().take(6).map(ToString::to_string).collect();
        let more = if posts.len() > names.len() { ", …" } else { "" };
        format!("{}{more}", names.join(", "))
    };
    if !without.is_empty() {
        found.fault("posts", format!("{} posts get no mail, they have no address: {}", without.len(), some(&without)));
    }
    if !example.is_empty() {
        let words =
            format!("{} posts have example addresses: {}; duban post import FILE", example.len(), some(&example));
        if engine.transport.leaves_the_machine() { found.fault("posts", words) } else { found.warning("posts", words) }
    }
    if without.is_empty() && example.is_empty() {
        found.good("posts", format!("{} posts have addresses", posts.len()));
    }
}

async fn mail(engine: &Engine, found: &mut Findings) {
    match tokio::time::timeout(PROBE, engine.transport.probe()).await {
        Ok(Ok(probe)) => found.good("mail", format!("{}: {}", engine.transport.name(), probe.facts.join(", "))),
        Ok(Err(outcome)) => found.fault("mail", describe(&outcome)),
        Err(_) => found.fault("mail", format!("the mail server did not answer within {} s", PROBE.as_secs())),
    }
}

fn describe(outcome: &Outcome) -> String {
    let (stage, reply) = (outcome.stage().code(), outcome.reply().unwrap_or_default());
    let Some(reason) = outcome.reason() else { return reply.to_owned() };
    format!("{stage}: {}: {reply}; {}", mail_words::english(reason), mail_words::remedy(reason))
}

fn disk(config: &Config, found: &mut Findings) {
    let mut folders: Vec<PathBuf> = vec![config.folder.clone(), config.evidence_folder()];
    if let Location::SqliteFile(path) = &config.location {
        folders.extend(path.parent().map(Path::to_path_buf));
    }
    folders.sort();
    folders.dedup();
    for folder in folders.iter().filter(|folder| folder.exists()) {
        let Ok(about) = rustix::fs::statvfs(folder) else { continue };
        let free = about.f_bavail.saturating_mul(about.f_frsize);
        let inodes = about.f_files == 0 || about.f_favail > 1000;
        let words = format!("{}: {} MB free", folder.display(), free / 1_000_000);
        match free {
            _ if !inodes => found.fault("disk", format!("{}: no room for more files (inodes)", folder.display())),
            0..TOO_LITTLE => found.fault("disk", words),
            TOO_LITTLE..LITTLE => found.warning("disk", words),
            _ => found.good("disk", words),
        }
    }
}

/// Whether each file that a submission names is there, and, where that is asked, is what was filed.
async fn evidence(engine: &Engine, config: &Config, deep: bool, found: &mut Findings) -> anyhow::Result<()> {
    let folder = config.evidence_folder();
    let mut named: BTreeMap<String, (u64, Vec<String>)> = BTreeMap::new();
    for file in engine.store.read().await?.all_evidence().await? {
        if file.erased_at.is_none() {
            let (size, of) = named.entry(file.sha256).or_default();
            *size = u64::try_from(file.size).unwrap_or_default();
            of.push(file.submission);
        }
    }
    let mut wrong = Vec::new();
    if let Some(vault) = engine.vault.as_ref().filter(|_| folder.is_dir()) {
        for (sha256, (size, of)) in &named {
            if !vault.has(sha256, *size, deep).await.unwrap_or(false) {
                wrong.push(format!("{sha256} (submission {})", of.join(", ")));
            }
        }
    }
    let looked = if deep { "each is what was filed" } else { "each is there" };
    if !folder.is_dir() && !named.is_empty() {
        found.fault("evidence", format!("{} is missing, and {} files were filed", folder.display(), named.len()));
    } else if named.is_empty() {
        found.good("evidence", "nothing has been filed yet");
    } else if wrong.is_empty() {
        found.good("evidence", format!("{}: {} files filed, {looked}", folder.display(), named.len()));
    } else {
        let some = wrong.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
        found.fault(
            "evidence",
            format!("{}: {} of {} files are missing or changed: {some}", folder.display(), wrong.len(), named.len()),
        );
    }
    Ok(())
}

async fn log_chain(engine: &Engine, found: &mut Findings) -> anyhow::Result<()> {
    let faults = engine.store.read().await?.verify_log().await?;
    match faults.first() {
        None => found.good("log", "every entry and seal fits"),
        Some(first) => found.fault("log", format!("{} entries or seals do not fit, first: {first}", faults.len())),
    }
    Ok(())
}

async fn summaries(engine: &Engine, found: &mut Findings) -> anyhow::Result<()> {
    let faults = engine.store.read().await?.recount().await?.faults();
    match faults.first() {
        None => found.good("summaries", "they count what there is"),
        Some(first) => found.fault("summaries", format!("{} counts are wrong, first: {first}", faults.len())),
    }
    Ok(())
}

async fn daemon(engine: &Engine, config: &Config, found: &mut Findings) -> anyhow::Result<()> {
    if let Location::SqliteFile(path) = &config.location
        && !open::is_served(path)
    {
        found.warning("daemon", "`duban serve` is not running");
        return Ok(());
    }
    engine.look_at_ground().await;
    let wrong = Health::look(engine).await?.wrong(serve::limits(config));
    if wrong.is_empty() {
        found.good("daemon", "its passes and its mail are up to date");
    }
    for words in wrong {
        found.fault("daemon", words);
    }
    Ok(())
}
