//! What a pass knows besides the obligations: catalogue, roster, calendar, windows, posts.
//!
//! Read once and kept until somebody changes it: each change moves the revision in the store on, and a pass that finds
//! another revision reads anew.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::error::{Result, SetupError};
use super::term;
use crate::domain::calendar::{Calendar, Zone};
use crate::domain::catalogue::Catalogue;
use crate::domain::duty::{Duty, DutyId, Mode};
use crate::domain::ladder::{Class, Ladder};
use crate::domain::node::Node;
use crate::domain::obligation::Obligation;
use crate::domain::plan::Owed;
use crate::domain::slot::Slots;
use crate::domain::step::{Chased, Context};
use crate::domain::unit::{FormerNames, PostId, Role, Roster};
use crate::domain::window::Window;
use crate::domain::world::World;
use crate::store::Tx;
use crate::store::catalogue::{NodeWindow, Version};
use crate::store::roster::Holder;
use crate::store::row::Stored;

/// The key of the revision in `meta`.
pub const REVISION: &str = "revision";
/// Written first by whoever moves the revision on, so that two wait for each other.
const REVISION_LOCK: &str = "revision_lock";
/// The key of the first day that counts.
pub const STARTS_ON: &str = "starts_on";

pub struct Known {
    /// Which state of the store this is.
    pub revision: i64,
    /// The first day that counts.
    pub starts_on: NaiveDate,
    /// The catalogue's versions, oldest first.
    pub versions: Vec<Version>,
    pub roster: Roster,
    /// What its units were called before.
    pub former: FormerNames,
    pub calendar: Calendar,
    pub windows: Vec<Node>,
    /// Who holds which post, by day.
    pub holders: HashMap<PostId, Vec<Holder>>,
    pub zone: Zone,
}

impl Known {
    pub async fn read(tx: &mut Tx, zone: Zone) -> Result<Known> {
        let starts_on = tx.meta(STARTS_ON).await?.and_then(|day| day.parse().ok());
        let starts_on = starts_on.ok_or(SetupError::EmptyDatabase)?;
        let former = tx.former_names().await?;
        let mut versions = tx.catalogue_versions().await?;
        for version in &mut versions {
            version.catalogue.rename_units(|name| former.present(name, version.applied_at));
        }
        let mut holders: HashMap<PostId, Vec<Holder>> = HashMap::new();
        for holder in tx.holders().await? {
            holders.entry(holder.post.clone()).or_default().push(holder);
        }
        Ok(Known {
            revision: revision(tx).await?,
            starts_on,
            versions,
            roster: tx.roster().await?,
            former,
            calendar: tx.calendar().await?,
            // One that was closed before it began has no days.
            windows: tx.windows().await?.iter().map(NodeWindow::node).filter(|node| node.first <= node.last).collect(),
            holders,
            zone,
        })
    }

    /// The version that rules periods opening on a day: the newest that is effective by then.
    pub fn version_on(&self, day: NaiveDate) -> Option<&Version> {
        let effective = self.versions.iter().filter(|version| version.effective_on <= day);
        effective.max_by_key(|version| (version.effective_on, version.version)).or(self.versions.first())
    }

    pub fn version(&self, number: i64) -> Option<&Version> {
        self.versions.iter().find(|version| version.version == number)
    }

    /// The plan's world under a catalogue.
    pub fn world<'a>(&'a self, catalogue: &'a Catalogue) -> World<'a> {
        World { catalogue, roster: &self.roster, calendar: &self.calendar, zone: self.zone, nodes: &self.windows }
    }

