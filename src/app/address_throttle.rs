//! How much one client address may ask for: a token bucket each, in memory.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::config::Rate;

pub struct AddressThrottle {
    /// `None` when it is switched off.
    buckets: Option<RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, MonotonicClock>>,
}

impl AddressThrottle {
    pub fn new(rate: Option<Rate>) -> Self {
        let buckets = rate.map(|rate| {
            let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
            RateLimiter::new(quota, DefaultKeyedStateStore::default(), MonotonicClock)
        });
        Self { buckets }
    }

    /// Takes a token, or says how long to wait for the next. Give it a [`Client::network`](crate::model::Client::network).
    pub fn take(&self, network: IpAddr) -> Result<(), Duration> {
        let Some(buckets) = &self.buckets else { return Ok(()) };
        buckets.check_key(&network).map_err(|refusal| refusal.wait_time_from(MonotonicClock.now()))
    }

    /// Forgets addresses whose buckets are full again.
    pub fn forget_idle(&self) {
        if let Some(buckets) = &self.buckets {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

impl fmt::Debug for AddressThrottle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AddressThrottle({})", if self.buckets.is_some() { "on" } else { "off" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle() -> AddressThrottle {
        AddressThrottle::new(Some(Rate { per_second: 1.try_into().unwrap(), burst: 2.try_into().unwrap() }))
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_wait_is_said() {
        let throttle = throttle();
        let address = "192.0.2.1".parse().unwrap();
        assert!(throttle.take(address).is_ok() && throttle.take(address).is_ok());
        let wait = throttle.take(address).unwrap_err();
        assert!(wait > Duration::from_millis(500) && wait <= Duration::from_secs(1), "{wait:?}");
        assert!(throttle.take("192.0.2.2".parse().unwrap()).is_ok());
    }

    #[test]
    fn switched_off_it_lets_everything_through() {
        let throttle = AddressThrottle::new(None);
        assert!((0..1000).all(|_| throttle.take("192.0.2.1".parse().unwrap()).is_ok()));
    }
}
