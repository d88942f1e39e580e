//! What is wrong with an entry of a list: a unit, a post, a listed day, a node, an event type.

use chrono::NaiveDate;

use super::words::{Shown, Words, say};

#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr, strum::VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum ListFault {
    /// A last day, by its key, and the first day that it should not be before.
    EndsBeforeItBegins {
        end: &'static str,
        last: NaiveDate,
        begin: &'static str,
        first: NaiveDate,
    },
    UnitLeavesFirst {
        left: NaiveDate,
        joined: NaiveDate,
    },
    /// A node with that last day.
    NodeEndsFirst(NaiveDate),
    NodesTogether {
        first: String,
        known: Shown,
    },
    EventWithBlank,
    ImpliesItself(Shown),
    /// Only the unit of the safety office has such a post.
    NoOfficePost {
        unit: String,
        office: String,
    },
    DaysWithoutStandIn,
    OfficeSharesAddress,
    NoDayListed,
    /// The notice for a year, read from a file without a day.
    NoticeWithoutDays(i32),
    DayOfAnotherYear {
        day: NaiveDate,
        year: i32,
    },
}

impl ListFault {
    pub(super) fn words(&self) -> Words {
        match self {
            ListFault::EndsBeforeItBegins { end, last, begin, first } => say!(
                "`{end}` {last} is before `{begin}` {first}; put the later day last",
                "结束日 {last} 早于起始日 {first}；请把较晚的日期填在后面"
            ),
            ListFault::UnitLeavesFirst { left, joined } => say!(
                "`left_on` {left} is not after `joined_on` {joined}; a unit leaves after it joined",
                "离开日 {left} 不在加入日 {joined} 之后；单位须先加入后离开"
            ),
            ListFault::NodeEndsFirst(last) => say!(
                "the node ends on {last}, before it begins; put the later day last",
                "重要节点于 {last} 结束，早于起始日；请把较晚的日期填在后面"
            ),
            ListFault::NodesTogether { first, known } => say!(
                "two nodes begin on {first}; make it one with “{known}”: a node is known by its first day",
                "两个重要节点同于 {first} 开始；请与“{known}”合为一个：重要节点以首日为编号"
            ),
            ListFault::EventWithBlank => say!(
                "the name of an event has a blank; leave it out: duties name it between blanks",
                "事件类型名称中有空格；请删去：职责中以空格分隔"
            ),
            ListFault::ImpliesItself(name) => say!(
                "`{name}` implies itself; events must not imply each other",
                "“{name}”归结到自身；事件类型不能互相从属"
            ),
            ListFault::NoOfficePost { unit, office } => {
                say!("`{unit}` has no post `office`; only {office} has one", "{unit} 没有值班岗位；只有{office}有")
            }
            ListFault::DaysWithoutStandIn => say!(
                "days are given, but no stand-in; give `stand_in_address` as well, or no days",
                "填了代班日期，没有填代班邮箱；请补上 stand_in_address，或不填日期"
            ),
            ListFault::OfficeSharesAddress => say!(
                "the post `office` has the address of its unit's liaison; the digest needs an address of its own",
                "值班岗位与本单位联络员邮箱相同；督办清单须有自己的邮箱"
            ),
            ListFault::NoDayListed => say!(
                "the file lists no day; a year without listed days is not published, not free of holidays",
                "文件没有列出任何日期；没有列出日期不等于没有节假日"
            ),
            ListFault::NoticeWithoutDays(year) => say!(
                "the notice for {year} is not published: `days` is empty; wait for the notice",
                "{year}年的通知尚未公布：days 为空；请等通知公布"
            ),
            ListFault::DayOfAnotherYear { day, year } => say!(
                "{day} is no day of {year}; a file lists its year and the December before",
                "{day} 不在{year}年之内；文件只列当年和上一年12月的日期"
            ),
        }
    }
}
