//! The command line: a file a subcommand. Arguments in, text out; decides nothing.
//!
//! Exit codes: 0 done, 1 refused or not possible just now (a full disk, a file that another program holds: worth another
//! try), 2 not understood (clap), 78 what only a person mends: a configuration, seeds or a database that cannot be used.

pub mod acting;
pub mod backup;
pub mod bulletin;
pub mod calendar;
pub mod check;
pub mod common;
pub mod completions;
pub mod digest;
pub mod dispute;
pub mod doctor;
pub mod event;
pub mod evidence;
pub mod extend;
pub mod letter;
pub mod link_key;
pub mod list;
pub mod logging;
pub mod login_link;
pub mod man;
pub mod migrate;
pub mod next;
pub mod node;
pub mod obligation;
pub mod open;
pub mod plan;
pub mod post;
pub mod requests;
pub mod restore;
pub mod review;
pub mod run;
pub mod seed;
pub mod send_test;
pub mod serve;
pub mod simulate;
pub mod status;
pub mod submit;
pub mod template;
pub mod undo;
pub mod unit;
pub mod waive;

use std::io::{self, Write};

use clap::{CommandFactory as _, Parser, Subcommand};

use common::seeds;
pub use common::{Common, Exit, Unusable, exit_code};

use crate::{domain::calendar::Calendar, engine::Settings};

/// 督办: knows who owes what by when.
#[derive(Debug, Parser)]
#[command(name = "duban", version, about)]
pub struct Cli {
    /// What all commands share.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What there is to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon
    Serve(serve::Args),
    /// Say how the daemon is doing; exit 1 when something is too old
    Status(status::Args),
    /// Look at everything that could be wrong
    Doctor(doctor::Args),
    /// Copy database and evidence into a new folder
    Backup(backup::Args),
    /// Put a backup's database and evidence back where nothing lies
    Restore(restore::Args),
    /// Make the database or bring its schema up
    Migrate,
    /// Run one job now
    Run(run::Args),
    /// Show the office's digest
    #[command(subcommand)]
    Digest(DigestCommand),
    /// Print a one-time link by which the office, the administrator or the auditor sets a password
    LoginLink(login_link::Args),
    /// Change the key that signs the links in letters
    #[command(subcommand)]
    LinkKey(link_key::Args),
    /// Send a letter that says it is a test
    SendTest(send_test::Args),
    /// Check the wording of letters
    #[command(subcommand)]
    Template(TemplateCommand),
    /// List what falls due in a range of days
    Plan(plan::Args),
    /// Run the real jobs on a stepped clock and keep every letter
    Simulate(simulate::Args),
    /// Check configuration, templates and seeds
    Check(check::Args),
    /// List, show and explain obligations
    #[command(subcommand)]
    Obligation(obligation::Args),
    /// File what was done (报送), correct it or take it back
    Submit(submit::Args),
    /// List what waits for the office's decision, or what was decided
    Requests(requests::Args),
    /// Accept or return what was filed (审核), judge misses marked 未提醒
    Review(review::Args),
    /// Decide on proposals of a bulletin (通报建议)
    Bulletin(bulletin::Args),
    /// Take a decision back before it is told (撤销)
    Undo(undo::Args),
    /// Ask for, grant or refuse an extension (延期)
    #[command(subcommand)]
    Extend(extend::Args),
    /// Waive obligations (免除)
    Waive(waive::Args),
    /// Raise, uphold or reject a dispute (异议)
    #[command(subcommand)]
    Dispute(dispute::Args),
    /// Read back or erase files that came with submissions (佐证)
    #[command(subcommand)]
    Evidence(evidence::Args),
    /// Send or drop letters that are held since a backup was restored (邮件)
    #[command(subcommand)]
    Letter(letter::Args),
    /// Open, close and list events (事件)
    #[command(subcommand)]
    Event(event::Args),
    /// Open, extend, close and list key nodes (重要节点)
    #[command(subcommand)]
    Node(node::Args),
    /// List and change units (单位)
    #[command(subcommand)]
    Unit(unit::Args),
    /// List, set, import and hand over posts (岗位)
    #[command(subcommand)]
    Post(post::Args),
    /// Compare and apply changed seeds
    #[command(subcommand)]
    Seed(seed::Args),
    /// Show the statutory calendar, take in a notice
    #[command(subcommand)]
    Calendar(CalendarCommand),
    /// Write a shell's completion script
    Completions(completions::Args),
    /// Write the manual pages
    Man(man::Args),
}

/// `duban digest …`
#[derive(Debug, Subcommand)]
pub enum DigestCommand {
    /// Show the newest digest, or what it would say now
    Show(digest::DigestArgs),
}

