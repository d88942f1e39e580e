//! duban 督办: knows who owes what by when.
//!
//! Its folders; one imports from those above it in this list, never the other way, and no files import each other in a
//! circle (`tests/suite/architecture.rs`):
//!
//! - [`domain`]: the rules, pure. [`clock`]: the only place that reads the time. [`disk`]: folders, made and synced.
//! - [`catalogue`]: seeds and lists in files ─► domain types. [`store`]: SQLite or PostgreSQL. [`mail`]: wording and the way
//!   out. [`vault`]: evidence files under their hash. None of the four knows another.
//! - [`engine`]: what everything that works needs, complete when it is made.
//! - [`read`]: questions: how things stand, why, what comes; and what is said where something is refused.
//! - [`acts`]: what people do, a file an act.
//! - [`jobs`]: what the daemon does.
//! - [`config`]: the configuration, a file a section. [`web`]: pages and the interface for programs.
//! - [`cli`]: a file a subcommand.
//!
//! Which file answers which question stands in `docs/design.md`.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod acts;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod disk;
pub mod domain;
pub mod engine;
pub mod jobs;
pub mod mail;
pub mod read;
pub mod store;
pub mod vault;
pub mod web;
