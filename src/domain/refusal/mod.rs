//! Why something may not be done: a closed set of refusals, as facts. Nothing has changed where one is given.
//!
//! Programs know a refusal by its code. Its words stand in `read::refusal`, in Chinese for offices and in English for
//! administrators; what they say is in the fields here, never a sentence.

use strum::VariantNames as _;

pub mod entry;
pub mod field;
pub mod file;
pub mod filing;
pub mod list;
pub mod obligation;
pub mod occasion;
pub mod request;
pub mod roster;
pub mod sent;
pub mod setting;
pub mod who;

use self::{
    entry::EntryRefusal,
    field::{Field, FieldRefusal},
    file::{FileRefusal, NotTaken},
    filing::FilingRefusal,
    list::ListRefusal,
    obligation::ObligationRefusal,
    occasion::OccasionRefusal,
    request::RequestRefusal,
    roster::RosterRefusal,
    setting::SettingRefusal,
    who::{NoSuch, NotTheirs},
};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// What a field holds will not do.
    Field(Field, FieldRefusal),
    NoSuch(NoSuch),
    NotTheirs(NotTheirs),
    Obligation(ObligationRefusal),
    Filing(FilingRefusal),
    /// None of the files is taken, because of these.
    Files(Vec<NotTaken>),
    Request(RequestRefusal),
    Roster(RosterRefusal),
    Occasion(OccasionRefusal),
    Setting(SettingRefusal),
    Entry(EntryRefusal),
    List(ListRefusal),
    /// The machine's clock has leapt and nobody has said yet that it is right: nothing is judged for so long.
    ClockInDoubt {
        seconds: u64,
    },
    /// All of these at once.
    Several(Vec<Refusal>),
}

/// Any will do where a test makes one of each kind.
#[cfg(test)]
impl Default for Refusal {
    fn default() -> Refusal {
        NoSuch::NoCatalogue.into()
    }
}

const CLOCK: &str = "clock_in_doubt";
const SEVERAL: &str = "several_faults";
const SEVERAL_FILES: &str = "several_files_not_taken";

impl Refusal {
    /// What programs know it by: `no_obligation`. Never another for the same refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::Field(_, refusal) => refusal.into(),
            Refusal::NoSuch(refusal) => refusal.into(),
            Refusal::NotTheirs(refusal) => refusal.into(),
            Refusal::Obligation(refusal) => refusal.into(),
            Refusal::Filing(refusal) => refusal.into(),
            Refusal::Files(files) => match &files[..] {
                [only] => (&only.why).into(),
                _ => SEVERAL_FILES,
            },
            Refusal::Request(refusal) => refusal.into(),
            Refusal::Roster(refusal) => refusal.into(),
            Refusal::Occasion(refusal) => refusal.into(),
            Refusal::Setting(refusal) => refusal.into(),
            Refusal::Entry(refusal) => refusal.into(),
            Refusal::List(refusal) => refusal.into(),
            Refusal::ClockInDoubt { .. } => CLOCK,
            Refusal::Several(_) => SEVERAL,
        }
    }

    /// After how many seconds the same may be asked again, where it is refused for the moment only.
    pub fn passes_after(&self) -> Option<u64> {
        if let Refusal::ClockInDoubt { seconds } = self { Some(*seconds) } else { None }
    }

    /// The field that is to be mended, where it is one.
    pub fn field(&self) -> Option<Field> {
        if let Refusal::Field(field, _) = self { Some(*field) } else { None }
    }

    /// Each of several, as a refusal of its own; none where it is one.
    pub fn parts(&self) -> Vec<Refusal> {
        match self {
            Refusal::Several(refusals) => refusals.clone(),
            Refusal::Files(files) if files.len() > 1 => {
                files.iter().map(|file| Refusal::Files(vec![file.clone()])).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Every code there is.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        let groups = [
            FieldRefusal::VARIANTS,
            NoSuch::VARIANTS,
            NotTheirs::VARIANTS,
            ObligationRefusal::VARIANTS,
            FilingRefusal::VARIANTS,
            FileRefusal::VARIANTS,
            RequestRefusal::VARIANTS,
            RosterRefusal::VARIANTS,
            OccasionRefusal::VARIANTS,
            SettingRefusal::VARIANTS,
            EntryRefusal::VARIANTS,
            ListRefusal::VARIANTS,
            &[CLOCK, SEVERAL, SEVERAL_FILES],
        ];
        groups.into_iter().flatten().copied()
    }
}

/// Lets whoever refuses give a refusal of a group as it is.
macro_rules! from_group {
    ($($group:ident($refusal:ty)),*) => {$(
        impl From<$refusal> for Refusal {
            fn from(refusal: $refusal) -> Refusal {
                Refusal::$group(refusal)
            }
        }
    )*};
}

from_group!(
    NoSuch(NoSuch),
    NotTheirs(NotTheirs),
    Obligation(ObligationRefusal),
    Filing(FilingRefusal),
    Request(RequestRefusal),
    Roster(RosterRefusal),
    Occasion(OccasionRefusal),
    Setting(SettingRefusal),
    Entry(EntryRefusal),
    List(ListRefusal)
);

impl<F: Into<FieldRefusal>> From<(Field, F)> for Refusal {
    fn from((field, refusal): (Field, F)) -> Refusal {
        Refusal::Field(field, refusal.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_code_is_of_one_refusal() {
        let all: Vec<&str> = Refusal::codes().collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
        assert!(all.len() > 100, "{}", all.len());
    }

    #[test]
    fn a_group_is_known_by_the_code_of_its_only_member() {
        let taken = |why| NotTaken { name: "a.exe".into(), why };
        assert_eq!(Refusal::Files(vec![taken(FileRefusal::ProgramFile)]).code(), "program_file");
        let two = vec![taken(FileRefusal::ProgramFile), taken(FileRefusal::EmptyFile)];
        assert_eq!(Refusal::Files(two).code(), SEVERAL_FILES);
        let blank = Refusal::from((Field::Reason, FieldRefusal::Blank));
        assert_eq!((blank.code(), blank.field()), ("blank", Some(Field::Reason)));
    }
}
