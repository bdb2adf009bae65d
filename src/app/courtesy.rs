//! Hashing takes the time that nothing else needs: whoever asks for something small does not wait for a core.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

/// On Linux only, where each thread has a priority of its own; elsewhere it is the whole process's.
#[cfg(target_os = "linux")]
pub(super) fn lower_priority() {
    const LOWER_BY: i32 = 10;
    if let Err(error) = rustix::process::nice(LOWER_BY) {
        tracing::warn!(%error, "the hashing threads keep the priority of all others");
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn lower_priority() {}

thread_local! {
    /// Until when this thread makes no way.
    static BUSY_UNTIL: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Others were in need of more than a moment.
const MOMENT: Duration = Duration::from_millis(1);

/// Called every quarter of a millisecond by a thread that hashes: whoever waits for its core goes first.
///
/// Priority alone does not do this. Linux lets a thread run on for some three milliseconds before it looks who else waits,
/// and a login waits for a core a dozen times. Where others never stop, a thread that steps aside each time would get far
/// less than its priority's share; so after a long absence it stays for a quarter as long.
pub(super) fn make_way() {
    let begun = Instant::now();
    if BUSY_UNTIL.get().is_some_and(|until| begun < until) {
        return;
    }
    thread::yield_now();
    let away = begun.elapsed();
    if away > MOMENT {
        BUSY_UNTIL.set(Some(Instant::now() + away / 4));
    }
}
