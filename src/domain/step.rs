//! What time does to an obligation: it opens, reminds, is declared missed, is chased, carried up, and closes as missed.
//! Why somebody got a mail is answered here first: each step names whom it tells, by the ladder that is in force.
//!
//! [`advance`] settles every step up to `now` and says what has to be told to whom. It is the only place that decides
//! a step. Whoever calls it twice, late, or after three days of silence gets the same obligation; only how much is
//! said differs: of steps that were missed the latest speaks, once, to all whom the missed ones would have told.

use std::cell::OnceCell;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::code::coded;
use super::due;
use super::duty::{Cadence, Duty, Form};
use super::ladder::{Class, Ladder, Level, When};
use super::obligation::Obligation;
use super::phase::Phase;
use super::series::{self, Member, Streak};
use super::slot::{END_OF_OFFICE_HOURS, MORNING, Slots};
use super::unit::Role;
use super::window::grace_end;
use super::world::World;

coded!(NoticeKind, Move);

/// What a notice is about, in rising gravity; events stand apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum NoticeKind {
    /// A deadline that a holiday notice has moved.
    Moved,
    /// A request of the unit waits for its leader's view.
    View,
    /// 办理结果: what the office has decided.
    Decided,
    Remind,
    /// 催办, and an open miss in the liaison's morning letter.
    Chase,
    /// 督办.
    Supervise,
    /// 通报建议, on the digest for the office to decide.
    Propose,
    Event,
}

/// Something to be told: one obligation, one step, the posts it goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    pub at: DateTime<Utc>,
    pub kind: NoticeKind,
    /// To which posts of each owner; `Office` is the office's own.
    pub to: Vec<Role>,
    /// Whether it only stands in the morning letter once more.
    pub stands: bool,
}

/// One thing that happened, for the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// When it was due to happen.
    pub at: DateTime<Utc>,
    pub what: Move,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Move {
    Open,
    Remind,
    Miss,
    /// 催办.
    Chase,
    /// It stands in the liaison's morning letter.
    Stand,
    /// 督办.
    Supervise,
    /// 通报建议.
    Propose,
    Lapse,
}

/// What a decision needs besides the obligation itself.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub duty: &'a Duty,
    pub ladder: &'a Ladder,
    /// The catalogue, roster, calendar and zone.
    pub world: &'a World<'a>,
    /// Its series around it, in the order of periods. Needed where [`Needs::series`] says so.
    pub series: &'a [Member],
    /// Whether the mail server took one of its reminders before the due instant. Needed where [`Needs::proof`] says so.
    pub reminder_taken: bool,
    /// What became of its 催办. Needed where [`Needs::chased`] says so; else [`Chased::Waiting`] will do.
    pub chased: Chased,
}

/// What became of a miss's 催办, which making good waits for: our outage is not theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chased {
    /// The mail server has not taken it yet: making good does not end.
    #[default]
    Waiting,
    /// The mail server took it then, for the first of its posts.
    Taken(DateTime<Utc>),
    /// None of its posts can be told: the office is, on its digest, and the ordinary limit holds.
    Untold,
}

impl Chased {
    /// As it will stand if the mail server takes every 催办 in its slot: for whoever looks ahead.
    pub fn in_its_slot(obligation: &Obligation) -> Chased {
        obligation.round.chased_at.map_or(Chased::Waiting, Chased::Taken)
    }

    /// What still waits, as taken at that instant.
    #[must_use]
    pub fn or_taken(self, at: DateTime<Utc>) -> Chased {
        if self == Chased::Waiting { Chased::Taken(at) } else { self }
    }
}

/// What [`advance`] will have to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    pub series: bool,
    /// Whether a reminder was taken by the mail server in time.
    pub proof: bool,
    /// What became of its 催办.
    pub chased: bool,
}

/// What [`advance`] decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    pub obligation: Obligation,
    pub tellings: Vec<Telling>,
    pub events: Vec<Moved>,
}

impl<'a> Context<'a> {
    fn slots(&self) -> Slots<'a> {
        Slots { calendar: self.world.calendar, zone: self.world.zone }
    }

    fn class(&self) -> Class {
        self.ladder.class
    }
}

