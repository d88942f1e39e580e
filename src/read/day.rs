//! What a day's lists look at, asked in one way: what is due on it.

use chrono::NaiveDate;

use crate::domain::phase::Phase;
use crate::engine::{Known, Result};
use crate::store::Tx;
use crate::store::row::Stored;

/// What is due on a day, by the deadline in force, in these phases.
pub async fn due_on(tx: &mut Tx, known: &Known, day: NaiveDate, phases: &[Phase]) -> Result<Vec<Stored>> {
    let zone = known.zone;
    let mut due = Vec::new();
    for phase in phases {
        // A deadline of 24:00 is the next day's midnight.
        let rows = tx.live_due_between(*phase, zone.start_of(day), zone.end_of(day)).await?;
        due.extend(rows.into_iter().filter(|row| zone.due_day(row.obligation.round.due_at) == day));
    }
    Ok(due)
}
