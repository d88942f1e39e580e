//! What happens next, in words: for the first start and for `status`.

use chrono::{DateTime, Utc};

use crate::domain::calendar::Zone;
use crate::domain::step::{self, Chased, Context, Move};
use crate::engine::{Engine, Result};
use crate::read::words::document_order;

/// More than these are not counted.
const MOST: usize = 500;

/// The next step of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// When.
    pub at: DateTime<Utc>,
    /// How many obligations it is for, at most `MOST`.
    pub count: usize,
    /// The first of them in the document's order: duty, owners, period.
    pub first: (String, String, String),
    /// What happens to it.
    pub what: Option<Move>,
}

impl Next {
    /// Looks ahead; decides nothing.
    pub async fn look(engine: &Engine) -> Result<Option<Next>> {
        let mut tx = engine.store.read().await?;
        let Some(at) = tx.next_step_at().await? else { return Ok(None) };
        let mut due = tx.due_obligations(at, MOST).await?;
        due.sort_by_key(|row| document_order(&row.obligation.duty));
        let known = engine.known_in(&mut tx).await?;
        let Some(first) = due.first() else { return Ok(None) };
        let what = known.rules(first, known.zone.day_of(at)).ok().and_then(|rules| {
            let world = known.world(rules.catalogue);
            let chased = Chased::in_its_slot(&first.obligation);
            let context = Context { reminder_taken: true, chased, ..rules.context(&world) };
            step::advance(&first.obligation, &context, at).events.first().map(|event| event.what)
        });
        let obligation = &first.obligation;
        let owners: Vec<&str> = obligation.owners.iter().map(|owner| owner.0.as_str()).collect();
        let first = (obligation.duty.0.clone(), owners.join("、"), obligation.period.clone());
        Ok(Some(Next { at, count: due.len(), first, what }))
    }
}

/// `2026-11-24 09:00: 13.2 of 质安处 (2026-11) is reminded of, with 11 others`
pub fn words(next: &Next, zone: Zone) -> String {
    let (duty, owners, period) = &next.first;
    let what = match next.what {
        Some(Move::Open) => "opens",
        Some(Move::Remind) => "is reminded of",
        Some(Move::Miss) => "is missed unless it is filed",
        Some(Move::Chase | Move::Stand) => "is chased",
        Some(Move::Supervise) => "is carried up to the head",
        Some(Move::Propose) => "is put before the office",
        Some(Move::Lapse) => "can no longer be made good",
        None => "is looked at",
    };
    let others = match next.count.saturating_sub(1) {
        0 => String::new(),
        1 => ", with another".to_owned(),
        n if n + 1 >= MOST => format!(", with {n} or more others"),
        n => format!(", with {n} others"),
    };
    format!("{}: {duty} of {owners} ({period}) {what}{others}", zone.local(next.at).format("%Y-%m-%d %H:%M"))
}
