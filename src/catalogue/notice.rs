//! The State Council's holiday notice as it is published: pasted text becomes listed days.
//!
//! One item a holiday (“二、春节：2月15日（周日）至23日（周一）放假调休，共9天。2月14日（周六）上班。”); what stands before the first
//! and behind the last says nothing of days. Weekdays and sums that the notice names are held against the days. A notice
//! that changes one holiday of a year (关于调整…的通知) speaks for that holiday alone.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::diagnostic::Report;
use super::listed::{self, ListedDays};
use super::mistake::notice::NoticeFault;
use super::mistake::words::shown;
use crate::domain::calendar::{DayKind, DayStatus, ListedDay, STATUTORY};

/// Whether a text is a notice and no table.
pub fn is_notice(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let words: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    words.contains("放假") && words.contains('月') && !first.to_ascii_lowercase().contains("date")
}

/// A character and where it stands in the file. Blanks are left out, forms of half and full width are one.
type Marked = (usize, char);

/// One holiday of a notice: its name, and all that is said of it.
struct Item<'t> {
    name: String,
    at: usize,
    text: &'t [Marked],
}

pub fn read(report: &mut Report<'_>) -> ListedDays {
    let text = plain(report.source().text());
    let mut listed = ListedDays::default();
    let (preamble, mut items) = items(&text);
    let title: String = preamble.iter().map(|(_, c)| *c).filter(|c| *c != '\n').collect();
    let changed = title.contains("调整").then(|| STATUTORY.into_iter().find(|name| title.contains(name))).flatten();
    if let (true, Some(name)) = (items.is_empty(), changed) {
        items.push(Item { name: full_name(name), at: 0, text: body(preamble) });
        listed.only = Some(vec![full_name(name)]);
    }
    if items.is_empty() {
        report.at(0, NoticeFault::NoHolidayInNotice);
        return listed;
    }
    let Some(year) = notice_year(&title).or_else(|| year_in_items(&items)) else {
        report.at(0, NoticeFault::NoticeWithoutYear);
        return listed;
    };
    listed.years.insert(year);
    for item in &items {
        Reading { report, listed: &mut listed, year, item }.read();
    }
    listed
}

fn full_name(stem: &str) -> String {
    if matches!(stem, "元旦" | "春节") { stem.to_owned() } else { format!("{stem}节") }
}

/// Half width, without blanks; line ends stay.
fn plain(text: &str) -> Vec<Marked> {
    let narrow = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
        '（' => '(',
        '）' => ')',
        '：' => ':',
        '，' => ',',
        '；' => ';',
        '－' | '—' | '–' | '~' | '～' | '‐' | '−' => '-',
        '．' => '.',
        '\r' => '\n',
        c => c,
    };
    let kept = |c: char| {
        c == '\n' || !(c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '“' | '”' | '"' | '*' | '#'))
    };
    text.char_indices().map(|(at, c)| (at, narrow(c))).filter(|(_, c)| kept(*c)).collect()
}

/// What stands before the first item, and the items.
fn items(text: &[Marked]) -> (&[Marked], Vec<Item<'_>>) {
    let mut heads: Vec<(usize, usize, String)> = Vec::new();
    for (colon, _) in text.iter().enumerate().filter(|(_, (_, c))| *c == ':') {
        let before = text.get(..colon).unwrap_or_default();
        let start = before.iter().rposition(|(_, c)| matches!(c, '。' | ';' | '\n' | ':')).map_or(0, |at| at + 1);
        let head: String = before.get(start..).unwrap_or_default().iter().map(|(_, c)| *c).collect();
        if let Some(name) = holiday(&head) {
            heads.push((start, colon + 1, name));
        }
    }
    let ends = heads.iter().skip(1).map(|(start, ..)| *start).chain([text.len()]);
    let items = heads.iter().zip(ends).map(|((start, from, name), end)| Item {
        name: name.clone(),
        at: text.get(*start).map_or(0, |(at, _)| *at),
        text: text.get(*from..end).unwrap_or_default(),
    });
    let first = heads.first().map_or(text.len(), |(start, ..)| *start);
    (text.get(..first).unwrap_or_default(), items.collect())
}

