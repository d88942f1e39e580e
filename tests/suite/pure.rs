//! The step as a pure function, simulated by a seed over thousands of days without a database: whenever the passes come, the
//! facts are the same, nobody is told a level twice, and what is filed is silent.
//!
//! A failing seed is printed and replays with `DUBAN_PURE_SEED=n tests/run -- --test suite pure::`.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{self, ZONE};
use duban::catalogue::Seeds;
use duban::domain::duty::{Form, Mode};
use duban::domain::ladder::{Class, Ladder};
use duban::domain::obligation::{Facts, Obligation};
use duban::domain::phase::Phase;
use duban::domain::quota::Standing;
use duban::domain::series::Member;
use duban::domain::slot::Slots;
use duban::domain::step::{self, Chased, Context, Move, NoticeKind};
use duban::domain::world::World;
use duban::domain::{plan, window};

const DUTIES: [&str; 6] = ["5.2", "9.1a", "9.1b", "13.2", "5.3", "47.1"];
/// Each 催办 goes out in its slot.
const TAKEN: Chased = Chased::Taken(DateTime::<Utc>::MIN_UTC);
const UNITS: [&str; 2] = ["质安处", "委安委办"];

/// A world without a database: obligations, and what was told of each.
struct Play<'a> {
    world: &'a World<'a>,
    obligations: Vec<Obligation>,
    filings: Vec<Option<DateTime<Utc>>>,
    told: HashMap<(usize, NoticeKind), Vec<DateTime<Utc>>>,
    missed: u64,
}

impl<'a> Play<'a> {
    fn new(world: &'a World<'a>, first: NaiveDate, last: NaiveDate, random: &mut StdRng) -> Play<'a> {
        let before = ZONE.start_of(first) - TimeDelta::seconds(1);
        let mut obligations: Vec<Obligation> = Vec::new();
        for owed in plan::due_between(world, first, last) {
            let id = i64::try_from(obligations.len()).unwrap();
            let joint = world.catalogue.duty(&owed.duty).unwrap().mode == Mode::Joint;
            let planned = Obligation::planned(owed, joint, before, ZONE);
            obligations.push(Facts { id, ..(*planned).clone() }.into());
        }
        let filings = obligations
            .iter()
            .map(|o| {
                let hours = random.random_range(-40..40);
                let at = (o.round.due_at + TimeDelta::hours(hours)).max(o.opens_at) + TimeDelta::seconds(977);
                random.random_bool(0.5).then_some(at)
            })
            .collect();
        Play { world, obligations, filings, told: HashMap::new(), missed: 0 }
    }

    fn ladder(&self, obligation: &Obligation) -> &'a Ladder {
        let duty = self.world.catalogue.duty(&obligation.duty).unwrap();
        self.world.catalogue.ladder(Class::of(duty, obligation.form)).unwrap()
    }

    fn slots(&self) -> Slots<'a> {
        Slots { calendar: self.world.calendar, zone: self.world.zone }
    }

    /// Settles one obligation up to `now`.
    fn settle(&mut self, at: usize, now: DateTime<Utc>) {
        let before = self.obligations[at].clone();
        let (ladder, slots) = (self.ladder(&before), self.slots());
        let duty = self.world.catalogue.duty(&before.duty).unwrap();
        let series = support::series(&before);
        let window =
            self.obligations.iter().enumerate().filter(|(n, o)| n.abs_diff(at) < 400 && support::series(o) == series);
        let mut members: Vec<Member> = window
            .filter(|(_, o)| o.opens_at <= now)
            .map(|(_, o)| Member::of(o, window::grace_end(self.ladder(o), o.round.due_at, slots), false, now))
            .collect();
        members.sort_by_key(|member| member.opens_at);
        let context =
            Context { duty, ladder, world: self.world, series: &members, reminder_taken: true, chased: TAKEN };
        let advance = step::advance(&before, &context, now);
        for telling in &advance.tellings {
            assert!(before.filed_at.is_none(), "told after it was filed: {before:?}");
            if !telling.stands {
                self.told.entry((at, telling.kind)).or_default().push(telling.at);
            }
        }
        self.missed += advance.events.iter().filter(|event| event.what == Move::Miss).count() as u64;
        assert!(advance.obligation.next_at.is_none_or(|next| next > now), "{:?}", advance.obligation);
        self.obligations[at] = advance.obligation;
    }

    /// What is filed by `now` is filed, in time or late, unless making good has ended.
    fn file(&mut self, at: usize, when: DateTime<Utc>) {
        let obligation = self.obligations[at].clone();
        let duty = self.world.catalogue.duty(&obligation.duty).unwrap();
        let ladder = self.ladder(&obligation);
        let context = Context { duty, ladder, world: self.world, series: &[], reminder_taken: true, chased: TAKEN };
        let over = step::lapse_at(&obligation, &context).is_some_and(|lapse| lapse <= when);
        if over || matches!(obligation.phase, Phase::Lapsed | Phase::Done) {
            return;
        }
        let grace = window::grace_end(ladder, obligation.round.due_at, self.slots());
        let standing = if when <= grace { Standing::InTime(when) } else { Standing::Late(when) };
        self.obligations[at] = obligation.reconsidered(duty, standing, grace, when);
    }

    /// Lets time pass: passes come at the instants that `next` gives; filings come when they come.
    fn run(
        &mut self,
        mut now: DateTime<Utc>,
        end: DateTime<Utc>,
        mut next: impl FnMut(DateTime<Utc>, Option<DateTime<Utc>>) -> DateTime<Utc>,
    ) {
        let mut filings: Vec<(DateTime<Utc>, usize)> =
            self.filings.iter().enumerate().filter_map(|(at, when)| when.map(|when| (when, at))).collect();
        filings.sort_unstable();
        let mut filed = 0;
        while now <= end {
            while filed < filings.len() && filings[filed].0 <= now {
                let (when, at) = filings[filed];
                self.file(at, when);
                filed += 1;
            }
            for at in 0..self.obligations.len() {
                while self.obligations[at].next_at.is_some_and(|next| next <= now) {
                    self.settle(at, now);
                }
            }
            let soonest = self.obligations.iter().filter_map(|o| o.next_at).min();
            let filing = filings.get(filed).map(|(when, _)| *when);
            now = next(now, [soonest, filing].into_iter().flatten().min());
        }
    }
}

