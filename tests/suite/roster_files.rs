//! Rosters and notices as offices save them: read alike, whatever program has written them; a mistake is told by its cell.

use chrono::NaiveDate;

use duban::catalogue::{PostEntry, Seeds, holidays, posts};
use duban::domain::unit::Role;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn read(name: &str, bytes: &[u8]) -> Vec<PostEntry> {
    let roster = Seeds::embedded().unwrap().roster;
    posts::parse(name, bytes, Some(&roster)).unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn told(bytes: &[u8]) -> String {
    let roster = Seeds::embedded().unwrap().roster;
    posts::parse("名册.csv", bytes, Some(&roster)).unwrap_err().to_string()
}

/// The roster that each of the files holds, in another shape.
fn roster() -> String {
    "unit,role,holder,address,stand_in_address,from,until\n\
     质安处,liaison,质安处联络员甲,zhian1@mail.zjw.lab,,,\n\
     质安处,deputy,质安处分管负责人,zhian.deputy@mail.zjw.lab,zhian1@mail.zjw.lab,2027-01-04,2027-01-08\n"
        .to_owned()
}

#[test]
fn each_file_holds_the_same_roster() {
    let want = read("roster.csv", roster().as_bytes());
    assert_eq!((want[1].from, want[1].until), (Some(day("2027-01-04")), Some(day("2027-01-08"))));
    let files: [(&str, &[u8]); 5] = [
        ("roster-blank-rows.csv", include_bytes!("../rosters/roster-blank-rows.csv")),
        ("roster-excel-dates.csv", include_bytes!("../rosters/roster-excel-dates.csv")),
        ("roster-gbk.csv", include_bytes!("../rosters/roster-gbk.csv")),
        ("roster-semicolon.csv", include_bytes!("../rosters/roster-semicolon.csv")),
        ("roster-utf16-tab.txt", include_bytes!("../rosters/roster-utf16-tab.txt")),
    ];
    for (name, bytes) in files {
        assert_eq!(read(name, bytes), want, "{name}");
    }
    let chinese = read("roster-role-chinese.csv", include_bytes!("../rosters/roster-role-chinese.csv"));
    assert_eq!(chinese, want[..1]);
}

#[test]
fn what_else_an_office_writes_is_read() {
    let want = read("roster.csv", roster().as_bytes());
    let chinese = roster().replacen(
        "unit,role,holder,address,stand_in_address,from,until",
        "单位,岗位,姓名,电子邮箱,代班邮箱,代班起始日,代班结束日",
        1,
    );
    let long = roster()
        .replace("质安处,", "3,质安处,")
        .replace("unit,", "序号,unit,")
        .replace("2027-01-04", "2027年1月4日")
        .replace("2027-01-08", "46395");
    let shapes = [
        chinese.replace("liaison,", "联络员,").replace("deputy,", "分管领导,").replace('\n', "\r\n"),
        format!("质安口岗位名册\n\n{chinese}"),
        chinese.replace(',', "\t"),
        chinese.replace("质安处,", "　质安处 ,").replace("deputy,", " Deputy ,"),
        long,
        roster().replace(",,,\n", "\n"),
        roster().replace('\n', ",,\n"),
    ];
    for text in shapes {
        assert_eq!(read("roster.csv", text.as_bytes()), want, "{text}");
        let utf16: Vec<u8> = [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(read("roster.csv", &utf16), want, "{text}");
    }
}

#[test]
fn a_mistake_names_its_cell_as_a_spreadsheet_does() {
    let wrong = roster()
        .replace("deputy,", "副处长,")
        .replace("2027-01-08", "2027/2/30")
        .replace("zhian1@mail.zjw.lab,,", "zhian1,,");
    let told = told(wrong.as_bytes());
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(lines[0].starts_with("名册.csv:D2: `address` is no e-mail address"), "{told}");
    assert!(lines[1].starts_with("名册.csv:B3: unknown role `副处长`"), "{told}");
    assert!(lines[2].starts_with("名册.csv:G3: `until` is no date: `2027/2/30`"), "{told}");
    // Blank rows are rows; a cell of two lines is in one.
    let blank = format!("{}\n\n质安处,head,丙,x\n", roster());
    assert!(self::told(blank.as_bytes()).starts_with("名册.csv:D6: "));
    let twice = format!("{}\n质安处,联络员,丁,ding@example.com\n", roster());
    assert!(
        self::told(twice.as_bytes()).contains("名册.csv:A5: post `质安处/liaison` is given twice; it stands in line 2")
    );
}

#[test]
fn what_is_no_sheet_is_told_in_words() {
    assert!(told(b"PK\x03\x04\x14\0").contains("名册.csv: this is an Excel workbook; save the sheet as csv"));
    assert!(told(b"unit,role\n\xff\xff\xff\n").contains("none of UTF-8, UTF-16 and GB18030"));
    let roles = posts::parse("x.csv", roster().replace("deputy,", "审计员,").as_bytes(), None).unwrap_err();
    assert_eq!(roles.list[0].place_label(), "B3");
    assert!(!matches!(read("r.csv", roster().as_bytes())[0].post.role, Role::Office));
}

#[test]
fn a_notice_is_read_from_the_same_shapes() {
    let text = "date,name,kind,status\n2027-01-01,元旦,holiday,notice\n2027-01-02,元旦,holiday,notice\n";
    let want = holidays::parse("2027.csv", text.as_bytes()).unwrap();
    assert_eq!(want.days.len(), 2);
    let shapes = [
        text.replace(',', ";").replace("2027-01-0", "2027/1/"),
        text.replace(',', "\t").replace('\n', "\r\n").replace("2027-01-01", "46388"),
        text.replace("date,name,kind,status", "日期,节日,类型,状态").replace("2027-01-02", "2027年1月2日"),
        text.replace('\n', "\n,,,\n"),
    ];
    for text in shapes {
        assert_eq!(holidays::parse("2027.csv", text.as_bytes()).unwrap(), want, "{text}");
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(holidays::parse("2027.csv", &utf16).unwrap(), want, "{text}");
    }
    let gbk = b"date,name,kind,status\n2027/1/1,\xd4\xaa\xb5\xa9,holiday,notice\n";
    assert_eq!(holidays::parse("2027.csv", gbk).unwrap().days.len(), 1);
}
