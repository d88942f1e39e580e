//! Mistakes in files, as an office reads them. The readers of files say them in English, for terminals and logs; what has
//! no words here yet is shown as it was said.

use crate::catalogue::{Diagnostic, Diagnostics};

/// What is said, and how it is put; `{}` stands for the same in both.
const WORDS: &[(&str, &str)] = &[
    // Tables.
    ("the file is empty", "文件是空的"),
    ("its first line must be `{}`", "首行应为 {}"),
    ("the row has {} fields", "本行有{}栏"),
    ("the heading has {}", "首行有{}栏"),
    ("unknown column `{}`", "没有“{}”这一列"),
    ("column `{}` is given twice", "“{}”列出现两次"),
    ("there is no column `{}`", "缺少“{}”列"),
    ("needed: {}", "须有：{}"),
    ("a quotation mark is never closed", "引号未成对"),
    ("close it, or double it inside a field", "补上另一半；栏内的引号写两次"),
    ("text stands after a closing quotation mark", "引号之后还有文字"),
    ("double the mark inside a field", "栏内的引号写两次"),
    ("byte {} is not UTF-8 here ({})", "此处不是 UTF-8 编码（Excel 另存的 csv 常为 GBK 编码）"),
    ("the file is UTF-16, not UTF-8", "文件是 UTF-16 编码，不是 UTF-8"),
    ("save it as UTF-8", "请另存为 UTF-8 编码"),
    // What was meant.
    ("did you mean `{}`?", "是否应为“{}”？"),
    ("known: {}", "可用：{}"),
    ("give it once", "只写一次"),
    ("keep one", "只留一个"),
    ("take it out", "请删去"),
    // Posts.
    ("unknown unit `{}`", "没有单位“{}”"),
    ("unknown role `{}`", "没有岗位类别“{}”"),
    ("post `{}` is given twice", "岗位 {} 出现两次"),
    ("it stands in line {} already", "第{}行已有"),
    ("`{}` has no post `office`", "{} 没有值班岗位"),
    ("only {} has one", "只有{}有"),
    ("`{}` is empty or has blanks at its ends", "“{}”未填，或首尾有空格"),
    ("give a plain name", "请填写名称"),
    ("days are given, but no stand-in", "填了代班日期，没有填代班邮箱"),
    ("give `stand_in_address` as well, or no days", "请补上 stand_in_address，或不填日期"),
    ("`until` {} is before `from` {}", "结束日 {} 早于起始日 {}"),
    ("put the later day last", "请把较晚的日期填在后面"),
    ("the post `office` has the address of its unit's liaison", "值班岗位与本单位联络员邮箱相同"),
    ("the digest needs an address of its own", "督办清单须有自己的邮箱"),
    ("`{}` is no e-mail address: `{}`: it has no @", "“{}”不是邮箱地址：{}，没有 @"),
    (
        "`{}` is no e-mail address: `{}`: it has a character that is not ASCII",
        "“{}”不是邮箱地址：{}，含有全角或中文字符",
    ),
    ("`{}` is no e-mail address: `{}`: it has a blank or a control character", "“{}”不是邮箱地址：{}，含有空格"),
    ("`{}` is no e-mail address: `{}`: {}", "“{}”不是邮箱地址：{}"),
    ("addresses are written like name@example.com", "应写作 name@example.com"),
    ("`{}` has {} (U+{})", "“{}”含有不可用的字符 U+{2}"),
    // Days.
    ("`{}` is no date: `{}`", "“{}”不是日期：{}"),
    ("dates are written like 2022-09-30 and must exist", "日期应写作 2022-09-30，且须确有其日"),
    ("{} is listed twice", "{} 出现两次"),
    ("it is listed as {} already", "已列为{}"),
    ("`name` is empty", "“name”未填"),
    ("name the holiday", "请填写节日名称"),
    ("unknown kind `{}`", "没有类别“{}”"),
    ("unknown status `{}`", "没有状态“{}”"),
    ("the file lists no day", "文件没有列出任何日期"),
    ("a year without listed days is not published, not free of holidays", "没有列出日期不等于没有节假日"),
    ("the notice for {} is not published: `days` is empty", "{}年的通知尚未公布：days 为空"),
    ("wait for the notice", "请等通知公布"),
    ("{} is no day of {}", "{} 不在{}年之内"),
    // Seeds.
    ("no file of the catalogue has the name `{}`", "目录没有名为 {} 的文件"),
    ("the file was given twice", "同名文件上传了两次"),
    ("duty {} names {}, which the files no longer have", "职责 {} 写有 {}，而上传的文件中已没有"),
    ("give a `duties.toml` that goes with them", "请同时上传相应的 duties.toml"),
    ("class `{}` has no ladder, but duty {} needs one", "“{}”没有催办阶梯，而职责 {} 需要"),
    ("unknown {} `{}`", "{}：没有“{}”"),
];

