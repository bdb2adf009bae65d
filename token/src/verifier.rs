//! The judge of tokens: immutable, cheap to clone, asks nobody.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::Arc;

use crate::MAXIMUM_TOKEN_BYTES;
use crate::base64url;
use crate::claims::{Claims, Expected};
use crate::error::{InvalidToken, KeyError};
use crate::header::Header;
use crate::jwk::JwkSet;
use crate::signing_key::SigningKey;
use crate::verification_key::VerificationKey;

/// The leeway of a new [`Verifier`] in seconds.
///
/// Not zero, since two machines a few milliseconds apart can already disagree about the current
/// second, and a token must not be refused for being fresh.
pub const DEFAULT_LEEWAY_SECONDS: u8 = 5;

/// The largest leeway in seconds.
pub const MAXIMUM_LEEWAY_SECONDS: u8 = 60;

/// Verifies access tokens of one issuer for one audience, offline.
///
/// Immutable: to follow a rotation, build another from the fresh key set and swap it in. A clone
/// shares the parsed keys. A new verifier has no key and refuses everything.
#[derive(Clone)]
pub struct Verifier {
    issuer: Arc<str>,
    audience: Arc<str>,
    leeway_seconds: i64,
    keys: Arc<HashMap<String, VerificationKey>>,
}

impl Verifier {
    /// A verifier for tokens whose `iss` is `issuer` and whose `aud` is or contains `audience`,
    /// both compared byte by byte.
    pub fn new(issuer: &str, audience: &str) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            leeway_seconds: DEFAULT_LEEWAY_SECONDS.into(),
            keys: Arc::default(),
        }
    }

    /// Adds the keys of a published key set (RFC 7517 §5).
    ///
    /// Keys for other uses or of unknown kinds, and keys without `kid`, are skipped: no Bulla token
    /// can name them.
    ///
    /// # Errors
    /// [`KeyError::DuplicateKeyId`], [`KeyError::AlgorithmMismatch`], [`KeyError::SymmetricKey`],
    /// [`KeyError::RsaParameters`] or [`KeyError::Jwk`]: do not use any of such a set, keep the one
    /// you have.
    pub fn with_jwks(mut self, jwks: &JwkSet) -> Result<Self, KeyError> {
        for jwk in &jwks.keys {
            if let Some(key) = VerificationKey::from_jwk(jwk)?
                && let Some(kid) = &jwk.kid
            {
                self.insert(kid, key)?;
            }
        }
        Ok(self)
    }

    /// Adds the public half of signing keys, or the shared secret itself: for the issuer, and for
    /// services that verify with a shared secret.
    ///
    /// # Errors
    /// [`KeyError::DuplicateKeyId`] if two keys have one `kid`.
    pub fn with_keys(mut self, keys: &[SigningKey]) -> Result<Self, KeyError> {
        for key in keys {
            self.insert(key.kid(), key.verification_key().clone())?;
        }
        Ok(self)
    }

    /// By how many seconds `iat` and `nbf` may be ahead of this machine's clock: at most
    /// [`MAXIMUM_LEEWAY_SECONDS`] (more counts as that), [`DEFAULT_LEEWAY_SECONDS`] if not set.
    /// `exp` has none.
    #[must_use]
    pub fn with_leeway_seconds(mut self, leeway_seconds: u8) -> Self {
        self.leeway_seconds = leeway_seconds.min(MAXIMUM_LEEWAY_SECONDS).into();
        self
    }

    /// Returns the claims of a token that is authentic, for this audience and valid at
    /// `now_seconds` (since the epoch).
    ///
    /// # Errors
    /// The first reason found, see [`InvalidToken`]. Never act on anything of a refused token.
    pub fn verify(&self, token: &str, now_seconds: i64) -> Result<Claims, InvalidToken> {
        let parts = Parts::decode(token)?;
        let header = Header::parse(&parts.header)?;
        if !header.is_access_token() {
            return Err(InvalidToken::Type);
        }
        // kid is a name to look up, never a path, a URL or a query (RFC 8725 §3.10).
        let key = self.keys.get(&header.kid).ok_or(InvalidToken::UnknownKey)?;
        // The key decides the algorithm, the token may only agree (RFC 8725 §3.1): `none`, and
        // HS256 with a public key as the secret, have no way in.
        if header.alg != key.algorithm().as_str() {
            return Err(InvalidToken::Algorithm);
        }
        key.verify(parts.signed.as_bytes(), &parts.signature)?;
        // Only from here on is the payload parsed: nobody but the issuer reaches the code below
        // (RFC 8725 §3.3).
        Claims::parse(&parts.payload, &self.expected(now_seconds))
    }

    /// Whether claims that [`verify`](Self::verify) returned before would be returned now: they are of this issuer and
    /// audience, have not expired, and are not from the future. For whoever remembers verified tokens, by their whole
    /// text, for as long as the keys stay the same.
    pub fn still_holds(&self, claims: &Claims, now_seconds: i64) -> bool {
        claims.hold(&self.expected(now_seconds))
    }

    fn expected(&self, now_seconds: i64) -> Expected<'_> {
        Expected { issuer: &self.issuer, audience: &self.audience, now_seconds, leeway_seconds: self.leeway_seconds }
    }

    /// Whether a key of this `kid` is present. If not, and [`kid_of`] the token at hand says it,
    /// the key set may have rotated: fetch it again, but not more than once a minute, since anyone
    /// can invent a `kid`.
    pub fn knows(&self, kid: &str) -> bool {
        self.keys.contains_key(kid)
    }

    fn insert(&mut self, kid: &str, key: VerificationKey) -> Result<(), KeyError> {
        match Arc::make_mut(&mut self.keys).entry(kid.to_owned()) {
            Entry::Vacant(place) => {
                place.insert(key);
                Ok(())
            }
            Entry::Occupied(_) => Err(KeyError::DuplicateKeyId(kid.to_owned())),
        }
    }
}

/// The `kid` that a token names, without verifying anything: good for deciding whether to fetch the
/// key set again, for nothing else. `None` if the token would be refused as too long or malformed.
pub fn kid_of(token: &str) -> Option<String> {
    let parts = Parts::decode(token).ok()?;
    Header::parse(&parts.header).ok().map(|header| header.kid)
}

/// A token cut at its two dots and decoded, nothing in it parsed or authenticated yet.
struct Parts<'a> {
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    /// Header, dot and payload: the exact text that the signature covers (RFC 7515 §5.2).
    signed: &'a str,
}

impl<'a> Parts<'a> {
    fn decode(token: &'a str) -> Result<Self, InvalidToken> {
        // Before anything else, so that a flood of long tokens costs nothing.
        if token.len() > MAXIMUM_TOKEN_BYTES {
            return Err(InvalidToken::TooLong);
        }
        // A third dot, as in an encrypted token (RFC 7516 §7.1), ends up in the payload, where it
        // is no base64url.
        let (signed, signature) = token.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(InvalidToken::Malformed)?;
        let decode = |part| base64url::decode(part).ok_or(InvalidToken::Malformed);
        Ok(Self { header: decode(header)?, payload: decode(payload)?, signature: decode(signature)?, signed })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Verifier")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("leeway_seconds", &self.leeway_seconds)
            .field("kids", &self.keys.keys().collect::<Vec<_>>())
            .finish()
    }
}
