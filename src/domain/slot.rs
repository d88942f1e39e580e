//! When letters may go out: 09:00 and 16:00 on workdays, and what is moved into them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use super::calendar::{Calendar, Zone};

/// The morning slot, which is also the digest's.
pub const MORNING: NaiveTime = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
pub const AFTERNOON: NaiveTime = NaiveTime::from_hms_opt(16, 0, 0).unwrap();
/// When an office closes: the time of a deadline that gives none, and of the last day of making good.
pub const END_OF_OFFICE_HOURS: NaiveTime = NaiveTime::from_hms_opt(18, 0, 0).unwrap();

/// The calendar and the zone, which together say when a local slot is.
#[derive(Debug, Clone, Copy)]
pub struct Slots<'a> {
    pub calendar: &'a Calendar,
    pub zone: Zone,
}

impl Slots<'_> {
    /// The slots of one day; `any_day` opens the afternoon slot of days off.
    fn of_day(self, day: NaiveDate, any_day: bool) -> impl DoubleEndedIterator<Item = DateTime<Utc>> {
        let workday = self.calendar.is_workday(day);
        let morning = workday.then(|| self.zone.at(day, MORNING));
        let afternoon = (workday || any_day).then(|| self.zone.at(day, AFTERNOON));
        [morning, afternoon].into_iter().flatten()
    }

    /// The first slot at or after `instant`.
    pub fn from(self, instant: DateTime<Utc>, any_day: bool) -> DateTime<Utc> {
        let mut day = self.zone.day_of(instant);
        loop {
            if let Some(slot) = self.of_day(day, any_day).find(|slot| *slot >= instant) {
                return slot;
            }
            day = day + Days::new(1);
        }
    }

    /// The last slot before `instant`.
    pub fn before(self, instant: DateTime<Utc>, any_day: bool) -> DateTime<Utc> {
        let mut day = self.zone.day_of(instant);
        loop {
            if let Some(slot) = self.of_day(day, any_day).rfind(|slot| *slot < instant) {
                return slot;
            }
            day = day - Days::new(1);
        }
    }

    /// The first morning slot at or after `instant`.
    pub fn morning_from(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let day = self.zone.day_of(instant);
        let today = self.zone.at(day, MORNING);
        if self.calendar.is_workday(day) && today >= instant {
            return today;
        }
        self.morning_of(self.calendar.workday_from(day + Days::new(1)))
    }

    /// The morning of the `n`th workday after `day` (n ≥ 1).
    pub fn morning_after(self, day: NaiveDate, n: u32) -> DateTime<Utc> {
        self.morning_of(self.calendar.workdays_after(day, n))
    }

    /// The first end of a workday's office hours at or after `instant`.
    pub fn office_end_from(self, instant: DateTime<Utc>) -> DateTime<Utc> {
        let day = self.zone.day_of(instant);
        let today = self.zone.at(day, END_OF_OFFICE_HOURS);
        if self.calendar.is_workday(day) && today >= instant {
            return today;
        }
        self.zone.at(self.calendar.workday_from(day + Days::new(1)), END_OF_OFFICE_HOURS)
    }

    /// The morning slot's instant on that day.
    pub fn morning_of(self, day: NaiveDate) -> DateTime<Utc> {
        self.zone.at(day, MORNING)
    }
}
