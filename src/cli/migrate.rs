//! `duban migrate`: makes the database or brings its schema up, and loads the seeds into an empty one.

use std::io::Write;

use super::common::Common;
use super::open;
use crate::acts::first_start;
use crate::engine::Process;

pub async fn run(common: &Common, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common)?;
    let parts = open::parts(&config)?;
    let seeds = crate::cli::common::seeds(None)?;
    let store = open::store(&config.location).await?;
    let engine = parts.engine(&config, store, Process::default()).await?;
    let loaded = first_start::set_up(&engine, &seeds).await?;
    let schema = crate::store::Store::newest_schema();
    writeln!(out, "{}: schema {schema}", engine.store.kind())?;
    if let Some(loaded) = loaded {
        let first_start::Loaded { duties, units, starts_on } = loaded;
        writeln!(out, "loaded {duties} duties and {units} units; what falls due from {starts_on} on counts")?;
    }
    engine.store.close().await;
    Ok(())
}
