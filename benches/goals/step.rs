//! The step pass: what a due row costs beside bare SQL, and whether stored history makes it dearer.

use std::collections::HashMap;

use crate::{
    Size,
    base::{Database, Kind, either, engine, placeholders, seeds},
    machine,
    report::{Goal, Report, median, secs},
};
use chrono::{DateTime, TimeDelta, Utc};
use duban::{
    acts::first_start,
    clock::monotonic,
    domain::{
        duty::{Cadence, DutyId, Mode},
        plan, step as decide,
        step::{Context, Move},
    },
    engine::{Engine, known::Known},
    jobs::step,
    mail::{MemoryOutbox, Transport},
    store::{Store, row::Stored},
};
use sqlx::{AssertSqlSafe, Row as _};

/// Series that the history belongs to and that fall due: one for each row due at most.
const SERIES: usize = 10_000;
const ROWS: usize = 1000;

/// A day on which nothing that is measured has opened yet.
fn begins() -> DateTime<Utc> {
    "2022-09-26T00:00:00+08:00".parse().unwrap()
}

/// Both databases, with more and more history.
pub async fn measure(size: Size, report: &mut Report) {
    for kind in Kind::all() {
        let mut bench = Bench::prepare(kind).await;
        let mut base: HashMap<(usize, Moved), f64> = HashMap::new();
        for (stored, due) in cases(kind, size) {
            report.progress(&format!("{}: storing {stored} closed rows", kind.name()));
            bench.fill(stored).await;
            bench.idle(stored, report).await;
            for count in due {
                let timed = bench.rounds(*count, size.runs()).await;
                bench.say(stored, *count, &timed, &mut base, report);
            }
        }
        bench.database.drop().await;
    }
}

/// How much history, and how many rows due over each.
fn cases(kind: Kind, size: Size) -> Vec<(usize, &'static [usize])> {
    const MANY: &[usize] = &[1000, SERIES];
    match (size, kind) {
        (Size::Quick, _) => vec![(SERIES, &[100, 500])],
        (Size::Default, Kind::Sqlite) => vec![(SERIES, MANY), (1_000_000, &[1000])],
        (Size::Default, Kind::Postgres) => vec![(SERIES, &[1000]), (1_000_000, &[1000])],
        (Size::Huge, _) => vec![(SERIES, MANY), (1_000_000, MANY), (10_000_000, MANY)],
    }
}

/// What is measured of an obligation's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Moved {
    Remind,
    Miss,
    Chase,
}

impl Moved {
    const ALL: [Moved; 3] = [Moved::Remind, Moved::Miss, Moved::Chase];

    fn of(what: Move) -> Option<Moved> {
        match what {
            Move::Remind => Some(Moved::Remind),
            Move::Miss => Some(Moved::Miss),
            Move::Chase => Some(Moved::Chase),
            _ => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Moved::Remind => "reminders, their letters written",
            Moved::Miss => "misses declared",
            Moved::Chase => "misses chased, their letters written",
        }
    }

    /// How many each row tells: what bare SQL has to put into its outbox. A declaration tells nobody; one row all the same.
    fn told(self) -> usize {
        match self {
            Moved::Remind | Moved::Miss => 1,
            Moved::Chase => 2,
        }
    }
}

#[derive(Default)]
struct Timed {
    ours: Vec<f64>,
    bare: Vec<f64>,
    letters: u64,
}

struct Bench {
    database: Database,
    engine: Engine,
    /// What will be due: rows of the real plan, unopened, a unit's rows together.
    rows: Vec<Stored>,
    filled: usize,
    last_id: i64,
}

