//! The table `sessions`: one row a login.

use super::{Db, Result, Tx, eight, execute, execute_alone, on, remove, statements, within};
use crate::model::{
    Account, AccountId, Email, EndReason, Name, PasswordHash, RecentRotations, RefreshDigest, Session, SessionId,
    Timestamp,
};

statements! {
    WITH_ACCOUNT = "SELECT s.id, s.account_id, s.created_at, s.last_used_at, s.idle_ends_at, s.absolute_ends_at, \
                    s.ended_at, s.ip, s.user_agent, s.refresh_digest, s.rotations, s.recent_rotations, \
                    a.name AS account_name, a.email AS account_email, a.password AS account_password, \
                    a.password_version AS account_password_version, \
                    a.created_at AS account_created_at, a.disabled_at AS account_disabled_at \
                    FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE s.id = ?";
    LIST_LIVE = "SELECT id, account_id, created_at, last_used_at, idle_ends_at, absolute_ends_at, ended_at, ip, \
                 user_agent, refresh_digest, rotations, recent_rotations FROM sessions \
                 WHERE account_id = ? AND ended_at IS NULL AND idle_ends_at > ? AND absolute_ends_at > ? \
                 ORDER BY created_at DESC, id DESC";
    LIST_EVERYONES = "SELECT id, account_id FROM sessions WHERE ended_at IS NULL LIMIT ?";
    LIST_ENDED_SINCE = "SELECT id FROM sessions WHERE ended_at >= ?";
    INSERT = "INSERT INTO sessions (id, account_id, created_at, last_used_at, idle_ends_at, absolute_ends_at, ip, \
              user_agent, refresh_digest, rotations, recent_rotations) \
              SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM accounts \
              WHERE id = ? AND password_version = ? AND disabled_at IS NULL";
    EXCHANGE_TOKEN = "UPDATE sessions SET refresh_digest = ?, rotations = ?, recent_rotations = ?, last_used_at = ?, \
              idle_ends_at = ? WHERE id = ? AND refresh_digest = ? AND ended_at IS NULL";
    RESTART_CHAIN = "UPDATE sessions SET refresh_digest = ?, rotations = 0, recent_rotations = ?, last_used_at = ?, \
                     idle_ends_at = ? WHERE id = ? AND ended_at IS NULL";
    END = "UPDATE sessions SET ended_at = ?, end_reason = ? WHERE id = ? AND account_id = ? AND ended_at IS NULL";
    END_ALL = "UPDATE sessions SET ended_at = ?, end_reason = ? WHERE account_id = ? AND ended_at IS NULL";
    END_ALL_OTHERS = "UPDATE sessions SET ended_at = ?, end_reason = ? WHERE account_id = ? AND ended_at IS NULL \
                      AND id <> ?";
    LIST_FROM = "SELECT id FROM sessions WHERE account_id = ? AND ended_at IS NULL ORDER BY id DESC LIMIT ? OFFSET ?";
    LIST_OVER = "SELECT id FROM sessions WHERE idle_ends_at < ? LIMIT ?";
    DELETE_64 = concat!("DELETE FROM sessions WHERE id IN (", eight!(eight!("?")), ")");
    DELETE_1 = "DELETE FROM sessions WHERE id = ?";
}

#[derive(sqlx::FromRow)]
struct SessionWithAccount {
    #[sqlx(flatten)]
    session: Session,
    account_name: Name,
    account_email: Email,
    account_password: PasswordHash,
    account_password_version: i64,
    account_created_at: Timestamp,
    account_disabled_at: Option<Timestamp>,
}

/// A session, ended ones too, and the account that it belongs to.
pub async fn with_account(db: &Db, id: &SessionId) -> Result<Option<(Session, Account)>> {
    let row: Option<SessionWithAccount> = on!(db, |conn| sqlx::query_as(WITH_ACCOUNT).bind(id).fetch_optional(conn))?;
    Ok(row.map(|row| {
        let account = Account {
            id: row.session.account_id.clone(),
            name: row.account_name,
            email: row.account_email,
            password: row.account_password,
            password_version: row.account_password_version,
            created_at: row.account_created_at,
            disabled_at: row.account_disabled_at,
        };
        (row.session, account)
    }))
}

/// An account's live sessions, the newest first.
pub async fn list_live(db: &Db, account: &AccountId, now: Timestamp) -> Result<Vec<Session>> {
    on!(db, |conn| sqlx::query_as(LIST_LIVE).bind(account).bind(now).bind(now).fetch_all(conn))
}

