//! duban 督办: knows who owes what by when.
//!
//! Imports point one way: [`domain`] ◄ [`catalogue`], [`store`], [`mail`] ◄ [`jobs`] ◄ [`web`], [`cli`] ◄ main. `store`
//! and `mail` do not know each other; only `jobs` knows both. The clock is read in [`clock`] alone; [`disk`] makes folders.

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
pub mod disk;
pub mod domain;
pub mod jobs;
pub mod mail;
pub mod store;
pub mod web;
