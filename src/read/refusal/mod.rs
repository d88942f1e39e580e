//! A refusal in words: in Chinese for offices, in English for administrators.
//!
//! Both languages of one refusal stand side by side. Whoever shows one takes the words from here and from nowhere else.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::Refusal;

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

/// What is said of a refusal, in both languages.
pub fn words(refusal: &Refusal) -> Words {
    match refusal {
        Refusal::Field(field, refusal) => field::words(*field, refusal),
        Refusal::NoSuch(refusal) => who::missing(refusal),
        Refusal::NotTheirs(refusal) => who::words(refusal),
        Refusal::Obligation(refusal) => obligation::words(refusal),
        Refusal::Filing(refusal) => filing::words(refusal),
        Refusal::Files(files) => file::words(files),
        Refusal::Request(refusal) => request::words(refusal),
        Refusal::Roster(refusal) => roster::words(refusal),
        Refusal::Occasion(refusal) => occasion::words(refusal),
        Refusal::Setting(refusal) => setting::words(refusal),
        Refusal::Entry(refusal) => entry::words(refusal),
        Refusal::List(refusal) => list::words(refusal),
        Refusal::ClockInDoubt { seconds } => {
            let minutes = seconds.div_ceil(60).max(1);
            say!(
                "this machine's clock has just leapt ahead and may be wrong, so nothing is taken or decided for now; \
                 have the clock checked and try again within {minutes} min",
                "服务器时钟刚发生跳变，可能不准，为免误判期限，暂不受理；所填内容请勿关闭，请联系系统管理员核对时钟，约 {minutes} 分钟后再提交"
            )
        }
        Refusal::Several(refusals) => {
            let all: Vec<Words> = refusals.iter().map(words).collect();
            let english = all.iter().map(|words| words.english.as_str()).collect::<Vec<_>>().join("; ");
            let chinese = all.iter().map(|words| words.chinese.as_str()).collect::<Vec<_>>().join("；");
            say!("{english}", "{chinese}")
        }
    }
}

/// As an office reads it.
pub fn chinese(refusal: &Refusal) -> String {
    words(refusal).chinese
}

/// As an administrator reads it.
pub fn english(refusal: &Refusal) -> String {
    words(refusal).english
}

#[cfg(test)]
mod tests {
    use strum::{IntoEnumIterator, VariantArray as _};

    use super::*;
    use crate::domain::refusal::{
        entry::EntryRefusal,
        field::{Field, FieldRefusal},
        file::{FileRefusal, NotTaken},
        filing::FilingRefusal,
        list::ListRefusal,
        obligation::ObligationRefusal,
        occasion::OccasionRefusal,
        request::RequestRefusal,
        roster::RosterRefusal,
        sent,
        setting::SettingRefusal,
        who::{NoSuch, NotTheirs},
    };
    use crate::read::refusal::sent as words_of;

    fn all_of<R: IntoEnumIterator + Into<Refusal>>() -> Vec<Refusal> {
        R::iter().map(Into::into).collect()
    }

    /// One of each, with whatever facts.
    fn all() -> Vec<Refusal> {
        let field = |refusal: FieldRefusal| Refusal::from((Field::Reason, refusal));
        let file = |why| Refusal::Files(vec![NotTaken { name: "a".into(), why }]);
        let mut all: Vec<Refusal> = FieldRefusal::iter().map(field).chain(FileRefusal::iter().map(file)).collect();
        all.extend(all_of::<NoSuch>());
        all.extend(all_of::<NotTheirs>());
        all.extend(all_of::<ObligationRefusal>());
        all.extend(all_of::<FilingRefusal>());
        all.extend(all_of::<RequestRefusal>());
        all.extend(all_of::<RosterRefusal>());
        all.extend(all_of::<OccasionRefusal>());
        all.extend(all_of::<SettingRefusal>());
        all.extend(all_of::<EntryRefusal>());
        all.extend(all_of::<ListRefusal>());
        let both = vec![field(FieldRefusal::Blank), file(FileRefusal::EmptyFile)];
        let files = ["a", "b"].map(|name| NotTaken { name: name.into(), why: FileRefusal::EmptyFile });
        all.extend([Refusal::ClockInDoubt { seconds: 61 }, Refusal::Several(both), Refusal::Files(files.to_vec())]);
        all
    }

    fn has_chinese(text: &str) -> bool {
        text.chars().any(|c| ('一'..='龥').contains(&c))
    }

    #[test]
    fn what_cannot_be_read_is_said_in_both_languages() {
        let all = sent::Malformed::iter().map(|fault| words_of::malformed(&fault));
        for Words { english, chinese } in all.chain(sent::TooLarge::iter().map(|fault| words_of::too_large(&fault))) {
            assert!(has_chinese(&chinese), "{chinese}");
            assert!(english.chars().any(|c| c.is_ascii_alphabetic()) && !has_chinese(&english), "{english}");
        }
    }

    #[test]
    fn each_is_said_in_both_languages() {
        let all = all();
        let mut codes: Vec<&str> = all.iter().map(Refusal::code).collect();
        let mut known: Vec<&str> = Refusal::codes().collect();
        codes.sort_unstable();
        known.sort_unstable();
        assert_eq!(codes, known);
        for refusal in &all {
            let Words { english, chinese } = words(refusal);
            assert!(has_chinese(&chinese), "{refusal:?}: {chinese}");
            assert!(english.chars().any(|c| c.is_ascii_alphabetic()) && !has_chinese(&english), "{english}");
        }
    }

    #[test]
    fn each_field_has_a_name_in_both_languages() {
        for field in Field::VARIANTS {
            let Words { english, chinese } = words(&(*field, FieldRefusal::Blank).into());
            assert!(english.is_ascii() && english.len() > "no  is given".len(), "{english}");
            assert!(chinese.chars().count() > "未填".chars().count(), "{chinese}");
        }
    }

    #[test]
    fn a_name_that_will_not_do_is_called_by_its_field() {
        let marked = |field| chinese(&(field, FieldRefusal::MarkInName("国庆;中秋".into())).into());
        assert!(marked(Field::Name).starts_with("名称“国庆;中秋”"), "{}", marked(Field::Name));
        assert!(marked(Field::UnitName).starts_with("单位名称“国庆;中秋”"), "{}", marked(Field::UnitName));
    }

    #[test]
    fn several_are_said_one_behind_the_other() {
        let note = Refusal::from((Field::Note, FieldRefusal::TooLong(2000)));
        let name = Refusal::from((Field::Name, FieldRefusal::ForbiddenCharacter('\u{202e}')));
        let Words { english, chinese } = words(&Refusal::Several(vec![note, name]));
        assert_eq!(chinese, "说明过长：至多 2000 字；名称含有不可用的字符 U+202E");
        assert_eq!(
            english,
            "the note is too long: 2000 characters at most; the name has a character that may not stand in it: U+202E"
        );
    }
}
