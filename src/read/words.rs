//! How an obligation reads in letters, lists and explanations: numbers, dates and states as an office writes them.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc, Weekday};

use crate::domain::calendar::Zone;
use crate::domain::counter::{self, Item};
use crate::domain::duty::{Cadence, DutyId, Quota};
use crate::domain::obligation::Obligation;
use crate::domain::period::Period;
use crate::domain::quota::Count;
use crate::domain::unit::UnitName;
use crate::engine::known::{Known, Rules};

pub fn weekday(day: NaiveDate) -> &'static str {
    match day.weekday() {
        Weekday::Mon => "周一",
        Weekday::Tue => "周二",
        Weekday::Wed => "周三",
        Weekday::Thu => "周四",
        Weekday::Fri => "周五",
        Weekday::Sat => "周六",
        Weekday::Sun => "周日",
    }
}

/// `2022年10月31日（周一）`.
pub fn date(day: NaiveDate) -> String {
    format!("{}年{}月{}日（{}）", day.year(), day.month(), day.day(), weekday(day))
}

/// `10月31日（周一）18:00`; midnight is 24:00 of the day before. The year stands where it is not this one.
pub fn deadline(zone: Zone, due: DateTime<Utc>, today: NaiveDate) -> String {
    let local = zone.local(due);
    let (day, time) = if local.time() == chrono::NaiveTime::MIN {
        (zone.due_day(due), "24:00".to_owned())
    } else {
        (local.date_naive(), local.format("%H:%M").to_string())
    };
    let year = if day.year() == today.year() { String::new() } else { format!("{}年", day.year()) };
    format!("{year}{}月{}日（{}）{time}", day.month(), day.day(), weekday(day))
}

/// How a holiday notice has moved a deadline, as the log has it: 时限由2月13日（周六）18:00顺延至2月15日（周一）18:00.
pub fn moved(zone: Zone, detail: &str, today: NaiveDate) -> Option<String> {
    let detail: serde_json::Value = serde_json::from_str(detail).ok()?;
    let at = |key: &str| detail.get(key)?.as_str()?.parse::<DateTime<Utc>>().ok();
    let (from, until) = (deadline(zone, at("from")?, today), deadline(zone, at("until")?, today));
    Some(format!("因放假通知变动，时限由{from}顺延至{until}"))
}

/// `10月31日 09:00`.
pub fn moment(zone: Zone, instant: DateTime<Utc>) -> String {
    civil_moment(zone.local(instant).naive_local())
}

pub fn civil_moment(local: NaiveDateTime) -> String {
    format!("{}月{}日 {}", local.month(), local.day(), local.format("%H:%M"))
}

/// `质安处、安管总站`.
pub fn owners(units: &[UnitName]) -> String {
    units.iter().map(|unit| unit.0.as_str()).collect::<Vec<_>>().join("、")
}

/// The period as people call it.
pub fn period(known: &Known, rules: &Rules<'_>, obligation: &Obligation) -> String {
    if let Some(key) = obligation.period.strip_prefix("node:") {
        let node = known.world(rules.catalogue).node(key);
        return node.map_or_else(|| obligation.period.clone(), |node| format!("重要节点“{}”", node.name));
    }
    if let Some(id) = obligation.period.strip_prefix("event:") {
        let Cadence::OnEvent { event, .. } = &rules.duty.cadence else { return format!("事件 {id}") };
        return format!("{event}（{}）", moment(known.zone, obligation.opens_at));
    }
    Period::parse(&obligation.period, &rules.duty.cadence, obligation.form)
        .map_or_else(|_| obligation.period.clone(), |period| period.label())
}

/// `检查企业1家、整改突出隐患2个`, or nothing when all is there.
pub fn missing(counts: &[Count]) -> Option<String> {
    let missing: Vec<String> = counts
        .iter()
        .filter(|count| count.missing() > 0)
        .map(|count| format!("{}{}{}", count.counter, count.missing(), count.unit))
        .collect();
    (!missing.is_empty()).then(|| missing.join("、"))
}

/// What was filed for each counter, as it was understood: `检查企业：A公司、B公司（2家）`, `标语海报：3条`,
/// `整改突出隐患：无（不计数）`.
pub fn said(quotas: &[&Quota], items: &[Item]) -> Vec<String> {
    let mut by_counter: Vec<(&str, Vec<&str>)> = Vec::new();
    for Item { counter, value } in items {
        match by_counter.iter_mut().find(|(known, _)| known == counter) {
            Some((_, values)) => values.push(value),
            None => by_counter.push((counter, vec![value])),
        }
    }
    let said = |(counter, values): (&str, Vec<&str>)| {
        let quota = quotas.iter().find(|quota| quota.counter == counter);
        let words = quota.map_or_else(|| values.join("、"), |quota| said_of(quota, &values));
        format!("{counter}：{words}")
    };
    by_counter.into_iter().map(said).collect()
}

fn said_of(quota: &Quota, values: &[&str]) -> String {
    let unit = &quota.unit;
    let number = |value: &&str| value.parse::<u32>().ok().filter(|_| !quota.distinct);
    let shown: Vec<String> =
        values.iter().map(|value| number(value).map_or((*value).to_owned(), |n| format!("{n}{unit}"))).collect();
    let shown = shown.join("、");
    if quota.distinct {
        let names: BTreeSet<String> = values.iter().flat_map(|value| counter::kept_names(quota, value)).collect();
        return if names.is_empty() {
            format!("{shown}（不计数）")
        } else {
            format!("{shown}（{}{unit}）", names.len())
        };
    }
    let all: u32 = values.iter().map(|value| counter::amount(quota, value)).sum();
    if all == 0 { format!("{shown}（不计数）") } else { shown }
}

/// The place of an obligation's first owner in the roster.
pub fn roster_order(known: &Known, owners: &[UnitName]) -> usize {
    let first = owners.first();
    known.roster.units.iter().position(|unit| Some(&unit.name) == first).unwrap_or(usize::MAX)
}

/// The order of the document: item, measure, letter.
pub fn document_order(duty: &DutyId) -> (u32, u32, String) {
    let (item, rest) = duty.0.split_once('.').unwrap_or((&duty.0, ""));
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    (item.parse().unwrap_or(u32::MAX), rest[..digits].parse().unwrap_or(u32::MAX), rest[digits..].to_owned())
}
