//! The table `spent_envelopes`: what was accepted for judgement once and never is again.

use bulla_seal::EnvelopeDigest;

use super::{Db, Insertion, Result, Tx, eight, execute, on, remove, statements};
use crate::model::Timestamp;

statements! {
    INSERT = "INSERT INTO spent_envelopes (digest, expires_at, kid) VALUES (?, ?, ?)";
    LIST_EXPIRED = "SELECT digest FROM spent_envelopes WHERE expires_at < ? ORDER BY expires_at LIMIT ?";
    LIST_OF_RETIRED_KEYS = "SELECT s.digest FROM spent_envelopes s JOIN server_keys k ON k.kid = s.kid \
                            WHERE k.retired_at < ? LIMIT ?";
    LATEST_EXPIRY = "SELECT MAX(expires_at) FROM spent_envelopes";
    DELETE_64 = concat!("DELETE FROM spent_envelopes WHERE digest IN (", eight!(eight!("?")), ")");
    DELETE_1 = "DELETE FROM spent_envelopes WHERE digest = ?";
}

/// How long an envelope could be opened again if it were not remembered.
#[derive(Clone, Debug)]
pub enum Memory {
    /// Until its nonce is too old everywhere.
    Until(Timestamp),
    /// It binds nothing but the key.
    WhileKeyLives { kid: String },
}

/// `Taken` is the verdict "seen before", on every node and in every parallel request alike.
pub async fn insert(tx: &mut Tx, digest: &EnvelopeDigest, memory: &Memory) -> Result<Insertion> {
    let (expires_at, kid) = match memory {
        Memory::Until(expires_at) => (Some(*expires_at), None),
        Memory::WhileKeyLives { kid } => (None, Some(kid)),
    };
    Insertion::from_result(execute!(
        tx,
        sqlx::query(INSERT).bind(digest.as_bytes().as_slice()).bind(expires_at).bind(kid)
    ))
}

pub async fn list_expired(db: &Db, before: Timestamp, limit: u32) -> Result<Vec<Vec<u8>>> {
    on!(db, |conn| sqlx::query_scalar(LIST_EXPIRED).bind(before).bind(limit).fetch_all(conn))
}

pub async fn list_of_retired_keys(db: &Db, retired_before: Timestamp, limit: u32) -> Result<Vec<Vec<u8>>> {
    on!(db, |conn| sqlx::query_scalar(LIST_OF_RETIRED_KEYS).bind(retired_before).bind(limit).fetch_all(conn))
}

/// Of those that are remembered for a time.
pub async fn latest_expiry(db: &Db) -> Result<Option<Timestamp>> {
    on!(db, |conn| sqlx::query_scalar(LATEST_EXPIRY).fetch_one(conn))
}

pub async fn remove(tx: &mut Tx, digests: &[Vec<u8>]) -> Result<()> {
    remove!(tx, digests, [sqlx::query(DELETE_64), sqlx::query(DELETE_1)])
}
