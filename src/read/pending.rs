//! What waits for the office's decision, in one queue: what was filed, what was asked for, 通报建议, misses marked 未提醒.

use chrono::{DateTime, Utc};
use strum::IntoStaticStr;

use crate::domain::phase::Phase;
use crate::store::requests::{Request, RequestKind};
use crate::store::{StoreError, Tx};

/// What kind of decision something waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum PendingKind {
    Review,
    Extension,
    Dispute,
    Unreminded,
    Bulletin,
}

impl PendingKind {
    pub fn code(self) -> &'static str {
        self.into()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub kind: PendingKind,
    pub obligation: i64,
    /// Since when it waits.
    pub since: Option<DateTime<Utc>>,
    /// What was asked, where it is a request of a unit's.
    pub request: Option<Request>,
}

/// All that waits, the longest waiting first.
pub async fn all(tx: &mut Tx) -> Result<Vec<Pending>, StoreError> {
    let waits = |kind, obligation, since| Pending { kind, obligation, since, request: None };
    let mut all: Vec<Pending> = Vec::new();
    for row in tx.live_obligations(Phase::Waiting).await? {
        all.push(waits(PendingKind::Review, row.obligation.id, row.obligation.filed_at));
    }
    for request in tx.pending_requests().await? {
        let kind = match request.kind {
            RequestKind::Extension => PendingKind::Extension,
            RequestKind::Dispute => PendingKind::Dispute,
        };
        all.push(Pending { request: Some(request.clone()), ..waits(kind, request.obligation, Some(request.asked_at)) });
    }
    for row in tx.proposed(usize::MAX).await? {
        all.push(waits(PendingKind::Bulletin, row.obligation.id, row.obligation.round.proposed_at));
    }
    for row in tx.unreminded_misses(usize::MAX).await? {
        all.push(waits(PendingKind::Unreminded, row.obligation.id, row.obligation.round.missed_at));
    }
    all.sort_by_key(|pending| (pending.since, pending.obligation));
    Ok(all)
}
