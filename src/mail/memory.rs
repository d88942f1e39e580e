//! The memory transport: letters stay in a list. For tests and simulations, which may also script what goes wrong.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::address::Address;
use super::message::Outgoing;
use super::outcome::{Outcome, unsendable};

#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    pub message_id: String,
    pub to: Address,
    pub raw: Vec<u8>,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("message_id", &self.message_id)
            .field("to", &self.to)
            .field("bytes", &self.raw.len())
            .finish()
    }
}

/// What happens to the next letter, instead of its being delivered and answered `Sent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scripted {
    pub outcome: Outcome,
    /// Whether it is delivered all the same (an answer lost after the final dot).
    pub delivered: bool,
}

/// A mailbox in memory; clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryOutbox {
    inner: Arc<Mutex<MemoryState>>,
}

#[derive(Debug, Default)]
struct MemoryState {
    delivered: Vec<Received>,
    script: VecDeque<Scripted>,
}

impl MemoryOutbox {
    /// An empty mailbox that takes everything.
    pub fn new() -> MemoryOutbox {
        MemoryOutbox::default()
    }

    /// Scripts the answer to the next letter not yet scripted.
    pub fn script(&self, next: Scripted) {
        self.lock().script.push_back(next);
    }

    /// All letters so far, in order.
    pub fn delivered(&self) -> Vec<Received> {
        self.lock().delivered.clone()
    }

    pub fn len(&self) -> usize {
        self.lock().delivered.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the letters out, so that the next look sees only what came since.
    pub fn drain(&self) -> Vec<Received> {
        std::mem::take(&mut self.lock().delivered)
    }

    /// Delivers the letter, or what the script says.
    pub fn send(&self, letter: &Outgoing) -> Outcome {
        let raw = match letter.build() {
            Ok(raw) => raw,
            Err(error) => return unsendable(&error.to_string()),
        };
        let mut inner = self.lock();
        let scripted = inner.script.pop_front();
        if scripted.as_ref().is_none_or(|scripted| scripted.delivered) {
            let delivered = Received { message_id: letter.message_id.clone(), to: letter.to.address.clone(), raw };
            inner.delivered.push(delivered);
        }
        scripted.map_or_else(|| Outcome::Sent { reply: "250 kept in memory".into() }, |scripted| scripted.outcome)
    }

    fn lock(&self) -> MutexGuard<'_, MemoryState> {
        // A test that panicked elsewhere leaves a list that is still whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
