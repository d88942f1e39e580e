//! What may not be filed, corrected or taken back, in words.

use super::request::standing;
use crate::catalogue::mistake::words::{Words, say};
use crate::domain::light;
use crate::domain::refusal::filing::FilingRefusal;
use crate::read::words;

#[expect(clippy::too_many_lines, reason = "a table of words: both languages side by side, none hidden behind another")]
pub(super) fn words(refusal: &FilingRefusal) -> Words {
    match refusal {
        FilingRefusal::ForNothing => say!("it is not said what is filed for", "未指明报送哪一事项"),
        FilingRefusal::SaysNothing => say!(
            "the filing says nothing: give a sentence, a number or name, or a file",
            "报送没有内容；请写明办理情况，或填写数目、名称，或附佐证"
        ),
        FilingRefusal::NotLinked { duty, others, linked } if linked.is_empty() => {
            let (listed, others) = (others.join(", "), others.join("、"));
            say!(
                "one filing for {duty} does not count for {listed}: no duty is linked with it; file each by itself",
                "{duty} 未与其他职责关联，一次报送不能同时计入 {others}；请分别报送"
            )
        }
        FilingRefusal::NotLinked { duty, others, linked } => {
            let (listed, links) = (others.join(", "), linked.join(", "));
            let (others, linked) = (others.join("、"), linked.join("、"));
            say!(
                "one filing for {duty} does not count for {listed}; linked with it are {links}",
                "一次报送 {duty} 不能同时计入 {others}；可同时计入的是 {linked}"
            )
        }
        FilingRefusal::OneDutyTwice { duty } => {
            say!("one act counts for one period of {duty}; choose one", "一次办理在 {duty} 中只能计入一期；请只选一期")
        }
        FilingRefusal::EvidenceOfTheDay(most) => say!(
            "the post has sent as much evidence today as it may: {most} MB; file without, or send the rest tomorrow",
            "本岗位今日所附佐证已到上限（每日{most} MB）。请压缩文件，或先不附文件报送，其余明日再报"
        ),
        FilingRefusal::EvidenceBeyondShare(most) => say!(
            "there is little room left for evidence: this post may send {most} MB more now; file without, and make room",
            "佐证存储空间所剩不多，本岗位目前至多再附{most} MB。请减少、压缩文件，或先不附文件报送，并告知管理员"
        ),
        FilingRefusal::EvidenceStoreFull => say!(
            "there is no room left for evidence; file without, and make room",
            "佐证存储空间已满，所附文件没有收下。请先不附文件报送，并告知管理员"
        ),
        FilingRefusal::ActedTooEarly { acted_on, first } => say!(
            "the day of the act {acted_on} is before the first day of the period, {first}",
            "办理日期 {acted_on} 早于本期开始之日 {first}"
        ),
        FilingRefusal::ActedOnAnotherDay { acted_on, day } => say!(
            "only an act of its own day counts: {day}, not {acted_on}",
            "该事项只认当日办理：办理日期应为 {day}，所填为 {acted_on}"
        ),
        FilingRefusal::ActedInTheFuture(acted_on) => {
            say!("the day of the act {acted_on} has not come yet", "办理日期 {acted_on} 尚未到来")
        }
        FilingRefusal::NotOpenYet { id, opens } => {
            let from = words::civil_moment(*opens);
            let opens = opens.format("%Y-%m-%d %H:%M");
            say!("the obligation {id} opens on {opens} and not before", "事项 {id} 尚未开始，{from}起可报送")
        }
        FilingRefusal::NoLongerMadeGood(id) => say!(
            "the obligation {id} was never done and is not made good any more",
            "事项 {id} 已按逾期未办结，不再受理补报"
        ),
        FilingRefusal::NothingToFile { id, light, phase } => {
            let (stands, word) = (standing(*phase), light::word_of(*light, *phase));
            say!("the obligation {id} {stands}; nothing has to be filed", "事项 {id} {word}，无须报送")
        }
        FilingRefusal::AcceptedIsNotFiledAgain(id) => {
            say!("the obligation {id} is accepted; nothing more has to be filed", "事项 {id} 已审核通过，无须再报")
        }
        FilingRefusal::AnswerDoesNotSuffice => {
            say!("an answer does not suffice here; file what was done", "该事项不能以叫应代替报送，请填报办理情况")
        }
        FilingRefusal::UnknownCounter { .. }
        | FilingRefusal::NoCounter
        | FilingRefusal::ItemWithoutValue { .. }
        | FilingRefusal::NumberWanted { .. }
        | FilingRefusal::NumberTooLarge { .. }
        | FilingRefusal::NameWanted { .. }
        | FilingRefusal::TooManyItems(_) => counter_words(refusal),
        FilingRefusal::TooManyFilings { id, most } => say!(
            "{most} filings of the obligation {id} were taken, and no more are: correct one of them",
            "事项 {id} 已报送 {most} 次，不再接收新的报送；请更正已有的报送"
        ),
        FilingRefusal::CorrectedTooOften { most } => say!(
            "this was corrected {most} times, and is not any more: take it back and file it anew",
            "已更正 {most} 次，不能再更正；请撤回后重新报送"
        ),
        FilingRefusal::ReceiptTaken => say!("that receipt number cannot be used", "该回执号不可用"),
        FilingRefusal::ReceiptOfOtherContent(number) => say!(
            "the receipt number {number} stands for a filing with other content: correct that one, or file under another \
             number",
            "回执号 {number} 已用于另一份内容不同的报送，本次未受理；要改已报内容请办理更正，另行报送请用新的回执号"
        ),
        FilingRefusal::ReceiptInWork => {
            say!("that receipt number is being filed just now; try again later", "该回执号正在受理，请稍后重试")
        }
        FilingRefusal::AlreadyWithdrawn(receipt) => {
            say!("the receipt {receipt} is withdrawn already", "回执 {receipt} 已撤回")
        }
        FilingRefusal::AlreadyReviewed(receipt) => say!(
            "the receipt {receipt} is reviewed and cannot be corrected or withdrawn any more",
            "回执 {receipt} 已审核，不能再更正或撤回"
        ),
        FilingRefusal::CorrectedTooLate => say!(
            "the deadline is past; a correction does not make up what was missing then: file anew",
            "时限已过，更正不能补足当时所缺；请另行报送"
        ),
        FilingRefusal::NoPlaceForEvidence => say!("no folder for evidence is configured", "未设置佐证存放位置"),
        FilingRefusal::LargerThan(most) => {
            say!("the file is too large; at most {most} bytes are taken", "文件过大：至多 {most} 字节")
        }
    }
}

