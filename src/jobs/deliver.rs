//! Sends what is in the outbox: claims a small batch, commits the claim, sends, marks the batch.
//!
//! No transaction is open while SMTP talks. A letter that was claimed and not marked when the program died is in doubt:
//! its lease runs out and it is sent again under the same Message-ID.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::letter::LetterState;
use crate::domain::unit::PostId;
use crate::engine::link::Keys;
use crate::engine::{Engine, Result, Settings};
use crate::mail::{self, GiveUp, Mailbox, NextTry, Outcome, Outgoing, Pace, Session, Tries};
use crate::store::Tx;
use crate::store::letters::Claimed;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Taken by the mail server.
    pub sent: u64,
    /// To be tried again.
    pub deferred: u64,
    /// To be tried again, though they may have arrived.
    pub unknown: u64,
    /// Ended undelivered.
    pub ended: u64,
    /// Not sent: all that they would have told was filed meanwhile.
    pub moot: u64,
    /// Whether the connection itself was refused, so that all mail waits.
    pub down: bool,
}

impl Delivered {
    pub fn is_idle(&self) -> bool {
        *self == Delivered::default()
    }
}

/// Since when the mail path is down, and why; empty = it is not.
pub const MAIL_DOWN: &str = "mail_down";

pub async fn run(engine: &Engine) -> Result<Delivered> {
    let mut done = Delivered::default();
    if engine.stopping.is_cancelled() {
        return Ok(done);
    }
    let crew = Arc::new(Crew {
        queue: Mutex::default(),
        pace: Mutex::new(Pace::new(engine.settings.pace)),
        settings: engine.settings.clone(),
        keys: engine.keys.clone(),
        clock: engine.clock.clone(),
        stopping: engine.stopping.clone(),
    });
    let mut sessions: Vec<Session> =
        (0..engine.settings.connections.max(1)).map(|_| engine.transport.session()).collect();
    let mut tx = engine.store.write().await?;
    let mut batch = claim(engine, &mut tx, &mut done).await?;
    tx.commit().await?;
    while let Some(letters) = batch {
        let (outcomes, kept) = send_batch(&crew, letters, sessions).await;
        sessions = kept;
        // What came of one batch and the claim of the next go into one transaction: one wait for the disk a batch.
        let mut tx = engine.store.write().await?;
        done.down = mark(engine, &mut tx, outcomes, &mut done).await?;
        let go_on = !done.down && !engine.stopping.is_cancelled();
        batch = if go_on { claim(engine, &mut tx, &mut done).await? } else { None };
        tx.commit().await?;
    }
    for session in sessions {
        session.close().await;
    }
    Ok(done)
}

/// The next batch; `None` when no letter's time has come. Who filed while the letter waited gets no chaser; one that was
/// tried before may be out already and goes on.
async fn claim(engine: &Engine, tx: &mut Tx, done: &mut Delivered) -> Result<Option<Vec<Claimed>>> {
    let now = engine.clock.now();
    let mut batch = tx.claim_letters(&engine.owner, now, now + engine.settings.lease, engine.settings.batch).await?;
    if batch.is_empty() {
        return Ok(None);
    }
    let fresh: Vec<i64> = batch.iter().filter(|letter| letter.attempts == 1).map(|letter| letter.id).collect();
    let moot = tx.moot_letters(&fresh).await?;
    for id in &moot {
        tx.mark_letter(*id, LetterState::Moot, "filed before it left", None).await?;
    }
    batch.retain(|letter| !moot.contains(&letter.id));
    let mut kept = Vec::with_capacity(batch.len());
    for letter in batch {
        match unfit(engine, &letter) {
            Some(words) => {
                tx.mark_letter(letter.id, LetterState::Failed, words, None).await?;
                done.ended += 1;
            }
            None => kept.push(letter),
        }
    }
    let batch = kept;
    done.moot += moot.len() as u64;
    Ok(Some(batch))
}

