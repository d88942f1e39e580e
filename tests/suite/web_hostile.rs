//! Hostile and careless input: refused in clear words, with what was filled in, and nothing stored.

use std::io::{Cursor, Write as _};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use chrono::TimeDelta;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::browser::{Answer, Browser, Console, options};
use crate::support::{Story, day, on_both_of, tables};
use duban::acts::submit::MOST_FILINGS;
use duban::domain::refusal::Refusal;
use duban::domain::refusal::file::{FileRefusal, NotTaken};
use duban::engine::Job;
use duban::read::refusal::chinese;
use duban::store::submissions::Submission;
use duban::vault::endings::{self, Ending, TAKEN};
use duban::vault::sniff;
use duban::web;

/// A zip archive with these entries.
fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A zip archive that says of its one entry that it unpacks to so many bytes.
fn says(bytes: u32) -> Vec<u8> {
    let mut zip = zipped(&[("a.txt", b"a")]);
    let directory = zip.windows(4).rposition(|at| at == b"PK\x01\x02").unwrap();
    zip[directory + 24..directory + 28].copy_from_slice(&bytes.to_le_bytes());
    zip
}

/// A compound file whose root is of that class.
fn compound(class: [u8; 16]) -> Vec<u8> {
    let mut file = vec![0; 512 + 512];
    file[..8].copy_from_slice(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
    file[30] = 9;
    file[512 + 80..512 + 96].copy_from_slice(&class);
    file
}

const INSTALLER: [u8; 16] = [0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46];

fn objection(name: &str, content: &[u8]) -> Option<String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let why = sniff::objection(&mut file, name).unwrap()?;
    Some(chinese(&Refusal::Files(vec![NotTaken { name: name.to_owned(), why }])))
}

