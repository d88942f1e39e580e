//! What duban keeps: SQLite or PostgreSQL behind one SQL text.
//!
//! Every statement is a `const` (or made by [`bulk`] from one) and runs unchanged on both; only `migrations/` differ. No SQL
//! clock, no SQL date arithmetic: instants are arguments. Writing transactions begin IMMEDIATE on SQLite. The store
//! knows the domain's types and nothing of mail or jobs.

pub mod access;
pub mod bulk;
pub mod catalogue;
pub mod changes;
pub mod connect;
pub mod counts;
pub mod decisions;
pub mod error;
pub mod inspect;
pub mod ledger;
pub mod letters;
pub mod link_keys;
pub mod log;
pub mod notices;
pub mod obligations;
pub mod requests;
pub mod roster;
pub mod row;
pub mod runs;
pub mod submissions;
pub mod tally;
pub mod tx;

pub use connect::{Location, Store, address};
pub use error::{Result, StoreError};
pub use tx::{Open, Tx};

/// Every fixed statement, so that one test can prepare them all on both databases.
pub fn statements() -> Vec<&'static str> {
    [
        access::STATEMENTS,
        catalogue::STATEMENTS,
        decisions::STATEMENTS,
        ledger::STATEMENTS,
        letters::STATEMENTS,
        link_keys::STATEMENTS,
        log::STATEMENTS,
        notices::STATEMENTS,
        obligations::STATEMENTS,
        requests::STATEMENTS,
        roster::STATEMENTS,
        runs::STATEMENTS,
        submissions::STATEMENTS,
        tally::STATEMENTS,
    ]
    .concat()
}

/// Every statement of many rows, with its columns.
pub fn bulk_statements() -> Vec<(&'static str, usize)> {
    [letters::BULK, log::BULK, notices::BULK, changes::BULK, obligations::BULK, submissions::BULK, tally::BULK].concat()
}

/// Every statement with a list, with the list's first placeholder.
pub fn list_statements() -> Vec<(&'static str, usize)> {
    [
        decisions::LISTS,
        letters::LISTS,
        log::LISTS,
        notices::LISTS,
        changes::LISTS,
        obligations::LISTS,
        submissions::LISTS,
    ]
    .concat()
}