impl Bench {
    async fn prepare(kind: Kind) -> Bench {
        let database = Database::fresh(kind).await;
        let engine = engine(database.store.clone(), begins(), 1, Transport::Memory(MemoryOutbox::new()));
        first_start::set_up(&engine, &seeds(100)).await.unwrap();
        let known = engine.known().await.unwrap();
        let rows = quarterly(&known);
        assert!(rows.len() >= SERIES, "the plan gives only {} quarterly rows of one deadline", rows.len());
        let rows: Vec<Stored> = rows.into_iter().take(SERIES).collect();
        let mut rows = rows;
        let mut tx = database.store.write().await.unwrap();
        tx.insert_obligations(&mut rows).await.unwrap();
        drop(tx);
        let mut bench = Bench { database, engine, rows, filled: 0, last_id: 0 };
        bench.put_series().await;
        bench
    }

    /// The series as a table, for the SQL that makes history.
    async fn put_series(&mut self) {
        self.database.execute("CREATE TABLE bench_series (duty TEXT, owner TEXT, series TEXT)").await;
        for chunk in self.rows.chunks(ROWS) {
            let text = AssertSqlSafe(format!(
                "INSERT INTO bench_series VALUES {}",
                placeholders(&self.database.store, chunk.len(), 3)
            ));
            either!(&self.database.store, Store, |pool| {
                let mut query = sqlx::query(text);
                for Stored { obligation: o, series, .. } in chunk {
                    query = query.bind(o.duty.0.clone()).bind(o.owners[0].0.clone()).bind(series.clone());
                }
                query.execute(pool).await.unwrap();
            });
        }
    }

    /// Adds history up to `rows`: closed rows of the same series, day after day, each tenth closed late.
    async fn fill(&mut self, rows: usize) {
        self.clear().await;
        let opens = self.rows[0].obligation.opens_at.timestamp();
        let (from, to) = (self.filled / SERIES + 1, rows / SERIES);
        let (instant, day) = match self.database.kind {
            Kind::Sqlite => ("strftime('%Y-%m-%dT%H:%M:%S+00:00', {}, 'unixepoch')", "date({}, 'unixepoch')"),
            Kind::Postgres => ("to_timestamp({})", "to_char(to_timestamp({}), 'YYYY-MM-DD')"),
        };
        let at = |hours: i64| instant.replace("{}", &format!("({opens} - n * 86400 + {})", hours * 3600));
        let (open, due, closed) = (at(0), at(10), at(9));
        let period = day.replace("{}", &format!("({opens} - n * 86400)"));
        let on = match self.database.kind {
            Kind::Sqlite => period.clone(),
            Kind::Postgres => format!("CAST({period} AS DATE)"),
        };
        // Not too many a transaction: it all goes through the write-ahead log.
        let slice = 50;
        for first in (from..=to).step_by(slice) {
            let last = (first + slice - 1).min(to);
            let text = format!(
                "INSERT INTO obligation (revision, catalogue, duty, form, joint, series, period, opens_at, \
                 period_end, due_at, first_due_at, due_on, phase, reminded, late, filed_at, closed_at, armed_at, settled_to, \
                 log_head) \
                 WITH RECURSIVE k (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM k WHERE n < {last}) \
                 SELECT 3, 1, duty, 'cadence', FALSE, series, {period}, {open}, {due}, {due}, {due}, {on}, 'done', \
                 TRUE, (n % 10 = 0), {closed}, {closed}, {open}, {due}, \
                 '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' FROM k CROSS JOIN bench_series"
            );
            match &self.database.store {
                Store::Sqlite(pool) => {
                    let mut connection = pool.acquire().await.unwrap();
                    let text = format!("PRAGMA cache_size = -262144; {text}; PRAGMA cache_size = -2000");
                    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await.unwrap();
                }
                Store::Postgres(_) => self.database.execute(&text).await,
            }
        }
        self.filled = rows;
        assert_eq!(self.database.number("SELECT COUNT(*) FROM obligation").await, i64::try_from(rows).unwrap());
        self.last_id = self.database.number("SELECT MAX(id) FROM obligation").await;
        self.database.settle().await;
    }

