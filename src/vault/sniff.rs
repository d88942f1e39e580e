//! What kind of file evidence may be: told by its content, never by what its sender calls it.
//!
//! Taken are pictures, PDF, office documents, plain text and tables, sound and films, and zip archives of such. Nothing is
//! ever unpacked: of an archive only the directory at its end is read, by a walk of our own with bounds on every number in
//! it, because a library that first loads a hostile directory whole is what the directory was made for.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::domain::refusal::file::FileRefusal;

/// Entries of an archive at most.
const MOST_ENTRIES: usize = 2000;
/// Bytes of an archive's directory at most.
const LARGEST_DIRECTORY: usize = 1 << 20;
/// Bytes that an archive may unpack to.
const LARGEST_UNPACKED: u64 = 500 << 20;
/// How much of a file's beginning tells its kind.
const HEAD: usize = 8 << 10;

/// What runs on somebody's machine when it is opened there.
const PROGRAMS: &[&str] = &[
    "apk", "app", "bat", "bin", "cab", "chm", "cmd", "com", "cpl", "deb", "dll", "exe", "gadget", "hta", "inf", "iso",
    "jar", "js", "jse", "jsp", "lnk", "msc", "msi", "msp", "php", "pif", "pl", "ps1", "psm1", "py", "reg", "rpm",
    "scf", "scr", "sh", "so", "sys", "url", "vb", "vbe", "vbs", "ws", "wsc", "wsf", "wsh",
];
/// What a browser would run.
const MARKUP: &[&str] = &["htm", "html", "mht", "mhtml", "shtml", "svg", "svgz", "xht", "xhtml", "xml", "xsl", "xslt"];
/// What holds further files.
const ARCHIVES: &[&str] = &["7z", "bz2", "gz", "rar", "tar", "tgz", "xz", "zip", "zst"];

/// Why a file is not taken; `None` = it is.
pub fn objection(file: &mut File, name: &str) -> io::Result<Option<FileRefusal>> {
    let mut head = Vec::with_capacity(HEAD);
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let why = if head.is_empty() {
        Some(FileRefusal::EmptyFile)
    } else if ends_in(name, PROGRAMS) || ends_in(name, MARKUP) {
        // Whatever it holds, it would be opened by its name on the machine that it is downloaded to.
        Some(FileRefusal::ProgramFile)
    } else if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        look_inside(file)?
    } else {
        // The library knows one of the beginnings of an MP3 without a tag; recorders write the others too.
        let sound = matches!(head.get(..2), Some([0xff, 0xf2 | 0xf3 | 0xfa | 0xfb]));
        match infer::get(&head).map(|kind| kind.mime_type()) {
            None if sound => None,
            Some(
                "image/jpeg" | "image/png" | "image/gif" | "image/webp" | "image/heif" | "image/bmp" | "image/tiff"
                | "application/pdf" | "video/mp4" | "video/quicktime" | "video/x-m4v" | "audio/m4a" | "audio/mpeg"
                | "audio/x-wav",
            ) => None,
            // doc, xls, ppt, wps, et: all in one kind of container, as are installers.
            Some(
                "application/msword"
                | "application/vnd.ms-excel"
                | "application/vnd.ms-powerpoint"
                | "application/x-ole-storage",
            ) => installer(file)?.then_some(FileRefusal::Installer),
            Some("text/html" | "text/xml" | "text/x-shellscript") => Some(FileRefusal::Markup),
            Some(
                "application/vnd.rar"
                | "application/x-7z-compressed"
                | "application/gzip"
                | "application/x-tar"
                | "application/x-bzip2"
                | "application/x-xz"
                | "application/zstd",
            ) => Some(FileRefusal::OtherArchive),
            Some(
                "application/vnd.microsoft.portable-executable"
                | "application/x-executable"
                | "application/x-mach-binary"
                | "application/wasm"
                | "application/java",
            ) => Some(FileRefusal::Executable),
            Some(_) => Some(FileRefusal::OtherKind),
            None => text(file)?,
        }
    };
    Ok(why)
}

