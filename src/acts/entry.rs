//! Coming in: letters' links, passwords, sessions, tokens. Says who somebody is; what they may do is decided elsewhere.
//!
//! Secrets are 256 random bits; the store keeps their hash. Every sign-in is logged, with no secret and no address.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::acts::{self, Lent};
use crate::domain::action::Action;
use crate::domain::letter::LetterKind;
use crate::domain::refusal::entry::EntryRefusal;
use crate::domain::text;
use crate::domain::unit::{PostId, Role, UnitName};
use crate::engine::known::{self, Known};
use crate::engine::link::{self, Token};
use crate::engine::outbox::new_letter;
use crate::engine::{Engine, JobError, Result};
use crate::mail::LetterContext;
use crate::read::words;
use crate::store::access::{Credential, CredentialKind, LinkedLetter, NewCredential};

/// How long a link that sets a password can be used.
pub const SETUP_LIFE: TimeDelta = TimeDelta::hours(24);
/// The shortest password, in characters.
pub const SHORTEST_PASSWORD: usize = 10;
/// The longest password, in bytes: hashing a longer one costs and protects nothing more.
pub const LONGEST_PASSWORD: usize = 200;
/// Use is noted at most this often.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(5);

/// So long a request waits for it: far longer than it takes where nobody is in the way.
const NOTED_WITHIN: Duration = Duration::from_millis(200);

/// Passwords that are hashed at once: each takes 19 MiB and a core.
static HASHING: Semaphore = Semaphore::const_new(4);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spans {
    /// Without a request.
    pub idle: TimeDelta,
    /// In all.
    pub longest: TimeDelta,
}

/// A new secret and the hash that is kept of it.
pub fn new_secret() -> (String, String) {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    let secret = URL_SAFE_NO_PAD.encode(bytes);
    let hash = secret_hash(&secret);
    (secret, hash)
}

/// The hash that is kept of a secret. It has 256 random bits, so that a plain hash is enough.
pub fn secret_hash(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

pub struct Entered {
    /// The credential that let them in.
    pub credential: Credential,
    pub post: PostId,
    /// Of a token, which one it is and who made it.
    pub lent: Option<Lent>,
    pub known: Arc<Known>,
}

/// A letter's link, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JudgedLink {
    /// It opens the lists of these posts.
    For {
        letter: i64,
        /// The posts, of which one is chosen.
        posts: Vec<PostId>,
        /// Whether it only shows: links in digests decide nothing.
        shows_only: bool,
    },
    /// It was made by us and opens nothing any more: too old, or revoked.
    Over,
    /// It was written to somebody who does not hold the post any more.
    HandedOver(PostId),
    /// It is no link of ours.
    Unknown,
}

/// Judges a letter's link. Changes nothing: mail scanners open links.
pub async fn open_link(engine: &Engine, text: &str) -> Result<JudgedLink> {
    let (Some(keys), Some(token)) = (&engine.keys, Token::parse(text)) else { return Ok(JudgedLink::Unknown) };
    let mut tx = engine.store.read().await?;
    let Some(letter) = tx.linked_letter(token.letter).await? else { return Ok(JudgedLink::Unknown) };
    let LinkedLetter { id, kind, posts, written_at, revoked_at } = letter;
    if !keys.made(&token, &posts, written_at) {
        return Ok(JudgedLink::Unknown);
    }
    if revoked_at.is_some() || link::ends_at(written_at) <= engine.believed_now() {
        return Ok(JudgedLink::Over);
    }
    let known = engine.known_in(&mut tx).await?;
    let today = engine.today();
    let shows_only = kind == LetterKind::Digest;
    let mut open: Vec<PostId> = posts.split(';').filter_map(PostId::parse).collect();
    for post in &mut open {
        post.unit = known.former.renamed(&post.unit, written_at);
    }
    // The post must still be there, and a password's post comes in by its password alone, but for what a digest shows.
    open.retain(|post| {
        let unit = known.roster.unit(&post.unit).is_some_and(|unit| unit.active_on(today));
        unit && (shows_only || post.role.is_of_unit())
    });
    let now = engine.believed_now();
    let others = |post: &PostId| known.is_a_formers(post, written_at, now);
    let handed_over = open.iter().find(|post| others(post)).cloned();
    open.retain(|post| !others(post));
    match handed_over {
        Some(post) if open.is_empty() => Ok(JudgedLink::HandedOver(post)),
        None if open.is_empty() => Ok(JudgedLink::Over),
        _ => Ok(JudgedLink::For { letter: id, posts: open, shows_only }),
    }
}