/// The longest name of holidays in one item.
const LONGEST_NAME: usize = 30;

/// The holidays that a heading names: `二、春节`, `（六）国庆节、中秋节`, `元旦`.
fn holiday(head: &str) -> Option<String> {
    let bare = head.trim_start_matches(['(', ')']);
    let numbered = bare.trim_start_matches(|c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c));
    let marked = numbered.trim_start_matches([')', '、', '.', ',']);
    let is_numbered = numbered.len() < bare.len() && marked.len() < numbered.len();
    let name = if is_numbered { marked } else { head };
    let known = STATUTORY.iter().any(|stem| name.contains(stem));
    let is_name =
        !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(|c: char| c.is_ascii_digit());
    let said = is_name && (known && !name.contains("通知") || is_numbered && name.contains(['节', '日']));
    said.then(|| name.replace([',', '和'], "、"))
}

/// What a notice without items says behind its preamble.
fn body(text: &[Marked]) -> &[Marked] {
    let text_of =
        |from: usize| text.get(from..).unwrap_or_default().iter().take(3).map(|(_, c)| *c).collect::<String>();
    let start = (0..text.len()).find(|at| text_of(*at) == "如下。" || text_of(*at) == "如下:");
    text.get(start.map_or(0, |at| at + 3)..).unwrap_or_default()
}

/// The year of `关于2026年部分节假日安排的通知`, of `现将2026年…`, of `2026年部分节假日`.
fn notice_year(title: &str) -> Option<i32> {
    let year_at = |at: usize| -> Option<i32> {
        let digits: String = title.get(at..)?.chars().take(5).collect();
        let number = digits.strip_suffix('年')?;
        number.parse().ok().filter(|year| (1900..=2199).contains(year))
    };
    let after = ["关于调整", "关于延长", "关于", "现将", "调整"].into_iter();
    let told = after.flat_map(|word| title.match_indices(word).map(move |(at, _)| at + word.len()));
    let before = ["年部分节假日", "年节假日", "年放假"].into_iter();
    let mut told =
        told.chain(before.flat_map(|word| title.match_indices(word).filter_map(|(at, _)| at.checked_sub(4))));
    told.find_map(year_at)
}

/// The latest year that an item names.
fn year_in_items(items: &[Item<'_>]) -> Option<i32> {
    items.iter().flat_map(|item| (0..item.text.len()).filter_map(|at| Cursor { text: item.text, at }.year())).max()
}

/// Where the text of an item is read.
#[derive(Clone, Copy)]
struct Cursor<'t> {
    text: &'t [Marked],
    at: usize,
}

/// A date as it is written; what it leaves out, an earlier one gives.
#[derive(Clone, Copy)]
struct Written {
    year: Option<i32>,
    month: Option<u32>,
    day: u32,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).map(|(_, c)| *c)
    }

    /// Where it stands in the file.
    fn offset(&self) -> usize {
        self.text.get(self.at).or(self.text.last()).map_or(0, |(at, _)| *at)
    }

    fn take(&mut self, wanted: char) -> bool {
        let is = self.peek() == Some(wanted);
        self.at += usize::from(is);
        is
    }

    /// A number that this character follows.
    fn number(&mut self, unit: char, most: usize) -> Option<u32> {
        let digits: String =
            self.text.get(self.at..)?.iter().map(|(_, c)| *c).take_while(char::is_ascii_digit).collect();
        let ends = self.text.get(self.at + digits.len()).map(|(_, c)| *c);
        if digits.is_empty() || digits.len() > most || ends != Some(unit) {
            return None;
        }
        self.at += digits.len() + 1;
        digits.parse().ok()
    }

    fn year(mut self) -> Option<i32> {
        self.number('年', 4).and_then(|year| i32::try_from(year).ok()).filter(|year| (1900..=2199).contains(year))
    }

    /// `2026年1月1日`, `1月1日`, `3日`; stays where it is before anything else.
    fn date(&mut self) -> Option<Written> {
        let mut after = *self;
        let year = after.number('年', 4).and_then(|year| i32::try_from(year).ok());
        let month = after.number('月', 2);
        let day = after.number('日', 2)?;
        *self = after;
        Some(Written { year, month, day })
    }

    /// What stands in brackets here, with its place.
    fn brackets(&mut self) -> Option<(usize, String)> {
        let at = self.offset();
        if !self.take('(') {
            return None;
        }
        let inside: String = self.text.get(self.at..)?.iter().map(|(_, c)| *c).take_while(|c| *c != ')').collect();
        self.at += inside.chars().count() + 1;
        Some((at, inside))
    }
}

