//! 签收 and 负责人意见: a liaison has read it; a leader stands behind what the liaison asked for. Neither moves a deadline.

use serde_json::json;

use super::{Actor, Result, refuse};
use crate::domain::action::Action;
use crate::domain::refusal::obligation::ObligationRefusal;
use crate::domain::refusal::request::RequestRefusal;
use crate::domain::refusal::who::{NoSuch, NotTheirs};
use crate::domain::unit::Role;
use crate::store::row::Stored;

impl Actor<'_> {
    /// 签收, once for each unit's post.
    ///
    /// # Errors
    /// It is not open, or it is another unit's.
    pub async fn confirm_receipt(&self, id: i64) -> Result<Stored> {
        let mut tx = self.engine.store.write().await?;
        let stored = self.find(&mut tx, id).await?;
        if !stored.obligation.phase.is_owed() {
            return refuse(ObligationRefusal::NothingToConfirm);
        }
        let by = self.by.to_string();
        if tx.log_of(id).await?.iter().any(|entry| entry.action == Action::Confirm && entry.by_post == by) {
            return refuse(ObligationRefusal::AlreadyConfirmed);
        }
        let next = stored.obligation.clone();
        let written = self.write(&mut tx, &stored, next, Action::Confirm, &json!({})).await?;
        tx.commit().await?;
        Ok(written)
    }

    /// 负责人意见 on a request of the leader's own unit.
    ///
    /// # Errors
    /// There is none, it was decided or endorsed already, or it is not this post's to endorse.
    pub async fn endorse(&self, request: &str) -> Result<Stored> {
        let mut tx = self.engine.store.write().await?;
        let Some(asked) = tx.request(request).await? else {
            return refuse(NoSuch::NoRequest(request.to_owned()));
        };
        let stored = self.find(&mut tx, asked.obligation).await?;
        if let Some(post) = self.lacking(|post| matches!(post.role, Role::Deputy | Role::Head)) {
            return refuse(NotTheirs::LeadersOnly(post.clone()));
        }
        if !tx.endorse_request(request, self.now, &self.by.to_string()).await? {
            return refuse(RequestRefusal::AlreadyEndorsed);
        }
        let next = stored.obligation.clone();
        let written = self.write(&mut tx, &stored, next, Action::Endorse, &json!({ "request": request })).await?;
        tx.commit().await?;
        Ok(written)
    }
}
