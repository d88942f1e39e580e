//! A series is one duty, owner and form. Its misses in a row decide when 督办 and 通报建议 come early.
//!
//! The rules (the workday rule of a level is in [`super::step`]):
//! - a declared miss counts even if made good later; one filed in time breaks the row; waived, withdrawn, upheld and
//!   未提醒 (until confirmed) neither count nor break; order follows the periods;
//! - from the level's streak on, each miss is told it beside its 催办;
//! - but a series first reaches a level at least one workday after the level below it, on its newest miss.
//!
//! All of it follows from facts that do not depend on when a pass ran, so that a late pass finds the same answer.

use chrono::{DateTime, Utc};

use super::ladder::Ladder;
use super::obligation::Obligation;
use super::phase::Phase;
use super::slot::{MORNING, Slots};

/// What one obligation says about its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: i64,
    /// Its place in the order of periods.
    pub opens_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub weight: Weight,
    /// When its quota was met, if it is.
    pub filed_at: Option<DateTime<Utc>>,
}

/// What an obligation counts as in its series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// A declared miss, with the instant of its declaration.
    Miss(DateTime<Utc>),
    /// Filed in time.
    Breaks,
    /// Neither counts nor breaks.
    Neutral,
}

impl Member {
    /// Reads an obligation as it stands at `now`; `grace_end` is the end of its filing grace, `unreminded` whether its
    /// miss is (or, where it is about to be declared, will be) marked 未提醒.
    pub fn of(obligation: &Obligation, grace_end: DateTime<Utc>, unreminded: bool, now: DateTime<Utc>) -> Member {
        let declared = obligation.round.missed_at.or(obligation.late.then_some(grace_end));
        let undeclared = obligation.phase.is_pending();
        // A miss whose declaration is due in this very pass.
        let due_now = (undeclared && grace_end <= now).then(|| grace_end.max(obligation.settled_to));
        let weight = match (obligation.phase, declared.or(due_now)) {
            (Phase::Waived | Phase::Withdrawn | Phase::Upheld, _) => Weight::Neutral,
            (_, Some(_)) if unreminded && !obligation.round.confirmed => Weight::Neutral,
            (_, Some(at)) => Weight::Miss(at),
            (Phase::Waiting | Phase::Done, None) => Weight::Breaks,
            (_, None) => Weight::Neutral,
        };
        Member {
            id: obligation.id,
            opens_at: obligation.opens_at,
            due_at: obligation.round.due_at,
            weight,
            filed_at: obligation.filed_at,
        }
    }

    fn unmet_at(&self, at: DateTime<Utc>) -> bool {
        self.filed_at.is_none_or(|filed| filed > at)
    }
}

/// Where a miss stands in its row, and when the row alone would bring each level to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Streak {
    /// 1 = the first miss in a row.
    pub position: u32,
    /// The instant of 督办 by the streak.
    pub supervise: Option<DateTime<Utc>>,
    /// The instant of 通报建议 by the streak.
    pub propose: Option<DateTime<Utc>>,
}

struct Miss<'a> {
    member: &'a Member,
    chase: DateTime<Utc>,
}

/// The streak of the obligation `me` among the members of its series, which must be in the order of periods.
pub fn streak(members: &[Member], me: i64, ladder: &Ladder, slots: Slots<'_>) -> Streak {
    let Some(row) = row_of(members, me, slots) else { return Streak::default() };
    let Some(mine) = row.iter().position(|miss| miss.member.id == me) else { return Streak::default() };
    let chased = row.iter().filter(|miss| miss.member.unmet_at(miss.chase)).map(|miss| miss.chase).min();
    let supervise = ladder
        .supervise
        .as_ref()
        .zip(chased)
        .map(|(level, below)| reach(&row, mine, level, below, slots, |miss| miss.chase));
    let propose = ladder
        .propose
        .as_ref()
        .zip(supervise.as_ref().and_then(|reached| reached.first))
        .map(|(level, below)| reach(&row, mine, level, below, slots, |miss| morning(miss.chase, slots)));
    Streak {
        position: u32::try_from(mine + 1).unwrap_or(u32::MAX),
        supervise: supervise.and_then(|reached| reached.mine),
        propose: propose.and_then(|reached| reached.mine),
    }
}

/// The misses in a row that `me` belongs to.
fn row_of<'a>(members: &'a [Member], me: i64, slots: Slots<'_>) -> Option<Vec<Miss<'a>>> {
    let at = members.iter().position(|member| member.id == me)?;
    let breaks = |member: &Member| member.weight == Weight::Breaks;
    let first = members[..at].iter().rposition(breaks).map_or(0, |broken| broken + 1);
    let end = members[at..].iter().position(breaks).map_or(members.len(), |broken| at + broken);
    let row = members[first..end].iter().filter_map(|member| match member.weight {
        Weight::Miss(declared) => Some(Miss { member, chase: slots.from(declared, false) }),
        Weight::Breaks | Weight::Neutral => None,
    });
    Some(row.collect())
}

struct Reached {
    /// When the series first reached the level, by the row or by the workdays.
    first: Option<DateTime<Utc>>,
    /// When the row brings it to `mine`.
    mine: Option<DateTime<Utc>>,
}

fn reach(
    row: &[Miss<'_>],
    mine: usize,
    level: &super::ladder::Level,
    below: DateTime<Utc>,
    slots: Slots<'_>,
    beside: impl Fn(&Miss<'_>) -> DateTime<Utc>,
) -> Reached {
    let by_workday = level.workday.and_then(|n| {
        row.iter()
            .map(|miss| (miss, slots.morning_after(slots.zone.due_day(miss.member.due_at), n)))
            .filter(|(miss, at)| miss.member.unmet_at(*at))
            .map(|(_, at)| at)
            .min()
    });
    let Some(streak) = level.streak.map(|streak| streak as usize) else {
        return Reached { first: by_workday, mine: None };
    };
    let earliest = slots.morning_after(slots.zone.day_of(below), 1);
    // The row reaches the level when its newest miss is long enough in it, told, and not made good: at the earliest a
    // workday after the level below. A row that is broken meanwhile still has been that long.
    let long = row.iter().skip(streak.saturating_sub(1)).map(|miss| beside(miss).max(earliest));
    let by_row = long.filter(|at| newest(row, *at, &beside).is_some_and(|newest| newest + 1 >= streak)).min();
    let first = [by_workday, by_row].into_iter().flatten().min();
    let told = first.filter(|_| mine + 1 >= streak).and_then(|first| {
        let at = beside(&row[mine]);
        if at > first || (at == first && by_row != Some(first)) {
            return Some(at);
        }
        (by_row == Some(first) && newest(row, first, &beside) == Some(mine)).then_some(first)
    });
    Reached { first, mine: told }
}

/// The newest miss of the row that is told by `at`; none if it was made good by then.
fn newest(row: &[Miss<'_>], at: DateTime<Utc>, beside: &impl Fn(&Miss<'_>) -> DateTime<Utc>) -> Option<usize> {
    row.iter().rposition(|miss| beside(miss) <= at).filter(|newest| row[*newest].member.unmet_at(at))
}

fn morning(slot: DateTime<Utc>, slots: Slots<'_>) -> DateTime<Utc> {
    if slots.zone.at(slots.zone.day_of(slot), MORNING) == slot { slot } else { slots.morning_from(slot) }
}
