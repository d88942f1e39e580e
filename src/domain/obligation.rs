//! An obligation = duty × owner × period, and every change that can happen to one.
//!
//! What time does is decided in [`super::step`], which asks for the changes here one by one; what people do is here whole,
//! with what refuses it. Each change gives a new value or alters one that its caller owns; nobody else writes a field.

use std::ops::Deref;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::calendar::Zone;
use super::duty::{Duty, DutyId, Form};
use super::phase::Phase;
use super::plan::Owed;
use super::quota::Standing;
use super::refusal::obligation::ObligationRefusal;
use super::round::Round;
use super::unit::UnitName;

/// What is kept of an obligation, for everybody to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The database's number for it; 0 = not stored yet.
    pub id: i64,
    /// Counts its changes: what compare-and-swap compares.
    pub revision: i64,
    pub duty: DutyId,
    pub form: Form,
    /// Who owes it: one unit, or all owners of a joint one.
    pub owners: Vec<UnitName>,
    /// Whether any of the owners can fulfil it for all.
    pub joint: bool,
    /// The period's key (`2022-Q1`, `node:2022-10-01`).
    pub period: String,
    pub opens_at: DateTime<Utc>,
    /// Where its period ends.
    pub period_end: DateTime<Utc>,
    /// The deadline it was made with.
    pub first_due_at: DateTime<Utc>,
    /// The civil day of that deadline less one second: the day, and the month, in which it is counted for good.
    pub due_on: NaiveDate,
    pub phase: Phase,
    /// Whether a reminder has come due.
    pub reminded: bool,
    /// Late is late for ever: a filing that met the quota came after the deadline it had.
    pub late: bool,
    /// Whether the filing that was first returned was late; refiled in time keeps that light.
    pub returned_late: Option<bool>,
    /// Why it was returned the last time; it stands wherever the obligation stands until it is accepted.
    pub return_reason: Option<String>,
    /// When the quota was met.
    pub filed_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub accepted_at: Option<DateTime<Utc>>,
    pub round: Round,
    /// Steps up to this instant have been settled.
    pub settled_to: DateTime<Utc>,
    /// When anything will have to happen to it next.
    pub next_at: Option<DateTime<Utc>>,
}

/// Its facts can be read; they change by its methods alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Obligation(Facts);

impl Deref for Obligation {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

/// As the store has it.
impl From<Facts> for Obligation {
    fn from(facts: Facts) -> Obligation {
        Obligation(facts)
    }
}

/// Made, and made anew.
impl Obligation {
    /// An obligation as the plan gives it, before anything has happened to it. Steps up to `armed_at` are void.
    pub fn planned(owed: Owed, joint: bool, armed_at: DateTime<Utc>, zone: Zone) -> Obligation {
        Obligation(Facts {
            id: 0,
            revision: 0,
            duty: owed.duty,
            form: owed.form,
            owners: owed.owners,
            joint,
            period: owed.period.to_string(),
            opens_at: owed.opens_at,
            period_end: owed.period_end,
            first_due_at: owed.due_at,
            due_on: zone.due_day(owed.due_at),
            phase: Phase::Scheduled,
            reminded: false,
            late: false,
            returned_late: None,
            return_reason: None,
            filed_at: None,
            closed_at: None,
            accepted_at: None,
            round: Round::begun(0, owed.due_at, armed_at),
            settled_to: armed_at,
            next_at: Some(owed.opens_at),
        })
    }

    /// What the plan says now, before it has opened. A deadline that the office moved stays moved.
    #[must_use]
    pub fn replanned(&self, planned: Obligation) -> Obligation {
        let mut next = planned;
        (next.0.id, next.0.revision) = (self.id, self.revision);
        if self.round.number > 0 && self.phase != Phase::Withdrawn {
            next.0.round.due_at = self.round.due_at;
            next.0.round.number = self.round.number;
        }
        next
    }

    /// Taken back before it opened: the catalogue, calendar or roster changed.
    #[must_use]
    pub fn withdrawn(&self, now: DateTime<Utc>) -> Obligation {
        self.closed_as(Phase::Withdrawn, now)
    }

