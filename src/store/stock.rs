//! Connections that are kept.
//!
//! sqlx's own pool asks each connection twice whether it still answers, when it is taken and when it is given back. That
//! is two questions to the database for each that a request has, and of a file each of them wakes another thread twice.
//! Here a connection that answered a moment ago is trusted, and who needs one takes the one that was used last: its
//! statements are prepared, and what it read of the file is still in memory.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::Histogram;
use sqlx::{ConnectOptions, Connection};
use sqlx_mysql::MySqlDatabaseError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Cloning shares it.
pub struct Stock<C: Connection>(Arc<Inner<C>>);

struct Inner<C: Connection> {
    plan: Plan<C>,
    places: Arc<Semaphore>,
    waits: Histogram,
    /// The one that was used last comes last.
    idle: Mutex<Vec<Kept<C>>>,
}

/// Which connections to keep.
pub(super) struct Plan<C: Connection> {
    /// What these connections are for.
    pub name: &'static str,
    pub options: C::Options,
    pub set_up: SetUp<C>,
    pub most: u32,
    /// Whoever waits longer for one has waited for nothing.
    pub patience: Duration,
    /// Idle for longer, one is asked whether it still answers; `None` for a file, which always does.
    pub trusted: Option<Duration>,
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

/// What is said first on each new connection.
pub(super) type SetUp<C> =
    for<'c> fn(&'c mut C, Duration) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'c>>;

struct Kept<C> {
    conn: C,
    made_at: Instant,
    used_at: Instant,
}

/// A connection in use. It is given back only after its last answer was heard. Otherwise it is dropped, and a transaction
/// with it: the rest of the answer would have to be waited for first, and a database that moved away without a word sends
/// none until TCP gives up, a quarter of an hour later.
pub struct Held<C: Connection> {
    kept: Option<Kept<C>>,
    is_at_work: bool,
    stock: Arc<Inner<C>>,
    /// After the connection, so that there are never more of them.
    _place: OwnedSemaphorePermit,
}

/// A part of the patience, in which several dead connections may be met.
const SHARE: u32 = 5;
/// An idle connection, and one of any kind that is so old, is closed.
const IDLE: Duration = Duration::from_secs(30);
const OLD: Duration = Duration::from_secs(30 * 60);
/// Between two attempts to reach a server that is starting.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

impl<C: Connection> Stock<C> {
    pub(super) fn new(plan: Plan<C>) -> Self {
        let places = Arc::new(Semaphore::new(plan.most as usize));
        let waits = metrics::histogram!("bulla_database_connection_wait_seconds", "pool" => plan.name);
        Self(Arc::new(Inner { plan, places, waits, idle: Mutex::default() }))
    }

    /// A connection that answers, or answered a moment ago. Whoever waits for one gets it in order of arrival.
    pub async fn take(&self) -> Result<Held<C>, sqlx::Error> {
        let begun = Instant::now();
        let taken = self.take_until(begun + self.0.plan.patience).await;
        self.0.waits.record(begun.elapsed());
        taken
    }

    async fn take_until(&self, deadline: Instant) -> Result<Held<C>, sqlx::Error> {
        let place = tokio::time::timeout_at(deadline.into(), Arc::clone(&self.0.places).acquire_owned()).await;
        let place = place.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        let mut held = Held { kept: None, is_at_work: false, stock: Arc::clone(&self.0), _place: place };
        while let Some(kept) = self.0.last() {
            let used_at = kept.used_at;
            held.kept = Some(kept);
            if self.0.plan.trusted.is_none_or(|trusted| used_at.elapsed() < trusted) {
                return Ok(held);
            }
            let ping = tokio::time::timeout(self.0.plan.patience / SHARE, held.conn().ping());
            if matches!(ping.await, Ok(Ok(()))) {
                held.is_at_work = false;
                return Ok(held);
            }
        }
        held.kept = Some(self.0.make(deadline).await?);
        Ok(held)
    }

    /// Hands out no more, waits for those in use, and closes them all.
    pub async fn close(&self) {
        let most = self.0.plan.most;
        let _ = tokio::time::timeout(self.0.plan.patience, self.0.places.acquire_many(most)).await;
        self.0.places.close();
        let idle = std::mem::take(&mut *self.0.idle());
        for kept in idle {
            // A server that is gone says no farewell.
            let _ = tokio::time::timeout(self.0.plan.patience, kept.conn.close()).await;
        }
    }

