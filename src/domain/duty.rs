//! A duty as the catalogue gives it: what is owed, how often, by whom, how much, and on whose word.
//!
//! These are validated values: whoever holds a `Duty` may rely on its owners and clause to exist. Reading and
//! checking files is the catalogue's work.

use std::fmt;

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

use super::code::coded;
use super::unit::UnitName;

/// `13.2`, `3.1a`: item, measure, and a letter where one measure asks for several things.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(Default))]
pub struct DutyId(pub String);

impl fmt::Display for DutyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where the document asks for it: task `item` (1..48) and the numbered `measure` in it; no measure where only the
/// task column asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Clause {
    /// The task, 1..48.
    pub item: u16,
    /// The measure in it, from 1.
    pub measure: Option<u16>,
}

impl Clause {
    /// `第13项第2条`, `第35项`.
    pub fn label(self) -> String {
        match self.measure {
            Some(measure) => format!("第{}项第{measure}条", self.item),
            None => format!("第{}项", self.item),
        }
    }
}

/// What sort of duty it is (the document's own distinction).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// The document gives the interval.
    Recurring,
    /// 常态化, 定期, 及时 without a figure: checked at an interval of our own.
    Standing,
    Deadline,
    /// When something happens.
    Event,
    /// On the days of a key node.
    Node,
}

impl Kind {
    /// As an office writes it.
    pub fn label(self) -> &'static str {
        match self {
            Kind::Recurring => "定期",
            Kind::Standing => "常态化",
            Kind::Deadline => "限期",
            Kind::Event => "事件",
            Kind::Node => "重要节点",
        }
    }
}

/// How often a duty is owed; [`CadenceKind`] says it without its particulars.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, EnumDiscriminants)]
#[serde(rename_all = "snake_case")]
#[strum_discriminants(
    name(CadenceKind),
    derive(PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray),
    strum(serialize_all = "snake_case")
)]
pub enum Cadence {
    Daily,
    /// Every workday of the statutory calendar, make-up workdays included.
    Workday,
    /// Monday to Sunday (ISO weeks).
    Weekly,
    Monthly,
    Quarterly,
    /// January–June, July–December.
    HalfYearly,
    Yearly,
    Once(NaiveDate),
    /// For each event of that type, due so long after it.
    #[strum_discriminants(strum(serialize = "on"))]
    OnEvent {
        event: String,
        /// How long after the event it is due.
        after: After,
    },
    /// On each day that belongs to a node.
    #[strum_discriminants(strum(serialize = "each_day_of_node"))]
    EachNodeDay,
}

impl Cadence {
    /// As an office writes it.
    pub fn label(&self) -> String {
        match self {
            Cadence::Once(day) => format!("一次（{}前）", day.format("%Y年%-m月%-d日")),
            Cadence::OnEvent { event, after } => format!("{event}发生后{}", after.label()),
            plain => CadenceKind::from(plain).label().to_owned(),
        }
    }
}

impl CadenceKind {
    /// As an office writes it.
    pub fn label(self) -> &'static str {
        match self {
            CadenceKind::Daily => "每日",
            CadenceKind::Workday => "每个工作日",
            CadenceKind::Weekly => "每周",
            CadenceKind::Monthly => "每月",
            CadenceKind::Quarterly => "每季度",
            CadenceKind::HalfYearly => "每半年",
            CadenceKind::Yearly => "每年",
            CadenceKind::Once => "一次",
            CadenceKind::OnEvent => "事件",
            CadenceKind::EachNodeDay => "重要节点期间每日",
        }
    }
}

/// A distance from an event: by the clock, or in whole civil days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// `+30m`, `+2h`: to the second. In whole minutes.
    Minutes(u32),
    /// `+30d`: civil days.
    Days(u32),
}

impl After {
    /// The distance as a duration, where it is one.
    pub fn exact(self) -> Option<TimeDelta> {
        match self {
            After::Minutes(minutes) => Some(TimeDelta::minutes(i64::from(minutes))),
            After::Days(_) => None,
        }
    }

    /// `30分钟内`, `2小时内`, `30日内`.
    pub fn label(self) -> String {
        match self {
            After::Minutes(minutes) if minutes % 60 == 0 => format!("{}小时内", minutes / 60),
            After::Minutes(minutes) => format!("{minutes}分钟内"),
            After::Days(days) => format!("{days}日内"),
        }
    }
}

/// When in its period an obligation is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueRule {
    /// 24:00 local on the period's last day (the instant is 00:00 of the next day).
    EndOfDay,
    /// At that local time on the period's last workday; where it has none, on the first workday after it.
    LastWorkday(NaiveTime),
    /// The event's time plus the offset.
    Exact,
}