/// Why a letter cannot go to its address at all: it stands on the next digest.
fn unfit(engine: &Engine, letter: &Claimed) -> Option<&'static str> {
    match mail::parse_address(&letter.address) {
        Err(_) => Some("the post's address is no address"),
        // The start refuses this; a trial that ends while the daemon runs comes here.
        Ok(address) if engine.transport.leaves_the_machine() && mail::is_example_address(&address) => {
            Some("the post has an example address")
        }
        Ok(_) if letter.body_text.is_empty() => Some("its body is missing"),
        Ok(_) => None,
    }
}

/// A letter's outcome; `None` = not tried.
type Tried = (Claimed, Option<Outcome>, DateTime<Utc>);

struct Crew {
    queue: Mutex<VecDeque<Claimed>>,
    pace: Mutex<Pace>,
    settings: Settings,
    keys: Option<Keys>,
    clock: Clock,
    stopping: CancellationToken,
}

/// Sends a batch over all sessions side by side. Once one of them finds the connection down, or a stop is asked for, the
/// rest of the batch is given back untried.
async fn send_batch(crew: &Arc<Crew>, batch: Vec<Claimed>, sessions: Vec<Session>) -> (Vec<Tried>, Vec<Session>) {
    crew.queue.lock().await.extend(batch);
    let down = CancellationToken::new();
    // Dropped half-way, it takes the sessions with it.
    let mut work = JoinSet::new();
    for session in sessions {
        work.spawn(send_from_queue(Arc::clone(crew), down.clone(), session));
    }
    let (tried, sessions): (Vec<_>, Vec<_>) = work.join_all().await.into_iter().unzip();
    (tried.into_iter().flatten().collect(), sessions)
}

async fn send_from_queue(crew: Arc<Crew>, down: CancellationToken, mut session: Session) -> (Vec<Tried>, Session) {
    let mut tried: Vec<Tried> = Vec::new();
    loop {
        let next = crew.queue.lock().await.pop_front();
        let Some(letter) = next else { return (tried, session) };
        if down.is_cancelled() || crew.stopping.is_cancelled() {
            tried.push((letter, None, crew.clock.now()));
            continue;
        }
        let wait = crew.pace.lock().await.turn(crew.clock.now());
        if wait > TimeDelta::zero() {
            tokio::time::sleep(wait.to_std().unwrap_or_default()).await;
        }
        let outcome = session.send(&outgoing(&crew, &letter)).await;
        if matches!(outcome, Outcome::ConnectionDown { .. }) {
            down.cancel();
        }
        tried.push((letter, Some(outcome), crew.clock.now()));
    }
}

fn outgoing(crew: &Crew, letter: &Claimed) -> Outgoing {
    let settings = &crew.settings;
    let link = settings.public_url.as_deref().map(|url| match &crew.keys {
        Some(keys) => {
            format!("{}/l/{}", url.trim_end_matches('/'), keys.token(letter.id, &letter.posts, letter.written_at))
        }
        None => url.to_owned(),
    });
    let link = link.as_deref();
    let name = letter.posts.split(';').next().and_then(PostId::parse).map(|post| post.label()).unwrap_or_default();
    // The address was checked when it was stored; one that is not any more is refused by the transport, not here.
    let address = mail::parse_address(&letter.address).unwrap_or_else(|_| settings.from.address.clone());
    Outgoing {
        message_id: letter.message_id.clone(),
        from: settings.from.clone(),
        reply_to: settings.reply_to.clone(),
        to: Mailbox::new(name, address),
        subject: letter.subject.clone(),
        text: mail::fill_link(&letter.body_text, link),
        html: mail::fill_link(&letter.body_html, link),
        date: settings.zone.local(letter.written_at).fixed_offset(),
        in_reply_to: None,
    }
}

