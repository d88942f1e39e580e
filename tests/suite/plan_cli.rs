//! `plan`, `check` and `calendar show` as they are typed.

use std::fs;
use std::process::{Command, Output};

fn duban(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_duban")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_plan_as_csv() {
    let done = duban(&[
        "plan",
        "--from",
        "2022-02-07",
        "--to",
        "2022-02-07",
        "--format",
        "csv",
        "--duty",
        "48.1a",
        "--duty",
        "5.2",
    ]);
    assert!(done.status.success() && done.stderr.is_empty());
    let expected = "duty,owners,period,due_at\n\
                    48.1a,委安委办;办公室,2022-W05,2022-02-07T18:00:00+08:00\n\
                    5.2,委安委办;宣教处,2022-02-07,2022-02-08T00:00:00+08:00\n";
    assert_eq!(text(&done.stdout), expected);
}

#[test]
fn a_plan_as_json_narrowed() {
    let plan = |more: &[&str]| -> Vec<serde_json::Value> {
        let args = ["plan", "--from", "2022-10-01", "--to", "2022-10-31", "--format", "json"];
        let done = duban(&[&args[..], more].concat());
        assert!(done.status.success(), "{}", text(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    };
    let all = plan(&[]);
    let of_unit = plan(&["--unit", "质安处"]);
    let of_group = plan(&["--group", "安全监管单位"]);
    let of_both = plan(&["--group", "安全监管单位", "--unit", "质安处", "--unit", "办公室"]);
    assert!(of_unit.iter().all(|row| row["owners"].as_str().unwrap().split(';').any(|owner| owner == "质安处")));
    assert_eq!(of_both, of_unit);
    assert!(of_unit.len() < of_group.len() && of_group.len() < all.len());
    let expected: Vec<&serde_json::Value> =
        all.iter().filter(|row| row["owners"].as_str().unwrap().split(';').any(|owner| owner == "质安处")).collect();
    assert_eq!(of_unit.iter().collect::<Vec<_>>(), expected);
    let node = plan(&["--duty", "5.3"]);
    assert_eq!(node[0]["period"], "node:2022-10-01");
    assert_eq!(node[0]["due_at"], "2022-10-08T00:00:00+08:00");
}

#[test]
fn mistakes_have_their_exit_codes() {
    let range = |from: &str, to: &str| duban(&["plan", "--from", from, "--to", to]).status.code();
    assert_eq!(range("2022-01-02", "2022-01-01"), Some(2));
    assert_eq!(range("2022-02-30", "2022-03-01"), Some(2));
    assert_eq!(range("1900-01-01", "2199-12-31"), Some(2));
    let refused = duban(&["plan", "--from", "2022-01-01", "--to", "2022-01-01", "--unit", "某处"]);
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0));
    assert!(text(&refused.stderr).contains("there is no unit `某处`"));
    let folder = tempfile::tempdir().unwrap();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let seeds = folder.path().to_str().unwrap();
    assert_eq!(duban(&["check", "--seeds", seeds]).status.code(), Some(0));
    let duties = fs::read_to_string(folder.path().join("duties.toml")).unwrap();
    fs::write(folder.path().join("duties.toml"), duties.replacen("\"weekly\"", "\"weakly\"", 1)).unwrap();
    for done in [
        duban(&["check", "--seeds", seeds]),
        duban(&["plan", "--from", "2022-01-01", "--to", "2022-01-01", "--seeds", seeds]),
    ] {
        assert_eq!((done.status.code(), done.stdout.len()), (Some(78), 0));
        assert!(text(&done.stderr).contains("impossible cadence: unknown cadence `weakly`"), "{}", text(&done.stderr));
    }
}

#[test]
fn check_ends_with_what_is_covered() {
    let done = duban(&["check"]);
    assert!(done.status.success());
    assert_eq!(text(&done.stdout).lines().last(), Some("48/48 tasks, 64/64 measures, 75 duties"));
}

#[test]
fn a_year_of_the_calendar() {
    let done = duban(&["calendar", "show", "2022", "--format", "csv"]);
    let shown = text(&done.stdout);
    assert!(shown.starts_with("date,weekday,name,kind,status\n2022-01-01,周六,元旦,holiday,notice\n"), "{shown}");
    assert_eq!((shown.lines().count(), done.stderr.len()), (40, 0));
    let done = duban(&["calendar", "show", "2027"]);
    assert!(done.status.success() && text(&done.stderr).contains("2027 is not published"));
    assert!(text(&duban(&["calendar", "show", "2030"]).stderr).contains("only the weekend rule"));
}