    pub fn slots(&self) -> Slots<'_> {
        Slots { calendar: &self.calendar, zone: self.zone }
    }

    /// The instant before which nothing is told: 00:00 of the first day that counts.
    pub fn starts_at(&self) -> DateTime<Utc> {
        self.zone.start_of(self.starts_on)
    }

    /// The catalogue an obligation was made by, its duty there, and the ladder it climbs now: duties stay as they were
    /// when it opened, ladders are those in force on `today`.
    ///
    /// # Errors
    /// The stored obligation names what no catalogue has.
    pub fn rules(&self, stored: &Stored, today: NaiveDate) -> std::result::Result<Rules<'_>, SetupError> {
        let Stored { obligation, catalogue, .. } = stored;
        let version = self.version(*catalogue).ok_or(SetupError::NoVersion(*catalogue))?;
        let duty = find_duty(&version.catalogue, &obligation.duty)?;
        let class = Class::of(duty, obligation.form);
        let ladder = self
            .version_on(today)
            .and_then(|version| version.catalogue.ladder(class))
            .or_else(|| version.catalogue.ladder(class))
            .ok_or(SetupError::NoLadder(class))?;
        Ok(Rules { catalogue: &version.catalogue, duty, ladder })
    }

    /// Where a post's letters go on a day.
    pub fn address(&self, post: &PostId, day: NaiveDate) -> Option<&str> {
        self.holder(post, day).map(|holder| holder.address_on(day))
    }

    /// Who holds a post on a day; before its first holder's day, that one.
    pub fn holder(&self, post: &PostId, day: NaiveDate) -> Option<&Holder> {
        let holders = self.holders.get(post)?;
        let current = holders.iter().rfind(|holder| holder.from_on <= day);
        current.or(holders.first())
    }

    /// When the term of who holds a post now began; `None` = nobody held it before them.
    pub fn term_began(&self, post: &PostId, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        term::began(self.holders.get(post)?, self.zone, now)
    }

    /// Whether what was made for a post's holder then was made for somebody who does not hold it any more.
    pub fn is_a_formers(&self, post: &PostId, made_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        self.term_began(post, now).is_some_and(|began| made_at < began)
    }

    /// Who holds the posts that get letters on a day, and after it, in the order of the roster.
    pub fn holders_from(&self, day: NaiveDate) -> impl Iterator<Item = &Holder> {
        const ROLES: [Role; 4] = [Role::Office, Role::Liaison, Role::Deputy, Role::Head];
        let units = self.roster.units.iter();
        let posts = units.flat_map(|unit| ROLES.map(|role| PostId { unit: unit.name.clone(), role }));
        posts.flat_map(move |post| {
            let current = self.holder(&post, day);
            let all = self.holders.get(&post).into_iter().flatten();
            all.filter(move |holder| holder.from_on > day || current.is_some_and(|current| current == *holder))
        })
    }

    /// The obligation's window for acts and filings.
    pub fn window(&self, obligation: &Obligation, rules: &Rules<'_>) -> Window {
        Window::of(obligation, rules.duty, rules.ladder, self.slots())
    }

    /// The posts of these roles: of each owner, or the office's own.
    pub fn posts_of(&self, obligation: &Obligation, roles: &[Role]) -> Vec<PostId> {
        let mut posts = Vec::new();
        for role in roles {
            if *role == Role::Office {
                posts.push(self.roster.office_post());
            } else {
                posts.extend(obligation.owners.iter().map(|unit| PostId { unit: unit.clone(), role: *role }));
            }
        }
        posts
    }

    /// A new obligation, as it is before anything has happened to it.
    pub fn planned(&self, version: i64, owed: Owed) -> Stored {
        let duty = self.version(version).and_then(|version| version.catalogue.duty(&owed.duty));
        let joint = duty.is_some_and(|duty| duty.mode == Mode::Joint);
        let before_start = self.starts_at() - TimeDelta::seconds(1);
        Stored::new(Obligation::planned(owed, joint, before_start, self.zone), version)
    }
}

/// The duty and ladder of an obligation.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The catalogue it was made by.
    pub catalogue: &'a Catalogue,
    pub duty: &'a Duty,
    pub ladder: &'a Ladder,
}

impl<'a> Rules<'a> {
    /// What a step is decided by, for one of which nothing else is known.
    pub fn context(&self, world: &'a World<'a>) -> Context<'a> {
        Context {
            duty: self.duty,
            ladder: self.ladder,
            world,
            series: &[],
            reminder_taken: false,
            chased: Chased::Waiting,
        }
    }
}

fn find_duty<'a>(catalogue: &'a Catalogue, id: &DutyId) -> std::result::Result<&'a Duty, SetupError> {
    catalogue.duty(id).ok_or_else(|| SetupError::NoDuty(id.clone()))
}

pub async fn revision(tx: &mut Tx) -> Result<i64> {
    Ok(revision_of(tx.meta(REVISION).await?))
}

/// The revision that `meta` names.
pub fn revision_of(value: Option<String>) -> i64 {
    value.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Moves the revision on: whoever changes catalogue, roster, calendar, windows or posts says so in the same transaction.
pub async fn touch(tx: &mut Tx) -> Result<()> {
    tx.set_meta(REVISION_LOCK, "").await?;
    let next = revision(tx).await? + 1;
    Ok(tx.set_meta(REVISION, &next.to_string()).await?)
}
