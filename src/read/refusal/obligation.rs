//! What may not be done to an obligation, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::obligation::ObligationRefusal;
use crate::read::words::civil_moment;

pub(super) fn words(refusal: &ObligationRefusal) -> Words {
    match refusal {
        ObligationRefusal::NothingToAccept => say!("there is no submission to accept", "尚无可审核的报送"),
        ObligationRefusal::AlreadyAccepted => say!("it is accepted already", "已审核通过，无需重复审核"),
        ObligationRefusal::NothingToReturn => say!("there is no submission to return", "尚无可退回的报送"),
        ObligationRefusal::AcceptedIsNotReturned => {
            say!("it is accepted and cannot be returned any more", "已审核通过，不能再退回")
        }
        ObligationRefusal::DeadlineNotAhead => {
            say!("the new deadline of what is returned has to be ahead", "退回后的新时限须晚于现在")
        }
        ObligationRefusal::OneReturnedAtATime => {
            say!("one obligation is returned at a time, each with its own reason", "每次只退回一项，各写明理由")
        }
        ObligationRefusal::DeadlineShortened { in_force } => {
            let shown = civil_moment(*in_force);
            say!("the new deadline may not be before the one in force, {in_force}", "新时限不得早于现行时限（{shown}）")
        }
        ObligationRefusal::NoLongerExtended => {
            say!("it is overdue or done and cannot be extended", "该事项已逾期或已办结，不能申请延期")
        }
        ObligationRefusal::AskedAfterDeadline => {
            say!("the deadline is past; an extension is asked for before it", "已过时限；延期须在时限之前申请")
        }
        ObligationRefusal::AskedNotLater => {
            say!("the deadline asked for has to be later than the present one", "申请的新时限须晚于原时限")
        }
        ObligationRefusal::LetGoIsNotExtended => {
            say!("it is waived or withdrawn and needs no extension", "该事项已免除或撤销，无须延期")
        }
        ObligationRefusal::DeadlineNotLater => {
            say!("the new deadline has to be later than the present one", "新时限须晚于原时限")
        }
        ObligationRefusal::AlreadyClosed => say!("it is done, waived or withdrawn", "该事项已办结、免除或撤销"),
        ObligationRefusal::NotUnreminded => {
            say!("it has no miss marked as not reminded that waits for a decision", "该事项没有待认定的“未提醒”逾期")
        }
        ObligationRefusal::NoProposal => {
            say!("it has no proposal of a bulletin that waits for a decision", "该事项没有待决定的通报建议")
        }
        ObligationRefusal::NothingToConfirm => say!("there is nothing to confirm", "该事项无须签收"),
        ObligationRefusal::AlreadyConfirmed => say!("it is confirmed already", "已签收"),
        ObligationRefusal::NoneTicked => say!("no obligation is chosen", "未勾选任何事项"),
        ObligationRefusal::ChangedMeanwhile => {
            say!("somebody else has changed it just now; try again", "该事项刚刚被他人更改，请重试")
        }
        ObligationRefusal::OneChangedMeanwhile => {
            say!("somebody else has changed an obligation just now; try again", "有事项刚刚被更改，请重试")
        }
    }
}
