//! How many guesses at one account's password there may be, and how fast.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use super::{Email, Timestamp};

/// Whose guesses are counted together: everyone's, or those from one network where the owner has logged in before. The
/// second is an allowance of its own, so that a stranger's guesses do not keep the owner out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Counter {
    name: String,
    is_known: bool,
}

impl Counter {
    pub fn of_everyone(email: &Email) -> Self {
        Self { name: email.as_str().to_owned(), is_known: false }
    }

    pub fn of_known(email: &Email, network: IpAddr) -> Self {
        // No address contains a space, so no two counters have one name.
        Self { name: format!("{email} {network}"), is_known: true }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Between these two lie the names of all counters of known networks for an address.
    pub fn names_of_known(email: &Email) -> [String; 2] {
        // `!` comes after the space.
        [format!("{email} "), format!("{email}!")]
    }

    /// When attempts that are counted here may be forgotten; a locked password stays locked.
    pub fn kept_until(&self, attempts: &Attempts) -> Option<Timestamp> {
        let kept = match attempts.failures {
            _ if self.is_known => Attempts::KNOWN_KEPT,
            failures if failures < Attempts::FREE => Attempts::FEW_KEPT,
            failures if failures < Attempts::MOST => Attempts::MANY_KEPT,
            _ => return None,
        };
        Some(attempts.updated_at + kept)
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_known { "Counter(known)" } else { "Counter(everyone)" })
    }
}

/// The guesses at one account since its last good login. Each is counted before it is judged, as a failure, so that a
/// burst of parallel ones cannot beat the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Attempts {
    pub failures: i64,
    /// How many of them are not judged yet, and may still turn out to be right.
    pub pending: i64,
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

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Attempts {
    /// After this many failures there is a wait.
    pub const FREE: i64 = 5;
    /// At most so many in a row (NIST SP 800-63B-4 §3.2.2).
    pub const MOST: i64 = 100;
    /// After so many in a row from a network where the owner has logged in before, it counts as a stranger's.
    pub const MOST_OF_KNOWN: i64 = 20;
    pub const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
    /// What judging one may take on a busy server; an older one that is pending belongs to a node that died.
    pub const JUDGEMENT: Duration = Duration::from_secs(2);
    const FEW_KEPT: Duration = DAY;
    const MANY_KEPT: Duration = DAY.saturating_mul(30);
    const KNOWN_KEPT: Duration = DAY.saturating_mul(90);

    /// None have failed, as of now.
    pub fn none(now: Timestamp) -> Self {
        Self { failures: 0, pending: 0, next_at: now, updated_at: now }
    }

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
        let pending = found.filter(|attempts| attempts.are_in_judgement(now)).map_or(0, |attempts| attempts.pending);
        let next_at = now + wait_after(failures + 1);
        Ok(Self { failures: failures + 1, pending: pending + 1, next_at, updated_at: now })
    }

    /// Whether one of them may still turn out to be right, and forget all of them.
    pub fn are_in_judgement(self, now: Timestamp) -> bool {
        self.pending > 0 && now.distance(self.updated_at) <= Self::JUDGEMENT
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
        Some(Attempts { failures, pending: 0, next_at: NOW + wait_after(failures), updated_at: NOW })
    }

    #[test]
    fn five_are_free_and_then_the_wait_doubles_from_a_second_to_a_quarter_of_an_hour() {
        let mut attempts = None;
        for _ in 0..5 {
            let counted = Attempts::and_another(attempts, NOW).unwrap();
            assert!(counted.are_in_judgement(NOW));
            attempts = Some(Attempts { pending: counted.pending - 1, ..counted });
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
    fn what_is_not_judged_is_waited_for_but_not_for_ever() {
        let one = Attempts::and_another(None, NOW).unwrap();
        let two = Attempts::and_another(Some(one), NOW).unwrap();
        assert_eq!((one.pending, two.pending), (1, 2));
        assert!(two.are_in_judgement(NOW + Attempts::JUDGEMENT));
        let later = NOW + Attempts::JUDGEMENT + Duration::from_millis(1);
        assert!(!two.are_in_judgement(later));
        assert_eq!(Attempts::and_another(Some(two), later).unwrap().pending, 1);
    }

    #[test]
    fn few_failures_are_kept_for_a_day_many_for_a_month_and_a_lock_for_ever() {
        let email = Email::parse("ada@example.com").unwrap();
        let everyone = Counter::of_everyone(&email);
        let known = Counter::of_known(&email, "192.0.2.1".parse().unwrap());
        let kept = |counter: &Counter, failures| Some(counter.kept_until(&failed(failures)?)?.since(NOW));
        for (failures, days) in [(1, 1), (4, 1), (5, 30), (99, 30)] {
            assert_eq!(kept(&everyone, failures), Some(DAY * days), "{failures}");
            assert_eq!(kept(&known, failures), Some(DAY * 90));
        }
        assert_eq!(kept(&everyone, 100), None);
        let [first, last] = Counter::names_of_known(&email);
        assert!(*first < *known.name() && *known.name() < *last && *everyone.name() < *first);
        assert_ne!(everyone.name(), known.name());
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
