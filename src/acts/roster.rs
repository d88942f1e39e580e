//! Units join on a day, posts change hands from a day on. What has opened is never rewritten.

use chrono::{Days, NaiveDate};
use serde_json::json;

use super::first_start::{holder_of, put_posts};
use super::{Actor, Result, check_name, check_text, check_words, refuse};
use crate::catalogue::PostEntry;
use crate::domain::action::Action;
use crate::domain::address;
use crate::domain::name::LONGEST_HOLDER;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::roster::RosterRefusal;
use crate::domain::refusal::who::{NoSuch, NotTheirs};
use crate::domain::unit::{PostId, Role, Roster, Unit, UnitName};
use crate::engine::known::{Known, touch};
use crate::store::roster::{Holder, StandIn};

/// A unit as the office writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitEntry {
    pub name: UnitName,
    /// Its kind; `None` = stays.
    pub kind: Option<String>,
    /// The groups it is a member of; `None` = stays.
    pub groups: Option<Vec<String>>,
    /// Of a new unit, its first day; `None` = tomorrow.
    pub joined_on: Option<NaiveDate>,
    /// A departure that lies ahead is called off.
    pub stays: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    pub post: PostId,
    pub holder: String,
    pub address: String,
    /// From which day on; `None` = today.
    pub from_on: Option<NaiveDate>,
    /// A stand-in's address, and the days on which it is used instead.
    pub stand_in: Option<(String, NaiveDate, NaiveDate)>,
}

