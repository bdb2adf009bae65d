//! The JWE protected header: one shape and nothing else.

use crate::invalid::InvalidEnvelope;
use crate::json::Object;
use crate::public_key::ALG;

const ENC: &str = "A256GCM";
const MAXIMUM_HEADER_BYTES: usize = 1024;

/// Checks a decoded protected header, and returns its `kid`.
///
/// RFC 7516 §4 says that unknown members are ignored. We refuse them: nobody who seals to us needs
/// one, and readers that did not ignore `jwk`, `jku`, `x5c`, `epk` or `p2c` have been attacked
/// through them.
pub(crate) fn key_id(header: &[u8]) -> Result<String, InvalidEnvelope> {
    if header.len() > MAXIMUM_HEADER_BYTES {
        return Err(InvalidEnvelope::HeaderTooLong);
    }
    let text = str::from_utf8(header).map_err(|_| InvalidEnvelope::Header)?;
    let header = Object::parse(text).ok_or(InvalidEnvelope::Header)?;
    let is = |name: &str, value: &str| header.string(name).is_some_and(|text| *text == value);
    if !is("alg", ALG) {
        return Err(InvalidEnvelope::UnsupportedAlgorithm);
    }
    if !is("enc", ENC) {
        return Err(InvalidEnvelope::UnsupportedEncryption);
    }
    if header.has("zip") {
        return Err(InvalidEnvelope::Compressed);
    }
    if header.has("crit") {
        return Err(InvalidEnvelope::CriticalExtension);
    }
    let is_known = |name: &str| matches!(name, "alg" | "enc" | "kid" | "typ");
    // `JOSE` is the type that RFC 7516 §4.1.11 gives to this very serialization; some libraries
    // always write it.
    if !header.names().all(is_known) || (header.has("typ") && !is("typ", "JOSE")) {
        return Err(InvalidEnvelope::HeaderMember);
    }
    let kid = header.string("kid").filter(|kid| !kid.is_empty());
    Ok(kid.ok_or(InvalidEnvelope::MissingKeyId)?.to_string())
}
