//! What is typed into a counter: a whole number, names, or that there is nothing. One reading behind every door.
//!
//! A `distinct` counter takes names, every other a number. What says that there is nothing is kept as it was typed, so that it
//! can be said back, and counts nothing. What cannot be read is refused; nothing is guessed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::duty::Quota;
use super::text;

/// One named or counted thing in a submission (`检查企业=某某公司`, `标语海报=3`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub counter: String,
    pub value: String,
}

/// What was typed, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    Number(u32),
    /// As they were typed, none twice.
    Names(Vec<String>),
    /// 无, 暂无, `/`.
    Nothing,
}

/// Why it cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    NoNumber,
    TooMany,
    /// A number, or no word at all, where names are wanted.
    NoName,
}

/// What is wrong with what was typed, and for which counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CounterFault {
    Unknown {
        counter: String,
        known: Vec<String>,
    },
    Empty {
        counter: String,
    },
    Unread {
        counter: String,
        /// The counter's measure word.
        unit: String,
        /// What was typed, as far as it is shown.
        typed: String,
        why: Unread,
    },
}

/// More than this is a slip of the hand.
pub const MOST: u32 = 9_999_999;

/// Reads what was typed for a counter.
///
/// ```
/// use duban::domain::{counter::{read, Typed}, duty::Quota};
/// let posters = Quota { counter: "标语海报".into(), at_least: 3, unit: "条".into(), distinct: false, level: true };
/// assert_eq!(read(&posters, "三条"), Ok(Typed::Number(3)));
/// assert_eq!(read(&posters, "暂无"), Ok(Typed::Nothing));
/// ```
pub fn read(quota: &Quota, typed: &str) -> Result<Typed, Unread> {
    let folded = text::fold(typed);
    if says_nothing(&quota.counter, &folded) {
        return Ok(Typed::Nothing);
    }
    if quota.distinct { names(quota, typed) } else { number(&folded, &quota.unit).map(Typed::Number) }
}

/// What was typed for some counters, as it is kept: a number in digits, each name by itself. Or all that is wrong with it.
pub fn settle(quotas: &[&Quota], typed: &[Item]) -> Result<Vec<Item>, Vec<CounterFault>> {
    let (mut items, mut faults) = (Vec::with_capacity(typed.len()), Vec::new());
    let mut named = BTreeSet::new();
    for item in typed {
        let counter = item.counter.trim();
        let Some(quota) = quotas.iter().find(|quota| quota.counter == counter) else {
            let known = quotas.iter().map(|quota| quota.counter.clone()).collect();
            faults.push(CounterFault::Unknown { counter: counter.to_owned(), known });
            continue;
        };
        if text::fold(&item.value).is_empty() {
            faults.push(CounterFault::Empty { counter: counter.to_owned() });
            continue;
        }
        let kept = |value: String| Item { counter: counter.to_owned(), value };
        match read(quota, &item.value) {
            Ok(Typed::Number(number)) => items.push(kept(number.to_string())),
            Ok(Typed::Nothing) => items.push(kept(text::one_line(&item.value))),
            Ok(Typed::Names(names)) => {
                let new = names.into_iter().filter(|name| named.insert((counter, text::fold(name))));
                items.extend(new.map(kept));
            }
            Err(why) => faults.push(CounterFault::Unread {
                counter: counter.to_owned(),
                unit: quota.unit.clone(),
                typed: shown(&item.value),
                why,
            }),
        }
    }
    if faults.is_empty() { Ok(items) } else { Err(faults) }
}

/// So much of what was typed is said back.
fn shown(typed: &str) -> String {
    const MOST_SHOWN: usize = 30;
    let tame = text::tame(typed);
    if tame.chars().count() <= MOST_SHOWN {
        return tame;
    }
    tame.chars().take(MOST_SHOWN).chain(['…']).collect()
}

/// How much a kept value adds to a counter of numbers. Before counters were read so, a name added one.
pub fn amount(quota: &Quota, kept: &str) -> u32 {
    if let Ok(number) = kept.parse() {
        return number;
    }
    match read(quota, kept) {
        Ok(Typed::Number(number)) => number,
        Ok(Typed::Nothing) => 0,
        Ok(Typed::Names(_)) | Err(_) => 1,
    }
}

/// The names in a kept value, for comparison.
pub fn kept_names(quota: &Quota, kept: &str) -> Vec<String> {
    match read(quota, kept) {
        Ok(Typed::Names(names)) => names.iter().map(|name| text::fold(name)).collect(),
        Ok(Typed::Nothing) => Vec::new(),
        Ok(Typed::Number(_)) | Err(_) => vec![text::fold(kept)],
    }
}

