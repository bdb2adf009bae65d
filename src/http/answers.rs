//! The shapes of JSON answers that more than one route gives.

use axum::Json;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::flows::{OfferedKey, TokenAnswer};
use crate::model::Account;

/// An account, as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    /// Opaque.
    #[schema(example = "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b")]
    pub(super) id: String,
    /// As it was given, in NFC.
    #[schema(example = "Ada Lovelace")]
    pub(super) name: String,
    /// In canonical form.
    #[schema(example = "ada@example.com", format = Email)]
    pub(super) email: String,
    /// RFC 3339.
    #[schema(example = "2026-11-23T09:00:00.000Z", format = DateTime)]
    pub(super) created_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Message {
    /// For a person's eyes.
    #[schema(example = "logged out")]
    pub(super) message: &'static str,
}

/// Tokens of a session. Never cached (`Cache-Control: no-store`).
#[derive(Serialize, ToSchema)]
pub(super) struct Tokens {
    /// Whose session it is.
    pub(super) user: User,
    /// A JWT (RFC 9068), verifiable with `/.well-known/jwks.json`.
    #[schema(example = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIs…")]
    pub(super) access_token: String,
    /// How the access token is sent (RFC 6750): `Authorization: Bearer …`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Life of the access token in seconds.
    #[schema(example = 600)]
    expires_in: i64,
    /// Opaque; good for one refresh.
    #[schema(example = "0193a1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b.…")]
    refresh_token: String,
}

/// What a client needs to seal a password.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct SealingKeyDocument {
    /// RFC 7638 thumbprint of the key.
    #[schema(example = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s")]
    kid: String,
    /// How the content key is sealed (RFC 7518 §4.3).
    #[schema(example = "RSA-OAEP-256")]
    alg: &'static str,
    /// How the payload is encrypted (RFC 7518 §5.3).
    #[schema(example = "A256GCM")]
    enc: &'static str,
    #[schema(schema_with = jwk_schema)]
    jwk: bulla_seal::Jwk,
    /// The same key as SubjectPublicKeyInfo (RFC 7468 §13).
    #[schema(example = "-----BEGIN PUBLIC KEY-----\n…")]
    pem: String,
    /// Goes into the envelope; proves that it is fresh.
    #[schema(example = "AAABohYCZn_5r2nXk0QmDk1cTq3tPz2v")]
    nonce: String,
    /// How long the nonce is good, in seconds.
    #[schema(example = 300)]
    nonce_expires_in: i64,
}

fn jwk_schema() -> Object {
    let example = json!({ "kty": "RSA", "use": "enc", "alg": "RSA-OAEP-256", "kid": "…", "n": "…", "e": "AQAB" });
    Object::builder().description(Some("The public key (RFC 7517).")).examples([example]).build()
}

impl From<Account> for User {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.as_str().to_owned(),
            email: account.email.to_string(),
            created_at: account.created_at.to_string(),
        }
    }
}

impl From<TokenAnswer> for Tokens {
    fn from(answer: TokenAnswer) -> Self {
        Self {
            user: answer.account.into(),
            access_token: answer.access_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: answer.expires_in_seconds,
            refresh_token: answer.refresh_token.expose_secret().to_owned(),
        }
    }
}

impl IntoResponse for Tokens {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

impl From<OfferedKey> for SealingKeyDocument {
    fn from(offered: OfferedKey) -> Self {
        Self {
            kid: offered.key.kid().to_owned(),
            alg: "RSA-OAEP-256",
            enc: "A256GCM",
            jwk: offered.key.jwk().clone(),
            pem: offered.key.to_pem(),
            nonce: offered.nonce,
            nonce_expires_in: bulla_seal::NONCE_LIFETIME_SECONDS,
        }
    }
}