/// The reminders of the deadline in force, in order: when and to whom. Those that land in one slot are one.
pub fn reminders(obligation: &Obligation, ladder: &Ladder, slots: Slots<'_>) -> Vec<(DateTime<Utc>, Vec<Role>)> {
    let mut steps: Vec<(DateTime<Utc>, Vec<Role>)> = Vec::new();
    for reminder in &ladder.reminders {
        let at = reminder_instant(obligation, ladder, reminder.when, slots);
        if at < obligation.opens_at {
            continue;
        }
        match steps.iter_mut().find(|(instant, _)| *instant == at) {
            Some((_, roles)) => join_roles(roles, &reminder.to),
            None => steps.push((at, reminder.to.clone())),
        }
    }
    steps.sort_by_key(|(at, _)| *at);
    steps
}

fn reminder_instant(obligation: &Obligation, ladder: &Ladder, when: When, slots: Slots<'_>) -> DateTime<Utc> {
    let due_day = slots.zone.due_day(obligation.round.due_at);
    let wanted = match when {
        When::Opening => return obligation.opens_at,
        When::HalfTime => return obligation.opens_at + (obligation.round.due_at - obligation.opens_at) / 2,
        When::AtDue => return obligation.round.due_at,
        When::WorkdaysBefore(n) => slots.zone.at(slots.calendar.workdays_before(due_day, n), MORNING),
        When::DueDay(time) => slots.zone.at(due_day, time),
    };
    let any_day = ladder.any_day || obligation.form == Form::Node;
    let slot = slots.from(wanted, any_day);
    if slot < obligation.round.due_at { slot } else { slots.before(obligation.round.due_at, any_day) }
}

fn join_roles(roles: &mut Vec<Role>, more: &[Role]) {
    for role in more {
        if !roles.contains(role) {
            roles.push(*role);
        }
    }
    roles.sort();
}

/// When making good ends; `None` = it stays open until done, or until its 催办 is out. It never ends before 18:00 of the
/// workday on which the mail server took that.
pub fn lapse_at(obligation: &Obligation, context: &Context<'_>) -> Option<DateTime<Utc>> {
    let ordinary = ordinary_lapse(obligation, context)?;
    if context.ladder.chase.is_empty() {
        return Some(ordinary);
    }
    match context.chased {
        Chased::Waiting => None,
        Chased::Taken(at) => Some(ordinary.max(context.slots().office_end_from(at))),
        // Mornings on which it stood have been settled while it was tried.
        Chased::Untold => Some(ordinary.max(obligation.settled_to)),
    }
}

/// Until when a miss can be made good by what is known now: a 催办 that still waits counts as taken now.
pub fn good_until(obligation: &Obligation, context: &Context<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    lapse_at(obligation, &Context { chased: context.chased.or_taken(now), ..*context })
}

/// When making good ends where the mail server took the 催办 in its slot.
fn ordinary_lapse(obligation: &Obligation, context: &Context<'_>) -> Option<DateTime<Utc>> {
    if matches!(context.duty.cadence, Cadence::Once(_) | Cadence::OnEvent { .. }) {
        return None;
    }
    let slots = context.slots();
    let chase = slots.from(grace_end(context.ladder, obligation.round.due_at, slots), false);
    let chase_day_end = slots.zone.at(slots.zone.day_of(chase), END_OF_OFFICE_HOURS);
    let next_due = due::next_due(context.world, context.duty, obligation.form, obligation.round.due_at);
    let limit = context.ladder.node_day_limit.filter(|_| context.duty.cadence == Cadence::EachNodeDay);
    let limit = limit.filter(|_| obligation.form == Form::Cadence).map(|n| {
        slots
            .zone
            .at(slots.calendar.workdays_after(slots.zone.due_day(obligation.round.due_at), n), END_OF_OFFICE_HOURS)
    });
    match (next_due.map(|next| next.max(chase_day_end)), limit) {
        (Some(lapse), Some(limit)) => Some(lapse.min(limit)),
        (lapse, limit) => lapse.or(limit),
    }
}

/// What [`advance`] will have to know to settle this obligation up to `now`: of the context, its duty, ladder and world
/// alone are asked.
pub fn needs(obligation: &Obligation, context: &Context<'_>, now: DateTime<Utc>) -> Needs {
    let Context { duty, ladder, .. } = context;
    let slots = context.slots();
    let open = obligation.phase.is_pending();
    let declares = open && grace_end(ladder, obligation.round.due_at, slots) <= now;
    let missed = declares || obligation.phase.is_overdue();
    let pending = |level: &Option<Level>, told: Option<DateTime<Utc>>| {
        told.is_none() && level.as_ref().is_some_and(|level| level.streak.is_some())
    };
    let repeats = !matches!(duty.cadence, Cadence::Once(_) | Cadence::OnEvent { .. });
    Needs {
        series: missed
            && repeats
            && (pending(&ladder.supervise, obligation.round.supervised_at)
                || pending(&ladder.propose, obligation.round.proposed_at)),
        proof: declares,
        chased: obligation.phase == Phase::Missed
            && obligation.round.chased_at.is_some()
            && ordinary_lapse(obligation, context).is_some_and(|lapse| lapse <= now),
    }
}

