//! A story in which letters carry links, and how somebody comes in.

use chrono::{DateTime, TimeDelta, Utc};

use super::Story;
use super::browser::{Answer, Browser, KEY};
use duban::acts::entry::{new_secret, secret_hash};
use duban::engine::Settings;
use duban::engine::link::Keys;
use duban::store::Store;
use duban::store::access::{CredentialKind, NewCredential};

pub fn with_links() -> Settings {
    Settings { public_url: Some("https://duban.example.com".into()), ..super::settings() }
}

/// A story in which 质安处's liaison has got a letter; and the path of its link.
pub async fn letter(story: &mut Story) -> String {
    story.engine.keys = Some(Keys::parse(KEY).unwrap());
    story.run_until("2022-10-13 10:00").await;
    link_of(story, "质安处/liaison").await
}

pub async fn link_of(story: &Story, post: &str) -> String {
    let address = story.address(post).await;
    link_in(&story.letters_to(&address, "2022-10-13 00:00")[0].text)
}

/// The path of the link in a letter's text.
pub fn link_in(text: &str) -> String {
    text.split_once("https://duban.example.com").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

/// The secret of a new session or token of a post (`质安处/liaison`), made at that instant.
pub async fn credential(
    store: &Store,
    kind: CredentialKind,
    post: &str,
    scopes: &str,
    now: DateTime<Utc>,
    lasts: Option<TimeDelta>,
) -> String {
    let (secret, hash) = new_secret();
    assert_eq!(hash, secret_hash(&secret));
    let post = super::post(post);
    let (unit, role) = (post.unit.0, post.role.code().to_owned());
    let new = NewCredential {
        kind,
        hash,
        unit: unit.clone(),
        role: role.clone(),
        how: "test".into(),
        name: "test".into(),
        scopes: scopes.into(),
        created_at: now,
        ends_at: lasts.map(|lasts| now + lasts),
        maker: (kind == CredentialKind::Token).then(|| (unit.clone(), role.clone())),
    };
    let mut tx = store.write().await.unwrap();
    tx.insert_credential(&new).await.unwrap();
    tx.commit().await.unwrap();
    secret
}

pub async fn sign_in(browser: &mut Browser, who: &str, password: &str) -> Answer {
    browser.post("/enter", &[("post", who), ("password", password)]).await
}
