//! Which ids and addresses a source has named so far, and in which row. It may have millions of rows, so this lies in
//! a temporary file, which SQLite makes without a name: it is gone with the process, however that ends.
//!
//! Not one of the server's tables, so its statements are not among those that every database must understand.

use aws_lc_rs::digest::{SHA256, digest};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};

use super::{Result, eight};
use crate::model::{AccountId, Email};

/// An id or an address: 16 bytes of its SHA-256, which keeps the file small.
pub type Key = [u8; 16];

pub struct SeenRows(SqliteConnection);

const CREATE: &str = "CREATE TABLE seen (key BLOB NOT NULL PRIMARY KEY, row INTEGER NOT NULL) STRICT, WITHOUT ROWID";
const BY_256_KEYS: &str = concat!("SELECT key, row FROM seen WHERE key IN (", eight!(eight!("?, ?, ?, ?")), ")");
const INSERT_256: &str =
    concat!("INSERT OR IGNORE INTO seen (key, row) VALUES ", eight!(eight!("(?, ?), (?, ?), (?, ?), (?, ?)")));
const KEYS: usize = 256;

impl SeenRows {
    pub async fn open() -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename("")
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("cache_size", "-32768");
        let mut conn = options.connect().await?;
        sqlx::query(CREATE).execute(&mut conn).await?;
        Ok(Self(conn))
    }

    /// The rows of those keys that were seen.
    pub async fn find(&mut self, keys: &[Key]) -> Result<Vec<(Key, u64)>> {
        let mut found = Vec::new();
        for keys in keys.chunks(KEYS) {
            let padded = keys.iter().chain(keys.last().into_iter().cycle()).take(KEYS);
            let query = padded.fold(sqlx::query_as(BY_256_KEYS), |query, key| query.bind(key.as_slice()));
            let rows: Vec<(Vec<u8>, i64)> = query.fetch_all(&mut self.0).await?;
            let sound = rows.into_iter().filter_map(|(key, row)| Some((key.try_into().ok()?, row.try_into().ok()?)));
            found.extend(sound);
        }
        Ok(found)
    }

    /// A key that was seen keeps its first row.
    pub async fn insert(&mut self, rows: &[(Key, u64)]) -> Result<()> {
        for rows in rows.chunks(KEYS) {
            let padded = rows.iter().chain(rows.last().into_iter().cycle()).take(KEYS);
            let query = padded
                .fold(sqlx::query(INSERT_256), |query, (key, row)| query.bind(key.as_slice()).bind(row.cast_signed()));
            query.execute(&mut self.0).await?;
        }
        Ok(())
    }
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
