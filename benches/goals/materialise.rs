//! Making obligations: a fresh horizon beside bare inserts of the same rows; the same horizon once more.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::base::{Database, Kind, by_the_thousand, engine, seeds};
use crate::report::{Goal, Report, median, rate, secs};
use crate::{Size, machine};
use duban::acts::first_start;
use duban::clock::monotonic;
use duban::domain::duty::Form;
use duban::engine::known;
use duban::jobs::materialise;
use duban::mail::{MemoryOutbox, Transport};
use duban::store::Store;
use duban::store::row::Stored;

const INSERT: &str = "INSERT INTO obligation (revision, catalogue, duty, form, joint, series, period, opens_at, \
    period_end, due_at, first_due_at, due_on, phase, armed_at, settled_to, next_at, log_head) VALUES {values} \
    ON CONFLICT (period, series) DO NOTHING RETURNING id";
const COLUMNS: usize = 17;
const OWNERS: &str = "INSERT INTO obligation_owner (obligation, position, unit, due_on, settled) VALUES {values}";

fn begins() -> DateTime<Utc> {
    "2022-09-26T00:00:00+08:00".parse().unwrap()
}

/// Both databases, both sizes.
pub async fn measure(size: Size, report: &mut Report) {
    let sizes: &[usize] = if size == Size::Quick { &[1, 4] } else { &[1, 100] };
    for kind in Kind::all() {
        for times in sizes {
            case(kind, *times, size.runs(), report).await;
        }
    }
}

#[derive(Default)]
struct Times {
    first: Vec<f64>,
    again: Vec<f64>,
    changed: Vec<f64>,
    limit: Vec<f64>,
}

async fn case(kind: Kind, times: usize, runs: usize, report: &mut Report) {
    let seeds = seeds(times);
    let units = seeds.roster.units.len();
    let mut all = Times::default();
    let mut rows = 0;
    let mut fsync = Vec::new();
    for _ in 0..runs {
        let ours = Database::fresh(kind).await;
        let engine = engine(ours.store.clone(), begins(), 1, Transport::Memory(MemoryOutbox::new()));
        first_start::set_up(&engine, &seeds).await.unwrap();
        ours.settle().await;
        fsync.push(machine::fsync_4k());
        let began = monotonic();
        let made = materialise::run(&engine, engine.clock.now()).await.unwrap();
        all.first.push(secs(began.elapsed()));
        rows = made.made;
        assert!(rows > 0, "nothing was made");

        let before = mark(&ours).await;
        let began = monotonic();
        assert!(
            materialise::run(&engine, engine.clock.now()).await.unwrap().is_idle(),
            "the second run made something"
        );
        all.again.push(secs(began.elapsed()));
        assert_eq!(mark(&ours).await, before, "the second run wrote something");
        // Somebody has changed something that turns out not to matter: everything is planned and compared anew.
        let mut tx = ours.store.write().await.unwrap();
        known::touch(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        let began = monotonic();
        assert!(
            materialise::run(&engine, engine.clock.now()).await.unwrap().is_idle(),
            "a change elsewhere made something"
        );
        all.changed.push(secs(began.elapsed()));
        assert_eq!(mark(&ours).await, before, "a change elsewhere rewrote obligations");

        let stored = ours.store.read().await.unwrap().all_obligations().await.unwrap();
        assert_eq!(stored.len() as u64, rows);
        let bare = Database::fresh(kind).await;
        bare.settle().await;
        let mut tx = bare.store.write().await.unwrap();
        tx.put_roster(&seeds.roster).await.unwrap();
        tx.commit().await.unwrap();
        let units = bare.unit_ids().await;
        let began = monotonic();
        insert(&bare.store, &units, &stored).await;
        all.limit.push(secs(began.elapsed()));
        assert_eq!(u64::try_from(bare.number("SELECT COUNT(*) FROM obligation").await), Ok(rows));
        bare.drop().await;
        ours.drop().await;
    }
    say(report, kind, units, rows, median(fsync), all);
}

fn say(report: &mut Report, kind: Kind, units: usize, rows: u64, fsync: f64, all: Times) {
    let (first, limit) = (median(all.first), median(all.limit));
    let name = kind.name();
    report.line(
        "materialise",
        format!("{units} units, {name}: fresh horizon, {rows} rows"),
        rate(rows as f64 / first, "row"),
        format!("1,000-row inserts {} (fsync_4k {fsync:.0}/s)", rate(rows as f64 / limit, "row")),
        Some(limit / first),
        Goal::AtLeast(0.5),
    );
    let mut again = |what: &str, taken: f64, goal: Goal| {
        report.line(
            "materialise",
            format!("{units} units, {name}: {what}, 0 rows written"),
            format!("{:.1} ms", taken * 1e3),
            format!("first time {:.1} ms", first * 1e3),
            Some(taken / first),
            goal,
        );
    };
    again("again, nothing new", median(all.again), Goal::AtMost(0.3));
    // Not what a tick meets: everything is read, planned and compared anew.
    again("again, all planned anew after a change elsewhere", median(all.changed), Goal::Shown);
}

/// What changes when a row of the table is written: how many there are and, on PostgreSQL, the newest transaction in it;
/// on SQLite the sum of the revisions.
async fn mark(database: &Database) -> (i64, i64) {
    let newest = match database.kind {
        Kind::Sqlite => "SELECT COALESCE(SUM(revision + 1), 0) + COALESCE(MAX(id), 0) FROM obligation",
        Kind::Postgres => "SELECT COALESCE(MAX(xmin::text::bigint), 0) FROM obligation",
    };
    (database.number("SELECT COUNT(*) FROM obligation").await, database.number(newest).await)
}

/// The limit: the same rows by the thousand, in one transaction, nothing else.
async fn insert(store: &Store, units: &HashMap<String, i64>, rows: &[Stored]) {
    let mut tx = store.write().await.unwrap();
    let numbers = by_the_thousand!(
        tx,
        INSERT,
        COLUMNS,
        rows,
        |query, Stored { obligation: o, catalogue, log_head, series, .. }| query
            .bind(o.revision)
            .bind(catalogue)
            .bind(&o.duty.0)
            .bind(if o.form == Form::Node { "node" } else { "cadence" })
            .bind(o.joint)
            .bind(series)
            .bind(&o.period)
            .bind(o.opens_at)
            .bind(o.period_end)
            .bind(o.round.due_at)
            .bind(o.first_due_at)
            .bind(o.due_on)
            .bind(o.phase.code())
            .bind(o.round.armed_at)
            .bind(o.settled_to)
            .bind(o.next_at)
            .bind(log_head)
    );
    let owners: Vec<_> = (numbers.iter().zip(rows))
        .flat_map(|(id, row)| {
            let owners = row.obligation.owners.iter().enumerate();
            owners
                .map(|(position, unit)| (*id, i64::try_from(position).unwrap(), units[&unit.0], row.obligation.due_on))
        })
        .collect();
    by_the_thousand!(tx, OWNERS, 5, owners, |query, (id, position, unit, due_on)| query
        .bind(id)
        .bind(position)
        .bind(unit)
        .bind(due_on)
        .bind(false));
    tx.commit().await.unwrap();
}
