//! What may not be asked of the office, nor be answered, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::light;
use crate::domain::phase::Phase;
use crate::domain::refusal::request::RequestRefusal;

pub(super) fn words(refusal: &RequestRefusal) -> Words {
    match refusal {
        RequestRefusal::NoNewDeadline => say!("no new deadline is given", "未写明新时限"),
        RequestRefusal::DeadlineNotWanted => {
            say!("with a refused extension no new deadline is given", "不予延期的，不填新的时限")
        }
        RequestRefusal::ClosedIsNotDisputed { id, light, phase } => {
            let (stands, word) = (standing(*phase), light::word_of(*light, *phase));
            say!("the obligation {id} {stands} and cannot be disputed any more", "事项 {id} {word}，不能再提异议")
        }
        RequestRefusal::AlreadyAsked { request } => {
            say!("the request {request} waits for an answer already", "该事项已有待办的申请 {request}，请等候答复")
        }
        RequestRefusal::AlreadyAnswered { request } => {
            say!("the request {request} has an answer already", "申请 {request} 已有答复")
        }
        RequestRefusal::AlreadyEndorsed => {
            say!("the request is answered or endorsed already", "该申请已审批或已签署意见")
        }
        RequestRefusal::NothingToUndo(id) => {
            say!("nothing decided on the obligation {id} can still be taken back", "事项 {id} 没有可撤销的决定")
        }
        RequestRefusal::DecisionTold(id) => say!(
            "the decision on the obligation {id} is told and cannot be taken back any more",
            "事项 {id} 的办理结果已告知，不能再撤销"
        ),
        RequestRefusal::ActedOnSince(id) => say!(
            "somebody has acted on the obligation {id} since; the decision cannot be taken back any more",
            "事项 {id} 此后已有办理，不能再撤销"
        ),
        RequestRefusal::NotSaidWhetherGranted => {
            say!("it is not said whether the extension is granted", "请选择同意或不同意")
        }
        RequestRefusal::NotSaidWhetherUpheld => {
            say!("it is not said whether the dispute is upheld", "请选择异议成立或不成立")
        }
        RequestRefusal::NotSaidWhetherPublished => {
            say!("it is not said whether it is published", "请选择通报或不通报")
        }
        RequestRefusal::NotSaidWhetherCounted => {
            say!("it is not said whether the misses count", "请选择计入或不计入")
        }
    }
}

/// How an obligation in that phase stands.
pub(super) fn standing(phase: Phase) -> &'static str {
    match phase {
        Phase::Scheduled => "has not begun",
        Phase::Open => "is open",
        Phase::Returned => "was returned",
        Phase::Missed => "is overdue",
        Phase::Waiting => "waits for review",
        Phase::Done => "is done",
        Phase::Lapsed => "was never done",
        Phase::Waived => "is waived",
        Phase::Withdrawn => "is withdrawn",
        Phase::Upheld => "is not the unit's duty",
    }
}
