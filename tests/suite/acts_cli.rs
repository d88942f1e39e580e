//! The acting commands as people type them: arguments in, text out, refusals as sentences.

use clap::{Parser, Subcommand};

use crate::support::{self, Kind, Story, on_both_of, seeds_of, settings};
use duban::acts::ActError;
use duban::cli::{
    bulletin, calendar, dispute, event, evidence, extend, node, obligation, post, requests, review, seed, submit, undo,
    unit, waive,
};
use duban::vault::{LARGEST, Vault};

#[derive(Debug, Parser)]
#[command(name = "duban")]
struct Duban {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Submit(submit::Args),
    Review(review::Args),
    Requests(requests::Args),
    Bulletin(bulletin::Args),
    Undo(undo::Args),
    Waive(waive::Args),
    ImportCalendar(calendar::ImportArgs),
    #[command(subcommand)]
    Obligation(obligation::Args),
    #[command(subcommand)]
    Extend(extend::Args),
    #[command(subcommand)]
    Dispute(dispute::Args),
    #[command(subcommand)]
    Event(event::Args),
    #[command(subcommand)]
    Evidence(evidence::Args),
    #[command(subcommand)]
    Node(node::Args),
    #[command(subcommand)]
    Unit(unit::Args),
    #[command(subcommand)]
    Post(post::Args),
    #[command(subcommand)]
    Seed(seed::Args),
}

/// Types a command; its words are split at blanks, `_` stands for a blank within one.
async fn types(story: &Story, line: &str) -> anyhow::Result<String> {
    let words = line.split(' ').map(|word| word.replace('_', " "));
    let words: Vec<String> = std::iter::once("duban".to_owned()).chain(words).collect();
    let command = Duban::try_parse_from(words)?.command;
    let mut out = Vec::new();
    let engine = &story.engine;
    match command {
        Command::Submit(args) => submit::run(engine, args, &mut out).await?,
        Command::Review(args) => review::run(engine, args, &mut out).await?,
        Command::Requests(args) => requests::run(engine, args, &mut out).await?,
        Command::Bulletin(args) => bulletin::run(engine, args, &mut out).await?,
        Command::Undo(args) => undo::run(engine, args, &mut out).await?,
        Command::Waive(args) => waive::run(engine, args, &mut out).await?,
        Command::ImportCalendar(args) => calendar::import(engine, args, &mut out).await?,
        Command::Obligation(args) => obligation::run(engine, args, &mut out).await?,
        Command::Extend(args) => extend::run(engine, args, &mut out).await?,
        Command::Dispute(args) => dispute::run(engine, args, &mut out).await?,
        Command::Event(args) => event::run(engine, args, &mut out).await?,
        Command::Evidence(args) => evidence::run(engine, args, &mut out).await?,
        Command::Node(args) => node::run(engine, args, &mut out).await?,
        Command::Unit(args) => unit::run(engine, args, &mut out).await?,
        Command::Post(args) => post::run(engine, args, &mut out).await?,
        Command::Seed(args) => seed::run(engine, args, &mut out).await?,
    }
    Ok(String::from_utf8(out)?)
}

async fn typed(story: &Story, line: &str) -> String {
    types(story, line).await.unwrap_or_else(|error| panic!("{line}: {error:#}"))
}

/// The sentence with which it is refused, as an administrator reads it; it exits with 1.
async fn refused(story: &Story, line: &str) -> String {
    match types(story, line).await {
        Err(error) if error.is::<ActError>() => error.to_string(),
        other => panic!("{line}: {other:?}"),
    }
}

/// Whether it is a mistake in the arguments, which exits with 2.
async fn is_usage(story: &Story, line: &str) -> bool {
    types(story, line).await.is_err_and(|error| error.is::<clap::Error>())
}

#[test]
fn the_arguments_are_sound() {
    use clap::CommandFactory as _;
    Duban::command().debug_assert();
}

