//! 期: the stretch of time that an obligation is for, and its key.
//!
//! The key is what tables, exports and people's hands use; it never changes meaning. A day and a `once` are written
//! alike, so reading a key back needs the duty's cadence.

use std::fmt;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use super::duty::{Cadence, Form};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// `2022-01-05`
    Day(NaiveDate),
    /// `2022-W05`: Monday to Sunday, in the year that has its Thursday.
    Week {
        year: i32,
        /// 1..53.
        week: u32,
    },
    /// `2022-01`
    Month {
        year: i32,
        /// 1..12.
        month: u32,
    },
    /// `2022-Q1`
    Quarter {
        year: i32,
        /// 1..4.
        quarter: u32,
    },
    /// `2022-H1`
    Half {
        year: i32,
        /// 1 or 2.
        half: u32,
    },
    /// `2022`
    Year(i32),
    /// `2022-09-30`: the due day of a `once`.
    Once(NaiveDate),
    /// `node:2022-01-01`: the node's key.
    Node(String),
    /// `event:ID`: the event's id.
    Event(String),
}

/// A key that no period of the duty has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is no period of this duty; its periods are written like `{like}`")]
pub struct PeriodError {
    pub key: String,
    /// How a key of the duty looks.
    pub like: &'static str,
}

impl Period {
    /// The calendar period of that cadence which the day belongs to; `None` for cadences without one.
    pub fn containing(cadence: &Cadence, day: NaiveDate) -> Option<Period> {
        let year = day.year();
        Some(match cadence {
            Cadence::Daily | Cadence::Workday | Cadence::EachNodeDay => Period::Day(day),
            Cadence::Weekly => Period::Week { year: day.iso_week().year(), week: day.iso_week().week() },
            Cadence::Monthly => Period::Month { year, month: day.month() },
            Cadence::Quarterly => Period::Quarter { year, quarter: day.month0() / 3 + 1 },
            Cadence::HalfYearly => Period::Half { year, half: day.month0() / 6 + 1 },
            Cadence::Yearly => Period::Year(year),
            Cadence::Once(_) | Cadence::OnEvent { .. } => return None,
        })
    }

    /// Its first day, where it is bound to the calendar.
    pub fn first_day(&self) -> Option<NaiveDate> {
        match *self {
            Period::Day(day) | Period::Once(day) => Some(day),
            Period::Week { year, week } => NaiveDate::from_isoywd_opt(year, week, Weekday::Mon),
            Period::Month { year, month } => NaiveDate::from_ymd_opt(year, month, 1),
            Period::Quarter { year, quarter } => {
                NaiveDate::from_ymd_opt(year, quarter.checked_mul(3)?.checked_sub(2)?, 1)
            }
            Period::Half { year, half } => NaiveDate::from_ymd_opt(year, half.checked_mul(6)?.checked_sub(5)?, 1),
            Period::Year(year) => NaiveDate::from_ymd_opt(year, 1, 1),
            Period::Node(_) | Period::Event(_) => None,
        }
    }

    /// Its last day, where it is bound to the calendar.
    pub fn last_day(&self) -> Option<NaiveDate> {
        match *self {
            Period::Day(day) | Period::Once(day) => Some(day),
            Period::Week { year, week } => NaiveDate::from_isoywd_opt(year, week, Weekday::Sun),
            Period::Month { year, month } => last_of_month(year, month),
            Period::Quarter { year, quarter } => last_of_month(year, quarter.checked_mul(3)?),
            Period::Half { year, half } => last_of_month(year, half.checked_mul(6)?),
            Period::Year(year) => NaiveDate::from_ymd_opt(year, 12, 31),
            Period::Node(_) | Period::Event(_) => None,
        }
    }

    /// The period after it, where the calendar gives one.
    pub fn next(&self) -> Option<Period> {
        self.like(self.last_day()?.succ_opt()?)
    }

    /// The period before it, where the calendar gives one.
    pub fn previous(&self) -> Option<Period> {
        self.like(self.first_day()?.pred_opt()?)
    }

    /// The period of the same sort that has the day.
    fn like(&self, day: NaiveDate) -> Option<Period> {
        let cadence = match self {
            Period::Day(_) => Cadence::Daily,
            Period::Week { .. } => Cadence::Weekly,
            Period::Month { .. } => Cadence::Monthly,
            Period::Quarter { .. } => Cadence::Quarterly,
            Period::Half { .. } => Cadence::HalfYearly,
            Period::Year(_) => Cadence::Yearly,
            Period::Once(_) | Period::Node(_) | Period::Event(_) => return None,
        };
        Period::containing(&cadence, day)
    }

