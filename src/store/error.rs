//! Why the store could not do it.

use crate::domain::code::UnknownCode;

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or was out of reach.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up, or is newer than this program.
    #[error("{0}")]
    Schema(String),
    /// A stored value is not one that this program writes.
    #[error("stored value cannot be read: {0}")]
    Corrupt(String),
}

impl From<UnknownCode> for StoreError {
    fn from(unknown: UnknownCode) -> StoreError {
        StoreError::Corrupt(unknown.to_string())
    }
}

impl StoreError {
    /// Whether two transactions stood in each other's way and the database ended this one: nothing of it was kept, and it
    /// can be begun anew. PostgreSQL's deadlock and serialization failure; SQLite's one writer knows neither.
    pub fn is_conflict(&self) -> bool {
        let StoreError::Database(error) = self else { return false };
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| ["40001", "40P01"].contains(&&*code))
    }
}

pub type Result<T> = std::result::Result<T, StoreError>;
