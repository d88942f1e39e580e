//! Imports point one way, and the domain is pure. What clippy cannot see is held here.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Each folder and what of ours it may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("catalogue", &["catalogue", "domain"]),
    ("store", &["store", "domain"]),
    ("mail", &["mail", "domain"]),
    ("config", &["config", "catalogue", "domain", "mail", "jobs", "store", "disk"]),
    ("jobs", &["jobs", "catalogue", "store", "mail", "domain", "clock", "disk"]),
    ("web", &["web", "jobs", "catalogue", "store", "mail", "domain", "clock"]),
    ("cli", &["cli", "web", "config", "jobs", "catalogue", "store", "mail", "domain", "clock", "disk"]),
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

/// The modules of ours that a line names by `crate::…`, also within braces.
fn named(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in line.split("crate::").skip(1) {
        let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        names.push(name);
    }
    names
}

#[test]
fn imports_point_one_way() {
    let mut faults = Vec::new();
    for (folder, allowed) in MAY_IMPORT {
        let path = src().join(folder);
        if !path.exists() {
            continue;
        }
        for file in rust_files(&path) {
            let lines = code(&file);
            for (n, line) in &lines {
                for name in named(line).into_iter().filter(|name| !name.is_empty()) {
                    if !allowed.contains(&name.as_str()) {
                        faults.push(format!("{}:{n}: {folder} imports {name}", file.display()));
                    }
                }
            }
            // `use crate::{ … };` over several lines: its top-level names stand four spaces in.
            let mut within = false;
            for (n, line) in &lines {
                within |= line.starts_with("use crate::{") && !line.ends_with(';');
                within &= !line.starts_with("};");
                let name = line.strip_prefix("    ").filter(|rest| within && !rest.starts_with([' ', '}']));
                let name: String =
                    name.unwrap_or_default().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if !name.is_empty() && !allowed.contains(&name.as_str()) {
                    faults.push(format!("{}:{n}: {folder} imports {name}", file.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
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
    for folder in ["domain", "catalogue", "mail", "jobs", "cli", "config"] {
        let path = src().join(folder);
        for file in if path.exists() { rust_files(&path) } else { Vec::new() } {
            for (n, line) in
                code(&file).into_iter().filter(|(_, line)| line.contains("use sqlx") || line.contains("sqlx::query"))
            {
                faults.push(format!("{}:{n}: {}", file.display(), line.trim()));
            }
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
