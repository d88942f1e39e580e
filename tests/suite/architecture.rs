//! Imports point one way, between folders and between files, and the domain is pure. What clippy cannot see is held here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The floors of the code from the ground up: a folder or file imports from floors below its own, and from itself.
const FLOORS: &[&[&str]] = &[
    &["clock", "disk", "domain"],
    &["catalogue", "mail", "store", "vault"],
    &["engine"],
    &["read"],
    &["acts"],
    &["jobs"],
    &["config", "web"],
    &["cli"],
    &["main"],
];

/// What pure code must not touch.
const IMPURE: &[&str] = &[
    "sqlx",
    "lettre",
    "tokio",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "async fn",
    ".await",
    "Utc::now",
    "Local::now",
    "SystemTime",
    "Instant::now",
    "println!",
    "tracing::",
    "rand::",
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code lines of a file, before its tests and without comments.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(n, line)| (n + 1, line.to_owned()))
        .collect()
}

/// The code as its `use` lines and paths tell it: which file names which.
struct Imports {
    /// Each module's path from the root on, with its file.
    modules: BTreeMap<Vec<String>, PathBuf>,
    /// For each module the modules that it names, with a name that it takes from there.
    arrows: BTreeMap<Vec<String>, BTreeMap<Vec<String>, String>>,
}

/// `src/store/mod.rs` is `store`, `src/store/log.rs` is `store::log`.
fn module_of(file: &Path) -> Vec<String> {
    let path = file.strip_prefix(src()).unwrap().with_extension("");
    let mut parts: Vec<String> = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

impl Imports {
    fn measure() -> Imports {
        let files = rust_files(&src()).into_iter().filter(|file| !file.ends_with("lib.rs"));
        let modules: BTreeMap<Vec<String>, PathBuf> = files.map(|file| (module_of(&file), file)).collect();
        let mut house = Imports { modules, arrows: BTreeMap::new() };
        for (module, file) in house.modules.clone() {
            let text: String = code(&file).into_iter().map(|(_, line)| line + "\n").collect();
            let mut named = BTreeMap::new();
            for path in paths(&text, &module) {
                let target = (1..=path.len()).rev().map(|n| path[..n].to_vec()).find(|t| house.modules.contains_key(t));
                if let Some(target) = target.filter(|target| *target != module) {
                    let name = path.get(target.len()).cloned().unwrap_or_else(|| "the module itself".to_owned());
                    named.entry(target).or_insert(name);
                }
            }
            house.arrows.insert(module, named);
        }
        house
    }

    /// Every circle: the modules that reach each other, by their arrows.
    fn circles(&self) -> Vec<Vec<Vec<String>>> {
        let reach: BTreeMap<&Vec<String>, BTreeSet<&Vec<String>>> =
            self.modules.keys().map(|module| (module, self.reached(module))).collect();
        let mut circles: Vec<Vec<Vec<String>>> = Vec::new();
        for module in self.modules.keys().filter(|module| reach[module].contains(module)) {
            let ring: Vec<Vec<String>> =
                reach[module].iter().filter(|other| reach[**other].contains(module)).map(|m| (*m).clone()).collect();
            if !circles.contains(&ring) {
                circles.push(ring);
            }
        }
        circles
    }

    fn reached<'a>(&'a self, from: &'a Vec<String>) -> BTreeSet<&'a Vec<String>> {
        let mut seen = BTreeSet::new();
        let mut next = vec![from];
        while let Some(module) = next.pop() {
            next.extend(self.arrows[module].keys().filter(|target| seen.insert(*target)));
        }
        seen
    }
}

/// Every path of ours that a file's code names, from the root on: by `use`, by `crate::`, `super::` and `self::`, and by
/// the name of a module that it declares or has imported.
fn paths(text: &str, module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    // Names by which whole modules may be spoken of: declared here, or brought in by `use`.
    let mut spoken: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let declared = line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod "));
        if let Some(name) = declared.and_then(|rest| rest.strip_suffix(';')) {
            spoken.insert(name.to_owned(), [module, &[name.to_owned()]].concat());
        }
    }
    let mut rest = text;
    let mut body = String::new();
    while let Some(start) = find_use(rest) {
        let end = rest[start..].find(';').map_or(rest.len(), |end| start + end);
        for (path, called) in tree(&rest[start..end]) {
            if let Some(path) = rooted(&path, module, &spoken) {
                spoken.entry(called).or_insert_with(|| path.clone());
                found.push(path);
            }
        }
        body.push_str(&rest[..start]);
        rest = &rest[end..];
    }
    body.push_str(rest);
    for word in without_strings(&body).split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        if let Some((first, _)) = word.split_once("::")
            && (["crate", "super", "self"].contains(&first) || spoken.contains_key(first))
        {
            let path: Vec<String> = word.split("::").map(str::to_owned).collect();
            found.extend(rooted(&path, module, &spoken));
        }
    }
    found
}

