//! 日历: a year at a glance, with what is known of it in words; a holiday notice is shown, then taken in.

use askama::Template;
use axum::extract::{Multipart, Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use crate::acts::calendar::{Confirmed, differences, mark};
use crate::catalogue::{ListedDays, holidays};
use crate::domain::calendar::{Calendar, DayReason, DayStatus, YearStatus};
use crate::domain::refusal::setting::SettingRefusal;
use crate::read::notice;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::papers::Papers;
use crate::web::refused::Refused;
use crate::web::route::{Route, get, papers};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/calendar/{year}", Right::SeeAll, show), papers("/calendar/{year}/import", Right::Settings, import)]
}

/// The years that have a page.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// A day in a month's table.
struct Cell {
    day: u32,
    class: &'static str,
    /// 休, 班, or nothing.
    mark: &'static str,
    name: String,
    provisional: bool,
}

struct Month {
    label: String,
    weeks: Vec<Vec<Option<Cell>>>,
    workdays: usize,
}

/// Days of one name in a row, in words.
struct NamedDays {
    days: String,
    name: String,
    what: &'static str,
    provisional: bool,
}

#[derive(Template)]
#[template(path = "calendar.html")]
struct CalendarPage {
    page: Page,
    year: i32,
    status: &'static str,
    unsettled: bool,
    months: Vec<Month>,
    listed: Vec<NamedDays>,
    workdays: usize,
    may: bool,
    refused: Refused,
}

#[derive(Deserialize)]
struct CalendarQuery {
    #[serde(default)]
    done: usize,
    /// How many open obligations are due later.
    #[serde(default)]
    moved: usize,
}

async fn show(
    desk: Desk,
    visitor: Visitor,
    Path(year): Path<i32>,
    Query(done): Query<CalendarQuery>,
) -> Result<Response, Fault> {
    let moved = match done.moved {
        0 => String::new(),
        n => format!("已开始的应办事项中有{n}项原时限落在休息日，已顺延并将随下一封邮件告知。"),
    };
    let done = (done.done > 0).then(|| format!("通知已导入，共{}天；尚未开始的应办事项随之重算。{moved}", done.done));
    page(&desk, &visitor, year, done, Refused::default())
}

fn page(desk: &Desk, visitor: &Visitor, year: i32, done: Option<String>, refused: Refused) -> Result<Response, Fault> {
    if !YEARS.contains(&year) {
        return Err(Fault::Missing);
    }
    let calendar = &desk.known.calendar;
    let status = calendar.year(year);
    let months: Vec<Month> = (1..=12).filter_map(|month| month_of(calendar, year, month, status)).collect();
    let shown = CalendarPage {
        page: Page::new(format!("{year}年日历"), desk, visitor).with_done(done),
        year,
        status: year_words(status),
        unsettled: status != YearStatus::Published,
        workdays: months.iter().map(|month| month.workdays).sum(),
        months,
        listed: listed(calendar, year),
        may: visitor.has(Right::Settings),
        refused,
    };
    Ok(view::answer(&shown, shown.refused.any()))
}

fn month_of(calendar: &Calendar, year: i32, month: u32, status: YearStatus) -> Option<Month> {
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    let lead = first.weekday().num_days_from_monday() as usize;
    let mut cells: Vec<Option<Cell>> = (0..lead).map(|_| None).collect();
    let mut workdays = 0;
    for day in first.iter_days().take_while(|day| day.month() == month) {
        let reason = calendar.day(day);
        workdays += usize::from(reason.is_workday());
        let provisional = match reason {
            DayReason::Holiday(listed) | DayReason::Makeup(listed) => listed.status == DayStatus::Provisional,
            // Without any notice even a plain weekday may turn out otherwise; the heading says so once for all.
            DayReason::Weekday | DayReason::Weekend => false,
        };
        let (class, mark, name) = match reason {
            DayReason::Holiday(listed) => ("off", "休", listed.name.clone()),
            DayReason::Makeup(listed) => ("makeup", "班", listed.name.clone()),
            DayReason::Weekend => ("weekend", "", String::new()),
            DayReason::Weekday => ("", "", String::new()),
        };
        cells.push(Some(Cell { day: day.day(), class, mark, name, provisional }));
    }
    while !cells.len().is_multiple_of(7) {
        cells.push(None);
    }
    let mut weeks: Vec<Vec<Option<Cell>>> = Vec::new();
    for cell in cells {
        match weeks.last_mut().filter(|week| week.len() < 7) {
            Some(week) => week.push(cell),
            None => weeks.push(vec![cell]),
        }
    }
    let settled = if status == YearStatus::Published { "" } else { "（暂定）" };
    Some(Month { label: format!("{month}月{settled}"), weeks, workdays })
}

