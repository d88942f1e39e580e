//! What evidence is being received at this moment, by post.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::unit::PostId;

/// Bytes that are being received, by post.
#[derive(Default)]
pub struct Coming(Mutex<HashMap<PostId, u64>>);

impl Coming {
    /// Counts what comes in from a post, or no longer does. Returns how much that is now.
    pub fn count(&self, post: &PostId, change: impl FnOnce(u64) -> u64) -> u64 {
        let mut coming = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = change(coming.get(post).copied().unwrap_or_default());
        if now == 0 {
            coming.remove(post);
        } else {
            coming.insert(post.clone(), now);
        }
        now
    }
}