/// Where the next `use` begins, behind the word.
fn find_use(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].find("use ").map(|at| from + at) {
        let line = text[..at].rsplit('\n').next().unwrap_or_default().trim_start();
        if line.is_empty() || line.starts_with("pub") && !line.contains("fn ") {
            return Some(at + 4);
        }
        from = at + 4;
    }
    None
}

fn without_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut within = false;
    let mut escaped = false;
    for (n, c) in text.char_indices() {
        match c {
            '"' if !escaped && !text[..n].ends_with('\'') => within = !within,
            _ if !within => out.push(c),
            _ => {}
        }
        escaped = within && c == '\\' && !escaped;
    }
    out
}

/// The leaves of `a::{b, c::{self, d as e}}`, each with the name it goes by here.
fn tree(text: &str) -> Vec<(Vec<String>, String)> {
    fn walk(text: &str, prefix: &[String], found: &mut Vec<(Vec<String>, String)>) {
        let mut depth = 0;
        let mut start = 0;
        let mut parts = Vec::new();
        for (n, c) in text.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(&text[start..n]);
                    start = n + 1;
                }
                _ => {}
            }
        }
        parts.push(&text[start..]);
        for part in parts.into_iter().map(str::trim).filter(|part| !part.is_empty()) {
            if let Some((head, body)) = part.split_once('{') {
                let head = head.trim().trim_end_matches("::");
                let mut prefix = prefix.to_vec();
                prefix.extend(head.split("::").filter(|name| !name.is_empty()).map(str::to_owned));
                let body = body.trim();
                walk(body.strip_suffix('}').unwrap_or(body), &prefix, found);
                continue;
            }
            let (path, called) = part.split_once(" as ").unwrap_or((part, ""));
            let mut whole = prefix.to_vec();
            whole
                .extend(path.trim().split("::").filter(|name| *name != "self" || prefix.is_empty()).map(str::to_owned));
            let called =
                if called.is_empty() { whole.last().cloned().unwrap_or_default() } else { called.trim().to_owned() };
            found.push((whole, called));
        }
    }
    let mut found = Vec::new();
    // The closing brace of the outermost list goes with its opening one.
    walk(text, &[], &mut found);
    found
}

/// A path as seen from the root; none for one that is not ours.
fn rooted(path: &[String], module: &[String], spoken: &BTreeMap<String, Vec<String>>) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    let mut base: Vec<String> = match first.as_str() {
        "crate" | "duban" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module[..module.len().checked_sub(1)?].to_vec(),
        name => spoken.get(name)?.clone(),
    };
    for name in rest {
        if name == "super" {
            base.pop();
        } else {
            base.push(name.clone());
        }
    }
    Some(base)
}

fn shown(module: &[String]) -> String {
    module.join("::")
}

#[test]
fn no_files_go_round_in_a_circle() {
    let house = Imports::measure();
    let mut told = String::new();
    for (n, circle) in house.circles().iter().enumerate() {
        told += &format!("\ncircle {}: {} files\n", n + 1, circle.len());
        for from in circle {
            for (to, name) in house.arrows[from].iter().filter(|(to, _)| circle.contains(to)) {
                told += &format!("  {} takes {name} from {}\n", shown(from), shown(to));
            }
        }
    }
    assert!(told.is_empty(), "{told}");
}

