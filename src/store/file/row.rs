//! Rows, and what is known of a statement.

use std::sync::Arc;

use sqlx::{Column, ColumnIndex, Either, Row, SqlStr, Statement};

use super::{File, FileArguments, StorageClass};
use crate::store::value::Value;

#[derive(Clone, Debug)]
pub struct FileColumn {
    ordinal: usize,
    name: String,
}

pub(super) type Columns = Arc<[FileColumn]>;

#[derive(Debug)]
pub struct FileRow {
    columns: Columns,
    values: Vec<Value>,
}

/// How many rows a statement changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileQueryResult(u64);

#[derive(Clone, Debug)]
pub struct FileStatement {
    pub(super) sql: SqlStr,
    pub(super) columns: Columns,
    pub(super) parameters: usize,
}

pub(super) fn columns(statement: &rusqlite::Statement<'_>) -> Columns {
    let column = |(ordinal, name): (usize, &str)| FileColumn { ordinal, name: name.to_owned() };
    statement.column_names().into_iter().enumerate().map(column).collect()
}

impl FileRow {
    pub(super) fn read(row: &rusqlite::Row<'_>, columns: &Columns) -> rusqlite::Result<Self> {
        let value = |index| {
            Ok(match row.get_ref(index)? {
                rusqlite::types::ValueRef::Null => Value::Null,
                rusqlite::types::ValueRef::Integer(number) => Value::Integer(number),
                rusqlite::types::ValueRef::Text(text) => Value::Text(
                    str::from_utf8(text).map_err(|error| rusqlite::Error::Utf8Error(index, error))?.to_owned(),
                ),
                rusqlite::types::ValueRef::Blob(bytes) => Value::Bytes(bytes.to_owned()),
                real @ rusqlite::types::ValueRef::Real(_) => {
                    let name = columns[index].name.clone();
                    return Err(rusqlite::Error::InvalidColumnType(index, name, real.data_type()));
                }
            })
        };
        let values: rusqlite::Result<_> = (0..columns.len()).map(value).collect();
        Ok(Self { columns: Arc::clone(columns), values: values? })
    }
}

impl FileQueryResult {
    pub(super) fn new(rows_affected: u64) -> Self {
        Self(rows_affected)
    }

    pub fn rows_affected(&self) -> u64 {
        self.0
    }
}

impl Extend<Self> for FileQueryResult {
    fn extend<I: IntoIterator<Item = Self>>(&mut self, results: I) {
        self.0 += results.into_iter().map(|result| result.0).sum::<u64>();
    }
}

impl Row for FileRow {
    type Database = File;

    fn columns(&self) -> &[FileColumn] {
        &self.columns
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, index: I) -> Result<&Value, sqlx::Error> {
        Ok(&self.values[index.index(self)?])
    }
}

impl Column for FileColumn {
    type Database = File;

    fn ordinal(&self) -> usize {
        self.ordinal
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// Each value has its own.
    fn type_info(&self) -> &StorageClass {
        &StorageClass::Null
    }
}

impl Statement for FileStatement {
    type Database = File;

    fn into_sql(self) -> SqlStr {
        self.sql
    }

    fn sql(&self) -> &SqlStr {
        &self.sql
    }

    fn parameters(&self) -> Option<Either<&[StorageClass], usize>> {
        Some(Either::Right(self.parameters))
    }

    fn columns(&self) -> &[FileColumn] {
        &self.columns
    }

    sqlx_core::impl_statement_query!(FileArguments);
}

sqlx_core::impl_column_index_for_row!(FileRow);
sqlx_core::impl_column_index_for_statement!(FileStatement);

impl ColumnIndex<FileRow> for &'_ str {
    fn index(&self, row: &FileRow) -> Result<usize, sqlx::Error> {
        place(&row.columns, self)
    }
}

impl ColumnIndex<FileStatement> for &'_ str {
    fn index(&self, statement: &FileStatement) -> Result<usize, sqlx::Error> {
        place(&statement.columns, self)
    }
}

fn place(columns: &[FileColumn], name: &str) -> Result<usize, sqlx::Error> {
    let place = columns.iter().position(|column| column.name == name);
    place.ok_or_else(|| sqlx::Error::ColumnNotFound(name.to_owned()))
}