#[test]
fn what_an_office_sends_is_taken() {
    let gbk: &[u8] = &[0xb0, 0xb2, 0xc8, 0xab, b'\r', b'\n'];
    let utf16: Vec<u8> = "\u{feff}单位,数\r\n质安处,1".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let docx =
        zipped(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>"), ("word/media/a.svg", b"")]);
    let xlsx = zipped(&[("[Content_Types].xml", b""), ("xl/workbook.xml", b""), ("docProps/app.xml", b"")]);
    let ofd = zipped(&[("OFD.xml", b"<ofd:OFD/>"), ("Doc_0/Document.xml", b"")]);
    for (name, content) in [
        ("a.jpg", &b"\xff\xd8\xff\xe0\0\x10JFIF\0"[..]),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("a.gif", b"GIF89a\x01\0\x01\0"),
        ("a.webp", b"RIFF\x10\0\0\0WEBPVP8 "),
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("a.bmp", b"BM\x46\0\0\0\0\0"),
        ("a.tif", b"II*\0\x08\0\0\0\0\0\0\0"),
        ("a.pdf", b"%PDF-1.7\n"),
        ("a.doc", &compound([0; 16])),
        ("a.docx", &docx),
        ("a.xlsx", &xlsx),
        ("a.ofd", &ofd),
        ("a.txt", "现场检查，3 < 5，一切正常\n".as_bytes()),
        ("a.txt", "检查 <5 家".as_bytes()),
        ("a.txt", gbk),
        ("a.csv", &utf16),
        ("照片.zip", &zipped(&[("一/1.jpg", b"x"), ("一/2.jpg", b"y")])),
        ("a.mp4", b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2"),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0"),
        ("a.m4a", b"\0\0\0\x18ftypM4A \0\0\0\0"),
        ("a.mp3", b"ID3\x04\0\0\0\0\0\0"),
        ("a.mp3", b"\xff\xf3\x40\xc0\0\0\0\0\0\0"),
        ("a.wav", b"RIFF\x24\0\0\0WAVEfmt "),
        ("a.amr", b"#!AMR\n\x3c\x08\x5f\x16\x2d\x96\xd0\x00\x00\x00\x00\x00\x00"),
        ("a.aac", b"\xff\xf1\x50\x80\x02\x1f\xfc\xde\x04\0\0\x6c\x69\x62\x66\x61"),
        ("a.3gp", b"\0\0\0\x18ftyp3gp4\0\0\0\x003gp4isom"),
        ("录音 2022.10.13", b"#!AMR-WB\n\x44\0\0\0"),
        ("3.现场照片", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ("照片.zip", &zipped(&[("一.二/1.jpg", b"x"), ("一.二/Thumbs.db", b"y"), ("说明", b"z")])),
    ] {
        assert_eq!(objection(name, content), None, "{name}");
    }
}

#[test]
fn what_runs_or_hides_is_refused_in_clear_words() {
    let many: Vec<(String, &[u8])> = (0..2001).map(|n| (format!("{n}.txt"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let macros = zipped(&[("[Content_Types].xml", b""), ("word/document.xml", b""), ("word/vbaProject.bin", b"")]);
    let cut = zipped(&[("a.txt", b"a")]);
    let late = format!("{}<SCRIPT>alert(1)</SCRIPT>", "plain text\n".repeat(20_000));
    // The tag lies across two pieces of what is read at once.
    let across = format!("{}<svg>", "x".repeat((64 << 10) - 2));
    let wide: Vec<u8> = "\u{feff}<html>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>".to_vec(), "网页"),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>".to_vec(), "网页"),
        ("a.txt", b"\xef\xbb\xbf  <!-- x --><svg/>".to_vec(), "网页"),
        ("a.txt", b"<html><body>".to_vec(), "网页"),
        ("a.jpg", b"<!DOCTYPE html><p>".to_vec(), "网页"),
        ("a.txt", b"<?xml version='1.0'?><a/>".to_vec(), "XML"),
        ("a.txt", late.into_bytes(), "网页"),
        ("a.txt", across.into_bytes(), "网页"),
        ("a.txt", wide, "网页"),
        ("a", b"#!/bin/sh\nrm -rf /\n".to_vec(), "脚本"),
        ("a.txt", b"#!/usr/bin/python\n".to_vec(), "脚本"),
        ("a.ps1", b"Remove-Item\n".to_vec(), "程序、脚本"),
        ("报告.pdf.exe", b"%PDF-1.7\n".to_vec(), "程序、脚本"),
        ("报告.pdf.EXE. ", b"%PDF-1.7\n".to_vec(), "程序、脚本"),
        ("a.jar", zipped(&[("a.class", b"x")]), "程序、脚本"),
        ("a.jpg", b"MZ\x90\0\x03\0\0\0".to_vec(), "可执行程序"),
        ("a.jpg", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(), "可执行程序"),
        ("a.doc", compound(INSTALLER), "安装程序"),
        ("a.rar", b"Rar!\x1a\x07\x01\0".to_vec(), "请改用 zip"),
        ("a.txt", b"text\0with\0zeros".to_vec(), "无法识别"),
        ("a.txt", b"\x1b[31mred".to_vec(), "无法识别"),
        ("a.txt", Vec::new(), "空文件"),
        ("a.zip", zipped(&[("../../etc/cron.d/x", b"x")]), "指向包外"),
        ("a.zip", zipped(&[("/etc/passwd", b"x")]), "指向包外"),
        ("a.zip", zipped(&[("..\\..\\x.txt", b"x")]), "指向包外"),
        ("a.zip", zipped(&[("C:\\x.txt", b"x")]), "指向包外"),
        ("a.docx", zipped(&[("[Content_Types].xml", b""), ("word/a.xml", b""), ("../x.xml", b"")]), "指向包外"),
        ("a.zip", zipped(&[("b.zip", b"PK")]), "不得再含压缩包"),
        ("a.zip", zipped(&[("setup.exe", b"MZ")]), "程序、脚本"),
        ("a.zip", zipped(&[("a/index.html", b"<html>")]), "网页"),
        ("a.docx", zipped(&[("[Content_Types].xml", b""), ("word/a.xml", b""), ("word/x.vbs", b"")]), "宏或程序"),
        ("a.docm", macros, "宏"),
        ("a.zip", says(0xffff_fff0), "解压后过大"),
        ("a.zip", says(600 << 20), "解压后过大"),
        ("a.zip", zipped(&many), "文件过多"),
        ("a.zip", cut[..cut.len() - 1].to_vec(), "不完整"),
        ("a.zip", b"PK\x03\x04and nothing more".to_vec(), "不完整"),
        ("a.zip", [cut.as_slice(), b"something behind it"].concat(), "不完整"),
    ];
    for (name, content, words) in cases.into_iter().chain(launchers()) {
        let said = objection(name, &content).unwrap_or_else(|| panic!("{name} is taken: {words}"));
        assert!(said.contains(words), "{name}: {said}");
    }
    // Every byte of a directory turned around, and every cut: never a panic, never a long wait.
    let zip = zipped(&[("一/1.jpg", b"x"), ("2.txt", b"y")]);
    for at in 0..zip.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut other = zip.clone();
            other[at] ^= flip;
            let _ = objection("a.zip", &other);
        }
        let _ = objection("a.zip", &zip[..at]);
    }
}

/// What opens something else when it is opened: by its name, by its content, in an archive.
fn launchers() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    const SYLK: &[u8] = b"ID;PWXL;N;E\r\nC;X1;Y1;K\"=cmd|' /C calc'!A0\"\r\nE\r\n";
    const QUERY: &[u8] = b"WEB\r\n1\r\nhttp://evil.example/q\r\n";
    const LINK: &[u8] = b"[Desktop Entry]\nType=Application\nExec=sh -c id\n";
    const REMOTE: &[u8] = b"screen mode id:i:2\r\nfull address:s:evil.example\r\n";
    const SETTING: &[u8] = b"<PCSettings><SearchableContent/></PCSettings>";
    let wide: Vec<u8> = "\u{feff}full address:s:evil.example".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let photo = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let mut all: Vec<(&str, Vec<u8>, &str)> = [
        "a.slk",
        "a.iqy",
        "a.oqy",
        "a.settingcontent-ms",
        "a.desktop",
        "a.rdp",
        "a.vbscript",
        "a.library-ms",
        "a.search-ms",
        "a.appref-ms",
        "a.application",
        "a.jnlp",
        "a.scf",
        "a.xll",
        "a.webloc",
        "a.appinstaller",
        "a.udl",
        "a.wsf",
    ]
    .map(|name| (name, photo.to_vec(), "快捷方式类文件"))
    .to_vec();
    all.extend([
        ("a.txt", SYLK.to_vec(), "转而打开"),
        ("a.csv", SYLK.to_vec(), "转而打开"),
        ("a", QUERY.to_vec(), "转而打开"),
        ("a.txt", LINK.to_vec(), "转而打开"),
        ("a.txt", REMOTE.to_vec(), "转而打开"),
        ("a.txt", wide, "转而打开"),
        ("a.txt", b"[InternetShortcut]\r\nURL=file://evil.example/a\r\n".to_vec(), "转而打开"),
        ("a.txt", SETTING.to_vec(), "代码"),
        ("a.txt", b"Set s = CreateObject(\"WScript.Shell\")\r\n".to_vec(), "脚本"),
        ("a.jpg", b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0".to_vec(), "无法识别"),
        // What nobody has thought of yet.
        ("a.newlink-ms", b"open=\\\\evil.example\\a\r\n".to_vec(), "后缀不在接收范围内"),
        ("a.rar", b"plain text".to_vec(), "后缀不在接收范围内"),
        ("a.zip", zipped(&[("照片/a.slk", SYLK)]), "压缩包内有程序"),
        ("a.zip", zipped(&[("a.jpg", photo), ("a.Desktop", LINK)]), "压缩包内有程序"),
        ("a.zip", zipped(&[("a.newlink-ms", LINK)]), "压缩包内有后缀"),
        ("a.docx", zipped(&[("[Content_Types].xml", b""), ("word/a.xml", b""), ("word/x.slk", b"")]), "宏或程序"),
        ("a.amr", b"#!AMR\nrm -rf /\n".to_vec(), "类型不在接收范围内"),
    ]);
    all
}

#[test]
fn what_is_named_as_taken_is_what_is_taken() {
    let said = chinese(&Refusal::Files(vec![NotTaken { name: "a".into(), why: FileRefusal::EmptyFile }]));
    for ending in ["amr", "aac", "3gp", "mp3", "m4a", "wav", "mp4", "mov", "m4v", "heic", "ofd", "et", "csv", "zip"] {
        assert!(said.contains(&format!("{ending}、")) || said.contains(&format!("{ending}）")), "{ending}: {said}");
    }
    for ending in TAKEN.iter().flat_map(|kind| kind.named) {
        assert!(*ending == "zip" || endings::ending(&format!("a.{ending}")) == Ending::Taken, "{ending}");
    }
}

/// The story's obligation that is open, and somebody who files for it.
async fn filing(story: &mut Story) -> (Console, Browser, String) {
    story.run_until("2022-10-13 10:00").await;
    let console = Console::of(story);
    let liaison = console.signed_in("质安处/liaison").await;
    let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
    (console, liaison, format!("/o/{id}/file"))
}

/// Every file in a folder, but for those by whose locks one waits.
fn files(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with(".turns"));
    paths.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

fn refused(answer: &Answer, words: &str) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
    assert!(answer.text().contains(words), "{words}: {}", answer.text());
}

