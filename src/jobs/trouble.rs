//! What could not be worked on: how `trouble` rows name it, and when it counts as well again.
//!
//! Whoever records a trouble also ends it, in the transaction in which the same thing works; housekeeping ends those of
//! obligations to which nothing will happen any more. Decides nothing else.

use std::collections::HashSet;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::domain::unit::PostId;
use crate::engine::Result;
use crate::engine::known::Known;
use crate::store::Tx;
use crate::store::runs::Trouble;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Troubled {
    /// The obligation of that number: its step cannot be decided.
    Obligation(i64),
    Post(PostId),
    /// The letter for these posts cannot be worded.
    Letter(Vec<PostId>),
    Digest,
}

impl fmt::Display for Troubled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Troubled::Obligation(id) => write!(f, "obligation {id}"),
            Troubled::Post(post) => write!(f, "post {post}"),
            Troubled::Letter(posts) => {
                let posts: Vec<String> = posts.iter().map(ToString::to_string).collect();
                write!(f, "letter to {}", posts.join(";"))
            }
            Troubled::Digest => f.write_str("digest"),
        }
    }
}

/// Records that something could not be worked on.
pub async fn record(tx: &mut Tx, subject: &Troubled, now: DateTime<Utc>, words: &str) -> Result<()> {
    tx.add_trouble(&subject.to_string(), now, words).await?;
    Ok(())
}

/// Ends the trouble of what works again. Nearly always there is none at all, and this costs one look.
pub async fn end(tx: &mut Tx, works: &[Troubled]) -> Result<()> {
    let held: HashSet<String> = tx.troubles().await?.into_iter().map(|trouble| trouble.subject).collect();
    if held.is_empty() {
        return Ok(());
    }
    for subject in works {
        let subject = subject.to_string();
        if held.contains(&subject) {
            tx.end_trouble(&subject).await?;
        }
    }
    Ok(())
}

/// Ends what no later success can end: troubles of obligations without a next step, and of posts that have got an
/// address while there was nothing to tell them. Returns how many.
pub async fn sweep(tx: &mut Tx, known: &Known, now: DateTime<Utc>) -> Result<u64> {
    let today = known.zone.day_of(now);
    let addressed: HashSet<String> = known
        .holders
        .keys()
        .filter(|post| known.address(post, today).is_some())
        .map(|post| Troubled::Post(post.clone()).to_string())
        .collect();
    let mut ended = 0;
    for Trouble { subject, .. } in tx.troubles().await? {
        let over = match subject.strip_prefix("obligation ").and_then(|id| id.parse().ok()) {
            Some(id) => tx.obligation(id).await?.is_none_or(|row| row.obligation.next_at.is_none()),
            None => addressed.contains(&subject),
        };
        if over {
            tx.end_trouble(&subject).await?;
            ended += 1;
        }
    }
    Ok(ended)
}
