//! A holiday notice is taken in: it speaks for whole years, or for one holiday of a year, and what was listed for that gives
//! way to it. What changes can be seen before; what is in doubt is taken in only when somebody confirms it.
//!
//! What has not opened is recomputed by the next pass. What is open moves later, never earlier, where its deadline would lie
//! on a day off that its rule rolls over ([`due::moved`]), or with its node; its reminders look for their slots anew.

use chrono::TimeDelta;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Actor, Result, refuse};
use crate::catalogue::ListedDays;
use crate::domain::action::Action;
use crate::domain::calendar::Calendar;
use crate::domain::due;
use crate::domain::notice::{self, Differences};
use crate::domain::obligation::Obligation;
use crate::domain::period::Period;
use crate::domain::phase::Phase;
use crate::domain::refusal::setting::SettingRefusal;
use crate::domain::step::NoticeKind;
use crate::domain::unit::{PostId, Role};
use crate::engine::Result as Done;
use crate::engine::known::{Known, touch};
use crate::store::Tx;
use crate::store::notices::NewNotice;
use crate::store::row::Stored;

/// Whether somebody has looked at what is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed<'a> {
    No,
    Yes,
    /// At the differences with this mark, and at no others: see [`mark`].
    Shown(&'a str),
}

/// What taking in a notice has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub differences: Differences,
    /// The open obligations whose deadline moved.
    pub moved: Vec<Stored>,
}

/// What a notice would change.
pub fn differences(before: &Calendar, listed: &ListedDays) -> Differences {
    notice::compare(before, &listed.over(before), &listed.years)
}

/// What stands for these differences: whoever confirms them gives it back.
pub fn mark(differences: &Differences) -> String {
    hex::encode(Sha256::digest(format!("{differences:?}")))
}

impl Actor<'_> {
    /// Takes a notice in.
    ///
    /// # Errors
    /// It lists nothing or changes nothing, it is in doubt and was not confirmed, or it is neither the office nor the
    /// administrator that imports.
    pub async fn import_calendar(&self, listed: &ListedDays, confirmed: Confirmed<'_>) -> Result<Imported> {
        self.require_settings()?;
        if listed.days.is_empty() {
            return refuse(SettingRefusal::NoDayListed);
        }
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        let differences = differences(&tx.calendar().await?, listed);
        match confirmed {
            Confirmed::Shown(shown) if shown != mark(&differences) => return refuse(SettingRefusal::OtherThanShown),
            Confirmed::No if !differences.doubts.is_empty() => {
                return refuse(SettingRefusal::NoticeInDoubt(differences.doubts));
            }
            _ => {}
        }
        let moved = self.import_calendar_in(&mut tx, listed).await?;
        tx.commit().await?;
        Ok(Imported { differences, moved })
    }

    /// As [`Actor::import_calendar`], in a transaction that is open already and has moved the revision on. Returns what moved.
    pub(super) async fn import_calendar_in(&self, tx: &mut Tx, listed: &ListedDays) -> Result<Vec<Stored>> {
        let before = tx.calendar().await?;
        let after = listed.over(&before);
        if before == after {
            return Ok(Vec::new());
        }
        let days = before.listed.keys().chain(after.listed.keys());
        if let (Some(first), Some(last)) = (days.clone().min(), days.max()) {
            tx.replace_calendar_days(*first, *last, &after.listed).await?;
        }
        tx.wake_open_obligations(self.now).await?;
        let detail = json!({ "years": listed.years, "days": listed.days.len() });
        self.note(tx, Action::ImportCalendar, &detail).await?;
        self.move_open(tx).await
    }

    /// Moves the deadlines of what is open.
    async fn move_open(&self, tx: &mut Tx) -> Result<Vec<Stored>> {
        let known = Known::read(tx, self.known.zone).await?;
        let mut moved = Vec::new();
        for phase in [Phase::Open, Phase::Returned, Phase::Missed] {
            for stored in tx.live_obligations(phase).await? {
                let Some(next) = self.moved(&known, &stored)? else { continue };
                let detail = json!({ "from": stored.obligation.round.due_at, "until": next.round.due_at });
                let row = self.write(tx, &stored, next, Action::MoveDeadline, &detail).await?;
                if row.obligation.round.due_at > stored.obligation.round.due_at {
                    tx.insert_notices(&self.told(&known, &stored.obligation, &row.obligation)).await?;
                    moved.push(row);
                }
            }
        }
        Ok(moved)
    }

    /// What tells of a moved deadline, in the next slot: its liaison, and whoever had been told of a miss.
    fn told(&self, known: &Known, before: &Obligation, after: &Obligation) -> Vec<NewNotice> {
        let missed = before.phase == Phase::Missed && before.round.chased_at.is_some();
        let roles =
            [Some(Role::Liaison), missed.then_some(Role::Deputy), before.round.supervised_at.map(|_| Role::Head)];
        let roles: Vec<Role> = roles.into_iter().flatten().collect();
        let at = known.slots().from(self.now + TimeDelta::seconds(1), false);
        let notice = |post: PostId| NewNotice {
            obligation: after.id,
            round: after.round.number,
            kind: NoticeKind::Moved,
            at,
            post,
            created_at: self.now,
        };
        known.posts_of(after, &roles).into_iter().map(notice).collect()
    }

    /// An open obligation with the deadline that the calendar gives it now; `None` = it stays.
    fn moved(&self, known: &Known, stored: &Stored) -> Done<Option<Obligation>> {
        let obligation = &stored.obligation;
        let rules = known.rules(stored, known.zone.day_of(self.now))?;
        let world = known.world(rules.catalogue);
        let period = Period::parse(&obligation.period, &rules.duty.cadence, obligation.form).ok();
        if let Some(Period::Node(key)) = &period {
            // Its end is that of its node, wherever the run of days off ends now.
            let last = world.node(key).map(|node| node.last);
            let later = last.filter(|last| known.zone.end_of(*last) > obligation.first_due_at);
            return Ok(later.and_then(|last| obligation.node_moved(known.zone, last, self.now)));
        }
        // A deadline that the office has set follows no period's rule.
        let period = period.filter(|_| obligation.round.number == 0);
        let due_at = due::moved(&world, rules.duty, period.as_ref(), obligation.round.due_at);
        Ok(due_at.and_then(|due_at| obligation.moved_by_calendar(known.zone, due_at, self.now)))
    }
}
