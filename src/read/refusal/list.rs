//! What is too much to list, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::list::ListRefusal;

pub(super) fn words(refusal: &ListRefusal) -> Words {
    match refusal {
        ListRefusal::PlanRange(most) => say!(
            "the first and the last day stand in their order, {most} days apart at most",
            "起止日期须先后有序，且不超过{most}日"
        ),
        ListRefusal::TooManyRows(most) => {
            say!("at most {most} rows are written at once; narrow the list", "一次至多导出 {most} 项，请缩小范围")
        }
    }
}