/// Marks what came of a batch. Says whether the connection is down.
async fn mark(engine: &Engine, tx: &mut Tx, outcomes: Vec<Tried>, done: &mut Delivered) -> Result<bool> {
    let mut sent = Vec::with_capacity(outcomes.len());
    let mut rest = Vec::new();
    let mut down: Option<(String, bool)> = None;
    for (letter, outcome, at) in outcomes {
        match outcome {
            Some(Outcome::Sent { reply }) => sent.push((letter.id, at, reply)),
            other => rest.push((letter, other, at)),
        }
    }
    tx.mark_sent(&sent).await?;
    done.sent += sent.len() as u64;
    let now = engine.clock.now();
    for (letter, outcome, at) in rest {
        let Some(outcome) = outcome else {
            tx.release_letter(letter.id, now, "").await?;
            continue;
        };
        if let Outcome::ConnectionDown { reply, reason, alarm, phase } = &outcome {
            let words = format!("{}: {} {}", phase.code(), reason.label(), reply.as_deref().unwrap_or_default());
            let again = now + engine.settings.backoff.wait(TimeDelta::zero(), random32(engine));
            tx.release_letter(letter.id, again, words.trim()).await?;
            done.deferred += 1;
            down = Some((words, *alarm));
            continue;
        }
        let (state, next) = verdict(engine, &letter, &outcome, at);
        let words = describe(&outcome);
        match state {
            LetterState::Unknown => done.unknown += 1,
            LetterState::Deferred => done.deferred += 1,
            _ => done.ended += 1,
        }
        tracing::warn!(
            letter.message_id = letter.message_id,
            letter.kind = letter.kind.code(),
            "letter {} not sent: {words}",
            letter.message_id
        );
        tx.mark_letter(letter.id, state, &words, next).await?;
    }
    let before = tx.meta(MAIL_DOWN).await?.unwrap_or_default();
    match &down {
        Some((words, alarm)) => {
            let until = now + engine.settings.backoff.wait(TimeDelta::zero(), random32(engine));
            tx.defer_all_letters(until).await?;
            if before.is_empty() {
                tx.set_meta(MAIL_DOWN, &format!("{} {words}", now.to_rfc3339())).await?;
                if *alarm {
                    tracing::error!("the mail server refuses this program; all mail waits: {words}");
                } else {
                    tracing::warn!("the mail server is out of reach; all mail waits: {words}");
                }
            }
        }
        None if !sent.is_empty() && !before.is_empty() => {
            tx.set_meta(MAIL_DOWN, "").await?;
            tracing::info!("the mail server takes mail again");
        }
        None => {}
    }
    Ok(down.is_some())
}

fn random32(engine: &Engine) -> u32 {
    u32::try_from(engine.random() >> 32).unwrap_or(0)
}

fn verdict(
    engine: &Engine,
    letter: &Claimed,
    outcome: &Outcome,
    at: DateTime<Utc>,
) -> (LetterState, Option<DateTime<Utc>>) {
    let unknown = letter.unknowns + i64::from(matches!(outcome, Outcome::Unknown { .. }));
    let tries =
        Tries { kind: letter.kind, created_at: letter.written_at, unknown: u32::try_from(unknown).unwrap_or(u32::MAX) };
    match (engine.settings.backoff.next(tries, outcome, at, random32(engine)), outcome) {
        (NextTry::At(next), Outcome::Unknown { .. }) => (LetterState::Unknown, Some(next)),
        (NextTry::At(next), _) => (LetterState::Deferred, Some(next)),
        (NextTry::GiveUp(GiveUp::Refused), _) => (LetterState::Refused, None),
        (NextTry::GiveUp(GiveUp::TooOld | GiveUp::Unknown) | NextTry::Done, _) => (LetterState::GivenUp, None),
    }
}

/// The outcome in words, without addresses: the transport has cleaned the server's.
fn describe(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Sent { reply } => reply.clone(),
        Outcome::Deferred { phase, reply, reason } | Outcome::ConnectionDown { phase, reply, reason, .. } => {
            format!("{}: {} {}", phase.code(), reason.label(), reply.as_deref().unwrap_or_default()).trim().to_owned()
        }
        Outcome::Refused { phase, reply, reason } => format!("{}: {} {reply}", phase.code(), reason.label()),
        Outcome::Unknown { phase, reason } => format!("{}: {}", phase.code(), reason.label()),
    }
}
