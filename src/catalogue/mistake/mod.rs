//! What can be wrong with a file that is read: seeds, imports and configuration alike. A closed set of faults, as data.
//!
//! Each fault has a code for programs, English words for terminals and logs, and Chinese words for pages; both languages
//! stand side by side where the fault is defined. Nobody takes the words apart again: what has to be known of a mistake
//! stands in its fields.

pub mod duty;
pub mod file;
pub mod form;
pub mod ladder;
pub mod layout;
pub mod list;
pub mod naming;
pub mod notice;
pub mod setting;
pub mod value;
pub mod words;

use self::{
    duty::DutyFault,
    file::FileFault,
    ladder::LadderFault,
    layout::LayoutFault,
    list::ListFault,
    naming::NamingFault,
    notice::NoticeFault,
    setting::SettingFault,
    value::{Of, ValueFault},
    words::Words,
};

/// What is wrong, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistake {
    File(FileFault),
    Layout(LayoutFault),
    Value(Of, ValueFault),
    Naming(NamingFault),
    Duty(DutyFault),
    Ladder(LadderFault),
    List(ListFault),
    Notice(NoticeFault),
    Setting(SettingFault),
}

impl Mistake {
    /// What programs know the fault by: `unknown_key`. Never another for the same fault.
    pub fn code(&self) -> &'static str {
        match self {
            Mistake::File(fault) => fault.into(),
            Mistake::Layout(fault) => fault.into(),
            Mistake::Value(_, fault) => fault.code(),
            Mistake::Naming(fault) => fault.into(),
            Mistake::Duty(fault) => fault.into(),
            Mistake::Ladder(fault) => fault.into(),
            Mistake::List(fault) => fault.into(),
            Mistake::Notice(fault) => fault.into(),
            Mistake::Setting(fault) => fault.into(),
        }
    }

    /// What is said of it, in both languages.
    pub fn words(&self) -> Words {
        match self {
            Mistake::File(fault) => fault.words(),
            Mistake::Layout(fault) => fault.words(),
            Mistake::Value(of, fault) => fault.words(*of),
            Mistake::Naming(fault) => fault.words(),
            Mistake::Duty(fault) => fault.words(),
            Mistake::Ladder(fault) => fault.words(),
            Mistake::List(fault) => fault.words(),
            Mistake::Notice(fault) => fault.words(),
            Mistake::Setting(fault) => fault.words(),
        }
    }
}

/// Lets a reader report a fault of a group as it is.
macro_rules! from_group {
    ($($group:ident($fault:ty)),*) => {$(
        impl From<$fault> for Mistake {
            fn from(fault: $fault) -> Mistake {
                Mistake::$group(fault)
            }
        }
    )*};
}

from_group!(
    File(FileFault),
    Layout(LayoutFault),
    Naming(NamingFault),
    Duty(DutyFault),
    Ladder(LadderFault),
    List(ListFault),
    Notice(NoticeFault),
    Setting(SettingFault)
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::VariantNames;

    use super::{
        super::{Seeds, diagnostic::Diagnostics, holidays, posts},
        form::FormFault,
        list::ListFault,
        *,
    };
    use crate::domain::address::AddressFault;

    #[test]
    fn each_code_is_of_one_fault() {
        let groups = [
            FileFault::VARIANTS,
            LayoutFault::VARIANTS,
            ValueFault::VARIANTS,
            FormFault::VARIANTS,
            NamingFault::VARIANTS,
            DutyFault::VARIANTS,
            LadderFault::VARIANTS,
            ListFault::VARIANTS,
            NoticeFault::VARIANTS,
            SettingFault::VARIANTS,
        ];
        let all: Vec<&str> = groups.into_iter().flatten().copied().collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
        assert_eq!(Mistake::from(FileFault::Utf16).code(), "utf16");
    }

    /// The lists and notices that offices upload, broken in many ways.
    fn broken_lists() -> Vec<Diagnostics> {
        let roster = Seeds::embedded().unwrap().roster;
        let lists = [
            "unit,role,holder,address\n质安所,boss,某甲,jia@example.com\n质安处,office,某甲,jia@example.com\n",
            "unit,role,holder,address\n质安处,head,,jia at\n质安处,head,某甲,某甲@example.com\n质安处,head,某\u{200b},a b@example.com\n",
            "unit,role,holder,adress\n",
            "unit,role,holder,address,from,until\n质安处,head,某甲,jia@example.com,2022-02-30,2022-10-01\n",
            "unit,role,holder,address\n质安处,head\n\"质安处,head\n",
            "unit,role,holder,address\n委安委办,office,某甲,jia@example.com\n委安委办,liaison,某甲,jia@example.com\n",
        ];
        let notices =
            ["date,name,kind,status\n2022-02-30,,day off,soon\n", "date,name,kind,status\n", "", "\u{feff}date,name\n"];
        let found = lists.iter().map(|text| posts::parse("x.csv", text.as_bytes(), Some(&roster)).unwrap_err());
        let found = found.chain(notices.iter().map(|text| holidays::parse("x.csv", text.as_bytes()).unwrap_err()));
        found.chain([posts::parse("x.csv", b"unit\n\xd6\xca\n", None).unwrap_err()]).collect()
    }

    #[test]
    fn what_is_wrong_with_lists_and_notices_is_put_in_the_offices_words() {
        let found: Vec<_> = broken_lists().into_iter().flat_map(|found| found.list).collect();
        assert!(found.len() > 15, "{}", found.len());
        for one in &found {
            let Words { english, chinese } = one.mistake.words();
            assert!(
                chinese.chars().any(|c| ('一'..='龥').contains(&c)) && !chinese.contains('`'),
                "{english}: {chinese}"
            );
        }
    }

    #[test]
    fn what_was_written_stands_as_it_was_written() {
        let chinese = |mistake: Mistake| mistake.words().chinese;
        let value = |field, fault| Mistake::Value(Of::Field(field), fault);
        let address = ValueFault::NoEmail { written: words::shown("{}"), fault: AddressFault::NoAt };
        assert_eq!(chinese(value("address", address)), "“address”不是邮箱地址：{}，没有 @；应写作 name@example.com");
        let day = |text: &str| text.parse().unwrap();
        let (first, last) = (day("2022-10-02"), day("2022-10-01"));
        assert_eq!(
            chinese(ListFault::EndsBeforeItBegins { end: "until", last, begin: "from", first }.into()),
            "结束日 2022-10-01 早于起始日 2022-10-02；请把较晚的日期填在后面"
        );
        assert_eq!(
            chinese(value("holder", ValueFault::ForbiddenCharacter('\u{7}'))),
            "“holder”含有不可用的字符 U+0007；请删去"
        );
    }
}
