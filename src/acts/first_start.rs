//! The first start: an empty database gets the embedded seeds, all of them or none.

use chrono::{DateTime, Months, NaiveDate, Utc};
use serde_json::json;

use crate::catalogue::{PostEntry, Seeds};
use crate::clock::{self, Clock};
use crate::domain::action::Action;
use crate::domain::calendar::{Calendar, YearStatus, Zone, notice_year};
use crate::engine::known::{self, STARTS_ON};
use crate::engine::{Engine, Result, SetupError};
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

/// A clock that says a later year than so many after the program's own is not believed either.
const MOST_YEARS: u32 = 20;
/// The month before which no notice for the next year is published.
const NOTICES_FROM: u32 = 10;

/// The first day on which this program can be running: it was built by then, and the newest notice that it holds had been
/// published.
fn oldest(zone: Zone, built_at: Option<DateTime<Utc>>, calendar: &Calendar) -> NaiveDate {
    let years = calendar.listed.iter().map(|(day, listed)| notice_year(*day, &listed.name));
    let newest = years.filter(|year| calendar.year(*year) == YearStatus::Published).max();
    let published = newest.and_then(|year| NaiveDate::from_ymd_opt(year - 1, NOTICES_FROM, 1));
    let built_on = built_at.map(|at| zone.day_of(at));
    published.max(built_on).unwrap_or(FIRST_VERSION_ON)
}

/// Refuses a clock that this program can't be running by: what counts would begin on its day, for ever.
fn check_clock(now: NaiveDate, least: NaiveDate) -> std::result::Result<(), SetupError> {
    let most = least.checked_add_months(Months::new(12 * MOST_YEARS)).unwrap_or(NaiveDate::MAX);
    if (least..=most).contains(&now) { Ok(()) } else { Err(SetupError::Clock { now, least }) }
}

/// Loads the seeds into an empty database. `None` when it has been set up before.
///
/// # Errors
/// The machine's clock says what cannot be; nothing is written then, so that a later start begins anew.
pub async fn set_up(engine: &Engine, seeds: &Seeds) -> Result<Option<Loaded>> {
    let now = engine.clock.now();
    if let Clock::System = engine.clock
        && engine.store.read().await?.meta(STARTS_ON).await?.is_none()
    {
        check_clock(
            engine.settings.zone.day_of(now),
            oldest(engine.settings.zone, clock::built_at(), &seeds.calendar),
        )?;
    }
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
        tx.put_holder(&holder_of(entry, from_on, now)).await?;
    }
    Ok(())
}

/// Who holds a post from a day on, by an entry of a file.
pub fn holder_of(entry: &PostEntry, from_on: NaiveDate, recorded_at: DateTime<Utc>) -> Holder {
    let stand_in = entry.stand_in_address.as_ref().map(|address| StandIn {
        address: address.clone(),
        from: entry.from.unwrap_or(FIRST_VERSION_ON).max(FIRST_VERSION_ON),
        until: entry.until.unwrap_or(FAR),
    });
    let PostEntry { post, holder, address, .. } = entry.clone();
    Holder { post, holder, address, stand_in, from_on, recorded_at }
}

/// Until further notice.
const FAR: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap();

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Zone = Zone(chrono_tz::Asia::Shanghai);

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn no_program_is_older_than_its_newest_notice_or_its_build() {
        let calendar = Seeds::embedded().unwrap().calendar;
        // 2026 is the newest year with a notice; what is computed for 2027 proves nothing.
        assert_eq!(oldest(ZONE, None, &calendar), day("2025-10-01"));
        let built = DateTime::parse_from_rfc3339("2026-11-25T17:00:00Z").unwrap().to_utc();
        assert_eq!(oldest(ZONE, Some(built), &calendar), day("2026-11-26"));
        assert_eq!(oldest(ZONE, Some(DateTime::UNIX_EPOCH), &calendar), day("2025-10-01"));
        assert_eq!(oldest(ZONE, None, &Calendar::default()), FIRST_VERSION_ON);
    }

    #[test]
    fn a_clock_that_cannot_be_is_refused_in_words() {
        let least = day("2025-10-01");
        for right in ["2025-10-01", "2026-11-25", "2036-02-07", "2045-10-01"] {
            assert!(check_clock(day(right), least).is_ok(), "{right}");
        }
        // An empty clock, the year on many boards, the day before, and clocks that ran over.
        for wrong in ["1970-01-01", "2000-01-01", "2010-01-01", "2025-09-30", "2045-10-02", "2106-02-07"] {
            let refused = check_clock(day(wrong), least).unwrap_err().to_string();
            assert!(refused.contains(wrong) && refused.contains("2025-10-01"), "{refused}");
            assert!(refused.contains("nothing was written"), "{refused}");
        }
    }
}
