//! What signs the links in letters belongs to the database: all daemons on one make links with the same key.
//!
//! The key lies in the database unless the configuration names a file for it; then the database knows it by its
//! fingerprint, and a daemon that comes with another is refused. A key of an earlier program, in a file of the state
//! folder, is taken in: links in letters that were sent go on opening.

use chrono::{DateTime, Utc};

use crate::engine::link::{self, Keys};
use crate::store::link_keys::LinkKey;
use crate::store::{Store, StoreError, Tx};

/// Where the keys are to come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file that the configuration names, with this key first.
    Configured(Keys),
    /// The database; with what a file of an earlier program held, if there is one.
    Database(Option<Keys>),
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum LinkKeyFault {
    #[error(
        "the links of this database are signed with the key {signs}, and the configured file holds {ours}: all daemons on \
         one database need the same key. Put that key into the file (as its second line while it is rotated out); if it is \
         lost, `duban link-key renew --at-once`, and links sent so far open nothing"
    )]
    Another { signs: String, ours: String },
    #[error(
        "the links of this database are signed with the key {0}, which lies in a file that another daemon's configuration \
         names: set [console] link_key_file here too, with the same key; if it is lost, `duban link-key renew --at-once`, \
         and links sent so far open nothing"
    )]
    Elsewhere(String),
    #[error(
        "the key lies in a file that the configuration names: write the new one into its first line and the old one into its second, and restart"
    )]
    InAFile,
    #[error("a key in the database cannot be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Result<T> = std::result::Result<T, LinkKeyFault>;

/// The keys with which this database's links are made and checked; settles them where that is still to be done.
///
/// # Errors
/// Links are made with a key that is not at hand, or the store could not.
pub async fn settled(store: &Store, source: &Source, now: DateTime<Utc>) -> Result<Keys> {
    let mut tx = store.read().await?;
    let (keys, new) = settle(&tx.link_keys().await?, source, now)?;
    drop(tx);
    if new.is_empty() {
        return Ok(keys);
    }
    let mut tx = store.write().await?;
    tx.lock_link_keys().await?;
    // Another daemon may have settled it meanwhile.
    let (keys, new) = settle(&tx.link_keys().await?, source, now)?;
    put(&mut tx, &new, now).await?;
    tx.commit().await?;
    Ok(keys)
}

async fn put(tx: &mut Tx, new: &[LinkKey], now: DateTime<Utc>) -> Result<()> {
    for key in new {
        if key.retired_at.is_none() {
            tx.retire_link_keys(now).await?;
        }
        tx.put_link_key(key).await?;
    }
    Ok(())
}

/// A new key makes links from now on. Those before it check for as long as a link lives, or, `at_once`, no more.
///
/// # Errors
/// The key lies in a file that somebody else writes, or the store could not.
pub async fn renew(store: &Store, source: &Source, at_once: bool, now: DateTime<Utc>) -> Result<()> {
    if matches!(source, Source::Configured(_)) && !at_once {
        return Err(LinkKeyFault::InAFile);
    }
    let mut tx = store.write().await?;
    tx.lock_link_keys().await?;
    if at_once {
        tx.forget_link_keys().await?;
    }
    if let Source::Database(_) = source {
        put(&mut tx, &[kept(&Keys::drawn(), None)], now).await?;
    }
    Ok(tx.commit().await?)
}

/// The first of the keys as it is kept in the database.
fn kept(keys: &Keys, retired_at: Option<DateTime<Utc>>) -> LinkKey {
    LinkKey { fingerprint: keys.fingerprint(), secret: Some(keys.written()), retired_at }
}

