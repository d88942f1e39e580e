//! Where things stand in a picture. Marks and hatching say what colours say, so that a black and white print does too.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::numbers::Ends;

pub struct Square {
    pub x: u32,
    pub y: u32,
    pub class: &'static str,
    pub mark: String,
    /// The day and its numbers in words.
    pub words: String,
}

/// A month's name over the squares.
pub struct Over {
    pub x: u32,
    /// 1月
    pub label: String,
}

/// A year: a column a week, Monday first.
pub struct Heat {
    pub squares: Vec<Square>,
    pub months: Vec<Over>,
    pub width: u32,
}

/// The side of a square with its gap.
pub const SIDE: u32 = 18;
/// Room for the names of the weekdays.
pub const LEFT: u32 = 26;
/// Room for the names of the months.
pub const TOP: u32 = 20;

pub fn heat(year: i32, days: &BTreeMap<NaiveDate, Ends>) -> Heat {
    let mut heat = Heat { squares: Vec::new(), months: Vec::new(), width: 0 };
    let Some(first) = NaiveDate::from_ymd_opt(year, 1, 1) else { return heat };
    let lead = first.weekday().num_days_from_monday();
    for day in first.iter_days().take_while(|day| day.year() == year) {
        let place = lead + day.ordinal0();
        let (x, y) = (LEFT + place / 7 * SIDE, TOP + place % 7 * SIDE);
        if day.day() == 1 {
            heat.months.push(Over { x, label: format!("{}月", day.month()) });
        }
        let ends = days.get(&day).copied().unwrap_or_default();
        let (class, mark) = look(ends);
        let words = if ends.all() == 0 {
            String::new()
        } else {
            format!("{}月{}日：{}", day.month(), day.day(), words(ends))
        };
        heat.width = x + SIDE;
        heat.squares.push(Square { x, y, class, mark, words });
    }
    heat
}

/// The gravest of a day speaks; of misses, how many.
fn look(ends: Ends) -> (&'static str, String) {
    let mark = |text: &str| text.to_owned();
    match ends {
        ends if ends.missed > 99 => ("missed", mark("99")),
        ends if ends.missed > 0 => ("missed", ends.missed.to_string()),
        ends if ends.late > 0 => ("late", mark("补")),
        ends if ends.open > ends.ahead => ("open", mark("待")),
        ends if ends.open > 0 => ("open", mark("报")),
        ends if ends.in_time > 0 => ("in-time", mark("√")),
        ends if ends.waived > 0 => ("waived", mark("免")),
        _ => ("empty", String::new()),
    }
}

/// 按期2、逾期1.
fn words(ends: Ends) -> String {
    let parts = [
        ("按期", ends.in_time),
        ("补办", ends.late),
        ("逾期", ends.missed),
        ("免除", ends.waived),
        ("已报未到期", ends.ahead),
        ("未了", ends.open - ends.ahead),
    ];
    let parts: Vec<String> = parts.iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{word}{n}")).collect();
    parts.join("、")
}

/// A bar with what stands at its ends.
pub struct Bar {
    pub x: u32,
    pub y: u32,
    pub length: u32,
    pub label: String,
    pub value: String,
}

/// The height of a bar of 100 %.
pub const TALL: u32 = 120;

/// The rate on time of each month: upright bars. A month without any has none.
pub fn rates(months: &[(u32, Ends)]) -> Vec<Bar> {
    let bar = |(month, ends): &(u32, Ends)| {
        let length = ends.percent().map_or(0, |percent| u32::try_from(percent).unwrap_or(0) * TALL / 100);
        Bar {
            x: 10 + (month - 1) * 62,
            y: 30 + TALL - length,
            length,
            label: format!("{month}月"),
            value: match ends.percent() {
                Some(percent) => format!("{percent}%"),
                None if ends.open > 0 => "未到期".to_owned(),
                None => String::new(),
            },
        }
    };
    months.iter().map(bar).collect()
}

/// The length of the longest of lying bars.
pub const LONG: u32 = 320;

/// Numbers as lying bars, the longest for the greatest.
pub fn lying(rows: &[(String, u64)]) -> Vec<Bar> {
    let most = rows.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let bar = |(at, (label, n)): (u32, &(String, u64))| Bar {
        x: 110,
        y: 6 + at * 28,
        length: u32::try_from(n * u64::from(LONG) / most).unwrap_or(LONG),
        label: label.clone(),
        value: n.to_string(),
    };
    (0..).zip(rows).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_a_square_for_each_day_and_the_gravest_speaks() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let missed = Ends { in_time: 3, missed: 2, ..Ends::default() };
        let late = Ends { in_time: 1, late: 1, ..Ends::default() };
        let heat = heat(2024, &BTreeMap::from([(day("2024-02-29"), missed), (day("2024-12-31"), late)]));
        assert_eq!((heat.squares.len(), heat.months.len()), (366, 12));
        assert_eq!((heat.squares[59].class, heat.squares[59].mark.as_str()), ("missed", "2"));
        assert_eq!(heat.squares[59].words, "2月29日：按期3、逾期2");
        assert_eq!((heat.squares[365].class, heat.squares[365].mark.as_str()), ("late", "补"));
        // 2024 began on a Monday, 29 February was a Thursday.
        assert_eq!((heat.squares[0].x, heat.squares[0].y), (LEFT, TOP));
        assert_eq!(heat.squares[59].y, TOP + 3 * SIDE);
    }
}
