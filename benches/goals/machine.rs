//! The machine: what it is, what its disk does, what a process takes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::Command;

/// Cores, processor, kernel and date in one line.
pub fn describe() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("?", |(_, m)| m);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let now = duban::clock::Clock::System.now();
    format!(
        "{}: {cores} cores of {model}, Linux {}, load {} at the end, everything on this machine.",
        now.format("%Y-%m-%d"),
        kernel.trim(),
        fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or("?"),
    )
}

/// A folder on the disk that the build is on.
pub fn scratch() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Lets write-back finish, so that it is not measured with what comes next.
pub fn sync() {
    let done = Command::new("sync").status();
    assert!(done.is_ok_and(|status| status.success()), "sync failed");
}

/// How often in a second 4 KiB are appended and on disk.
pub fn fsync_4k() -> f64 {
    let mut file = tempfile::tempfile_in(scratch()).unwrap();
    let block = [7_u8; 4096];
    let began = duban::clock::monotonic();
    let mut done = 0_u32;
    while began.elapsed().as_millis() < 400 {
        file.write_all(&block).unwrap();
        file.sync_data().unwrap();
        done += 1;
    }
    f64::from(done) / began.elapsed().as_secs_f64()
}

/// A value in kB of a process's status: `VmRSS`, `VmHWM`.
pub fn status_kb(pid: u32, key: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// Processor time a process has taken, in seconds.
pub fn cpu_seconds(pid: u32) -> f64 {
    let mut text = String::new();
    let read = fs::File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read_to_string(&mut text));
    if read.is_err() {
        return f64::NAN;
    }
    // After the name in parentheses; user and system time are the 14th and 15th fields, in hundredths.
    let ticks = |n: usize| -> f64 {
        let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        rest.split_whitespace().nth(n).and_then(|field| field.parse().ok()).unwrap_or(f64::NAN)
    };
    (ticks(11) + ticks(12)) / 100.0
}
