//! What a letter says, before it is worded: the values that templates are given.
//!
//! All texts here are short labels made by whoever knows the obligation (`10月31日（周一）18:00`, `逾期1日`); templates put
//! them in order and add the courtesies. Nothing here may hold what a letter must not say: hazard details, names of
//! enterprises, addresses.

use serde::Serialize;

use crate::domain::letter::LetterKind;

/// The sections a letter can have, in the order in which they should stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// What an event obliged to, not done in time.
    EventMissed,
    Event,
    /// 督办: misses carried up to the head.
    Supervise,
    /// 催办: misses declared since the last slot.
    Chase,
    /// 办理结果: what the office has decided.
    Decided,
    /// A request of the unit waits for its leader's view.
    View,
    /// Misses told before and still open.
    Overdue,
    /// 退回: filed, returned, to be filed again.
    Returned,
    DueToday,
    DueSoon,
    /// A deadline that a holiday notice has moved.
    Moved,
}

impl SectionKind {
    pub const ALL: [SectionKind; 11] = [
        SectionKind::EventMissed,
        SectionKind::Event,
        SectionKind::Supervise,
        SectionKind::Chase,
        SectionKind::Decided,
        SectionKind::View,
        SectionKind::Overdue,
        SectionKind::Returned,
        SectionKind::DueToday,
        SectionKind::DueSoon,
        SectionKind::Moved,
    ];

    /// The heading, unless the section brings its own.
    pub fn title(self) -> &'static str {
        match self {
            SectionKind::EventMissed => "事件逾期",
            SectionKind::Event => "事件应办",
            SectionKind::Supervise => "督办事项",
            SectionKind::Chase => "催办事项",
            SectionKind::Decided => "办理结果",
            SectionKind::View => "请签署意见",
            SectionKind::Overdue => "逾期未办",
            SectionKind::Returned => "退回重报",
            SectionKind::DueToday => "今日到期",
            SectionKind::DueSoon => "临近到期",
            SectionKind::Moved => "时限顺延",
        }
    }

    /// The letter that a section alone would make.
    pub fn letter(self) -> LetterKind {
        match self {
            SectionKind::EventMissed | SectionKind::Event => LetterKind::Event,
            SectionKind::Supervise => LetterKind::Supervise,
            SectionKind::Chase => LetterKind::Chase,
            SectionKind::Decided
            | SectionKind::View
            | SectionKind::Moved
            | SectionKind::Overdue
            | SectionKind::Returned
            | SectionKind::DueToday
            | SectionKind::DueSoon => LetterKind::Today,
        }
    }
}

/// One obligation as a letter shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LetterItem {
    /// The duty's number: `13.2`.
    pub duty: String,
    /// The obligation's own number, which decisions ask for.
    pub number: Option<i64>,
    /// Where the document asks for it: `第13项第2条`.
    pub clause_label: String,
    pub title: String,
    /// Who owes it: `质安处`, `质安处、安管总站`.
    pub owners: String,
    /// `2022年10月`, `2022年第43周`.
    pub period_label: String,
    /// `10月31日（周一）18:00`, `10月31日（周一）24:00`.
    pub due_label: String,
    /// The light's word: `临期`, `逾期`. Never a colour alone.
    pub light_word: String,
    /// What is missing of a quota: `检查企业1家`.
    pub missing: Option<String>,
    /// Whole days since the deadline, of a miss.
    pub days_overdue: Option<i64>,
    /// Of a miss: until when it can be made good (`10月31日（周一）18:00`); none = no limit.
    pub good_until: Option<String>,
    /// Misses in a row, from the second on.
    pub streak: Option<u32>,
    /// `本办默认频次` where the cadence is the office's own default.
    pub basis_note: Option<String>,
    /// Anything else, on one line: why it was returned, who asked for an extension.
    pub note: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LetterSection {
    pub title: String,
    pub kind: SectionKind,
    /// In the order of the document.
    pub items: Vec<LetterItem>,
}

impl LetterSection {
    /// A section under its usual heading.
    pub fn new(kind: SectionKind, items: Vec<LetterItem>) -> LetterSection {
        LetterSection { title: kind.title().to_owned(), kind, items }
    }
}

