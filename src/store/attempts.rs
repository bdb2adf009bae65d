//! The table `attempts`: failed logins in a row, one row a counter.

use super::joined::Joined;
use super::{Db, Insertion, Result, Tx, eight, execute, on, remove, statements};
use crate::model::{Account, Attempts, Counter, Email, Timestamp};

statements! {
    WITH_ACCOUNT = "SELECT a.id, a.name, a.email, a.password, a.password_version, a.created_at, a.disabled_at, \
                    (SELECT COUNT(*) FROM sessions s WHERE s.account_id = a.id AND s.ended_at IS NULL) AS sessions, \
                    c.counter, c.failures, c.pending, c.next_at, c.updated_at FROM (SELECT 1) AS asked \
                    LEFT JOIN accounts a ON a.email = ? LEFT JOIN attempts c ON c.counter IN (?, ?)";
    INSERT = "INSERT INTO attempts (counter, failures, pending, next_at, updated_at, kept_until) \
              VALUES (?, ?, ?, ?, ?, ?)";
    UPDATE = "UPDATE attempts SET failures = ?, pending = ?, next_at = ?, updated_at = ?, kept_until = ? \
              WHERE counter = ? AND failures = ? AND pending = ?";
    UPDATE_PENDING = "UPDATE attempts SET pending = pending - 1 WHERE counter = ? AND pending > 0";
    GIVE_BACK = "UPDATE attempts SET failures = ?, pending = pending - 1, next_at = ?, updated_at = ?, kept_until = ? \
                 WHERE counter = ? AND failures = ? AND pending > 0";
    RESET = "UPDATE attempts SET failures = 0, pending = 0, next_at = ?, updated_at = ?, kept_until = ? \
             WHERE counter = ?";
    FORGIVE = "UPDATE attempts SET failures = 0, pending = 0, next_at = updated_at \
               WHERE counter > ? AND counter < ? AND failures > 0";
    DELETE = "DELETE FROM attempts WHERE counter = ?";
    LIST_OVER = "SELECT counter FROM attempts WHERE kept_until < ? ORDER BY kept_until LIMIT ?";
    DELETE_64_OVER = concat!("DELETE FROM attempts WHERE counter IN (", eight!(eight!("?")), ") AND kept_until < ?");
    DELETE_1_OVER = "DELETE FROM attempts WHERE counter = ? AND kept_until < ?";
}

/// Whatever is known of an address to which someone says to have the password.
#[derive(Debug)]
pub struct Standing {
    pub account: Option<Account>,
    /// How many of the account's sessions nobody has ended.
    pub sessions: i64,
    /// By each of two counters.
    pub attempts: [Option<Attempts>; 2],
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    account: Joined<Account>,
    sessions: i64,
    #[sqlx(flatten)]
    counted: Joined<Counted>,
}

#[derive(sqlx::FromRow)]
struct Counted {
    counter: String,
    #[sqlx(flatten)]
    attempts: Attempts,
}

/// Asks once for all that a login asks for.
pub async fn with_account(db: &Db, email: &Email, counters: [&Counter; 2]) -> Result<Standing> {
    let [one, other] = counters.map(Counter::name);
    let rows: Vec<Row> =
        on!(db, |conn| sqlx::query_as(WITH_ACCOUNT).bind(email).bind(one).bind(other).fetch_all(conn))?;
    let counted: Vec<&Counted> = rows.iter().filter_map(|row| row.counted.0.as_ref()).collect();
    let attempts = [one, other].map(|name| counted.iter().find(|one| one.counter == name).map(|one| one.attempts));
    // A row for each counter, with the account in all of them.
    let (account, sessions) = rows.into_iter().next().map_or((None, 0), |row| (row.account.0, row.sessions));
    Ok(Standing { account, sessions, attempts })
}

