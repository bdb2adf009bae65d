//! What each metric is, in a sentence. docs/metrics.md says more.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

const COUNTERS: [(&str, &str); 9] = [
    ("bulla_http_requests_total", "Requests answered, by method, route and status."),
    ("bulla_logins_total", "Logins by outcome: success, or the code of the refusal."),
    ("bulla_registrations_total", "Registrations by outcome: success, or the code of the refusal."),
    ("bulla_refreshes_total", "Exchanges of a refresh token by outcome: success, or the code of the refusal."),
    ("bulla_password_changes_total", "Password changes by outcome: success, or the code of the refusal."),
    ("bulla_sessions_opened_total", "Sessions opened."),
    ("bulla_sessions_ended_total", "Sessions ended by this process, by reason."),
    (
        "bulla_throttled_total",
        "Requests turned away, by what was tried too often: an account, or anything from one address.",
    ),
    ("bulla_password_hashes_total", "Password hashes computed."),
];

const GAUGES: [(&str, &str); 9] = [
    ("bulla_hash_queue_depth", "Requests that wait for a hashing thread."),
    ("bulla_hash_places_free", "Requests that could still wait for a hashing thread."),
    ("bulla_hash_threads", "Hashing threads."),
    ("bulla_hash_threads_busy", "Hashing threads at work."),
    ("bulla_keys", "Keys by purpose and stage, the retired ones left out."),
    ("bulla_key_age_seconds", "Time since the active key of a purpose became the active one."),
    ("bulla_database_connections", "Connections to the database, by pool and state."),
    ("bulla_database_connections_max", "Most connections to the database, by pool."),
    ("bulla_build_info", "The version that runs, as a label."),
];

const DURATIONS: [(&str, &str); 5] = [
    ("bulla_http_request_duration_seconds", "Time to answer a request, by route."),
    ("bulla_hash_queue_wait_seconds", "Time from a place in the hashing queue to a thread."),
    ("bulla_password_hash_duration_seconds", "Time to compute a password hash."),
    ("bulla_envelope_open_duration_seconds", "Time to open a sealed password."),
    ("bulla_database_connection_wait_seconds", "Time until a connection to the database was at hand, by pool."),
];

pub(super) fn describe() {
    for (name, help) in COUNTERS {
        describe_counter!(name, help);
    }
    for (name, help) in GAUGES {
        describe_gauge!(name, help);
    }
    for (name, help) in DURATIONS {
        describe_histogram!(name, Unit::Seconds, help);
    }
}