    /// Takes away all but the history.
    async fn clear(&self) {
        let mut text = String::new();
        // `letter_body` refers to `letter`: both at once, or in that order.
        text.push_str(match self.database.kind {
            Kind::Sqlite => {
                "DELETE FROM notice; DELETE FROM letter_body; DELETE FROM letter; DELETE FROM log; \
                 DELETE FROM tally_month; DELETE FROM tally_day;"
            }
            Kind::Postgres => "TRUNCATE notice, letter_body, link_revoked, letter, log, tally_month, tally_day;",
        });
        text.push_str(&format!("DELETE FROM obligation WHERE id > {}", self.last_id));
        self.database.execute(&text).await;
        if self.database.kind == Kind::Postgres {
            self.database.execute("VACUUM obligation").await;
        }
    }

    /// A pass that finds nothing to do.
    async fn idle(&self, stored: usize, report: &mut Report) {
        self.engine.clock.set(begins());
        let mut taken = Vec::new();
        for _ in 0..50 {
            let began = monotonic();
            assert!(step::run(&self.engine).await.unwrap().is_idle(), "something was due");
            taken.push(secs(began.elapsed()) * 1e3);
        }
        let taken = median(taken);
        report.line(
            "step pass",
            format!("nothing due, {stored} stored, {}", self.database.kind.name()),
            format!("{taken:.2} ms"),
            "",
            None,
            Goal::Absolute(taken, 2.0, "ms"),
        );
    }

    async fn rounds(&self, count: usize, runs: usize) -> HashMap<Moved, Timed> {
        let mut timed: HashMap<Moved, Timed> = HashMap::new();
        for run in 0..runs {
            // One more in front warms the caches.
            if run == 0 {
                self.life(count, &mut HashMap::new()).await;
            }
            self.life(count, &mut timed).await;
        }
        timed
    }

    /// The same life for all of them: opened, reminded, missed, chased. Where it is measured, bare SQL goes first and is
    /// taken back.
    async fn life(&self, count: usize, timed: &mut HashMap<Moved, Timed>) {
        self.clear().await;
        let engine = &self.engine;
        let mut tx = self.database.store.write().await.unwrap();
        assert_eq!(tx.insert_obligations(&mut self.rows[..count].to_vec()).await.unwrap(), count as u64);
        tx.commit().await.unwrap();
        if self.database.kind == Kind::Postgres {
            self.database.execute("ANALYZE obligation").await;
        }
        loop {
            let (now, what) = self.next().await;
            engine.clock.set(now);
            let measured =
                Moved::of(what).filter(|moved| timed.get(moved).is_none_or(|t| t.ours.len() == t.bare.len()));
            let mut bare = None;
            if let Some(moved) = measured {
                bare = Some(bare_pass(&self.database.store, now, count, moved.told()).await);
                self.take_back(now).await;
            }
            machine::sync();
            let began = monotonic();
            let stepped = step::run(engine).await.unwrap();
            let taken = secs(began.elapsed());
            assert_eq!((stepped.stepped, stepped.failed), (count as u64, 0), "{what:?} at {now}: {stepped:?}");
            if let (Some(moved), Some(bare)) = (measured, bare) {
                let timed = timed.entry(moved).or_default();
                timed.ours.push(taken);
                timed.bare.push(bare);
                timed.letters = stepped.letters;
                if moved == Moved::Chase {
                    return;
                }
            }
            self.database.execute(TAKEN).await;
        }
    }

    /// When the next thing happens to the rows, and what; all of them do the same at the same time.
    async fn next(&self) -> (DateTime<Utc>, Move) {
        let mut tx = self.database.store.read().await.unwrap();
        let at = tx.next_step_at().await.unwrap().expect("something is still to come");
        let row = tx.due_obligations(at, 1).await.unwrap().remove(0);
        let known = self.engine.known_in(&mut tx).await.unwrap();
        let rules = known.rules(&row, known.zone.day_of(at)).unwrap();
        let world = known.world(rules.catalogue);
        let context =
            Context { duty: rules.duty, ladder: rules.ladder, world: &world, series: &[], reminder_taken: true };
        decide::upcoming(&row.obligation, &context).expect("it said so")
    }

