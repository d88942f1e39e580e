//! 重要节点: windows that the office opens by hand, always with an end, which may be moved.
//!
//! Days to come follow from the revision: the next materialise makes and withdraws them. Only what has begun already is
//! brought in line here.

use chrono::{Days, NaiveDate};
use serde_json::json;

use super::{Actor, Result, check_id, check_name, refuse};
use crate::domain::action::Action;
use crate::domain::node::Node;
use crate::domain::phase::Phase;
use crate::domain::plan;
use crate::domain::refusal::field::{Field, FieldRefusal};
use crate::domain::refusal::occasion::OccasionRefusal;
use crate::domain::refusal::who::NoSuch;
use crate::engine::SetupError;
use crate::engine::known::{Known, touch};
use crate::store::Tx;
use crate::store::catalogue::NodeWindow;
use crate::store::row::Stored;

/// A longer window is a slip of the hand.
const LONGEST_DAYS: u64 = 366;

impl Actor<'_> {
    /// Opens a window.
    ///
    /// # Errors
    /// Its id is taken or looks like a date, its days make no sense, or it is not the office that opens.
    pub async fn open_node(&self, id: &str, name: &str, first: NaiveDate, last: NaiveDate) -> Result<()> {
        self.require_office()?;
        check_id(id)?;
        check_name(Field::Name, name)?;
        if id.parse::<NaiveDate>().is_ok() {
            return refuse(OccasionRefusal::NodeIdIsDate(id.to_owned()));
        }
        Self::check_days(first, last)?;
        if first < self.known.zone.day_of(self.now) {
            return refuse((Field::FirstDay, FieldRefusal::DayPast(first)));
        }
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        if tx.windows().await?.iter().any(|window| window.id == id) {
            return refuse(OccasionRefusal::NodeIdTaken(id.to_owned()));
        }
        let window = NodeWindow {
            id: id.to_owned(),
            name: name.to_owned(),
            first_on: first,
            last_on: last,
            opened_at: self.now,
            closed_at: None,
        };
        tx.insert_window(&window).await?;
        self.begun(&mut tx, &window.node()).await?;
        let detail = json!({ "node": id, "name": name, "first": first, "last": last });
        self.note(&mut tx, Action::OpenNode, &detail).await?;
        Ok(tx.commit().await?)
    }

    /// Moves a window's last day, later or earlier, but not before today.
    ///
    /// # Errors
    /// There is none, it is over, the day makes no sense, or it is not the office that moves it.
    pub async fn extend_node(&self, id: &str, last: NaiveDate) -> Result<()> {
        self.require_office()?;
        let today = self.known.zone.day_of(self.now);
        if last < today {
            return refuse(OccasionRefusal::NodeEndsInThePast(last));
        }
        self.move_end(id, last, false).await
    }

    /// Closes a window: today is its last day; one that has not begun yet has none.
    ///
    /// # Errors
    /// There is none, it is over, or it is not the office that closes.
    pub async fn close_node(&self, id: &str) -> Result<()> {
        self.require_office()?;
        let today = self.known.zone.day_of(self.now);
        self.move_end(id, today, true).await
    }

    async fn move_end(&self, id: &str, last: NaiveDate, close: bool) -> Result<()> {
        let today = self.known.zone.day_of(self.now);
        let mut tx = self.engine.store.write().await?;
        touch(&mut tx).await?;
        let windows = tx.windows().await?;
        let Some(window) = windows.into_iter().find(|window| window.id == id) else {
            return refuse(NoSuch::NoNode(id.to_owned()));
        };
        if window.closed_at.is_some() || window.last_on < today {
            return refuse(OccasionRefusal::NodeOver(id.to_owned()));
        }
        let last = if close && window.first_on > today { window.first_on - Days::new(1) } else { last };
        if !close {
            Self::check_days(window.first_on, last)?;
        }
        tx.change_window(id, last, close.then_some(self.now)).await?;
        let before = window.last_on;
        let moved = NodeWindow { last_on: last, ..window };
        if moved.first_on <= moved.last_on {
            self.begun(&mut tx, &moved.node()).await?;
            self.move_open_form(&mut tx, &moved).await?;
        }
        let detail = json!({ "node": id, "from": before, "to": last });
        self.note(&mut tx, if close { Action::CloseNode } else { Action::ExtendNode }, &detail).await?;
        Ok(tx.commit().await?)
    }

    fn check_days(first: NaiveDate, last: NaiveDate) -> Result<()> {
        if last < first {
            return refuse(OccasionRefusal::NodeEndsFirst { last, first });
        }
        if first.checked_add_days(Days::new(LONGEST_DAYS)).is_none_or(|end| last >= end) {
            return refuse(OccasionRefusal::NodeTooLong(LONGEST_DAYS));
        }
        Ok(())
    }

    /// Makes what the node asks for that has begun already and is still ahead of its deadline.
    async fn begun(&self, tx: &mut Tx, node: &Node) -> Result<()> {
        let known = Known::read(tx, self.known.zone).await?;
        let today = known.zone.day_of(self.now);
        let Some(version) = known.version_on(node.first.min(today)) else {
            return Err(SetupError::NoCatalogue.into());
        };
        let owed = plan::for_node(&known.world(&version.catalogue), node);
        let begun = owed.into_iter().filter(|owed| owed.opens_at <= self.now && self.now < owed.due_at);
        let mut rows: Vec<Stored> = begun.map(|owed| known.planned(version.version, owed)).collect();
        tx.insert_obligations(&mut rows).await?;
        // A day that was withdrawn when the window was shortened is owed again.
        let mut revived = Vec::new();
        for row in rows {
            let found = tx.obligations_for(&row.obligation.duty.0, &row.obligation.period).await?.into_iter();
            let mut withdrawn = found.filter(|stored| stored.obligation.phase == Phase::Withdrawn);
            if let Some(stored) = withdrawn.find(|stored| stored.series == row.series) {
                revived.push(stored.replanned(row));
            }
        }
        tx.update_obligations(&mut revived).await?;
        Ok(())
    }

    /// What is owed once for the window and is open already follows its end.
    async fn move_open_form(&self, tx: &mut Tx, window: &NodeWindow) -> Result<()> {
        for stored in tx.obligations_of_period(&format!("node:{}", window.id)).await? {
            let moved = stored.obligation.node_moved(self.known.zone, window.last_on, self.now);
            if let Some(next) = moved {
                let detail = json!({ "node": window.id, "due_at": next.round.due_at });
                self.write(tx, &stored, next, Action::MoveNode, &detail).await?;
            }
        }
        Ok(())
    }
}
