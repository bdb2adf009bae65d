//! Which ids and addresses a source has named so far, and in which row. It may have millions of rows, so this lies in
//! a temporary file, which SQLite makes without a name: it is gone with the process, however that ends.
//!
//! Not one of the server's tables, so its statements are not among those that every database must understand.

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::params_from_iter;

use super::file::translated;
use super::{Error, Result, Value, eight};
use crate::model::{AccountId, Email};

/// An id or an address: 16 bytes of its SHA-256, which keeps the file small.
pub type Key = [u8; 16];

pub struct SeenRows(rusqlite::Connection);

/// Nothing of it outlives the process, so nothing is kept safe from a crash.
const SET_UP: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768";

const CREATE: &str = "CREATE TABLE seen (key BLOB NOT NULL PRIMARY KEY, row INTEGER NOT NULL) STRICT, WITHOUT ROWID";
const BY_256_KEYS: &str = concat!("SELECT key, row FROM seen WHERE key IN (", eight!(eight!("?, ?, ?, ?")), ")");
const INSERT_256: &str =
    concat!("INSERT OR IGNORE INTO seen (key, row) VALUES ", eight!(eight!("(?, ?), (?, ?), (?, ?), (?, ?)")));
const KEYS: usize = 256;

impl SeenRows {
    pub fn open() -> Result<Self> {
        Self::try_open().map_err(failed)
    }

    fn try_open() -> rusqlite::Result<Self> {
        let conn = rusqlite::Connection::open("")?;
        conn.execute_batch(SET_UP)?;
        conn.execute_batch(CREATE)?;
        Ok(Self(conn))
    }

    /// The rows of those keys that were seen.
    pub fn find(&mut self, keys: &[Key]) -> Result<Vec<(Key, u64)>> {
        let mut found = Vec::new();
        for keys in keys.chunks(KEYS) {
            found.extend(self.find_some(keys).map_err(failed)?);
        }
        Ok(found)
    }

    fn find_some(&self, keys: &[Key]) -> rusqlite::Result<Vec<(Key, u64)>> {
        let mut statement = self.0.prepare_cached(BY_256_KEYS)?;
        let padded = keys.iter().chain(keys.last().into_iter().cycle()).take(KEYS);
        let rows = statement.query_map(params_from_iter(padded), |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
        rows.map(|row| row.map(|(key, row)| (key, row.cast_unsigned()))).collect()
    }

    /// A key that was seen keeps its first row.
    pub fn insert(&mut self, rows: &[(Key, u64)]) -> Result<()> {
        for rows in rows.chunks(KEYS) {
            let padded = rows.iter().chain(rows.last().into_iter().cycle()).take(KEYS);
            let values = padded.flat_map(|(key, row)| [Value::Bytes(key.to_vec()), Value::Integer(row.cast_signed())]);
            let mut statement = self.0.prepare_cached(INSERT_256).map_err(failed)?;
            statement.execute(params_from_iter(values)).map_err(failed)?;
        }
        Ok(())
    }
}

fn failed(error: rusqlite::Error) -> Error {
    translated(error).into()
}

pub fn key_of_id(id: &AccountId) -> Key {
    key("id", id.as_str())
}

pub fn key_of_email(email: &Email) -> Key {
    key("email", email.as_str())
}

fn key(kind: &str, value: &str) -> Key {
    let whole = digest(&SHA256, format!("{kind} {value}").as_bytes());
    let mut key = Key::default();
    key.copy_from_slice(&whole.as_ref()[..16]);
    key
}

impl std::fmt::Debug for SeenRows {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SeenRows")
    }
}
