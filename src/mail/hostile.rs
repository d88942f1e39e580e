//! Characters that no name may carry into a letter.
//!
//! A control character can end a header, a bidirectional mark can turn a name around before the reader's eyes, a line
//! separator can end a line in a log. Names with one of them are refused, never repaired; free text (notes, server
//! replies) has its line breaks folded to spaces first.

/// The first character that must not stand in a name or a header, if there is one.
///
/// ```
/// assert_eq!(duban::mail::hostile_char("质安处"), None);
/// assert_eq!(duban::mail::hostile_char("质安处\r\nBcc: x"), Some('\r'));
/// assert_eq!(duban::mail::hostile_char("质\u{202e}安处"), Some('\u{202e}'));
/// ```
pub fn hostile_char(text: &str) -> Option<char> {
    text.chars().find(|&c| is_hostile(c))
}

/// Whether a character is a control, a bidirectional mark or a line separator.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200e}' | '\u{200f}'        // marks
            | '\u{202a}'..='\u{202e}'                    // embeddings and overrides
            | '\u{2066}'..='\u{2069}'                    // isolates
            | '\u{2028}' | '\u{2029}'                    // line and paragraph separators
            | '\u{feff}')
}

/// Free text on one line: every run of white space becomes one space, the ends are trimmed.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_offices_are_clean() {
        for name in ["质安处", "市建设安全管理总站（质安站）", "A-1 单位", "危大工程“两单两卡”", "é"]
        {
            assert_eq!(hostile_char(name), None, "{name}");
        }
    }

    #[test]
    fn each_kind_of_trick_is_seen() {
        for c in ['\0', '\t', '\r', '\n', '\u{1b}', '\u{7f}', '\u{85}', '\u{200f}', '\u{202e}', '\u{2028}', '\u{2067}']
        {
            assert_eq!(hostile_char(&format!("质安{c}处")), Some(c), "{:04x}", c as u32);
        }
    }

    #[test]
    fn free_text_is_folded() {
        assert_eq!(one_line(" 照片不清\r\n\t请重报 "), "照片不清 请重报");
    }
}
