//! Connections that are kept.
//!
//! sqlx's own pool asks each connection twice whether it still answers, when it is taken and when it is given back. That
//! is two questions to the database for each that a request has, and of a file each of them wakes another thread twice.
//! Here a connection that answered a moment ago is trusted, and who needs one takes the one that was last used for the
//! like: its statements are prepared, and what it read of the file is still in memory. Where none is left, one is made, and
//! whoever asked takes the first that comes back or is made: most come back sooner.

mod held;

use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::Histogram;
use sqlx::Connection;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{timeout, timeout_at};

use super::plan::{Mode, Plan};
pub use held::Held;
use held::Kept;

/// Cloning shares it.
pub struct Stock<C: Connection + 'static>(Arc<Inner<C>>);

struct Inner<C: Connection + 'static> {
    plan: Plan<C>,
    waits: Histogram,
    /// The one that was used last comes last.
    idle: Mutex<Vec<Kept<C>>>,
    /// A permit is the right to take one of them, so there are never more. Who waits for one gets it in order of arrival.
    ready: Semaphore,
    /// A permit for each that may still be made, and with each that is there.
    room: Arc<Semaphore>,
    /// And for each that may be made at this moment.
    making: Arc<Semaphore>,
}

/// How many connections there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// What they are for.
    pub name: &'static str,
    pub most: usize,
    pub busy: usize,
    pub idle: usize,
}

/// To greet a server takes far longer than to ask it something: TLS, settings, and each statement to be prepared anew. A
/// crowd that did so at once would keep it from answering anyone.
const MADE_AT_ONCE: usize = 4;
/// An idle connection, and one of any kind that is so old, is closed.
const IDLE: Duration = Duration::from_secs(30);
const OLD: Duration = Duration::from_secs(30 * 60);

impl<C: Connection + 'static> Stock<C> {
    pub(super) fn new(plan: Plan<C>) -> Self {
        let waits = metrics::histogram!("bulla_database_connection_wait_seconds", "pool" => plan.name);
        let room = Arc::new(Semaphore::new(plan.most as usize));
        let making = Arc::new(Semaphore::new(MADE_AT_ONCE));
        Self(Arc::new(Inner { plan, waits, idle: Mutex::default(), ready: Semaphore::new(0), room, making }))
    }

    /// Begins with one that was made and set up already.
    pub(super) fn with(plan: Plan<C>, first: C) -> Self {
        let stock = Self::new(plan);
        if let Ok(room) = Arc::clone(&stock.0.room).try_acquire_owned() {
            stock.0.put_back(Kept::new(first, room));
        }
        stock
    }

    /// A connection that answers, or answered a moment ago.
    pub async fn take(&self) -> Result<Held<C>, sqlx::Error> {
        self.take_in(Mode::Alone).await
    }

    /// One to a server, in a mode. Those that were in it before are preferred: to change it is a question more.
    pub(super) async fn take_in(&self, mode: Mode) -> Result<Held<C>, sqlx::Error> {
        let begun = Instant::now();
        let taken = self.take_until(begun + self.0.plan.patience, mode).await;
        self.0.waits.record(begun.elapsed());
        taken
    }

    async fn take_until(&self, deadline: Instant, mode: Mode) -> Result<Held<C>, sqlx::Error> {
        loop {
            let mut held = Held::new(self.next(deadline, mode).await?, &self.0);
            if held.make_ready(mode, deadline).await? {
                return Ok(held);
            }
        }
    }

    async fn next(&self, deadline: Instant, mode: Mode) -> Result<Kept<C>, sqlx::Error> {
        if let Ok(right) = self.0.ready.try_acquire() {
            return self.0.pick(right, mode);
        }
        let mut right = pin!(self.0.ready.acquire());
        let right = tokio::select! {
            biased;
            right = &mut right => right,
            made = self.make(deadline) => {
                made?;
                timeout_at(deadline.into(), right).await.map_err(|_| sqlx::Error::PoolTimedOut)?
            }
        };
        self.0.pick(right.map_err(|_| sqlx::Error::PoolClosed)?, mode)
    }

    /// Makes one for whoever has waited longest. Once begun, it is made even if nobody waits for it any more, and has as
    /// long for it as if it had been begun at once.
    async fn make(&self, deadline: Instant) -> Result<(), sqlx::Error> {
        let stock = Arc::clone(&self.0);
        let turn = timeout_at(deadline.into(), stock.turn_to_make()).await;
        let (room, turn) = turn.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let making = tokio::spawn(async move {
            let conn = stock.plan.make(Instant::now() + stock.plan.patience).await?;
            stock.put_back(Kept::new(conn, room));
            drop(turn);
            Ok(())
        });
        making.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Hands out no more, waits for those in use, and closes them all.
    pub async fn close(&self) {
        self.0.ready.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for kept in idle {
            self.0.say_farewell(kept).await;
        }
        let _ = timeout(self.0.plan.patience, self.0.room.acquire_many(self.0.plan.most)).await;
    }

    pub fn is_closed(&self) -> bool {
        self.0.ready.is_closed()
    }

    pub fn usage(&self) -> Usage {
        let Plan { name, most, .. } = self.0.plan;
        let most = most as usize;
        let idle = self.0.idle().len();
        Usage { name, most, busy: most.saturating_sub(self.0.room.available_permits() + idle), idle }
    }

    pub fn options(&self) -> &C::Options {
        &self.0.plan.options
    }
}

