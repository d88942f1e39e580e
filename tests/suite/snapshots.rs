//! What people read, word for word: each letter as it arrives, each page as it is shown. A change of wording is a change of
//! a file in `snapshots/`.
//!
//! After a change that is meant: `INSTA_UPDATE=always tests/run -- --test suite snapshots::`, and read the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;

use mail_parser::{Address, MessageParser};

use crate::support::browser::{Browser, Console};
use crate::support::daemon::Home;
use crate::support::entry::{link_in, with_links};
use crate::support::shown::{menu, shown};
use crate::support::weeks::{self, Arrived};
use crate::support::{Letter, OFFICE, Story, at, day, on_both_with, post, settings};
use duban::acts::entry;
use duban::catalogue::Seeds;
use duban::engine::Settings;

/// Letters of the four weeks: name, of what kind, when it arrives, and to which post.
const LETTERS: [(&str, &str, &str, &str); 14] = [
    ("today", "今日待办", "2022-10-14 09:00", "质安处/liaison"),
    ("today_afternoon", "今日待办", "2022-09-26 16:00", "安管总站/liaison"),
    ("returned", "今日待办", "2022-10-13 09:00", "质安处/head"),
    ("due_soon", "今日待办", "2022-10-13 09:00", "质安处/liaison"),
    ("chase", "催办", "2022-09-27 09:00", "安管总站/liaison"),
    ("supervise", "督办", "2022-10-10 09:00", "安管总站/head"),
    ("two_posts", "催办", "2022-10-17 09:00", "质安处/liaison"),
    ("event", "事件", "2022-10-13 08:30", "质安处/liaison"),
    ("event_half_time", "事件", "2022-10-13 08:45", "安管总站/liaison"),
    ("event_missed", "事件", "2022-10-13 09:00", "安管总站/head"),
    ("event_missed_office", "事件", "2022-10-13 12:30", OFFICE),
    ("digest_empty", "督办清单", "2022-09-26 09:00", OFFICE),
    ("digest_full", "督办清单", "2022-10-24 09:00", OFFICE),
    ("entry", "登录链接", weeks::END, "安管总站/liaison"),
];

/// Letters of other stories.
const OTHER_LETTERS: [&str; 4] = ["trial", "trial_digest", "test", "digest_whole"];

/// Pages at the end of the four weeks: name, who looks, and what at. `{13.2 质安处 2022-10}` is that obligation's number,
/// `{letter}` that of the newest letter, `{receipt}` the newest receipt.
const PAGES: [(&str, &str, &str); 49] = [
    ("enter", "", "/enter"),
    ("link", "", "{link}"),
    ("link_of_digest", "", "{digest's link}"),
    ("password", "", "/p/{secret}"),
    ("refused_missing", "质安处/liaison", "/o/999999"),
    ("refused_forbidden", "质安处/liaison", "/board"),
    ("todo", "质安处/liaison", "/todo"),
    ("todo_head", "质安处/head", "/todo"),
    ("file", "质安处/liaison", "/o/{13.2 质安处 2022-10}/file"),
    ("file_day", "安管总站/liaison", "/o/{9.1a 安管总站 2022-10-24}/file"),
    ("file_linked", "安管总站/liaison", "/o/{13.2 安管总站 2022-10}/file"),
    ("correct", "质安处/liaison", "/filed/{receipt}/correct"),
    ("withdraw", "质安处/liaison", "/filed/{receipt}/withdraw"),
    ("filed", "质安处/liaison", "/filed"),
    ("receipt", "质安处/liaison", "/filed/{receipt}"),
    ("obligation_liaison", "质安处/liaison", "/o/{13.2 质安处 2022-10}"),
    ("obligation_missed", "安管总站/liaison", "/o/{9.1b 安管总站 2022-W42}"),
    ("obligation_head", "质安处/head", "/o/{13.2 质安处 2022-10}"),
    ("obligation_office", OFFICE, "/o/{12.1 质安处 2022-09-30}"),
    ("obligation_event", "质安处/liaison", "/o/{46.1 质安处 event:暴雨2}"),
    ("board", OFFICE, "/board"),
    ("review", OFFICE, "/review"),
    ("ledger", OFFICE, "/ledger?unit=质安处&light=red"),
    ("waive", OFFICE, "/waive"),
    ("waive_picked", OFFICE, "/waive?unit=质安处&duty=9.1b"),
    ("letters", OFFICE, "/letters"),
    ("letter", OFFICE, "/letters/{letter}"),
    ("occasions", OFFICE, "/occasions"),
    ("event", OFFICE, "/occasions/events/暴雨2"),
    ("pictures", OFFICE, "/pictures"),
    ("pictures_unit", OFFICE, "/pictures/unit/质安处"),
    ("pictures_duty", OFFICE, "/pictures/duty/9.1b"),
    ("settings", OFFICE, "/settings"),
    ("settings_auditor", "委安委办/auditor", "/settings"),
    ("posts", OFFICE, "/posts"),
    ("post_change", OFFICE, "/posts/change?post=质安处/deputy"),
    ("posts_import", OFFICE, "/posts/import"),
    ("units", OFFICE, "/units"),
    ("unit_change", OFFICE, "/units/change?name=质安处"),
    ("calendar", OFFICE, "/calendar/2023"),
    ("duties", OFFICE, "/duties"),
    ("ladders", OFFICE, "/ladders"),
    ("preview", OFFICE, "/ladders/preview?post=质安处/liaison"),
    ("trial", OFFICE, "/trial"),
    ("tokens", OFFICE, "/tokens"),
    ("watcher", OFFICE, "/watcher"),
    ("me", "质安处/head", "/me"),
    ("hand_over", "质安处/head", "/me/hand-over"),
    ("feeds", "质安处/liaison", "/me/feeds"),
];

