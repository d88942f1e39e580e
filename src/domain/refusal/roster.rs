//! What units and posts may not become.

use chrono::NaiveDate;

use crate::domain::unit::UnitName;

/// What a unit's departure would do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Default))]
pub struct Departing {
    pub unit: UnitName,
    /// The first day on which it owes nothing any more.
    pub on: NaiveDate,
    /// What it owes alone, which would be waived: duty and period.
    pub waived: Vec<String>,
    /// What it owes with others, who would go on with it.
    pub handed_on: Vec<String>,
    /// Duties that nobody would owe from then on.
    pub orphaned: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum RosterRefusal {
    UnitThereAlready(UnitName),
    UnitJoinsTooSoon(NaiveDate),
    OfficesUnitStays(UnitName),
    UnitLeftBefore(UnitName),
    /// A departure that nobody has confirmed.
    DepartureNotConfirmed(Departing),
    /// Units that stand in the roster and not in the files.
    UnitsGoneFromFiles(Vec<Departing>),
    NameTaken(UnitName),
    SameUnit(UnitName),
    SuccessorNotThere(UnitName),
    StandInEndsFirst {
        until: NaiveDate,
        from: NaiveDate,
    },
    StandInIncomplete,
    OfficeSharesAddress,
}
