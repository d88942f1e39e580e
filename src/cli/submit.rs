//! `duban submit`: a unit files what it did. The receipt number comes first.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use chrono::NaiveDate;
use tokio::io::AsyncReadExt as _;

use super::acting::{As, act};
use crate::acts::ActError;
use crate::acts::correct::Correction;
use crate::acts::evidence::remove_unnamed;
use crate::acts::submit::{NewSubmission, Receipt};
use crate::domain::quota::Item;
use crate::domain::refusal::Refusal;
use crate::domain::refusal::file::NotTaken;
use crate::domain::refusal::who::NoSuch;
use crate::domain::unit::{PostId, Role, UnitName};
use crate::engine::Engine;
use crate::vault::{Vault, sniff};

/// What is filed.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Duty, unit and period: 13.2 质安处 2022-09
    #[arg(value_names = ["DUTY", "UNIT", "PERIOD"], num_args = 3, required_unless_present_any = ["id", "withdraw", "correct"])]
    pub what: Vec<String>,
    /// An obligation's number instead; repeat it where one act counts for others of linked duties too
    #[arg(long, value_name = "ID", conflicts_with = "what")]
    pub id: Vec<i64>,
    /// The unit that files, where several owe it together
    #[arg(long, value_name = "NAME", conflicts_with = "what")]
    pub unit: Option<String>,
    /// The day on which it was done; today unless given
    #[arg(long, value_name = "DATE", value_parser = crate::cli::common::date)]
    pub acted_on: Option<NaiveDate>,
    /// What is counted: '检查企业=某某公司、另一公司' or '标语海报=3' (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = item)]
    pub item: Vec<Item>,
    /// A short note
    #[arg(long)]
    pub note: Option<String>,
    /// A file that shows it (repeatable)
    #[arg(long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// Files that were filed before, to be filed again: R…/0 is one of a receipt, R… all of it (repeatable)
    #[arg(long, value_name = "RECEIPT")]
    pub keep: Vec<String>,
    /// A receipt number of your own; filing the same under it again changes nothing, anything else is refused
    #[arg(long, value_name = "NUMBER")]
    pub receipt: Option<String>,
    /// Take back what was filed under this receipt number
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["what", "id", "item", "file", "receipt", "correct"])]
    pub withdraw: Option<String>,
    /// Correct what was filed under this receipt number: its day, items or note
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["what", "id", "file", "receipt"])]
    pub correct: Option<String>,
    /// Who files; the unit's liaison unless given
    #[command(flatten)]
    pub by: As,
}

fn item(written: &str) -> Result<Item, String> {
    let (counter, value) = written.split_once('=').ok_or("items are written KEY=VALUE: 检查企业=某某公司")?;
    Ok(Item { counter: counter.trim().to_owned(), value: value.trim().to_owned() })
}

/// Files, corrects or takes back.
pub async fn run(engine: &Engine, args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    if let Some(receipt) = args.withdraw.as_ref().or(args.correct.as_ref()) {
        return change(engine, &args, receipt, out).await;
    }
    let (unit, obligations) = wanted(engine, &args).await?;
    let by = args.by.post.clone().unwrap_or(PostId { unit: unit.clone(), role: Role::Liaison });
    let mut new = NewSubmission {
        receipt: args.receipt.clone(),
        unit,
        obligations,
        acted_on: args.acted_on,
        items: args.item.clone(),
        note: args.note.clone().unwrap_or_default(),
        files: Vec::new(),
    };
    new.files = act(engine, &by, async |actor| actor.kept_files(&args.keep).await).await?;
    let done = file(engine, &args.file, &by, &mut new).await;
    if let (Err(_), Some(vault)) = (&done, &engine.vault) {
        for (sha256, ..) in &new.files {
            remove_unnamed(engine, vault, sha256).await?;
        }
    }
    let receipt = done?;
    let repeated = if receipt.repeated { " (filed before; nothing changed)" } else { "" };
    writeln!(out, "{}{repeated}", receipt.number)?;
    for line in &receipt.said {
        writeln!(out, "{line}")?;
    }
    for stands in receipt.obligations {
        let counts: Vec<String> = stands
            .counts
            .iter()
            .map(|count| format!("{} {}/{}{}", count.counter, count.have, count.want, count.unit))
            .collect();
        let counts = if counts.is_empty() { String::new() } else { format!("；{}", counts.join("，")) };
        writeln!(out, "{} {} {}：{}{counts}", stands.id, stands.duty, stands.period, stands.word)?;
    }
    Ok(())
}