/// Begins a session; with scopes it may do those things alone. Returns its secret.
pub async fn begin_session(
    engine: &Engine,
    post: &PostId,
    how: &str,
    browser: &str,
    scopes: &str,
    spans: Spans,
) -> Result<String> {
    let now = engine.believed_now();
    let (secret, hash) = new_secret();
    let new = NewCredential {
        kind: CredentialKind::Session,
        hash,
        unit: post.unit.0.clone(),
        role: post.role.code().to_owned(),
        how: how.to_owned(),
        name: text::tame(browser).chars().take(120).collect(),
        scopes: scopes.to_owned(),
        created_at: now,
        ends_at: Some(now + spans.longest),
        maker: None,
    };
    let mut tx = engine.store.write().await?;
    tx.insert_credential(&new).await?;
    tx.note(now, &post.to_string(), Action::SignIn, &json!({ "how": how })).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Whose session, token or feed a secret is, if it is one that lasts.
pub async fn entered(engine: &Engine, kind: CredentialKind, secret: &str, spans: Spans) -> Result<Option<Entered>> {
    let now = engine.believed_now();
    let looked = engine.store.look(kind, &secret_hash(secret), known::REVISION).await?;
    let Some((credential, revision)) = looked else { return Ok(None) };
    let over = credential.ends_at.is_some_and(|end| end <= now)
        || (kind == CredentialKind::Session && now - credential.seen_at > spans.idle);
    let post = PostId::of(&credential.unit, &credential.role);
    let known = engine.known_at(revision).await?;
    let active = |unit: &UnitName| known.roster.unit(unit).is_some_and(|unit| unit.active_on(engine.today()));
    let Some(post) = post.filter(|post| !over && active(&post.unit)) else { return Ok(None) };
    let maker = credential.maker_unit.as_deref().zip(credential.maker_role.as_deref());
    let maker = maker.and_then(|(unit, role)| PostId::of(unit, role)).filter(|maker| active(&maker.unit));
    let lent = maker.map(|maker| Lent { credential: credential.id, maker });
    // A token that nobody answers for opens nothing.
    let nobodys = kind == CredentialKind::Token && lent.is_none();
    if nobodys || known.is_a_formers(&post, credential.created_at, now) {
        return Ok(None);
    }
    if now - credential.seen_at > SEEN_EVERY {
        note_seen(engine, credential.id, now).await;
    }
    Ok(Some(Entered { credential, post, lent, known }))
}

/// Notes that a credential was used, if that can be had at once: who reads need not wait for a database that somebody else
/// writes to, or that cannot be written to at all. The next request tries again.
async fn note_seen(engine: &Engine, id: i64, now: DateTime<Utc>) {
    // One at a time: those that wait for the database would keep its connections from those who read.
    let Ok(turn) = Arc::clone(&engine.noting).try_lock_owned() else { return };
    let store = engine.store.clone();
    let noted = tokio::spawn(async move {
        let noted = async {
            let mut tx = store.write().await?;
            tx.credential_seen(id, now).await?;
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::debug!("that a session was used cannot be noted: {error}");
        }
        drop(turn);
    });
    // What goes on goes on without this request.
    let _ = tokio::time::timeout(NOTED_WITHIN, noted).await;
}

/// Ends one of a post's own sessions, tokens or feeds. Says whether there was one.
pub async fn end_own(engine: &Engine, kind: CredentialKind, post: &PostId, id: i64) -> Result<bool> {
    let now = engine.believed_now();
    let mut tx = engine.store.write().await?;
    let own = tx.credentials_of(kind, &post.unit.0, post.role.code()).await?.iter().any(|one| one.id == id);
    let ended = own && tx.end_credential(id, now).await?;
    if ended {
        tx.note(now, &post.to_string(), Action::SignOut, &json!({ "credential": id })).await?;
    }
    tx.commit().await?;
    Ok(ended)
}

/// A one-time secret by which a post sets its password; earlier ones are void from now on.
///
/// # Errors
/// The post has no password: a unit's comes in by its letters. Or the store could not.
pub async fn setup_secret(engine: &Engine, post: &PostId, by: &str) -> acts::Result<String> {
    let known = engine.known().await?;
    if post.role.is_of_unit() || post.unit != known.roster.office {
        return acts::refuse(EntryRefusal::PostWithoutPassword(post.clone()));
    }
    let now = engine.believed_now();
    let (secret, hash) = new_secret();
    let new = NewCredential {
        kind: CredentialKind::Setup,
        hash,
        unit: post.unit.0.clone(),
        role: post.role.code().to_owned(),
        how: by.to_owned(),
        name: String::new(),
        scopes: String::new(),
        created_at: now,
        ends_at: Some(now + SETUP_LIFE),
        maker: None,
    };
    let mut tx = engine.store.write().await?;
    tx.end_credentials_of(CredentialKind::Setup, &post.unit.0, post.role.code(), now).await?;
    tx.insert_credential(&new).await?;
    tx.note(now, by, Action::SetupLink, &json!({ "post": post.to_string() })).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Sets the password of the post whose one-time secret this is; the secret is used up and all its sessions end.
///
/// # Errors
/// The secret is none or used, the password is too weak, or the store could not.
pub async fn set_password(engine: &Engine, secret: &str, password: &str) -> acts::Result<PostId> {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return acts::refuse(EntryRefusal::PasswordLength { shortest: SHORTEST_PASSWORD, longest: LONGEST_PASSWORD });
    }
    if password.chars().collect::<std::collections::BTreeSet<char>>().len() < 4 {
        return acts::refuse(EntryRefusal::PasswordTooPlain);
    }
    let hash = hash_password(password).await?;
    let now = engine.believed_now();
    let mut tx = engine.store.write().await?;
    let found = tx.credential(CredentialKind::Setup, &secret_hash(secret)).await?;
    let known = engine.known_in(&mut tx).await?;
    let post = found.as_ref().and_then(|one| still_theirs(&known, one, now));
    let (Some(credential), Some(post)) = (found, post) else {
        return acts::refuse(EntryRefusal::SetupLinkOver);
    };
    if !tx.end_credential(credential.id, now).await? {
        return acts::refuse(EntryRefusal::SetupLinkUsed);
    }
    tx.set_password(&credential.unit, &credential.role, &hash, now).await?;
    tx.end_credentials_of(CredentialKind::Session, &credential.unit, &credential.role, now).await?;
    tx.note(now, &post.to_string(), Action::SetPassword, &json!({})).await?;
    tx.commit().await?;
    Ok(post)
}

/// Whose one-time secret this is, without using it.
pub async fn setup_post(engine: &Engine, secret: &str) -> Result<Option<PostId>> {
    let now = engine.believed_now();
    let mut tx = engine.store.read().await?;
    let found = tx.credential(CredentialKind::Setup, &secret_hash(secret)).await?;
    let known = engine.known_in(&mut tx).await?;
    Ok(found.and_then(|one| still_theirs(&known, &one, now)))
}

/// The post of a one-time secret that has not run out, if it is held by whom the secret was made for.
fn still_theirs(known: &Known, one: &Credential, now: DateTime<Utc>) -> Option<PostId> {
    let post = PostId::of(&one.unit, &one.role).filter(|_| one.ends_at.is_some_and(|end| end > now))?;
    (!known.is_a_formers(&post, one.created_at, now)).then_some(post)
}

/// Whether a password is that of a post. Takes as long where there is no such post.
pub async fn check_password(engine: &Engine, post: &PostId, password: &str) -> Result<bool> {
    // Made of nothing, so that a post without a password costs the same work.
    const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    if password.len() > LONGEST_PASSWORD {
        return Ok(false);
    }
    let stored = engine.store.read().await?.password(&post.unit.0, post.role.code()).await?;
    let has_one = stored.is_some();
    let _place = HASHING.acquire().await.map_err(JobError::from)?;
    let (stored, password) = (stored.unwrap_or_else(|| NOBODYS.to_owned()), password.to_owned());
    let right = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&stored)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await?;
    Ok(right && has_one)
}