/// Settles every step up to `now`.
pub fn advance(obligation: &Obligation, context: &Context<'_>, now: DateTime<Utc>) -> Advance {
    let mut next = obligation.clone();
    let mut told: Vec<Telling> = Vec::new();
    let mut events = Vec::new();
    // The place in the row of misses does not change while the obligation is settled.
    let streak = OnceCell::new();
    while let Some((at, what)) = next_step(&next, context, &streak) {
        if at > now {
            next.wait(Some(look_again(&next, context, now).map_or(at, |look| look.min(at))));
            return Advance { obligation: next, tellings: merged(told), events };
        }
        told.extend(apply(&mut next, context, &streak, at, what));
        // That it stands in another morning's letter is no news for the log.
        if what != Move::Stand {
            events.push(Moved { at, what });
        }
    }
    next.wait(None);
    Advance { obligation: next, tellings: merged(told), events }
}

/// When to look again whether a 催办 has gone out: where making good would have ended, then each workday at 18:00.
fn look_again(obligation: &Obligation, context: &Context<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if obligation.phase != Phase::Missed || context.chased != Chased::Waiting {
        return None;
    }
    let ordinary = ordinary_lapse(obligation, context)?;
    Some(if ordinary > now { ordinary } else { context.slots().office_end_from(now + TimeDelta::seconds(1)) })
}

/// The next step of an obligation and its instant, which may be past.
pub fn upcoming(obligation: &Obligation, context: &Context<'_>) -> Option<(DateTime<Utc>, Move)> {
    next_step(obligation, context, &OnceCell::new())
}

/// As [`upcoming`], with the place in the row of misses where it has been worked out before.
fn next_step(
    obligation: &Obligation,
    context: &Context<'_>,
    streak: &OnceCell<Streak>,
) -> Option<(DateTime<Utc>, Move)> {
    let slots = context.slots();
    match obligation.phase {
        Phase::Scheduled => Some((obligation.opens_at, Move::Open)),
        Phase::Open | Phase::Returned => {
            let miss = grace_end(context.ladder, obligation.round.due_at, slots);
            // Reopened after its deadline: missed from then on.
            let miss = if miss >= obligation.settled_to { miss } else { obligation.settled_to + TimeDelta::seconds(1) };
            let remind = reminders(obligation, context.ladder, slots)
                .into_iter()
                .map(|(at, _)| at)
                .find(|at| *at > obligation.settled_to);
            [remind.map(|at| (at, Move::Remind)), Some((miss, Move::Miss))].into_iter().flatten().min()
        }
        Phase::Missed | Phase::Lapsed => upcoming_after_miss(obligation, context, streak),
        Phase::Waiting | Phase::Done | Phase::Waived | Phase::Withdrawn | Phase::Upheld => None,
    }
}

fn upcoming_after_miss(
    obligation: &Obligation,
    context: &Context<'_>,
    streak: &OnceCell<Streak>,
) -> Option<(DateTime<Utc>, Move)> {
    let slots = context.slots();
    let missed_at = obligation.round.missed_at?;
    let chase = slots.from(missed_at, false);
    let chases = !context.ladder.chase.is_empty();
    let open = obligation.phase == Phase::Missed;
    let stand = open && chases && obligation.round.chased_at.is_some();
    let (supervise, propose) = levels(obligation, context, streak);
    [
        (chases && obligation.round.chased_at.is_none()).then_some((chase, Move::Chase)),
        stand.then(|| (slots.morning_from(obligation.settled_to.max(chase) + TimeDelta::seconds(1)), Move::Stand)),
        supervise.map(|at| (at, Move::Supervise)),
        propose.map(|at| (at, Move::Propose)),
        lapse_at(obligation, context).filter(|_| open).map(|at| (at, Move::Lapse)),
    ]
    .into_iter()
    .flatten()
    .min()
}

