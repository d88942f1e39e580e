//! A unit leaves on a day: what it still owes alone is closed as 免除, with the reason; what it owes together with others
//! goes on with the others. What that would be is said before it is done. A departure that lies ahead is settled by the
//! first pass of its day.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;

use super::{Actor, LONGEST_REASON, Result, check_text, refuse};
use crate::domain::action::Action;
use crate::domain::duty::{Duty, Owner};
use crate::domain::phase::Phase;
use crate::domain::query::{Order, Query};
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::obligation::ObligationRefusal;
use crate::domain::refusal::roster::{Departing, RosterRefusal};
use crate::domain::refusal::who::NoSuch;
use crate::domain::unit::{Roster, UnitName};
use crate::engine::known::{Known, touch};
use crate::store::row::Stored;
use crate::store::{StoreError, Tx, log};

impl Actor<'_> {
    /// A unit leaves: `on` is the first day on which it owes nothing any more, today at the earliest. Returns what was
    /// closed or goes on without it, if that day is today. Unless it is `confirmed`, nothing is done and the refusal says
    /// what would be.
    ///
    /// # Errors
    /// There is no such unit, it is the office's, the day is past, nobody has confirmed it, or it is neither the office nor
    /// the administrator that writes.
    pub async fn leave(&self, unit: &UnitName, on: NaiveDate, reason: &str, confirmed: bool) -> Result<Vec<Stored>> {
        self.require_settings()?;
        let reason = check_text(Field::Reason, reason, LONGEST_REASON)?;
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        if !confirmed {
            self.may_leave(&tx.roster().await?, unit, on)?;
            let known = Known::read(&mut tx, self.known.zone).await?;
            return refuse(RosterRefusal::DepartureNotConfirmed(departing(&mut tx, &known, unit, on, self.now).await?));
        }
        let touched = self.leave_in(&mut tx, unit, on, reason).await?;
        tx.commit().await?;
        Ok(touched)
    }

    /// As [`Actor::leave`], in a transaction that is open already and has moved the revision on.
    pub(super) async fn leave_in(
        &self,
        tx: &mut Tx,
        unit: &UnitName,
        on: NaiveDate,
        reason: &str,
    ) -> Result<Vec<Stored>> {
        let today = self.known.zone.day_of(self.now);
        let mut roster = tx.roster().await?;
        self.may_leave(&roster, unit, on)?;
        for known in roster.units.iter_mut().filter(|known| known.name == *unit) {
            known.left_on = Some(on);
        }
        tx.put_roster(&roster).await?;
        tx.set_leaves_for(unit, Some(reason)).await?;
        let detail = json!({ "unit": unit, "on": on, "reason": reason });
        self.note(tx, Action::LeaveUnit, &detail).await?;
        if on > today {
            return Ok(Vec::new());
        }
        match depart(tx, unit, self.now, &self.by.to_string()).await? {
            Some(touched) => Ok(touched),
            None => refuse(ObligationRefusal::OneChangedMeanwhile),
        }
    }

    fn may_leave(&self, roster: &Roster, unit: &UnitName, on: NaiveDate) -> Result<()> {
        let today = self.known.zone.day_of(self.now);
        if on < today {
            return refuse((Field::LeavingDay, FieldRefusal::DayPast(on)));
        }
        if *unit == roster.office {
            return refuse(RosterRefusal::OfficesUnitStays(unit.clone()));
        }
        let Some(known) = roster.unit(unit) else { return refuse(NoSuch::NoUnit(unit.clone())) };
        if known.left_on.is_some_and(|left| left <= today) {
            return refuse(RosterRefusal::UnitLeftBefore(unit.clone()));
        }
        Ok(())
    }
}