impl<C: Connection + 'static> Inner<C> {
    fn idle(&self) -> MutexGuard<'_, Vec<Kept<C>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of those in the mode, the one that was used last; of others the first, of which its own mode has least need.
    fn pick(&self, right: SemaphorePermit<'_>, mode: Mode) -> Result<Kept<C>, sqlx::Error> {
        right.forget();
        let mut idle = self.idle();
        let place = idle.iter().rposition(|kept| kept.mode == mode).unwrap_or_default();
        if idle.is_empty() { Err(sqlx::Error::PoolClosed) } else { Ok(idle.remove(place)) }
    }

    async fn turn_to_make(&self) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), AcquireError> {
        let room = Arc::clone(&self.room).acquire_owned().await?;
        Ok((room, Arc::clone(&self.making).acquire_owned().await?))
    }

    fn put_back(self: &Arc<Self>, kept: Kept<C>) {
        let mut idle = self.idle();
        if self.ready.is_closed() {
            return;
        }
        idle.push(kept);
        self.ready.add_permits(1);
        let over = self.withdraw_over(&mut idle);
        drop(idle);
        for kept in over {
            let stock = Arc::clone(self);
            tokio::spawn(async move { stock.say_farewell(kept).await });
        }
    }

    /// Those that nobody needed for long. A file costs nothing to keep open.
    fn withdraw_over(&self, idle: &mut Vec<Kept<C>>) -> Vec<Kept<C>> {
        let is_over = |kept: &Kept<C>| kept.used_at.elapsed() > IDLE || kept.made_at.elapsed() > OLD;
        let mut over = Vec::new();
        // The first was not used for the longest time.
        while !self.plan.is_of_file() && idle.first().is_some_and(is_over) {
            let Ok(right) = self.ready.try_acquire() else { break };
            right.forget();
            over.push(idle.remove(0));
        }
        over
    }

    async fn say_farewell(&self, kept: Kept<C>) {
        let Kept { conn, room, .. } = kept;
        // A server that is gone says none.
        let _ = timeout(self.plan.patience, conn.close()).await;
        drop(room);
    }
}