/// The files are on disk before the submission names them, and stay until it does.
async fn file(engine: &Engine, files: &[PathBuf], by: &PostId, new: &mut NewSubmission) -> anyhow::Result<Receipt> {
    let _held = match &engine.vault {
        Some(vault) if !files.is_empty() => Some(vault.hold().await?),
        _ => None,
    };
    for path in files {
        let vault = engine.vault.as_ref().context("no folder for evidence is configured")?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (sha256, size) = store(vault, path, &name).await.with_context(|| path.display().to_string())?;
        new.files.push((sha256, name, size));
    }
    let new = &*new;
    act(engine, by, async |actor| actor.submit(new).await).await
}

/// Stores a file as a form does: piece by piece, and of the same kinds.
async fn store(vault: &Vault, path: &Path, name: &str) -> anyhow::Result<(String, u64)> {
    let mut file = tokio::fs::File::open(path).await.context("cannot be read")?;
    let mut writer = vault.begin().await?;
    let mut piece = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut piece).await.context("cannot be read")?;
        if read == 0 {
            break;
        }
        writer.write(&piece[..read]).await?;
    }
    let called = name.to_owned();
    if let Some(why) = writer.look(move |file| sniff::objection(file, &called)).await? {
        let file = NotTaken { name: name.to_owned(), why };
        return Err(ActError::Refused(Refusal::Files(vec![file])).into());
    }
    Ok(writer.keep().await?)
}

/// The unit that files and the obligations it files for.
async fn wanted(engine: &Engine, args: &Args) -> anyhow::Result<(UnitName, Vec<i64>)> {
    let mut tx = engine.store.read().await?;
    if let [duty, unit, period] = args.what.as_slice() {
        let found = tx.obligation_of(duty, unit, period).await?;
        let none = || NoSuch::NoObligationFor { duty: duty.clone(), unit: unit.clone(), period: period.clone() };
        let stored = found.ok_or_else(|| ActError::from(none()))?;
        return Ok((UnitName(unit.clone()), vec![stored.obligation.id]));
    }
    let named = args.unit.clone().map(UnitName).or_else(|| args.by.post.as_ref().map(|post| post.unit.clone()));
    let unit = if let Some(unit) = named {
        unit
    } else {
        let first = args.id.first().copied().unwrap_or_default();
        let stored = tx.obligation(first).await?;
        let owner = stored.and_then(|stored| stored.obligation.owners.first().cloned());
        owner.ok_or_else(|| ActError::from(NoSuch::NoObligation(first)))?
    };
    Ok((unit, args.id.clone()))
}

async fn change(engine: &Engine, args: &Args, receipt: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let by = if let Some(post) = &args.by.post {
        post.clone()
    } else {
        let filed = engine.store.read().await?.submission(receipt).await?;
        let filed = filed.ok_or_else(|| ActError::from(NoSuch::NoReceipt(receipt.to_owned())))?;
        PostId { unit: UnitName(filed.unit), role: Role::Liaison }
    };
    let rows = if args.withdraw.is_some() {
        act(engine, &by, async |actor| actor.withdraw(receipt).await).await?
    } else {
        let items = (!args.item.is_empty()).then(|| args.item.clone());
        let correction = Correction { acted_on: args.acted_on, items, note: args.note.clone() };
        act(engine, &by, async |actor| actor.correct(receipt, &correction).await).await?
    };
    writeln!(out, "{receipt}")?;
    let known = engine.known().await?;
    for row in &rows {
        writeln!(out, "{}", super::acting::standing(&known, row))?;
    }
    Ok(())
}
