//! The first start: an empty database gets the embedded seeds, all of them or none.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use crate::catalogue::{PostEntry, Seeds};
use crate::domain::action::Action;
use crate::engine::known::{self, STARTS_ON};
use crate::engine::{Engine, Result};
use crate::store::Tx;
use crate::store::catalogue::Version;
use crate::store::log::DAEMON;
use crate::store::roster::{Holder, StandIn};

/// What a first start put into the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    pub duties: usize,
    pub units: usize,
    /// The first day that counts.
    pub starts_on: NaiveDate,
}

/// The day on which the first version takes effect: before any period.
const FIRST_VERSION_ON: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();

/// Loads the seeds into an empty database. `None` when it has been set up before.
pub async fn set_up(engine: &Engine, seeds: &Seeds) -> Result<Option<Loaded>> {
    let now = engine.clock.now();
    let starts_on = engine.settings.starts_on.unwrap_or_else(|| engine.settings.zone.day_of(now));
    let mut tx = engine.store.write().await?;
    // Whoever sets this first does the rest; a second process that starts at the same moment waits and finds it.
    if !tx.put_meta(STARTS_ON, &starts_on.to_string()).await? {
        return Ok(None);
    }
    let version = Version {
        version: 1,
        effective_on: FIRST_VERSION_ON,
        applied_at: now,
        by_post: DAEMON.to_owned(),
        catalogue: seeds.catalogue.clone(),
    };
    tx.insert_catalogue_version(&version).await?;
    tx.put_roster(&seeds.roster).await?;
    if let (Some((first, _)), Some((last, _))) =
        (seeds.calendar.listed.first_key_value(), seeds.calendar.listed.last_key_value())
    {
        tx.replace_calendar_days(*first, *last, &seeds.calendar.listed).await?;
    }
    put_posts(&mut tx, &seeds.posts, FIRST_VERSION_ON, now).await?;
    let detail =
        json!({ "duties": seeds.catalogue.duties.len(), "units": seeds.roster.units.len(), "starts_on": starts_on });
    tx.note(now, DAEMON, Action::SetUp, &detail).await?;
    known::touch(&mut tx).await?;
    tx.commit().await?;
    Ok(Some(Loaded { duties: seeds.catalogue.duties.len(), units: seeds.roster.units.len(), starts_on }))
}

/// Records the holders of posts from a day on.
pub async fn put_posts(tx: &mut Tx, posts: &[PostEntry], from_on: NaiveDate, now: DateTime<Utc>) -> Result<()> {
    for entry in posts {
        let stand_in = entry.stand_in_address.as_ref().map(|address| StandIn {
            address: address.clone(),
            from: entry.from.unwrap_or(NaiveDate::MIN),
            until: entry.until.unwrap_or(FAR),
        });
        let holder = Holder {
            post: entry.post.clone(),
            holder: entry.holder.clone(),
            address: entry.address.clone(),
            stand_in: stand_in.map(|stand_in| StandIn { from: stand_in.from.max(FIRST_VERSION_ON), ..stand_in }),
            from_on,
        };
        tx.put_holder(&holder, now).await?;
    }
    Ok(())
}

/// Until further notice.
const FAR: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();
