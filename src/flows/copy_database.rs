//! Copying a whole database into an empty one, row by row and checked.
//!
//! All is written in one transaction, and read back within it before it is committed. So there is nothing between
//! "empty" and "complete and checked": a copy that is killed, or that finds a difference, leaves an empty target, and
//! no server can start from half of one. The price: the target's log grows by all of the data at once, and a cluster
//! that limits the size of a transaction (Galera, Group Replication) must allow one of that size meanwhile.

use super::Internal;
use crate::store::tables::{self, TABLES, Table};
use crate::store::{self, Db, TableDigest, Tx, Value};

/// What became of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    pub table: &'static str,
    pub rows: u64,
    pub digest: TableDigest,
}

/// How far the copy is, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub enum CopyStep {
    /// This many rows are to be written, and read back.
    Counted(u64),
    Writing(&'static str),
    Checking(&'static str),
    /// This many more rows were written, or read back.
    Rows(u64),
}

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Tables that hold something, and how many rows.
    #[error("the target is not empty")]
    TargetNotEmpty(Vec<(&'static str, u64)>),
    #[error("the source has no tables that could be copied: {0}")]
    NoTables(store::Error),
    #[error("the tables of the source are not those of the target")]
    OtherVersion { of_source: Option<i64>, of_target: Option<i64> },
    #[error("the table {0} of the source could not be read: {1}")]
    Source(&'static str, store::Error),
    #[error("the table {0} of the target could not be written or read back: {1}")]
    Target(&'static str, store::Error),
    #[error("the table {} differs", read.table)]
    Different { read: Copied, read_back: Copied },
    #[error("committing failed: {0}")]
    Commit(store::Error),
    #[error(transparent)]
    Internal(#[from] Internal),
}

/// Rows in memory at a time.
const PAGE: u32 = 1024;

/// Copies every table of `source`, as it is at this moment, to `target`, whose tables are there and empty.
pub async fn copy_database(
    source: &Db,
    target: &Db,
    watch: &mut dyn FnMut(CopyStep),
) -> Result<Vec<Copied>, CopyError> {
    let mut from = tables::snapshot(source).await.map_err(Internal::from)?;
    // Not by way of `transaction!`, which would begin anew: after an hour someone should be asked whether to.
    let mut to = target.begin().await.map_err(Internal::from)?;
    refuse_other_version(&mut from, &mut to).await?;
    refuse_rows(&mut to).await?;
    let mut total = 0;
    for table in TABLES {
        total += tables::count(&mut from, table).await.map_err(|error| CopyError::Source(table.name, error))?;
    }
    watch(CopyStep::Counted(total));

    let mut copied = Vec::new();
    for table in TABLES {
        watch(CopyStep::Writing(table.name));
        copied.push(copy_table(&mut from, &mut to, table, watch).await?);
    }
    for (table, read) in TABLES.iter().zip(&copied) {
        watch(CopyStep::Checking(table.name));
        // The snapshot says how many rows there are without going through them.
        let rows = tables::count(&mut from, table).await.map_err(|error| CopyError::Source(table.name, error))?;
        let read_back = read_back(&mut to, table, watch).await?;
        if read_back != *read || read_back.rows != rows {
            return Err(CopyError::Different { read: Copied { rows, ..*read }, read_back });
        }
    }
    to.commit().await.map_err(CopyError::Commit)?;
    Ok(copied)
}

/// Tables of another version may have other columns; bringing them up to date would change the source.
async fn refuse_other_version(from: &mut Tx, to: &mut Tx) -> Result<(), CopyError> {
    let of_source = tables::schema_version(from).await.map_err(CopyError::NoTables)?;
    let of_target = tables::schema_version(to).await.map_err(Internal::from)?;
    if of_source == of_target { Ok(()) } else { Err(CopyError::OtherVersion { of_source, of_target }) }
}

async fn refuse_rows(to: &mut Tx) -> Result<(), CopyError> {
    let mut found = Vec::new();
    for table in TABLES {
        let rows = tables::count(to, table).await.map_err(|error| CopyError::Target(table.name, error))?;
        if rows > 0 {
            found.push((table.name, rows));
        }
    }
    if found.is_empty() { Ok(()) } else { Err(CopyError::TargetNotEmpty(found)) }
}

async fn copy_table(
    from: &mut Tx,
    to: &mut Tx,
    table: &'static Table,
    watch: &mut dyn FnMut(CopyStep),
) -> Result<Copied, CopyError> {
    let mut copied = Copied::nothing_of(table);
    let mut last = None;
    loop {
        let rows = tables::list(from, table, last.as_ref(), PAGE).await;
        let rows = rows.map_err(|error| CopyError::Source(table.name, error))?;
        tables::insert(to, table, &rows).await.map_err(|error| CopyError::Target(table.name, error))?;
        let Some(next) = copied.add(rows, watch) else { return Ok(copied) };
        last = Some(next);
    }
}

async fn read_back(to: &mut Tx, table: &'static Table, watch: &mut dyn FnMut(CopyStep)) -> Result<Copied, CopyError> {
    let mut found = Copied::nothing_of(table);
    let mut last = None;
    loop {
        let rows = tables::list(to, table, last.as_ref(), PAGE).await;
        let rows = rows.map_err(|error| CopyError::Target(table.name, error))?;
        let Some(next) = found.add(rows, watch) else { return Ok(found) };
        last = Some(next);
    }
}

impl Copied {
    fn nothing_of(table: &Table) -> Self {
        Self { table: table.name, rows: 0, digest: TableDigest::default() }
    }

    /// Counts and digests a page; returns the key to go on after, or none when the page was the last.
    fn add(&mut self, rows: Vec<tables::Row>, watch: &mut dyn FnMut(CopyStep)) -> Option<Value> {
        rows.iter().for_each(|row| self.digest.add(row));
        self.rows += rows.len() as u64;
        watch(CopyStep::Rows(rows.len() as u64));
        let is_last = rows.len() < PAGE as usize;
        if is_last { None } else { rows.into_iter().last()?.into_iter().next() }
    }
}