struct Reading<'r, 's, 't> {
    report: &'r mut Report<'s>,
    listed: &'r mut ListedDays,
    year: i32,
    item: &'r Item<'t>,
}

/// What a clause says of its days.
enum Said {
    Off,
    /// 与周末连休: off with the weekend beside them.
    OffWithWeekend,
    /// Off for a holiday that fell on a weekend day: what the item sums up holds other days too.
    OffInstead,
    Worked,
}

impl Reading<'_, '_, '_> {
    fn read(mut self) {
        let before = self.listed.days.len();
        for sentence in self.item.text.split(|(_, c)| matches!(c, '。' | ';')) {
            let told: Vec<Marked> = sentence.iter().filter(|(_, c)| *c != '\n').copied().collect();
            self.sentence(&told);
        }
        if self.listed.days.len() == before && self.report.is_clean() {
            self.report.at(self.item.at, NoticeFault::HolidayWithoutDays(shown(&self.item.name)));
        }
    }

    /// One that does not begin with a date lists none.
    fn sentence(&mut self, text: &[Marked]) {
        let mut cursor = Cursor { text, at: 0 };
        let alone = |cursor: &Cursor<'_>| cursor.at >= text.len();
        while let Some((days, at)) = self.days(&mut cursor) {
            // The date under the notice.
            if alone(&cursor) {
                return;
            }
            let from = cursor.at;
            while cursor.at < text.len() && !(cursor.at > from && starts_clause(text, cursor.at)) {
                cursor.at += 1;
            }
            let words: String = text.get(from..cursor.at).unwrap_or_default().iter().map(|(_, c)| *c).collect();
            if let Some(what) = said(&words) {
                self.list(at, days, &what, &words);
            } else {
                let all: String = text.iter().map(|(_, c)| *c).collect();
                self.report.at(at, NoticeFault::NotUnderstood(shown(all)));
            }
        }
    }

    /// The days that a clause begins with, and where: `1月29日(星期六)、30日(星期日)`, `1月1日至3日`.
    fn days(&mut self, cursor: &mut Cursor<'_>) -> Option<(Vec<NaiveDate>, usize)> {
        let at = cursor.offset();
        let mut days: Vec<NaiveDate> = Vec::new();
        let mut known = (None, None);
        loop {
            let Some(written) = cursor.date() else { return (!days.is_empty()).then_some((days, at)) };
            let first = self.day(at, written, &mut known);
            self.check_weekday(cursor, first);
            let mut last = first;
            if cursor.take('至') || cursor.take('到') || cursor.take('-') {
                last = cursor.date().and_then(|written| self.day(at, written, &mut known));
                self.check_weekday(cursor, last);
            }
            if let (Some(first), Some(last)) = (first, last) {
                if last < first || last > first + Days::new(31) {
                    self.report.at(at, NoticeFault::BackwardsInNotice { first, last });
                } else {
                    days.extend(first.iter_days().take_while(|day| *day <= last));
                }
            } else {
                // Told already; the rest of the clause is read all the same.
                days.extend(first.or(last));
            }
            let mut after = *cursor;
            if !(after.take('、') || after.take(',') || after.take('和') || after.take('及')) || after.date().is_none()
            {
                return Some((days, at));
            }
            cursor.at += 1;
        }
    }

    fn day(&mut self, at: usize, written: Written, known: &mut (Option<i32>, Option<u32>)) -> Option<NaiveDate> {
        let month = written.month.or(known.1)?;
        // 元旦 begins in the December before.
        let turns = month == 12 && self.item.name.contains("元旦");
        let year = written.year.or(known.0.filter(|_| written.month.is_none()));
        let year = year.unwrap_or(if turns { self.year - 1 } else { self.year });
        *known = (Some(year), Some(month));
        let found = NaiveDate::from_ymd_opt(year, month, written.day);
        if found.is_none() {
            self.report.at(at, NoticeFault::NoSuchDay { year, month, day: written.day });
        }
        found
    }

    fn check_weekday(&mut self, cursor: &mut Cursor<'_>, day: Option<NaiveDate>) {
        let Some((at, inside)) = cursor.brackets() else { return };
        let (Some(day), Some(written)) = (day, weekday(&inside)) else { return };
        if day.weekday() != written {
            self.report.at(at, NoticeFault::OtherWeekday { day, written, right: day.weekday() });
        }
    }

    fn list(&mut self, at: usize, days: Vec<NaiveDate>, said: &Said, words: &str) {
        let days = if matches!(said, Said::OffWithWeekend) { with_weekend(days) } else { days };
        if let (Said::Off | Said::OffWithWeekend, Some(written)) = (said, sum(words)) {
            let counted = days.len();
            if written != counted {
                let name = shown(&self.item.name);
                self.report.at(at, NoticeFault::OtherSum { name, written, counted });
            }
        }
        let kind = if matches!(said, Said::Worked) { DayKind::MakeupWorkday } else { DayKind::Holiday };
        for date in days {
            let day = ListedDay { name: self.item.name.clone(), kind, status: DayStatus::Notice };
            listed::add(self.report, self.listed, at, date, day);
            // The notice speaks for its year alone, wherever its days lie.
            self.listed.years = [self.year].into();
        }
    }
}

