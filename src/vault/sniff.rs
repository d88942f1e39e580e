//! What kind of file evidence may be: told by its content; and its name must not make more of it where it is opened.
//!
//! Taken are pictures, PDF, office documents, plain text and tables, sound and films, and zip archives of such
//! ([`super::endings::TAKEN`]). Nothing is ever unpacked: of an archive only the directory at its end is read, by a walk of our own with bounds on every number in
//! it, because a library that first loads a hostile directory whole is what the directory was made for.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::endings::{self, Ending};
use super::{launcher, recording};
use crate::domain::refusal::file::FileRefusal;

/// Entries of an archive at most.
const MOST_ENTRIES: usize = 2000;
/// Bytes of an archive's directory at most.
const LARGEST_DIRECTORY: usize = 1 << 20;
/// Bytes that an archive may unpack to.
const LARGEST_UNPACKED: u64 = 500 << 20;
/// How much of a file's beginning tells its kind.
const HEAD: usize = 8 << 10;

/// Why a file is not taken; `None` = it is.
pub fn objection(file: &mut File, name: &str) -> io::Result<Option<FileRefusal>> {
    let mut head = Vec::with_capacity(HEAD);
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return Ok(Some(FileRefusal::EmptyFile));
    }
    let ending = endings::ending(name);
    if [Ending::Program, Ending::Markup].contains(&ending) {
        return Ok(Some(FileRefusal::ProgramFile));
    }
    let within = content(file, &head)?;
    // Of what is taken by its content, an archive is the one that may end as one.
    let odd = ending == Ending::Other || (ending == Ending::Archive && endings::ending_of(name) != "zip");
    Ok(within.or(odd.then_some(FileRefusal::OtherEnding)))
}

/// Why a file is not taken for what it holds.
fn content(file: &mut File, head: &[u8]) -> io::Result<Option<FileRefusal>> {
    let why = if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        look_inside(file)?
    } else if recording::is_recording(head) {
        None
    } else {
        match infer::get(head).map(|kind| kind.mime_type()) {
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
    const TAGS: [&[u8]; 9] = [
        b"<script",
        b"<svg",
        b"<html",
        b"<!doctype",
        b"<?xml",
        b"<iframe",
        b"wscript.",
        b"createobject(",
        b"activexobject",
    ];
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
        if first && launcher::opens(&String::from_utf8_lossy(&window[..window.len().min(HEAD)])) {
            return Ok(Some(FileRefusal::OpensSomething));
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
    let ends = |ending: Ending| any(&|entry| endings::entry_ending(&entry.name) == ending);
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
    } else if ends(Ending::Archive) {
        Some(FileRefusal::ArchiveWithin)
    } else if office || has("OFD.xml") {
        let macros = any(&|entry| entry.name.ends_with("vbaProject.bin"));
        // Of programs' endings, documents have one for parts of their own.
        let own = |name: &str| endings::ending_of(name) == "bin";
        let program = any(&|entry| endings::entry_ending(&entry.name) == Ending::Program && !own(&entry.name));
        (macros || program).then_some(FileRefusal::MacrosWithin)
    } else if ends(Ending::Program) || ends(Ending::Markup) {
        Some(FileRefusal::ProgramWithin)
    } else {
        ends(Ending::Other).then_some(FileRefusal::OtherWithin)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}
