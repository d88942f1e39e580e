//! What is wrong with how a file is laid out: its syntax, its tables and keys, its rows and columns.

use std::fmt;

use super::words::{Meant, Shown, Words, say};

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum LayoutFault {
    /// What the TOML parser says of it, and what it expects.
    NotToml {
        wrong: String,
        expected: Option<String>,
    },
    NotJson(JsonFault),
    MissingKey {
        table: Table,
        key: &'static str,
        like: &'static str,
    },
    UnknownKey {
        table: Table,
        key: Shown,
        meant: Meant,
    },
    /// A file without a single one of these tables.
    NoTable(&'static str),
    /// A file of the holiday-cn layout has this key.
    NoHolidayFile(&'static str),
    /// Each day of the holiday-cn layout has this key.
    DayWithoutKey(&'static str),
    EmptySheet {
        heading: String,
    },
    RowWidth {
        fields: usize,
        heading: usize,
    },
    MissingColumn {
        column: &'static str,
        needed: String,
    },
    UnclosedQuote,
    TextAfterQuote,
}

/// The table in which a key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Table {
    /// The file itself.
    Whole,
    /// One that is called so in a list: `[[duty]]`.
    Of(&'static str),
    /// `[mail.transport]`
    Section(String),
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Table::Whole => f.write_str("the file"),
            Table::Of(name) => f.write_str(name),
            Table::Section(path) => write!(f, "[{path}]"),
        }
    }
}

impl Table {
    fn chinese(&self) -> String {
        match self {
            Table::Whole => "文件".into(),
            Table::Of(name) => format!("{name} 表"),
            Table::Section(path) => format!("[{path}]"),
        }
    }
}

/// Where a JSON parser stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonFault {
    TextAfterEnd,
    TooDeep,
    NoValue,
    NoCommaInList,
    NoCommaInTable,
    NoKey,
    NoColon,
    WrongEscape,
    UnclosedText,
}

impl JsonFault {
    fn words(self) -> Words {
        match self {
            JsonFault::TextAfterEnd => say!("text stands after the end", "结尾之后还有文字"),
            JsonFault::TooDeep => say!("nested too deeply", "嵌套过深"),
            JsonFault::NoValue => say!("a value is expected here", "此处应有一个值"),
            JsonFault::NoCommaInList => say!("`,` or `]` is expected here", "此处应为 , 或 ]"),
            JsonFault::NoCommaInTable => say!("`,` or `}}` is expected here", "此处应为 , 或 }}"),
            JsonFault::NoKey => say!("a key in quotes is expected here", "此处应为带引号的键"),
            JsonFault::NoColon => say!("`:` is expected here", "此处应为 :"),
            JsonFault::WrongEscape => say!("this text has a wrong escape in it", "文字中的转义写法不对"),
            JsonFault::UnclosedText => say!("a quotation mark is never closed", "引号未成对"),
        }
    }
}

impl LayoutFault {
    pub(super) fn words(&self) -> Words {
        match self {
            LayoutFault::NotToml { wrong, expected: None } => say!("not TOML: {wrong}", "不符合 TOML 格式：{wrong}"),
            LayoutFault::NotToml { wrong, expected: Some(right) } => {
                say!("not TOML: {wrong}; expected {right}", "不符合 TOML 格式：{wrong}；expected {right}")
            }
            LayoutFault::NotJson(fault) => {
                let Words { english, chinese } = fault.words();
                say!("{english}; this is no JSON", "{chinese}；文件不符合 JSON 格式")
            }
            LayoutFault::MissingKey { table, key, like } => {
                let chinese = table.chinese();
                say!("{table} has no `{key}`; add `{key} = {like}`", "{chinese}中没有“{key}”；请补上 {key} = {like}")
            }
            LayoutFault::UnknownKey { table, key, meant } => {
                let (hint, place) = (meant.words(key), table.chinese());
                let Words { english, chinese } = hint;
                say!("unknown key `{key}` in {table}{english}", "{place}中不能有“{key}”{chinese}")
            }
            LayoutFault::NoTable(name) => {
                say!("there is no {name}; begin each with `[[{name}]]`", "文件中没有 {name}；每一项以 [[{name}]] 开头")
            }
            LayoutFault::NoHolidayFile(key) => say!(
                "there is no `{key}`; this must be a file of the holiday-cn layout",
                "没有“{key}”；文件应为 holiday-cn 格式"
            ),
            LayoutFault::DayWithoutKey(key) => say!(
                "the day has no `{key}`; each day has name, date and isOffDay",
                "该日没有“{key}”；每日须有 name、date、isOffDay"
            ),
            LayoutFault::EmptySheet { heading } => {
                say!("the file is empty; its first line must be `{heading}`", "文件是空的；首行应为 {heading}")
            }
            LayoutFault::RowWidth { fields, heading } => {
                say!("the row has {fields} fields; the heading has {heading}", "本行有{fields}栏；首行有{heading}栏")
            }
            LayoutFault::MissingColumn { column, needed } => {
                say!("there is no column `{column}`; needed: {needed}", "缺少“{column}”列；须有：{needed}")
            }
            LayoutFault::UnclosedQuote => say!(
                "a quotation mark is never closed; close it, or double it inside a field",
                "引号未成对；补上另一半；栏内的引号写两次"
            ),
            LayoutFault::TextAfterQuote => say!(
                "text stands after a closing quotation mark; double the mark inside a field",
                "引号之后还有文字；栏内的引号写两次"
            ),
        }
    }
}
