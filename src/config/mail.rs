//! `[mail]`: who the letters are from, how fast they go, how long a mail server may take.

use serde::Deserialize;

use super::{
    transport::{TimeoutsSection, TransportSection},
    value::{Kind, MailAddress, Span, show_span},
    values::{Key, Values},
};
use crate::catalogue::{Diagnostics, mistake::setting::SettingFault};

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSection {
    pub from: MailAddress,
    pub from_name: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<MailAddress>,
    /// One letter in each of these; zero = no pace.
    pub pace: Span,
    pub connections: usize,
    /// Letters a claim takes at once.
    pub batch: usize,
    pub lease: Span,
    /// How long a mail server may take.
    pub timeouts: TimeoutsSection,
    pub transport: TransportSection,
}

const PHASE: Kind = Kind::Span(1, 3600);

pub const KEYS: &[Key] = &[
    Key::new("mail.from", Kind::Address, "\"duban@cq.gov.cn\""),
    Key::new("mail.from_name", Kind::Text, "\"督办系统\""),
    Key::new("mail.reply_to", Kind::Address, "\"anwei@cq.gov.cn\""),
    Key::new("mail.pace", Kind::Span(0, 3600), "\"1s\""),
    Key::new("mail.connections", Kind::Number(1, 32), "1"),
    Key::new("mail.batch", Kind::Number(1, 1000), "20"),
    Key::new("mail.lease", Kind::Span(10, 86_400), "\"30m\""),
    Key::new("mail.timeouts.connect", PHASE, "\"30s\""),
    Key::new("mail.timeouts.banner", PHASE, "\"5m\""),
    Key::new("mail.timeouts.helo", PHASE, "\"5m\""),
    Key::new("mail.timeouts.mail", PHASE, "\"5m\""),
    Key::new("mail.timeouts.rcpt", PHASE, "\"5m\""),
    Key::new("mail.timeouts.data", PHASE, "\"2m\""),
    Key::new("mail.timeouts.block", PHASE, "\"3m\""),
    Key::new("mail.timeouts.after_dot", PHASE, "\"10m\""),
    Key::new("mail.timeouts.total", PHASE, "\"20m\""),
];

/// What cannot be true at once.
pub fn check(values: &Values) -> Diagnostics {
    let mut wrong = Diagnostics::default();
    let span =
        |key: &str| values.get(key).and_then(|placed| placed.text.parse::<Span>().ok().map(|span| (placed, span.0)));
    if let (Some((at, after_dot)), Some((_, total))) = (span("mail.timeouts.after_dot"), span("mail.timeouts.total"))
        && after_dot > total
    {
        wrong.add(at.wrong(SettingFault::LongAfterDot { total: show_span(total) }));
    }
    let batch = values.get("mail.batch").and_then(|placed| placed.text.parse::<i32>().ok());
    if let (Some((at, lease)), Some((_, total)), Some((_, pace)), Some(batch)) =
        (span("mail.lease"), span("mail.timeouts.total"), span("mail.pace"), batch)
        && lease < total + pace * batch
    {
        wrong.add(at.wrong(SettingFault::ShortLease { least: show_span(total + pace * batch) }));
    }
    wrong
}
