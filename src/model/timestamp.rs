//! A moment, in whole milliseconds since the Unix epoch: an integer in the database, RFC 3339 in JSON.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Serialize, Serializer};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    pub const fn milliseconds(self) -> i64 {
        self.0
    }

    /// A moment as other systems write it: RFC 3339, `2024-01-31 12:00:00` or `2024-01-31` (both UTC), or a number since
    /// the epoch, of seconds if it is below 100,000,000,000 and of milliseconds otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // `20240131120000` is how MySQL writes a time as a number; as milliseconds it would be in the year 2611.
        if text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let milliseconds = if text.parse::<f64>().is_ok_and(f64::is_finite) {
            milliseconds_of_number(text)?
        } else if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            moment.as_millisecond()
        } else {
            // Without an offset.
            let moment: jiff::civil::DateTime = text.parse().ok()?;
            moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond()
        };
        // What cannot be written as a date later is none.
        jiff::Timestamp::from_millisecond(milliseconds).ok().map(|_| Self(milliseconds))
    }

    /// Whole seconds since the epoch, rounded down, as a JWT wants them (RFC 7519 §2, NumericDate).
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; nothing if it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).try_into().unwrap_or(0))
    }

    /// How far two moments lie apart, whichever comes first: a clock that was set back must not stretch a grace period.
    pub fn distance(self, other: Self) -> Duration {
        Duration::from_millis(self.0.abs_diff(other.0))
    }
}

/// In seconds, 100,000,000,000 is the year 5138; in milliseconds, it was in 1973.
const LEAST_MILLISECONDS: f64 = 100_000_000_000.0;

fn milliseconds_of_number(text: &str) -> Option<i64> {
    let number: f64 = text.parse().ok()?;
    let in_seconds = number.abs() < LEAST_MILLISECONDS;
    match text.parse::<i64>() {
        Ok(whole) if in_seconds => whole.checked_mul(1000),
        Ok(whole) => Some(whole),
        // A cast of a float saturates, and what is out of range is refused by the caller.
        Err(_) if in_seconds => Some((number * 1000.0).round() as i64),
        Err(_) => Some(number.round() as i64),
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_millis() as i64))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_millis() as i64))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(formatter, "{timestamp:.3}"),
            Err(_) => write!(formatter, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_rfc_3339_with_milliseconds() {
        assert_eq!(Timestamp::from_milliseconds(1_700_000_000_000).to_string(), "2023-11-14T22:13:20.000Z");
    }

    #[test]
    fn every_way_to_write_a_moment_means_the_same() {
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14T23:13:20.000+01:00",
            "2023-11-14 22:13:20",
            "2023-11-14T22:13:20.000000",
            " 2023-11-14 22:13:20Z",
            "1700000000",
            "1700000000.0",
            "1700000000000",
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(1_700_000_000_000)), "{text}");
        }
        assert_eq!(Timestamp::parse("2023-11-14"), Some(Timestamp(1_699_920_000_000)));
        assert_eq!(Timestamp::parse("99999999999"), Some(Timestamp(99_999_999_999_000)));
        assert_eq!(Timestamp::parse("100000000000"), Some(Timestamp(100_000_000_000)));
        assert_eq!(Timestamp::parse("1700000000.5"), Some(Timestamp(1_700_000_000_500)));
        assert_eq!(Timestamp::parse("-1"), Some(Timestamp(-1000)));
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "yesterday",
            "0000-00-00 00:00:00",
            "2023-02-30",
            "14/11/2023",
            "20231114221320",
            "inf",
            "NaN",
            "9e300",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(Timestamp::parse("9223372036854775807"), None);
    }

    #[test]
    fn what_was_written_can_be_read_again() {
        let moment = Timestamp(1_700_000_000_123);
        assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
    }

    #[test]
    fn seconds_round_down() {
        assert_eq!(Timestamp::from_milliseconds(1_999).seconds(), 1);
        assert_eq!(Timestamp::from_milliseconds(-1).seconds(), -1);
    }
}
