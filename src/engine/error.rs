//! Why something could not be done that is nobody's mistake.

use crate::store::StoreError;

/// Why a job could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something is missing that the set-up should have put there.
    #[error("{0}")]
    Setup(String),
}

pub type Result<T> = std::result::Result<T, JobError>;
