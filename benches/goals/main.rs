//! Measures what the program must reach, each figure beside the limit of this machine in the same run.
//!
//! `cargo bench` runs everything and prints one table. `-- --quick` is a smoke run of seconds, whose ratios mean little;
//! `-- --huge` adds the databases of ten million rows, a hundred thousand letters and more runs of each; names narrow it: `cargo bench -- step deliver`. PostgreSQL takes
//! part where `DUBAN_TEST_POSTGRES` gives a server, as `benches/run` does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a bench may fail loudly, and talks to a terminal"
)]

mod base;
mod board;
mod client;
mod deliver;
mod machine;
mod materialise;
mod report;
mod rest;
mod sink;
mod step;
mod submit;

use report::Report;

/// How much is done. What is quoted has to end within a dozen minutes on two cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Seconds: whether it runs at all.
    Quick,
    /// What the table quotes.
    Default,
    /// Ten million rows too.
    Huge,
}

impl Size {
    /// How often a case is run; the median counts.
    pub fn runs(self) -> usize {
        match self {
            Size::Quick => 1,
            Size::Default => 3,
            Size::Huge => 5,
        }
    }
}

/// The paths there are, in the order they are run.
const PATHS: [&str; 6] = ["materialise", "step", "board", "submit", "deliver", "rest"];
/// Set in processes that the bench starts of itself.
pub const ROLE: &str = "DUBAN_BENCH_ROLE";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match std::env::var(ROLE).as_deref() {
        Ok("sink") => runtime.block_on(sink::serve()),
        Ok("drain") => runtime.block_on(deliver::drain_here()),
        Ok(other) => panic!("no role {other}"),
        Err(_) => runtime.block_on(measure()),
    }
}

async fn measure() {
    let (size, paths) = arguments();
    let mut report = Report::begin();
    if base::postgres_server().is_none() {
        report.note("PostgreSQL was left out: DUBAN_TEST_POSTGRES gives no server (`benches/run` starts one).");
    }
    for path in paths {
        eprintln!("== {path}");
        match path {
            "materialise" => materialise::measure(size, &mut report).await,
            "step" => step::measure(size, &mut report).await,
            "board" => board::measure(size, &mut report).await,
            "submit" => submit::measure(size, &mut report).await,
            "deliver" => deliver::measure(size, &mut report).await,
            _ => rest::measure(size, &mut report).await,
        }
    }
    report.print(size);
}

/// Reads the command line; what cannot be meant ends the program.
fn arguments() -> (Size, Vec<&'static str>) {
    let mut size = Size::Default;
    let mut wanted: Vec<String> = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => size = Size::Quick,
            "--huge" => size = Size::Huge,
            // Cargo says so to every bench.
            "--bench" => {}
            name if PATHS.iter().any(|path| path.contains(name)) => wanted.push(argument),
            other => {
                eprintln!("`{other}` is none of --quick, --huge, {}", PATHS.join(", "));
                std::process::exit(2);
            }
        }
    }
    let chosen = |path: &&str| wanted.is_empty() || wanted.iter().any(|name| path.contains(name.as_str()));
    (size, PATHS.into_iter().filter(chosen).collect())
}
