//! Why something could not be done that is nobody's mistake.

use chrono::NaiveDate;

use crate::domain::duty::DutyId;
use crate::domain::ladder::Class;
use crate::mail::RenderError;
use crate::store::StoreError;
use crate::vault::VaultError;

/// Why a job could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// What is missing or broken that the set-up should have put there, as an administrator reads it.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("the database is empty: start `duban serve` once, or `duban migrate`")]
    EmptyDatabase,
    /// Whoever starts again later finds it right, perhaps.
    #[error(
        "first start refused: this machine's clock says {now}, {}; nothing was written. Set the clock (timedatectl; chronyc \
         makestep), or wait until it is set: a start is tried again", if now < least { format!("but this program is not \
         older than {least}") } else { format!("which is years after this program ({least})") }
    )]
    Clock { now: NaiveDate, least: NaiveDate },
    #[error("there is no catalogue")]
    NoCatalogue,
    #[error("catalogue version {0} is missing")]
    NoVersion(i64),
    #[error("the catalogue has no duty {0}")]
    NoDuty(DutyId),
    #[error("there is no ladder for {0:?}")]
    NoLadder(Class),
    /// A letter tells of one that is not there.
    #[error("obligation {0} is missing")]
    NoObligation(i64),
    #[error("deciding the step failed")]
    StepPanicked,
    #[error("the task of the {task} has ended{}", .why.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    TaskEnded { task: &'static str, why: Option<tokio::task::JoinError> },
    #[error("a job panicked: {0}")]
    Panicked(String),
    /// Work on a thread of its own was cut off.
    #[error(transparent)]
    CutOff(#[from] tokio::task::JoinError),
    /// Nobody hands out places any more: the program is ending.
    #[error(transparent)]
    NoTurn(#[from] tokio::sync::AcquireError),
    #[error(transparent)]
    Hash(#[from] argon2::password_hash::Error),
    #[error(transparent)]
    Letter(#[from] RenderError),
    #[error(transparent)]
    Evidence(VaultError),
}

/// Lets a job fail by `?` with what can only be the set-up's fault.
macro_rules! setup {
    ($($error:ty),*) => {$(
        impl From<$error> for JobError {
            fn from(error: $error) -> JobError {
                JobError::Setup(error.into())
            }
        }
    )*};
}

setup!(tokio::task::JoinError, tokio::sync::AcquireError, argon2::password_hash::Error, RenderError);

pub type Result<T> = std::result::Result<T, JobError>;
