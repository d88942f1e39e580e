//! What a holiday notice changes, and what of it is in doubt, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::calendar::{DayKind, DayStatus, ListedDay};
use crate::domain::notice::{DayChange, Doubt};
use crate::read::words::weekday;

/// 2027-02-13（周六） 春节：调休上班 → 放假.
pub fn change(change: &DayChange) -> Words {
    let date = change.date;
    let (english_day, chinese_day) = (date.format("%a"), weekday(date));
    let listed = |day: &Option<ListedDay>| day.as_ref().map_or_else(|| say!("not listed", "未列"), of_day);
    let (before, after) = (listed(&change.before), listed(&change.after));
    Words {
        english: format!("{date} {english_day}: {} -> {}", before.english, after.english),
        chinese: format!("{date}（{chinese_day}）：{} → {}", before.chinese, after.chinese),
    }
}

fn of_day(day: &ListedDay) -> Words {
    let name = &day.name;
    let Words { english, chinese } = kind(day.kind);
    match day.status {
        DayStatus::Notice => say!("{name} {english}", "{name}{chinese}"),
        DayStatus::Provisional => say!("{name} {english} (computed)", "{name}{chinese}（暂定）"),
    }
}

fn kind(kind: DayKind) -> Words {
    match kind {
        DayKind::Holiday => say!("day off", "放假"),
        DayKind::MakeupWorkday => say!("make-up workday", "调休上班"),
    }
}

/// What is to be looked at twice.
pub fn doubt(doubt: &Doubt) -> Words {
    match doubt {
        Doubt::DayGoes { date, name, kind: was } => {
            let day = weekday(*date);
            let Words { english, chinese } = kind(*was);
            say!(
                "{date} ({name}, {english}) would not be listed any more",
                "原列的{date}（{day}）{name}{chinese}将不再列出"
            )
        }
        Doubt::DayOffWorked { date, name } => {
            let day = weekday(*date);
            say!("{date} ({name}) was a day off and would be worked", "原放假的{date}（{day}，{name}）将改为上班")
        }
        Doubt::HolidayMissing { year, name } => {
            say!("{year} would have no day off for {name}", "{year}年没有列出{name}放假")
        }
        Doubt::MakeupOnWeekday { date, name } => {
            let day = weekday(*date);
            say!(
                "{date} ({name}) is a make-up workday, but no weekend day",
                "{date}（{day}，{name}）列为调休上班，但不是周末"
            )
        }
        Doubt::YearShrinks { year, before, after } => {
            say!("{year} would have {after} listed days instead of {before}", "{year}年将由{before}天减为{after}天")
        }
        Doubt::YearUnpublished(year) => say!(
            "{year} has a notice; its days would be computed ones again",
            "{year}年已有正式通知，将被推算（暂定）的日期取代"
        ),
    }
}
