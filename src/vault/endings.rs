//! What a file's name says: by it a file is opened on the machine that it is downloaded to, whatever it holds.

use crate::domain::text;

/// A kind of evidence.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub chinese: &'static str,
    pub english: &'static str,
    /// Endings as one names them.
    pub named: &'static [&'static str],
    /// Further endings of the same.
    also: &'static [&'static str],
}

/// Everything that is taken.
pub const TAKEN: [Kind; 6] = [
    Kind {
        chinese: "图片",
        english: "pictures",
        named: &["jpg", "png", "gif", "webp", "heic", "bmp", "tif"],
        also: &["dib", "heif", "jfif", "jpe", "jpeg", "tiff"],
    },
    Kind {
        chinese: "文档",
        english: "documents",
        named: &["pdf", "ofd", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "wps", "et", "dps"],
        also: &["dot", "dotx", "dpt", "ett", "potx", "pps", "ppsx", "wpt", "xlsb", "xlt", "xltx"],
    },
    Kind { chinese: "文本", english: "text", named: &["txt", "csv", "md", "log"], also: &["text", "tsv"] },
    Kind { chinese: "压缩包", english: "archives", named: &["zip"], also: &[] },
    Kind {
        chinese: "录音",
        english: "sound",
        named: &["mp3", "m4a", "wav", "amr", "aac", "3gp"],
        also: &["3ga", "awb"],
    },
    Kind { chinese: "录像", english: "films", named: &["mp4", "mov", "m4v", "3gp"], also: &["3g2", "3gpp"] },
];

/// What runs, or leads to something that does, when it is opened.
const PROGRAMS: &[&str] = &[
    "apk",
    "app",
    "appcontent-ms",
    "appimage",
    "appinstaller",
    "application",
    "appref-ms",
    "appx",
    "appxbundle",
    "asp",
    "aspx",
    "bash",
    "bat",
    "bin",
    "cab",
    "chm",
    "cmd",
    "com",
    "command",
    "cpl",
    "crx",
    "csh",
    "deb",
    "desktop",
    "diagcab",
    "diagcfg",
    "diagpkg",
    "dll",
    "dmg",
    "dqy",
    "drv",
    "exe",
    "gadget",
    "hlp",
    "hta",
    "inetloc",
    "inf",
    "ins",
    "iqy",
    "iso",
    "jar",
    "jnlp",
    "js",
    "jse",
    "jsp",
    "ksh",
    "library-ms",
    "lnk",
    "mht",
    "mhtml",
    "mobileconfig",
    "msc",
    "msi",
    "msix",
    "msixbundle",
    "msp",
    "msu",
    "ocx",
    "odc",
    "oqy",
    "php",
    "phtml",
    "pif",
    "pkg",
    "pl",
    "ppa",
    "ppam",
    "ps1",
    "ps1xml",
    "psm1",
    "py",
    "pyc",
    "pyo",
    "pyw",
    "pyz",
    "pyzw",
    "rdp",
    "reg",
    "rpm",
    "rqy",
    "run",
    "scf",
    "scpt",
    "scptd",
    "scr",
    "sct",
    "search-ms",
    "searchconnector-ms",
    "settingcontent-ms",
    "sh",
    "shb",
    "slk",
    "so",
    "swf",
    "sylk",
    "sys",
    "terminal",
    "udl",
    "url",
    "vb",
    "vba",
    "vbe",
    "vbs",
    "vbscript",
    "vhd",
    "vhdx",
    "vxd",
    "webloc",
    "website",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xbap",
    "xla",
    "xlam",
    "xll",
];
/// What a browser would run.
const MARKUP: &[&str] = &["htm", "html", "shtml", "svg", "svgz", "xht", "xhtml", "xml", "xsl", "xslt"];
/// What holds further files.
const ARCHIVES: &[&str] = &["7z", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip", "zst"];
/// What systems leave in archives: nobody opens it.
const LEFTOVERS: &[&str] = &[".DS_Store", "Thumbs.db"];

/// How a name ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As evidence does, or in no way that a machine would know.
    Taken,
    Program,
    Markup,
    Archive,
    Other,
}

pub fn ending(name: &str) -> Ending {
    let ending = ending_of(name);
    let is_in = |endings: &[&str]| endings.contains(&ending.as_str());
    let taken = TAKEN.iter().any(|kind| is_in(kind.named) || is_in(kind.also));
    match () {
        () if is_in(ARCHIVES) => Ending::Archive,
        () if taken => Ending::Taken,
        () if is_in(PROGRAMS) => Ending::Program,
        () if is_in(MARKUP) => Ending::Markup,
        // 2022.10.13, 3.现场照片: no machine has a program for these.
        () if !ending.is_ascii() || !ending.contains(|c: char| c.is_ascii_alphabetic()) => Ending::Taken,
        () => Ending::Other,
    }
}

/// Of an entry of an archive: folders, and what systems leave there, are no files that one opens.
pub fn entry_ending(name: &str) -> Ending {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    if last.is_empty() || LEFTOVERS.contains(&last) { Ending::Taken } else { ending(last) }
}

/// What stands behind the last dot, as Windows reads it: without dots and blanks at the end.
pub fn ending_of(name: &str) -> String {
    let name = text::fold(name);
    let name = name.trim_end_matches([' ', '.']);
    name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.trim().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_as_the_machine_reads_them() {
        for (name, wanted) in [
            ("现场.JPG", Ending::Taken),
            ("录音.amr", Ending::Taken),
            ("报告.docx", Ending::Taken),
            ("无后缀", Ending::Taken),
            ("2022.10.13", Ending::Taken),
            ("3.现场照片", Ending::Taken),
            (".txt", Ending::Taken),
            ("a.slk", Ending::Program),
            ("a.IQY", Ending::Program),
            ("a.settingcontent-ms", Ending::Program),
            ("a.SettingContent-ms", Ending::Program),
            ("a.desktop", Ending::Program),
            ("a.rdp", Ending::Program),
            ("a.vbscript", Ending::Program),
            ("a.pdf.lnk", Ending::Program),
            ("a.slk. . ", Ending::Program),
            ("a.ｓｌｋ", Ending::Program),
            ("a.library-ms", Ending::Program),
            ("a.appref-ms", Ending::Program),
            ("a.xlsm", Ending::Other),
            ("a.svg", Ending::Markup),
            ("a.rar", Ending::Archive),
            // What nobody has thought of yet is not taken either.
            ("a.newlink-ms", Ending::Other),
            ("a.txt::$DATA", Ending::Other),
            ("a.ics", Ending::Other),
        ] {
            assert_eq!(ending(name), wanted, "{name}");
        }
        for (name, wanted) in [
            ("照片/", Ending::Taken),
            ("v1.0-final/", Ending::Taken),
            ("照片/.DS_Store", Ending::Taken),
            ("照片/Thumbs.db", Ending::Taken),
            ("照片/a.desktop", Ending::Program),
        ] {
            assert_eq!(entry_ending(name), wanted, "{name}");
        }
    }

    #[test]
    fn no_ending_is_both_taken_and_refused() {
        let taken = TAKEN.iter().flat_map(|kind| kind.named.iter().chain(kind.also));
        for ending in taken {
            assert!(!PROGRAMS.contains(ending) && !MARKUP.contains(ending), "{ending}");
        }
    }
}
