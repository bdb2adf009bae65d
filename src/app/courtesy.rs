//! Hashing takes the time that nothing else needs: whoever asks for something small does not wait for a core.

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

/// What a thread that hashes owes to those who wait for its core.
#[derive(Debug, Default)]
pub(super) struct Courtesy {
    /// Until when it makes no way.
    busy_until: Option<Instant>,
}

/// Others were in need of more than a moment.
const MOMENT: Duration = Duration::from_millis(1);

impl Courtesy {
    /// Called after each MiB of blocks, some tenths of a millisecond: whoever waits for the core goes first.
    ///
    /// Priority alone does not do this. Linux lets a thread run on for some three milliseconds before it looks who else
    /// waits, and a login waits for a core a dozen times. Where others never stop, a thread that steps aside each time would
    /// get far less than its priority's share; so after a long absence it stays for a quarter as long.
    pub(super) fn make_way(&mut self) {
        let begun = Instant::now();
        if self.busy_until.is_some_and(|until| begun < until) {
            return;
        }
        thread::yield_now();
        let away = begun.elapsed();
        if away > MOMENT {
            self.busy_until = Some(Instant::now() + away / 4);
        }
    }
}
