//! `duban link-key`: what signs the links in letters.

use std::io::Write;

use super::common::{Common, Unusable};
use super::open;
use crate::acts::link_key;
use crate::clock::Clock;

/// What is done.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Args {
    /// Sign links with a new key from now on; links sent so far open for another 14 days
    Renew {
        /// Links sent so far open nothing any more: the old key may have been seen by somebody
        #[arg(long)]
        at_once: bool,
    },
}

/// Says what is to be done for it to come into force.
pub async fn run(common: &Common, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let Args::Renew { at_once } = args;
    let config = open::config(common)?;
    let source = config.link_keys().map_err(Unusable::LinkKeys)?;
    let store = open::store(&config.location).await?;
    link_key::renew(&store, &source, at_once, Clock::System.now()).await.map_err(open::link_key_error)?;
    store.close().await;
    let links = if at_once { "open nothing any more" } else { "open for another 14 days" };
    Ok(writeln!(
        out,
        "links sent so far {links}; restart or reload (SIGHUP) every `duban serve` on this database: until then it keeps the \
         old key"
    )?)
}
