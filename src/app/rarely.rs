//! What is to be said once a minute at most, however often it happens.

use std::fmt;

use governor::clock::MonotonicClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

pub struct Rarely(RateLimiter<String, DefaultKeyedStateStore<String>, MonotonicClock>);

impl Rarely {
    /// Whether it was not said about `whom` within the last minute.
    pub fn is_due(&self, whom: &str) -> bool {
        self.0.check_key(&whom.to_owned()).is_ok()
    }

    /// Forgets whom nothing was said about for a minute.
    pub fn forget_idle(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

impl Default for Rarely {
    fn default() -> Self {
        let once_a_minute = Quota::per_minute(std::num::NonZeroU32::MIN);
        Self(RateLimiter::new(once_a_minute, DefaultKeyedStateStore::default(), MonotonicClock))
    }
}

impl fmt::Debug for Rarely {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Rarely(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_for_each_and_not_again_at_once() {
        let rarely = Rarely::default();
        assert!(rarely.is_due("ada") && rarely.is_due("bob"));
        assert!(!rarely.is_due("ada") && !rarely.is_due("bob"));
    }
}
