//! The header of a token: exactly `alg`, `kid` and `typ`.

use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::error::InvalidToken;
use crate::json;

/// A header as received: its form is right, nothing in it is authenticated yet.
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: String,
    pub(crate) typ: String,
}

impl Header {
    /// Any fourth member is refused, not skipped: `crit` and `b64` change what is signed
    /// (RFC 7515 §4.1.11, RFC 7797 §3), `jwk`, `jku`, `x5c` and `x5u` let a token bring its own key
    /// (RFC 8725 §3.10), `zip` and `enc` belong to encrypted tokens.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, InvalidToken> {
        let mut members = json::object(text).ok_or(InvalidToken::Header)?;
        let mut take = |name| match members.remove(name) {
            Some(Value::String(value)) => Ok(value),
            _ => Err(InvalidToken::Header),
        };
        let header = Self { alg: take("alg")?, kid: take("kid")?, typ: take("typ")? };
        if members.is_empty() { Ok(header) } else { Err(InvalidToken::Header) }
    }

    /// Keeps every other kind of JWT that the same keys may sign one day from being taken for an
    /// access token (RFC 8725 §3.11). A media type: compared without case, and the prefix
    /// `application/` may be there (RFC 9068 §4, RFC 7515 §4.1.9).
    pub(crate) fn is_access_token(&self) -> bool {
        self.typ.eq_ignore_ascii_case("at+jwt") || self.typ.eq_ignore_ascii_case("application/at+jwt")
    }
}

/// The encoded header that every token of one key begins with.
pub(crate) fn encode(algorithm: Algorithm, kid: &str) -> String {
    let header = serde_json::json!({ "alg": algorithm.as_str(), "kid": kid, "typ": "at+jwt" });
    base64url::encode(header.to_string())
}
