//! Opening a session and issuing its tokens.

use bulla_token::Claims;
use secrecy::SecretString;

use super::attempt::Entered;
use super::{Internal, audit};
use crate::app::App;
use crate::config::Tokens;
use crate::model::{
    Account, AccountId, Actor, AuditEvent, AuditKind, Client, EndReason, PasswordHash, RecentRotations, RefreshSecret,
    RefreshToken, Session, SessionId, Timestamp, Verified,
};
use crate::store::{accounts, audit_events, sessions, transaction};

/// Of sessions that are too many. One, unless logins raced.
const ENDED_AT_ONCE: u32 = 10;

/// What a login, a refresh and a password change are answered with.
#[derive(Debug)]
pub struct TokenAnswer {
    pub account: Account,
    pub access_token: SecretString,
    pub expires_in_seconds: i64,
    pub refresh_token: SecretString,
}

/// Opens a session for someone whose password was checked, forgets the failures before, and stores the `replacement` of
/// an outdated hash.
/// `None` when the account was disabled or its password changed since the check.
pub(super) async fn open_session(
    app: &App,
    verified: Verified,
    replacement: Option<PasswordHash>,
    client: &Client,
    entered: &Entered<'_>,
) -> Result<Option<TokenAnswer>, Internal> {
    let now = app.clock.now();
    let secret = RefreshSecret::new(app.random.bytes());
    let account = verified.into_account();
    let session = Session {
        id: SessionId::new(app.new_id()),
        account_id: account.id.clone(),
        created_at: now,
        last_used_at: now,
        idle_ends_at: now + Session::IDLE,
        absolute_ends_at: now + Session::ABSOLUTE,
        ended_at: None,
        ip: client.address.to_string(),
        user_agent: client.user_agent.clone(),
        refresh_digest: secret.digest(),
        rotations: 0,
        recent_rotations: RecentRotations::default(),
    };
    // Signed before anything is written: a session whose tokens cannot be issued is not opened.
    let answer = issue_tokens(app, account.clone(), &session, secret, now)?;
    let event = audit::event(app, AuditKind::LoggedIn, Actor::Client(client));
    let event = event.of_account(&account.id).of_session(&session.id);
    let opened = transaction!(app.db, |tx| {
        entered.forget_failures(tx, now).await?;
        if let Some(replacement) = &replacement {
            accounts::update_hash(tx, &account, replacement).await?;
        }
        audit_events::insert(tx, &event).await?;
        let is_open = sessions::insert(tx, &session, account.password_version).await?;
        let (mut old, mut too_many) = (Vec::new(), Vec::new());
        if entered.has_all_sessions() {
            old = sessions::list_older(tx, &account.id, Session::MOST, ENDED_AT_ONCE).await?;
        }
        for old in old {
            let event = ended(app, &account.id, &old, client);
            sessions::end(tx, &old, &account.id, now, EndReason::TooManySessions).await?;
            audit_events::insert(tx, &event).await?;
            too_many.push((old, event));
        }
        is_open.then_some(too_many)
    })?;
    Ok(opened.map(|too_many| {
        app.counts.sessions_opened.increment(1);
        audit::tell(&event);
        for (session, event) in too_many {
            audit::tell(&event);
            app.counts.sessions_ended.note(EndReason::TooManySessions.as_str());
            app.ended_sessions.insert(session);
        }
        answer
    }))
}

fn ended(app: &App, account: &AccountId, session: &SessionId, client: &Client) -> AuditEvent {
    let event = audit::event(app, AuditKind::SessionEnded, Actor::Client(client));
    event.of_account(account).of_session(session).because(EndReason::TooManySessions.as_str())
}

/// An access token for a session, beside the refresh token that is current.
pub(super) fn issue_tokens(
    app: &App,
    account: Account,
    session: &Session,
    secret: RefreshSecret,
    now: Timestamp,
) -> Result<TokenAnswer, Internal> {
    // A token never outlives its session.
    let expires_at = (now + app.config.access_lifetime).min(session.absolute_ends_at);
    let claims = Claims {
        iss: app.public_url.clone(),
        sub: account.id.to_string(),
        aud: app.audience.clone(),
        exp: expires_at.seconds(),
        iat: now.seconds(),
        jti: app.new_id(),
        sid: session.id.to_string(),
        email: account.email.to_string(),
        id: matches!(app.config.tokens, Tokens::SharedSecret(_)).then(|| account.id.to_string()),
    };
    let access_token = app.keys.current().active_signing(now)?.issue(&claims)?.into();
    let refresh_token = RefreshToken { session: session.id.clone(), secret }.expose().into();
    Ok(TokenAnswer { account, access_token, expires_in_seconds: claims.exp - claims.iat, refresh_token })
}
