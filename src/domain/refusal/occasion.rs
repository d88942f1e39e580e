//! What events and key nodes may not be.

use chrono::NaiveDate;

use crate::domain::duty::DutyId;
use crate::domain::unit::UnitName;

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum OccasionRefusal {
    EventAhead,
    EventIdTaken(String),
    EventClosed(String),
    UnknownEventType(String),
    /// It names a unit that the roster has not, or not on that day.
    EventUnknownUnit {
        unit: UnitName,
        /// The civil day of the event.
        day: NaiveDate,
    },
    /// A type whose duties are owed by the units it names, and none is named.
    EventWithoutUnits(String),
    /// None of the units it names owes the duty.
    EventWithoutOwner {
        duty: DutyId,
        members: Vec<UnitName>,
    },
    NodeIdIsDate(String),
    NodeIdTaken(String),
    NodeOver(String),
    NodeEndsInThePast(NaiveDate),
    NodeEndsFirst {
        last: NaiveDate,
        first: NaiveDate,
    },
    /// Longer than so many days.
    NodeTooLong(u64),
}
