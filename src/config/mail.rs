//! `[mail]`: who the letters are from, how fast they go, how long a mail server may take.

use chrono::TimeDelta;

use super::{
    section::section,
    transport::TransportSection,
    value::{self, Number, Span},
    values::{Placed, Values},
};
use crate::{
    catalogue::{Diagnostics, mistake::setting::SettingFault},
    mail::{Address, Timeouts},
};

section!(
    "mail",
    struct MailSection {
        from: Address,
        from_name: String,
        /// Where answers go, if not to the sender.
        reply_to: Option<Address>,
        /// One letter in each of these; zero = no pace.
        pace: Span<0, 3600>,
        connections: Number<1, 32>,
        /// Letters a claim takes at once.
        batch: Number<1, 1000>,
        lease: Span<10, 86_400>,
        timeouts: TimeoutsSection,
        transport: TransportSection,
    }
);

type Phase = Span<1, 3600>;

section!(
    "mail.timeouts",
    /// How long a mail server may take for each phase.
    struct TimeoutsSection {
        connect: Phase,
        banner: Phase,
        /// EHLO, STARTTLS, each step of AUTH.
        helo: Phase,
        mail: Phase,
        rcpt: Phase,
        data: Phase,
        block: Phase,
        /// The answer to the final dot.
        after_dot: Phase,
        total: Phase,
    }
);

impl TimeoutsSection {
    pub fn resolve(&self) -> Timeouts {
        Timeouts {
            connect: self.connect.std(),
            banner: self.banner.std(),
            helo: self.helo.std(),
            mail: self.mail.std(),
            rcpt: self.rcpt.std(),
            data: self.data.std(),
            block: self.block.std(),
            after_dot: self.after_dot.std(),
            total: self.total.std(),
        }
    }
}

/// What cannot be true at once.
pub fn check(values: &Values) -> Diagnostics {
    let mut wrong = Diagnostics::default();
    let span = |path: &str| -> Option<(&Placed, TimeDelta)> {
        let placed = values.get(path)?;
        Some((placed, value::length(&placed.text)?))
    };
    let total = span("mail.timeouts.total").map(|(_, total)| total);
    if let (Some((at, after_dot)), Some(total)) = (span("mail.timeouts.after_dot"), total)
        && after_dot > total
    {
        wrong.add(at.wrong(SettingFault::LongAfterDot(value::show(total))));
    }
    let batch = values.get("mail.batch").and_then(|placed| placed.text.parse::<i32>().ok());
    if let (Some((at, lease)), Some(total), Some((_, pace)), Some(batch)) =
        (span("mail.lease"), total, span("mail.pace"), batch)
        && lease < total + pace * batch
    {
        wrong.add(at.wrong(SettingFault::ShortLease(value::show(total + pace * batch))));
    }
    wrong
}