#[tokio::test]
async fn evidence_of_no_kind_is_refused_and_what_was_filled_in_stays() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let (console, mut liaison, path) = filing(&mut story).await;
        let before = tables::tables(&story.engine.store, &[]).await;
        let fields = [("receipt", "R1"), ("acted_on", "2022-10-12"), ("note", "已现场核查")];
        let bomb = says(0xffff_fff0);
        let large = vec![b'a'; (1 << 20) + 1];
        for (name, content, words) in [
            ("图.svg", &b"<svg/>"[..], "网页"),
            ("页.txt", b"<html><script>", "网页"),
            ("包.zip", &bomb, "解压后过大"),
            ("包.zip", &zipped(&[("../x", b"")]), "指向包外"),
            ("大.txt", &large, "过大：至多 1 MB"),
        ] {
            // A sound file beside it is not taken either: the form is taken whole or not at all.
            let files_sent = [("files", "好.txt", &b"text"[..]), ("files", name, content)];
            let answer = liaison.upload(&path, &fields, &files_sent).await;
            refused(&answer, words);
            assert!(answer.text().contains(name) && answer.text().contains("已现场核查"), "{}", answer.text());
            assert!(answer.text().contains("可接收"), "what is taken is not said");
            assert_eq!((answer.field("receipt"), answer.field("acted_on")), ("R1".into(), "2022-10-12".into()));
            assert_eq!(files(console.vault()), 0, "{name} is on disk");
        }
        assert_eq!(tables::tables(&story.engine.store, &[]).await, before);
        let filed = liaison.upload(&path, &fields, &[("files", "好.txt", b"text")]).await;
        assert_eq!(filed.location(), "/filed/R1");
        story
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_and_one_post_cannot_fill_the_store() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        let console = Console::with(&story, web::Options { daily: 1_000_000, ..options() });
        let mut liaison = console.signed_in("质安处/liaison").await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let path = format!("/o/{id}/file");
        let content = |n: u8| vec![b'a' + n; 600_000];
        // Refused for its day, its receipt number, what it is for: sound files, and none of them stays.
        for fields in [
            [("receipt", "R1"), ("acted_on", "2022-10-14")],
            [("receipt", "../x"), ("acted_on", "2022-10-12")],
            [("receipt", "R1"), ("c9", "1")],
        ] {
            let answer = liaison.upload(&path, &fields, &[("files", "a.txt", &content(0))]).await;
            refused(&answer, "未予受理");
            emptied(&console, 0).await;
        }
        let call = |submission: &str| vec![("submission", submission.to_owned())];
        for (submission, status) in
            [("{\"obligations\":[]}", 422), ("{\"obligations\":[999999]}", 422), ("not json", 400)]
        {
            let fields = call(submission);
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = liaison.upload("/api/v1/submissions", &fields, &[("file", "a.txt", &content(0))]).await;
            assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
            emptied(&console, 0).await;
        }
        // As much as a day's measure, and no more; what is typed stays, others and other days have their own.
        let filed = |receipt: &'static str| vec![("receipt", receipt), ("acted_on", "2022-10-12"), ("note", "已查")];
        let first = liaison.upload(&path, &filed("R1"), &[("files", "a.txt", &content(1))]).await;
        assert_eq!(first.location(), "/filed/R1", "{}", first.text());
        let second = liaison.upload(&path, &filed("R2"), &[("files", "a.txt", &content(2))]).await;
        refused(&second, "每日1 MB");
        assert!(second.text().contains("已查") && second.text().contains("不附文件"), "{}", second.text());
        emptied(&console, 1).await;
        assert_eq!(liaison.upload(&path, &filed("R3"), &[]).await.location(), "/filed/R3");
        let mut other = console.signed_in("委安委办/office").await;
        let by_the_office = other.upload(&path, &filed("R4"), &[("files", "a.txt", &content(3))]).await;
        assert_eq!(by_the_office.location(), "/filed/R4", "{}", by_the_office.text());
        // Several at once share it.
        story.sleep_until("2022-10-14 10:00");
        let liaison = console.signed_in("质安处/liaison").await;
        let sent = async |receipt: &'static str, n: u8| {
            liaison.clone().upload(&path, &filed(receipt), &[("files", "a.txt", &content(n))]).await.status
        };
        let both = tokio::join!(sent("R5", 4), sent("R6", 5));
        let taken = [both.0, both.1].iter().filter(|status| **status == StatusCode::SEE_OTHER).count();
        assert!(taken <= 1, "{both:?}");
        emptied(&console, 2 + taken).await;
        story
    })
    .await;
}

