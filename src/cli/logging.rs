//! Where the log goes: to the journal under systemd, else to standard error for eyes.
//!
//! Field names are dotted; no field and no message holds an address, a password or a letter's text.

use std::env;
use std::io::{self, IsTerminal};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::log::{LogSection, To};

/// What says at info what nobody needs to know; the configured level may say otherwise.
const QUIETER: &str = "tokio_cron_scheduler=warn,sqlx::pool=warn";

/// Sets up the log of the daemon. A second call does nothing.
pub fn start(log: &LogSection) {
    let filter = EnvFilter::builder().parse_lossy(format!("{QUIETER},{}", log.level.0));
    let wanted = match log.to {
        To::Journal => true,
        To::Stderr => false,
        To::Auto => env::var_os("JOURNAL_STREAM").is_some(),
    };
    let journal = if wanted { tracing_journald::layer().ok() } else { None };
    let stderr = journal.is_none().then(human);
    let _ = tracing_subscriber::registry().with(filter).with(journal).with(stderr).try_init();
}

/// Sets up the log of a command: what goes wrong, on standard error.
pub fn start_quiet() {
    let filter = EnvFilter::builder().parse_lossy("warn");
    let _ = tracing_subscriber::registry().with(filter).with(human()).try_init();
}

fn human<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).with_target(false)
}