#[tokio::test]
async fn a_month_is_filed_looked_at_returned_and_accepted() {
    on_both_of("2022-09-01 00:00", &["13.2"], |mut story| async move {
        let folder = tempfile::tempdir().unwrap();
        story.engine.vault = Some(Vault::at(&folder.path().join("evidence"), LARGEST));
        let file = folder.path().join("现场.txt");
        std::fs::write(&file, "evidence").unwrap();
        story.run_until("2022-09-05 11:00").await;
        let first = typed(
            &story,
            &format!(
                "submit 13.2 质安处 2022-09 --item 检查企业=甲公司 --item 整改突出隐患=2 --note 首次 --file {} --receipt R1",
                file.display()
            ),
        )
        .await;
        let id = story.obligation("13.2", "质安处", "2022-09").await.id;
        let counts = "检查企业 1/2家，整改突出隐患 2/2个，协调解决难题 0/2个";
        let said = "检查企业：甲公司（1家）\n整改突出隐患：2个";
        assert_eq!(first, format!("R1\n{said}\n{id} 13.2 2022-09：未到期；{counts}\n"));
        // The same again changes nothing; a number that stands for other content is refused.
        let again = "submit 13.2 质安处 2022-09 --item 检查企业=甲公司 --item 整改突出隐患=二个 --note 首次 --receipt R1";
        let again = typed(&story, &format!("{again} --file {}", file.display())).await;
        assert!(again.starts_with("R1 (filed before; nothing changed)\n"), "{again}");
        let other = refused(&story, "submit 13.2 质安处 2022-09 --item 检查企业=甲公司 --receipt R1").await;
        assert!(other.starts_with("the receipt number R1 stands for a filing with other content"), "{other}");
        let wrong = refused(&story, "submit 13.2 质安处 2022-09 --item 企业=甲公司").await;
        assert_eq!(wrong, "there is no counter `企业`; known: 检查企业, 整改突出隐患, 协调解决难题");
        assert_eq!(refused(&story, "submit 13.2 质安处 2023-10").await, "there is no obligation 13.2 质安处 2023-10");
        assert!(is_usage(&story, "submit 13.2 质安处").await);
        assert!(is_usage(&story, "submit 13.2 质安处 2022-09 --item 甲公司").await);
        assert!(is_usage(&story, "submit 13.2 质安处 2022-09 --as 质安处").await);
        let shown = typed(&story, &format!("obligation show {id}")).await;
        assert!(shown.contains("submission R1") && shown.contains("file 现场.txt (8 bytes"), "{shown}");
        let hash = shown.split("sha256 ").nth(1).unwrap().split(')').next().unwrap().to_owned();
        let copy = folder.path().join("copy");
        typed(&story, &format!("evidence get {hash} --out {}", copy.display())).await;
        assert_eq!(std::fs::read(&copy).unwrap(), b"evidence");
        assert!(types(&story, &format!("evidence get {hash} --out {}", copy.display())).await.is_err());
        let erased = typed(&story, &format!("evidence erase R1 {hash} --reason 误传 --as 质安处/liaison")).await;
        assert_eq!(erased, "erased from R1; its bytes are gone\n");
        assert_eq!(refused(&story, &format!("evidence get {hash} --out x")).await, format!("there is no file {hash}"));
        assert!(typed(&story, &format!("obligation show {id}")).await.contains("erased 2022-09-05T11:00:00+08:00"));
        typed(&story, &format!("submit --id {id} --item 检查企业=乙公司 --item 协调解决难题=2 --receipt R2")).await;
        let listed = typed(&story, "obligation list --unit 质安处 --duty 13.2 --light green --format csv").await;
        let due = "2022-09-01T00:00:00+08:00,2022-09-30T18:00:00+08:00";
        let now = "2022-09-05T11:00:00+08:00";
        assert_eq!(
            listed,
            format!(
                "id,duty,owners,period,opens_at,due_at,phase,light,word,filed_at,closed_at,return_reason\n\
                 {id},13.2,质安处,2022-09,{due},done,green,按期办结,{now},{now},\n"
            )
        );
        assert!(is_usage(&story, &format!("review {id}")).await);
        assert!(is_usage(&story, &format!("review {id} --return")).await);
        let early = refused(&story, &format!("review {id} --return --reason 缺图 --until 2022-09-15")).await;
        assert_eq!(early, "the new deadline may not be before the one in force, 2022-09-30 18:00:00");
        let returned = typed(&story, &format!("review {id} --return --reason 缺图")).await;
        assert_eq!(returned, format!("{id} 13.2 质安处 2022-09 截止 9月30日（周五）18:00：已退回\n"));
        assert!(typed(&story, &format!("obligation show {id}")).await.contains("return_reason: 缺图"));
        let decided = typed(&story, "requests --decided --unit 质安处 --format csv").await;
        assert!(decided.contains(&format!("{id},return,")) && decided.contains("缺图"), "{decided}");
        let undone = typed(&story, &format!("undo {id}")).await;
        assert!(undone.ends_with("：按期办结\n"), "{undone}");
        assert_eq!(
            refused(&story, &format!("undo {id}")).await,
            format!("nothing decided on the obligation {id} can still be taken back")
        );
        typed(&story, &format!("review {id} --return --reason 缺图")).await;
        assert_eq!(
            refused(&story, "submit --withdraw R2").await,
            "the receipt R2 is reviewed and cannot be corrected or withdrawn any more"
        );
        typed(
            &story,
            "submit 13.2 质安处 2022-09 --item 检查企业=甲 --item 检查企业=乙 --item 整改突出隐患=2 --item 协调解决难题=2",
        )
        .await;
        let waiting = typed(&story, "requests --format csv").await;
        assert!(waiting.contains(&format!("{id},review,")), "{waiting}");
        let accepted = typed(&story, &format!("review {id} --accept")).await;
        assert!(accepted.ends_with("：按期办结\n"), "{accepted}");
        assert_eq!(refused(&story, "review 999999 --accept").await, "there is no obligation 999999");
        story
    })
    .await;
}

