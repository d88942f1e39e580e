//! The step pass: what a due row costs beside bare SQL that writes the same rows, letters included, and whether stored
//! history makes it dearer.
//!
//! What a step writes is looked up once, in a life in front that is not measured; bare SQL then writes it again: the same
//! obligations, entries of the log, notices and letters of the same sizes, and which notice is in which letter. The
//! summaries, which are the program's own way to a quick board, it does not write.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::base::{Database, Days, HASH, Kind, LOG, LOG_COLUMNS, by_the_thousand, either, engine, seeds};
use crate::report::{Goal, Report, median, secs};
use crate::{Size, machine};
use duban::acts::first_start;
use duban::clock::monotonic;
use duban::domain::duty::{Cadence, DutyId, Mode};
use duban::domain::step::{Chased, Context, Move};
use duban::domain::{plan, step as decide};
use duban::engine::Engine;
use duban::engine::known::Known;
use duban::jobs::step;
use duban::mail::{MemoryOutbox, Transport};
use duban::store::Store;
use duban::store::row::Stored;

/// Series that the history belongs to and that fall due: one for each row due at most.
const SERIES: usize = 10_000;

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
}

#[derive(Default)]
struct Timed {
    ours: Vec<f64>,
    bare: Vec<f64>,
    letters: u64,
}

/// What the step of an instant wrote beside its obligations.
#[derive(Default)]
struct Written {
    letters: Vec<Letter>,
    told: Vec<Told>,
}

#[derive(sqlx::FromRow)]
struct Letter {
    kind: String,
    posts: String,
    address: String,
    subject: String,
    body_text: String,
    body_html: String,
}

