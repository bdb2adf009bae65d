//! Making a key's successor: the one way in which a key is followed by another.

use std::time::Duration;

use super::audit;
use super::make_key::{KeyError, make_key};
use crate::app::App;
use crate::model::{Actor, AuditKind, KeyPurpose, KeyStage, StoredKey, Timestamp};
use crate::store::{audit_events, server_keys, transaction};

/// How long a signing key is published before it signs, so that every verifier's cache knows it by then.
pub(super) const PUBLISHED_AHEAD: Duration = Duration::from_secs(3600);
/// How long a sealing key opens envelopes after its successor took over.
const SEALING_OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// How long a signing key verifies beyond the life of its last token, for clocks that differ.
const VERIFYING_MARGIN: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A signing key waits until every verifier can know it.
    Planned,
    /// A key is compromised: its successor takes over at once, and every older key opens and verifies nothing any more.
    Compromised,
}

/// What a rotation did.
#[derive(Clone, Debug)]
pub enum Rotation {
    Made {
        kid: String,
        active_at: Timestamp,
    },
    /// There is a successor already, waiting for its time.
    Waiting {
        kid: String,
        active_at: Timestamp,
    },
    /// Another node rotated at this very moment.
    ByAnotherNode,
}

/// The keys of one purpose, the oldest first.
pub(super) fn of_purpose(rows: Vec<StoredKey>, purpose: KeyPurpose) -> Vec<StoredKey> {
    rows.into_iter().filter(|row| row.purpose == purpose.as_str()).collect()
}

/// Makes the key after the last of `rows`. All rows change in one transaction, and the generation is unique: of all
/// nodes that try, exactly one rotates, and one that dies halfway leaves nothing behind.
pub(super) async fn succeed(
    app: &App,
    purpose: KeyPurpose,
    rows: &[StoredKey],
    urgency: Urgency,
    actor: Actor<'_>,
) -> Result<Rotation, KeyError> {
    let now = app.clock.now();
    let generation = rows.last().map_or(1, |latest| latest.generation + 1);
    let active_at = match (purpose, urgency) {
        (KeyPurpose::Signing, Urgency::Planned) => now + PUBLISHED_AHEAD,
        _ => now,
    };
    let successor = make_key(app, purpose, generation, active_at).await?;
    let event = audit::event(app, AuditKind::KeyRotated, actor).because(describe(purpose, urgency, &successor));
    let made = transaction!(app.db, |tx| {
        audit_events::insert(tx, &event).await?;
        let inserted = server_keys::insert(tx, &successor).await?;
        match urgency {
            Urgency::Planned => {
                if let Some(latest) = rows.last() {
                    let retired_at = retired_at(app, purpose, active_at);
                    server_keys::update_retirement(tx, &latest.kid, active_at, retired_at).await?;
                }
            }
            Urgency::Compromised => {
                for row in rows.iter().filter(|row| row.stage(now) != KeyStage::Retired) {
                    server_keys::update_retirement(tx, &row.kid, now, now).await?;
                }
            }
        }
        inserted.made()
    });
    if made?.is_none() {
        return Ok(Rotation::ByAnotherNode);
    }
    audit::tell(&event);
    Ok(Rotation::Made { kid: successor.kid, active_at })
}

fn describe(purpose: KeyPurpose, urgency: Urgency, successor: &StoredKey) -> String {
    let why = if urgency == Urgency::Compromised { "; the ones before are compromised" } else { "" };
    format!("{purpose} key {} active at {}{why}", successor.kid, successor.active_at)
}

pub(super) fn retired_at(app: &App, purpose: KeyPurpose, retiring_at: Timestamp) -> Timestamp {
    match purpose {
        KeyPurpose::Sealing => retiring_at + SEALING_OVERLAP,
        KeyPurpose::Signing => retiring_at + app.config.access_lifetime + VERIFYING_MARGIN,
    }
}