#[tokio::test]
async fn a_store_without_room_for_a_file_is_said_by_board_and_readyz() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        story.pass().await;
        // No disk has room for a file as large as this.
        for (largest, well) in [(1 << 20, true), (1 << 60, false)] {
            let console = Console::with(&story, web::Options { largest, ..options() });
            let ready = console.stranger().get("/readyz").await.status;
            assert_eq!(ready, if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE });
            let board = console.signed_in("委安委办/office").await.get("/board").await.text();
            assert_eq!(board.contains("佐证存储空间已满"), !well, "{board}");
        }
        story
    })
    .await;
}

/// Waits until so many files are left: who has gone away is tidied up after.
async fn emptied(console: &Console, left: usize) {
    for _ in 0..200 {
        if files(console.vault()) == left {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{} files are there, not {left}", files(console.vault()));
}

#[tokio::test]
async fn a_files_name_is_shown_and_never_a_path() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let (console, mut liaison, path) = filing(&mut story).await;
        let names = [
            "../../../../etc/cron.d/现场.txt",
            "..%2f..%2fetc%2fpasswd.txt",
            "C:\\windows\\system32\\现场.txt",
            "<b onclick=x>.txt",
            "a\u{202e}txt.txt",
            "%0d%0aSet-Cookie: x=1.txt",
            ".txt",
        ];
        let sent: Vec<(&str, &str, &[u8])> = names.iter().map(|name| ("files", *name, &b"text"[..])).collect();
        let fields = [("receipt", "R1"), ("acted_on", "2022-10-13")];
        let filed = liaison.upload(&path, &fields, &sent).await;
        assert_eq!(filed.location(), "/filed/R1", "{}", filed.text());
        // The same content lies there once, under its hash, and nothing lies elsewhere.
        assert_eq!(files(console.vault()), 1);
        assert!(!console.vault().parent().unwrap().join("etc").exists());
        let page = liaison.get("/filed/R1").await.text();
        assert!(
            page.contains("现场.txt") && page.contains("&#60;b onclick=x&#62;.txt")
                || page.contains("&lt;b onclick=x&gt;.txt")
        );
        assert!(!page.contains("<b onclick") && !page.contains("cron.d") && !page.contains('\u{202e}'), "{page}");
        for n in 0..names.len() {
            let file = liaison.get(&format!("/filed/R1/files/{n}")).await;
            assert_eq!((file.status, file.bytes.as_slice()), (StatusCode::OK, &b"text"[..]));
            let value = |name: &str| file.headers.get(name).unwrap().to_str().unwrap().to_owned();
            assert_eq!(value("content-type"), "application/octet-stream");
            assert_eq!(value("x-content-type-options"), "nosniff");
            assert_eq!(value("content-security-policy"), "default-src 'none'; sandbox");
            assert_eq!(value("content-length"), "4");
            assert!(value("content-disposition").starts_with("attachment; filename=\"file\"; filename*=UTF-8''"));
            assert!(!file.headers.contains_key("set-cookie"));
        }
        for wrong in ["-1", "7", "999999999999", "..", "%2e%2e%2f0", "0/../../x"] {
            let answer = liaison.get(&format!("/filed/R1/files/{wrong}")).await;
            assert!(answer.status.is_client_error(), "{wrong}: {}", answer.status);
        }
        // A damaged file is not given out.
        let folders = std::fs::read_dir(console.vault()).unwrap().map(|folder| folder.unwrap().path());
        for folder in folders.filter(|folder| folder.is_dir()) {
            for file in std::fs::read_dir(folder).unwrap() {
                std::fs::write(file.unwrap().path(), b"tampered with").unwrap();
            }
        }
        let damaged = liaison.get("/filed/R1/files/0").await;
        assert_eq!(damaged.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!damaged.text().contains("tampered"));
        story
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_filed_is_refused_with_what_was_filled_in() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let (_console, mut liaison, path) = filing(&mut story).await;
        let before = tables::tables(&story.engine.store, &[]).await;
        let long = "很".repeat(10_000);
        for (field, value, words) in [
            ("note", long.as_str(), "过长"),
            ("note", "a\u{0}b", "不可用的字符"),
            ("note", "a\u{1b}[31mb", "不可用的字符"),
            ("note", "a\u{202e}b", "不可用的字符"),
            ("c0", "1\r\nBcc: x@example.com", "应填数目"),
            ("c0", "\u{7}", "不可用的字符"),
            ("c99", "1", "没有该计数项"),
            ("cx", "1", "没有该计数项"),
            // Before the period, after today, no day at all.
            ("acted_on", "2022-09-30", "2022"),
            ("acted_on", "2022-10-14", "尚未到来"),
            ("acted_on", "9999-99-99", "办理日期"),
            ("acted_on", "", "办理日期"),
            ("receipt", "../x", "编号"),
            ("receipt", "a\r\nb", "编号"),
        ] {
            let mut fields = vec![("receipt", "R1"), ("acted_on", "2022-10-13"), ("note", "说明")];
            fields.retain(|(name, _)| *name != field);
            fields.push((field, value));
            let answer = liaison.upload(&path, &fields, &[]).await;
            refused(&answer, words);
            assert!(!answer.text().contains('\u{202e}') || field == "note", "{field}");
            if field == "note" {
                assert!(answer.text().contains(value.chars().next().unwrap()), "the note is gone");
            }
        }
        assert_eq!(tables::tables(&story.engine.store, &[]).await, before);
        // The same form twice, also at the same moment: one submission, one receipt.
        let fields =
            [("receipt", "R1"), ("acted_on", "2022-10-13"), ("note", "=HYPERLINK(\"x\")<script>alert(1)</script>")];
        let (mut one, mut two) = (liaison.clone(), liaison.clone());
        let (one, two) = tokio::join!(one.upload(&path, &fields, &[]), two.upload(&path, &fields, &[]));
        assert_eq!((one.location(), two.location()), ("/filed/R1", "/filed/R1"));
        let after = tables::tables(&story.engine.store, &[]).await;
        assert_eq!(after["submission"].len(), before["submission"].len() + 1);
        let page = liaison.get("/filed/R1").await.text();
        assert!(page.contains("=HYPERLINK") && !page.contains("<script>alert"), "{page}");
        story
    })
    .await;
}