/// Whether another clause with days of its own begins there: `，1月2日（星期一）补休`.
fn starts_clause(text: &[Marked], at: usize) -> bool {
    let comma = at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|(_, c)| *c == ',');
    comma && Cursor { text, at }.date().is_some_and(|written| written.month.is_some())
}

/// The days and the weekend days that touch them.
fn with_weekend(mut days: Vec<NaiveDate>) -> Vec<NaiveDate> {
    let weekend = |day: &NaiveDate| matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let (Some(first), Some(last)) = (days.first().copied(), days.last().copied()) else { return days };
    days.extend(std::iter::successors(first.pred_opt(), NaiveDate::pred_opt).take_while(weekend));
    days.extend(std::iter::successors(last.succ_opt(), NaiveDate::succ_opt).take_while(weekend));
    days
}

fn said(words: &str) -> Option<Said> {
    match () {
        () if words.contains("上班") => Some(Said::Worked),
        () if words.contains("连休") => Some(Said::OffWithWeekend),
        () if words.contains("补休") => Some(Said::OffInstead),
        () if words.contains("放假") || words.contains("公休") => Some(Said::Off),
        () => None,
    }
}

/// `共3天`, `放假1天`, `共三天`.
fn sum(words: &str) -> Option<usize> {
    let (before, _) = words.split_once('天')?;
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().filter(|digits| !digits.is_empty());
    let han = || "一二三四五六七八九十".chars().position(|numeral| before.ends_with(numeral)).map(|n| n + 1);
    digits.map_or_else(han, |digits| digits.parse().ok())
}