    pub fn usage(&self) -> Usage {
        let Plan { name, most, .. } = self.0.plan;
        let busy = (most as usize).saturating_sub(self.0.places.available_permits());
        Usage { name, most: most as usize, busy, idle: self.0.idle().len() }
    }

    pub fn options(&self) -> &C::Options {
        &self.0.plan.options
    }
}

impl<C: Connection> Inner<C> {
    fn idle(&self) -> MutexGuard<'_, Vec<Kept<C>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last(&self) -> Option<Kept<C>> {
        self.idle().pop()
    }

    async fn make(&self, deadline: Instant) -> Result<Kept<C>, sqlx::Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.plan.options.connect().await {
                Ok(mut conn) => {
                    (self.plan.set_up)(&mut conn, self.plan.patience).await?;
                    let now = Instant::now();
                    return Ok(Kept { conn, made_at: now, used_at: now });
                }
                Err(error) if is_starting(&error) && Instant::now() + pause < deadline => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn put_back(&self, mut kept: Kept<C>) {
        kept.used_at = Instant::now();
        let is_over = |kept: &Kept<C>| kept.used_at.elapsed() > IDLE || kept.made_at.elapsed() > OLD;
        let mut idle = self.idle();
        idle.push(kept);
        // The first was not used for the longest time. A file costs nothing to keep open.
        let over = if self.plan.trusted.is_some() { idle.iter().take_while(|kept| is_over(kept)).count() } else { 0 };
        let over: Vec<Kept<C>> = idle.drain(..over).collect();
        drop(idle);
        for kept in over {
            tokio::spawn(tokio::time::timeout(self.plan.patience, kept.conn.close()));
        }
    }
}

/// Nobody listens yet, or there are too many connections for a moment (ER_CON_COUNT_ERROR).
fn is_starting(error: &sqlx::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    match error {
        sqlx::Error::Io(error) => matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset),
        sqlx::Error::Database(error) => {
            error.try_downcast_ref::<MySqlDatabaseError>().is_some_and(|error| error.number() == 1040)
        }
        _ => false,
    }
}

impl<C: Connection> Held<C> {
    pub fn conn(&mut self) -> &mut C {
        self.is_at_work = true;
        &mut self.kept.as_mut().expect("a connection is held until the drop").conn
    }

    /// A refusal by the database is an answer, too.
    pub fn rest_after<T>(&mut self, answer: &Result<T, sqlx::Error>) {
        self.is_at_work = !matches!(answer, Ok(_) | Err(sqlx::Error::Database(_) | sqlx::Error::RowNotFound));
    }

    /// Says farewell instead of giving it back.
    pub async fn close(mut self) {
        if let Some(kept) = self.kept.take() {
            let _ = tokio::time::timeout(self.stock.plan.patience, kept.conn.close()).await;
        }
    }
}

impl<C: Connection> Drop for Held<C> {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take().filter(|_| !self.is_at_work) {
            self.stock.put_back(kept);
        }
    }
}

impl<C: Connection> Clone for Stock<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C: Connection> fmt::Debug for Stock<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stock").field("most", &self.0.plan.most).finish_non_exhaustive()
    }
}

impl<C: Connection> fmt::Debug for Held<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Held").field("is_at_work", &self.is_at_work).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::file::{FileConnection, FileOptions};

    fn stock(most: u32, patience: Duration) -> Stock<FileConnection> {
        let options = FileOptions::new(Path::new(":memory:"), patience);
        let set_up: SetUp<FileConnection> = |_, _| Box::pin(async { Ok(()) });
        Stock::new(Plan { name: "test", options, set_up, most, patience, trusted: None })
    }

    /// Of a database in memory, each connection has its own.
    async fn mark(held: &mut Held<FileConnection>) {
        let marked = sqlx::raw_sql("CREATE TABLE mark (x)").execute(held.conn()).await;
        held.rest_after(&marked);
        marked.unwrap();
    }

    async fn is_marked(held: &mut Held<FileConnection>) -> bool {
        let found = sqlx::raw_sql("SELECT * FROM mark").execute(held.conn()).await;
        held.rest_after(&found);
        found.is_ok()
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
    async fn after_the_end_nobody_gets_one() {
        let stock = stock(2, Duration::from_secs(5));
        drop(stock.take().await.unwrap());
        stock.close().await;
        assert!(matches!(stock.take().await, Err(sqlx::Error::PoolClosed)));
    }
}
