//! 事件: the office records what happened; what the event asks for is owed from that instant on.
//!
//! Closing an event leaves open what it opened, unless it was a false alarm: then what is not done is waived.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{Actor, LONGEST_REASON, Result, check_id, check_text, check_words, refuse};
use crate::domain::action::Action;
use crate::domain::event::Event;
use crate::domain::plan;
use crate::domain::refusal::field::Field;
use crate::domain::refusal::occasion::OccasionRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::domain::unit::UnitName;
use crate::store::row::Stored;

/// What is known of an event when it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id; without one it gets one.
    pub id: Option<String>,
    pub event_type: String,
    pub at: DateTime<Utc>,
    pub place: String,
    pub units: Vec<UnitName>,
}

/// An event that has been recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedEvent {
    pub id: String,
    pub obligations: Vec<Stored>,
}

/// The period key of what an event opens.
pub fn period(id: &str) -> String {
    format!("event:{id}")
}

impl Actor<'_> {
    /// Records an event. The next pass tells whoever owes something for it.
    ///
    /// # Errors
    /// It lies ahead, its id is taken, its type or units are not known, or it is not the office that records.
    pub async fn open_event(&self, new: &NewEvent) -> Result<OpenedEvent> {
        self.require_office()?;
        let place = check_text(Field::Place, &new.place, 200)?;
        let id = new.id.clone().unwrap_or_else(|| self.engine.new_id("E"));
        check_id(&id)?;
        if new.at > self.now {
            return refuse(OccasionRefusal::EventAhead);
        }
        let event = Event {
            id: id.clone(),
            event_type: new.event_type.clone(),
            at: new.at,
            place: place.to_owned(),
            units: new.units.clone(),
        };
        let day = self.known.zone.day_of(event.at);
        let Some(version) = self.known.version_on(day) else { return refuse(NoSuch::NoCatalogue) };
        let world = self.known.world(&version.catalogue);
        let owed = plan::for_event(&world, &event)?;
        // What was due before the first day that counts is nobody's miss.
        let counts = |owed: &plan::Owed| self.known.zone.due_day(owed.due_at) >= self.known.starts_on;
        let mut rows: Vec<Stored> =
            owed.into_iter().filter(counts).map(|owed| self.known.planned(version.version, owed)).collect();
        let mut tx = self.engine.store.write().await?;
        if tx.event(&id).await?.is_some() {
            return refuse(OccasionRefusal::EventIdTaken(id));
        }
        tx.insert_event(&event, self.now).await?;
        tx.insert_obligations(&mut rows).await?;
        let obligations = tx.obligations_of_period(&period(&id)).await?;
        let detail = json!({
            "event": id, "type": event.event_type, "at": event.at, "place": event.place, "units": event.units,
            "obligations": obligations.len(),
        });
        self.note(&mut tx, Action::OpenEvent, &detail).await?;
        tx.commit().await?;
        Ok(OpenedEvent { id, obligations })
    }

    /// Closes an event. As a false alarm it waives what is not done; returns what was waived.
    ///
    /// # Errors
    /// There is none, it is closed already, or it is not the office that closes.
    pub async fn close_event(&self, id: &str, false_alarm: bool, reason: &str) -> Result<Vec<Stored>> {
        self.require_office()?;
        if false_alarm {
            check_text(Field::FalseAlarm, reason, LONGEST_REASON)?;
        }
        let reason = check_words(Field::Note, reason)?;
        let mut tx = self.engine.store.write().await?;
        if tx.event(id).await?.is_none() {
            return refuse(NoSuch::NoEvent(id.to_owned()));
        }
        if !tx.close_event(id, self.now, false_alarm).await? {
            return refuse(OccasionRefusal::EventClosed(id.to_owned()));
        }
        let mut waived = Vec::new();
        if false_alarm {
            let detail = json!({ "reason": reason, "event": id, "false_alarm": true });
            for stored in tx.obligations_of_period(&period(id)).await? {
                if !stored.obligation.phase.is_closed() {
                    waived.push(self.waive_row(&mut tx, &stored, &detail).await?);
                }
            }
        }
        let detail = json!({ "event": id, "false_alarm": false_alarm, "reason": reason, "waived": waived.len() });
        self.note(&mut tx, Action::CloseEvent, &detail).await?;
        tx.commit().await?;
        Ok(waived)
    }
}
