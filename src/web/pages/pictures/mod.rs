//! 图表: a year at a glance, for all, for a unit, for a duty. Each picture has its numbers beside it as a table.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Path, Query};
use axum::response::Response;
use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use self::draw::{Bar, Heat};
use self::numbers::{Ends, Until};
use crate::domain::duty::DutyId;
use crate::domain::phase::Phase;
use crate::domain::unit::UnitName;
use crate::read::words;
use crate::store::Tx;
use crate::store::counts::Whose;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::route::{Route, get};
use crate::web::view::{self, Page};

pub mod draw;
pub mod numbers;

pub fn routes() -> Vec<Route> {
    vec![
        get("/pictures", Right::SeeAll, all),
        get("/pictures/unit/{name}", Right::SeeOwn, of_unit),
        get("/pictures/duty/{id}", Right::SeeAll, of_duty),
    ]
}

/// A unit with fewer than these says nothing beside others.
const FEWEST: u64 = 10;

#[derive(Deserialize)]
struct PicturesQuery {
    year: Option<i32>,
}

/// The years that have pictures: from the first day that counts until now.
fn years(desk: &Desk) -> Vec<i32> {
    (desk.known.starts_on.year()..=desk.today.year().max(desk.known.starts_on.year())).collect()
}

/// The year that is looked at, its first and its last day.
fn chosen(desk: &Desk, which: &PicturesQuery) -> Result<(i32, NaiveDate, NaiveDate), Fault> {
    let year = which.year.unwrap_or(desk.today.year());
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).filter(|_| (1900..=2199).contains(&year));
    Ok((year, day(1, 1).ok_or(Fault::Missing)?, day(12, 31).ok_or(Fault::Missing)?))
}

struct MonthRow {
    label: String,
    ends: Ends,
    rate: String,
}

impl MonthRow {
    fn of((month, ends): &(u32, Ends)) -> MonthRow {
        MonthRow { label: format!("{month}月"), ends: *ends, rate: rate_words(*ends) }
    }
}

/// 91%（11/12）; nothing to judge is no rate.
fn rate_words(ends: Ends) -> String {
    match ends.percent() {
        Some(percent) => format!("{percent}%（{}/{}）", ends.in_time, ends.judged()),
        None if ends.open > 0 => "未到期".to_owned(),
        None => "—".to_owned(),
    }
}

fn until(desk: &Desk) -> Until {
    Until { today: desk.today, now: desk.engine.clock.now() }
}

struct Ranked {
    /// Equal rates share a place.
    place: usize,
    unit: String,
    rate: String,
    ends: Ends,
}

#[derive(Template)]
#[template(path = "pictures.html")]
struct PicturesPage {
    page: Page,
    year: i32,
    years: Vec<i32>,
    units: Vec<String>,
    duties: Vec<(String, String)>,
    /// Up to when what is due counts: 10月14日 10:00.
    until: String,
    bars: Vec<Bar>,
    months: Vec<MonthRow>,
    total: MonthRow,
    ages: Vec<(String, u64)>,
    age_bars: Vec<Bar>,
    age_height: u32,
    ranking: bool,
    ranked: Vec<Ranked>,
    few: Vec<Ranked>,
    fewest: u64,
}