#[tokio::test]
async fn explain_says_why_and_what_comes_next() {
    on_both_of("2022-10-10 00:00", &["9.1b"], |mut story| async move {
        story.run_until("2022-10-13 10:00").await;
        let id = story.obligation("9.1b", "质安处", "2022-W41").await.id;
        typed(&story, &format!("extend ask {id} --until 2022-10-20 --reason 抽调")).await;
        let said = typed(&story, &format!("obligation explain {id}")).await;
        let expected = [
            "为何应办\n  9.1b ",
            "  条款：第9项第1条（",
            "  频次：每周（定期）；依据：市级任务\n",
            "  数量要求：调度不少于1次\n",
            "\n由谁办理\n  质安处：单位组“安全监管单位”的成员\n  各报各的\n",
            "\n时限如何得出\n",
            "  截止：2022年10月14日 18:00\n",
            "\n已经发生\n  2022-10-10 00:00 系统 开始\n",
            "  2022-10-13 09:00 提醒致质安处联络员：已送出 2022-10-13 09:00，邮件服务器答复：250 kept in memory\n",
            "  2022-10-13 10:00 质安处/liaison 申请延期（申请 X",
            "\n现状\n  灯：临期\n  调度：0/1次\n  有效报送 0 次\n  延期申请 X",
            "\n接下来（如不报送）\n  2022-10-14 09:00 提醒：致质安处联络员\n  2022-10-14 18:00 认定逾期\n",
            "  2022-10-17 09:00 催办：致质安处联络员、质安处分管负责人\n",
            "  此后每个工作日 09:00 列入联络员邮件，直至办结\n",
            "  2022-10-19 09:00 督办：致质安处联络员、质安处分管负责人、质安处主要负责人\n",
            "  2022-10-21 18:00 补办截止，按逾期未办结\n",
        ];
        let mut rest = said.as_str();
        for part in expected {
            let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is missing or out of order in:\n{said}"));
            rest = &rest[at + part.len()..];
        }
        // What was shown as ahead is what happens.
        story.run_until("2022-10-21 18:00").await;
        let obligation = story.obligation("9.1b", "质安处", "2022-W41").await;
        assert_eq!(obligation.phase.code(), "lapsed");
        assert_eq!(obligation.round.supervised_at, Some(support::at("2022-10-19 09:00")));
        assert_eq!(refused(&story, "obligation explain 999999").await, "there is no obligation 999999");
        story
    })
    .await;
}

