//! Where the rows come from. They are read and judged on one thread while the ones before them are written.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::rows::{Batch, Counted, Judge, Names, Rows, channel};
use super::{Format, Import, csv_rows, json_lines, table_rows};
use crate::cli::open::warn_if_exposed;
use crate::cli::{Failure, read_file};
use crate::flows::{BATCH_ROWS, Refusal, SourceRow};
use crate::store::DatabaseUrl;

pub(super) enum Source {
    File { path: Option<PathBuf>, format: Format, names: Names },
    Table { url: DatabaseUrl, table: String, names: Names },
}

impl Source {
    pub(super) fn find(import: &Import, configured: &DatabaseUrl) -> Result<Self, Failure> {
        let names = Names::of(&import.columns);
        let table = || import.table.clone().unwrap_or_else(|| "users".to_owned());
        let of_file = import.from_file.as_ref().map(read_file).transpose()?.map(|text| text.trim().to_owned());
        let Some(from) = import.from.as_ref().or(import.source.as_ref()).or(of_file.as_ref()) else {
            if import.table.is_none() || matches!(configured, DatabaseUrl::Sqlite(_)) {
                return Err(Failure::new(
                    "say where the users are: --from users.csv, --from mysql://user:password@host/name, or --table users \
                     for a table of the MySQL database that Bulla is configured to use",
                ));
            }
            return Ok(Self::Table { url: configured.clone(), table: table(), names });
        };
        if from.contains("://") {
            let url: DatabaseUrl = from.parse().map_err(|error| Failure::new(format!("--from: {error}")))?;
            warn_if_exposed(&url);
            return Ok(Self::Table { url, table: table(), names });
        }
        if import.table.is_some() {
            return Err(Failure::new("--table is for a MySQL database; a file is one table"));
        }
        let path = (from != "-").then(|| PathBuf::from(from));
        let format = import.format.or_else(|| format_of(path.as_deref()?)).ok_or_else(|| {
            Failure::new(format!(
                "whether {from} is CSV or JSON lines is not clear; add --format csv or --format jsonl"
            ))
        })?;
        Ok(Self::File { path, format, names })
    }

    pub(super) async fn open(self, judge: Judge) -> Result<Rows, Failure> {
        match self {
            Self::Table { url, table, names } => table_rows::open(&url, &table, &names, judge).await,
            Self::File { path, format, names } => open_file(path, format, names, judge),
        }
    }
}

fn open_file(path: Option<PathBuf>, format: Format, names: Names, judge: Judge) -> Result<Rows, Failure> {
    let (file, total): (Box<dyn Read + Send>, _) = match &path {
        None => (Box::new(stdin()), None),
        Some(path) => {
            let problem = |error| Failure::new(format!("cannot read {}: {error}", path.display()));
            let file = File::open(path).map_err(problem)?;
            let length = file.metadata().map_err(problem)?.len();
            (Box::new(file), Some(length))
        }
    };
    let read = Counted { file, bytes: Arc::default() };
    let position = Arc::clone(&read.bytes);
    let (sender, rows) = channel(total);
    match format {
        Format::Csv => {
            let rows = csv_rows::open(read, &names)?;
            tokio::task::spawn_blocking(move || send_all(rows, &judge, &position, &sender));
        }
        Format::Jsonl => {
            let rows = json_lines::open(read, names);
            tokio::task::spawn_blocking(move || send_all(rows, &judge, &position, &sender));
        }
    }
    Ok(rows)
}

fn send_all(
    rows: impl Iterator<Item = Result<Result<SourceRow, Refusal>, Failure>>,
    judge: &Judge,
    position: &AtomicU64,
    sender: &mpsc::Sender<Result<Batch, Failure>>,
) {
    let mut batch = Vec::with_capacity(BATCH_ROWS);
    for row in rows {
        match row {
            Ok(row) => batch.push(row.and_then(|row| judge.judge(row))),
            Err(failure) => {
                // What was read before it counts.
                let _ = sender.blocking_send(Ok(Batch { rows: batch, position: 0 }));
                let _ = sender.blocking_send(Err(failure));
                return;
            }
        }
        if batch.len() == BATCH_ROWS {
            let position = position.load(Ordering::Relaxed);
            let rows = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS));
            if sender.blocking_send(Ok(Batch { rows, position })).is_err() {
                return;
            }
        }
    }
    let _ = sender.blocking_send(Ok(Batch { rows: batch, position: position.load(Ordering::Relaxed) }));
}

fn format_of(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "jsonl" | "ndjson" => Some(Format::Jsonl),
        _ => None,
    }
}
