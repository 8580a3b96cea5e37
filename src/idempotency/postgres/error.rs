//! Why the database could not be asked.

use std::error::Error;
use std::fmt;

use deadpool_postgres::PoolError;

/// Why a call of [`PostgresStore`](super::PostgresStore) failed. Says neither address nor password.
#[derive(Debug)]
pub struct PostgresError(Cause);

#[derive(Debug)]
enum Cause {
    Database(tokio_postgres::Error),
    Pool(PoolError),
}

impl PostgresError {
    /// What the database said, where it said something.
    #[must_use]
    pub fn database(&self) -> Option<&tokio_postgres::Error> {
        match &self.0 {
            Cause::Database(error) | Cause::Pool(PoolError::Backend(error)) => Some(error),
            Cause::Pool(_) => None,
        }
    }
}

impl fmt::Display for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.database() {
            Some(error) => f.write_str(&crate::postgres::said(error)),
            None => f.write_str("there is no connection to the database"),
        }
    }
}

impl Error for PostgresError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Cause::Database(error) => Some(error),
            Cause::Pool(error) => Some(error),
        }
    }
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(Cause::Database(error))
    }
}

impl From<PoolError> for PostgresError {
    fn from(error: PoolError) -> Self {
        Self(Cause::Pool(error))
    }
}
