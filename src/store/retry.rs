//! Writing in one transaction, again where the database says that it met another one.

use std::time::{Duration, Instant};

use sqlx_mysql::MySqlDatabaseError;

use super::Error;

/// Runs a block in a transaction, whose `tx` it is given, and hands its result on: `Some` is committed, `None` is
/// rolled back. The block may run several times, so it does nothing but write.
///
/// ```text
/// let inserted = transaction!(app.db, |tx| { accounts::insert(tx, &account).await?.made() })?;
/// ```
macro_rules! transaction {
    ($db:expr, |$tx:ident| $body:block) => {
        $crate::store::transaction!($db, |$tx| $body, commit)
    };
    ($db:expr, |$tx:ident| $body:block, $commit:ident) => {
        $crate::store::again_after_conflicts!($db, async {
            let mut transaction = $db.begin().await?;
            let outcome: $crate::store::Result<Option<_>> = async {
                let $tx = &mut transaction;
                Ok($body)
            }
            .await;
            match &outcome {
                Ok(Some(_)) => transaction.$commit().await?,
                Ok(None) => transaction.roll_back().await?,
                Err(error) => transaction.roll_back_after(error).await,
            }
            outcome
        })
    };
}

/// As `transaction!`, for the first of two that a request makes. Whoever waits for the second has waited for the first:
/// it stands before it in the log. In between a power cut may undo it, of which the client hears nothing, as its request
/// was not answered.
macro_rules! transaction_before_another {
    ($db:expr, |$tx:ident| $body:block) => {
        $crate::store::transaction!($db, |$tx| $body, commit_before_another)
    };
}

/// Awaits an attempt to write, and makes it once more where another one was in its way.
macro_rules! again_after_conflicts {
    ($db:expr, $attempt:expr) => {{
        let mut tries = $crate::store::Tries::new();
        loop {
            match $attempt.await {
                Err(error) if tries.are_left_after(&error).await => {}
                result => {
                    $db.note(&result);
                    break result;
                }
            }
        }
    }};
}

pub(crate) use {again_after_conflicts, transaction, transaction_before_another};

/// Two transactions that deadlock once rarely do so again.
const MOST_ATTEMPTS: u32 = 8;
/// Whoever waits for the answer is told "unavailable" within two seconds.
const LONGEST_RETRYING: Duration = Duration::from_millis(500);

/// Counts how often a transaction was tried.
#[derive(Debug)]
pub struct Tries {
    begun: Instant,
    failed: u32,
}

impl Tries {
    #[expect(clippy::new_without_default, reason = "there is no such thing as a default try")]
    pub fn new() -> Self {
        Self { begun: Instant::now(), failed: 0 }
    }

    /// Whether to try again after a failure; pauses before it says yes.
    pub async fn are_left_after(&mut self, error: &Error) -> bool {
        if !is_conflict(error) || self.begun.elapsed() > LONGEST_RETRYING {
            return false;
        }
        self.failed += 1;
        if self.failed == MOST_ATTEMPTS {
            return false;
        }
        tracing::debug!(failed = self.failed, "a transaction met another one; trying again");
        tokio::time::sleep(Duration::from_millis(1 << self.failed)).await;
        true
    }
}

/// ER_LOCK_DEADLOCK: InnoDB chose this transaction to give way. Nothing of it happened, at COMMIT neither (Galera).
const DEADLOCK: u16 = 1213;
/// ER_CHECKREAD: MariaDB's snapshot isolation (the default from 11.6 on) found the row changed since it was read.
const CHANGED_SINCE_READ: u16 = 1020;

/// The database undid the whole transaction because of another one, and says that it may be tried again.
fn is_conflict(error: &Error) -> bool {
    let Error::Failed(sqlx::Error::Database(error)) = error else { return false };
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    matches!(number, Some(DEADLOCK | CHANGED_SINCE_READ))
}