#[tokio::test]
async fn the_office_opens_changes_and_lists() {
    on_both_of("2022-08-01 00:00", &["46.1", "47.1", "9.1b"], |mut story| async move {
        story.run_until("2022-08-03 10:00").await;
        let opened = typed(
            &story,
            "event open --type 极端天气预警 --at 2022-08-03_09:50 --place 主城区 --unit 质安处 --id 暴雨1",
        )
        .await;
        assert!(opened.starts_with("暴雨1\n") && opened.lines().count() == 2, "{opened}");
        let unknown = refused(&story, "event open --type 台风 --at 2022-08-03_09:50 --place 主城区").await;
        assert_eq!(unknown, "there is no event type `台风`");
        assert!(is_usage(&story, "event open --type 台风 --at 昨天 --place 主城区").await);
        assert!(is_usage(&story, "event close 暴雨1 --false-alarm").await);
        assert_eq!(
            typed(&story, "event close 暴雨1 --false-alarm --reason 误报").await,
            "暴雨1 closed, 1 obligations waived\n"
        );
        let events = typed(&story, "event list --format csv").await;
        assert!(events.contains("暴雨1,极端天气预警,2022-08-03T09:50:00+08:00,主城区,质安处,"), "{events}");
        let node = typed(&story, "node open --id gaowen --name 高温 --to 2022-08-09").await;
        let settled = "obligations: 78 made, 0 changed, 0 withdrawn, 0 owed again";
        assert_eq!(node, format!("gaowen opened from 2022-08-03 to 2022-08-09; {settled}\n"));
        let nodes = typed(&story, "node list --format csv").await;
        assert!(nodes.contains("gaowen,高温,2022-08-03,2022-08-09,true\n"), "{nodes}");
        typed(&story, "node extend gaowen --to 2022-08-05").await;
        typed(&story, "node close gaowen").await;
        let asked = refused(&story, "unit leave 市场处 --reason 撤并").await;
        assert!(
            asked.starts_with("市场处 would leave on 2022-08-03: 2 that it owes alone would be waived ("),
            "{asked}"
        );
        assert!(asked.contains("nothing is done yet: confirm it (--yes, or `confirmed`)"), "{asked}");
        let left = typed(&story, "unit leave 市场处 --reason 撤并 --yes").await;
        assert!(left.starts_with("市场处 leaves on 2022-08-03; 2 open obligations"), "{left}");
        assert!(
            typed(&story, "unit list --format csv")
                .await
                .contains("市场处,机关处室,机关各处室;安全监管单位,,2022-08-03\n")
        );
        typed(&story, "unit set 新处 --group 安全监管单位 --joined-on 2022-08-08").await;
        typed(&story, "post set 新处/liaison --holder 某甲 --address jia@example.com").await;
        typed(&story, "post hand-over 新处/liaison --holder 某乙 --address yi@example.com --from 2022-08-09").await;
        let posts = typed(&story, "post list --format csv").await;
        assert!(posts.contains("新处/liaison,某甲,2022-08-03,,\n新处/liaison,某乙,2022-08-09,,\n"), "{posts}");
        assert!(!posts.contains('@'));
        assert!(typed(&story, "post list --addresses --format csv").await.contains("jia@example.com"));
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("posts.csv");
        std::fs::write(&csv, "unit,role,holder,address\n质安处,liaison,某丙,bing@example.com\n").unwrap();
        assert_eq!(typed(&story, &format!("post import {}", csv.display())).await, "1 posts read, 1 changed\n");
        assert_eq!(typed(&story, &format!("post import {}", csv.display())).await, "1 posts read, 0 changed\n");
        std::fs::write(&csv, "unit,role,holder,address\n质安所,liaison,某丙,bing\n").unwrap();
        let wrong = types(&story, &format!("post import {}", csv.display())).await.unwrap_err();
        assert!(wrong.is::<duban::catalogue::Diagnostics>(), "{wrong:?}");
        let id = story.obligation("9.1b", "质安处", "2022-W31").await.id;
        assert!(is_usage(&story, &format!("waive {id} --reason 停工")).await);
        let waived = typed(&story, &format!("waive {id} --reason 停工 --document 5号")).await;
        assert!(waived.ends_with("：已免除\n"));
        assert_eq!(
            refused(&story, &format!("dispute raise {id} --reason 无此职责")).await,
            format!("the obligation {id} is waived and cannot be disputed any more")
        );
        story
    })
    .await;
}