impl<C: Connection + 'static> Clone for Stock<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Connection + 'static> fmt::Debug for Stock<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stock").field("most", &self.0.plan.most).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    use futures_util::future::join_all;

    use super::*;
    use crate::store::file::{FileConnection, FileOptions};
    use crate::store::plan::{Server, SetUp, Switch};

    pub(super) fn stock(most: u32, patience: Duration) -> Stock<FileConnection> {
        stock_of(|_, _| Box::pin(async { Ok(()) }), most, patience)
    }

    fn stock_of(set_up: SetUp<FileConnection>, most: u32, patience: Duration) -> Stock<FileConnection> {
        let options = FileOptions::new(Path::new(":memory:"), patience);
        Stock::new(Plan { name: "test", options, set_up, most, patience, server: None })
    }

    /// As if its connections were to a server.
    pub(super) fn with_server(
        mut stock: Stock<FileConnection>,
        trusted: Duration,
        switch: Switch<FileConnection>,
    ) -> Stock<FileConnection> {
        Arc::get_mut(&mut stock.0).unwrap().plan.server = Some(Server { trusted, switch });
        stock
    }

    /// Of a database in memory, each connection has its own.
    pub(super) async fn mark(held: &mut Held<FileConnection>) {
        assert!(succeeds(held, "CREATE TABLE mark (x)").await);
    }

    pub(super) async fn is_marked(held: &mut Held<FileConnection>) -> bool {
        succeeds(held, "SELECT * FROM mark").await
    }

    pub(super) async fn succeeds(held: &mut Held<FileConnection>, statement: &'static str) -> bool {
        let answer = sqlx::raw_sql(statement).execute(held.conn()).await;
        held.rest_after(&answer);
        answer.is_ok()
    }

    #[tokio::test]
    async fn the_one_that_was_used_last_is_used_again() {
        let stock = stock(3, Duration::from_secs(5));
        let (mut one, mut two) = (stock.take().await.unwrap(), stock.take().await.unwrap());
        mark(&mut two).await;
        assert!(!is_marked(&mut one).await);
        drop(one);
        drop(two);
        for _ in 0..3 {
            assert!(is_marked(&mut stock.take().await.unwrap()).await);
        }
    }

    #[tokio::test]
    async fn there_are_never_more_and_who_waits_too_long_is_told() {
        let stock = stock(2, Duration::from_millis(50));
        let (one, _two) = (stock.take().await.unwrap(), stock.take().await.unwrap());
        assert!(matches!(stock.take().await, Err(sqlx::Error::PoolTimedOut)));
        assert_eq!(stock.usage(), Usage { name: "test", most: 2, busy: 2, idle: 0 });
        drop(one);
        assert_eq!(stock.usage(), Usage { name: "test", most: 2, busy: 1, idle: 1 });
        stock.take().await.unwrap();
    }

    #[tokio::test]
    async fn a_crowd_waits_for_those_that_come_back() {
        static MAKING: AtomicUsize = AtomicUsize::new(0);
        static MOST_MAKING: AtomicUsize = AtomicUsize::new(0);
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let set_up: SetUp<FileConnection> = |_, _| {
            Box::pin(async {
                MOST_MAKING.fetch_max(MAKING.fetch_add(1, Relaxed) + 1, Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
                MAKING.fetch_sub(1, Relaxed);
                MADE.fetch_add(1, Relaxed);
                Ok(())
            })
        };
        let kept = stock_of(set_up, 32, Duration::from_secs(5));
        let taken = join_all((0..8).map(|_| kept.take())).await;
        assert_eq!((MADE.load(Relaxed), MOST_MAKING.load(Relaxed)), (8, MADE_AT_ONCE));
        assert!(taken.iter().all(Result::is_ok), "who keeps them gets one each");

        let given_back = stock_of(set_up, 32, Duration::from_secs(5));
        join_all((0..32).map(|_| async { drop(given_back.take().await.unwrap()) })).await;
        let made = MADE.load(Relaxed) - taken.len();
        assert!((1..=8).contains(&made), "{made} were made for 32 who gave theirs back at once");
    }

    #[tokio::test]
    async fn who_waits_for_a_new_one_takes_the_one_that_comes_back_first() {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let set_up: SetUp<FileConnection> = |_, _| {
            Box::pin(async {
                let is_first = MADE.load(Relaxed) == 0;
                tokio::time::sleep(Duration::from_millis(if is_first { 0 } else { 300 })).await;
                MADE.fetch_add(1, Relaxed);
                Ok(())
            })
        };
        let stock = stock_of(set_up, 2, Duration::from_secs(5));
        let first = stock.take().await.unwrap();
        let second = tokio::spawn({
            let stock = stock.clone();
            async move { stock.take().await.unwrap() }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(stock.usage(), Usage { name: "test", most: 2, busy: 2, idle: 0 }, "one of them is being made");
        drop(first);
        let _second = second.await.unwrap();
        assert_eq!(MADE.load(Relaxed), 1);
        let _third = stock.take().await.unwrap();
        assert_eq!(MADE.load(Relaxed), 2, "what was begun is of use to the next");
    }

    /// A fifth waits for its turn until it has half of its time left.
    #[tokio::test]
    async fn one_that_is_begun_late_is_made_all_the_same() {
        let set_up: SetUp<FileConnection> = |_, _| {
            Box::pin(async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                Ok(())
            })
        };
        let stock = stock_of(set_up, 5, Duration::from_millis(300));
        let stock = with_server(stock, Duration::from_secs(60), |_, _| Box::pin(async { Ok(()) }));
        let taken = join_all((0..5).map(|_| stock.take())).await;
        assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 5);
    }

    #[tokio::test]
    async fn after_the_end_nobody_gets_one() {
        let stock = stock(2, Duration::from_secs(5));
        drop(stock.take().await.unwrap());
        stock.close().await;
        assert!(matches!(stock.take().await, Err(sqlx::Error::PoolClosed)));
    }
}
