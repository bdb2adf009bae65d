//! How many files the system lets this process open: every connection is one, and most systems begin with 1024.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For the database, the log, and the listener of the metrics.
const BESIDES: u64 = 256;

/// Raises the limit as far as it may be raised by ourselves. Returns how many connections there is room for: one that
/// cannot be accepted keeps others waiting, and a database whose files cannot be opened keeps out everybody.
pub(super) fn make_room(max_connections: u32) -> u32 {
    let wanted = u64::from(max_connections) + BESIDES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let Some(limit) = current.filter(|limit| *limit < wanted) else { return max_connections };
    let raised = maximum.map_or(wanted, |maximum| wanted.min(maximum));
    let limit = match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        Ok(()) => raised,
        Err(_) => limit,
    };
    if limit >= wanted {
        return max_connections;
    }
    let room = u32::try_from(limit.saturating_sub(BESIDES).max(1)).unwrap_or(max_connections);
    tracing::warn!(
        "the system lets this process open {limit} files, so it serves {room} connections at once; raise that limit \
         (ulimit -Hn, or LimitNOFILE= in systemd), or lower BULLA_MAX_CONNECTIONS"
    );
    room
}