/// The keys in force, and what is to be kept that is not yet: pure but for a key that is drawn.
fn settle(stored: &[LinkKey], source: &Source, now: DateTime<Utc>) -> Result<(Keys, Vec<LinkKey>)> {
    let signs = stored.iter().find(|key| key.retired_at.is_none());
    let own = |key: &LinkKey| {
        let secret = key.secret.as_deref();
        secret.map(|secret| Keys::parse(secret).map_err(LinkKeyFault::Unreadable)).transpose()
    };
    // Links that a retired key has made have ended after their life.
    let checks = |key: &&LinkKey| key.retired_at.is_some_and(|at| link::ends_at(at) > now);
    let mut retired = Vec::new();
    for key in stored.iter().filter(checks) {
        retired.extend(own(key)?);
    }
    match source {
        Source::Configured(keys) => {
            let ours = keys.fingerprint();
            let known = signs.is_none_or(|signs| keys.each().iter().any(|key| key.fingerprint() == signs.fingerprint));
            match signs {
                Some(signs) if !known => Err(LinkKeyFault::Another { signs: signs.fingerprint.clone(), ours }),
                Some(signs) if signs.fingerprint == ours => Ok((keys.with(&retired), Vec::new())),
                _ => {
                    let first = LinkKey { fingerprint: ours, secret: None, retired_at: None };
                    Ok((keys.with(&retired), vec![first]))
                }
            }
        }
        Source::Database(found) => {
            let found: Vec<Keys> = found.iter().flat_map(Keys::each).collect();
            let unknown = |keys: &&Keys| stored.iter().all(|key| key.fingerprint != keys.fingerprint());
            let mut found = found.iter().filter(unknown);
            let mut new = Vec::new();
            let first = if let Some(signs) = signs {
                own(signs)?.ok_or_else(|| LinkKeyFault::Elsewhere(signs.fingerprint.clone()))?
            } else {
                let first = found.next().cloned().unwrap_or_else(Keys::drawn);
                new.push(kept(&first, None));
                first
            };
            for keys in found {
                new.push(kept(keys, Some(now)));
                retired.push(keys.clone());
            }
            Ok((first.with(&retired), new))
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::engine::link::Token;

    fn keys(digits: &str) -> Keys {
        Keys::parse(&digits.chars().map(|digit| digit.to_string().repeat(64) + "\n").collect::<String>()).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_665_000_000, 0).unwrap()
    }

    /// What is stored after that daemon has come, and its keys.
    fn after(mut stored: Vec<LinkKey>, source: &Source, now: DateTime<Utc>) -> (Vec<LinkKey>, Keys) {
        let (keys, new) = settle(&stored, source, now).unwrap();
        for key in new {
            if key.retired_at.is_none() {
                stored.iter_mut().filter(|key| key.retired_at.is_none()).for_each(|key| key.retired_at = Some(now));
            }
            stored.retain(|known| known.fingerprint != key.fingerprint);
            stored.push(key);
        }
        assert_eq!(settle(&stored, source, now).unwrap().1, Vec::new(), "it is not settled for good");
        (stored, keys)
    }

    fn opens(keys: &Keys, made_by: &Keys) -> bool {
        keys.made(&Token::parse(&made_by.token(1, "x", now())).unwrap(), "x", now())
    }

    #[test]
    fn whoever_comes_second_makes_links_with_the_firsts_key() {
        let none = Source::Database(None);
        let (stored, first) = after(Vec::new(), &none, now());
        let (stored, second) = after(stored, &none, now());
        assert!(opens(&first, &second) && opens(&second, &first));
        assert_eq!(stored.len(), 1);
    }

    #[test]
    fn what_an_earlier_program_has_signed_goes_on_opening_whichever_daemon_signed_it() {
        let old = |digits| Source::Database(Some(keys(digits)));
        let (stored, first) = after(Vec::new(), &old("ab"), now());
        let (stored, second) = after(stored, &old("c"), now());
        assert_eq!(second.fingerprint(), keys("a").fingerprint(), "two daemons sign with two keys");
        for digit in ["a", "b", "c"] {
            assert!(opens(&second, &keys(digit)), "{digit}");
        }
        assert!(opens(&first, &keys("a")) && opens(&first, &keys("b")) && !opens(&first, &keys("c")));
        // Once those links have ended, the key opens nothing any more.
        let later = now() + link::LIFE + TimeDelta::seconds(1);
        let (_, later) = after(stored, &Source::Database(None), later);
        assert!(opens(&later, &keys("a")) && !opens(&later, &keys("c")));
    }

    #[test]
    fn a_configured_key_is_the_same_for_all_or_refused() {
        let file = |digits| Source::Configured(keys(digits));
        let (stored, _) = after(Vec::new(), &file("a"), now());
        assert_eq!(stored.iter().filter(|key| key.secret.is_some()).count(), 0, "a configured key is in the database");
        let said = |source: &Source| settle(&stored, source, now()).unwrap_err().to_string();
        assert!(said(&file("b")).contains("all daemons on one database need the same key"));
        assert!(said(&Source::Database(None)).contains("set [console] link_key_file here too"));
        assert!(said(&file("b")).contains(&keys("a").fingerprint()) && !said(&file("b")).contains(&"a".repeat(64)));
        // Rotated out: the new one first, the old one second.
        let (rotated, both) = after(stored, &file("ba"), now());
        assert!(opens(&both, &keys("a")) && opens(&both, &keys("b")));
        assert!(settle(&rotated, &file("a"), now()).is_err());
        let (_, alone) = after(rotated, &file("b"), now());
        assert!(!opens(&alone, &keys("a")), "a key that was taken out goes on opening");
        // A database's own key is not given up unsaid.
        let (own, _) = after(Vec::new(), &Source::Database(None), now());
        assert!(matches!(settle(&own, &file("a"), now()), Err(LinkKeyFault::Another { .. })));
    }
}
