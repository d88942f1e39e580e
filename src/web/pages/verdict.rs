//! What pages show of the office's verdicts: which are open to somebody, what was filed and told,
//! what was filed alike before.

use crate::acts::decision::is_untold;
use crate::acts::review::reviewer;
use crate::domain::decision::proposed_deadline;
use crate::domain::letter::LetterState;
use crate::domain::obligation::Obligation;
use crate::read::filed::{FiledFor, filed_for, named};
use crate::read::{explain, words};
use crate::store::Tx;
use crate::store::requests::Request;
use crate::store::row::Stored;
use crate::store::submissions::Counted;
use crate::web::access::{Right, Visitor};
use crate::web::app::Desk;
use crate::web::fault::Fault;
use crate::web::view::{post_label, size_words};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct May {
    pub accept: bool,
    pub send_back: bool,
    /// Say whether a miss marked 未提醒 counts.
    pub judge_miss: bool,
    /// Decide on a 通报建议.
    pub publish: bool,
    /// Take the newest decision back.
    pub undo: bool,
    pub waive: bool,
    pub answer: bool,
}

impl May {
    pub fn any(self) -> bool {
        self.accept || self.send_back || self.judge_miss || self.waive || self.publish || self.undo
    }

    /// What a visitor may decide on an obligation.
    pub async fn of(desk: &Desk, tx: &mut Tx, visitor: &Visitor, stored: &Stored) -> Result<May, Fault> {
        if !visitor.has(Right::Decide) {
            return Ok(May::default());
        }
        let now = desk.now();
        let obligation = &stored.obligation;
        let reviews = reviewer(tx, &desk.known, stored).await? == visitor.post;
        let office = visitor.post == desk.known.roster.office_post();
        let newest = tx.decisions_of(obligation.id).await?.pop();
        let undo = match newest.filter(|decision| decision.by_post == visitor.post.to_string()) {
            Some(decision) => is_untold(tx, &decision, now).await?,
            None => false,
        };
        Ok(May {
            accept: reviews && obligation.accepted(now).is_ok(),
            send_back: reviews && obligation.may_return().is_ok(),
            judge_miss: reviews && obligation.miss_judged(true, now).is_ok(),
            publish: office && obligation.published(true).is_ok(),
            undo,
            waive: office && obligation.waived(now).is_ok(),
            answer: office,
        })
    }
}

/// The day that is offered as a returned one's new deadline, and the first that may be chosen: never before the one in force.
pub fn offered_days(desk: &Desk, obligation: &Obligation) -> (String, String) {
    let zone = desk.known.zone;
    let proposed = proposed_deadline(obligation, desk.known.slots(), desk.now());
    let first = desk.today.max(zone.due_day(obligation.round.due_at));
    (zone.due_day(proposed).to_string(), first.to_string())
}

/// What was filed for an obligation.
pub struct SubmissionRow {
    pub number: String,
    pub by: String,
    pub at: String,
    pub acted_on: String,
    /// What it counts, in words.
    pub said: Vec<String>,
    /// What else it counts for that the visitor sees: number, name, light, word.
    pub also: Vec<(i64, String, &'static str, &'static str)>,
    pub note: String,
    pub state: &'static str,
    pub stands: bool,
    /// Position, name, size, whether it is erased.
    pub files: Vec<(i64, String, String, bool)>,
}

impl SubmissionRow {
    pub async fn of(desk: &Desk, tx: &mut Tx, visitor: &Visitor, counted: Counted) -> Result<SubmissionRow, Fault> {
        let stands = counted.stands();
        let Counted { submission, returned_at, obligation, .. } = counted;
        let FiledFor { said, others } = filed_for(tx, &desk.known, &submission, obligation, desk.today).await?;
        let also = others.iter().filter(|view| visitor.sees(&view.owners));
        let also = also.map(|view| (view.id, named(view), view.light.code(), view.word)).collect();
        let files = tx.evidence_of(&submission.id).await?.into_iter();
        let files = files.map(|file| (file.position, file.name, size_words(file.size), file.erased_at.is_some()));
        Ok(SubmissionRow {
            state: match (submission.withdrawn_at, returned_at) {
                (Some(_), _) => "已撤回",
                (None, Some(_)) => "已退回",
                (None, None) => "有效",
            },
            stands,
            number: submission.id,
            by: post_label(&submission.by_post),
            at: words::moment(desk.known.zone, submission.received_at),
            acted_on: words::date(submission.acted_on),
            said,
            also,
            note: submission.note,
            files: files.collect(),
        })
    }
}

