//! Lists as files for WPS and Excel: UTF-8 with its mark, and no cell that such a program would take for a formula.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// What such programs tell UTF-8 by.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A cell as text: what would begin a formula has a quote before it. A blank before the sign does not help: some programs
/// trim it.
pub fn cell(text: &str) -> String {
    let begins = text.trim_start_matches([' ', '\n', '\u{3000}', '\u{feff}']).chars().next();
    if text.starts_with(['\t', '\r']) || begins.is_some_and(|c| "=+-@\t\r＝＋－＠".contains(c)) {
        return format!("'{text}");
    }
    text.to_owned()
}

pub fn content<'a>(columns: &[&str], rows: impl Iterator<Item = &'a Vec<String>>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(MARK.to_vec());
    // Writing to memory does not fail, and every row has its columns.
    let _ = writer.write_record(columns);
    for row in rows {
        let _ = writer.write_record(row.iter().map(|text| cell(text)));
    }
    writer.into_inner().unwrap_or_default()
}

pub fn download(name: &str, content: Vec<u8>) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_begins_a_formula() {
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1"] {
            assert!(cell(evil).starts_with('\''), "{evil:?}");
        }
        for plain in ["", "质安处", "1.2", "2022-10-31", "a=b", "'=1"] {
            assert_eq!(cell(plain), plain);
        }
    }

    #[test]
    fn a_file_has_its_mark_and_its_rows() {
        let rows = [vec!["a, \"b\"".to_owned(), "=1".to_owned()]];
        assert_eq!(content(&["x", "y"], rows.iter()), "\u{feff}x,y\r\n\"a, \"\"b\"\"\",'=1\r\n".as_bytes());
    }
}
