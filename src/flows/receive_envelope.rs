//! Receiving a sealed password: checked in public first, spent, and only then opened.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bulla_seal::{
    AddressError, Addressed, DIGEST_LIFETIME_SECONDS, Envelope, Expected, Form, InvalidEnvelope, Opened, Purpose,
};
use zeroize::Zeroizing;

use super::{Internal, OfferedKey, keep_keys, offer_sealing_key};
use crate::app::App;
use crate::model::{Email, Password};
use crate::store::{self, Insertion, Tx, spent_envelopes, transaction};

/// Why a sealed password is not judged. None of these says anything about the password or the account.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    #[error(transparent)]
    Invalid(#[from] InvalidEnvelope),
    #[error("the raw form of sealed passwords is switched off here; send a JWE")]
    RawFormOff,
    /// Carries the key to seal to instead.
    #[error("the envelope is sealed to a key that this server does not have, or no longer")]
    UnknownKey(Box<OfferedKey>),
    /// It opened, but its nonce is too old.
    #[error("the envelope is too old; fetch the sealing key again and seal anew")]
    Stale,
    /// It opened, but it came before.
    #[error("this envelope was used before; each is accepted once, so seal anew")]
    Reused,
}

impl EnvelopeError {
    /// For the audit log.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::RawFormOff => "invalid_envelope",
            Self::UnknownKey(_) => "unknown_sealing_key",
            Self::Stale => "stale_envelope",
            Self::Reused => "reused_envelope",
        }
    }
}

/// A sealed password whose public part is in order.
pub(super) enum Received {
    Sealed(Box<Addressed>),
    /// Only where the operator allows it while clients are being changed.
    Plain(Zeroizing<String>),
}

/// A sealed password that will never be accepted again.
pub(super) struct Spent {
    received: Received,
    was_seen_before: bool,
}

/// What came out of an envelope.
pub(super) enum Contents {
    Password(Password),
    Refused(EnvelopeError),
    /// It did not open, or is not for this. The caller does the same work as for a wrong password.
    Nothing,
}

/// A clock that is set back by up to an hour must not make a forgotten envelope fresh again.
pub(super) const MEMORY_MARGIN: Duration = Duration::from_secs(3600);

/// Everything that can be decided without a private key.
pub(super) async fn receive(app: &App, text: &str) -> Result<Result<Received, EnvelopeError>, Internal> {
    let envelope = match Envelope::parse(text) {
        Ok(envelope) => envelope,
        Err(InvalidEnvelope::NotSealed) if app.config.accepts_plaintext => {
            return Ok(Ok(Received::Plain(Zeroizing::new(text.to_owned()))));
        }
        Err(invalid) => return Ok(Err(invalid.into())),
    };
    if envelope.form() == Form::Raw && !app.config.accepts_raw_form {
        return Ok(Err(EnvelopeError::RawFormOff));
    }
    let is_held = |kid| app.keys.current().opens(kid, app.clock.now());
    // The raw form names no key: it, too, may be sealed to one that another node made a moment ago.
    if envelope.kid().is_none_or(|kid| !is_held(kid)) {
        keep_keys::reload_for_unknown_key(app).await?;
    }
    match envelope.address(&app.keys.current().opening(app.clock.now())) {
        Ok(addressed) => Ok(Ok(Received::Sealed(Box::new(addressed)))),
        Err(AddressError::Invalid(invalid)) => Ok(Err(invalid.into())),
        Err(AddressError::UnknownKey) => Ok(Err(EnvelopeError::UnknownKey(Box::new(offer_sealing_key(app)?)))),
    }
}

/// Remembers envelopes for as long as they could be opened again, in one transaction and before anyone looks inside:
/// of two nodes or two parallel requests, exactly one finds an envelope unseen.
pub(super) async fn spend<const N: usize>(app: &App, received: [Received; N]) -> Result<[Spent; N], Internal> {
    let seen = transaction!(app.db, |tx| { Some(remember(app, tx, &received).await?) })?;
    Ok(spent(received, seen.unwrap_or([true; N])))
}

/// Tells of each whether it was seen before.
pub(super) async fn remember<const N: usize>(
    app: &App,
    tx: &mut Tx,
    received: &[Received; N],
) -> store::Result<[bool; N]> {
    let mut seen = [false; N];
    for (received, was_seen_before) in received.iter().zip(&mut seen) {
        if let Received::Sealed(addressed) = received {
            let insertion = spent_envelopes::insert(tx, &addressed.digest(), &memory(app, addressed)).await?;
            *was_seen_before = insertion == Insertion::Taken;
        }
    }
    Ok(seen)
}

pub(super) fn spent<const N: usize>(received: [Received; N], seen: [bool; N]) -> [Spent; N] {
    let mut seen = seen.into_iter();
    received.map(|received| Spent { received, was_seen_before: seen.next().unwrap_or(true) })
}

fn memory(app: &App, addressed: &Addressed) -> spent_envelopes::Memory {
    // Of the keys that may open a raw envelope, the newest lives longest.
    match (addressed.form(), addressed.kids().last()) {
        (Form::Raw, Some(kid)) => spent_envelopes::Memory::WhileKeyLives { kid: kid.to_owned() },
        _ => {
            let lifetime = Duration::from_secs(DIGEST_LIFETIME_SECONDS.unsigned_abs());
            spent_envelopes::Memory::Until(app.clock.now() + lifetime + MEMORY_MARGIN)
        }
    }
}

impl Spent {
    /// The private-key operation; takes a millisecond or more, so it runs on a hashing thread only.
    pub(super) fn open(self, app: &Arc<App>, purpose: Purpose, email: &Email) -> Contents {
        let addressed = match self.received {
            Received::Plain(text) => return Contents::Password(Password::new(text)),
            Received::Sealed(addressed) => addressed,
        };
        let is_for_this_account = |found: &str| Email::parse(found).is_ok_and(|found| found == *email);
        let expected = Expected { purpose, email_matches: &is_for_this_account };
        let _span = tracing::info_span!(target: "otel", "opening an envelope").entered();
        let begun = Instant::now();
        let opened = addressed.open(&expected, &app.nonces, app.clock.now().milliseconds());
        app.counts.envelope_openings.record(begun.elapsed());
        match opened {
            Opened::Unopenable => Contents::Nothing,
            Opened::Stale => Contents::Refused(EnvelopeError::Stale),
            Opened::Fresh(_) if self.was_seen_before => Contents::Refused(EnvelopeError::Reused),
            Opened::Fresh(text) => Contents::Password(Password::new(text)),
        }
    }
}
