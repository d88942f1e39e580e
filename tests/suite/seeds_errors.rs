//! Broken seeds: each mistake is told with its file, line and column, what is wrong and what would be right.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use duban::catalogue::diagnostic::MOST_TOLD;
use duban::catalogue::{Diagnostics, Seeds, holidays, posts};

const CLAUSES: &str = r#"[[part]]
number = 1
title = "党委责任"

[[task]]
item = 1
part = 1
title = "领导责任"
measures = ["五有", "考核"]

[[task]]
item = 2
part = 1
title = "学习"
measures = ["学习"]
"#;

const UNITS: &str = r#"office = "委安委办"

[[group]]
name = "监管单位"

[[group]]
name = "空组"

[[unit]]
name = "委安委办"
kind = "机关处室"

[[unit]]
name = "质安处"
kind = "机关处室"
groups = ["监管单位"]
joined_on = 2022-01-01
left_on = 2030-01-01
"#;

const EVENTS: &str = r#"[[event]]
name = "事故"
names_units = true

[[event]]
name = "重大事故"
implies = ["事故"]
"#;

const NODES: &str = r#"[[node]]
name = "大会"
first = 2022-10-16
last = 2022-10-22
"#;

const DUTIES: &str = r#"[[duty]]
id = "1.1"
clause = "1.1"
title = "五有自查"
summary = "按季自查。"
kind = "standing"
cadence = "quarterly"
due = "last_workday"
basis = "policy"
owed_by = ["委安委办", "@监管单位"]
mode = "each"
quota = ["检查企业>=2家 distinct", "整改隐患>=2个"]
supported_by = ["@空组"]

[[duty]]
id = "1.2"
clause = "1.2"
title = "事故报送"
summary = "两小时内报送。"
kind = "event"
cadence = "on 事故 +2h"
due = "exact"
basis = "policy"
owed_by = ["@监管单位"]
mode = "each"
event_names_owners = true

[[duty]]
id = "2.1"
clause = "2"
title = "周检查"
summary = "每周检查。"
kind = "recurring"
cadence = "weekly"
due = "last_workday"
basis = "task"
owed_by = ["@监管单位"]
mode = "each"

[[duty]]
id = "2.2"
clause = "2.1"
title = "方案"
summary = "定方案。"
kind = "deadline"
cadence = "once 2022-09-30"
due = "end_of_day"
basis = "policy"
owed_by = ["委安委办"]
mode = "joint"
effective_from = 2022-04-01
"#;

const LADDERS: &str = r#"[[ladder]]
class = "quarter"
reminders = [
    { when = "-15 workdays", to = ["liaison"] },
    { when = "due_day 09:00", to = ["liaison"] },
]
chase = ["liaison", "deputy"]
supervise = { workday = 3, streak = 3, to = ["head"] }
propose = { workday = 10, streak = 6, to = ["office"] }

[[ladder]]
class = "week"
grace = "08:30"
reminders = [{ when = "-1 workday", to = ["liaison"] }]
chase = ["liaison"]

[[ladder]]
class = "event_hours"
reminders = [{ when = "half_time", to = ["liaison"] }]
at_once = ["head", "office"]
"#;

const HOLIDAYS: &str = "date,name,kind,status
2022-01-01,元旦,holiday,notice
2022-01-29,春节,makeup_workday,notice
";

const POSTS: &str = "unit,role,holder,address
委安委办,liaison,甲,office.liaison@example.com
委安委办,office,值班,office@example.com
质安处,head,丙,zhian.head@example.com
";

const FILES: [(&str, &str); 8] = [
    ("clauses.toml", CLAUSES),
    ("units.toml", UNITS),
    ("events.toml", EVENTS),
    ("nodes.toml", NODES),
    ("duties.toml", DUTIES),
    ("ladders.toml", LADDERS),
    ("holidays.csv", HOLIDAYS),
    ("posts.csv", POSTS),
];

fn load_with(changed: &[(&str, &[u8])]) -> Result<Seeds, Diagnostics> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        fs::write(folder.path().join(name), text).unwrap();
    }
    for (name, bytes) in changed {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    Seeds::load(folder.path())
}

