//! `[time]`: where local time is read, from when on obligations count, how far ahead they are made.

use serde::Deserialize;

use super::{
    value::{Day, Kind, Span, ZoneName},
    values::Key,
};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    pub zone: ZoneName,
    /// The first day that counts, if it is not the day of the first start.
    pub starts_on: Option<Day>,
    /// How far ahead obligations are made.
    pub horizon_days: i64,
    /// How long nothing is told after the machine's clock has leapt ahead by more than a day.
    pub leap_hold: Span,
}

pub const KEYS: &[Key] = &[
    Key::new("time.zone", Kind::Zone, "\"Asia/Shanghai\""),
    Key::new("time.starts_on", Kind::Date, "2026-01-01"),
    Key::new("time.horizon_days", Kind::Number(1, 400), "35"),
    Key::new("time.leap_hold", Kind::Span(0, 86_400), "\"10m\""),
];
