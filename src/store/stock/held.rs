//! A connection, while it is kept and while it is in use.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use sqlx::Connection;
use tokio::sync::OwnedSemaphorePermit;

use super::{Inner, Mode};

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

    pub fn conn(&mut self) -> &mut C {
        self.is_at_work = true;
        &mut self.kept.as_mut().expect("a connection is held until the drop").conn
    }

    pub(super) fn is_now_in(&mut self, mode: Mode) {
        if let Some(kept) = &mut self.kept {
            kept.mode = mode;
        }
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
