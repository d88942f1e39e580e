//! Posts that cannot be told anything for want of an address, and what each could not be told.
//!
//! A post is one of them as soon as something waits for it; a unit's liaison, who is told first, before that.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::words;
use crate::domain::unit::{PostId, Role};
use crate::engine::Result;
use crate::engine::known::Known;
use crate::store::Tx;

/// The posts in the roster's order, each with the obligations of which it was to be told.
pub type Untold = Vec<(PostId, Vec<i64>)>;

/// More of what a post could not be told is counted, not named.
const MOST_NAMED: usize = 8;

pub async fn posts(tx: &mut Tx, known: &Known, today: NaiveDate) -> Result<Untold> {
    let mut waiting: BTreeMap<PostId, Vec<i64>> = BTreeMap::new();
    for (post, obligation) in tx.untold().await? {
        waiting.entry(post).or_default().push(obligation);
    }
    let mut untold = Untold::new();
    for unit in known.roster.units.iter().filter(|unit| unit.active_on(today)) {
        for role in [Role::Office, Role::Liaison, Role::Deputy, Role::Head] {
            let post = PostId { unit: unit.name.clone(), role };
            let waits = waiting.remove(&post);
            let needed = role == Role::Liaison || (role == Role::Office && unit.name == known.roster.office);
            if known.address(&post, today).is_none() && (needed || waits.is_some()) {
                untold.push((post, waits.unwrap_or_default()));
            }
        }
    }
    Ok(untold)
}

/// What each could not be told, in an office's words: `2.2（10月31日）、13.2（10月31日）`.
pub async fn rows(tx: &mut Tx, known: &Known, untold: &Untold, today: NaiveDate) -> Result<Vec<(PostId, String)>> {
    let mut rows = Vec::with_capacity(untold.len());
    for (post, ids) in untold {
        let named: Vec<i64> = ids.iter().copied().take(MOST_NAMED).collect();
        let obligations = tx.obligations_in_order(&named).await?;
        let name = |row: &crate::store::row::Stored| {
            let due = words::deadline(known.zone, row.obligation.round.due_at, today);
            format!("{}（{due}）", row.obligation.duty)
        };
        let names = obligations.iter().map(name).collect::<Vec<_>>().join("、");
        let what = match ids.len() {
            0 => "尚无须告知的事项".to_owned(),
            n if n > MOST_NAMED => format!("{names}等{n}项"),
            _ => names,
        };
        rows.push((post.clone(), what));
    }
    Ok(rows)
}