    /// Undoes what bare SQL did.
    async fn take_back(&self, now: DateTime<Utc>) {
        let far = now + FAR;
        either!(&self.database.store, Store, |pool| {
            let text = "UPDATE obligation SET next_at = $1 WHERE next_at = $2";
            sqlx::query(text).bind(now).bind(far).execute(pool).await.unwrap();
            sqlx::query("DELETE FROM notice WHERE kind = 'bare'").execute(pool).await.unwrap();
        });
        if self.database.kind == Kind::Postgres {
            self.database.execute("VACUUM obligation").await;
            self.database.execute("VACUUM notice").await;
        }
    }

    fn say(
        &self,
        stored: usize,
        count: usize,
        timed: &HashMap<Moved, Timed>,
        base: &mut HashMap<(usize, Moved), f64>,
        report: &mut Report,
    ) {
        let micros = |seconds: f64| seconds * 1e6 / count as f64;
        for moved in Moved::ALL {
            let timed = &timed[&moved];
            let (ours, bare) = (median(timed.ours.clone()), median(timed.bare.clone()));
            let letters = if timed.letters > 0 { format!(" ({} letters)", timed.letters) } else { String::new() };
            let case =
                format!("{count} due, {}{letters}, {stored} stored, {}", moved.words(), self.database.kind.name());
            report.line(
                "step pass",
                case.clone(),
                format!("{:.1} µs a row", micros(ours)),
                format!("bare SQL {:.1} µs", micros(bare)),
                Some(ours / bare),
                Goal::AtMost(3.0),
            );
            let first = *base.entry((count, moved)).or_insert(ours);
            if stored > SERIES {
                report.line(
                    "step pass",
                    format!("{case}: against {SERIES} stored"),
                    format!("{:.1} µs a row", micros(ours)),
                    format!("{:.1} µs a row", micros(first)),
                    Some(ours / first),
                    Goal::AtMost(1.3),
                );
            }
        }
    }
}

/// Every letter that was written has been taken by the mail server.
const TAKEN: &str = "UPDATE letter SET state = 'sent', sent_at = written_at, next_try_at = NULL WHERE state <> 'sent'";
const FAR: TimeDelta = TimeDelta::days(3650);

/// The plan's rows of 2022's last quarter that every unit owes for itself, with one opening and one deadline.
fn quarterly(known: &Known) -> Vec<Stored> {
    let version = &known.versions[0];
    let world = known.world(&version.catalogue);
    let until = begins() + TimeDelta::days(35);
    let each = |duty: &DutyId| {
        let duty = version.catalogue.duty(duty);
        duty.is_some_and(|duty| duty.mode == Mode::Each && duty.cadence == Cadence::Quarterly)
    };
    let owed = plan::opening_between(&world, begins(), until).into_iter().filter(|owed| each(&owed.duty));
    let mut rows: Vec<Stored> = owed.map(|owed| known.planned(version.version, owed)).collect();
    let mut deadlines: HashMap<DateTime<Utc>, usize> = HashMap::new();
    for row in &rows {
        *deadlines.entry(row.obligation.round.due_at).or_default() += 1;
    }
    let most = deadlines.into_iter().max_by_key(|(_, count)| *count).map(|(due_at, _)| due_at);
    rows.retain(|row| Some(row.obligation.round.due_at) == most);
    rows.sort_by(|a, b| {
        (&a.obligation.owners, &a.obligation.duty.0).cmp(&(&b.obligation.owners, &b.obligation.duty.0))
    });
    rows
}

const DUE: &str = "SELECT id, revision, catalogue, duty, form, owners, joint, period, opens_at, period_end, due_at, \
    first_due_at, due_on, phase, reminded, late, returned_late, missed_at, unreminded, confirmed, filed_at, closed_at, \
    accepted_at, streak, round, chased_at, supervised_at, proposed_at, armed_at, settled_to, next_at, log_head \
    FROM obligation WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at, id LIMIT $2";
