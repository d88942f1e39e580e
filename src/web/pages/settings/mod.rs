//! 设置: what the office and the administrator set and the auditor may read: posts, units, calendar, duties, ladders, trial.

use askama::Template;
use axum::{extract::State, response::Response};

use crate::{
    domain::calendar::YearStatus,
    jobs::{acts::ActError, words},
    web::{
        App, Desk,
        access::{Right, Visitor},
        fault::Fault,
        mistakes::{Mistake, mistakes},
        routes::{Route, get},
        view::{self, Page},
    },
};

pub mod calendar;
pub mod duties;
pub mod ladders;
pub mod posts;
pub mod units;

pub fn routes() -> Vec<Route> {
    let own = vec![get("/settings", Right::SeeAll, show), get("/trial", Right::SeeAll, trial)];
    [own, posts::routes(), units::routes(), calendar::routes(), duties::routes(), ladders::routes()]
        .into_iter()
        .flatten()
        .collect()
}

/// Why something was not taken: a sentence, or the mistakes of a file.
#[derive(Default)]
pub struct Refused {
    pub words: Option<String>,
    pub mistakes: Vec<Mistake>,
    pub more: usize,
}

impl Refused {
    pub fn words(words: impl Into<String>) -> Refused {
        Refused { words: Some(words.into()), ..Refused::default() }
    }

    /// The mistakes of a file: nothing of it was taken.
    pub fn file(found: &crate::catalogue::Diagnostics) -> Refused {
        let (mistakes, more) = mistakes(found);
        let words = format!("文件有{}处错误，未作任何更改", mistakes.len() + more);
        Refused { words: Some(words), mistakes, more }
    }

    /// A refusal; what the program could not do is a fault.
    pub fn act(error: ActError) -> Result<Refused, Fault> {
        match error {
            ActError::Refused(words) => Ok(Refused::words(words)),
            error @ ActError::Job(_) => Err(error.into()),
        }
    }

    pub fn any(&self) -> bool {
        self.words.is_some()
    }
}

/// A date that may be left out.
pub fn day_if(what: &str, text: &str) -> Result<Option<chrono::NaiveDate>, ActError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let read = text.parse().map(Some);
    read.or_else(|_| crate::jobs::acts::refuse(format!("{what}应写作 2022-10-31")))
}

struct Place {
    href: String,
    label: &'static str,
    words: String,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    page: Page,
    places: Vec<Place>,
    may: bool,
}

async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Fault> {
    let desk = Desk::of(&app).await?;
    let known = &desk.known;
    let year = chrono::Datelike::year(&desk.today);
    let place = |href: &str, label, words: String| Place { href: href.to_owned(), label, words };
    let version = known.version_on(desk.today);
    let active = known.roster.units.iter().filter(|unit| unit.active_on(desk.today)).count();
    let places = vec![
        place("/posts", "岗位", format!("{}个岗位有人在岗；变更、移交、批量导入", known.holders.len())),
        place("/units", "单位", format!("{active}个单位；加入、离开、分组")),
        place(&format!("/calendar/{year}"), "日历", format!("{year}年：{}", year_words(known.calendar.year(year)))),
        place(
            "/duties",
            "职责目录",
            version.map_or_else(String::new, |version| {
                format!("第{}版，{}条职责；上传更改", version.version, version.catalogue.duties.len())
            }),
        ),
        place("/ladders", "催办阶梯", "何时提醒谁、逾期找谁；今后30日预览".to_owned()),
        place("/trial", "试运行", trial_words(&desk)),
    ];
    Ok(view::html(&SettingsPage {
        page: Page::new("设置", &desk, &visitor),
        places,
        may: visitor.has(Right::Settings),
    }))
}

/// What is known of a year's days.
pub fn year_words(status: YearStatus) -> &'static str {
    match status {
        YearStatus::Published => "已按放假通知",
        YearStatus::Provisional => "放假通知未公布，推算的日期为暂定",
        YearStatus::NotPublished => "放假通知未公布，仅按周末推算，均为暂定",
    }
}

fn trial_words(desk: &Desk) -> String {
    match desk.engine.settings.trial_until {
        Some(until) if desk.today < until => format!("试运行中，{}起正式运行", words::date(until)),
        Some(until) => format!("已于{}起正式运行", words::date(until)),
        None => "正式运行，未设试运行".to_owned(),
    }
}

#[derive(Template)]
#[template(path = "trial.html")]
struct TrialPage {
    page: Page,
    state: String,
    on: bool,
    starts_on: String,
    office: String,
}

async fn trial(State(app): State<App>, visitor: Visitor) -> Result<Response, Fault> {
    let desk = Desk::of(&app).await?;
    let shown = TrialPage {
        page: Page::new("试运行", &desk, &visitor),
        state: trial_words(&desk),
        on: desk.engine.settings.trial_until.is_some_and(|until| desk.today < until),
        starts_on: words::date(desk.known.starts_on),
        office: desk.known.roster.office_post().label(),
    };
    Ok(view::html(&shown))
}