/// A letter to one address: all that is to be said to it in one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LetterContext {
    /// The gravest of what it says; see [`LetterContext::gravest`]. Never `Digest`.
    pub kind: LetterKind,
    /// 称谓: `质安处联络员`.
    pub recipient: String,
    /// All posts at that address for which it speaks, where there are several.
    pub posts: Vec<String>,
    /// `2022年10月31日（周一）`.
    pub date_label: String,
    /// At least one, none of them empty, gravest first.
    pub sections: Vec<LetterSection>,
    /// Due today without a step of its own: shown, but no reason to write.
    pub context_rows: Vec<LetterItem>,
    /// Whether the letter offers a link; [`crate::mail::link::fill_link`] fills or removes it when the letter is sent.
    pub link: bool,
    /// How to reach the office: `委安委办 63670000`.
    pub contact: String,
    /// 落款: `市住房城乡建委安全生产委员会办公室`.
    pub signature: String,
    /// 试运行: the recipient it would have gone to.
    pub trial: Option<String>,
    /// What the reader should know of this letter: `系统曾停机，本邮件为补发`.
    pub note: Option<String>,
}

impl LetterContext {
    /// The kind of the gravest section; `None` without sections, when there is nothing to write.
    pub fn gravest(sections: &[LetterSection]) -> Option<LetterKind> {
        sections.iter().map(|section| section.kind.letter()).max()
    }
}

/// A letter that could not be delivered, as the digest lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UndeliveredRow {
    /// The post: `质安处联络员`. Never the address.
    pub post: String,
    /// What kind of letter: `催办`.
    pub letter: String,
    /// Since when: `10月31日 09:00`.
    pub since: String,
    /// `收件人被拒`, `结果不明，已重发`.
    pub state: String,
    /// What the server said, cleaned.
    pub reason: String,
}

/// A post that cannot be told anything, as the digest lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UntoldRow {
    /// `质安处联络员`.
    pub post: String,
    /// What it could not be told: `2.2（10月31日）、13.2（10月31日）`.
    pub what: String,
}

/// A duty of which something closed as missed: nobody can make it good any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LapsedRow {
    pub duty: String,
    pub title: String,
    /// How many obligations.
    pub count: usize,
    /// Who owed them and for which periods: `质安处（2022年第40周、2022年第41周）、市场处（2022年第40周）`.
    pub owners: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DigestTotals {
    pub open: u64,
    pub due_today: u64,
    pub overdue: u64,
    /// Closed in time since the last digest.
    pub closed_on_time: u64,
    /// Made good late since the last digest.
    pub made_good: u64,
    /// Letters taken by the mail server since the last digest.
    pub letters_sent: u64,
}

/// 督办清单: what the office has to know and to decide this workday. Empty lists are told as such (零报告).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DigestContext {
    /// 称谓: `委安委办值班员`.
    pub recipient: String,
    /// `2022年10月31日（周一）`.
    pub date_label: String,
    /// Misses declared since the last digest.
    pub new_misses: Vec<LetterItem>,
    /// Misses told before and still open, oldest and longest streak first.
    pub standing: Vec<LetterItem>,
    /// 通报建议, for the office to decide.
    pub proposals: Vec<LetterItem>,
    /// Filed, waiting for the office's review.
    pub waiting_review: Vec<LetterItem>,
    pub extensions: Vec<LetterItem>,
    /// 异议.
    pub disputes: Vec<LetterItem>,
    /// How many 通报建议 wait beside those that are listed, and how many 未提醒.
    pub more_proposals: u64,
    pub more_unreminded: u64,
    /// What closed as missed since the last digest, a line a duty.
    pub lapsed: Vec<LapsedRow>,
    /// Letters not delivered or in doubt.
    pub undelivered: Vec<UndeliveredRow>,
    /// Posts without an address.
    pub untold: Vec<UntoldRow>,
    /// 未提醒: misses of which no reminder got out in time, for the office to judge.
    pub unreminded: Vec<LetterItem>,
    /// Whether the watcher itself was down, and since when; empty = it was not.
    pub watcher: Vec<String>,
    pub totals: DigestTotals,
    /// Whether the letter offers a link.
    pub link: bool,
    /// How to reach whoever runs this service.
    pub contact: String,
    /// 落款.
    pub signature: String,
    /// 试运行: said on the digest too.
    pub trial: Option<String>,
    /// What the reader should know of this letter.
    pub note: Option<String>,
}
