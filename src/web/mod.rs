//! The console: pages for units and the office, and the interface for programs, in the same binary.
//!
//! Every route stands in one table with the right it asks for ([`routes`]); who asks and what they may see is decided in
//! one place ([`access`]). Pages call `jobs` and `store`, never SQL; they decide no rule of duban's. Every form works
//! without JavaScript, nothing is loaded from elsewhere, and a GET changes nothing.

pub mod access;
pub mod api;
pub mod app;
pub mod assets;
pub mod coming;
pub mod csv;
pub mod download;
pub mod fault;
pub mod feed;
pub mod fields;
pub mod filter;
pub mod foreign;
pub mod guard;
pub mod known_browser;
pub mod listen;
pub mod local;
pub mod mistaken;
pub mod noise;
pub mod pace;
pub mod pages;
pub mod papers;
pub mod probe;
pub mod problem;
pub mod public;
pub mod rate;
pub mod refused;
pub mod room;
pub mod route;
pub mod routes;
pub mod upload;
pub mod view;

pub use app::{App, Desk, EngineSource, Options};
pub use routes::router;
