//! What rules are read by besides the obligation itself: catalogue, roster, calendar, zone and key nodes, as of one moment.

use chrono::NaiveDate;

use super::calendar::{Calendar, DayReason, Zone};
use super::catalogue::Catalogue;
use super::duty::Cadence;
use super::node::{self, Node};
use super::period::Period;
use super::unit::Roster;

/// Everything that the plan follows from.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// Duties, ladders, named nodes, event types.
    pub catalogue: &'a Catalogue,
    pub roster: &'a Roster,
    pub calendar: &'a Calendar,
    pub zone: Zone,
    pub nodes: &'a [Node],
}

impl World<'_> {
    /// All nodes: the calendar's, the catalogue's and those opened by hand.
    pub fn all_nodes(&self) -> Vec<Node> {
        node::all(self.calendar, &self.catalogue.nodes, self.nodes)
    }

    pub fn node(&self, key: &str) -> Option<Node> {
        self.all_nodes().into_iter().find(|node| node.key == key)
    }

    /// Whether the day belongs to a node.
    pub fn is_node_day(&self, day: NaiveDate) -> bool {
        matches!(self.calendar.day(day), DayReason::Holiday(_))
            || self.catalogue.nodes.iter().chain(self.nodes).any(|node| node.contains(day))
    }

    /// The first day on or after `day` that belongs to a node.
    pub fn node_day_from(&self, day: NaiveDate) -> Option<NaiveDate> {
        let named = self.catalogue.nodes.iter().chain(self.nodes);
        let named = named.filter(|node| node.last >= day).map(|node| node.first.max(day)).min();
        let mut listed = self.calendar.listed.range(day..).map(|(day, _)| *day);
        let listed = listed.find(|day| matches!(self.calendar.day(*day), DayReason::Holiday(_)));
        named.into_iter().chain(listed).min()
    }

    /// Whether a duty of that cadence is owed for a period at all: not every day is a workday, or a node's.
    pub fn owes_for(&self, cadence: &Cadence, period: &Period) -> bool {
        match (cadence, period) {
            (Cadence::Workday, Period::Day(day)) => self.calendar.is_workday(*day),
            (Cadence::EachNodeDay, Period::Day(day)) => self.is_node_day(*day),
            _ => true,
        }
    }
}