/// When 督办 and 通报建议 come next, if they still do: the earlier of the workday and the streak.
fn levels(
    obligation: &Obligation,
    context: &Context<'_>,
    streak: &OnceCell<Streak>,
) -> (Option<DateTime<Utc>>, Option<DateTime<Utc>>) {
    let streak = streak.get_or_init(|| streak_of(obligation, context));
    let slots = context.slots();
    let due_day = slots.zone.due_day(obligation.round.due_at);
    let earlier = |level: &Option<Level>, told: Option<DateTime<Utc>>, by_row: Option<DateTime<Utc>>| {
        let workday = level.as_ref()?.workday.map(|n| slots.morning_after(due_day, n));
        let ahead = |at: &DateTime<Utc>| told.is_none() && *at >= obligation.settled_to;
        [workday, by_row].into_iter().flatten().filter(ahead).min()
    };
    (
        earlier(&context.ladder.supervise, obligation.round.supervised_at, streak.supervise),
        earlier(&context.ladder.propose, obligation.round.proposed_at, streak.propose),
    )
}

/// Where the obligation stands in its row of misses.
fn streak_of(obligation: &Obligation, context: &Context<'_>) -> Streak {
    series::streak(context.series, obligation.id, context.ladder, context.slots())
}

fn apply(
    next: &mut Obligation,
    context: &Context<'_>,
    streak: &OnceCell<Streak>,
    at: DateTime<Utc>,
    what: Move,
) -> Option<Telling> {
    let say = |kind: NoticeKind, to: &[Role]| Some(Telling { at, kind, to: to.to_vec(), stands: what == Move::Stand });
    let level = |level: &Option<Level>| level.as_ref().map(|level| level.to.clone()).unwrap_or_default();
    let Context { ladder, .. } = context;
    match what {
        Move::Open => {
            next.open(at);
            None
        }
        Move::Remind => {
            next.remind(at);
            let steps = reminders(next, ladder, context.slots());
            let to = steps.into_iter().find(|(step, _)| *step == at).map(|(_, to)| to).unwrap_or_default();
            say(reminder_kind(next, context, at), &to)
        }
        Move::Miss => {
            next.miss(at, unreminded(next, ladder, context.slots(), context.reminder_taken));
            if ladder.at_once.is_empty() { None } else { say(NoticeKind::Event, &ladder.at_once) }
        }
        Move::Chase => {
            next.chase(at, streak.get_or_init(|| streak_of(next, context)).position);
            say(NoticeKind::Chase, &ladder.chase)
        }
        Move::Stand => {
            next.stand(at);
            say(NoticeKind::Chase, &[Role::Liaison])
        }
        Move::Supervise => {
            next.supervise(at);
            say(NoticeKind::Supervise, &level(&ladder.supervise))
        }
        Move::Propose => {
            next.propose(at);
            say(NoticeKind::Propose, &level(&ladder.propose))
        }
        Move::Lapse => {
            next.lapse(at);
            None
        }
    }
}

/// Events by the clock speak through event letters alone; those in days only when they open.
fn reminder_kind(obligation: &Obligation, context: &Context<'_>, at: DateTime<Utc>) -> NoticeKind {
    match context.class() {
        Class::EventHours => NoticeKind::Event,
        Class::EventDays if at == obligation.opens_at => NoticeKind::Event,
        _ => NoticeKind::Remind,
    }
}

/// Whether a miss of the deadline in force is 未提醒: a reminder was due in this round and the mail server took none.
pub fn unreminded(obligation: &Obligation, ladder: &Ladder, slots: Slots<'_>, taken: bool) -> bool {
    let due = |(at, _): &(DateTime<Utc>, Vec<Role>)| *at > obligation.round.armed_at && *at < obligation.round.due_at;
    !taken && reminders(obligation, ladder, slots).iter().any(due)
}

/// Of several instants only the latest speaks, as gravely as the gravest, to all who would have been told.
/// 通报建议 is for the office alone and stays by itself.
fn merged(told: Vec<Telling>) -> Vec<Telling> {
    let (propose, rest): (Vec<_>, Vec<_>) = told.into_iter().partition(|telling| telling.kind == NoticeKind::Propose);
    let one_instant = rest.windows(2).all(|pair| pair[0].at == pair[1].at);
    let mut tellings = if one_instant { rest } else { loudest(&rest).into_iter().collect() };
    tellings.extend(propose.into_iter().last());
    tellings
}

fn loudest(told: &[Telling]) -> Option<Telling> {
    // A miss that only stands in the letter does not silence the 催办 or 督办 before it.
    let loudest =
        told.iter().max_by_key(|telling| (telling.kind == NoticeKind::Supervise, !telling.stands, telling.at))?;
    let mut to = Vec::new();
    for telling in told {
        join_roles(&mut to, &telling.to);
    }
    Some(Telling { to, ..loudest.clone() })
}
