//! What is wrong with a duty: its phrases, and what does not fit together in it.

use chrono::NaiveDate;

use super::super::grammar::{self, CadenceFault};
use super::words::{Shown, Words, say};
use crate::domain::duty::{After, Cadence, DueRule, Kind};

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum DutyFault {
    NoDutyId(Shown),
    NoClause(Shown),
    NoQuota(Shown),
    ImpossibleCadence(CadenceFault),
    ImpossibleDueRule(Shown),
    KindMisfit(Kind, Cadence),
    DueRuleMisfit(DueRule, Cadence),
    FlagMisfit(Flag, Cadence),
    NobodyOwes,
    GroupsWithoutMembers,
    CountsForItself,
    /// Linked with a duty that counts the same thing in another way.
    CountedOtherwise {
        duty: Shown,
        counter: Shown,
    },
    DueBeforeItBegins(NaiveDate),
    EndsBeforeItIsDue(NaiveDate),
    /// Of the task of that number.
    EmptyMeasure(u16),
}

/// A yes or no that only some cadences can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Flag {
    AlsoEachNode,
    EventNamesOwners,
    AnswerSuffices,
    OwnDayOnly,
}

impl DutyFault {
    pub(super) fn words(&self) -> Words {
        match self {
            DutyFault::NoDutyId(written) => say!(
                "`{written}` is no duty id; ids are written like 13.2 or 3.1a: at most 16 letters, digits, `.` and `-`",
                "“{written}”不能作职责编号；应写作 13.2、3.1a：至多16个字母、数字、. 和 -"
            ),
            DutyFault::NoClause(written) => say!(
                "`{written}` is no clause; clauses are written like \"13.2\", or \"35\" where only the task asks",
                "“{written}”不是条款；应写作 13.2，仅任务栏有要求的写作 35"
            ),
            DutyFault::NoQuota(written) => say!(
                "`{written}` is no quota; a quota is written like `检查企业>=2家`, with ` distinct` or ` level` after it",
                "“{written}”不是数量要求；应写作 检查企业>=2家，后面可加 distinct 或 level"
            ),
            DutyFault::ImpossibleCadence(fault) => {
                let Words { english, chinese } = cadence_words(fault);
                say!(
                    "impossible cadence: {english}; it must be one of daily, workday, weekly, monthly, quarterly, \
                     half_yearly, yearly, each_day_of_node, `once 2022-09-30`, `on EVENT +2h` (m, h or d)",
                    "频次不成立：{chinese}；可写 daily、workday、weekly、monthly、quarterly、half_yearly、yearly、\
                     each_day_of_node、once 2022-09-30、on 事件类型 +2h（m、h、d）"
                )
            }
            DutyFault::ImpossibleDueRule(written) => say!(
                "impossible due rule `{written}`; it must be one of end_of_day, last_workday, `last_workday 17:30`, exact",
                "时限不成立：{written}；可写 end_of_day、last_workday、last_workday 17:30、exact"
            ),
            DutyFault::KindMisfit(kind, cadence) => {
                let (word, label) = (kind.code(), kind.label());
                let Words { english, chinese } = cadence_of(*kind);
                let cadence = grammar::write_cadence(cadence);
                say!(
                    "kind `{word}` does not fit the cadence `{cadence}`; {english}",
                    "类别“{label}”与频次 {cadence} 不符；{chinese}"
                )
            }
            DutyFault::DueRuleMisfit(due, cadence) => {
                let Words { english, chinese } = due_rule_of(cadence);
                let (due, cadence) = (grammar::write_due(*due), grammar::write_cadence(cadence));
                say!(
                    "due rule `{due}` does not fit the cadence `{cadence}`; {english}",
                    "时限 {due} 与频次 {cadence} 不符；{chinese}"
                )
            }
            DutyFault::FlagMisfit(flag, cadence) => {
                let (Words { english, chinese }, cadence) = (flag.words(), grammar::write_cadence(cadence));
                let name: &str = flag.into();
                say!(
                    "`{name}` does not fit the cadence `{cadence}`; {english}",
                    "“{name}”与频次 {cadence} 不符；{chinese}"
                )
            }
            DutyFault::NobodyOwes => say!(
                "nobody owes this duty; name units, or groups as `@group`, in `owed_by`",
                "该职责没有责任单位；请在 owed_by 中写明单位，或以 @ 写明单位组"
            ),
            DutyFault::GroupsWithoutMembers => say!(
                "nobody owes this duty: its groups have no members; give the group members in units.toml, or name units",
                "该职责没有责任单位：所写单位组中没有单位；请在 units.toml 中为单位组列入单位，或直接写明单位"
            ),
            DutyFault::CountsForItself => {
                say!("`also_counts_for` names the duty itself; take it out", "“also_counts_for”写了该职责自身；请删去")
            }
            DutyFault::CountedOtherwise { duty, counter } => say!(
                "`{counter}` is counted otherwise in {duty}: linked duties share a counter's name only where unit and kind \
                 are the same; rename one of them",
                "“{counter}”在 {duty} 中的计数方式不同；可同时计入的职责，同名的数量要求须单位和方式一致，请改名"
            ),
            DutyFault::DueBeforeItBegins(due) => {
                say!(
                    "the duty is due on {due}, before it begins; let it begin earlier",
                    "职责于 {due} 到期，早于施行起始日；请提前起始日"
                )
            }
            DutyFault::EndsBeforeItIsDue(due) => say!(
                "the duty ends before it is due on {due}; let it end on that day or later",
                "职责于 {due} 到期，施行结束日早于此；请改为当日或以后结束"
            ),
            DutyFault::EmptyMeasure(task) => {
                say!(
                    "a measure of task {task} is empty; say it in a few words",
                    "第{task}项有一条措施未填；请用几个字写明"
                )
            }
        }
    }
}

