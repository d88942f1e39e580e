//! What a holiday notice changes of the calendar, and what of that is to be looked at twice before it is believed.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, Weekday};
use strum::{IntoStaticStr, VariantNames};

use super::calendar::{Calendar, DayKind, ListedDay, STATUTORY, YearStatus, notice_year};

/// A day that is listed otherwise afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayChange {
    pub date: NaiveDate,
    /// `None` = it was not listed.
    pub before: Option<ListedDay>,
    /// `None` = it is not listed any more.
    pub after: Option<ListedDay>,
}

/// What a notice seldom says and a slip of the hand often does: wanted all the same only when somebody confirms it.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Doubt {
    /// A listed day is not listed any more.
    DayGoes {
        date: NaiveDate,
        name: String,
        kind: DayKind,
    },
    /// A day off is worked now.
    DayOffWorked {
        date: NaiveDate,
        name: String,
    },
    /// None of the year's days off is of this statutory holiday.
    HolidayMissing {
        year: i32,
        name: &'static str,
    },
    /// 调休: only weekend days are worked instead.
    MakeupOnWeekday {
        date: NaiveDate,
        name: String,
    },
    YearShrinks {
        year: i32,
        before: usize,
        after: usize,
    },
    /// A year that has a notice would be computed again.
    YearUnpublished(i32),
}

impl Doubt {
    /// What programs know it by.
    pub fn code(&self) -> &'static str {
        self.into()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Differences {
    pub days: Vec<DayChange>,
    pub doubts: Vec<Doubt>,
}

/// What changes where a notice for these years makes one calendar of another.
pub fn compare(before: &Calendar, after: &Calendar, years: &BTreeSet<i32>) -> Differences {
    let dates: BTreeSet<NaiveDate> = before.listed.keys().chain(after.listed.keys()).copied().collect();
    let change = |date: NaiveDate| {
        let (before, after) = (before.listed.get(&date), after.listed.get(&date));
        (before != after).then(|| DayChange { date, before: before.cloned(), after: after.cloned() })
    };
    let days: Vec<DayChange> = dates.into_iter().filter_map(change).collect();
    let mut doubts: Vec<Doubt> = days.iter().filter_map(doubt_of).collect();
    doubts.extend(years.iter().flat_map(|year| doubts_of(before, after, *year)));
    Differences { days, doubts }
}

fn doubt_of(change: &DayChange) -> Option<Doubt> {
    let date = change.date;
    match (&change.before, &change.after) {
        (Some(was), None) => Some(Doubt::DayGoes { date, name: was.name.clone(), kind: was.kind }),
        (before, Some(now)) if now.kind == DayKind::MakeupWorkday => {
            let name = now.name.clone();
            match before {
                _ if !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) => {
                    Some(Doubt::MakeupOnWeekday { date, name })
                }
                Some(was) if was.kind == DayKind::Holiday => Some(Doubt::DayOffWorked { date, name: was.name.clone() }),
                _ => None,
            }
        }
        _ => None,
    }
}

