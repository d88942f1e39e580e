//! What is wrong with names that files use for one another: unknown ones, and those that are given twice.

use chrono::NaiveDate;

use super::words::{Meant, Shown, Words, say};

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum NamingFault {
    UnknownName {
        what: Thing,
        given: Shown,
        meant: Meant,
    },
    /// `office` of `units.toml`.
    UnknownOffice {
        given: Shown,
        meant: Meant,
    },
    UnknownPart {
        part: u32,
        known: String,
    },
    /// A clause that is not in the clause list, which has so many measures of its task; 0 = it has no such task.
    UnknownClause {
        written: Shown,
        task: u16,
        measures: usize,
    },
    /// A duty that was not given anew names what the files no longer have.
    Dangling {
        duty: String,
        names: Named,
    },
    /// The line in which it stands already is told, but for what is listed in one line.
    GivenTwice {
        what: Thing,
        name: Shown,
        line: Option<usize>,
    },
    TaskGivenTwice {
        task: u16,
        line: usize,
    },
    PartGivenTwice {
        part: u32,
        before: Shown,
    },
    DayGivenTwice {
        day: NaiveDate,
        before: Shown,
    },
    CountedTwice(Shown),
    NamedTwice(Shown),
    GroupNamedTwice(Shown),
}

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Thing {
    Basis,
    Class,
    Column,
    Duty,
    Event,
    Group,
    Kind,
    Mode,
    Post,
    Role,
    Status,
    Unit,
}

/// What a duty names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    Unit(String),
    Group(String),
    Event(String),
    /// As it is labelled: 第13项第2条.
    Clause(String),
}

impl Named {
    fn words(&self) -> Words {
        match self {
            Named::Unit(name) => say!("unit `{name}`", "单位“{name}”"),
            Named::Group(name) => say!("group `@{name}`", "单位组“{name}”"),
            Named::Event(name) => say!("event `{name}`", "事件类型“{name}”"),
            Named::Clause(label) => say!("clause {label}", "条款{label}"),
        }
    }
}

impl NamingFault {
    pub(super) fn words(&self) -> Words {
        match self {
            NamingFault::UnknownName { what, given, meant } => {
                let (Words { english, chinese }, word): (Words, &str) = (meant.words(given), what.into());
                let unknown = what.unknown(given);
                say!("unknown {word} `{given}`{english}", "{unknown}{chinese}")
            }
            NamingFault::UnknownOffice { given, meant } => {
                let Words { english, chinese } = meant.words(given);
                say!("`office` is no unit: `{given}`{english}", "“office”不是名册中的单位：{given}{chinese}")
            }
            NamingFault::UnknownPart { part, known } => {
                say!("there is no part {part}; known: {known}", "没有第{part}部分；可用：{known}")
            }
            NamingFault::UnknownClause { written, task, measures: 0 } => say!(
                "clause {written} is not in the clause list; the clause list (clauses.toml) has no task {task}",
                "条款目录中没有 {written}；clauses.toml 中没有第{task}项"
            ),
            NamingFault::UnknownClause { written, task, measures } => say!(
                "clause {written} is not in the clause list; task {task} has the measures 1 to {measures} in the clause \
                 list (clauses.toml)",
                "条款目录中没有 {written}；clauses.toml 中第{task}项有第1至{measures}条"
            ),
            NamingFault::Dangling { duty, names } => {
                let Words { english, chinese } = names.words();
                say!(
                    "duty {duty} names {english}, which the files no longer have; give a `duties.toml` that goes with them",
                    "职责 {duty} 写有 {chinese}，而上传的文件中已没有；请同时上传相应的 duties.toml"
                )
            }
            NamingFault::GivenTwice { what, name, line } => {
                let word: &str = what.into();
                let twice = what.twice(name);
                match line {
                    Some(line) => {
                        say!(
                            "{word} `{name}` is given twice; it stands in line {line} already",
                            "{twice}；第{line}行已有"
                        )
                    }
                    None => say!("{word} `{name}` is given twice; give it once", "{twice}；只写一次"),
                }
            }
            NamingFault::TaskGivenTwice { task, line } => {
                say!(
                    "task {task} is given twice; it stands in line {line} already",
                    "第{task}项出现两次；第{line}行已有"
                )
            }
            NamingFault::PartGivenTwice { part, before } => {
                say!("part {part} is given twice; it is “{before}” already", "第{part}部分出现两次；已为“{before}”")
            }
            NamingFault::DayGivenTwice { day, before } => {
                say!("{day} is listed twice; it is listed as {before} already", "{day} 出现两次；已列为{before}")
            }
            NamingFault::CountedTwice(name) => {
                say!("`{name}` is counted twice; give each counter once", "“{name}”计数两次；每项只写一次")
            }
            NamingFault::NamedTwice(name) => {
                say!("`{name}` is named twice; name it once", "“{name}”写了两次；只写一次")
            }
            NamingFault::GroupNamedTwice(name) => {
                say!("group `{name}` is named twice; name it once", "单位组“{name}”写了两次；只写一次")
            }
        }
    }
}

impl Thing {
    fn unknown(self, given: &Shown) -> String {
        match self {
            Thing::Column => format!("没有“{given}”这一列"),
            Thing::Duty => format!("没有职责“{given}”"),
            Thing::Event => format!("没有事件类型“{given}”"),
            Thing::Group => format!("没有单位组“{given}”"),
            Thing::Kind => format!("没有类别“{given}”"),
            Thing::Post => format!("没有岗位“{given}”"),
            Thing::Role => format!("没有岗位类别“{given}”"),
            Thing::Status => format!("没有状态“{given}”"),
            Thing::Unit => format!("没有单位“{given}”"),
            // Keys whose words are these files' own.
            Thing::Basis => format!("basis：没有“{given}”"),
            Thing::Class => format!("class：没有“{given}”"),
            Thing::Mode => format!("mode：没有“{given}”"),
        }
    }

    fn twice(self, name: &Shown) -> String {
        match self {
            Thing::Column => format!("“{name}”列出现两次"),
            Thing::Duty => format!("职责 {name} 出现两次"),
            Thing::Event => format!("事件类型 {name} 出现两次"),
            Thing::Group => format!("单位组 {name} 出现两次"),
            Thing::Post => format!("岗位 {name} 出现两次"),
            Thing::Unit => format!("单位 {name} 出现两次"),
            Thing::Basis | Thing::Class | Thing::Kind | Thing::Mode | Thing::Role | Thing::Status => {
                format!("“{name}”出现两次")
            }
        }
    }
}