fn cadence_words(fault: &CadenceFault) -> Words {
    match fault {
        CadenceFault::NoDate(written) => say!("`{written}` is no date", "{written} 不是日期"),
        CadenceFault::NoDistance(written) => {
            say!("`{written}` is no distance from an event", "{written} 不是距事件的时间")
        }
        CadenceFault::Unknown(written) => say!("unknown cadence `{written}`", "没有频次“{written}”"),
    }
}

fn cadence_of(kind: Kind) -> Words {
    match kind {
        Kind::Deadline => say!("a deadline has the cadence `once DATE`", "限期职责的频次为 once 加日期"),
        Kind::Event => say!("an event duty has the cadence `on EVENT +2h`", "事件职责的频次如 on 事件类型 +2h"),
        Kind::Node => say!("a node duty has the cadence `each_day_of_node`", "重要节点职责的频次为 each_day_of_node"),
        Kind::Recurring | Kind::Standing => say!(
            "a recurring or standing duty has a calendar cadence, daily to yearly",
            "定期和常态化职责的频次为每日至每年"
        ),
    }
}

fn due_rule_of(cadence: &Cadence) -> Words {
    match cadence {
        Cadence::OnEvent { after: After::Minutes(_), .. } => {
            say!("a distance in hours or minutes is due `exact`", "按小时、分钟计的时限为 exact")
        }
        Cadence::OnEvent { after: After::Days(_), .. } => {
            say!("a distance in days is due at the `end_of_day`", "按日计的时限为 end_of_day")
        }
        Cadence::EachNodeDay => say!(
            "a node day is due at the `end_of_day`: it is seldom a workday",
            "重要节点各日的时限为 end_of_day：节点日多非工作日"
        ),
        _ => say!(
            "only events have an exact time; use `end_of_day` or `last_workday`",
            "只有事件有确切时刻；应为 end_of_day 或 last_workday"
        ),
    }
}

impl Flag {
    /// Which cadences can have it.
    fn words(self) -> Words {
        match self {
            Flag::AlsoEachNode => say!(
                "only duties with a calendar cadence are owed once a node besides",
                "只有按日历频次的职责可在每个重要节点另办一次"
            ),
            Flag::EventNamesOwners => say!("only events name owners", "只有事件可写明责任单位"),
            Flag::AnswerSuffices => say!("only events are answered", "只有事件可以叫应"),
            Flag::OwnDayOnly => say!("only duties of a day have an own day", "只有按日的职责可限当日办理"),
        }
    }
}
