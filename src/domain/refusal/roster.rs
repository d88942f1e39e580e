//! What units and posts may not become.

use chrono::NaiveDate;

use crate::domain::unit::UnitName;

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum RosterRefusal {
    UnitThereAlready(UnitName),
    UnitJoinsTooSoon(NaiveDate),
    OfficesUnitStays(UnitName),
    UnitLeftBefore(UnitName),
    StandInEndsFirst { until: NaiveDate, from: NaiveDate },
    StandInIncomplete,
    OfficeSharesAddress,
}