/// A field of a form and what stands in it.
type Field = (&'static str, &'static str);

/// Pages that answer to something sent: name, who sends, where, what.
const ANSWERS: [(&str, &str, &str, &[Field]); 4] = [
    ("enter_refused", "", "/enter", &[("post", OFFICE), ("password", "a wrong password")]),
    ("enter_asked", "", "/enter/link", &[("address", "somebody@example.com")]),
    (
        "extend_refused",
        "质安处/liaison",
        "/o/{9.1b 质安处 2022-W43}/extend",
        &[("until", "2022-10-20"), ("reason", "x")],
    ),
    ("return_refused", OFFICE, "/o/{12.1 质安处 2022-09-30}/return", &[("until", "2022-10-27"), ("reason", " ")]),
];

/// Whose menu is looked at.
const MENUS: [&str; 7] =
    ["质安处/liaison", "质安处/deputy", "质安处/head", OFFICE, "委安委办/head", "委安委办/admin", "委安委办/auditor"];

/// Of a table so many rows are kept, of a page or letter so many lines; what is cut says so.
const ROWS: usize = 8;
const LINES: usize = 130;

/// What was looked at so far: on both databases it is the same, whatever is kept.
static LOOKED_AT: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// The text is what is kept under that name.
fn kept(name: &str, text: &str) {
    assert!(names().contains(name), "{name} is in no list");
    let text = without_chance(text);
    let before = LOOKED_AT.lock().unwrap().insert(name.to_owned(), text.clone());
    assert!(before.is_none_or(|before| before == text), "{name} is another on the other database:\n{text}");
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

fn names() -> BTreeSet<String> {
    let letters = LETTERS.iter().map(|(name, ..)| *name).chain(OTHER_LETTERS);
    let letters = letters.flat_map(|name| [format!("letter_{name}"), format!("letter_{name}_html")]);
    let pages = PAGES.iter().map(|(name, ..)| *name).chain(ANSWERS.iter().map(|(name, ..)| *name));
    let pages = pages.chain(["menus"]).map(|name| format!("page_{name}"));
    letters.chain(pages).collect()
}

#[test]
fn nothing_is_kept_that_nobody_looks_at() {
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/snapshots")).unwrap();
    let kept = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    let idle = kept.filter(|file| file.strip_suffix(".snap").is_none_or(|name| !names().contains(name)));
    assert_eq!(idle.collect::<Vec<_>>(), Vec::<String>::new());
}

/// The text with a sign in place of each thing that is drawn at random: what opens a link, numbers of letters, filings,
/// requests.
fn without_chance(text: &str) -> String {
    let of_a_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(|c| !of_a_word(c)) {
        let word = part.trim_end_matches(|c| !of_a_word(c));
        let (name, drawn) = word.split_at(word.len().saturating_sub(10));
        let drawn = drawn.len() == 10 && drawn.bytes().all(|byte| b"23456789abcdefghjkmnpqrstuvwxyz0".contains(&byte));
        if out.ends_with("/l/") {
            out.push_str("[LINK]");
        } else if drawn && (["R", "X", "D"].contains(&name) || name.ends_with('-')) {
            out.push_str(&format!("{}[ID]", name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-')));
        } else {
            out.push_str(word);
        }
        out.push_str(&part[word.len()..]);
    }
    out
}

fn kept_letter(name: &str, raw: &[u8], lines: usize) {
    let letter = MessageParser::default().parse(raw).unwrap();
    let whose = |address: Option<&Address<'_>>| {
        let one = address.and_then(Address::first).unwrap();
        format!("{} <{}>", one.name().unwrap_or_default(), one.address().unwrap())
    };
    let head = letter.headers_raw().map(|(header, value)| {
        let value = match header {
            "From" => whose(letter.from()),
            "To" => whose(letter.to()),
            "Subject" => letter.subject().unwrap().to_owned(),
            "Message-ID" => "[ID]".to_owned(),
            "Date" if name == "test" => "[NOW]".to_owned(),
            _ => value.split_once("boundary").map_or(value, |(before, _)| before).trim().to_owned(),
        };
        format!("{header}: {value}\n")
    });
    let text = letter.body_text(0).unwrap();
    let html = letter.body_html(0).unwrap();
    kept(&format!("letter_{name}"), &format!("{}\n{}", head.collect::<String>(), cut(&text, lines)));
    // A cell a line: the rows of a table are long.
    kept(&format!("letter_{name}_html"), &cut(&html.replace("<td", "\n<td"), lines));
}

fn cut(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let more = lines.len().saturating_sub(most);
    let all = lines.iter().take(most).map(|line| format!("{line}\n")).collect::<String>();
    if more == 0 { all } else { format!("{all}（后面还有{more}行）\n") }
}

/// A page's words, its long tables cut.
fn kept_page(name: &str, html: &str) {
    let shown = shown(html);
    let is_row = |line: &str| line.contains(" | ");
    let mut short = String::new();
    for block in shown.lines().collect::<Vec<_>>().chunk_by(|a, b| is_row(a) == is_row(b)) {
        short.push_str(&cut(&block.join("\n"), if is_row(block[0]) { ROWS } else { LINES }));
    }
    // Each unit's posts read like the first's.
    kept(&format!("page_{name}"), &cut(&short, if name == "posts" { 12 } else { LINES }));
}

#[tokio::test]
async fn each_letter_as_it_arrives() {
    on_both_with(weeks::BEGIN, with_links(), &weeks::seeds(), |mut story| async move {
        let console = Console::of(&story);
        let arrived = weeks::pass(&mut story, &console).await;
        for (name, kind, when, post) in LETTERS {
            let to = story.address(post).await;
            let is_it = |one: &&Arrived| {
                let Letter { at: came, to: address, subject, .. } = &one.letter;
                (*came, address) == (at(when), &to) && subject.starts_with(&format!("【{kind}】"))
            };
            let one = arrived.iter().find(is_it).unwrap_or_else(|| panic!("no 【{kind}】 to {post} at {when}"));
            kept_letter(name, &one.raw, LINES);
        }
        story
    })
    .await;
}

#[tokio::test]
async fn letters_on_trial() {
    let settings = Settings { trial_until: Some(day("2022-11-01")), ..settings() };
    let seeds = weeks::seeds_owed(&["9.1b"], &["质安处"]);
    on_both_with("2022-10-10 00:00", settings, &seeds, |story| async move {
        let arrived = weeks::post_until(&story, "2022-10-13 09:00").await;
        let [.., trial, digest] = &arrived[..] else { panic!("{}", arrived.len()) };
        kept_letter("trial", &trial.raw, LINES);
        kept_letter("trial_digest", &digest.raw, LINES);
        story
    })
    .await;
}

#[tokio::test]
async fn the_digest_of_the_whole_document_begins() {
    on_both_with("2022-09-26 00:00", with_links(), &Seeds::embedded().unwrap(), |story| async move {
        let arrived = weeks::post_until(&story, "2022-10-08 09:00").await;
        kept_letter("digest_whole", &arrived.last().unwrap().raw, 40);
        story
    })
    .await;
}

#[test]
fn a_letter_that_tries_the_way() {
    let home = Home::new();
    let sent = home.run(&["send-test", "--to", "zhian.liaison@example.com"]);
    assert_eq!(sent.code, Some(0), "{}", sent.all());
    let mut files = fs::read_dir(home.path("var/outbox")).unwrap().map(|file| file.unwrap().path());
    let letter = files.find(|path| path.extension().is_some_and(|end| end == "eml")).unwrap();
    kept_letter("test", &fs::read(letter).unwrap(), LINES);
}

#[tokio::test]
async fn each_page_as_it_is_shown() {
    on_both_with(weeks::BEGIN, with_links(), &weeks::seeds(), |mut story| async move {
        let console = Console::of(&story);
        let arrived = weeks::pass(&mut story, &console).await;
        let mut visitors = Visitors { signed_in: BTreeMap::new(), places: places(&story, &console, &arrived).await };
        for (name, post, path) in PAGES {
            let path = visitors.filled(&story, path).await;
            kept_page(name, &visitors.as_post(&console, post).await.get(&path).await.text());
        }
        for (name, post, path, fields) in ANSWERS {
            let path = visitors.filled(&story, path).await;
            kept_page(name, &visitors.as_post(&console, post).await.post(&path, fields).await.text());
        }
        let mut menus = String::new();
        for post in MENUS {
            let page = visitors.as_post(&console, post).await.get("/me").await.text();
            menus.push_str(&format!("{}\n", menu(&page)));
        }
        kept("page_menus", &menus);
        story
    })
    .await;
}

/// Who looks at pages, each signed in once, and where the pages are to which no table can name the way.
struct Visitors {
    signed_in: BTreeMap<&'static str, Browser>,
    places: [(&'static str, String); 5],
}

async fn places(story: &Story, console: &Console, arrived: &[Arrived]) -> [(&'static str, String); 5] {
    let link = |to: &str| link_in(&arrived.iter().rfind(|one| one.letter.to == to).unwrap().letter.text);
    let (liaison, office) = (story.address("质安处/liaison").await, story.address(OFFICE).await);
    let (liaison, office) = (link(&liaison), link(&office));
    let letter = liaison["/l/".len()..].split_once('-').unwrap().0.to_owned();
    let id = story.obligation("12.1", "质安处", "2022-09-30").await.id;
    let filed = story.engine.store.read().await.unwrap().submissions_for(&[id]).await.unwrap();
    let newest = filed.into_iter().max_by_key(|one| one.submission.received_at).unwrap();
    let secret = entry::setup_secret(&console.engine, &post("委安委办/auditor"), "test").await.unwrap();
    [
        ("{link}", liaison),
        ("{digest's link}", office),
        ("{letter}", letter),
        ("{secret}", secret),
        ("{receipt}", newest.submission.id),
    ]
}

impl Visitors {
    async fn as_post(&mut self, console: &Console, post: &'static str) -> &mut Browser {
        if !self.signed_in.contains_key(post) {
            let browser = if post.is_empty() { console.stranger() } else { console.signed_in(post).await };
            self.signed_in.insert(post, browser);
        }
        self.signed_in.get_mut(post).unwrap()
    }

    /// The path with what stands in braces filled in.
    async fn filled(&self, story: &Story, path: &str) -> String {
        let path = self.places.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
        let Some((before, rest)) = path.split_once('{') else { return path };
        let (obligation, behind) = rest.split_once('}').unwrap();
        let [duty, unit, period] = obligation.split(' ').collect::<Vec<_>>()[..] else { panic!("{obligation}") };
        format!("{before}{}{behind}", story.obligation(duty, unit, period).await.id)
    }
}
