//! A unit is not its name: called otherwise, it keeps all that it has; merged into another, that one goes on with it.
//!
//! What was written before keeps the name of its day; the catalogue's versions are read with the names that the units
//! bear now.

use serde_json::json;

use super::{Actor, LONGEST_REASON, Result, check_name, check_text, refuse};
use crate::domain::action::Action;
use crate::domain::obligation::Obligation;
use crate::domain::phase::Phase;
use crate::domain::query::{Order, Query};
use crate::domain::refusal::field::Field;
use crate::domain::refusal::obligation::ObligationRefusal;
use crate::domain::refusal::roster::RosterRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::domain::unit::{PostId, Role, Roster, Unit, UnitName};
use crate::engine::known::{Known, touch};
use crate::store::Tx;
use crate::store::row::Stored;

/// What a successor took over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// What it goes on with.
    pub taken_over: Vec<Stored>,
    /// What it owed of its own already, so that it was closed for the unit that is gone.
    pub closed: Vec<Stored>,
    /// The groups that it joined, because the other unit was in them.
    pub groups: Vec<String>,
}

impl Actor<'_> {
    /// Calls a unit otherwise from now on. It keeps its posts, duties, items and rows of misses.
    ///
    /// # Errors
    /// There is no such unit, the name will not do or is another's, or it is neither the office nor the administrator that
    /// writes.
    pub async fn rename_unit(&self, unit: &UnitName, name: &UnitName) -> Result<Unit> {
        self.require_settings()?;
        check_name(Field::UnitName, &name.0)?;
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        let roster = tx.roster().await?;
        let Some(known) = self.there(&roster, unit) else { return refuse(NoSuch::NoUnit(unit.clone())) };
        if name == unit {
            return refuse(RosterRefusal::SameUnit(name.clone()));
        }
        if roster.unit(name).is_some() {
            return refuse(RosterRefusal::NameTaken(name.clone()));
        }
        tx.rename_unit(unit, name, self.now).await?;
        let detail = json!({ "unit": unit, "name": name });
        self.note(&mut tx, Action::RenameUnit, &detail).await?;
        tx.commit().await?;
        Ok(Unit { name: name.clone(), ..known })
    }

    /// The unit of that name, unless it is gone.
    fn there(&self, roster: &Roster, unit: &UnitName) -> Option<Unit> {
        let today = self.known.zone.day_of(self.now);
        roster.unit(unit).filter(|unit| unit.left_on.is_none_or(|left| left > today)).cloned()
    }

    /// A unit takes over from another, which leaves today: its open items, its rows of misses, its duties and its places in
    /// groups. A successor that is not on the roster yet begins today.
    ///
    /// # Errors
    /// There is no such unit, it is the office's, the successor is not there, or it is neither the office nor the
    /// administrator that writes.
    pub async fn succeed_unit(&self, old: &UnitName, new: &UnitName, reason: &str) -> Result<Succession> {
        self.require_settings()?;
        check_name(Field::UnitName, &new.0)?;
        let reason = check_text(Field::Reason, reason, LONGEST_REASON)?;
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        let mut roster = tx.roster().await?;
        let groups = self.merge(&mut roster, old, new)?;
        tx.put_roster(&roster).await?;
        tx.set_leaves_for(old, None).await?;
        let (taken_over, closed) = self.hand_items_over(&mut tx, old, new, reason).await?;
        let own: Vec<i64> = taken_over.iter().map(|row| row.obligation.id).collect();
        tx.succeed_unit(old, new, &own, self.now).await?;
        self.release(&mut tx, new).await?;
        let detail = json!({
            "unit": old, "successor": new, "reason": reason, "taken_over": own.len(), "closed": closed.len(),
            "groups": groups,
        });
        self.note(&mut tx, Action::SucceedUnit, &detail).await?;
        tx.commit().await?;
        Ok(Succession { taken_over, closed, groups })
    }

    /// The roster without the one and with the other in its place. Returns the groups that the successor joins.
    fn merge(&self, roster: &mut Roster, old: &UnitName, new: &UnitName) -> Result<Vec<String>> {
        let today = self.known.zone.day_of(self.now);
        let Some(gone) = self.there(roster, old) else { return refuse(NoSuch::NoUnit(old.clone())) };
        if old == new {
            return refuse(RosterRefusal::SameUnit(old.clone()));
        }
        if *old == roster.office {
            return refuse(RosterRefusal::OfficesUnitStays(old.clone()));
        }
        let joins = |known: &Unit| gone.groups.iter().filter(|group| !known.groups.contains(group)).cloned().collect();
        let groups: Vec<String> = match roster.units.iter_mut().find(|unit| unit.name == *new) {
            Some(known) if known.active_on(today) && known.left_on.is_none() => {
                let groups: Vec<String> = joins(known);
                known.groups.extend(groups.iter().cloned());
                groups
            }
            Some(_) => return refuse(RosterRefusal::SuccessorNotThere(new.clone())),
            None => {
                let unit = Unit { name: new.clone(), joined_on: Some(today), left_on: None, ..gone.clone() };
                roster.units.push(unit);
                gone.groups
            }
        };
        for unit in roster.units.iter_mut().filter(|unit| unit.name == *old) {
            unit.left_on = Some(today);
        }
        Ok(groups)
    }

    /// Hands on what is open, or has steps to come. Returns what the successor goes on with, and what it owed already.
    async fn hand_items_over(
        &self,
        tx: &mut Tx,
        old: &UnitName,
        new: &UnitName,
        reason: &str,
    ) -> Result<(Vec<Stored>, Vec<Stored>)> {
        let phases = vec![Phase::Scheduled, Phase::Open, Phase::Returned, Phase::Missed, Phase::Waiting, Phase::Lapsed];
        let owed = Query { unit: Some(old.clone()), phases, order: Order::Oldest, ..Query::default() };
        let (mut taken, mut closed, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for stored in tx.ledger(&owed, None, usize::MAX).await? {
            let lapsed = stored.obligation.phase == Phase::Lapsed;
            if lapsed && stored.obligation.next_at.is_none() {
                continue;
            }
            let detail = json!({ "unit": old, "successor": new, "reason": reason });
            let mut handed = |next: Obligation, action: Action| {
                let (row, entry) = self.changed(&stored, next, action, &detail);
                entries.push(entry);
                row
            };
            if !self.owed_by(tx, &stored.obligation, new).await? {
                taken.push(handed(stored.obligation.succeeded(old, new), Action::OwnerSucceeded));
            } else if let Ok(waived) = stored.obligation.waived(self.now)
                && stored.obligation.phase != Phase::Waiting
            {
                closed.push(handed(waived, Action::Waive));
            }
        }
        for rows in [&mut taken, &mut closed] {
            if tx.update_obligations(rows).await?.len() != rows.len() {
                return refuse(ObligationRefusal::OneChangedMeanwhile);
            }
        }
        tx.append_log(&entries).await?;
        Ok((taken, closed))
    }

    /// Whether a unit has the obligation of the same duty, form and period on its own.
    async fn owed_by(&self, tx: &mut Tx, obligation: &Obligation, unit: &UnitName) -> Result<bool> {
        if obligation.sole_owner().is_none() {
            return Ok(false);
        }
        let same = tx.obligations_for(&obligation.duty.0, &obligation.period).await?;
        let theirs = |row: &Stored| row.obligation.sole_owner() == Some(unit) && row.obligation.form == obligation.form;
        Ok(same.iter().any(theirs))
    }

    /// What could not be told the one that is gone goes out where the successor's posts have addresses.
    async fn release(&self, tx: &mut Tx, unit: &UnitName) -> Result<()> {
        let known = Known::read(tx, self.known.zone).await?;
        for role in [Role::Liaison, Role::Deputy, Role::Head] {
            let post = PostId { unit: unit.clone(), role };
            if known.holders.contains_key(&post) {
                tx.release_notices(&post).await?;
            }
        }
        Ok(())
    }
}
