//! What an outer join found, or not.

use sqlx::{Error, FromRow, Row, error::UnexpectedNullError};

/// The columns of one table in a row of several: all null where nothing was found.
#[derive(Clone, Debug)]
pub(super) struct Joined<T>(pub Option<T>);

impl<'r, R: Row, T: FromRow<'r, R>> FromRow<'r, R> for Joined<T> {
    fn from_row(row: &'r R) -> Result<Self, Error> {
        match T::from_row(row) {
            Ok(found) => Ok(Self(Some(found))),
            Err(Error::ColumnDecode { source, .. }) if source.is::<UnexpectedNullError>() => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }
}
