//! Who is calling: an access token, checked against its session in the database.

use std::sync::Arc;

use bulla_token::Claims;

use super::{Internal, keep_keys};
use crate::app::{App, Ring};
use crate::model::{Account, Client, Session, SessionId};
use crate::store::sessions;

/// Someone with a valid access token of a session that lives.
#[derive(Debug)]
pub struct Caller {
    pub account: Account,
    pub session: Session,
    pub client: Client,
}

/// Expired, forged, of an ended session: the caller can only log in again, so it is not told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid, or no longer; log in again")]
pub struct InvalidToken;

pub async fn authenticate(app: &App, token: &str, client: &Client) -> Result<Result<Caller, InvalidToken>, Internal> {
    let Some(claims) = claims(app, token).await? else {
        return Ok(Err(InvalidToken));
    };
    let found = living(app, &claims).await?;
    Ok(found.map(|(session, account)| Caller { account, session, client: client.clone() }).ok_or(InvalidToken))
}

/// The claims of a token with a good signature that has not expired.
pub(super) async fn claims(app: &App, token: &str) -> Result<Option<Arc<Claims>>, Internal> {
    let (tag, now) = (app.verified_tokens.tag(token), app.clock.now().seconds());
    let known = app.keys.look(|Ring { verifier, .. }| {
        let claims = app.verified_tokens.get(&tag, verifier)?;
        Some(verifier.still_holds(&claims, now).then_some(claims))
    });
    if let Some(claims) = known {
        return Ok(claims);
    }
    let is_unknown = |kid: String| !app.keys.current().verifier.knows(&kid);
    if bulla_token::kid_of(token).is_some_and(is_unknown) {
        // Rare, and large: whoever holds this future would carry that one along.
        Box::pin(keep_keys::reload_for_unknown_key(app)).await?;
    }
    let verifier = &app.keys.current().verifier;
    let claims = verifier.verify(token, now).ok().map(Arc::new);
    if let Some(claims) = &claims {
        app.verified_tokens.insert(tag, Arc::clone(claims), verifier);
    }
    Ok(claims)
}

/// The session of a token and whose it is, if it still lives.
pub(super) async fn living(app: &App, claims: &Claims) -> Result<Option<(Session, Account)>, Internal> {
    let found = sessions::with_account(&app.db, &SessionId::new(&claims.sid)).await?;
    Ok(found.filter(|(session, account)| {
        session.is_live(app.clock.now()) && !account.is_disabled() && account.id.as_str() == claims.sub
    }))
}
