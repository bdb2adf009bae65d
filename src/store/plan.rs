//! Which connections to keep, and how each is made.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection};
use sqlx_mysql::MySqlDatabaseError;
use tokio::time::{sleep, timeout_at};

pub(super) struct Plan<C: Connection> {
    /// What these connections are for.
    pub name: &'static str,
    pub options: C::Options,
    pub set_up: SetUp<C>,
    pub most: u32,
    /// Whoever waits longer for one has waited for nothing.
    pub patience: Duration,
    /// `None` for a file: it always answers, and is told when a transaction begins.
    pub server: Option<Server<C>>,
}

/// How to get along with a connection to a server.
pub(super) struct Server<C> {
    /// Idle for longer, one is asked whether it still answers.
    pub trusted: Duration,
    /// Brings one that is between two transactions into another mode.
    pub switch: Switch<C>,
}

/// When a connection commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// After each statement. So is every new one.
    Alone,
    /// When it is told to. A transaction begins by itself with its first statement, which saves the question for it.
    Together,
}

/// What is said first on each new connection.
pub(super) type SetUp<C> =
    for<'c> fn(&'c mut C, Duration) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'c>>;

pub(super) type Switch<C> =
    for<'c> fn(&'c mut C, Mode) -> Pin<Box<dyn Future<Output = Result<(), sqlx::Error>> + Send + 'c>>;

/// Between two attempts to reach a server that is starting.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

impl<C: Connection> Plan<C> {
    /// Whether it is a file, which never falls silent, but may take a while to open: after a crash, much of it is read.
    pub fn is_of_file(&self) -> bool {
        self.server.is_none()
    }

    /// A new one, by the deadline if it is a server's.
    pub async fn make(&self, deadline: Instant) -> Result<C, sqlx::Error> {
        if self.is_of_file() {
            return self.reach(deadline).await;
        }
        timeout_at(deadline.into(), self.reach(deadline)).await.map_err(|_| sqlx::Error::PoolTimedOut)?
    }

    async fn reach(&self, deadline: Instant) -> Result<C, sqlx::Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.options.connect().await {
                Ok(mut conn) => {
                    (self.set_up)(&mut conn, self.patience).await?;
                    return Ok(conn);
                }
                Err(error) if is_starting(&error) && Instant::now() + pause < deadline => {
                    sleep(pause).await;
                    pause *= 2;
                }
                Err(error) => return Err(error),
            }
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
