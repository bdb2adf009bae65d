//! What happened to an account, a session or a key: who did it, from where, and why.

use std::fmt;
use std::str::FromStr;

use super::{AccountId, Client, RequestId, SessionId, Timestamp};

/// One row of the audit log. It never holds a secret, nor an email address: an account is named by its id, and what was
/// typed in the place of an address may be a password.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AuditEvent {
    /// A UUIDv7, so that the order of ids is the order of events.
    pub id: String,
    pub at: Timestamp,
    /// An [`AuditKind`]; text, since a newer node may know more of them.
    pub kind: String,
    pub account_id: Option<AccountId>,
    pub session_id: Option<SessionId>,
    /// An [`Actor`].
    pub actor: String,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<RequestId>,
    /// Why, or of what: one of a few words and numbers of our own.
    pub detail: Option<String>,
}

/// Who made it happen.
#[derive(Clone, Copy, Debug)]
pub enum Actor<'a> {
    /// Someone who sent a request.
    Client(&'a Client),
    /// Someone on the command line.
    Operator,
    /// The server by itself.
    Server,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)+) => {
        /// What happened. The names are a promise to whoever reads the log by program.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum AuditKind { $($(#[$doc])* $kind),+ }

        impl AuditKind {
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }
        }
    };
}

kinds! {
    Registered = "registered",
    ProfileUpdated = "profile_updated",
    LoggedIn = "logged_in",
    /// With the reason, which the client was not told.
    LoginRefused = "login_refused",
    /// Too many attempts at one account, or from one address; at most one a minute of each.
    Throttled = "throttled",
    PasswordLocked = "password_locked",
    PasswordUnlocked = "password_unlocked",
    PasswordChanged = "password_changed",
    PasswordChangeRefused = "password_change_refused",
    /// One session, with the reason.
    SessionEnded = "session_ended",
    /// All of an account's, or all others, with the reason and their number.
    SessionsEnded = "sessions_ended",
    /// A refresh token that was used before came back.
    TheftDetected = "theft_detected",
    AccountDisabled = "account_disabled",
    AccountEnabled = "account_enabled",
    ImportBegan = "import_began",
    ImportEnded = "import_ended",
    KeyMade = "key_made",
    KeyRotated = "key_rotated",
    KeyImported = "key_imported",
    KeyDestroyed = "key_destroyed",
}

impl AuditEvent {
    pub fn new(id: String, at: Timestamp, kind: AuditKind, actor: Actor<'_>) -> Self {
        let client = match actor {
            Actor::Client(client) => Some(client),
            Actor::Operator | Actor::Server => None,
        };
        Self {
            id,
            at,
            kind: kind.as_str().to_owned(),
            account_id: None,
            session_id: None,
            actor: actor.as_str().to_owned(),
            address: client.map(|client| client.address.to_string()),
            user_agent: client.map(|client| client.user_agent.clone()),
            request_id: client.map(|client| client.request_id.clone()),
            detail: None,
        }
    }

    /// Every event before this moment has a smaller id, and every other one a greater.
    pub fn least_id(at: Timestamp) -> String {
        // The first 48 bits of a UUIDv7 (RFC 9562 §5.7).
        let hex = format!("{:012x}", at.milliseconds().max(0));
        format!("{}-{}", &hex[..8], &hex[8..])
    }

    pub fn of_account<'a>(self, id: impl Into<Option<&'a AccountId>>) -> Self {
        Self { account_id: id.into().cloned(), ..self }
    }

    pub fn of_session(self, id: &SessionId) -> Self {
        Self { session_id: Some(id.clone()), ..self }
    }

    pub fn because(self, detail: impl fmt::Display) -> Self {
        Self { detail: Some(detail.to_string()), ..self }
    }
}

impl Actor<'_> {
    fn as_str(self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Operator => "operator",
            Self::Server => "server",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such event")]
pub struct UnknownAuditKind;

impl FromStr for AuditKind {
    type Err = UnknownAuditKind;

    fn from_str(text: &str) -> Result<Self, UnknownAuditKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(UnknownAuditKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_time_and_the_least_one_lies_between() {
        const NOW: u64 = 1_800_000_000_000;
        let id = |milliseconds, random| {
            uuid::Builder::from_unix_timestamp_millis(milliseconds, &[random; 10]).into_uuid().to_string()
        };
        let least = AuditEvent::least_id(Timestamp::from_milliseconds(NOW.cast_signed()));
        assert!(id(NOW - 1, 0xff) < least && least < id(NOW, 0));
        assert!(AuditEvent::least_id(Timestamp::from_milliseconds(-1)) < id(0, 0));
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in AuditKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert_eq!("no_such_event".parse::<AuditKind>(), Err(UnknownAuditKind));
    }
}
