//! Four lanes for each counter: how many of the attempts that are counted together are judged at the same moment.
//!
//! Every attempt counts as a failure until it has succeeded. Without lanes, six devices of one person that log in at the
//! same moment, each with the right password, would be told that there were too many attempts.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::Counter;

/// One fewer than there are attempts for free: those of one node never count each other out.
const LANES: usize = 4;
/// Who would wait longer is told to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const MOST_WAITING: usize = 100;

#[derive(Default)]
pub struct AttemptLanes(Arc<Mutex<HashMap<Counter, Arc<Semaphore>>>>);

/// The right to make one attempt now; given back when dropped.
pub struct Lane {
    counter: Counter,
    permit: Option<OwnedSemaphorePermit>,
    lanes: AttemptLanes,
}

impl AttemptLanes {
    /// Whether one would have to wait for a lane.
    pub fn are_taken(&self, counter: &Counter) -> bool {
        let lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.get(counter).is_some_and(|semaphore| semaphore.available_permits() == 0)
    }

    /// Waits for a lane; `None` when too many are waiting, or for too long.
    pub async fn enter(&self, counter: &Counter) -> Option<Lane> {
        let semaphore = {
            let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let semaphore = lanes.entry(counter.clone()).or_insert_with(|| Arc::new(Semaphore::new(LANES)));
            // The map has one; every permit and everyone who waits has another.
            if Arc::strong_count(semaphore) > LANES + MOST_WAITING {
                return None;
            }
            Arc::clone(semaphore)
        };
        // Made before the wait, so that whoever goes away while waiting leaves nothing in the map either.
        let mut lane = Lane { counter: counter.clone(), permit: None, lanes: Self(Arc::clone(&self.0)) };
        let permit = tokio::time::timeout(LONGEST_WAIT, semaphore.acquire_owned()).await;
        lane.permit = Some(permit.ok()?.expect("the semaphore is never closed"));
        Some(lane)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        let mut lanes = self.lanes.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.permit = None;
        if lanes.get(&self.counter).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            lanes.remove(&self.counter);
        }
    }
}

impl fmt::Debug for AttemptLanes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AttemptLanes(…)")
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Lane(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;

    use super::*;
    use crate::model::Email;

    fn waiting(lanes: &AttemptLanes) -> usize {
        lanes.0.lock().unwrap().len()
    }

    fn counter(email: &str) -> Counter {
        Counter::of_everyone(&Email::parse(email).unwrap())
    }

    async fn fill(lanes: &AttemptLanes, counter: &Counter) -> Vec<Lane> {
        let mut entered = Vec::new();
        for _ in 0..LANES {
            entered.push(lanes.enter(counter).await.unwrap());
        }
        entered
    }

    #[tokio::test]
    async fn an_account_has_its_lanes_and_leaves_nothing_behind() {
        let lanes = AttemptLanes::default();
        let (ada, bob) = (counter("ada@example.com"), counter("bob@example.com"));
        let mut entered = fill(&lanes, &ada).await;
        assert!(lanes.are_taken(&ada) && !lanes.are_taken(&bob));
        {
            let another = pin!(lanes.enter(&ada));
            assert!(poll!(another).is_pending(), "one more got in");
        }
        assert!(lanes.enter(&bob).await.is_some());
        entered.pop();
        entered.push(lanes.enter(&ada).await.unwrap());
        assert_eq!(waiting(&lanes), 1);
        drop(entered);
        assert_eq!(waiting(&lanes), 0);
    }

    #[tokio::test]
    async fn a_crowd_is_sent_away() {
        let lanes = AttemptLanes::default();
        let ada = counter("ada@example.com");
        let _judged = fill(&lanes, &ada).await;
        let mut crowd: Vec<_> = (0..MOST_WAITING).map(|_| Box::pin(lanes.enter(&ada))).collect();
        for one in &mut crowd {
            assert!(tokio::time::timeout(Duration::ZERO, one).await.is_err());
        }
        let turned_away = tokio::time::timeout(Duration::from_millis(50), lanes.enter(&ada)).await;
        assert!(turned_away.is_ok_and(|lane| lane.is_none()));
    }
}
