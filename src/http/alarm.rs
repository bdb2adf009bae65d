//! One timer for a connection, kept: hyper wants another deadline for the head of every request, and would start a timer
//! for each, and stop it.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// Rings at the earliest at the deadline that it was last set to. A deadline that moves on is noticed when it rings, so it
/// is set once in the time between two deadlines, however many there are.
#[derive(Clone, Debug)]
pub(super) struct Alarm(Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>);

/// A deadline of a connection, of which there is one at a time.
struct Due {
    alarm: Alarm,
    deadline: Instant,
}

impl Alarm {
    pub(super) fn new(first: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(first)))))
    }
}

impl Timer for Alarm {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Due { alarm: self.clone(), deadline })
    }
}

impl Sleep for Due {}

impl Future for Due {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut alarm = self.alarm.0.lock().expect("no thread panics while it holds this lock");
        if alarm.deadline() > self.deadline.into() {
            alarm.as_mut().reset(self.deadline.into());
        }
        loop {
            ready!(alarm.as_mut().poll(context));
            if Instant::now() >= self.deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(self.deadline.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn every_deadline_is_kept_though_there_is_one_timer() {
        let (alarm, begun) = (Alarm::new(SECOND / 20), Instant::now());
        // Later than it is set to, and earlier.
        for deadline in [begun + SECOND / 5, begun + SECOND / 4] {
            let far = alarm.sleep_until(begun + 60 * SECOND);
            assert!(tokio::time::timeout(SECOND / 100, far).await.is_err());
            alarm.sleep_until(deadline).await;
            let late = Instant::now().checked_duration_since(deadline).expect("not before the deadline");
            assert!(late < 10 * SECOND, "{late:?}");
        }
        // One that is over.
        alarm.sleep_until(begun).await;
    }
}
