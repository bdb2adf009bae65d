//! Every table as a whole, whatever its rows mean: what a copy of the database reads and writes.

use sqlx::query::Query;
use sqlx::{ColumnIndex, Database, Decode, Encode, Type};

use super::{Db, FileTransaction, Result, Tx, Value, eight, in_time, statements, within};

/// A table and its statements. The first column is its primary key.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    count: &'static str,
    list_first: &'static str,
    list_after: &'static str,
    insert: &'static str,
    insert_many: &'static str,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Text,
    Bytes,
}

pub type Row = Vec<Value>;

/// Makes the statements of each table. One takes 64 rows: with a row a question, a copy would wait for the network.
macro_rules! tables {
    ($($table:ident { $key:ident: $key_kind:ident $(, $column:ident: $kind:ident)* $(,)? })+) => {
        /// Every table, in an order in which rows may refer to earlier ones. A new table is one more entry here.
        ///
        /// The keys come first: a server that starts on the target meanwhile makes keys of its own, and the unique
        /// index of `server_keys` lets one of the two go on and no more.
        pub const TABLES: &[Table] = &[$(Table {
            name: stringify!($table),
            columns: &[(stringify!($key), Kind::$key_kind) $(, (stringify!($column), Kind::$kind))*],
            count: concat!("SELECT COUNT(*) FROM ", stringify!($table)),
            list_first: concat!(
                "SELECT ", tables!(@names $key $($column)*), " FROM ", stringify!($table),
                " ORDER BY ", stringify!($key), " LIMIT ?"
            ),
            list_after: concat!(
                "SELECT ", tables!(@names $key $($column)*), " FROM ", stringify!($table),
                " WHERE ", stringify!($key), " > ? ORDER BY ", stringify!($key), " LIMIT ?"
            ),
            insert: concat!(tables!(@insert $table $key $($column)*), tables!(@row $key $($column)*)),
            insert_many: concat!(tables!(@insert $table $key $($column)*), eight!(eight!(tables!(@row $key $($column)*)))),
        }),+];
    };
    (@names $key:ident $($column:ident)*) => { concat!(stringify!($key) $(, ", ", stringify!($column))*) };
    (@insert $table:ident $($column:ident)+) => {
        concat!("INSERT INTO ", stringify!($table), " (", tables!(@names $($column)+), ") VALUES ")
    };
    (@row $key:ident $($column:ident)*) => { concat!("(?" $(, tables!(@another $column))*, ")") };
    (@another $column:ident) => { ", ?" };
}

const MANY: usize = 64;

tables! {
    server_keys {
        kid: Text, purpose: Text, generation: Integer, algorithm: Text, private_key: Bytes, public_jwk: Text,
        created_at: Integer, active_at: Integer, retiring_at: Integer, retired_at: Integer,
    }
    accounts {
        id: Text, name: Text, email: Text, password: Text, password_version: Integer, created_at: Integer,
        disabled_at: Integer,
    }
    sessions {
        id: Text, account_id: Text, created_at: Integer, last_used_at: Integer, idle_ends_at: Integer,
        absolute_ends_at: Integer, ended_at: Integer, end_reason: Text, ip: Text, user_agent: Text,
        refresh_digest: Bytes, rotations: Integer, recent_rotations: Bytes,
    }
    spent_envelopes { digest: Bytes, expires_at: Integer, kid: Text }
    audit_events {
        id: Text, at: Integer, kind: Text, account_id: Text, session_id: Text, actor: Text, address: Text,
        user_agent: Text, request_id: Text, detail: Text,
    }
    attempts {
        counter: Text, failures: Integer, pending: Integer, next_at: Integer, updated_at: Integer, kept_until: Integer,
    }
}

statements! {
    SCHEMA_VERSION = "SELECT MAX(version) FROM _sqlx_migrations";
}

/// A transaction to read with: from its first question on it sees every table as it was at that moment, and is in
/// nobody's way. (InnoDB under REPEATABLE READ and SQLite's write-ahead log both promise this of any transaction.)
pub async fn snapshot(db: &Db) -> Result<Tx> {
    let patience = db.patience();
    match db {
        Db::Sqlite { readers, .. } => {
            Ok(Tx::Sqlite { transaction: in_time(patience, FileTransaction::to_read(readers)).await?, patience })
        }
        Db::MySql { .. } => db.begin().await,
    }
}

/// The newest migration that the tables went through.
pub async fn schema_version(tx: &mut Tx) -> Result<Option<i64>> {
    within!(tx, |conn| sqlx::query_scalar(SCHEMA_VERSION).fetch_one(conn))
}

pub async fn count(tx: &mut Tx, table: &Table) -> Result<u64> {
    let count: i64 = within!(tx, |conn| sqlx::query_scalar(table.count).fetch_one(conn))?;
    Ok(count.unsigned_abs())
}

/// The next rows after the one with the key `after`, by primary key. What "next" means may differ from database to
/// database (they compare texts with trailing spaces in their own ways), but each agrees with itself.
pub async fn list(tx: &mut Tx, table: &Table, after: Option<&Value>, limit: u32) -> Result<Vec<Row>> {
    within!(tx, |conn| async {
        let query = match after {
            None => sqlx::query(table.list_first),
            Some(key) => bind(sqlx::query(table.list_after), key),
        };
        let rows = query.bind(limit).fetch_all(conn).await?;
        rows.iter().map(|row| read(row, table.columns)).collect()
    })
}

/// A key that exists already is an error here.
pub async fn insert(tx: &mut Tx, table: &Table, rows: &[Row]) -> Result<()> {
    let (many, rest) = rows.as_chunks::<MANY>();
    let batches = many.iter().map(|batch| (table.insert_many, batch.as_slice()));
    for (statement, batch) in batches.chain(rest.chunks(1).map(|row| (table.insert, row))) {
        within!(tx, |conn| async {
            let query = batch.iter().flatten().fold(sqlx::query(statement), bind);
            query.execute(conn).await.map(drop)
        })?;
    }
    Ok(())
}

/// All statements of all tables, for a test to prepare.
pub(super) fn every_statement() -> impl Iterator<Item = &'static str> {
    let of_table = |table: &'static Table| {
        [table.count, table.list_first, table.list_after, table.insert, table.insert_many].into_iter()
    };
    STATEMENTS.iter().copied().chain(TABLES.iter().flat_map(of_table))
}

fn bind<'q, DB: Database>(query: Query<'q, DB, DB::Arguments>, value: &'q Value) -> Query<'q, DB, DB::Arguments>
where
    i64: Encode<'q, DB> + Type<DB>,
    Option<i64>: Encode<'q, DB>,
    &'q str: Encode<'q, DB> + Type<DB>,
    &'q [u8]: Encode<'q, DB> + Type<DB>,
{
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Integer(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.as_str()),
        Value::Bytes(bytes) => query.bind(bytes.as_slice()),
    }
}

fn read<'r, R: sqlx::Row>(row: &'r R, columns: &[(&str, Kind)]) -> std::result::Result<Row, sqlx::Error>
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    let column = |(index, (_, kind)): (usize, &(&str, Kind))| {
        let value = match kind {
            Kind::Integer => row.try_get::<Option<_>, _>(index)?.map(Value::Integer),
            Kind::Text => row.try_get::<Option<_>, _>(index)?.map(Value::Text),
            Kind::Bytes => row.try_get::<Option<_>, _>(index)?.map(Value::Bytes),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    columns.iter().enumerate().map(column).collect()
}
