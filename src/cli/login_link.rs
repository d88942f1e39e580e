//! `duban login-link`: a one-time link by which the office, the administrator or the auditor sets a password.

use std::io::Write;
use std::net::SocketAddr;

use super::acting::post;
use super::common::Common;
use super::open;
use crate::acts::entry;
use crate::config::Config;
use crate::domain::unit::PostId;
use crate::store::log::DAEMON;

/// For whom.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The post: 委安委办/office, 委安委办/admin or 委安委办/auditor
    #[arg(value_name = "POST", value_parser = post)]
    pub post: PostId,
}

/// Prints the link; earlier ones are void from now on.
pub async fn run(common: &Common, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common)?;
    let engine = open::engine_of(&config).await?;
    let secret = entry::setup_secret(&engine, &args.post, DAEMON).await?;
    Ok(writeln!(out, "{}", link(&config, None, &secret))?)
}

/// The address at which that secret sets a password.
pub fn link(config: &Config, at: Option<SocketAddr>, secret: &str) -> String {
    let console = &config.sections.console;
    let own = || at.or(console.listen.0).map_or_else(String::new, |at| format!("http://{at}"));
    let url = console.public_url.as_ref().map_or_else(own, |url| url.0.clone());
    format!("{url}/p/{secret}")
}