    /// Reads a key of a duty with that cadence, in that form.
    pub fn parse(key: &str, cadence: &Cadence, form: Form) -> Result<Period, PeriodError> {
        let read = if form == Form::Node {
            key.strip_prefix("node:").filter(|id| !id.is_empty()).map(|id| Period::Node(id.into()))
        } else {
            read_key(key, cadence)
        };
        read.filter(|period| period.to_string() == key)
            .ok_or_else(|| PeriodError { key: key.into(), like: like_key(cadence, form) })
    }

    /// The period as an office writes it.
    pub fn label(&self) -> String {
        match self {
            Period::Day(day) => format!("{}月{}日", day.month(), day.day()),
            Period::Week { year, week } => match (self.first_day(), self.last_day()) {
                (Some(first), Some(last)) => {
                    format!("{year}年第{week}周（{}—{}）", month_and_day(first), month_and_day(last))
                }
                _ => format!("{year}年第{week}周"),
            },
            Period::Month { year, month } => format!("{year}年{month}月"),
            Period::Quarter { year, quarter } => format!("{year}年第{quarter}季度"),
            Period::Half { year, half: 1 } => format!("{year}年上半年"),
            Period::Half { year, .. } => format!("{year}年下半年"),
            Period::Year(year) => format!("{year}年"),
            Period::Once(day) => format!("{}年{}前", day.year(), month_and_day(*day)),
            Period::Node(key) => match key.parse::<NaiveDate>() {
                Ok(day) => format!("{}年{}起的重要节点", day.year(), month_and_day(day)),
                Err(_) => format!("重要节点{key}"),
            },
            Period::Event(id) => format!("事件{id}"),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self {
            Period::Day(day) | Period::Once(day) => day.to_string(),
            Period::Week { year, week } => format!("{year:04}-W{week:02}"),
            Period::Month { year, month } => format!("{year:04}-{month:02}"),
            Period::Quarter { year, quarter } => format!("{year:04}-Q{quarter}"),
            Period::Half { year, half } => format!("{year:04}-H{half}"),
            Period::Year(year) => format!("{year:04}"),
            Period::Node(key) => format!("node:{key}"),
            Period::Event(id) => format!("event:{id}"),
        };
        f.pad(&key)
    }
}

/// `1月5日`.
pub fn month_and_day(day: NaiveDate) -> String {
    format!("{}月{}日", day.month(), day.day())
}

fn last_of_month(year: i32, month: u32) -> Option<NaiveDate> {
    let (year, month) = if month == 12 { (year.checked_add(1)?, 1) } else { (year, month.checked_add(1)?) };
    NaiveDate::from_ymd_opt(year, month, 1)?.checked_sub_days(Days::new(1))
}

fn read_key(key: &str, cadence: &Cadence) -> Option<Period> {
    let part = |mark: &str| {
        let (year, number) = key.split_once(mark)?;
        Some((year.parse::<i32>().ok()?, number.parse::<u32>().ok()?))
    };
    let period = match cadence {
        Cadence::Daily | Cadence::Workday | Cadence::EachNodeDay => Period::Day(key.parse().ok()?),
        Cadence::Once(_) => Period::Once(key.parse().ok()?),
        Cadence::Weekly => part("-W").map(|(year, week)| Period::Week { year, week })?,
        Cadence::Monthly => part("-").map(|(year, month)| Period::Month { year, month })?,
        Cadence::Quarterly => part("-Q").map(|(year, quarter)| Period::Quarter { year, quarter })?,
        Cadence::HalfYearly => part("-H").map(|(year, half)| Period::Half { year, half })?,
        Cadence::Yearly => Period::Year(key.parse().ok()?),
        Cadence::OnEvent { .. } => Period::Event(key.strip_prefix("event:").filter(|id| !id.is_empty())?.into()),
    };
    let bound = !matches!(period, Period::Node(_) | Period::Event(_));
    (!bound || (period.first_day().is_some() && period.last_day().is_some())).then_some(period)
}

fn like_key(cadence: &Cadence, form: Form) -> &'static str {
    if form == Form::Node {
        return "node:2022-01-01";
    }
    match cadence {
        Cadence::Daily | Cadence::Workday | Cadence::EachNodeDay => "2022-01-05",
        Cadence::Once(_) => "2022-09-30",
        Cadence::Weekly => "2022-W05",
        Cadence::Monthly => "2022-01",
        Cadence::Quarterly => "2022-Q1",
        Cadence::HalfYearly => "2022-H1",
        Cadence::Yearly => "2022",
        Cadence::OnEvent { .. } => "event:ID",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn bounds(cadence: &Cadence, on: &str) -> (String, String, String) {
        let period = Period::containing(cadence, day(on)).unwrap();
        (period.to_string(), period.first_day().unwrap().to_string(), period.last_day().unwrap().to_string())
    }

    fn row(key: &str, first: &str, last: &str) -> (String, String, String) {
        (key.into(), first.into(), last.into())
    }

    #[test]
    fn a_day_belongs_to_one_period_of_each_sort() {
        assert_eq!(bounds(&Cadence::Weekly, "2022-02-03"), row("2022-W05", "2022-01-31", "2022-02-06"));
        assert_eq!(bounds(&Cadence::Weekly, "2022-01-01"), row("2021-W52", "2021-12-27", "2022-01-02"));
        assert_eq!(bounds(&Cadence::Weekly, "2021-01-03"), row("2020-W53", "2020-12-28", "2021-01-03"));
        assert_eq!(bounds(&Cadence::Weekly, "2026-12-31"), row("2026-W53", "2026-12-28", "2027-01-03"));
        assert_eq!(bounds(&Cadence::Weekly, "2024-12-30"), row("2025-W01", "2024-12-30", "2025-01-05"));
        assert_eq!(bounds(&Cadence::Monthly, "2024-02-29"), row("2024-02", "2024-02-01", "2024-02-29"));
        assert_eq!(bounds(&Cadence::Quarterly, "2022-12-31"), row("2022-Q4", "2022-10-01", "2022-12-31"));
        assert_eq!(bounds(&Cadence::HalfYearly, "2022-06-30"), row("2022-H1", "2022-01-01", "2022-06-30"));
        assert_eq!(bounds(&Cadence::Yearly, "2022-07-01"), row("2022", "2022-01-01", "2022-12-31"));
    }

    #[test]
    fn keys_are_read_back_and_nothing_else_is() {
        let cadences = [
            Cadence::Daily,
            Cadence::Weekly,
            Cadence::Monthly,
            Cadence::Quarterly,
            Cadence::HalfYearly,
            Cadence::Yearly,
        ];
        for cadence in cadences {
            let mut period = Period::containing(&cadence, day("2019-12-30")).unwrap();
            for _ in 0..70 {
                let key = period.to_string();
                assert_eq!(Period::parse(&key, &cadence, Form::Cadence).as_ref(), Ok(&period), "{key}");
                let next = period.next().unwrap();
                assert_eq!(next.first_day().unwrap(), period.last_day().unwrap().succ_opt().unwrap());
                assert_eq!(next.previous().unwrap(), period);
                period = next;
            }
        }
        for (key, cadence) in [
            ("2022-W53", Cadence::Weekly),
            ("2022-W5", Cadence::Weekly),
            ("2022-13", Cadence::Monthly),
            ("2022-1", Cadence::Monthly),
            ("2022-Q5", Cadence::Quarterly),
            ("2022-Q0", Cadence::Quarterly),
            ("2022-Q4294967295", Cadence::Quarterly),
            ("2147483647-12", Cadence::Monthly),
            ("2022-H3", Cadence::HalfYearly),
            ("+2022", Cadence::Yearly),
            ("2022-02-30", Cadence::Daily),
            ("event:", Cadence::OnEvent { event: "x".into(), after: super::super::duty::After::Days(1) }),
        ] {
            assert!(Period::parse(key, &cadence, Form::Cadence).is_err(), "{key}");
        }
        assert_eq!(
            Period::parse("node:2022-01-01", &Cadence::Quarterly, Form::Node),
            Ok(Period::Node("2022-01-01".into()))
        );
    }

    #[test]
    fn labels_read_as_an_office_writes_them() {
        let label = |cadence: &Cadence, on: &str| Period::containing(cadence, day(on)).unwrap().label();
        assert_eq!(label(&Cadence::Weekly, "2022-02-03"), "2022年第5周（1月31日—2月6日）");
        assert_eq!(label(&Cadence::Quarterly, "2022-02-03"), "2022年第1季度");
        assert_eq!(label(&Cadence::HalfYearly, "2022-02-03"), "2022年上半年");
        assert_eq!(label(&Cadence::Daily, "2022-01-05"), "1月5日");
        assert_eq!(Period::Once(day("2022-09-30")).label(), "2022年9月30日前");
    }
}