    /// A node's end was moved: what is owed once for it and is open already gets the new deadline, but one that the
    /// office moved later stays there. `None` = it does not concern it.
    pub fn node_moved(&self, zone: Zone, last_day: NaiveDate, now: DateTime<Utc>) -> Option<Obligation> {
        if self.form != Form::Node || !self.phase.is_pending() || self.opens_at > now {
            return None;
        }
        let due_at = zone.end_of(last_day);
        let mut next = self.clone();
        next.0.period_end = due_at;
        next.0.first_due_at = due_at;
        next.0.due_on = last_day;
        next.0.round.due_at = if self.round.number > 0 { self.round.due_at.max(due_at) } else { due_at };
        next.0.next_at = Some(now);
        Some(next)
    }

    /// A revised notice has made the day of its deadline a day off: what is open gets the later one. A miss is undone where
    /// that lies ahead. `None` = it does not concern it.
    pub fn moved_by_calendar(&self, zone: Zone, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<Obligation> {
        let undone = self.phase == Phase::Missed && due_at > now;
        if !(self.phase.is_pending() || undone) || self.opens_at > now || due_at <= self.round.due_at {
            return None;
        }
        let mut next = self.clone();
        if self.round.number == 0 {
            next.0.first_due_at = due_at;
            next.0.due_on = zone.due_day(due_at);
        }
        next.0.round.due_at = due_at;
        next.0.next_at = Some(now);
        if undone {
            next.0.phase = Phase::Open;
            next.0.round = Round::begun(self.round.number, due_at, now);
            next.rearm(now);
        }
        Some(next)
    }

    /// One of its owners is gone; it goes on with the others. `None` = there are no others.
    pub fn without(&self, owner: &UnitName) -> Option<Obligation> {
        let mut next = self.clone();
        next.0.owners.retain(|other| other != owner);
        (!next.owners.is_empty()).then_some(next)
    }

    /// One of its owners has another for its successor; owed by that one already, it is owed once.
    #[must_use]
    pub fn succeeded(&self, owner: &UnitName, successor: &UnitName) -> Obligation {
        let mut next = self.clone();
        let known = next.owners.contains(successor);
        next.0.owners.retain(|other| !known || other != owner);
        for other in next.0.owners.iter_mut().filter(|other| *other == owner) {
            *other = successor.clone();
        }
        next
    }

    /// The store has written it: the next change is compared with this one.
    pub fn written(&mut self) {
        self.0.revision += 1;
    }

    /// Cannot be worked on now: left alone until then.
    pub fn put_off(&mut self, until: DateTime<Utc>) {
        self.0.next_at = Some(until);
    }

    /// The unit that owes it on its own; `None` where several owe it together.
    pub fn sole_owner(&self) -> Option<&UnitName> {
        self.owners.first().filter(|_| !self.joint)
    }
}

/// What time does, a change a step. Each says at which instant it was due.
impl Obligation {
    fn settle(&mut self, at: DateTime<Utc>) {
        self.0.settled_to = self.settled_to.max(at);
    }

    pub(super) fn open(&mut self, at: DateTime<Utc>) {
        self.0.phase = Phase::Open;
        // Steps of the opening instant itself are still to come.
        self.settle(at - TimeDelta::seconds(1));
    }

    pub(super) fn remind(&mut self, at: DateTime<Utc>) {
        self.0.reminded = true;
        self.settle(at);
    }

    pub(super) fn miss(&mut self, at: DateTime<Utc>, unreminded: bool) {
        self.0.phase = Phase::Missed;
        self.0.round.missed_at = Some(at);
        self.0.round.unreminded = unreminded;
        self.settle(at);
    }

    /// 催办, at that place in its row of misses; 0 = it stands in none.
    pub(super) fn chase(&mut self, at: DateTime<Utc>, place: u32) {
        self.0.round.chased_at = Some(at);
        self.0.round.streak = i32::try_from(place).ok().filter(|place| *place > 0);
        self.settle(at);
    }

    /// It stands in another morning's letter.
    pub(super) fn stand(&mut self, at: DateTime<Utc>) {
        self.settle(at);
    }

    pub(super) fn supervise(&mut self, at: DateTime<Utc>) {
        self.0.round.supervised_at = Some(at);
        self.settle(at);
    }

    pub(super) fn propose(&mut self, at: DateTime<Utc>) {
        self.0.round.proposed_at = Some(at);
        self.settle(at);
    }

    /// Making good has ended.
    pub(super) fn lapse(&mut self, at: DateTime<Utc>) {
        self.0.phase = Phase::Lapsed;
        self.0.closed_at = Some(at);
        self.settle(at);
    }

