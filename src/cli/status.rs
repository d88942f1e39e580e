//! `duban status`: how the daemon is doing, for eyes, for a monitor, and with an exit code for both.

use std::io::Write;

use chrono::{DateTime, Utc};

use super::common::{Common, Exit};
use super::list::{Format, write_list};
use super::next::{self, Next};
use super::{open, serve};
use crate::domain::calendar::Zone;
use crate::domain::letter::LetterState;
use crate::read::health::{self, Health};
use crate::read::mail;
use crate::store::Location;

/// The columns of the list.
pub const COLUMNS: [&str; 3] = ["item", "value", "note"];

/// How to show it.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Shows how things are; what is red goes to `err` too.
///
/// # Errors
/// Something is too old (exit 1), or the database cannot be read.
pub async fn run(common: &Common, args: &Args, out: &mut dyn Write, err: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common)?;
    let engine = open::engine_of(&config).await?;
    // This process has not looked yet.
    engine.look_at_ground().await;
    let health = Health::look(&engine).await?;
    let next = Next::look(&engine).await?;
    let served = match &config.location {
        Location::SqliteFile(path) => Some(open::is_served(path)),
        Location::SqliteMemory | Location::Postgres(_) => None,
    };
    write_list(args.format, &COLUMNS, &rows(&health, next.as_ref(), served, config.zone()), out)?;
    let wrong = health.wrong(serve::limits(&config));
    for words in &wrong {
        writeln!(err, "{words}")?;
    }
    engine.store.close().await;
    if wrong.is_empty() { Ok(()) } else { Err(Exit(1).into()) }
}

fn rows(health: &Health, next: Option<&Next>, served: Option<bool>, zone: Zone) -> Vec<Vec<String>> {
    let instant = |at: Option<DateTime<Utc>>| at.map(|at| zone.local(at).to_rfc3339()).unwrap_or_default();
    let age =
        |at: Option<DateTime<Utc>>| at.map(|at| format!("{} ago", health::words(health.now - at))).unwrap_or_default();
    let row = |item: &str, value: String, note: String| vec![item.to_owned(), value, note];
    let pass = health.last_pass.as_ref();
    let delivery = health.last_delivery.as_ref();
    let down = health.mail_down.as_ref();
    let ailing = health.ailing.as_ref();
    let mut rows = vec![
        row(
            "writable",
            if ailing.is_none() { "yes" } else { "no" }.into(),
            ailing.map(|ailing| ailing.words.clone()).unwrap_or_default(),
        ),
        row("last_pass", instant(pass.map(|run| run.finished_at)), age(pass.map(|run| run.finished_at))),
        row("last_pass_error", pass.and_then(|run| run.error.clone()).unwrap_or_default(), String::new()),
        row("last_delivery", instant(delivery.map(|run| run.finished_at)), age(delivery.map(|run| run.finished_at))),
        row("next_step", instant(health.next_step_at), next.map(|next| next::words(next, zone)).unwrap_or_default()),
        row("oldest_unsent_letter", instant(health.oldest_unsent), age(health.oldest_unsent)),
        row("last_letter_sent", instant(health.last_sent), age(health.last_sent)),
        row(
            "mail_down_since",
            instant(down.map(|down| down.since)),
            down.map(health::mail_down_words).unwrap_or_default(),
        ),
        row("mail_remedy", down.map(|down| mail::remedy(down.reason)).unwrap_or_default().into(), String::new()),
        row("letters_waiting", waiting(health).to_string(), String::new()),
        row(
            "letters_in_doubt",
            health.in_doubt().to_string(),
            "they may have arrived; sent again under the same id".into(),
        ),
        row("letters_undelivered", health.undelivered().to_string(), "they stand on the office's digest".into()),
        row("letters_held", health.held().to_string(), "since a backup was restored; the office releases them".into()),
        row("troubles", health.troubles.len().to_string(), String::new()),
    ];
    if let Some(served) = served {
        rows.insert(0, row("serving", if served { "yes" } else { "no" }.into(), String::new()));
    }
    rows.extend(health.troubles.iter().map(|trouble| {
        let note = format!("{} times since {}", trouble.failures, instant(Some(trouble.first_at)));
        row(&format!("trouble: {}", trouble.subject), trouble.words.clone(), note)
    }));
    rows
}

fn waiting(health: &Health) -> i64 {
    [LetterState::Queued, LetterState::Deferred, LetterState::Leased].into_iter().map(|state| health.count(state)).sum()
}
