//! `[mail]`: who the letters are from, how fast they go, how long a mail server may take.

use super::section::section;
use super::transport::TransportSection;
use super::value::{self, Number, Span};
use super::values::Values;
use crate::catalogue::Diagnostics;
use crate::catalogue::mistake::setting::SettingFault;
use crate::mail::{Address, Timeouts};

section!(
    "mail",
    struct MailSection {
        from: Address,
        from_name: String,
        /// Where answers go, if not to the sender.
        reply_to: Option<Address>,
        /// One letter in each of these; zero = no pace.
        pace: PaceSpan,
        connections: Number<1, 32>,
        /// Letters a claim takes at once.
        batch: BatchSize,
        lease: LeaseSpan,
        timeouts: TimeoutsSection,
        transport: TransportSection,
    }
);

type PaceSpan = Span<0, 3600>;
type BatchSize = Number<1, 1000>;
type LeaseSpan = Span<10, 86_400>;
type PhaseSpan = Span<1, 3600>;

section!(
    "mail.timeouts",
    /// How long a mail server may take for each phase.
    struct TimeoutsSection {
        connect: PhaseSpan,
        banner: PhaseSpan,
        /// EHLO, STARTTLS, each step of AUTH.
        helo: PhaseSpan,
        mail: PhaseSpan,
        rcpt: PhaseSpan,
        data: PhaseSpan,
        block: PhaseSpan,
        /// The answer to the final dot.
        after_dot: PhaseSpan,
        total: PhaseSpan,
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
    let Some((_, Span(total))) = values.read::<PhaseSpan>("mail.timeouts.total") else { return wrong };
    if let Some((at, Span(after_dot))) = values.read::<PhaseSpan>("mail.timeouts.after_dot")
        && after_dot > total
    {
        wrong.add(at.wrong(SettingFault::LongAfterDot(value::show(total))));
    }
    if let (Some((at, Span(lease))), Some((_, Span(pace))), Some((_, batch))) = (
        values.read::<LeaseSpan>("mail.lease"),
        values.read::<PaceSpan>("mail.pace"),
        values.read::<BatchSize>("mail.batch"),
    ) {
        let least = total + pace * i32::try_from(batch.0).unwrap_or(i32::MAX);
        if lease < least {
            wrong.add(at.wrong(SettingFault::ShortLease(value::show(least))));
        }
    }
    wrong
}
