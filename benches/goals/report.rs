//! The table.

use std::time::Duration;

use crate::{Size, machine};

/// A goal: what the ratio (or the figure itself) must not fall below or rise above.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// At least so many times the limit.
    AtLeast(f64),
    /// At most so many times the limit.
    AtMost(f64),
    /// The figure itself, at most: value, goal, unit.
    Absolute(f64, f64, &'static str),
    /// Shown, not judged.
    Shown,
}

struct Line {
    path: &'static str,
    case: String,
    figure: String,
    limit: String,
    ratio: Option<f64>,
    goal: Goal,
}

/// Collects lines as they are measured and prints them once more at the end.
pub struct Report {
    lines: Vec<Line>,
    notes: Vec<String>,
    began: std::time::Instant,
}

impl Report {
    pub fn begin() -> Report {
        Report { lines: Vec::new(), notes: Vec::new(), began: duban::clock::monotonic() }
    }

    /// One measured case. `ratio` is ours over the limit, in the unit of the goal.
    pub fn line(
        &mut self,
        path: &'static str,
        case: impl Into<String>,
        figure: impl Into<String>,
        limit: impl Into<String>,
        ratio: Option<f64>,
        goal: Goal,
    ) {
        let line = Line { path, case: case.into(), figure: figure.into(), limit: limit.into(), ratio, goal };
        eprintln!("{:>6.1} s  {}", self.began.elapsed().as_secs_f64(), line.markdown());
        self.lines.push(line);
    }

    /// Something to be said below the table.
    pub fn note(&mut self, words: impl Into<String>) {
        let words = words.into();
        eprintln!("note: {words}");
        self.notes.push(words);
    }

    /// What goes on, for whoever waits.
    pub fn progress(&self, words: &str) {
        eprintln!("{:>6.1} s  {words}", self.began.elapsed().as_secs_f64());
    }

    /// The whole table, in Markdown.
    pub fn print(&self, size: Size) {
        println!();
        println!("{}", machine::describe());
        if size == Size::Quick {
            println!("A quick run: too small for its ratios to mean anything.");
        }
        println!();
        println!("| path | case | figure | limit in the same run | ratio | goal | |");
        println!("|---|---|---|---|---|---|---|");
        for line in &self.lines {
            println!("{}", line.markdown());
        }
        println!();
        for note in &self.notes {
            println!("{note}");
        }
        let judged: Vec<bool> = self.lines.iter().filter_map(Line::met).collect();
        let met = judged.iter().filter(|met| **met).count();
        println!("{met} of {} goals met, in {:.0} s.", judged.len(), self.began.elapsed().as_secs_f64());
    }
}

impl Line {
    fn met(&self) -> Option<bool> {
        match (self.goal, self.ratio) {
            (Goal::AtLeast(goal), Some(ratio)) => Some(ratio >= goal),
            (Goal::AtMost(goal), Some(ratio)) => Some(ratio <= goal),
            (Goal::Absolute(value, goal, _), _) => Some(value <= goal),
            _ => None,
        }
    }

    fn markdown(&self) -> String {
        let ratio = self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}×"));
        let goal = match self.goal {
            Goal::AtLeast(goal) => format!("≥ {goal}×"),
            Goal::AtMost(goal) => format!("≤ {goal}×"),
            Goal::Absolute(_, goal, unit) => format!("≤ {goal} {unit}"),
            Goal::Shown => String::new(),
        };
        let met = match self.met() {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "",
        };
        format!("| {} | {} | {} | {} | {ratio} | {goal} | {met} |", self.path, self.case, self.figure, self.limit)
    }
}

/// The middle one; of an even number the lower.
pub fn median(mut values: Vec<f64>) -> f64 {
    assert!(!values.is_empty(), "nothing was measured");
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}

/// `12.3 k` and the like, for rates.
pub fn rate(per_second: f64, unit: &str) -> String {
    if per_second >= 10_000.0 {
        format!("{:.1} k {unit}/s", per_second / 1000.0)
    } else {
        format!("{per_second:.0} {unit}/s")
    }
}

/// Seconds.
pub fn secs(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
