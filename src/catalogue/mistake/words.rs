//! What a mistake is put into: both languages at once, and the pieces that go into either.

use std::borrow::Borrow;
use std::fmt;

use crate::domain::text;

/// One thing said in both languages: in English for terminals and logs, in Chinese as an office reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub english: String,
    pub chinese: String,
}

/// Words from two format strings, which name what they need: `say!("{n} rows", "{n}行")`.
macro_rules! say {
    ($english:literal, $chinese:literal) => {
        $crate::catalogue::mistake::words::Words { english: format!($english), chinese: format!($chinese) }
    };
}
pub(crate) use say;

/// A text of the file, fit for a message: control characters made visible, and not longer than one can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown(String);

/// What a message shows of a text.
pub fn shown(text: impl AsRef<str>) -> Shown {
    const MOST: usize = 60;
    let mut short = String::new();
    for (n, c) in text.as_ref().chars().enumerate() {
        if n == MOST {
            short.push('…');
            break;
        }
        if text::forbidden(c).is_some() {
            short.extend(c.escape_unicode());
        } else {
            short.push(c);
        }
    }
    Shown(short)
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Of so many known words the one that was meant is looked for.
const MOST_WEIGHED: usize = 5_000;

/// So many known words can be told one by one.
const MOST_LISTED: usize = 30;

/// Which of the known words was probably meant by an unknown one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meant {
    Word(String),
    /// None of them is near; these there are.
    OneOf(Vec<String>),
    /// A key that stands in this section.
    ElsewhereIn(String),
    /// Nothing is known.
    Nothing,
    /// There are too many to tell, or it was not looked for.
    Unsaid,
}

/// The one of `known` that was probably meant, or all of them.
pub fn meant<K: Borrow<str> + Ord>(given: &str, known: impl IntoIterator<Item = K>) -> Meant {
    let mut known: Vec<K> = known.into_iter().take(MOST_WEIGHED).collect();
    known.sort_unstable();
    known.dedup();
    let nearest = known.iter().map(|word| (distance(given, word.borrow()), word.borrow())).min();
    match nearest {
        Some((far, word)) if far <= 2 && far < word.chars().count() => Meant::Word(word.to_owned()),
        Some(_) if known.len() <= MOST_LISTED => {
            Meant::OneOf(known.iter().map(|word| word.borrow().to_owned()).collect())
        }
        Some(_) => Meant::Unsaid,
        None => Meant::Nothing,
    }
}

/// Edit distance, in characters; beyond 40 characters only equality counts.
fn distance(a: &str, b: &str) -> usize {
    let long = |text: &str| text.chars().nth(40).is_some();
    match () {
        () if a == b => 0,
        () if long(a) || long(b) => usize::MAX,
        () => strsim::levenshtein(a, b),
    }
}

impl Meant {
    /// As the end of a sentence, with what parts it from the rest; empty when there is nothing to say.
    pub(super) fn words(&self, given: &Shown) -> Words {
        match self {
            Meant::Word(word) => say!("; did you mean `{word}`?", "；是否应为“{word}”？"),
            Meant::OneOf(words) => {
                let known = words.join(", ");
                say!("; known: {known}", "；可用：{known}")
            }
            Meant::ElsewhereIn(section) => say!("; `{given}` stands in [{section}]", "；“{given}”属于 [{section}]"),
            Meant::Nothing => say!("; none is known", "；目前一个也没有"),
            Meant::Unsaid => say!("", ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_guessed() {
        assert_eq!(meant("cadense", ["cadence", "due"]), Meant::Word("cadence".into()));
        assert_eq!(meant("x", ["due", "cadence", "due"]), Meant::OneOf(vec!["cadence".into(), "due".into()]));
        assert_eq!(meant::<&str>("x", []), Meant::Nothing);
        assert_eq!((distance("", "ab"), distance("kitten", "sitting"), distance("a", "a")), (2, 3, 0));
        assert_eq!(distance(&"甲".repeat(41), &"甲".repeat(40)), usize::MAX);
    }

    #[test]
    fn what_is_shown_can_be_read() {
        assert_eq!(shown("质安处").to_string(), "质安处");
        assert_eq!(shown("a\u{7}b").to_string(), "a\\u{7}b");
        assert_eq!(shown("甲".repeat(61)).to_string(), format!("{}…", "甲".repeat(60)));
    }
}
