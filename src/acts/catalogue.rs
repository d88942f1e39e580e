//! 目录: changed seeds become a new version that takes effect on a day. All of it or nothing.
//!
//! Duties touch what has not opened yet. Ladders also re-time the unfired steps of what is open, from the effective day
//! on. Units follow the roster's own rules, listed days those of a notice. Holders of posts are not the seeds' to
//! change: only posts that nobody holds get one.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::departure::departing;
use super::first_start::put_posts;
use super::{Actor, Result, refuse};
use crate::catalogue::diff::{Change, Subject, diff, diff_rosters};
use crate::catalogue::{Diagnostics, ListedDays, PostEntry, Seeds};
use crate::domain::action::Action;
use crate::domain::calendar::{Calendar, YearStatus, notice_year};
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::roster::RosterRefusal;
use crate::domain::refusal::setting::SettingRefusal;
use crate::domain::unit::{Roster, Unit, UnitName};
use crate::engine::known::{Known, touch};
use crate::store::catalogue::Version;

/// What seeds would change, or have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Duties, ladders, nodes, events, clauses; units and groups.
    pub entries: Vec<Change>,
    /// The years whose listed days change.
    pub years: BTreeSet<i32>,
    /// Posts that get their first holder.
    pub posts: Vec<PostEntry>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.years.is_empty() && self.posts.is_empty()
    }

    /// What stands for these changes from that day on: whoever confirms them says that these, and no others, were shown.
    pub fn mark(&self, effective_on: NaiveDate) -> String {
        let Changes { entries, years, posts } = self;
        hex::encode(Sha256::digest(format!("{effective_on}\n{entries:?}\n{years:?}\n{posts:?}").as_bytes()))
    }

    fn of_catalogue(&self) -> bool {
        let roster = [Subject::Unit, Subject::Group, Subject::Office];
        self.entries.iter().any(|change| !roster.contains(&change.subject))
    }

    fn of_roster(&self) -> bool {
        let roster = [Subject::Unit, Subject::Group, Subject::Office];
        self.entries.iter().any(|change| roster.contains(&change.subject))
    }
}

/// What whoever applies seeds has seen and agreed to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Agreed<'a> {
    /// The changes that were shown ([`Changes::mark`]); `None` = whatever they are.
    pub shown: Option<&'a str>,
    /// Units that the files do not have leave.
    pub units_leave: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub changes: Changes,
    /// From which day on.
    pub effective_on: NaiveDate,
    /// The new version of the catalogue, if the catalogue changed.
    pub version: Option<i64>,
}

/// What is in force on a day, with these files in place of its own: `duties.toml` alone, or as many as were given. Posts
/// are taken from a file alone.
///
/// # Errors
/// A file is none of the seeds', or there are mistakes in them: all of them are told.
pub fn with_files(
    known: &Known,
    files: &[(String, Vec<u8>)],
    effective_on: NaiveDate,
) -> std::result::Result<Seeds, Diagnostics> {
    let ruling = known.version_on(effective_on).map(|version| version.catalogue.clone());
    let base = Seeds {
        catalogue: ruling.unwrap_or_default(),
        roster: still_there(&known.roster, effective_on),
        calendar: known.calendar.clone(),
        posts: Vec::new(),
    };
    base.with_files(files)
}

/// What seeds would change of what is known, from a day on.
pub fn changes(known: &Known, seeds: &Seeds, effective_on: NaiveDate) -> Changes {
    let mut entries = known.version_on(effective_on).map_or_else(Vec::new, |version| {
        // The version that would rule then is the one that is replaced.
        diff(&version.catalogue, &seeds.catalogue)
    });
    entries.extend(diff_rosters(&still_there(&known.roster, effective_on), &merged(&known.roster, seeds)));
    let posts = seeds.posts.iter().filter(|entry| !known.holders.contains_key(&entry.post)).cloned().collect();
    Changes { entries, years: changed_years(&known.calendar, &seeds.calendar), posts }
}

/// The stored roster without the units that are gone by then.
fn still_there(roster: &Roster, day: NaiveDate) -> Roster {
    let units = roster.units.iter().filter(|unit| unit.left_on.is_none_or(|left| left > day)).cloned().collect();
    Roster { units, ..roster.clone() }
}

/// The seeds' roster with the days on which stored units joined or will leave, where the seeds do not give any.
fn merged(stored: &Roster, seeds: &Seeds) -> Roster {
    let merge = |unit: &Unit| {
        let known = stored.unit(&unit.name);
        Unit {
            joined_on: unit.joined_on.or(known.and_then(|known| known.joined_on)),
            left_on: unit.left_on.or(known.and_then(|known| known.left_on)),
            ..unit.clone()
        }
    };
    Roster { units: seeds.roster.units.iter().map(merge).collect(), ..seeds.roster.clone() }
}

/// Units that are there on a day and that the files do not have.
fn leaving(stored: &Roster, files: &Roster, day: NaiveDate) -> Vec<UnitName> {
    let there = still_there(stored, day).units.into_iter().map(|unit| unit.name);
    there.filter(|name| files.unit(name).is_none()).collect()
}