const MOVE: &str = "WITH v (id, revision, phase, reminded, missed_at, unreminded, closed_at, streak, chased_at, \
    supervised_at, proposed_at, settled_to, next_at, log_head) AS (VALUES {}) \
    UPDATE obligation SET revision = obligation.revision + 1, phase = v.phase, reminded = v.reminded, \
    missed_at = v.missed_at, unreminded = v.unreminded, closed_at = v.closed_at, streak = v.streak, \
    chased_at = v.chased_at, supervised_at = v.supervised_at, proposed_at = v.proposed_at, settled_to = v.settled_to, \
    next_at = v.next_at, log_head = v.log_head \
    FROM v WHERE obligation.id = v.id AND obligation.revision = v.revision";
const TELL: &str = "INSERT INTO notice (obligation, round, kind, at, unit, role, created_at) VALUES {} \
    ON CONFLICT (obligation, round, kind, at, unit, role) DO NOTHING";
const ROLES: [&str; 2] = ["liaison", "deputy"];

/// The limit: select what is due, write it back with another `next_at`, put `told` outbox rows for each, by the thousand and
/// in one transaction. Seconds.
async fn bare_pass(store: &Store, now: DateTime<Utc>, count: usize, told: usize) -> f64 {
    machine::sync();
    let far = now + FAR;
    let began = monotonic();
    let mut tx = store.write().await.unwrap();
    let mut moved = 0;
    loop {
        let chunk = either!(&mut tx.open, Open, |c| {
            let rows = sqlx::query(DUE).bind(now).bind(1000_i64).fetch_all(&mut **c).await.unwrap();
            if !rows.is_empty() {
                let text = AssertSqlSafe(MOVE.replace("{}", &placeholders(store, rows.len(), 14)));
                let mut query = sqlx::query(text);
                for row in &rows {
                    query = query
                        .bind(row.get::<i64, _>("id"))
                        .bind(row.get::<i64, _>("revision"))
                        .bind(row.get::<String, _>("phase"))
                        .bind(row.get::<bool, _>("reminded"))
                        .bind(row.get::<Option<DateTime<Utc>>, _>("missed_at"))
                        .bind(row.get::<bool, _>("unreminded"))
                        .bind(row.get::<Option<DateTime<Utc>>, _>("closed_at"))
                        .bind(row.get::<Option<i64>, _>("streak"))
                        .bind(row.get::<Option<DateTime<Utc>>, _>("chased_at"))
                        .bind(row.get::<Option<DateTime<Utc>>, _>("supervised_at"))
                        .bind(row.get::<Option<DateTime<Utc>>, _>("proposed_at"))
                        .bind(row.get::<DateTime<Utc>, _>("settled_to"))
                        .bind(far)
                        .bind(row.get::<String, _>("log_head"));
                }
                assert_eq!(query.execute(&mut **c).await.unwrap().rows_affected(), rows.len() as u64);
                for role in &ROLES[..told] {
                    let text = AssertSqlSafe(TELL.replace("{}", &placeholders(store, rows.len(), 7)));
                    let mut query = sqlx::query(text);
                    for row in &rows {
                        query = query
                            .bind(row.get::<i64, _>("id"))
                            .bind(row.get::<i64, _>("round"))
                            .bind("bare")
                            .bind(now)
                            .bind(row.get::<String, _>("owners"))
                            .bind(*role)
                            .bind(now);
                    }
                    assert_eq!(query.execute(&mut **c).await.unwrap().rows_affected(), rows.len() as u64);
                }
            }
            rows.len()
        });
        if chunk == 0 {
            break;
        }
        moved += chunk;
    }
    tx.commit().await.unwrap();
    let taken = secs(began.elapsed());
    assert_eq!(moved, count, "not all of them were due");
    taken
}
