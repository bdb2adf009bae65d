//! The table `audit_events`: what happened, one row an event. There is no UPDATE; a DELETE only of what is older than it
//! is kept.

use super::{Db, Result, Tx, eight, execute, on, remove, statements};
use crate::model::{AccountId, AuditEvent};

statements! {
    INSERT = "INSERT INTO audit_events (id, at, kind, account_id, session_id, actor, address, user_agent, request_id, \
              detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    LIST = "SELECT id, at, kind, account_id, session_id, actor, address, user_agent, request_id, detail \
            FROM audit_events WHERE id > ? ORDER BY id LIMIT ?";
    LIST_OF_ACCOUNT = "SELECT id, at, kind, account_id, session_id, actor, address, user_agent, request_id, detail \
                       FROM audit_events WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?";
    LIST_OLD = "SELECT id FROM audit_events WHERE id < ? ORDER BY id LIMIT ?";
    DELETE_64 = concat!("DELETE FROM audit_events WHERE id IN (", eight!(eight!("?")), ")");
    DELETE_1 = "DELETE FROM audit_events WHERE id = ?";
}

pub async fn insert(tx: &mut Tx, event: &AuditEvent) -> Result<()> {
    let inserted = execute!(
        tx,
        sqlx::query(INSERT)
            .bind(&event.id)
            .bind(event.at)
            .bind(&event.kind)
            .bind(&event.account_id)
            .bind(&event.session_id)
            .bind(&event.actor)
            .bind(&event.address)
            .bind(&event.user_agent)
            .bind(&event.request_id)
            .bind(&event.detail)
    );
    inserted.map(drop)
}

/// The next events after the one with the id `after`, of one account or of all.
pub async fn list(db: &Db, account: Option<&AccountId>, after: &str, limit: u32) -> Result<Vec<AuditEvent>> {
    match account {
        None => on!(db, |conn| sqlx::query_as(LIST).bind(after).bind(limit).fetch_all(conn)),
        Some(id) => on!(db, |conn| sqlx::query_as(LIST_OF_ACCOUNT).bind(id).bind(after).bind(limit).fetch_all(conn)),
    }
}

/// The ids of up to `limit` events before the id `before`.
pub async fn list_old(db: &Db, before: &str, limit: u32) -> Result<Vec<String>> {
    on!(db, |conn| sqlx::query_scalar(LIST_OLD).bind(before).bind(limit).fetch_all(conn))
}

pub async fn remove(tx: &mut Tx, ids: &[String]) -> Result<()> {
    remove!(tx, ids, [sqlx::query(DELETE_64), sqlx::query(DELETE_1)])
}