/// Line and column of the mark `▲` in a text, and the text without it.
fn unmark(text: &str) -> (String, Option<(usize, usize)>) {
    let Some((before, after)) = text.split_once('▲') else { return (text.to_owned(), None) };
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (format!("{before}{after}"), Some((line, column)))
}

/// The cell of a sheet, parted by commas, in which a line's column stands.
fn cell(text: &str, line: usize, column: usize) -> String {
    let before: String = text.lines().nth(line - 1).unwrap().chars().take(column - 1).collect();
    format!("{}{line}", char::from(b'A' + u8::try_from(before.matches(',').count()).unwrap()))
}

/// One mistake: in that file, `from` becomes `to`; the mistake is told where `to` has its mark, in those words.
struct Case {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    told: &'static str,
}

const fn case(file: &'static str, from: &'static str, to: &'static str, told: &'static str) -> Case {
    Case { file, from, to, told }
}

const D: &str = "duties.toml";
const U: &str = "units.toml";
const L: &str = "ladders.toml";

const CASES: &[Case] = &[
    // Syntax.
    case(D, "id = \"2.2\"", "id = ▲", "not TOML: "),
    case(D, "[[duty]]\nid = \"2.2\"", "[[duty]▲\nid = \"2.2\"", "not TOML: unclosed array table; expected `]`"),
    case(D, "title = \"方案\"", "title = \"方案\"\n▲title = \"方案\"", "duplicate key"),
    // Keys and types.
    case(
        D,
        "basis = \"task\"",
        "basis = \"task\"\n▲bassis = \"task\"",
        "unknown key `bassis` in duty; did you mean `basis`?",
    ),
    case(D, "[[duty]]\nid = \"2.2\"", "▲extra = 1\n\n[[duty]]\nid = \"2.2\"", "unknown key `extra` in duty"),
    case(U, "office = ", "▲offices = ", "unknown key `offices` in the file; did you mean `office`?"),
    case(D, "[[duty]]\nid = \"2.2\"\n", "▲[[duty]]\n", "duty has no `id`; add `id = "),
    case(D, "title = \"方案\"", "title = ▲3", "`title` is of type integer; it must be a text in quotes"),
    case(
        D,
        "owed_by = [\"委安委办\"]",
        "owed_by = ▲\"委安委办\"",
        "`owed_by` is of type string; it must be a list of texts",
    ),
    case(D, "owed_by = [\"委安委办\"]", "owed_by = [\"委安委办\", ▲7]", "`owed_by` is of type integer"),
    case(D, "event_names_owners = true", "event_names_owners = ▲\"yes\"", "it must be true or false"),
    case("nodes.toml", "[[node]]\n", "▲[node]\n", "it must be a list of tables, each begun by `[[node]]`"),
    // Ids and clauses.
    case(D, "id = \"2.2\"", "id = ▲\"1.1\"", "duty `1.1` is given twice; it stands in line 2 already"),
    case(D, "id = \"2.2\"", "id = ▲\"二\"", "is no duty id; ids are written like 13.2"),
    case(
        D,
        "clause = \"2.1\"",
        "clause = ▲\"2.7\"",
        "clause 2.7 is not in the clause list; task 2 has the measures 1 to 1",
    ),
    case(
        D,
        "clause = \"2.1\"",
        "clause = ▲\"49\"",
        "clause 49 is not in the clause list; the clause list (clauses.toml) has no task 49",
    ),
    case(D, "clause = \"2.1\"", "clause = ▲\"2.1.3\"", "`2.1.3` is no clause"),
    // Who.
    case(
        D,
        "[\"委安委办\", \"@监管单位\"]",
        "[\"委安委办\", ▲\"@监管单\"]",
        "unknown group `监管单`; did you mean `监管单位`?",
    ),
    case(
        D,
        "[\"委安委办\", \"@监管单位\"]",
        "[▲\"质量处\", \"@监管单位\"]",
        "unknown unit `质量处`; did you mean `质安处`?",
    ),
    case(D, "[\"委安委办\", \"@监管单位\"]", "[\"质安处\", ▲\"质安处\"]", "`质安处` is named twice; name it once"),
    case(D, "supported_by = [\"@空组\"]", "supported_by = [▲\"@虚组织部\"]", "unknown group `虚组织部`; known: "),
    case(D, "owed_by = [\"委安委办\"]", "owed_by = ▲[]", "nobody owes this duty; name units"),
    case(D, "owed_by = [\"委安委办\"]", "owed_by = ▲[\"@空组\"]", "nobody owes this duty: its groups have no members"),
    // How often, until when, how much.
    case(D, "\"once 2022-09-30\"", "▲\"once 2022-02-30\"", "impossible cadence: `2022-02-30` is no date"),
    case(
        D,
        "\"weekly\"",
        "▲\"fortnightly\"",
        "impossible cadence: unknown cadence `fortnightly`; it must be one of daily,",
    ),
    case(D, "\"on 事故 +2h\"", "▲\"on 事故 2h\"", "impossible cadence: `2h` is no distance from an event"),
    case(D, "\"on 事故 +2h\"", "▲\"on 地震 +2h\"", "unknown event `地震`; known: "),
    case(
        D,
        "due = \"exact\"",
        "due = ▲\"end_of_day\"",
        "due rule `end_of_day` does not fit the cadence `on 事故 +2h`; a distance in hours",
    ),
    case(D, "due = \"end_of_day\"", "due = ▲\"exact\"", "due rule `exact` does not fit the cadence `once 2022-09-30`"),
    case(D, "due = \"end_of_day\"", "due = ▲\"noon\"", "impossible due rule `noon`; it must be one of end_of_day"),
    case(
        D,
        "kind = \"deadline\"",
        "kind = ▲\"standing\"",
        "kind `standing` does not fit the cadence `once 2022-09-30`; a recurring or standing",
    ),
    case(D, "kind = \"deadline\"", "kind = ▲\"dead line\"", "unknown kind `dead line`; did you mean `deadline`?"),
    case(D, "basis = \"task\"", "basis = ▲\"city\"", "unknown basis `city`; known: policy, source, task"),
    case(D, "mode = \"joint\"", "mode = ▲\"all\"", "unknown mode `all`; known: each, joint"),
    case(D, "\"整改隐患>=2个\"", "▲\"整改隐患>2个\"", "`整改隐患>2个` is no quota; a quota is written like"),
    case(D, "\"整改隐患>=2个\"", "▲\"检查企业>=1家\"", "`检查企业` is counted twice"),
    case(D, "mode = \"joint\"", "mode = \"joint\"\nalso_counts_for = [▲\"9.9z\"]", "unknown duty `9.9z`"),
    case(
        D,
        "mode = \"joint\"",
        "mode = \"joint\"\nalso_counts_for = [\"1.1\", ▲\"2.l\"]",
        "unknown duty `2.l`; did you mean",
    ),
    case(D, "mode = \"joint\"", "mode = \"joint\"\nalso_counts_for = [\"1.1\", ▲\"1.1\"]", "`1.1` is named twice"),
    case(D, "mode = \"joint\"", "mode = \"joint\"\nalso_counts_for = ▲\"1.1\"", "`also_counts_for` is of type"),
    case(D, "supported_by = [\"@空组\"]", "also_counts_for = [▲\"1.1\"]", "`also_counts_for` names the duty itself"),
    case(
        D,
        "mode = \"joint\"",
        "mode = \"joint\"\nquota = [\"检查企业>=1次\"]\nalso_counts_for = [▲\"1.1\"]",
        "`检查企业` is counted otherwise in 1.1",
    ),
    case(
        D,
        "effective_from = 2022-04-01",
        "effective_from = ▲2022-10-01",
        "the duty is due on 2022-09-30, before it begins",
    ),
    case(D, "effective_from = 2022-04-01", "effective_from = ▲\"2022-4-1\"", "`effective_from` is no date: `2022-4-1`"),
    case(
        D,
        "effective_from = 2022-04-01",
        "effective_from = 2022-04-01\neffective_to = ▲2022-03-01",
        "`effective_to` 2022-03-01 is before `effective_from`",
    ),
    case(
        D,
        "event_names_owners = true",
        "own_day_only = ▲true",
        "`own_day_only` does not fit the cadence `on 事故 +2h`",
    ),
    case(
        D,
        "effective_from = 2022-04-01",
        "answer_suffices = ▲true",
        "`answer_suffices` does not fit the cadence `once",
    ),
    case(D, "effective_from = 2022-04-01", "also_each_node = ▲true", "`also_each_node` does not fit the cadence `once"),
    // Characters.
    case(
        D,
        "title = \"方案\"",
        "title = \"方▲\u{202e}案\"",
        "`title` has a bidirectional control (U+202E); take it out",
    ),
    case(D, "title = \"方案\"", "title = ▲\"方\\u2028案\"", "`title` has a line separator (U+2028)"),
    case(U, "name = \"质安处\"", "name = \"质▲\u{200b}安处\"", "`name` has an invisible character (U+200B)"),
    case(U, "name = \"质安处\"", "name = ▲\"质安处 \"", "`name` begins or ends with a blank"),
    case(U, "name = \"质安处\"", "name = ▲\"质;安处\"", "`name` has one of `; @ / : ,`"),
    case(U, "name = \"空组\"", "name = ▲\"\"", "`name` is empty"),
    // Units.
    case(
        U,
        "name = \"质安处\"",
        "name = ▲\"委安委办\"",
        "unit `委安委办` is given twice; it stands in line 10 already",
    ),
    case(U, "name = \"空组\"", "name = ▲\"监管单位\"", "group `监管单位` is given twice"),
    case(
        U,
        "groups = [\"监管单位\"]",
        "groups = [▲\"监督单位\", \"监管单位\"]",
        "unknown group `监督单位`; did you mean `监管单位`?",
    ),
    case(U, "office = \"委安委办\"", "office = ▲\"安委办\"", "`office` is no unit: `安委办`; did you mean `委安委办`?"),
    case(
        U,
        "left_on = 2030-01-01",
        "left_on = ▲2021-01-01",
        "`left_on` 2021-01-01 is not after `joined_on` 2022-01-01",
    ),
    case(U, "left_on = 2030-01-01", "left_on = ▲2030-02-30", "not TOML: invalid date; expected day between 01 and 28"),
    // Clauses, events, nodes.
    case("clauses.toml", "item = 2", "item = ▲1", "task 1 is given twice"),
    case("clauses.toml", "part = 1\ntitle = \"学习\"", "part = ▲2\ntitle = \"学习\"", "there is no part 2; known: 1"),
    case("clauses.toml", "item = 2", "item = ▲-2", "`item` is out of range: -2"),
    case("events.toml", "implies = [\"事故\"]", "implies = [▲\"事件\"]", "unknown event `事件`"),
    case("events.toml", "implies = [\"事故\"]", "implies = [▲\"重大事故\"]", "`重大事故` implies itself"),
    case("nodes.toml", "last = 2022-10-22", "last = ▲2022-10-15", "the node ends on 2022-10-15, before it begins"),
    case(
        "nodes.toml",
        "last = 2022-10-22",
        "last = 2022-10-22\n[[node]]\nname = \"又\"\nfirst = ▲2022-10-16\nlast = 2022-10-16",
        "two nodes begin on 2022-10-16",
    ),
    // Ladders.
    case(
        L,
        "\"-1 workday\"",
        "▲\"-30 workdays\"",
        "the step `-30 workdays` can never fire: 30 workdays before it is due, it is not open yet; at most 6",
    ),
    case(
        L,
        "\"due_day 09:00\"",
        "▲\"due_day 18:00\"",
        "the step `due_day 18:00` can never fire: duty 1.1 is due at 18:00; remind before 18:00",
    ),
    case(L, "\"half_time\"", "▲\"-1 workday\"", "can never fire: it is due within hours; use `opening`"),
    case(L, "\"-15 workdays\"", "▲\"half_time\"", "can never fire: only what is due by the clock"),
    case(L, "\"-15 workdays\"", "▲\"15 days before\"", "`15 days before` is no moment; it must be one of opening"),
    case(L, "\"-15 workdays\"", "▲\"-0 workdays\"", "`-0 workdays` is no moment"),
    case(L, "{ when = \"due_day 09:00\"", "{ when = ▲\"-15 workdays\"", "there are two steps at `-15 workdays`"),
    case(L, "class = \"week\"", "class = ▲\"quarter\"", "class `quarter` has two ladders"),
    case(L, "class = \"week\"", "class = ▲\"weekly\"", "unknown class `weekly`; did you mean `week`?"),
    case(
        L,
        "[[ladder]]\nclass = \"quarter\"",
        "▲[[ladder]]\nclass = \"month\"",
        "class `quarter` has no ladder, but duty",
    ),
    case(L, "streak = 3, to = [\"head\"]", "streak = ▲1, to = [\"head\"]", "`streak` 1 is no row of misses"),
    case(
        L,
        "{ workday = 3, streak = 3, to = [\"head\"] }",
        "▲{ to = [\"head\"] }",
        "the step `supervise` can never fire",
    ),
    case(L, "{ workday = 10, streak = 6", "▲{ workday = 3, streak = 6", "`propose` does not come after `supervise`"),
    case(
        L,
        "{ workday = 10, streak = 6, to = [\"office\"] }",
        "▲{ workday = 10, streak = 6, to = [\"head\"] }",
        "`propose` goes to the office alone",
    ),
    case(L, "chase = [\"liaison\"]", "chase = [▲\"liason\"]", "unknown post `liason`; did you mean `liaison`?"),
    case(L, "\"half_time\", to = [\"liaison\"]", "\"half_time\", to = ▲[]", "the step tells nobody"),
    case(L, "grace = \"08:30\"", "grace = ▲\"25:00\"", "`grace` is no time of day"),
    case(L, "grace = \"08:30\"", "node_day_limit = ▲10", "can only stand in the ladder of class `day`"),
    // Sheets.
    case("holidays.csv", "2022-01-29,", "▲2022-02-30,", "`date` is no date: `2022-02-30`"),
    case("holidays.csv", "2022-01-29,春节", "▲2022-01-01,春节", "2022-01-01 is listed twice"),
    case("holidays.csv", "makeup_workday", "▲makeup", "unknown kind `makeup`; known: holiday, makeup_workday"),
    case("holidays.csv", "date,name,kind", "date,name,▲sort", "unknown column `sort`"),
    case("holidays.csv", "2022-01-29,春节,", "▲2022-01-29,", "the row has 3 fields; the heading has 4"),
    case("holidays.csv", "2022-01-29,春节", "2022-01-29,▲\"春节", "a quotation mark is never closed"),
    case(
        "posts.csv",
        "zhian.head@example.com",
        "▲zhian.head.example.com",
        "`address` is no e-mail address: `zhian.head.example.com`: it has no @",
    ),
    case("posts.csv", "zhian.head@example.com", "▲质安@example.com", "it has a character that is not ASCII"),
    case("posts.csv", "质安处,head", "▲质按处,head", "unknown unit `质按处`; did you mean `质安处`?"),
    case("posts.csv", "质安处,head", "质安处,▲boss", "unknown role `boss`; known: deputy"),
    case("posts.csv", "质安处,head", "▲质安处,office", "`质安处` has no post `office`; only 委安委办 has one"),
    case(
        "posts.csv",
        "质安处,head",
        "▲委安委办,liaison",
        "post `委安委办/liaison` is given twice; it stands in line 2 already",
    ),
    case(
        "posts.csv",
        ",office@example.com",
        ",▲office.liaison@example.com",
        "the post `office` has the address of its unit's liaison",
    ),
    case("posts.csv", ",丙,", ",▲\u{7}丙,", "`holder` has a control character (U+0007)"),
];

