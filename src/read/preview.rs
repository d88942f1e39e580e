//! Who would be told what in the days ahead if nobody filed: the domain's own steps over rows held in memory.
//!
//! Reads in one transaction and writes nothing. It takes what is known now as it will stand then, every letter as taken
//! by the mail server, and obligations as far as they have been made: the horizon.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::series::{all_series, decide, member};
use crate::domain::series::Member;
use crate::domain::step::{self, Chased, NoticeKind};
use crate::domain::unit::PostId;
use crate::engine::known::Known;
use crate::engine::{Engine, Result, SetupError};
use crate::store::row::Stored;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    pub at: DateTime<Utc>,
    pub post: PostId,
    pub kind: NoticeKind,
    pub obligation: i64,
    /// Whether it only stands in the morning letter once more.
    pub stands: bool,
}

/// What would come, in the order of instants, and the obligations it is about.
pub struct Preview {
    pub notices: Vec<Ahead>,
    pub obligations: HashMap<i64, Stored>,
}

/// What would be told until then if nobody filed.
pub async fn preview(engine: &Engine, until: DateTime<Utc>) -> Result<Preview> {
    let now = engine.clock.now();
    let mut tx = engine.store.read().await?;
    let known = engine.known_in(&mut tx).await?;
    let due = tx.due_obligations(until, usize::MAX).await?;
    let mut oldest: HashMap<String, DateTime<Utc>> = HashMap::new();
    for row in &due {
        let first = oldest.entry(row.series.clone()).or_insert(row.obligation.opens_at);
        *first = row.obligation.opens_at.min(*first);
    }
    let series = all_series(&mut tx, &oldest, now).await?;
    let mut rows: HashMap<i64, Stored> = series.into_values().flatten().map(|row| (row.obligation.id, row)).collect();
    drop(tx);
    let waiting = due.iter().filter_map(|row| Some((row.obligation.next_at?, row.obligation.id))).collect();
    rows.extend(due.into_iter().map(|row| (row.obligation.id, row)));
    let ahead = Steps { known, rows, waiting, now, until };
    let done = tokio::task::spawn_blocking(move || ahead.run()).await;
    Ok(done??)
}

struct Steps {
    known: Arc<Known>,
    rows: HashMap<i64, Stored>,
    /// What comes next of each row.
    waiting: BTreeSet<(DateTime<Utc>, i64)>,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
}

impl Steps {
    fn run(mut self) -> std::result::Result<Preview, SetupError> {
        let mut series: HashMap<String, Vec<(DateTime<Utc>, i64)>> = HashMap::new();
        for row in self.rows.values() {
            series.entry(row.series.clone()).or_default().push((row.obligation.opens_at, row.obligation.id));
        }
        for rows in series.values_mut() {
            rows.sort_unstable();
        }
        let proven: HashSet<i64> = self.rows.keys().copied().collect();
        let mut notices = Vec::new();
        while let Some((at, id)) = self.waiting.pop_first().filter(|(at, _)| *at <= self.until) {
            let at = at.max(self.now);
            let Some(stored) = self.rows.get(&id) else { continue };
            let rules = self.known.rules(stored, self.known.zone.day_of(at))?;
            let needs = step::needs(&stored.obligation, &rules.context(&self.known.world(rules.catalogue)), at);
            let around = series.get(&stored.series).filter(|_| needs.series);
            let around = around.into_iter().flatten().filter(|(opens_at, _)| *opens_at <= at);
            let around: Vec<Member> =
                around.filter_map(|(_, id)| member(&self.known, self.rows.get(id)?, &proven, at)).collect();
            let chased = Chased::in_its_slot(&stored.obligation);
            let advance = decide(&self.known, &rules, stored, &around, true, chased, at)?;
            for telling in &advance.tellings {
                let to = self.known.posts_of(&advance.obligation, &telling.to).into_iter();
                let (at, kind, stands) = (telling.at, telling.kind, telling.stands);
                notices.extend(to.map(|post| Ahead { at, post, kind, obligation: id, stands }));
            }
            self.waiting.extend(advance.obligation.next_at.map(|next| (next, id)));
            if let Some(row) = self.rows.get_mut(&id) {
                row.obligation = advance.obligation;
            }
        }
        notices.sort_by_key(|notice| notice.at);
        Ok(Preview { notices, obligations: self.rows })
    }
}
