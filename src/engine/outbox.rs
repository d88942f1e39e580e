//! A row for the outbox: its name for life, and the slot that it is the only letter of.

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::Engine;
use crate::domain::letter::LetterKind;
use crate::mail;
use crate::store::letters::NewLetter;

pub fn slot_key(class: &str, posts: &str, address: &str, now: DateTime<Utc>) -> String {
    let digest = Sha256::digest(format!("{posts}\n{}", address.to_lowercase()).as_bytes());
    format!("{class}/{}/{}", now.timestamp(), hex::encode(&digest[..12]))
}

pub fn new_letter(
    engine: &Engine,
    slot_key: String,
    kind: LetterKind,
    posts: String,
    address: String,
    rendered: mail::Rendered,
    now: DateTime<Utc>,
) -> NewLetter {
    let id = engine.new_id(&format!("{}-", now.timestamp()));
    NewLetter {
        message_id: mail::message_id(&id, &engine.settings.from.address),
        slot_key,
        kind,
        urgent: kind == LetterKind::Event,
        posts,
        address,
        subject: rendered.subject,
        body_text: rendered.text,
        body_html: rendered.html,
        written_at: now,
        held: false,
    }
}