/// Writes a letter with a link to whoever asks for one by the address of a unit's post; to any other address none is
/// written, and nobody is told. Asked for again within five minutes, it stays at one.
pub async fn write_link_letter(engine: &Engine, address: &str) -> Result<()> {
    const APART: i64 = 300;
    let now = engine.believed_now();
    let known = engine.known().await?;
    let today = engine.today();
    let held = |post: &&PostId| {
        let active = known.roster.unit(&post.unit).is_some_and(|unit| unit.active_on(today));
        let own = known.address(post, today).is_some_and(|own| own.eq_ignore_ascii_case(address));
        post.role.is_of_unit() && active && own
    };
    let mut posts: Vec<PostId> = known.holders.keys().filter(held).cloned().collect();
    posts.sort();
    let Some(first) = posts.first() else { return Ok(()) };
    let labels: Vec<String> = posts.iter().map(PostId::label).collect();
    let trial = engine.settings.trial_until.is_some_and(|until| today < until);
    let context = LetterContext {
        kind: LetterKind::Entry,
        recipient: first.label(),
        posts: if labels.len() > 1 { labels.clone() } else { Vec::new() },
        date_label: words::date(today),
        sections: Vec::new(),
        context_rows: Vec::new(),
        link: true,
        contact: engine.settings.contact.clone(),
        signature: engine.settings.signature.clone(),
        trial: trial.then(|| labels.join("、")),
        note: None,
    };
    let rendered = engine.templates.letter(&context)?;
    let office = known.address(&known.roster.office_post(), today).filter(|_| trial);
    let to = office.or_else(|| known.address(first, today)).unwrap_or_default().to_owned();
    let written: Vec<String> = posts.iter().map(ToString::to_string).collect();
    let key = format!("entry/{}/{}", now.timestamp() / APART, &secret_hash(address)[..24]);
    let letter = new_letter(engine, key, LetterKind::Entry, written.join(";"), to, rendered, now);
    let mut tx = engine.store.write().await?;
    if tx.insert_letter(&letter).await?.is_some() {
        tx.note(now, &first.to_string(), Action::AskLink, &json!({})).await?;
    }
    Ok(tx.commit().await?)
}

/// argon2id, with the crate's own parameters (OWASP's: 19 MiB, two passes).
async fn hash_password(password: &str) -> Result<String> {
    let _place = HASHING.acquire().await.map_err(JobError::from)?;
    let password = password.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string())
    })
    .await;
    Ok(hashed??)
}

pub fn password_posts(office: &UnitName) -> [PostId; 3] {
    [Role::Office, Role::Admin, Role::Auditor].map(|role| PostId { unit: office.clone(), role })
}