#[test]
fn folders_import_from_the_floors_below() {
    let floor = |name: &str| FLOORS.iter().position(|floor| floor.contains(&name));
    let house = Imports::measure();
    let mut faults = Vec::new();
    for (from, arrows) in &house.arrows {
        let Some(own) = floor(&from[0]) else {
            faults.push(format!("{} stands on no floor", from[0]));
            continue;
        };
        for (to, name) in arrows.iter().filter(|(to, _)| to[0] != from[0]) {
            if floor(&to[0]).is_none_or(|below| below >= own) {
                faults.push(format!("{} takes {name} from {}", shown(from), shown(to)));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What finds circles finds those that there are: two files, three, a file and its parent; in each way of naming.
#[test]
fn paths_are_read_in_every_way_they_are_written() {
    let module: Vec<String> = ["jobs", "step"].map(str::to_owned).to_vec();
    let text = "
        use crate::{domain::{self, duty::Duty as D}, store::{Tx, log::{entry}}};
        use super::write;
        pub use self::inner::Thing;
        pub(super) use select;
        fn f() { write::letters(); crate::mail::send(); let s = \"crate::web::x\"; super::super::cli::go() }
    ";
    let text: String = text.lines().map(|line| line.trim_start().to_owned() + "\n").collect();
    let found: BTreeSet<String> = paths(&text, &module).iter().map(|path| path.join("::")).collect();
    let wanted = [
        "cli::go",
        "domain",
        "domain::duty::Duty",
        "jobs::step::inner::Thing",
        "jobs::write",
        "jobs::write::letters",
        "mail::send",
        "store::Tx",
        "store::log::entry",
    ];
    assert_eq!(found, wanted.map(str::to_owned).into());
}

#[test]
fn the_domain_is_pure() {
    let mut faults = Vec::new();
    for file in rust_files(&src().join("domain")) {
        for (n, line) in code(&file) {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                faults.push(format!("{}:{n}: `{word}` has no place in the domain", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn sql_stays_in_the_store() {
    let mut faults = Vec::new();
    for file in rust_files(&src()).iter().filter(|file| !file.starts_with(src().join("store"))) {
        for (n, line) in code(file).into_iter().filter(|(_, line)| without_strings(line).contains("sqlx")) {
            faults.push(format!("{}:{n}: {}", file.display(), line.trim()));
        }
    }
    assert!(faults.is_empty(), "only the store speaks SQL:\n{}", faults.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = rust_files(&src())
        .into_iter()
        .filter(|file| !fs::read_to_string(file).unwrap().starts_with("//!"))
        .map(|file| file.display().to_string())
        .collect();
    assert!(silent.is_empty(), "these open without a module comment: {}", silent.join(", "));
}

#[test]
fn the_sql_has_no_clock_and_no_date_arithmetic() {
    let mut faults = Vec::new();
    for file in rust_files(&src().join("store")) {
        for (n, line) in code(&file) {
            let upper = line.to_uppercase();
            for word in
                ["NOW()", "CURRENT_TIMESTAMP", "CURRENT_DATE", "DATETIME(", "STRFTIME", "INTERVAL '", "JULIANDAY"]
            {
                if upper.contains(word) {
                    faults.push(format!("{}:{n}: {word}", file.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |kind: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}

#[test]
fn every_file_that_the_design_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let design = fs::read_to_string(root.join("docs/design.md")).unwrap();
    let quoted = design.split('`').skip(1).step_by(2).filter(|name| !name.contains('*'));
    let named: BTreeSet<&str> = quoted.filter(|name| Path::new(name).extension().is_some_and(|e| e == "rs")).collect();
    assert!(named.len() > 20, "the design names too few files: {named:?}");
    let missing: Vec<&&str> = named
        .iter()
        .filter(|name| !["src", "tests/suite", ""].iter().any(|folder| root.join(folder).join(name).exists()))
        .collect();
    assert!(missing.is_empty(), "docs/design.md names what is not there: {missing:?}");
}