#[test]
fn the_base_is_sound() {
    let seeds = load_with(&[]).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(seeds.catalogue.duties.len(), 4);
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    let mut wrong = Vec::new();
    for case in CASES {
        let base = FILES.iter().find(|(name, _)| *name == case.file).unwrap().1;
        assert!(base.contains(case.from), "{}", case.from);
        let (text, position) = unmark(&base.replacen(case.from, case.to, 1));
        let (line, column) = position.unwrap();
        let told = match load_with(&[(case.file, text.as_bytes())]) {
            Ok(_) => "nothing".to_owned(),
            Err(told) => told.to_string(),
        };
        let place = match case.file.strip_suffix(".csv") {
            // A sheet's mistakes are told by their cells.
            Some(_) => format!("{}:{}: ", case.file, cell(&text, line, column)),
            None => format!("{}:{line}:{column}: ", case.file),
        };
        if !told.lines().any(|line| line.contains(&place) && line.contains(case.told)) {
            wrong.push(format!("{place}{}\n  told: {told}", case.told));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn a_mistake_is_told_once_and_alone() {
    for case in CASES {
        let base = FILES.iter().find(|(name, _)| *name == case.file).unwrap().1;
        let (text, _) = unmark(&base.replacen(case.from, case.to, 1));
        let told = load_with(&[(case.file, text.as_bytes())]).unwrap_err();
        assert!(told.list.len() <= 4 && told.more == 0, "{}:\n{told}", case.told);
        for mistake in &told.list {
            let words = mistake.mistake.words();
            assert!(!words.english.is_empty(), "{told}");
            // The words of the TOML parser are its own.
            let half_english = [" is ", " it ", " the ", " has ", "`"].iter().any(|word| words.chinese.contains(word));
            assert!(!half_english || mistake.mistake.code() == "not_toml", "{}", words.chinese);
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let duties = DUTIES
        .replace("\"weekly\"", "\"never\"")
        .replace("[\"委安委办\", \"@监管单位\"]", "[\"甲处\", \"@乙组\"]")
        .replace("basis = \"task\"", "basis = \"tusk\"\nfoo = 1");
    let units = UNITS.replace("left_on = 2030-01-01", "left_on = \"x\"");
    let posts = POSTS.replace("zhian.head@example.com", "x");
    let told =
        load_with(&[(D, duties.as_bytes()), (U, units.as_bytes()), ("posts.csv", posts.as_bytes())]).unwrap_err();
    let text = told.to_string();
    for essence in [
        "unknown cadence `never`",
        "unknown unit `甲处`",
        "unknown group `乙组`",
        "unknown basis `tusk`",
        "unknown key `foo`",
        "`left_on` is no date",
        "`address` is no e-mail address",
    ] {
        assert!(text.contains(essence), "{essence}:\n{text}");
    }
    assert_eq!(told.list.len(), 7, "{text}");
    let positions: Vec<(String, usize, usize)> =
        told.list.iter().map(|mistake| (mistake.file.clone(), mistake.line, mistake.column)).collect();
    let duties: Vec<_> = positions.iter().filter(|(file, ..)| file.ends_with(D)).collect();
    assert!(duties.is_sorted(), "in the order of the file");
}

#[test]
fn files_that_are_no_text_are_told_apart() {
    let gbk = [b"[[unit]]\nname = \"".as_slice(), b"\xd6\xca\xb0\xb2\xb4\xa6\"\n"].concat();
    let told = load_with(&[(U, &gbk)]).unwrap_err().to_string();
    assert!(told.contains("units.toml:2:9: byte 0xD6 is not UTF-8 here (GBK"), "{told}");
    assert!(!told.contains("unknown unit"), "nothing is said of units that could not be read: {told}");
    let told = load_with(&[(U, b"\xff\xfeo\0f\0")]).unwrap_err().to_string();
    assert!(told.contains("units.toml: the file is UTF-16"), "{told}");
    let marked = format!("\u{feff}{}", DUTIES.replace("\"weekly\"", "\"never\""));
    let told = load_with(&[(D, marked.as_bytes())]).unwrap_err();
    assert_eq!((told.list[0].line, told.list[0].column), (34, 11), "{told}");
    let marked = format!("\u{feff}{HOLIDAYS}").replace('\n', "\r\n");
    assert!(load_with(&[("holidays.csv", marked.as_bytes())]).is_ok(), "as Excel writes it");
    assert!(load_with(&[(D, &DUTIES.replace('\n', "\r\n").into_bytes())]).is_ok());
}

#[test]
fn a_folder_without_a_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = Seeds::load(folder.path()).unwrap_err();
    assert_eq!(told.list.len(), 7, "all but the posts: {told}");
    let told = Seeds::load(Path::new("/nowhere/at/all")).unwrap_err().to_string();
    assert!(told.contains("duties.toml: the file cannot be read"), "{told}");
}

#[test]
fn large_files_are_read() {
    let row = |n: usize| {
        format!(
            "[[duty]]\nid = \"d{n}\"\nclause = \"9.9\"\ntitle = \"x\"\nsummary = \"y\"\nkind = \"standing\"\ncadence = \"daily\"\ndue = \"end_of_day\"\nbasis = \"policy\"\nowed_by = [\"甲\"]\nmode = \"each\"\n"
        )
    };
    let many: String = (0..70_000).map(row).collect();
    assert!(many.len() > 10_000_000);
    let told = load_with(&[(D, many.as_bytes())]).unwrap_err();
    assert_eq!(
        (told.list.len(), told.more),
        (MOST_TOLD, 140_000 + 1 - MOST_TOLD),
        "two a duty and a class without a ladder"
    );
    let day = chrono::NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
    let rows: String = (0..100_000).map(|n| format!("{},x,holiday,notice\n", day + chrono::Days::new(n))).collect();
    let listed = holidays::parse("x.csv", format!("date,name,kind,status\n{rows}").as_bytes()).unwrap();
    assert_eq!(listed.days.len(), 100_000);
    let one_line = format!("x = [{}]\n", "\"甲\", ".repeat(1_000_000));
    assert!(load_with(&[(D, one_line.as_bytes())]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_to_a_file_is_told_and_nothing_breaks(
        file in 0..FILES.len(),
        at in any::<prop::sample::Index>(),
        length in 0usize..12,
        put in prop_oneof![
            Just(String::new()),
            "[\\[\\]{}\"'=,.#\\-0-9a-z甲@;\n \u{202e}\u{0}]{1,4}",
            Just("99999999999999999999".to_owned()),
            Just("\"\"\"".to_owned()),
        ],
    ) {
        let (name, text) = FILES[file];
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let changed: String =
            chars[..at].iter().copied().chain(put.chars()).chain(chars[(at + length).min(chars.len())..].iter().copied()).collect();
        if let Err(told) = load_with(&[(name, changed.as_bytes())]) {
            prop_assert!(!told.is_empty());
            for mistake in &told.list {
                let of_file = FILES.iter().find(|(name, _)| mistake.file.ends_with(name)).unwrap();
                let text = if of_file.0 == name { changed.as_str() } else { of_file.1 };
                let line = text.split('\n').nth(mistake.line.max(1) - 1);
                prop_assert!(line.is_some_and(|line| mistake.column <= line.chars().count() + 1), "{mistake}");
            }
        }
    }
}

#[test]
fn calendars_in_the_holiday_cn_layout() {
    let file = r#"{
  "$schema": "https://example.com/schema.json",
  "year": 2023,
  "papers": ["http://example.com/notice"],
  "days": [
    {"name": "元旦", "date": "2022-12-31", "isOffDay": true},
    {"name": "春节", "date": "2023-01-28", "isOffDay": false}
  ]
}"#;
    let listed = holidays::parse("2023.json", file.as_bytes()).unwrap();
    assert_eq!((listed.years.into_iter().collect::<Vec<_>>(), listed.days.len()), (vec![2023], 2));
    let told = |from: &str, to: &str| {
        assert!(file.contains(from));
        let (text, position) = unmark(&file.replacen(from, to, 1));
        let told = holidays::parse("2023.json", text.as_bytes()).unwrap_err().to_string();
        let (line, column) = position.unwrap();
        assert!(told.starts_with(&format!("2023.json:{line}:{column}: ")), "{line}:{column} {told}");
        told
    };
    assert!(told("\"2023-01-28\"", "▲\"2023-01-32\"").contains("no date"));
    assert!(
        told("    {\"name\": \"春节\", \"date\": \"2023-01-28\"", "    ▲{\"name\": \"春节\", \"date\": \"2024-01-28\"")
            .contains("no day of 2023")
    );
    assert!(told("\"isOffDay\": false", "\"isOffDay\": ▲0").contains("neither true nor false"));
    assert!(told("\"year\": 2023", "\"year\": ▲\"2023\"").contains("`year` is no number"));
    assert!(told("true},\n    {", "true}\n    ▲{").contains("`,` or `]` is expected here; this is no JSON"));
    let empty = holidays::parse("2024.json", br#"{"year": 2024, "papers": [], "days": []}"#).unwrap_err().to_string();
    assert!(empty.contains("2024.json:1:38: the notice for 2024 is not published"), "{empty}");
    for broken in [
        "{",
        "[]",
        "{}",
        "{\"year\":2023,\"days\":{}}",
        "{\"year\":2023,\"days\":[1]}",
        "{\"a\":\"\\x\"}",
        "{\"a\":1}}",
        &"[".repeat(5000),
    ] {
        assert!(holidays::parse("x.json", broken.as_bytes()).is_err(), "{broken}");
    }
}

#[test]
fn posts_may_have_stand_ins() {
    let text = "unit,role,holder,address,stand_in_address,from,until\n质安处,head,丙,a@example.com,b@example.com,2022-01-01,2022-02-01\n质安处,liaison,丁,c@example.com,,,\n";
    let read = posts::parse("p.csv", text.as_bytes(), None).unwrap();
    assert_eq!(read[0].stand_in_address.as_deref(), Some("b@example.com"));
    assert_eq!((read[1].stand_in_address.as_deref(), read[1].from), (None, None));
    let late = text.replace("2022-02-01", "2021-02-01");
    let told = posts::parse("p.csv", late.as_bytes(), None).unwrap_err().to_string();
    assert!(told.contains("p.csv:G2: `until` 2021-02-01 is before `from`"), "{told}");
    let alone = text.replace("b@example.com", "");
    assert!(posts::parse("p.csv", alone.as_bytes(), None).unwrap_err().to_string().contains("no stand-in"));
}

#[test]
fn changes_are_told_by_field() {
    use duban::catalogue::diff::{diff, diff_rosters};
    let old = load_with(&[]).unwrap();
    let duties = DUTIES.replace("\"weekly\"", "\"monthly\"").replace("id = \"2.2\"", "id = \"2.3\"");
    let ladders = LADDERS.replace("\"-15 workdays\"", "\"-10 workdays\"").replace("\"week\"", "\"month\"");
    let units = UNITS.replace("joined_on = 2022-01-01\n", "");
    let new = load_with(&[(D, duties.as_bytes()), (L, ladders.as_bytes()), (U, units.as_bytes())]).unwrap();
    let told: Vec<String> = diff(&old.catalogue, &new.catalogue).iter().map(ToString::to_string).collect();
    assert_eq!(told[0], "~ duty 2.1\n    cadence: \"weekly\" → \"monthly\"");
    assert_eq!(told[1..3], ["+ duty 2.3", "- duty 2.2"]);
    assert!(told[3].starts_with("~ ladder quarter\n    reminders: "), "{told:?}");
    assert_eq!(told[4..], ["+ ladder month", "- ladder week"]);
    let told: Vec<String> = diff_rosters(&old.roster, &new.roster).iter().map(ToString::to_string).collect();
    assert_eq!(told, ["~ unit 质安处\n    joined_on: \"2022-01-01\" → null"]);
    assert!(diff(&old.catalogue, &old.catalogue).is_empty());
}
