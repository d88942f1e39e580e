//! Seeds and imported files, read into domain types.
//!
//! The embedded copy of `seeds/` and a folder of the same files are read alike. A mistake anywhere means that nothing is
//! taken, and that every mistake is told, with its file, line and column. Knows no database and no clock.

pub mod clauses;
pub mod diagnostic;
pub mod diff;
pub mod duties;
pub mod grammar;
pub mod holidays;
pub mod json;
pub mod ladders;
pub mod occasions;
pub mod posts;
pub mod sheet;
pub mod tree;
pub mod units;

use std::{borrow::Cow, fs, path::Path};

pub use self::{
    diagnostic::{Diagnostic, Diagnostics},
    holidays::ListedDays,
    posts::PostEntry,
};
use self::{
    diagnostic::{Report, Source},
    duties::Known,
};
use crate::domain::{
    calendar::{Calendar, YearStatus},
    catalogue::Catalogue,
    duty::{Duty, Form},
    ladder::{Class, Ladder},
    unit::Roster,
};

/// A seed file larger than this is none.
const LARGEST: u64 = 64 << 20;

pub const FILES: [(&str, &str); 8] = [
    ("clauses.toml", include_str!("../../seeds/clauses.toml")),
    ("units.toml", include_str!("../../seeds/units.toml")),
    ("events.toml", include_str!("../../seeds/events.toml")),
    ("nodes.toml", include_str!("../../seeds/nodes.toml")),
    ("duties.toml", include_str!("../../seeds/duties.toml")),
    ("ladders.toml", include_str!("../../seeds/ladders.toml")),
    ("holidays.csv", include_str!("../../seeds/holidays.csv")),
    ("posts.csv", include_str!("../../seeds/posts.csv")),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeds {
    /// Duties, ladders, nodes, event types, clauses.
    pub catalogue: Catalogue,
    pub roster: Roster,
    pub calendar: Calendar,
    /// Who holds which post, at which address.
    pub posts: Vec<PostEntry>,
}

impl Seeds {
    pub fn embedded() -> Result<Seeds, Diagnostics> {
        read_all(|name| {
            let text = FILES.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
            (format!("seeds/{name}"), Ok(Cow::Borrowed(text.as_bytes())))
        })
    }

    /// These seeds with other files in place of some of their own. What one file names in another is checked again, in
    /// those that were given.
    ///
    /// # Errors
    /// A file has a name that is none of the seeds', or there are mistakes.
    pub fn with_files(&self, files: &[(String, Vec<u8>)]) -> Result<Seeds, Diagnostics> {
        let mut found = Diagnostics::default();
        let known = FILES.map(|(name, _)| name);
        for (name, _) in files.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            let message = format!("no file of the catalogue has the name `{}`", diagnostic::shown(name));
            found.add(Diagnostics::of_file(diagnostic::shown(name), message, format!("known: {}", known.join(", "))));
        }
        for (at, (name, _)) in files.iter().enumerate() {
            if files[..at].iter().any(|(before, _)| before == name) {
                found.add(Diagnostics::of_file(diagnostic::shown(name), "the file was given twice", "give it once"));
            }
        }
        let file = |name: &str| {
            let given = files.iter().find(|(given, _)| given == name);
            given.map(|(name, bytes)| (name.clone(), Ok(Cow::Owned(bytes.clone()))))
        };
        // Read anew where the file was given; else as it is.
        macro_rules! part {
            ($name:literal, $own:expr, $read:expr) => {
                match file($name) {
                    Some(bytes) => with(&mut found, bytes, $read),
                    None => Some($own.clone()),
                }
            };
        }
        let clauses = part!("clauses.toml", self.catalogue.clauses, clauses::read);
        let roster = part!("units.toml", self.roster, units::read);
        let events = part!("events.toml", self.catalogue.events, occasions::read_events);
        let nodes = part!("nodes.toml", self.catalogue.nodes, occasions::read_nodes);
        let known = Known::new(roster.as_ref(), events.as_deref(), clauses.as_deref());
        let duties = part!("duties.toml", self.catalogue.duties, |report| duties::read(report, &known));
        let ladders = part!("ladders.toml", self.catalogue.ladders, |report| ladders::read(report, duties.as_deref()));
        let calendar = part!("holidays.csv", self.calendar, |report| {
            Some(Calendar { listed: holidays::read_csv(report).days })
        });
        let posts = part!("posts.csv", self.posts, |report| Some(posts::read(report, roster.as_ref())));
        if found.is_empty() {
            found.add(dangling(duties.as_deref(), ladders.as_deref(), &known));
        }
        let catalogue = Catalogue {
            duties: duties.unwrap_or_default(),
            ladders: ladders.unwrap_or_default(),
            nodes: nodes.unwrap_or_default(),
            events: events.unwrap_or_default(),
            clauses: clauses.unwrap_or_default(),
        };
        let roster = roster.unwrap_or_else(|| self.roster.clone());
        let calendar = calendar.unwrap_or_default();
        found.or(Seeds { catalogue, roster, calendar, posts: posts.unwrap_or_default() })
    }

    /// A folder with all of the files; `posts.csv` may be missing.
    pub fn load(folder: &Path) -> Result<Seeds, Diagnostics> {
        read_all(|name| {
            let path = folder.join(name);
            if name == "posts.csv" && !path.exists() {
                return (name.into(), Ok(Cow::Borrowed(b"unit,role,holder,address\n".as_slice())));
            }
            (path.display().to_string(), read_file(&path).map(Cow::Owned))
        })
    }
}

