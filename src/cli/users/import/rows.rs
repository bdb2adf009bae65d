//! Rows on their way from a source to the import: what is asked of each, and how they travel.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::Columns;
use crate::cli::Failure;
use crate::flows::{Draft, Refusal, SourceRow, judge_row};
use crate::model::Timestamp;

/// The six things that an account is made of: id, name, email, password, created_at, disabled_at.
pub(super) const COLUMNS: usize = 6;

/// What the columns are called, and whether somebody said so.
#[derive(Clone)]
pub(super) struct Names(pub [Name; COLUMNS]);

#[derive(Clone)]
pub(super) struct Name {
    pub text: String,
    pub must_exist: bool,
}

/// Judges a row by itself.
#[derive(Clone)]
pub(super) struct Judge {
    pub now: Timestamp,
    pub new_id: Arc<dyn Fn() -> String + Send + Sync>,
}

/// Rows that were judged, in their order.
pub(super) struct Rows {
    /// What `position` comes to at the end, if that is known.
    pub total: Option<u64>,
    batches: mpsc::Receiver<Result<Batch, Failure>>,
}

pub(super) struct Batch {
    pub rows: Vec<Result<Draft, Refusal>>,
    pub position: u64,
}

/// Enough for reading and writing to overlap; a source of any length takes no more memory than this.
const MOST_WAITING_BATCHES: usize = 8;

pub(super) fn channel(total: Option<u64>) -> (mpsc::Sender<Result<Batch, Failure>>, Rows) {
    let (sender, batches) = mpsc::channel(MOST_WAITING_BATCHES);
    (sender, Rows { total, batches })
}

impl Rows {
    pub(super) async fn next(&mut self) -> Option<Result<Batch, Failure>> {
        self.batches.recv().await
    }
}

impl Judge {
    pub(super) fn judge(&self, row: SourceRow) -> Result<Draft, Refusal> {
        judge_row(row, self.now, || (self.new_id)())
    }
}

impl Names {
    pub(super) fn of(columns: &Columns) -> Self {
        let name = |given: &Option<String>, usual: &str, is_needed| Name {
            text: given.clone().unwrap_or_else(|| usual.to_owned()),
            must_exist: given.is_some() || is_needed,
        };
        Self([
            name(&columns.id_column, "id", false),
            name(&columns.name_column, "name", false),
            name(&columns.email_column, "email", true),
            name(&columns.password_column, "password", true),
            name(&columns.created_at_column, "created_at", false),
            name(&columns.disabled_at_column, "disabled_at", false),
        ])
    }

    /// Foreign keys of other tables point at these ids, so whoever loses them should know.
    pub(super) fn warn_without_ids(&self, has_ids: bool) {
        if !has_ids {
            eprintln!(
                "bulla: there is no column {}, so every account gets a new id; name the right one with --id-column",
                self.0[0].text
            );
        }
    }
}

/// Counts what was read.
pub(super) struct Counted {
    pub file: Box<dyn Read + Send>,
    pub bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