#[tokio::test]
async fn a_holiday_notice_is_typed_in_as_it_was_published() {
    on_both_of("2025-11-05 10:00", &["9.1b"], |story| async move {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notice.txt");
        let import = format!("import-calendar {}", file.display());
        let notice = "国务院办公厅关于2026年部分节假日安排的通知\n一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。\n\
            二、春节：2月15日（周日）至23日（周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。\n\
            三、清明节：4月4日（周六）至6日（周一）放假，共3天。\n四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。\
            5月9日（周六）上班。\n五、端午节：6月19日（周五）至21日（周日）放假，共3天。\n\
            六、中秋节：9月25日（周五）至27日（周日）放假，共3天。\n七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。\
            9月20日（周日）、10月10日（周六）上班。\n";
        std::fs::write(&file, notice).unwrap();
        let told = typed(&story, &import).await;
        assert!(told.starts_with("no listed day changes\n39 days listed for 2026"), "{told}");
        // One more make-up day is a plain difference; the notice without its last line is not.
        std::fs::write(&file, notice.replace("9月20日（周日）、", "9月20日（周日）、9月13日（周日）、")).unwrap();
        let told = typed(&story, &import).await;
        assert!(told.starts_with("2026-09-13 Sun: not listed -> 国庆节 make-up workday\n40 days"), "{told}");
        let short: String = notice.lines().take(7).map(|line| format!("{line}\n")).collect();
        std::fs::write(&file, short).unwrap();
        let words = refused(&story, &import).await;
        assert!(words.contains("--yes") && words.contains("2026 would have no day off for 国庆"), "{words}");
        let told = typed(&story, &format!("{import} --yes")).await;
        assert!(told.contains("2026-10-01 Thu: 国庆节 day off -> not listed"), "{told}");
        // A slip is told with its line.
        std::fs::write(&file, notice.replace("6月19日（周五）", "6月19日（周六）")).unwrap();
        let words = types(&story, &import).await.unwrap_err().to_string();
        assert!(words.contains("notice.txt:6:") && words.contains("2026-06-19 is a Fri, not a Sat"), "{words}");
        story
    })
    .await;
}

#[tokio::test]
async fn a_folder_of_seeds_is_looked_at_and_applied() {
    let Some(mut story) = Story::begin_with(Kind::Sqlite, "2022-10-10 00:00", settings(), &seeds_of(&["9.1b"])).await
    else {
        return;
    };
    story.run_until("2022-10-10 10:00").await;
    // The folder has the whole document: 74 duties more.
    let diff = typed(&story, "seed diff seeds").await;
    assert_eq!(diff.lines().filter(|line| line.starts_with("+ duty ")).count(), 74);
    let applied = typed(&story, "seed apply seeds").await;
    assert!(applied.contains("version 2, in force from 2022-10-11; obligations: "), "{applied}");
    assert_eq!(typed(&story, "seed diff seeds").await, "nothing changes\n");
    assert!(refused(&story, "seed apply seeds").await.starts_with("catalogue, roster and calendar are so already"));
    story.run_until("2022-10-11 10:00").await;
    assert_eq!(story.obligation("9.1a", "质安处", "2022-10-11").await.opens_at, support::at("2022-10-11 00:00"));
    story.end().await;
}
