//! A session: what a login opens and what a logout ends.

use std::time::Duration;

use super::{AccountId, RefreshDigest, RefreshKey, RefreshSecret, SessionId, Timestamp};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Session {
    pub id: SessionId,
    pub account_id: AccountId,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    /// Pushed ahead by each refresh.
    pub idle_ends_at: Timestamp,
    /// Fixed at the login.
    pub absolute_ends_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub ip: String,
    pub user_agent: String,
    /// Of the one refresh token that is current.
    pub refresh_digest: RefreshDigest,
    /// How many refreshes there were.
    pub rotations: i64,
    pub recent_rotations: RecentRotations,
}

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    Logout,
    EndedByOwner,
    EndedByOperator,
    PasswordChanged,
    AccountDisabled,
    RefreshTokenReused,
    TooManySessions,
}

/// Where a presented refresh token stands in a session's chain of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenPlace {
    Current,
    /// It was exchanged before; `at` is known for the most recent ones.
    Used {
        at: Option<Timestamp>,
    },
    /// It never belonged to this session.
    Foreign,
}

/// How far back a used token is recognized as stolen: a week of refreshing every ten minutes.
const LONGEST_WALK: i64 = 1_000;

impl Session {
    pub const IDLE: Duration = Duration::from_secs(30 * 24 * 3600);
    pub const ABSOLUTE: Duration = Duration::from_secs(90 * 24 * 3600);
    /// Of one account at a time. More than anyone's devices; one more login ends the oldest.
    pub const MOST: u32 = 100;

    pub fn expires_at(&self) -> Timestamp {
        self.idle_ends_at.min(self.absolute_ends_at)
    }

    /// When it ends by itself if it is used now and never again.
    pub fn idle_end_after(&self, now: Timestamp) -> Timestamp {
        (now + Self::IDLE).min(self.absolute_ends_at)
    }

    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now < self.expires_at()
    }

    /// Each token is derived from the one before, so a used one is recognized by walking forward from it to the
    /// current one. Nothing about used tokens is stored, and a guess with a known session id never looks like theft.
    pub fn place_of(&self, presented: &RefreshSecret, key: &RefreshKey) -> TokenPlace {
        if presented.digest() == self.refresh_digest {
            return TokenPlace::Current;
        }
        let mut secret = presented.clone();
        for steps in 1..=self.rotations.min(LONGEST_WALK) {
            secret = key.successor(&self.id, &secret);
            if secret.digest() == self.refresh_digest {
                return TokenPlace::Used { at: self.recent_rotations.back(steps as usize) };
            }
        }
        TokenPlace::Foreign
    }
}

impl EndReason {
    pub const ALL: [Self; 7] = [
        Self::Logout,
        Self::EndedByOwner,
        Self::EndedByOperator,
        Self::PasswordChanged,
        Self::AccountDisabled,
        Self::RefreshTokenReused,
        Self::TooManySessions,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::EndedByOwner => "ended_by_owner",
            Self::EndedByOperator => "ended_by_operator",
            Self::PasswordChanged => "password_changed",
            Self::AccountDisabled => "account_disabled",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::TooManySessions => "too_many_sessions",
        }
    }
}

/// When the last few refresh tokens were exchanged, the newest first: eight 64-bit big-endian times at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct RecentRotations(Vec<u8>);

impl RecentRotations {
    const MOST: usize = 8;

    #[must_use]
    pub fn with(&self, at: Timestamp) -> Self {
        let mut times = at.milliseconds().to_be_bytes().to_vec();
        times.extend(self.0.iter().take((Self::MOST - 1) * 8));
        Self(times)
    }

    /// When the token `steps` before the current one was exchanged (1 is its direct predecessor).
    fn back(&self, steps: usize) -> Option<Timestamp> {
        let bytes = self.0.chunks_exact(8).nth(steps.checked_sub(1)?)?;
        Some(Timestamp::from_milliseconds(i64::from_be_bytes(bytes.try_into().ok()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session_after(rotations: i64, key: &RefreshKey) -> (Session, Vec<RefreshSecret>) {
        let id = SessionId::new("s");
        let mut secrets = vec![RefreshSecret::new([1; 32])];
        let mut recent = RecentRotations::default();
        for rotation in 0..rotations {
            secrets.push(key.successor(&id, &secrets[rotation as usize]));
            recent = recent.with(Timestamp::from_milliseconds(rotation));
        }
        let (now, digest) = (Timestamp::from_milliseconds(0), secrets[rotations as usize].digest());
        let session = Session {
            id,
            account_id: AccountId::new("a"),
            created_at: now,
            last_used_at: now,
            idle_ends_at: now + Session::IDLE,
            absolute_ends_at: now + Session::ABSOLUTE,
            ended_at: None,
            ip: String::new(),
            user_agent: String::new(),
            refresh_digest: digest,
            rotations,
            recent_rotations: recent,
        };
        (session, secrets)
    }

    #[test]
    fn every_earlier_token_of_the_chain_is_recognized_as_used() {
        let key = RefreshKey::new(&[7; 32]);
        let (session, secrets) = session_after(12, &key);
        assert_eq!(session.place_of(&secrets[12], &key), TokenPlace::Current);
        for (rotation, secret) in secrets[..12].iter().enumerate() {
            let at = (rotation >= 4).then(|| Timestamp::from_milliseconds(rotation as i64));
            assert_eq!(session.place_of(secret, &key), TokenPlace::Used { at }, "token {rotation}");
        }
    }

    #[test]
    fn a_guess_and_a_token_of_the_future_are_foreign() {
        let key = RefreshKey::new(&[7; 32]);
        let (session, secrets) = session_after(3, &key);
        assert_eq!(session.place_of(&RefreshSecret::new([2; 32]), &key), TokenPlace::Foreign);
        assert_eq!(session.place_of(&key.successor(&session.id, &secrets[3]), &key), TokenPlace::Foreign);
    }
}