fn changed_years(before: &Calendar, after: &Calendar) -> BTreeSet<i32> {
    let of_year = |calendar: &Calendar, year: i32| {
        let listed = calendar.listed.iter().filter(|(day, listed)| notice_year(**day, &listed.name) == year);
        listed.map(|(day, listed)| (*day, listed.clone())).collect::<Vec<_>>()
    };
    let years: BTreeSet<i32> = after.listed.iter().map(|(day, listed)| notice_year(*day, &listed.name)).collect();
    // Computed days never take the place of a notice.
    let worse = |year: i32| before.year(year) == YearStatus::Published && after.year(year) != YearStatus::Published;
    years.into_iter().filter(|year| !worse(*year) && of_year(before, *year) != of_year(after, *year)).collect()
}

impl Actor<'_> {
    /// Applies seeds from a day on; without one, from tomorrow.
    ///
    /// # Errors
    /// Nothing changes, or something else than was shown; the day is past; units would leave and nobody has confirmed it, or
    /// cannot; or it is neither the office nor the administrator that applies.
    pub async fn apply_seeds(
        &self,
        seeds: &Seeds,
        effective_on: Option<NaiveDate>,
        agreed: Agreed<'_>,
    ) -> Result<Applied> {
        self.require_settings()?;
        let today = self.known.zone.day_of(self.now);
        let effective_on = effective_on.unwrap_or(today + Days::new(1));
        if effective_on < today {
            return refuse((Field::EffectiveDay, FieldRefusal::DayPast(effective_on)));
        }
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        let known = Known::read(&mut tx, self.known.zone).await?;
        let changes = changes(&known, seeds, effective_on);
        if changes.is_empty() {
            return refuse(SettingRefusal::NothingToApply);
        }
        let leaving = leaving(&known.roster, &seeds.roster, effective_on);
        if !leaving.is_empty() && !agreed.units_leave {
            let mut units = Vec::with_capacity(leaving.len());
            for unit in &leaving {
                units.push(departing(&mut tx, &known, unit, effective_on, self.now).await?);
            }
            return refuse(RosterRefusal::UnitsGoneFromFiles(units));
        }
        if agreed.shown.is_some_and(|shown| shown != changes.mark(effective_on)) {
            return refuse(SettingRefusal::OtherThanShown);
        }
        let mut version = None;
        if changes.of_catalogue() {
            let number = known.versions.iter().map(|version| version.version).max().unwrap_or(0) + 1;
            let new = Version {
                version: number,
                effective_on,
                applied_at: self.now,
                by_post: self.by.to_string(),
                catalogue: seeds.catalogue.clone(),
            };
            tx.insert_catalogue_version(&new).await?;
            version = Some(number);
        }
        if changes.of_roster() {
            self.apply_roster(&mut tx, &known.roster, seeds, effective_on).await?;
        }
        if !changes.years.is_empty() {
            let days = seeds.calendar.listed.iter();
            let days = days.filter(|(day, listed)| changes.years.contains(&notice_year(**day, &listed.name)));
            let days = days.map(|(day, listed)| (*day, listed.clone())).collect();
            self.import_calendar_in(&mut tx, &ListedDays { years: changes.years.clone(), days, only: None }).await?;
        }
        put_posts(&mut tx, &changes.posts, today, self.now).await?;
        let summary: Vec<String> = changes
            .entries
            .iter()
            .map(|change| change.to_string().lines().next().unwrap_or_default().to_owned())
            .collect();
        let detail = json!({
            "version": version, "effective_on": effective_on, "changes": summary, "years": changes.years,
        });
        self.note(&mut tx, Action::ApplySeeds, &detail).await?;
        tx.commit().await?;
        Ok(Applied { changes, effective_on, version })
    }

    async fn apply_roster(
        &self,
        tx: &mut crate::store::Tx,
        stored: &Roster,
        seeds: &Seeds,
        effective_on: NaiveDate,
    ) -> Result<()> {
        let today = self.known.zone.day_of(self.now);
        let mut roster = merged(stored, seeds);
        for unit in &mut roster.units {
            match stored.unit(&unit.name) {
                // One that was gone and stands in the files again joins anew.
                Some(known)
                    if known.left_on.is_some_and(|left| left <= effective_on) && unit.left_on == known.left_on =>
                {
                    unit.joined_on = Some(effective_on);
                    unit.left_on = None;
                }
                Some(_) => {}
                None => unit.joined_on = Some(unit.joined_on.unwrap_or(effective_on).max(today)),
            }
        }
        // A unit that the files no longer have stays known, for what it owed.
        let named: BTreeSet<UnitName> = roster.units.iter().map(|unit| unit.name.clone()).collect();
        let gone: Vec<Unit> = stored.units.iter().filter(|unit| !named.contains(&unit.name)).cloned().collect();
        let leaving = leaving(stored, &seeds.roster, effective_on);
        roster.units.extend(gone);
        tx.put_roster(&roster).await?;
        for unit in leaving {
            self.leave_in(tx, &unit, effective_on, "名册调整，该单位不再列入").await?;
        }
        Ok(())
    }
}
