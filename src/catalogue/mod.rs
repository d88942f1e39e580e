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
pub mod listed;
pub mod mistake;
pub mod notice;
pub mod occasions;
pub mod posts;
pub mod sheet;
pub mod tree;
pub mod units;

use std::{borrow::Cow, collections::BTreeSet, fs, path::Path};

pub use self::{
    diagnostic::{Diagnostic, Diagnostics},
    listed::ListedDays,
    mistake::Mistake,
    posts::PostEntry,
};
use self::{
    diagnostic::{Report, Source},
    duties::KnownNames,
    mistake::{
        file::{FileFault, Unreadable},
        ladder::LadderFault,
        naming::NamingFault,
        words::shown,
    },
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

/// A `posts.csv` of nobody, for a folder that has none.
const NO_POSTS: &[u8] = b"unit,role,holder,address\n";

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
        read(None, |name| {
            let text = FILES.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
            Some((format!("seeds/{name}"), Ok(Cow::Borrowed(text.as_bytes()))))
        })
    }

    /// A folder with all of the files; `posts.csv` may be missing.
    pub fn load(folder: &Path) -> Result<Seeds, Diagnostics> {
        read(None, |name| {
            let path = folder.join(name);
            if name == "posts.csv" && !path.exists() {
                return Some((name.into(), Ok(Cow::Borrowed(NO_POSTS))));
            }
            Some((path.display().to_string(), read_file(&path).map(Cow::Owned)))
        })
    }

    /// These seeds with other files in place of some of their own. What one file names in another is checked again, in
    /// those that were given.
    ///
    /// # Errors
    /// A file has a name that is none of the seeds', or there are mistakes.
    pub fn with_files(&self, files: &[(String, Vec<u8>)]) -> Result<Seeds, Diagnostics> {
        let mut found = Diagnostics::default();
        let mut seen = BTreeSet::new();
        for (name, _) in files {
            let known = FILES.map(|(name, _)| name);
            if !known.contains(&name.as_str()) {
                let unknown = FileFault::UnknownFile { name: shown(name), known: known.to_vec() };
                found.add(Diagnostics::of_file(shown(name).to_string(), unknown));
            }
            if !seen.insert(name) {
                found.add(Diagnostics::of_file(shown(name).to_string(), FileFault::FileGivenTwice));
            }
        }
        let read = read(Some(self), |name| {
            let given = files.iter().find(|(given, _)| given == name);
            given.map(|(name, bytes)| (name.clone(), Ok(Cow::Borrowed(bytes.as_slice()))))
        });
        match read {
            Ok(seeds) => found.or(seeds),
            Err(wrong) => {
                found.add(wrong);
                Err(found)
            }
        }
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
fn dangling(duties: Option<&[Duty]>, ladders: Option<&[Ladder]>, known: &KnownNames) -> Diagnostics {
    let mut found = Diagnostics::default();
    for duty in duties.unwrap_or_default() {
        for missing in known.missing(duty) {
            let duty = duty.id.0.clone();
            found.add(Diagnostics::of_file("duties.toml", NamingFault::Dangling { duty, names: missing }));
        }
        let has = |class: Class| ladders.unwrap_or_default().iter().any(|ladder| ladder.class == class);
        let forms = [Some(Form::Cadence), duty.also_each_node.then_some(Form::Node)];
        for class in forms.into_iter().flatten().map(|form| Class::of(duty, form)).filter(|class| !has(*class)) {
            let duty = duty.id.0.clone();
            found.add(Diagnostics::of_file("ladders.toml", LadderFault::NoLadder { class, duty }));
        }
    }
    found
}

fn read_file(path: &Path) -> Result<Vec<u8>, Unreadable> {
    let system = |error: std::io::Error| Unreadable::System(error.to_string());
    let about = fs::metadata(path).map_err(system)?;
    if !about.is_file() {
        return Err(Unreadable::NoFile);
    }
    if about.len() > LARGEST {
        return Err(Unreadable::TooLarge(LARGEST >> 20));
    }
    fs::read(path).map_err(system)
}

/// A file's name and its bytes.
type Bytes<'b> = (String, Result<Cow<'b, [u8]>, Unreadable>);

/// Reads one file with `read`; what is wrong with it goes to `found`.
fn with<T>(
    found: &mut Diagnostics,
    (name, bytes): Bytes<'_>,
    read: impl FnOnce(&mut Report<'_>) -> Option<T>,
) -> Option<T> {
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(why) => {
            let fault = FileFault::UnreadableSeed(why, FILES.map(|(name, _)| name).to_vec());
            found.add(Diagnostics::of_file(name, fault));
            return None;
        }
    };
    let is_sheet = Path::new(&name).extension().is_some_and(|ending| ending == "csv");
    let text = if is_sheet {
        sheet::decode(&name, &bytes)
    } else {
        Source::decode(&name, &bytes).map(|source| Cow::Borrowed(source.text()))
    };
    match text {
        Err(wrong) => {
            found.add(wrong);
            None
        }
        Ok(text) => {
            let source = Source::new(name, &text);
            let mut report = Report::new(&source);
            let value = read(&mut report);
            found.add(report.finish());
            value
        }
    }
}

/// Reads the files that there are; what a missing one holds is taken from `own`.
fn read<'b>(own: Option<&Seeds>, file: impl Fn(&str) -> Option<Bytes<'b>>) -> Result<Seeds, Diagnostics> {
    let mut found = Diagnostics::default();
    macro_rules! part {
        ($name:literal, $own:expr, $read:expr) => {
            match file($name) {
                Some(bytes) => with(&mut found, bytes, $read),
                None => own.map($own),
            }
        };
    }
    let clauses = part!("clauses.toml", |own| own.catalogue.clauses.clone(), clauses::read);
    let roster = part!("units.toml", |own| own.roster.clone(), units::read);
    let events = part!("events.toml", |own| own.catalogue.events.clone(), occasions::read_events);
    let nodes = part!("nodes.toml", |own| own.catalogue.nodes.clone(), occasions::read_nodes);
    let known = KnownNames::new(roster.as_ref(), events.as_deref(), clauses.as_deref());
    let duties = part!("duties.toml", |own| own.catalogue.duties.clone(), |report| duties::read(report, &known));
    let ladders =
        part!("ladders.toml", |own| own.catalogue.ladders.clone(), |report| ladders::read(report, duties.as_deref()));
    let calendar = part!("holidays.csv", |own| own.calendar.clone(), |report| {
        Some(Calendar { listed: holidays::read_csv(report).days })
    });
    let posts = part!("posts.csv", |own| own.posts.clone(), |report| Some(posts::read(report, roster.as_ref())));
    if found.is_empty() {
        found.add(dangling(duties.as_deref(), ladders.as_deref(), &known));
    }
    let (Some(roster), true) = (roster, found.is_empty()) else { return Err(found) };
    let catalogue = Catalogue {
        duties: duties.unwrap_or_default(),
        ladders: ladders.unwrap_or_default(),
        nodes: nodes.unwrap_or_default(),
        events: events.unwrap_or_default(),
        clauses: clauses.unwrap_or_default(),
    };
    Ok(Seeds { catalogue, roster, calendar: calendar.unwrap_or_default(), posts: posts.unwrap_or_default() })
}
