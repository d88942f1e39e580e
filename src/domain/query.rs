//! Which obligations a list is of, in one description for every page, file, call and command.

use chrono::NaiveDate;
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::code::coded;
use super::duty::{CadenceKind, DutyId};
use super::light::Light;
use super::obligation::Obligation;
use super::phase::Phase;
use super::unit::UnitName;

/// What a list is narrowed by; by default it holds everything that is counted, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Owed by this unit, alone or with others.
    pub unit: Option<UnitName>,
    pub duty: Option<DutyId>,
    /// For duties of this task (1..48).
    pub item: Option<u16>,
    /// For duties of this hard measure (1..15).
    pub part: Option<u16>,
    pub cadence: Option<CadenceKind>,
    /// The period's key: `2022-10`.
    pub period: Option<String>,
    /// In one of these phases; none = in any that is counted.
    pub phases: Vec<Phase>,
    pub light: Option<Light>,
    /// First due on this day or later.
    pub from: Option<NaiveDate>,
    /// First due on this day or earlier.
    pub until: Option<NaiveDate>,
    /// The deadline in force is on this day.
    pub due: Option<NaiveDate>,
    /// Stands in its number, title, owners or period.
    pub text: Option<String>,
    pub order: Order,
}

coded!(Order, PhaseGroup);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Order {
    /// By the day of the first deadline, the latest first.
    #[default]
    Newest,
    /// By the day of the first deadline, the earliest first.
    Oldest,
    /// By number: as they were made.
    Number,
}

/// Phases that are asked for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum PhaseGroup {
    /// Not settled for good.
    Live,
    /// Something is still to be filed.
    Owed,
    /// Every phase: those that have not begun and those withdrawn too.
    All,
}

impl PhaseGroup {
    pub fn phases(self) -> Vec<Phase> {
        let holds = |phase: &Phase| match self {
            PhaseGroup::Live => phase.is_live(),
            PhaseGroup::Owed => phase.is_owed(),
            PhaseGroup::All => true,
        };
        Phase::ALL.iter().copied().filter(holds).collect()
    }
}

/// The place after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The day of the last one shown.
    pub due_on: NaiveDate,
    pub id: i64,
}

impl Place {
    pub fn after(obligation: &Obligation) -> Place {
        Place { due_on: obligation.due_on, id: obligation.id }
    }
}

impl Query {
    /// Whether something is asked that stands in no index: the deadline in force, and what the duty says.
    pub fn looks_further(&self) -> bool {
        let Query { item, part, cadence, due, text, .. } = self;
        item.is_some() || part.is_some() || cadence.is_some() || due.is_some() || text.is_some()
    }

    /// Whether such an obligation is asked for, by all that a light depends on.
    pub fn holds_standing(&self, phase: Phase, reminded: bool, late: bool) -> bool {
        let asked = if self.phases.is_empty() { phase.is_counted() } else { self.phases.contains(&phase) };
        asked && self.light.is_none_or(|light| light == Light::shown(phase, reminded, late))
    }
}