fn ending(name: &str) -> String {
    let name = name.trim_end_matches([' ', '.']);
    name.rsplit_once('.').map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase())
}

fn ends_in(name: &str, endings: &[&str]) -> bool {
    endings.contains(&ending(name).as_str())
}

/// Whether a compound file says that it is a Windows installer.
fn installer(file: &mut File) -> io::Result<bool> {
    let mut header = [0; 512];
    file.rewind()?;
    if file.read_exact(&mut header).is_err() {
        return Ok(false);
    }
    let shift = u16_at(&header, 30).clamp(7, 16);
    let root = (u64::from(u32_at(&header, 48)) + 1) << shift;
    let mut class = [0; 16];
    file.seek(SeekFrom::Start(root + 80))?;
    // {000C1084-…}, {000C1086-…} and {000C1082-…}: installer, patch, transform.
    Ok(file.read_exact(&mut class).is_ok()
        && [0x84, 0x86, 0x82].contains(&class[0])
        && class[1..] == [0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46])
}

/// Whether it is plain text: in UTF-8, GB 18030, or UTF-16 with its mark, and no markup or script.
fn text(file: &mut File) -> io::Result<Option<FileRefusal>> {
    const TAGS: [&[u8]; 6] = [b"<script", b"<svg", b"<html", b"<!doctype", b"<?xml", b"<iframe"];
    file.rewind()?;
    // A tag may lie across two pieces: the end of the last one is looked at again.
    let (mut window, mut first, mut wide): (Vec<u8>, _, _) = (Vec::new(), true, None);
    loop {
        let mut piece = Vec::with_capacity(64 << 10);
        if file.by_ref().take(64 << 10).read_to_end(&mut piece)? == 0 {
            return Ok(None);
        }
        if first {
            wide = match piece.get(..2) {
                Some([0xff, 0xfe]) => Some(u16::from_le_bytes as fn([u8; 2]) -> u16),
                Some([0xfe, 0xff]) => Some(u16::from_be_bytes as fn([u8; 2]) -> u16),
                _ => None,
            };
        }
        // Of what is wider than a byte the low half is enough to find a tag.
        let narrow = match wide {
            None => piece,
            Some(read) => {
                let units = piece.chunks_exact(2).map(|two| read([two[0], two[1]]));
                units.map(|unit| u8::try_from(unit).unwrap_or(0xff)).collect()
            }
        };
        if narrow.iter().any(|byte| byte.is_ascii_control() && !b"\t\n\r\x0c\x1a".contains(byte)) {
            return Ok(Some(FileRefusal::UnknownContent));
        }
        window.extend(narrow.iter().map(u8::to_ascii_lowercase));
        // Behind blanks and a byte order mark of either kind.
        let begins = window.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf\xff".contains(byte));
        if (first && (begins == Some(&b'<') || window.starts_with(b"#!"))) || contains(&window, &TAGS) {
            return Ok(Some(FileRefusal::MarkupWithin));
        }
        first = false;
        window.drain(..window.len().saturating_sub(16));
    }
}

fn contains(text: &[u8], wanted: &[&[u8]]) -> bool {
    wanted.iter().any(|wanted| text.windows(wanted.len()).any(|at| at == *wanted))
}

