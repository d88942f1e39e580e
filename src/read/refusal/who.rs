//! What is not there, and what is not theirs to do.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::who::{NoSuch, NotTheirs};

pub(super) fn missing(refusal: &NoSuch) -> Words {
    match refusal {
        NoSuch::NoPost(post) => say!("there is no post {post}", "没有岗位 {post}"),
        NoSuch::NoOwnPost { post, unit } => {
            say!("there is no post {post}, or it is not of {unit}", "没有岗位 {post}，或不属 {unit}")
        }
        NoSuch::NoObligation(id) => say!("there is no obligation {id}", "没有事项 {id}"),
        NoSuch::NoOwnObligation { id, unit } => {
            say!("there is no obligation {id}, or it is not {unit}'s", "没有事项 {id}，或不属 {unit}")
        }
        NoSuch::NothingOfUnit(unit) => {
            say!("there is no such obligation, or it is not {unit}'s", "没有该事项，或不属 {unit}")
        }
        NoSuch::NoObligationFor { duty, unit, period } => {
            say!("there is no obligation {duty} {unit} {period}", "没有事项 {duty} {unit} {period}")
        }
        NoSuch::NoReceipt(receipt) => say!("there is no receipt {receipt}", "没有回执 {receipt}"),
        NoSuch::NoFileOfReceipt { receipt, sha256 } => {
            say!("the receipt {receipt} has no file {sha256}", "回执 {receipt} 没有文件 {sha256}")
        }
        NoSuch::NoFile(sha256) => say!("there is no file {sha256}", "没有文件 {sha256}"),
        NoSuch::NoHash(written) => say!("`{written}` is no SHA-256", "“{written}”不是 SHA-256"),
        NoSuch::NoRequest(request) => say!("there is no request {request}", "没有申请 {request}"),
        NoSuch::NoExtensionAsked(id) => {
            say!("no extension of the obligation {id} waits for an answer", "事项 {id} 没有待办的延期申请")
        }
        NoSuch::NoDisputeRaised(id) => {
            say!("no dispute about the obligation {id} waits for an answer", "事项 {id} 没有待办的异议")
        }
        NoSuch::NoUnit(unit) => say!("there is no unit {unit}", "没有单位 {unit}"),
        NoSuch::NoGroup { group, known } => {
            let (listed, known) = (known.join(", "), known.join("、"));
            say!("there is no group `{group}`; known: {listed}", "没有单位组“{group}”；现有：{known}")
        }
        NoSuch::NoEvent(id) => say!("there is no event {id}", "没有事件 {id}"),
        NoSuch::NoNode(id) => say!("nobody has opened a node {id}", "没有手动开启的节点 {id}"),
        NoSuch::NoLetter(letter) => say!("there is no letter {letter}", "没有邮件 {letter}"),
        NoSuch::NoCatalogue => say!("there is no catalogue", "没有职责目录"),
    }
}

pub(super) fn words(refusal: &NotTheirs) -> Words {
    match refusal {
        NotTheirs::OfficeOnly { by, office } => {
            say!("{by} may not do that; {office} may", "{by} 无权办理，须由 {office} 办理")
        }
        NotTheirs::OfficeOrAdminOnly { by, office } => say!(
            "{by} may not do that; {office} and the administrator may",
            "{by} 无权办理，须由 {office} 或管理员办理"
        ),
        NotTheirs::ReviewerOnly { by, reviewer } => {
            say!("{by} may not review that; {reviewer} may", "{by} 无权审核，须由 {reviewer} 办理")
        }
        NotTheirs::OwnFilingNotReviewed { reviewer } => say!(
            "nobody reviews what their own unit filed; {reviewer} reviews it",
            "本单位的报送不能自审，须由 {reviewer} 审核"
        ),
        NotTheirs::FiledByReviewer(reviewer) => say!(
            "{reviewer} filed that and does not review it; have it taken back and filed by the liaison",
            "该报送由 {reviewer} 本人报送，不能自审；请撤回后由联络员报送"
        ),
        NotTheirs::LeadersOnly(by) => {
            say!("{by} may not endorse it; the unit's leaders may", "{by} 无权签署意见，须由本单位负责人办理")
        }
        NotTheirs::DeciderOnly { by, decider } => say!(
            "{by} may not take back what {decider} has decided; {decider} may",
            "{by} 不能撤销，须由作出决定的 {decider} 撤销"
        ),
        NotTheirs::PostAboveNotHandedOver { by, post } => say!(
            "{by} may not hand over {post}; that post and the safety office may",
            "{by} 不能移交 {post}，须由该岗位或委安委办办理"
        ),
    }
}