fn listed(calendar: &Calendar, year: i32) -> Vec<NamedDays> {
    let mut rows: Vec<(NaiveDate, NaiveDate, NamedDays)> = Vec::new();
    for (day, listed) in calendar.listed.iter().filter(|(day, _)| day.year() == year) {
        let what = if calendar.is_workday(*day) { "上班（调休）" } else { "放假" };
        let provisional = listed.status == DayStatus::Provisional;
        let goes_on = |(_, last, row): &&mut (NaiveDate, NaiveDate, NamedDays)| {
            let same = row.name == listed.name && row.what == what && row.provisional == provisional;
            same && last.succ_opt() == Some(*day)
        };
        if let Some((_, last, _)) = rows.last_mut().filter(goes_on) {
            *last = *day;
        } else {
            rows.push((*day, *day, NamedDays { days: String::new(), name: listed.name.clone(), what, provisional }));
        }
    }
    let words = |(first, last, row): (NaiveDate, NaiveDate, NamedDays)| {
        let short = |day: NaiveDate| format!("{}月{}日", day.month(), day.day());
        let days = if first == last { short(first) } else { format!("{}至{}", short(first), short(last)) };
        NamedDays { days, ..row }
    };
    rows.into_iter().map(words).collect()
}

/// What a notice would change, shown before it is made. The confirmation brings the notice again, and the mark of what was
/// shown.
#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage {
    page: Page,
    year: i32,
    years: String,
    days: usize,
    changes: Vec<String>,
    doubts: Vec<String>,
    notice: String,
    mark: String,
}

/// Takes a notice in, all of it or nothing: what changes is shown first, and made by a second press.
async fn import(desk: Desk, visitor: Visitor, Path(year): Path<i32>, form: Multipart) -> Result<Response, Fault> {
    let sent = Papers::read(form).await?;
    let pasted = sent.fields.get("text").filter(|text| !text.trim().is_empty());
    let file = sent.files.first().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let Some((name, bytes)) = file.or(pasted.map(|text| ("粘贴的通知", text.as_bytes()))) else {
        return page(&desk, &visitor, year, None, Refused::of(SettingRefusal::NoFileChosen));
    };
    let listed = match holidays::parse(name, bytes) {
        Ok(listed) => listed,
        Err(found) => return page(&desk, &visitor, year, None, Refused::file(&found)),
    };
    let Some(mark) = sent.fields.get("mark") else { return shown(&desk, &visitor, year, &listed) };
    match Refused::or(desk.actor(&visitor.post).import_calendar(&listed, Confirmed::Shown(mark)).await)? {
        Ok(done) => {
            let year = listed.years.last().copied().filter(|year| YEARS.contains(year)).unwrap_or(year);
            let (days, moved) = (listed.days.len(), done.moved.len());
            Ok(Redirect::to(&format!("/calendar/{year}?done={days}&moved={moved}")).into_response())
        }
        Err(refused) => page(&desk, &visitor, year, None, refused),
    }
}

fn shown(desk: &Desk, visitor: &Visitor, year: i32, listed: &ListedDays) -> Result<Response, Fault> {
    let differences = differences(&desk.known.calendar, listed);
    if differences.days.is_empty() {
        return page(desk, visitor, year, Some("通知与现有日历一致，没有更改。".into()), Refused::default());
    }
    let years: Vec<String> = listed.years.iter().map(|year| format!("{year}年")).collect();
    let shown = NoticePage {
        page: Page::new("核对放假通知", desk, visitor),
        year,
        years: years.join("、"),
        days: listed.days.len(),
        changes: differences.days.iter().map(|change| notice::change(change).chinese).collect(),
        doubts: differences.doubts.iter().map(|doubt| notice::doubt(doubt).chinese).collect(),
        notice: holidays::write(&listed.over(&desk.known.calendar), &listed.years),
        mark: mark(&differences),
    };
    Ok(view::html(&shown))
}

/// What is known of a year's days.
pub fn year_words(status: YearStatus) -> &'static str {
    match status {
        YearStatus::Published => "已按放假通知",
        YearStatus::Provisional => "放假通知未公布，推算的日期为暂定",
        YearStatus::NotPublished => "放假通知未公布，仅按周末推算，均为暂定",
    }
}