    /// All is settled; the next step comes then, if one does.
    pub(super) fn wait(&mut self, next_at: Option<DateTime<Utc>>) {
        self.0.next_at = next_at;
    }
}

/// What filings do.
impl Obligation {
    /// Takes the filings into account after any of them came, was corrected, withdrawn or returned, or after the
    /// deadline moved. `filed_by` is the end of the filing grace.
    #[must_use]
    pub fn reconsidered(
        &self,
        duty: &Duty,
        standing: Standing,
        filed_by: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Obligation {
        let mut next = self.clone();
        match (standing, self.phase) {
            (_, phase) if phase.is_let_go() => {}
            // A filing before the opening is kept; it is judged when the obligation opens.
            (Standing::Unmet, phase) if phase.is_filed() && self.accepted_at.is_none() => next.reopen(now),
            (Standing::Unmet, _) => {}
            (Standing::InTime(at), _) => {
                // Refiled in time after a return, it keeps the light of the first filing.
                next.0.late = self.returned_late.unwrap_or(false);
                if !next.late {
                    next.0.round.missed_at = None;
                }
                next.meet(duty, at, now);
            }
            (Standing::Late(at), _) => {
                // Filed before a pass could declare the miss: it was one from the end of the grace on.
                next.0.late = true;
                next.0.round.missed_at = Some(self.round.missed_at.unwrap_or(filed_by));
                next.meet(duty, at, now);
            }
        }
        next
    }

    fn meet(&mut self, duty: &Duty, at: DateTime<Utc>, now: DateTime<Utc>) {
        self.0.filed_at = Some(at);
        self.0.next_at = None;
        // What was returned once is looked at again, whatever the duty says.
        let reviewed = duty.review_first || self.returned_late.is_some();
        if reviewed && self.accepted_at.is_none() {
            self.0.phase = Phase::Waiting;
            self.0.closed_at = None;
        } else {
            self.0.phase = Phase::Done;
            self.0.closed_at = self.closed_at.or(Some(now));
        }
    }

    /// Open again with the deadline it had: what was filed no longer is enough.
    fn reopen(&mut self, now: DateTime<Utc>) {
        self.0.phase = Phase::Open;
        self.0.filed_at = None;
        self.0.closed_at = None;
        self.0.round.missed_at = None;
        self.0.round.armed_at = now;
        self.rearm(now);
    }

    fn rearm(&mut self, now: DateTime<Utc>) {
        self.0.settled_to = now;
        self.0.next_at = Some(now);
    }

    /// A new deadline begins a new round.
    fn restart(&mut self, due_at: DateTime<Utc>, now: DateTime<Utc>) {
        self.0.round = self.round.next(due_at, now);
        self.0.closed_at = None;
        self.rearm(now);
    }
}

/// What the office decides.
impl Obligation {
    /// 通过.
    pub fn accepted(&self, now: DateTime<Utc>) -> Result<Obligation, ObligationRefusal> {
        if !self.phase.is_filed() {
            return Err(ObligationRefusal::NothingToAccept);
        }
        if self.accepted_at.is_some() {
            return Err(ObligationRefusal::AlreadyAccepted);
        }
        let mut next = self.clone();
        next.0.phase = Phase::Done;
        next.0.accepted_at = Some(now);
        next.0.return_reason = None;
        next.0.closed_at = self.closed_at.or(Some(now));
        next.0.next_at = None;
        Ok(next)
    }

    /// Whether what was filed may be returned.
    pub fn may_return(&self) -> Result<(), ObligationRefusal> {
        if !self.phase.is_filed() {
            return Err(ObligationRefusal::NothingToReturn);
        }
        if self.accepted_at.is_some() {
            return Err(ObligationRefusal::AcceptedIsNotReturned);
        }
        Ok(())
    }

    /// 退回, with the reason and a new deadline, which must lie ahead and not before the one in force.
    pub fn returned(
        &self,
        reason: &str,
        due_at: DateTime<Utc>,
        zone: Zone,
        now: DateTime<Utc>,
    ) -> Result<Obligation, ObligationRefusal> {
        self.may_return()?;
        if due_at <= now {
            return Err(ObligationRefusal::DeadlineNotAhead);
        }
        if due_at < self.round.due_at {
            let in_force = zone.local(self.round.due_at).naive_local();
            return Err(ObligationRefusal::DeadlineShortened { in_force });
        }
        let mut next = self.clone();
        next.0.returned_late = self.returned_late.or(Some(self.late));
        next.0.return_reason = Some(reason.to_owned());
        next.restart(due_at, now);
        next.0.phase = Phase::Returned;
        next.0.filed_at = None;
        Ok(next)
    }