coded!(Kind, Form, Mode, Basis, CadenceKind);

/// On whose word the cadence and deadline stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Basis {
    /// The commission's own column says it.
    Source,
    /// The city's task column says it.
    Task,
    /// Our default, which the office may change; always shown as one.
    Policy,
}

impl Basis {
    /// As an office writes it; a default of ours is always shown as one.
    pub fn label(self) -> &'static str {
        match self {
            Basis::Source => "委内措施",
            Basis::Task => "市级任务",
            Basis::Policy => "系统默认，可调整",
        }
    }
}

/// One entry of `owed_by`/`supported_by`, in the document's order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    Unit(UnitName),
    /// Every member of a group (written `@name`).
    Group(String),
}

/// Whether every owner owes its own or all owe one together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Mode {
    /// Each owner owes its own.
    Each,
    /// One obligation that any of the owners can fulfil.
    Joint,
}

/// One thing that has to be counted (`检查企业>=2家 distinct`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quota {
    /// What is counted: `检查企业`.
    pub counter: String,
    pub at_least: u32,
    /// The measure word: `家`.
    pub unit: String,
    /// Whether only different names count.
    #[serde(default)]
    pub distinct: bool,
    /// A level to hold: the latest figure counts, not the sum (5.1).
    #[serde(default)]
    pub level: bool,
}

impl Quota {
    /// Whether one act is all that is wanted: a filing that names nothing is that act.
    pub fn wants_one_act(&self) -> bool {
        self.at_least == 1 && !self.level && !self.distinct
    }

    /// `检查企业不少于2家（名称不重复）`.
    pub fn label(&self) -> String {
        let distinct = if self.distinct { "（名称不重复）" } else { "" };
        let level = if self.level { "（在位数）" } else { "" };
        format!("{}不少于{}{}{distinct}{level}", self.counter, self.at_least, self.unit)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    pub id: DutyId,
    /// Where the document asks for it.
    pub clause: Clause,
    pub title: String,
    /// One or two sentences, in our own words.
    pub summary: String,
    pub kind: Kind,
    pub cadence: Cadence,
    pub due: DueRule,
    /// On whose word.
    pub basis: Basis,
    /// Who owes it, in the document's order.
    pub owed_by: Vec<Owner>,
    /// Each their own, or one together.
    pub mode: Mode,
    /// What has to be counted; empty = one submission.
    pub quotas: Vec<Quota>,
    /// Informed, owe nothing.
    pub supported_by: Vec<Owner>,
    /// Duties that one act for this one may also be for; always our own reading, and shown as one.
    // Catalogues that were stored before it was known have none.
    #[serde(default)]
    pub also_counts_for: Vec<DutyId>,
    /// What the reader should know about our reading.
    pub note: String,
    /// Also owed once for each node, due 24:00 on its last day (5.3).
    pub also_each_node: bool,
    /// An event duty owed by those members that the event names (23.1, 27.2, 43.1: it must name some; 46.x: all
    /// members when it names none).
    pub event_names_owners: bool,
    /// 叫应: an event duty to which an answer is all that is wanted, so that one press of a button files it (46.1).
    // Catalogues that were stored before it was known have none.
    #[serde(default)]
    pub answer_suffices: bool,
    /// Whether a filing closes it only once it is accepted.
    pub review_first: bool,
    /// Acts count for their own day only, however late they are filed (5.2, 9.1a, 47.1).
    pub own_day_only: bool,
    /// The first day on which it is owed; a `once` opens then.
    pub effective_from: Option<NaiveDate>,
    /// The last day on which it is owed.
    pub effective_to: Option<NaiveDate>,
}

/// The form in which a duty is owed: 5.3's quarters and 5.3's nodes are two series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Form {
    Cadence,
    /// Once for each node (`also_each_node`).
    Node,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_read_as_an_office_writes_them() {
        let quota =
            Quota { counter: "检查企业".into(), at_least: 2, unit: "家".into(), distinct: true, level: false };
        assert_eq!(quota.label(), "检查企业不少于2家（名称不重复）");
        let event = Cadence::OnEvent { event: "极端天气预警".into(), after: After::Minutes(30) };
        assert_eq!(event.label(), "极端天气预警发生后30分钟内");
        assert_eq!(Cadence::Once(NaiveDate::from_ymd_opt(2022, 9, 30).unwrap()).label(), "一次（2022年9月30日前）");
        assert_eq!(Clause { item: 13, measure: Some(2) }.label(), "第13项第2条");
    }
}
