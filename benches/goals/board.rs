//! The board: what it asks the database, with little and with much behind it.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::Size;
use crate::base::{Database, Days, Kind, ZONE, engine, seeds};
use crate::report::{Goal, Report, median, secs};
use duban::acts::first_start;
use duban::clock::monotonic;
use duban::domain::query::Query;
use duban::domain::unit::UnitName;
use duban::jobs::materialise;
use duban::mail::{MemoryOutbox, Transport};

/// What is live, whatever is stored.
const OPEN: usize = 10_000;
/// A unit that owes a good deal, alone and with others.
const UNIT: &str = "质安处";
const PAGE: usize = 50;
const RUNS: usize = 21;
/// Rows a transaction when the database is filled: it all goes through the write-ahead log.
const SLICE: usize = 200_000;

fn today() -> DateTime<Utc> {
    "2022-10-20T00:00:00+08:00".parse().unwrap()
}

fn noon() -> DateTime<Utc> {
    today() + TimeDelta::hours(12)
}

/// Both databases, with little and with much that is closed.
pub async fn measure(size: Size, report: &mut Report) {
    let stored: &[usize] = match size {
        Size::Quick => &[10_000, 50_000],
        Size::Default => &[10_000, 1_000_000],
        Size::Huge => &[10_000, 1_000_000, 10_000_000],
    };
    for kind in Kind::all() {
        let mut bench = Bench::prepare(kind).await;
        let mut first: HashMap<&str, f64> = HashMap::new();
        for closed in stored {
            report.progress(&format!("{}: storing {closed} closed rows", kind.name()));
            bench.fill(*closed).await;
            bench.say(*closed, &mut first, report).await;
        }
        bench.database.drop().await;
    }
}

struct Bench {
    database: Database,
    /// Duties and owners of the document, in as many series.
    series: usize,
    days: usize,
}

impl Bench {
    /// The document's own duties and owners; of them only who owes what is kept.
    async fn prepare(kind: Kind) -> Bench {
        let database = Database::fresh(kind).await;
        let engine = engine(database.store.clone(), today(), 1, Transport::Memory(MemoryOutbox::new()));
        first_start::set_up(&engine, &seeds(1)).await.unwrap();
        materialise::run(&engine, engine.clock.now()).await.unwrap();
        database.keep_series().await;
        let series = database.number("SELECT COUNT(*) FROM bench_series").await;
        let mut bench = Bench { database, series: usize::try_from(series).unwrap(), days: 0 };
        bench.open().await;
        bench
    }

    /// What is live: missed on the days before today, reminded on the next, grey after them.
    async fn open(&mut self) {
        let days = OPEN.div_ceil(self.series);
        let phase = format!("CASE WHEN n < {} THEN 'missed' ELSE 'open' END", days / 2);
        let reminded = format!("(n < {})", days / 2 + 3);
        let offset = format!("(n - {})", days / 2);
        let given = [phase.as_str(), reminded.as_str(), "FALSE"];
        let open = Days { name: "o", noon: noon(), offset: &offset, first: 0, last: days - 1, given, limit: OPEN };
        self.database.store_days(&open).await;
    }

    /// Adds closed rows up to about that many, day before day, each tenth closed late; then the summaries.
    async fn fill(&mut self, closed: usize) {
        let last = closed.div_ceil(self.series);
        while self.days < last {
            let until = (self.days + SLICE.div_ceil(self.series)).min(last);
            self.database.store_days(&Days::closed(noon(), self.days, until - 1)).await;
            self.days = until;
        }
        let light = "CASE WHEN phase = 'done' THEN CASE WHEN late THEN 'orange' ELSE 'green' END \
            WHEN phase = 'missed' THEN 'red' WHEN reminded THEN 'yellow' ELSE 'grey' END";
        self.database
            .execute(&format!(
                "DELETE FROM tally_month; DELETE FROM tally_day; \
                 CREATE TEMPORARY TABLE bench_counted AS SELECT phase, due_on, 0 AS unit, duty, {light} AS light FROM obligation \
                 UNION ALL SELECT phase, obligation.due_on, unit, duty, {light} FROM obligation \
                 JOIN obligation_owner ON obligation_owner.obligation = obligation.id; \
                 INSERT INTO tally_month (phase, month, unit, duty, light, n) \
                 SELECT phase, SUBSTR(CAST(due_on AS TEXT), 1, 7) AS month, unit, duty, light, COUNT(*) FROM bench_counted \
                 GROUP BY phase, month, unit, duty, light; \
                 INSERT INTO tally_day (unit, duty, day, phase, light, n) \
                 SELECT unit, CASE unit WHEN 0 THEN duty ELSE '' END AS of, due_on, phase, light, COUNT(*) FROM bench_counted \
                 GROUP BY unit, of, due_on, phase, light; \
                 DROP TABLE bench_counted"
            ))
            .await;
        self.database.settle().await;
        let recount = self.database.store.read().await.unwrap().recount().await.unwrap();
        assert_eq!(recount.faults(), Vec::<String>::new(), "the bench's own summaries are wrong");
    }

    /// Milliseconds of each question, the middle of several.
    async fn ask(&self) -> Vec<(&'static str, f64)> {
        let (unit, day) = (UnitName(UNIT.into()), ZONE.day_of(today()));
        let filter = Query { unit: Some(unit.clone()), ..Query::default() };
        let mut taken: Vec<(&'static str, Vec<f64>)> = Vec::new();
        for run in 0..=RUNS {
            // The first one prepares the statements and warms the caches.
            let mut note = |name: &'static str, began: std::time::Instant, rows: usize| {
                assert!(rows > 0, "{name} found nothing");
                let took = secs(began.elapsed()) * 1e3;
                match taken.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, times)) => times.push(took),
                    None if run > 0 => taken.push((name, vec![took])),
                    None => {}
                }
            };
            let mut tx = self.database.store.read().await.unwrap();
            let began = monotonic();
            let rows = tx.board().await.unwrap();
            note("the board", began, rows.len());
            let live: u64 = rows.iter().filter(|row| row.unit.is_none()).map(|row| row.n).sum();
            assert_eq!(live, OPEN as u64);
            let began = monotonic();
            note("this month", began, tx.months(day, day).await.unwrap().len());
            let began = monotonic();
            note("due today", began, tx.due_on(day).await.unwrap().len());
            let began = monotonic();
            let live = tx.live_of_unit(&unit).await.unwrap();
            note("a unit's own list", began, live.len());
            let shown: Vec<i64> = live.iter().take(PAGE).map(|live| live.id).collect();
            let began = monotonic();
            note("what is shown of it", began, tx.obligations_in_order(&shown).await.unwrap().len());
            let began = monotonic();
            note("a page of a unit's ledger", began, tx.ledger(&filter, None, PAGE).await.unwrap().len());
        }
        taken.into_iter().map(|(name, times)| (name, median(times))).collect()
    }

    async fn say(&self, closed: usize, first: &mut HashMap<&'static str, f64>, report: &mut Report) {
        let kind = self.database.kind.name();
        for (name, taken) in self.ask().await {
            let before = *first.entry(name).or_insert(taken);
            let case = format!("{name}: {OPEN} open, {closed} closed, {kind}");
            report.line("board", case.clone(), format!("{taken:.2} ms"), "", None, Goal::Absolute(taken, 5.0, "ms"));
            if self.days * self.series > 2 * OPEN {
                let (figure, limit) = (format!("{taken:.2} ms"), format!("{before:.2} ms"));
                let case = format!("{case}: against 10000 closed");
                report.line("board", case, figure, limit, Some(taken / before), Goal::AtMost(1.5));
            }
        }
    }
}
