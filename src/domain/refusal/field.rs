//! What may be wrong with a field of a form, whichever it is.

use chrono::NaiveDate;

use crate::domain::address::AddressFault;
use crate::domain::text::TextFault;

/// A field, by what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Field {
    Reason,
    DisputeReason,
    WaiverReason,
    ReturnReason,
    BulletinReason,
    ExtensionReason,
    /// What is known of a false alarm.
    FalseAlarm,
    Note,
    Answer,
    /// The number of the document that lets something go.
    Document,
    Place,
    Name,
    Counter,
    FileName,
    Holder,
    UnitName,
    UnitKind,
    Id,
    Address,
    Day,
    Time,
    ActedOn,
    NewDeadline,
    ExtendedUntil,
    FirstDay,
    StandInFrom,
    StandInUntil,
    LeavingDay,
    EffectiveDay,
    /// From here on: what lists are narrowed by.
    Unit,
    Duty,
    Task,
    HardMeasure,
    Cadence,
    DueFrom,
    DueUntil,
    DueOn,
    Light,
    Phase,
    Period,
    Text,
    Order,
    Page,
}

impl Field {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(serialize_all = "snake_case")]
pub enum FieldRefusal {
    Blank,
    /// Longer than so many characters.
    TooLong(usize),
    ForbiddenCharacter(char),
    NotADate,
    NotATime,
    DayPast(NaiveDate),
    /// It names nothing that there is.
    NotUnderstood(String),
    /// An id with a blank, or with a mark that parts several.
    MarkInId(String),
    /// A name with a blank at an end, or with a mark that parts several.
    MarkInName(String),
    NoEmailAddress(AddressFault),
}

impl From<TextFault> for FieldRefusal {
    fn from(fault: TextFault) -> FieldRefusal {
        match fault {
            TextFault::Empty => FieldRefusal::Blank,
            TextFault::TooLong(most) => FieldRefusal::TooLong(most),
            TextFault::Forbidden(c) => FieldRefusal::ForbiddenCharacter(c),
        }
    }
}
