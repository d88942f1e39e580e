//! duban 督办: knows who owes what by when.

pub mod catalogue;
pub mod cli;
pub mod domain;
