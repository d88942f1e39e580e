//! Names and ids as people give them: the one rule of each, behind every door.
//!
//! Several of them stand together elsewhere (`质安处/liaison`, `甲;乙`, `event:E1`): the marks that part them there may not
//! stand in one.

use super::text::{self, TextFault};

/// The longest name of a unit, a group, a node or an event type, in characters.
pub const LONGEST_NAME: usize = 60;

/// The longest name of a person, in characters.
pub const LONGEST_HOLDER: usize = 100;

/// The longest id, in characters.
pub const LONGEST_ID: usize = 64;

/// What is wrong with a name or an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFault {
    /// It is no text at all.
    Text(TextFault),
    /// Of a name, at an end; of an id, anywhere.
    Blank,
    /// It has a mark that joins or parts several.
    Mark,
}

/// Whether a unit, a group, a node or an event type may be called so.
pub fn check_name(name: &str) -> Result<(), NameFault> {
    if text::plain(name, LONGEST_NAME).map_err(NameFault::Text)? != name {
        return Err(NameFault::Blank);
    }
    if name.contains([';', '@', '/', ':', ',', '*', '"', '\'']) { Err(NameFault::Mark) } else { Ok(()) }
}

/// Whether an event, a node or a receipt may have that id, which stands in periods' keys and in lists.
pub fn check_id(id: &str) -> Result<(), NameFault> {
    text::plain(id, LONGEST_ID).map_err(NameFault::Text)?;
    if id.contains(char::is_whitespace) {
        return Err(NameFault::Blank);
    }
    if id.contains([';', ':', '/', ',', '"', '\'']) { Err(NameFault::Mark) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parts_names_stands_in_none() {
        for good in ["质安处", "市建设工程质量安全管理总站", "AB 处", "党的二十大", &"甲".repeat(LONGEST_NAME)]
        {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for mark in ";@/:,*\"'".chars() {
            assert_eq!(check_name(&format!("质{mark}安")), Err(NameFault::Mark));
        }
        for (bad, fault) in [
            ("", NameFault::Text(TextFault::Empty)),
            (" ", NameFault::Text(TextFault::Empty)),
            ("质安处 ", NameFault::Blank),
            ("质\u{200b}安处", NameFault::Text(TextFault::Forbidden('\u{200b}'))),
            (&"甲".repeat(LONGEST_NAME + 1), NameFault::Text(TextFault::TooLong(LONGEST_NAME))),
        ] {
            assert_eq!(check_name(bad), Err(fault), "{bad}");
        }
    }

    #[test]
    fn ids_stand_in_keys_and_lists() {
        for good in ["E20221010-1", "heat", "高温-3", "a@b*c"] {
            assert_eq!(check_id(good), Ok(()), "{good}");
        }
        for (bad, fault) in [("a b", NameFault::Blank), ("a:b", NameFault::Mark), ("a;b", NameFault::Mark)] {
            assert_eq!(check_id(bad), Err(fault), "{bad}");
        }
    }
}