impl Actor<'_> {
    /// Writes a unit down: a new one from its first day on, or an existing one's kind and groups. What opens later
    /// follows; what has opened stays.
    ///
    /// # Errors
    /// The name or a group will not do, the day is not ahead, or it is neither the office nor the administrator that writes.
    pub async fn set_unit(&self, entry: &UnitEntry) -> Result<Unit> {
        self.require_settings()?;
        check_name(Field::UnitName, &entry.name.0)?;
        let kind = entry.kind.as_deref().map(|kind| check_words(Field::UnitKind, kind)).transpose()?;
        let today = self.known.zone.day_of(self.now);
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        let mut roster = tx.roster().await?;
        if let Some(group) = entry.groups.iter().flatten().find(|group| !roster.groups.contains(group)) {
            return refuse(NoSuch::NoGroup { group: group.clone(), known: roster.groups });
        }
        let there = |unit: &Unit| unit.left_on.is_none_or(|left| left > today);
        let active = roster.unit(&entry.name).is_some_and(there);
        if active && entry.joined_on.is_some() {
            return refuse(RosterRefusal::UnitThereAlready(entry.name.clone()));
        }
        let first = entry.joined_on.unwrap_or(today + Days::new(1));
        if !active && first <= today {
            return refuse(RosterRefusal::UnitJoinsTooSoon(first));
        }
        let place = roster.units.iter().position(|unit| unit.name == entry.name);
        let known = place.and_then(|place| roster.units.get(place).cloned());
        let mut unit = known.unwrap_or_else(|| Unit {
            name: entry.name.clone(),
            kind: String::new(),
            groups: Vec::new(),
            joined_on: None,
            left_on: None,
        });
        unit.kind = kind.map_or(unit.kind, str::to_owned);
        unit.groups = entry.groups.clone().unwrap_or(unit.groups);
        if !active {
            unit.joined_on = Some(first);
        }
        if !active || entry.stays {
            unit.left_on = None;
        }
        match place.and_then(|place| roster.units.get_mut(place)) {
            Some(place) => *place = unit.clone(),
            None => roster.units.push(unit.clone()),
        }
        tx.put_roster(&roster).await?;
        if unit.left_on.is_none() {
            tx.set_leaves_for(&unit.name, None).await?;
        }
        self.note(&mut tx, Action::SetUnit, &json!(unit)).await?;
        tx.commit().await?;
        Ok(unit)
    }

    /// Puts somebody on a post from a day on. Whoever sets the settings does so for every post; a unit's post hands
    /// over itself and those below it in its unit: a liaison who could name the head would sign in the head's stead.
    ///
    /// # Errors
    /// There is no such post, the name or address will not do, the day is past, or it is not this post's to hand over.
    pub async fn set_post(&self, takeover: &Takeover) -> Result<()> {
        let today = self.known.zone.day_of(self.now);
        let from_on = takeover.from_on.unwrap_or(today);
        self.check_post()?;
        let post = &takeover.post;
        if !(self.sets() || self.acts_for(&post.unit)) || !post_exists(&self.known.roster, post) {
            return refuse(NoSuch::NoOwnPost { post: post.clone(), unit: self.by.unit.clone() });
        }
        if !self.sets() && post.role > self.by.role {
            return refuse(NotTheirs::PostAboveNotHandedOver { by: self.by.clone(), post: post.clone() });
        }
        let person = check_text(Field::Holder, &takeover.holder, LONGEST_HOLDER)?;
        let address = check_address(&takeover.address)?;
        let stand_in = takeover.stand_in.as_ref().map(|(address, from, until)| {
            let address = check_address(address)?.to_owned();
            if until < from {
                return refuse(RosterRefusal::StandInEndsFirst { until: *until, from: *from });
            }
            Ok(StandIn { address, from: *from, until: *until })
        });
        let stand_in = stand_in.transpose()?;
        if from_on < today {
            return refuse((Field::FirstDay, FieldRefusal::DayPast(from_on)));
        }
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        let known = Known::read(&mut tx, self.known.zone).await?;
        check_office_address(&known, post, address, from_on)?;
        let (holder, address) = (person.to_owned(), address.to_owned());
        let holder = Holder { post: post.clone(), holder, address, stand_in, from_on, recorded_at: self.now };
        tx.put_holder(&holder).await?;
        // Addresses are personal: the log says that the post changed hands, not where its letters go.
        let detail = json!({ "post": post.to_string(), "holder": person, "from": from_on });
        self.note(&mut tx, Action::SetPost, &detail).await?;
        Ok(tx.commit().await?)
    }

    /// Loads the holders of many posts, from today on. Those that nothing changes for are left as they are. Returns how
    /// many changed.
    ///
    /// # Errors
    /// It is neither the office nor the administrator that loads, or one of them will not do.
    pub async fn import_posts(&self, posts: &[PostEntry]) -> Result<usize> {
        self.require_settings()?;
        let today = self.known.zone.day_of(self.now);
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        let known = Known::read(&mut tx, self.known.zone).await?;
        if let Some(entry) = posts.iter().find(|entry| !post_exists(&known.roster, &entry.post)) {
            return refuse(NoSuch::NoPost(entry.post.clone()));
        }
        let news = |entry: &&PostEntry| {
            let current = known.holder(&entry.post, today);
            current.is_none_or(|current| *current != holder_of(entry, current.from_on, current.recorded_at))
        };
        let changed: Vec<PostEntry> = posts.iter().filter(news).cloned().collect();
        if changed.is_empty() {
            return Ok(0);
        }
        put_posts(&mut tx, &changed, today, self.now).await?;
        let after = Known::read(&mut tx, self.known.zone).await?;
        let office = after.roster.office_post();
        if let Some(address) = after.address(&office, today) {
            check_office_address(&after, &office, address, today)?;
        }
        let names: Vec<String> = changed.iter().map(|entry| entry.post.to_string()).collect();
        self.note(&mut tx, Action::ImportPosts, &json!({ "posts": names })).await?;
        tx.commit().await?;
        Ok(changed.len())
    }
}

pub fn post_exists(roster: &Roster, post: &PostId) -> bool {
    roster.unit(&post.unit).is_some() && (post.role.is_of_unit() || post.unit == roster.office)
}

fn check_address(written: &str) -> Result<&str> {
    address::read(written).or_else(|fault| refuse((Field::Address, FieldRefusal::NoEmailAddress(fault))))
}

/// The digest's mailbox is another one than the liaison's of the same unit.
fn check_office_address(known: &Known, post: &PostId, address: &str, day: NaiveDate) -> Result<()> {
    let other = match post.role {
        Role::Office => Role::Liaison,
        Role::Liaison if post.unit == known.roster.office => Role::Office,
        _ => return Ok(()),
    };
    let other = PostId { unit: post.unit.clone(), role: other };
    if known.address(&other, day).is_some_and(|taken| taken.eq_ignore_ascii_case(address)) {
        return refuse(RosterRefusal::OfficeSharesAddress);
    }
    Ok(())
}
