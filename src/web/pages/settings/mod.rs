//! 设置: what the office and the administrator set and the auditor may read: posts, units, calendar, duties, ladders, trial.

use askama::Template;
use axum::response::Response;

use crate::read::words;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::pages::settings::calendar::year_words;
use crate::web::route::{Route, get};
use crate::web::view::{self, Page};

pub mod calendar;
pub mod changes;
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

struct SettingRow {
    href: String,
    label: &'static str,
    words: String,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    page: Page,
    places: Vec<SettingRow>,
    may: bool,
}

async fn show(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    let known = &desk.known;
    let year = chrono::Datelike::year(&desk.today);
    let place = |href: &str, label, words: String| SettingRow { href: href.to_owned(), label, words };
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

async fn trial(desk: Desk, visitor: Visitor) -> Result<Response, Fault> {
    let shown = TrialPage {
        page: Page::new("试运行", &desk, &visitor),
        state: trial_words(&desk),
        on: desk.engine.settings.trial_until.is_some_and(|until| desk.today < until),
        starts_on: words::date(desk.known.starts_on),
        office: desk.known.roster.office_post().label(),
    };
    Ok(view::html(&shown))
}
