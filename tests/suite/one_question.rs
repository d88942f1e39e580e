//! One question has one answer: the page, its file, the interface and the command give the same obligations.

use clap::Parser;
use serde_json::Value;

use crate::support::browser::Console;
use crate::support::{OFFICE, Story, day, on_both, on_both_of};
use duban::cli::obligation;
use duban::domain::obligation::Obligation;
use duban::domain::plan::due_between;
use duban::store::row::Stored;

#[derive(Debug, Parser)]
#[command(name = "duban")]
struct Typed {
    #[command(subcommand)]
    args: obligation::Args,
}

/// The numbers in a file's column.
fn numbers(csv: &[u8], column: &str) -> Vec<i64> {
    let mut reader = csv::Reader::from_reader(csv);
    let at = reader.headers().unwrap().iter().position(|name| name == column).unwrap();
    reader.records().map(|record| record.unwrap()[at].parse().unwrap()).collect()
}

async fn typed(story: &Story, words: &[String]) -> Vec<i64> {
    let line = ["duban", "list", "--format", "csv"].into_iter().map(str::to_owned).chain(words.iter().cloned());
    let mut out = Vec::new();
    obligation::run(&story.engine, Typed::try_parse_from(line).unwrap().args, &mut out).await.unwrap();
    numbers(&out, "id")
}

#[tokio::test]
async fn page_file_interface_and_command_give_the_same() {
    on_both_of("2022-09-19 00:00", &["4.1", "12.1", "18.1b", "9.1b", "5.2", "13.2", "35.2"], |mut story| async move {
        let console = Console::of(&story);
        story.run_until("2022-09-21 10:00").await;
        story.file("12.1", "质安处", "2022-09-30", &[]).await.unwrap();
        story.file("9.1b", "质安处", "2022-W38", &["调度=1"]).await.unwrap();
        story.run_until("2022-10-01 10:00").await;
        story.file("12.1", "物业处", "2022-09-30", &[]).await.unwrap();
        let mut office = console.signed_in(OFFICE).await;
        let one = story.obligation("12.1", "质安处", "2022-09-30").await.id.to_string();
        let questions: [&[(&str, &str)]; 16] = [
            &[],
            &[("unit", "质安处")],
            &[("duty", "9.1b")],
            &[("item", "13")],
            &[("part", "3")],
            &[("cadence", "weekly")],
            &[("cadence", "once")],
            &[("period", "2022-W38")],
            &[("period", "2022-W38"), ("unit", "质安处")],
            &[("from", "2022-09-22"), ("until", "2022-09-25")],
            &[("due", "2022-09-30")],
            &[("light", "orange")],
            &[("phase", "missed"), ("unit", "物业处")],
            &[("text", "物业")],
            &[("text", "9.1B"), ("light", "red")],
            &[("text", &one)],
        ];
        for question in questions {
            let fields: Vec<String> = question.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let fields = fields.join("&");
            for order in ["newest", "oldest", "number"] {
                let words = question.iter().flat_map(|(name, value)| [format!("--{name}"), (*value).to_owned()]);
                let words = words.chain(["--order".to_owned(), order.to_owned()]).collect::<Vec<_>>();
                let right = typed(&story, &words).await;
                assert!(!right.is_empty(), "{fields}");
                let mut listed = Vec::new();
                let mut after = String::new();
                loop {
                    let page = office.get(&format!("/api/v1/obligations?{fields}&order={order}&limit=40{after}")).await;
                    let page: Value = serde_json::from_slice(&page.bytes).unwrap();
                    listed.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()));
                    let Some(next) = page["next"].as_i64() else { break };
                    after = format!("&after={next}");
                }
                assert_eq!(listed, right, "{fields} {order}");
                // The file has the document's order.
                let mut file = numbers(&office.get(&format!("/ledger.csv?{fields}")).await.bytes[3..], "事项号");
                let mut sorted = right.clone();
                sorted.sort_unstable();
                file.sort_unstable();
                assert_eq!(file, sorted, "{fields}");
                let page = office.get(&format!("/ledger?{fields}&order={order}")).await.text();
                let shown: Vec<i64> = page
                    .split("<tr><td><a href=\"/o/")
                    .skip(1)
                    .map(|row| row[..row.find('"').unwrap()].parse().unwrap())
                    .collect();
                assert_eq!(shown, right[..right.len().min(50)], "{fields} {order}");
            }
        }
        story
    })
    .await;
}

#[tokio::test]
async fn the_commands_list_is_whole_however_long_it_is() {
    on_both("2022-09-28 00:00", |story| async move {
        let known = story.engine.known().await.unwrap();
        let version = known.versions.last().unwrap();
        let owed = due_between(&known.world(&version.catalogue), day("2023-01-01"), day("2026-12-31"));
        let planned = owed.into_iter().map(|owed| {
            let joint = owed.owners.len() > 1;
            Stored::new(Obligation::planned(owed, joint, story.now(), known.zone), version.version)
        });
        let mut tx = story.engine.store.write().await.unwrap();
        tx.insert_obligations(&mut planned.collect::<Vec<_>>()).await.unwrap();
        tx.commit().await.unwrap();
        let all = story.engine.store.read().await.unwrap().all_obligations().await.unwrap().len();
        assert!(all > 20_000, "too few to be a long list: {all}");
        assert_eq!(typed(&story, &["--unopened".to_owned()]).await.len(), all);
        story
    })
    .await;
}