/// Up to `limit` sessions that nobody has ended, whoever's, with the accounts that they belong to.
pub async fn list_everyones(db: &Db, limit: u32) -> Result<Vec<(SessionId, AccountId)>> {
    on!(db, |conn| sqlx::query_as(LIST_EVERYONES).bind(limit).fetch_all(conn))
}

pub async fn list_ended_since(db: &Db, since: Timestamp) -> Result<Vec<SessionId>> {
    on!(db, |conn| sqlx::query_scalar(LIST_ENDED_SINCE).bind(since).fetch_all(conn))
}

/// Opens a session, unless the account was disabled or its password replaced since it was checked.
pub async fn insert(tx: &mut Tx, session: &Session, password_version: i64) -> Result<bool> {
    let inserted = execute!(
        tx,
        sqlx::query(INSERT)
            .bind(&session.id)
            .bind(session.created_at)
            .bind(session.last_used_at)
            .bind(session.idle_ends_at)
            .bind(session.absolute_ends_at)
            .bind(&session.ip)
            .bind(&session.user_agent)
            .bind(&session.refresh_digest)
            .bind(session.rotations)
            .bind(&session.recent_rotations)
            .bind(&session.account_id)
            .bind(password_version)
    )?;
    Ok(inserted == 1)
}

/// What a refresh writes.
#[derive(Debug)]
pub struct Exchange<'a> {
    pub old_digest: &'a RefreshDigest,
    pub new_digest: &'a RefreshDigest,
    pub rotations: i64,
    pub recent_rotations: &'a RecentRotations,
    pub now: Timestamp,
    pub idle_ends_at: Timestamp,
}

/// Replaces the refresh token that is current; false when another request did so first, or the session ended.
pub async fn exchange_token(db: &Db, id: &SessionId, exchange: &Exchange<'_>) -> Result<bool> {
    let updated = execute_alone!(
        db,
        sqlx::query(EXCHANGE_TOKEN)
            .bind(exchange.new_digest)
            .bind(exchange.rotations)
            .bind(exchange.recent_rotations)
            .bind(exchange.now)
            .bind(exchange.idle_ends_at)
            .bind(id)
            .bind(exchange.old_digest)
    )?;
    Ok(updated == 1)
}

/// Begins a new chain of refresh tokens, whichever is current; false when the session ended.
pub async fn restart_chain(
    tx: &mut Tx,
    id: &SessionId,
    digest: &RefreshDigest,
    now: Timestamp,
    idle_ends_at: Timestamp,
) -> Result<bool> {
    let none = RecentRotations::default();
    let updated =
        execute!(tx, sqlx::query(RESTART_CHAIN).bind(digest).bind(&none).bind(now).bind(idle_ends_at).bind(id))?;
    Ok(updated == 1)
}

/// Ends one session of an account; false when there is no such live session.
pub async fn end(tx: &mut Tx, id: &SessionId, account: &AccountId, now: Timestamp, reason: EndReason) -> Result<bool> {
    Ok(execute!(tx, sqlx::query(END).bind(now).bind(reason.as_str()).bind(id).bind(account))? == 1)
}

pub async fn end_all(tx: &mut Tx, account: &AccountId, now: Timestamp, reason: EndReason) -> Result<u64> {
    execute!(tx, sqlx::query(END_ALL).bind(now).bind(reason.as_str()).bind(account))
}

pub async fn end_all_others(tx: &mut Tx, keep: &SessionId, account: &AccountId, now: Timestamp) -> Result<u64> {
    let reason = EndReason::PasswordChanged.as_str();
    execute!(tx, sqlx::query(END_ALL_OTHERS).bind(now).bind(reason).bind(account).bind(keep))
}

/// Up to `limit` sessions of an account that nobody has ended, after leaving out the `newest` ones.
pub async fn list_older(tx: &mut Tx, account: &AccountId, newest: u32, limit: u32) -> Result<Vec<SessionId>> {
    within!(tx, |conn| sqlx::query_scalar(LIST_FROM).bind(account).bind(limit).bind(newest).fetch_all(conn))
}

/// Up to `limit` sessions that went idle for good before `before`.
pub async fn list_over(db: &Db, before: Timestamp, limit: u32) -> Result<Vec<SessionId>> {
    on!(db, |conn| sqlx::query_scalar(LIST_OVER).bind(before).bind(limit).fetch_all(conn))
}

pub async fn remove(tx: &mut Tx, ids: &[SessionId]) -> Result<()> {
    remove!(tx, ids, [sqlx::query(DELETE_64), sqlx::query(DELETE_1)])
}
