//! What is wrong with a ladder: steps that could never fire, and what does not go together.

use chrono::NaiveTime;

use super::words::{Shown, Words, say};
use crate::domain::ladder::Class;

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum LadderFault {
    /// A duty of the class needs one.
    NoLadder {
        class: Class,
        duty: String,
    },
    TwoLadders(Class),
    NoMoment(Shown),
    /// The step as it is written, and why it cannot.
    NeverFires {
        step: Shown,
        why: Never,
    },
    /// Two reminders at the same moment.
    TwoSteps(Shown),
    TellsNobody,
    /// A level without a number of workdays or of misses.
    LevelWithoutFigure(&'static str),
    NoRowOfMisses(u32),
    NotTheOfficeAlone,
    ProposesTooEarly,
    NodeLimitElsewhere,
    NodeLimitZero,
}

/// Why a reminder can never fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Never {
    /// It opens as its day begins.
    OpensAtMidnight,
    NotByTheClock,
    DueWithinHours,
    /// So many workdays before it is due it is not open yet, at most so many are possible.
    NotOpenYet {
        workdays: u32,
        most: u32,
    },
    /// That duty is due at that time already.
    DueBefore {
        duty: String,
        due: NaiveTime,
    },
}

impl LadderFault {
    pub(super) fn words(&self) -> Words {
        match self {
            LadderFault::NoLadder { class, duty } => {
                say!(
                    "class `{class}` has no ladder, but duty {duty} needs one; add a [[ladder]] with `class = \"{class}\"`",
                    "“{class}”没有催办阶梯，而职责 {duty} 需要；请添加 class = \"{class}\" 的 [[ladder]]"
                )
            }
            LadderFault::TwoLadders(class) => {
                say!("class `{class}` has two ladders; keep one", "“{class}”有两个催办阶梯；只留一个")
            }
            LadderFault::NoMoment(written) => say!(
                "`{written}` is no moment; it must be one of opening, half_time, at_due, `-5 workdays`, `due_day 09:00`",
                "“{written}”不是提醒时点；可写 opening、half_time、at_due、-5 workdays、due_day 09:00"
            ),
            LadderFault::NeverFires { step, why } => {
                let Words { english, chinese } = why.words();
                say!("the step `{step}` can never fire: {english}", "“{step}”不会有提醒：{chinese}")
            }
            LadderFault::TwoSteps(moment) => {
                say!("there are two steps at `{moment}`; make them one", "“{moment}”有两次提醒；请合为一次")
            }
            LadderFault::TellsNobody => say!(
                "the step tells nobody; name posts: liaison, deputy, head, office",
                "没有写明告知谁；可写岗位 liaison、deputy、head、office"
            ),
            LadderFault::LevelWithoutFigure(level) => say!(
                "the step `{level}` can never fire; give `workday`, `streak` or both",
                "“{level}”不会发生；请填写 workday 或 streak，或两者都填"
            ),
            LadderFault::NoRowOfMisses(streak) => {
                say!(
                    "`streak` {streak} is no row of misses; it must be at least 2",
                    "“streak”为 {streak}，不成连续逾期；至少为2"
                )
            }
            LadderFault::NotTheOfficeAlone => {
                say!(
                    "`propose` goes to the office alone; write `to = [\"office\"]`",
                    "通报建议只报值班岗位；请写 to = [\"office\"]"
                )
            }
            LadderFault::ProposesTooEarly => {
                say!(
                    "`propose` does not come after `supervise`; give it the larger figures",
                    "通报建议不在督办之后；数目应更大"
                )
            }
            LadderFault::NodeLimitElsewhere => say!(
                "`node_day_limit` can only stand in the ladder of class `day`; take it out",
                "“node_day_limit”只能写在 day 类的催办阶梯中；请删去"
            ),
            LadderFault::NodeLimitZero => say!(
                "`node_day_limit` is 0: nothing could be made good; it must be at least 1",
                "“node_day_limit”为0，则无从补办；至少为1"
            ),
        }
    }
}

impl Never {
    fn words(&self) -> Words {
        match self {
            Never::OpensAtMidnight => {
                say!("a duty of a day opens at 00:00; use `due_day 16:00`", "按日职责于00:00开始；可写 due_day 16:00")
            }
            Never::NotByTheClock => say!(
                "only what is due by the clock has such a moment; use `due_day 09:00`",
                "只有按小时计的事项有此时点；可写 due_day 09:00"
            ),
            Never::DueWithinHours => say!(
                "it is due within hours; use `opening`, `half_time`, `at_due`",
                "事项数小时内到期；可写 opening、half_time、at_due"
            ),
            Never::NotOpenYet { workdays, most: 0 } => say!(
                "{workdays} workdays before it is due, it is not open yet; use `due_day 16:00`",
                "到期前{workdays}个工作日尚未开始；可写 due_day 16:00"
            ),
            Never::NotOpenYet { workdays, most } => say!(
                "{workdays} workdays before it is due, it is not open yet; at most {most} are possible",
                "到期前{workdays}个工作日尚未开始；至多{most}个"
            ),
            Never::DueBefore { duty, due } => {
                let due = due.format("%H:%M");
                say!("duty {duty} is due at {due}; remind before {due}", "职责 {duty} 于{due}到期；须在{due}之前提醒")
            }
        }
    }
}