fn facts(obligation: &Obligation) -> String {
    let levels = (obligation.round.chased_at, obligation.round.supervised_at, obligation.round.proposed_at);
    let levels = obligation.filed_at.is_none().then_some(levels);
    format!(
        "{} {:?} {} {:?} late={} missed={:?} filed={:?} closed={:?} {levels:?}",
        obligation.duty,
        obligation.owners,
        obligation.period,
        obligation.phase,
        obligation.late,
        obligation.round.missed_at,
        obligation.filed_at,
        obligation.closed_at
    )
}

fn two_ways(seed: u64, first: NaiveDate, last: NaiveDate) -> u64 {
    let mut seeds = Seeds::embedded().unwrap();
    seeds.catalogue.duties.retain(|duty| DUTIES.contains(&duty.id.0.as_str()));
    seeds.roster.units.retain(|unit| UNITS.contains(&unit.name.0.as_str()));
    let world =
        World { catalogue: &seeds.catalogue, roster: &seeds.roster, calendar: &seeds.calendar, zone: ZONE, nodes: &[] };
    let mut random = StdRng::seed_from_u64(seed);
    let mut calm = Play::new(&world, first, last, &mut random);
    let mut wild = Play::new(&world, first, last, &mut StdRng::seed_from_u64(seed));
    let (begin, end) = (ZONE.start_of(first), ZONE.end_of(last) + TimeDelta::days(30));
    calm.run(begin, end, |now, soonest| soonest.unwrap_or(end).max(now + TimeDelta::seconds(1)));
    // Late, doubled, missed: from a second to nine days after the last pass, and once more at the end.
    wild.run(begin, end, |now, _| {
        let wait = match random.random_range(0..20) {
            0 => TimeDelta::hours(random.random_range(24..220)),
            1..=4 => TimeDelta::seconds(random.random_range(1..60)),
            _ => TimeDelta::minutes(random.random_range(1..900)),
        };
        if now == end { end + TimeDelta::seconds(1) } else { (now + wait).min(end) }
    });
    for (a, b) in calm.obligations.iter().zip(&wild.obligations) {
        assert_eq!(facts(a), facts(b), "seed {seed}");
    }
    for play in [&calm, &wild] {
        for ((at, kind), when) in &play.told {
            let once = matches!(kind, NoticeKind::Chase | NoticeKind::Supervise | NoticeKind::Propose);
            assert!(!once || when.len() == 1, "seed {seed}: {:?} told {when:?}", play.obligations[*at]);
        }
    }
    assert!(calm.obligations.iter().any(|o| o.form == Form::Node));
    calm.missed
}

#[test]
fn thousands_of_days_two_ways() {
    let one = std::env::var("DUBAN_PURE_SEED").ok().and_then(|seed| seed.parse::<u64>().ok());
    let many = if std::env::var("DUBAN_TEST_LONG").is_ok() { 200 } else { 14 };
    let seeds: Vec<u64> = one.map_or_else(|| (1..=many).collect(), |seed| vec![seed]);
    let mut missed = 0;
    // Half a year each, at another time of 2022 to 2026 each.
    for seed in seeds {
        let first = NaiveDate::from_ymd_opt(2022, 1, 1).unwrap() + chrono::Days::new(seed * 113 % 1600);
        missed += two_ways(seed, first, first + chrono::Days::new(182));
    }
    assert!(missed > 100, "too little happened to tell anything: {missed} misses");
}