/// What is not settled about a year, if anything.
pub fn year_warning(calendar: &Calendar, year: i32) -> Option<String> {
    match calendar.year(year) {
        YearStatus::Published => None,
        YearStatus::Provisional => {
            Some(format!("the holiday notice for {year} is not published: its days are provisional (暂定)"))
        }
        YearStatus::NotPublished => {
            Some(format!("the holiday notice for {year} is not published: only the weekend rule is known (暂定)"))
        }
    }
}

/// What duties that were not read anew name and the other files no longer have.
fn dangling(duties: Option<&[Duty]>, ladders: Option<&[Ladder]>, known: &Known) -> Diagnostics {
    let mut found = Diagnostics::default();
    for duty in duties.unwrap_or_default() {
        for missing in known.missing(duty) {
            let message = format!("duty {} names {missing}, which the files no longer have", duty.id);
            found.add(Diagnostics::of_file("duties.toml", message, "give a `duties.toml` that goes with them"));
        }
        let has = |class: Class| ladders.unwrap_or_default().iter().any(|ladder| ladder.class == class);
        let forms = [Some(Form::Cadence), duty.also_each_node.then_some(Form::Node)];
        for class in forms.into_iter().flatten().map(|form| Class::of(duty, form)).filter(|class| !has(*class)) {
            let word = grammar::word_of(&grammar::CLASSES, &class);
            let message = format!("class `{word}` has no ladder, but duty {} needs one", duty.id);
            found.add(Diagnostics::of_file(
                "ladders.toml",
                message,
                format!("add a [[ladder]] with `class = \"{word}\"`"),
            ));
        }
    }
    found
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let about = fs::metadata(path).map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is no file".into());
    }
    if about.len() > LARGEST {
        return Err(format!("it is larger than {} MB", LARGEST >> 20));
    }
    fs::read(path).map_err(|error| error.to_string())
}

type Bytes = (String, Result<Cow<'static, [u8]>, String>);

/// Reads one file with `read`; what is wrong with it goes to `found`.
fn with<T>(
    found: &mut Diagnostics,
    (name, bytes): Bytes,
    read: impl FnOnce(&mut Report<'_>) -> Option<T>,
) -> Option<T> {
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(wrong) => {
            let help = format!("a seeds folder has {}", FILES.map(|(name, _)| name).join(", "));
            found.add(Diagnostics::of_file(name, format!("the file cannot be read: {wrong}"), help));
            return None;
        }
    };
    match Source::decode(&name, &bytes) {
        Err(wrong) => {
            found.add(wrong);
            None
        }
        Ok(source) => {
            let mut report = Report::new(&source);
            let value = read(&mut report);
            found.add(report.finish());
            value
        }
    }
}

fn read_all(file: impl Fn(&str) -> Bytes) -> Result<Seeds, Diagnostics> {
    let mut found = Diagnostics::default();
    let clauses = with(&mut found, file("clauses.toml"), clauses::read);
    let roster = with(&mut found, file("units.toml"), units::read);
    let events = with(&mut found, file("events.toml"), occasions::read_events);
    let nodes = with(&mut found, file("nodes.toml"), occasions::read_nodes);
    let known = Known::new(roster.as_ref(), events.as_deref(), clauses.as_deref());
    let duties = with(&mut found, file("duties.toml"), |report| duties::read(report, &known));
    let ladders = with(&mut found, file("ladders.toml"), |report| ladders::read(report, duties.as_deref()));
    let listed = with(&mut found, file("holidays.csv"), |report| Some(holidays::read_csv(report)));
    let posts = with(&mut found, file("posts.csv"), |report| Some(posts::read(report, roster.as_ref())));
    if !found.is_empty() {
        return Err(found);
    }
    let catalogue = Catalogue {
        duties: duties.unwrap_or_default(),
        ladders: ladders.unwrap_or_default(),
        nodes: nodes.unwrap_or_default(),
        events: events.unwrap_or_default(),
        clauses: clauses.unwrap_or_default(),
    };
    let calendar = Calendar { listed: listed.unwrap_or_default().days };
    let Some(roster) = roster else { return Err(Diagnostics::of_file("units.toml", "there are no units", "")) };
    Ok(Seeds { catalogue, roster, calendar, posts: posts.unwrap_or_default() })
}
