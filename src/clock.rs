//! The time, as a value that is handed around: the system's in production, one that tests move by hand otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// Where `now` comes from. Cloning shares the source.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.milliseconds()))))
    }

    /// Whether it is moved by hand, and so jumps only because it is meant to.
    pub fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(milliseconds) => Timestamp::from_milliseconds(milliseconds.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward. The system's clock cannot be moved, so this is a programming error there.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Source::System => panic!("the system clock cannot be moved"),
            Source::Manual(milliseconds) => {
                milliseconds.fetch_add(by.as_millis() as i64, Ordering::SeqCst);
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the system's time is read")]
fn system_now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_milliseconds(since_epoch.as_millis() as i64)
}