/// Reads an archive's directory, and only that.
fn look_inside(file: &mut File) -> io::Result<Option<FileRefusal>> {
    const BROKEN: Option<FileRefusal> = Some(FileRefusal::BrokenArchive);
    let length = file.seek(SeekFrom::End(0))?;
    let tail_length = length.min(22 + 0xffff);
    file.seek(SeekFrom::Start(length - tail_length))?;
    let mut tail = Vec::new();
    file.by_ref().take(tail_length).read_to_end(&mut tail)?;
    // The end record: it must reach to the very end of the file.
    let end = (0..tail.len().saturating_sub(21)).rev().find(|at| {
        tail[*at..].starts_with(b"PK\x05\x06") && at + 22 + usize::from(u16_at(&tail, at + 20)) == tail.len()
    });
    let Some(end) = end else { return Ok(BROKEN) };
    let (entries, size) = (usize::from(u16_at(&tail, end + 10)), u32_at(&tail, end + 12));
    let from = u64::from(u32_at(&tail, end + 16));
    let size_in_memory = usize::try_from(size).unwrap_or(usize::MAX);
    if entries > MOST_ENTRIES || size_in_memory > LARGEST_DIRECTORY {
        return Ok(Some(FileRefusal::CrowdedArchive(MOST_ENTRIES)));
    }
    if from + u64::from(size) != length - tail_length + end as u64 {
        return Ok(BROKEN);
    }
    let mut directory = vec![0; size_in_memory];
    file.seek(SeekFrom::Start(from))?;
    file.read_exact(&mut directory)?;
    Ok(entries_of(&directory, entries).map_or(BROKEN, |listed| judge(&listed, length)))
}

/// What an archive's directory says of one entry.
struct ArchiveEntry {
    name: String,
    packed: u64,
    unpacked: u64,
    link: bool,
}

/// The entries of a directory; `None` when it does not hold exactly so many.
fn entries_of(mut directory: &[u8], many: usize) -> Option<Vec<ArchiveEntry>> {
    let mut listed = Vec::with_capacity(many);
    for _ in 0..many {
        let fixed = directory.get(..46).filter(|fixed| fixed.starts_with(b"PK\x01\x02"))?;
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(fixed, at)));
        listed.push(ArchiveEntry {
            name: String::from_utf8_lossy(directory.get(46..46 + name)?).into_owned(),
            packed: u32_at(fixed, 20).into(),
            unpacked: u32_at(fixed, 24).into(),
            link: u32_at(fixed, 38) >> 28 == 0xa,
        });
        directory = directory.get(46 + name + extra + comment..)?;
    }
    directory.is_empty().then_some(listed)
}

fn judge(listed: &[ArchiveEntry], length: u64) -> Option<FileRefusal> {
    let any = |test: &dyn Fn(&ArchiveEntry) -> bool| listed.iter().any(test);
    let escapes = |name: &str| {
        let drive = name.as_bytes().get(1) == Some(&b':');
        drive
            || name.starts_with(['/', '\\'])
            || name.contains('\0')
            || name.split(['/', '\\']).any(|part| part == "..")
    };
    let has = |wanted: &str| any(&|entry| entry.name == wanted);
    let within = |folder: &str| any(&|entry| entry.name.starts_with(folder));
    let office = has("[Content_Types].xml") && ["word/", "xl/", "ppt/"].iter().any(|folder| within(folder));
    // What is listed must lie in the file once, not the same bytes many times.
    if listed.iter().map(|entry| entry.packed).sum::<u64>() > length {
        Some(FileRefusal::OverlappingArchive)
    } else if listed.iter().map(|entry| entry.unpacked).sum::<u64>() > LARGEST_UNPACKED {
        Some(FileRefusal::BloatedArchive(LARGEST_UNPACKED >> 20))
    } else if any(&|entry| escapes(&entry.name) || entry.link) {
        Some(FileRefusal::EscapingArchive)
    } else if any(&|entry| ends_in(&entry.name, ARCHIVES)) {
        Some(FileRefusal::ArchiveWithin)
    } else if office || has("OFD.xml") {
        let macros = any(&|entry| entry.name.ends_with("vbaProject.bin"));
        let program = any(&|entry| ends_in(&entry.name, PROGRAMS) && ending(&entry.name) != "bin");
        (macros || program).then_some(FileRefusal::MacrosWithin)
    } else if any(&|entry| ends_in(&entry.name, PROGRAMS) || ends_in(&entry.name, MARKUP)) {
        Some(FileRefusal::ProgramWithin)
    } else {
        None
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}
