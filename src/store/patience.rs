//! Which failures pass by themselves. A request is answered "unavailable" at once; an import has time, and asks again.

use sqlx_mysql::MySqlDatabaseError;

use super::Error;

/// ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN, ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_CHECKREAD; and during a failover
/// ER_OPTION_PREVENTS_STATEMENT, ER_READ_ONLY_MODE (it is read-only), ER_UNKNOWN_COM_ERROR (Galera has no quorum).
const PASSING: [u16; 8] = [1040, 1053, 1205, 1213, 1020, 1290, 1836, 1047];

impl Error {
    /// Nobody answered: neither yes nor no.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Self::TimedOut | Self::Failed(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut))
    }

    /// Whether the same may well succeed a moment later: the database is busy or away, and refused nothing.
    pub fn may_pass(&self) -> bool {
        match self {
            silence if silence.is_silence() => true,
            Self::Failed(sqlx::Error::Database(error)) => {
                let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
                match number {
                    Some(number) => PASSING.contains(&number),
                    // SQLITE_BUSY: another process writes.
                    None => error.message().contains("locked"),
                }
            }
            // Someone must make room first.
            _ => false,
        }
    }
}