/// So many filings of an obligation stand on a page.
pub const FILINGS: usize = 20;

/// Of these, those on a page: the newest, but for so many; and how many are before them.
pub fn filings_shown(mut filed: Vec<Counted>, skip: usize) -> (Vec<Counted>, usize) {
    filed.truncate(filed.len().saturating_sub(skip));
    let earlier = filed.len().saturating_sub(FILINGS);
    (filed.split_off(earlier), earlier)
}

/// A notice and what became of its letter.
pub struct ToldRow {
    pub at: String,
    /// 催办, 督办 …
    pub kind: &'static str,
    pub post: String,
    pub state: &'static str,
    pub sent: String,
    pub reply: String,
}

/// What was told of an obligation.
pub async fn told(desk: &Desk, tx: &mut Tx, id: i64) -> Result<Vec<ToldRow>, Fault> {
    let zone = desk.known.zone;
    let notices = tx.notices_of(id).await?.into_iter().map(|notice| ToldRow {
        at: words::moment(zone, notice.at),
        kind: explain::kind_label(notice.kind),
        post: post_label(&format!("{}/{}", notice.unit, notice.role)),
        state: notice.state.as_deref().and_then(LetterState::from_code).map_or("未成邮件", LetterState::label),
        sent: notice.sent_at.map(|at| words::moment(zone, at)).unwrap_or_default(),
        reply: notice.reply.unwrap_or_default(),
    });
    Ok(notices.collect())
}

/// A file that was filed for something else too.
pub struct Twin {
    /// What its sender called it.
    pub name: String,
    pub id: i64,
    /// 9.1b 质安处 2022年第40周
    pub what: String,
    pub receipt: String,
}

/// Files of these submissions that another submission brought for something else: the same photograph in two periods.
pub async fn twins(
    desk: &Desk,
    tx: &mut Tx,
    visitor: &Visitor,
    id: i64,
    submissions: &[Counted],
) -> Result<Vec<Twin>, Fault> {
    let mut twins: Vec<Twin> = Vec::new();
    for submission in submissions.iter().map(|counted| &counted.submission) {
        for file in tx.evidence_of(&submission.id).await? {
            for other in tx.evidence_with_hash(&file.sha256).await? {
                if other.submission == submission.id {
                    continue;
                }
                let ids = tx.obligations_of_submission(&other.submission).await?;
                for stored in tx.obligations(&ids).await? {
                    let obligation = &stored.obligation;
                    let known = twins.iter().any(|twin| twin.id == obligation.id && twin.receipt == other.submission);
                    if obligation.id == id || known || !visitor.sees(&obligation.owners) {
                        continue;
                    }
                    let rules = desk.known.rules(&stored, desk.today)?;
                    let period = words::period(&desk.known, &rules, obligation);
                    twins.push(Twin {
                        name: file.name.clone(),
                        id: obligation.id,
                        what: format!("{} {} {period}", obligation.duty, words::owners(&obligation.owners)),
                        receipt: other.submission.clone(),
                    });
                }
            }
        }
    }
    Ok(twins)
}

/// The day that a request asks for, as its form shows it.
pub fn asked_day(desk: &Desk, request: &Request) -> String {
    request.until_at.map(|until| desk.known.zone.due_day(until).to_string()).unwrap_or_default()
}

/// What has been decided, as the address says it.
pub fn done_words(done: &str) -> Option<String> {
    if let Some((what, n)) = done.split_once('-').and_then(|(what, n)| Some((what, n.parse::<u32>().ok()?))) {
        return match what {
            "accept" => Some(format!("已审核通过 {n} 项。")),
            "miss" => Some(format!("已核定 {n} 项。")),
            "bulletin" => Some(format!("已决定 {n} 项。")),
            _ => None,
        };
    }
    let words = match done {
        "accept" => "已审核通过。",
        "return" => "已退回，催办按新时限重新计算。",
        "miss" => "已核定。",
        "bulletin" => "已决定。",
        "undo" => "已撤销，恢复原状。",
        "waive" => "已免除。",
        "extension" => "延期申请已答复。",
        "verdict" => "异议已答复。",
        _ => return None,
    };
    Some(words.to_owned())
}
