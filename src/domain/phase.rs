//! Where an obligation stands, and what is true of all that stand there.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::code::coded;

coded!(Phase);

/// Its light follows from this and from whether it is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(test, derive(Default))]
pub enum Phase {
    /// Not open yet.
    #[cfg_attr(test, default)]
    Scheduled,
    Open,
    /// 退回: open again, with a deadline of its own.
    Returned,
    /// 逾期未办: declared missed, can still be made good.
    Missed,
    /// 待审: the quota is met, it closes on acceptance.
    Waiting,
    /// Closed: filed, in time or late.
    Done,
    /// Closed as missed: making good has ended.
    Lapsed,
    /// 免除.
    Waived,
    /// Taken back before it opened: the catalogue, calendar or roster changed.
    Withdrawn,
    /// 异议成立: not its duty.
    Upheld,
}

impl Phase {
    /// Whether boards and reports count it: it has opened, or was closed by somebody before, and was not taken back.
    pub fn is_counted(self) -> bool {
        !matches!(self, Phase::Scheduled | Phase::Withdrawn)
    }

    /// Whether it is counted and not settled for good: somebody or the office still has to do something.
    pub fn is_live(self) -> bool {
        self.is_owed() || self == Phase::Waiting
    }

    /// Whether somebody still has to do something.
    pub fn is_owed(self) -> bool {
        matches!(self, Phase::Open | Phase::Returned | Phase::Missed)
    }

    /// Whether its deadline is still to be met: no miss of it was declared, and nothing sufficient filed.
    pub fn is_pending(self) -> bool {
        matches!(self, Phase::Scheduled | Phase::Open | Phase::Returned)
    }

    /// Whether a miss of it was declared and nothing sufficient has been filed since.
    pub fn is_overdue(self) -> bool {
        matches!(self, Phase::Missed | Phase::Lapsed)
    }

    /// Whether something sufficient was filed, whatever the review.
    pub fn is_filed(self) -> bool {
        matches!(self, Phase::Waiting | Phase::Done)
    }

    /// Whether its owners were let go.
    pub fn is_let_go(self) -> bool {
        matches!(self, Phase::Waived | Phase::Withdrawn | Phase::Upheld)
    }

    /// Whether nothing is left to let go: it was done, or let go already.
    pub fn is_closed(self) -> bool {
        self == Phase::Done || self.is_let_go()
    }
}
