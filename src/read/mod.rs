//! Questions: how things stand, why, and what comes; what is said of a refusal. Reads and words; changes nothing.

pub mod day;
pub mod decision;
pub mod explain;
pub mod filed;
pub mod health;
pub mod implied;
pub mod mail;
pub mod notice;
pub mod pending;
pub mod preview;
pub mod query;
pub mod refusal;
pub mod series;
pub mod untold;
pub mod view;
pub mod words;