/// The weekday in `农历除夕、周二`, `星期日`.
fn weekday(inside: &str) -> Option<Weekday> {
    let (_, after) = inside.rsplit_once("周").or_else(|| inside.rsplit_once("星期"))?;
    Some(match after.chars().next()? {
        '一' => Weekday::Mon,
        '二' => Weekday::Tue,
        '三' => Weekday::Wed,
        '四' => Weekday::Thu,
        '五' => Weekday::Fri,
        '六' => Weekday::Sat,
        '日' | '天' => Weekday::Sun,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Seeds;
    use crate::catalogue::diagnostic::{Diagnostics, Source};
    use crate::domain::calendar::Calendar;

    fn parsed(text: &str) -> Result<ListedDays, Diagnostics> {
        assert!(is_notice(text), "{text}");
        let source = Source::new("notice.txt", text);
        let mut report = Report::new(&source);
        let listed = super::read(&mut report);
        report.finish().or(listed)
    }

    fn read(text: &str) -> ListedDays {
        parsed(text).unwrap_or_else(|found| panic!("{found}"))
    }

    fn wrong(text: &str) -> String {
        parsed(text).unwrap_err().to_string()
    }

    /// As published, with what stands around the items.
    fn notice(year: i32, items: &str) -> String {
        format!(
            "国务院办公厅关于{year}年\n部分节假日安排的通知\n国办发明电〔{}〕7号\n\n\
             各省、自治区、直辖市人民政府，国务院各部委、各直属机构：\n\
             \u{3000}\u{3000}经国务院批准，现将{year}年元旦、春节、清明节、劳动节、端午节、中秋节和国庆节放假调休日期的具体安排通知如下。\n\
             {items}\n\
             \u{3000}\u{3000}节假日期间，各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作，遇有重大突发事件，要按规定及时报告并\
             妥善处置，确保人民群众祥和平安度过节日假期。\n国务院办公厅\n{}年11月4日\n",
            year - 1,
            year - 1
        )
    }

    const OF_2022: &str = "一、元旦：2022年1月1日至3日放假，共3天。\n\
        二、春节：1月31日至2月6日放假调休，共7天。1月29日（星期六）、1月30日（星期日）上班。\n\
        三、清明节：4月3日至5日放假调休，共3天。4月2日（星期六）上班。\n\
        四、劳动节：4月30日至5月4日放假调休，共5天。4月24日（星期日）、5月7日（星期六）上班。\n\
        五、端午节：6月3日至5日放假，共3天。\n\
        六、中秋节：9月10日至12日放假，共3天。\n\
        七、国庆节：10月1日至7日放假调休，共7天。10月8日（星期六）、10月9日（星期日）上班。";
    const OF_2023: &str = "一、元旦：2022年12月31日至2023年1月2日放假调休，共3天。\n\
        二、春节：1月21日至27日放假调休，共7天。1月28日（星期六）、1月29日（星期日）上班。\n\
        三、清明节：4月5日放假，共1天。\n\
        四、劳动节：4月29日至5月3日放假调休，共5天。4月23日（星期日）、5月6日（星期六）上班。\n\
        五、端午节：6月22日至24日放假调休，共3天。6月25日（星期日）上班。\n\
        六、中秋节、国庆节：9月29日至10月6日放假调休，共8天。10月7日（星期六）、10月8日（星期日）上班。";
    const OF_2024: &str = "\u{3000}\u{3000}一、元旦：1月1日放假，与周末连休。\n\
        \u{3000}\u{3000}二、春节：2月10日至17日放假调休，共8天。2月4日（星期日）、2月18日（星期日）上班。鼓励各单位结合带薪年休假等制度落\
        实，安排职工在除夕（2月9日）休息。\n\
        \u{3000}\u{3000}三、清明节：4月4日至6日放假调休，共3天。4月7日（星期日）上班。\n\
        \u{3000}\u{3000}四、劳动节：5月1日至5日放假调休，共5天。4月28日（星期日）、5月11日（星期六）上班。\n\
        \u{3000}\u{3000}五、端午节：6月10日放假，与周末连休。\n\
        \u{3000}\u{3000}六、中秋节：9月15日至17日放假调休，共3天。9月14日（星期六）上班。\n\
        \u{3000}\u{3000}七、国庆节：10月1日至7日放假调休，共7天。9月29日（星期日）、10月12日（星期六）上班。";
    const OF_2025: &str = "一、元旦：1月1日（周三）放假1天，不调休。\n\
        二、春节：1月28日（农历除夕、周二）至2月4日（农历正月初七、周二）放假调休，共8天。1月26日（周日）、2月8日（周六）上班。\n\
        三、清明节：4月4日（周五）至6日（周日）放假，共3天。\n\
        四、劳动节：5月1日（周四）至5日（周一）放假调休，共5天。4月27日（周日）上班。\n\
        五、端午节：5月31日（周六）至6月2日（周一）放假，共3天。\n\
        六、国庆节、中秋节：10月1日（周三）至8日（周三）放假调休，共8天。9月28日（周日）、10月11日（周六）上班。";
    const OF_2026: &str = "一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。\n\
        二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。\n\
        三、清明节：4月4日（周六）至6日（周一）放假，共3天。\n\
        四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。\n\
        五、端午节：6月19日（周五）至21日（周日）放假，共3天。\n\
        六、中秋节：9月25日（周五）至27日（周日）放假，共3天。\n\
        七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。";

    #[test]
    fn the_notices_of_five_years_list_the_days_of_the_seeds() {
        let calendar = Seeds::embedded().unwrap().calendar;
        for (year, items) in [(2022, OF_2022), (2023, OF_2023), (2024, OF_2024), (2025, OF_2025), (2026, OF_2026)] {
            let listed = read(&notice(year, items));
            assert_eq!((listed.years.iter().copied().collect::<Vec<_>>(), &listed.only), (vec![year], &None));
            // 中秋 in 国庆 has one name in the notice and two in the seeds.
            let of = |calendar: &Calendar| -> Vec<(NaiveDate, DayKind)> {
                let own = calendar.listed.iter();
                let own = own.filter(|(day, one)| crate::domain::calendar::notice_year(**day, &one.name) == year);
                own.map(|(day, one)| (*day, one.kind)).collect()
            };
            assert_eq!(of(&listed.over(&Calendar::default())), of(&calendar), "{year}");
        }
    }

    #[test]
    fn what_offices_paste_is_read_however_it_is_broken_and_marked() {
        let published = read(&notice(2026, OF_2026));
        // In one line; with half-width marks and blanks; each item wrapped; from a page with its data above.
        let in_one_line = notice(2026, OF_2026).replace('\n', "");
        let narrow =
            notice(2026, OF_2026).replace('（', " (").replace('）', ") ").replace('：', ": ").replace('，', ", ");
        let wrapped = notice(2026, OF_2026).replace("放假", "放\r\n假").replace("）上班", "）\n上班");
        let page = format!(
            "索 引 号：000014349/2025-00052\n主题分类：其他\n发文机关：国务院办公厅\n成文日期：2025年11月04日\n\
             标\u{3000}\u{3000}题：国务院办公厅关于2026年部分节假日安排的通知\n发布日期：2025年11月04日\n{}",
            notice(2026, OF_2026)
        );
        let dashes = notice(2026, OF_2026).replace('至', "—");
        let wide = notice(2026, OF_2026).replace('1', "１").replace('2', "２");
        let numbered = notice(2026, OF_2026).replace("一、元旦", "（一）元旦").replace("二、春节", "2. 春节");
        let bold = format!("\u{feff}{}", notice(2026, OF_2026).replace("一、元旦：", "**一、元旦：**"));
        for text in [in_one_line, narrow, wrapped, page, dashes, wide, numbered, bold] {
            assert_eq!(read(&text), published, "{text}");
        }
    }

    #[test]
    fn older_wordings_and_a_day_that_no_other_year_has() {
        let of_2017 = "一、元旦：1月1日放假，1月2日（星期一）补休。\n四、劳动节：5月1日放假，与周末连休，共3天。";
        let listed = read(&notice(2017, of_2017));
        let days: Vec<String> = listed.days.keys().map(ToString::to_string).collect();
        assert_eq!(days, ["2017-01-01", "2017-01-02", "2017-04-29", "2017-04-30", "2017-05-01"]);
        let of_2019 = "一、元旦：2018年12月30日至2019年1月1日放假调休，共3天。2018年12月29日（星期六）上班。";
        let listed = read(&notice(2019, of_2019));
        assert_eq!(listed.days.keys().map(ToString::to_string).collect::<Vec<_>>()[0], "2018-12-29");
        assert_eq!((listed.days.len(), listed.years.iter().copied().collect::<Vec<_>>()), (4, vec![2019]));
        // 12月 without a year under 元旦 is the December before.
        assert_eq!(read(&notice(2019, "一、元旦：12月30日至1月1日放假调休，共三天。")).days.len(), 3);
        let of_2015 =
            "一、中国人民抗日战争暨世界反法西斯战争胜利七十周年纪念日：9月3日至5日放假，共3天。9月6日（星期日）上班。";
        assert_eq!(read(&notice(2015, of_2015)).days.len(), 4);
    }

    #[test]
    fn a_notice_about_one_holiday_speaks_for_it_alone() {
        let text = "国务院办公厅关于调整2019年劳动节假期安排的通知\n国办发明电〔2019〕3号\n各省、自治区、直辖市人民政府：\n\
            经国务院批准，现将2019年劳动节假期调整安排通知如下。\n\
            2019年5月1日至4日放假调休，共4天。4月28日（星期日）、5月5日（星期日）上班。\n\
            各地区、各部门要做好相关工作。\n国务院办公厅\n2019年3月21日";
        let listed = read(text);
        assert_eq!(listed.only, Some(vec!["劳动节".to_owned()]));
        let before = read(&notice(2019, "四、劳动节：5月1日放假。\n五、端午节：6月7日放假，与周末连休。"));
        let after = listed.over(&before.over(&Calendar::default()));
        let days: Vec<String> = after.listed.keys().map(ToString::to_string).collect();
        assert_eq!(
            days,
            [
                "2019-04-28",
                "2019-05-01",
                "2019-05-02",
                "2019-05-03",
                "2019-05-04",
                "2019-05-05",
                "2019-06-07",
                "2019-06-08",
                "2019-06-09"
            ]
        );
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let items = "一、元旦：1月1日（周五）至3日（周六）放假调休，共3天。1月4日（周日）上班。\n\
            二、春节：2月30日放假。\n三、清明节：4月4日至6日放假，共4天。\n四、劳动节：5月5日至1日放假。\n\
            五、端午节：待定。\n六、中秋节：9月25日（周五）至27日（周日），共3天。\n七、国庆节：10月1日放假。10月1日上班。";
        let told = wrong(&notice(2026, items));
        for (line, words) in [
            (7, "2026-01-01 is a Thu, not a Fri"),
            (8, "there is no 2026-02-30"),
            (9, "清明节: the days are 3, the text says 4"),
            (10, "2026-05-05 to 2026-05-01 is no run"),
            (12, "says neither 放假 nor 上班"),
            (13, "2026-10-01 is listed"),
        ] {
            let here = told.lines().find(|told| told.contains(words));
            assert!(here.is_some_and(|here| here.starts_with(&format!("notice.txt:{line}:"))), "{words}\n{told}");
        }
        let none = wrong("国务院办公厅关于2026年部分节假日安排的通知，放假日期见附件，9月见");
        assert!(none.contains("no holiday stands in the text"), "{none}");
        assert!(wrong("一、元旦：1月1日放假。").contains("of which year"));
        assert!(wrong(&notice(2026, "一、元旦：见附件。")).contains("元旦 has no days"));
    }
}