#[tokio::test]
async fn a_broken_or_endless_form_leaves_nothing() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let (console, mut liaison, path) = filing(&mut story).await;
        let before = tables::tables(&story.engine.store, &[]).await;
        let part = |name: &str, file: bool, content: &str| {
            let file = if file { "; filename=\"a.txt\"" } else { "" };
            format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n")
        };
        let head = part("receipt", false, "R1") + &part("acted_on", false, "2022-10-13");
        let file = part("files", true, "half of it");
        let cases = [
            ("cut in a file", format!("{head}{}", &file[..file.len() - 5]), 400),
            ("cut behind a file", format!("{head}{file}"), 400),
            ("no part at all", "nonsense".into(), 400),
            ("thousands of fields", part("c0", false, "1").repeat(10_000) + "--line--\r\n", 413),
            ("dozens of files", head.clone() + &file.repeat(30) + "--line--\r\n", 413),
            ("a field without end", head.clone() + &part("note", false, &"x".repeat(100 << 10)) + "--line--\r\n", 413),
            (
                "fields without end",
                head.clone() + &part("note", false, &"x".repeat(60 << 10)).repeat(40) + "--line--\r\n",
                413,
            ),
            (
                "a form without end",
                head.clone() + &part("files", true, &"x".repeat(900 << 10)).repeat(5) + "--line--\r\n",
                413,
            ),
        ];
        for (what, body, status) in cases {
            for kind in ["multipart/form-data; boundary=line", "multipart/form-data", "text/plain"] {
                let request = Request::builder()
                    .method(Method::POST)
                    .uri(&path)
                    .header(header::CONTENT_TYPE, kind)
                    .header("sec-fetch-site", "same-origin");
                let answer = liaison.send(request.body(Body::from(body.clone())).unwrap()).await;
                let wanted = if kind.contains('=') { status } else { 400 };
                assert_eq!(answer.status.as_u16(), wanted, "{what} as {kind}: {}", answer.text());
            }
            assert_eq!(files(console.vault()), 0, "{what}: something is left");
        }
        assert_eq!(tables::tables(&story.engine.store, &[]).await, before);
        story
    })
    .await;
}