    /// Whether an extension may be asked for: before the due instant, and while it is owed.
    pub fn may_ask_extension(&self, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), ObligationRefusal> {
        if !self.phase.is_pending() {
            return Err(ObligationRefusal::NoLongerExtended);
        }
        if now >= self.round.due_at {
            return Err(ObligationRefusal::AskedAfterDeadline);
        }
        if until <= self.round.due_at {
            return Err(ObligationRefusal::AskedNotLater);
        }
        Ok(())
    }

    /// 延期 granted: the due instant moves, a miss declared meanwhile is undone. Judge the filings afterwards.
    pub fn extended(&self, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<Obligation, ObligationRefusal> {
        if self.phase.is_let_go() {
            return Err(ObligationRefusal::LetGoIsNotExtended);
        }
        if due_at <= self.round.due_at {
            return Err(ObligationRefusal::DeadlineNotLater);
        }
        let mut next = self.clone();
        next.restart(due_at, now);
        match self.phase {
            Phase::Scheduled => {
                next.0.round.armed_at = self.round.armed_at;
                next.0.settled_to = self.settled_to;
                next.0.next_at = Some(self.opens_at);
            }
            Phase::Returned => {}
            phase if phase.is_filed() => {
                next.0.closed_at = self.closed_at;
                next.0.next_at = None;
            }
            _ => next.0.phase = Phase::Open,
        }
        Ok(next)
    }

    /// 免除, by the office's word (reason and document number are logged by the caller).
    pub fn waived(&self, now: DateTime<Utc>) -> Result<Obligation, ObligationRefusal> {
        self.let_go(Phase::Waived, now)
    }

    /// 异议成立: not the duty of who raised it. Where others owe it too they go on, and the unit that is freed is named.
    pub fn upheld(
        &self,
        raised_by: Option<&UnitName>,
        now: DateTime<Utc>,
    ) -> Result<(Obligation, Option<UnitName>), ObligationRefusal> {
        let closed = self.let_go(Phase::Upheld, now)?;
        let freed = raised_by.filter(|unit| self.owners.contains(unit));
        match freed.and_then(|unit| self.without(unit)) {
            Some(others) => Ok((others, freed.cloned())),
            None => Ok((closed, None)),
        }
    }

    fn let_go(&self, phase: Phase, now: DateTime<Utc>) -> Result<Obligation, ObligationRefusal> {
        if self.phase.is_closed() { Err(ObligationRefusal::AlreadyClosed) } else { Ok(self.closed_as(phase, now)) }
    }

    fn closed_as(&self, phase: Phase, now: DateTime<Utc>) -> Obligation {
        let mut next = self.clone();
        next.0.phase = phase;
        next.0.closed_at = Some(now);
        next.0.next_at = None;
        next
    }

    /// The office lets a 未提醒 miss count in its row of misses, or not. A longer row may bring a level: the next pass looks.
    pub fn miss_judged(&self, counts: bool, now: DateTime<Utc>) -> Result<Obligation, ObligationRefusal> {
        let Round { unreminded, missed_at, confirmed, excused, .. } = self.round;
        if !unreminded || missed_at.is_none() || confirmed || excused || self.phase.is_let_go() {
            return Err(ObligationRefusal::NotUnreminded);
        }
        let mut next = self.clone();
        next.0.round.confirmed = counts;
        next.0.round.excused = !counts;
        next.0.next_at = self.next_at.map(|at| at.min(now));
        Ok(next)
    }

    /// The office decides on a 通报建议. Neither moves a deadline or a step.
    pub fn published(&self, publish: bool) -> Result<Obligation, ObligationRefusal> {
        if self.round.proposed_at.is_none() || self.round.published.is_some() || self.phase.is_let_go() {
            return Err(ObligationRefusal::NoProposal);
        }
        let mut next = self.clone();
        next.0.round.published = Some(publish);
        Ok(next)
    }

    /// As it was before a decision that is taken back. What time has done since is settled anew by the next pass, each step at
    /// its own instant.
    #[must_use]
    pub fn taken_back(&self, before: Facts) -> Obligation {
        let mut next = Obligation(before);
        (next.0.id, next.0.revision) = (self.id, self.revision);
        next
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::*;
    use crate::domain::{
        duty::{Basis, Cadence, Clause, DueRule, Kind, Mode},
        period::Period,
    };

    const ZONE: Zone = Zone(chrono_tz::Asia::Shanghai);

    fn at(local: &str) -> DateTime<Utc> {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
        ZONE.at(local.date(), local.time())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn duty(review_first: bool) -> Duty {
        Duty {
            id: DutyId("13.2".into()),
            clause: Clause { item: 13, measure: Some(2) },
            title: String::new(),
            summary: String::new(),
            kind: Kind::Recurring,
            cadence: Cadence::Monthly,
            due: DueRule::EndOfDay,
            basis: Basis::Source,
            owed_by: Vec::new(),
            mode: Mode::Each,
            quotas: Vec::new(),
            supported_by: Vec::new(),
            also_counts_for: Vec::new(),
            note: String::new(),
            also_each_node: false,
            event_names_owners: false,
            answer_suffices: false,
            review_first,
            own_day_only: false,
            effective_from: None,
            effective_to: None,
        }
    }

    /// Of October 2022, due at its end, as it stands in that phase.
    fn standing(phase: Phase) -> Obligation {
        let owed = Owed {
            duty: DutyId("13.2".into()),
            form: Form::Cadence,
            owners: vec![UnitName("质安处".into()), UnitName("宣教处".into())],
            period: Period::Month { year: 2022, month: 10 },
            opens_at: at("2022-10-01 00:00"),
            period_end: at("2022-11-01 00:00"),
            due_at: at("2022-10-31 18:00"),
        };
        let planned = Obligation::planned(owed, true, at("2022-09-01 00:00"), ZONE);
        let filed = phase.is_filed().then(|| at("2022-10-20 10:00"));
        Facts { id: 7, phase, filed_at: filed, closed_at: filed, ..(*planned).clone() }.into()
    }

    /// As above, after its miss was declared, chased and carried up.
    fn missed() -> Obligation {
        let mut missed = standing(Phase::Open);
        missed.remind(at("2022-10-31 09:00"));
        missed.miss(at("2022-10-31 18:00"), true);
        missed.chase(at("2022-11-01 09:00"), 3);
        missed.supervise(at("2022-11-03 09:00"));
        missed
    }

    #[test]
    fn what_time_does_is_kept_with_its_instant() {
        let mut one = standing(Phase::Scheduled);
        one.open(at("2022-10-01 00:00"));
        // The reminder of the opening instant itself is still to come.
        assert_eq!((one.phase, one.settled_to), (Phase::Open, at("2022-10-01 00:00") - TimeDelta::seconds(1)));
        let mut one = missed();
        assert_eq!((one.phase, one.reminded, one.settled_to), (Phase::Missed, true, at("2022-11-03 09:00")));
        assert_eq!((one.round.missed_at, one.round.streak), (Some(at("2022-10-31 18:00")), Some(3)));
        one.lapse(at("2022-11-30 18:00"));
        assert_eq!((one.phase, one.closed_at), (Phase::Lapsed, Some(at("2022-11-30 18:00"))));
        // What is settled late does not turn the clock back.
        one.stand(at("2022-11-04 09:00"));
        assert_eq!(one.settled_to, at("2022-11-30 18:00"));
        // In no row of misses there is no place.
        one.chase(at("2022-12-01 09:00"), 0);
        assert_eq!(one.round.streak, None);
    }

    #[test]
    fn a_new_deadline_begins_a_round_with_nothing_of_the_one_before() {
        let now = at("2022-11-07 10:00");
        let extended = missed().extended(at("2022-11-30 18:00"), now).unwrap();
        assert_eq!(extended.round, Round::begun(1, at("2022-11-30 18:00"), now));
        assert_eq!((extended.phase, extended.next_at, extended.settled_to), (Phase::Open, Some(now), now));
        // The light keeps what belongs to no round.
        assert!(extended.reminded);
        assert_eq!(extended.first_due_at, at("2022-10-31 18:00"));
    }

    #[test]
    fn a_return_takes_the_filing_back_and_refiled_in_time_keeps_the_first_light() {
        let now = at("2022-11-02 10:00");
        let late = missed().reconsidered(&duty(false), Standing::Late(now), at("2022-10-31 18:00"), now);
        assert!(late.late);
        let returned = late.returned("缺", at("2022-11-09 18:00"), ZONE, now).unwrap();
        assert_eq!((returned.phase, returned.filed_at, returned.returned_late), (Phase::Returned, None, Some(true)));
        let again = at("2022-11-08 10:00");
        let refiled = returned.reconsidered(&duty(false), Standing::InTime(again), at("2022-11-09 18:00"), again);
        // Whatever the duty says, it is looked at again; the reason stands until then.
        assert_eq!((refiled.phase, refiled.late, refiled.filed_at), (Phase::Waiting, true, Some(again)));
        assert_eq!(refiled.return_reason.as_deref(), Some("缺"));
        assert_eq!(refiled.accepted(again).unwrap().return_reason, None);
        // Returned again, the light is still that of the very first filing.
        let once_more = refiled.returned("再缺", at("2022-11-15 18:00"), ZONE, again).unwrap();
        assert_eq!((once_more.returned_late, once_more.round.number), (Some(true), 2));
    }

    #[test]
    fn filed_late_before_a_pass_came_it_was_missed_from_the_grace_on() {
        let (grace, now) = (at("2022-10-31 18:00"), at("2022-11-01 07:00"));
        let filed = standing(Phase::Open).reconsidered(&duty(false), Standing::Late(now), grace, now);
        assert_eq!((filed.late, filed.round.missed_at), (true, Some(grace)));
        // A miss that was declared keeps its instant, and one that proves to have been met in time is none.
        let declared = missed().reconsidered(&duty(false), Standing::Late(now), at("2022-10-31 12:00"), now);
        assert_eq!(declared.round.missed_at, Some(at("2022-10-31 18:00")));
        let in_time = missed().reconsidered(&duty(false), Standing::InTime(now), grace, now);
        assert_eq!((in_time.late, in_time.round.missed_at), (false, None));
    }

    #[test]
    fn what_is_no_longer_enough_reopens_unless_it_was_accepted() {
        let now = at("2022-10-21 10:00");
        let unmet = |one: &Obligation| one.reconsidered(&duty(true), Standing::Unmet, now, now);
        let reopened = unmet(&standing(Phase::Waiting));
        assert_eq!((reopened.phase, reopened.filed_at, reopened.next_at), (Phase::Open, None, Some(now)));
        assert_eq!(reopened.round.armed_at, now);
        let accepted = standing(Phase::Waiting).accepted(now).unwrap();
        assert_eq!(unmet(&accepted), accepted);
        for let_go in [Phase::Waived, Phase::Upheld, Phase::Withdrawn].map(standing) {
            assert_eq!(let_go.reconsidered(&duty(true), Standing::InTime(now), now, now), let_go);
        }
    }

    #[test]
    fn it_waits_for_review_only_where_the_duty_asks_for_it_and_nobody_has_accepted() {
        let now = at("2022-10-21 10:00");
        let met = |one: &Obligation, review| one.reconsidered(&duty(review), Standing::InTime(now), now, now);
        assert_eq!((met(&standing(Phase::Open), true).phase, met(&standing(Phase::Open), false).phase), {
            (Phase::Waiting, Phase::Done)
        });
        let accepted = standing(Phase::Waiting).accepted(now).unwrap();
        assert_eq!(met(&accepted, true).phase, Phase::Done);
    }

    #[test]
    fn an_extension_leaves_closed_what_was_filed_and_unopened_what_has_not_begun() {
        let (until, now) = (at("2022-11-30 18:00"), at("2022-10-21 10:00"));
        let done = standing(Phase::Done).extended(until, now).unwrap();
        assert_eq!((done.phase, done.next_at, done.closed_at), (Phase::Done, None, Some(at("2022-10-20 10:00"))));
        let ahead = standing(Phase::Scheduled).extended(until, now).unwrap();
        assert_eq!((ahead.phase, ahead.next_at), (Phase::Scheduled, Some(at("2022-10-01 00:00"))));
        assert_eq!((ahead.round.armed_at, ahead.round.number), (at("2022-09-01 00:00"), 1));
        let lapsed = standing(Phase::Lapsed).extended(until, now).unwrap();
        assert_eq!((lapsed.phase, lapsed.closed_at), (Phase::Open, None));
        assert_eq!(standing(Phase::Waived).extended(until, now), Err(ObligationRefusal::LetGoIsNotExtended));
        assert_eq!(
            standing(Phase::Open).extended(at("2022-10-31 18:00"), now),
            Err(ObligationRefusal::DeadlineNotLater)
        );
    }

    #[test]
    fn an_extension_is_asked_for_before_the_deadline_and_for_later() {
        let (until, due) = (at("2022-11-30 18:00"), at("2022-10-31 18:00"));
        let open = standing(Phase::Open);
        assert_eq!(open.may_ask_extension(until, due - TimeDelta::seconds(1)), Ok(()));
        assert_eq!(open.may_ask_extension(until, due), Err(ObligationRefusal::AskedAfterDeadline));
        assert_eq!(open.may_ask_extension(due, at("2022-10-20 10:00")), Err(ObligationRefusal::AskedNotLater));
        assert_eq!(missed().may_ask_extension(until, due), Err(ObligationRefusal::NoLongerExtended));
    }

    #[test]
    fn verdicts_need_something_to_judge_and_come_once() {
        let (until, now) = (at("2022-11-30 18:00"), at("2022-11-02 10:00"));
        assert_eq!(standing(Phase::Missed).accepted(now), Err(ObligationRefusal::NothingToAccept));
        assert_eq!(standing(Phase::Open).returned("缺", until, ZONE, now), Err(ObligationRefusal::NothingToReturn));
        let accepted = standing(Phase::Waiting).accepted(now).unwrap();
        assert_eq!(accepted.accepted(now), Err(ObligationRefusal::AlreadyAccepted));
        assert_eq!(accepted.returned("缺", until, ZONE, now), Err(ObligationRefusal::AcceptedIsNotReturned));
        let back = |until: &str, now| standing(Phase::Done).returned("缺", at(until), ZONE, now);
        assert_eq!(back("2022-11-02 10:00", now), Err(ObligationRefusal::DeadlineNotAhead));
        // Never before the deadline in force, and that one is enough.
        let in_force = ZONE.local(at("2022-10-31 18:00")).naive_local();
        let early = at("2022-10-08 10:00");
        assert_eq!(back("2022-10-31 17:59", early), Err(ObligationRefusal::DeadlineShortened { in_force }));
        assert_eq!(back("2022-10-31 18:00", early).unwrap().round.due_at, at("2022-10-31 18:00"));
    }

    #[test]
    fn what_closed_as_missed_can_be_let_go_and_what_was_done_cannot() {
        let now = at("2022-12-01 10:00");
        let waived = standing(Phase::Lapsed).waived(now).unwrap();
        assert_eq!((waived.phase, waived.closed_at, waived.next_at), (Phase::Waived, Some(now), None));
        let (upheld, freed) = standing(Phase::Waiting).upheld(None, now).unwrap();
        assert_eq!((upheld.phase, freed), (Phase::Upheld, None));
        for closed in [Phase::Done, Phase::Waived, Phase::Upheld, Phase::Withdrawn].map(standing) {
            assert_eq!(closed.waived(now), Err(ObligationRefusal::AlreadyClosed));
        }
    }

    #[test]
    fn an_unreminded_miss_is_judged_once_either_way_and_the_next_pass_looks() {
        let now = at("2022-11-02 10:00");
        let mut one = missed();
        one.wait(Some(at("2022-11-14 09:00")));
        for counts in [true, false] {
            let judged = one.miss_judged(counts, now).unwrap();
            assert_eq!((judged.round.confirmed, judged.round.excused, judged.next_at), (counts, !counts, Some(now)));
            for again in [true, false] {
                assert_eq!(judged.miss_judged(again, now), Err(ObligationRefusal::NotUnreminded));
            }
        }
        // Made good late it still was a miss; let go it was none.
        let late = one.reconsidered(&duty(false), Standing::Late(now), at("2022-10-31 18:00"), now);
        assert!(late.miss_judged(true, now).is_ok());
        assert_eq!(one.waived(now).unwrap().miss_judged(true, now), Err(ObligationRefusal::NotUnreminded));
        assert_eq!(standing(Phase::Missed).miss_judged(true, now), Err(ObligationRefusal::NotUnreminded));
    }

    #[test]
    fn a_proposal_is_decided_once_and_a_new_deadline_has_none() {
        let mut one = missed();
        assert_eq!(one.published(true), Err(ObligationRefusal::NoProposal));
        one.propose(at("2022-11-14 09:00"));
        for publish in [true, false] {
            let decided = one.published(publish).unwrap();
            assert_eq!((decided.round.published, decided.phase), (Some(publish), Phase::Missed));
            assert_eq!(decided.published(true), Err(ObligationRefusal::NoProposal));
        }
        let extended = one.extended(at("2022-11-30 18:00"), at("2022-11-15 10:00")).unwrap();
        assert_eq!(extended.published(true), Err(ObligationRefusal::NoProposal));
    }

    #[test]
    fn taken_back_it_is_as_before_under_its_present_revision() {
        let now = at("2022-11-02 10:00");
        let filed = missed().reconsidered(&duty(false), Standing::Late(now), at("2022-10-31 18:00"), now);
        let mut returned = filed.returned("缺", at("2022-11-09 18:00"), ZONE, now).unwrap();
        returned.written();
        returned.remind(at("2022-11-03 09:00"));
        let back = returned.taken_back((*filed).clone());
        assert_eq!((back.revision, back.phase, back.round.number), (filed.revision + 1, Phase::Done, 0));
        assert_eq!(back, Facts { revision: returned.revision, ..(*filed).clone() }.into());
    }

    #[test]
    fn an_owner_leaves_it_to_the_others_until_there_is_none() {
        let both = standing(Phase::Open);
        let one = both.without(&UnitName("质安处".into())).unwrap();
        assert_eq!(one.owners, [UnitName("宣教处".into())]);
        // Still joint: it stays in the series of all together.
        assert_eq!((one.sole_owner(), both.sole_owner()), (None, None));
        assert_eq!(one.without(&UnitName("宣教处".into())), None);
        assert_eq!(both.without(&UnitName("物业处".into())).unwrap(), both);
    }

    #[test]
    fn a_nodes_end_moves_what_is_open_for_it_but_never_back_before_the_offices_word() {
        let now = at("2022-10-20 10:00");
        let node = |facts: Facts| Obligation::from(Facts { form: Form::Node, ..facts });
        let open = node((*standing(Phase::Open)).clone());
        let moved = open.node_moved(ZONE, day("2022-10-24"), now).unwrap();
        assert_eq!((moved.round.due_at, moved.due_on), (at("2022-10-25 00:00"), day("2022-10-24")));
        assert_eq!((moved.first_due_at, moved.period_end, moved.next_at), {
            (at("2022-10-25 00:00"), at("2022-10-25 00:00"), Some(now))
        });
        let later = open.extended(at("2022-11-30 18:00"), now).unwrap();
        assert_eq!(later.node_moved(ZONE, day("2022-10-24"), now).unwrap().round.due_at, at("2022-11-30 18:00"));
        assert_eq!(node((*missed()).clone()).node_moved(ZONE, day("2022-10-24"), now), None);
        assert_eq!(standing(Phase::Open).node_moved(ZONE, day("2022-10-24"), now), None, "not the node's form");
    }

    #[test]
    fn the_plan_may_change_what_has_not_opened_but_not_what_the_office_moved() {
        let planned = Facts { id: 0, due_on: day("2022-10-28"), ..(*standing(Phase::Scheduled)).clone() };
        let planned = Obligation::from(Facts {
            round: Round::begun(0, at("2022-10-28 18:00"), planned.round.armed_at),
            ..planned
        });
        let stored = standing(Phase::Scheduled);
        assert_eq!(stored.replanned(planned.clone()).round.due_at, at("2022-10-28 18:00"));
        let moved = stored.extended(at("2022-11-30 18:00"), at("2022-09-20 10:00")).unwrap();
        let kept = moved.replanned(planned.clone());
        assert_eq!((kept.id, kept.round.due_at, kept.round.number), (7, at("2022-11-30 18:00"), 1));
        assert_eq!(kept.due_on, day("2022-10-28"));
        let withdrawn = moved.withdrawn(at("2022-09-21 10:00"));
        assert_eq!(withdrawn.replanned(planned).round.due_at, at("2022-10-28 18:00"));
    }
}
