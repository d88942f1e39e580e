//! The short phrases in which seeds say how often, until when, how much: read here, written back here.

use chrono::{NaiveDate, NaiveTime};

use super::mistake::words::{Shown, shown};
use crate::domain::duty::{After, Cadence, CadenceKind, Clause, DueRule, Owner, Quota};
use crate::domain::ladder::When;
use crate::domain::slot::END_OF_OFFICE_HOURS;
use crate::domain::unit::UnitName;

/// A date, written with ten characters (`2022-09-30`), from 1900 to 2199.
pub fn date(written: &str) -> Option<NaiveDate> {
    let shape = written.len() == 10
        && written.bytes().enumerate().all(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() });
    let century = matches!(written.get(..2), Some("19" | "20" | "21"));
    (shape && century).then(|| written.parse().ok()).flatten()
}

/// A time of day, written with five characters (`09:00`).
pub fn time(written: &str) -> Option<NaiveTime> {
    (written.len() == 5).then(|| NaiveTime::parse_from_str(written, "%H:%M").ok()).flatten()
}

/// `13.2`, or `35` where only the task column asks.
pub fn clause(written: &str) -> Option<Clause> {
    let number = |text: &str| {
        let digits = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    match written.split_once('.') {
        Some((item, measure)) => Some(Clause { item: number(item)?, measure: Some(number(measure)?) }),
        None => Some(Clause { item: number(written)?, measure: None }),
    }
}

pub fn write_clause(clause: Clause) -> String {
    match clause.measure {
        Some(measure) => format!("{}.{measure}", clause.item),
        None => clause.item.to_string(),
    }
}

/// Those that are written with one word.
const PLAIN_CADENCES: [Cadence; 8] = [
    Cadence::Daily,
    Cadence::Workday,
    Cadence::Weekly,
    Cadence::Monthly,
    Cadence::Quarterly,
    Cadence::HalfYearly,
    Cadence::Yearly,
    Cadence::EachNodeDay,
];

/// What is no cadence, and which part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CadenceFault {
    NoDate(Shown),
    /// Between an event and when it is due.
    NoDistance(Shown),
    Unknown(Shown),
}

/// `monthly`, `once 2022-09-30`, `on 生产安全事故 +2h`; or what is wrong with it.
pub fn cadence(written: &str) -> Result<Cadence, CadenceFault> {
    if let Some(cadence) = PLAIN_CADENCES.iter().find(|cadence| CadenceKind::from(*cadence).code() == written) {
        return Ok(cadence.clone());
    }
    let parts: Vec<&str> = written.split(' ').collect();
    match parts.as_slice() {
        ["once", day] => date(day).map(Cadence::Once).ok_or_else(|| CadenceFault::NoDate(shown(day))),
        ["on", event, offset] => match after(offset) {
            Some(after) => Ok(Cadence::OnEvent { event: (*event).into(), after }),
            None => Err(CadenceFault::NoDistance(shown(offset))),
        },
        _ => Err(CadenceFault::Unknown(shown(written))),
    }
}

pub fn write_cadence(cadence: &Cadence) -> String {
    match cadence {
        Cadence::Once(day) => format!("once {day}"),
        Cadence::OnEvent { event, after } => format!("on {event} {}", write_after(*after)),
        plain => CadenceKind::from(plain).code().into(),
    }
}

fn after(written: &str) -> Option<After> {
    let (digits, unit) = written.strip_prefix('+')?.split_at_checked(written.len().checked_sub(2)?)?;
    let number: u32 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    // At most a year: beyond that a distance is a slip of the hand.
    match unit {
        "m" => Some(After::Minutes(number)).filter(|_| (1..=527_040).contains(&number)),
        "h" => Some(After::Minutes(number.checked_mul(60)?)).filter(|_| (1..=8_784).contains(&number)),
        "d" => Some(After::Days(number)).filter(|_| (1..=366).contains(&number)),
        _ => None,
    }
}

fn write_after(after: After) -> String {
    match after {
        After::Minutes(minutes) if minutes % 60 == 0 => format!("+{}h", minutes / 60),
        After::Minutes(minutes) => format!("+{minutes}m"),
        After::Days(days) => format!("+{days}d"),
    }
}

/// `end_of_day`, `last_workday`, `last_workday 17:30`, `exact`.
pub fn due(written: &str) -> Option<DueRule> {
    match written.split_once(' ') {
        None if written == "end_of_day" => Some(DueRule::EndOfDay),
        None if written == "exact" => Some(DueRule::Exact),
        None if written == "last_workday" => Some(DueRule::LastWorkday(END_OF_OFFICE_HOURS)),
        Some(("last_workday", at)) => time(at).filter(|at| *at > NaiveTime::MIN).map(DueRule::LastWorkday),
        _ => None,
    }
}