async fn all(desk: Desk, visitor: Visitor, Query(which): Query<PicturesQuery>) -> Result<Response, Fault> {
    let (year, first, last) = chosen(&desk, &which)?;
    let mut tx = desk.engine.store.read().await?;
    let counted = numbers::months(&mut tx, first, last, until(&desk)).await?;
    let months = counted.iter().filter(|((_, unit), _)| unit.is_none());
    let months = by_month(months.map(|((month, _), ends)| (month_number(month), *ends)));
    let ages = ages(&desk, &mut tx, None).await?;
    let ranking = desk.app.options().ranking;
    let (ranked, few) = if ranking { rank(&counted) } else { (Vec::new(), Vec::new()) };
    let version = desk.known.version_on(desk.today);
    let duties = version.map(|version| {
        let name = |duty: &crate::domain::duty::Duty| (duty.id.0.clone(), format!("{} {}", duty.id, duty.title));
        version.catalogue.duties.iter().map(name).collect()
    });
    let total = months.iter().fold(Ends::default(), |sum, (_, ends)| sum.plus(*ends));
    let shown = PicturesPage {
        page: Page::new(format!("图表（{year}年）"), &desk, &visitor),
        year,
        years: years(&desk),
        units: desk.known.roster.units.iter().map(|unit| unit.name.0.clone()).collect(),
        duties: duties.unwrap_or_default(),
        until: words::moment(desk.known.zone, desk.engine.clock.now()),
        bars: draw::rates(&months),
        months: months.iter().map(MonthRow::of).collect(),
        total: MonthRow { label: "全年".into(), ends: total, rate: rate_words(total) },
        age_bars: draw::lying(&ages),
        age_height: u32::try_from(ages.len()).unwrap_or(0) * 28 + 12,
        ages,
        ranking,
        ranked,
        few,
        fewest: FEWEST,
    };
    Ok(view::html(&shown))
}

