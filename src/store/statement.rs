//! Running one statement, on whichever database this is.

use std::time::Duration;

use tracing::{Instrument, Span};

use super::{Error, Result};

/// Whichever driver a statement is to run on.
pub(super) enum Executor<S, M> {
    Sqlite(S),
    MySql(M),
}

/// Runs one query on whichever database this is: `on!(db, |conn| sqlx::query_as(BY_ID).bind(id).fetch_optional(conn))`.
macro_rules! on {
    ($target:expr, |$conn:ident| $query:expr) => {{
        let patience = $target.patience();
        let answer = match $target.executor() {
            $crate::store::Executor::Sqlite(stock) => $crate::store::on_one_of!(stock, patience, |$conn| $query),
            $crate::store::Executor::MySql(stock) => $crate::store::on_one_of!(stock, patience, |$conn| $query),
        };
        $target.note_silence(&answer);
        answer
    }};
}

macro_rules! on_one_of {
    ($stock:expr, $patience:expr, |$conn:ident| $query:expr) => {{
        let asking = async {
            let mut held = $stock.take().await?;
            let answer = {
                let $conn = held.conn();
                $query.await
            };
            held.rest_after(&answer);
            answer
        };
        $crate::store::in_time($patience, asking).await
    }};
}

/// As `on!`, within a transaction.
macro_rules! within {
    ($tx:expr, |$conn:ident| $query:expr) => {{
        let patience = $tx.patience();
        match $tx.executor() {
            $crate::store::Executor::Sqlite($conn) => $crate::store::in_time(patience, $query).await,
            $crate::store::Executor::MySql($conn) => $crate::store::in_time(patience, $query).await,
        }
    }};
}

/// Runs one statement within a transaction, and counts the rows that it matched.
macro_rules! execute {
    ($tx:expr, $query:expr) => {
        $crate::store::within!($tx, |conn| async { Ok($query.execute(conn).await?.rows_affected()) })
    };
}

/// Runs one statement that writes, as a transaction by itself, and counts the rows that it matched.
macro_rules! execute_alone {
    ($db:expr, $query:expr) => {
        match $db {
            // Only the one connection that writes, and it waits for the disk together with others.
            $crate::store::Db::Sqlite { .. } => {
                $crate::store::transaction!($db, |tx| { Some($crate::store::execute!(tx, $query)?) })
            }
            $crate::store::Db::MySql { stock, patience, .. } => $crate::store::again_after_conflicts!($db, async {
                let done = $crate::store::on_one_of!(stock, *patience, |conn| $query.execute(conn));
                done.map(|done| Some(done.rows_affected()))
            }),
        }
        .map(Option::unwrap_or_default)
    };
}

/// Removes rows by their keys, sixty-four with one question, and one by one what is left: of a small table, MySQL would
/// rather read all rows, and lock them. What is bound after the keys is the same for all.
macro_rules! remove {
    ($tx:expr, $keys:expr, [$many:expr, $one:expr] $(, $bound:expr)*) => {{
        let (most, others) = $keys.as_chunks::<64>();
        for keys in most {
            $crate::store::execute!(
                $tx,
                keys.iter().fold($many, |query, key| query.bind(key))$(.bind($bound))*
            )?;
        }
        for key in others {
            $crate::store::execute!($tx, $one.bind(key)$(.bind($bound))*)?;
        }
        Ok(())
    }};
}

/// Names the statements of a table, and lists them so that a test can prepare each on every database.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(const $name: &str = $sql;)+
        pub(super) const STATEMENTS: &[&str] = &[$($name),+];
    };
}

/// A list of eight, at compile time: a statement that takes many rows is one text all the same.
macro_rules! eight {
    ($item:expr) => {
        concat!($item, ", ", $item, ", ", $item, ", ", $item, ", ", $item, ", ", $item, ", ", $item, ", ", $item)
    };
}

pub(super) use {eight, execute, execute_alone, on, on_one_of, remove, statements, within};

/// A server that is stopped, or behind a cable that was cut, neither answers nor refuses. Every request that needs it
/// is answered "unavailable" instead of waiting for it.
pub(super) async fn in_time<T>(
    patience: Duration,
    asking: impl Future<Output = std::result::Result<T, sqlx::Error>>,
) -> Result<T> {
    // As a part of a request's trace; what a node asks by itself is nobody's.
    let is_traced = Span::current().metadata().is_some_and(|metadata| metadata.target() == "otel");
    let asked = || tracing::info_span!(target: "otel", "asking the database", otel.kind = "client");
    let span = if is_traced { asked() } else { Span::none() };
    match tokio::time::timeout(patience, asking).instrument(span).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Error::TimedOut),
    }
}
