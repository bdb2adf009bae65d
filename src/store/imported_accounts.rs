//! The table `accounts`, many rows at a time: what an import asks and writes.
//!
//! A statement has as many `?` as it has; a shorter list of keys repeats its last one, and rows go in by sixty-fours,
//! by eights and one by one.

use sqlx::SqlStr;

use super::{Db, Insertion, Result, Tx, eight, execute, on, statements};
use crate::model::{Account, AccountId, Email};

/// As many accounts as are looked for at a time.
pub const BATCH: usize = 256;

macro_rules! of_256_keys {
    ($select:literal) => {
        concat!($select, " IN (", eight!(eight!("?, ?, ?, ?")), ")")
    };
}

macro_rules! insert_rows {
    ($rows:expr) => {
        concat!(
            "INSERT INTO accounts (id, name, email, password, password_version, created_at, disabled_at) VALUES ",
            $rows
        )
    };
}

statements! {
    BY_IDS = of_256_keys!("SELECT id, email FROM accounts WHERE id");
    BY_EMAILS = of_256_keys!("SELECT id, email FROM accounts WHERE email");
    INSERT_64 = insert_rows!(eight!(eight!("(?, ?, ?, ?, ?, ?, ?)")));
    INSERT_8 = insert_rows!(eight!("(?, ?, ?, ?, ?, ?, ?)"));
    INSERT_1 = insert_rows!("(?, ?, ?, ?, ?, ?, ?)");
    ANY = "SELECT id FROM accounts LIMIT 1";
}

/// Who has an id or an address.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Holder {
    pub id: AccountId,
    pub email: Email,
}

/// Those of at most [`BATCH`] ids that are taken.
pub async fn by_ids(db: &Db, ids: &[&AccountId]) -> Result<Vec<Holder>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    on!(db, |conn| padded(ids).fold(sqlx::query_as(BY_IDS), |query, id| query.bind(id)).fetch_all(conn))
}

/// Those of at most [`BATCH`] addresses that are taken.
pub async fn by_emails(db: &Db, emails: &[&Email]) -> Result<Vec<Holder>> {
    if emails.is_empty() {
        return Ok(Vec::new());
    }
    on!(db, |conn| padded(emails).fold(sqlx::query_as(BY_EMAILS), |query, email| query.bind(email)).fetch_all(conn))
}

/// `Taken` if any of the ids or addresses is; then the transaction is to be rolled back.
pub async fn insert_all(tx: &mut Tx, accounts: &[Account]) -> Result<Insertion> {
    let mut rest = accounts;
    while !rest.is_empty() {
        let (rows, statement) = match rest.len() {
            64.. => (64, INSERT_64),
            8.. => (8, INSERT_8),
            _ => (1, INSERT_1),
        };
        let (now, later) = rest.split_at(rows);
        if Insertion::from_result(insert(tx, statement, now).await)? == Insertion::Taken {
            return Ok(Insertion::Taken);
        }
        rest = later;
    }
    Ok(Insertion::Made)
}

async fn insert(tx: &mut Tx, statement: &'static str, accounts: &[Account]) -> Result<u64> {
    execute!(
        tx,
        accounts.iter().fold(sqlx::query(SqlStr::from_static(statement)), |query, account| {
            query
                .bind(&account.id)
                .bind(&account.name)
                .bind(&account.email)
                .bind(&account.password)
                .bind(account.password_version)
                .bind(account.created_at)
                .bind(account.disabled_at)
        })
    )
}

/// Whether the tables are there. A dry run creates none.
pub async fn is_set_up(db: &Db) -> Result<bool> {
    match on!(db, |conn| sqlx::query_scalar::<_, String>(ANY).fetch_optional(conn)) {
        Err(error) if error.is_missing_table() => Ok(false),
        answer => answer.map(|_| true),
    }
}

fn padded<'k, K>(keys: &'k [&'k K]) -> impl Iterator<Item = &'k K> {
    let last = keys.last().copied();
    keys.iter().copied().chain(last.into_iter().cycle()).take(BATCH)
}