/// A notice: the place of its obligation among those due, its post, the place of its letter among the letters.
struct Told {
    row: usize,
    unit: i64,
    role: String,
    letter: usize,
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
        let mut rows: Vec<Stored> = rows.into_iter().take(SERIES).collect();
        // The series as a table, for the SQL that makes history.
        let mut tx = database.store.write().await.unwrap();
        tx.insert_obligations(&mut rows).await.unwrap();
        tx.commit().await.unwrap();
        database.keep_series().await;
        Bench { database, engine, rows, filled: 0, last_id: 0 }
    }

    /// Adds history up to `rows`: closed rows of the same series.
    async fn fill(&mut self, rows: usize) {
        self.clear().await;
        let noon = self.rows[0].obligation.opens_at + TimeDelta::hours(12);
        let (from, until) = (self.filled / SERIES, rows / SERIES);
        // Not too many a transaction: it all goes through the write-ahead log.
        for first in (from..until).step_by(50) {
            self.database.store_days(&Days::closed(noon, first, (first + 50).min(until) - 1)).await;
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
        text.push_str(&format!(
            "DELETE FROM obligation_owner WHERE obligation > {0}; DELETE FROM obligation WHERE id > {0}",
            self.last_id
        ));
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
            assert!(step::run(&self.engine, self.engine.clock.now()).await.unwrap().is_idle(), "something was due");
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
        // One more in front warms the caches and shows what each step writes.
        let mut written = HashMap::new();
        self.life(count, &mut HashMap::new(), &mut written).await;
        let mut timed = HashMap::new();
        for _ in 0..runs {
            self.life(count, &mut timed, &mut written).await;
        }
        timed
    }

    /// The same life for all of them: opened, reminded, missed, chased. Where it is measured, bare SQL goes first and is
    /// taken back.
    async fn life(
        &self,
        count: usize,
        timed: &mut HashMap<Moved, Timed>,
        written: &mut HashMap<DateTime<Utc>, Written>,
    ) {
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
            let measured = Moved::of(what);
            let mut bare = None;
            if let Some(same) = written.get(&now).filter(|_| measured.is_some()) {
                bare = Some(bare_pass(&self.database.store, now, count, same).await);
                self.take_back(now).await;
            }
            machine::sync();
            let began = monotonic();
            let stepped = step::run(engine, engine.clock.now()).await.unwrap();
            let taken = secs(began.elapsed());
            assert_eq!((stepped.stepped, stepped.failed), (count as u64, 0), "{what:?} at {now}: {stepped:?}");
            if let (Some(moved), Some(bare)) = (measured, bare) {
                let timed = timed.entry(moved).or_default();
                timed.ours.push(taken);
                timed.bare.push(bare);
                timed.letters = stepped.letters;
            } else if measured.is_some() {
                let same = self.written(now).await;
                assert_eq!((same.told.len() as u64, same.letters.len() as u64), (stepped.notices, stepped.letters));
                written.insert(now, same);
            }
            if measured == Some(Moved::Chase) {
                return;
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
        let chased = Chased::in_its_slot(&row.obligation);
        let context = Context { reminder_taken: true, chased, ..rules.context(&world) };
        decide::upcoming(&row.obligation, &context).expect("it said so")
    }

    /// What the step at `now` has just written beside its obligations.
    async fn written(&self, now: DateTime<Utc>) -> Written {
        let ids = "SELECT id FROM obligation WHERE id > $1 ORDER BY id";
        let letters = "SELECT kind, posts, address, subject, body_text, body_html FROM letter \
            JOIN letter_body ON letter_body.letter = letter.id WHERE written_at = $1 ORDER BY id";
        let letter_ids = "SELECT id FROM letter WHERE written_at = $1 ORDER BY id";
        let told = "SELECT obligation, unit, role, letter FROM notice WHERE created_at = $1 ORDER BY id";
        either!(&self.database.store, Store, |pool| {
            let ids: Vec<i64> = sqlx::query_scalar(ids).bind(self.last_id).fetch_all(pool).await.unwrap();
            let letter_ids: Vec<i64> = sqlx::query_scalar(letter_ids).bind(now).fetch_all(pool).await.unwrap();
            let told: Vec<(i64, i64, String, i64)> = sqlx::query_as(told).bind(now).fetch_all(pool).await.unwrap();
            let place = |ids: &[i64], id: i64| ids.binary_search(&id).unwrap();
            let told = told.into_iter().map(|(obligation, unit, role, letter)| Told {
                row: place(&ids, obligation),
                unit,
                role,
                letter: place(&letter_ids, letter),
            });
            let letters = sqlx::query_as(letters).bind(now).fetch_all(pool).await.unwrap();
            Written { letters, told: told.collect() }
        })
    }

    /// Undoes what bare SQL did.
    async fn take_back(&self, now: DateTime<Utc>) {
        let far = now + FAR;
        either!(&self.database.store, Store, |pool| {
            let text = "UPDATE obligation SET next_at = $1 WHERE next_at = $2";
            sqlx::query(text).bind(now).bind(far).execute(pool).await.unwrap();
        });
        self.database
            .execute(
                "DELETE FROM notice WHERE kind = 'bare'; DELETE FROM log WHERE by_post = 'bare'; \
                 DELETE FROM letter_body WHERE letter IN (SELECT id FROM letter WHERE slot_key LIKE 'bare%'); \
                 DELETE FROM letter WHERE slot_key LIKE 'bare%'",
            )
            .await;
        if self.database.kind == Kind::Postgres {
            for table in ["obligation", "notice", "log", "letter_body", "letter"] {
                self.database.execute(&format!("VACUUM {table}")).await;
            }
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
                format!("the same rows by bare SQL {:.1} µs", micros(bare)),
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

/// What of a due row is written back.
#[derive(sqlx::FromRow)]
struct Due {
    id: i64,
    revision: i64,
    phase: String,
    reminded: bool,
    missed_at: Option<DateTime<Utc>>,
    unreminded: bool,
    closed_at: Option<DateTime<Utc>>,
    streak: Option<i64>,
    chased_at: Option<DateTime<Utc>>,
    supervised_at: Option<DateTime<Utc>>,
    proposed_at: Option<DateTime<Utc>>,
    settled_to: DateTime<Utc>,
}

const DUE: &str = "SELECT id, revision, catalogue, duty, form, joint, series, period, opens_at, period_end, due_at, \
    first_due_at, due_on, phase, reminded, late, returned_late, missed_at, unreminded, confirmed, filed_at, closed_at, \
    accepted_at, streak, round, chased_at, supervised_at, proposed_at, armed_at, settled_to, next_at, log_head \
    FROM obligation WHERE next_at IS NOT NULL AND next_at <= $1 ORDER BY next_at, id LIMIT $2";
const MOVE: &str = "WITH v (id, revision, phase, reminded, missed_at, unreminded, closed_at, streak, chased_at, \
    supervised_at, proposed_at, settled_to, next_at, log_head) AS (VALUES {values}) \
    UPDATE obligation SET revision = obligation.revision + 1, phase = v.phase, reminded = v.reminded, \
    missed_at = v.missed_at, unreminded = v.unreminded, closed_at = v.closed_at, streak = v.streak, \
    chased_at = v.chased_at, supervised_at = v.supervised_at, proposed_at = v.proposed_at, settled_to = v.settled_to, \
    next_at = v.next_at, log_head = v.log_head \
    FROM v WHERE obligation.id = v.id AND obligation.revision = v.revision RETURNING obligation.id";
const TELL: &str = "INSERT INTO notice (obligation, round, kind, at, unit, role, created_at) VALUES {values} \
    ON CONFLICT (obligation, round, kind, at, unit, role) DO NOTHING RETURNING id";
const LETTER: &str = "INSERT INTO letter (message_id, slot_key, kind, urgent, posts, address, subject, written_at, state, \
    next_try_at) VALUES {values} RETURNING id";
const BODY: &str = "INSERT INTO letter_body (letter, body_text, body_html) VALUES {values}";
const GIVE: &str = "WITH v (id, letter) AS (VALUES {values}) UPDATE notice SET letter = v.letter FROM v \
    WHERE notice.id = v.id AND notice.letter IS NULL";

/// The limit: select what is due and write it back with another `next_at`; an entry of the log for each; the same notices
/// and letters as the step writes, and which is in which. By the thousand and in one transaction. Seconds.
async fn bare_pass(store: &Store, now: DateTime<Utc>, count: usize, same: &Written) -> f64 {
    machine::sync();
    let far = now + FAR;
    let began = monotonic();
    let mut tx = store.write().await.unwrap();
    let mut ids: Vec<i64> = Vec::with_capacity(count);
    loop {
        let due: Vec<Due> = either!(&mut tx.open, Open, |c| {
            sqlx::query_as(DUE).bind(now).bind(1000_i64).fetch_all(&mut **c).await.unwrap()
        });
        if due.is_empty() {
            break;
        }
        let moved = by_the_thousand!(tx, MOVE, 14, due, |query, due| query
            .bind(due.id)
            .bind(due.revision)
            .bind(&due.phase)
            .bind(due.reminded)
            .bind(due.missed_at)
            .bind(due.unreminded)
            .bind(due.closed_at)
            .bind(due.streak)
            .bind(due.chased_at)
            .bind(due.supervised_at)
            .bind(due.proposed_at)
            .bind(due.settled_to)
            .bind(far)
            .bind(HASH));
        assert_eq!(moved.len(), due.len());
        ids.extend(due.iter().map(|due| due.id));
    }
    by_the_thousand!(tx, LOG, LOG_COLUMNS, ids, |query, id| query
        .bind(id)
        .bind(now)
        .bind("bare")
        .bind("remind")
        .bind("{}")
        .bind(HASH));
    let notices = by_the_thousand!(tx, TELL, 7, same.told, |query, told| query
        .bind(ids[told.row])
        .bind(0_i64)
        .bind("bare")
        .bind(now)
        .bind(told.unit)
        .bind(&told.role)
        .bind(now));
    let numbered: Vec<(usize, &Letter)> = same.letters.iter().enumerate().collect();
    let letters = by_the_thousand!(tx, LETTER, 10, numbered, |query, (n, letter)| query
        .bind(format!("<{}-bare{n:06}.duban@example.com>", now.timestamp()))
        .bind(format!("bare/{}/{n:024}", now.timestamp()))
        .bind(&letter.kind)
        .bind(false)
        .bind(&letter.posts)
        .bind(&letter.address)
        .bind(&letter.subject)
        .bind(now)
        .bind("queued")
        .bind(now));
    let bodies: Vec<(&i64, &Letter)> = letters.iter().zip(&same.letters).collect();
    by_the_thousand!(tx, BODY, 3, bodies, |query, (id, letter)| query
        .bind(*id)
        .bind(&letter.body_text)
        .bind(&letter.body_html));
    let given: Vec<(&i64, &Told)> = notices.iter().zip(&same.told).collect();
    by_the_thousand!(tx, GIVE, 2, given, |query, (id, told)| query.bind(*id).bind(letters[told.letter]));
    tx.commit().await.unwrap();
    let taken = secs(began.elapsed());
    assert_eq!((ids.len(), notices.len(), letters.len()), (count, same.told.len(), same.letters.len()));
    taken
}
