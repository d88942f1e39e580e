//! What is wrong with one value, whatever else the file says.

use super::form::FormFault;
use super::words::{Shown, Words, say};
use crate::domain::address::AddressFault;
use crate::domain::name::NameFault;
use crate::domain::text::{self, TextFault};

/// What the value is called where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// The key or column of that name.
    Field(&'static str),
    /// An environment variable, whose name stands in the file's stead.
    Variable,
    /// A file that holds this one value.
    Secret,
}

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ValueFault {
    /// Of the type that TOML calls so, which is not what it must be.
    WrongType(&'static str, Type),
    WrongJsonType(JsonType),
    ForbiddenCharacter(char),
    EmptyValue(Wanted),
    /// Nothing, or blanks at its ends.
    NoPlainName,
    /// Longer than so many characters.
    TooLong(usize),
    BadName(NameFault),
    NoDate {
        written: Shown,
        /// How one is written.
        like: &'static str,
    },
    NoTimeOfDay(Shown),
    OutOfRange {
        written: Shown,
        least: i64,
        most: i64,
    },
    NoEmail {
        written: Shown,
        fault: AddressFault,
    },
    /// A value of the configuration that is not of the form which its key wants.
    Form(FormFault),
}

/// What a value must be in TOML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Text,
    WholeNumber,
    Flag,
    /// Written like this one.
    Date(&'static str),
    LengthOfTime,
    Size,
    Texts,
    Table,
    /// Begun by `[[…]]`.
    Tables(&'static str),
    /// Begun by `[…]`.
    Section(&'static str),
}

/// What a value must be in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    Days,
    Flag,
    Year,
    Text,
}

/// What is to be given where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    FewWords,
    Holiday,
    Email,
    Text,
    Path,
    Program,
    IpAddresses,
}

impl From<FormFault> for ValueFault {
    fn from(fault: FormFault) -> ValueFault {
        ValueFault::Form(fault)
    }
}

impl ValueFault {
    pub(super) fn code(&self) -> &'static str {
        match self {
            ValueFault::Form(fault) => fault.into(),
            other => other.into(),
        }
    }

    pub(super) fn words(&self, of: Of) -> Words {
        let Words { english, chinese } = self.predicate();
        match of {
            Of::Field(name) => say!("`{name}` {english}", "“{name}”{chinese}"),
            Of::Variable => say!("its value {english}", "其值{chinese}"),
            Of::Secret => say!("its text {english}", "其内容{chinese}"),
        }
    }

    /// What is said of the value, behind its name.
    fn predicate(&self) -> Words {
        match self {
            ValueFault::WrongType(found, right) => {
                let Words { english, chinese } = right.words();
                say!("is of type {found}; it must be {english}", "的类型不对；应为{chinese}")
            }
            ValueFault::WrongJsonType(right) => right.words(),
            ValueFault::ForbiddenCharacter(c) => {
                let what = text::forbidden(*c).map(|why| why.to_string()).unwrap_or_default();
                let number = u32::from(*c);
                say!("has {what} (U+{number:04X}); take it out", "含有不可用的字符 U+{number:04X}；请删去")
            }
            ValueFault::EmptyValue(wanted) => {
                let Words { english, chinese } = wanted.words();
                say!("is empty; {english}", "未填；{chinese}")
            }
            ValueFault::NoPlainName => {
                say!("is empty or has blanks at its ends; give a plain name", "未填，或首尾有空格；请填写名称")
            }
            ValueFault::TooLong(most) => {
                say!("is longer than {most} characters; give a plain name", "过长：至多 {most} 字；请填写名称")
            }
            ValueFault::BadName(NameFault::Text(TextFault::Forbidden(c))) => {
                ValueFault::ForbiddenCharacter(*c).predicate()
            }
            ValueFault::BadName(NameFault::Text(TextFault::Empty)) => {
                say!("is empty; give a short plain name", "未填；请填写简短的名称")
            }
            ValueFault::BadName(NameFault::Text(TextFault::TooLong(most))) => {
                say!(
                    "is longer than {most} characters; give a short plain name",
                    "过长：至多 {most} 字；请填写简短的名称"
                )
            }
            ValueFault::BadName(NameFault::Blank) => {
                say!("begins or ends with a blank; give a short plain name", "首尾有空格；请填写简短的名称")
            }
            ValueFault::BadName(NameFault::Mark) => say!(
                "has one of `; @ / : ,` `*` `\"` `'`, which join or mark names; give a short plain name",
                "含有 ; @ / : , * 或引号，这些符号用于连接或标记名称；请填写简短的名称"
            ),
            ValueFault::NoDate { written, like } => say!(
                "is no date: `{written}`; dates are written like {like} and must exist",
                "不是日期：{written}；日期应写作 {like}，且须确有其日"
            ),
            ValueFault::NoTimeOfDay(written) => {
                say!("is no time of day: `{written}`; write it like 08:30", "不是时刻：{written}；应写作 08:30")
            }
            ValueFault::OutOfRange { written, least, most } => say!(
                "is out of range: {written}; it must be from {least} to {most}",
                "超出范围：{written}；应在 {least} 至 {most} 之间"
            ),
            ValueFault::NoEmail { written, fault } => {
                let label = fault.label();
                say!(
                    "is no e-mail address: `{written}`: {fault}; addresses are written like name@example.com",
                    "不是邮箱地址：{written}，{label}；应写作 name@example.com"
                )
            }
            ValueFault::Form(fault) => fault.predicate(),
        }
    }
}

