//! The audit log. An event is written in the transaction of what it tells of, so that neither is there without the
//! other, and goes to the log stream afterwards.

use super::{Caller, Internal};
use crate::app::App;
use crate::model::{AccountId, Actor, AuditEvent, AuditKind, Client, Email, RequestId, SessionId};
use crate::store::{accounts, audit_events, transaction};

pub(super) fn event(app: &App, kind: AuditKind, actor: Actor<'_>) -> AuditEvent {
    let now = app.clock.now();
    AuditEvent::new(app.event_ids.next(&app.random, now), now, kind, actor)
}

/// Something that a caller did to their own account.
pub(super) fn event_of(app: &App, kind: AuditKind, caller: &Caller) -> AuditEvent {
    let event = event(app, kind, Actor::Client(&caller.client));
    event.of_account(&caller.account.id).of_session(&caller.session.id)
}

/// Writes an event that has no transaction of its own.
pub(super) async fn record(app: &App, event: AuditEvent) -> Result<(), Internal> {
    transaction!(app.db, |tx| { Some(audit_events::insert(tx, &event).await?) })?;
    tell(&event);
    Ok(())
}

/// Says on the log stream what was committed. The request's id stands in the span around it.
pub(super) fn tell(event: &AuditEvent) {
    tracing::info!(
        target: "audit",
        account_id = event.account_id.as_ref().map(AccountId::as_str),
        session_id = event.session_id.as_ref().map(SessionId::as_str),
        actor = event.actor,
        address = event.address,
        user_agent = event.user_agent,
        request_id = event.request_id.as_ref().map(RequestId::as_str),
        detail = event.detail,
        "{}",
        event.kind
    );
}

/// Someone was turned away after too many attempts at one account. Written once a minute at most, for each account and
/// for each address: a refusal must stay cheap.
pub(super) async fn note_throttled_attempt(app: &App, email: &Email, client: &Client) -> Result<(), Internal> {
    if !app.throttle_notes.is_due(email.as_str()) {
        return Ok(());
    }
    let event = event(app, AuditKind::Throttled, Actor::Client(client)).because("account");
    let account = accounts::by_email(&app.db, email).await?;
    record(app, event.of_account(account.as_ref().map(|account| &account.id))).await
}

/// Someone sent too many requests from one address, about whatever account. What cannot be written is still refused.
pub async fn note_throttled_address(app: &App, client: &Client) {
    if !app.throttle_notes.is_due(&client.network().to_string()) {
        return;
    }
    let event = event(app, AuditKind::Throttled, Actor::Client(client)).because("address");
    if let Err(error) = record(app, event).await {
        tracing::error!("a throttled address could not be noted: {error}");
    }
}
