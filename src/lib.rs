//! duban 督办: knows who owes what by when.
//!
//! Imports point one way: [`domain`] ◄ [`store`], [`mail`] ◄ jobs ◄ cli ◄ main. The clock is read in [`clock`] alone.

pub mod clock;
pub mod domain;
pub mod jobs;
pub mod mail;
pub mod store;
