//! 运行状况: whether the watcher itself watches: its alarms, passes, mail path, troubles and the sealed log.

use askama::Template;
use axum::response::Response;
use chrono::{DateTime, Utc};

use crate::engine::Job;
use crate::read::health::{Alarm, Health, label, mail_down_label};
use crate::read::mail;
use crate::read::words;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::route::{Route, get};
use crate::web::view::{self, Page};

pub fn routes() -> Vec<Route> {
    vec![get("/watcher", Right::SeeAll, show)]
}

/// Runs on the page.
const RUNS: usize = 40;

struct Fact {
    name: &'static str,
    value: String,
}

struct RunRow {
    job: &'static str,
    at: String,
    took: String,
    summary: String,
    error: Option<String>,
}

struct TroubleRow {
    subject: String,
    since: String,
    last: String,
    failures: i64,
    words: String,
}

#[derive(Template)]
#[template(path = "watcher.html")]
struct WatcherPage {
    page: Page,
    alarms: Vec<String>,
    facts: Vec<Fact>,
    letters: Vec<(&'static str, i64)>,
    troubles: Vec<TroubleRow>,
    failed: Vec<(i64, String)>,
    runs: Vec<RunRow>,
}

fn job_label(job: &str) -> &'static str {
    match job.parse::<Job>().ok() {
        Some(Job::Materialise) => "生成事项",
        Some(Job::Step) => "巡检",
        Some(Job::Digest) => "督办清单",
        Some(Job::Deliver) => "发送邮件",
        Some(Job::Housekeeping) => "日常维护",
        None => "其他",
    }
}

/// What a run did, in words; the figures that are 0 are left out.
fn summary_words(summary: &str) -> String {
    let parsed: serde_json::Map<String, serde_json::Value> = serde_json::from_str(summary).unwrap_or_default();
    let words = parsed.iter().filter_map(|(key, value)| match value {
        serde_json::Value::Bool(true) => Some(figure_label(key).to_owned()),
        serde_json::Value::Number(n) if n.as_u64() != Some(0) => Some(format!("{} {n}", figure_label(key))),
        _ => None,
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "无新情况".to_owned() } else { words.join("，") }
}

fn figure_label(key: &str) -> &str {
    match key {
        "made" => "生成",
        "changed" => "变动",
        "withdrawn" => "撤销",
        "revived" => "恢复",
        "stepped" => "推进",
        "opened" => "开始",
        "reminded" => "提醒",
        "missed" => "认定逾期",
        "lapsed" => "按逾期未办结",
        "notices" => "催办项",
        "letters" => "邮件",
        "failed" => "失败",
        "written" => "清单已写成",
        "misses" => "逾期",
        "proposals" => "通报建议",
        "sent" => "送出",
        "deferred" => "暂缓",
        "unknown" => "送达不明",
        "ended" => "停止",
        "moot" => "无须再发",
        "down" => "邮件通道中断",
        "sealed" => "封存日志",
        "pruned" => "清理旧记录",
        "credentials" => "清理失效登录",
        "mended" => "恢复正常",
        other => other,
    }
}

async fn show(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    let zone = desk.known.zone;
    let health = Health::look(&desk.engine).await?;
    let mut tx = desk.engine.store.read().await?;
    let runs = tx.runs(RUNS).await?.into_iter().map(|run| RunRow {
        job: job_label(&run.job),
        at: words::moment(zone, run.finished_at),
        took: label(run.finished_at - run.started_at),
        summary: summary_words(&run.summary),
        error: run.error,
    });
    let troubles = health.troubles.iter().map(|trouble| TroubleRow {
        subject: trouble.subject.clone(),
        since: words::moment(zone, trouble.first_at),
        last: words::moment(zone, trouble.last_at),
        failures: trouble.failures,
        words: trouble.words.clone(),
    });
    let facts = facts(&desk, &mut tx, &health).await?;
    let letters = health.letters.iter().map(|(state, n)| (state.label(), *n));
    let shown = WatcherPage {
        page: Page::new("运行状况", &desk, &visitor),
        alarms: health.alarms(desk.app.options().limits).iter().map(Alarm::label).collect(),
        facts,
        letters: letters.collect(),
        troubles: troubles.collect(),
        failed: tx.failed_notices().await?,
        runs: runs.collect(),
    };
    Ok(view::html(&shown))
}

async fn facts(desk: &Desk, tx: &mut crate::store::Tx, health: &Health) -> Result<Vec<Fact>, Fault> {
    let zone = desk.known.zone;
    let when = |at: Option<DateTime<Utc>>, none: &str| {
        at.map_or_else(|| none.to_owned(), |at| format!("{}（{}前）", words::moment(zone, at), label(health.now - at)))
    };
    let ended = |run: &Option<crate::store::runs::Run>| run.as_ref().map(|run| run.finished_at);
    let mail = match &health.mail_down {
        Some(down) => {
            let (since, why) = (words::moment(zone, down.since), mail_down_label(down));
            format!("{since}起中断：{why}。{}", mail::what_to_do(down.reason))
        }
        None => "正常".to_owned(),
    };
    let (seal, unsealed) = tx.seal_state().await?;
    let sealed = seal.map_or_else(
        || "尚未封存".to_owned(),
        |seal| format!("第 {} 次封存于 {}，含 {} 条", seal.id, words::moment(zone, seal.at), seal.entries),
    );
    let fact = |name, value| Fact { name, value };
    Ok(vec![
        fact("最近巡检", when(ended(&health.last_pass), "从未巡检")),
        fact("最近发送", when(ended(&health.last_delivery), "从未发送")),
        fact("下一步到期", health.next_step_at.map_or_else(|| "无".to_owned(), |at| words::moment(zone, at))),
        fact("邮件通道", mail),
        fact("最近送出邮件", when(health.last_sent, "三十日内没有")),
        fact("最早待发邮件", when(health.oldest_unsent, "无")),
        fact("送达不明", format!("{} 封", health.in_doubt())),
        fact("未送达", format!("{} 封", health.undelivered())),
        fact("日志封存", format!("{sealed}；其后未封存 {unsealed} 条")),
    ])
}