/// What is wrong with what was typed into a counter.
fn counter_words(refusal: &FilingRefusal) -> Words {
    match refusal {
        FilingRefusal::UnknownCounter { counter, known } if known.is_empty() => {
            say!("there is no counter `{counter}`; nothing is counted here", "没有计数项“{counter}”；该事项不计数")
        }
        FilingRefusal::UnknownCounter { counter, known } => {
            let (listed, known) = (known.join(", "), known.join("、"));
            say!("there is no counter `{counter}`; known: {listed}", "没有计数项“{counter}”；可填：{known}")
        }
        FilingRefusal::NoCounter => say!("there is no such counter", "没有该计数项"),
        FilingRefusal::ItemWithoutValue { counter } => {
            say!("`{counter}` has no name or number", "“{counter}”未填名称或数目")
        }
        FilingRefusal::NumberWanted { counter, unit, typed } => say!(
            "`{counter}` takes a whole number, with or without {unit}, not `{typed}`: write 3, or 0 where there is none",
            "“{counter}”应填数目（整数，如 3 或 3{unit}；没有的填 0 或“无”），所填为“{typed}”"
        ),
        FilingRefusal::NumberTooLarge { counter, most } => {
            say!("`{counter}` is too large: {most} at most", "“{counter}”数目过大：至多 {most}")
        }
        FilingRefusal::NameWanted { counter, typed } => say!(
            "`{counter}` takes names, not `{typed}`: write each by its name, several parted by a semicolon",
            "“{counter}”应填名称（几个的以顿号、分号或换行分开；没有的填“无”），所填为“{typed}”"
        ),
        FilingRefusal::TooManyItems(most) => say!("too many items: {most} at most", "计数项过多：至多 {most} 条"),
        other => words(other),
    }
}