fn doubts_of(before: &Calendar, after: &Calendar, year: i32) -> Vec<Doubt> {
    let of_year = |calendar: &Calendar| -> Vec<ListedDay> {
        let listed = calendar.listed.iter().filter(|(date, day)| notice_year(**date, &day.name) == year);
        listed.map(|(_, day)| day.clone()).collect()
    };
    let (old, new) = (of_year(before), of_year(after));
    let off = |stem: &&'static str| new.iter().any(|day| day.kind == DayKind::Holiday && day.name.contains(*stem));
    let missing = STATUTORY.into_iter().filter(|stem| !off(stem));
    let mut doubts: Vec<Doubt> = missing.map(|name| Doubt::HolidayMissing { year, name }).collect();
    if new.len() < old.len() {
        doubts.push(Doubt::YearShrinks { year, before: old.len(), after: new.len() });
    }
    if before.year(year) == YearStatus::Published && after.year(year) != YearStatus::Published {
        doubts.push(Doubt::YearUnpublished(year));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::DayStatus;

    fn calendar(days: &[(&str, &str, DayKind)]) -> Calendar {
        let listed = days.iter().map(|(date, name, kind)| {
            (date.parse().unwrap(), ListedDay { name: (*name).into(), kind: *kind, status: DayStatus::Notice })
        });
        Calendar { listed: listed.collect() }
    }

    const WHOLE: [(&str, &str, DayKind); 9] = [
        ("2027-01-01", "元旦", DayKind::Holiday),
        ("2027-02-06", "春节", DayKind::Holiday),
        ("2027-02-13", "春节", DayKind::MakeupWorkday),
        ("2027-04-05", "清明节", DayKind::Holiday),
        ("2027-05-01", "劳动节", DayKind::Holiday),
        ("2027-05-08", "劳动节", DayKind::MakeupWorkday),
        ("2027-06-09", "端午节", DayKind::Holiday),
        ("2027-09-15", "中秋节", DayKind::Holiday),
        ("2027-10-01", "国庆节", DayKind::Holiday),
    ];

    fn doubts(after: &[(&str, &str, DayKind)]) -> Vec<&'static str> {
        let found = compare(&calendar(&WHOLE), &calendar(after), &BTreeSet::from([2027]));
        found.doubts.iter().map(Doubt::code).collect()
    }

    #[test]
    fn more_days_off_are_plain_differences() {
        let mut more = WHOLE.to_vec();
        more[2].2 = DayKind::Holiday;
        more.push(("2027-02-12", "春节", DayKind::Holiday));
        let found = compare(&calendar(&WHOLE), &calendar(&more), &BTreeSet::from([2027]));
        assert_eq!(found.doubts, []);
        let dates: Vec<String> = found.days.iter().map(|change| change.date.to_string()).collect();
        assert_eq!(dates, ["2027-02-12", "2027-02-13"]);
        assert_eq!((found.days[0].before.is_none(), found.days[1].before.is_some()), (true, true));
        assert_eq!(compare(&calendar(&WHOLE), &calendar(&WHOLE), &BTreeSet::from([2027])), Differences::default());
    }

    #[test]
    fn what_a_slip_of_the_hand_does_is_asked_about() {
        // Cut short after the second line.
        let short = doubts(&WHOLE[..2]);
        assert_eq!(short.iter().filter(|code| **code == "day_goes").count(), 7);
        assert_eq!(short.iter().filter(|code| **code == "holiday_missing").count(), 5, "{short:?}");
        assert!(short.contains(&"year_shrinks"), "{short:?}");
        // One make-up day less.
        let fewer: Vec<_> = WHOLE.iter().filter(|day| day.0 != "2027-05-08").copied().collect();
        assert_eq!(doubts(&fewer), ["day_goes", "year_shrinks"]);
        // A make-up day on a Tuesday; a day off that is worked.
        let mut wrong = WHOLE.to_vec();
        wrong.push(("2027-02-16", "春节", DayKind::MakeupWorkday));
        wrong[4].2 = DayKind::MakeupWorkday;
        assert_eq!(doubts(&wrong), ["makeup_on_weekday", "day_off_worked", "holiday_missing"]);
        // 国庆 and 中秋 in one are there both; 端午 under a slip of the pen is not.
        let mut joined = WHOLE.to_vec();
        (joined[7].1, joined[8].1, joined[6].1) = ("国庆节、中秋节", "国庆节、中秋节", "端五节");
        assert_eq!(doubts(&joined), ["holiday_missing"]);
        // Computed days over those of a notice.
        let mut computed = calendar(&WHOLE);
        computed.listed.values_mut().for_each(|day| day.status = DayStatus::Provisional);
        let found = compare(&calendar(&WHOLE), &computed, &BTreeSet::from([2027]));
        assert_eq!(found.doubts, [Doubt::YearUnpublished(2027)]);
    }
}
