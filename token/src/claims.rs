//! What a token says about whom, and whether it holds now.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::InvalidToken;
use crate::json;

/// The claims of an access token (RFC 9068 §2.2). All times are whole seconds since
/// 1970-01-01T00:00:00Z, without leap seconds (`NumericDate`, RFC 7519 §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer: the public URL of the server, compared byte by byte.
    pub iss: String,
    /// Subject: the account id, an opaque text. Store this one, never the email.
    pub sub: String,
    /// Audience: the service the token is for. From a token with several audiences, the one that
    /// the verifier expects.
    pub aud: String,
    /// Expiry: the first second at which the token is no longer valid.
    pub exp: i64,
    /// Issued at.
    pub iat: i64,
    /// The token's own id. Use it, not the token's text, to recognize a token: an ECDSA signature
    /// (r, s) has a valid twin (r, n−s).
    pub jti: String,
    /// The session that the token belongs to.
    pub sid: String,
    /// The account's email address in canonical form when the token was issued.
    pub email: String,
    /// The account id once more, under the name that older services expect.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
}

/// What a verifier compares the claims with.
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) now_seconds: i64,
    pub(crate) leeway_seconds: i64,
}

impl Claims {
    /// Reads and judges an authenticated payload. Unknown claims are ignored (RFC 7519 §4).
    pub(crate) fn parse(payload: &[u8], expected: &Expected<'_>) -> Result<Self, InvalidToken> {
        let mut members = json::object(payload).ok_or(InvalidToken::Claims)?;
        let exp = seconds(&mut members, "exp")?.ok_or(InvalidToken::Claims)?;
        let iat = seconds(&mut members, "iat")?.ok_or(InvalidToken::Claims)?;
        let nbf = seconds(&mut members, "nbf")?;
        let iss = text(&mut members, "iss")?;
        let is_for_us = is_audience(members.remove("aud"), expected.audience)?;
        let claims = Self {
            iss,
            sub: text(&mut members, "sub")?,
            aud: expected.audience.to_owned(),
            exp,
            iat,
            jti: text(&mut members, "jti")?,
            sid: text(&mut members, "sid")?,
            email: text(&mut members, "email")?,
            id: optional_text(&mut members, "id")?,
        };
        claims.judge(nbf, is_for_us, expected)?;
        Ok(claims)
    }

    /// Whether they would still be accepted.
    pub(crate) fn hold(&self, expected: &Expected<'_>) -> bool {
        self.judge(None, self.aud == expected.audience, expected).is_ok()
    }

    fn judge(&self, nbf: Option<i64>, is_for_us: bool, expected: &Expected<'_>) -> Result<(), InvalidToken> {
        // RFC 8725 §3.8 and RFC 7519 §4.1.1: exact, since "almost our issuer" is someone else.
        if self.iss != expected.issuer {
            return Err(InvalidToken::WrongIssuer);
        }
        // RFC 8725 §3.9: a token for another service must not open this one.
        if !is_for_us {
            return Err(InvalidToken::WrongAudience);
        }
        // RFC 7519 §4.1.4, "on or after": no leeway, a lifetime is what the issuer says it is.
        if self.exp <= expected.now_seconds {
            return Err(InvalidToken::Expired);
        }
        // RFC 7519 §4.1.5. Leeway only here: it forgives a clock that is behind the issuer's and
        // prolongs nothing. No overflow: now is before exp here.
        let latest_start = expected.now_seconds + expected.leeway_seconds;
        if self.iat > latest_start || nbf.is_some_and(|nbf| nbf > latest_start) {
            return Err(InvalidToken::NotYetValid);
        }
        Ok(())
    }
}

/// A text or an array of texts (RFC 7519 §4.1.3). Bulla writes one text; an array is taken from
/// issuers that serve several audiences with one token.
fn is_audience(claim: Option<Value>, expected: &str) -> Result<bool, InvalidToken> {
    match claim {
        Some(Value::String(audience)) => Ok(audience == expected),
        Some(Value::Array(audiences)) if audiences.iter().all(Value::is_string) => {
            Ok(audiences.iter().any(|audience| audience == expected))
        }
        _ => Err(InvalidToken::Claims),
    }
}

fn text(members: &mut Map<String, Value>, name: &str) -> Result<String, InvalidToken> {
    optional_text(members, name)?.ok_or(InvalidToken::Claims)
}

fn optional_text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, InvalidToken> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(InvalidToken::Claims),
    }
}

/// 2⁵³ − 1: above it a JavaScript verifier would see another number than we do (RFC 8259 §6).
const LATEST_SECONDS: i64 = (1 << 53) - 1;

/// A whole number within 0..=2⁵³−1. `NumericDate` allows fractions; texts and fractions are how
/// lenient parsers end up comparing with NaN, and Bulla never writes one.
fn seconds(members: &mut Map<String, Value>, name: &str) -> Result<Option<i64>, InvalidToken> {
    match members.remove(name) {
        None => Ok(None),
        Some(value) => value
            .as_i64()
            .filter(|seconds| (0..=LATEST_SECONDS).contains(seconds))
            .map(Some)
            .ok_or(InvalidToken::Claims),
    }
}
