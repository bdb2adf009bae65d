//! Keeping the server's keys: made at the first start, rotated when due, destroyed when retired, held in memory.

use std::path::Path;
use std::time::{Duration, Instant};

use bulla_seal::SealingKey;
use zeroize::Zeroizing;

use super::make_key::{KeyError, advice_on_exposed, make_key, stored_sealing_key};
use super::succeed_key::{PUBLISHED_AHEAD, Urgency, of_purpose, succeed};
use super::{Internal, audit};
use crate::app::{App, Opener, Reading, Ring};
use crate::config::Tokens;
use crate::model::{Actor, AuditEvent, AuditKind, KeyPurpose, KeyStage, StoredKey, Timestamp};
use crate::store::{self, audit_events, server_keys, transaction};

/// How long a key is the active one.
const ACTIVE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// A retiring signing key's private part is destroyed this long after its successor took over.
const SIGNING_MARGIN: Duration = Duration::from_secs(600);
/// Anyone can invent a key id, so an unknown one makes us ask the database only this often.
const RELOAD_PAUSE: Duration = Duration::from_millis(100);

/// Does what is due and loads the result. Called at the start and every few seconds; any number of nodes may.
pub async fn keep_keys(app: &App) -> Result<(), KeyError> {
    let rows = server_keys::list(&app.db).await?;
    if app.keys.held().is_none() && !rows.is_empty() {
        // Whoever cannot read the keys must not add to them.
        reload(app).await?;
    }
    make_first_keys(app, &rows).await?;
    for purpose in purposes(app) {
        let rows = of_purpose(rows.clone(), purpose);
        if rows.last().is_some_and(|latest| is_due(latest, purpose, app.clock.now())) {
            succeed(app, purpose, &rows, Urgency::Planned, Actor::Server).await?;
        }
    }
    destroy_private_parts(app, &rows).await?;
    Ok(reload(app).await?)
}

/// Reads the keys of the database into memory.
pub(super) async fn reload(app: &App) -> Result<(), Internal> {
    read(app, &mut *app.keys.last_reading.lock().await).await
}

/// Reads them again because a client named a key that is not held: another node may have made it a moment ago.
pub(super) async fn reload_for_unknown_key(app: &App) -> Result<(), Internal> {
    let mut last_reading = app.keys.last_reading.lock().await;
    match *last_reading {
        // Whoever waited for a reading that failed does not wait as long again for the next question.
        Some(Reading { at, has_failed: true }) if at.elapsed() < RELOAD_PAUSE => Err(store::Error::TimedOut.into()),
        Some(Reading { at, .. }) if at.elapsed() < RELOAD_PAUSE => Ok(()),
        _ => read(app, &mut last_reading).await,
    }
}

async fn read(app: &App, last_reading: &mut Option<Reading>) -> Result<(), Internal> {
    let rows = server_keys::list(&app.db).await;
    // Noted afterwards and after a failure too: whoever waited for this reading does not ask once more.
    *last_reading = Some(Reading { at: Instant::now(), has_failed: rows.is_err() });
    let rows = rows?;
    let opener = Opener {
        master_key: &app.master_key,
        shared_secret: app.shared_secret.as_ref(),
        issuer: &app.public_url,
        audience: &app.audience,
    };
    app.keys.replace(Ring::build(rows, app.keys.held().as_deref(), opener, app.clock.now())?);
    Ok(())
}

/// A shared secret signs instead of keys of ours.
fn purposes(app: &App) -> impl Iterator<Item = KeyPurpose> {
    let signs = matches!(app.config.tokens, Tokens::Signed(_));
    KeyPurpose::ALL.into_iter().filter(move |purpose| signs || *purpose == KeyPurpose::Sealing)
}

/// All in one transaction: of two nodes that start on an empty database, one makes every key.
async fn make_first_keys(app: &App, rows: &[StoredKey]) -> Result<(), KeyError> {
    let now = app.clock.now();
    let mut keys = Vec::new();
    for purpose in purposes(app).filter(|purpose| !rows.iter().any(|row| row.purpose == purpose.as_str())) {
        let given = if purpose == KeyPurpose::Sealing { given_first_key(&app.config.first_sealing_key)? } else { None };
        keys.push(match given {
            Some(key) => {
                tell_of_first_key(&app.config.first_sealing_key, &key);
                stored_sealing_key(app, &key, 1, now)?
            }
            None => make_key(app, purpose, 1, now).await?,
        });
    }
    if keys.is_empty() {
        return Ok(());
    }
    let events: Vec<AuditEvent> = keys.iter().map(|key| event(app, AuditKind::KeyMade, key)).collect();
    // Rolled back: another node was faster, and its keys are found by the reload that follows.
    let made = transaction!(app.db, |tx| {
        let mut made = Some(());
        for (key, event) in keys.iter().zip(&events) {
            audit_events::insert(tx, event).await?;
            made = made.and(server_keys::insert(tx, key).await?.made());
        }
        made
    })?;
    if made.is_some() {
        events.iter().for_each(audit::tell);
    }
    Ok(())
}

/// The key that the tutorial's system left behind, if it did.
pub fn given_first_key(path: &Path) -> Result<Option<SealingKey>, KeyError> {
    if !path.exists() {
        return Ok(None);
    }
    let problem =
        |reason: &dyn ToString| KeyError::FirstKey { path: path.display().to_string(), reason: reason.to_string() };
    let pem = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| problem(&error))?;
    Ok(Some(SealingKey::from_pem(&pem).map_err(|error| problem(&error))?))
}

fn tell_of_first_key(path: &Path, key: &SealingKey) {
    tracing::info!(kid = key.kid(), "imported {} as the first sealing key", path.display());
    if let Some(advice) = advice_on_exposed(path) {
        tracing::warn!("{advice}");
    }
}

/// The next signing key is made early enough to be published ahead.
fn is_due(latest: &StoredKey, purpose: KeyPurpose, now: Timestamp) -> bool {
    let lead = match purpose {
        KeyPurpose::Sealing => Duration::ZERO,
        KeyPurpose::Signing => PUBLISHED_AHEAD,
    };
    latest.stage(now) == KeyStage::Active && now >= latest.active_at + ACTIVE_LIFETIME - lead
}

async fn destroy_private_parts(app: &App, rows: &[StoredKey]) -> Result<(), KeyError> {
    let now = app.clock.now();
    let is_useless = |row: &&StoredKey| {
        let has_served = row.retiring_at.is_some_and(|retiring_at| retiring_at + SIGNING_MARGIN <= now);
        row.stage(now) == KeyStage::Retired || (row.purpose == KeyPurpose::Signing.as_str() && has_served)
    };
    for row in rows.iter().filter(|row| row.private_key.is_some()).filter(is_useless) {
        let event = event(app, AuditKind::KeyDestroyed, row);
        let destroyed = transaction!(app.db, |tx| {
            audit_events::insert(tx, &event).await?;
            server_keys::delete_private_part(tx, &row.kid).await?.then_some(())
        })?;
        if destroyed.is_some() {
            audit::tell(&event);
        }
    }
    Ok(())
}

fn event(app: &App, kind: AuditKind, key: &StoredKey) -> AuditEvent {
    audit::event(app, kind, Actor::Server).because(format_args!("{} key {}", key.purpose, key.kid))
}
