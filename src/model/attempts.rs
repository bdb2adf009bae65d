//! How many guesses at one account's password there may be, and how fast.

use std::time::Duration;

use super::Timestamp;

/// The guesses at one account since its last good login. Each is counted before it is judged, as a failure, so that a
/// burst of parallel ones cannot beat the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempts {
    pub failures: i64,
    /// When the next one may be made.
    pub next_at: Timestamp,
    /// When the latest one was made.
    pub updated_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooManyAttempts {
    #[error("too many attempts to log in to this account; wait as long as Retry-After says")]
    Wait(Duration),
    #[error(
        "too many attempts to log in to this account have failed, so its password is locked; ask whoever runs this \
         service to unlock it"
    )]
    Locked,
}

impl TooManyAttempts {
    /// More are waiting for their turn than would be let in.
    pub const CROWDED: Self = Self::Wait(Duration::from_secs(1));

    /// How long to wait; for a locked password, how long to wait before asking whether it was unlocked.
    pub fn wait(self) -> Duration {
        match self {
            Self::Wait(wait) => wait,
            Self::Locked => Attempts::LONGEST_WAIT,
        }
    }
}

impl Attempts {
    /// After this many failures there is a wait.
    pub const FREE: i64 = 5;
    /// At most so many in a row (NIST SP 800-63B-4 §3.2.2).
    pub const MOST: i64 = 100;
    pub const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
    /// What judging one may take on a busy server.
    pub const JUDGEMENT: Duration = Duration::from_millis(300);

    /// The count with one more attempt, if one may be made `now`.
    pub fn and_another(found: Option<Self>, now: Timestamp) -> Result<Self, TooManyAttempts> {
        let failures = found.map_or(0, |attempts| attempts.failures);
        if failures >= Self::MOST {
            return Err(TooManyAttempts::Locked);
        }
        let wait = found.map(|attempts| attempts.next_at.since(now)).unwrap_or_default();
        // Nobody waits that long: whoever wrote it had another clock, or this one was set back since.
        if !wait.is_zero() && wait <= Self::LONGEST_WAIT {
            return Err(TooManyAttempts::Wait(wait));
        }
        Ok(Self { failures: failures + 1, next_at: now + wait_after(failures + 1), updated_at: now })
    }

    /// Whether the latest one may not be judged yet: then it may still turn out to be right, and forget all of them.
    pub fn are_in_judgement(self, now: Timestamp) -> bool {
        self.failures < Self::MOST && now.distance(self.updated_at) <= Self::JUDGEMENT
    }
}

/// Nothing for the first few; then it doubles from one second on.
fn wait_after(failures: i64) -> Duration {
    let Ok(doublings) = u32::try_from(failures - Attempts::FREE) else { return Duration::ZERO };
    Duration::from_secs(1_u64.checked_shl(doublings).unwrap_or(u64::MAX)).min(Attempts::LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_milliseconds(1_800_000_000_000);

    fn failed(failures: i64) -> Option<Attempts> {
        Some(Attempts { failures, next_at: NOW + wait_after(failures), updated_at: NOW })
    }

    #[test]
    fn five_are_free_and_then_the_wait_doubles_from_a_second_to_a_quarter_of_an_hour() {
        let mut attempts = None;
        for _ in 0..5 {
            attempts = Some(Attempts::and_another(attempts, NOW).unwrap());
        }
        let waits = [(5, 1), (6, 2), (7, 4), (8, 8), (14, 512), (15, 900), (16, 900), (99, 900)];
        for (failures, seconds) in waits {
            let wait = Duration::from_secs(seconds);
            assert_eq!(Attempts::and_another(failed(failures), NOW), Err(TooManyAttempts::Wait(wait)), "{failures}");
            let next = Attempts::and_another(failed(failures), NOW + wait).unwrap();
            assert_eq!(next.failures, failures + 1);
        }
        assert_eq!(attempts, failed(5));
    }

    #[test]
    fn a_hundred_in_a_row_lock_the_password_however_long_one_waits() {
        let later = NOW + Duration::from_secs(365 * 24 * 3600);
        assert!(Attempts::and_another(failed(99), later).is_ok());
        assert_eq!(Attempts::and_another(failed(100), later), Err(TooManyAttempts::Locked));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer_than_the_longest_wait() {
        let week_before = NOW - Duration::from_secs(7 * 24 * 3600);
        let next = Attempts::and_another(failed(6), week_before).unwrap();
        assert_eq!((next.failures, next.next_at), (7, week_before + Duration::from_secs(4)));
        let minute_before = NOW - Duration::from_secs(60);
        let wait = TooManyAttempts::Wait(Duration::from_secs(62));
        assert_eq!(Attempts::and_another(failed(6), minute_before), Err(wait));
    }
}
