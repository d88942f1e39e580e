//! A transaction on either database: the only place that knows that there are two.
//!
//! What it changes in the summaries is written when it commits ([`super::tally`]).

use sqlx::{Postgres, Sqlite, Transaction};

use super::counts::Tally;

/// Runs one expression on whichever connection is open: the only place that knows that there are two.
macro_rules! on {
    ($tx:expr, |$c:ident| $body:expr) => {
        match &mut $tx.open {
            $crate::store::tx::Open::Sqlite(tx) => {
                let $c = &mut **tx;
                $body
            }
            $crate::store::tx::Open::Postgres(tx) => {
                let $c = &mut **tx;
                $body
            }
        }
    };
}

pub(super) use on;

/// A transaction, and what it will have changed in the summaries.
pub struct Tx {
    pub open: Open,
    pub(super) counts: Tally,
}

/// An open transaction of either kind.
pub enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn begun(open: Open) -> Tx {
        Tx { open, counts: Tally::default() }
    }
}
