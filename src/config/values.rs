//! The notations that settings are written in.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ipnet::IpNet;

/// A token bucket: so many at once, then so many a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_second: NonZeroU32,
    pub burst: NonZeroU32,
}

impl Rate {
    pub const DEFAULT: Self = Self {
        per_second: NonZeroU32::new(2).expect("2 is not zero"),
        burst: NonZeroU32::new(60).expect("60 is not zero"),
    };
}

/// `900`, `90s`, `15m`, `1h`, `7d`, and `20ms`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let problem = || "must be a number of seconds, or like 15m, 1h, 7d".to_owned();
    let count: u64 = digits.parse().map_err(|_| problem())?;
    let unit_seconds = match text[digits.len()..].trim() {
        "ms" => return Ok(Duration::from_millis(count)),
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(problem()),
    };
    Ok(Duration::from_secs(count.saturating_mul(unit_seconds)))
}

/// `2/s,60`, or `off`.
pub(super) fn rate(text: &str) -> Result<Option<Rate>, String> {
    if text == "off" {
        return Ok(None);
    }
    let parsed = text.split_once(',').and_then(|(rate, burst)| {
        let per_second = rate.trim().strip_suffix("/s")?.parse().ok()?;
        Some(Rate { per_second, burst: burst.trim().parse().ok()? })
    });
    parsed.map(Some).ok_or_else(|| "must be like 2/s,60 (two a second, sixty at once) or off".to_owned())
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// `10.0.0.0/8,::1`
pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let network = |part: &str| {
        let address = part.parse::<IpAddr>().map(IpNet::from);
        part.parse().or(address).map_err(|_| format!("{part:?} is neither an address nor a network like 10.0.0.0/8"))
    };
    list(text).map(network).collect()
}

/// `https://app.example.com,http://localhost:3000`
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let origin = |part: &str| match after_scheme(part) {
        Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ']) => Ok(part.to_ascii_lowercase()),
        _ => Err(format!("{part:?} is not an origin like https://app.example.com (no path, no wildcard)")),
    };
    list(text).map(origin).collect()
}

/// What follows `https://` or `http://`.
pub(super) fn after_scheme(url: &str) -> Option<&str> {
    url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_or_carry_a_unit() {
        for (text, seconds) in [("900", 900), ("90s", 90), ("15m", 900), ("1h", 3600), ("7d", 604_800), ("1 h", 3600)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1500)));
        for text in ["", "m", "ms", "-1", "1.5h", "1y", "1h30m"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_is_a_rate_and_a_burst() {
        let rate_of = |per_second, burst| {
            Some(Rate { per_second: NonZeroU32::new(per_second).unwrap(), burst: NonZeroU32::new(burst).unwrap() })
        };
        assert_eq!(rate("2/s,60"), Ok(rate_of(2, 60)));
        assert_eq!(rate("2/s,60"), Ok(Some(Rate::DEFAULT)));
        assert_eq!(rate("off"), Ok(None));
        for text in ["", "2", "2/s", "0/s,60", "2/m,60", "2/s,0"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn networks_are_addresses_or_ranges() {
        assert_eq!(networks("10.0.0.0/8, ::1").unwrap().len(), 2);
        assert!(networks("10.0.0.0/33").is_err());
        assert!(networks("localhost").is_err());
    }

    #[test]
    fn an_origin_has_no_path_and_no_wildcard() {
        assert_eq!(origins("https://App.example.com, http://localhost:3000").unwrap().len(), 2);
        for text in ["*", "https://*", "app.example.com", "https://app.example.com/"] {
            assert!(origins(text).is_err(), "{text}");
        }
    }
}
