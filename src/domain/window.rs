//! What makes an act and its filing count, and count in time.
//!
//! An act counts from the opening on. It is in time when it was done by the later of the period's end and the deadline in
//! force, and filed before the filing grace is over; the miss is declared at that same instant. What is done or filed
//! later makes good, but for duties of their own day, which no later day can do.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::calendar::Zone;
use super::duty::Duty;
use super::ladder::Ladder;
use super::obligation::Obligation;
use super::quota::{self, Filing, Standing};
use super::refusal::obligation::Untimely;
use super::slot::Slots;

/// What an act must satisfy to count for an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first civil day on which an act counts.
    pub first: NaiveDate,
    /// The last civil day on which an act is in time.
    pub last_in_time: NaiveDate,
    /// The last instant at which a filing is in time.
    pub filed_by: DateTime<Utc>,
    /// Whether acts after `last_in_time` count for making good.
    pub later_acts: bool,
}

/// The end of the filing grace: the miss is declared then.
pub fn grace_end(ladder: &Ladder, due_at: DateTime<Utc>, slots: Slots<'_>) -> DateTime<Utc> {
    ladder.grace.map_or(due_at, |time| {
        let next_day = slots.zone.due_day(due_at) + Days::new(1);
        slots.zone.at(next_day, time).max(due_at)
    })
}

impl Window {
    pub fn of(obligation: &Obligation, duty: &Duty, ladder: &Ladder, slots: Slots<'_>) -> Window {
        let zone: Zone = slots.zone;
        let due_at = obligation.round.due_at;
        Window {
            first: zone.day_of(obligation.opens_at),
            last_in_time: zone.due_day(obligation.period_end.max(due_at)),
            filed_by: grace_end(ladder, due_at, slots),
            later_acts: !duty.own_day_only,
        }
    }

    /// Whether a filing counts at all.
    fn admits(&self, filing: &Filing) -> bool {
        self.objection(filing.acted_on).is_none()
    }

    fn in_time(&self, filing: &Filing) -> bool {
        self.admits(filing) && filing.acted_on <= self.last_in_time && filing.received_at <= self.filed_by
    }

    /// Why an act of that day does not count, if it does not.
    pub fn objection(&self, acted_on: NaiveDate) -> Option<Untimely> {
        if acted_on < self.first {
            return Some(Untimely::TooEarly { acted_on, first: self.first });
        }
        let late = !self.later_acts && acted_on > self.last_in_time;
        late.then_some(Untimely::NotItsDay { acted_on, day: self.last_in_time })
    }

    pub fn judge(&self, duty: &Duty, filings: &[Filing]) -> Standing {
        let mut filings: Vec<&Filing> = filings.iter().filter(|filing| self.admits(filing)).collect();
        filings.sort_by_key(|filing| filing.received_at);
        let timely: Vec<&Filing> = filings.iter().copied().filter(|filing| self.in_time(filing)).collect();
        // A level is what was last said by the deadline; what is said after it changes nothing.
        if quota::met(&duty.quotas, &timely) {
            return Standing::InTime(met_at(duty, &timely));
        }
        if quota::met(&duty.quotas, &filings) {
            return Standing::Late(met_at(duty, &filings));
        }
        Standing::Unmet
    }

    /// Whether it is enough only with what closes an obligation once it is reviewed.
    pub fn waits(&self, duty: &Duty, filings: &[Filing]) -> bool {
        if !filings.iter().any(|filing| filing.review_first) {
            return false;
        }
        let others: Vec<Filing> = filings.iter().filter(|filing| !filing.review_first).cloned().collect();
        self.judge(duty, &others) == Standing::Unmet
    }
}

/// When the filing came with which it first became enough and stayed so: for a level the last that changed it, which is
/// the first prefix that is met.
fn met_at(duty: &Duty, filings: &[&Filing]) -> DateTime<Utc> {
    (1..=filings.len())
        .find(|n| quota::met(&duty.quotas, &filings[..*n]))
        .and_then(|n| filings.get(n - 1))
        .map_or_else(DateTime::default, |filing| filing.received_at)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveTime;

    use super::*;
    use crate::domain::{calendar::Calendar, ladder::Class};

    const ZONE: Zone = Zone(chrono_tz::Asia::Shanghai);

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn ladder(grace: Option<NaiveTime>) -> Ladder {
        Ladder {
            class: Class::Day,
            grace,
            any_day: true,
            reminders: Vec::new(),
            chase: Vec::new(),
            supervise: None,
            propose: None,
            at_once: Vec::new(),
            node_day_limit: None,
        }
    }

    fn window(later_acts: bool) -> Window {
        let filed_by = ZONE.at(day("2024-03-01"), NaiveTime::from_hms_opt(8, 30, 0).unwrap());
        Window { first: day("2024-02-29"), last_in_time: day("2024-02-29"), filed_by, later_acts }
    }

    #[test]
    fn grace_is_of_the_day_after_the_due_day_and_never_before_the_deadline() {
        let calendar = Calendar::default();
        let slots = Slots { calendar: &calendar, zone: ZONE };
        let half_past_eight = NaiveTime::from_hms_opt(8, 30, 0);
        // 24:00 of a leap day is midnight of 1 March, and belongs to the leap day.
        let midnight = ZONE.end_of(day("2024-02-29"));
        let until = ZONE.at(day("2024-03-01"), NaiveTime::from_hms_opt(8, 30, 0).unwrap());
        assert_eq!(grace_end(&ladder(half_past_eight), midnight, slots), until);
        assert_eq!(grace_end(&ladder(None), midnight, slots), midnight);
        // The last day of a year.
        let new_year = ZONE.at(day("2025-01-01"), NaiveTime::from_hms_opt(8, 30, 0).unwrap());
        assert_eq!(grace_end(&ladder(half_past_eight), ZONE.end_of(day("2024-12-31")), slots), new_year);
    }

    #[test]
    fn a_duty_of_its_own_day_takes_that_day_alone_and_others_take_later_ones() {
        let (early, own, late) = (day("2024-02-28"), day("2024-02-29"), day("2024-03-01"));
        for window in [window(true), window(false)] {
            assert_eq!(window.objection(early), Some(Untimely::TooEarly { acted_on: early, first: own }));
            assert_eq!(window.objection(own), None);
        }
        assert_eq!(window(true).objection(late), None);
        assert_eq!(window(false).objection(late), Some(Untimely::NotItsDay { acted_on: late, day: own }));
    }

    #[test]
    fn in_time_is_done_on_the_day_and_filed_before_the_grace_is_over() {
        let filing = |acted_on: &str, seconds: i64| Filing {
            received_at: window(true).filed_by + chrono::TimeDelta::seconds(seconds),
            acted_on: day(acted_on),
            items: Vec::new(),
            review_first: false,
        };
        let window = window(true);
        assert!(window.in_time(&filing("2024-02-29", 0)));
        assert!(!window.in_time(&filing("2024-02-29", 1)), "filed a second too late");
        assert!(!window.in_time(&filing("2024-03-01", -60)), "done a day too late");
        assert!(!window.in_time(&filing("2024-02-28", -60)), "done before it opened");
    }
}
