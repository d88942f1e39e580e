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
        Period::Node(key) => derive_node(world, key, due_at, &mut lines),
        Period::Event(_) => derive_event(world, duty, opens_at, &mut lines),
        _ if form == Form::Node => {}
        _ => derive_calendar(world, duty, period, opens_at, due_at, &mut lines),
    }
    lines.push(format!("截止：{}", people_time(world.zone, due_at)));
    lines
}

fn derive_node(world: &World<'_>, key: &str, due_at: DateTime<Utc>, lines: &mut Vec<String>) {
    let Some(node) = world.node(key) else {
        lines.push(format!("期：重要节点 {key}（现已不在节点表中）"));
        return;
    };
    lines.push(format!("期：重要节点“{}”，{} 至 {}", node.name, written(node.first), written(node.last)));
    lines.push(format!("规则：每个节点一次，节点最后一日 24:00 截止{}", provisional(world.calendar, node.last)));
    let end = world.zone.end_of(node.last);
    if end < due_at {
        lines.push("节点结束日其后提前；已开放的事项只顺延、不提前".to_owned());
    } else if end > due_at {
        lines.push("节点结束日其后推迟；本事项当时已了结，时限不随之变动".to_owned());
    }
}

fn derive_event(world: &World<'_>, duty: &Duty, at: DateTime<Utc>, lines: &mut Vec<String>) {
    let Cadence::OnEvent { event, after } = &duty.cadence else { return };
    lines.push(format!("期：事件（{event}），发生于 {}", people_time(world.zone, at)));
    lines.push(match after {
        After::Minutes(_) => format!("规则：事件发生后{}", after.label()),
        After::Days(days) => format!("规则：事件当日后第 {days} 日 24:00 截止"),
    });
}

fn derive_calendar(
    world: &World<'_>,
    duty: &Duty,
    period: &Period,
    opens_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    lines: &mut Vec<String>,
) {
    let (Some(first), Some(last)) = (period.first_day(), period.last_day()) else { return };
    if let Period::Once(_) = period {
        lines.push(format!("期：一次性任务，{} 完成", period.label()));
        lines.push(opening(world, duty, world.zone.day_of(opens_at), due_at));
    } else if first == last {
        lines.push(format!("期：{}，{}", written(first), reason(world.calendar, first)));
        if duty.cadence == Cadence::EachNodeDay {
            lines.push(node_day(world, first));
        }
    } else {
        lines.push(format!("期：{}，{} 至 {}", period.label(), written(first), written(last)));
    }
    match duty.due {
        DueRule::EndOfDay | DueRule::Exact => lines.push("规则：期末当日 24:00 截止，不因休息日顺延".to_owned()),
        DueRule::LastWorkday(time) => {
            let time = time.format("%H:%M");
            lines.push(format!("规则：期内最后一个工作日 {time} 截止；期内无工作日的，顺延至其后第一个工作日"));
            let by_rule = due_day(world, duty, period);
            if super::due::due_at(world, duty, period) == due_at {
                derive_workday(world.calendar, by_rule, first, last, lines);
            } else {
                lines.push(otherwise(world, by_rule, due_at));
            }
        }
    }
}

/// When a `once` opened, and why where the calendar still says so.
fn opening(world: &World<'_>, duty: &Duty, opened: NaiveDate, due_at: DateTime<Utc>) -> String {
    let by_rule = world.calendar.workdays_before(world.zone.due_day(due_at), ONCE_OPENS_WORKDAYS_BEFORE);
    let why = match duty.effective_from {
        Some(_) => "任务自该日起生效".to_owned(),
        None if by_rule == opened => format!("截止日前第 {ONCE_OPENS_WORKDAYS_BEFORE} 个工作日"),
        None => format!("开放时按当时的日历，为截止日前第 {ONCE_OPENS_WORKDAYS_BEFORE} 个工作日"),
    };
    format!("开放：{}（{why}）", written(opened))
}

fn node_day(world: &World<'_>, day: NaiveDate) -> String {
    let nodes = world.all_nodes();
    let names: Vec<&str> = nodes.iter().filter(|node| node.contains(day)).map(|node| node.name.as_str()).collect();
    if names.is_empty() {
        return "当日曾属于重要节点，节点起止日其后有变动".to_owned();
    }
    format!("当日属于重要节点：{}", names.join("、"))
}

/// Why the deadline of what is open, or was, is another than the rule gives by the calendar of today.
fn otherwise(world: &World<'_>, by_rule: NaiveDate, due_at: DateTime<Utc>) -> String {
    let now = format!(
        "放假通知其后有变动：按现行日历，依规则应为 {}（{}）",
        written(by_rule),
        reason(world.calendar, by_rule)
    );
    let day = world.zone.due_day(due_at);
    match () {
        () if by_rule < day => format!("{now}；已开放的事项只顺延、不提前，时限为 {}", written(day)),
        () if world.calendar.is_workday(day) => format!("{now}；原定的 {} 仍是工作日，时限不变", written(day)),
        () => format!("{now}；本事项当时已了结，时限 {} 不随之变动", written(day)),
    }
}

fn derive_workday(calendar: &Calendar, due: NaiveDate, first: NaiveDate, last: NaiveDate, lines: &mut Vec<String>) {
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
