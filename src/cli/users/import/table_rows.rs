//! The rows of a MySQL table.

use std::pin::pin;

use futures_util::TryStreamExt;

use super::rows::{Batch, Judge, Names, Rows, channel};
use crate::cli::Failure;
use crate::flows::{BATCH_ROWS, Place, SourceRow};
use crate::store::DatabaseUrl;
use crate::store::foreign_users::{Column, ForeignUsers};

pub(super) async fn open(url: &DatabaseUrl, table: &str, names: &Names, judge: Judge) -> Result<Rows, Failure> {
    let column = |name: &super::rows::Name| Column { name: name.text.clone(), must_exist: name.must_exist };
    let columns: Vec<Column> = names.0.iter().map(column).collect();
    let mut users = ForeignUsers::open(url, table, &columns).await.map_err(Failure::new)?;
    let total = users.count().await.map_err(Failure::new)?;
    let has_ids = users.has()[0];
    names.warn_without_ids(has_ids);
    let (sender, rows) = channel(Some(total));
    tokio::spawn(async move {
        let mut source = pin!(users.rows());
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        let mut row = 0;
        loop {
            let is_over = match source.try_next().await {
                Ok(Some(texts)) => {
                    row += 1;
                    batch.push(judge.judge(source_row(row, texts, has_ids)));
                    false
                }
                Ok(None) => true,
                Err(error) => {
                    let _ = sender.send(Ok(Batch { rows: batch, position: row })).await;
                    let _ = sender.send(Err(Failure::new(error))).await;
                    return;
                }
            };
            if is_over || batch.len() == BATCH_ROWS {
                let rows = std::mem::replace(&mut batch, Vec::with_capacity(BATCH_ROWS));
                if sender.send(Ok(Batch { rows, position: row })).await.is_err() || is_over {
                    return;
                }
            }
        }
    });
    Ok(rows)
}

fn source_row(row: u64, texts: Vec<Option<String>>, has_ids: bool) -> SourceRow {
    let mut texts = texts.into_iter();
    let mut next = || texts.next().flatten();
    let id = next();
    SourceRow {
        place: Place { row, line: None },
        // An id that is NULL, or bytes that are no text, is refused and not replaced.
        id: has_ids.then(|| id.unwrap_or_default()),
        name: next(),
        email: next(),
        password: next(),
        created_at: next(),
        disabled_at: next(),
    }
}
