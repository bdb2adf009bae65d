//! One vector, and the short ways to write one.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::rfc_keys::{Key, RfcKeys, base64url};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";

#[derive(Serialize)]
pub(crate) struct Case {
    name: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    comment: &'static str,
    keys: &'static str,
    issuer: &'static str,
    audience: &'static str,
    now: i64,
    token: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    beyond_rfc: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<Value>,
}

/// Refusals that no RFC demands, by the beginning of their names: RFC 7515 §4 lets a parser keep
/// the last of two equal members and ignore unknown ones, RFC 7519 §2 allows fractions of a second
/// and sets no bounds.
const BEYOND_RFC: [&str; 23] = [
    "claims_duplicate",
    "email_missing",
    "exp_above",
    "exp_exponent",
    "exp_float",
    "exp_fraction",
    "exp_huge",
    "header_b64_true",
    "header_cty",
    "header_duplicate",
    "header_enc",
    "header_jku",
    "header_jwk",
    "header_unknown",
    "header_x5",
    "header_zip",
    "iat_beyond",
    "iat_negative",
    "id_number",
    "payload_deep",
    "payload_lone",
    "sid_",
    "size_above",
];

fn is_false(value: &bool) -> bool {
    !value
}

pub(crate) struct Cases<'a> {
    pub(crate) list: Vec<Case>,
    pub(crate) keys: &'a RfcKeys,
    key_set: &'static str,
}

impl<'a> Cases<'a> {
    pub(crate) fn new(keys: &'a RfcKeys) -> Self {
        Self { list: Vec::new(), keys, key_set: "published" }
    }

    /// The key set of the cases that follow.
    pub(crate) fn use_keys(&mut self, key_set: &'static str) {
        self.key_set = key_set;
    }

    pub(crate) fn valid(&mut self, name: &'static str, comment: &'static str, token: String) {
        self.valid_with(name, comment, token, claims());
    }

    /// With the claims that the verifier must return.
    pub(crate) fn valid_with(&mut self, name: &'static str, comment: &'static str, token: String, claims: Value) {
        self.push(name, comment, token, None, Some(claims));
    }

    pub(crate) fn refused(&mut self, reason: &'static str, name: &'static str, comment: &'static str, token: String) {
        self.push(name, comment, token, Some(reason), None);
    }

    /// A properly signed ES256 token around any header and payload text.
    pub(crate) fn signed(&self, header: &str, payload: &str) -> String {
        self.keys.token(Key::Es256, header.as_bytes(), payload.as_bytes())
    }

    /// A properly signed ES256 token with this payload.
    pub(crate) fn with_payload(&self, payload: &str) -> String {
        self.signed(&self.header(), payload)
    }

    /// A properly signed ES256 token with some claims replaced; `null` takes one out.
    pub(crate) fn with_claims(&self, changes: Value) -> String {
        self.with_payload(&changed(claims(), changes).to_string())
    }

    /// A properly signed ES256 token with some header members replaced; `null` takes one out.
    pub(crate) fn with_header(&self, changes: Value) -> String {
        let header = serde_json::from_str(&self.header()).expect("our own header is JSON");
        self.signed(&changed(header, changes).to_string(), &payload())
    }

    /// The header of an ordinary ES256 token.
    pub(crate) fn header(&self) -> String {
        header("ES256", self.keys.kid(Key::Es256))
    }

    /// An ordinary ES256 token.
    pub(crate) fn ordinary(&self) -> String {
        self.with_payload(&payload())
    }

    fn push(
        &mut self,
        name: &'static str,
        comment: &'static str,
        token: String,
        reason: Option<&'static str>,
        claims: Option<Value>,
    ) {
        self.list.push(Case {
            name,
            comment,
            keys: self.key_set,
            issuer: ISSUER,
            audience: AUDIENCE,
            now: NOW,
            token,
            verdict: if reason.is_some() { "invalid" } else { "valid" },
            reason,
            beyond_rfc: BEYOND_RFC.iter().any(|start| name.starts_with(start)),
            claims,
        });
    }
}

pub(crate) fn header(algorithm: &str, kid: &str) -> String {
    json!({ "alg": algorithm, "kid": kid, "typ": "at+jwt" }).to_string()
}

pub(crate) fn payload() -> String {
    claims().to_string()
}

pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "sub": "0198c5d2-7a10-7cc3-98f4-1f1e5c0a7b42",
        "aud": AUDIENCE,
        "exp": NOW + 540,
        "iat": NOW - 60,
        "jti": "0198c5d2-7a10-7cc3-98f4-000000000001",
        "sid": "0198c5d2-7a10-7cc3-98f4-000000000002",
        "email": "ada@example.com",
    })
}

/// `value` with the members of `changes`; `null` takes one out.
pub(crate) fn changed(value: Value, changes: Value) -> Value {
    let (Value::Object(mut members), Value::Object(changes)) = (value, changes) else {
        panic!("both are objects");
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(&name);
        } else {
            members.insert(name, change);
        }
    }
    Value::Object(members.into_iter().collect::<Map<_, _>>())
}

/// Three parts from bytes, with whatever signature.
pub(crate) fn assemble(header: &str, payload: &str, signature: &[u8]) -> String {
    let parts = [header.as_bytes(), payload.as_bytes(), signature].map(base64url);
    parts.join(".")
}
