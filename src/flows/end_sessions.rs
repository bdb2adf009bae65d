//! Ending sessions: one of one's own, all of them, or as an operator anyone's.

use super::{Caller, Internal, audit};
use crate::app::App;
use crate::model::{Account, AccountId, Actor, AuditEvent, AuditKind, EndReason, SessionId, Timestamp};
use crate::store::{self, Tx, audit_events, sessions, transaction};

const BATCH: u32 = 200;

/// Ends one of the caller's sessions; false when the caller has no such live session.
pub async fn end_session(app: &App, caller: &Caller, id: &SessionId) -> Result<bool, Internal> {
    end(app, Ending::of(caller, id, EndReason::EndedByOwner)).await
}

/// Ends all of the caller's sessions, this one too.
pub async fn end_every_session(app: &App, caller: &Caller) -> Result<(), Internal> {
    let now = app.clock.now();
    let live = sessions::list_live(&app.db, &caller.account.id, now).await?;
    end_all(app, &caller.account.id, now, EndReason::EndedByOwner, Actor::Client(&caller.client)).await?;
    for session in live {
        app.ended_sessions.insert(session.id);
    }
    Ok(())
}

/// As an operator: all sessions of one account. Returns how many ended.
pub async fn log_out_account(app: &App, account: &Account) -> Result<u64, Internal> {
    end_all(app, &account.id, app.clock.now(), EndReason::EndedByOperator, Actor::Operator).await
}

/// As an operator: all sessions of everyone, in transactions that are short enough not to be noticed. Returns how many.
pub async fn log_out_everyone(app: &App) -> Result<u64, Internal> {
    let mut count = 0;
    loop {
        let live = sessions::list_everyones(&app.db, BATCH).await?;
        if live.is_empty() {
            return Ok(count);
        }
        let now = app.clock.now();
        let event = |(session, account): &(SessionId, AccountId)| {
            ended(app, EndReason::EndedByOperator, Actor::Operator).of_account(account).of_session(session)
        };
        let events: Vec<AuditEvent> = live.iter().map(event).collect();
        transaction!(app.db, |tx| {
            for ((session, account), event) in live.iter().zip(&events) {
                if sessions::end(tx, session, account, now, EndReason::EndedByOperator).await? {
                    audit_events::insert(tx, event).await?;
                }
            }
            Some(())
        })?;
        events.iter().for_each(audit::tell);
        count += live.len() as u64;
    }
}

/// One session that is to end: whose, why, and who wants it.
pub(super) struct Ending<'a> {
    pub(super) session: &'a SessionId,
    pub(super) account: &'a AccountId,
    pub(super) reason: EndReason,
    pub(super) actor: Actor<'a>,
}

impl<'a> Ending<'a> {
    pub(super) fn of(caller: &'a Caller, session: &'a SessionId, reason: EndReason) -> Self {
        Self { session, account: &caller.account.id, reason, actor: Actor::Client(&caller.client) }
    }
}

/// False when there is no such live session of this account.
pub(super) async fn end(app: &App, ending: Ending<'_>) -> Result<bool, Internal> {
    let Ending { session, account, reason, actor } = ending;
    let (now, event) = (app.clock.now(), ended(app, reason, actor).of_account(account).of_session(session));
    let has_ended = transaction!(app.db, |tx| {
        audit_events::insert(tx, &event).await?;
        sessions::end(tx, session, account, now, reason).await?.then_some(())
    })?;
    if has_ended.is_some() {
        audit::tell(&event);
        app.counts.sessions_ended.note(reason.as_str());
        app.ended_sessions.insert(session.clone());
    }
    Ok(has_ended.is_some())
}

async fn end_all(
    app: &App,
    account: &AccountId,
    now: Timestamp,
    reason: EndReason,
    actor: Actor<'_>,
) -> Result<u64, Internal> {
    let event = audit::event(app, AuditKind::SessionsEnded, actor).of_account(account);
    let ended = transaction!(app.db, |tx| {
        let count = sessions::end_all(tx, account, now, reason).await?;
        Some((count, note_all(tx, event.clone(), reason, count).await?))
    })?;
    Ok(ended.map_or(0, |(count, event)| {
        audit::tell(&event);
        app.counts.sessions_ended.note_many(reason.as_str(), count);
        count
    }))
}

async fn note_all(tx: &mut Tx, event: AuditEvent, reason: EndReason, count: u64) -> store::Result<AuditEvent> {
    let event = event.because(format_args!("{}: {count}", reason.as_str()));
    audit_events::insert(tx, &event).await?;
    Ok(event)
}

fn ended(app: &App, reason: EndReason, actor: Actor<'_>) -> AuditEvent {
    audit::event(app, AuditKind::SessionEnded, actor).because(reason.as_str())
}
