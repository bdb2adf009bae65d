//! What this process counts of what people do, for whoever watches it. Each time series is looked up by its text once, and
//! begins at zero, so that the first event of a kind is seen as one.

use std::fmt;

use metrics::{Counter, Histogram};

use crate::model::EndReason;

pub struct Counts {
    pub logins: Outcomes,
    pub registrations: Outcomes,
    pub refreshes: Outcomes,
    pub password_changes: Outcomes,
    pub sessions_opened: Counter,
    pub sessions_ended: Outcomes,
    /// By what was tried too often: an account's password, or anything from one address.
    pub throttled: Outcomes,
    /// How long it takes to open an envelope, in seconds.
    pub envelope_openings: Histogram,
}

/// The time series of one name, which differ in one label.
pub struct Outcomes {
    name: &'static str,
    label: &'static str,
    series: Vec<(&'static str, Counter)>,
}

/// Of whatever takes a password.
const OF_ENVELOPES: [&str; 8] = [
    "success",
    "invalid_credentials",
    "invalid_envelope",
    "unknown_sealing_key",
    "stale_envelope",
    "reused_envelope",
    "overloaded",
    "unavailable",
];

impl Default for Counts {
    fn default() -> Self {
        let outcomes =
            |name, others: &[&'static str]| Outcomes::new(name, "outcome", &[&OF_ENVELOPES, others].concat());
        Self {
            logins: outcomes("bulla_logins_total", &["account_disabled", "too_many_attempts"]),
            registrations: outcomes("bulla_registrations_total", &["email_taken", "weak_password"]),
            refreshes: Outcomes::new("bulla_refreshes_total", "outcome", &["success", "invalid_token", "unavailable"]),
            password_changes: outcomes("bulla_password_changes_total", &["weak_password", "too_many_attempts"]),
            sessions_opened: metrics::counter!("bulla_sessions_opened_total"),
            sessions_ended: Outcomes::new(
                "bulla_sessions_ended_total",
                "reason",
                &EndReason::ALL.map(EndReason::as_str),
            ),
            throttled: Outcomes::new("bulla_throttled_total", "kind", &["account", "address"]),
            envelope_openings: metrics::histogram!("bulla_envelope_open_duration_seconds"),
        }
    }
}

impl Outcomes {
    fn new(name: &'static str, label: &'static str, values: &[&'static str]) -> Self {
        let series = values.iter().map(|value| (*value, metrics::counter!(name, label => *value))).collect();
        Self { name, label, series }
    }

    pub fn note(&self, value: &'static str) {
        self.note_many(value, 1);
    }

    pub fn note_many(&self, value: &'static str, count: u64) {
        match self.series.iter().find(|(known, _)| *known == value) {
            Some((_, counter)) => counter.increment(count),
            None => metrics::counter!(self.name, self.label => value).increment(count),
        }
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Counts(…)")
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Outcomes({})", self.name)
    }
}
