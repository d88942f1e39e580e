//! What is wrong with a holiday notice that was pasted as text.

use chrono::{NaiveDate, Weekday};

use super::words::{Shown, Words, say};

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum NoticeFault {
    NoHolidayInNotice,
    NoticeWithoutYear,
    HolidayWithoutDays(Shown),
    NoSuchDay {
        year: i32,
        month: u32,
        day: u32,
    },
    BackwardsInNotice {
        first: NaiveDate,
        last: NaiveDate,
    },
    OtherWeekday {
        day: NaiveDate,
        written: Weekday,
        right: Weekday,
    },
    /// The sum that an item names, and that of its days.
    OtherSum {
        name: Shown,
        written: usize,
        counted: usize,
    },
    /// A sentence that begins with a date and says neither off nor worked.
    NotUnderstood(Shown),
}

fn chinese(day: Weekday) -> &'static str {
    const NAMES: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
    NAMES.get(day.num_days_from_monday() as usize).copied().unwrap_or_default()
}

impl NoticeFault {
    pub(super) fn words(&self) -> Words {
        match self {
            NoticeFault::NoHolidayInNotice => say!(
                "no holiday stands in the text; paste the notice whole, with its items (“一、元旦：1月1日放假…”)",
                "文字中没有找到节日；请粘贴通知全文，含“一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。”等各条"
            ),
            NoticeFault::NoticeWithoutYear => say!(
                "the text does not say of which year it is; paste its title too (“关于2026年部分节假日安排的通知”)",
                "文字中没有写明年份；请连同标题“关于2026年部分节假日安排的通知”一起粘贴"
            ),
            NoticeFault::HolidayWithoutDays(name) => say!(
                "{name} has no days; write “1月1日至3日放假” or “1月4日上班”",
                "“{name}”没有日期；应写作“1月1日至3日放假”“1月4日上班”"
            ),
            NoticeFault::NoSuchDay { year, month, day } => {
                say!("there is no {year}-{month:02}-{day:02}", "没有{year}年{month}月{day}日这一天；请核对日期")
            }
            NoticeFault::BackwardsInNotice { first, last } => say!(
                "{first} to {last} is no run of days off; the later day stands last, within a month",
                "“{first}至{last}”前后颠倒或相隔过长；请核对日期"
            ),
            NoticeFault::OtherWeekday { day, written, right } => {
                let (zh_written, zh_right) = (chinese(*written), chinese(*right));
                say!("{day} is a {right}, not a {written}", "{day}是{zh_right}，文中写作{zh_written}；请核对日期和年份")
            }
            NoticeFault::OtherSum { name, written, counted } => say!(
                "{name}: the days are {counted}, the text says {written}",
                "“{name}”所列日期合计{counted}天，文中写作{written}天；请核对"
            ),
            NoticeFault::NotUnderstood(sentence) => say!(
                "“{sentence}” says neither 放假 nor 上班 of its days",
                "“{sentence}”没有写明放假还是上班；应写作“1月1日至3日放假”“1月4日上班”"
            ),
        }
    }
}