/// Every word for nothing that stands by itself.
const NOTHING: [&str; 24] = [
    "无",
    "暂无",
    "没有",
    "没",
    "尚无",
    "均无",
    "皆无",
    "未有",
    "不涉及",
    "未涉及",
    "不适用",
    "未开展",
    "暂未开展",
    "未发生",
    "未发现",
    "未检查",
    "零报告",
    "空",
    "n/a",
    "na",
    "none",
    "nil",
    "null",
    "no",
];
/// What may stand before it.
const WHEN: [&str; 16] = [
    "本季度",
    "本半年",
    "本年度",
    "本月",
    "本季",
    "本期",
    "本周",
    "本年",
    "本日",
    "今日",
    "今天",
    "当日",
    "当月",
    "目前",
    "暂时",
    "均",
];
/// What may stand behind it, besides the end of the counter's own name (无隐患).
const WHAT: [&str; 14] = [
    "情况",
    "相关情况",
    "此情况",
    "该情况",
    "此类情况",
    "此项",
    "该项",
    "此项工作",
    "该项工作",
    "事项",
    "内容",
    "相关内容",
    "数据",
    "记录",
];
/// Marks that people put where there is nothing.
const MARKS: &str = "-—–―_/\\|.。,，、;；:：*×○~～…·()[]【】<>《》'\"“”‘’! ";

fn says_nothing(counter: &str, folded: &str) -> bool {
    let is_mark = |c: char| MARKS.contains(c);
    if folded.is_empty() {
        return false;
    }
    let bare = folded.trim_matches(is_mark).to_lowercase();
    if bare.is_empty() || bare == "x" {
        return true;
    }
    // A word with a slash in it keeps it.
    let whole = WHEN.iter().find_map(|when| bare.strip_prefix(when)).unwrap_or(&bare);
    let rest = |word: &&str| whole.strip_prefix(*word);
    NOTHING.iter().filter_map(rest).any(|rest| {
        rest.is_empty() || WHAT.contains(&rest) || (!rest.is_ascii() && (counter == rest || counter.ends_with(rest)))
    })
}

fn names(quota: &Quota, typed: &str) -> Result<Typed, Unread> {
    let mut names: Vec<String> = Vec::new();
    let mut seen = BTreeSet::new();
    for part in parts(typed) {
        let folded = text::fold(&part);
        if says_nothing(&quota.counter, &folded) {
            continue;
        }
        if is_number(quota, &folded) || !folded.chars().any(char::is_alphanumeric) {
            return Err(Unread::NoName);
        }
        if seen.insert(folded) {
            names.push(part);
        }
    }
    Ok(if names.is_empty() { Typed::Nothing } else { Typed::Names(names) })
}

/// The names in one field: parted by 、；，; or line ends, but not inside brackets (一、二标段 is one place). A comma of the
/// keyboard parts where Chinese stands before it, not in `Co., Ltd.`.
pub fn parts(typed: &str) -> Vec<String> {
    let found = parted(typed, true);
    let found = found.unwrap_or_else(|| parted(typed, false).unwrap_or_default());
    found.iter().map(|part| text::one_line(part)).filter(|part| !part.is_empty()).collect()
}

/// `None` where brackets are heeded and one is never closed.
fn parted(typed: &str, brackets: bool) -> Option<Vec<String>> {
    let (mut found, mut part, mut depth, mut before) = (Vec::new(), String::new(), 0_usize, ' ');
    for c in typed.chars() {
        match c {
            '（' | '(' | '【' | '[' | '《' | '〔' if brackets => depth += 1,
            '）' | ')' | '】' | ']' | '》' | '〕' if brackets => depth = depth.saturating_sub(1),
            _ => {}
        }
        let comma = matches!(c, ',') && !before.is_ascii();
        let parts = matches!(c, '、' | '；' | ';' | '，' | '\n' | '\r' | '\t') || comma;
        if parts && (depth == 0 || matches!(c, '\n' | '\r')) {
            found.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
        before = c;
    }
    found.push(part);
    (depth == 0).then_some(found)
}

/// Measure words with which numbers are written, besides the counter's own.
const MEASURES: [&str; 18] =
    ["家", "个", "条", "次", "期", "处", "起", "件", "项", "户", "间", "所", "座", "名", "人", "份", "幅", "场"];

/// Whether a part of a name field is a number: `2`, `两家`, `共2家企业`.
fn is_number(quota: &Quota, folded: &str) -> bool {
    let text = ["共", "约", "计", "合计"].iter().find_map(|word| folded.strip_prefix(word)).unwrap_or(folded);
    let ends = (0..quota.counter.len()).filter_map(|at| quota.counter.get(at..));
    let text = ends.into_iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text).trim();
    let measures = MEASURES.iter().copied().chain([quota.unit.as_str()]);
    let bare =
        measures.filter_map(|measure| text.strip_suffix(measure)).chain([text]).any(|text| figure(text).is_some());
    // A figure too long for a number is none the more a name.
    bare || text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | ' '))
}