/// `duban template …`
#[derive(Debug, Subcommand)]
pub enum TemplateCommand {
    /// Render every letter with sample values
    Check(template::CheckArgs),
}

/// `duban calendar …`
#[derive(Debug, Subcommand)]
pub enum CalendarCommand {
    /// Show the listed days of a year
    Show(calendar::YearArgs),
    /// Show what a holiday notice would change
    Diff(calendar::DiffArgs),
    /// Take in a holiday notice (its text, csv, or JSON in the holiday-cn layout)
    Import(calendar::ImportArgs),
}

pub fn run(cli: Cli, out: &mut dyn Write) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(dispatch(cli, out));
    // What still hangs in a system call must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    done
}

async fn dispatch(cli: Cli, out: &mut dyn Write) -> anyhow::Result<()> {
    let common = &cli.common;
    let mut err = io::stderr();
    if !matches!(cli.command, Command::Serve(_)) {
        logging::start_quiet();
    }
    match cli.command {
        Command::Serve(serve::Args {}) => serve::run(common, out).await,
        Command::Status(args) => status::run(common, &args, out, &mut err).await,
        Command::Doctor(args) => doctor::run(common, &args, out).await,
        Command::Backup(args) => backup::run(common, &args, out, &mut err).await,
        Command::Restore(args) => restore::run(common, &args, out).await,
        Command::Migrate => migrate::run(common, out).await,
        Command::Run(args) => run::run(&open::engine(common).await?, &args, out).await,
        Command::Digest(DigestCommand::Show(args)) => digest::show(&open::engine(common).await?, &args, out).await,
        Command::LinkKey(args) => link_key::run(common, args, out).await,
        Command::LoginLink(args) => login_link::run(common, &args, out).await,
        Command::SendTest(args) => send_test::run(common, &args, out).await,
        Command::Template(TemplateCommand::Check(args)) => template::check(common, &args, out),
        Command::Completions(args) => completions::run(&args, Cli::command(), out),
        Command::Man(args) => man::run(&args, Cli::command(), out),
        Command::Plan(args) => plan::run(&args, open::config(common)?.zone(), out),
        Command::Simulate(args) => {
            let config = open::config(common)?;
            let seeds = seeds(args.seeds.as_deref())?;
            // No mail server is waited for.
            let settings = Settings { pace: None, batch: 100, ..config.settings() };
            simulate::run(&args, settings, config.templates()?, &seeds, out).await
        }
        Command::Check(args) => check::run(common, &args, out, &mut err),
        Command::Obligation(args) => obligation::run(&open::engine(common).await?, args, out).await,
        Command::Submit(args) => submit::run(&open::engine(common).await?, args, out).await,
        Command::Requests(args) => requests::run(&open::engine(common).await?, args, out).await,
        Command::Bulletin(args) => bulletin::run(&open::engine(common).await?, args, out).await,
        Command::Undo(args) => undo::run(&open::engine(common).await?, args, out).await,
        Command::Review(args) => review::run(&open::engine(common).await?, args, out).await,
        Command::Extend(args) => extend::run(&open::engine(common).await?, args, out).await,
        Command::Waive(args) => waive::run(&open::engine(common).await?, args, out).await,
        Command::Dispute(args) => dispute::run(&open::engine(common).await?, args, out).await,
        Command::Evidence(args) => evidence::run(&open::engine(common).await?, args, out).await,
        Command::Letter(args) => letter::run(&open::engine(common).await?, args, out).await,
        Command::Event(args) => event::run(&open::engine(common).await?, args, out).await,
        Command::Node(args) => node::run(&open::engine(common).await?, args, out).await,
        Command::Unit(args) => unit::run(&open::engine(common).await?, args, out).await,
        Command::Post(args) => post::run(&open::engine(common).await?, args, out).await,
        Command::Seed(args) => seed::run(&open::engine(common).await?, args, out).await,
        Command::Calendar(CalendarCommand::Diff(args)) => {
            calendar::diff(&open::engine(common).await?, &args, out).await
        }
        Command::Calendar(CalendarCommand::Import(args)) => {
            calendar::import(&open::engine(common).await?, args, out).await
        }
        Command::Calendar(CalendarCommand::Show(args)) => {
            calendar::show(&args, &calendar_in_force(common).await?, out, &mut err)
        }
    }
}

/// The calendar of the database, with the notices it took in; without a database that of the seeds.
async fn calendar_in_force(common: &Common) -> anyhow::Result<Calendar> {
    let config = open::config(common)?;
    if !open::has_database(&config) {
        return Ok(seeds(None)?.calendar);
    }
    Ok(open::engine_of(&config).await?.known().await?.calendar.clone())
}
