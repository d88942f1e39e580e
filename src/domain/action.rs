//! What the log says was done: by the program as time goes by, and by people.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::code::coded;
use super::step::Move;

coded!(Action);

/// Of an obligation, and then of everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Action {
    Open,
    Remind,
    Miss,
    Chase,
    Stand,
    Supervise,
    Propose,
    Lapse,
    Submit,
    Withdraw,
    Correct,
    Accept,
    Return,
    ConfirmMiss,
    ExcuseMiss,
    Publish,
    NotPublish,
    /// 撤销: the decider took a decision back.
    Undo,
    AskExtension,
    GrantExtension,
    RefuseExtension,
    Waive,
    Dispute,
    UpholdDispute,
    RejectDispute,
    Erase,
    Confirm,
    Endorse,
    MoveNode,
    MoveDeadline,
    OwnerLeft,
    OwnerSucceeded,
    SetUp,
    ApplySeeds,
    ImportCalendar,
    ImportPosts,
    SetUnit,
    LeaveUnit,
    RenameUnit,
    SucceedUnit,
    SetPost,
    OpenNode,
    ExtendNode,
    CloseNode,
    OpenEvent,
    CloseEvent,
    SignIn,
    SignOut,
    SetupLink,
    SetPassword,
    AskLink,
    MakeToken,
    EndToken,
    MakeFeed,
    RevokeLink,
    SendAgain,
    /// A restored copy was noticed, and its letters were held.
    HoldLetters,
    /// The letters that were held go out, or do not.
    ReleaseLetters,
    ViewEvidence,
}

impl From<Move> for Action {
    fn from(done: Move) -> Action {
        match done {
            Move::Open => Action::Open,
            Move::Remind => Action::Remind,
            Move::Miss => Action::Miss,
            Move::Chase => Action::Chase,
            Move::Stand => Action::Stand,
            Move::Supervise => Action::Supervise,
            Move::Propose => Action::Propose,
            Move::Lapse => Action::Lapse,
        }
    }
}
