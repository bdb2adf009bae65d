//! A connection, while it is kept and while it is in use.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use sqlx::Connection;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout_at;

use super::Inner;
use crate::store::plan::{Mode, Plan, Server};

pub(super) struct Kept<C> {
    pub(super) conn: C,
    pub(super) mode: Mode,
    pub(super) made_at: Instant,
    pub(super) used_at: Instant,
    /// After the connection, so that there are never more of them.
    pub(super) room: OwnedSemaphorePermit,
}

/// A connection in use. It is given back only after its last answer was heard. Otherwise it is dropped, and a transaction
/// with it: the rest of the answer would have to be waited for first, and a database that moved away without a word sends
/// none until TCP gives up, a quarter of an hour later.
pub struct Held<C: Connection + 'static> {
    kept: Option<Kept<C>>,
    is_at_work: bool,
    stock: Arc<Inner<C>>,
}

/// A part of the patience, in which several dead connections may be met.
const SHARE: u32 = 5;

impl<C> Kept<C> {
    pub(super) fn new(conn: C, room: OwnedSemaphorePermit) -> Self {
        let now = Instant::now();
        Self { conn, mode: Mode::Alone, made_at: now, used_at: now, room }
    }
}

impl<C: Connection + 'static> Held<C> {
    pub(super) fn new(kept: Kept<C>, stock: &Arc<Inner<C>>) -> Self {
        Self { kept: Some(kept), is_at_work: false, stock: Arc::clone(stock) }
    }

    /// Asks whether it is there, and brings it into the mode; false if it does not answer. What is wrong with one that
    /// answered a moment ago is said.
    pub(super) async fn make_ready(&mut self, mode: Mode, deadline: Instant) -> Result<bool, sqlx::Error> {
        let Plan { patience, server, .. } = &self.stock.plan;
        let (Some(kept), Some(Server { trusted, switch })) = (&self.kept, server) else { return Ok(true) };
        let (is_in_mode, is_trusted, switch) = (kept.mode == mode, kept.used_at.elapsed() < *trusted, *switch);
        let limit = if is_trusted { deadline } else { Instant::now() + *patience / SHARE };
        let question = match (is_in_mode, is_trusted) {
            (true, true) => return Ok(true),
            (true, false) => Box::pin(self.conn().ping()),
            (false, _) => switch(self.conn(), mode),
        };
        match timeout_at(limit.into(), question).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(()) => {
                self.is_at_work = false;
                self.kept.iter_mut().for_each(|kept| kept.mode = mode);
                Ok(true)
            }
            Err(error) if is_trusted => Err(error),
            Err(_) => Ok(false),
        }
    }

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
            self.stock.say_farewell(kept).await;
        }
    }
}

impl<C: Connection + 'static> Drop for Held<C> {
    fn drop(&mut self) {
        if let Some(mut kept) = self.kept.take().filter(|_| !self.is_at_work) {
            kept.used_at = Instant::now();
            self.stock.put_back(kept);
        }
    }
}

impl<C: Connection + 'static> fmt::Debug for Held<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Held").field("is_at_work", &self.is_at_work).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::future::BoxFuture;

    use super::super::Stock;
    use super::super::tests::{is_marked, mark, stock, succeeds, with_server};
    use super::*;
    use crate::store::file::FileConnection;
    use crate::store::plan::Switch;

    const LONG: Duration = Duration::from_secs(60);

    /// As of a server.
    fn stock_of_server(most: u32, trusted: Duration) -> Stock<FileConnection> {
        let switch: Switch<FileConnection> = |conn, mode| match mode {
            Mode::Alone => tell(conn, "DROP TABLE together"),
            Mode::Together => tell(conn, "CREATE TABLE together (x)"),
        };
        with_server(stock(most, Duration::from_secs(5)), trusted, switch)
    }

    fn tell<'c>(conn: &'c mut FileConnection, statement: &'static str) -> BoxFuture<'c, Result<(), sqlx::Error>> {
        Box::pin(async move { sqlx::raw_sql(statement).execute(conn).await.map(drop) })
    }

    async fn is_together(held: &mut Held<FileConnection>) -> bool {
        succeeds(held, "SELECT * FROM together").await
    }

    #[tokio::test]
    async fn those_in_the_mode_are_preferred_whichever_was_used_last() {
        let stock = stock_of_server(2, LONG);
        let (mut alone, mut together) = (stock.take().await.unwrap(), stock.take_in(Mode::Together).await.unwrap());
        mark(&mut alone).await;
        for is_alone_last in [false, true, true, false] {
            assert_eq!((is_together(&mut alone).await, is_together(&mut together).await), (false, true));
            assert_eq!((is_marked(&mut alone).await, is_marked(&mut together).await), (true, false));
            drop(if is_alone_last { (together, alone) } else { (alone, together) });
            (together, alone) = (stock.take_in(Mode::Together).await.unwrap(), stock.take().await.unwrap());
        }
    }

    #[tokio::test]
    async fn where_there_is_none_the_one_that_was_not_used_for_longest_is_switched() {
        let stock = stock_of_server(2, LONG);
        let (mut first, last) = (stock.take().await.unwrap(), stock.take().await.unwrap());
        mark(&mut first).await;
        drop(first);
        drop(last);
        assert!(is_marked(&mut stock.take_in(Mode::Together).await.unwrap()).await);
        for mode in [Mode::Together, Mode::Alone, Mode::Alone, Mode::Together] {
            let [mut one, mut other] = [stock.take_in(mode).await.unwrap(), stock.take_in(mode).await.unwrap()];
            assert_eq!([is_together(&mut one).await, is_together(&mut other).await], [mode == Mode::Together; 2]);
        }
    }

    #[tokio::test]
    async fn one_that_cannot_be_switched_is_used_no_more_and_says_why_if_it_was_trusted() {
        for trusted in [Duration::ZERO, LONG] {
            let stock = stock_of_server(1, trusted);
            let mut stuck = stock.take().await.unwrap();
            mark(&mut stuck).await;
            assert!(succeeds(&mut stuck, "CREATE TABLE together (x)").await);
            drop(stuck);
            match stock.take_in(Mode::Together).await {
                Ok(mut other) => assert!(trusted.is_zero() && is_together(&mut other).await),
                Err(error) => assert!(!trusted.is_zero() && error.to_string().contains("already exists"), "{error}"),
            }
            assert!(!is_marked(&mut stock.take().await.unwrap()).await, "it is the old one");
        }
    }
}
