//! 办理结果: what the office decides on an obligation, whom it concerns, and until when it can be taken back.
//!
//! Most decisions are told to those they concern in the next slot's letter; until that letter is written the decider can
//! take one back, and then all is as before and nothing is told. What closes nobody's matter (通过, 通报 or not) is told
//! to nobody and can be taken back until that slot.

use chrono::{DateTime, TimeDelta, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::action::Action;
use super::code::coded;
use super::obligation::Obligation;
use super::slot::Slots;

coded!(DecisionKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum DecisionKind {
    /// 通过.
    Accept,
    /// 退回.
    Return,
    GrantExtension,
    RefuseExtension,
    /// 异议成立.
    UpholdDispute,
    RejectDispute,
    /// 免除.
    Waive,
    /// A 未提醒 miss counts in its row of misses.
    CountMiss,
    /// It does not.
    ExcuseMiss,
    /// 通报.
    Publish,
    /// 不通报.
    NotPublish,
}

impl DecisionKind {
    /// Whether those it concerns are told by letter.
    pub fn is_told(self) -> bool {
        !matches!(self, DecisionKind::Accept | DecisionKind::Publish | DecisionKind::NotPublish)
    }

    /// What the log says was done.
    pub fn action(self) -> Action {
        match self {
            DecisionKind::Accept => Action::Accept,
            DecisionKind::Return => Action::Return,
            DecisionKind::GrantExtension => Action::GrantExtension,
            DecisionKind::RefuseExtension => Action::RefuseExtension,
            DecisionKind::UpholdDispute => Action::UpholdDispute,
            DecisionKind::RejectDispute => Action::RejectDispute,
            DecisionKind::Waive => Action::Waive,
            DecisionKind::CountMiss => Action::ConfirmMiss,
            DecisionKind::ExcuseMiss => Action::ExcuseMiss,
            DecisionKind::Publish => Action::Publish,
            DecisionKind::NotPublish => Action::NotPublish,
        }
    }
}

/// When a decision is told: in the next slot. What is to be done again before that slot is told at once, for nobody should
/// miss a deadline that they were never told.
pub fn tells_at(kind: DecisionKind, after: &Obligation, slots: Slots<'_>, now: DateTime<Utc>) -> DateTime<Utc> {
    let slot = next_slot(slots, now);
    if kind == DecisionKind::Return && slot >= after.round.due_at { now } else { slot }
}

/// The slot after this instant.
pub fn next_slot(slots: Slots<'_>, now: DateTime<Utc>) -> DateTime<Utc> {
    slots.from(now + TimeDelta::seconds(1), false)
}

/// The workdays that a unit has at least to file again.
const TO_FILE_AGAIN: u32 = 3;

/// The deadline that is proposed where something is returned: the later of the one in force and the third workday's end.
pub fn proposed_deadline(obligation: &Obligation, slots: Slots<'_>, now: DateTime<Utc>) -> DateTime<Utc> {
    let day = slots.calendar.workdays_after(slots.zone.day_of(now), TO_FILE_AGAIN);
    obligation.round.due_at.max(slots.zone.end_of(day))
}

/// Between misses of one outage lies no longer time than this: daily duties are missed each day that it lasts.
const ONE_OUTAGE: TimeDelta = TimeDelta::hours(48);

/// 未提醒 misses by the outage they are of. They come with the instant of their declaration, in its order.
pub fn outages(misses: &[(i64, DateTime<Utc>)]) -> Vec<Vec<i64>> {
    misses
        .chunk_by(|(_, one), (_, next)| *next - *one <= ONE_OUTAGE)
        .map(|chunk| chunk.iter().map(|(id, _)| *id).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, NaiveDateTime};

    use super::*;
    use crate::domain::calendar::{Calendar, Zone};
    use crate::domain::duty::{DutyId, Form};
    use crate::domain::period::Period;
    use crate::domain::plan::Owed;
    use crate::domain::unit::UnitName;

    const ZONE: Zone = Zone(chrono_tz::Asia::Shanghai);

    fn at(local: &str) -> DateTime<Utc> {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
        ZONE.at(local.date(), local.time())
    }

    fn due(local: &str) -> Obligation {
        let owed = Owed {
            duty: DutyId("13.2".into()),
            form: Form::Cadence,
            owners: vec![UnitName("质安处".into())],
            period: Period::Month { year: 2022, month: 10 },
            opens_at: at("2022-10-01 00:00"),
            period_end: at("2022-11-01 00:00"),
            due_at: at(local),
        };
        Obligation::planned(owed, false, at("2022-09-01 00:00"), ZONE)
    }

    #[test]
    fn what_is_returned_early_keeps_its_deadline_and_late_gets_three_workdays() {
        // A calendar without statutory days: weekends alone.
        let calendar = Calendar::default();
        let slots = Slots { calendar: &calendar, zone: ZONE };
        let october = due("2022-10-31 18:00");
        assert_eq!(proposed_deadline(&october, slots, at("2022-10-11 10:00")), at("2022-10-31 18:00"));
        // Friday: Monday, Tuesday, Wednesday.
        assert_eq!(proposed_deadline(&october, slots, at("2022-10-28 17:00")), at("2022-11-03 00:00"));
        assert_eq!(proposed_deadline(&october, slots, at("2022-12-05 10:00")), at("2022-12-09 00:00"));
        // The third workday is the day that it is due: 24:00 is later than 18:00.
        assert_eq!(proposed_deadline(&october, slots, at("2022-10-26 10:00")), at("2022-11-01 00:00"));
    }

    #[test]
    fn a_decision_is_told_in_the_next_slot_and_a_return_for_this_evening_at_once() {
        let calendar = Calendar::default();
        let slots = Slots { calendar: &calendar, zone: ZONE };
        let told = |kind, now| tells_at(kind, &due("2022-10-31 18:00"), slots, at(now));
        assert_eq!(told(DecisionKind::Return, "2022-10-28 10:00"), at("2022-10-28 16:00"));
        assert_eq!(told(DecisionKind::Return, "2022-10-28 16:00"), at("2022-10-31 09:00"), "the slot itself has gone");
        assert_eq!(told(DecisionKind::Return, "2022-10-31 16:30"), at("2022-10-31 16:30"));
        assert_eq!(told(DecisionKind::Waive, "2022-10-31 16:30"), at("2022-11-01 09:00"));
        assert_eq!(told(DecisionKind::GrantExtension, "2022-10-29 12:00"), at("2022-10-31 09:00"), "a Saturday");
    }

    #[test]
    fn misses_with_days_between_them_are_of_two_outages() {
        let misses: Vec<(i64, DateTime<Utc>)> = [
            (1, "2022-10-14 18:00"),
            (2, "2022-10-15 08:30"),
            (3, "2022-10-16 08:30"),
            (4, "2022-10-21 18:00"),
            (5, "2022-10-23 18:00"),
        ]
        .map(|(id, local)| (id, at(local)))
        .to_vec();
        assert_eq!(outages(&misses), [vec![1, 2, 3], vec![4, 5]]);
        assert_eq!(outages(&[]), Vec::<Vec<i64>>::new());
        assert_eq!(ZONE.day_of(misses[0].1), NaiveDate::from_ymd_opt(2022, 10, 14).unwrap());
    }

    #[test]
    fn what_closes_nobodys_matter_is_told_to_nobody() {
        let silent: Vec<&str> =
            DecisionKind::ALL.iter().filter(|kind| !kind.is_told()).map(|kind| kind.code()).collect();
        assert_eq!(silent, ["accept", "publish", "not_publish"]);
    }
}
