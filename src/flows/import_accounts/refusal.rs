//! Why a row cannot become an account. No reason repeats a value: an address is personal data, and what stands in the
//! place of a hash may be a password.

use crate::model::{AccountId, InvalidEmail, InvalidName, UnusableHash};

use super::Draft;

/// Where a row stands in its source, for whoever looks it up there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1, without a header.
    pub row: u64,
    /// Of a file.
    pub line: Option<u64>,
}

#[derive(Debug)]
pub struct Refusal {
    pub place: Place,
    /// As it stands in the source.
    pub id: Option<String>,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("{0}")]
    Unreadable(String),
    #[error("the id must be 1 to 64 visible ASCII characters, since it goes into HTTP headers")]
    Id,
    #[error("the email is missing")]
    NoEmail,
    #[error("the email {0}")]
    Email(#[from] InvalidEmail),
    #[error("the name {0}")]
    Name(#[from] InvalidName),
    #[error("the password hash is missing")]
    NoPassword,
    #[error("the password hash {0}")]
    Password(#[from] UnusableHash),
    #[error("the time in {0} cannot be read; write 2024-01-31T12:00:00Z, or a number of seconds or milliseconds")]
    Time(&'static str),
    #[error("the email address is the same as that of row {0}, once both are in canonical form")]
    EmailOfRow(u64),
    #[error("the id is the same as that of row {0}")]
    IdOfRow(u64),
    #[error("the id is taken by an account here that has another email address")]
    IdTaken,
    #[error("the email address belongs to another account here, with the id {0}")]
    EmailTaken(AccountId),
}

impl Refusal {
    pub(super) fn of(draft: &Draft, reason: Reason) -> Self {
        let id = draft.has_own_id.then(|| draft.account.id.to_string());
        Self { place: draft.place, id, reason }
    }
}

impl Reason {
    /// For programs; never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable_row",
            Self::Id => "invalid_id",
            Self::NoEmail => "missing_email",
            Self::Email(_) => "invalid_email",
            Self::Name(_) => "invalid_name",
            Self::NoPassword => "missing_password",
            Self::Password(UnusableHash::Unknown) => "unknown_hash",
            Self::Password(UnusableHash::TooCostly(_)) => "costly_hash",
            Self::Password(UnusableHash::Damaged(_) | UnusableHash::TooLong) => "damaged_hash",
            Self::Time(_) => "invalid_time",
            Self::EmailOfRow(_) => "duplicate_email",
            Self::IdOfRow(_) => "duplicate_id",
            Self::IdTaken => "id_taken",
            Self::EmailTaken(_) => "email_taken",
        }
    }
}
