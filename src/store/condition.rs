//! What is known of a database's condition: that its disk is full, which is said once when it fills up and once when there
//! is room again, however many requests meet it; and when it last did not answer.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use sqlx_mysql::MySqlDatabaseError;

use super::{Error, Result};

#[derive(Debug, Default)]
pub struct Condition {
    last_full: Mutex<Option<Instant>>,
    last_silent: Mutex<Option<Instant>>,
}

/// On a disk that is nearly full, small writes succeed between larger ones that fail.
const CALM: Duration = Duration::from_secs(5);
/// With less than this, the next write may fail.
const LEAST_ROOM_BYTES: u64 = 1024 * 1024;

impl Condition {
    /// Takes note of what became of a transaction.
    pub(super) fn note<T>(&self, outcome: &Result<Option<T>>) {
        self.note_silence(outcome);
        let mut last_full = self.last_full.lock().expect("no thread panics while it holds this lock");
        if matches!(outcome, Err(Error::DiskFull)) {
            let was_full = last_full.replace(Instant::now()).is_some();
            if !was_full {
                tracing::error!(
                    "the disk of the database is full: whatever would write is answered 503, reading goes on. Make \
                     room; a restart is not needed"
                );
            }
        } else if matches!(outcome, Ok(Some(_))) && last_full.is_some_and(|at| at.elapsed() > CALM) {
            *last_full = None;
            tracing::info!("there is room on the disk of the database again");
        }
    }

    /// Takes note of a question that was not answered in time.
    pub(super) fn note_silence<T>(&self, answer: &Result<T>) {
        if answer.as_ref().err().is_some_and(Error::is_silence) {
            *self.last_silent.lock().expect("no thread panics while it holds this lock") = Some(Instant::now());
        }
    }

    /// Whether something was given up since `moment`, because the database did not answer.
    pub(super) fn was_silent_since(&self, moment: Instant) -> bool {
        self.last_silent.lock().expect("no thread panics while it holds this lock").is_some_and(|at| at > moment)
    }
}

/// Whether the disk that a file is on, or would be on, has no room left.
pub fn is_full(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < LEAST_ROOM_BYTES)
}

/// Whether this is what a database says when its disk is full.
pub(super) fn says_full(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else { return false };
    match error.try_downcast_ref::<MySqlDatabaseError>() {
        // ER_DISK_FULL and ER_RECORD_FILE_FULL.
        Some(error) => matches!(error.number(), 1021 | 1114),
        // SQLITE_FULL, and SQLITE_IOERR_SHMSIZE: no room for the index of the write-ahead log.
        None => error.code().is_some_and(|code| matches!(&*code, "13" | "4874")),
    }
}
