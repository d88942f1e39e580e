//! Whether an address that came with a request is a place of ours: one may be sent there.
//!
//! Browsers drop tabs and line ends from an address and take `\` for `/`, so that `/\t/evil.example` leads away. Here a
//! place is a path of plain characters that begins with one slash; whatever else it holds is quoted, and what can hide
//! where it leads makes it none.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// The longest place that one is sent to, in bytes.
const LONGEST: usize = 2000;

/// The place, as it may stand in a header; `None` = it is none of ours.
pub fn place(written: &str) -> Option<String> {
    // What no address holds as it is, and is not dangerous.
    const QUOTED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}');
    let own = written.len() <= LONGEST
        && written.starts_with('/')
        && !written.starts_with("//")
        && !written.contains('\\')
        && !written.chars().any(char::is_control);
    own.then(|| utf8_percent_encode(written, QUOTED).to_string())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn a_place_of_ours_is_kept_and_all_else_is_none() {
        for (written, own) in [
            ("/", Some("/")),
            ("/todo", Some("/todo")),
            ("/ledger?unit=%E8%B4%A8&phase=done#a", Some("/ledger?unit=%E8%B4%A8&phase=done#a")),
            ("/ledger?unit=质安处 a", Some("/ledger?unit=%E8%B4%A8%E5%AE%89%E5%A4%84%20a")),
            ("/o/12/file?back=//x", Some("/o/12/file?back=//x")),
            ("", None),
            ("todo", None),
            (" /todo", None),
            ("//evil.example", None),
            ("/\t/evil.example", None),
            ("/\\evil.example", None),
            ("\t//evil.example", None),
            ("/\n/evil.example", None),
            ("/todo\r\nSet-Cookie: a=b", None),
            ("/\u{0}", None),
            ("/\u{7f}", None),
            ("/\u{85}/evil.example", None),
            ("https://evil.example", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(place(written).as_deref(), own, "{written:?}");
        }
        assert_eq!(place(&format!("/{}", "a".repeat(LONGEST))), None);
    }

    proptest! {
        /// Whatever is written, a browser stays where it is, and the answer has a header.
        #[test]
        fn no_place_leads_away(written in "[/\\\\?#:@ a-z\t\r\n\u{0}\u{1}\u{7f}\u{85}\u{a0}质%0-9.]{0,12}") {
            if let Some(own) = place(&written) {
                prop_assert!(HeaderValue::from_str(&own).is_ok());
                let led = Url::parse("https://oa.example.com/duban/enter").unwrap().join(&own).unwrap();
                prop_assert_eq!(led.origin().ascii_serialization(), "https://oa.example.com");
            }
        }
    }
}
