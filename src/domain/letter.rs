//! The letters there are, and how far one has come.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::code::coded;

coded!(LetterKind, LetterState);

/// The letters there are. The order is that of gravity: a letter that merges several notices bears the name of the
/// gravest. Event letters and the digest stand apart and are never merged with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LetterKind {
    /// 今日待办: the morning list.
    Today,
    /// 催办: a miss, told to liaison and deputy.
    Chase,
    /// 督办: a miss, told to the head too.
    Supervise,
    /// 事件: what an event obliges to, at once.
    Event,
    /// 督办清单: the office's digest.
    Digest,
    /// 登录链接: a link that somebody asked for; it tells of nothing else.
    Entry,
}

impl LetterKind {
    /// The word in the subject's brackets.
    pub fn label(self) -> &'static str {
        match self {
            LetterKind::Today => "今日待办",
            LetterKind::Chase => "催办",
            LetterKind::Supervise => "督办",
            LetterKind::Event => "事件",
            LetterKind::Digest => "督办清单",
            LetterKind::Entry => "登录链接",
        }
    }

    /// Whether the letter carries a miss up. Such a letter is repeated until a server has taken it.
    pub fn is_escalation(self) -> bool {
        !matches!(self, LetterKind::Today | LetterKind::Entry)
    }
}

/// Where a letter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LetterState {
    /// Written, to be sent.
    Queued,
    /// In somebody's hands who is sending it.
    Leased,
    Sent,
    Deferred,
    /// Outcome unknown, will be tried again.
    Unknown,
    /// The server will not have it.
    Refused,
    /// Tried for too long.
    GivenUp,
    /// It cannot be made into a message at all.
    Failed,
    /// All that it would have told was filed, waived or withdrawn before it left.
    Moot,
    /// Written before a backup was restored, so that it may have been sent long ago: the office says whether it goes out.
    Held,
}

impl LetterState {
    /// Whether nobody will send it any more, though it was to be sent.
    pub fn is_undelivered(self) -> bool {
        matches!(self, LetterState::Refused | LetterState::GivenUp | LetterState::Failed)
    }

    /// As the office reads it.
    pub fn label(self) -> &'static str {
        match self {
            LetterState::Queued => "待发",
            LetterState::Leased => "正在发送",
            LetterState::Deferred => "暂缓，将再试",
            LetterState::Unknown => "是否送达不明，将以同一编号再发",
            LetterState::Sent => "已送出",
            LetterState::Refused => "对方拒收",
            LetterState::GivenUp => "多次未送达，已停止",
            LetterState::Failed => "无法成文",
            LetterState::Moot => "所涉事项已了，未发",
            LetterState::Held => "恢复备份后暂停，待确认",
        }
    }
}
