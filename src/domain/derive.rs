//! How a deadline came about, in words: for people who ask why.
//!
//! Says what `plan` decided and decides nothing itself.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::calendar::{Calendar, DayReason, DayStatus, YearStatus, Zone};
use super::due::due_day;
use super::duty::{After, Cadence, DueRule, Duty, Form};
use super::period::{Period, month_and_day};
use super::plan::ONCE_OPENS_WORKDAYS_BEFORE;
use super::world::World;

/// How the deadline was derived, line by line, for people: the period, its last day, the workday and on whose word it is
/// one. `opens_at` and `due_at` are those of the obligation, before any extension.
pub fn derive(
    world: &World<'_>,
    duty: &Duty,
    form: Form,
    period: &Period,
    opens_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> Vec<String> {
    let mut lines = Vec::new();
    match period {
        Period::Node(key) => derive_node(world, key, &mut lines),
        Period::Event(_) => derive_event(world, duty, opens_at, &mut lines),
        _ if form == Form::Node => {}
        _ => derive_calendar(world, duty, period, opens_at, &mut lines),
    }
    lines.push(format!("截止：{}", people_time(world.zone, due_at)));
    lines
}

fn derive_node(world: &World<'_>, key: &str, lines: &mut Vec<String>) {
    let Some(node) = world.node(key) else {
        lines.push(format!("期：重要节点 {key}（现已不在节点表中）"));
        return;
    };
    lines.push(format!("期：重要节点“{}”，{} 至 {}", node.name, written(node.first), written(node.last)));
    lines.push(format!("规则：每个节点一次，节点最后一日 24:00 截止{}", provisional(world.calendar, node.last)));
}

fn derive_event(world: &World<'_>, duty: &Duty, at: DateTime<Utc>, lines: &mut Vec<String>) {
    let Cadence::OnEvent { event, after } = &duty.cadence else { return };
    lines.push(format!("期：事件（{event}），发生于 {}", people_time(world.zone, at)));
    lines.push(match after {
        After::Minutes(_) => format!("规则：事件发生后{}", after.label()),
        After::Days(days) => format!("规则：事件当日后第 {days} 日 24:00 截止"),
    });
}

fn derive_calendar(world: &World<'_>, duty: &Duty, period: &Period, opens_at: DateTime<Utc>, lines: &mut Vec<String>) {
    let (Some(first), Some(last)) = (period.first_day(), period.last_day()) else { return };
    if let Period::Once(_) = period {
        lines.push(format!("期：一次性任务，{} 完成", period.label()));
        let why = match duty.effective_from {
            Some(_) => "任务自该日起生效".to_owned(),
            None => format!("截止日前第 {ONCE_OPENS_WORKDAYS_BEFORE} 个工作日"),
        };
        lines.push(format!("开放：{}（{why}）", written(world.zone.day_of(opens_at))));
    } else if first == last {
        lines.push(format!("期：{}，{}", written(first), reason(world.calendar, first)));
        if duty.cadence == Cadence::EachNodeDay {
            let nodes = world.all_nodes();
            let names: Vec<&str> =
                nodes.iter().filter(|node| node.contains(first)).map(|node| node.name.as_str()).collect();
            lines.push(format!("当日属于重要节点：{}", names.join("、")));
        }
    } else {
        lines.push(format!("期：{}，{} 至 {}", period.label(), written(first), written(last)));
    }
    match duty.due {
        DueRule::EndOfDay | DueRule::Exact => lines.push("规则：期末当日 24:00 截止，不因休息日顺延".to_owned()),
        DueRule::LastWorkday(time) => derive_workday(world, duty, period, &time.format("%H:%M").to_string(), lines),
    }
}

fn derive_workday(world: &World<'_>, duty: &Duty, period: &Period, time: &str, lines: &mut Vec<String>) {
    let (Some(first), Some(last)) = (period.first_day(), period.last_day()) else { return };
    let calendar = world.calendar;
    let due = due_day(world, duty, period);
    lines.push(format!("规则：期内最后一个工作日 {time} 截止；期内无工作日的，顺延至其后第一个工作日"));
    if due <= last {
        for day in due.iter_days().skip(1).take_while(|day| *day <= last) {
            lines.push(format!("{}：{}", written(day), reason(calendar, day)));
        }
        lines.push(format!("最后一个工作日：{}，{}", written(due), reason(calendar, due)));
    } else {
        lines.push(format!("期内无工作日（{} 至 {} 均为休息日）", written(first), written(last)));
        lines.push(format!("顺延至：{}，{}", written(due), reason(calendar, due)));
    }
}

/// `2022-09-30（星期五）`.
fn written(day: NaiveDate) -> String {
    const NAMES: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
    format!("{day}（星期{}）", NAMES[day.weekday().num_days_from_monday() as usize])
}

/// Why a day is worked or not, and on whose word.
fn reason(calendar: &Calendar, day: NaiveDate) -> String {
    let said = match calendar.day(day) {
        DayReason::Weekday => "工作日（周一至周五）".to_owned(),
        DayReason::Weekend => "休息日（周末）".to_owned(),
        DayReason::Holiday(listed) => format!("休息日（{}放假{}）", listed.name, on_word(listed.status)),
        DayReason::Makeup(listed) => format!("工作日（{}调休上班{}）", listed.name, on_word(listed.status)),
    };
    said + provisional(calendar, day)
}

fn on_word(status: DayStatus) -> &'static str {
    match status {
        DayStatus::Notice => "，依放假通知",
        DayStatus::Provisional => "，推算",
    }
}

/// The mark of a day whose year has no notice yet.
fn provisional(calendar: &Calendar, day: NaiveDate) -> &'static str {
    match calendar.year(day.year()) {
        YearStatus::Published => "",
        YearStatus::Provisional | YearStatus::NotPublished => "，暂定：该年放假通知尚未公布",
    }
}

/// An instant as people read a deadline: midnight is 24:00 of the day before.
fn people_time(zone: Zone, instant: DateTime<Utc>) -> String {
    let local = zone.local(instant);
    if local.format("%H:%M:%S").to_string() == "00:00:00" {
        let day = zone.due_day(instant);
        return format!("{}年{} 24:00", day.year(), month_and_day(day));
    }
    format!("{}年{} {}", local.year(), month_and_day(local.date_naive()), local.format("%H:%M"))
}
