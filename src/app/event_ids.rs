//! Ids of audit events: of two that this process makes, the later one is greater, within a millisecond too.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::Timestamp;
use crate::random::Random;

/// The milliseconds and a count of twelve bits, as the last id had them.
#[derive(Debug, Default)]
pub struct EventIds(AtomicU64);

const COUNT_BITS: u32 = 12;

impl EventIds {
    /// A UUIDv7 that counts within the millisecond (RFC 9562 §6.2, method 1), and borrows from the next where it must.
    pub fn next(&self, random: &Random, now: Timestamp) -> String {
        let now = now.milliseconds().unsigned_abs() << COUNT_BITS;
        let last = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(now.max(last + 1)));
        let place = now.max(last.unwrap_or_else(|last| last) + 1);
        let mut bytes: [u8; 10] = random.bytes();
        let [.., high, low] = place.to_be_bytes();
        (bytes[0], bytes[1]) = (high & 0x0f, low);
        uuid::Builder::from_unix_timestamp_millis(place >> COUNT_BITS, &bytes).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AuditEvent;

    #[test]
    fn later_ones_are_greater_even_when_the_clock_stands_still_or_goes_back() {
        let (ids, random) = (EventIds::default(), Random::new());
        let now = Timestamp::from_milliseconds(1_800_000_000_000);
        let earlier = now - std::time::Duration::from_secs(3600);
        let mut last = AuditEvent::least_id(now);
        for number in 0..10_000 {
            let id = ids.next(&random, if number % 2 == 0 { now } else { earlier });
            assert!(id > last, "{id} comes after {last}");
            assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 7);
            last = id;
        }
        assert!(ids.next(&random, now + std::time::Duration::from_secs(1)) > last);
    }
}