/// A number with or without the counter's own measure word.
fn number(folded: &str, unit: &str) -> Result<u32, Unread> {
    let unit = text::fold(unit);
    let figures = folded.strip_suffix(unit.as_str()).unwrap_or(folded).trim();
    let figures = if figures.is_empty() { folded } else { figures };
    if figures.bytes().all(|b| b.is_ascii_digit()) && figures.trim_start_matches('0').len() > 7 {
        return Err(Unread::TooMany);
    }
    match figure(figures) {
        Some(number) => u32::try_from(number).ok().filter(|n| *n <= MOST).ok_or(Unread::TooMany),
        None => Err(Unread::NoNumber),
    }
}

/// `12`, `十二`, `壹拾贰`, `二〇`.
fn figure(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let numerals: Vec<Numeral> = text.chars().map(numeral).collect::<Option<_>>()?;
    let digit = |numeral: &Numeral| if let Numeral::Digit(n) = numeral { Some(*n) } else { None };
    if let Some(digits) = numerals.iter().map(digit).collect::<Option<Vec<u64>>>() {
        // 二〇 is 20; 两三 and 三五 are no number but a guess.
        let written = digits.len() == 1 || (digits.contains(&0) && !text.contains('两'));
        return written
            .then(|| digits.iter().try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(*digit)))?;
    }
    let myriad = numerals.iter().position(|numeral| *numeral == Numeral::Myriad);
    match myriad {
        None => below_myriad(&numerals),
        Some(at) => {
            let (above, below) = (below_myriad(&numerals[..at])?, &numerals[at + 1..]);
            let below = if below.is_empty() { 0 } else { below_myriad(below)? };
            (above > 0).then_some(above * 10_000 + below)
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numeral {
    Digit(u64),
    Power(u64),
    /// 万
    Myriad,
}

fn numeral(c: char) -> Option<Numeral> {
    Some(match c {
        '零' | '〇' => Numeral::Digit(0),
        '一' | '壹' => Numeral::Digit(1),
        '二' | '贰' | '两' => Numeral::Digit(2),
        '三' | '叁' => Numeral::Digit(3),
        '四' | '肆' => Numeral::Digit(4),
        '五' | '伍' => Numeral::Digit(5),
        '六' | '陆' => Numeral::Digit(6),
        '七' | '柒' => Numeral::Digit(7),
        '八' | '捌' => Numeral::Digit(8),
        '九' | '玖' => Numeral::Digit(9),
        '十' | '拾' => Numeral::Power(10),
        '百' | '佰' => Numeral::Power(100),
        '千' | '仟' => Numeral::Power(1000),
        '万' => Numeral::Myriad,
        _ => return None,
    })
}

/// 一千零二十, 十二; 一百二 could be 102 or 120 and is none.
fn below_myriad(numerals: &[Numeral]) -> Option<u64> {
    let (mut sum, mut digit, mut last, mut zero) = (0, None, 10_000, false);
    for numeral in numerals {
        match *numeral {
            Numeral::Digit(0) if digit.is_none() && !zero => zero = true,
            Numeral::Digit(n) if n > 0 && digit.is_none() => digit = Some(n),
            Numeral::Power(power) if power < last => {
                let n = digit.take().or((power == 10).then_some(1))?;
                (sum, last, zero) = (sum + n * power, power, false);
            }
            _ => return None,
        }
    }
    match digit {
        Some(n) if last == 10 || zero || sum == 0 => Some(sum + n),
        Some(_) => None,
        None => (!zero && sum > 0).then_some(sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(counter: &str, unit: &str, distinct: bool) -> Quota {
        Quota { counter: counter.into(), at_least: 2, unit: unit.into(), distinct, level: false }
    }

    fn names(names: &[&str]) -> Typed {
        Typed::Names(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn numbers_are_read_in_each_way_in_which_an_office_writes_them() {
        let posters = quota("标语海报", "条", false);
        for (typed, number) in [
            ("3", 3),
            ("３", 3),
            ("三", 3),
            ("3条", 3),
            (" ３ 条 ", 3),
            ("三条", 3),
            ("叁", 3),
            ("③", 3),
            ("003", 3),
            ("0", 0),
            ("0条", 0),
            ("零", 0),
            ("〇", 0),
            ("两条", 2),
            ("十", 10),
            ("十二条", 12),
            ("二十", 20),
            ("二十一", 21),
            ("二〇", 20),
            ("一百零三", 103),
            ("一百一十", 110),
            ("一千零二十", 1020),
            ("壹佰贰拾叁", 123),
            ("一万二千", 12_000),
            ("9999999", 9_999_999),
        ] {
            assert_eq!(read(&posters, typed), Ok(Typed::Number(number)), "{typed}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_where_one_is_wanted() {
        let posters = quota("标语海报", "条", false);
        for typed in [
            "A公司",
            "3幅",
            "3个",
            "约3",
            "3-5",
            "3.5",
            "-3",
            "+3",
            "三五条左右",
            "一百二",
            "十十",
            "条",
            "3条4条",
            "1万",
            "是",
            "√",
            "？",
            "1、2",
            "百",
            "零零三百",
            "3,000",
        ] {
            assert_eq!(read(&posters, typed), Err(Unread::NoNumber), "{typed}");
        }
        for typed in ["10000000", "99999999999999999999", "九千九百九十九万"] {
            assert_eq!(read(&posters, typed), Err(Unread::TooMany), "{typed}");
        }
    }

    #[test]
    fn what_says_nothing_counts_nothing_in_either_kind() {
        for quota in [quota("整改突出隐患", "个", false), quota("检查企业", "家", true)] {
            for typed in [
                "无",
                "暂无",
                "没有",
                "不涉及",
                "/",
                "／",
                "—",
                "——",
                "-",
                "－",
                "无。",
                "（无）",
                "本月无",
                "N/A",
                "n／a",
                "无此项",
                "本月未开展",
                "、",
                "*",
                "x",
                "…",
                "无相关情况",
                "none",
            ] {
                assert_eq!(read(&quota, typed), Ok(Typed::Nothing), "{} {typed}", quota.counter);
            }
        }
        assert_eq!(read(&quota("整改突出隐患", "个", false), "无隐患"), Ok(Typed::Nothing));
        assert_eq!(read(&quota("检查企业", "家", true), "本月未检查企业"), Ok(Typed::Nothing));
        // Names may begin so.
        for name in ["无锡某公司", "未来科技公司", "没有公司", "空港建设", "本月建筑公司", "Nana公司", "X"]
        {
            let read = read(&quota("检查企业", "家", true), name);
            assert!(name == "X" || read == Ok(names(&[name])), "{name}: {read:?}");
        }
    }

    #[test]
    fn names_are_parted_where_people_part_them() {
        let firms = quota("检查企业", "家", true);
        for (typed, wanted) in [
            ("A公司、B公司", &["A公司", "B公司"][..]),
            ("A公司；B公司;C公司", &["A公司", "B公司", "C公司"]),
            ("A公司\r\nB公司\n", &["A公司", "B公司"]),
            ("A公司，B公司,C公司", &["A公司", "B公司", "C公司"]),
            ("A公司、Ａ公司 、a公司", &["A公司", "a公司"]),
            ("A项目（一、二标段）、B项目", &["A项目（一、二标段）", "B项目"]),
            ("A项目（一、B项目", &["A项目（一", "B项目"]),
            ("Foo Co., Ltd.", &["Foo Co., Ltd."]),
            ("A公司、无、/", &["A公司"]),
            ("三峡建设", &["三峡建设"]),
            ("第3建筑公司", &["第3建筑公司"]),
            ("一百分公司", &["一百分公司"]),
        ] {
            assert_eq!(read(&firms, typed), Ok(names(wanted)), "{typed}");
        }
        for typed in
            ["2", "２", "两家", "2家", "三", "共2家企业", "3个", "0", "A公司、2", "2户", "？", "√", "3.5", "1-2"]
        {
            assert_eq!(read(&firms, typed), Err(Unread::NoName), "{typed}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once_and_what_is_right_is_kept_plainly() {
        let (firms, faults) = (quota("检查企业", "家", true), quota("整改突出隐患", "个", false));
        let item = |counter: &str, value: &str| Item { counter: counter.into(), value: value.into() };
        let typed = [item("检查企业", "A公司、B公司"), item("检查企业", "Ａ公司"), item("整改突出隐患", "二个")];
        let kept = [item("检查企业", "A公司"), item("检查企业", "B公司"), item("整改突出隐患", "2")];
        assert_eq!(settle(&[&firms, &faults], &typed), Ok(kept.to_vec()));
        let typed = [item("检查企业", "2"), item("整改突出隐患", "若干"), item("巡查", "1"), item("检查企业", " ")];
        let refused = settle(&[&firms, &faults], &typed).unwrap_err();
        assert_eq!(refused.len(), 4, "{refused:?}");
    }

    #[test]
    fn what_was_kept_before_counts_as_it_did_but_for_nothing() {
        let visits = quota("执法检查", "次", false);
        for (kept, n) in [("3", 3), ("某工地", 1), ("无", 0), ("3次", 3)] {
            assert_eq!(amount(&visits, kept), n, "{kept}");
        }
        let firms = quota("检查企业", "家", true);
        assert_eq!(kept_names(&firms, "A公司、B公司").len(), 2);
        assert_eq!((kept_names(&firms, "2").len(), kept_names(&firms, "暂无").len()), (1, 0));
    }
}
