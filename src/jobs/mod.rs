//! What the daemon does: load, let the domain decide, write, say in a typed summary what was done.
//!
//! Each job is a reconciler without input: it recomputes from the database and `now`, so a late, doubled or missed tick
//! changes nothing. A job never decides a rule itself.

pub mod deliver;
pub mod digest;
pub mod driver;
pub mod housekeeping;
pub mod materialise;
pub mod pass;
pub mod restored;
pub mod settle;
pub mod simulate;
pub mod step;
pub mod trouble;
pub mod write;

use crate::engine::Job;

pub use pass::{Summary, pass, run, run_at};

/// When a job is rung for, beside the safety tick: six cron fields, local time.
pub fn cron(job: Job) -> &'static str {
    match job {
        // Just after midnight, when the horizon has moved on by a day.
        Job::Materialise => "5 0 0 * * *",
        // On the minute: the slots, the grace and event deadlines all fall on whole minutes.
        Job::Step => "0 * * * * *",
        Job::Digest => "1 0 9 * * *",
        Job::Deliver => "2 * * * * *",
        Job::Housekeeping => "0 30 3 * * *",
    }
}