#[tokio::test]
async fn what_a_crash_has_left_is_swept_by_housekeeping_a_day_later() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let (console, mut liaison, path) = filing(&mut story).await;
        let fields = [("receipt", "R1"), ("acted_on", "2022-10-13")];
        assert_eq!(liaison.upload(&path, &fields, &[("files", "a.txt", b"text")]).await.location(), "/filed/R1");
        let left = console.vault().join("staging/left-by-a-crash");
        let file = std::fs::File::create(&left).unwrap();
        file.set_modified(story.now().into()).unwrap();
        for (at, there) in [("2022-10-14 09:00", true), ("2022-10-14 11:00", false)] {
            story.sleep_until(at);
            duban::jobs::run(&console.engine, Job::Housekeeping).await.unwrap();
            assert_eq!(left.exists(), there, "{at}");
        }
        let mut liaison = console.signed_in("质安处/liaison").await;
        assert_eq!(liaison.get("/filed/R1/files/0").await.bytes, b"text");
        story
    })
    .await;
}

#[tokio::test]
async fn filings_of_one_obligation_have_a_bound_and_its_page_has_pages() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        let (_console, mut liaison, path) = filing(&mut story).await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        let one = |n: usize| Submission {
            id: format!("F{n:04}"),
            unit: "质安处".into(),
            by_post: "质安处/liaison".into(),
            acted_on: day("2022-10-13"),
            received_at: story.now() - TimeDelta::seconds(i64::try_from(600 - n).unwrap()),
            items: Vec::new(),
            note: "已现场核查，".repeat(30),
            content: String::new(),
            withdrawn_at: None,
        };
        let filed: Vec<Submission> = (0..MOST_FILINGS - 1).map(one).collect();
        let pairs: Vec<(&str, i64, bool)> = filed.iter().map(|one| (one.id.as_str(), id, false)).collect();
        let mut tx = story.engine.store.write().await.unwrap();
        tx.insert_submissions(&filed).await.unwrap();
        tx.insert_submissions_for(&pairs).await.unwrap();
        tx.commit().await.unwrap();
        let fields = |receipt: &'static str| [("receipt", receipt), ("acted_on", "2022-10-13"), ("note", "又一次")];
        assert_eq!(liaison.upload(&path, &fields("LAST"), &[]).await.location(), "/filed/LAST");
        // What is taken back makes no room: it is kept.
        assert!(liaison.post("/filed/LAST/withdraw", &[]).await.status.is_redirection());
        let refused_one = liaison.upload(&path, &fields("MORE"), &[]).await;
        refused(&refused_one, "已报送 500 次，不再接收新的报送");
        assert!(refused_one.text().contains("又一次"), "what was filled in is gone");
        // The same number again is no new filing.
        assert_eq!(liaison.upload(&path, &fields("LAST"), &[]).await.location(), "/filed/LAST");
        // All of them, page by page, each once.
        let (mut seen, mut address) = (0, format!("/o/{id}"));
        loop {
            let page = liaison.get(&address).await;
            assert!(page.bytes.len() < 100_000, "{address}: {} bytes", page.bytes.len());
            let text = page.text();
            seen += text.matches("<li><p><a href=\"/filed/").count();
            let Some((_, next)) = text.split_once(&format!("<a href=\"/o/{id}?skip=")) else { break };
            address = format!("/o/{id}?skip={}", next.split_once('"').unwrap().0);
        }
        assert_eq!(seen, MOST_FILINGS);
        story
    })
    .await;
}