/// What a unit owes that has opened by an instant and is not filed.
async fn owed(tx: &mut Tx, unit: &UnitName, by: DateTime<Utc>) -> std::result::Result<Vec<Stored>, StoreError> {
    let open = vec![Phase::Scheduled, Phase::Open, Phase::Returned, Phase::Missed];
    let owed = Query { unit: Some(unit.clone()), phases: open, order: Order::Oldest, ..Query::default() };
    let mut owed = tx.ledger(&owed, None, usize::MAX).await?;
    owed.retain(|row| row.obligation.opens_at <= by);
    Ok(owed)
}

/// What a unit's departure on a day would do, as things stand.
pub async fn departing(
    tx: &mut Tx,
    known: &Known,
    unit: &UnitName,
    on: NaiveDate,
    now: DateTime<Utc>,
) -> std::result::Result<Departing, StoreError> {
    // What opens by then and is filed by then is nobody's loss; of that nothing is known yet.
    let owed = owed(tx, unit, known.zone.start_of(on).max(now)).await?;
    let name = |row: &Stored| format!("{} {}", row.obligation.duty, row.obligation.period);
    let (shared, alone): (Vec<&Stored>, Vec<&Stored>) =
        owed.iter().partition(|row| row.obligation.without(unit).is_some());
    let catalogue = known.version_on(on).map(|version| &version.catalogue);
    let duties = catalogue.into_iter().flat_map(|catalogue| &catalogue.duties);
    let orphaned = duties.filter(|duty| owes_alone(&known.roster, duty, unit, on)).map(|duty| duty.id.0.clone());
    Ok(Departing {
        unit: unit.clone(),
        on,
        waived: alone.into_iter().map(name).collect(),
        handed_on: shared.into_iter().map(name).collect(),
        orphaned: orphaned.collect(),
    })
}

/// Whether a duty that is in force on a day is owed by that unit and no other.
fn owes_alone(roster: &Roster, duty: &Duty, unit: &UnitName, on: NaiveDate) -> bool {
    let mut owners: Vec<&UnitName> = Vec::new();
    for owner in &duty.owed_by {
        match owner {
            Owner::Unit(name) if roster.unit(name).is_some_and(|known| known.active_on(on) || name == unit) => {
                owners.push(name);
            }
            Owner::Unit(_) => {}
            Owner::Group(group) => owners.extend(roster.members(group, on).map(|member| &member.name)),
        }
    }
    let in_force = duty.effective_to.is_none_or(|last| last >= on);
    in_force && owners.contains(&unit) && owners.iter().all(|owner| *owner == unit)
}

/// Closes what a unit that is gone owes alone and takes it out of what it owes with others. `None` = somebody else has
/// changed one of them meanwhile: nothing may be kept then.
pub async fn depart(
    tx: &mut Tx,
    unit: &UnitName,
    now: DateTime<Utc>,
    by: &str,
) -> std::result::Result<Option<Vec<Stored>>, StoreError> {
    let reason = tx.leaves_for(unit).await?.unwrap_or_default();
    let mut rows = Vec::new();
    let mut entries = Vec::new();
    for stored in owed(tx, unit, now).await? {
        let (next, action, detail) = if let Some(others) = stored.obligation.without(unit) {
            (others, Action::OwnerLeft, json!({ "reason": reason, "unit": unit }))
        } else {
            let Ok(waived) = stored.obligation.waived(now) else { continue };
            for request in tx.requests_of(stored.obligation.id).await? {
                // Those that have an answer keep it.
                tx.decide_request(&request.id, now, by, false, "该事项已免除").await?;
            }
            (waived, Action::Waive, json!({ "reason": reason, "unit": unit, "left": true }))
        };
        let mut row = stored.with(next);
        entries.push(log::entry(Some(row.obligation.id), &mut row.log_head, now, by, action, &detail));
        rows.push(row);
    }
    if tx.update_obligations(&mut rows).await?.len() != rows.len() {
        return Ok(None);
    }
    tx.append_log(&entries).await?;
    tx.set_leaves_for(unit, None).await?;
    Ok(Some(rows))
}