impl Type {
    fn words(self) -> Words {
        match self {
            Type::Text => say!("a text in quotes", "带引号的文字"),
            Type::WholeNumber => say!("a whole number", "整数"),
            Type::Flag => say!("true or false", " true 或 false"),
            Type::Date(like) => say!("a date like {like}", "日期，如 {like}"),
            Type::LengthOfTime => {
                say!(
                    "a length of time in quotes, like \"30s\", \"10m\" or \"2h\"",
                    "带引号的时长，如 \"30s\"、\"10m\"、\"2h\""
                )
            }
            Type::Size => say!("a size in quotes, like \"50MB\"", "带引号的大小，如 \"50MB\""),
            Type::Texts => say!("a list of texts", "文字的列表"),
            Type::Table => say!("a table", "表"),
            Type::Tables(name) => {
                say!("a list of tables, each begun by `[[{name}]]`", "若干个表，每个以 [[{name}]] 开头")
            }
            Type::Section(path) => say!("a table, begun by `[{path}]`", "表，以 [{path}] 开头"),
        }
    }
}

impl JsonType {
    fn words(self) -> Words {
        match self {
            JsonType::Days => say!("is no list; it must be a list of days", "不是列表；应为日期的列表"),
            JsonType::Flag => {
                say!("is neither true nor false; it must be one of them", "既非 true 也非 false；应为其一")
            }
            JsonType::Year => say!("is no number; it must be a year", "不是数字；应为年份"),
            JsonType::Text => say!("is no text; it must be in quotes", "不是文字；应加引号"),
        }
    }
}

impl Wanted {
    fn words(self) -> Words {
        match self {
            Wanted::FewWords => say!("say it in a few words", "请用几个字写明"),
            Wanted::Holiday => say!("name the holiday", "请填写节日名称"),
            Wanted::Email => say!("addresses are written like name@example.com", "应写作 name@example.com"),
            Wanted::Text => say!("give a text, or leave the key out", "请填写文字，或删去该键"),
            Wanted::Path => say!("give a path, or leave the key out", "请填写路径，或删去该键"),
            Wanted::Program => {
                say!("give a program and its arguments, or leave the key out", "请填写程序及其参数，或删去该键")
            }
            Wanted::IpAddresses => say!("give IP addresses, or leave the key out", "请填写 IP 地址，或删去该键"),
        }
    }
}