pub fn write_due(due: DueRule) -> String {
    match due {
        DueRule::EndOfDay => "end_of_day".into(),
        DueRule::Exact => "exact".into(),
        DueRule::LastWorkday(END_OF_OFFICE_HOURS) => "last_workday".into(),
        DueRule::LastWorkday(at) => format!("last_workday {}", at.format("%H:%M")),
    }
}

/// `质安处`, `@安全监管单位`.
pub fn owner(written: &str) -> Owner {
    match written.strip_prefix('@') {
        Some(group) => Owner::Group(group.into()),
        None => Owner::Unit(UnitName(written.into())),
    }
}

pub fn write_owner(owner: &Owner) -> String {
    match owner {
        Owner::Unit(name) => name.0.clone(),
        Owner::Group(name) => format!("@{name}"),
    }
}

/// `检查企业>=2家 distinct`, `标语海报>=3条 level`.
pub fn quota(written: &str) -> Option<Quota> {
    let mut words = written.split(' ');
    let (counter, rest) = words.next()?.split_once(">=")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (figure, unit) = rest.split_at_checked(digits)?;
    let mut quota = Quota {
        counter: counter.into(),
        at_least: figure.parse().ok()?,
        unit: unit.into(),
        distinct: false,
        level: false,
    };
    for word in words {
        match word {
            "distinct" if !quota.distinct => quota.distinct = true,
            "level" if !quota.level => quota.level = true,
            _ => return None,
        }
    }
    let named = !counter.is_empty() && !counter.contains(['=', '>', '<', ';']) && !unit.is_empty();
    let both = quota.distinct && quota.level;
    (named && quota.at_least > 0 && !both).then_some(quota)
}

pub fn write_quota(quota: &Quota) -> String {
    let distinct = if quota.distinct { " distinct" } else { "" };
    let level = if quota.level { " level" } else { "" };
    format!("{}>={}{}{distinct}{level}", quota.counter, quota.at_least, quota.unit)
}

/// `opening`, `half_time`, `at_due`, `-5 workdays`, `due_day 09:00`.
pub fn when(written: &str) -> Option<When> {
    match written {
        "opening" => return Some(When::Opening),
        "half_time" => return Some(When::HalfTime),
        "at_due" => return Some(When::AtDue),
        _ => {}
    }
    if let Some(at) = written.strip_prefix("due_day ") {
        return time(at).map(When::DueDay);
    }
    let count = written.strip_prefix('-')?;
    let count = count.strip_suffix(" workdays").or_else(|| count.strip_suffix(" workday"))?;
    let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| count.parse().ok()).flatten().filter(|n| *n > 0).map(When::WorkdaysBefore)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_read_and_written_back() {
        for phrase in
            ["daily", "half_yearly", "each_day_of_node", "once 2022-09-30", "on 极端天气预警 +30m", "on 甲 +30d"]
        {
            assert_eq!(write_cadence(&cadence(phrase).unwrap()), phrase);
        }
        for phrase in ["end_of_day", "exact", "last_workday", "last_workday 17:30"] {
            assert_eq!(write_due(due(phrase).unwrap()), phrase);
        }
        for phrase in ["检查企业>=2家 distinct", "标语海报>=3条 level", "通报>=1期"] {
            assert_eq!(write_quota(&quota(phrase).unwrap()), phrase);
        }
        for phrase in ["13.2", "35"] {
            assert_eq!(write_clause(clause(phrase).unwrap()), phrase);
        }
        assert_eq!(when("-5 workdays"), Some(When::WorkdaysBefore(5)));
        assert_eq!(when("-1 workday"), Some(When::WorkdaysBefore(1)));
    }

    #[test]
    fn what_is_no_phrase_is_refused() {
        for phrase in [
            "once 2022-02-30",
            "once 2022-9-30",
            "on 事故 2h",
            "on 事故 +0h",
            "on 事故 +99999999999d",
            "Weekly",
            "",
            "on  +2h x",
        ] {
            assert!(cadence(phrase).is_err(), "{phrase}");
        }
        for phrase in ["last_workday 25:00", "last_workday 00:00", "last_workday 9:00", "end_of_month"] {
            assert!(due(phrase).is_none(), "{phrase}");
        }
        for phrase in [
            "企业>=0家",
            "企业=2家",
            ">=2家",
            "企业>=2",
            "企业>=2家 twice",
            "企业>=99999999999家",
            "企业>=2家 distinct level",
        ] {
            assert!(quota(phrase).is_none(), "{phrase}");
        }
        for phrase in ["-0 workdays", "5 workdays", "-5", "due_day", "due_day 24:00", "- workdays"] {
            assert!(when(phrase).is_none(), "{phrase}");
        }
        for phrase in ["13.", ".2", "013.2", "13.2.1", "", "99999"] {
            assert!(clause(phrase).is_none(), "{phrase}");
        }
    }
}
