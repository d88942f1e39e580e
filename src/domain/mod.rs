//! The rules, and nothing but the rules.
//!
//! Pure: no IO, no async, no clock. `now` is an argument and decisions are values. Imports nothing of ours outside
//! this folder.

pub mod action;
pub mod address;
pub mod calendar;
pub mod catalogue;
pub mod code;
pub mod counter;
pub mod decision;
pub mod derive;
pub mod due;
pub mod duty;
pub mod event;
pub mod ladder;
pub mod leap;
pub mod letter;
pub mod light;
pub mod name;
pub mod node;
pub mod notice;
pub mod obligation;
pub mod period;
pub mod phase;
pub mod plan;
pub mod query;
pub mod quota;
pub mod refusal;
pub mod round;
pub mod series;
pub mod share;
pub mod slot;
pub mod step;
pub mod text;
pub mod unit;
pub mod window;
pub mod world;