/// The month of `2022-10`.
fn month_number(month: &str) -> u32 {
    month.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn by_month(many: impl Iterator<Item = (u32, Ends)>) -> Vec<(u32, Ends)> {
    let mut months: BTreeMap<u32, Ends> = (1..=12).map(|month| (month, Ends::default())).collect();
    for (month, ends) in many {
        let sum = months.entry(month).or_default();
        *sum = sum.plus(ends);
    }
    months.into_iter().collect()
}

/// What is missed and not made good yet, by how long it has been.
async fn ages(desk: &Desk, tx: &mut Tx, unit: Option<&UnitName>) -> Result<Vec<(String, u64)>, Fault> {
    const UP_TO: [(i64, &str); 6] =
        [(1, "1日以内"), (3, "2至3日"), (7, "4至7日"), (15, "8至15日"), (30, "16至30日"), (i64::MAX, "30日以上")];
    let mut rows: Vec<(String, u64)> = UP_TO.iter().map(|(_, label)| ((*label).to_owned(), 0)).collect();
    for row in tx.live_obligations(Phase::Missed).await? {
        if unit.is_some_and(|unit| !row.obligation.owners.contains(unit)) {
            continue;
        }
        let days = (desk.today - desk.known.zone.due_day(row.obligation.round.due_at)).num_days();
        let place = UP_TO.iter().position(|(most, _)| days <= *most);
        if let Some((_, n)) = place.and_then(|place| rows.get_mut(place)) {
            *n += 1;
        }
    }
    Ok(rows)
}

/// Units by their rate, and those with too few to say anything. What units owe together counts for each of them.
fn rank(counted: &numbers::Months) -> (Vec<Ranked>, Vec<Ranked>) {
    let mut units: BTreeMap<&UnitName, Ends> = BTreeMap::new();
    for ((_, unit), ends) in counted {
        if let Some(unit) = unit {
            let sum = units.entry(unit).or_default();
            *sum = sum.plus(*ends);
        }
    }
    let row = |(unit, ends): (&UnitName, Ends)| Ranked { place: 0, unit: unit.0.clone(), rate: rate_words(ends), ends };
    let (mut ranked, few): (Vec<Ranked>, Vec<Ranked>) =
        units.into_iter().map(row).partition(|row| row.ends.judged() >= FEWEST);
    // As fractions, not as rounded percent: a tie is a tie and nothing else is.
    ranked.sort_by(|a, b| {
        let (left, right) = (a.ends.in_time * b.ends.judged(), b.ends.in_time * a.ends.judged());
        right.cmp(&left).then_with(|| a.unit.cmp(&b.unit))
    });
    for at in 0..ranked.len() {
        let tied = at.checked_sub(1).and_then(|before| ranked.get(before)).filter(|before| {
            ranked
                .get(at)
                .is_some_and(|row| before.ends.in_time * row.ends.judged() == row.ends.in_time * before.ends.judged())
        });
        let place = tied.map_or(at + 1, |before| before.place);
        if let Some(row) = ranked.get_mut(at) {
            row.place = place;
        }
    }
    (ranked, few)
}

struct DayRow {
    day: String,
    ends: Ends,
}

#[derive(Template)]
#[template(path = "picture.html")]
struct PicturePage {
    page: Page,
    name: String,
    year: i32,
    years: Vec<i32>,
    heat: Heat,
    days: Vec<DayRow>,
    /// Up to when what is due counts: 10月14日 10:00.
    until: String,
    bars: Vec<Bar>,
    months: Vec<MonthRow>,
    total: MonthRow,
    ages: Vec<(String, u64)>,
    age_bars: Vec<Bar>,
    age_height: u32,
    back: bool,
}

async fn of_unit(
    desk: Desk,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(which): Query<PicturesQuery>,
) -> Result<Response, Fault> {
    let unit = UnitName(name);
    // Another unit's and one that does not exist look the same.
    if desk.known.roster.unit(&unit).is_none() || !visitor.sees(std::slice::from_ref(&unit)) {
        return Err(Fault::Missing);
    }
    picture(&desk, &visitor, &which, Whose::Unit(unit.clone()), unit.0.clone(), Some(&unit)).await
}

async fn of_duty(
    desk: Desk,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(which): Query<PicturesQuery>,
) -> Result<Response, Fault> {
    let id = DutyId(id);
    let named = desk.known.versions.iter().rev().find_map(|version| version.catalogue.duty(&id));
    let name = format!("{id} {}", named.ok_or(Fault::Missing)?.title);
    picture(&desk, &visitor, &which, Whose::Duty(id.clone()), name, None).await
}

async fn picture(
    desk: &Desk,
    visitor: &Visitor,
    which: &PicturesQuery,
    subject: Whose,
    name: String,
    unit: Option<&UnitName>,
) -> Result<Response, Fault> {
    let (year, first, last) = chosen(desk, which)?;
    let mut tx = desk.engine.store.read().await?;
    let counted = numbers::days(&mut tx, &subject, first, last, until(desk)).await?;
    let months = by_month(counted.iter().map(|(day, ends)| (day.month(), *ends)));
    let ages = match unit {
        Some(unit) => ages(desk, &mut tx, Some(unit)).await?,
        None => Vec::new(),
    };
    let total = months.iter().fold(Ends::default(), |sum, (_, ends)| sum.plus(*ends));
    let shown = PicturePage {
        page: Page::new(format!("{name}（{year}年）"), desk, visitor),
        name,
        year,
        years: years(desk),
        heat: draw::heat(year, &counted),
        days: counted.iter().map(|(day, ends)| DayRow { day: day.to_string(), ends: *ends }).collect(),
        until: words::moment(desk.known.zone, desk.engine.clock.now()),
        bars: draw::rates(&months),
        months: months.iter().map(MonthRow::of).collect(),
        total: MonthRow { label: "全年".into(), ends: total, rate: rate_words(total) },
        age_bars: draw::lying(&ages),
        age_height: u32::try_from(ages.len()).unwrap_or(0) * 28 + 12,
        ages,
        back: visitor.has(Right::SeeAll),
    };
    Ok(view::html(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_are_ties_and_few_are_not_ranked() {
        let ends = |in_time, missed| Ends { in_time, missed, ..Ends::default() };
        let month = |number: u32| format!("2022-{number:02}");
        let one = |name: &str| Some(UnitName(name.into()));
        let counted = BTreeMap::from([
            ((month(1), one("甲")), ends(10, 5)),
            ((month(2), one("甲")), ends(10, 5)),
            ((month(1), one("乙")), ends(8, 4)),
            ((month(1), one("丙")), ends(12, 0)),
            ((month(1), one("丁")), ends(5, 5)),
            ((month(1), one("戊")), ends(9, 0)),
            ((month(1), None), ends(54, 19)),
        ]);
        let (ranked, few) = rank(&counted);
        let places: Vec<(usize, &str)> = ranked.iter().map(|row| (row.place, row.unit.as_str())).collect();
        assert_eq!(places, [(1, "丙"), (2, "乙"), (2, "甲"), (4, "丁")]);
        assert_eq!(few.iter().map(|row| row.unit.as_str()).collect::<Vec<_>>(), ["戊"]);
        assert_eq!(ranked[1].rate, "66%（8/12）");
    }
}
