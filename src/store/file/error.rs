//! What SQLite refuses, as sqlx tells it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

use rusqlite::ffi;
use sqlx::error::{DatabaseError, ErrorKind};

/// An answer of SQLite that is no: its extended result code (<https://sqlite.org/rescode.html>) and its words.
#[derive(Debug)]
pub(super) struct FileError {
    code: i32,
    message: String,
}

/// None of SQLite's: it did not ask the disk itself.
const LOST: i32 = -1;

pub(in crate::store) fn translated(error: rusqlite::Error) -> sqlx::Error {
    let (code, message) = match error {
        rusqlite::Error::SqliteFailure(code, message) => (code, message),
        rusqlite::Error::SqlInputError { error, msg, .. } => (error, Some(msg)),
        other => return sqlx::Error::Protocol(other.to_string()),
    };
    let message = message.unwrap_or_else(|| ffi::code_to_str(code.extended_code).to_owned());
    FileError { code: code.extended_code, message }.into()
}

/// Another connection, of this process or another, is in the way.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
}

/// The disk lost something that SQLite had written.
pub(super) fn lost(error: &io::Error) -> sqlx::Error {
    let message = format!("the disk could not keep what was written ({error})");
    FileError { code: LOST, message }.into()
}

/// Whether this is of [`lost`].
pub(in crate::store) fn says_lost(error: &sqlx::Error) -> bool {
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<FileError>());
    error.is_some_and(|error| error.code == LOST)
}

impl DatabaseError for FileError {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.code {
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => ErrorKind::UniqueViolation,
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
            ffi::SQLITE_CONSTRAINT_NOTNULL => ErrorKind::NotNullViolation,
            ffi::SQLITE_CONSTRAINT_CHECK => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "(code: {}) {}", self.code, self.message)
    }
}

impl Error for FileError {}