/// Replaces what was `found` with `next`; false when another request did so first.
pub async fn replace(tx: &mut Tx, counter: &Counter, found: Option<&Attempts>, next: &Attempts) -> Result<bool> {
    match found {
        None => Ok(insert(tx, counter, next).await? == Insertion::Made),
        Some(found) => Ok(execute!(
            tx,
            sqlx::query(UPDATE)
                .bind(next.failures)
                .bind(next.pending)
                .bind(next.next_at)
                .bind(next.updated_at)
                .bind(counter.kept_until(next))
                .bind(counter.name())
                .bind(found.failures)
                .bind(found.pending)
        )? == 1),
    }
}

/// One of the pending attempts was judged, and failed.
pub async fn settle(tx: &mut Tx, counter: &Counter) -> Result<()> {
    execute!(tx, sqlx::query(UPDATE_PENDING).bind(counter.name())).map(drop)
}

/// The attempt `counted` was no guess: it is as it was `before`. Where another one was counted since, it stays counted.
pub async fn give_back(tx: &mut Tx, counter: &Counter, counted: &Attempts, before: &Attempts) -> Result<()> {
    let given_back = execute!(
        tx,
        sqlx::query(GIVE_BACK)
            .bind(before.failures)
            .bind(before.next_at)
            .bind(before.updated_at)
            .bind(counter.kept_until(before))
            .bind(counter.name())
            .bind(counted.failures)
    )?;
    if given_back == 1 { Ok(()) } else { settle(tx, counter).await }
}

/// Begins to count at nothing, whether or not there `was` a count a moment ago.
pub async fn restart(tx: &mut Tx, counter: &Counter, was: bool, now: Timestamp) -> Result<()> {
    let none = Attempts::none(now);
    if was && reset(tx, counter, &none).await? {
        return Ok(());
    }
    // Another login that began at the same moment may have been the first.
    if insert(tx, counter, &none).await? == Insertion::Taken {
        reset(tx, counter, &none).await?;
    }
    Ok(())
}

/// False when there is no count.
async fn reset(tx: &mut Tx, counter: &Counter, none: &Attempts) -> Result<bool> {
    let Attempts { next_at, updated_at, .. } = none;
    let kept_until = counter.kept_until(none);
    Ok(execute!(tx, sqlx::query(RESET).bind(next_at).bind(updated_at).bind(kept_until).bind(counter.name()))? == 1)
}

/// Forgets the failures of everyone, those from known networks too; false when there were none.
pub async fn forgive(tx: &mut Tx, email: &Email) -> Result<bool> {
    let was_tried = delete(tx, &Counter::of_everyone(email)).await?;
    let [first, last] = Counter::names_of_known(email);
    let was_tried_from_known = execute!(tx, sqlx::query(FORGIVE).bind(&first).bind(&last))? > 0;
    Ok(was_tried || was_tried_from_known)
}

/// False when there was nothing to forget.
pub async fn delete(tx: &mut Tx, counter: &Counter) -> Result<bool> {
    Ok(execute!(tx, sqlx::query(DELETE).bind(counter.name()))? == 1)
}

/// The names of up to `limit` counters that may be forgotten.
pub async fn list_over(db: &Db, now: Timestamp, limit: u32) -> Result<Vec<String>> {
    on!(db, |conn| sqlx::query_scalar(LIST_OVER).bind(now).bind(limit).fetch_all(conn))
}

/// But for those that counted another attempt since.
pub async fn remove_over(tx: &mut Tx, names: &[String], now: Timestamp) -> Result<()> {
    remove!(tx, names, [sqlx::query(DELETE_64_OVER), sqlx::query(DELETE_1_OVER)], now)
}

async fn insert(tx: &mut Tx, counter: &Counter, attempts: &Attempts) -> Result<Insertion> {
    Insertion::from_result(execute!(
        tx,
        sqlx::query(INSERT)
            .bind(counter.name())
            .bind(attempts.failures)
            .bind(attempts.pending)
            .bind(attempts.next_at)
            .bind(attempts.updated_at)
            .bind(counter.kept_until(attempts))
    ))
}
