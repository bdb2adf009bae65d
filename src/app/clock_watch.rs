//! Noticing that someone moved the machine's clock.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::model::Timestamp;

/// Holds the calendar against the monotonic clock, which no one can set.
#[derive(Debug, Default)]
pub struct ClockWatch(Mutex<Option<(Instant, Timestamp)>>);

/// How the clock moved beyond the time that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMove {
    /// It was never looked at before.
    FirstLook,
    /// No more than a clock that is kept right moves.
    None,
    Ahead(Duration),
    Back(Duration),
}

/// Clocks that are kept right are nudged by less.
const NUDGE: Duration = Duration::from_secs(2);

impl ClockWatch {
    /// How the clock moved since it was last looked at.
    pub fn look(&self, instant: Instant, now: Timestamp) -> ClockMove {
        let last = self.0.lock().expect("no thread panics while it holds this lock").replace((instant, now));
        let Some((last_instant, last)) = last else { return ClockMove::FirstLook };
        let expected = last + instant.duration_since(last_instant);
        match expected.distance(now) {
            apart if apart <= NUDGE => ClockMove::None,
            apart if now > expected => ClockMove::Ahead(apart),
            apart => ClockMove::Back(apart),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_milliseconds(1_800_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    /// The second look, this much later by each clock.
    fn look_after(monotonic: Duration, calendar: Timestamp) -> ClockMove {
        let (watch, start) = (ClockWatch::default(), Instant::now());
        assert_eq!(watch.look(start, NOON), ClockMove::FirstLook);
        watch.look(start + monotonic, calendar)
    }

    #[test]
    fn a_clock_that_moves_with_the_time_does_not_move() {
        for nudged in [HOUR - NUDGE, HOUR, HOUR + NUDGE] {
            assert_eq!(look_after(HOUR, NOON + nudged), ClockMove::None, "{nudged:?}");
        }
    }

    #[test]
    fn a_clock_that_was_set_is_noticed_in_both_directions() {
        assert_eq!(look_after(NUDGE, NOON + NUDGE + HOUR), ClockMove::Ahead(HOUR));
        assert_eq!(look_after(HOUR, NOON), ClockMove::Back(HOUR));
        assert_eq!(look_after(NUDGE, NOON + NUDGE - HOUR), ClockMove::Back(HOUR));
    }
}
