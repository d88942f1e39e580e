//! 催办阶梯: when an obligation speaks, and to whom.
//!
//! A ladder is data (`seeds/ladders.toml`, which the office may change); this file holds its shape and what can be
//! said of it without any obligation at hand.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::code::coded;
use super::duty::{After, Cadence, Duty, Form};
use super::unit::Role;

coded!(Class);

/// Which ladder an obligation climbs: one for each row of the ladder table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Class {
    /// Daily, each workday, each node day.
    Day,
    Week,
    /// Monthly, and the node form of 5.3.
    Month,
    /// Quarterly, half-yearly, yearly, once.
    Quarter,
    /// An event duty due by the clock.
    EventHours,
    /// An event duty due in days.
    EventDays,
}

impl Class {
    pub fn of(duty: &Duty, form: Form) -> Class {
        if form == Form::Node {
            return Class::Month;
        }
        match &duty.cadence {
            Cadence::Daily | Cadence::Workday | Cadence::EachNodeDay => Class::Day,
            Cadence::Weekly => Class::Week,
            Cadence::Monthly => Class::Month,
            Cadence::Quarterly | Cadence::HalfYearly | Cadence::Yearly | Cadence::Once(_) => Class::Quarter,
            Cadence::OnEvent { after: After::Minutes(_), .. } => Class::EventHours,
            Cadence::OnEvent { after: After::Days(_), .. } => Class::EventDays,
        }
    }
}

/// The moment a reminder wants, before it is moved into a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    Opening,
    /// Half-way between opening and due.
    HalfTime,
    AtDue,
    /// So many workdays before the due day, at the first slot of that day. At least 1.
    WorkdaysBefore(u32),
    /// The due day (the civil day of the due instant less one second) at that local time.
    DueDay(NaiveTime),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    pub when: When,
    pub to: Vec<Role>,
}

/// One level after a miss: at the first slot of the `workday`th workday after the due day, or from the `streak`th
/// miss in a row on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Counted from the due day; at least 1. `None` = by the streak alone.
    pub workday: Option<u32>,
    /// Misses in a row; at least 2. `None` = by the workdays alone.
    pub streak: Option<u32>,
    /// To whom. 通报建议 goes to the office alone and stands on its digest.
    pub to: Vec<Role>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    pub class: Class,
    /// Filing grace: until that local time of the day after the due day. `None` = no grace.
    pub grace: Option<NaiveTime>,
    /// Whether the reminders may use the afternoon slot of any day, workday or not.
    pub any_day: bool,
    pub reminders: Vec<Reminder>,
    /// 催办: next slot after the miss. Empty = none.
    pub chase: Vec<Role>,
    /// 督办.
    pub supervise: Option<Level>,
    /// 通报建议.
    pub propose: Option<Level>,
    /// Told at the very minute of the miss, besides (event duties by the clock).
    pub at_once: Vec<Role>,
    /// Making good ends at most so many workdays after the due day (`None` = no such limit). Of `Day`, only node days
    /// have one.
    pub node_day_limit: Option<u32>,
}