/// A mistake, as a page shows it.
pub struct Mistake {
    pub file: String,
    /// 第3行第5列; empty where the file as a whole is meant.
    pub place: String,
    /// What is wrong, and what would be right.
    pub words: String,
}

/// Every mistake, and how many more there are than are told one by one.
pub fn mistakes(found: &Diagnostics) -> (Vec<Mistake>, usize) {
    let mistake = |one: &Diagnostic| {
        let help = if one.help.is_empty() { String::new() } else { format!("；{}", in_words(&one.help)) };
        Mistake {
            file: one.file.clone(),
            place: if one.line == 0 { String::new() } else { format!("第{}行第{}列", one.line, one.column) },
            words: format!("{}{help}", in_words(&one.message)),
        }
    };
    (found.list.iter().map(mistake).collect(), found.more)
}

fn in_words(said: &str) -> String {
    let put = WORDS.iter().find_map(|(pattern, words)| Some(filled(words, &holes(pattern, said)?)));
    put.unwrap_or_else(|| said.to_owned())
}

/// What stands at the pattern's marks, if the text is of that pattern.
fn holes<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut found = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        // The last mark takes all that its end leaves.
        let (hole, after) = match (pieces.peek(), piece) {
            (None, "") => (rest, ""),
            (None, end) => (rest.strip_suffix(end)?, ""),
            (Some(_), piece) => rest.split_once(piece)?,
        };
        found.push(hole);
        rest = after;
    }
    rest.is_empty().then_some(found)
}

/// The words with what stood at the marks: `{}` takes the next, `{2}` the third.
fn filled(words: &str, holes: &[&str]) -> String {
    let mut put = String::new();
    let mut turn = 0;
    for (at, piece) in words.split('{').enumerate() {
        let Some((mark, after)) = piece.split_once('}').filter(|_| at > 0) else {
            put.push_str(piece);
            continue;
        };
        put.push_str(holes.get(mark.parse().unwrap_or(turn)).copied().unwrap_or_default());
        put.push_str(after);
        turn += 1;
    }
    put
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Seeds, holidays, posts};

    #[test]
    fn what_is_wrong_with_lists_and_notices_is_put_in_the_offices_words() {
        let roster = Seeds::embedded().unwrap().roster;
        let lists = [
            "unit,role,holder,address\n质安所,boss,某甲,jia@example.com\n质安处,office,某甲,jia@example.com\n",
            "unit,role,holder,address\n质安处,head,,jia at\n质安处,head,某甲,某甲@example.com\n质安处,head,某\u{200b},a b@example.com\n",
            "unit,role,holder,adress\n",
            "unit,role,holder,address,from,until\n质安处,head,某甲,jia@example.com,2022-02-30,2022-10-01\n",
            "unit,role,holder,address\n质安处,head\n\"质安处,head\n",
            "unit,role,holder,address\n委安委办,office,某甲,jia@example.com\n委安委办,liaison,某甲,jia@example.com\n",
        ];
        let notices =
            ["date,name,kind,status\n2022-02-30,,day off,soon\n", "date,name,kind,status\n", "", "\u{feff}date,name\n"];
        let found = lists.iter().map(|text| posts::parse("x.csv", text.as_bytes(), Some(&roster)).unwrap_err());
        let found = found.chain(notices.iter().map(|text| holidays::parse("x.csv", text.as_bytes()).unwrap_err()));
        let found = found.chain([posts::parse("x.csv", b"unit\n\xd6\xca\n", None).unwrap_err()]);
        let mut told = 0;
        for one in found.flat_map(|found| found.list) {
            told += 1;
            for said in [&one.message, &one.help].into_iter().filter(|said| !said.is_empty()) {
                assert_ne!(in_words(said), *said, "no words for it");
            }
        }
        assert!(told > 15, "{told}");
    }

    #[test]
    fn what_was_written_stands_as_it_was_written() {
        assert_eq!(in_words("`address` is no e-mail address: `{}`: it has no @"), "“address”不是邮箱地址：{}，没有 @");
        assert_eq!(
            in_words("`until` 2022-10-01 is before `from` 2022-10-02"),
            "结束日 2022-10-01 早于起始日 2022-10-02"
        );
        assert_eq!(in_words("`holder` has a control character (U+0007)"), "“holder”含有不可用的字符 U+0007");
        assert_eq!(in_words("something else"), "something else");
    }
}
