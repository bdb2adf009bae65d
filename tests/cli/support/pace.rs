//! Time as this machine had it. While a virtual machine stands still, or others take its cores, no server answers, and
//! that breaks no promise about how soon it does.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// Counts how often a thread of its own got its turn.
static TURNS: AtomicU32 = AtomicU32::new(0);
/// What test servers give their database. A machine that stands still for two seconds is not what is asked about; whoever
/// asks about a database that does not answer says otherwise.
pub const DATABASE_TIMEOUT: &str = "20s";
const REST: Duration = Duration::from_millis(5);

/// A moment, to look back at. What has passed since is never more than by the machine's clock: for upper bounds only.
#[derive(Clone, Copy, Debug)]
pub struct Pace(u32);

impl Pace {
    pub fn now() -> Self {
        static COUNTING: std::sync::Once = std::sync::Once::new();
        COUNTING.call_once(|| drop(thread::spawn(count)));
        Self(TURNS.load(Ordering::Relaxed))
    }

    pub fn elapsed(self) -> Duration {
        REST * TURNS.load(Ordering::Relaxed).wrapping_sub(self.0)
    }
}

fn count() -> ! {
    loop {
        thread::sleep(REST);
        TURNS.fetch_add(1, Ordering::Relaxed);
    }
}
