//! duban 督办: knows who owes what by when.

pub mod domain;
pub mod mail;
