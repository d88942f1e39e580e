//! `[alarm]`: from when on something is wrong, and whom to tell when mail cannot.

use serde::Deserialize;

use super::{
    value::{Kind, Span},
    values::Key,
};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// A program and its arguments, run when `duban status` would exit with 1.
    pub on_alarm: Option<String>,
    /// It is run at most once in this time.
    pub every: Span,
    /// The last pass may be this old.
    pub max_pass_age: Span,
    /// The oldest letter that waits to be sent may be this old.
    pub max_unsent_age: Span,
    /// The mail path may be down for this long.
    pub max_mail_down: Span,
}

pub const KEYS: &[Key] = &[
    Key::new("alarm.on_alarm", Kind::Program, "\"/usr/local/bin/duban-alarm --sms\""),
    Key::new("alarm.every", Kind::Span(1, 604_800), "\"1h\""),
    // An idle pass is recorded every five minutes.
    Key::new("alarm.max_pass_age", Kind::Span(600, 604_800), "\"15m\""),
    Key::new("alarm.max_unsent_age", Kind::Span(60, 604_800), "\"2h\""),
    Key::new("alarm.max_mail_down", Kind::Span(60, 604_800), "\"30m\""),
];
