//! 办理结果 as lists show them: what was decided on a unit's matters of late, and what the visitor can still take back.

use chrono::TimeDelta;

use crate::acts::decision::is_untold;
use crate::read::{decision, words};
use crate::store::Tx;
use crate::store::decisions::Decision;
use crate::web::access::Visitor;
use crate::web::app::Desk;
use crate::web::fault::Fault;

/// How long a decision stands in its unit's own list.
const SHOWN: TimeDelta = TimeDelta::days(30);
/// The longest that a decision waits for its slot: longer than any holiday.
const WAITS: TimeDelta = TimeDelta::days(15);
/// So many on a page.
const MOST: usize = 30;

/// A decision, or a request that waits for one.
pub struct ResultRow {
    pub id: i64,
    /// 9.1b 质安处 2022年第40周
    pub what: String,
    pub at: String,
    pub words: String,
}

async fn rows(desk: &Desk, tx: &mut Tx, decisions: &[Decision]) -> Result<Vec<ResultRow>, Fault> {
    let ids: Vec<i64> = decisions.iter().map(|decision| decision.obligation).collect();
    let stored = tx.obligations(&ids).await?;
    let zone = desk.known.zone;
    let mut rows = Vec::with_capacity(decisions.len());
    for one in decisions {
        let Some(stored) = stored.iter().find(|row| row.obligation.id == one.obligation) else { continue };
        let (rules, obligation) = (desk.known.rules(stored, desk.today)?, &stored.obligation);
        let period = words::period(&desk.known, &rules, obligation);
        rows.push(ResultRow {
            id: obligation.id,
            what: format!("{} {}（{period}）", obligation.duty, rules.duty.title),
            at: words::moment(zone, one.at),
            words: decision::line(one, zone, desk.today),
        });
    }
    Ok(rows)
}

/// What was decided of late on what the visitor's unit owes or asked for.
pub async fn of_unit(desk: &Desk, tx: &mut Tx, visitor: &Visitor) -> Result<Vec<ResultRow>, Fault> {
    let decisions = tx.decisions_for(&visitor.post.unit.0, desk.now() - SHOWN, MOST).await?;
    rows(desk, tx, &decisions).await
}

/// What the visitor's unit has asked for and the office has not answered.
pub async fn asked_by_unit(desk: &Desk, tx: &mut Tx, visitor: &Visitor) -> Result<Vec<ResultRow>, Fault> {
    let pending = tx.pending_requests().await?.into_iter();
    let prefix = format!("{}/", visitor.post.unit);
    let (zone, mut asked) = (desk.known.zone, Vec::new());
    for request in pending.filter(|request| request.by_post.starts_with(&prefix)) {
        let Some(stored) = tx.obligation(request.obligation).await? else { continue };
        let (rules, obligation) = (desk.known.rules(&stored, desk.today)?, &stored.obligation);
        let until = request.until_at.map(|until| format!("，申请延至{}", words::deadline(zone, until, desk.today)));
        let view = if request.endorsed_at.is_some() { "，负责人已签署意见" } else { "" };
        asked.push(ResultRow {
            id: obligation.id,
            what: format!(
                "{} {}（{}）",
                obligation.duty,
                rules.duty.title,
                words::period(&desk.known, &rules, obligation)
            ),
            at: words::moment(zone, request.asked_at),
            words: format!("{}{}{view}，待答复", request.kind.label(), until.unwrap_or_default()),
        });
    }
    Ok(asked)
}

/// What the visitor has decided and can still take back: of each obligation the newest decision.
pub async fn undoable(desk: &Desk, tx: &mut Tx, visitor: &Visitor) -> Result<Vec<ResultRow>, Fault> {
    let mut undoable: Vec<Decision> = Vec::new();
    for decision in tx.decisions_by(&visitor.post.to_string(), desk.now() - WAITS).await? {
        let newer = undoable.iter().any(|other| other.obligation == decision.obligation);
        if undoable.len() < MOST && !newer && is_untold(tx, &decision, desk.now()).await? {
            undoable.push(decision);
        }
    }
    rows(desk, tx, &undoable).await
}
