//! Sends what is in the outbox: claims a small batch, commits the claim, sends, marks the batch.
//!
//! No transaction is open while SMTP talks. A letter that was claimed and not marked when the program died is in doubt:
//! its lease runs out and it is sent again under the same Message-ID.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::letter::LetterState;
use crate::domain::unit::PostId;
use crate::engine::link::Keys;
use crate::engine::mail_path::{Doubt, MAIL_DOUBT, MAIL_DOWN, MailDown, SEVERAL};
use crate::engine::{Engine, Result, Settings};
use crate::mail::{self, GiveUp, Mailbox, NextTry, Outcome, Outgoing, Pace, Reason, Session, Stage, Tries};
use crate::read::mail as mail_words;
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

/// How much later than all other mail a letter is tried again at which we were refused: if the refusal was for its sake
/// alone, the others show it.
const AFTER_THE_OTHERS: TimeDelta = TimeDelta::minutes(1);

pub async fn run(engine: &Engine) -> Result<Delivered> {
    let mut done = Delivered::default();
    if engine.stopping.is_cancelled() {
        return Ok(done);
    }
    let crew = Arc::new(Crew {
        queue: Mutex::default(),
        refused: AtomicUsize::new(0),
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
    // While the path is down, a fresh row shows whether it still is.
    let path = Path::read(&mut tx).await?;
    crew.refused.store(if path.down.is_some() { 0 } else { path.doubt.in_a_row.len() }, Ordering::SeqCst);
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

/// Has all mail tried now where the path is down: somebody has just started or set up anew, perhaps to mend it.
pub async fn try_at_once(engine: &Engine, now: DateTime<Utc>) -> Result<()> {
    let mut tx = engine.store.read().await?;
    if Path::read(&mut tx).await?.down.is_none() {
        return Ok(());
    }
    drop(tx);
    let mut tx = engine.store.write().await?;
    tx.wake_letters(now).await?;
    Ok(tx.commit().await?)
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
    /// Letters refused in a row, in words that could be about anybody.
    refused: AtomicUsize,
    pace: Mutex<Pace>,
    settings: Settings,
    keys: Option<Keys>,
    clock: Clock,
    stopping: CancellationToken,
}

impl Crew {
    /// Whether nothing more is to be tried for now.
    fn is_enough(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::ConnectionDown { .. } => true,
            Outcome::Sent { .. } => {
                self.refused.store(0, Ordering::SeqCst);
                false
            }
            outcome if outcome.is_unclear() => self.refused.fetch_add(1, Ordering::SeqCst) + 1 >= SEVERAL,
            _ => false,
        }
    }
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
        if crew.is_enough(&outcome) {
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

/// What is known of the mail path, and what a batch adds to it.
struct Path {
    down: Option<MailDown>,
    doubt: Doubt,
    /// As they were read.
    before: (String, String),
}

impl Path {
    async fn read(tx: &mut Tx) -> Result<Path> {
        let before = (tx.meta(MAIL_DOWN).await?.unwrap_or_default(), tx.meta(MAIL_DOUBT).await?.unwrap_or_default());
        Ok(Path { down: MailDown::read(&before.0), doubt: Doubt::read(&before.1), before })
    }

    async fn write(self, tx: &mut Tx) -> Result<()> {
        let (down, doubt) = (self.down.map(|down| down.written()).unwrap_or_default(), self.doubt.written());
        if down != self.before.0 {
            tx.set_meta(MAIL_DOWN, &down).await?;
        }
        if doubt != self.before.1 {
            tx.set_meta(MAIL_DOUBT, &doubt).await?;
        }
        Ok(())
    }

    /// The path is down, for the first time or still. What is known of it newly counts, since when it is down stays.
    fn fall(&mut self, now: DateTime<Utc>, stage: Stage, reason: Reason, reply: &str, refused: bool) {
        let since = self.down.as_ref().map_or(now, |down| down.since);
        let fallen = MailDown { since, stage, reason, reply: reply.to_owned(), refused };
        if self.down.as_ref().is_none_or(|down| down.reason != reason) {
            let words = format!("{}; {}", mail_words::english(reason), mail_words::remedy(reason));
            if refused {
                tracing::error!("the mail server refuses this program; all mail waits: {reply} ({words})");
            } else {
                tracing::warn!("the mail server takes no mail for now; all mail waits: {reply} ({words})");
            }
        }
        self.down = Some(fallen);
    }

    fn rise(&mut self) {
        if self.down.take().is_some() {
            tracing::info!("the mail server takes mail again");
        }
    }
}

/// Marks what came of a batch. Says whether the mail path is down.
async fn mark(engine: &Engine, tx: &mut Tx, outcomes: Vec<Tried>, done: &mut Delivered) -> Result<bool> {
    let mut sent = Vec::with_capacity(outcomes.len());
    let mut rest = Vec::new();
    let mut path = Path::read(tx).await?;
    let now = engine.clock.now();
    let until = now + engine.settings.backoff.wait(TimeDelta::zero(), random32(engine));
    let mut down = false;
    for (letter, outcome, at) in outcomes {
        match outcome {
            Some(Outcome::Sent { reply }) => {
                path.doubt.taken(letter.id);
                path.rise();
                sent.push((letter.id, at, reply));
            }
            Some(outcome) => {
                // In the order in which they were tried: what was taken in between clears what was refused before it.
                let (outcome, fell) = weigh(tx, &mut path, &letter, outcome, now, until).await?;
                down |= fell;
                rest.push((letter, Some(outcome), at));
            }
            None => rest.push((letter, None, at)),
        }
    }
    tx.mark_sent(&sent).await?;
    done.sent += sent.len() as u64;
    for (letter, outcome, at) in rest {
        match outcome {
            None => tx.release_letter(letter.id, now, "").await?,
            Some(outcome @ Outcome::ConnectionDown { .. }) => {
                tx.release_letter(letter.id, until + AFTER_THE_OTHERS, &describe(&outcome)).await?;
                done.deferred += 1;
            }
            Some(outcome) => mark_one(engine, tx, &letter, &outcome, at, done).await?,
        }
    }
    if down {
        tx.defer_all_letters(until).await?;
    }
    path.write(tx).await?;
    Ok(down)
}

/// What an outcome means beside those before it, and whether the mail path is down by it.
async fn weigh(
    tx: &mut Tx,
    path: &mut Path,
    letter: &Claimed,
    outcome: Outcome,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(Outcome, bool)> {
    match &outcome {
        Outcome::ConnectionDown { phase, reply, reason, alarm } => {
            let reply = reply.clone().unwrap_or_default();
            if !phase.is_of_connection() {
                if path.doubt.is_belied(letter.id) {
                    let (phase, reason) = (*phase, *reason);
                    let alone = if *alarm {
                        Outcome::Refused { phase, reply, reason }
                    } else {
                        Outcome::Deferred { phase, reply: Some(reply), reason }
                    };
                    return Ok((alone, false));
                }
                path.doubt.blame(letter.id);
            }
            path.fall(now, *phase, *reason, &reply, *alarm);
            Ok((outcome, true))
        }
        Outcome::Refused { phase, reply, .. } if outcome.is_unclear() => {
            let several = path.doubt.refused(letter.id);
            if !several && path.down.is_none() {
                return Ok((outcome, false));
            }
            // Those refused before it are taken back: they wait like all others.
            for earlier in path.doubt.in_a_row.iter().filter(|id| **id != letter.id) {
                tx.retry_letter(*earlier, until + AFTER_THE_OTHERS).await?;
            }
            let (phase, reply) = (*phase, reply.clone());
            if several {
                path.fall(now, phase, Reason::AllRefused, &reply, true);
            }
            let waits = Outcome::ConnectionDown { phase, reply: Some(reply), reason: Reason::AllRefused, alarm: true };
            Ok((waits, several))
        }
        // Whoever speaks of a letter lets us in.
        other => {
            let let_in = path.down.as_ref().is_some_and(|down| down.stage.is_of_connection());
            if let_in && other.stage() >= Stage::Rcpt && matches!(other, Outcome::Refused { .. }) {
                path.rise();
            }
            Ok((outcome, false))
        }
    }
}

/// Marks a letter that was tried by itself and not taken.
async fn mark_one(
    engine: &Engine,
    tx: &mut Tx,
    letter: &Claimed,
    outcome: &Outcome,
    at: DateTime<Utc>,
    done: &mut Delivered,
) -> Result<()> {
    let (state, next) = verdict(engine, letter, outcome, at);
    let words = describe(outcome);
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
    Ok(())
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

/// The outcome in words for the office, without addresses: the transport has cleaned the server's.
fn describe(outcome: &Outcome) -> String {
    let reason = outcome.reason().map(mail_words::label).unwrap_or_default();
    format!("{}: {reason} {}", outcome.stage().code(), outcome.reply().unwrap_or_default()).trim().to_owned()
}
