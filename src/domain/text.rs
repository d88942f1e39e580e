//! Text as people type it: folding for comparison, characters that may not stand in a name.

use unicode_normalization::UnicodeNormalization;

/// The text for comparison: full-width and half-width forms are one, runs of blanks are one blank, none at the ends.
///
/// ```
/// assert_eq!(duban::domain::text::fold(" Ａ　公司（一） "), "A 公司(一)");
/// ```
pub fn fold(text: &str) -> String {
    let folded: String = text.nfkc().collect();
    one_line(&folded)
}

/// Free text on one line: every run of white space becomes one blank, the ends are trimmed.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Why a character may not stand in a name, a title, a note or a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// It ends a line in a log.
    #[error("a line separator")]
    LineSeparator,
    /// It turns a name around before the reader's eyes.
    #[error("a bidirectional control")]
    Bidirectional,
    #[error("an invisible character")]
    Invisible,
    #[error("a replacement character (text lost in an earlier conversion)")]
    Replacement,
    #[error("no character")]
    NoCharacter,
    /// It can end a header.
    #[error("a control character")]
    Control,
}

/// Names with such a character are refused, never repaired; what others said (a server's reply) has them blanked.
pub fn forbidden(c: char) -> Option<Forbidden> {
    match c {
        '\u{2028}' | '\u{2029}' | '\u{85}' | '\n' | '\r' | '\u{b}' | '\u{c}' => Some(Forbidden::LineSeparator),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' => {
            Some(Forbidden::Bidirectional)
        }
        '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{feff}' | '\u{ad}' | '\u{180e}' => {
            Some(Forbidden::Invisible)
        }
        '\u{fffd}' => Some(Forbidden::Replacement),
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => Some(Forbidden::Invisible),
        '\u{fdd0}'..='\u{fdef}' => Some(Forbidden::NoCharacter),
        c if u32::from(c) & 0xfffe == 0xfffe => Some(Forbidden::NoCharacter),
        c if c.is_control() => Some(Forbidden::Control),
        _ => None,
    }
}

/// The text with a blank for each forbidden character, on one line: what others said, fit to be shown.
pub fn tame(text: &str) -> String {
    let tame: String = text.chars().map(|c| if forbidden(c).is_some() { ' ' } else { c }).collect();
    one_line(&tame)
}

/// The first forbidden character: its byte offset, itself, and what it is.
pub fn first_forbidden(text: &str) -> Option<(usize, char, Forbidden)> {
    text.char_indices().find_map(|(at, c)| forbidden(c).map(|what| (at, c, what)))
}

/// What is wrong with a text that somebody gives: a reason, a title, a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFault {
    Empty,
    /// Longer than so many characters.
    TooLong(usize),
    Forbidden(char),
}

/// A text as it is kept: without blanks at its ends, not empty, not longer than so many characters, and with nothing in
/// it that may not stand in a text.
pub fn plain(text: &str, longest: usize) -> Result<&str, TextFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextFault::Empty);
    }
    if text.chars().count() > longest {
        return Err(TextFault::TooLong(longest));
    }
    first_forbidden(text).map_or(Ok(text), |(_, c, _)| Err(TextFault::Forbidden(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_joins_what_people_take_for_the_same_name() {
        assert_eq!(fold("　重庆ＡＢＣ建设（集团）有限公司 "), fold("重庆ABC建设(集团)有限公司"));
        assert_ne!(fold("甲公司"), fold("乙公司"));
    }

    #[test]
    fn invisible_characters_are_found_where_they_stand() {
        assert_eq!(first_forbidden("质安\u{202e}处").map(|(at, c, _)| (at, c)), Some((6, '\u{202e}')));
        assert_eq!(first_forbidden("质安处（甲）—“乙”·—丙"), None);
        for bad in [
            "\0",
            "\u{7}",
            "\r",
            "\u{1b}",
            "\u{7f}",
            "\u{85}",
            "\u{200f}",
            "\u{2028}",
            "\u{2067}",
            "\u{200b}",
            "\u{feff}",
            "\t",
            "\u{e0041}",
        ] {
            assert!(first_forbidden(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn free_text_is_put_on_one_line() {
        assert_eq!(one_line(" 照片不清\r\n\t请重报 "), "照片不清 请重报");
    }

    #[test]
    fn what_is_kept_has_no_blanks_at_its_ends() {
        assert_eq!(plain(" 照片不清\n", 4), Ok("照片不清"));
        assert_eq!(plain("照片不清楚", 4), Err(TextFault::TooLong(4)));
        assert_eq!(plain("　\t", 4), Err(TextFault::Empty));
        assert_eq!(plain("照\n片", 4), Err(TextFault::Forbidden('\n')));
    }
}
